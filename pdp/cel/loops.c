/* loops.c — the macros that walk over lists and maps
 *
 * The state of a loop lives in LOOP_SLOTS slots of the frame (vm_priv.h). Results grow in place.
 * all() and exists() absorb errors as && and || do: a pass that decides wins over failures before
 * it (spec: cel#macros); every other loop ends with the first error. Each pass costs one unit of
 * the budget.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/fn.h"
#include "cel/vm_priv.h"

static struct value not_a_range(struct cel_run *run, struct value v, bool two)
{
    if (v_is_raised(v)) {
        return v;
    }
    if (two) {
        return v_error(run->arena, VE_NO_OVERLOAD, "unsupported comprehension range type: %s",
                       go_type(v));
    }
    return v_error(run->arena, VE_NO_OVERLOAD, "got '%s', expected iterable type", go_type(v));
}

static void set_variables(struct value *slot, bool two)
{
    uint32_t pos = slot[LS_POS].len;
    struct value range = slot[LS_RANGE];
    if (range.kind == V_MAP) {
        slot[LS_VAR1] = range.map->entries[pos].key;
        slot[LS_VAR2] = range.map->entries[pos].val;
    } else if (two) {
        slot[LS_VAR1] = v_int(pos);
        slot[LS_VAR2] = range.items[pos];
    } else {
        slot[LS_VAR1] = range.items[pos];
        slot[LS_VAR2] = v_null();
    }
}

static struct value sort_by(struct cel_run *run, struct value range, struct value keys)
{
    if (range.kind != V_LIST) {
        return keys.len == 0 ? keys : v_no_overload();
    }
    return cel_sort_by_keys(run, range.items, keys.items, (int)keys.len);
}

/* ---- start, next, end ---- */

static struct value finish(struct cel_run *run, struct value *slot, uint32_t a)
{
    struct value acc = slot[LS_ACC];
    switch (LOOP_KIND(a)) {
    case LOOP_ALL:
        return acc.kind == V_NONE ? v_bool(true) : acc;
    case LOOP_EXISTS:
        return acc.kind == V_NONE ? v_bool(false) : acc;
    case LOOP_EXISTS_ONE:
        return v_bool(acc.i == 1);
    case LOOP_TRANSFORM_MAP:
    case LOOP_MAP_ENTRY:
        return v_map(acc.map);
    case LOOP_SORT_BY:
        return sort_by(run, slot[LS_RANGE], acc);
    default:
        return acc;
    }
}

bool loop_start(struct cel_run *run, struct value *slot, struct value range, uint32_t a,
                struct value *result)
{
    if (range.kind != V_LIST && range.kind != V_MAP) {
        *result = not_a_range(run, range, (a & LOOP_TWO) != 0);
        return false;
    }
    uint32_t count = range.kind == V_MAP ? range.map->count : range.len;
    range.len = count;
    slot[LS_RANGE] = range;
    slot[LS_POS] = v_none();
    switch (LOOP_KIND(a)) {
    case LOOP_EXISTS_ONE:
        slot[LS_ACC] = v_int(0);
        break;
    case LOOP_TRANSFORM_MAP:
    case LOOP_MAP_ENTRY:
        slot[LS_ACC] =
            (struct value){ .kind = V_MAP, .map = vmap_new(run->arena, count < 64 ? count : 64) };
        break;
    case LOOP_MAP:
    case LOOP_SORT_BY:
        slot[LS_ACC] = v_list(NULL, 0);
        break;
    default:
        slot[LS_ACC] = v_none();
    }
    if (count == 0) {
        *result = finish(run, slot, a);
        return false;
    }
    if (!cel_charge(run, 1)) {
        *result = cel_budget_error();
        return false;
    }
    set_variables(slot, (a & LOOP_TWO) != 0);
    return true;
}

bool loop_next(struct cel_run *run, struct value *slot, uint32_t a, struct value *result)
{
    if (++slot[LS_POS].len >= slot[LS_RANGE].len) {
        *result = finish(run, slot, a);
        return false;
    }
    if (!cel_charge(run, 1)) {
        *result = cel_budget_error();
        return false;
    }
    set_variables(slot, (a & LOOP_TWO) != 0);
    return true;
}

/* ---- passes ---- */

bool loop_all(struct value *slot, struct value v, struct value *result)
{
    if (v.kind == V_BOOL) {
        *result = v;
        return v.i == 0;
    }
    if (slot[LS_ACC].kind == V_NONE) {
        slot[LS_ACC] = logic_error(v);
    }
    return false;
}

bool loop_any(struct value *slot, struct value v, struct value *result)
{
    if (v.kind == V_BOOL) {
        *result = v;
        return v.i != 0;
    }
    if (slot[LS_ACC].kind == V_NONE) {
        slot[LS_ACC] = logic_error(v);
    }
    return false;
}

bool loop_append(struct cel_run *run, struct value *slot, struct value v, struct value *result)
{
    if (v_is_raised(v)) {
        *result = v;
        return true;
    }
    struct value *acc = &slot[LS_ACC];
    isize room = (isize)slot[LS_POS].i;
    struct value *items = (struct value *)(uintptr_t)acc->items; /* ours until the loop ends */
    if ((isize)acc->len == room) {
        if (room == 0) { /* mostly the result is as long as the range */
            room = slot[LS_RANGE].len < 64 ? slot[LS_RANGE].len : 64;
            items = arena_raw(run->arena, room * (isize)sizeof *items);
        } else {
            items = vec_grow(run->arena, items, room, &room, (isize)sizeof *items,
                             (isize) _Alignof(struct value));
        }
        slot[LS_POS].i = room;
        acc->items = items;
    }
    items[acc->len++] = v;
    return false;
}

bool loop_put(struct cel_run *run, struct value *slot, struct value v, struct value *result)
{
    if (v_is_raised(v)) {
        *result = v;
        return true;
    }
    vmap_put(run->arena, (struct vmap *)(uintptr_t)slot[LS_ACC].map, slot[LS_VAR1], v);
    return false;
}

static struct value key_exists(struct cel_run *run, struct value key)
{
    struct sb text = sb_new(run->arena);
    if (key.kind == V_STRING) {
        sb_add(&text, v_str(key));
    } else if (key.kind == V_UINT) {
        sb_uint(&text, key.u);
    } else {
        value_text(&text, key);
    }
    str s = sb_str(&text);
    return v_error(run->arena, VE_ARGUMENT, "insert failed: key %.*s already exists", STR_ARG(s));
}

bool loop_put_all(struct cel_run *run, struct value *slot, struct value v, struct value *result)
{
    if (v.kind != V_MAP) {
        *result = logic_error(v);
        return true;
    }
    struct vmap *map = (struct vmap *)(uintptr_t)slot[LS_ACC].map;
    if (!cel_charge(run, v.map->count)) {
        *result = cel_budget_error();
        return true;
    }
    for (uint32_t i = 0; i < v.map->count; i++) {
        const struct vmap_entry *e = &v.map->entries[i];
        if (vmap_find(map, e->key).kind != V_NONE) {
            *result = key_exists(run, e->key);
            return true;
        }
        vmap_put(run->arena, map, e->key, e->val);
    }
    return false;
}
