/* fn_list.c — lists: parts, order turned around, nesting removed, repeats removed, ranges
 *
 * spec: cel#list-functions
 * Neighbours: fn_sort.c sorts · fn_set.c treats lists as sets · fn_string.c joins
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/fn_priv.h"

#define RANGE_MAX 1000000 /* the reference's limit of lists.range */

struct value fn_slice(struct cel_run *run, const struct value *args, int argc)
{
    if (argc != 3 || args[0].kind != V_LIST || args[1].kind != V_INT || args[2].kind != V_INT) {
        return cel_no_overload(run, "slice", args, argc);
    }
    long long start = args[1].i, end = args[2].i;
    if (start < 0 || end < 0) {
        return v_error(run->arena, VE_RANGE,
                       "cannot slice(%lld, %lld), negative indexes not supported", start, end);
    }
    if (start > end) {
        return v_error(
            run->arena, VE_RANGE,
            "cannot slice(%lld, %lld), start index must be less than or equal to end index", start,
            end);
    }
    if (end > (long long)args[0].len) {
        return v_error(run->arena, VE_RANGE, "cannot slice(%lld, %lld), list is length %u", start,
                       end, args[0].len);
    }
    return v_list(start == end ? NULL : args[0].items + start, (isize)(end - start));
}

/* ---- flatten ---- */

/* The name of a type with parameters, as only flatten() shows it. */
static str long_type_name(struct value v)
{
    switch (v.kind) {
    case V_LIST:
        return S("list(dyn)");
    case V_MAP:
        return S("map(dyn, dyn)");
    case V_OPTIONAL:
        return S("optional_type(dyn)");
    default:
        return v_type_name(v);
    }
}

static struct value no_flatten(struct cel_run *run, const struct value *args, int argc)
{
    str type = long_type_name(args[0]);
    str level = argc > 1 ? long_type_name(args[1]) : STR_EMPTY;
    return v_error(run->arena, VE_NO_OVERLOAD, "no such overload: %.*s.flatten(%.*s)",
                   STR_ARG(type), STR_ARG(level));
}

/* Lists share parts, so the walk may be exponentially longer than what was written down: it is
 * counted, up to a limit, before anything is made. */
struct walk {
    int64_t limit;     /* most elements that may be visited          */
    int64_t visited;   /* elements visited                           */
    isize found;       /* elements of the result                     */
    struct value *out; /* where they go; NULL: only count            */
};

static void flatten(struct walk *w, struct value list, int64_t levels)
{
    for (uint32_t i = 0; i < list.len && w->visited <= w->limit; i++) {
        struct value item = list.items[i];
        w->visited++;
        if (item.kind == V_LIST && levels > 0) {
            flatten(w, item, levels - 1);
        } else {
            if (w->out != NULL) {
                w->out[w->found] = item;
            }
            w->found++;
        }
    }
}

struct value fn_flatten(struct cel_run *run, const struct value *args, int argc)
{
    if (argc < 1 || argc > 2) {
        return cel_no_overload(run, "flatten", args, argc);
    }
    if (args[0].kind != V_LIST || (argc == 2 && args[1].kind != V_INT)) {
        return no_flatten(run, args, argc);
    }
    int64_t levels = argc == 2 ? args[1].i : 1;
    if (levels < 0) {
        return v_error(run->arena, VE_ARGUMENT, "level must be non-negative");
    }
    struct walk w = { .limit = pay_limit(run) };
    flatten(&w, args[0], levels);
    if (w.found > FN_SIZE_MAX || !cel_charge(run, w.visited / FN_ITEMS)) {
        return cel_budget_error();
    }
    isize count = w.found;
    w = (struct walk){ .limit = w.visited, .out = new (run->arena, struct value, count) };
    flatten(&w, args[0], levels);
    return v_list(w.out, count);
}

/* ---- reverse, for lists and text ---- */

static struct value reverse_text(struct cel_run *run, struct value v)
{
    if (!pay_bytes(run, v.len)) {
        return cel_budget_error();
    }
    str s = v_str(v);
    char *out = arena_bytes(run->arena, s.len);
    for (isize at = 0; at < s.len;) {
        isize from = at;
        (void)utf8_next(s, &at); /* the text is valid */
        memcpy(out + s.len - at, s.ptr + from, (size_t)(at - from));
    }
    return v_text((str){ out, s.len }, v.flags);
}

struct value fn_reverse(struct cel_run *run, const struct value *args, int argc)
{
    if (argc == 1 && args[0].kind == V_STRING) {
        return reverse_text(run, args[0]);
    }
    if (argc != 1 || args[0].kind != V_LIST) {
        return cel_no_overload(run, "reverse", args, argc);
    }
    if (!pay_items(run, args[0].len)) {
        return cel_budget_error();
    }
    struct value *items = new (run->arena, struct value, args[0].len);
    for (uint32_t i = 0; i < args[0].len; i++) {
        items[i] = args[0].items[args[0].len - 1 - i];
    }
    return v_list(items, args[0].len);
}

/* ---- distinct ---- */

/* Lists that cannot be hashed: each element is compared with those kept so far. -1: budget. */
static int kept_before(struct cel_run *run, const struct value *kept, isize count, struct value v)
{
    for (isize i = 0; i < count; i++) {
        if (i % FN_ITEMS == FN_ITEMS - 1 && !cel_charge(run, 1)) {
            return -1;
        }
        if (value_equal(v, kept[i]) == 1) {
            return 1;
        }
    }
    return 0;
}

struct value fn_distinct(struct cel_run *run, const struct value *args, int argc)
{
    if (argc != 1 || args[0].kind != V_LIST) {
        return cel_no_overload(run, "distinct", args, argc);
    }
    struct value list = args[0];
    struct members set;
    if (!pay_items(run, list.len) || !members_empty(run, &set, list, list.len)) {
        return cel_budget_error();
    }
    struct value *items = new (run->arena, struct value, list.len);
    isize count = 0;
    for (uint32_t i = 0; i < list.len; i++) {
        int seen = set.slots != NULL ? members_have(run, &set, list.items[i])
                                     : kept_before(run, items, count, list.items[i]);
        if (seen < 0 || (seen == 0 && !members_add(run, &set, i))) {
            return cel_budget_error();
        }
        if (seen == 0) {
            items[count++] = list.items[i];
        }
    }
    return v_list(items, count);
}

/* ---- ends and ranges ---- */

struct value fn_first(struct cel_run *run, const struct value *args, int argc)
{
    if (argc != 1 || args[0].kind != V_LIST) {
        return cel_no_overload(run, "first", args, argc);
    }
    return v_some(args[0].len > 0 ? &args[0].items[0] : NULL);
}

struct value fn_last(struct cel_run *run, const struct value *args, int argc)
{
    if (argc != 1 || args[0].kind != V_LIST) {
        return cel_no_overload(run, "last", args, argc);
    }
    return v_some(args[0].len > 0 ? &args[0].items[args[0].len - 1] : NULL);
}

struct value fn_range(struct cel_run *run, const struct value *args, int argc)
{
    if (argc != 1 || args[0].kind != V_INT) {
        return cel_no_overload(run, "lists.range", args, argc);
    }
    long long count = args[0].i;
    if (count < 0) {
        return v_error(run->arena, VE_ARGUMENT, "lists.range: size must be non-negative, got %lld",
                       count);
    }
    if (count > RANGE_MAX) {
        return v_error(run->arena, VE_ARGUMENT,
                       "lists.range: size %lld exceeds maximum allowed (%d)", count, RANGE_MAX);
    }
    if (!pay_items(run, (isize)count)) {
        return cel_budget_error();
    }
    struct value *items = new (run->arena, struct value, (isize)count);
    for (long long i = 0; i < count; i++) {
        items[i] = v_int(i);
    }
    return v_list(items, (isize)count);
}
