/* test_base_seams.c — files, clocks and log lines
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "base/utf8.h"
#include "support/unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static str in_directory(struct arena *arena, const char *name)
{
    return str_printf(arena, "%s/%s", unit_directory(), name);
}

/* ---- files ---- */

START_TEST(file_written_is_read)
{
    struct arena *arena = unit_arena();
    str path = in_directory(arena, "file"), got, error = S("?");
    str big = { memset(arena_bytes(arena, 100000), 'x', 100000), 100000 };
    const str texts[] = { STR_EMPTY, { "a\0b", 3 }, big };
    for (int i = 0; i < countof(texts); i++) {
        ck_assert_int_eq(file_write(path, texts[i], &error), CARDEA_OK);
        ck_assert_int_eq(file_read(arena, path, 100000, &got, &error), CARDEA_OK);
        ck_assert(str_eq(got, texts[i]));
        ck_assert_int_eq(got.ptr[got.len], '\0');
    }
    ck_assert_int_eq(file_read(arena, path, 99999, &got, &error), CARDEA_ELIMIT);
    expect_str(error, "file is too large");
    ck_assert_int_eq(file_read(arena, path, 99999, &got, NULL), CARDEA_ELIMIT);
    struct dir_list list; /* no temporary file stays */
    ck_assert_int_eq(dir_read(arena, str_from_c(unit_directory()), &list, &error), CARDEA_OK);
    for (isize i = 0; i < list.list.len; i++) {
        ck_assert_int_lt(str_find(list.list.ptr[i].name, S(".tmp")), 0);
    }
}
END_TEST

START_TEST(file_keeps_its_permissions)
{
    struct arena *arena = unit_arena();
    str path = in_directory(arena, "private");
    struct stat info;
    ck_assert_int_eq(file_write(path, S("1"), NULL), CARDEA_OK);
    ck_assert_int_eq(chmod(str_to_c(arena, path), 0600), 0);
    ck_assert_int_eq(file_write(path, S("2"), NULL), CARDEA_OK);
    ck_assert_int_eq(stat(str_to_c(arena, path), &info), 0);
    ck_assert_int_eq(info.st_mode & 0777, 0600);
}
END_TEST

START_TEST(file_faults)
{
    struct arena *arena = unit_arena();
    str got, error;
    ck_assert_int_eq(file_read(arena, in_directory(arena, "absent"), 10, &got, &error),
                     CARDEA_ENOTFOUND);
    expect_str(error, "No such file or directory");
    ck_assert_int_eq(file_read(arena, str_from_c(unit_directory()), 10, &got, &error), CARDEA_EIO);
    expect_str(error, "Is a directory");
    ck_assert_int_eq(file_read(arena, (str){ "a\0b", 3 }, 10, &got, &error), CARDEA_ENOTFOUND);
    ck_assert_int_eq(file_read(arena, STR_EMPTY, 10, &got, &error), CARDEA_ENOTFOUND);
    ck_assert_int_eq(file_write(in_directory(arena, "absent/file"), S("x"), &error),
                     CARDEA_ENOTFOUND);
    ck_assert_int_eq(file_write(STR_EMPTY, S("x"), &error), CARDEA_EIO);
    struct dir_list list;
    ck_assert_int_eq(dir_read(arena, in_directory(arena, "absent"), &list, &error),
                     CARDEA_ENOTFOUND);
    ck_assert_int_eq(list.list.len, 0);
}
END_TEST

/* The number of open descriptors, for leaks. */
__attribute__((noinline)) static int open_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 200; fd++) {
        count += fcntl(fd, F_GETFD) >= 0;
    }
    return count;
}

START_TEST(files_are_closed_when_memory_runs_out)
{
    struct arena *arena = unit_arena();
    str path = in_directory(arena, "big");
    str big = { memset(arena_bytes(arena, 50000), 'x', 50000), 50000 };
    ck_assert_int_eq(file_write(path, big, NULL), CARDEA_OK);
    const int before = open_descriptors();
    volatile int jumps = 0;
    for (volatile int round = 0; round < 2; round++) {
        struct arena small;
        arena_init(&small, 256, 300);
        jmp_buf env;
        (void)arena_guard_set(&small, &env);
        if (setjmp(env) != 0) {
            jumps++;
        } else if (round == 0) {
            str got;
            (void)file_read(&small, path, 100000, &got, NULL);
        } else {
            struct dir_list list;
            (void)arena_bytes(&small, 200);
            (void)dir_read(&small, str_from_c(unit_directory()), &list, NULL);
        }
        arena_free(&small);
    }
    ck_assert_int_eq(jumps, 2);
    ck_assert_int_eq(open_descriptors(), before);
}
END_TEST

START_TEST(file_without_a_size)
{
    struct arena *arena = unit_arena();
    str got, error;
    ck_assert_int_eq(file_read(arena, S("/proc/self/status"), 1 << 20, &got, &error), CARDEA_OK);
    ck_assert(str_starts(got, S("Name:")));
    ck_assert_int_eq(file_read(arena, S("/dev/zero"), 100000, &got, &error), CARDEA_ELIMIT);
}
END_TEST

START_TEST(directory_listing)
{
    struct arena *arena = unit_arena();
    str root = in_directory(arena, "list");
    ck_assert_int_eq(mkdir(str_to_c(arena, root), 0700), 0);
    ck_assert_int_eq(mkdir(str_to_c(arena, in_directory(arena, "list/b")), 0700), 0);
    ck_assert_int_eq(file_write(in_directory(arena, "list/a"), S("x"), NULL), CARDEA_OK);
    ck_assert_int_eq(file_write(in_directory(arena, "list/.hidden"), S("x"), NULL), CARDEA_OK);
    ck_assert_int_eq(symlink("b", str_to_c(arena, in_directory(arena, "list/to-b"))), 0);
    ck_assert_int_eq(symlink("nothing", str_to_c(arena, in_directory(arena, "list/Broken"))), 0);
    ck_assert_int_eq(mkfifo(str_to_c(arena, in_directory(arena, "list/fifo")), 0600), 0);
    const struct {
        const char *name;
        int kind;
        bool is_link;
    } want[] = { { ".hidden", FILE_REGULAR, false }, { "Broken", FILE_OTHER, true },
                 { "a", FILE_REGULAR, false },       { "b", FILE_DIRECTORY, false },
                 { "fifo", FILE_OTHER, false },      { "to-b", FILE_DIRECTORY, true } };
    struct dir_list got;
    ck_assert_int_eq(dir_read(arena, root, &got, NULL), CARDEA_OK);
    ck_assert_int_eq(got.list.len, countof(want));
    for (int i = 0; i < countof(want); i++) {
        expect_str(got.list.ptr[i].name, want[i].name);
        ck_assert_int_eq(got.list.ptr[i].kind, want[i].kind);
        ck_assert_int_eq(got.list.ptr[i].is_link, want[i].is_link);
    }
}
END_TEST

/* ---- clocks ---- */

static int64_t fixed_wall(void)
{
    return 1613308455123456789;
}

START_TEST(clocks)
{
    int64_t first = clock_monotonic_ns();
    ck_assert_int_gt(clock_wall_ns(), 1600000000000000000);
    ck_assert_int_ge(clock_monotonic_ns(), first);
    clock_fake(fixed_wall, fixed_wall);
    ck_assert_int_eq(clock_wall_ns(), fixed_wall());
    ck_assert_int_eq(clock_monotonic_ns(), fixed_wall());
    clock_fake(NULL, NULL);
    ck_assert_int_ne(clock_wall_ns(), fixed_wall());
}
END_TEST

/* ---- log ---- */

/* Lets the function write its lines into a file instead of standard error, and returns them. */
static str captured(struct arena *arena, void (*write_lines)(void))
{
    str path = in_directory(arena, "log"), got;
    int saved = dup(STDERR_FILENO);
    int file = open(str_to_c(arena, path), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
    ck_assert_int_ge(saved, 0);
    ck_assert_int_ge(dup2(file, STDERR_FILENO), 0);
    clock_fake(fixed_wall, NULL);
    write_lines();
    clock_fake(NULL, NULL);
    ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
    (void)close(saved);
    (void)close(file);
    ck_assert_int_eq(file_read(arena, path, 10 << 20, &got, NULL), CARDEA_OK);
    return got;
}

static void write_some(void)
{
    const struct log_field fields[] = { { "path", S("a\"b") }, { "n", S("1\n2") } };
    log_info("server", "listening on %s:%d", "127.0.0.1", 3592);
    log_write(LOG_LEVEL_WARN, "store", fields, 2,
              "odd \x1b[31m name\r\n \xFF \xC2\x85 \xE2\x80\xA8 \xC3\xA9");
    log_write(LOG_LEVEL_DEBUG, "store", NULL, 0, "not shown");
}

#define TIME_TEXT "2021-02-14T13:14:15.123Z"

START_TEST(log_as_json)
{
    log_level_set(LOG_LEVEL_INFO);
    log_format_set(true);
    expect_str(
        captured(unit_arena(), write_some),
        "{\"@timestamp\":\"" TIME_TEXT "\",\"log.level\":\"info\",\"log.logger\":\"server\","
        "\"message\":\"listening on 127.0.0.1:3592\"}\n"
        "{\"@timestamp\":\"" TIME_TEXT "\",\"log.level\":\"warn\",\"log.logger\":\"store\","
        "\"message\":\"odd \\u001b[31m name\\u000d\\u000a \xEF\xBF\xBD \\u0085 \\u2028 \xC3\xA9\","
        "\"path\":\"a\\\"b\",\"n\":\"1\\u000a2\"}\n");
}
END_TEST

START_TEST(log_as_text)
{
    log_level_set(LOG_LEVEL_INFO);
    log_format_set(false);
    expect_str(
        captured(unit_arena(), write_some), TIME_TEXT
        " info server: listening on 127.0.0.1:3592\n" TIME_TEXT
        " warn store: odd \\u001b[31m name\\u000d\\u000a \xEF\xBF\xBD \\u0085 \\u2028 \xC3\xA9"
        " path=\"a\\\"b\" n=\"1\\u000a2\"\n");
}
END_TEST

static void write_too_much(void)
{
    static char text[20000];
    memset(text, '"', sizeof(text) - 1);
    const struct log_field fields[] = { { "big", { text, sizeof(text) - 1 } },
                                        { "after", S("x") } };
    log_write(LOG_LEVEL_ERROR, "a", fields, 2, "%s", "short");
    log_write(LOG_LEVEL_ERROR, "b", fields, 2, "%s", text);
    log_write(LOG_LEVEL_ERROR, text, NULL, 0, "c");
}

/* Each line is an object whose strings are closed: read by a small machine of three states. */
static void expect_closed_objects(str lines, int count)
{
    int seen = 0, depth = 0;
    bool quoted = false;
    for (isize i = 0; i < lines.len; i++) {
        char c = lines.ptr[i];
        if (quoted) {
            i += c == '\\';
            quoted = c != '"';
        } else if (c == '\n') {
            ck_assert_int_eq(depth, 0);
            seen++;
        } else {
            quoted = c == '"';
            depth += (c == '{') - (c == '}');
        }
    }
    ck_assert(!quoted);
    ck_assert_int_eq(seen, count);
}

START_TEST(log_lines_are_cut_and_closed)
{
    log_level_set(LOG_LEVEL_INFO);
    log_format_set(true);
    str got = captured(unit_arena(), write_too_much);
    expect_closed_objects(got, 3);
    ck_assert_int_lt(utf8_invalid(got), 0);
    log_format_set(false);
    ck_assert_int_gt(captured(unit_arena(), write_too_much).len, 0);
}
END_TEST

static void *write_many(void *name)
{
    for (int i = 0; i < 200; i++) {
        log_info(name, "line %d of a thread", i);
    }
    return NULL;
}

static void write_from_threads(void)
{
    pthread_t threads[4];
    static char names[4][2] = { "a", "b", "c", "d" };
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, write_many, names[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    }
}

START_TEST(log_lines_of_threads_do_not_mix)
{
    log_level_set(LOG_LEVEL_INFO);
    log_format_set(true);
    expect_closed_objects(captured(unit_arena(), write_from_threads), 800);
}
END_TEST

static const struct {
    const char *name;
    int level; /* -1: unknown */
} levels[] = {
    { "debug", LOG_LEVEL_DEBUG },
    { "INFO", LOG_LEVEL_INFO },
    { "warn", LOG_LEVEL_WARN },
    { "Warning", LOG_LEVEL_WARN },
    { "error", LOG_LEVEL_ERROR },
    { "none", LOG_LEVEL_NONE },
    { "", -1 },
    { "trace", -1 },
};

START_TEST(log_level_names)
{
    enum log_level level = LOG_LEVEL_NONE;
    bool ok = log_level_parse(str_from_c(levels[_i].name), &level);
    ck_assert_int_eq(ok, levels[_i].level >= 0);
    ck_assert(!ok || (int)level == levels[_i].level);
}
END_TEST

START_TEST(log_level_none_is_silent)
{
    log_level_set(LOG_LEVEL_NONE);
    ck_assert_int_eq(log_level_get(), LOG_LEVEL_NONE);
    expect_str(captured(unit_arena(), write_too_much), "");
    log_level_set(LOG_LEVEL_INFO);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base/seams");
    TCase *tcase = tcase_create("seams");
    tcase_add_test(tcase, file_written_is_read);
    tcase_add_test(tcase, file_keeps_its_permissions);
    tcase_add_test(tcase, file_faults);
    tcase_add_test(tcase, files_are_closed_when_memory_runs_out);
    tcase_add_test(tcase, file_without_a_size);
    tcase_add_test(tcase, directory_listing);
    tcase_add_test(tcase, clocks);
    tcase_add_test(tcase, log_as_json);
    tcase_add_test(tcase, log_as_text);
    tcase_add_test(tcase, log_lines_are_cut_and_closed);
    tcase_add_test(tcase, log_lines_of_threads_do_not_mix);
    tcase_add_loop_test(tcase, log_level_names, 0, (int)countof(levels));
    tcase_add_test(tcase, log_level_none_is_silent);
    suite_add_tcase(suite, tcase);
    return unit_run(suite);
}
