/* fn_hierarchy.c — paths of authority such as a.b.c
 *
 * A hierarchy is a list of segments. spec: cel#cerbos-functions
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/fn_priv.h"

struct hierarchy {
    struct object object;      /* class                 */
    const struct value *items; /* segments, strings     */
    isize count;               /* how many              */
};

/* ---- class ---- */

static const struct object_class hierarchy_class;

static const struct hierarchy *hierarchy_of(struct value v)
{
    return (const struct hierarchy *)object_of(v, &hierarchy_class);
}

static bool same_segment(struct value a, struct value b)
{
    return str_eq(v_str(a), v_str(b));
}

/* How many segments from the first on are the same. */
static isize common(const struct hierarchy *a, const struct hierarchy *b)
{
    isize n = 0;
    while (n < a->count && n < b->count && same_segment(a->items[n], b->items[n])) {
        n++;
    }
    return n;
}

static int hierarchy_equal(const struct object *a, struct value b)
{
    const struct hierarchy *left = (const struct hierarchy *)a, *right = hierarchy_of(b);
    if (right == NULL) {
        return b.kind == V_NULL ? 0 : -1;
    }
    return left->count == right->count && common(left, right) == left->count;
}

static struct value hierarchy_index(struct arena *arena, const struct object *o, struct value key)
{
    const struct hierarchy *h = (const struct hierarchy *)o;
    if (key.kind != V_INT) {
        str type = v_type_name(key);
        return v_error(arena, VE_NO_OVERLOAD, "unsupported index type '%.*s'", STR_ARG(type));
    }
    if (key.i < 0 || key.i >= h->count) {
        return v_error(arena, VE_RANGE, "index out of range");
    }
    return h->items[key.i];
}

static int64_t hierarchy_size(const struct object *o)
{
    return ((const struct hierarchy *)o)->count;
}

#define NAMED(name)                                                                                \
    {                                                                                              \
        name, sizeof(name) - 1                                                                     \
    }

static const struct object_class hierarchy_class = {
    .type_name = NAMED("cerbos.lib.hierarchy"),
    .equal = hierarchy_equal,
    .index = hierarchy_index,
    .size = hierarchy_size,
    .no_json = NAMED("unsupported native conversion from hierarchy to '*structpb.Value'"),
};

static struct value hierarchy_new(struct arena *arena, const struct value *items, isize count)
{
    struct hierarchy *h = new (arena, struct hierarchy, 1);
    *h = (struct hierarchy){ .object = { &hierarchy_class }, .items = items, .count = count };
    return v_object(&h->object);
}

struct value cel_hierarchy_list(struct value v)
{
    const struct hierarchy *h = hierarchy_of(v);
    return h != NULL ? v_list(h->items, h->count) : v_none();
}

bool fn_hierarchy_text(struct cel_run *run, struct value v, str *out)
{
    const struct hierarchy *h = hierarchy_of(v);
    if (h == NULL) {
        return false;
    }
    const struct value args[2] = { v_list(h->items, h->count), v_string(S(".")) };
    struct value text = fn_join(run, args, 2);
    *out = v_str(text);
    return text.kind == V_STRING;
}

/* ---- making one ---- */

struct value fn_hierarchy(struct cel_run *run, const struct value *args, int argc)
{
    bool with_separator = argc == 2 && is_string(args[1]);
    if (argc >= 1 && is_string(args[0]) && (argc == 1 || with_separator)) {
        const struct value text[2] = { args[0], with_separator ? args[1] : v_string(S(".")) };
        struct value parts = fn_split(run, text, 2);
        return v_is_error(parts) ? parts : hierarchy_new(run->arena, parts.items, parts.len);
    }
    if (argc != 1 || !is_list_of(args[0], V_STRING)) {
        return cel_no_overload(run, "hierarchy", args, argc);
    }
    str *texts;
    struct value error;
    if (!fn_texts(run, args[0], &texts, &error)) {
        return error;
    }
    struct value *items = new (run->arena, struct value, args[0].len);
    for (uint32_t i = 0; i < args[0].len; i++) {
        items[i] = v_string(texts[i]);
    }
    return hierarchy_new(run->arena, items, args[0].len);
}

/* ---- relations ---- */

/* The two hierarchies of a call; false with *error. */
static bool both(struct cel_run *run, const char *name, const struct value *args, int argc,
                 const struct hierarchy **a, const struct hierarchy **b, struct value *error)
{
    *a = argc == 2 ? hierarchy_of(args[0]) : NULL;
    *b = argc == 2 ? hierarchy_of(args[1]) : NULL;
    if (*a == NULL) {
        *error = fn_no_receiver(run, name, argc > 0 ? args[0] : v_null());
        return false;
    }
    if (*b == NULL) {
        *error = v_no_overload();
        return false;
    }
    if (!pay_items(run, (*a)->count < (*b)->count ? (*a)->count : (*b)->count)) {
        *error = cel_budget_error();
        return false;
    }
    return true;
}

#define RELATION(function, name, condition)                                                        \
    struct value function(struct cel_run *run, const struct value *args, int argc)                 \
    {                                                                                              \
        const struct hierarchy *a, *b;                                                             \
        struct value error;                                                                        \
        if (!both(run, name, args, argc, &a, &b, &error)) {                                        \
            return error;                                                                          \
        }                                                                                          \
        isize same = common(a, b);                                                                 \
        return v_bool(condition);                                                                  \
    }

RELATION(fn_ancestor_of, "ancestorOf", same == a->count && a->count < b->count)
RELATION(fn_descendent_of, "descendentOf", same == b->count && b->count < a->count)
RELATION(fn_immediate_parent_of, "immediateParentOf", same == a->count && a->count + 1 == b->count)
RELATION(fn_immediate_child_of, "immediateChildOf", same == b->count && b->count + 1 == a->count)
RELATION(fn_sibling_of, "siblingOf", a->count == b->count && same >= a->count - 1)
RELATION(fn_overlaps, "overlaps", same == a->count || same == b->count)

struct value fn_common_ancestors(struct cel_run *run, const struct value *args, int argc)
{
    const struct hierarchy *a, *b;
    struct value error;
    if (!both(run, "commonAncestors", args, argc, &a, &b, &error)) {
        return error;
    }
    if (a->count == 0 && b->count == 0) { /* the reference breaks here: an error as well */
        return v_error(run->arena, VE_ARGUMENT, "commonAncestors: both hierarchies are empty");
    }
    isize same = common(a, b);
    if (a->count == b->count && same == a->count) {
        same--; /* one is no ancestor of itself */
    }
    return hierarchy_new(run->arena, a->items, same);
}
