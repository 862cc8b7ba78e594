/* equal.c — JSON's types, equality and repetition
 *
 * Numbers are equal by their decimals, objects whatever the order of their members.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "schema/schema_priv.h"

#define UNIQUE_FEW 20 /* items that are compared pairwise */

enum json_type json_type(struct value v)
{
    switch (v.kind) {
    case V_NULL:
        return TYPE_NULL;
    case V_BOOL:
        return TYPE_BOOLEAN;
    case V_STRING:
        return TYPE_STRING;
    case V_LIST:
        return TYPE_ARRAY;
    case V_MAP:
        return TYPE_OBJECT;
    default:
        return number_is(v) ? TYPE_NUMBER : 0;
    }
}

static bool maps_equal(const struct vmap *a, const struct vmap *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (uint32_t i = 0; i < a->count; i++) {
        const struct value *other = vmap_place(b, v_str(a->entries[i].key));
        if (other == NULL || !json_equal(a->entries[i].val, *other)) {
            return false;
        }
    }
    return true;
}

bool json_equal(struct value a, struct value b)
{
    enum json_type type = json_type(a);
    if (type != json_type(b)) {
        return false;
    }
    switch (type) {
    case TYPE_NULL:
        return true;
    case TYPE_BOOLEAN:
        return a.i == b.i;
    case TYPE_NUMBER:
        return number_equal(a, b);
    case TYPE_STRING:
        return str_eq(v_str(a), v_str(b));
    case TYPE_OBJECT:
        return maps_equal(a.map, b.map);
    case TYPE_ARRAY:
        for (uint32_t i = 0; i < a.len; i++) {
            if (a.len != b.len || !json_equal(a.items[i], b.items[i])) {
                return false;
            }
        }
        return a.len == b.len;
    default:
        return false;
    }
}

static uint64_t mix(uint64_t h)
{
    h = (h ^ h >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return h ^ h >> 32;
}

uint64_t json_hash(struct value v)
{
    enum json_type type = json_type(v);
    uint64_t h = (uint64_t)type;
    switch (type) {
    case TYPE_BOOLEAN:
        return mix(h + (uint64_t)v.i);
    case TYPE_NUMBER: {
        double d = number_double(v);
        d = d == 0 ? 0 : d; /* -0 equals 0 */
        return mix(h) ^ str_hash((str){ (const char *)&d, (isize)sizeof d });
    }
    case TYPE_STRING:
        return str_hash(v_str(v));
    case TYPE_ARRAY:
        for (uint32_t i = 0; i < v.len; i++) {
            h = mix(h + json_hash(v.items[i]));
        }
        return h;
    case TYPE_OBJECT: /* the order of members does not count */
        for (uint32_t i = 0; i < v.map->count; i++) {
            const struct vmap_entry *e = &v.map->entries[i];
            h += mix(str_hash(v_str(e->key)) + json_hash(e->val));
        }
        return mix(h);
    default:
        return mix(h);
    }
}

int64_t json_weight(struct value v, int64_t most)
{
    int64_t weight = 1;
    for (uint32_t i = 0; v.kind == V_LIST && i < v.len && weight < most; i++) {
        weight += json_weight(v.items[i], most - weight);
    }
    for (uint32_t i = 0; v.kind == V_MAP && i < v.len && weight < most; i++) {
        weight += json_weight(v.map->entries[i].val, most - weight);
    }
    return weight;
}

static bool repeated_few(const struct value *items, isize count, isize *first, isize *second)
{
    for (isize i = 1; i < count; i++) {
        for (isize k = 0; k < i; k++) {
            if (json_equal(items[i], items[k])) {
                *first = k;
                *second = i;
                return true;
            }
        }
    }
    return false;
}

bool json_repeated(struct arena *arena, const struct value *items, isize count, isize *first,
                   isize *second)
{
    if (count <= UNIQUE_FEW) {
        return repeated_few(items, count, first, second);
    }
    isize slots = 64;
    while (slots < count * 2) {
        slots *= 2;
    }
    struct arena_mark mark = arena_mark(arena);
    uint32_t *table = new(arena, uint32_t, slots);
    bool found = false;
    for (isize i = 0; i < count && !found; i++) {
        isize at = (isize)(json_hash(items[i]) & (uint64_t)(slots - 1));
        while (table[at] != 0 && !found) {
            found = json_equal(items[i], items[table[at] - 1]);
            if (found) {
                *first = table[at] - 1;
                *second = i;
            }
            at = (at + 1) & (slots - 1);
        }
        table[at] = table[at] == 0 ? (uint32_t)i + 1 : table[at];
    }
    arena_reset(arena, mark);
    return found;
}
