/* locate.h — where a byte of a scalar's value stands in the file; where a path leads
 *
 * A scalar's value differs from its bytes in the file when it has quotes, escapes, folds or
 * indentation. A map tells for each run of bytes that was taken over unchanged where it came from.
 *
 * spec: architecture#diagnostics-and-errors
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_YAML_LOCATE_H
#define CARDEA_YAML_LOCATE_H

#include "base/str.h"

/* Byte `at` of the value is byte `file` of the file; later bytes follow one to one up to the
 * next entry. */
struct ptext_map {
    uint32_t at;
    uint32_t file;
};

/* Byte of the file for a byte of the value. map is sorted by `at`; when it is empty the value is
 * the file's bytes from `start` on. The result lies in [start, end]. */
uint32_t ptext_map_find(const struct ptext_map *map, isize count, uint32_t start, uint32_t end,
                        uint32_t at);

/* Appends the step to a key as the reference writes it: `.name`, or `.'a.b'` when the key holds
 * one of `$*.[]`. */
void yaml_path_key(struct sb *out, str key);

struct ynode;

/* The node at a path such as `$.resourcePolicy.rules[0].actions`; keys that are not plain names
 * are quoted: `$.a.'x.y'`. NULL when the path leads nowhere. Aliases are followed on the way,
 * not at the end. */
const struct ynode *yaml_locate(const struct ynode *root, str path);

#endif
