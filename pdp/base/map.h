/* map.h — text → number, open addressing in an arena
 *
 * Keys are hashed with the process's SipHash key: request text may be hostile. Keys are borrowed.
 * Iteration is by insertion order: keys[0 … count).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_BASE_MAP_H
#define CARDEA_BASE_MAP_H

#include "base/str.h"

struct map {
    str *keys;       /* in order of insertion                           */
    uint32_t *vals;  /* parallel to keys                                */
    uint32_t *slots; /* index into keys + 1, 0 = free                   */
    uint32_t count;  /* entries                                         */
    uint32_t cap;    /* room in keys and vals                           */
    uint32_t mask;   /* slots - 1; slots is a power of two              */
};

#define MAP_NONE UINT32_MAX

/* Returns the value of the key or MAP_NONE. A zeroed map is empty. */
uint32_t map_get(const struct map *map, str key);

/* Sets key to val; returns the value it had before, or MAP_NONE when it was new. */
uint32_t map_set(struct arena *arena, struct map *map, str key, uint32_t val);

/* Returns the entry number of the key (0, 1, 2 … in order of insertion), adding it when it is new. */
uint32_t map_intern(struct arena *arena, struct map *map, str key);

#endif
