/* module.c — the names of one policy: variables, constants, and the environment of its expressions
 *
 * Variables are the union of imports, local ones and the deprecated top-level ones; a name may be defined once over all
 * of them, used or not. Their expressions may mention each other in any order, so they are sorted; a cycle is an error.
 * Each gets a slot and becomes a subroutine that runs at first use.
 *
 * spec: cerbos-compat#variables-constants-globals
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "compile/compile_priv.h"

#include <stdlib.h>

/* ---- collecting ---- */
static bool is_identifier(str name)
{
    if (name.len == 0 || (name.ptr[0] >= '0' && name.ptr[0] <= '9')) {
        return false;
    }
    for (isize i = 0; i < name.len; i++) {
        char ch = name.ptr[i];
        if (!((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || ch == '_')) {
            return false;
        }
    }
    return true;
}

static bool is_keyword(str name)
{
    return str_eq(name, S("true")) || str_eq(name, S("false")) || str_eq(name, S("null")) || str_eq(name, S("in"));
}

static void check_name(struct module *m, const struct ptext *name, const struct diag_class *class)
{
    const char *reference = NULL;
    if (!is_identifier(name->text)) {
        reference = "is not a valid identifier";
    } else if (is_keyword(name->text)) {
        reference = "is a reserved keyword and can't be used as an identifier";
    } else {
        return;
    }
    struct diag *d = diag_add(m->c->diags, class, name->span, "`%.*s` cannot be a name", STR_ARG(name->text));
    d->ref_text = str_printf(m->c->arena, "\"%.*s\" %s", STR_ARG(name->text), reference);
    diag_reference_text(d, name);
    m->failed = true;
}

/* import: where the policy imports the definitions; NULL: they are its own. */
static void add_variables(struct module *m, const struct var_def *defs, isize count, str place,
                          const struct ptext *import)
{
    for (isize i = 0; i < count; i++) {
        check_name(m, &defs[i].name, &err_variable_name);
        *vec_push(m->c->arena, &m->vars) = (struct definition){
            .name = defs[i].name.text, .at = defs[i].name, .expr = defs[i].expr, .ref_at = defs[i].expr.ref_at, .place = place,
            .shown = import != NULL ? import->span : defs[i].name.span, .slot = -1
        };
    }
}

static void add_constants(struct module *m, const struct const_def *defs, isize count, str place,
                          const struct ptext *import)
{
    for (isize i = 0; i < count; i++) {
        check_name(m, &defs[i].name, &err_constant_name);
        *vec_push(m->c->arena, &m->consts) = (struct definition){
            .name = defs[i].name.text, .at = defs[i].name, .constant = defs[i].value, .ref_at = defs[i].ref_at, .place = place,
            .shown = import != NULL ? import->span : defs[i].name.span
        };
    }
}

static void add_imports(struct module *m, const struct ptexts *imports, enum policy_kind kind)
{
    for (isize i = 0; i < imports->len; i++) {
        str name = imports->ptr[i].text;
        const struct member *from =
            registry_find(m->c, policy_key_of(m->c->arena, kind, name, STR_EMPTY, STR_EMPTY));
        if (from == NULL) {
            continue; /* the registry has reported it */
        }
        const struct exports *e = &from->policy->exports;
        str place = str_printf(m->c->arena, "import '%.*s'", STR_ARG(name));
        if (kind == POLICY_EXPORT_VARIABLES) {
            add_variables(m, e->vars, e->var_count, place, &imports->ptr[i]);
        } else {
            add_constants(m, e->consts, e->const_count, place, &imports->ptr[i]);
        }
    }
}

/* ---- redefinitions ---- */
static void place_text(struct sb *sb, const struct definition *d)
{
    struct place place = source_place(d->at.span.source, d->ref_at);
    sb_printf(sb, "%.*s (%.*s:%d:%d)", STR_ARG(d->place), STR_ARG(d->at.span.source->name), place.line,
              place.column);
}

/* The place in the policy where the name comes in last is shown, the other definitions are noted. */
static void report_redefined(struct module *m, const struct definition *defs, isize count, isize first,
                             bool variable)
{
    const char *what = variable ? "Variable" : "Constant";
    str name = defs[first].name;
    VEC(const struct definition *) all = { 0 };
    const struct definition *last = &defs[first];
    for (isize i = first; i < count; i++) {
        if (str_eq(defs[i].name, name)) {
            *vec_push(m->c->arena, &all) = &defs[i];
            last = defs[i].shown.start > last->shown.start ? &defs[i] : last;
        }
    }
    struct sb sb = sb_new(m->c->arena);
    struct diag *d = diag_add(m->c->diags, variable ? &err_variable_redefined : &err_constant_redefined, last->shown,
                              "%s `%.*s` is defined more than once", variable ? "variable" : "constant", STR_ARG(name));
    for (isize i = 0; i < all.len; i++) {
        sb_add(&sb, i == 0 ? STR_EMPTY : all.len == 2 ? S(" and ") : i == all.len - 1 ? S(", and ") : S(", "));
        place_text(&sb, all.ptr[i]);
        if (all.ptr[i]->at.span.source != last->shown.source || all.ptr[i]->at.span.start != last->shown.start) {
            diag_note(m->c->diags, d, all.ptr[i]->at.span, "defined in %.*s", STR_ARG(all.ptr[i]->place));
        }
    }
    d->ref_text = str_printf(m->c->arena, "%s '%.*s' has multiple definitions in %.*s", what, STR_ARG(name),
                             STR_ARG(sb_str(&sb)));
    diag_no_reference(d);
    m->failed = true;
}

static void index_names(struct module *m, const struct definition *defs, isize count, struct map *names,
                        bool variable)
{
    struct map reported = { 0 };
    for (isize i = 0; i < count; i++) {
        uint32_t first = map_get(names, defs[i].name);
        if (first == MAP_NONE) {
            (void)map_set(m->c->arena, names, defs[i].name, (uint32_t)i);
        } else if (map_set(m->c->arena, &reported, defs[i].name, 1) == MAP_NONE) {
            report_redefined(m, defs, count, (isize)first, variable);
        }
    }
}

/* ---- order and cycles ---- */
/* Is `target` reachable from `from` through uses? seen: one mark per variable. */
static bool reaches(const struct module *m, uint32_t from, uint32_t target, bool *seen)
{
    const struct definition *d = &m->vars.ptr[from];
    for (isize i = 0; i < d->use_count; i++) {
        uint32_t next = d->uses[i];
        if (next == target) {
            return true;
        }
        if (!seen[next]) {
            seen[next] = true;
            if (reaches(m, next, target, seen)) {
                return true;
            }
        }
    }
    return false;
}

static bool reaches_fresh(const struct module *m, uint32_t from, uint32_t target)
{
    struct arena_mark mark = arena_mark(m->c->arena);
    bool found = reaches(m, from, target, new (m->c->arena, bool, m->vars.len));
    arena_reset(m->c->arena, mark);
    return found;
}

static int compare_definitions(const void *a, const void *b)
{
    return str_cmp((*(const struct definition *const *)a)->name, (*(const struct definition *const *)b)->name);
}

static void report_cycle(struct module *m, struct definition **ring, isize count)
{
    qsort(ring, (size_t)count, sizeof(ring[0]), compare_definitions);
    struct diag *d =
        diag_add(m->c->diags, &err_variable_cycle, ring[0]->at.span,
                 count == 1 ? "variable `%.*s` is defined by itself" : "variable `%.*s` is part of a cycle",
                 STR_ARG(ring[0]->name));
    m->failed = true;
    diag_reference_text(d, &ring[0]->expr);
    if (count == 1) {
        d->ref_text = str_printf(m->c->arena, "Variable '%.*s' references itself", STR_ARG(ring[0]->name));
        return;
    }
    struct sb sb = sb_new(m->c->arena);
    for (isize i = 0; i < count; i++) {
        struct place place = source_place(ring[i]->at.span.source, ring[i]->ref_at);
        sb_add(&sb, i == 0 ? STR_EMPTY : count == 2 ? S(" and ") : i == count - 1 ? S(", and ") : S(", "));
        sb_printf(&sb, "'%.*s' (%.*s:%d:%d)", STR_ARG(ring[i]->name),
                  STR_ARG(ring[i]->at.span.source->name), place.line, place.column);
        if (i > 0) {
            diag_note(m->c->diags, d, ring[i]->at.span, "`%.*s` belongs to it", STR_ARG(ring[i]->name));
        }
    }
    d->ref_text = str_printf(m->c->arena, "Variables %.*s form a cycle", STR_ARG(sb_str(&sb)));
}

/* Fields of V so far: variables that have a slot, and the others by name only. */
static void describe_variables(struct module *m)
{
    struct cel_field *fields = new (m->c->arena, struct cel_field, m->vars.len);
    for (isize i = 0; i < m->vars.len; i++) {
        fields[i] = (struct cel_field){
            .name = m->vars.ptr[i].name, .type = &cel_t_dyn, .root = -1, .var = m->vars.ptr[i].slot
        };
    }
    m->var_message.fields = fields;
    m->var_message.field_count = (int32_t)m->vars.len;
}

static bool has_cycle(const struct module *m)
{
    for (uint32_t i = 0; i < (uint32_t)m->vars.len; i++) {
        if (reaches_fresh(m, i, i)) {
            return true;
        }
    }
    return false;
}

/* Variables that are wrong by themselves take no part in cycles; names they use are not looked at by the reference. */
static void drop_faulty(struct module *m)
{
    describe_variables(m);
    for (isize i = 0; i < m->vars.len; i++) {
        struct definition *d = &m->vars.ptr[i];
        if (d->tree != NULL && !expr_recheck(m, &d->expr, d->faults_at, d->faults_end)) {
            d->tree = NULL;
            d->use_count = 0;
        }
    }
}

static void check_cycles(struct module *m)
{
    for (uint32_t i = 0; i < (uint32_t)m->vars.len; i++) {
        struct definition *d = &m->vars.ptr[i];
        if (d->visited || !reaches_fresh(m, i, i)) {
            continue;
        }
        VEC(struct definition *) ring = { 0 };
        for (uint32_t k = 0; k < (uint32_t)m->vars.len; k++) {
            if (k == i || (reaches_fresh(m, i, k) && reaches_fresh(m, k, i))) {
                m->vars.ptr[k].visited = true;
                *vec_push(m->c->arena, &ring) = &m->vars.ptr[k];
            }
        }
        report_cycle(m, ring.ptr, ring.len);
    }
}

static void place_variable(struct module *m, struct definition *d, int32_t *next)
{
    if (d->placed) {
        return;
    }
    d->placed = true;
    for (isize i = 0; i < d->use_count; i++) {
        place_variable(m, &m->vars.ptr[d->uses[i]], next);
    }
    d->slot = (*next)++;
}

static int compare_slots(const void *a, const void *b)
{
    int32_t x = (*(const struct definition *const *)a)->slot;
    int32_t y = (*(const struct definition *const *)b)->slot;
    return (x > y) - (x < y);
}

static void compile_variables(struct module *m)
{
    isize count = m->vars.len;
    struct definition **order = new (m->c->arena, struct definition *, count);
    for (isize i = 0; i < count; i++) {
        struct definition *d = &m->vars.ptr[i];
        order[i] = d;
        d->tree = expr_parse(m, &d->expr);
        if (d->tree != NULL) {
            d->faults_at = m->c->diags->list.len;
            (void)expr_names(m, &d->expr, d->tree, d->name, &d->uses, &d->use_count);
            d->faults_end = m->c->diags->list.len;
        }
    }
    if (m->failed || has_cycle(m)) {
        drop_faulty(m);
        check_cycles(m);
    }
    if (m->failed) { /* without an order the rest can still be checked */
        describe_variables(m);
    } else {
        int32_t next = 0;
        for (isize i = 0; i < count; i++) {
            place_variable(m, &m->vars.ptr[i], &next);
        }
        describe_variables(m);
        qsort(order, (size_t)count, sizeof(order[0]), compare_slots);
    }
    for (isize i = 0; i < count; i++) {
        uint32_t expr = order[i]->tree == NULL ? IMAGE_NONE : expr_generate(m, &order[i]->expr, order[i]->tree);
        if (!m->failed) {
            codeset_var(m->set, order[i]->name, expr);
        }
    }
}

/* ---- environment ---- */
static void describe_constants(struct module *m)
{
    struct cel_field *fields = new (m->c->arena, struct cel_field, m->consts.len);
    for (isize i = 0; i < m->consts.len; i++) {
        fields[i] = (struct cel_field){ .name = m->consts.ptr[i].name,
                                        .type = &cel_t_dyn,
                                        .root = -1,
                                        .var = -1,
                                        .constant = m->consts.ptr[i].constant };
    }
    m->const_message.fields = fields;
    m->const_message.field_count = (int32_t)m->consts.len;
}

static void declare(struct module *m)
{
    m->var_message = message_variables;
    m->const_message = message_variables;
    m->var_type = (struct cel_type){ .kind = T_MESSAGE, .message = &m->var_message };
    m->const_type = (struct cel_type){ .kind = T_MESSAGE, .message = &m->const_message };
    const struct cel_decl decls[] = {
        { S("request"), &type_request, ROOT_REQUEST }, { S("P"), &type_principal, ROOT_P },
        { S("R"), &type_resource, ROOT_R },            { S("runtime"), &type_runtime, ROOT_RUNTIME },
        { S("V"), &m->var_type, ROOT_V },              { S("variables"), &m->var_type, ROOT_V },
        { S("C"), &m->const_type, ROOT_C },            { S("constants"), &m->const_type, ROOT_C },
        { S("G"), &type_globals, ROOT_G },             { S("globals"), &type_globals, ROOT_G },
    };
    _Static_assert(sizeof(decls) == sizeof(m->decls), "every declaration has its place");
    memcpy(m->decls, decls, sizeof(decls));
    m->env = (struct cel_env){ .decls = m->decls, .decl_count = countof(decls) };
}

struct module *module_new(struct compiler *c, const struct policy *policy, str key)
{
    struct module *m = new (c->arena, struct module, 1);
    m->c = c;
    m->policy = policy;
    m->key = key;
    m->set = codeset_new(c->arena);
    add_imports(m, &policy->defs.import_constants, POLICY_EXPORT_CONSTANTS);
    add_constants(m, policy->defs.consts, policy->defs.const_count, S("policy local constants"), NULL);
    index_names(m, m->consts.ptr, m->consts.len, &m->const_names, false);
    add_imports(m, &policy->defs.import_variables, POLICY_EXPORT_VARIABLES);
    add_variables(m, policy->defs.vars, policy->defs.var_count, S("policy local variables"), NULL);
    add_variables(m, policy->defs.top_vars, policy->defs.top_var_count,
                  S("deprecated top-level policy variables"), NULL);
    index_names(m, m->vars.ptr, m->vars.len, &m->var_names, true);
    declare(m);
    describe_constants(m);
    compile_variables(m);
    return m;
}

uint32_t module_emit(struct module *m)
{
    struct cel_code code = codeset_code(m->set);
    while (m->texts.len < (isize)code.expr_count) {
        (void)vec_push(m->c->arena, &m->texts);
    }
    return image_unit(m->c->image, &code, m->texts.ptr);
}
