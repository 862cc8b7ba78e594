/* fuzz_cel_verify.c — bytes → code → verifier → VM
 *
 * The first bytes change the sample code's tables, the rest replaces its words from some place on;
 * what the verifier accepts is run with a small budget. Memory that runs out is a limit, not a
 * fault.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/regex.h"
#include "cel/vm_priv.h"
#include "support/cel_code.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct arena samples_arena;
static struct arena arena;
static struct sample_code samples;
static struct cel_thread *thread;

static void set_up(void)
{
    if (samples.code.words == NULL) {
        arena_init(&samples_arena, 1 << 16, 1 << 24);
        arena_init(&arena, 1 << 16, 1 << 24);
        samples = sample_code_new(&samples_arena);
        thread = cel_thread_new();
    }
}

/* A record of one expression, changed by five bytes; returns how many were used. */
static size_t change_record(struct cel_code *code, const uint8_t *data, size_t size)
{
    if (size < 6 || data[0] < 128) {
        return size > 0;
    }
    struct cel_expr *exprs = new(&arena, struct cel_expr, code->expr_count);
    memcpy(exprs, code->exprs, code->expr_count * sizeof *exprs);
    struct cel_expr *e = &exprs[data[0] % code->expr_count];
    e->entry += data[1];
    e->words += data[2] - UINT32_C(128);
    e->max_stack = (uint16_t)(e->max_stack + (int8_t)data[3]);
    e->slots = (uint16_t)(e->slots + (int8_t)data[4]);
    e->flags ^= data[5];
    code->exprs = exprs;
    return 6;
}

static void run_bytes(const uint8_t *data, size_t size)
{
    struct cel_code code = samples.code;
    size_t used = change_record(&code, data, size);
    data += used;
    size -= used;
    uint32_t *words = new(&arena, uint32_t, code.word_count);
    memcpy(words, code.words, code.word_count * sizeof *words);
    code.words = words;
    if (size >= 2) {
        uint32_t from = (uint32_t)(data[0] | data[1] << 8) % code.word_count;
        size_t room = (code.word_count - from) * sizeof *words;
        memcpy(words + from, data + 2, size - 2 < room ? size - 2 : room);
    }
    if (cel_verify(&code, ROOT_COUNT, &arena, NULL) != CARDEA_OK) {
        return;
    }
    struct cel_run run = sample_run(&arena, &samples, &code, 0);
    run.thread = thread;
    for (uint32_t expr = 0; expr < code.expr_count; expr++) {
        run.budget = 500;
        (void)cel_eval(&run, expr); /* any value will do */
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    jmp_buf env;
    set_up();
    (void)arena_guard_set(&arena, &env);
    if (setjmp(env) == 0) {
        run_bytes(data, size);
    }
    arena_clear(&arena, 1 << 20);
    return 0;
}
