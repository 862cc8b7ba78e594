/* outputs.c — output expressions of rules
 *
 * An output is evaluated in the code of the rule's policy. Its error never touches the effect: the entry carries the
 * text. A value that has no JSON form is left to the writer of the answer, who has to find that out anyway.
 *
 * spec: cerbos-compat#outputs
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/decide_priv.h"

/* Most entries of one decision; a rule may match through many patterns. */
#define MAX_OUTPUTS 10000

void output_emit(struct decider *d, struct policy_state *p, const struct img_row *row, uint32_t expr)
{
    if (d->outputs.len >= MAX_OUTPUTS) {
        arena_overflow(d->arena);
    }
    if (p->unit == NULL) {
        p->unit = unit_state_get(d, p->policy->unit);
    }
    p->unit->run.budget = d->snapshot->options.budget;
    struct value v = cel_eval(&p->unit->run, expr);
    struct output_entry entry = { .src = image_str(&d->snapshot->image, row->output),
                                  .action = d->item->actions[d->action] };
    if (v.kind == V_ERROR) {
        entry.error = v.err->text;
    } else {
        entry.val = v;
    }
    *vec_push(d->arena, &d->outputs) = entry;
}
