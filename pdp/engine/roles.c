/* roles.c — parent roles and derived roles
 *
 * Parents come from role policies whose scope is exactly the resource's. A derived role is *effective* in a scope when
 * some role of the principal (or a parent) is among its parent roles and its condition holds; the list is only
 * computed when an expression or the answer asks for it. Rows that name a derived role evaluate the same condition.
 *
 * spec: cerbos-compat#parent-roles, #effective-derived-roles
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/decide_priv.h"

#include <stdlib.h>

/* Parents of a role at a scope; the table is sorted by scope, then role. */
static struct img_range find_parents(const struct image *im, uint32_t scope, uint32_t role)
{
    uint32_t lo = 0;
    uint32_t hi = image_records(im, SEC_PARENTS);
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        const struct img_parents *p = &im->parents[mid];
        if (p->scope == scope && p->role == role) {
            return p->parents;
        }
        if (p->scope < scope || (p->scope == scope && p->role < role)) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return (struct img_range){ 0, 0 };
}

static void role_prepare(struct decider *d, uint32_t scope, str name, struct role_set *out)
{
    const struct image *im = &d->snapshot->image;
    uint32_t symbol = image_find_symbol(im, name);
    struct img_range parents =
        symbol == 0 || scope == 0 ? (struct img_range){ 0, 0 } : find_parents(im, scope, symbol);
    str *names = new (d->arena, str, 1 + parents.count);
    uint32_t *symbols = new (d->arena, uint32_t, 1 + parents.count);
    names[0] = name;
    symbols[0] = symbol;
    for (uint32_t i = 0; i < parents.count; i++) {
        symbols[1 + i] = im->lists[parents.first + i];
        names[1 + i] = image_symbol_text(im, symbols[1 + i]);
    }
    *out = (struct role_set){ names, symbols, 1 + (isize)parents.count };
}

void roles_prepare(struct decider *d)
{
    const struct principal *p = &d->request->principal;
    const struct image *im = &d->snapshot->image;
    uint32_t scope = 0;
    if (image_records(im, SEC_PARENTS) > 0) {
        scope = image_find_symbol(
            im, scope_effective(d->item->resource.scope, d->snapshot->options.default_scope));
    }
    d->role_count = p->role_count;
    d->roles = new (d->arena, struct role_set, p->role_count);
    for (isize i = 0; i < p->role_count; i++) {
        role_prepare(d, scope, p->roles[i], &d->roles[i]);
    }
}

static bool has_parent_role(const struct decider *d, const struct img_drole *role)
{
    const uint32_t *parents = d->snapshot->image.lists + role->parents.first;
    if ((role->flags & DROLE_ANY) != 0) {
        return true;
    }
    for (uint32_t i = 0; i < role->parents.count; i++) {
        for (isize r = 0; r < d->role_count; r++) {
            for (isize k = 0; k < d->roles[r].count; k++) {
                if (d->roles[r].symbols[k] == parents[i]) {
                    return true;
                }
            }
        }
    }
    return false;
}

static const struct img_drole *drole_at(const struct decider *d, const struct policy_state *p, uint32_t position)
{
    const struct image *im = &d->snapshot->image;
    return &im->droles[im->lists[p->policy->droles.first + position]];
}

enum outcome derived_role_eval(struct decider *d, struct policy_state *p, uint32_t position)
{
    const struct img_drole *role = drole_at(d, p, position);
    if (role->condition == IMAGE_NONE) {
        return OUT_TRUE;
    }
    if ((role->flags & DROLE_RUNTIME) != 0) {
        /* its value depends on the scope that is being looked at: nothing is shared */
        struct unit_state *outer = d->units;
        d->units = NULL;
        enum outcome o = condition_eval(d, unit_state_get(d, role->unit), role->condition);
        d->units = outer;
        return o;
    }
    if (p->droles == NULL) {
        p->droles = new (d->arena, uint8_t, p->policy->droles.count);
    }
    uint8_t *memo = &p->droles[position];
    if (*memo == OUT_UNKNOWN) {
        *memo = (uint8_t)condition_eval(d, unit_state_get(d, role->unit), role->condition);
    }
    return (enum outcome)*memo;
}

static int compare_names(const void *a, const void *b)
{
    return str_cmp(*(const str *)a, *(const str *)b);
}

/* Few names: insertion keeps the list sorted and free of repeats. */
static void add_name(struct decider *d, str name)
{
    isize at = 0;
    while (at < d->derived_roles.len && str_cmp(d->derived_roles.ptr[at], name) < 0) {
        at++;
    }
    if (at < d->derived_roles.len && str_eq(d->derived_roles.ptr[at], name)) {
        return;
    }
    (void)vec_push(d->arena, &d->derived_roles);
    for (isize i = d->derived_roles.len - 1; i > at; i--) {
        d->derived_roles.ptr[i] = d->derived_roles.ptr[i - 1];
    }
    d->derived_roles.ptr[at] = name;
}

static struct value failed_roles(struct decider *d, str *names, isize count)
{
    struct sb text = sb_new(d->arena);
    qsort(names, (size_t)count, sizeof(str), compare_names);
    for (isize i = 0; i < count; i++) {
        sb_add(&text, i == 0 ? STR_EMPTY : S(", "));
        sb_add(&text, names[i]);
    }
    return v_error(d->arena, VE_ARGUMENT, "failed to compute effective derived roles [%.*s]",
                   STR_ARG(sb_str(&text)));
}

static void compute_roles(struct decider *d, struct level *level)
{
    struct policy_state *p = level->policy;
    isize count = p == NULL ? 0 : (isize)p->policy->droles.count;
    struct value *items = new (d->arena, struct value, count);
    str *failed = new (d->arena, str, count);
    isize failed_count = 0;
    isize effective = 0;
    for (isize i = 0; i < count; i++) {
        const struct img_drole *role = drole_at(d, p, (uint32_t)i);
        if (!has_parent_role(d, role)) {
            continue;
        }
        str name = image_symbol_text(&d->snapshot->image, role->name);
        enum outcome o = derived_role_eval(d, p, (uint32_t)i);
        if (o == OUT_TRUE) {
            items[effective++] = v_string(name); /* `droles` is sorted by name: so is the list */
            add_name(d, name);
        } else if (o == OUT_ERROR) {
            failed[failed_count++] = name;
        }
    }
    level->roles = failed_count > 0 ? failed_roles(d, failed, failed_count) : v_list(items, effective);
}

void derived_roles_enter(struct decider *d, struct level *level)
{
    bool asked = d->request->want_derived_roles;
    if (level->policy != NULL) {
        asked = asked || (level->policy->policy->flags & POLICY_USES_RUNTIME) != 0;
    }
    for (uint32_t i = 0; i < level->role_policy_count && !asked; i++) {
        asked = (level->role_policies[i]->policy->flags & POLICY_USES_RUNTIME) != 0;
    }
    if (!asked) {
        return;
    }
    if (!level->roles_ready) {
        d->roots[ROOT_EDR] = v_list(NULL, 0); /* conditions of derived roles see none */
        compute_roles(d, level);
        level->roles_ready = true;
    }
    d->roots[ROOT_EDR] = level->roles;
}
