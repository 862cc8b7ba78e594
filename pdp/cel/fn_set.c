/* fn_set.c — lists as sets: sets.*, and the list functions of Cerbos
 *
 * An element is "in" a list when the language's equality finds it there (1, 1u and 1.0 are the
 * same). Order and repeats of the list that is walked are kept. spec: cel#cerbos-functions,
 * cerbos-compat#17.4
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/fn_priv.h"

static bool are_lists(const struct value *args, int argc)
{
    return argc == 2 && args[0].kind == V_LIST && args[1].kind == V_LIST;
}

/* Whether the elements of `walked` are in `searched`: 1 when `all` of them are, or when one is (all
 * = false); else 0; -1 when the budget is used up. */
static int found_in(struct cel_run *run, struct value walked, struct value searched, bool all)
{
    struct members set;
    if (!members_init(run, &set, searched, walked.len)) {
        return -1;
    }
    for (uint32_t i = 0; i < walked.len; i++) {
        int found = members_have(run, &set, walked.items[i]);
        if (found < 0) {
            return -1;
        }
        if (found != all) {
            return !all;
        }
    }
    return all;
}

/* Elements of `walked` that are (keep = 1) or are not (keep = 0) in `searched`. */
static struct value kept(struct cel_run *run, struct value walked, struct value searched, int keep)
{
    struct members set;
    if (!pay_items(run, walked.len) || !members_init(run, &set, searched, walked.len)) {
        return cel_budget_error();
    }
    struct value *items = new (run->arena, struct value, walked.len);
    isize count = 0;
    for (uint32_t i = 0; i < walked.len; i++) {
        int found = members_have(run, &set, walked.items[i]);
        if (found < 0) {
            return cel_budget_error();
        }
        if (found == keep) {
            items[count++] = walked.items[i];
        }
    }
    return v_list(items, count);
}

static struct value answer(int found)
{
    return found < 0 ? cel_budget_error() : v_bool(found != 0);
}

/* ---- sets.* ---- */

struct value fn_sets_contains(struct cel_run *run, const struct value *args, int argc)
{
    if (!are_lists(args, argc)) {
        return cel_no_overload(run, "sets.contains", args, argc);
    }
    return answer(found_in(run, args[1], args[0], true));
}

struct value fn_sets_equivalent(struct cel_run *run, const struct value *args, int argc)
{
    if (!are_lists(args, argc)) {
        return cel_no_overload(run, "sets.equivalent", args, argc);
    }
    int found = found_in(run, args[1], args[0], true);
    return answer(found == 1 ? found_in(run, args[0], args[1], true) : found);
}

struct value fn_sets_intersects(struct cel_run *run, const struct value *args, int argc)
{
    if (!are_lists(args, argc)) {
        return cel_no_overload(run, "sets.intersects", args, argc);
    }
    return answer(found_in(run, args[0], args[1], false));
}

/* ---- Cerbos ---- */

struct value fn_intersect(struct cel_run *run, const struct value *args, int argc)
{
    if (!are_lists(args, argc)) {
        return cel_no_overload(run, "intersect", args, argc);
    }
    bool swap = args[0].len > args[1].len; /* the shorter is walked */
    return kept(run, args[swap], args[!swap], 1);
}

struct value fn_except(struct cel_run *run, const struct value *args, int argc)
{
    if (!are_lists(args, argc)) {
        return cel_no_overload(run, "except", args, argc);
    }
    return kept(run, args[0], args[1], 0);
}

static struct value has_intersection(struct cel_run *run, const char *name,
                                     const struct value *args, int argc)
{
    if (!are_lists(args, argc)) {
        return cel_no_overload(run, name, args, argc);
    }
    return answer(found_in(run, args[0], args[1], false));
}

static struct value is_subset(struct cel_run *run, const char *name, const struct value *args,
                              int argc)
{
    if (!are_lists(args, argc)) {
        return cel_no_overload(run, name, args, argc);
    }
    return answer(found_in(run, args[0], args[1], true));
}

struct value fn_has_intersection(struct cel_run *run, const struct value *args, int argc)
{
    return has_intersection(run, "hasIntersection", args, argc);
}

struct value fn_has_intersection_old(struct cel_run *run, const struct value *args, int argc)
{
    return has_intersection(run, "has_intersection", args, argc);
}

struct value fn_is_subset(struct cel_run *run, const struct value *args, int argc)
{
    return is_subset(run, "isSubset", args, argc);
}

struct value fn_is_subset_old(struct cel_run *run, const struct value *args, int argc)
{
    return is_subset(run, "is_subset", args, argc);
}
