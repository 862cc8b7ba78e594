/* test_compile_report.c — errors in the reference's forms
 *
 * Each archive below testdata/compile/report is compiled; what is expected is the report as text, then as JSON.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "compile/report.h"
#include "support/casefile.h"
#include "support/unit.h"
#include "yaml/excerpt.h"

#include "base/files.h"

#include <stdio.h>
#include <stdlib.h>

#define CASES "testdata/compile/report"

static struct arena names_arena;
static struct dir_list names;

static str report_of(struct arena *arena, const struct case_file *file)
{
    struct diags diags = diags_new(arena);
    struct compile_result result;
    diags.limit = 1000;
    ck_assert_int_eq(compile_policies(arena, &file->input, &result, &diags), CARDEA_EINVALID);
    const struct report *report = report_new(arena, &diags);
    struct sb sb = sb_new(arena);
    report_text(report, &sb);
    report_json(report, &sb);
    return sb_str(&sb);
}

START_TEST(reports)
{
    struct arena *arena = unit_arena();
    struct case_file file;
    str path = str_printf(arena, CASES "/%.*s", STR_ARG(names.list.ptr[_i].name));
    ck_assert_msg(case_read(arena, path, &file), "%.*s is not a case", STR_ARG(path));
    str got = report_of(arena, &file);
    if (getenv("CARDEA_UPDATE") != NULL) {
        str why;
        str text = str_concat(arena, str_slice(file.text, 0, file.expect_at), got);
        ck_assert_int_eq(file_write(path, text, &why), CARDEA_OK);
        return;
    }
    ck_assert_msg(str_eq(got, file.expect), "%.*s\n--- got\n%.*s--- want\n%.*s", STR_ARG(path),
                  STR_ARG(got), STR_ARG(file.expect));
}
END_TEST

/* ---- excerpts of what is no document ---- */

static const struct {
    const char *text;
    int line, column;
    const char *want;
} excerpts[] = {
    { "", 1, 1, "" },
    { "\n\n", 2, 1, "" },
    { "a", 1, 1, ">  1 | a\n       ^\n" },
    { "a: \"b", 1, 4, ">  1 | a: \"b\n          ^\n" },
    { "a: [1,\n\n\n2", 4, 1, "   1 | a: [1,\n   2 | \n   3 | \n>  4 | 2\n       ^\n" },
    { "a: 1\r\nb: 2\r\n", 2, 4, "   1 | a: 1\n>  2 | b: 2\n          ^\n" },
    { "a:\n  b:\n", 1, 2, ">  1 | a:\n        ^\n   2 |   b: null" },
    { "a:\n  - # c\n", 1, 2, ">  1 | a:\n        ^\n   2 |   - null" },
    { "a: |", 1, 4, ">  1 | a: |\n          ^\n" },
    { "a: |\nb", 2, 1, "   1 | a: |\n>  2 | b\n       ^\n" },
    { "}]", 9, 9, "   1 | }]\n               ^\n" }, /* a place beyond the text */
};

START_TEST(excerpt)
{
    struct arena *arena = unit_arena();
    struct source *source = source_new(arena, S("x.yaml"), str_from_c(excerpts[_i].text));
    struct sb sb = sb_new(arena);
    excerpt_add(excerpts_new(arena), source,
                (struct place){ excerpts[_i].line, excerpts[_i].column }, &sb);
    expect_str(sb_str(&sb), excerpts[_i].want);
}
END_TEST

int main(void)
{
    arena_init(&names_arena, 4096, 1 << 20);
    if (dir_read(&names_arena, S(CASES), &names, NULL) != CARDEA_OK) {
        fprintf(stderr, CASES " cannot be read; run me from the root of the tree\n");
        return 1;
    }
    Suite *suite = suite_create("compile/report");
    TCase *tc = tcase_create("reports");
    tcase_add_loop_test(tc, reports, 0, (int)names.list.len);
    tcase_add_loop_test(tc, excerpt, 0, (int)countof(excerpts));
    suite_add_tcase(suite, tc);
    int status = unit_run(suite);
    arena_free(&names_arena);
    return status;
}
