/* emit.c — what stands beside the policies: scopes, parent roles, role policies by scope; and the image itself
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "compile/compile_priv.h"

#include <stdlib.h>

void scope_use(struct compiler *c, str scope, uint32_t flag, uint32_t permissions)
{
    uint32_t symbol = image_symbol(c->image, scope);
    struct img_scope *found = NULL;
    uint32_t number = map_get(&c->scope_numbers, scope);
    if (number == MAP_NONE) {
        (void)map_set(c->arena, &c->scope_numbers, scope, (uint32_t)c->scopes.len);
        found = vec_push(c->arena, &c->scopes);
        found->symbol = symbol;
    } else {
        found = &c->scopes.ptr[number];
    }
    found->flags |= flag;
    if (permissions != 0) {
        found->permissions = permissions; /* policies of one scope agree: the registry has checked */
    }
}

static int compare_scopes(const void *a, const void *b)
{
    uint32_t x = ((const struct img_scope *)a)->symbol;
    uint32_t y = ((const struct img_scope *)b)->symbol;
    return (x > y) - (x < y);
}

static void emit_scopes(struct compiler *c)
{
    if (c->scopes.len > 1) {
        qsort(c->scopes.ptr, (size_t)c->scopes.len, sizeof(c->scopes.ptr[0]), compare_scopes);
    }
    for (isize i = 0; i < c->scopes.len; i++) {
        (void)image_push(c->image, SEC_SCOPES, &c->scopes.ptr[i]);
    }
}

/* ---- role policies of a version and scope ---- */
struct role_group {
    uint32_t version, scope, number; /* number: in POLICIES */
};

static int compare_groups(const void *a, const void *b)
{
    const struct role_group *x = a;
    const struct role_group *y = b;
    if (x->scope != y->scope) {
        return x->scope < y->scope ? -1 : 1;
    }
    if (x->version != y->version) {
        return x->version < y->version ? -1 : 1;
    }
    return x->number < y->number ? -1 : x->number > y->number;
}

static void emit_role_groups(struct compiler *c)
{
    isize count = c->role_policies.len;
    struct role_group *groups = new (c->arena, struct role_group, count);
    for (isize i = 0; i < count; i++) {
        const struct img_policy *p = image_record(c->image, SEC_POLICIES, c->role_policies.ptr[i]);
        groups[i] = (struct role_group){ c->role_versions.ptr[i], p->scope, c->role_policies.ptr[i] };
    }
    qsort(groups, (size_t)count, sizeof(groups[0]), compare_groups);
    for (isize i = 0; i < count;) {
        isize end = i;
        uint32_t first = image_count(c->image, SEC_LISTS);
        while (end < count && groups[end].scope == groups[i].scope && groups[end].version == groups[i].version) {
            (void)image_push(c->image, SEC_LISTS, &groups[end++].number);
        }
        (void)image_directory(c->image, (struct img_entry){ DIR_ROLES, 0, groups[i].version, groups[i].scope,
                                                            first, (uint32_t)(end - i) });
        i = end;
    }
}

/* ---- parent roles ---- */
struct role_parents {
    uint32_t scope, role;
    VEC(uint32_t) parents; /* symbols, direct ones, then closed */
};

struct parents_table {
    VEC(struct role_parents) list;
};

static struct role_parents *find_role(struct parents_table *t, uint32_t scope, uint32_t role)
{
    for (isize i = 0; i < t->list.len; i++) {
        if (t->list.ptr[i].scope == scope && t->list.ptr[i].role == role) {
            return &t->list.ptr[i];
        }
    }
    return NULL;
}

static void add_parent(struct compiler *c, struct role_parents *r, uint32_t parent)
{
    for (isize i = 0; i < r->parents.len; i++) {
        if (r->parents.ptr[i] == parent) {
            return;
        }
    }
    if (parent != r->role) {
        *vec_push(c->arena, &r->parents) = parent;
    }
}

static void collect_parents(struct compiler *c, struct parents_table *t)
{
    for (isize i = 0; i < c->members.len; i++) {
        const struct policy *p = c->members.ptr[i].policy;
        if (p->kind != POLICY_ROLE || p->role.parent_roles.len == 0) {
            continue;
        }
        uint32_t scope = image_symbol(c->image, p->scope.text);
        uint32_t role = image_symbol(c->image, p->role.role.text);
        struct role_parents *r = find_role(t, scope, role);
        if (r == NULL) {
            r = vec_push(c->arena, &t->list);
            r->scope = scope;
            r->role = role;
        }
        for (isize k = 0; k < p->role.parent_roles.len; k++) {
            add_parent(c, r, image_symbol(c->image, p->role.parent_roles.ptr[k].text));
        }
    }
}

/* Parents of parents within the scope; the list grows while it is walked, each role enters once. */
static void close_parents(struct compiler *c, struct parents_table *t)
{
    for (isize i = 0; i < t->list.len; i++) {
        struct role_parents *r = &t->list.ptr[i];
        for (isize k = 0; k < r->parents.len; k++) {
            const struct role_parents *up = find_role(t, r->scope, r->parents.ptr[k]);
            for (isize n = 0; up != NULL && n < up->parents.len; n++) {
                add_parent(c, r, up->parents.ptr[n]);
            }
        }
    }
}

static int compare_parents(const void *a, const void *b)
{
    const struct role_parents *x = a;
    const struct role_parents *y = b;
    if (x->scope != y->scope) {
        return x->scope < y->scope ? -1 : 1;
    }
    return x->role < y->role ? -1 : x->role > y->role;
}

static void emit_parents(struct compiler *c)
{
    struct parents_table t = { 0 };
    collect_parents(c, &t);
    close_parents(c, &t);
    if (t.list.len > 1) {
        qsort(t.list.ptr, (size_t)t.list.len, sizeof(t.list.ptr[0]), compare_parents);
    }
    for (isize i = 0; i < t.list.len; i++) {
        const struct role_parents *r = &t.list.ptr[i];
        struct img_parents record = { r->scope, r->role, { image_count(c->image, SEC_LISTS), (uint32_t)r->parents.len } };
        for (isize k = 0; k < r->parents.len; k++) {
            (void)image_push(c->image, SEC_LISTS, &r->parents.ptr[k]);
        }
        (void)image_push(c->image, SEC_PARENTS, &record);
    }
}

cardea_status emit_image(struct compiler *c, str *out)
{
    emit_scopes(c);
    emit_role_groups(c);
    emit_parents(c);
    return image_finish(c->image, (uint32_t)c->members.len, c->rules, c->zones ? IMAGE_ZONES : 0, out);
}
