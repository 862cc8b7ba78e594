/* test_cases.c — every archive below testdata/cases and testdata/history does what it says
 *
 * The names sort from basic to complex, so the first failure is the most basic one. history holds what went wrong in the
 * reference once, a case for each line of its bug history.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "support/casefile.h"
#include "support/unit.h"

#include "base/files.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const folders[] = { "testdata/cases", "testdata/history" };

static struct arena names_arena;
static struct dir_list names[countof(folders)];
static struct arena scratch;

/* The path of case number i over all folders. */
static str case_path(struct arena *arena, isize i)
{
    isize f = 0;
    while (i >= names[f].list.len) {
        i -= names[f++].list.len;
    }
    return str_printf(arena, "%s/%.*s", folders[f], STR_ARG(names[f].list.ptr[i].name));
}

START_TEST(case_behaves_as_written)
{
    struct arena *arena = unit_arena();
    struct case_file file;
    str path = case_path(arena, _i);
    ck_assert_msg(case_read(arena, path, &file), "%.*s is not a case", STR_ARG(path));
    arena_clear(&scratch, 0);
    str got = case_run(arena, &scratch, &file, NULL);
    if (getenv("CARDEA_UPDATE") != NULL) {
        str why;
        str text = str_concat(arena, str_slice(file.text, 0, file.expect_at), got);
        ck_assert_int_eq(file_write(path, text, &why), CARDEA_OK);
        return;
    }
    ck_assert_msg(str_eq(got, file.expect), "%.*s\n--- got\n%.*s--- want\n%.*s", STR_ARG(path), STR_ARG(got),
                  STR_ARG(file.expect));
}
END_TEST

int main(void)
{
    arena_init(&names_arena, 4096, 1 << 20);
    arena_init(&scratch, 64 << 10, 64 << 20);
    isize count = 0;
    for (isize f = 0; f < countof(folders); f++) {
        if (dir_read(&names_arena, str_from_c(folders[f]), &names[f], NULL) != CARDEA_OK) {
            fprintf(stderr, "%s cannot be read; run me from the root of the tree\n", folders[f]);
            return 1;
        }
        count += names[f].list.len;
    }
    Suite *suite = suite_create("cases");
    TCase *tc = tcase_create("cases");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, case_behaves_as_written, 0, (int)count);
    suite_add_tcase(suite, tc);
    int status = unit_run(suite);
    arena_free(&names_arena);
    arena_free(&scratch);
    return status;
}
