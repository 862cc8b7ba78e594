/* vm_priv.h — what generator, verifier, VM and listing share
 *
 * A frame is one run of values: first the slots (local variables and the state of loops), then the
 * operands. A policy variable is evaluated in a frame that begins where its user's operands end;
 * max_stack of an expression counts its own frame and those of the variables it may evaluate, so
 * one check at the entry (cel_eval) proves the room.
 *
 * A loop owns LOOP_SLOTS consecutive slots:
 *   +0  range: list or map               +3  first variable
 *   +1  position (len), room (i)         +4  second variable
 *   +2  result so far
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_CEL_VM_PRIV_H
#define CARDEA_CEL_VM_PRIV_H

#include "cel/ast.h"
#include "cel/vm.h"

enum opcode { /* ORDER OPCODES */
#define OP(name, operands, words, pops, pushes, meaning) OP_##name,
#include "cel/opcodes.def"
#undef OP
              OP_COUNT
};

enum operand_form {
    FORM_NONE,
    FORM_KONST,
    FORM_NAME,
    FORM_SET,
    FORM_PATH,
    FORM_SLOT,
    FORM_VAR,
    FORM_PATTERN,
    FORM_COUNT,
    FORM_JUMP,
    FORM_COND,
    FORM_CALL,
    FORM_LOOP,
    FORM_STEP,
    FORM_NEXT,
    FORM_TALLY
};

struct opcode_info {
    const char *name;
    uint8_t form;  /* enum operand_form                 */
    uint8_t words; /* length of the instruction         */
    int8_t pops;   /* -1: by the operand                */
    int8_t pushes; /* on the way to the next instruction */
};

extern const struct opcode_info opcode_info[OP_COUNT];

/* ---- words ---- */
#define WORD(op, a, b)    ((uint32_t)(op) | (uint32_t)(a) << 8 | (uint32_t)(b) << 16)
#define WORD_IMM(op, imm) ((uint32_t)(op) | (uint32_t)(imm) << 8)
#define WORD_OP(w)        ((w)&255)
#define WORD_A(w)         ((w) >> 8 & 255)
#define WORD_B(w)         ((w) >> 16)
#define WORD_I(w)         ((w) >> 8)

#define IMM_MAX ((1u << 24) - 1)

/* ---- limits ---- */
#define CEL_FRAME 256 /* values on the C stack of cel_eval; larger frames come from the arena     */
#define CEL_STACK_MAX                                                                              \
    8192 /* most values of one evaluation                                            */
#define CEL_VAR_DEPTH                                                                              \
    200 /* most variables that wait for each other                                  */
#define CEL_LITERAL_PUSH                                                                           \
    32 /* longer list and map literals are built in steps                          */

/* ---- loops ---- */
#define LOOP_SLOTS   5
#define LOOP_KIND(a) ((a)&15u) /* enum ast_loop                     */
#define LOOP_TWO     16u       /* two variables                     */

enum loop_slot { LS_RANGE, LS_POS, LS_ACC, LS_VAR1, LS_VAR2 };

/* Starts a loop over `range` with the state at slot[0 … LOOP_SLOTS). True: run the body; false:
 * *result is the loop's value (an error, or the value for an empty range). `a` is operand a of
 * LOOP. */
bool loop_start(struct cel_run *run, struct value *slot, struct value range, uint32_t a,
                struct value *result);
/* Ends a pass. True: run the body again; false: *result is the loop's value. */
bool loop_next(struct cel_run *run, struct value *slot, uint32_t a, struct value *result);
/* Each takes the value of a pass; true: *result ends the loop. */
bool loop_all(struct value *slot, struct value v, struct value *result);
bool loop_any(struct value *slot, struct value v, struct value *result);
bool loop_append(struct cel_run *run, struct value *slot, struct value v, struct value *result);
bool loop_put(struct cel_run *run, struct value *slot, struct value v, struct value *result);
bool loop_put_all(struct cel_run *run, struct value *slot, struct value v, struct value *result);

/* ---- operators (ops.c): errors among the operands are handed on, the first one first ---- */
struct value op_add(struct cel_run *run, struct value a, struct value b);
struct value op_sub(struct cel_run *run, struct value a, struct value b);
struct value op_mul(struct cel_run *run, struct value a, struct value b);
struct value op_div(struct cel_run *run, struct value a, struct value b);
struct value op_mod(struct cel_run *run, struct value a, struct value b);
struct value op_neg(struct cel_run *run, struct value a);
struct value op_not(struct value a);
struct value op_eq(struct cel_run *run, struct value a, struct value b);
struct value op_ne(struct cel_run *run, struct value a, struct value b);
/* One of OP_LT OP_LE OP_GT OP_GE. */
struct value op_order(struct cel_run *run, enum opcode op, struct value a, struct value b);
struct value op_in(struct cel_run *run, struct value a, struct value b);
struct value op_inset(struct cel_run *run, struct value a, struct value set);
struct value op_and(struct value a, struct value b);
struct value op_or(struct value a, struct value b);

/* ---- selection (select.c) ---- */
struct value op_select(struct cel_run *run, struct value v, struct value name);
struct value op_select_opt(struct cel_run *run, struct value v, struct value name);
struct value op_has(struct cel_run *run, struct value v, struct value name);
struct value op_index(struct cel_run *run, struct value v, struct value key);
struct value op_index_opt(struct cel_run *run, struct value v, struct value key);
struct value op_path(struct cel_run *run, const struct cel_path *path);

/* ---- literals (select.c) ---- */
struct value op_list(struct cel_run *run, const struct value *items, isize count);
struct value op_map(struct cel_run *run, const struct value *pairs, isize count);
struct value build_list(struct cel_run *run, isize cap);
void build_list_add(struct value *builder, const struct value *items, isize count);
void build_list_opt(struct value *builder, struct value item);
struct value build_list_end(struct value builder);
struct value build_map(struct cel_run *run, isize cap);
void build_map_add(struct cel_run *run, struct value *builder, const struct value *pairs,
                   isize count);
void build_map_opt(struct cel_run *run, struct value *builder, const struct value *pair);
struct value build_map_end(struct value builder);

/* `matches` with literal pattern number p of the code. */
struct value op_match(struct cel_run *run, struct value subject, uint32_t p);

/* Errors and unknowns pass through strict operations. */
static inline bool v_is_raised(struct value v)
{
    return v.kind >= V_ERROR;
}

/* The error that a non-bool operand of a logical operator is. */
struct value logic_error(struct value v);

/* Charges for touching v to its depth; false when the budget is used up. */
bool charge_value(struct cel_run *run, struct value v);

/* What the reference calls a value's type in some messages: a type of its implementation (select.c). */
const char *go_type(struct value v);

/* Proves the tables of the code (verify_tables.c), as cel_verify says; not the words. */
cardea_status verify_tables(const struct cel_code *code, uint32_t root_count, struct arena *scratch,
                            str *why);

/* Whether there is a constant of this number, and it is of this kind. */
bool verify_konst_is(const struct cel_code *code, uint32_t number, uint8_t kind);

/* How many arguments row `func` of cel_funcs takes, told from its signature. */
int func_arity(int func);
/* Whether some row of the name that begins at `func` takes argc arguments and has an
 * implementation. */
bool func_takes(int func, int argc);

#endif
