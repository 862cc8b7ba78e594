/* fn_math.c — math.*
 *
 * Nothing here wraps or traps: what has no result is an error. spec: cel#math-functions
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/fn_priv.h"

#include <math.h>

static bool is_number(struct value v)
{
    return v.kind == V_INT || v.kind == V_UINT || v.kind == V_DOUBLE;
}

static struct value overflow(struct cel_run *run)
{
    return v_error(run->arena, VE_OVERFLOW, "integer overflow");
}

/* ---- greatest and least ---- */

/* The extreme one of `count` numbers, the first on ties: the greatest (sign = 1) or the least (sign
 * = -1). */
static struct value extreme_of_list(struct cel_run *run, const char *name, int sign,
                                    const struct value *items, isize count)
{
    if (!pay_items(run, count)) {
        return cel_budget_error();
    }
    struct value best = items[0];
    for (isize i = 1; i < count; i++) {
        int order = is_number(items[i]) ? value_compare_numbers(items[i], best) : VALUE_UNORDERED;
        if (order ==
            VALUE_UNORDERED) { /* the reference loses the reason here, but not for two arguments */
            return v_error(run->arena, VE_NO_OVERLOAD, "no such overload: %s", name);
        }
        best = order == sign ? items[i] : best;
    }
    return best;
}

static struct value extreme(struct cel_run *run, const char *name, int sign,
                            const struct value *args, int argc)
{
    if (argc == 1 && is_number(args[0])) {
        return args[0];
    }
    if (argc == 2 && is_number(args[0]) && is_number(args[1])) {
        int order = value_compare_numbers(args[1], args[0]);
        if (order == VALUE_UNORDERED) {
            return v_error(run->arena, VE_ARGUMENT, "NaN values cannot be ordered: %s", name);
        }
        return order == sign ? args[1] : args[0];
    }
    /* Three and more arguments are the list of them. */
    struct value list = argc > 2 ? v_list(args, argc) : args[0];
    if (argc == 2 || list.kind != V_LIST || (list.len > 0 && !is_number(list.items[0]))) {
        return cel_no_overload(run, name, argc > 2 ? &list : args, argc > 2 ? 1 : argc);
    }
    if (list.len == 0) {
        return v_error(run->arena, VE_ARGUMENT, "%s(list) argument must not be empty", name);
    }
    return extreme_of_list(run, name, sign, list.items, list.len);
}

struct value fn_math_max(struct cel_run *run, const struct value *args, int argc)
{
    return extreme(run, "math.@max", 1, args, argc);
}

struct value fn_math_min(struct cel_run *run, const struct value *args, int argc)
{
    return extreme(run, "math.@min", -1, args, argc);
}

/* ---- doubles only ---- */

#define DOUBLE_FUNCTION(function, name, result)                                                    \
    struct value function(struct cel_run *run, const struct value *args, int argc)                 \
    {                                                                                              \
        if (argc != 1 || args[0].kind != V_DOUBLE) {                                               \
            return cel_no_overload(run, name, args, argc);                                         \
        }                                                                                          \
        double d = args[0].d;                                                                      \
        return result;                                                                             \
    }

DOUBLE_FUNCTION(fn_ceil, "math.ceil", v_double(ceil(d)))
DOUBLE_FUNCTION(fn_floor, "math.floor", v_double(floor(d)))
DOUBLE_FUNCTION(fn_round, "math.round", v_double(round(d))) /* halves away from zero */
DOUBLE_FUNCTION(fn_trunc, "math.trunc", v_double(trunc(d)))
DOUBLE_FUNCTION(fn_is_inf, "math.isInf", v_bool(isinf(d)))
DOUBLE_FUNCTION(fn_is_nan, "math.isNaN", v_bool(isnan(d)))
DOUBLE_FUNCTION(fn_is_finite, "math.isFinite", v_bool(isfinite(d)))

/* ---- all numbers ---- */

struct value fn_abs(struct cel_run *run, const struct value *args, int argc)
{
    if (argc != 1 || !is_number(args[0])) {
        return cel_no_overload(run, "math.abs", args, argc);
    }
    if (args[0].kind == V_DOUBLE) {
        return v_double(fabs(args[0].d));
    }
    if (args[0].kind == V_UINT || args[0].i >= 0) {
        return args[0];
    }
    return args[0].i == INT64_MIN ? overflow(run) : v_int(-args[0].i);
}

struct value fn_sign(struct cel_run *run, const struct value *args, int argc)
{
    if (argc != 1 || !is_number(args[0])) {
        return cel_no_overload(run, "math.sign", args, argc);
    }
    double d = args[0].d;
    switch (args[0].kind) {
    case V_INT:
        return v_int((args[0].i > 0) - (args[0].i < 0));
    case V_UINT:
        return v_uint(args[0].u > 0);
    default:
        return isnan(d) ? args[0] : v_double((d > 0) - (d < 0));
    }
}

struct value fn_sqrt(struct cel_run *run, const struct value *args, int argc)
{
    if (argc != 1 || !is_number(args[0])) {
        return cel_no_overload(run, "math.sqrt", args, argc);
    }
    switch (args[0].kind) {
    case V_INT:
        return v_double(sqrt((double)args[0].i));
    case V_UINT:
        return v_double(sqrt((double)args[0].u));
    default:
        return v_double(sqrt(args[0].d));
    }
}

/* ---- bits ---- */

static bool is_integer(struct value v)
{
    return v.kind == V_INT || v.kind == V_UINT;
}

/* A value of the kind of `like` with these bits. */
static struct value with_bits(struct value like, uint64_t bits)
{
    like.u = bits;
    return like;
}

#define BIT_FUNCTION(function, name, operator)                                                     \
    struct value function(struct cel_run *run, const struct value *args, int argc)                 \
    {                                                                                              \
        if (argc != 2 || !is_integer(args[0]) || args[0].kind != args[1].kind) {                   \
            return cel_no_overload(run, name, args, argc);                                         \
        }                                                                                          \
        return with_bits(args[0], args[0].u operator args[1].u);                                   \
    }

BIT_FUNCTION(fn_bit_and, "math.bitAnd", &)
BIT_FUNCTION(fn_bit_or, "math.bitOr", |)
BIT_FUNCTION(fn_bit_xor, "math.bitXor", ^)

struct value fn_bit_not(struct cel_run *run, const struct value *args, int argc)
{
    if (argc != 1 || !is_integer(args[0])) {
        return cel_no_overload(run, "math.bitNot", args, argc);
    }
    return with_bits(args[0], ~args[0].u);
}

/* Checks the arguments of a shift; false with *error. */
static bool can_shift(struct cel_run *run, const char *name, const struct value *args, int argc,
                      struct value *error)
{
    if (argc != 2 || !is_integer(args[0]) || args[1].kind != V_INT) {
        *error = cel_no_overload(run, name, args, argc);
        return false;
    }
    if (args[1].i < 0) {
        *error = v_error(run->arena, VE_ARGUMENT, "%s() negative offset: %lld", name,
                         (long long)args[1].i);
        return false;
    }
    return true;
}

struct value fn_shift_left(struct cel_run *run, const struct value *args, int argc)
{
    struct value error;
    if (!can_shift(run, "math.bitShiftLeft", args, argc, &error)) {
        return error;
    }
    return with_bits(args[0], args[1].i >= 64 ? 0 : args[0].u << args[1].i);
}

struct value fn_shift_right(struct cel_run *run, const struct value *args, int argc)
{
    struct value error;
    if (!can_shift(run, "math.bitShiftRight", args, argc, &error)) {
        return error;
    }
    return with_bits(args[0],
                     args[1].i >= 64 ? 0 : args[0].u >> args[1].i); /* zeros come in for int too */
}
