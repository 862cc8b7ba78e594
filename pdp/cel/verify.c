/* verify.c — proves code safe before it may run
 *
 * Bundles come from outside; behind this door the VM checks nothing. The proof is one pass over
 * each expression with the abstract state at every word: how many operands of which sort are on the
 * stack, which slots hold a value, which hold the state of which loop. Jumps lead forward, so the
 * state at a word is complete when the pass gets there; the one jump back (NEXT) must find
 * everything that the body of its loop relied on.
 *
 *   tables      numbers in range, names are strings, constants are plain values
 *   stack       same depth and sorts on every join, never more than max_stack
 *   slots       set before use; the state of a loop is touched by its own instructions only
 *   control     jumps land on instructions of the same expression, every path ends in RET,
 *               nothing is unreachable
 *   variables   refer to smaller numbers only (so no cycle), wait for each other only so deep,
 *               and find room for their frames
 *
 * Running time is not proved here: each pass of a loop is charged to the budget of the run.
 *
 * Neighbours: verify_tables.c proves the first point · opcodes.def states the effects · gen.c makes code
 * that passes
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/bitset.h"
#include "cel/func.h"
#include "cel/vm_priv.h"

enum sort { SORT_VALUE, SORT_LIST_BUILDER, SORT_MAP_BUILDER };

/* ---- slots: what is in them ---- */
#define SLOT_EMPTY 0u
#define SLOT_VALUE 1u
#define LOOP_PARTS 3u /* LS_RANGE, LS_POS, LS_ACC */
static uint32_t loop_mark(uint32_t pc, uint32_t part)
{
    return 2 + pc * LOOP_PARTS + part;
}

struct state {
    uint32_t depth;  /* operands on the stack               */
    uint8_t *stack;  /* enum sort of each                   */
    uint32_t *slots; /* SLOT_EMPTY, SLOT_VALUE or loop_mark */
};

#define STATE_BYTES_MAX ((isize)64 << 20) /* what the pending states of one expression may take */

struct verifier {
    const struct cel_code *code;
    uint32_t root_count;
    struct arena *scratch;
    str *why;

    /* the expression at hand */
    const struct cel_expr *expr;
    const uint32_t *words;  /* its first word                                             */
    uint64_t *starts;       /* words at which an instruction begins                       */
    struct state **pending; /* states of jumps that lead to a word, NULL: none            */
    struct state **bodies;  /* state at the body of the loop whose LOOP is at a word      */
    struct state now;       /* state before the instruction at hand                       */
    bool reached;           /* whether control can get to the instruction at hand         */
    uint32_t at;            /* its word                                                   */
    uint32_t var_limit;     /* variables with smaller numbers may be read                 */
    uint32_t flags;         /* flags that the code shows                                  */
    isize bytes;            /* taken for states                                           */
};

static cardea_status refuse(struct verifier *v, const char *what)
{
    if (v->why != NULL) {
        uint32_t number = v->expr != NULL ? (uint32_t)(v->expr - v->code->exprs) : 0;
        *v->why = v->expr != NULL
                      ? str_printf(v->scratch, "expression %u, word %u: %s", number, v->at, what)
                      : str_printf(v->scratch, "%s", what);
    }
    return CARDEA_ECORRUPT;
}

/* ---- states ---- */

static struct state *state_copy(struct verifier *v, const struct state *from)
{
    v->bytes += (isize)sizeof *from + (isize)from->depth + (isize)v->expr->slots * 4;
    if (v->bytes > STATE_BYTES_MAX) {
        return NULL;
    }
    struct state *s = new(v->scratch, struct state, 1);
    s->depth = from->depth;
    s->stack = new(v->scratch, uint8_t, from->depth);
    s->slots = new(v->scratch, uint32_t, v->expr->slots);
    if (from->depth > 0) {
        memcpy(s->stack, from->stack, from->depth);
    }
    if (v->expr->slots > 0) {
        memcpy(s->slots, from->slots, v->expr->slots * sizeof *s->slots);
    }
    return s;
}

/* Control may also come from `other`: slots keep what both agree on. False: the stacks differ. */
static bool state_join(struct verifier *v, struct state *into, const struct state *other)
{
    if (into->depth != other->depth || memcmp(into->stack, other->stack, into->depth) != 0) {
        return false;
    }
    for (uint32_t i = 0; i < v->expr->slots; i++) {
        if (into->slots[i] != other->slots[i]) {
            into->slots[i] = SLOT_EMPTY;
        }
    }
    return true;
}

/* Notes that control can get from here, with the state `now`, to the word `target` of the
 * expression. */
static cardea_status jump_to(struct verifier *v, uint64_t target)
{
    if (target >= v->expr->words || !bits_test(v->starts, (isize)target)) {
        return refuse(v, "jump leads nowhere");
    }
    struct state **there = &v->pending[target];
    if (*there == NULL) {
        *there = state_copy(v, &v->now);
        return *there != NULL ? CARDEA_OK : refuse(v, "too many jumps");
    }
    return state_join(v, *there, &v->now) ? CARDEA_OK
                                          : refuse(v, "stack differs between ways to a word");
}

/* ---- stack ---- */

static cardea_status pop(struct verifier *v, uint32_t count)
{
    if (v->now.depth < count) {
        return refuse(v, "stack is empty");
    }
    for (uint32_t i = 0; i < count; i++) {
        if (v->now.stack[--v->now.depth] != SORT_VALUE) {
            return refuse(v, "builder is used as a value");
        }
    }
    return CARDEA_OK;
}

static cardea_status push(struct verifier *v, enum sort sort)
{
    if (v->expr->slots + v->now.depth >= v->expr->max_stack) {
        return refuse(v, "stack is deeper than stated");
    }
    v->now.stack[v->now.depth++] = (uint8_t)sort;
    return CARDEA_OK;
}

/* The state when control leaves with one more value, at `target`; `now` stays as it was. */
static cardea_status jump_with_value(struct verifier *v, uint64_t target)
{
    TRY(push(v, SORT_VALUE));
    TRY(jump_to(v, target));
    v->now.depth--;
    return CARDEA_OK;
}

static cardea_status builder_below(struct verifier *v, enum sort sort)
{
    if (v->now.depth == 0 || v->now.stack[v->now.depth - 1] != sort) {
        return refuse(v, "no builder below the operands");
    }
    return CARDEA_OK;
}

/* ---- loops ---- */

static void forget_loop(struct verifier *v, uint32_t slot)
{
    for (uint32_t i = 0; i < LOOP_SLOTS; i++) {
        v->now.slots[slot + i] = SLOT_EMPTY;
    }
}

/* The way out of a loop with its value, from an instruction whose next word is `next`. */
static cardea_status leave_loop(struct verifier *v, uint32_t slot, uint64_t target)
{
    uint32_t kept[LOOP_SLOTS];
    memcpy(kept, v->now.slots + slot, sizeof kept);
    forget_loop(v, slot);
    TRY(jump_with_value(v, target));
    memcpy(v->now.slots + slot, kept, sizeof kept);
    return CARDEA_OK;
}

static cardea_status check_loop(struct verifier *v, uint32_t w)
{
    uint32_t slot = WORD_B(w);
    uint32_t a = WORD_A(w);
    uint64_t body = (uint64_t)v->at + 2;
    if (slot + LOOP_SLOTS > v->expr->slots || LOOP_KIND(a) > LOOP_SORT_BY ||
        (a & ~(15u | LOOP_TWO)) != 0) {
        return refuse(v, "loop is malformed");
    }
    TRY(pop(v, 1));
    TRY(leave_loop(v, slot, body + v->words[v->at + 1]));
    if (body >= v->expr->words || v->pending[body] != NULL) {
        return refuse(v, "jump into a loop");
    }
    for (uint32_t part = 0; part < LOOP_PARTS; part++) {
        v->now.slots[slot + part] = loop_mark(v->at, part);
    }
    v->now.slots[slot + LS_VAR1] = SLOT_VALUE;
    v->now.slots[slot + LS_VAR2] = SLOT_VALUE;
    v->bodies[v->at] = state_copy(v, &v->now);
    return v->bodies[v->at] != NULL ? CARDEA_OK : refuse(v, "too many loops");
}

/* The word of the LOOP whose state is at `slot`. */
static cardea_status loop_at(struct verifier *v, uint32_t slot, uint32_t *loop)
{
    if (slot + LOOP_SLOTS > v->expr->slots || v->now.slots[slot] < 2) {
        return refuse(v, "no loop has its state here");
    }
    *loop = (v->now.slots[slot] - 2) / LOOP_PARTS;
    for (uint32_t part = 0; part < LOOP_PARTS; part++) {
        if (v->now.slots[slot + part] != loop_mark(*loop, part)) {
            return refuse(v, "state of a loop is damaged");
        }
    }
    if (v->now.slots[slot + LS_VAR1] != SLOT_VALUE) {
        return refuse(v, "variable of a loop is damaged");
    }
    return CARDEA_OK;
}

static bool step_fits(enum opcode op, uint32_t kind)
{
    switch (op) {
    case OP_ALL:
        return kind == LOOP_ALL;
    case OP_ANY:
        return kind == LOOP_EXISTS;
    case OP_TALLY:
        return kind == LOOP_EXISTS_ONE;
    case OP_APPEND:
        return kind == LOOP_MAP || kind == LOOP_SORT_BY;
    case OP_PUT:
        return kind == LOOP_TRANSFORM_MAP;
    default:
        return op == OP_PUT_ALL && kind == LOOP_MAP_ENTRY;
    }
}

static cardea_status check_step(struct verifier *v, uint32_t w)
{
    enum opcode op = (enum opcode)WORD_OP(w);
    uint32_t slot = WORD_B(w);
    uint32_t loop = 0;
    TRY(loop_at(v, slot, &loop));
    if (!step_fits(op, LOOP_KIND(WORD_A(v->words[loop])))) {
        return refuse(v, "instruction does not fit the kind of loop");
    }
    if (op == OP_TALLY) {
        return CARDEA_OK;
    }
    TRY(pop(v, 1));
    return leave_loop(v, slot, (uint64_t)v->at + 2 + v->words[v->at + 1]);
}

static cardea_status check_next(struct verifier *v, uint32_t w)
{
    uint32_t slot = WORD_B(w);
    uint32_t loop = 0;
    TRY(loop_at(v, slot, &loop));
    const struct state *body = v->bodies[loop];
    if (WORD_A(w) != WORD_A(v->words[loop]) || slot != WORD_B(v->words[loop]) || body == NULL ||
        v->words[v->at + 1] != v->at - (loop + 2)) {
        return refuse(v, "end of a loop does not match its begin");
    }
    if (body->depth != v->now.depth || memcmp(body->stack, v->now.stack, body->depth) != 0) {
        return refuse(v, "stack differs at the end of a pass");
    }
    for (uint32_t i = 0; i < v->expr->slots; i++) {
        if (body->slots[i] != SLOT_EMPTY && body->slots[i] != v->now.slots[i]) {
            return refuse(v, "slot was lost during a pass");
        }
    }
    forget_loop(v, slot);
    return push(v, SORT_VALUE);
}

/* ---- instructions ---- */

static cardea_status check_var(struct verifier *v, uint32_t var)
{
    if (var >= v->var_limit) {
        return refuse(v, "variable depends on itself or a later one");
    }
    const struct cel_expr *e = &v->code->exprs[v->code->vars[var]];
    if (v->expr->slots + v->now.depth + e->max_stack > v->expr->max_stack) {
        return refuse(v, "no room for the frame of a variable");
    }
    v->flags |= CX_VARS | e->flags;
    return push(v, SORT_VALUE);
}

static cardea_status check_slot(struct verifier *v, uint32_t w)
{
    if (WORD_I(w) >= v->expr->slots) {
        return refuse(v, "slot is out of range");
    }
    if (WORD_OP(w) == OP_STORE) {
        TRY(pop(v, 1));
        v->now.slots[WORD_I(w)] = SLOT_VALUE;
        return CARDEA_OK;
    }
    if (v->now.slots[WORD_I(w)] != SLOT_VALUE) {
        return refuse(v, "slot is read before it is set");
    }
    return push(v, SORT_VALUE);
}

static cardea_status check_count(struct verifier *v, enum opcode op, uint32_t count)
{
    if (count > v->expr->words) {
        return refuse(v, "count is out of range"); /* every part takes a word at least */
    }
    switch (op) {
    case OP_LIST:
        TRY(pop(v, count));
        return push(v, SORT_VALUE);
    case OP_MAP:
        TRY(pop(v, 2 * count));
        return push(v, SORT_VALUE);
    case OP_LIST_NEW:
        return push(v, SORT_LIST_BUILDER);
    case OP_MAP_NEW:
        return push(v, SORT_MAP_BUILDER);
    case OP_LIST_ADD:
        TRY(pop(v, count));
        return builder_below(v, SORT_LIST_BUILDER);
    default:
        TRY(pop(v, 2 * count));
        return builder_below(v, SORT_MAP_BUILDER);
    }
}

static cardea_status check_call(struct verifier *v, uint32_t w)
{
    int func = (int)WORD_B(w);
    if (!func_takes(func, (int)WORD_A(w))) {
        return refuse(v, "no such function");
    }
    v->flags |= (cel_funcs[func].flags & CF_TIME) != 0 ? CX_NOW : 0;
    TRY(pop(v, WORD_A(w)));
    return push(v, SORT_VALUE);
}

static cardea_status check_jump(struct verifier *v, uint32_t w)
{
    uint64_t next = (uint64_t)v->at + opcode_info[WORD_OP(w)].words;
    switch ((enum opcode)WORD_OP(w)) {
    case OP_JUMP:
        v->reached = false;
        return jump_to(v, next + WORD_I(w));
    case OP_COND:
        TRY(pop(v, 1));
        TRY(jump_to(v, next + WORD_I(w)));
        return jump_with_value(v, next + v->words[v->at + 1]);
    case OP_OPT_VALUE:
    case OP_OPT_OR:
        TRY(pop(v, 1));
        return jump_with_value(v, next + WORD_I(w));
    default: /* JFALSE, JTRUE */
        TRY(pop(v, 1));
        v->now.depth++;
        return jump_to(v, next + WORD_I(w));
    }
}

/* Instructions without operands of their own. */
static cardea_status check_plain(struct verifier *v, enum opcode op)
{
    switch (op) {
    case OP_LIST_OPT:
        TRY(pop(v, 1));
        return builder_below(v, SORT_LIST_BUILDER);
    case OP_MAP_OPT:
        TRY(pop(v, 2));
        return builder_below(v, SORT_MAP_BUILDER);
    case OP_LIST_END:
    case OP_MAP_END:
        TRY(builder_below(v, op == OP_LIST_END ? SORT_LIST_BUILDER : SORT_MAP_BUILDER));
        v->now.stack[v->now.depth - 1] = SORT_VALUE;
        return CARDEA_OK;
    case OP_RET:
        TRY(pop(v, 1));
        v->reached = false;
        return v->now.depth == 0 ? CARDEA_OK : refuse(v, "operands are left at the end");
    default:
        TRY(pop(v, (uint32_t)opcode_info[op].pops));
        return push(v, SORT_VALUE);
    }
}

static cardea_status check_table_operand(struct verifier *v, uint32_t w)
{
    uint32_t imm = WORD_I(w);
    bool ok = false;
    switch ((enum operand_form)opcode_info[WORD_OP(w)].form) {
    case FORM_KONST:
        ok = imm < v->code->konst_count;
        break;
    case FORM_NAME:
        ok = verify_konst_is(v->code, imm, V_STRING);
        break;
    case FORM_SET:
        ok = verify_konst_is(v->code, imm, V_MAP);
        break;
    case FORM_PATH:
        ok = imm < v->code->path_count;
        break;
    default:
        ok = imm < v->code->pattern_count;
    }
    if (!ok) {
        return refuse(v, "operand is out of range");
    }
    TRY(pop(v, (uint32_t)opcode_info[WORD_OP(w)].pops));
    return push(v, SORT_VALUE);
}

static cardea_status check_instruction(struct verifier *v)
{
    uint32_t w = v->words[v->at];
    enum opcode op = (enum opcode)WORD_OP(w);
    switch ((enum operand_form)opcode_info[op].form) {
    case FORM_NONE:
        return check_plain(v, op);
    case FORM_SLOT:
        return check_slot(v, w);
    case FORM_VAR:
        return check_var(v, WORD_I(w));
    case FORM_COUNT:
        return check_count(v, op, WORD_I(w));
    case FORM_JUMP:
    case FORM_COND:
        return check_jump(v, w);
    case FORM_CALL:
        return check_call(v, w);
    case FORM_LOOP:
        return check_loop(v, w);
    case FORM_STEP:
    case FORM_TALLY:
        return check_step(v, w);
    case FORM_NEXT:
        return check_next(v, w);
    default:
        return check_table_operand(v, w);
    }
}

/* ---- expressions ---- */

static cardea_status find_starts(struct verifier *v)
{
    for (uint32_t at = 0; at < v->expr->words; at += opcode_info[WORD_OP(v->words[at])].words) {
        v->at = at;
        uint32_t op = WORD_OP(v->words[at]);
        if (op >= OP_COUNT || opcode_info[op].words > v->expr->words - at) {
            return refuse(v, "no such instruction");
        }
        bits_set(v->starts, at);
    }
    return CARDEA_OK;
}

static cardea_status walk(struct verifier *v)
{
    for (uint32_t at = 0; at < v->expr->words; at += opcode_info[WORD_OP(v->words[at])].words) {
        v->at = at;
        const struct state *other = v->pending[at];
        if (other != NULL && v->reached) {
            if (!state_join(v, &v->now, other)) {
                return refuse(v, "stack differs between ways to a word");
            }
        } else if (other != NULL) {
            v->now.depth = other->depth;
            memcpy(v->now.stack, other->stack, other->depth);
            memcpy(v->now.slots, other->slots, v->expr->slots * sizeof *other->slots);
            v->reached = true;
        }
        if (!v->reached) {
            return refuse(v, "word is never reached");
        }
        TRY(check_instruction(v));
    }
    return v->reached ? refuse(v, "expression has no end") : CARDEA_OK;
}

static cardea_status check_expr(struct verifier *v, uint32_t number, uint32_t var_limit)
{
    struct arena_mark mark = arena_mark(v->scratch);
    v->expr = &v->code->exprs[number];
    v->words = v->code->words + v->expr->entry;
    v->var_limit = var_limit;
    v->flags = 0;
    v->bytes = 0;
    v->reached = true;
    v->starts = new(v->scratch, uint64_t, bits_words(v->expr->words));
    v->pending = new(v->scratch, struct state *, v->expr->words);
    v->bodies = new(v->scratch, struct state *, v->expr->words);
    v->now.depth = 0;
    v->now.stack = new(v->scratch, uint8_t, v->expr->max_stack + 1);
    v->now.slots = new(v->scratch, uint32_t, v->expr->slots + 1);
    TRY(find_starts(v));
    TRY(walk(v));
    if ((v->flags & ~v->expr->flags) != 0) {
        return refuse(v, "flags do not tell what the code does");
    }
    arena_reset(v->scratch, mark);
    return CARDEA_OK;
}

/* How many variables wait for each other; references lead to smaller numbers, so one pass in
 * order suffices. */
static cardea_status check_depths(struct verifier *v)
{
    const struct cel_code *code = v->code;
    uint32_t *depths = new(v->scratch, uint32_t, code->var_count);
    for (uint32_t var = 0; var < code->var_count; var++) {
        v->expr = &code->exprs[code->vars[var]];
        const uint32_t *words = code->words + v->expr->entry;
        for (uint32_t at = 0; at < v->expr->words; at += opcode_info[WORD_OP(words[at])].words) {
            if (opcode_info[WORD_OP(words[at])].form == FORM_VAR &&
                depths[var] <= depths[WORD_I(words[at])]) {
                depths[var] = depths[WORD_I(words[at])] + 1;
            }
        }
        if (depths[var] >= CEL_VAR_DEPTH) {
            v->at = 0;
            return refuse(v, "too many variables depend on each other");
        }
    }
    v->expr = NULL;
    return CARDEA_OK;
}

cardea_status cel_verify(const struct cel_code *code, uint32_t root_count, struct arena *scratch,
                         str *why)
{
    struct verifier v = { .code = code, .root_count = root_count, .scratch = scratch, .why = why };
    TRY(verify_tables(code, root_count, scratch, why));
    uint32_t *limits = new(scratch, uint32_t, code->expr_count);
    for (uint32_t i = 0; i < code->expr_count; i++) {
        limits[i] = code->var_count;
    }
    for (uint32_t var = code->var_count; var > 0; var--) { /* the smallest number counts */
        limits[code->vars[var - 1]] = var - 1;
    }
    for (uint32_t i = 0; i < code->expr_count; i++) {
        TRY(check_expr(&v, i, limits[i]));
    }
    v.expr = NULL;
    return check_depths(&v);
}
