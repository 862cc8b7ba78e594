/* fn_member.c — is a value in a list, asked many times
 *
 * The language's equality crosses the kinds of numbers and looks into lists and maps, so a hash
 * must agree with it: numbers of equal value hash alike, lists by their elements in order, maps by
 * their entries in any order. Objects bring their own, one-sided equality; lists with objects, and
 * short ones, are scanned.
 *
 * Invariants
 *   equality above 2^53 is not transitive (an int equals a double that equals another int),
 *   so only identical elements share a slot                         → spec: cel#equality
 *   every probe is paid for, so crafted collisions end in an exhausted budget, not in lost time
 *
 * Neighbours: fn_set.c and fn_list.c use it · value/compare.c decides what is equal
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/fn_priv.h"

#define SCAN_MAX 64 /* most comparisons (elements × searches) that are not worth a table */

/* ---- hashing ---- */

static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t h = (a ^ b) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 29;
}

/* One value's hash in the making. Values share parts, so what is written down in a few steps can be
 * exponentially large: the walk ends where the budget does. */
struct hashing {
    int64_t limit; /* most parts that may be seen    */
    int64_t size;  /* parts seen so far              */
    bool odd;      /* an object was among them       */
};

/* Hash that agrees with value_equal, unless h->odd is set or h->size is beyond the limit
 * afterwards. */
static uint64_t hash_value(struct hashing *h, struct value v)
{
    uint64_t hash = mix(v.kind, 1);
    h->size++;
    switch (v.kind) {
    case V_LIST:
        for (uint32_t i = 0; i < v.len && h->size <= h->limit; i++) {
            hash = mix(hash, hash_value(h, v.items[i]));
        }
        return hash;
    case V_MAP:
        for (uint32_t i = 0; i < v.map->count && h->size <= h->limit; i++) {
            uint64_t key = hash_value(h, v.map->entries[i].key);
            hash += mix(key, hash_value(h, v.map->entries[i].val)); /* order does not count */
        }
        return hash;
    case V_OPTIONAL:
        return v.items == NULL ? hash : mix(hash, hash_value(h, v.items[0]));
    case V_OBJECT:
        h->odd = true;
        return hash;
    case V_STRING:
    case V_BYTES:
    case V_TYPE:
        h->size += v.len / (FN_BYTES / FN_ITEMS);
        return mix(value_hash(v), 0);
    default:
        return mix(value_hash(v), 0);
    }
}

/* Hashes v and pays for it; false when the budget does not suffice. */
static bool hash_paid(struct cel_run *run, struct hashing *h, struct value v, uint64_t *hash)
{
    *h = (struct hashing){ .limit = pay_limit(run), .odd = h->odd };
    *hash = hash_value(h, v);
    return cel_charge(run, h->size / FN_ITEMS);
}

/* Whether a and b cannot be told apart by any comparison; false is always a safe answer. */
static bool identical(struct value a, struct value b)
{
    if (a.kind != b.kind || a.len != b.len) {
        return false;
    }
    switch (a.kind) {
    case V_LIST:
        for (uint32_t i = 0; i < a.len; i++) {
            if (!identical(a.items[i], b.items[i])) {
                return false;
            }
        }
        return true;
    case V_MAP:
        for (uint32_t i = 0; i < a.map->count; i++) {
            const struct vmap_entry *x = &a.map->entries[i], *y = &b.map->entries[i];
            if (!identical(x->key, y->key) || !identical(x->val, y->val)) {
                return false;
            }
        }
        return true;
    case V_OPTIONAL:
    case V_OBJECT:
        return false;
    default:
        return value_equal(a, b) == 1;
    }
}

/* ---- the set ---- */

bool members_empty(struct cel_run *run, struct members *set, struct value list, isize searches)
{
    *set = (struct members){ .list = list };
    if (list.len <= FN_ITEMS || searches <= SCAN_MAX / (isize)list.len) {
        return true;
    }
    if (!pay_items(run, 2 * (isize)list.len)) {
        return false;
    }
    uint64_t *hashes = new (run->arena, uint64_t, list.len);
    struct hashing h = { 0 };
    for (uint32_t i = 0; i < list.len && !h.odd; i++) {
        if (!hash_paid(run, &h, list.items[i], &hashes[i])) {
            return false;
        }
    }
    if (!h.odd) {
        isize slots = 16;
        while (slots < 2 * (isize)list.len) {
            slots *= 2;
        }
        set->hashes = hashes;
        set->slots = new (run->arena, uint32_t, slots);
        set->mask = (uint32_t)(slots - 1);
    }
    return true;
}

bool members_add(struct cel_run *run, struct members *set, uint32_t i)
{
    if (set->slots == NULL) {
        return true;
    }
    const struct value *items = set->list.items;
    if (value_equal(items[i], items[i]) != 1) {
        return true; /* NaN, or a NaN inside: nothing will ever equal it */
    }
    isize probes = 0;
    uint32_t s = (uint32_t)set->hashes[i] & set->mask;
    for (; set->slots[s] != 0; s = (s + 1) & set->mask, probes++) {
        uint32_t other = set->slots[s] - 1;
        if (set->hashes[other] == set->hashes[i] && identical(items[other], items[i])) {
            return true;
        }
    }
    set->slots[s] = i + 1;
    return cel_charge(run, probes / FN_ITEMS);
}

bool members_init(struct cel_run *run, struct members *set, struct value list, isize searches)
{
    if (!members_empty(run, set, list, searches)) {
        return false;
    }
    for (uint32_t i = 0; set->slots != NULL && i < list.len; i++) {
        if (!members_add(run, set, i)) {
            return false;
        }
    }
    return true;
}

static int scan(struct cel_run *run, struct value list, struct value v, int64_t size)
{
    for (uint32_t i = 0; i < list.len; i++) {
        if (i % FN_ITEMS == FN_ITEMS - 1 && !cel_charge(run, size)) {
            return -1;
        }
        if (value_equal(v, list.items[i]) == 1) {
            return 1;
        }
    }
    return 0;
}

int members_have(struct cel_run *run, const struct members *set, struct value v)
{
    struct hashing h = { 0 };
    uint64_t hash;
    if (!hash_paid(run, &h, v, &hash)) {
        return -1;
    }
    if (set->slots == NULL || h.odd) {
        return scan(run, set->list, v, h.size);
    }
    isize probes = 0;
    for (uint32_t s = (uint32_t)hash & set->mask; set->slots[s] != 0; s = (s + 1) & set->mask) {
        uint32_t i = set->slots[s] - 1;
        if (++probes % FN_ITEMS == 0 && !cel_charge(run, 1)) {
            return -1;
        }
        if (set->hashes[i] != hash) {
            continue;
        }
        if (!cel_charge(run, h.size / FN_ITEMS)) {
            return -1;
        }
        if (value_equal(v, set->list.items[i]) == 1) {
            return 1;
        }
    }
    return 0;
}
