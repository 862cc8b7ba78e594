/* unit.c — what unit tests share
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "support/unit.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct arena arena;
static char directory[] = "/tmp/cardea-unit-XXXXXX";

struct arena *unit_arena(void)
{
    if (arena.cap == 0) {
        arena_init(&arena, 64 * 1024, 64 * 1024 * 1024);
    }
    (void)arena_guard_set(&arena, NULL); /* a failed test may have left its own */
    arena_clear(&arena, 0);
    return &arena;
}

void unit_expect_str(str got, const char *want, const char *file, int line)
{
    if (!str_eq(got, str_from_c(want))) {
        ck_abort_msg("%s:%d\n  got  %.*s\n  want %s", file, line, STR_ARG(got), want);
    }
}

const char *unit_directory(void)
{
    return directory;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *where)
{
    (void)info;
    (void)type;
    (void)where;
    return remove(path);
}

int unit_run(Suite *suite)
{
    if (mkdtemp(directory) == NULL) { /* before libcheck forks, so that it is ours to remove */
        perror(directory);
        return 1;
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    arena_free(&arena);
    (void)nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS); /* leftovers harm nobody */
    return failed != 0;
}

uint64_t unit_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}
