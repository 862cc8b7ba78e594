/* test_cel_fold.c — what folding does to a tree, and which literals it refuses
 *
 * That folded expressions mean the same is tested with every expression of test_cel_vm.c and
 * test_cel_spec.c: they run both ways.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/gen.h"
#include "support/cel.h"
#include "support/unit.h"

static const struct {
    const char *expr, *want;
} folding[] = {
    { "1 + 2 * 3", "7" },
    { "R.attr.n == 1 + 2", "(call _==_ (select (select R attr) n) 3)" },
    { "true && R.attr.yes", "(call _&&_ (select (select R attr) yes) true)" },
    { "true && R.attr.n == 1", "(call _==_ (select (select R attr) n) 1)" },
    { "false && R.attr.yes", "false" },
    { "R.attr.yes || 1 == 1", "true" },
    { "1 == 2 ? R.attr.n : R.attr.zero", "(select (select R attr) zero)" },
    { "1/0 == 1", "(call _==_ (call _/_ 1 0) 1)" },
    { "1/0 == 1 || true", "true" },
    { "now() > timestamp(0) + duration(\"1s\")", NULL }, /* the time is not folded, the rest is */
    { "[1, 2].map(x, x + 1)", "(list 2 3)" },
    { "[1, 2].map(x, x + R.attr.n)", NULL },
    { "dyn(1) ? 1 : 2", NULL },
    { "type(1) == int", "true" },
    { "hierarchy(\"a.b\")", "(call hierarchy \"a.b\")" },
};
START_TEST(folding_keeps_what_the_run_must_decide)
{
    struct arena *arena = unit_arena();
    struct cel_issues issues = { .arena = arena };
    struct ast *root = cel_parse(arena, str_from_c(folding[_i].expr), 0, &issues);
    ck_assert_int_eq(cel_check(arena, &unit_policy_env, root, &issues), CARDEA_OK);
    ck_assert_int_eq(cel_fold(arena, root, &issues), CARDEA_OK);
    ck_assert_int_eq(issues.list.len, 0);
    struct sb sb = sb_new(arena);
    ast_text(&sb, root);
    if (folding[_i].want != NULL) {
        expect_str(sb_str(&sb), folding[_i].want);
    } else {
        ck_assert_int_ne(root->kind, A_CONST);
    }
}
END_TEST

static const struct {
    const char *expr, *want;
} refused[] = {
    { "timestamp(\"2021-02-30T00:00:00Z\")", "invalid timestamp argument" },
    { "R.attr.yes && duration(\"1d\") > duration(\"1s\")", "invalid duration argument" },
    { "ip(\"1.2.3\")",
      "invalid ip argument: IP Address \"1.2.3\" parse error during conversion from string: "
      "ParseAddr(\"1.2.3\"): IPv4 address too short" },
};
START_TEST(literals_that_cannot_be_right_are_refused)
{
    struct arena *arena = unit_arena();
    struct cel_issues issues = { .arena = arena };
    struct ast *root = cel_parse(arena, str_from_c(refused[_i].expr), 0, &issues);
    ck_assert_int_eq(cel_check(arena, &unit_policy_env, root, &issues), CARDEA_OK);
    ck_assert_int_eq(cel_fold(arena, root, &issues), CARDEA_EINVALID);
    ck_assert_int_eq(issues.list.len, 1);
    expect_str(issues.list.ptr[0].text, refused[_i].want);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cel fold");
    TCase *tables = tcase_create("tables");
    tcase_add_loop_test(tables, folding_keeps_what_the_run_must_decide, 0, (int)countof(folding));
    tcase_add_loop_test(tables, literals_that_cannot_be_right_are_refused, 0,
                        (int)countof(refused));
    suite_add_tcase(suite, tables);
    return unit_run(suite);
}
