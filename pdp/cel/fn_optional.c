/* fn_optional.c — optional values, and id()
 *
 * or and orValue arrive here only when both sides were evaluated; the generator makes them lazy
 * otherwise. spec: cel#newer-additions
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/time.h"
#include "cel/fn_priv.h"

struct value fn_optional_of(struct cel_run *run, const struct value *args, int argc)
{
    return argc == 1 ? fn_some(run, args[0]) : cel_no_overload(run, "optional.of", args, argc);
}

struct value fn_optional_none(struct cel_run *run, const struct value *args, int argc)
{
    return argc == 0 ? v_some(NULL) : cel_no_overload(run, "optional.none", args, argc);
}

/* Null, zero, empty. The zero of timestamps is the beginning of year 1; objects have none. */
static bool is_zero(struct value v)
{
    switch (v.kind) {
    case V_NULL:
        return true;
    case V_BOOL:
    case V_INT:
    case V_UINT:
    case V_DURATION:
        return v.i == 0;
    case V_DOUBLE:
        return v.d == 0;
    case V_STRING:
    case V_BYTES:
    case V_LIST:
        return v.len == 0;
    case V_MAP:
        return v.map->count == 0;
    case V_TIMESTAMP:
        return v.i == TIME_MIN_SECONDS && v.len == 0;
    default:
        return false;
    }
}

struct value fn_optional_of_non_zero(struct cel_run *run, const struct value *args, int argc)
{
    if (argc != 1) {
        return cel_no_overload(run, "optional.ofNonZeroValue", args, argc);
    }
    return is_zero(args[0]) ? v_some(NULL) : fn_some(run, args[0]);
}

struct value fn_has_value(struct cel_run *run, const struct value *args, int argc)
{
    if (argc != 1 || args[0].kind != V_OPTIONAL) {
        return cel_no_overload(run, "hasValue", args, argc);
    }
    return v_bool(args[0].items != NULL);
}

struct value fn_value(struct cel_run *run, const struct value *args, int argc)
{
    if (argc != 1 || args[0].kind != V_OPTIONAL) {
        return cel_no_overload(run, "value", args, argc);
    }
    if (args[0].items == NULL) {
        return v_error(run->arena, VE_ARGUMENT, "optional.none() dereference");
    }
    return args[0].items[0];
}

/* The second side is taken as it is, whatever its type. */
struct value fn_or(struct cel_run *run, const struct value *args, int argc)
{
    (void)run; /* errors of these two have no details */
    if (argc != 2 || args[0].kind != V_OPTIONAL) {
        return v_no_overload();
    }
    return args[0].items != NULL ? args[0] : args[1];
}

struct value fn_or_value(struct cel_run *run, const struct value *args, int argc)
{
    (void)run; /* see fn_or */
    if (argc != 2 || args[0].kind != V_OPTIONAL) {
        return v_no_overload();
    }
    return args[0].items != NULL ? args[0].items[0] : args[1];
}

static struct value unwrap(struct cel_run *run, const char *name, const struct value *args,
                           int argc)
{
    if (argc != 1 || !is_list_of(args[0], V_OPTIONAL)) {
        return cel_no_overload(run, name, args, argc);
    }
    struct value list = args[0];
    if (!pay_items(run, list.len)) {
        return cel_budget_error();
    }
    struct value *items = new (run->arena, struct value, list.len);
    isize count = 0;
    for (uint32_t i = 0; i < list.len; i++) {
        if (list.items[i].kind != V_OPTIONAL) {
            str shown = fn_shown(run->arena, list.items[i]);
            return v_error(run->arena, VE_ARGUMENT, "value %.*s is not optional", STR_ARG(shown));
        }
        if (list.items[i].items != NULL) {
            items[count++] = list.items[i].items[0];
        }
    }
    return v_list(items, count);
}

struct value fn_unwrap(struct cel_run *run, const struct value *args, int argc)
{
    return unwrap(run, "optional.unwrap", args, argc);
}

struct value fn_unwrap_opt(struct cel_run *run, const struct value *args, int argc)
{
    return unwrap(run, "unwrapOpt", args, argc);
}

struct value fn_id(struct cel_run *run, const struct value *args, int argc)
{
    return argc == 1 ? args[0] : cel_no_overload(run, "id", args, argc);
}
