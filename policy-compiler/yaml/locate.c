/* locate.c — bytes of values and paths, found again in the file
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "yaml/locate.h"

#include "base/num.h"
#include "yaml/compose.h"

uint32_t ptext_map_find(const struct ptext_map *map, isize count, uint32_t start, uint32_t end,
                        uint32_t at)
{
    uint64_t file = (uint64_t)start + at;
    if (count > 0) {
        isize low = 0;
        isize high = count - 1;
        while (low < high) { /* the last entry with map[i].at <= at */
            isize middle = low + (high - low + 1) / 2;
            if (map[middle].at <= at) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        file = map[low].at <= at ? (uint64_t)map[low].file + (at - map[low].at) : map[low].file;
    }
    return file < end ? (uint32_t)file : end;
}

void yaml_path_key(struct sb *out, str key)
{
    bool special = false;
    for (isize i = 0; i < key.len; i++) {
        special |= str_find_byte(S("$*.[]"), key.ptr[i]) >= 0;
    }
    sb_add(out, special ? S(".'") : S("."));
    sb_add(out, key);
    sb_add(out, special ? S("'") : STR_EMPTY);
}

/* Cuts the next step off a path: a key, or `[n]` (then *index is not negative). */
static bool next_step(str *path, str *key, int64_t *index)
{
    *index = -1;
    if (str_starts(*path, S("["))) {
        isize close = str_find_byte(*path, ']');
        bool good =
            close > 0 && num_parse_int(str_slice(*path, 1, close), false, index) && *index >= 0;
        *path = str_slice(*path, close + 1, path->len);
        return good;
    }
    if (str_starts(*path, S(".'"))) {
        isize close = str_find(str_slice(*path, 2, path->len), S("'"));
        *key = str_slice(*path, 2, 2 + close);
        *path = str_slice(*path, close + 3, path->len);
        return close >= 0;
    }
    if (!str_starts(*path, S("."))) {
        return false;
    }
    isize end = 1;
    while (end < path->len && path->ptr[end] != '.' && path->ptr[end] != '[') {
        end++;
    }
    *key = str_slice(*path, 1, end);
    *path = str_slice(*path, end, path->len);
    return true;
}

const struct ynode *yaml_locate(const struct ynode *root, str path)
{
    const struct ynode *node = root;
    if (!str_starts(path, S("$"))) {
        return NULL;
    }
    path = str_slice(path, 1, path.len);
    while (node != NULL && path.len > 0) {
        str key = STR_EMPTY;
        int64_t index = -1;
        if (!next_step(&path, &key, &index)) {
            return NULL;
        }
        const struct ynode *in = ynode_resolve(node);
        if (index < 0) {
            node = ynode_get(in, key);
        } else {
            node = in->kind == Y_SEQ && index < in->count ? in->items[index] : NULL;
        }
    }
    return node;
}
