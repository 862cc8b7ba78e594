/* conditions.c — condition trees and outputs
 *
 * Operands of a group stand together in CONDITIONS, in front of their parent, so a reader needs no recursion limit
 * but the document's own depth and evaluation always ends.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "compile/compile_priv.h"

static struct img_condition build(struct module *m, const struct match *match)
{
    static const uint32_t kinds[] = {
        [MATCH_EXPR] = COND_EXPR, [MATCH_ALL] = COND_ALL, [MATCH_ANY] = COND_ANY, [MATCH_NONE] = COND_NONE
    };
    struct img_condition out = { .kind = kinds[match->kind] };
    if (match->kind == MATCH_EXPR) {
        out.first = expr_compile(m, &match->expr);
        out.count = 1;
        return out;
    }
    struct img_condition *operands = new (m->c->arena, struct img_condition, match->of_count);
    for (isize i = 0; i < match->of_count; i++) {
        operands[i] = build(m, &match->of[i]);
    }
    out.first = image_count(m->c->image, SEC_CONDITIONS);
    out.count = (uint32_t)match->of_count;
    for (isize i = 0; i < match->of_count; i++) {
        (void)image_push(m->c->image, SEC_CONDITIONS, &operands[i]);
    }
    return out;
}

uint32_t condition_compile(struct module *m, const struct condition *condition)
{
    if (condition->script) {
        struct diag *d = diag_add(m->c->diags, &err_script, condition->span, "scripts in conditions are not supported");
        d->ref_text = S("Unsupported feature");
        diag_reference(d, condition->span.source, condition->ref_at, condition->caret_at, condition->path);
        m->failed = true;
        return IMAGE_NONE;
    }
    if (condition->match == NULL) {
        return IMAGE_NONE;
    }
    struct img_condition root = build(m, condition->match);
    return image_push(m->c->image, SEC_CONDITIONS, &root);
}

struct output_exprs output_compile(struct module *m, const struct output *output)
{
    struct output_exprs out = { IMAGE_NONE, IMAGE_NONE };
    if (!output->present) {
        return out;
    }
    if (output->activated.span.source == NULL && output->not_met.span.source == NULL) {
        struct diag *d = diag_add(m->c->diags, &err_output_empty, output->span, "the output has no expression");
        d->ref_text = S("output must have at least one expression");
        diag_reference(d, output->span.source, output->ref_at, output->caret_at, output->path);
        m->failed = true;
        return out;
    }
    if (output->activated.span.source != NULL) {
        out.activated = expr_compile(m, &output->activated);
    }
    if (output->not_met.span.source != NULL) {
        out.not_met = expr_compile(m, &output->not_met);
    }
    return out;
}
