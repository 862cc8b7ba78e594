/* test_base_num.c — numbers and text
 *
 * What the layouts must be is in tables; that the digits are the shortest and nearest is checked on
 * many random doubles against the C library, which works in the C locale here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/num.h"
#include "support/unit.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- integers ---- */

static const struct {
    const char *text;
    bool plus_ok, ok;
    int64_t want;
} ints[] = {
    { "0", false, true, 0 },
    { "-0", false, true, 0 },
    { "007", false, true, 7 },
    { "9223372036854775807", false, true, INT64_MAX },
    { "-9223372036854775808", false, true, INT64_MIN },
    { "9223372036854775808", false, false, 0 },
    { "-9223372036854775809", false, false, 0 },
    { "99999999999999999999", false, false, 0 },
    { "+1", true, true, 1 },
    { "+1", false, false, 0 },
    { "", false, false, 0 },
    { "-", false, false, 0 },
    { "+", true, false, 0 },
    { "--1", false, false, 0 },
    { "+-1", true, false, 0 },
    { " 1", false, false, 0 },
    { "1 ", false, false, 0 },
    { "1.0", false, false, 0 },
    { "0x10", false, false, 0 },
    { "\xD9\xA1", false, false, 0 }, /* Arabic digit one */
};

START_TEST(parse_int)
{
    int64_t n = 0;
    ck_assert_int_eq(num_parse_int(str_from_c(ints[_i].text), ints[_i].plus_ok, &n), ints[_i].ok);
    ck_assert_int_eq(n, ints[_i].want);
}
END_TEST

START_TEST(parse_uint)
{
    uint64_t n = 0;
    ck_assert(num_parse_uint(S("18446744073709551615"), &n) && n == UINT64_MAX);
    ck_assert(!num_parse_uint(S("18446744073709551616"), &n));
    ck_assert(!num_parse_uint(S("-1"), &n) && !num_parse_uint(S("+1"), &n) &&
              !num_parse_uint(S(""), &n));
}
END_TEST

/* ---- layouts ---- */

static const struct {
    double d;
    const char *cel, *plain, *json; /* NULL: not checked */
} layouts[] = {
    { 0, "0", "0", "0" },
    { -0.0, "-0", "-0", "-0" },
    { 1, "1", "1", "1" },
    { -42, "-42", "-42", "-42" },
    { 1.5, "1.5", "1.5", "1.5" },
    { 0.1, "0.1", "0.1", "0.1" },
    { 100, "100", "100", "100" },
    { 999999, "999999", "999999", "999999" },
    { 1e6, "1e+06", "1000000", "1000000" },
    { 1234567, "1.234567e+06", "1234567", "1234567" },
    { 123456.7, "123456.7", "123456.7", "123456.7" },
    { 0.0001, "0.0001", "0.0001", "0.0001" },
    { 1e-5, "1e-05", "0.00001", "0.00001" },
    { 0.00001234, "1.234e-05", "0.00001234", "0.00001234" },
    { 1e-6, "1e-06", "0.000001", "0.000001" },
    { 1e-7, "1e-07", "0.0000001", "1e-7" },
    { 1e-10, "1e-10", "0.0000000001", "1e-10" },
    { 1.5e-7, "1.5e-07", "0.00000015", "1.5e-7" },
    { 999999999999999, "9.99999999999999e+14", "999999999999999", "999999999999999" },
    { 1e15, "1e+15", "1000000000000000", "1000000000000000" },
    { -1e15, "-1e+15", "-1000000000000000", "-1000000000000000" },
    { 123456789012345678.0, "1.2345678901234568e+17", "123456789012345680", "123456789012345680" },
    { 1e20, "1e+20", "100000000000000000000", "100000000000000000000" },
    { 1e21, "1e+21", "1000000000000000000000", "1e+21" },
    { -1.5e300, "-1.5e+300", NULL, "-1.5e+300" },
    { 1e100, "1e+100", NULL, "1e+100" },
    { 9007199254740993.0, "9.007199254740992e+15", "9007199254740992", "9007199254740992" },
    { 5e-324, "5e-324", NULL, "5e-324" },
    { DBL_MIN, "2.2250738585072014e-308", NULL, "2.2250738585072014e-308" },
    { DBL_MAX, "1.7976931348623157e+308", NULL, "1.7976931348623157e+308" },
    { 1e23, "1e+23", "100000000000000000000000", "1e+23" },
    { 9.5367431640625e-07, "9.5367431640625e-07", "0.00000095367431640625", "9.5367431640625e-7" },
    { 2.0 / 3, "0.6666666666666666", "0.6666666666666666", "0.6666666666666666" },
    { 2251799813685248.5, "2.2517998136852485e+15", "2251799813685248.5", "2251799813685248.5" },
    { 0x1p-1022, "2.2250738585072014e-308", NULL,
      NULL }, /* lower neighbour is as far as the upper one */
    { 0x1p-1021, "4.450147717014403e-308", NULL, NULL },
    { 0x1p63, "9.223372036854776e+18", "9223372036854776000", "9223372036854776000" },
};

START_TEST(layout)
{
    char text[NUM_TEXT];
    double d = layouts[_i].d;
    expect_str(((str){ text, num_put_double_cel(text, d) }), layouts[_i].cel);
    if (layouts[_i].plain != NULL) {
        expect_str(((str){ text, num_put_double_plain(text, d) }), layouts[_i].plain);
    }
    if (layouts[_i].json != NULL) {
        expect_str(((str){ text, num_put_double_json(text, d) }), layouts[_i].json);
    }
}
END_TEST

START_TEST(layout_of_what_is_not_finite)
{
    char text[NUM_TEXT];
    expect_str(((str){ text, num_put_double_cel(text, HUGE_VAL) }), "+Inf");
    expect_str(((str){ text, num_put_double_cel(text, -HUGE_VAL) }), "-Inf");
    expect_str(((str){ text, num_put_double_cel(text, -(double)NAN) }), "NaN");
    expect_str(((str){ text, num_put_double_plain(text, HUGE_VAL) }), "Infinity");
    expect_str(((str){ text, num_put_double_plain(text, -HUGE_VAL) }), "-Infinity");
    expect_str(((str){ text, num_put_double_plain(text, (double)NAN) }), "NaN");
}
END_TEST

START_TEST(longest_texts_fit)
{
    char text[NUM_TEXT];
    const double longest[] = { -DBL_MAX, -DBL_MIN, -5e-324, -2.2250738585072011e-308,
                               -1.2345678901234567e-308 };
    for (int i = 0; i < countof(longest); i++) {
        ck_assert_int_lt(num_put_double_plain(text, longest[i]), NUM_TEXT);
    }
}
END_TEST

/* ---- random doubles ---- */

static double from_bits(uint64_t bits)
{
    double d;
    memcpy(&d, &bits, sizeof(d));
    return d;
}

/* Significant digits of `[-]d.ddde±x` or `[-]ddd.ddd`. */
static int significant_digits(const char *text)
{
    int count = 0, zeros = 0;
    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (count == 0 && *text == '0')) {
            continue;
        }
        zeros = *text == '0' ? zeros + 1 : 0;
        count++;
    }
    return count - zeros;
}

/* True when the shortest text reads back and no text with fewer digits does; and none of as many is
 * nearer. */
static bool is_shortest(double d, const char *text)
{
    char other[64];
    int digits = significant_digits(text);
    if (strtod(text, NULL) != d) {
        return false;
    }
    (void)snprintf(other, sizeof(other), "%.*e", digits - 1,
                   d); /* the nearest of that many digits */
    if (strtod(other, NULL) == d && significant_digits(other) <= digits) {
        char mine[64];
        (void)snprintf(mine, sizeof(mine), "%.*e", digits - 1, strtod(text, NULL));
        if (strcmp(mine, other) != 0) {
            return false;
        }
    }
    if (digits < 2) {
        return true;
    }
    (void)snprintf(other, sizeof(other), "%.*e", digits - 2, d);
    return strtod(other, NULL) != d;
}

START_TEST(random_doubles_read_back)
{
    uint64_t seed = 88172645463325252U, bad = 0;
    for (int i = 0; i < 1000000; i++) {
        double d = from_bits(unit_random(&seed)), back;
        if (!isfinite(d)) {
            continue;
        }
        char text[NUM_TEXT];
        int len = num_put_double_cel(text, d);
        text[len] = '\0';
        bad += i % 10 == 0 && (!num_parse_double((str){ text, len }, &back) || back != d);
        bad += strtod(text, NULL) != d;
    }
    ck_assert_uint_eq(bad, 0);
}
END_TEST

START_TEST(random_doubles_are_shortest)
{
    uint64_t seed = 12345;
    for (int i = 0; i < 60000; i++) {
        uint64_t bits = unit_random(&seed);
        switch (i % 4) {
        case 0:
            bits &= ~UINT64_C(0) << 52;
            break; /* powers of two: uneven neighbours   */
        case 1:
            bits &= (UINT64_C(1) << 52) - 1;
            break; /* subnormal                          */
        case 2:
            bits = (bits & UINT64_C(0x800FFFFFFFFFFFFF)) | (1023 + bits % 60) << 52;
            break; /* usual */
        default:
            break;
        }
        double d = from_bits(bits);
        char text[NUM_TEXT];
        if (isfinite(d) && d != 0) {
            text[num_put_double_cel(text, d)] = '\0';
            ck_assert_msg(is_shortest(d, text), "%a as %s", d, text);
        }
    }
}
END_TEST

START_TEST(every_power_of_ten_and_two)
{
    char text[NUM_TEXT], want[16];
    for (int e = -323; e <= 308; e++) {
        (void)snprintf(want, sizeof(want), "1e%c%02d", e < 0 ? '-' : '+', abs(e));
        text[num_put_double_cel(text, strtod(want, NULL))] = '\0';
        ck_assert(e >= -4 && e < 6 ? strtod(text, NULL) == strtod(want, NULL)
                                   : strcmp(text, want) == 0);
    }
    for (int e = -1074; e <= 1023; e++) {
        double d = ldexp(1, e);
        text[num_put_double_cel(text, d)] = '\0';
        ck_assert_msg(is_shortest(d, text), "%a as %s", d, text);
    }
}
END_TEST

/* ---- doubles in ---- */

static const struct {
    const char *text;
    bool ok;
    double want;
} doubles[] = {
    { "0", true, 0 },
    { "1.5", true, 1.5 },
    { "-1.5e3", true, -1500 },
    { "1E+2", true, 100 },
    { "1e-2", true, 0.01 },
    { ".5", true, 0.5 },
    { "1e400", true, HUGE_VAL },
    { "-1e400", true, -HUGE_VAL },
    { "1e-400", true, 0 },
    { "1e99999999999999999999", true, HUGE_VAL },
    { "0e99999999999999999999", true, 0 },
    { "1e-99999999999999999999", true, 0 },
    { "9007199254740993", true, 9007199254740992.0 }, /* a tie goes to even           */
    { "9007199254740995", true, 9007199254740996.0 },
    { "9007199254740993.0000000000000000000000001", true, 9007199254740994.0 },
    { "1.7976931348623158e308", true, DBL_MAX },
    { "1.7976931348623159e308", true, HUGE_VAL },
    { "2.4703282292062327e-324", true, 0 },
    { "2.4703282292062328e-324", true, 5e-324 },
    { "2.2250738585072011e-308", true, 2.2250738585072011e-308 },
    { "0.000000000000000000000000000000000000000000000000000000000001e60", true, 1 },
    { "100000000000000000000000000000000000000000000000000000000000e-59", true, 1 },
    { "", false, 0 },
    { "-", false, 0 },
    { ".", false, 0 },
    { "1.", false, 0 },
    { "1.e3", false, 0 },
    { "e5", false, 0 },
    { "1e", false, 0 },
    { "1e+", false, 0 },
    { "+1", false, 0 },
    { "1_0", false, 0 },
    { "0x10", false, 0 },
    { "inf", false, 0 },
    { "nan", false, 0 },
    { " 1", false, 0 },
    { "1 ", false, 0 },
    { "1.2.3", false, 0 },
    { "1e5e5", false, 0 },
};

START_TEST(parse_double)
{
    double d = 0;
    ck_assert_int_eq(num_parse_double(str_from_c(doubles[_i].text), &d), doubles[_i].ok);
    if (doubles[_i].ok) {
        ck_assert_double_eq(d, doubles[_i].want);
    }
}
END_TEST

START_TEST(parse_double_keeps_the_sign_of_zero)
{
    double d = 1;
    ck_assert(num_parse_double(S("-0"), &d) && d == 0 && signbit(d));
    ck_assert(num_parse_double_go(S("-0.0e5"), &d) && d == 0 && signbit(d));
}
END_TEST

START_TEST(parse_double_of_any_length)
{
    char text[3000];
    uint64_t seed = 99;
    for (int i = 0; i < 3000;
         i++) { /* the middle between two doubles, exactly, and a digit more or less */
        double d = fabs(from_bits(unit_random(&seed) & ~(UINT64_C(1) << 62)));
        if (!isfinite(d)) {
            continue;
        }
        int len = snprintf(text, sizeof(text), "%.*e", (int)(unit_random(&seed) % 800), d);
        double want = strtod(text, NULL), got;
        ck_assert(num_parse_double((str){ text, len }, &got));
        ck_assert_msg(got == want, "%s: %a, not %a", text, got, want);
    }
    /* half of the smallest double, with all its 751 digits; one more digit makes the difference */
    int len = snprintf(text, sizeof(text), "%.750e", 5e-324);
    double d;
    ck_assert(num_parse_double((str){ text, len }, &d) && d == 5e-324);
    char zeros[2000];
    memset(zeros, '0', sizeof(zeros));
    len = snprintf(text, sizeof(text), "9007199254740993.%.900s1", zeros);
    ck_assert(num_parse_double((str){ text, len }, &d) && d == 9007199254740994.0);
    len = snprintf(text, sizeof(text), "9007199254740993.%.900s", zeros);
    ck_assert(num_parse_double((str){ text, len }, &d) && d == 9007199254740992.0);
}
END_TEST

static const struct {
    const char *text;
    const char *want; /* in the layout of string(d); NULL: refused */
} gos[] = {
    { "1", "1" },
    { "+1.5", "1.5" },
    { "5.", "5" },
    { ".5", "0.5" },
    { "-.5e-1", "-0.05" },
    { "1e400", NULL },
    { "-1e400", NULL },
    { "1e-400", "0" },
    { "NaN", "NaN" },
    { "nan", "NaN" },
    { "Inf", "+Inf" },
    { "+Inf", "+Inf" },
    { "-Infinity", "-Inf" },
    { "INFINITY", "+Inf" },
    { "infinit", NULL },
    { "-nan", NULL },
    { "+nan", NULL },
    { "0x1p-2", "0.25" },
    { "0x1.8p1", "3" },
    { "0x.8p0", "0.5" },
    { "0X1P3", "8" },
    { "0x10", NULL },
    { "0x1p", NULL },
    { "0x", NULL },
    { "0xp1", NULL },
    { "1_0", "10" },
    { "1__0", NULL },
    { "_1", NULL },
    { "1_", NULL },
    { "1_.5", NULL },
    { "1._5", NULL },
    { "1.5_5", "1.55" },
    { "1e1_0", "1e+10" },
    { "1e_1", NULL },
    { "1_e1", NULL },
    { "1e1_", NULL },
    { "0x_1p0", "1" },
    { "0_x1p0", NULL },
    { "0_1", "1" },
    { "0x1_p1", NULL },
    { "0b1", NULL },
    { "0o7", NULL },
    { "1e5000000000000", NULL },
    { "0e5000000000000", "0" },
    { "--1", NULL },
    { ".", NULL },
    { "", NULL },
    { " 1", NULL },
    { "1 ", NULL },
    { "e5", NULL },
    { "1e", NULL },
    { "1e+", NULL },
    { "1.0f", NULL },
    { "\xD9\xA1", NULL },
    { "0x1.fffffffffffff8p1023", NULL },
    { "0x1.fffffffffffff7p1023", "1.7976931348623157e+308" },
    { "0x1p-1074", "5e-324" },
    { "0x1p-1075", "0" },
    { "0x1.8p-1075", "5e-324" },
    { "0x1p1024", NULL },
    { "0x123456789abcdef123p0", "3.358127276707303e+20" },
    { "0x1.00000000000008p0", "1" },
    { "0x1.00000000000008000000000001p0", "1.0000000000000002" },
    { "1.7976931348623158e308", "1.7976931348623157e+308" },
    { "1.7976931348623159e308", NULL },
    { "4.9e-324", "5e-324" },
    { "9007199254740993", "9.007199254740992e+15" },
};

START_TEST(parse_double_as_go_does)
{
    double d;
    bool ok = num_parse_double_go(str_from_c(gos[_i].text), &d);
    ck_assert_int_eq(ok, gos[_i].want != NULL);
    if (ok) {
        char text[NUM_TEXT];
        expect_str(((str){ text, num_put_double_cel(text, d) }), gos[_i].want);
    }
}
END_TEST

/* ---- fixed and scientific ---- */

static const struct {
    double d;
    int precision;
    const char *fixed, *scientific;
} fixeds[] = {
    { 0, 0, "0", "0e+00" },
    { -0.0, 2, "-0.00", "-0.00e+00" },
    { 0.5, 0, "0", "5e-01" },
    { 1.5, 0, "2", "2e+00" },
    { 2.5, 0, "2", "2e+00" },
    { 0.125, 2, "0.12", "1.25e-01" },
    { 2.675, 2, "2.67", "2.67e+00" },
    { 9.995, 2, "9.99", "9.99e+00" },
    { 99.95, 1, "100.0", "1.0e+02" },
    { 999.9999, 3, "1000.000", "1.000e+03" },
    { 1e23, 1, "99999999999999991611392.0", "1.0e+23" },
    { 123456.789, 6, "123456.789000", "1.234568e+05" },
    { 1e-7, 3, "0.000", "1.000e-07" },
    { -1e100, 0,
      "-1000000000000000015902891109759918046836080856394528138978132755774783877217038106081346998"
      "5"
      "856815104",
      "-1e+100" },
    { 5e-324, 2, "0.00", "4.94e-324" },
    { HUGE_VAL, 2, "inf", "inf" },
    { -HUGE_VAL, 2, "-inf", "-inf" },
};

START_TEST(fixed_and_scientific)
{
    struct arena *arena = unit_arena();
    expect_str(num_fixed(arena, fixeds[_i].d, fixeds[_i].precision), fixeds[_i].fixed);
    expect_str(num_scientific(arena, fixeds[_i].d, fixeds[_i].precision), fixeds[_i].scientific);
}
END_TEST

START_TEST(fixed_and_scientific_like_printf)
{
    struct arena *arena = unit_arena();
    uint64_t seed = 4711;
    char want[1500];
    for (int i = 0; i < 4000; i++) {
        double d = from_bits(unit_random(&seed));
        int precision = (int)(unit_random(&seed) % (i % 50 == 0 ? 1001 : 30));
        if (!isfinite(d)) {
            continue;
        }
        (void)snprintf(want, sizeof(want), "%.*e", precision, d);
        expect_str(num_scientific(arena, d, precision), want);
        d = ldexp(d, -ilogb(d) + (int)(unit_random(&seed) % 200) - 100);
        (void)snprintf(want, sizeof(want), "%.*f", precision, d);
        expect_str(num_fixed(arena, d, precision), want);
        arena_clear(arena, 1 << 20);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base/num");
    TCase *tcase = tcase_create("num");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, parse_int, 0, (int)countof(ints));
    tcase_add_test(tcase, parse_uint);
    tcase_add_loop_test(tcase, layout, 0, (int)countof(layouts));
    tcase_add_test(tcase, layout_of_what_is_not_finite);
    tcase_add_test(tcase, longest_texts_fit);
    tcase_add_test(tcase, random_doubles_read_back);
    tcase_add_test(tcase, random_doubles_are_shortest);
    tcase_add_test(tcase, every_power_of_ten_and_two);
    tcase_add_loop_test(tcase, parse_double, 0, (int)countof(doubles));
    tcase_add_test(tcase, parse_double_keeps_the_sign_of_zero);
    tcase_add_test(tcase, parse_double_of_any_length);
    tcase_add_loop_test(tcase, parse_double_as_go_does, 0, (int)countof(gos));
    tcase_add_loop_test(tcase, fixed_and_scientific, 0, (int)countof(fixeds));
    tcase_add_test(tcase, fixed_and_scientific_like_printf);
    suite_add_tcase(suite, tcase);
    return unit_run(suite);
}
