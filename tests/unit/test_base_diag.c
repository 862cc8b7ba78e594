/* test_base_diag.c — places in sources, diagnostics and how they look
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/diag.h"
#include "support/unit.h"

#include <stdio.h>

static const struct diag_class error_class = { .code = "E1", .severity = DIAG_ERROR };
static const struct diag_class helped_class = { .code = "E2",
                                                .severity = DIAG_ERROR,
                                                .help = "do it right" };
static const struct diag_class warning_class = { .code = "W1", .severity = DIAG_WARNING };

/* ---- places ---- */

static const char places_text[] =
    "abc\ndéf\r\n\r\nx\ry\n"; /* lines: abc · déf · (empty) · x · y · (empty) */

static const struct {
    uint32_t offset;
    int line, column;
} places[] = {
    { 0, 1, 1 },  { 2, 1, 3 },  { 3, 1, 4 },  { 4, 2, 1 },  { 5, 2, 2 },  { 7, 2, 3 },  { 8, 2, 4 },
    { 10, 3, 1 }, { 12, 4, 1 }, { 13, 4, 2 }, { 14, 5, 1 }, { 16, 6, 1 }, { 99, 6, 1 },
};

START_TEST(place)
{
    struct source *source = source_new(unit_arena(), S("f"), str_from_c(places_text));
    ck_assert_int_eq(source->line_count, 6);
    struct place p = source_place(source, places[_i].offset);
    ck_assert_int_eq(p.line, places[_i].line);
    ck_assert_int_eq(p.column, places[_i].column);
    if (places[_i].offset < sizeof(places_text)) {
        ck_assert_uint_eq(source_offset(source, p.line, p.column), places[_i].offset);
    }
}
END_TEST

START_TEST(lines)
{
    struct source *source = source_new(unit_arena(), S("f"), str_from_c(places_text));
    const char *want[] = { "", "abc", "déf", "", "x", "y", "", "" };
    for (int i = 0; i < countof(want); i++) {
        expect_str(source_line(source, i), want[i]);
    }
    ck_assert_uint_eq(source_offset(source, 2, 99), 8);  /* clipped to the line */
    ck_assert_uint_eq(source_offset(source, 99, 1), 16); /* and to the text     */
    ck_assert_uint_eq(source_offset(source, 0, 5), 0);
    struct source *empty = source_new(unit_arena(), S("f"), STR_EMPTY);
    ck_assert_int_eq(empty->line_count, 1);
    ck_assert_int_eq(source_place(empty, 0).column, 1);
}
END_TEST

/* ---- rendering ---- */

#define LONG40 "0123456789012345678901234567890123456789"

static const struct {
    const char *text; /* the span is what stands between « and », which are taken out */
    const char *message;
    const char *want;
} renderings[] = {
    { "roles: [«approver»]\n", "unknown role `approver`",
      "f.yaml:1:9: error[E1]: unknown role `approver`\n"
      "    1 | roles: [approver]\n"
      "      |         ^~~~~~~~\n" },
    { "a\nb: «»\n", "a value is missing",
      "f.yaml:2:4: error[E1]: a value is missing\n"
      "    2 | b: \n"
      "      |    ^\n" },
    { "a\n«", "unexpected end",
      "f.yaml:2:1: error[E1]: unexpected end\n"
      "    2 | \n"
      "      | ^\n" },
    { "\tab\t«c»d\n", "tabs reach to the next stop",
      "f.yaml:1:5: error[E1]: tabs reach to the next stop\n"
      "    1 |     ab  cd\n"
      "      |         ^\n" },
    { "d\xC3\xA9j\xC3\xA0 «vu»\n", "columns are code points",
      "f.yaml:1:6: error[E1]: columns are code points\n"
      "    1 | d\xC3\xA9j\xC3\xA0 vu\n"
      "      |      ^~\n" },
    { "\xE6\xBC\xA2\xE5\xAD\x97 «\xE6\xBC\xA2»!\n", "wide characters take two columns",
      "f.yaml:1:4: error[E1]: wide characters take two columns\n"
      "    1 | \xE6\xBC\xA2\xE5\xAD\x97 \xE6\xBC\xA2!\n"
      "      |      ^~\n" },
    { "e\xCC\x81 «x»\n", "combining ones none",
      "f.yaml:1:4: error[E1]: combining ones none\n"
      "    1 | e\xCC\x81 x\n"
      "      |   ^\n" },
    { "a «b\nc\nd» e\n", "several lines",
      "f.yaml:1:3: error[E1]: several lines\n"
      "    1 | a b\n"
      "      |   ^\n" },
    { "one: «two three\nfour»\n", "several lines, marked to the end of the first",
      "f.yaml:1:6: error[E1]: several lines, marked to the end of the first\n"
      "    1 | one: two three\n"
      "      |      ^~~~~~~~~\n" },
    { "x: 1\r\ny: «2»\r\n", "carriage returns are not shown",
      "f.yaml:2:4: error[E1]: carriage returns are not shown\n"
      "    2 | y: 2\n"
      "      |    ^\n" },
    { "a\x1b[31m«b»\n", "control \x1b characters",
      "f.yaml:1:7: error[E1]: control \\u001b characters\n"
      "    1 | a\xEF\xBF\xBD[31mb\n"
      "      |       ^\n" },
    { "\xFF«b»\n", "bytes that are \xFF no text",
      "f.yaml:1:2: error[E1]: bytes that are \\xff no text\n"
      "    1 | �b\n"
      "      |  ^\n" },
    { LONG40 LONG40 LONG40 LONG40 LONG40 "«here»" LONG40 LONG40 LONG40 LONG40,
      "long lines are shown in part",
      "f.yaml:1:201: error[E1]: long lines are shown in part\n"
      "    1 | \xE2\x80\xA6"
      "01234567890123456789" LONG40 "here" LONG40 LONG40 "0123456789012345"
      "\xE2\x80\xA6\n"
      "      |  "
      "                                                            "
      "^~~~\n" },
};

/* Takes the marks out of a text and finds the span between them. */
static struct span marked(struct arena *arena, const char *text)
{
    str s = str_from_c(text), open = S("«"), close = S("»");
    isize start = str_find(s, open);
    str rest = str_slice(s, start + open.len, s.len);
    isize length = str_find(rest, close);
    str tail = length < 0 ? STR_EMPTY : str_slice(rest, length + close.len, rest.len);
    length = length < 0 ? rest.len : length;
    str head = str_concat(arena, str_slice(s, 0, start), str_slice(rest, 0, length));
    struct source *source = source_new(arena, S("f.yaml"), str_concat(arena, head, tail));
    return (struct span){ source, (uint32_t)start, (uint32_t)(start + length) };
}

START_TEST(rendering)
{
    struct arena *arena = unit_arena();
    struct diags diags = diags_new(arena);
    diag_add(&diags, &error_class, marked(arena, renderings[_i].text), "%s",
             renderings[_i].message);
    struct sb out = sb_new(arena);
    diags_render(&diags, false, &out);
    expect_str(sb_str(&out), renderings[_i].want);
}
END_TEST

START_TEST(rendering_notes_and_help)
{
    struct arena *arena = unit_arena();
    struct diags diags = diags_new(arena);
    struct diag *d = diag_add(&diags, &helped_class, marked(arena, "a: «b»\n"),
                              "unknown derived role `%s`", "b");
    diag_note(&diags, d, marked(arena, "x\n y: «z»\n"), "imported %s", "here");
    diag_note(&diags, d, (struct span){ 0 }, "nowhere");
    diag_add(&diags, &helped_class, (struct span){ 0 }, "no place")->file = S("dir/g.yaml");
    d = diag_add(&diags, &warning_class, (struct span){ 0 }, "not even a file");
    diag_help(&diags, d, "did you mean `%s`?", "x");
    struct sb out = sb_new(arena);
    diags_render(&diags, false, &out);
    expect_str(sb_str(&out), "f.yaml:1:4: error[E2]: unknown derived role `b`\n"
                             "    1 | a: b\n"
                             "      |    ^\n"
                             "   note: f.yaml:2:5: imported here\n"
                             "   note: nowhere\n"
                             "   help: do it right\n"
                             "dir/g.yaml: error[E2]: no place\n"
                             "   help: do it right\n"
                             "warning[W1]: not even a file\n"
                             "   help: did you mean `x`?\n");
    ck_assert_int_eq(diags.errors, 2);
}
END_TEST

START_TEST(rendering_in_color_only_when_asked)
{
    struct arena *arena = unit_arena();
    struct diags diags = diags_new(arena);
    diag_add(&diags, &helped_class, marked(arena, "a: «b»\n"), "x");
    struct sb plain = sb_new(arena), colored = sb_new(arena);
    diags_render(&diags, false, &plain);
    diags_render(&diags, true, &colored);
    ck_assert_int_lt(str_find_byte(sb_str(&plain), '\x1b'), 0);
    str text = sb_str(&colored); /* without its escapes it is the same */
    struct sb bare = sb_new(arena);
    for (isize i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\x1b') {
            i += str_find_byte(str_slice(text, i, text.len), 'm');
        } else {
            sb_byte(&bare, text.ptr[i]);
        }
    }
    ck_assert(str_eq(sb_str(&bare), sb_str(&plain)) && bare.len < colored.len);
}
END_TEST

/* ---- collecting ---- */

START_TEST(sorting_and_repeats)
{
    struct arena *arena = unit_arena();
    struct diags diags = diags_new(arena);
    struct source *b = source_new(arena, S("b"), S("0123456789"));
    struct source *a = source_new(arena, S("a"), S("0123456789"));
    diag_add(&diags, &error_class, (struct span){ b, 5, 6 }, "b5");
    diag_add(&diags, &error_class, (struct span){ a, 5, 6 }, "first");
    diag_add(&diags, &error_class, (struct span){ a, 5, 6 }, "second");
    diag_add(&diags, &error_class, (struct span){ a, 5, 6 },
             "first"); /* a repeat, not next to it */
    diag_add(&diags, &warning_class, (struct span){ a, 5, 6 },
             "first"); /* another class            */
    diag_add(&diags, &error_class, (struct span){ a, 5, 7 },
             "first"); /* another end              */
    diag_add(&diags, &error_class, (struct span){ a, 2, 3 }, "a2");
    diag_add(&diags, &error_class, (struct span){ 0 }, "whole")->file = S("a");
    diag_add(&diags, &error_class, (struct span){ 0 }, "nowhere");
    ck_assert_int_eq(diags.errors, 8);
    diags_sort(&diags);
    const char *want[] = { "nowhere", "whole", "a2", "first", "second", "first", "first", "b5" };
    ck_assert_int_eq(diags.list.len, countof(want));
    for (int i = 0; i < countof(want); i++) {
        expect_str(diags.list.ptr[i].text, want[i]);
    }
    ck_assert_int_eq(diags.errors, 7);
}
END_TEST

START_TEST(floods_are_cut)
{
    struct arena *arena = unit_arena();
    struct diags diags = diags_new(arena);
    diags.limit = 3;
    for (int i = 0; i < 50; i++) {
        struct diag *d = diag_add(&diags, &error_class, (struct span){ 0 }, "number %d", i);
        d->file = S("f"); /* also the one that is not shown can be written to */
        diag_note(&diags, d, (struct span){ 0 }, "note");
        diag_help(&diags, d, "help");
    }
    ck_assert_int_eq(diags.list.len, 3);
    ck_assert_int_eq(diags.dropped, 47);
    ck_assert_int_eq(diags.errors, 50);
    struct sb out = sb_new(arena);
    diags_render(&diags, false, &out);
    ck_assert(
        str_ends(sb_str(&out),
                 S("f: error[E1]: number 2\n   note: note\n   help: help\n47 more not shown\n")));
}
END_TEST

static const struct {
    const char *word, *want;
} nearest[] = {
    { "aprover", "approver" },
    { "OWNER", "owner" },
    { "ownr", "owner" },
    { "zzz", "" },
    { "o", "" },
    { "", "" },
    { "adminn", "admin" },
    { "approvers", "approver" },
};

START_TEST(suggestion)
{
    const str known[] = { { "owner", 5 }, { "approver", 8 }, { "admin", 5 }, { "ab", 2 } };
    expect_str(diag_nearest(unit_arena(), str_from_c(nearest[_i].word), known, countof(known)),
               nearest[_i].want);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base/diag");
    TCase *tcase = tcase_create("diag");
    tcase_add_loop_test(tcase, place, 0, (int)countof(places));
    tcase_add_test(tcase, lines);
    tcase_add_loop_test(tcase, rendering, 0, (int)countof(renderings));
    tcase_add_test(tcase, rendering_notes_and_help);
    tcase_add_test(tcase, rendering_in_color_only_when_asked);
    tcase_add_test(tcase, sorting_and_repeats);
    tcase_add_test(tcase, floods_are_cut);
    tcase_add_loop_test(tcase, suggestion, 0, (int)countof(nearest));
    suite_add_tcase(suite, tcase);
    return unit_run(suite);
}
