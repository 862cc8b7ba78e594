/* test_cel_func_table.c — the table of functions: search, order, version, and that nothing trusts
 * its arguments
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/fn.h"
#include "support/calls.h"
#include "support/unit.h"

START_TEST(every_name_is_found_at_its_first_row)
{
    for (int row = 0; row < cel_func_count; row++) {
        str name = str_from_c(cel_funcs[row].name);
        int first = cel_func_find(name);
        ck_assert(first >= 0 && first <= row);
        for (int i = first; i <= row; i++) { /* ORDER: rows of one name stand together */
            ck_assert_msg(str_eq(str_from_c(cel_funcs[i].name), name), "%s", cel_funcs[row].name);
        }
        ck_assert(first == 0 || !str_eq(str_from_c(cel_funcs[first - 1].name), name));
    }
}
END_TEST

START_TEST(other_names_are_not_found)
{
    ck_assert_int_eq(cel_func_find(S("")), -1);
    ck_assert_int_eq(cel_func_find(S("nope")), -1);
    ck_assert_int_eq(cel_func_find(S("contain")), -1);
    ck_assert_int_eq(cel_func_find(S("containsX")), -1);
    ck_assert_int_eq(cel_func_find((str){ NULL, 0 }), -1);
}
END_TEST

START_TEST(rows_are_complete)
{
    for (int row = 0; row < cel_func_count; row++) {
        const struct cel_func *f = &cel_funcs[row];
        ck_assert_msg(((f->flags & CF_OPERATOR) != 0) == (f->impl == NULL), "%s", f->name);
        ck_assert_msg((f->flags & (CF_GLOBAL | CF_MEMBER | CF_OPERATOR)) != 0, "%s", f->name);
        ck_assert_msg(str_find(str_from_c(f->signature), S("-> ")) >= 0, "%s: %s", f->name,
                      f->signature);
        ck_assert_msg(strlen(f->doc) > 0, "%s has no documentation", f->name);
        ck_assert_ptr_eq(f->impl,
                         cel_funcs[cel_func_find(str_from_c(f->name))].impl); /* one for all rows */
    }
}
END_TEST

START_TEST(the_version_does_not_change_by_itself)
{
    ck_assert_uint_eq(cel_code_version(), cel_code_version());
    ck_assert_uint_ne(cel_code_version(), 0);
}
END_TEST

/* ---- any function, any arguments ---- */

static struct value any_value(struct cel_run *run, uint64_t *seed, int depth)
{
    static const char *const calls[] = {
        "null",
        "true",
        "-1",
        "9223372036854775807",
        "-9223372036854775808",
        "0",
        "3",
        "18446744073709551615u",
        "1.5",
        "nan",
        "-inf",
        "''",
        "'abc'",
        "'a.b/c'",
        "'%s%d%.3f'",
        "'\xc3\xa9\xf0\x9f\x98\x80'",
        "b''",
        "b'\xff'",
        "'C:\\a'",
        "'[a-'",
        "'+05:30'",
        "'10.0.0.0/8'",
        "'::1'",
        "'spiffe://a/b'",
        "[]",
        "{}",
        "{'a': 1}",
        "type('int')",
        "timestamp('0001-01-01T00:00:00Z')",
        "timestamp('9999-12-31T23:59:59Z')",
        "duration('-9223372036854775808ns')",
        "optional.none()",
        "optional.of(1)",
        "hierarchy('a.b')",
        "hierarchy([])",
        "ip('::1')",
        "cidr('10.0.0.0/8')",
        "spiffeID('spiffe://a/b')",
        "spiffeTrustDomain('a')",
        "spiffeMatchAny()",
    };
    if (depth > 0 && unit_random(seed) % 4 == 0) {
        isize count = (isize)(unit_random(seed) % 5);
        struct value *items = new (run->arena, struct value, count);
        for (isize i = 0; i < count; i++) {
            items[i] = any_value(run, seed, depth - 1);
        }
        return v_list(items, count);
    }
    return unit_call(run, calls[unit_random(seed) % (uint64_t)countof(calls)]);
}

START_TEST(no_function_trusts_its_arguments)
{
    uint64_t seed = (uint64_t)_i + 1;
    struct cel_run *run = unit_run_new();
    for (int row = 0; row < cel_func_count; row++) {
        if (cel_funcs[row].impl == NULL) {
            continue;
        }
        for (int argc = 1; argc <= 4;
             argc++) { /* the generator never passes a wrong number; they refuse it anyway */
            struct value args[4];
            for (int i = 0; i < argc; i++) {
                args[i] = any_value(run, &seed, 2);
            }
            run->budget = (int64_t)(unit_random(&seed) % 3000);
            struct value v = cel_funcs[row].impl(run, args, argc);
            ck_assert_msg(v.kind != V_NONE && v.kind < V_KIND_COUNT, "%s", cel_funcs[row].name);
            if (v_is_error(v)) {
                ck_assert_msg(v.err->text.len > 0, "%s", cel_funcs[row].name);
            }
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cel_func_table");
    TCase *tc = tcase_create("table");
    tcase_add_test(tc, every_name_is_found_at_its_first_row);
    tcase_add_test(tc, other_names_are_not_found);
    tcase_add_test(tc, rows_are_complete);
    tcase_add_test(tc, the_version_does_not_change_by_itself);
    tcase_add_loop_test(tc, no_function_trusts_its_arguments, 0, 40);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
