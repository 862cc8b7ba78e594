/* test_cel_regex.c — the dialect, PCRE2 and the automaton
 *
 * Every pair is answered twice: by the usual way and by the automaton alone; both must give the same answer. With
 * ../shared at hand all recorded pairs of the reference are compared too; without it they are skipped.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/re_dfa.h"
#include "cel/regex.h"
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <yyjson.h>

#define TABLE "../shared/conformance/cel-cerbos/regex_table.json"

/* 1, 0, -1 for a refused pattern, -2 where the two ways disagree, -3 for a limit. */
static int both_ways(str pattern, str subject)
{
    struct arena *arena = unit_arena();
    str why = STR_EMPTY;
    int groups = 0;
    const struct re_node *tree = re_parse(arena, pattern, &groups, &why);
    if (tree == NULL) {
        return -1;
    }
    struct cel_regex *regex = cel_regex_new(pattern, arena, &why);
    ck_assert_ptr_nonnull(regex);
    struct cel_thread *thread = cel_thread_new();
    int usual = cel_regex_match(regex, thread, arena, subject);
    int linear = re_dfa_match(tree, arena, subject);
    cel_thread_free(thread);
    cel_regex_free(regex);
    if (usual < 0 || linear < 0) {
        return -3;
    }
    return usual == linear ? usual : -2;
}

static const struct {
    const char *pattern, *subject;
    int want;
} pairs[] = {
    { "a", "cat", 1 },
    { "^a", "cat", 0 },
    { "", "", 1 },
    { "a$", "a\n", 0 },                   /* $ is the very end                 */
    { "(?m)a$", "a\nb", 1 },
    { "(?m)^", "a\n", 1 },
    { "(?m)^$", "a\n", 1 },               /* also behind a final newline       */
    { ".", "\n", 0 },
    { "(?s).", "\n", 1 },
    { "\\s", "\v", 0 },                   /* no vertical tab                   */
    { "[^\\s]", "\v", 1 },
    { "\\v", "\n", 0 },                   /* the character, not a class        */
    { "\\bfoo\\b", "a foo b", 1 },
    { "\\Boo\\b", "foo", 1 },
    { "\\b", "\xc3\xa9", 0 },             /* é is no word character            */
    { "(?i)k", "\xe2\x84\xaa", 1 },       /* Kelvin sign                       */
    { "(?i)\\p{Lu}", "a", 1 },
    { "(?i)[\\p{Lu}]", "a", 1 },
    { "\\p{Greek}", "\xce\xbb", 1 },
    { "\\P{Greek}", "\xce\xbb", 0 },
    { "\\p{^Greek}", "a", 1 },
    { "[\\d-z]", "-", 1 },
    { "[[:alpha:]]", "1", 0 },
    { "[[:^alpha:]]", "1", 1 },
    { "[[.a.]]", ".]", 1 },
    { "a{,3}", "a{,3}", 1 },              /* no count: literal                 */
    { "a{2}", "aa", 1 },
    { "^a{2,3}$", "aaaa", 0 },
    { "x*?", "", 1 },
    { "^*", "a", 1 },
    { "(?U)a+", "aaa", 1 },
    { "(?i:A)b", "ab", 1 },
    { "(?i:A)b", "aB", 0 },
    { "\\Qa.b\\E", "a.b", 1 },
    { "\\Qa.b", "axb", 0 },
    { "\\x{1F600}", "\xf0\x9f\x98\x80", 1 },
    { "[^a]", "\xf0\x9f\x98\x80", 1 },
    { "\\101", "A", 1 },
    { "(?P<n>a)(?P<n>b)", "ab", 1 },
    { "(a|b)*c", "ababc", 1 },
    { "^(?:a|ab)(?:c|bcd)$", "abcd", 1 },
    { "(?:a{0})b", "b", 1 },
    { "[^\\x00-\\x{10FFFF}]", "a", 0 },
    { "(?:)", "", 1 },
    { "a||b", "", 1 },
};
START_TEST(both_ways_agree)
{
    int got = both_ways(str_from_c(pairs[_i].pattern), str_from_c(pairs[_i].subject));
    ck_assert_msg(got == pairs[_i].want, "%s on %s: %d, want %d", pairs[_i].pattern, pairs[_i].subject, got,
                  pairs[_i].want);
}
END_TEST

static const struct {
    const char *pattern, *why;
} refused[] = {
    { "(", "error parsing regexp: missing closing ): `(`" },
    { ")", "error parsing regexp: unexpected ): `)`" },
    { "[a", "error parsing regexp: missing closing ]: `[a`" },
    { "a**", "error parsing regexp: invalid nested repetition operator: `**`" },
    { "*", "error parsing regexp: missing argument to repetition operator: `*`" },
    { "a{1001}", "error parsing regexp: invalid repeat count: `{1001}`" },
    { "(a{100}){100}", "error parsing regexp: invalid repeat count: `{100}`" },
    { "\\1", "error parsing regexp: invalid escape sequence: `\\1`" },
    { "\\8", "error parsing regexp: invalid escape sequence: `\\8`" },
    { "\\Z", "error parsing regexp: invalid escape sequence: `\\Z`" },
    { "\\C", "error parsing regexp: invalid escape sequence: `\\C`" },
    { "[b-a]", "error parsing regexp: invalid character class range: `b-a`" },
    { "(?=a)", "error parsing regexp: invalid or unsupported Perl syntax: `(?=`" },
    { "(?<=a)", "error parsing regexp: invalid or unsupported Perl syntax: `(?<`" },
    { "(?>a)", "error parsing regexp: invalid or unsupported Perl syntax: `(?>`" },
    { "(?P=n)", "error parsing regexp: invalid or unsupported Perl syntax: `(?P`" },
    { "(?#c)", "error parsing regexp: invalid or unsupported Perl syntax: `(?#`" },
    { "(?x)a", "error parsing regexp: invalid or unsupported Perl syntax: `(?x`" },
    { "(?P<a-b>x)", "error parsing regexp: invalid named capture: `(?P<a-b>`" },
    { "\\p{L&}", "error parsing regexp: invalid character class range: `\\p{L&}`" },
    { "\\p{Alphabetic}", "error parsing regexp: invalid character class range: `\\p{Alphabetic}`" },
    { "[[:nope:]]", "error parsing regexp: invalid character class range: `[:nope:]`" },
    { "a\\", "error parsing regexp: trailing backslash at end of expression: ``" },
    { "(*UTF)a", "error parsing regexp: missing argument to repetition operator: `*`" },
};
START_TEST(refusals_are_worded_as_in_the_reference)
{
    str why = STR_EMPTY;
    ck_assert(!cel_regex_valid(unit_arena(), str_from_c(refused[_i].pattern), &why));
    expect_str(why, refused[_i].why);
}
END_TEST

/* A limit is never "no match": the automaton answers, and it is quick. */
static const struct {
    const char *pattern;
    char fill, last;
    int want;
} hostile[] = {
    { "^(a+)+$", 'a', 'b', 0 },       { "^(a|aa)+$", 'a', 'b', 0 },     { "(a?){25}a{25}", 'a', 'a', 1 },
    { "(x+x+)+y", 'x', 'x', 0 },      { "^(([a-z])+.)+[A-Z]([a-z])+$", 'a', 'a', 0 },
    { "(a*)*b", 'a', 'c', 0 },        { "(.*)*,(.*)*;", 'a', ',', 0 },
};
START_TEST(hostile_patterns_get_an_answer)
{
    isize len = 64 << 10;
    char *text = malloc((size_t)len);
    ck_assert_ptr_nonnull(text);
    memset(text, hostile[_i].fill, (size_t)len);
    text[len - 1] = hostile[_i].last;
    int got = both_ways(str_from_c(hostile[_i].pattern), (str){ text, len });
    free(text);
    ck_assert_int_eq(got, hostile[_i].want);
}
END_TEST

START_TEST(deep_and_large_patterns_are_bounded)
{
    struct sb sb = sb_new(unit_arena());
    str why = STR_EMPTY;
    for (int i = 0; i < 2000; i++) {
        sb_byte(&sb, '(');
    }
    for (int i = 0; i < 2000; i++) {
        sb_byte(&sb, ')');
    }
    ck_assert(!cel_regex_valid(sb.arena, sb_str(&sb), &why));
    ck_assert(str_starts(why, S("error parsing regexp: expression nests too deeply")));
    struct cel_thread *thread = cel_thread_new();
    str longer = { sb.ptr, 1025 };
    ck_assert_ptr_null(cel_regex_dynamic(sb.arena, thread, longer, &why));
    cel_thread_free(thread);
}
END_TEST

START_TEST(patterns_from_data_match_too)
{
    struct arena *arena = unit_arena();
    struct cel_thread *thread = cel_thread_new();
    str why = STR_EMPTY;
    const struct cel_regex *regex = cel_regex_dynamic(arena, thread, S("([a-z]+)-(\\d+)?"), &why);
    ck_assert_ptr_nonnull(regex);
    isize found[6];
    ck_assert_int_eq(cel_regex_groups(regex), 2);
    ck_assert_int_eq(cel_regex_search(regex, thread, arena, S("1 item-42"), 0, found, 3), 3);
    ck_assert(found[0] == 2 && found[1] == 9 && found[2] == 2 && found[3] == 6 && found[4] == 7 && found[5] == 9);
    ck_assert_int_eq(cel_regex_search(regex, thread, arena, S("item-"), 0, found, 3), 3);
    ck_assert(found[4] == -1);
    cel_thread_free(thread);
}
END_TEST

/* ---- recorded pairs ---- */
START_TEST(recorded_pairs)
{
    yyjson_doc *doc = yyjson_read_file(TABLE, 0, NULL, NULL);
    ck_assert_ptr_nonnull(doc);
    yyjson_val *cases = yyjson_obj_get(yyjson_doc_get_root(doc), "cases");
    size_t i, count;
    yyjson_val *c;
    int bad = 0;
    ck_assert_uint_gt(yyjson_arr_size(cases), 500);
    yyjson_arr_foreach(cases, i, count, c)
    {
        yyjson_val *pattern = yyjson_obj_get(c, "pattern");
        yyjson_val *subject = yyjson_obj_get(c, "subject");
        yyjson_val *answer = yyjson_obj_get(c, "re2");
        int want = yyjson_is_str(answer) ? -1 : yyjson_get_bool(answer);
        int got = both_ways((str){ yyjson_get_str(pattern), (isize)yyjson_get_len(pattern) },
                            (str){ yyjson_get_str(subject), (isize)yyjson_get_len(subject) });
        if (got != want) {
            bad++;
            printf("%s on %s: %d, want %d\n", yyjson_get_str(pattern), yyjson_get_str(subject), got, want);
        }
    }
    yyjson_doc_free(doc);
    ck_assert_int_eq(bad, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cel regex");
    TCase *tc = tcase_create("regex");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, both_ways_agree, 0, countof(pairs));
    tcase_add_loop_test(tc, refusals_are_worded_as_in_the_reference, 0, countof(refused));
    tcase_add_loop_test(tc, hostile_patterns_get_an_answer, 0, countof(hostile));
    tcase_add_test(tc, deep_and_large_patterns_are_bounded);
    tcase_add_test(tc, patterns_from_data_match_too);
    if (access(TABLE, R_OK) == 0) {
        tcase_add_test(tc, recorded_pairs);
    } else {
        printf("skipped: 1 (no %s)\n", TABLE);
    }
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
