/* disk.c — the policies in a directory
 *
 * The walk is depth first in the order of names. Links to files are followed, links to directories
 * are not. The fingerprint is taken from what stat() says, not from contents, so looking for
 * changes costs no reading; a file that is rewritten gets a new time, one that is replaced a new
 * inode.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/disk.h"

#include "base/files.h"
#include "model/load.h"

#include <limits.h>
#include <sys/stat.h>

#define DEPTH_MOST 64 /* nested directories */

static const struct diag_class err_unreadable = { .code = "E0101",
                                                  .severity = DIAG_ERROR,
                                                  .group = LINT_LOAD_OTHER,
                                                  .help =
                                                      "make the file readable for the service" };
static const struct diag_class err_misplaced = {
    .code = "E0102",
    .severity = DIAG_ERROR,
    .group = LINT_LOAD_OTHER,
    .help = "move the directory directly below the root, or give it another name"
};

struct walk {
    struct arena *arena;
    str root;
    const struct disk_limits *limits;
    struct disk_listing *out;
    int64_t bytes; /* of all files so far */
    int depth;
    str *why;
};

/* ---- names ---- */

static str extension(str name)
{
    isize dot = str_rfind(name, S("."));
    return dot < 0 ? STR_EMPTY : str_slice(name, dot, name.len);
}

static bool is_schema(str name)
{
    return !str_starts(name, S(".")) && str_eq_nocase(extension(name), S(".json"));
}

str disk_path(struct arena *arena, str root, str relative)
{
    return relative.len == 0 ? root
                             : str_printf(arena, "%.*s/%.*s", STR_ARG(root), STR_ARG(relative));
}

static str join(struct arena *arena, str directory, str name)
{
    return directory.len == 0 ? name
                              : str_printf(arena, "%.*s/%.*s", STR_ARG(directory), STR_ARG(name));
}

/* ---- the walk ---- */

static void mix(struct disk_listing *out, str bytes)
{
    out->fingerprint = str_siphash(bytes, out->fingerprint, UINT64_C(0x63617264656173));
}

static bool fail_limit(struct walk *w, const char *what, int64_t limit)
{
    *w->why = str_printf(w->arena, "%s (the limit is %lld)", what, (long long)limit);
    return false;
}

static bool add_file(struct walk *w, str path, bool schema, bool is_link)
{
    struct stat st;
    if (stat(str_to_c(w->arena, disk_path(w->arena, w->root, path)), &st) != 0) {
        return true; /* gone while we looked: the next walk will tell */
    }
    const int64_t facts[] = { (int64_t)st.st_size,        (int64_t)st.st_ino,
                              (int64_t)st.st_mtim.tv_sec, (int64_t)st.st_mtim.tv_nsec,
                              (int64_t)st.st_ctim.tv_sec, (int64_t)st.st_ctim.tv_nsec };
    mix(w->out, path);
    mix(w->out, (str){ (const char *)facts, (isize)sizeof facts });
    w->bytes += (int64_t)st.st_size;
    if (w->bytes > w->limits->max_total_bytes) {
        return fail_limit(w, "files are too large together", w->limits->max_total_bytes);
    }
    if (w->out->files.len >= w->limits->max_files) {
        return fail_limit(w, "too many files", w->limits->max_files);
    }
    *vec_push(w->arena, &w->out->files) =
        (struct disk_file){ .path = path, .schema = schema, .is_link = is_link };
    return true;
}

static cardea_status walk_directory(struct walk *w, str directory, bool schemas);

static cardea_status walk_entry(struct walk *w, str directory, const struct dir_entry *entry,
                                bool schemas)
{
    str path = join(w->arena, directory, entry->name);
    if (entry->kind == FILE_REGULAR) {
        w->out->suites += !schemas && policy_test_name(entry->name);
        bool wanted = schemas ? is_schema(entry->name) : policy_file_name(entry->name);
        return !wanted || add_file(w, path, schemas, entry->is_link) ? CARDEA_OK : CARDEA_ELIMIT;
    }
    if (entry->kind != FILE_DIRECTORY || entry->is_link || str_starts(entry->name, S("."))) {
        return CARDEA_OK;
    }
    if (schemas) {
        return walk_directory(w, path, true);
    }
    if (str_eq(entry->name, S("_schemas"))) {
        if (directory.len == 0) {
            return walk_directory(w, path, true);
        }
        *vec_push(w->arena, &w->out->misplaced) = path;
        mix(w->out, path);
        return CARDEA_OK;
    }
    return str_eq(entry->name, S("testdata")) ? CARDEA_OK : walk_directory(w, path, false);
}

static cardea_status walk_directory(struct walk *w, str directory, bool schemas)
{
    struct dir_list list;
    str error = STR_EMPTY;
    str path = disk_path(w->arena, w->root, directory);
    if (w->depth == DEPTH_MOST) {
        (void)fail_limit(w, "directories are nested too deeply", DEPTH_MOST);
        return CARDEA_ELIMIT;
    }
    cardea_status status = dir_read(w->arena, path, &list, &error);
    if (status == CARDEA_ENOTFOUND && directory.len > 0) {
        return CARDEA_OK; /* gone while we looked */
    }
    if (status != CARDEA_OK) {
        *w->why =
            str_printf(w->arena, "cannot read directory %.*s: %.*s", STR_ARG(path), STR_ARG(error));
        return status;
    }
    *vec_push(w->arena, &w->out->directories) = directory;
    w->depth++;
    for (isize i = 0; i < list.list.len && status == CARDEA_OK; i++) {
        status = walk_entry(w, directory, &list.list.ptr[i], schemas);
    }
    w->depth--;
    return status;
}

cardea_status disk_list(struct arena *arena, str root, const struct disk_limits *limits,
                        struct disk_listing *out, str *why)
{
    *out = (struct disk_listing){ .fingerprint = 1 };
    struct walk w = { .arena = arena, .root = root, .limits = limits, .out = out, .why = why };
    return walk_directory(&w, STR_EMPTY, false);
}

/* ---- reading ---- */

static const struct span nowhere = { NULL, 0, 0 };

static void complain(struct diags *diags, const struct diag_class *class, str file, str text)
{
    struct diag *diag = diag_add(diags, class, nowhere, "%.*s", STR_ARG(text));
    diag->file = file;
}

static void misplaced(struct diags *diags, const struct disk_listing *listing)
{
    for (isize i = 0; i < listing->misplaced.len; i++) {
        complain(diags, &err_misplaced, listing->misplaced.ptr[i],
                 S("_schemas directory must be under the root of the storage directory"));
    }
}

cardea_status disk_read(struct arena *arena, str root, const struct disk_limits *limits,
                        const struct disk_listing *listing, struct disk_set *out,
                        struct diags *diags, str *why)
{
    isize errors = diags->errors;
    int64_t bytes = 0;
    *out = (struct disk_set){ .files = new (arena, struct policy_file, listing->files.len),
                              .schemas = new (arena, struct schema_file, listing->files.len) };
    misplaced(diags, listing);
    for (isize i = 0; i < listing->files.len; i++) {
        const struct disk_file *file = &listing->files.ptr[i];
        str text = STR_EMPTY;
        str error = STR_EMPTY;
        if (file_read(arena, disk_path(arena, root, file->path), (isize)limits->max_file_bytes,
                      &text, &error) != CARDEA_OK) {
            complain(diags, &err_unreadable, file->path,
                     str_printf(arena, "cannot read the file: %.*s", STR_ARG(error)));
            continue;
        }
        bytes += text.len;
        if (bytes > limits->max_total_bytes) {
            *why = S("files are too large together");
            return CARDEA_ELIMIT;
        }
        if (file->schema) {
            out->schemas[out->schema_count++] =
                (struct schema_file){ str_slice(file->path, S("_schemas/").len, file->path.len),
                                      text };
        } else {
            out->files[out->file_count++] = (struct policy_file){ file->path, text };
        }
    }
    return diags->errors > errors ? CARDEA_EINVALID : CARDEA_OK;
}
