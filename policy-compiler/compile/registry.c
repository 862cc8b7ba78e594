/* registry.c — documents by key, and whether they fit together
 *
 * What the reference calls lint: files that cannot be read as policies, keys defined twice, imports that nothing
 * exports, scoped policies without their ancestors, scopes whose policies disagree about permissions. All faults are
 * reported; with any of them nothing is compiled.
 *
 * Permissions: an unspecified value means "override" and so agrees with it; the reference's own rule depends on the
 * order of files (docs/differences.md).
 *
 * spec: cerbos-compat#index-errors
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/glob.h"
#include "compile/compile_priv.h"

#include <stdlib.h>

struct member *registry_find(struct compiler *c, str key)
{
    uint32_t number = map_get(&c->by_key, key);
    return number == MAP_NONE ? NULL : &c->members.ptr[number];
}

static void read_files(struct compiler *c, const struct compile_input *input)
{
    for (isize i = 0; i < input->file_count; i++) {
        const struct policy_file *file = &input->files[i];
        struct policy *policy = NULL;
        const struct source *source = source_new(c->arena, file->path, file->text);
        if (policy_load(c->arena, source, &policy, c->diags) == CARDEA_OK && policy != NULL) {
            *vec_push(c->arena, &c->documents) = policy;
        }
    }
}

/* Where people look for a policy: its name. */
static struct span name_span(const struct policy *policy)
{
    switch ((enum policy_kind)policy->kind) {
    case POLICY_RESOURCE:
        return policy->resource.resource.span;
    case POLICY_PRINCIPAL:
        return policy->principal.principal.span;
    case POLICY_ROLE:
        return policy->role.role.span;
    case POLICY_DERIVED_ROLES:
        return policy->derived.name.span;
    case POLICY_EXPORT_VARIABLES:
    case POLICY_EXPORT_CONSTANTS:
        return policy->exports.name.span;
    }
    return policy->span;
}

/* The reference reports a policy where its document begins. */
static void set_document_place(struct diag *d, const struct policy *policy)
{
    diag_reference(d, policy->source, policy->span.start, policy->span.start, STR_EMPTY);
}

/* ---- duplicates ---- */
static void add_member(struct compiler *c, const struct policy *policy, str key)
{
    const struct member *other = registry_find(c, key);
    if (other != NULL) {
        struct diag *d = diag_add(c->diags, &err_duplicate, name_span(policy), "duplicate definition of `%.*s`",
                                  STR_ARG(key));
        diag_note(c->diags, d, name_span(other->policy), "first defined here");
        set_document_place(d, policy);
        d->ref_text = str_printf(c->arena, "duplicate definition of %.*s", STR_ARG(key));
        d->args[0] = other->policy->source->name;
        d->args[1] = key;
        return;
    }
    struct img_text name = image_text(c->image, policy->source->name);
    (void)map_set(c->arena, &c->by_key, key, (uint32_t)c->members.len);
    *vec_push(c->arena, &c->members) =
        (struct member){ policy, key, image_push(c->image, SEC_SOURCES, &name), NULL };
}

static void add_members(struct compiler *c)
{
    for (isize i = 0; i < c->documents.len; i++) {
        const struct policy *policy = c->documents.ptr[i];
        if (!policy->disabled) {
            add_member(c, policy, policy_key(c->arena, policy));
        }
    }
}

static void note_disabled_policies(struct compiler *c)
{
    for (isize i = 0; i < c->documents.len; i++) {
        const struct policy *policy = c->documents.ptr[i];
        if (policy->disabled) {
            str key = policy_key(c->arena, policy);
            struct diag *d =
                diag_add(c->diags, &note_disabled, name_span(policy), "policy `%.*s` is disabled", STR_ARG(key));
            set_document_place(d, policy);
            d->args[0] = key;
        }
    }
}

/* ---- imports ---- */
static str nearest_name(struct compiler *c, enum policy_kind kind, str word)
{
    VEC(str) names = { 0 };
    for (isize i = 0; i < c->members.len; i++) {
        const struct policy *p = c->members.ptr[i].policy;
        if (p->kind == kind) {
            *vec_push(c->arena, &names) =
                kind == POLICY_DERIVED_ROLES ? p->derived.name.text : p->exports.name.text;
        }
    }
    return diag_nearest(c->arena, word, names.ptr, names.len);
}

static void check_imports(struct compiler *c, const struct member *m, const struct ptexts *imports,
                          enum policy_kind kind, const char *what)
{
    for (isize i = 0; i < imports->len; i++) {
        const struct ptext *import = &imports->ptr[i];
        if (registry_find(c, policy_key_of(c->arena, kind, import->text, STR_EMPTY, STR_EMPTY)) != NULL) {
            continue;
        }
        struct diag *d = diag_add(c->diags, &err_import_missing, import->span,
                                  "no policy of the store defines the %s `%.*s`", what, STR_ARG(import->text));
        str near = nearest_name(c, kind, import->text);
        if (near.len > 0) {
            diag_help(c->diags, d, "did you mean `%.*s`?", STR_ARG(near));
        } else if (c->unreadable) {
            diag_help(c->diags, d, "a file that could not be read may define it: mend that one first");
        } else {
            diag_help(c->diags, d, "define it in a policy of its own, or remove the import");
        }
        d->ref_text = str_printf(c->arena, "cannot find %s '%.*s' imported by policy %.*s", what,
                                 STR_ARG(import->text), STR_ARG(m->key));
        diag_reference_text(d, import);
        d->args[0] = m->key;
        d->args[1] = str_from_c(what);
        d->args[2] = import->text;
        d->args[3] = d->ref_text;
    }
}

static bool all_found(struct compiler *c, const struct ptexts *imports, enum policy_kind kind)
{
    for (isize i = 0; i < imports->len; i++) {
        if (registry_find(c, policy_key_of(c->arena, kind, imports->ptr[i].text, STR_EMPTY, STR_EMPTY)) == NULL) {
            return false;
        }
    }
    return true;
}

bool registry_resolves(struct compiler *c, const struct member *m)
{
    const struct policy *p = m->policy;
    if (!all_found(c, &p->defs.import_constants, POLICY_EXPORT_CONSTANTS) ||
        !all_found(c, &p->defs.import_variables, POLICY_EXPORT_VARIABLES)) {
        return false;
    }
    if (p->kind != POLICY_RESOURCE) {
        return true;
    }
    const struct ptexts *sets = &p->resource.import_derived_roles;
    for (isize i = 0; i < sets->len; i++) {
        const struct member *set = registry_find(
            c, policy_key_of(c->arena, POLICY_DERIVED_ROLES, sets->ptr[i].text, STR_EMPTY, STR_EMPTY));
        if (set == NULL || !registry_resolves(c, set)) {
            return false;
        }
    }
    return true;
}

static void check_all_imports(struct compiler *c)
{
    for (isize i = 0; i < c->members.len; i++) {
        const struct member *m = &c->members.ptr[i];
        if (m->policy->kind == POLICY_RESOURCE) {
            check_imports(c, m, &m->policy->resource.import_derived_roles, POLICY_DERIVED_ROLES,
                          "derived roles");
        }
        check_imports(c, m, &m->policy->defs.import_constants, POLICY_EXPORT_CONSTANTS, "constants");
        check_imports(c, m, &m->policy->defs.import_variables, POLICY_EXPORT_VARIABLES, "variables");
    }
}

/* ---- scopes ---- */
struct missing {
    str key;                           /* of the policy that is not there */
    VEC(const struct member *) wanted; /* descendants that need it        */
};
struct missing_list {
    VEC(struct missing) list;
    struct map by_key;
};

/* A resource policy's missing ancestor is forgiven where a role policy of the same scope and version speaks of the
 * kind. */
static bool role_policy_covers(struct compiler *c, str kind, str version, str scope)
{
    for (isize i = 0; i < c->members.len; i++) {
        const struct policy *p = c->members.ptr[i].policy;
        if (p->kind != POLICY_ROLE || !str_eq(p->scope.text, scope)) {
            continue;
        }
        str own = p->role.version.text.len > 0 ? p->role.version.text : S("default");
        for (isize r = 0; str_eq(own, version) && r < p->role.rule_count; r++) {
            if (glob_match_text(p->role.rules[r].resource.text, kind, c->arena)) {
                return true;
            }
        }
    }
    return false;
}

static void note_missing(struct compiler *c, struct missing_list *list, str key, const struct member *m)
{
    uint32_t number = map_intern(c->arena, &list->by_key, key);
    if (number == (uint32_t)list->list.len) {
        vec_push(c->arena, &list->list)->key = key;
    }
    *vec_push(c->arena, &list->list.ptr[number].wanted) = m;
}

static void check_ancestors(struct compiler *c, const struct member *m, struct missing_list *list)
{
    const struct policy *p = m->policy;
    bool resource = p->kind == POLICY_RESOURCE;
    if (!resource && p->kind != POLICY_PRINCIPAL) {
        return;
    }
    str name = resource ? p->resource.resource.text : p->principal.principal.text;
    str version = resource ? p->resource.version.text : p->principal.version.text;
    str scope = p->scope.text;
    while (scope_parent(scope, &scope)) {
        str key = policy_key_of(c->arena, p->kind, name, version, scope);
        if (registry_find(c, key) == NULL && !(resource && role_policy_covers(c, name, version, scope))) {
            note_missing(c, list, key, m);
        }
    }
}

static int compare_members(const void *a, const void *b)
{
    const struct member *x = *(const struct member *const *)a;
    const struct member *y = *(const struct member *const *)b;
    return str_cmp(x->key, y->key);
}

static void report_missing(struct compiler *c, struct missing *missing)
{
    struct sb names = sb_new(c->arena);
    struct sb lines = sb_new(c->arena);
    qsort(missing->wanted.ptr, (size_t)missing->wanted.len, sizeof(missing->wanted.ptr[0]), compare_members);
    for (isize i = 0; i < missing->wanted.len; i++) {
        sb_add(&names, i == 0 ? STR_EMPTY : S(", "));
        sb_add(&names, missing->wanted.ptr[i]->key);
        sb_add(&lines, i == 0 ? STR_EMPTY : S("\n"));
        sb_add(&lines, missing->wanted.ptr[i]->key);
    }
    struct diag *d = diag_add(c->diags, &err_scope_missing, missing->wanted.ptr[0]->policy->scope.span,
                              "the scope needs a policy `%.*s`, which is not there", STR_ARG(missing->key));
    d->ref_text = str_printf(c->arena, "scoped policy %.*s is not found but is required by descendant policies %.*s",
                             STR_ARG(missing->key), STR_ARG(sb_str(&names)));
    d->args[0] = missing->key;
    d->args[1] = sb_str(&lines);
}

static void check_scopes(struct compiler *c)
{
    struct missing_list list = { 0 };
    for (isize i = 0; i < c->members.len; i++) {
        check_ancestors(c, &c->members.ptr[i], &list);
    }
    for (isize i = 0; i < list.list.len; i++) {
        report_missing(c, &list.list.ptr[i]);
    }
}

static uint8_t permissions_of(const struct policy *p)
{
    return p->scope_permissions == SCOPE_PERM_UNSPECIFIED ? SCOPE_PERM_OVERRIDE : p->scope_permissions;
}

static void check_permissions(struct compiler *c)
{
    struct map first = { 0 };    /* scope → member that came first */
    struct map reported = { 0 }; /* scopes that have been reported */
    for (isize i = 0; i < c->members.len; i++) {
        const struct policy *p = c->members.ptr[i].policy;
        if (p->kind != POLICY_RESOURCE && p->kind != POLICY_PRINCIPAL) {
            continue;
        }
        uint32_t known = map_get(&first, p->scope.text);
        if (known == MAP_NONE) {
            (void)map_set(c->arena, &first, p->scope.text, (uint32_t)i);
            continue;
        }
        const struct policy *other = c->members.ptr[known].policy;
        if (permissions_of(p) == permissions_of(other) || map_get(&reported, p->scope.text) != MAP_NONE) {
            continue;
        }
        (void)map_set(c->arena, &reported, p->scope.text, 1);
        struct diag *d = diag_add(c->diags, &err_scope_permissions, name_span(p),
                                  "policies of the scope `%.*s` have different `scopePermissions`",
                                  STR_ARG(p->scope.text));
        diag_note(c->diags, d, name_span(other), "the other value is in this policy");
        d->ref_text = str_printf(c->arena, "policies sharing scope %.*s have conflicting scopePermissions",
                                 STR_ARG(p->scope.text));
        d->args[0] = p->scope.text;
    }
}

bool registry_build(struct compiler *c, const struct compile_input *input)
{
    read_files(c, input);
    c->unreadable = c->diags->errors > 0;
    add_members(c);
    check_all_imports(c);
    check_scopes(c);
    check_permissions(c);
    if (c->diags->errors > 0) {
        note_disabled_policies(c);
        return false;
    }
    return true;
}
