/* fn_sort.c — sort and sortBy
 *
 * A stable merge sort of positions by key. Keys are of one type that has an order; the first one
 * decides which. NaN has no place in the order: it stays between its neighbours, and the rest may
 * be unsorted around it, as in the reference. spec: cel#list-functions
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/fn_priv.h"

static bool has_order(struct value v)
{
    switch (v.kind) {
    case V_BOOL:
    case V_INT:
    case V_UINT:
    case V_DOUBLE:
    case V_STRING:
    case V_BYTES:
    case V_TIMESTAMP:
    case V_DURATION:
        return true;
    case V_OBJECT:
        return v.object->cls->compare != NULL;
    default:
        return false;
    }
}

static bool same_type(struct value a, struct value b)
{
    return a.kind == b.kind && (a.kind != V_OBJECT || a.object->cls == b.object->cls);
}

/* Merges from[low, middle) and from[middle, high), each in order, into to[low, high). */
static void merge(const struct value *keys, const uint32_t *from, uint32_t *to, isize low,
                  isize middle, isize high)
{
    isize left = low, right = middle;
    for (isize i = low; i < high; i++) {
        bool take_right = left == middle || (right < high && value_compare(keys[from[right]],
                                                                           keys[from[left]]) == -1);
        to[i] = take_right ? from[right++] : from[left++];
    }
}

/* Positions 0 … n-1 in the order of their keys. */
static const uint32_t *sorted_positions(struct arena *arena, const struct value *keys, isize n)
{
    uint32_t *from = new (arena, uint32_t, n), *to = new (arena, uint32_t, n);
    for (isize i = 0; i < n; i++) {
        from[i] = (uint32_t)i;
    }
    for (isize width = 1; width < n; width *= 2) {
        for (isize low = 0; low < n; low += 2 * width) {
            isize middle = low + width < n ? low + width : n;
            isize high = middle + width < n ? middle + width : n;
            merge(keys, from, to, low, middle, high);
        }
        uint32_t *swap = from;
        from = to;
        to = swap;
    }
    return from;
}

/* Pays for n × log n comparisons of keys of their size. */
static bool pay_sort(struct cel_run *run, const struct value *keys, isize n)
{
    isize passes = 1;
    while ((isize)1 << passes < n) {
        passes++;
    }
    int64_t size = n; /* in elements; below 2^32 each, so no sum or product here leaves 64 bits */
    for (isize i = 0; i < n; i++) {
        if (keys[i].kind == V_STRING || keys[i].kind == V_BYTES) {
            size += keys[i].len / (FN_BYTES / FN_ITEMS);
        }
    }
    return cel_charge(run, size / FN_ITEMS * passes + n * passes / FN_ITEMS);
}

struct value cel_sort_by_keys(struct cel_run *run, const struct value *items,
                              const struct value *keys, int n)
{
    if (n == 0) {
        return v_list(NULL, 0);
    }
    if (!has_order(keys[0])) {
        return v_error(run->arena, VE_ARGUMENT, "list elements must be comparable");
    }
    for (int i = 1; i < n; i++) {
        if (!same_type(keys[0], keys[i])) {
            return v_error(run->arena, VE_ARGUMENT, "list elements must have the same type");
        }
    }
    if (!pay_sort(run, keys, n)) {
        return cel_budget_error();
    }
    const uint32_t *positions = sorted_positions(run->arena, keys, n);
    struct value *sorted = new (run->arena, struct value, n);
    for (int i = 0; i < n; i++) {
        sorted[i] = items[positions[i]];
    }
    return v_list(sorted, n);
}

struct value fn_sort(struct cel_run *run, const struct value *args, int argc)
{
    if (argc != 1 || args[0].kind != V_LIST) {
        return fn_no_receiver(run, "sort", args[0]);
    }
    if (args[0].len > INT32_MAX) {
        return cel_budget_error();
    }
    return cel_sort_by_keys(run, args[0].items, args[0].items, (int)args[0].len);
}

struct value fn_sort_by_keys(struct cel_run *run, const struct value *args, int argc)
{
    if (argc != 2 || args[0].kind != V_LIST || args[1].kind != V_LIST) {
        return fn_no_receiver(run, "@sortByAssociatedKeys", args[0]);
    }
    if (args[0].len != args[1].len) {
        return v_error(run->arena, VE_ARGUMENT,
                       "@sortByAssociatedKeys() expected a list of the same size as the associated "
                       "keys list, but got "
                       "%u and %u elements respectively",
                       args[0].len, args[1].len);
    }
    if (args[0].len > INT32_MAX) {
        return cel_budget_error();
    }
    return cel_sort_by_keys(run, args[0].items, args[1].items, (int)args[0].len);
}
