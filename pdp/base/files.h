/* files.h — file seam
 *
 * Whole files in, whole files out, directory listings. Sizes are bounded by the caller.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_BASE_FILES_H
#define CARDEA_BASE_FILES_H

#include "base/str.h"
#include "base/vec.h"

enum file_kind { FILE_REGULAR, FILE_DIRECTORY, FILE_OTHER };

struct dir_entry {
    str name;       /* in the arena                                                   */
    uint8_t kind;   /* enum file_kind of what the name leads to (links are followed)  */
    bool is_link;   /* the name itself is a symbolic link                             */
};
struct dir_list {
    VEC(struct dir_entry) list; /* sorted by name, bytewise; without . and .. */
};

/* Reads a whole file into the arena (terminated by one NUL byte behind the text). ELIMIT when larger than
 * max_bytes, ENOTFOUND, EIO; *error (may be NULL) receives the system's reason in words. */
cardea_status file_read(struct arena *arena, str path, isize max_bytes, str *out, str *error);

cardea_status dir_read(struct arena *arena, str path, struct dir_list *out, str *error);

/* Writes path + ".tmp…", flushes it to disk and renames it over path. */
cardea_status file_write(str path, str bytes, str *error);

#endif
