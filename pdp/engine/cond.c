/* cond.c — conditions, their memo, and what an error means
 *
 * A condition is a tree of all/any/none over expressions. An expression counts as true only when its value is the
 * boolean true. In lenient evaluation (the reference's default) an error makes its expression false and the list goes
 * on; in strict evaluation it ends the whole condition. A row's condition is evaluated at most once per resource; the
 * memo cell is the row's own, never shared by name.
 *
 * spec: cerbos-compat#conditions-and-errors
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/decide_priv.h"

/* Distinct errors kept for one resource. */
#define MAX_ERRORS 256

void evaluation_error_add(struct decider *d, str expression, struct value error)
{
    str message = error.err->text;
    for (isize i = 0; i < d->errors.len; i++) {
        if (str_eq(d->errors.ptr[i].expression, expression) && str_eq(d->errors.ptr[i].message, message)) {
            return;
        }
    }
    if (d->errors.len < MAX_ERRORS) {
        *vec_push(d->arena, &d->errors) = (struct evaluation_error){ expression, message };
    }
}

static str expr_text(const struct unit_state *u, uint32_t expr)
{
    const struct image *im = &u->decider->snapshot->image;
    return image_str(im, im->texts[im->units[u->unit].texts.first + expr]);
}

static void on_var_error(void *ctx, uint32_t var, struct value error)
{
    struct unit_state *u = ctx;
    evaluation_error_add(u->decider, expr_text(u, u->run.code->vars[var]), error);
}

struct unit_state *unit_state_get(struct decider *d, uint32_t unit)
{
    for (struct unit_state *u = d->units; u != NULL; u = u->next) {
        if (u->unit == unit) {
            return u;
        }
    }
    const struct cel_code *code = &d->snapshot->units[unit];
    struct unit_state *u = new (d->arena, struct unit_state, 1);
    *u = (struct unit_state){
        .run = { .code = code,
                 .arena = d->arena,
                 .roots = d->roots,
                 .path_memo = new (d->arena, struct value, code->path_count),
                 .var_memo = new (d->arena, struct value, code->var_count),
                 .thread = d->thread,
                 .zones = d->snapshot->zones,
                 .now_ns = d->request->now_ns,
                 .on_var_error = on_var_error,
                 .ctx = u },
        .decider = d,
        .unit = unit,
        .next = d->units,
    };
    d->units = u;
    return u;
}

static void observe(struct decider *d, const struct unit_state *u, uint32_t number, struct value value)
{
    if (d->observer != NULL && d->observer->condition != NULL) {
        struct condition_event event = { u->unit, number, value };
        d->observer->condition(d->observer->ctx, &event);
    }
}

static enum outcome expr_eval(struct decider *d, struct unit_state *u, uint32_t number, uint32_t expr)
{
    u->run.budget = d->snapshot->options.budget;
    struct value v = cel_eval(&u->run, expr);
    observe(d, u, number, v);
    if (v.kind != V_ERROR) {
        return v_is_true(v) ? OUT_TRUE : OUT_FALSE;
    }
    evaluation_error_add(d, expr_text(u, expr), v);
    return d->snapshot->options.strict_evaluation ? OUT_ERROR : OUT_FALSE;
}

enum outcome condition_eval(struct decider *d, struct unit_state *u, uint32_t number)
{
    if (number == IMAGE_NONE) {
        return OUT_TRUE;
    }
    const struct img_condition *c = &d->snapshot->image.conditions[number];
    if (c->kind == COND_EXPR) {
        return expr_eval(d, u, number, c->first);
    }
    /* all ends at the first false, any and none at the first true */
    enum outcome ends = c->kind == COND_ALL ? OUT_FALSE : OUT_TRUE;
    enum outcome seen = c->kind == COND_ALL ? OUT_TRUE : OUT_FALSE;
    for (uint32_t i = 0; i < c->count; i++) {
        enum outcome o = condition_eval(d, u, c->first + i);
        if (o == OUT_ERROR) {
            return OUT_ERROR;
        }
        if (o == ends) {
            seen = ends;
            break;
        }
    }
    bool holds = c->kind == COND_NONE ? seen == OUT_FALSE : seen == OUT_TRUE;
    observe(d, u, number, v_bool(holds));
    return holds ? OUT_TRUE : OUT_FALSE;
}

enum outcome row_condition(struct decider *d, struct policy_state *p, const struct img_row *row)
{
    if (row->condition == IMAGE_NONE) {
        return OUT_TRUE;
    }
    if (p->conditions == NULL) {
        p->conditions = new (d->arena, uint8_t, p->policy->conditions);
    }
    if (p->unit == NULL) {
        p->unit = unit_state_get(d, p->policy->unit);
    }
    uint8_t *memo = &p->conditions[row->memo];
    if (*memo == OUT_UNKNOWN) {
        *memo = (uint8_t)condition_eval(d, p->unit, row->condition);
    }
    return (enum outcome)*memo;
}
