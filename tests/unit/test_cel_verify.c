/* test_cel_verify.c — no code gets past the verifier that the VM cannot run
 *
 * Small pieces of broken code, one for each rule; then the sample code with random changes, always
 * the same: what is accepted is run (the sanitizers watch), and most changes must be refused.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/code.h"
#include "cel/func.h"
#include "cel/regex.h"
#include "cel/vm_priv.h"
#include "image/roots.h"
#include "support/cel_code.h"
#include "support/unit.h"

#include <stdio.h>

/* ---- broken code by hand ---- */

/* Tables that the pieces refer to: constants 0 int, 1 string, 2 map, 3 list; path 0; variables 0
 * and 1. */
static const struct vmap empty_map;
static const struct value konsts[] = { { .kind = V_INT, .i = 7 },
                                       { .kind = V_STRING, .len = 1, .s = "x" },
                                       { .kind = V_MAP, .map = &empty_map },
                                       { .kind = V_LIST } };
static const struct cel_path paths[] = { { .root = 0, .key_count = 1, .first_key = 0 } };
static const uint32_t path_keys[] = { 1 };
static const uint32_t patterns[] = { 1 };
static const uint32_t vars[] = { 1, 2 };
static const uint32_t var_names[] = { 1, 1 };

#define I(op, imm)        WORD_IMM(OP_##op, imm)
#define K                 I(KONST, 0)
#define RET               I(RET, 0)
#define EXISTS(slot)      WORD(OP_LOOP, LOOP_EXISTS, slot)
#define NEXT_EXISTS(slot) WORD(OP_NEXT, LOOP_EXISTS, slot)
#define MAX_WORDS         16

static const struct piece {
    uint32_t words[MAX_WORDS];
    uint32_t count;
    uint16_t stack, slots; /* as stated in the record */
    uint32_t flags;
    const char *why; /* NULL: accepted */
} pieces[] = {
    { { K, RET }, 2, 1, 0, 0, NULL },
    { { K, RET }, 1, 1, 0, 0, "expression has no end" },
    { { 0xff, RET }, 2, 1, 0, 0, "no such instruction" },
    { { K, I(COND, 0) }, 2, 1, 0, 0, "no such instruction" }, /* cut in the middle */
    { { K, K, RET }, 3, 2, 0, 0, "operands are left at the end" },
    { { RET }, 1, 1, 0, 0, "stack is empty" },
    { { K, I(ADD, 0), RET }, 3, 2, 0, 0, "stack is empty" },
    { { K, K, I(ADD, 0), RET }, 4, 2, 0, 0, NULL },
    { { K, K, I(ADD, 0), RET }, 4, 1, 0, 0, "stack is deeper than stated" },
    { { K, RET, K, RET }, 4, 1, 0, 0, "word is never reached" },
    { { I(KONST, 4), RET }, 2, 1, 0, 0, "operand is out of range" },
    { { I(PATH, 1), RET }, 2, 1, 0, 0, "operand is out of range" },
    { { K, I(SELECT, 0), RET }, 3, 1, 0, 0, "operand is out of range" }, /* not a string */
    { { K, I(INSET, 3), RET }, 3, 1, 0, 0, "operand is out of range" },  /* a list */
    { { K, I(INSET, 2), RET }, 3, 1, 0, 0, NULL },
    { { K, I(MATCH, 1), RET }, 3, 1, 0, 0, "operand is out of range" },
    { { I(FAIL, 0), RET }, 2, 1, 0, 0, "operand is out of range" },
    { { I(JUMP, 1), K, RET }, 3, 1, 0, 0, "word is never reached" },
    { { K, I(JFALSE, 5), RET }, 3, 1, 0, 0, "jump leads nowhere" },
    { { K, I(JFALSE, 1), I(COND, 0), 0, RET },
      5,
      1,
      0,
      0,
      "jump leads nowhere" }, /* into an operand */
    { { K, I(JFALSE, 1), K, RET }, 4, 2, 0, 0, "stack differs between ways to a word" },
    { { K, I(COND, 2), 3, K, I(JUMP, 1), K, RET }, 7, 1, 0, 0, NULL },
    { { K, I(COND, 2), 2, K, I(JUMP, 1), K, RET },
      7,
      1,
      0,
      0,
      "stack differs between ways to a word" },
    { { K, I(COND, 1), 0xffffffff, K, RET }, 5, 1, 0, 0, "jump leads nowhere" },
    { { I(LOCAL, 0), RET }, 2, 2, 1, 0, "slot is read before it is set" },
    { { I(LOCAL, 1), RET }, 2, 2, 1, 0, "slot is out of range" },
    { { K, I(STORE, 0), I(LOCAL, 0), RET }, 4, 2, 1, 0, NULL },
    { { K, I(JTRUE, 2), K, I(STORE, 0), I(LOCAL, 0), I(ADD, 0), RET },
      7,
      3,
      1,
      0,
      "slot is read before it is set" }, /* only one way sets it */
    { { K, K, I(LIST, 3), RET }, 4, 2, 0, 0, "stack is empty" },
    { { I(LIST, 0xffffff), RET }, 2, 1, 0, 0, "count is out of range" },
    { { I(LIST_NEW, 9), RET }, 2, 1, 0, 0, "count is out of range" },
    { { I(LIST_NEW, 1), RET }, 2, 1, 0, 0, "builder is used as a value" },
    { { I(LIST_NEW, 1), K, I(LIST_ADD, 1), I(LIST_END, 0), RET }, 5, 2, 0, 0, NULL },
    { { I(LIST_NEW, 1), K, I(LIST_ADD, 1), I(MAP_END, 0), RET },
      5,
      2,
      0,
      0,
      "no builder below the operands" },
    { { I(MAP_NEW, 1), K, I(LIST_ADD, 1), I(LIST_END, 0), RET },
      5,
      2,
      0,
      0,
      "no builder below the operands" },
    { { K, K, I(LIST_ADD, 1), I(LIST_END, 0), RET }, 5, 2, 0, 0, "no builder below the operands" },
    { { K, WORD(OP_CALL, 1, 0xffff), RET }, 3, 1, 0, 0, "no such function" },
    { { WORD(OP_CALL, 0, 0), RET },
      2,
      1,
      0,
      0,
      "no such function" }, /* nothing takes no arguments there */
    /* loops: 0 K, 1 LOOP, 3 body K, 4 ANY, 6 NEXT, 8 RET */
    { { K, EXISTS(0), 5, K, WORD(OP_ANY, 0, 0), 2, NEXT_EXISTS(0), 3, RET }, 9, 6, 5, 0, NULL },
    { { K, EXISTS(0), 5, K, WORD(OP_ANY, 0, 0), 2, NEXT_EXISTS(0), 3, RET },
      9,
      6,
      4,
      0,
      "loop is malformed" },
    { { K, WORD(OP_LOOP, 9, 0), 5, K, WORD(OP_ANY, 0, 0), 2, NEXT_EXISTS(0), 3, RET },
      9,
      6,
      5,
      0,
      "loop is malformed" },
    { { K, EXISTS(0), 5, K, WORD(OP_ANY, 0, 0), 2, NEXT_EXISTS(0), 2, RET },
      9,
      6,
      5,
      0,
      "end of a loop does not match its begin" },
    { { K, EXISTS(0), 5, K, WORD(OP_ANY, 0, 0), 2, WORD(OP_NEXT, LOOP_ALL, 0), 3, RET },
      9,
      6,
      5,
      0,
      "end of a loop does not match its begin" },
    { { K, EXISTS(0), 5, K, WORD(OP_ALL, 0, 0), 2, NEXT_EXISTS(0), 3, RET },
      9,
      6,
      5,
      0,
      "instruction does not fit the kind of loop" },
    { { K, EXISTS(0), 5, K, WORD(OP_ANY, 0, 1), 2, NEXT_EXISTS(0), 3, RET },
      9,
      6,
      5,
      0,
      "no loop has its state here" },
    { { K, EXISTS(0), 7, K, K, I(STORE, 1), WORD(OP_ANY, 0, 0), 2, NEXT_EXISTS(0), 5, RET },
      11,
      7,
      5,
      0,
      "state of a loop is damaged" },
    { { K, EXISTS(0), 3, K, NEXT_EXISTS(0), 1, RET },
      7,
      7,
      5,
      0,
      "stack differs at the end of a pass" },
    { { K, EXISTS(0), 0, K, RET }, 5, 7, 5, 0, "jump into a loop" },
    { { NEXT_EXISTS(0), 1, RET }, 3, 6, 5, 0, "no loop has its state here" },
    { { K, EXISTS(0), 3, I(LOCAL, 0), WORD(OP_ANY, 0, 0), 2, NEXT_EXISTS(0), 3, RET },
      9,
      7,
      5,
      0,
      "slot is read before it is set" }, /* the state of a loop is no value */
    { { K, EXISTS(0), 5, K, WORD(OP_ANY, 0, 0), 2, NEXT_EXISTS(0), 3, I(LOCAL, 3), I(ADD, 0), RET },
      11,
      7,
      5,
      0,
      "slot is read before it is set" }, /* variables end with the loop */
    { { I(VAR, 2), RET }, 2, 9, 0, CX_VARS, "variable depends on itself or a later one" },
    { { I(VAR, 0), RET }, 2, 1, 0, CX_VARS, "no room for the frame of a variable" },
    { { I(VAR, 0), RET }, 2, 2, 0, CX_VARS, NULL },
    { { I(VAR, 0), RET }, 2, 2, 0, 0, "flags do not tell what the code does" },
    { { K, RET }, 2, 1, 2, 0, "expression record is out of range" },
    { { K, RET }, 2, CEL_STACK_MAX + 1, 0, 0, "expression record is out of range" },
    { { K, RET }, 2, 1, 0, 64, "expression record is out of range" },
};

/* The piece is expression 0; expressions 1 and 2 are the variables: a constant, and a use of the
 * first. */
static struct cel_code code_of(struct arena *arena, const struct piece *piece)
{
    static const uint32_t tail[] = { K, K, I(ADD, 0), RET, I(VAR, 0), RET };
    uint32_t *words = new(arena, uint32_t, MAX_WORDS + countof(tail));
    struct cel_expr *exprs = new(arena, struct cel_expr, 3);
    memcpy(words, piece->words, piece->count * sizeof *words);
    memcpy(words + piece->count, tail, sizeof tail);
    exprs[0] = (struct cel_expr){ 0, piece->count, piece->stack, piece->slots, piece->flags };
    exprs[1] = (struct cel_expr){ piece->count, 4, 2, 0, 0 };
    exprs[2] = (struct cel_expr){ piece->count + 4, 2, 2, 0, CX_VARS };
    return (struct cel_code){ .words = words,
                              .konsts = konsts,
                              .paths = paths,
                              .path_keys = path_keys,
                              .exprs = exprs,
                              .vars = vars,
                              .var_names = var_names,
                              .patterns = patterns,
                              .word_count = piece->count + (uint32_t)countof(tail),
                              .konst_count = (uint32_t)countof(konsts),
                              .path_count = 1,
                              .path_key_count = 1,
                              .expr_count = 3,
                              .var_count = 2,
                              .pattern_count = 1 };
}

START_TEST(broken_code_is_refused)
{
    struct arena *arena = unit_arena();
    struct cel_code code = code_of(arena, &pieces[_i]);
    str why = STR_EMPTY;
    cardea_status status = cel_verify(&code, 1, arena, &why);
    if (pieces[_i].why == NULL) {
        ck_assert_msg(status == CARDEA_OK, "%.*s", STR_ARG(why));
        return;
    }
    ck_assert_int_eq(status, CARDEA_ECORRUPT);
    ck_assert_msg(str_ends(why, str_from_c(pieces[_i].why)), "got %.*s, want %s", STR_ARG(why),
                  pieces[_i].why);
}
END_TEST

/* ---- broken tables ---- */

static const struct value object_konst = { .kind = V_OBJECT };
static const struct value half_text = { .kind = V_STRING, .len = 1, .s = "\xc3" };
static const struct value odd_bool = { .kind = V_BOOL, .i = 2 };
static const struct value late = { .kind = V_TIMESTAMP, .i = INT64_MAX };
static const struct cel_path far_path = { .root = 0, .key_count = 2, .first_key = 0 };
static const struct cel_path no_root = { .root = 1 };
static const uint32_t nine[] = { 9, 9 };
static const uint32_t zero[] = { 0, 0 };
static const uint32_t looped[] = { 2, 2 };
static const struct cel_pc_span far_span = { .pc = 999 };

static void change(struct cel_code *code, int what)
{
    switch (what) {
    case 0:
        code->words = NULL;
        break;
    case 1:
        code->konsts = &object_konst;
        code->konst_count = 1;
        break;
    case 2:
        code->konsts = &half_text;
        code->konst_count = 1;
        break;
    case 3:
        code->konsts = &odd_bool;
        code->konst_count = 1;
        break;
    case 4:
        code->konsts = &late;
        code->konst_count = 1;
        break;
    case 5:
        code->paths = &far_path;
        break;
    case 6:
        code->paths = &no_root;
        break;
    case 7:
        code->path_keys = zero;
        break;
    case 8:
        code->patterns = nine;
        break;
    case 9:
        code->vars = nine;
        break;
    case 10:
        code->var_names = zero;
        break;
    case 11:
        code->vars = looped;
        break; /* a variable that is defined by itself */
    case 12:
        code->spans = &far_span;
        code->span_count = 1;
        break;
    case 13:
        code->word_count--;
        break;
    default:
        ck_abort();
    }
}

static const char *const table_faults[] = {
    "table is missing",
    "constant is not a plain value",
    "constant is not a plain value",
    "constant is not a plain value",
    "constant is not a plain value",
    "path is out of range",
    "path is out of range",
    "key of a path is no string constant",
    "pattern is no string constant",
    "variable is out of range",
    "variable is out of range",
    "variable depends on itself or a later one",
    "spans are out of order",
    "expression record is out of range",
};
START_TEST(broken_tables_are_refused)
{
    struct arena *arena = unit_arena();
    struct cel_code code = code_of(arena, &pieces[0]);
    str why = STR_EMPTY;
    ck_assert_int_eq(cel_verify(&code, 1, arena, &why), CARDEA_OK);
    change(&code, _i);
    ck_assert_int_eq(cel_verify(&code, 1, arena, &why), CARDEA_ECORRUPT);
    ck_assert_msg(str_ends(why, str_from_c(table_faults[_i])), "got %.*s", STR_ARG(why));
}
END_TEST

START_TEST(variables_that_wait_too_long_are_refused)
{
    struct arena *arena = unit_arena();
    for (uint32_t count = CEL_VAR_DEPTH; count <= CEL_VAR_DEPTH + 1; count++) {
        uint32_t *words = new(arena, uint32_t, 2 * count);
        struct cel_expr *exprs = new(arena, struct cel_expr, count);
        uint32_t *numbers = new(arena, uint32_t, count);
        uint32_t *names = new(arena, uint32_t, count);
        for (uint32_t i = 0; i < count; i++) { /* each is the one before */
            words[2 * i] = i == 0 ? K : WORD_IMM(OP_VAR, i - 1);
            words[2 * i + 1] = RET;
            exprs[i] = (struct cel_expr){ 2 * i, 2, 1, 0, i == 0 ? 0 : CX_VARS };
            numbers[i] = i;
            names[i] = 1;
        }
        struct cel_code code = { .words = words,
                                 .konsts = konsts,
                                 .exprs = exprs,
                                 .vars = numbers,
                                 .var_names = names,
                                 .word_count = 2 * count,
                                 .konst_count = 2,
                                 .expr_count = count,
                                 .var_count = count };
        str why = STR_EMPTY;
        cardea_status status = cel_verify(&code, 0, arena, &why);
        ck_assert_int_eq(status, count <= CEL_VAR_DEPTH ? CARDEA_OK : CARDEA_ECORRUPT);
    }
}
END_TEST

/* ---- random changes ---- */

#define ROUNDS 20000

static void *copy_of(struct arena *arena, const void *from, size_t count, size_t size)
{
    char *to = arena_alloc(arena, (isize)size, 16, (isize)count);
    if (count > 0) {
        memcpy(to, from, count * size);
    }
    return to;
}

static void change_word(uint32_t *words, uint32_t count, uint64_t *state)
{
    uint32_t at = (uint32_t)(unit_random(state) % count);
    uint32_t r = (uint32_t)(unit_random(state) >> 16);
    switch (r % 7) {
    case 0:
        words[at] ^= UINT32_C(1) << (r / 7 % 32);
        break; /* a bit         */
    case 1:
        words[at] = (words[at] & ~UINT32_C(255)) | r / 7 % OP_COUNT;
        break; /* other opcode  */
    case 2:
        words[at] += (UINT32_C(1) << 8);
        break; /* next operand  */
    case 3:
        words[at] -= (UINT32_C(1) << 8);
        break;
    case 4:
        words[at] = words[(at + r / 7) % count];
        break; /* one from afar */
    case 5:
        words[at] = (words[at] & 255) | (words[(at + r / 7) % count] & ~UINT32_C(255));
        break;
    default:
        words[at] = WORD(r / 7 % OP_COUNT, r >> 9 & 31, r >> 20 & 15);
        break;
    }
}

static void change_tables(struct arena *arena, struct cel_code *code, uint64_t *state)
{
    uint64_t r = unit_random(state) >> 8;
    struct cel_expr *exprs = copy_of(arena, code->exprs, code->expr_count, sizeof *exprs);
    struct cel_expr *e = &exprs[r / 16 % code->expr_count];
    uint32_t *numbers;
    code->exprs = exprs;
    switch (r % 8) {
    case 0:
        e->entry += (uint32_t)(r >> 20 & 3) - 1;
        break;
    case 1:
        e->words += (uint32_t)(r >> 20 & 3) - 1;
        break;
    case 2:
        e->max_stack = (uint16_t)(e->max_stack + (r >> 20 & 3) - 1);
        break;
    case 3:
        e->slots = (uint16_t)(e->slots + (r >> 20 & 3) - 1);
        break;
    case 4:
        e->flags ^= r >> 20 & 7;
        break;
    case 5:
        numbers = copy_of(arena, code->vars, code->var_count, sizeof *numbers);
        numbers[r >> 20 & 3] = (uint32_t)(r >> 24) % (code->expr_count + 1);
        code->vars = numbers;
        break;
    case 6:
        numbers = copy_of(arena, code->path_keys, code->path_key_count, sizeof *numbers);
        numbers[(r >> 20) % code->path_key_count] = (uint32_t)(r >> 30) % (code->konst_count + 1);
        code->path_keys = numbers;
        break;
    default:
        code->konst_count -= (uint32_t)(r >> 20 & 3);
        break;
    }
}

static void run_all(struct arena *arena, const struct sample_code *samples,
                    const struct cel_code *code, struct cel_thread *thread)
{
    struct cel_run run = sample_run(arena, samples, code, 0);
    run.thread = thread;
    for (uint32_t expr = 0; expr < code->expr_count; expr++) {
        run.budget = 300;
        ck_assert_int_ne(cel_eval(&run, expr).kind, V_NONE);
    }
}

START_TEST(changed_code_is_refused_or_runs)
{
    struct arena *arena = unit_arena();
    struct sample_code samples = sample_code_new(arena);
    struct cel_thread *thread = cel_thread_new();
    struct arena_mark mark = arena_mark(arena);
    volatile int accepted = 0;
    volatile int full = 0;
    uint64_t state = UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)_i;
    for (volatile int round = 0; round < ROUNDS; round++) {
        jmp_buf env;
        (void)arena_guard_set(arena, &env);
        if (setjmp(env) == 0) {
            struct cel_code code = samples.code;
            uint32_t *words = copy_of(arena, code.words, code.word_count, sizeof *words);
            code.words = words;
            for (int n = (int)(unit_random(&state) % 3); n >= 0; n--) {
                change_word(words, code.word_count, &state);
            }
            if (unit_random(&state) % 4 == 0) {
                change_tables(arena, &code, &state);
            }
            if (cel_verify(&code, ROOT_COUNT, arena, NULL) == CARDEA_OK) {
                accepted++;
                run_all(arena, &samples, &code, thread);
            }
        } else {
            full++; /* memory ran out: a limit, not a fault */
        }
        (void)arena_guard_set(arena, NULL);
        arena_reset(arena, mark);
    }
    cel_thread_free(thread);
    printf("%d changed pieces of code: %d accepted and run, %d ran out of memory\n", ROUNDS,
           accepted, full);
    ck_assert_int_gt(accepted, ROUNDS / 50);
    ck_assert_int_lt(accepted, ROUNDS / 2);
}
END_TEST

START_TEST(samples_are_accepted)
{
    struct arena *arena = unit_arena();
    struct sample_code samples = sample_code_new(arena);
    struct cel_thread *thread = cel_thread_new();
    str why = STR_EMPTY;
    ck_assert_msg(cel_verify(&samples.code, ROOT_COUNT, arena, &why) == CARDEA_OK, "%.*s",
                  STR_ARG(why));
    ck_assert_int_eq(cel_verify(&samples.code, ROOT_R_ATTR, arena, &why), CARDEA_ECORRUPT);
    run_all(arena, &samples, &samples.code, thread);
    cel_thread_free(thread);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cel verify");
    TCase *rules = tcase_create("rules");
    tcase_add_test(rules, samples_are_accepted);
    tcase_add_loop_test(rules, broken_code_is_refused, 0, (int)countof(pieces));
    tcase_add_loop_test(rules, broken_tables_are_refused, 0, (int)countof(table_faults));
    tcase_add_test(rules, variables_that_wait_too_long_are_refused);
    suite_add_tcase(suite, rules);
    TCase *random = tcase_create("random");
    tcase_set_timeout(random, 120);
    tcase_add_loop_test(random, changed_code_is_refused_or_runs, 0, 4);
    suite_add_tcase(suite, random);
    return unit_run(suite);
}
