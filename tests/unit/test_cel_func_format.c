/* test_cel_func_format.c — format()
 *
 * Answers are the reference's. spec: cel#string-functions
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/func.h"
#include "support/calls.h"
#include "support/unit.h"

struct row {
    const char *call, *want;
};

static const struct row texts[] = {
    { "format('', [])", "\"\"" },
    { "format('no args', [1, 2])", "\"no args\"" },
    { "format('%%', [])", "\"%\"" },
    { "format('%s%%', [5])", "\"5%\"" },
    { "format('é %s 😀', ['☃'])", "\"é ☃ 😀\"" },
    { "format('%s-%d-%.1f', ['a', 1, 2.0])", "\"a-1-2.0\"" },
    { "format('%s', [1, 2])", "\"1\"" },
    { "format('%s', [1u])", "\"1\"" },
    { "format('%s', [1.0])", "\"1\"" },
    { "format('%s', [1e-10])", "\"0.0000000001\"" },
    { "format('%s', [1e21])", "\"1000000000000000000000\"" },
    { "format('%s %s %s %s', [inf, -inf, nan, -0.0])", "\"Infinity -Infinity NaN -0\"" },
    { "format('%s %s', [true, null])", "\"true null\"" },
    { "format('%s', [b'abc'])", "\"abc\"" },
    { "format('%s', [b'\xff'])", "error: invalid UTF-8 in bytes, cannot convert to string" },
    { "format('%s', [type('google.protobuf.Timestamp')])", "\"google.protobuf.Timestamp\"" },
    { "format('%s', [timestamp('2020-01-01T00:00:00.5+05:00')])",
      "\"2019-12-31T19:00:00.5Z\"" }, /* UTC */
    { "format('%s', [duration('1h45m47s')])", "\"6347s\"" },
    { "format('%s', [duration('-1ms')])", "\"-0.001s\"" },
    { "format('%s', [duration('9223372036854775807ns')])", "\"9223372036.854776s\"" },
    { "format('%s', [[1, 'a', true, null, 1.5, 2u, [], {}]])",
      "\"[1, a, true, null, 1.5, 2, [], {}]\"" },
    { "format('%s', [{'b': {'c': [1]}, 'a': 'x'}])", "\"{a: x, b: {c: [1]}}\"" },
    { "format('%s', [{2u: 3, true: 1, 10: 2, '': 0}])", "\"{: 0, 10: 2, 2: 3, true: 1}\"" },
    { "format('%s', [hierarchy('a')])",
      "error: error during formatting: string clause can only be used on strings, bools, bytes, "
      "ints, doubles, maps, "
      "lists, types, durations, and timestamps, was given cerbos.lib.hierarchy" },
    { "format('%s', [[optional.of(1)]])",
      "error: error during formatting: string clause can only be used on strings, bools, bytes, "
      "ints, doubles, maps, "
      "lists, types, durations, and timestamps, was given optional_type" },
};

static const struct row numbers[] = {
    { "format('%d', [-9223372036854775808])", "\"-9223372036854775808\"" },
    { "format('%d', [18446744073709551615u])", "\"18446744073709551615\"" },
    { "format('%.3d', [1.5])", "\"1.5\"" },
    { "format('%d', [1e20])", "\"100000000000000000000\"" },
    { "format('%d', [nan])", "\"NaN\"" },
    { "format('%d', ['a'])", "error: error during formatting: decimal clause can only be used on "
                             "ints, uints, and doubles, was given string" },
    { "format('%d', [null])", "error: error during formatting: decimal clause can only be used on "
                              "ints, uints, and doubles, was given "
                              "null_type" },
    { "format('%f', [3.14])", "\"3.140000\"" },
    { "format('%.0f', [2.5])", "\"2\"" }, /* halves to even, on the exact binary value */
    { "format('%.1f', [0.25])", "\"0.2\"" },
    { "format('%.2f', [1])", "\"1.00\"" },
    { "format('%.0f', [9007199254740993])", "\"9007199254740992\"" },
    { "format('%f', [18446744073709551615u])", "\"18446744073709551616.000000\"" },
    { "format('%f %f', [inf, -0.0])", "\"Infinity -0.000000\"" },
    { "format('%f', [true])", "error: error during formatting: fixed-point clause can only be used "
                              "on ints, uints, and doubles, was given "
                              "bool" },
    { "format('%e', [1234.5])", "\"1.234500e+03\"" },
    { "format('%.0e', [15.0])", "\"2e+01\"" },
    { "format('%e', [12u])", "\"1.200000e+01\"" },
    { "format('%e', [-inf])", "\"-Infinity\"" },
    { "format('%e', ['NaN'])", "error: error during formatting: scientific clause can only be used "
                               "on ints, uints, and doubles, was given "
                               "string" },
    { "format('%b %b %b %b', [5, -5, 5u, 0])", "\"101 -101 101 0\"" },
    { "format('%b', [-9223372036854775808])",
      "\"-1000000000000000000000000000000000000000000000000000000000000000\"" },
    { "format('%b%b', [true, false])", "\"10\"" },
    { "format('%b', [1.5])", "error: error during formatting: only ints, uints, and bools can be "
                             "formatted as binary, was given double" },
    { "format('%x %X', [-255, 255u])", "\"-ff FF\"" },
    { "format('%x', [-9223372036854775808])", "\"-8000000000000000\"" },
    { "format('%X %x', ['hello\n', b'\xab\x01'])", "\"68656C6C6F0A ab01\"" },
    { "format('%x', [''])", "\"\"" },
    { "format('%x', [1.5])", "error: error during formatting: only ints, uints, bytes, and strings "
                             "can be formatted as hex, was given "
                             "double" },
    { "format('%o %o', [8, -8])", "\"10 -10\"" },
    { "format('%o', [18446744073709551615u])", "\"1777777777777777777777\"" },
    { "format('%o', [true])", "error: error during formatting: octal clause can only be used on "
                              "ints and uints, was given bool" },
};

static const struct row faults[] = {
    { "format(1, [])", "error: no such overload: format(int, list)" },
    { "format('%s', 'a')", "error: no such overload: format(string, string)" },
    { "format('%s', [])", "error: index 0 out of range" },
    { "format('%s %s', [1])", "error: index 1 out of range" },
    { "format('abc%', [])", "error: index 0 out of range" },
    { "format('abc%', [1])", "error: unexpected end of string" },
    { "format('%%%', [1])", "error: unexpected end of string" },
    { "format('%z', [1])",
      "error: could not parse formatting clause: unrecognized formatting clause \"z\"" },
    { "format('%5d', [1])",
      "error: could not parse formatting clause: unrecognized formatting clause \"5\"" },
    { "format('%.5%', [1])",
      "error: could not parse formatting clause: unrecognized formatting clause \"%\"" },
    { "format('%é', [1])",
      "error: could not parse formatting clause: unrecognized formatting clause \"Ã\"" },
    { "format('%.', [1])", "error: could not parse formatting clause: error while parsing "
                           "precision: could not find end of precision "
                           "specifier" },
    { "format('%.2', [1])", "error: could not parse formatting clause: error while parsing "
                            "precision: could not find end of precision "
                            "specifier" },
    { "format('%.f', [1.0])", "error: could not parse formatting clause: error while parsing "
                              "precision: error while converting precision to "
                              "integer: strconv.Atoi: parsing \"\": invalid syntax" },
    { "format('%.99999999999999999999f', [1.0])",
      "error: could not parse formatting clause: error while parsing precision: error while "
      "converting precision to "
      "integer: strconv.Atoi: parsing \"99999999999999999999\": value out of range" },
    { "format('%.101f', [1.0])", "error: could not parse formatting clause: error while parsing "
                                 "precision: precision 101 exceeds maximum allowed "
                                 "precision 100" },
};

START_TEST(values_become_text)
{
    expect_call(texts[_i].call, texts[_i].want);
}
END_TEST

START_TEST(numbers_become_text)
{
    expect_call(numbers[_i].call, numbers[_i].want);
}
END_TEST

START_TEST(faults_are_told)
{
    expect_call(faults[_i].call, faults[_i].want);
}
END_TEST

START_TEST(precision_may_be_a_hundred)
{
    struct cel_run *run = unit_run_new();
    struct value v = unit_call(run, "format('%.100f', [-1e300])");
    ck_assert_int_eq(v.kind, V_STRING);
    ck_assert_uint_eq(v.len, 1 + 301 + 1 + 100);
}
END_TEST

static const struct {
    const char *call;
    int64_t units; /* not enough */
} costly[] = {
    { "format(repeat('a', 100000), [])", 1000 },
    { "format(repeat('%%', 100000), [])", 100 },
    { "format('%s%s', [repeat('a', 50000), repeat('b', 50000)])", 1000 },
    { "format('%s', [repeat([1], 10000)])", 1000 },
    { "format('%s', [repeat([[]], 10000)])", 1000 },
    { "format('%x', [repeat('a', 100000)])", 1000 },
};

START_TEST(text_is_paid_for)
{
    expect_costly(costly[_i].call, costly[_i].units);
}
END_TEST

/* Lists that share their parts: a few lines of text, 2^40 elements. */
START_TEST(shared_parts_end_with_the_budget)
{
    struct cel_run *run = unit_run_new();
    struct value v = unit_call(run, "[1]");
    for (int i = 0; i < 40; i++) {
        struct value *pair = new (run->arena, struct value, 2);
        pair[0] = pair[1] = v;
        v = v_list(pair, 2);
    }
    const struct value args[] = { v_string(S("%s")), v_list(&v, 1) };
    v = cel_funcs[cel_func_find(S("format"))].impl(run, args, 2);
    ck_assert(v_is_error(v));
    ck_assert_int_eq(v.err->category, VE_LIMIT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cel_func_format");
    TCase *tc = tcase_create("format");
    tcase_add_loop_test(tc, values_become_text, 0, countof(texts));
    tcase_add_loop_test(tc, numbers_become_text, 0, countof(numbers));
    tcase_add_loop_test(tc, faults_are_told, 0, countof(faults));
    tcase_add_test(tc, precision_may_be_a_hundred);
    tcase_add_loop_test(tc, text_is_paid_for, 0, countof(costly));
    tcase_add_test(tc, shared_parts_end_with_the_budget);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
