/* test_inject_cases.c — what happens when memory runs out, at every single allocation
 *
 * Each case is compiled and decided again and again while the n-th allocation fails, for every n. Allowed are the
 * ordinary answer and "limit"; an ALLOW that the ordinary answer does not have is not, nor a crash or a leak.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "support/casefile.h"
#include "support/unit.h"

#include <stdio.h>

static const char *const cases[] = {
    "testdata/cases/20_conditions.txt",
    "testdata/cases/40_derived_roles.txt",
    "testdata/cases/60_role_policy.txt",
    "testdata/cases/80_schemas_warn.txt",
    "testdata/cases/86_schemas_checked.txt",
    "testdata/cases/90_error_unknown_derived_role.txt",
};

struct run {
    struct arena arena, scratch;
    str got;
};

static bool guarded_run(struct run *r, const struct case_file *file, long fail_at)
{
    jmp_buf env;
    arena_clear(&r->arena, 0);
    arena_clear(&r->scratch, 0);
    arena_guard_set(&r->arena, &env);
    if (setjmp(env) != 0) {
        (void)arena_fail_after(0);
        case_drop();
        return false;
    }
    (void)arena_fail_after(fail_at);
    r->got = case_run(&r->arena, &r->scratch, file, NULL);
    (void)arena_fail_after(0);
    arena_guard_set(&r->arena, NULL);
    return true;
}

static bool has_limit(str text)
{
    return str_find(text, S("limit")) >= 0 || str_find(text, S("not enough memory")) >= 0 ||
           str_find(text, S("pattern is too large")) >= 0; /* how a pattern's own memory says it */
}

START_TEST(every_allocation_may_fail)
{
    struct case_file file;
    struct arena *arena = unit_arena();
    struct run r;
    ck_assert(case_read(arena, str_from_c(cases[_i]), &file));
    arena_init(&r.arena, 64 << 10, 64 << 20);
    arena_init(&r.scratch, 64 << 10, 64 << 20);
    ck_assert(guarded_run(&r, &file, 0));
    str ordinary = str_copy(arena, r.got);
    expect_str(ordinary, str_to_c(arena, file.expect));
    long n = 1;
    for (int clean = 0; clean < 3; n++) {
        ck_assert_int_lt(n, 200000);
        if (!guarded_run(&r, &file, n)) {
            clean = 0;
            continue;
        }
        if (str_eq(r.got, ordinary)) {
            clean++;
            continue;
        }
        clean = 0;
        ck_assert_msg(has_limit(r.got), "allocation %ld:\n%.*s", n, STR_ARG(r.got));
    }
    arena_free(&r.arena);
    arena_free(&r.scratch);
    ck_assert_int_gt(n, 100);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("inject: memory");
    TCase *tc = tcase_create("cases");
    tcase_set_timeout(tc, 300);
    tcase_add_loop_test(tc, every_allocation_may_fail, 0, countof(cases));
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
