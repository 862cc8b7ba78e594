/* expr.c — one expression: parse, check, fold, generate
 *
 * Equal texts of one policy share an expression. Every fault is reported at its own place in the file; the reference
 * has one entry for all faults of an expression, at the place of the value: the first diagnostic of an expression
 * carries that entry (ref_text), the others are marked as belonging to it (ref_hidden).
 *
 * spec: cerbos-compat#compile-errors
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/func.h"
#include "compile/compile_priv.h"

struct span expr_span(const struct ptext *text, uint32_t start, uint32_t end)
{
    if (text->span.source == NULL) {
        return text->span;
    }
    uint32_t from = ptext_offset(text, start);
    uint32_t to = end > start ? ptext_offset(text, end - 1) + 1 : from;
    return (struct span){ text->span.source, from, to > from ? to : from };
}

static str reference_text(struct module *m, const struct ptext *text, const struct cel_issues *issues)
{
    struct sb sb = sb_new(m->c->arena);
    sb_printf(&sb, "Invalid expression `%.*s`: [", STR_ARG(text->text));
    for (isize i = 0; i < issues->list.len; i++) {
        sb_add(&sb, i == 0 ? STR_EMPTY : S(", "));
        sb_add(&sb, issues->list.ptr[i].text);
    }
    sb_byte(&sb, ']');
    return sb_str(&sb);
}

static void report(struct module *m, const struct ptext *text, const struct cel_issues *issues)
{
    m->failed = true;
    bool first = true;
    for (isize i = 0; i < issues->list.len; i++) {
        const struct cel_issue *issue = &issues->list.ptr[i];
        if (issue->follows) {
            continue;
        }
        str shown = issue->better.len > 0 ? issue->better : issue->text;
        struct diag *d = diag_add(m->c->diags, &err_expression, expr_span(text, issue->start, issue->end),
                                  "%.*s", STR_ARG(shown));
        if (issue->help.len > 0) {
            diag_help(m->c->diags, d, "%.*s", STR_ARG(issue->help));
        }
        diag_reference_text(d, text);
        if (first) {
            d->ref_text = reference_text(m, text, issues);
        } else {
            d->ref_hidden = true;
        }
        first = false;
    }
}

struct ast *expr_parse(struct module *m, const struct ptext *text)
{
    struct cel_issues issues = { .arena = m->c->arena };
    struct ast *tree = cel_parse(m->c->arena, text->text, 0, &issues);
    if (tree == NULL || issues.list.len > 0) {
        report(m, text, &issues);
        return NULL;
    }
    return tree;
}

/* ---- names of variables and constants ---- */
struct names_walk {
    struct module *m;
    const struct ptext *text;
    str in_variable;
    VEC(uint32_t) uses;
    bool failed;
};

static void report_undefined(struct names_walk *w, const struct ast *node, bool variable)
{
    struct module *m = w->m;
    const char *what = variable ? "variable" : "constant";
    struct diag *d =
        diag_add(m->c->diags, variable ? &err_variable_undefined : &err_constant_undefined,
                 expr_span(w->text, node->start, node->end), "%s `%.*s` is not defined", what,
                 STR_ARG(node->select.field));
    const struct map *names = variable ? &m->var_names : &m->const_names;
    str near = diag_nearest(m->c->arena, node->select.field, names->keys, (isize)names->count);
    if (near.len > 0) {
        diag_help(m->c->diags, d, "did you mean `%.*s`?", STR_ARG(near));
    } else {
        diag_help(m->c->diags, d, "define it below `%ss.local`, or import it", what);
    }
    diag_reference_text(d, w->text);
    d->ref_text = w->in_variable.len == 0
                      ? str_printf(m->c->arena, "Undefined %s '%.*s'", what, STR_ARG(node->select.field))
                      : str_printf(m->c->arena, "Undefined %s '%.*s' referenced in variable '%.*s'", what,
                                   STR_ARG(node->select.field), STR_ARG(w->in_variable));
    w->failed = true;
    m->failed = true;
}

static bool visit_name(void *ctx, struct ast *node)
{
    struct names_walk *w = ctx;
    if (node->kind != A_SELECT || node->select.operand->kind != A_IDENT) {
        return true;
    }
    str object = node->select.operand->ident.name;
    bool variable = str_eq(object, S("V")) || str_eq(object, S("variables"));
    bool constant = str_eq(object, S("C")) || str_eq(object, S("constants"));
    if (!variable && !constant) {
        return true;
    }
    uint32_t number = map_get(variable ? &w->m->var_names : &w->m->const_names, node->select.field);
    if (number == MAP_NONE) {
        report_undefined(w, node, variable);
    } else if (variable) {
        *vec_push(w->m->c->arena, &w->uses) = number;
    }
    return true;
}

bool expr_names(struct module *m, const struct ptext *text, struct ast *tree, str in_variable,
                const uint32_t **uses, isize *use_count)
{
    struct names_walk w = { .m = m, .text = text, .in_variable = in_variable };
    ast_walk(tree, visit_name, &w);
    if (uses != NULL) {
        *uses = w.uses.ptr;
        *use_count = w.uses.len;
    }
    return !w.failed;
}

/* ---- facts about a checked tree ---- */
/* Has any overload of the function a time zone among its arguments? Rows of one name stand together. */
static bool takes_zone(int32_t first)
{
    const char *name = cel_funcs[first].name;
    for (int32_t row = first; row < cel_func_count && strcmp(cel_funcs[row].name, name) == 0; row++) {
        if ((cel_funcs[row].flags & CF_ZONE) != 0) {
            return true;
        }
    }
    return false;
}

static bool visit_facts(void *ctx, struct ast *node)
{
    struct module *m = ctx;
    if (node->kind == A_IDENT && node->ident.root == ROOT_RUNTIME) {
        m->uses_runtime = true;
    }
    if (node->kind == A_CALL && node->call.func >= 0 && node->call.argc + (node->call.target != NULL) > 1 &&
        takes_zone(node->call.func)) {
        m->c->zones = true;
    }
    return true;
}

uint32_t expr_generate(struct module *m, const struct ptext *text, struct ast *tree)
{
    struct cel_issues issues = { .arena = m->c->arena };
    uint32_t expr = IMAGE_NONE;
    if (cel_check(m->c->arena, &m->env, tree, &issues) != CARDEA_OK || issues.list.len > 0) {
        report(m, text, &issues);
        return IMAGE_NONE;
    }
    ast_walk(tree, visit_facts, m);
    if (cel_fold(m->c->arena, tree, &issues) != CARDEA_OK || issues.list.len > 0) {
        report(m, text, &issues);
        return IMAGE_NONE;
    }
    if (m->failed) {
        return IMAGE_NONE; /* nothing will be run: only faults are of interest */
    }
    if (cel_gen(m->set, tree, &expr, &issues) != CARDEA_OK) {
        report(m, text, &issues);
        return IMAGE_NONE;
    }
    while (m->texts.len <= (isize)expr) {
        (void)vec_push(m->c->arena, &m->texts);
    }
    m->texts.ptr[expr] = text->text;
    return expr;
}

bool expr_recheck(struct module *m, const struct ptext *text, isize from, isize to)
{
    struct cel_issues issues = { .arena = m->c->arena };
    struct ast *tree = cel_parse(m->c->arena, text->text, 0, &issues);
    if (tree != NULL && cel_check(m->c->arena, &m->env, tree, &issues) == CARDEA_OK &&
        cel_fold(m->c->arena, tree, &issues) == CARDEA_OK && issues.list.len == 0) {
        return true;
    }
    report(m, text, &issues);
    diags_hide(m->c->diags, from, to);
    return false;
}

uint32_t expr_compile(struct module *m, const struct ptext *text)
{
    uint32_t known = map_get(&m->exprs, text->text);
    if (known != MAP_NONE) {
        return known;
    }
    struct ast *tree = expr_parse(m, text);
    isize before = m->c->diags->list.len;
    if (tree == NULL) {
        return IMAGE_NONE;
    }
    if (!expr_names(m, text, tree, STR_EMPTY, NULL, NULL)) {
        (void)expr_recheck(m, text, before, m->c->diags->list.len); /* it has been reported */
        return IMAGE_NONE;
    }
    uint32_t expr = expr_generate(m, text, tree);
    if (expr != IMAGE_NONE) {
        (void)map_set(m->c->arena, &m->exprs, text->text, expr);
    }
    return expr;
}
