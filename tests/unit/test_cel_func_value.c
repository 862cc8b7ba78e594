/* test_cel_func_value.c — optional values, base64, id
 *
 * Answers are the reference's. spec: cel#newer-additions, cel#encoders
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "support/calls.h"
#include "support/unit.h"

struct row {
    const char *call, *want;
};

static const struct row optionals[] = {
    { "optional.of(1)", "optional.of(1)" },
    { "optional.of(null)", "optional.of(null)" },
    { "optional.none()", "optional.none()" },
    { "optional.ofNonZeroValue(0)", "optional.none()" },
    { "optional.ofNonZeroValue(0u)", "optional.none()" },
    { "optional.ofNonZeroValue(-0.0)", "optional.none()" },
    { "optional.ofNonZeroValue(nan)", "optional.of(double(\"NaN\"))" },
    { "optional.ofNonZeroValue(false)", "optional.none()" },
    { "optional.ofNonZeroValue('')", "optional.none()" },
    { "optional.ofNonZeroValue(b'')", "optional.none()" },
    { "optional.ofNonZeroValue([])", "optional.none()" },
    { "optional.ofNonZeroValue({})", "optional.none()" },
    { "optional.ofNonZeroValue(null)", "optional.none()" },
    { "optional.ofNonZeroValue([0])", "optional.of([0])" },
    { "optional.ofNonZeroValue(duration('0s'))", "optional.none()" },
    { "optional.ofNonZeroValue(timestamp('0001-01-01T01:00:00+01:00'))", "optional.none()" },
    { "hasValue(optional.ofNonZeroValue(timestamp('1970-01-01T00:00:00Z')))", "true" },
    { "hasValue(optional.ofNonZeroValue(optional.none()))", "true" },
    { "hasValue(optional.ofNonZeroValue(hierarchy([])))", "true" },
    { "hasValue(optional.ofNonZeroValue(type('int')))", "true" },
    { "hasValue(optional.none())", "false" },
    { "hasValue(1)", "error: no such overload: hasValue(int)" },
    { "value(optional.of('a'))", "\"a\"" },
    { "value(optional.none())", "error: optional.none() dereference" },
    { "value([1])", "error: no such overload: value(list)" },
    { "or(optional.of(1), optional.of(2))", "optional.of(1)" },
    { "or(optional.none(), optional.of(2))", "optional.of(2)" },
    { "or(optional.none(), 1)", "1" }, /* taken as it is */
    { "or(1, optional.of(2))", "error: no such overload" },
    { "orValue(optional.of(1), 2)", "1" },
    { "orValue(optional.none(), 2)", "2" },
    { "orValue(null, 2)", "error: no such overload" },
    { "optional.unwrap([optional.of(1), optional.none(), optional.of('a')])", "[1, \"a\"]" },
    { "optional.unwrap([])", "[]" },
    { "optional.unwrap([optional.of(1), 5])", "error: value 5 is not optional" },
    { "optional.unwrap([1])", "error: no such overload: optional.unwrap(list)" },
    { "optional.unwrap(1)", "error: no such overload: optional.unwrap(int)" },
    { "unwrapOpt([optional.none()])", "[]" },
    { "unwrapOpt('a')", "error: no such overload: unwrapOpt(string)" },
    { "id([1, 'a'])", "[1, \"a\"]" },
    { "id(optional.none())", "optional.none()" },
};

static const struct row base64[] = {
    { "base64.encode(b'hello')", "\"aGVsbG8=\"" },
    { "base64.encode(b'')", "\"\"" },
    { "base64.encode(b'\xfb\xef\xff')", "\"++//\"" },
    { "base64.encode('str')", "error: no such overload: base64.encode(string)" },
    { "base64.decode('aGVsbG8=')", "b\"hello\"" },
    { "base64.decode('aGVsbG8')", "b\"hello\"" },
    { "base64.decode('aGVs\r\nbG8=\n')", "b\"hello\"" },
    { "base64.decode('YQ=\n=')", "b\"a\"" },
    { "base64.decode('YR==')", "b\"a\"" }, /* spare bits are let pass */
    { "base64.decode('')", "b\"\"" },
    { "base64.decode('\n')", "b\"\"" },
    { "base64.decode('++//')", "b\"\\xfb\\xef\\xff\"" },
    { "base64.decode('aGVsbG8===')", "error: illegal base64 data at input byte 7" },
    { "base64.decode('a')", "error: illegal base64 data at input byte 0" },
    { "base64.decode('YQ=')", "error: illegal base64 data at input byte 2" },
    { "base64.decode('\na')", "error: illegal base64 data at input byte 1" },
    { "base64.decode('YWJj\nZ\n')", "error: illegal base64 data at input byte 6" },
    { "base64.decode('YWJjZ')", "error: illegal base64 data at input byte 4" },
    { "base64.decode('YQ==YQ==')", "error: illegal base64 data at input byte 2" },
    { "base64.decode('aGVs bG8=')", "error: illegal base64 data at input byte 4" },
    { "base64.decode('YWJ-')", "error: illegal base64 data at input byte 3" }, /* no URL alphabet */
    { "base64.decode('====')", "error: illegal base64 data at input byte 0" },
    { "base64.decode(b'aGVsbG8=')", "error: no such overload: base64.decode(bytes)" },
    { "base64.decode(base64.encode(b'\x01\x02'))", "b\"\\x01\\x02\"" },
};

START_TEST(optional_values)
{
    expect_call(optionals[_i].call, optionals[_i].want);
}
END_TEST

START_TEST(base64_is_coded)
{
    expect_call(base64[_i].call, base64[_i].want);
}
END_TEST

START_TEST(work_is_paid_for)
{
    expect_costly("base64.decode(repeat('YWJj', 50000))", 3000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cel_func_value");
    TCase *tc = tcase_create("values");
    tcase_add_loop_test(tc, optional_values, 0, countof(optionals));
    tcase_add_loop_test(tc, base64_is_coded, 0, countof(base64));
    tcase_add_test(tc, work_is_paid_for);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
