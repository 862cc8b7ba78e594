/* test_cel_func_hierarchy.c — hierarchies
 *
 * Answers are the reference's. spec: cel#cerbos-functions
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "support/calls.h"
#include "support/unit.h"

struct row {
    const char *call, *want;
};

static const struct row making[] = {
    { "segments(hierarchy('a.b.c'))", "[\"a\", \"b\", \"c\"]" },
    { "segments(hierarchy(''))", "[\"\"]" },
    { "segments(hierarchy('.'))", "[\"\", \"\"]" },
    { "segments(hierarchy('a.b:c', ':'))", "[\"a.b\", \"c\"]" },
    { "segments(hierarchy('é😀', ''))", "[\"é\", \"😀\"]" },
    { "segments(hierarchy('', ''))", "[]" },
    { "segments(hierarchy('a::b', '::'))", "[\"a\", \"b\"]" },
    { "segments(hierarchy(['a.b', 'c']))", "[\"a.b\", \"c\"]" },
    { "segments(hierarchy([]))", "[]" },
    { "segments(hierarchy(['a', ip('1.2.3.4'), hierarchy('x.y'), optional.of('b')]))",
      "[\"a\", \"1.2.3.4\", \"x.y\", \"b\"]" },
    { "hierarchy(1)", "error: no such overload: hierarchy(int)" },
    { "hierarchy(null)", "error: no such overload: hierarchy(null_type)" },
    { "hierarchy([1])", "error: no such overload: hierarchy(list)" },
    { "hierarchy('a', 1)", "error: no such overload: hierarchy(string, int)" },
    { "hierarchy(['a'], '.')", "error: no such overload: hierarchy(list, string)" },
    { "hierarchy(hierarchy('a'))", "error: no such overload: hierarchy(cerbos.lib.hierarchy)" },
    { "hierarchy(['a', 1])", "error: failed to convert list to string slice: unsupported type "
                             "conversion from 'int' to string" },
    { "hierarchy(['a', 1u])", "error: failed to convert list to string slice: unsupported type "
                              "conversion from 'uint' to string" },
    { "hierarchy(['a', null])", "error: failed to convert list to string slice: type conversion "
                                "error from 'null_type' to 'string'" },
    { "hierarchy(['a', 1.5])", "error: failed to convert list to string slice: type conversion "
                               "error from Double to 'string'" },
    { "hierarchy(['a', [1]])", "error: failed to convert list to string slice: type conversion "
                               "error from list to 'string'" },
    { "hierarchy(['a', b'x'])", "error: failed to convert list to string slice: type conversion "
                                "error from Bytes to 'string'" },
    { "hierarchy(['a', duration('1s')])", "error: failed to convert list to string slice: type "
                                          "conversion error from 'Duration' to 'string'" },
    { "hierarchy(['a', type('int')])",
      "error: failed to convert list to string slice: type conversion not supported for 'type'" },
};

static const struct row relations[] = {
    { "ancestorOf(hierarchy('a.b'), hierarchy('a.b.c'))", "true" },
    { "ancestorOf(hierarchy('a.b'), hierarchy('a.b'))", "false" },
    { "ancestorOf(hierarchy('a.b'), hierarchy('a.c.d'))", "false" },
    { "ancestorOf(hierarchy([]), hierarchy('a'))", "true" },
    { "descendentOf(hierarchy('a.b.c'), hierarchy('a'))", "true" },
    { "descendentOf(hierarchy('a..b'), hierarchy('a.'))", "true" },
    { "descendentOf(hierarchy('a'), hierarchy('a.b'))", "false" },
    { "immediateParentOf(hierarchy('a.b'), hierarchy('a.b.c'))", "true" },
    { "immediateParentOf(hierarchy('a'), hierarchy('a.b.c'))", "false" },
    { "immediateParentOf(hierarchy([]), hierarchy('a'))", "true" },
    { "immediateChildOf(hierarchy('a.b.c'), hierarchy('a.b'))", "true" },
    { "immediateChildOf(hierarchy('a.b.c'), hierarchy('x.b'))", "false" },
    { "siblingOf(hierarchy('a.b'), hierarchy('a.c'))", "true" },
    { "siblingOf(hierarchy('a.b'), hierarchy('a.b'))", "true" }, /* also of itself */
    { "siblingOf(hierarchy('a.b.c'), hierarchy('a.x.c'))", "false" },
    { "siblingOf(hierarchy('a'), hierarchy('b'))", "true" },
    { "siblingOf(hierarchy([]), hierarchy([]))", "true" },
    { "siblingOf(hierarchy('a.b'), hierarchy('a'))", "false" },
    { "overlaps(hierarchy('a.b.c'), hierarchy('a.b'))", "true" },
    { "overlaps(hierarchy('a.b'), hierarchy('a.b.c'))", "true" },
    { "overlaps(hierarchy('a.b'), hierarchy('a.c'))", "false" },
    { "overlaps(hierarchy([]), hierarchy('a'))", "true" },
    { "segments(commonAncestors(hierarchy('a.b.c.d'), hierarchy('a.b.x.y')))", "[\"a\", \"b\"]" },
    { "segments(commonAncestors(hierarchy('a.b.c'), hierarchy('a.b.c')))",
      "[\"a\", \"b\"]" }, /* its parent */
    { "segments(commonAncestors(hierarchy('a.b'), hierarchy('a.b.c')))", "[\"a\", \"b\"]" },
    { "segments(commonAncestors(hierarchy('x'), hierarchy('y')))", "[]" },
    { "segments(commonAncestors(hierarchy([]), hierarchy('a')))", "[]" },
    { "commonAncestors(hierarchy([]), hierarchy([]))",
      "error: commonAncestors: both hierarchies are empty" },
    { "ancestorOf(1, hierarchy('a'))", "error: no such overload: ancestorOf" },
    { "ancestorOf('a', hierarchy('a'))", "error: no such overload" }, /* texts receive calls */
    { "overlaps(ip('1.1.1.1'), hierarchy('a'))", "error: no such overload: overlaps" },
    { "siblingOf(hierarchy('a'), 'a')", "error: no such overload" },
    { "commonAncestors(hierarchy('a'), null)", "error: no such overload" },
};

START_TEST(hierarchies_are_made)
{
    expect_call(making[_i].call, making[_i].want);
}
END_TEST

START_TEST(hierarchies_are_related)
{
    expect_call(relations[_i].call, relations[_i].want);
}
END_TEST

START_TEST(objects_know_equality_index_and_size)
{
    struct cel_run *run = unit_run_new();
    struct value h = unit_call(run, "hierarchy('a.b')");
    ck_assert_int_eq(h.kind, V_OBJECT);
    const struct object_class *cls = h.object->cls;
    ck_assert_int_eq(value_equal(h, unit_call(run, "hierarchy('a:b', ':')")), 1);
    ck_assert_int_eq(value_equal(h, unit_call(run, "hierarchy('a.c')")), 0);
    ck_assert_int_eq(value_equal(h, unit_call(run, "hierarchy('a')")), 0);
    ck_assert_int_eq(value_equal(h, v_string(S("a.b"))), -1);
    ck_assert_int_eq(value_equal(v_string(S("a.b")), h), 0);
    ck_assert_int_eq(value_equal(h, v_null()), 0);
    ck_assert_int_eq(value_compare(h, h), VALUE_UNORDERED);
    ck_assert_int_eq(cls->size(h.object), 2);
    expect_str(v_str(cls->index(run->arena, h.object, v_int(1))), "b");
    expect_str(cls->index(run->arena, h.object, v_int(2)).err->text, "index out of range");
    expect_str(cls->index(run->arena, h.object, v_int(-1)).err->text, "index out of range");
    expect_str(cls->index(run->arena, h.object, v_uint(1)).err->text,
               "unsupported index type 'uint'");
}
END_TEST

START_TEST(work_is_paid_for)
{
    expect_costly("hierarchy(repeat('a.', 50000))", 5000);
    expect_costly("hierarchy(repeat(['a'], 50000))", 5000);
    expect_costly("overlaps(hierarchy(repeat(['a'], 50000)), hierarchy(repeat(['a'], 50000)))",
                  15000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cel_func_hierarchy");
    TCase *tc = tcase_create("hierarchies");
    tcase_add_loop_test(tc, hierarchies_are_made, 0, countof(making));
    tcase_add_loop_test(tc, hierarchies_are_related, 0, countof(relations));
    tcase_add_test(tc, objects_know_equality_index_and_size);
    tcase_add_test(tc, work_is_paid_for);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
