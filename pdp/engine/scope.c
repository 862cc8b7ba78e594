/* scope.c — which policies are asked, in which order
 *
 * Principal and resource each have a chain: their scope, then its parents, as far as some policy of that kind uses
 * the scope; it need not be a policy for this resource. Strict search (the default) gives an empty chain when the
 * scope itself is not known. The first scope of a chain names the key that is reported.
 *
 * spec: cerbos-compat#versions-and-scopes
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/ident.h"
#include "engine/decide_priv.h"

/* Deepest scope that is searched; a request's text bounds it anyway. */
#define MAX_SEGMENTS 1024

str scope_effective(str sent, str fallback)
{
    str scope = sent.len == 0 ? fallback : sent;
    return scope.len > 0 && scope.ptr[0] == '.' ? str_slice(scope, 1, scope.len) : scope;
}

static const struct img_scope *find_scope(const struct image *im, uint32_t symbol)
{
    uint32_t lo = 0;
    uint32_t hi = image_records(im, SEC_SCOPES);
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (im->scopes[mid].symbol == symbol) {
            return &im->scopes[mid];
        }
        if (im->scopes[mid].symbol < symbol) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return NULL;
}

/* The scope as a level of the chain, if policies of the kind know it. */
static bool level_for(const struct image *im, str scope, uint32_t flag, struct level *out)
{
    uint32_t symbol = image_find_symbol(im, scope);
    const struct img_scope *known = symbol == 0 ? NULL : find_scope(im, symbol);
    if (known == NULL || (known->flags & flag) == 0) {
        return false;
    }
    *out = (struct level){ .scope = scope, .symbol = symbol, .permissions = known->permissions };
    return true;
}

static struct chain chain_build(struct decider *d, str scope, uint32_t flag)
{
    const struct image *im = &d->snapshot->image;
    struct chain chain = { 0 };
    isize segments = 1 + (scope.len > 0);
    for (isize i = 0; i < scope.len; i++) {
        segments += scope.ptr[i] == '.';
    }
    if (segments > MAX_SEGMENTS) {
        return chain;
    }
    chain.levels = new (d->arena, struct level, segments);
    if (level_for(im, scope, flag, &chain.levels[0])) {
        chain.count = 1;
    } else if (!d->snapshot->options.lenient_scope_search) {
        return chain;
    }
    while (scope.len > 0) {
        isize dot = scope.len - 1;
        while (dot > 0 && scope.ptr[dot] != '.') {
            dot--;
        }
        scope = str_slice(scope, 0, dot);
        if (level_for(im, scope, flag, &chain.levels[chain.count])) {
            chain.count++;
        }
    }
    return chain;
}

static str search_key(struct decider *d, const struct chain *chain, const char *type, str name, str version)
{
    if (chain->count == 0) {
        return STR_EMPTY;
    }
    const struct level *first = &chain->levels[0];
    if (first->policy != NULL && str_eq(d->principal_version, d->resource_version)) {
        return image_str(&d->snapshot->image, first->policy->policy->key);
    }
    return str_printf(d->arena, "%s.%.*s.v%.*s%s%.*s", type, STR_ARG(name), STR_ARG(version),
                      first->scope.len > 0 ? "/" : "", STR_ARG(first->scope));
}

static struct policy_state *find_policy(struct decider *d, uint32_t type, uint32_t name, uint32_t version,
                                        uint32_t scope)
{
    const struct img_entry *e = name == 0 || version == 0
                                    ? NULL
                                    : image_find_entry(&d->snapshot->image, type, name, version, scope);
    return e == NULL ? NULL : policy_state_new(d, e->first);
}

static void find_role_policies(struct decider *d, struct level *level)
{
    const struct image *im = &d->snapshot->image;
    const struct img_entry *e = image_find_entry(im, DIR_ROLES, 0, d->resource_version_symbol, level->symbol);
    if (e == NULL) {
        return;
    }
    level->role_policies = new (d->arena, struct policy_state *, e->count);
    level->role_policy_count = e->count;
    for (uint32_t i = 0; i < e->count; i++) {
        level->role_policies[i] = policy_state_new(d, im->lists[e->first + i]);
    }
}

static void resource_levels(struct decider *d)
{
    for (isize i = 0; i < d->resource_chain.count; i++) {
        struct level *level = &d->resource_chain.levels[i];
        level->policy =
            find_policy(d, DIR_RESOURCE, d->kind_symbol, d->resource_version_symbol, level->symbol);
        d->resource_exists = d->resource_exists || level->policy != NULL;
        find_role_policies(d, level);
        for (uint32_t r = 0; r < level->role_policy_count; r++) {
            d->resource_exists = d->resource_exists || rows_for_kind(d, level->role_policies[r]);
        }
    }
}

/* Rows of principal policies are looked up with the *resource's* version; the principal's version only answers
 * whether some principal policy exists. spec: cerbos-compat#versions */
static void principal_levels(struct decider *d)
{
    const struct image *im = &d->snapshot->image;
    uint32_t id = d->principal_chain.count > 0 ? image_find_symbol(im, d->request->principal.id) : 0;
    for (isize i = 0; i < d->principal_chain.count; i++) {
        struct level *level = &d->principal_chain.levels[i];
        level->policy = find_policy(d, DIR_PRINCIPAL, id, d->resource_version_symbol, level->symbol);
        d->principal_exists =
            d->principal_exists ||
            (d->principal_version_symbol != 0 &&
             image_find_entry(im, DIR_ANY_PRINCIPAL, 0, d->principal_version_symbol, level->symbol) != NULL);
    }
}

static str version_or_default(const struct snapshot *s, str sent, uint32_t *symbol)
{
    if (sent.len == 0) {
        *symbol = s->default_version;
        return s->options.default_version;
    }
    *symbol = image_find_symbol(&s->image, sent);
    return sent;
}

void scopes_prepare(struct decider *d)
{
    const struct snapshot *s = d->snapshot;
    const struct principal *p = &d->request->principal;
    const struct resource *r = &d->item->resource;
    d->kind = ident_sanitize(d->arena, r->kind);
    d->kind_symbol = image_find_symbol(&s->image, d->kind);
    d->principal_version = version_or_default(s, p->policy_version, &d->principal_version_symbol);
    d->resource_version = version_or_default(s, r->policy_version, &d->resource_version_symbol);
    d->principal_chain = chain_build(d, scope_effective(p->scope, s->options.default_scope), SCOPE_PRINCIPAL);
    d->resource_chain = chain_build(d, scope_effective(r->scope, s->options.default_scope), SCOPE_RESOURCE);
    principal_levels(d);
    resource_levels(d);
    d->resource_key =
        search_key(d, &d->resource_chain, "resource", d->kind, d->resource_version);
    if (d->principal_exists) {
        d->principal_key = search_key(d, &d->principal_chain, "principal", ident_sanitize(d->arena, p->id),
                                      d->principal_version);
    }
}
