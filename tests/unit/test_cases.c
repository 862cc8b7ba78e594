/* test_cases.c — every archive below testdata/cases does what it says
 *
 * The names sort from basic to complex, so the first failure is the most basic one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "support/casefile.h"
#include "support/unit.h"

#include "base/files.h"

#include <stdio.h>
#include <stdlib.h>

#define CASES "testdata/cases"

static struct arena names_arena;
static struct dir_list names;
static struct arena scratch;

START_TEST(case_behaves_as_written)
{
    struct arena *arena = unit_arena();
    struct case_file file;
    str path = str_printf(arena, CASES "/%.*s", STR_ARG(names.list.ptr[_i].name));
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
    if (dir_read(&names_arena, S(CASES), &names, NULL) != CARDEA_OK) {
        fprintf(stderr, CASES " cannot be read; run me from the root of the tree\n");
        return 1;
    }
    Suite *suite = suite_create("cases");
    TCase *tc = tcase_create("cases");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, case_behaves_as_written, 0, (int)names.list.len);
    suite_add_tcase(suite, tc);
    int status = unit_run(suite);
    arena_free(&names_arena);
    arena_free(&scratch);
    return status;
}
