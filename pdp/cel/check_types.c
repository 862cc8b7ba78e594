/* check_types.c — type variables and assignability
 *
 * Unification in the reference's manner, which is not symmetric and not the textbook's: a variable
 * is bound to the first type it meets and later widens to a more general one (dyn), and null is
 * assignable to everything that may be absent. What is accepted here decides which policies load,
 * so the order of the questions matters. A failed attempt leaves no binding behind.
 *
 * Types can grow exponentially when written out (map(T, T) of map(T, T) …): steps are counted, and
 * the checker gives up with an error when there are too many.
 *
 * spec: cel#5
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/check_priv.h"

#include <assert.h>

#define TYPE_SIZE_MAX 2000 /* larger types become dyn */

/* ---- variables ---- */

const struct cel_type *type_variable(struct checker *c)
{
    struct cel_type *type = new (c->arena, struct cel_type, 1);
    type->kind = T_PARAM;
    type->generic = true;
    type->id = (uint32_t)c->bound.len;
    *vec_push(c->arena, &c->bound) = NULL;
    return type;
}

static const struct cel_type *lookup(const struct checker *c, const struct cel_type *variable)
{
    assert(variable->kind == T_PARAM && (isize)variable->id < c->bound.len);
    return c->bound.ptr[variable->id];
}

static void bind(struct checker *c, const struct cel_type *variable, const struct cel_type *type)
{
    assert(variable->kind == T_PARAM && (isize)variable->id < c->bound.len);
    *vec_push(c->arena, &c->trail) =
        (struct binding){ .id = variable->id, .old = c->bound.ptr[variable->id] };
    c->bound.ptr[variable->id] = type;
}

static void roll_back(struct checker *c, isize mark)
{
    while (c->trail.len > mark) {
        const struct binding *binding = &c->trail.ptr[--c->trail.len];
        c->bound.ptr[binding->id] = binding->old;
    }
}

/* One step; false when there have been too many. */
static bool step(struct checker *c)
{
    return --c->work >= 0;
}

/* ---- substitution ---- */

const struct cel_type *type_substitute(struct checker *c, const struct cel_type *type,
                                       bool free_to_dyn)
{
    if (!type->generic) {
        return type;
    }
    if (!step(c)) {
        return &cel_t_dyn;
    }
    if (type->kind == T_PARAM) {
        const struct cel_type *bound = lookup(c, type);
        if (bound != NULL) {
            return type_substitute(c, bound, free_to_dyn);
        }
        return free_to_dyn ? &cel_t_dyn : type;
    }
    const struct cel_type *params[3] = { 0 };
    bool changed = false;
    for (int i = 0; i < 3 && type->params[i] != NULL; i++) {
        params[i] = type_substitute(c, type->params[i], free_to_dyn);
        changed = changed || params[i] != type->params[i];
    }
    if (!changed) {
        return type;
    }
    const struct cel_type *result = cel_type_with(c->arena, type, params);
    return result->size > TYPE_SIZE_MAX ? &cel_t_dyn : result;
}

/* ---- assignability ---- */

static bool assign(struct checker *c, const struct cel_type *t1, const struct cel_type *t2);

static bool is_dyn(const struct cel_type *type)
{
    return type->kind == T_DYN || type->kind == T_ANY;
}

/* The kind that counts: a wrapper behaves as what it wraps, but may be null. */
static enum cel_type_kind kind_of(const struct cel_type *type)
{
    return (enum cel_type_kind)(type->kind == T_WRAPPER ? type->params[0]->kind : type->kind);
}

static bool may_be_null(const struct cel_type *type)
{
    switch ((enum cel_type_kind)type->kind) {
    case T_NULL:
    case T_OPTIONAL:
    case T_ABSTRACT:
    case T_MESSAGE:
    case T_ANY:
    case T_DURATION:
    case T_TIMESTAMP:
    case T_WRAPPER:
        return true;
    default:
        return false;
    }
}

static bool has_params(const struct cel_type *type)
{
    return type->params[0] != NULL && type->kind != T_WRAPPER;
}

/* Whether a is as specific as b or less, where dyn is the least specific. */
static bool is_less_specific(struct checker *c, const struct cel_type *a, const struct cel_type *b)
{
    if (is_dyn(a) || a->kind == T_PARAM) {
        return true;
    }
    if (is_dyn(b) || b->kind == T_PARAM || kind_of(a) != kind_of(b) || !step(c)) {
        return false;
    }
    if (a->kind == T_TYPE || a == b) {
        return true;
    }
    if (a->kind == T_MESSAGE || !has_params(a) || !has_params(b)) {
        return cel_type_same(a, b) || (kind_of(a) <= T_BYTES && kind_of(a) == kind_of(b));
    }
    if (!str_eq(a->name, b->name)) {
        return false;
    }
    for (int i = 0; i < 3 && a->params[i] != NULL && b->params[i] != NULL; i++) {
        if (!is_less_specific(c, a->params[i], b->params[i])) {
            return false;
        }
    }
    return true;
}

static const struct cel_type *most_general(struct checker *c, const struct cel_type *a,
                                           const struct cel_type *b)
{
    return is_less_specific(c, a, b) ? a : b;
}

/* Whether the variable does not occur in the type, bindings followed. */
static bool is_absent(struct checker *c, const struct cel_type *variable,
                      const struct cel_type *type)
{
    if (!type->generic) {
        return true;
    }
    if (!step(c) || (type->kind == T_PARAM && type->id == variable->id)) {
        return false;
    }
    if (type->kind == T_PARAM) {
        const struct cel_type *bound = lookup(c, type);
        return bound == NULL || is_absent(c, variable, bound);
    }
    for (int i = 0; i < 3 && type->params[i] != NULL; i++) {
        if (!is_absent(c, variable, type->params[i])) {
            return false;
        }
    }
    return true;
}

enum substitution { SUB_NO, SUB_NO_BOUND, SUB_YES };

/* Whether the variable may stand for the type: SUB_NO_BOUND when it already stands for another. */
static enum substitution stands_for(struct checker *c, const struct cel_type *type,
                                    const struct cel_type *variable)
{
    if (type->kind == T_PARAM && type->id == variable->id) {
        return SUB_YES;
    }
    const struct cel_type *bound = lookup(c, variable);
    if (bound != NULL) {
        if (cel_type_same(type, bound)) {
            return SUB_YES;
        }
        if (!assign(c, type, bound)) {
            return SUB_NO_BOUND;
        }
        const struct cel_type *general = most_general(c, type, bound);
        if (is_absent(c, variable, general)) {
            bind(c, variable, general);
        }
        return SUB_YES;
    }
    if (is_absent(c, variable, type)) {
        bind(c, variable, type);
        return SUB_YES;
    }
    return SUB_NO;
}

static bool assign(struct checker *c, const struct cel_type *t1, const struct cel_type *t2)
{
    if (!step(c)) {
        return true; /* the check fails as a whole: see cel_check */
    }
    if (t2->kind == T_PARAM) {
        enum substitution sub = stands_for(c, t1, t2);
        if (sub != SUB_NO) {
            return sub == SUB_YES;
        }
    }
    if (t1->kind == T_PARAM) {
        return stands_for(c, t2, t1) == SUB_YES;
    }
    if (is_dyn(t1) || is_dyn(t2) || t1->kind == T_ERROR || t2->kind == T_ERROR) {
        return true;
    }
    if (t1->kind == T_NULL || t2->kind == T_NULL) {
        return may_be_null(t1->kind == T_NULL ? t2 : t1);
    }
    if (kind_of(t1) != kind_of(t2)) {
        return false;
    }
    if (t1 == t2 && !t1->generic) {
        return true;
    }
    switch ((enum cel_type_kind)t1->kind) {
    case T_TYPE:
        return true;
    case T_MESSAGE:
        return cel_type_same(t1, t2);
    case T_LIST:
    case T_MAP:
    case T_OPTIONAL:
    case T_ABSTRACT:
        if (!str_eq(t1->name, t2->name)) {
            return false;
        }
        for (int i = 0; i < 3; i++) {
            if ((t1->params[i] == NULL) != (t2->params[i] == NULL)) {
                return false;
            }
            if (t1->params[i] != NULL && !assign(c, t1->params[i], t2->params[i])) {
                return false;
            }
        }
        return true;
    default:
        return true; /* of one simple kind */
    }
}

bool type_assign_all(struct checker *c, const struct cel_type *const *from,
                     const struct cel_type *const *to, int count)
{
    isize mark = c->trail.len;
    for (int i = 0; i < count; i++) {
        if (!assign(c, from[i], to[i])) {
            roll_back(c, mark);
            return false;
        }
    }
    return true;
}

bool type_assign(struct checker *c, const struct cel_type *from, const struct cel_type *to)
{
    return type_assign_all(c, &from, &to, 1);
}

const struct cel_type *type_join(struct checker *c, const struct cel_type *previous,
                                 const struct cel_type *current)
{
    if (previous == NULL) {
        return current;
    }
    return type_assign(c, previous, current) ? most_general(c, previous, current) : &cel_t_dyn;
}
