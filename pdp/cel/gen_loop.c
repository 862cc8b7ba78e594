/* gen_loop.c — checked trees → code: comprehension macros and bind
 *
 *     <range>
 *     LOOP  kind slot → end
 *   body:
 *     <filter>  COND → next, end        (where there is a filter)
 *     <body>    APPEND slot → end       (or what the kind of loop does with a value)
 *   next:
 *     NEXT  kind slot → body
 *   end:
 *
 * Whoever jumps to the end has pushed the loop's value. A bound variable is evaluated where it is
 * bound: an error is a value that only counts where the variable is used, so nobody can tell this
 * from evaluation at first use.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/gen_priv.h"

static uint32_t take_slots(struct gen *g, uint32_t count, const struct ast *node)
{
    uint32_t first = g->slots;
    g->slots += count;
    g->max_slots = g->slots > g->max_slots ? g->slots : g->max_slots;
    if (g->slots > CEL_STACK_MAX) {
        gen_fail(g, CARDEA_ELIMIT, node, "expression is too large");
    }
    return first;
}

static void declare(struct gen *g, str name, uint32_t slot)
{
    *vec_push(g->set->arena, &g->locals) = (struct local){ name, slot };
}

/* What a pass does with its value; returns the position of the jump to the end, or UINT32_MAX. */
static uint32_t gen_pass(struct gen *g, const struct ast *node, uint32_t slot, uint32_t *skip)
{
    static const uint8_t ops[] = {
        [LOOP_ALL] = OP_ALL,           [LOOP_EXISTS] = OP_ANY,        [LOOP_MAP] = OP_APPEND,
        [LOOP_TRANSFORM_MAP] = OP_PUT, [LOOP_MAP_ENTRY] = OP_PUT_ALL, [LOOP_SORT_BY] = OP_APPEND,
    };
    gen_node(g, node->loop.body);
    if (node->loop_kind == LOOP_EXISTS_ONE) {
        *skip = gen_op(g, node, OP_COND, 1, 0);
        gen_word(g, 0);
        gen_op(g, node, WORD(OP_TALLY, 0, slot), 0, 0);
        return *skip;
    }
    uint32_t at = gen_op(g, node, WORD(ops[node->loop_kind], 0, slot), 1, 0);
    gen_word(g, 0);
    return at;
}

void gen_loop(struct gen *g, const struct ast *node)
{
    bool two = node->loop.var2.len > 0;
    uint32_t kind = node->loop_kind | (two ? LOOP_TWO : 0);
    uint32_t ends[3]; /* jumps to the end: LOOP, filter, pass */
    uint32_t end_count = 0;
    uint32_t skips[2]; /* jumps to NEXT: filter, exists_one */
    uint32_t skip_count = 0;

    gen_node(g, node->loop.range);
    uint32_t slot = take_slots(g, LOOP_SLOTS, node);
    ends[end_count++] = gen_op(g, node, WORD(OP_LOOP, kind, slot), 1, 0);
    uint32_t body = gen_word(g, 0) + 1;
    isize locals = g->locals.len;
    declare(g, node->loop.var, slot + LS_VAR1);
    if (two) {
        declare(g, node->loop.var2, slot + LS_VAR2);
    }
    if (node->loop.filter != NULL) {
        gen_node(g, node->loop.filter);
        skips[skip_count] = gen_op(g, node, OP_COND, 1, 0);
        gen_word(g, 0);
        ends[end_count++] = skips[skip_count++];
    }
    uint32_t skip = UINT32_MAX;
    ends[end_count++] = gen_pass(g, node, slot, &skip);
    if (skip != UINT32_MAX) {
        skips[skip_count++] = skip;
    }
    if (g->status != CARDEA_OK) {
        return;
    }
    for (uint32_t i = 0; i < skip_count; i++) {
        gen_land(g, skips[i]);
    }
    uint32_t next = gen_op(g, node, WORD(OP_NEXT, kind, slot), 0, 1);
    gen_word(g, next - body);
    for (uint32_t i = 0; i < end_count; i++) {
        gen_land_second(g, ends[i]);
    }
    g->locals.len = locals;
    g->slots = slot;
}

void gen_bind(struct gen *g, const struct ast *node)
{
    gen_node(g, node->bind.init);
    uint32_t slot = take_slots(g, 1, node);
    gen_op(g, node, WORD_IMM(OP_STORE, slot), 1, 0);
    declare(g, node->bind.name, slot);
    gen_node(g, node->bind.body);
    if (g->status == CARDEA_OK) {
        g->locals.len--;
        g->slots = slot;
    }
}
