/* compare.c — equality, order and hash of values
 *
 * Numbers of different kinds are compared the reference's way: an integer meets a double as a
 * double, unless the double lies outside the integer type. Above 2^53 that is not exact, on purpose
 * (spec: cel#equality). The hash goes the same way, so numbers that are equal hash alike.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "value/vmap.h"

#include <math.h>

/* ---- numbers ---- */

static int order_int(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int order_uint(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int order_double(double a, double b)
{
    return isnan(a) || isnan(b) ? VALUE_UNORDERED : (a > b) - (a < b);
}

static int order_double_int(double a, int64_t b)
{
    if (a < -0x1p63) {
        return -1;
    }
    return a > 0x1p63 ? 1 : order_double(a, (double)b);
}

static int order_double_uint(double a, uint64_t b)
{
    if (a < 0) {
        return -1;
    }
    return a > 0x1p64 ? 1 : order_double(a, (double)b);
}

static int order_int_uint(int64_t a, uint64_t b)
{
    return a < 0 ? -1 : order_uint((uint64_t)a, b);
}

static int reverse(int order)
{
    return order == VALUE_UNORDERED ? order : -order;
}

int value_compare_numbers(struct value a, struct value b)
{
    switch (a.kind) {
    case V_INT:
        return b.kind == V_INT    ? order_int(a.i, b.i)
               : b.kind == V_UINT ? order_int_uint(a.i, b.u)
                                  : reverse(order_double_int(b.d, a.i));
    case V_UINT:
        return b.kind == V_UINT  ? order_uint(a.u, b.u)
               : b.kind == V_INT ? reverse(order_int_uint(b.i, a.u))
                                 : reverse(order_double_uint(b.d, a.u));
    default:
        return b.kind == V_INT    ? order_double_int(a.d, b.i)
               : b.kind == V_UINT ? order_double_uint(a.d, b.u)
                                  : order_double(a.d, b.d);
    }
}

static bool is_number(struct value v)
{
    return v.kind == V_INT || v.kind == V_UINT || v.kind == V_DOUBLE;
}

/* ---- equality ---- */

static bool same_text(struct value a, struct value b)
{
    return str_eq(v_str(a), v_str(b));
}

/* An element whose comparison has no answer does not make the whole unequal. spec: cel#equality */
static int lists_equal(struct value a, struct value b)
{
    if (a.len != b.len) {
        return 0;
    }
    for (uint32_t i = 0; i < a.len; i++) {
        if (value_equal(a.items[i], b.items[i]) == 0) {
            return 0;
        }
    }
    return 1;
}

static int maps_equal(const struct vmap *a, const struct vmap *b)
{
    if (a->count != b->count) {
        return 0;
    }
    for (uint32_t i = 0; i < a->count; i++) {
        struct value other = vmap_find(b, a->entries[i].key);
        if (other.kind == V_NONE || value_equal(a->entries[i].val, other) == 0) {
            return 0;
        }
    }
    return 1;
}

static int optionals_equal(struct value a, struct value b)
{
    if (a.items == NULL || b.items == NULL) {
        return a.items == b.items;
    }
    return value_equal(*a.items, *b.items);
}

static int object_equal(const struct object *a, struct value b)
{
    if (a->cls->equal != NULL) {
        return a->cls->equal(a, b);
    }
    return b.kind == V_OBJECT && b.object == a;
}

int value_equal(struct value a, struct value b)
{
    if (is_number(a) && is_number(b)) {
        return value_compare_numbers(a, b) == 0;
    }
    if (a.kind == V_OBJECT && b.kind != V_NULL) {
        return object_equal(a.object, b);
    }
    if (a.kind != b.kind) {
        return 0;
    }
    switch ((enum value_kind)a.kind) {
    case V_NULL:
        return 1;
    case V_BOOL:
    case V_DURATION:
        return a.i == b.i;
    case V_STRING:
    case V_BYTES:
    case V_TYPE:
        return same_text(a, b);
    case V_TIMESTAMP:
        return a.i == b.i && a.len == b.len;
    case V_LIST:
        return lists_equal(a, b);
    case V_MAP:
        return maps_equal(a.map, b.map);
    case V_OPTIONAL:
        return optionals_equal(a, b);
    default:
        return 0;
    }
}

/* ---- order ---- */

int value_compare(struct value a, struct value b)
{
    if (is_number(a) && is_number(b)) {
        return value_compare_numbers(a, b);
    }
    if (a.kind == V_OBJECT && a.object->cls->compare != NULL) {
        int order = a.object->cls->compare(a.object, b);
        return order == -2 ? VALUE_UNORDERED : order;
    }
    if (a.kind != b.kind) {
        return VALUE_UNORDERED;
    }
    switch ((enum value_kind)a.kind) {
    case V_BOOL:
    case V_DURATION:
        return order_int(a.i, b.i);
    case V_STRING:
    case V_BYTES:
        return order_int(str_cmp(v_str(a), v_str(b)), 0);
    case V_TIMESTAMP:
        return a.i != b.i ? order_int(a.i, b.i) : order_uint(a.len, b.len);
    default:
        return VALUE_UNORDERED;
    }
}

/* ---- hash ---- */

static uint64_t hash_words(uint64_t kind, uint64_t a, uint64_t b)
{
    const uint64_t words[3] = { kind, a, b };
    return str_hash((str){ (const char *)words, (isize)sizeof(words) });
}

static uint64_t hash_double(double d)
{
    uint64_t bits;
    d = d == 0 ? 0 : d; /* -0.0 equals 0.0 */
    memcpy(&bits, &d, sizeof(bits));
    return hash_words(V_DOUBLE, bits, 0);
}

uint64_t value_hash(struct value v)
{
    switch ((enum value_kind)v.kind) {
    case V_INT:
        return hash_double((double)v.i);
    case V_UINT:
        return hash_double((double)v.u);
    case V_DOUBLE:
        return hash_double(v.d);
    case V_STRING:
    case V_BYTES:
    case V_TYPE:
        return str_hash(v_str(v)) + v.kind;
    case V_BOOL:
    case V_DURATION:
        return hash_words(v.kind, (uint64_t)v.i, 0);
    case V_TIMESTAMP:
        return hash_words(v.kind, (uint64_t)v.i, v.len);
    case V_LIST:
        return hash_words(v.kind, v.len, 0);
    case V_MAP:
        return hash_words(v.kind, v.map->count, 0);
    default:
        return hash_words(V_OBJECT, 0, 0); /* objects may equal other kinds; all alike */
    }
}
