/* test_cel_func_string.c — text functions of the language
 *
 * Answers are the reference's. spec: cel#string-functions
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "support/calls.h"
#include "support/unit.h"

struct row {
    const char *call, *want;
};

static const struct row searching[] = {
    { "contains('hello', 'ell')", "true" },
    { "contains('hello', '')", "true" },
    { "contains('', 'a')", "false" },
    { "contains('héllo', 'é')", "true" },
    { "contains(1, 'a')", "error: no such overload" },
    { "startsWith('日本語', '日本')", "true" },
    { "startsWith('ab', 'abc')", "false" },
    { "startsWith(b'abc', 'a')", "error: no such overload" },
    { "endsWith('日本語', '語')", "true" },
    { "endsWith('', '')", "true" },
    { "endsWith('a', null)", "error: no such overload" },
    { "indexOf('hello mellow', 'ello')", "1" },
    { "indexOf('hello mellow', 'ello', 2)", "7" },
    { "indexOf('hello mellow', 'jello')", "-1" },
    { "indexOf('hello', 'hello world')", "-1" },
    { "indexOf('a😀b😀', '😀', 2)", "3" },
    { "indexOf('tacocat', 't', 6)", "6" },
    { "indexOf('aaa', 'aa', 2)", "-1" },
    { "indexOf('abc', '')", "0" },
    { "indexOf('abc', '', 2)", "2" },
    { "indexOf('abc', '', 100)", "3" }, /* at the end at most */
    { "indexOf('héé', '', 9223372036854775807)", "3" },
    { "indexOf('abc', 'c', 3)", "-1" },
    { "indexOf('abc', 'c', 9223372036854775807)", "-1" },
    { "indexOf('abc', '', -1)", "error: index out of range: -1" },
    { "indexOf('a', 'abc', -9223372036854775808)",
      "error: index out of range: -9223372036854775808" },
    { "indexOf('abc', b'a')", "error: no such overload: indexOf(string, bytes)" },
    { "indexOf('abc', 'a', 1.0)", "error: no such overload: indexOf(string, string, double)" },
    { "lastIndexOf('hello mellow', 'ello')", "7" },
    { "lastIndexOf('hello mellow', 'ello', 6)", "1" },
    { "lastIndexOf('hello mellow', 'ello', 0)", "-1" },
    { "lastIndexOf('hello mellow', 'ello', 20)", "-1" }, /* not the last one */
    { "lastIndexOf('hello mellow', '')", "12" },
    { "lastIndexOf('hello mellow', '', 6)", "6" },
    { "lastIndexOf('hello mellow', '', 50)", "12" },
    { "lastIndexOf('abc', 'c', 3)", "-1" },
    { "lastIndexOf('abc', 'c', 2)", "2" },
    { "lastIndexOf('a😀b😀', '😀')", "3" },
    { "lastIndexOf('éé', 'aaa')", "-1" },
    { "lastIndexOf('aaa', 'aa', 0)", "0" },
    { "lastIndexOf('one needle two needle three', 'needle two n')", "4" }, /* long needle */
    { "lastIndexOf('abc', 'a', -1)", "error: index out of range: -1" },
    { "lastIndexOf('abc', 1)", "error: no such overload: lastIndexOf(string, int)" },
};

static const struct row cutting[] = {
    { "charAt('hello', 0)", "\"h\"" },
    { "charAt('a😀b', 1)", "\"😀\"" },
    { "charAt('hello', 5)", "\"\"" },
    { "charAt('', 0)", "\"\"" },
    { "charAt('hello', 6)", "error: index out of range: 6" },
    { "charAt('hello', -1)", "error: index out of range: -1" },
    { "charAt('hello', 9223372036854775807)", "error: index out of range: 9223372036854775807" },
    { "charAt('hello', 1.0)", "error: no such overload: charAt(string, double)" },
    { "substring('tacocat', 4)", "\"cat\"" },
    { "substring('tacocat', 7)", "\"\"" },
    { "substring('h😀llo', 1, 2)", "\"😀\"" },
    { "substring('tacocat', 4, 4)", "\"\"" },
    { "substring('tacocat', 8)", "error: index out of range: 8" },
    { "substring('tacocat', 0, 8)", "error: index out of range: 8" },
    { "substring('tacocat', 8, 9)", "error: index out of range: 8" },
    { "substring('tacocat', -1, 2)", "error: index out of range: -1" },
    { "substring('tacocat', 2, 1)", "error: invalid substring range. start: 2, end: 1" },
    { "substring('tacocat', -5, -7)", "error: invalid substring range. start: -5, end: -7" },
    { "substring(b'abc', 1)", "error: no such overload: substring(bytes, int)" },
    { "trim('  \ttrim\n    ')", "\"trim\"" },
    { "trim(' \u3000x\u00a0y\u2029\xc2\x85')", "\"x\u00a0y\"" },
    { "trim('\u180ex\u200b')", "\"\u180ex\u200b\"" }, /* these two are no white space */
    { "trim('  ')", "\"\"" },
    { "trim(null)", "error: no such overload: trim(null_type)" },
    { "split('a.b.c', '.')", "[\"a\", \"b\", \"c\"]" },
    { "split('a.b.c', '.', 2)", "[\"a\", \"b.c\"]" },
    { "split('a.b.c', '.', 3)", "[\"a\", \"b\", \"c\"]" },
    { "split('a.b.c', '.', 9)", "[\"a\", \"b\", \"c\"]" },
    { "split('a.b.c', '.', 1)", "[\"a.b.c\"]" },
    { "split('a.b.c', '.', 0)", "[]" },
    { "split('a.b.c', '.', -7)", "[\"a\", \"b\", \"c\"]" },
    { "split(',', ',')", "[\"\", \"\"]" },
    { "split('', ',')", "[\"\"]" },
    { "split('', '')", "[]" },
    { "split('', '', 1)", "[]" },
    { "split('hé😀', '')", "[\"h\", \"é\", \"😀\"]" },
    { "split('hé😀', '', 2)", "[\"h\", \"é😀\"]" },
    { "split('abc', 'abc')", "[\"\", \"\"]" },
    { "split('a', 1)", "error: no such overload: split(string, int)" },
    { "split('a', 'b', 'c')", "error: no such overload: split(string, string, string)" },
};

static const struct row changing[] = {
    { "lowerAscii('TacoCat')", "\"tacocat\"" },
    { "lowerAscii('ÀÉ[@Z]{`a}')", "\"ÀÉ[@z]{`a}\"" },
    { "upperAscii('tacocæt [@z]{`A}')", "\"TACOCæT [@Z]{`A}\"" },
    { "upperAscii(1)", "error: no such overload: upperAscii(int)" },
    { "replace('hello hello', 'he', 'we')", "\"wello wello\"" },
    { "replace('hello hello', 'he', 'we', 1)", "\"wello hello\"" },
    { "replace('hello hello', 'he', 'we', 0)", "\"hello hello\"" },
    { "replace('hello hello', 'he', 'we', -5)", "\"wello wello\"" },
    { "replace('hello', 'l', 'L', -9223372036854775808)", "\"heLLo\"" },
    { "replace('hello', '', '_')", "\"_h_e_l_l_o_\"" },
    { "replace('hello', '', '_', 2)", "\"_h_ello\"" },
    { "replace('abc', '', '-', 3)", "\"-a-b-c\"" },
    { "replace('é😀', '', '-', 2)", "\"-é-😀\"" },
    { "replace('abc', '', '')", "\"abc\"" },
    { "replace('', '', 'x')", "\"x\"" },
    { "replace('', 'a', 'x')", "\"\"" },
    { "replace('aaa', 'aa', 'b')", "\"ba\"" },
    { "replace('hello hello', 'h', '')", "\"ello ello\"" },
    { "replace('abc', 1, 'x')", "error: no such overload: replace(string, int, string)" },
    { "reverse('e\u0301x a😀b')", "\"b😀a x\u0301e\"" },
    { "reverse('')", "\"\"" },
    { "reverse(b'ab')", "error: no such overload: reverse(bytes)" },
    { "join(['hello', 'mellow'])", "\"hellomellow\"" },
    { "join(['é', '😀', ''], '—')", "\"é—😀—\"" },
    { "join(['hello'], '-')", "\"hello\"" },
    { "join([], '-')", "\"\"" },
    { "join('a')", "error: no such overload: join(string)" },
    { "join(['a'], 1)", "error: no such overload: join(list, int)" },
    { "join([1, 'a'], ',')",
      "error: no such overload: join(list, string)" }, /* only the first decides */
    { "join(['a', 1], ',')", "error: join: invalid input: 1" },
    { "join(['a', 1.5])", "error: join: invalid input: 1.5" },
    { "join(['a', b'ab'])", "error: join: invalid input: [97 98]" },
    { "join(['a', null])", "error: join: invalid input: 0" },
    { "join(['a', [1, 'b', true]])", "error: join: invalid input: [1, b, true]" },
    { "join(['a', {'k': [1u]}])", "error: join: invalid input: {k: [1]}" },
    { "join(['a', type('int')])", "error: join: invalid input: int" },
    { "join(['a', optional.of(1)])", "error: join: invalid input: optional(1)" },
    { "join(['a', optional.none()])", "error: join: invalid input: optional.none()" },
    { "join(['a', timestamp('2020-01-01T00:00:00.5+05:30')])",
      "error: join: invalid input: 2020-01-01 00:00:00.5 +0530 +0530" },
    { "join(['a', timestamp('1970-01-01T00:00:00Z')])",
      "error: join: invalid input: 1970-01-01 00:00:00 +0000 UTC" },
    { "join(['a', duration('1h30m0.5s')])", "error: join: invalid input: 1h30m0.5s" },
    { "join(['a', duration('-1ms')])", "error: join: invalid input: -1ms" },
    { "join(['a', hierarchy('a.b')])", "error: join: invalid input: [a b]" },
    { "join(['a', ip('1.2.3.4')])", "error: join: invalid input: 1.2.3.4" },
    { "strings.quote('abc')", "\"\\\"abc\\\"\"" },
    { "strings.quote('\a\b\t\n\v\f\r')", "\"\\\"\\\\a\\\\b\\\\t\\\\n\\\\v\\\\f\\\\r\\\"\"" },
    { "strings.quote('say \"hi\" \\ é')", "\"\\\"say \\\\\\\"hi\\\\\\\" \\\\\\\\ é\\\"\"" },
    { "strings.quote(1)", "error: no such overload: strings.quote(int)" },
};

START_TEST(texts_are_searched)
{
    expect_call(searching[_i].call, searching[_i].want);
}
END_TEST

START_TEST(texts_are_cut)
{
    expect_call(cutting[_i].call, cutting[_i].want);
}
END_TEST

START_TEST(texts_are_changed)
{
    expect_call(changing[_i].call, changing[_i].want);
}
END_TEST

/* ---- what it costs ---- */

static const struct {
    const char *call;
    int64_t units; /* not enough */
} costly[] = {
    { "contains(repeat('a', 100000), 'b')", 1000 },
    { "indexOf(repeat('é', 100000), 'b')", 1000 },
    { "lastIndexOf(repeat('a', 100000), 'baaaaaaaaaaaaaaaa')", 1000 },
    { "charAt(repeat('é', 100000), 99999)", 1000 },
    { "substring(repeat('é', 100000), 99999)", 1000 },
    { "trim(repeat(' ', 100000))", 1000 },
    { "lowerAscii(repeat('A', 100000))", 1000 },
    { "upperAscii(repeat('a', 100000))", 1000 },
    { "reverse(repeat('é', 100000))", 1000 },
    { "replace('aaaaaaaa', 'a', repeat('b', 100000))", 10000 }, /* what is made counts */
    { "replace(repeat('a', 1000), '', repeat('b', 1000))", 15000 },
    { "split(repeat('a', 100000), '')", 10000 },
    { "join(repeat(['a'], 100000), 'bcdefghi')", 20000 },
    { "join(['a', 'b', 'c'], repeat('b', 100000))", 3000 },
    { "strings.quote(repeat('\a', 100000))", 3000 },
};

START_TEST(texts_are_paid_for)
{
    expect_costly(costly[_i].call, costly[_i].units);
}
END_TEST

/* Both would take hours if they tried every place with the whole needle. */
START_TEST(searching_is_linear)
{
    expect_call("indexOf(repeat('a', 3000000), join([repeat('a', 1000000), 'b']))", "-1");
    expect_call("lastIndexOf(repeat('a', 3000000), join(['b', repeat('a', 1000000)]))", "-1");
    expect_call("lastIndexOf(repeat('a', 3000000), join([repeat('a', 1000000), 'b']))", "-1");
}
END_TEST

START_TEST(messages_stay_short)
{
    struct cel_run *run = unit_run_new();
    struct value v = unit_call(run, "join(['a', repeat(['éé'], 100000)])");
    ck_assert(v_is_error(v));
    ck_assert_int_lt((int)v.err->text.len, 400);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cel_func_string");
    TCase *tc = tcase_create("text");
    tcase_add_loop_test(tc, texts_are_searched, 0, countof(searching));
    tcase_add_loop_test(tc, texts_are_cut, 0, countof(cutting));
    tcase_add_loop_test(tc, texts_are_changed, 0, countof(changing));
    tcase_add_loop_test(tc, texts_are_paid_for, 0, countof(costly));
    tcase_add_test(tc, searching_is_linear);
    tcase_add_test(tc, messages_stay_short);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
