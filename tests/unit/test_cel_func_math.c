/* test_cel_func_math.c — math.*
 *
 * Answers are the reference's. spec: cel#math-functions
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "support/calls.h"
#include "support/unit.h"

struct row {
    const char *call, *want;
};

static const struct row extremes[] = {
    { "math.@max(1, 2)", "2" },
    { "math.@max(1.0, 1)", "1.0" }, /* the first on ties */
    { "math.@max(1, 1u)", "1" },
    { "math.@max(3, 2.5)", "3" },
    { "math.@max(-1, 0u)", "0u" },
    { "math.@max(9223372036854775807, 9223372036854775807.0)", "9223372036854775807" },
    { "math.@max(18446744073709551615u, -9223372036854775808)", "18446744073709551615u" },
    { "math.@max(5)", "5" },
    { "math.@max(nan)", "double(\"NaN\")" },
    { "math.@max([1, 2.5, 2u])", "2.5" },
    { "math.@max([nan])", "double(\"NaN\")" },
    { "math.@max(1, 2, 3, 4)", "4" },
    { "math.@min(1, 2.0, 3u)", "1" },
    { "math.@min(1, 0.5)", "0.5" },
    { "math.@min(0u, -1)", "-1" },
    { "math.@min([3u, 1, 1.0])", "1" },
    { "math.@min(-inf, 1)", "double(\"-Inf\")" },
    { "math.@max([])", "error: math.@max(list) argument must not be empty" },
    { "math.@min([])", "error: math.@min(list) argument must not be empty" },
    { "math.@max(1.0, nan)", "error: NaN values cannot be ordered: math.@max" },
    { "math.@min(nan, 1.0)", "error: NaN values cannot be ordered: math.@min" },
    { "math.@min([nan, 1.0])", "error: no such overload: math.@min" },
    { "math.@max('a')", "error: no such overload: math.@max(string)" },
    { "math.@max(1, 'a')", "error: no such overload: math.@max(int, string)" },
    { "math.@min(1, true)", "error: no such overload: math.@min(int, bool)" },
    { "math.@max([1, 'a'])", "error: no such overload: math.@max" },
    { "math.@max(['a', 1])", "error: no such overload: math.@max(list)" },
    { "math.@max([[1]])", "error: no such overload: math.@max(list)" },
    { "math.@max('a', 1, 1)", "error: no such overload: math.@max(list)" },
    { "math.@max(1, 'a', 1)", "error: no such overload: math.@max" },
    { "math.@max({})", "error: no such overload: math.@max(map)" },
};

static const struct row doubles[] = {
    { "math.ceil(1.2)", "2.0" },
    { "math.ceil(-0.5)", "-0.0" },
    { "math.ceil(inf)", "double(\"+Inf\")" },
    { "math.ceil(1)", "error: no such overload: math.ceil(int)" },
    { "math.floor(-1.2)", "-2.0" },
    { "math.floor(1e300)", "1e+300" },
    { "math.floor('a')", "error: no such overload: math.floor(string)" },
    { "math.round(1.5)", "2.0" },
    { "math.round(-2.5)", "-3.0" }, /* halves away from zero */
    { "math.round(0.49999999999999994)", "0.0" },
    { "math.round(-0.4)", "-0.0" },
    { "math.round(4503599627370497.5)", "4.503599627370498e+15" },
    { "math.round(nan)", "double(\"NaN\")" },
    { "math.round(1)", "error: no such overload: math.round(int)" },
    { "math.trunc(-1.9)", "-1.0" },
    { "math.trunc(-0.9)", "-0.0" },
    { "math.trunc('1.5')", "error: no such overload: math.trunc(string)" },
    { "math.isInf(-inf)", "true" },
    { "math.isInf(nan)", "false" },
    { "math.isInf(1u)", "error: no such overload: math.isInf(uint)" },
    { "math.isNaN(nan)", "true" },
    { "math.isNaN(inf)", "false" },
    { "math.isNaN(null)", "error: no such overload: math.isNaN(null_type)" },
    { "math.isFinite(5e-324)", "true" },
    { "math.isFinite(nan)", "false" },
    { "math.isFinite(1)", "error: no such overload: math.isFinite(int)" },
    { "math.sqrt(81)", "9.0" },
    { "math.sqrt(2u)", "1.4142135623730951" },
    { "math.sqrt(-0.0)", "-0.0" },
    { "math.sqrt(-15)", "double(\"NaN\")" },
    { "math.sqrt('4')", "error: no such overload: math.sqrt(string)" },
};

static const struct row integers[] = {
    { "math.abs(-1)", "1" },
    { "math.abs(-9223372036854775807)", "9223372036854775807" },
    { "math.abs(-9223372036854775808)", "error: integer overflow" },
    { "math.abs(5u)", "5u" },
    { "math.abs(-0.0)", "0.0" },
    { "math.abs(true)", "error: no such overload: math.abs(bool)" },
    { "math.sign(-42)", "-1" },
    { "math.sign(-9223372036854775808)", "-1" },
    { "math.sign(0u)", "0u" },
    { "math.sign(-0.0)", "0.0" },
    { "math.sign(-inf)", "-1.0" },
    { "math.sign(nan)", "double(\"NaN\")" },
    { "math.sign(null)", "error: no such overload: math.sign(null_type)" },
    { "math.bitAnd(-3, -5)", "-7" },
    { "math.bitAnd(3u, 2u)", "2u" },
    { "math.bitAnd(3, 2u)", "error: no such overload: math.bitAnd(int, uint)" },
    { "math.bitAnd(3.0, 2)", "error: no such overload: math.bitAnd(double, int)" },
    { "math.bitOr(9223372036854775808u, 1u)", "9223372036854775809u" },
    { "math.bitOr(5, 2)", "7" },
    { "math.bitXor(-1, 1)", "-2" },
    { "math.bitXor(1, null)", "error: no such overload: math.bitXor(int, null_type)" },
    { "math.bitNot(9223372036854775807)", "-9223372036854775808" },
    { "math.bitNot(0u)", "18446744073709551615u" },
    { "math.bitNot(1.0)", "error: no such overload: math.bitNot(double)" },
    { "math.bitShiftLeft(1, 63)", "-9223372036854775808" },
    { "math.bitShiftLeft(-1, 2)", "-4" },
    { "math.bitShiftLeft(1u, 64)", "0u" },
    { "math.bitShiftLeft(1, 9223372036854775807)", "0" },
    { "math.bitShiftLeft(1, -1)", "error: math.bitShiftLeft() negative offset: -1" },
    { "math.bitShiftLeft(1, 2u)", "error: no such overload: math.bitShiftLeft(int, uint)" },
    { "math.bitShiftRight(-1, 1)", "9223372036854775807" }, /* zeros come in */
    { "math.bitShiftRight(-8, 0)", "-8" },
    { "math.bitShiftRight(-1, 64)", "0" },
    { "math.bitShiftRight(18446744073709551615u, 60)", "15u" },
    { "math.bitShiftRight(1u, -9223372036854775808)",
      "error: math.bitShiftRight() negative offset: -9223372036854775808" },
};

START_TEST(extremes_are_found)
{
    expect_call(extremes[_i].call, extremes[_i].want);
}
END_TEST

START_TEST(doubles_are_rounded)
{
    expect_call(doubles[_i].call, doubles[_i].want);
}
END_TEST

START_TEST(integers_do_not_overflow)
{
    expect_call(integers[_i].call, integers[_i].want);
}
END_TEST

START_TEST(long_lists_are_paid_for)
{
    expect_costly("math.@max(repeat([1], 100000))", 10000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cel_func_math");
    TCase *tc = tcase_create("math");
    tcase_add_loop_test(tc, extremes_are_found, 0, countof(extremes));
    tcase_add_loop_test(tc, doubles_are_rounded, 0, countof(doubles));
    tcase_add_loop_test(tc, integers_do_not_overflow, 0, countof(integers));
    tcase_add_test(tc, long_lists_are_paid_for);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
