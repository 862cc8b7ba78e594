/* test_base_text.c — str, builders, the hash, UTF-8, base64
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/b64.h"
#include "base/utf8.h"
#include "support/unit.h"

/* Text with its length: may hold NUL. */
#define T(literal)                                                                                 \
    {                                                                                              \
        literal, (isize)sizeof(literal) - 1                                                        \
    }

/* ---- str ---- */

static const struct {
    const char *a, *b;
    int order;
} orders[] = {
    { "", "", 0 },
    { "a", "a", 0 },
    { "a", "b", -1 },
    { "ab", "a", 1 },
    { "a", "ab", -1 },
    { "z", "\xC3\xA9", -1 },
    { "\xEF\xBF\xBD", "\xF0\x9F\x98\x80", -1 },
};

START_TEST(order_is_bytewise)
{
    int order = str_cmp(str_from_c(orders[_i].a), str_from_c(orders[_i].b));
    ck_assert_int_eq((order > 0) - (order < 0), orders[_i].order);
}
END_TEST

static const struct {
    const char *text, *needle;
    int first, last;
} finds[] = {
    { "abcabc", "bc", 1, 4 },  { "abc", "", 0, 3 },   { "", "", 0, 0 },     { "", "a", -1, -1 },
    { "abc", "abcd", -1, -1 }, { "aaa", "aa", 0, 1 }, { "abc", "c", 2, 2 }, { "abc", "x", -1, -1 },
};

START_TEST(finding)
{
    str text = str_from_c(finds[_i].text), needle = str_from_c(finds[_i].needle);
    ck_assert_int_eq(str_find(text, needle), finds[_i].first);
    ck_assert_int_eq(str_rfind(text, needle), finds[_i].last);
}
END_TEST

START_TEST(slices_are_clipped)
{
    str s = S("hello");
    expect_str(str_slice(s, 1, 3), "el");
    expect_str(str_slice(s, -5, 99), "hello");
    expect_str(str_slice(s, 4, 2), "");
    expect_str(str_slice(s, 99, 100), "");
    expect_str(str_slice((str){ NULL, 0 }, 0, 1), "");
}
END_TEST

START_TEST(cutting_and_trimming)
{
    str head, tail;
    ck_assert(str_cut(S("a=b=c"), '=', &head, &tail));
    expect_str(head, "a");
    expect_str(tail, "b=c");
    ck_assert(!str_cut(S("abc"), '=', &head, &tail));
    expect_str(head, "abc");
    expect_str(tail, "");
    expect_str(str_trim(S(" \t\r\n\v\fx y ")), "x y");
    expect_str(str_trim(S("  ")), "");
    ck_assert(str_starts(S("abc"), S("ab")) && !str_starts(S("a"), S("ab")) &&
              str_starts(S(""), S("")));
    ck_assert(str_ends(S("abc"), S("bc")) && !str_ends(S("c"), S("bc")));
    ck_assert(str_eq_nocase(S("aZ9_"), S("Az9_")) && !str_eq_nocase(S("["), S("{")));
    expect_str(str_concat(unit_arena(), S("ab"), S("c")), "abc");
    ck_assert_str_eq(str_to_c(unit_arena(), S("abc")), "abc");
}
END_TEST

static const struct {
    const char *a, *b;
    int distance;
} distances[] = {
    { "", "", 0 },          { "abc", "abc", 0 },        { "abc", "abd", 1 },
    { "abc", "ab", 1 },     { "kitten", "sitting", 3 }, { "approver", "approvers", 1 },
    { "abc", "xyz", 3 },    { "abcd", "wxyz", 4 },      { "abcdefgh", "ijklmnop", 4 },
    { "a", "abcdefgh", 4 }, /* stops beyond the limit of 3 */
};

START_TEST(distance)
{
    struct arena *arena = unit_arena();
    str a = str_from_c(distances[_i].a), b = str_from_c(distances[_i].b);
    ck_assert_int_eq(str_distance(arena, a, b, 3), distances[_i].distance);
    ck_assert_int_eq(str_distance(arena, b, a, 3), distances[_i].distance);
}
END_TEST

START_TEST(quoting)
{
    expect_str(str_quote(unit_arena(), (str)T("a\"b\\c\n\t\r\0\x1f\x7f\xC3\xA9")),
               "\"a\\\"b\\\\c\\n\\t\\r\\u0000\\u001f\\u007f\xC3\xA9\"");
}
END_TEST

/* SipHash-1-3 with a zero key; values of an independent implementation. */
static const struct {
    str text;
    uint64_t hash;
} hashes[] = {
    { T("a"), UINT64_C(0x407448d2b89b1813) },
    { T("abc"), UINT64_C(0xc03bc3a0042630f2) },
    { T("\0"), UINT64_C(0x68a914128e01e473) },
    { T("0123456"), UINT64_C(0x810aaf7acf670379) },
    { T("01234567"), UINT64_C(0xda3dcedf84ea6cc6) },
    { T("012345678"), UINT64_C(0xb79d8581f8552753) },
    { T("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaa"),
      UINT64_C(0xdb4f1f048099e5ee) },
};

START_TEST(siphash)
{
    ck_assert_uint_eq(str_siphash(hashes[_i].text, 0, 0), hashes[_i].hash);
}
END_TEST

START_TEST(hash_key_can_be_set)
{
    uint64_t before = str_hash(S("a"));
    ck_assert_uint_eq(str_hash(S("a")), before);
    str_hash_key_set(0, 0);
    ck_assert_uint_eq(str_hash(S("a")), hashes[0].hash);
}
END_TEST

START_TEST(builder)
{
    struct arena *arena = unit_arena();
    struct sb sb = sb_new(arena);
    expect_str(sb_str(&sb), "");
    sb_add(&sb, S("a"));
    sb_byte(&sb, 'b');
    sb_int(&sb, INT64_MIN);
    sb_byte(&sb, ' ');
    sb_uint(&sb, UINT64_MAX);
    sb_printf(&sb, " %s %.*s %d %x%c", "c", STR_ARG(S("def")), -7, 255U, '!');
    sb_rune(&sb, 0x1F600);
    expect_str(sb_str(&sb),
               "ab-9223372036854775808 18446744073709551615 c def -7 ff!\xF0\x9F\x98\x80");
    isize start = sb.len;
    char block[1000];
    memset(block, 'x', sizeof(block));
    for (int i = 0; i < 100; i++) {
        sb_printf(&sb, "%.*s", 1000, block);
    }
    ck_assert_int_eq(sb.len, start + 100000);
    ck_assert_int_eq(sb.ptr[sb.len - 1], 'x');
}
END_TEST

/* ---- UTF-8 ---- */

static const struct {
    str text;
    int invalid; /* position of the first fault, -1: none */
    int count;   /* code points when valid                */
} utf8s[] = {
    { T(""), -1, 0 },
    { T("abc\0def"), -1, 7 },
    { T("\xC2\x80"), -1, 1 },
    { T("\xDF\xBF"), -1, 1 },
    { T("\xE0\xA0\x80"), -1, 1 },
    { T("\xED\x9F\xBF\xEE\x80\x80"), -1, 2 },
    { T("\xEF\xBF\xBF"), -1, 1 },
    { T("\xF0\x90\x80\x80"), -1, 1 },
    { T("\xF4\x8F\xBF\xBF"), -1, 1 },
    { T("0123456789abcdef\xC3\xA9"), -1, 17 },
    { T("\x80"), 0, 0 }, /* continuation alone             */
    { T("a\xBF"), 1, 0 },
    { T("\xC0\x80"), 0, 0 }, /* overlong                       */
    { T("\xC1\xBF"), 0, 0 },
    { T("\xE0\x9F\xBF"), 0, 0 },
    { T("\xF0\x8F\xBF\xBF"), 0, 0 },
    { T("\xED\xA0\x80"), 0, 0 }, /* surrogates                     */
    { T("\xED\xBF\xBF"), 0, 0 },
    { T("\xF4\x90\x80\x80"), 0, 0 }, /* above U+10FFFF                 */
    { T("\xF5\x80\x80\x80"), 0, 0 },
    { T("\xFF"), 0, 0 },
    { T("ab\xC3"), 2, 0 }, /* cut off                        */
    { T("ab\xE2\x82"), 2, 0 },
    { T("ab\xF0\x9F\x98"), 2, 0 },
    { T("\xC3\x28"), 0, 0 }, /* no continuation                */
    { T("\xE2\x82\x28"), 0, 0 },
    { T("0123456789abcdef0123\xC3"), 20, 0 },
};

START_TEST(utf8_is_strict)
{
    str text = utf8s[_i].text;
    ck_assert_int_eq(utf8_invalid(text), utf8s[_i].invalid);
    if (utf8s[_i].invalid < 0) {
        ck_assert_int_eq(utf8_count(text), utf8s[_i].count);
        ck_assert_int_eq(utf8_offset(text, utf8s[_i].count), text.len);
        ck_assert_int_eq(utf8_offset(text, utf8s[_i].count + 1), -1);
    }
}
END_TEST

START_TEST(utf8_every_code_point_returns)
{
    for (int32_t c = 0; c <= 0x10FFFF; c++) {
        if (c == 0xD800) {
            c = 0xE000;
        }
        char bytes[4];
        str s = { bytes, utf8_put(bytes, c) };
        isize pos = 0;
        if (utf8_next(s, &pos) != c || pos != s.len) {
            ck_abort_msg("U+%04X does not return", (unsigned)c);
        }
    }
}
END_TEST

START_TEST(utf8_steps)
{
    str s = S("a\xC3\xA9\xFF\xF0\x9F\x98\x80z");
    const int32_t want[] = { 'a', 0xE9, -1, 0x1F600, 'z' };
    isize pos = 0;
    for (int i = 0; i < countof(want); i++) {
        ck_assert_int_eq(utf8_next(s, &pos), want[i]);
    }
    ck_assert_int_eq(pos, s.len);
    str t = S("a\xC3\xA9z");
    ck_assert_int_eq(utf8_offset(t, 0), 0);
    ck_assert_int_eq(utf8_offset(t, 2), 3);
    ck_assert_int_eq(utf8_offset(t, -1), -1);
    ck_assert(utf8_is_ascii(S("0123456789abcdef!")) && utf8_is_ascii(S("")));
    ck_assert(!utf8_is_ascii(t) && !utf8_is_ascii(S("0123456789abcdef\x80")));
}
END_TEST

/* ---- base64 ---- */

static const struct {
    str bytes;
    const char *padded, *bare; /* standard alphabet */
} codes[] = {
    { T(""), "", "" },
    { T("f"), "Zg==", "Zg" },
    { T("fo"), "Zm8=", "Zm8" },
    { T("foo"), "Zm9v", "Zm9v" },
    { T("foob"), "Zm9vYg==", "Zm9vYg" },
    { T("fooba"), "Zm9vYmE=", "Zm9vYmE" },
    { T("foobar"), "Zm9vYmFy", "Zm9vYmFy" },
    { T("\0\xFF\xFE"), "AP/+", "AP/+" },
    { T("\xFB\xFF"), "+/8=", "+/8" },
};

START_TEST(base64_both_ways)
{
    struct arena *arena = unit_arena();
    expect_str(b64_encode(arena, codes[_i].bytes, B64_STANDARD, true), codes[_i].padded);
    expect_str(b64_encode(arena, codes[_i].bytes, B64_STANDARD, false), codes[_i].bare);
    const char *texts[] = { codes[_i].padded, codes[_i].bare };
    for (int i = 0; i < 2; i++) {
        str out;
        ck_assert(b64_decode(arena, str_from_c(texts[i]), B64_STANDARD, false, false, false, &out));
        ck_assert(str_eq(out, codes[_i].bytes));
    }
    str out;
    str url = b64_encode(arena, codes[_i].bytes, B64_URL, false);
    ck_assert_int_lt(str_find_byte(url, '+'), 0);
    ck_assert_int_lt(str_find_byte(url, '/'), 0);
    ck_assert(b64_decode(arena, url, B64_URL, false, false, false, &out));
    ck_assert(str_eq(out, codes[_i].bytes));
}
END_TEST

static const struct {
    const char *text;
    enum b64_alphabet alphabet;
    bool pad, lines, loose; /* options                */
    const char *want;       /* NULL: refused          */
} decodings[] = {
    { "Zg", B64_STANDARD, true, false, false, NULL },   /* padding required        */
    { "Zg=", B64_STANDARD, false, false, false, NULL }, /* half a padding          */
    { "Zg===", B64_STANDARD, false, false, false, NULL },
    { "Zg==Zg==", B64_STANDARD, false, false, false, NULL }, /* text behind the padding */
    { "=", B64_STANDARD, false, false, false, NULL },
    { "Z===", B64_STANDARD, false, false, false, NULL },
    { "Z", B64_STANDARD, false, false, false, NULL },
    { "Zm9vY", B64_STANDARD, false, false, false, NULL },
    { "Zm9=v", B64_STANDARD, false, false, false, NULL },
    { "Zh==", B64_STANDARD, true, false, false, NULL }, /* bits that are not zero  */
    { "Zh==", B64_STANDARD, true, false, true, "f" },
    { "Zm9=", B64_STANDARD, true, false, false, NULL },
    { "Zm9=", B64_STANDARD, true, false, true, "fo" },
    { "Zg==\n", B64_STANDARD, true, false, false, NULL },
    { "Zm\r\n9v\n", B64_STANDARD, true, true, false, "foo" },
    { "Zg=\n=\n", B64_STANDARD, true, true, false, "f" },
    { "Zm 9v", B64_STANDARD, true, true, false, NULL },
    { "-_8=", B64_STANDARD, true, false, false, NULL }, /* the other alphabet      */
    { "-_8=", B64_URL, true, false, false, "\xFB\xFF" },
    { "+/8=", B64_URL, true, false, false, NULL },
    { "Zm9\xC3\xA9", B64_STANDARD, false, false, false, NULL },
};

START_TEST(base64_is_strict)
{
    str out = S("?");
    bool ok = b64_decode(unit_arena(), str_from_c(decodings[_i].text), decodings[_i].alphabet,
                         decodings[_i].pad, decodings[_i].lines, decodings[_i].loose, &out);
    ck_assert_int_eq(ok, decodings[_i].want != NULL);
    if (ok) {
        expect_str(out, decodings[_i].want);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base/text");
    TCase *tcase = tcase_create("text");
    tcase_add_loop_test(tcase, order_is_bytewise, 0, (int)countof(orders));
    tcase_add_loop_test(tcase, finding, 0, (int)countof(finds));
    tcase_add_test(tcase, slices_are_clipped);
    tcase_add_test(tcase, cutting_and_trimming);
    tcase_add_loop_test(tcase, distance, 0, (int)countof(distances));
    tcase_add_test(tcase, quoting);
    tcase_add_loop_test(tcase, siphash, 0, (int)countof(hashes));
    tcase_add_test(tcase, hash_key_can_be_set);
    tcase_add_test(tcase, builder);
    tcase_add_loop_test(tcase, utf8_is_strict, 0, (int)countof(utf8s));
    tcase_add_test(tcase, utf8_every_code_point_returns);
    tcase_add_test(tcase, utf8_steps);
    tcase_add_loop_test(tcase, base64_both_ways, 0, (int)countof(codes));
    tcase_add_loop_test(tcase, base64_is_strict, 0, (int)countof(decodings));
    suite_add_tcase(suite, tcase);
    return unit_run(suite);
}
