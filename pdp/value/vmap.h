/* vmap.h — maps: entries in order of insertion, a hash index when there are many
 *
 * Up to VMAP_SCAN entries are scanned; larger maps carry an index in the same allocation.
 * Lookup follows the language (spec: cel#collections): a key matches an equal key of its own type; an int
 * key also finds the uint of the same value and the other way round; an integral double finds int, then uint.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_VALUE_VMAP_H
#define CARDEA_VALUE_VMAP_H

#include "value/value.h"

#define VMAP_SCAN 8

struct vmap_entry {
    struct value key; /* bool, int, uint, double or string (others only in broken literals) */
    struct value val;
};
struct vmap {
    struct vmap_entry *entries; /* in order of insertion                         */
    uint32_t count;             /* entries                                       */
    uint32_t cap;               /* room in entries                               */
    uint32_t *slots;            /* entry number + 1, 0 = free; NULL: scan        */
    uint32_t mask;              /* slots - 1                                     */
};

/* An empty map with room for `cap` entries. */
struct vmap *vmap_new(struct arena *arena, isize cap);

/* Sets key to val (last one wins, as in literals); returns true when the key was new. "Same key" here means
 * same kind and same content. */
bool vmap_put(struct arena *arena, struct vmap *map, struct value key, struct value val);

/* As vmap_put for a key that is known to be new: does not look for it. */
void vmap_append(struct arena *arena, struct vmap *map, struct value key, struct value val);

/* Value by the language's lookup rule; V_NONE when not found. */
struct value vmap_find(const struct vmap *map, struct value key);

/* Value of a string key; V_NONE when not found. */
struct value vmap_find_str(const struct vmap *map, str key);

/* Where the value of a string key stands; NULL when not found. Valid until the map changes. */
const struct value *vmap_place(const struct vmap *map, str key);

struct value v_map(const struct vmap *map);

#endif
