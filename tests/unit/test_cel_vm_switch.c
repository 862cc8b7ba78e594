/* test_cel_vm_switch.c — the VM's two forms of dispatch agree
 *
 * Builds vm.c a second time, with a switch and under other names, and runs the samples through
 * both. The samples must contain every instruction, so that none is forgotten in one of the forms.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define CARDEA_VM_SWITCH
#define cel_eval         switch_eval
#define cel_budget_error switch_budget_error
#define cel_no_overload  switch_no_overload
#define cel_host_value   switch_host_value
#define op_match         switch_op_match
#include "cel/vm.c"
#undef cel_eval

#include "support/cel_code.h"
#include "support/unit.h"

struct value cel_eval(struct cel_run *run, uint32_t expr);

static str shown(struct arena *arena, struct value v)
{
    struct sb sb = sb_new(arena);
    value_text(&sb, v);
    if (v.kind == V_ERROR) {
        sb_printf(&sb, " %.*s at %u", STR_ARG(v.err->text), v.err->pc);
    }
    return sb_str(&sb);
}

START_TEST(both_forms_agree)
{
    struct arena *arena = unit_arena();
    struct sample_code samples = sample_code_new(arena);
    struct cel_thread *thread = cel_thread_new();
    for (uint32_t expr = samples.first; expr < samples.code.expr_count; expr++) {
        for (int64_t budget = 0; budget < 1000; budget = budget * 3 + 1) {
            struct cel_run one = sample_run(arena, &samples, &samples.code, budget);
            struct cel_run two = sample_run(arena, &samples, &samples.code, budget);
            one.thread = thread;
            two.thread = thread;
            str a = shown(arena, cel_eval(&one, expr));
            str b = shown(arena, switch_eval(&two, expr));
            ck_assert_msg(str_eq(a, b), "%s\n  goto   %.*s\n  switch %.*s",
                          samples.texts[expr - samples.first], STR_ARG(a), STR_ARG(b));
            ck_assert_int_eq(one.budget, two.budget);
        }
    }
    cel_thread_free(thread);
}
END_TEST

START_TEST(samples_have_every_instruction)
{
    struct sample_code samples = sample_code_new(unit_arena());
    bool seen[OP_COUNT] = { false };
    for (uint32_t at = 0; at < samples.code.word_count;) {
        uint32_t op = WORD_OP(samples.code.words[at]);
        seen[op] = true;
        at += opcode_info[op].words;
    }
    for (int op = 0; op < OP_COUNT; op++) {
        /* FAIL comes from trees that were not checked only */
        ck_assert_msg(seen[op] || op == OP_FAIL, "no sample has %s", opcode_info[op].name);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cel vm forms");
    TCase *forms = tcase_create("forms");
    tcase_add_test(forms, both_forms_agree);
    tcase_add_test(forms, samples_have_every_instruction);
    suite_add_tcase(suite, forms);
    return unit_run(suite);
}
