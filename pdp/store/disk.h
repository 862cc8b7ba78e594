/* disk.h — the policies in a directory
 *
 * Which files are policies, schemas, or neither: spec: cerbos-compat#policy-files-on-disk
 *
 * A *listing* says what is there without reading it; its fingerprint changes when a file is added,
 * removed, renamed or written. A *set* holds the texts as well.
 *
 * Everything lives in the arena. Any thread.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_STORE_DISK_H
#define CARDEA_STORE_DISK_H

#include "base/diag.h"
#include "compile/compile.h"

struct disk_limits {
    int64_t max_files;       /* policies and schemas together */
    int64_t max_file_bytes;  /* one file                      */
    int64_t max_total_bytes; /* all of them                   */
};

struct disk_file {
    str path;     /* relative to the root, with `/`      */
    bool schema;  /* below `_schemas`                    */
    bool is_link; /* the name is a symbolic link         */
};

struct disk_listing {
    VEC(struct disk_file) files; /* in order of the walk                              */
    VEC(str) directories;        /* those that were entered; the root is the empty text */
    VEC(str) misplaced;          /* `_schemas` directories that are not below the root */
    isize suites;                /* test suites, which are not listed                 */
    uint64_t fingerprint;        /* of names, sizes, times and inodes                 */
};

struct disk_set {
    struct policy_file *files;
    isize file_count;
    struct schema_file *schemas;
    isize schema_count;
};

/* Walks the directory. ENOTFOUND, EIO, ELIMIT with *why in words. The arena's guard is the
 * caller's. */
cardea_status disk_list(struct arena *arena, str root, const struct disk_limits *limits,
                        struct disk_listing *out, str *why);

/* Reads the files of a listing. Adds a diagnostic for each file that cannot be read and each
 * misplaced directory, and returns EINVALID when there are any; ELIMIT with *why. */
cardea_status disk_read(struct arena *arena, str root, const struct disk_limits *limits,
                        const struct disk_listing *listing, struct disk_set *out,
                        struct diags *diags, str *why);

/* A path below the root. */
str disk_path(struct arena *arena, str root, str relative);

#endif
