/* roles.c — derived roles
 *
 * A set of derived roles is compiled once, as soon as some policy imports it, with variables and constants of its own.
 * Only the roles that rules name become records; a policy sees them through its `used_roles`, sorted by name, which
 * makes runtime.effectiveDerivedRoles sorted too.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "compile/compile_priv.h"

#include <stdlib.h>

struct derived_set {
    struct member *member;
    struct module *module;
    uint32_t *conditions; /* per definition: number in CONDITIONS or IMAGE_NONE */
    uint32_t *numbers;    /* per definition: number in DROLES + 1, 0: not yet   */
    uint32_t unit;        /* its code                                           */
};

static struct derived_set *set_compile(struct compiler *c, struct member *member)
{
    if (member->derived != NULL) {
        return member->derived;
    }
    const struct derived_roles *dr = &member->policy->derived;
    struct derived_set *set = new (c->arena, struct derived_set, 1);
    set->member = member;
    set->module = module_new(c, member->policy, member->key);
    set->conditions = new (c->arena, uint32_t, dr->def_count);
    set->numbers = new (c->arena, uint32_t, dr->def_count);
    for (isize i = 0; i < dr->def_count; i++) {
        set->conditions[i] = condition_compile(set->module, &dr->defs[i].condition);
    }
    if (!set->module->failed) {
        set->unit = module_emit(set->module);
    }
    member->derived = set;
    return set;
}

static uint32_t drole_number(struct compiler *c, struct derived_set *set, isize i)
{
    if (set->numbers[i] != 0) {
        return set->numbers[i] - 1;
    }
    const struct role_def *def = &set->member->policy->derived.defs[i];
    struct img_drole role = { .name = image_symbol(c->image, def->name.text),
                              .unit = set->unit,
                              .condition = set->conditions[i],
                              .source = set->member->source,
                              .line = (uint32_t)source_place(def->span.source, def->span.start).line,
                              .flags = set->module->uses_runtime ? DROLE_RUNTIME : 0 };
    role.parents.count = (uint32_t)def->parent_roles.len;
    uint32_t *symbols = new (c->arena, uint32_t, def->parent_roles.len);
    for (isize k = 0; k < def->parent_roles.len; k++) {
        str parent = def->parent_roles.ptr[k].text;
        symbols[k] = image_symbol(c->image, parent);
        role.flags |= str_eq(parent, S("*")) ? DROLE_ANY : 0;
    }
    role.parents.first = image_count(c->image, SEC_LISTS);
    for (isize k = 0; k < def->parent_roles.len; k++) {
        (void)image_push(c->image, SEC_LISTS, &symbols[k]);
    }
    set->numbers[i] = image_push(c->image, SEC_DROLES, &role) + 1;
    return set->numbers[i] - 1;
}

/* ---- resolving ---- */
struct candidate {
    struct derived_set *set;
    isize def;
    const struct ptext *import;
};

struct resolver {
    struct module *m;
    struct map names;              /* derived role → first candidate             */
    VEC(struct candidate) found;   /* all definitions of all imports             */
    struct map reported;           /* names that have been reported              */
    bool faulty;                   /* a set that is imported has faults          */
};

static void collect(struct resolver *r)
{
    struct compiler *c = r->m->c;
    const struct resource_policy *rp = &r->m->policy->resource;
    for (isize i = 0; i < rp->import_derived_roles.len; i++) {
        const struct ptext *import = &rp->import_derived_roles.ptr[i];
        struct member *member = registry_find(
            c, policy_key_of(c->arena, POLICY_DERIVED_ROLES, import->text, STR_EMPTY, STR_EMPTY));
        if (member == NULL) {
            continue; /* the registry has reported it */
        }
        struct derived_set *set = set_compile(c, member);
        r->faulty = r->faulty || set->module->failed;
        r->m->failed = r->m->failed || set->module->failed;
        for (isize k = 0; k < member->policy->derived.def_count; k++) {
            str name = member->policy->derived.defs[k].name.text;
            if (map_get(&r->names, name) == MAP_NONE) {
                (void)map_set(c->arena, &r->names, name, (uint32_t)r->found.len);
            }
            *vec_push(c->arena, &r->found) = (struct candidate){ set, k, import };
        }
    }
}

static str candidate_name(const struct candidate *c)
{
    return c->set->member->policy->derived.defs[c->def].name.text;
}

static void report_unknown(struct resolver *r, const struct ptext *name)
{
    struct compiler *c = r->m->c;
    struct diag *d = diag_add(c->diags, &err_derived_role_unknown, name->span, "unknown derived role `%.*s`",
                              STR_ARG(name->text));
    str near = diag_nearest(c->arena, name->text, r->names.keys, (isize)r->names.count);
    if (near.len > 0) {
        diag_help(c->diags, d, "did you mean `%.*s`?", STR_ARG(near));
    } else {
        diag_help(c->diags, d, "import the set that defines it below `importDerivedRoles`");
    }
    d->ref_text = str_printf(c->arena, "Derived role \"%.*s\" is not defined in any imports", STR_ARG(name->text));
    diag_reference_text(d, name);
    r->m->failed = true;
}

static void report_ambiguous(struct resolver *r, const struct ptext *name)
{
    struct compiler *c = r->m->c;
    struct sb sb = sb_new(c->arena);
    struct diag *d = diag_add(c->diags, &err_derived_role_ambiguous, name->span,
                              "derived role `%.*s` is defined in more than one import", STR_ARG(name->text));
    for (isize i = 0; i < r->found.len; i++) {
        const struct candidate *f = &r->found.ptr[i];
        if (!str_eq(candidate_name(f), name->text)) {
            continue;
        }
        struct place place = source_place(f->import->span.source, f->import->ref_at);
        sb_printf(&sb, "%s%.*s (imported as \"%.*s\" at %d:%d)", sb.len > 0 ? ", " : "",
                  STR_ARG(f->set->member->policy->source->name), STR_ARG(f->import->text), place.line,
                  place.column);
        diag_note(c->diags, d, f->set->member->policy->derived.defs[f->def].name.span, "one definition");
    }
    d->ref_text = str_printf(c->arena, "Derived role \"%.*s\" is defined in more than one import: %.*s",
                             STR_ARG(name->text), STR_ARG(sb_str(&sb)));
    diag_no_reference(d);
    r->m->failed = true;
}

static isize count_candidates(const struct resolver *r, str name)
{
    isize count = 0;
    for (isize i = 0; i < r->found.len; i++) {
        count += str_eq(candidate_name(&r->found.ptr[i]), name);
    }
    return count;
}

static void resolve_name(struct resolver *r, const struct ptext *name, struct used_roles *out)
{
    struct compiler *c = r->m->c;
    if (roles_position(out, name->text) >= 0 || map_get(&r->reported, name->text) != MAP_NONE) {
        return;
    }
    isize count = count_candidates(r, name->text);
    if (count == 1) {
        const struct candidate *f = &r->found.ptr[map_get(&r->names, name->text)];
        *vec_push(c->arena, &out->list) =
            (struct used_role){ name->text, &f->set->member->policy->derived.defs[f->def],
                                drole_number(c, f->set, f->def) };
        return;
    }
    (void)map_set(c->arena, &r->reported, name->text, 1);
    if (count == 0) {
        report_unknown(r, name);
    } else {
        report_ambiguous(r, name);
    }
}

static int compare_used(const void *a, const void *b)
{
    return str_cmp(((const struct used_role *)a)->name, ((const struct used_role *)b)->name);
}

isize roles_position(const struct used_roles *roles, str name)
{
    for (isize i = 0; i < roles->list.len; i++) {
        if (str_eq(roles->list.ptr[i].name, name)) {
            return i;
        }
    }
    return -1;
}

bool roles_resolve(struct module *m, struct used_roles *out)
{
    struct resolver r = { .m = m };
    const struct resource_policy *rp = &m->policy->resource;
    collect(&r);
    /* from the back: the reference reports an unknown role at its last mention */
    for (isize i = rp->rule_count; i-- > 0;) {
        for (isize k = rp->rules[i].derived_roles.len; k-- > 0;) {
            resolve_name(&r, &rp->rules[i].derived_roles.ptr[k], out);
        }
    }
    if (out->list.len > 1) {
        qsort(out->list.ptr, (size_t)out->list.len, sizeof(out->list.ptr[0]), compare_used);
    }
    return !r.faulty && r.reported.count == 0;
}
