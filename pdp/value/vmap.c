/* vmap.c — maps: entries in order of insertion, a hash index when there are many
 *
 * One hash serves all kinds of keys, because numbers of equal value hash alike; which of them a key
 * finds is decided by comparing. Entries and index are one allocation, made anew when a map grows.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "value/vmap.h"

#include <math.h>

/* ---- keys ---- */

/* Same kind and same content. NaN is no key's content; lists, maps and objects count by identity.
 * */
static bool same_key(struct value a, struct value b)
{
    if (a.kind != b.kind) {
        return false;
    }
    switch ((enum value_kind)a.kind) {
    case V_STRING:
    case V_BYTES:
    case V_TYPE:
        return str_eq(v_str(a), v_str(b));
    case V_DOUBLE:
        return a.d == b.d;
    case V_TIMESTAMP:
        return a.i == b.i && a.len == b.len;
    case V_NULL:
        return true;
    case V_LIST:
    case V_MAP:
        return a.len == b.len && a.i == b.i;
    default:
        return a.i == b.i;
    }
}

/* Entry number of the key, or -1. */
static int64_t entry_of(const struct vmap *map, struct value key)
{
    if (map->slots == NULL) {
        for (uint32_t i = 0; i < map->count; i++) {
            if (same_key(map->entries[i].key, key)) {
                return i;
            }
        }
        return -1;
    }
    for (uint32_t at = (uint32_t)value_hash(key) & map->mask; map->slots[at] != 0;
         at = (at + 1) & map->mask) {
        uint32_t entry = map->slots[at] - 1;
        if (same_key(map->entries[entry].key, key)) {
            return entry;
        }
    }
    return -1;
}

/* ---- building ---- */

static void index_add(struct vmap *map, uint32_t entry)
{
    uint32_t at = (uint32_t)value_hash(map->entries[entry].key) & map->mask;
    while (map->slots[at] != 0) {
        at = (at + 1) & map->mask;
    }
    map->slots[at] = entry + 1;
}

/* Takes room for `cap` entries and, when that is more than is scanned, for an index at most half
 * full. */
static void make_room(struct arena *arena, struct vmap *map, isize cap)
{
    if (cap > UINT32_MAX / 8) {
        arena_overflow(arena);
    }
    isize slots = 0;
    if (cap > VMAP_SCAN) {
        for (slots = 2 * VMAP_SCAN; slots < 2 * cap; slots *= 2) {
        }
    }
    isize entry_bytes = cap * (isize)sizeof(struct vmap_entry);
    isize slot_bytes = slots * (isize)sizeof(uint32_t);
    char *memory = arena_raw(arena, entry_bytes + slot_bytes);
    if (map->count > 0) {
        memcpy(memory, map->entries, map->count * sizeof(struct vmap_entry));
    }
    map->entries = (struct vmap_entry *)(void *)memory;
    map->cap = (uint32_t)cap;
    if (slots > 0) {
        map->slots = (uint32_t *)(void *)(memory + entry_bytes);
        map->mask = (uint32_t)slots - 1;
        memset(map->slots, 0, (size_t)slot_bytes);
        for (uint32_t i = 0; i < map->count; i++) {
            index_add(map, i);
        }
    }
}

struct vmap *vmap_new(struct arena *arena, isize cap)
{
    struct vmap *map = new(arena, struct vmap, 1);
    if (cap > 0) {
        make_room(arena, map, cap);
    }
    return map;
}

void vmap_append(struct arena *arena, struct vmap *map, struct value key, struct value val)
{
    if (map->count == map->cap) {
        make_room(arena, map, map->cap == 0 ? 4 : (isize)map->cap * 2);
    }
    map->entries[map->count] = (struct vmap_entry){ key, val };
    if (map->slots != NULL) {
        index_add(map, map->count);
    }
    map->count++;
}

bool vmap_put(struct arena *arena, struct vmap *map, struct value key, struct value val)
{
    int64_t found = entry_of(map, key);
    if (found >= 0) {
        map->entries[found].val = val;
        return false;
    }
    vmap_append(arena, map, key, val);
    return true;
}

struct value v_map(const struct vmap *map)
{
    return (struct value){ .kind = V_MAP, .len = map->count, .map = map };
}

/* ---- looking up ---- */

/* The integer of the given kind that equals the number, or a V_NONE value when there is none. */
static struct value as_int(struct value key)
{
    if (key.kind == V_UINT) {
        return key.u <= INT64_MAX ? v_int((int64_t)key.u) : v_none();
    }
    bool fits = key.d >= -0x1p63 && key.d < 0x1p63 && trunc(key.d) == key.d;
    return fits ? v_int((int64_t)key.d) : v_none();
}

static struct value as_uint(struct value key)
{
    if (key.kind == V_INT) {
        return key.i >= 0 ? v_uint((uint64_t)key.i) : v_none();
    }
    bool fits = key.d >= 0 && key.d < 0x1p64 && trunc(key.d) == key.d;
    return fits ? v_uint((uint64_t)key.d) : v_none();
}

static int64_t entry_of_other(const struct vmap *map, struct value key)
{
    return key.kind != V_NONE ? entry_of(map, key) : -1;
}

struct value vmap_find(const struct vmap *map, struct value key)
{
    int64_t found = entry_of(map, key);
    if (found < 0 && (key.kind == V_UINT || key.kind == V_DOUBLE)) {
        found = entry_of_other(map, as_int(key));
    }
    if (found < 0 && (key.kind == V_INT || key.kind == V_DOUBLE)) {
        found = entry_of_other(map, as_uint(key));
    }
    return found >= 0 ? map->entries[found].val : v_none();
}

struct value vmap_find_str(const struct vmap *map, str key)
{
    if (map->slots != NULL) {
        return vmap_find(map, v_string(key));
    }
    for (uint32_t i = 0; i < map->count; i++) {
        const struct vmap_entry *e = &map->entries[i];
        if (e->key.kind == V_STRING && (isize)e->key.len == key.len &&
            memcmp(e->key.s, key.ptr, (size_t)key.len) == 0) {
            return e->val;
        }
    }
    return v_none();
}

const struct value *vmap_place(const struct vmap *map, str key)
{
    int64_t found = entry_of(map, v_string(key));
    return found >= 0 ? &map->entries[found].val : NULL;
}
