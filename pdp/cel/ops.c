/* ops.c — operators
 *
 * Every operator takes any values: the checker has proved little, most operands come from
 * attributes and are dyn. An error among the operands is the result, the left one first. What does
 * not fit is `no such overload`; the reference adds the operator's name when the left type knows
 * nothing of the operation and takes no messages (`receives` below), and clients see that text.
 *
 * Cost: touching lists, maps and long strings is charged, so that a loop over comparisons of large
 * attributes ends.
 *
 * Neighbours: select.c the operators that look into values · conv.c conversions · vm.c calls all of
 * them
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/vm_priv.h"

#include "base/time.h"

#define NANOS 1000000000LL

/* ---- errors ---- */

/* Types whose values take method calls in the reference answer for operators that they do not
 * know. */
static bool receives(struct value v)
{
    return v.kind == V_STRING || v.kind == V_TIMESTAMP || v.kind == V_DURATION ||
           v.kind == V_OBJECT;
}

static struct value misfit(struct cel_run *run, struct value a, bool known, const char *op)
{
    if (known || receives(a)) {
        return v_no_overload();
    }
    return v_error(run->arena, VE_NO_OVERLOAD, "no such overload: %s", op);
}

static struct value int_overflow(struct cel_run *run)
{
    return v_error(run->arena, VE_OVERFLOW, "integer overflow");
}

static struct value uint_overflow(struct cel_run *run)
{
    return v_error(run->arena, VE_OVERFLOW, "unsigned integer overflow");
}

bool charge_value(struct cel_run *run, struct value v)
{
    switch (v.kind) {
    case V_STRING:
    case V_BYTES:
        return cel_charge(run, v.len >> 8);
    case V_LIST:
        if (!cel_charge(run, (v.len + 7) >> 3)) {
            return false;
        }
        for (uint32_t i = 0; i < v.len; i++) {
            if (v.items[i].kind >= V_STRING && !charge_value(run, v.items[i])) {
                return false;
            }
        }
        return true;
    case V_MAP:
        if (!cel_charge(run, (v.map->count + 3) >> 2)) {
            return false;
        }
        for (uint32_t i = 0; i < v.map->count; i++) {
            if (v.map->entries[i].val.kind >= V_STRING &&
                !charge_value(run, v.map->entries[i].val)) {
                return false;
            }
        }
        return true;
    default:
        return true;
    }
}

/* ---- addition ---- */

static struct value add_time(struct cel_run *run, struct value t, int64_t seconds, int64_t nanos)
{
    int64_t rest = (int64_t)t.len + nanos; /* |nanos| is below one second */
    if (rest < 0) {
        rest += NANOS;
        seconds--;
    } else if (rest >= NANOS) {
        rest -= NANOS;
        seconds++;
    }
    int64_t sum = t.i + seconds; /* both far from the ends of int64 */
    if (sum < TIME_MIN_SECONDS || sum > TIME_MAX_SECONDS) {
        return v_error(run->arena, VE_OVERFLOW, "timestamp overflow");
    }
    return v_timestamp(sum, (int32_t)rest, t.aux);
}

static struct value add_text(struct cel_run *run, struct value a, struct value b)
{
    if (a.len == 0) {
        return b;
    }
    if (b.len == 0) {
        return a;
    }
    uint64_t len = (uint64_t)a.len + b.len;
    if (len > INT32_MAX || !cel_charge(run, (int64_t)(len >> 8))) {
        return cel_budget_error();
    }
    char *text = arena_bytes(run->arena, (isize)len);
    memcpy(text, a.s, a.len);
    memcpy(text + a.len, b.s, b.len);
    return (struct value){
        .kind = a.kind, .flags = a.flags & b.flags, .len = (uint32_t)len, .s = text
    };
}

static struct value add_lists(struct cel_run *run, struct value a, struct value b)
{
    if (a.len == 0) {
        return b;
    }
    if (b.len == 0) {
        return a;
    }
    uint64_t len = (uint64_t)a.len + b.len;
    if (len > INT32_MAX || !cel_charge(run, (int64_t)(len >> 3))) {
        return cel_budget_error();
    }
    struct value *items = arena_raw(run->arena, (isize)len * (isize)sizeof *items);
    memcpy(items, a.items, a.len * sizeof *items);
    memcpy(items + a.len, b.items, b.len * sizeof *items);
    return v_list(items, (isize)len);
}

struct value op_add(struct cel_run *run, struct value a, struct value b)
{
    if (v_is_raised(a)) {
        return a;
    }
    if (v_is_raised(b)) {
        return b;
    }
    int64_t i;
    uint64_t u;
    switch (a.kind) {
    case V_INT:
        if (b.kind != V_INT) {
            return v_no_overload();
        }
        return __builtin_add_overflow(a.i, b.i, &i) ? int_overflow(run) : v_int(i);
    case V_UINT:
        if (b.kind != V_UINT) {
            return v_no_overload();
        }
        return __builtin_add_overflow(a.u, b.u, &u) ? uint_overflow(run) : v_uint(u);
    case V_DOUBLE:
        return b.kind == V_DOUBLE ? v_double(a.d + b.d) : v_no_overload();
    case V_STRING:
    case V_BYTES:
        return b.kind == a.kind ? add_text(run, a, b) : v_no_overload();
    case V_LIST:
        return b.kind == V_LIST ? add_lists(run, a, b) : v_no_overload();
    case V_TIMESTAMP:
        return b.kind == V_DURATION ? add_time(run, a, b.i / NANOS, b.i % NANOS) : v_no_overload();
    case V_DURATION:
        if (b.kind == V_TIMESTAMP) {
            return add_time(run, b, a.i / NANOS, a.i % NANOS);
        }
        if (b.kind != V_DURATION) {
            return v_no_overload();
        }
        return __builtin_add_overflow(a.i, b.i, &i) ? int_overflow(run) : v_duration(i);
    default:
        return misfit(run, a, false, "_+_");
    }
}

/* ---- the other arithmetic ---- */

static struct value sub_times(struct cel_run *run, struct value a, struct value b)
{
    int64_t nanos;
    if (__builtin_mul_overflow(a.i - b.i, NANOS, &nanos) ||
        __builtin_add_overflow(nanos, (int64_t)a.len - (int64_t)b.len, &nanos)) {
        return int_overflow(run);
    }
    return v_duration(nanos);
}

struct value op_sub(struct cel_run *run, struct value a, struct value b)
{
    if (v_is_raised(a)) {
        return a;
    }
    if (v_is_raised(b)) {
        return b;
    }
    int64_t i;
    uint64_t u;
    switch (a.kind) {
    case V_INT:
        if (b.kind != V_INT) {
            return v_no_overload();
        }
        return __builtin_sub_overflow(a.i, b.i, &i) ? int_overflow(run) : v_int(i);
    case V_UINT:
        if (b.kind != V_UINT) {
            return v_no_overload();
        }
        return __builtin_sub_overflow(a.u, b.u, &u) ? uint_overflow(run) : v_uint(u);
    case V_DOUBLE:
        return b.kind == V_DOUBLE ? v_double(a.d - b.d) : v_no_overload();
    case V_TIMESTAMP:
        if (b.kind == V_TIMESTAMP) {
            return sub_times(run, a, b);
        }
        return b.kind == V_DURATION ? add_time(run, a, -(b.i / NANOS), -(b.i % NANOS))
                                    : v_no_overload();
    case V_DURATION:
        if (b.kind != V_DURATION) {
            return v_no_overload();
        }
        return __builtin_sub_overflow(a.i, b.i, &i) ? int_overflow(run) : v_duration(i);
    default:
        return misfit(run, a, false, "_-_");
    }
}

struct value op_mul(struct cel_run *run, struct value a, struct value b)
{
    if (v_is_raised(a)) {
        return a;
    }
    if (v_is_raised(b)) {
        return b;
    }
    int64_t i;
    uint64_t u;
    switch (a.kind) {
    case V_INT:
        if (b.kind != V_INT) {
            return v_no_overload();
        }
        return __builtin_mul_overflow(a.i, b.i, &i) ? int_overflow(run) : v_int(i);
    case V_UINT:
        if (b.kind != V_UINT) {
            return v_no_overload();
        }
        return __builtin_mul_overflow(a.u, b.u, &u) ? uint_overflow(run) : v_uint(u);
    case V_DOUBLE:
        return b.kind == V_DOUBLE ? v_double(a.d * b.d) : v_no_overload();
    default:
        return misfit(run, a, false, "_*_");
    }
}

static struct value by_zero(struct cel_run *run, const char *what)
{
    return v_error(run->arena, VE_DIVIDE, "%s by zero", what);
}

struct value op_div(struct cel_run *run, struct value a, struct value b)
{
    if (v_is_raised(a)) {
        return a;
    }
    if (v_is_raised(b)) {
        return b;
    }
    switch (a.kind) {
    case V_INT:
        if (b.kind != V_INT) {
            return v_no_overload();
        }
        if (b.i == 0) {
            return by_zero(run, "division");
        }
        return a.i == INT64_MIN && b.i == -1 ? int_overflow(run) : v_int(a.i / b.i);
    case V_UINT:
        if (b.kind != V_UINT) {
            return v_no_overload();
        }
        return b.u == 0 ? by_zero(run, "division") : v_uint(a.u / b.u);
    case V_DOUBLE:
        return b.kind == V_DOUBLE ? v_double(a.d / b.d) : v_no_overload(); /* IEC 60559: no error */
    default:
        return misfit(run, a, false, "_/_");
    }
}

struct value op_mod(struct cel_run *run, struct value a, struct value b)
{
    if (v_is_raised(a)) {
        return a;
    }
    if (v_is_raised(b)) {
        return b;
    }
    switch (a.kind) {
    case V_INT:
        if (b.kind != V_INT) {
            return v_no_overload();
        }
        if (b.i == 0) {
            return by_zero(run, "modulus");
        }
        return a.i == INT64_MIN && b.i == -1 ? int_overflow(run) : v_int(a.i % b.i);
    case V_UINT:
        if (b.kind != V_UINT) {
            return v_no_overload();
        }
        return b.u == 0 ? by_zero(run, "modulus") : v_uint(a.u % b.u);
    default:
        return misfit(run, a, false, "_%_");
    }
}

struct value op_neg(struct cel_run *run, struct value a)
{
    switch (a.kind) {
    case V_INT:
        return a.i == INT64_MIN ? int_overflow(run) : v_int(-a.i);
    case V_DOUBLE:
        return v_double(-a.d);
    case V_DURATION:
        return a.i == INT64_MIN ? int_overflow(run) : v_duration(-a.i);
    case V_ERROR:
    case V_UNKNOWN:
        return a;
    default:
        return misfit(run, a, a.kind == V_BOOL, "-_");
    }
}

/* ---- logic (spec: cel#evaluation-and-errors) ---- */

struct value logic_error(struct value v)
{
    return v_is_raised(v) ? v : v_no_overload();
}

struct value op_not(struct value a)
{
    return a.kind == V_BOOL ? v_bool(!a.i) : logic_error(a);
}

struct value op_and(struct value a, struct value b)
{
    if (a.kind == V_BOOL && a.i != 0) {
        return b.kind == V_BOOL ? b : logic_error(b);
    }
    if (a.kind == V_BOOL || (b.kind == V_BOOL && b.i == 0)) {
        return v_bool(false);
    }
    return logic_error(a);
}

struct value op_or(struct value a, struct value b)
{
    if (a.kind == V_BOOL && a.i == 0) {
        return b.kind == V_BOOL ? b : logic_error(b);
    }
    if (a.kind == V_BOOL || (b.kind == V_BOOL && b.i != 0)) {
        return v_bool(true);
    }
    return logic_error(a);
}

/* ---- equality, order, membership ---- */

static bool is_large(struct value v)
{
    return (v.kind == V_LIST || v.kind == V_MAP) ? v.len > 0 : v.len > 256 && v.kind >= V_STRING;
}

/* 1, 0; -1: *error is the answer */
static int equal(struct cel_run *run, struct value a, struct value b, struct value *error)
{
    if (v_is_raised(a) || v_is_raised(b)) {
        *error = v_is_raised(a) ? a : b;
        return -1;
    }
    if (a.kind == b.kind && a.len == b.len && is_large(a) && !charge_value(run, a)) {
        *error = cel_budget_error();
        return -1;
    }
    int same = value_equal(a, b);
    if (same < 0) {
        *error = v_no_overload();
    }
    return same;
}

struct value op_eq(struct cel_run *run, struct value a, struct value b)
{
    struct value error = v_none();
    int same = equal(run, a, b, &error);
    return same < 0 ? error : v_bool(same == 1);
}

/* != is true where == is no such overload, as in the reference; only failed operands are handed
 * on. */

struct value op_ne(struct cel_run *run, struct value a, struct value b)
{
    struct value error = v_none();
    int same = equal(run, a, b, &error);
    if (same < 0 && (v_is_raised(a) || v_is_raised(b) || error.err->category == VE_LIMIT)) {
        return error;
    }
    return v_bool(same != 1);
}

static bool is_number(struct value v)
{
    return v.kind == V_INT || v.kind == V_UINT || v.kind == V_DOUBLE;
}

static bool has_order(struct value v)
{
    return is_number(v) || v.kind == V_BOOL || v.kind == V_STRING || v.kind == V_BYTES ||
           v.kind == V_TIMESTAMP || v.kind == V_DURATION;
}

static struct value decide_order(enum opcode op, int order)
{
    switch (op) {
    case OP_LT:
        return v_bool(order < 0);
    case OP_LE:
        return v_bool(order <= 0);
    case OP_GT:
        return v_bool(order > 0);
    default:
        return v_bool(order >= 0);
    }
}

struct value op_order(struct cel_run *run, enum opcode op, struct value a, struct value b)
{
    if (v_is_raised(a)) {
        return a;
    }
    if (v_is_raised(b)) {
        return b;
    }
    if (a.kind == V_OBJECT) {
        int order = a.object->cls->compare != NULL ? a.object->cls->compare(a.object, b) : -2;
        return order == -2 ? v_no_overload() : decide_order(op, order);
    }
    if (!has_order(a)) {
        const char *name = op == OP_LT   ? "_<_"
                           : op == OP_LE ? "_<=_"
                           : op == OP_GT ? "_>_"
                                         : "_>=_";
        return misfit(run, a, false, name);
    }
    if (a.kind != b.kind && !(is_number(a) && is_number(b))) {
        return v_no_overload();
    }
    int order = value_compare(a, b);
    return order == VALUE_UNORDERED ? v_bool(false) : decide_order(op, order); /* NaN */
}

static struct value in_list(struct cel_run *run, struct value a, struct value list)
{
    if (!cel_charge(run, list.len >> 3)) {
        return cel_budget_error();
    }
    for (uint32_t i = 0; i < list.len; i++) {
        struct value why = v_none(); /* what cannot be compared is not equal, as in the reference */
        if (equal(run, a, list.items[i], &why) == 1) {
            return v_bool(true);
        }
    }
    return v_bool(false);
}

struct value op_in(struct cel_run *run, struct value a, struct value b)
{
    if (v_is_raised(a)) {
        return a;
    }
    switch (b.kind) {
    case V_LIST:
        return in_list(run, a, b);
    case V_MAP:
        if (a.kind == V_BYTES) { /* the reference breaks here: an error, not an answer */
            return v_error(run->arena, VE_ARGUMENT, "unsupported key type: bytes");
        }
        return v_bool(vmap_find(b.map, a).kind != V_NONE);
    default:
        return logic_error(b);
    }
}

/* The set is a list of strings in the form of a map: only strings, and objects that compare with
 * text, can be in it. */
struct value op_inset(struct cel_run *run, struct value a, struct value set)
{
    if (a.kind == V_STRING) {
        return v_bool(vmap_find_str(set.map, v_str(a)).kind != V_NONE);
    }
    if (a.kind != V_OBJECT) {
        return v_is_raised(a) ? a : v_bool(false);
    }
    for (uint32_t i = 0; i < set.map->count; i++) {
        struct value why = v_none();
        if (equal(run, a, set.map->entries[i].key, &why) == 1) {
            return v_bool(true);
        }
    }
    return v_bool(false);
}
