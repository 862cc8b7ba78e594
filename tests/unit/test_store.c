/* test_store.c — which files are policies; building, publishing and giving back policy sets
 *
 * The control thread in time is the business of tests/scenario; here its parts are called directly.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/control.h"

#include "base/files.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct disk_limits limits = { .max_files = 100,
                                           .max_file_bytes = 4096,
                                           .max_total_bytes = 20000 };

static struct arena arena;
static str root;

static str below(const char *path)
{
    return str_printf(&arena, "%.*s/%s", STR_ARG(root), path);
}

static void make_parents(str path)
{
    for (isize i = root.len + 1; i < path.len; i++) {
        if (path.ptr[i] == '/') {
            (void)mkdir(str_to_c(&arena, str_slice(path, 0, i)),
                        0700); /* it may be there already */
        }
    }
}

static void put(const char *path, const char *text)
{
    str whole = below(path);
    make_parents(whole);
    str why = STR_EMPTY;
    ck_assert_msg(file_write(whole, str_from_c(text), &why) == CARDEA_OK, "%s: %.*s", path,
                  STR_ARG(why));
}

static void put_link(const char *path, const char *to)
{
    make_parents(below(path));
    ck_assert_int_eq(symlink(to, str_to_c(&arena, below(path))), 0);
}

static void setup(void)
{
    arena_init(&arena, 1 << 16, 1 << 26);
    char *name = str_to_c(&arena, S("/tmp/cardea-test-store-XXXXXX"));
    ck_assert_ptr_nonnull(mkdtemp(name));
    root = str_from_c(name);
}

static void remove_tree(str path)
{
    struct dir_list list;
    if (dir_read(&arena, path, &list, NULL) == CARDEA_OK) {
        for (isize i = 0; i < list.list.len; i++) {
            str entry =
                str_printf(&arena, "%.*s/%.*s", STR_ARG(path), STR_ARG(list.list.ptr[i].name));
            if (unlink(str_to_c(&arena, entry)) != 0) {
                remove_tree(entry);
            }
        }
    }
    (void)rmdir(str_to_c(&arena, path)); /* what is left is in /tmp */
}

static void teardown(void)
{
    remove_tree(root);
    arena_free(&arena);
}

#define POLICY(kind)                                                                               \
    "apiVersion: api.cerbos.dev/v1\nresourcePolicy:\n  resource: " kind                            \
    "\n  version: default\n  rules:\n    - actions: [read]\n      roles: [user]\n      effect: "   \
    "EFFECT_ALLOW\n"

/* ---- the walk ---- */

static const struct {
    const char *path;
    bool policy;
} names[] = {
    { "a.yaml", true },
    { "b.yml", true },
    { "c.json", true },
    { "d.YAML", true },
    { "e.Yml", true },
    { "f.txt", false },
    { "g", false },
    { ".h.yaml", false },
    { "i_test.yaml", false },
    { "j_TEST.yml", false },
    { "k_test.json", false },
    { "l_tests.yaml", true },
    { "test.yaml", true },
    { "_test.yaml", false },
    { "yaml", false },
    { "m.yaml.bak", false },
    { "sub/a.yaml", true },
    { "sub/deep/a.yaml", true },
    { "testdata/a.yaml", false },
    { "sub/testdata/a.yaml", false },
    { ".hidden/a.yaml", false },
    { "..data/a.yaml", false },
    { "_x/a.yaml", true },
};

START_TEST(knows_policies_by_their_names)
{
    put(names[_i].path, "");
    struct disk_listing listing;
    str why = STR_EMPTY;
    ck_assert_int_eq(disk_list(&arena, root, &limits, &listing, &why), CARDEA_OK);
    ck_assert_msg(listing.files.len == names[_i].policy, "%s", names[_i].path);
    if (names[_i].policy) {
        ck_assert(str_eq(listing.files.ptr[0].path, str_from_c(names[_i].path)));
        ck_assert(!listing.files.ptr[0].schema);
    }
}
END_TEST

START_TEST(walks_in_the_order_of_names)
{
    static const char *const want[] = { "B.yaml", "a.yaml", "b/a.yaml", "b/c/d.yaml", "b.yaml" };
    put("b/c/d.yaml", "");
    put("b.yaml", "");
    put("b/a.yaml", "");
    put("a.yaml", "");
    put("B.yaml", "");
    struct disk_listing listing;
    str why = STR_EMPTY;
    ck_assert_int_eq(disk_list(&arena, root, &limits, &listing, &why), CARDEA_OK);
    ck_assert_int_eq(listing.files.len, countof(want));
    for (isize i = 0; i < countof(want); i++) {
        ck_assert_msg(str_eq(listing.files.ptr[i].path, str_from_c(want[i])), "%.*s",
                      STR_ARG(listing.files.ptr[i].path));
    }
    ck_assert_int_eq(listing.directories.len, 3);
}
END_TEST

START_TEST(finds_schemas)
{
    put("_schemas/a.json", "{}");
    put("_schemas/sub/b.json", "{}");
    put("_schemas/c.yaml", "");
    put("sub/_schemas/d.json", "{}");
    put("p.yaml", POLICY("x"));
    struct disk_listing listing;
    struct disk_set set;
    str why = STR_EMPTY;
    struct diags diags = diags_new(&arena);
    ck_assert_int_eq(disk_list(&arena, root, &limits, &listing, &why), CARDEA_OK);
    ck_assert_int_eq(disk_read(&arena, root, &limits, &listing, &set, &diags, &why),
                     CARDEA_EINVALID);
    ck_assert_int_eq(set.schema_count, 2);
    ck_assert(str_eq(set.schemas[0].id, S("a.json")));
    ck_assert(str_eq(set.schemas[1].id, S("sub/b.json")));
    ck_assert_int_eq(set.file_count, 1);
    ck_assert_int_eq(diags.errors, 1);
    ck_assert(str_eq(diags.list.ptr[0].file, S("sub/_schemas")));
}
END_TEST

START_TEST(follows_links_to_files_only)
{
    put("real/a.yaml", "x: 1");
    put_link("link.yaml", "real/a.yaml");
    put_link("dir", "real");
    put_link("gone.yaml", "nowhere.yaml");
    ck_assert_int_eq(mkfifo(str_to_c(&arena, below("pipe.yaml")), 0600), 0);
    struct disk_listing listing;
    str why = STR_EMPTY;
    ck_assert_int_eq(disk_list(&arena, root, &limits, &listing, &why), CARDEA_OK);
    ck_assert_int_eq(listing.files.len, 2);
    ck_assert(str_eq(listing.files.ptr[0].path, S("link.yaml")) && listing.files.ptr[0].is_link);
    ck_assert(str_eq(listing.files.ptr[1].path, S("real/a.yaml")) && !listing.files.ptr[1].is_link);
}
END_TEST

static uint64_t fingerprint(void)
{
    struct disk_listing listing;
    str why = STR_EMPTY;
    ck_assert_int_eq(disk_list(&arena, root, &limits, &listing, &why), CARDEA_OK);
    return listing.fingerprint;
}

START_TEST(fingerprint_tells_changes)
{
    put("a.yaml", "1");
    uint64_t before = fingerprint();
    ck_assert_uint_eq(fingerprint(), before);
    put("note.txt", "not looked at");
    ck_assert_uint_eq(fingerprint(), before);
    put("a.yaml", "2"); /* same size, another inode */
    uint64_t rewritten = fingerprint();
    ck_assert_uint_ne(rewritten, before);
    put("b.yaml", "");
    uint64_t added = fingerprint();
    ck_assert_uint_ne(added, rewritten);
    ck_assert_int_eq(rename(str_to_c(&arena, below("b.yaml")), str_to_c(&arena, below("c.yaml"))),
                     0);
    ck_assert_uint_ne(fingerprint(), added);
    put("x/_schemas/s.json", "");
    ck_assert_uint_ne(fingerprint(), added);
}
END_TEST

START_TEST(limits_hold)
{
    struct disk_listing listing;
    str why = STR_EMPTY;
    for (int i = 0; i < 101; i++) {
        put(str_to_c(&arena, str_printf(&arena, "p%d.yaml", i)), "");
    }
    ck_assert_int_eq(disk_list(&arena, root, &limits, &listing, &why), CARDEA_ELIMIT);
    ck_assert(str_find(why, S("too many files")) >= 0);
}
END_TEST

START_TEST(sizes_hold)
{
    struct disk_listing listing;
    struct disk_set set;
    str why = STR_EMPTY;
    char big[5000];
    memset(big, '#', sizeof big);
    big[sizeof big - 1] = '\0';
    put("a.yaml", big);
    struct diags diags = diags_new(&arena);
    ck_assert_int_eq(disk_list(&arena, root, &limits, &listing, &why), CARDEA_OK);
    ck_assert_int_eq(disk_read(&arena, root, &limits, &listing, &set, &diags, &why),
                     CARDEA_EINVALID);
    ck_assert_int_eq(diags.errors, 1);
    for (int i = 0; i < 4; i++) {
        put(str_to_c(&arena, str_printf(&arena, "p%d.yaml", i)), big);
    }
    ck_assert_int_eq(disk_list(&arena, root, &limits, &listing, &why), CARDEA_ELIMIT);
}
END_TEST

START_TEST(missing_directory_is_named)
{
    struct disk_listing listing;
    str why = STR_EMPTY;
    ck_assert_int_eq(disk_list(&arena, below("nowhere"), &limits, &listing, &why),
                     CARDEA_ENOTFOUND);
    ck_assert(str_find(why, S("nowhere")) >= 0);
}
END_TEST

/* ---- building and publishing ---- */

static struct store_options options(void)
{
    return (struct store_options){ .directory = root,
                                   .scan_ms = 1000,
                                   .poll_ms = 1000,
                                   .max_files = 100,
                                   .max_file_bytes = 1 << 20,
                                   .max_total_bytes = 1 << 20 };
}

START_TEST(broken_policies_do_not_open)
{
    put("a.yaml", "apiVersion: api.cerbos.dev/v1\nnonsense: 1\n");
    struct store_options opts = options();
    struct diags diags = diags_new(&arena);
    struct store *store = (struct store *)&arena;
    ck_assert_int_eq(store_open(&store, &opts, &diags), CARDEA_EINVALID);
    ck_assert_ptr_null(store);
    ck_assert_int_gt(diags.errors, 0);
}
END_TEST

START_TEST(missing_policies_do_not_open)
{
    struct store_options opts = options();
    opts.directory = below("nowhere");
    struct diags diags = diags_new(&arena);
    struct store *store;
    ck_assert_int_eq(store_open(&store, &opts, &diags), CARDEA_ENOTFOUND);
    ck_assert_ptr_null(store);
    ck_assert_int_eq(diags.errors, 1);
}
END_TEST

START_TEST(an_empty_directory_is_a_set_without_policies)
{
    struct store_options opts = options();
    struct diags diags = diags_new(&arena);
    struct store *store;
    ck_assert_int_eq(store_open(&store, &opts, &diags), CARDEA_OK);
    struct store_state state;
    store_state(store, &state);
    ck_assert_int_eq(state.policies, 0);
    ck_assert_uint_eq(state.generation, 1);
    store_close(store);
}
END_TEST

static struct snapshot *build(struct store *store)
{
    struct diags diags = diags_new(&arena);
    struct snapshot *snapshot = NULL;
    uint64_t seen;
    ck_assert_int_eq(control_build(store, &diags, &snapshot, &seen), CARDEA_OK);
    return snapshot;
}

START_TEST(old_sets_live_while_they_are_used)
{
    put("a.yaml", POLICY("x"));
    struct store_options opts = options();
    struct diags diags = diags_new(&arena);
    struct store *store;
    ck_assert_int_eq(store_open(&store, &opts, &diags), CARDEA_OK);
    int wake = eventfd(0, EFD_NONBLOCK);
    struct store_reader *quick = store_reader_new(store, wake);
    struct store_reader *slow = store_reader_new(store, wake);
    const struct snapshot *first = store_reader_get(slow);
    ck_assert_ptr_eq(store_reader_get(quick), first);

    put("b.yaml", POLICY("y"));
    control_publish(store, build(store));
    uint64_t woken = 0;
    ck_assert_int_eq(read(wake, &woken, sizeof woken), (ssize_t)sizeof woken);
    ck_assert_uint_eq(woken, 2);
    const struct snapshot *second = store_reader_get(quick);
    ck_assert_ptr_ne(second, first);
    ck_assert_int_eq(snapshot_info(second).policies, 2);

    control_reap(store); /* `slow` still answers from the first */
    ck_assert_ptr_nonnull(store->retired);
    ck_assert_int_eq(snapshot_info(first).policies, 1);
    ck_assert_ptr_eq(store_reader_get(slow), second);
    control_reap(store);
    ck_assert_ptr_null(store->retired);

    control_publish(store, build(store));
    store_reader_free(quick); /* who is gone uses nothing */
    ck_assert_ptr_nonnull(store_reader_get(slow));
    control_reap(store);
    ck_assert_ptr_null(store->retired);
    store_reader_free(slow);
    store_close(store);
    close(wake);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store");
    TCase *tcase = tcase_create("store");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, knows_policies_by_their_names, 0, (int)countof(names));
    tcase_add_test(tcase, walks_in_the_order_of_names);
    tcase_add_test(tcase, finds_schemas);
    tcase_add_test(tcase, follows_links_to_files_only);
    tcase_add_test(tcase, fingerprint_tells_changes);
    tcase_add_test(tcase, limits_hold);
    tcase_add_test(tcase, sizes_hold);
    tcase_add_test(tcase, missing_directory_is_named);
    tcase_add_test(tcase, broken_policies_do_not_open);
    tcase_add_test(tcase, missing_policies_do_not_open);
    tcase_add_test(tcase, an_empty_directory_is_a_set_without_policies);
    tcase_add_test(tcase, old_sets_live_while_they_are_used);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
