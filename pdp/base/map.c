/* map.c — text → number, open addressing in an arena
 *
 * Entries stand in arrays by order of insertion; a table of slots, at most half full, points to
 * them. Nothing is ever removed, so probing needs no tombstones and growing is one pass over the
 * keys.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/map.h"

#define MAP_FIRST_CAP 8

/* Slot of the key, or the free slot where it belongs; the table is not empty. */
static uint32_t *slot_of(const struct map *map, str key)
{
    uint32_t at = (uint32_t)str_hash(key) & map->mask;
    while (map->slots[at] != 0 && !str_eq(map->keys[map->slots[at] - 1], key)) {
        at = (at + 1) & map->mask;
    }
    return &map->slots[at];
}

static void grow(struct arena *arena, struct map *map)
{
    if (map->cap > UINT32_MAX / 8) {
        arena_overflow(arena);
    }
    uint32_t cap = map->cap == 0 ? MAP_FIRST_CAP : map->cap * 2;
    str *keys = new(arena, str, cap);
    uint32_t *vals = new(arena, uint32_t, cap);
    if (map->count > 0) {
        memcpy(keys, map->keys, map->count * sizeof(*keys));
        memcpy(vals, map->vals, map->count * sizeof(*vals));
    }
    map->keys = keys;
    map->vals = vals;
    map->cap = cap;
    map->mask = cap * 2 - 1;
    map->slots = new(arena, uint32_t, (isize)cap * 2);
    for (uint32_t i = 0; i < map->count; i++) {
        *slot_of(map, keys[i]) = i + 1;
    }
}

uint32_t map_get(const struct map *map, str key)
{
    if (map->count == 0) {
        return MAP_NONE;
    }
    uint32_t entry = *slot_of(map, key);
    return entry != 0 ? map->vals[entry - 1] : MAP_NONE;
}

/* Entry number of the key; *added says whether it is new. */
static uint32_t enter(struct arena *arena, struct map *map, str key, bool *added)
{
    if (map->count == map->cap) {
        uint32_t entry = map->count > 0 ? *slot_of(map, key) : 0;
        if (entry != 0) {
            *added = false;
            return entry - 1;
        }
        grow(arena, map);
    }
    uint32_t *slot = slot_of(map, key);
    *added = *slot == 0;
    if (*added) {
        map->keys[map->count] = key;
        *slot = ++map->count;
    }
    return *slot - 1;
}

uint32_t map_set(struct arena *arena, struct map *map, str key, uint32_t val)
{
    bool added;
    uint32_t entry = enter(arena, map, key, &added);
    uint32_t before = added ? MAP_NONE : map->vals[entry];
    map->vals[entry] = val;
    return before;
}

uint32_t map_intern(struct arena *arena, struct map *map, str key)
{
    bool added;
    uint32_t entry = enter(arena, map, key, &added);
    if (added) {
        map->vals[entry] = entry;
    }
    return entry;
}
