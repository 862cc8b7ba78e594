/* test_cel_func_list.c — lists, sorting, lists as sets
 *
 * Answers are the reference's. spec: cel#list-functions, cel#cerbos-functions
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/fn.h"
#include "support/calls.h"
#include "support/unit.h"

#include <math.h>

struct row {
    const char *call, *want;
};

static const struct row parts[] = {
    { "slice([1, 2, 3, 4], 1, 3)", "[2, 3]" },
    { "slice([1, 2, 3, 4], 0, 4)", "[1, 2, 3, 4]" },
    { "slice([1, 2, 3, 4], 4, 4)", "[]" },
    { "slice([], 0, 0)", "[]" },
    { "slice([1, 2, 3, 4], 0, 5)", "error: cannot slice(0, 5), list is length 4" },
    { "slice([1, 2], 3, 1)",
      "error: cannot slice(3, 1), start index must be less than or equal to end index" },
    { "slice([1, 2], -1, 2)", "error: cannot slice(-1, 2), negative indexes not supported" },
    { "slice([1], 0, -9223372036854775808)",
      "error: cannot slice(0, -9223372036854775808), negative indexes not supported" },
    { "slice([1], 0, 9223372036854775807)",
      "error: cannot slice(0, 9223372036854775807), list is length 1" },
    { "slice('abc', 0, 1)", "error: no such overload: slice(string, int, int)" },
    { "slice([1], 0, 1u)", "error: no such overload: slice(list, int, uint)" },
    { "flatten([[1], [2, [3]], [], 4])", "[1, 2, [3], 4]" },
    { "flatten([1, [2, [3, [4]]]], 2)", "[1, 2, 3, [4]]" },
    { "flatten([1, [2]], 0)", "[1, [2]]" },
    { "flatten([[[[1]]]], 9223372036854775807)", "[1]" },
    { "flatten([])", "[]" },
    { "flatten([1], -1)", "error: level must be non-negative" },
    { "flatten('abc')", "error: no such overload: string.flatten()" },
    { "flatten({'a': 1})", "error: no such overload: map(dyn, dyn).flatten()" },
    { "flatten(optional.of(1))", "error: no such overload: optional_type(dyn).flatten()" },
    { "flatten('a', 'b')", "error: no such overload: string.flatten(string)" },
    { "flatten([1], 1u)", "error: no such overload: list(dyn).flatten(uint)" },
    { "reverse([1, 'a', [2]])", "[[2], \"a\", 1]" },
    { "reverse([])", "[]" },
    { "reverse(1)", "error: no such overload: reverse(int)" },
    { "first([1, 2])", "optional.of(1)" },
    { "last([1, 2])", "optional.of(2)" },
    { "first([])", "optional.none()" },
    { "last([])", "optional.none()" },
    { "first('a')", "error: no such overload: first(string)" },
    { "last({'a': 1})", "error: no such overload: last(map)" },
    { "lists.range(4)", "[0, 1, 2, 3]" },
    { "lists.range(0)", "[]" },
    { "lists.range(-1)", "error: lists.range: size must be non-negative, got -1" },
    { "lists.range(1000001)",
      "error: lists.range: size 1000001 exceeds maximum allowed (1000000)" },
    { "lists.range(2u)", "error: no such overload: lists.range(uint)" },
};

static const struct row sorting[] = {
    { "sort([3, 1, 2, 1])", "[1, 1, 2, 3]" },
    { "sort([2u, 1u])", "[1u, 2u]" },
    { "sort([2.5, -0.0, -inf, inf])", "[double(\"-Inf\"), -0.0, 2.5, double(\"+Inf\")]" },
    { "sort([true, false])", "[false, true]" },
    { "sort(['é', 'z', 'B', '', 'a'])", "[\"\", \"B\", \"a\", \"z\", \"é\"]" },
    { "sort([b'b', b'ab', b'a'])", "[b\"a\", b\"ab\", b\"b\"]" },
    { "sort([duration('1m'), duration('-1s')])", "[duration(\"-1s\"), duration(\"60s\")]" },
    { "sort([timestamp('2020-01-01T01:00:00+01:00'), timestamp('2019-12-31T23:59:59Z')])",
      "[timestamp(\"2019-12-31T23:59:59Z\"), timestamp(\"2020-01-01T01:00:00+01:00\")]" },
    { "sort([])", "[]" },
    { "sort([1])", "[1]" },
    { "sort([1, 'a'])", "error: list elements must have the same type" },
    { "sort([2, 1.0])", "error: list elements must have the same type" },
    { "sort([1, null])", "error: list elements must have the same type" },
    { "sort([null, 1])", "error: list elements must be comparable" },
    { "sort([null])", "error: list elements must be comparable" },
    { "sort([[1]])", "error: list elements must be comparable" },
    { "sort([hierarchy('a')])", "error: list elements must be comparable" },
    { "sort('cab')", "error: no such overload" },
    { "sort(1)", "error: no such overload: sort" },
    { "@sortByAssociatedKeys(['a', 'b', 'c', 'd'], [2, 1, 2, 1])",
      "[\"b\", \"d\", \"a\", \"c\"]" }, /* stable */
    { "@sortByAssociatedKeys([], [])", "[]" },
    { "@sortByAssociatedKeys([1], [[1]])", "error: list elements must be comparable" },
    { "@sortByAssociatedKeys([1, 2], [1, 'a'])", "error: list elements must have the same type" },
    { "@sortByAssociatedKeys({'a': 1}, ['a'])", "error: no such overload: @sortByAssociatedKeys" },
};

static const struct row repeats[] = {
    { "distinct([1, 2, 2, 3, 1])", "[1, 2, 3]" },
    { "distinct(['b', 'b', 'c', 'a', 'c'])", "[\"b\", \"c\", \"a\"]" },
    { "distinct([1, 1.0, 1u, '1', true])", "[1, \"1\", true]" },
    { "distinct([[1], [1.0], [2], {'a': 1}, {'a': 1u}])", "[[1], [2], {\"a\": 1}]" },
    { "distinct([null, null, nan, nan])", "[null, double(\"NaN\"), double(\"NaN\")]" },
    { "distinct([0.0, -0.0, 0])", "[0.0]" },
    { "distinct([])", "[]" },
    { "distinct('aa')", "error: no such overload: distinct(string)" },
    { "distinct([spiffeID('spiffe://a/b'), 'spiffe://a/b'])",
      "[cerbos.lib.spiffeID(), \"spiffe://a/b\"]" }, /* the later one asks */
    { "distinct(['spiffe://a/b', spiffeID('spiffe://a/b')])", "[\"spiffe://a/b\"]" },
};

static const struct row as_sets[] = {
    { "sets.contains([1, 2, 3], [2])", "true" },
    { "sets.contains([1], [1, 2])", "false" },
    { "sets.contains([1], [1.0, 1u])", "true" },
    { "sets.contains([], [])", "true" },
    { "sets.contains([[1], [2]], [[2.0]])", "true" },
    { "sets.contains({'a': 1}, [1])", "error: no such overload: sets.contains(map, list)" },
    { "sets.equivalent([1, 1, 2], [2, 1])", "true" },
    { "sets.equivalent([1, 2], [1])", "false" },
    { "sets.equivalent([1], [1, 2])", "false" },
    { "sets.equivalent(1, [1])", "error: no such overload: sets.equivalent(int, list)" },
    { "sets.intersects([1], [2])", "false" },
    { "sets.intersects([1, 2], [2.0])", "true" },
    { "sets.intersects([], [])", "false" },
    { "sets.intersects([1], 'a')", "error: no such overload: sets.intersects(list, string)" },
    { "intersect(['a', 'b'], ['b', 'c'])", "[\"b\"]" },
    { "intersect([1, 2, 3], [3, 2])", "[3, 2]" }, /* the shorter one is walked */
    { "intersect([3, 2], [1, 2, 3])", "[3, 2]" },
    { "intersect([1, 1, 2], [1])", "[1]" },
    { "intersect([1, 1], [1, 2])", "[1, 1]" }, /* equally long: the first */
    { "intersect([1.0, 2.0], [1, 2, 3, 4])", "[1.0, 2.0]" },
    { "intersect([nan], [nan])", "[]" },
    { "intersect([timestamp('1970-01-01T01:00:00+01:00')], [timestamp('1970-01-01T00:00:00Z')])",
      "[timestamp(\"1970-01-01T01:00:00+01:00\")]" },
    { "intersect([null, true, b'a'], [b'a', null, true])", "[null, true, b\"a\"]" },
    { "intersect([], ['a'])", "[]" },
    { "intersect('a', ['a'])", "error: no such overload: intersect(string, list)" },
    { "except([1, 1, 2, 3], [1.0])", "[2, 3]" },
    { "except([3, 2, 1], [])", "[3, 2, 1]" },
    { "except(['a', 'a'], ['a'])", "[]" },
    { "except(['a'], null)", "error: no such overload: except(list, null_type)" },
    { "hasIntersection(['a', 'b'], ['b', 'c'])", "true" },
    { "hasIntersection([1], [7, 8, 9, 1.0])", "true" },
    { "hasIntersection([], [])", "false" },
    { "hasIntersection(1, 2)", "error: no such overload: hasIntersection(int, int)" },
    { "has_intersection(['a'], ['b'])", "false" },
    { "has_intersection('a', ['b'])", "error: no such overload: has_intersection(string, list)" },
    { "isSubset(['a'], ['a', 'b'])", "true" },
    { "isSubset(['a', 'a'], ['a'])", "true" },
    { "isSubset([], [])", "true" },
    { "isSubset(['a'], [])", "false" },
    { "isSubset([1, 2, 3, 4], [4.0, 3u, 2, 1])", "true" },
    { "isSubset('a', ['a'])", "error: no such overload: isSubset(string, list)" },
    { "is_subset(['a'], ['b'])", "false" },
    { "is_subset(1, ['a'])", "error: no such overload: is_subset(int, list)" },
    /* objects: the element that is looked for asks */
    { "isSubset([spiffeID('spiffe://a/b')], ['spiffe://a/b'])", "true" },
    { "isSubset(['spiffe://a/b'], [spiffeID('spiffe://a/b')])", "false" },
    { "sets.contains(['a'], [hierarchy('a')])", "false" },
    { "intersect([hierarchy('a')], [hierarchy('b'), hierarchy('a')])", "[cerbos.lib.hierarchy()]" },
};

START_TEST(lists_are_cut)
{
    expect_call(parts[_i].call, parts[_i].want);
}
END_TEST

START_TEST(lists_are_sorted)
{
    expect_call(sorting[_i].call, sorting[_i].want);
}
END_TEST

START_TEST(repeats_are_removed)
{
    expect_call(repeats[_i].call, repeats[_i].want);
}
END_TEST

START_TEST(lists_are_sets)
{
    expect_call(as_sets[_i].call, as_sets[_i].want);
}
END_TEST

/* ---- large lists: the hashed way answers as the plain one ---- */

static struct value random_item(uint64_t *seed)
{
    static const char letters[] = "abcdefgh";
    int64_t n = (int64_t)(unit_random(seed) % 40);
    switch (unit_random(seed) % 9) {
    case 0:
        return v_int(n);
    case 1:
        return v_uint((uint64_t)n);
    case 2:
        return v_double((double)n / 2);
    case 3:
        return v_string((str){ letters + n % 8, 1 });
    case 4:
        return v_bytes((str){ letters + n % 8, 1 });
    case 5:
        return n % 3 == 0 ? v_null() : v_bool(n % 2);
    case 6:
        return v_timestamp(n, (int32_t)(n % 2),
                           (int)(unit_random(seed) % 100)); /* the zone does not count */
    case 7:
        return v_int(INT64_C(9007199254740992) + n % 3); /* equal to one double */
    default:
        return n % 4 == 0 ? v_double(NAN) : v_double(9007199254740992.0);
    }
}

static struct value random_list(struct arena *arena, uint64_t *seed, isize count, int depth)
{
    struct value *items = new (arena, struct value, count);
    for (isize i = 0; i < count; i++) {
        items[i] = depth > 0 && unit_random(seed) % 4 == 0
                       ? random_list(arena, seed, (isize)(unit_random(seed) % 3), depth - 1)
                       : random_item(seed);
    }
    return v_list(items, count);
}

static bool plainly_in(struct value list, struct value v)
{
    for (uint32_t i = 0; i < list.len; i++) {
        if (value_equal(v, list.items[i]) == 1) {
            return true;
        }
    }
    return false;
}

START_TEST(hashing_agrees_with_scanning)
{
    struct cel_run *run = unit_run_new();
    uint64_t seed = (uint64_t)_i + 1;
    struct value args[2] = { random_list(run->arena, &seed, 200, 2),
                             random_list(run->arena, &seed, 60, 2) };
    struct value got = fn_except(run, args, 2);
    isize next = 0;
    for (uint32_t i = 0; i < args[0].len; i++) {
        if (!plainly_in(args[1], args[0].items[i])) {
            ck_assert(next < (isize)got.len);
            ck_assert_int_eq(memcmp(&got.items[next], &args[0].items[i], sizeof(struct value)), 0);
            next++;
        }
    }
    ck_assert_int_eq(next, got.len);

    got = fn_distinct(run, args, 1);
    struct value *kept = new (run->arena, struct value, args[0].len);
    isize count = 0;
    for (uint32_t i = 0; i < args[0].len; i++) {
        if (!plainly_in(v_list(kept, count), args[0].items[i])) {
            kept[count++] = args[0].items[i];
        }
    }
    ck_assert_int_eq(got.len, count);
    ck_assert_int_eq(memcmp(got.items, kept, (size_t)count * sizeof *kept), 0);
}
END_TEST

START_TEST(large_lists_take_linear_time)
{
    struct cel_run *run = unit_run_new();
    run->budget =
        400000; /* a comparison of each with each would take more than a thousand million */
    struct value numbers = unit_call(run, "lists.range(100000)");
    struct value args[2] = { numbers, unit_call(run, "reverse(lists.range(100000))") };
    ck_assert(v_is_true(fn_is_subset(run, args, 2)));
    ck_assert_uint_eq(fn_intersect(run, args, 2).len, 100000);
    ck_assert_uint_eq(fn_except(run, args, 2).len, 0);
    ck_assert_uint_eq(fn_distinct(run, args, 1).len, 100000);
    ck_assert(v_is_true(fn_sets_equivalent(run, args, 2)));
    struct value same = unit_call(run, "repeat(['x'], 100000)");
    args[0] = args[1] = same; /* all in one slot */
    ck_assert(v_is_true(fn_is_subset(run, args, 2)));
    ck_assert_uint_eq(fn_distinct(run, args, 1).len, 1);
    args[0] = args[1] = unit_call(run, "repeat([nan], 100000)");
    ck_assert(!v_is_true(fn_has_intersection(run, args, 2)));
}
END_TEST

START_TEST(sorting_agrees_with_its_definition)
{
    struct cel_run *run = unit_run_new();
    uint64_t seed = (uint64_t)_i + 77;
    int count = 1 + _i * 37;
    struct value *items = new (run->arena, struct value, count),
                 *keys = new (run->arena, struct value, count);
    for (int i = 0; i < count; i++) {
        items[i] = v_int(i);
        keys[i] = v_int((int64_t)(unit_random(&seed) % 20));
    }
    struct value sorted = cel_sort_by_keys(run, items, keys, count);
    ck_assert_int_eq(sorted.len, count);
    for (int i = 1; i < count; i++) {
        int64_t a = sorted.items[i - 1].i, b = sorted.items[i].i;
        ck_assert(keys[a].i < keys[b].i || (keys[a].i == keys[b].i && a < b)); /* stable */
    }
}
END_TEST

START_TEST(nan_has_no_place_but_is_not_lost)
{
    struct cel_run *run = unit_run_new();
    ck_assert_uint_eq(unit_call(run, "sort([nan, 1.0, nan, -1.0, nan])").len, 5);
}
END_TEST

/* ---- what it costs ---- */

static const struct {
    const char *call;
    int64_t units; /* not enough */
} costly[] = {
    { "flatten(repeat([[1]], 100000))", 10000 },
    { "reverse(repeat([1], 100000))", 10000 },
    { "distinct(repeat([1], 100000))", 10000 },
    { "distinct(repeat([hierarchy('a'), 'a'], 1000))", 500 },
    { "lists.range(100000)", 10000 },
    { "sort(repeat([1], 100000))", 100000 },
    { "sort(repeat(['aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'], 10000))", 20000 },
    { "sets.contains(repeat([1], 100000), repeat([1], 100000))", 10000 },
    { "sets.intersects(repeat([1], 100000), repeat([2], 100000))", 10000 },
    { "sets.equivalent(repeat([1], 100000), repeat([1], 100000))", 10000 },
    { "intersect(repeat([1], 100000), repeat([1], 100000))", 10000 },
    { "except(repeat([1], 100000), [1])", 10000 },
    { "hasIntersection(repeat([1], 100000), repeat([2], 100000))", 10000 },
    { "isSubset(repeat([hierarchy('a')], 1000), repeat([hierarchy('b'), hierarchy('a')], 1000))",
      100 },
    { "optional.unwrap(repeat([optional.of(1)], 100000))", 10000 },
};

START_TEST(lists_are_paid_for)
{
    expect_costly(costly[_i].call, costly[_i].units);
}
END_TEST

/* Lists that share their parts: a few lines of text, 2^40 elements. */
START_TEST(shared_parts_end_with_the_budget)
{
    static const char *const names[] = { "flatten", "distinct", "sets.contains", "intersect" };
    struct cel_run *run = unit_run_new();
    struct value v = unit_call(run, "[1]");
    for (int i = 0; i < 40; i++) {
        struct value *pair = new (run->arena, struct value, 2);
        pair[0] = pair[1] = v;
        v = v_list(pair, 2);
    }
    struct value *many = new (run->arena, struct value, 100);
    for (int i = 0; i < 100; i++) {
        many[i] = v;
    }
    const struct value args[2] = { v_list(many, 100), _i == 0 ? v_int(100) : v_list(many, 100) };
    v = cel_funcs[cel_func_find(str_from_c(names[_i]))].impl(run, args, _i == 1 ? 1 : 2);
    ck_assert(v_is_error(v));
    ck_assert_int_eq(v.err->category, VE_LIMIT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cel_func_list");
    TCase *tc = tcase_create("lists");
    tcase_add_loop_test(tc, lists_are_cut, 0, countof(parts));
    tcase_add_loop_test(tc, lists_are_sorted, 0, countof(sorting));
    tcase_add_loop_test(tc, repeats_are_removed, 0, countof(repeats));
    tcase_add_loop_test(tc, lists_are_sets, 0, countof(as_sets));
    tcase_add_loop_test(tc, hashing_agrees_with_scanning, 0, 50);
    tcase_add_test(tc, large_lists_take_linear_time);
    tcase_add_loop_test(tc, sorting_agrees_with_its_definition, 0, 12);
    tcase_add_test(tc, nan_has_no_place_but_is_not_lost);
    tcase_add_loop_test(tc, lists_are_paid_for, 0, countof(costly));
    tcase_add_loop_test(tc, shared_parts_end_with_the_budget, 0, 4);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
