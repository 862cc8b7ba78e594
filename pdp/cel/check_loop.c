/* check_loop.c — types of comprehensions and bindings
 *
 * The tree keeps macros whole, but the reference types their textbook expansion, and its messages
 * speak of the operators in it (`_?_:_` for a predicate that is not bool). So the accumulator and
 * the step of the expansion are typed here without being built.
 *
 * spec: cel#11
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/check_priv.h"

static void push_local(struct checker *c, str name, const struct cel_type *type)
{
    struct local *local = new (c->arena, struct local, 1);
    *local = (struct local){ .name = name, .type = type, .outer = c->locals };
    c->locals = local;
}

/* A call of the table's function with arguments of these types, reported at the node. */
static const struct cel_type *applied(struct checker *c, const struct ast *node, str name,
                                      bool member, int count, const struct cel_type *const *types)
{
    const struct cel_type *copy[3];
    memcpy(copy, types, (size_t)count * sizeof *types);
    struct found_func func = { .row = cel_func_find(name), .name = name };
    return check_overloads(c, node, &func, copy, count, member);
}

/* Types of the variables over a range of this type. */
static void variable_types(struct checker *c, const struct ast *place, const struct cel_type *range,
                           bool two, const struct cel_type **first, const struct cel_type **second)
{
    switch ((enum cel_type_kind)range->kind) {
    case T_LIST:
        *first = two ? &cel_t_int : range->params[0];
        *second = range->params[0];
        return;
    case T_MAP:
        *first = range->params[0];
        *second = range->params[1];
        return;
    case T_DYN:
    case T_ERROR:
    case T_PARAM:
        (void)type_assign(c, &cel_t_dyn,
                          range); /* binds a free variable to dyn; nothing else can happen */
        *first = *second = &cel_t_dyn;
        return;
    default: {
        struct cel_issue *issue = cel_issue_node(
            c->issues, place,
            "expression of type '%.*s' cannot be range of a comprehension (must be list, "
            "map, or dynamic)",
            STR_ARG(type_text(c, range)));
        issue->better =
            str_printf(c->arena, "%.*s cannot be iterated over: a list or a map is needed",
                       STR_ARG(type_text(c, range)));
        *first = *second = &cel_t_error;
        return;
    }
    }
}

/* The step's type must be assignable to the accumulator's. */
static void assert_step(struct checker *c, const struct ast *node,
                        const struct cel_type *accumulator, const struct cel_type *step)
{
    if (!type_assign(c, accumulator, step)) {
        type_mismatch(c, node, accumulator, step);
    }
}

/* accumulator + [body], under the filter when there is one; returns the accumulator's type. */
static const struct cel_type *check_append(struct checker *c, struct ast *node)
{
    const struct cel_type *accumulator = cel_type_list(c->arena, type_variable(c));
    if (node->loop.filter != NULL) {
        check_node(c, node->loop.filter);
    }
    check_node(c, node->loop.body);
    const struct cel_type *item = cel_type_list(c->arena, node->loop.body->type);
    const struct cel_type *step =
        applied(c, node, S("_+_"), false, 2, (const struct cel_type *const[]){ accumulator, item });
    if (node->loop.filter != NULL) {
        step =
            applied(c, node, S("_?_:_"), false, 3,
                    (const struct cel_type *const[]){ node->loop.filter->type, step, accumulator });
    }
    assert_step(c, node, accumulator, step);
    return accumulator;
}

static const struct cel_type *check_insert(struct checker *c, struct ast *node,
                                           const struct cel_type *key)
{
    const struct cel_type *key_var = type_variable(c);
    const struct cel_type *accumulator = cel_type_map(c->arena, key_var, type_variable(c));
    if (node->loop.filter != NULL) {
        check_node(c, node->loop.filter);
    }
    check_node(c, node->loop.body);
    const struct cel_type *body = node->loop.body->type;
    bool entry = node->loop_kind == LOOP_MAP_ENTRY;
    const struct cel_type *step =
        applied(c, node, S("cel.@mapInsert"), false, entry ? 2 : 3,
                (const struct cel_type *const[]){ accumulator, entry ? body : key, body });
    if (node->loop.filter != NULL) {
        step =
            applied(c, node, S("_?_:_"), false, 3,
                    (const struct cel_type *const[]){ node->loop.filter->type, step, accumulator });
    }
    assert_step(c, node, accumulator, step);
    return accumulator;
}

static void check_predicate(struct checker *c, struct ast *node)
{
    struct ast *body = node->loop.body;
    check_node(c, body);
    if (node->loop_kind == LOOP_EXISTS_ONE) {
        (void)applied(c, node, S("_?_:_"), false, 3, /* reports by itself */
                      (const struct cel_type *const[]){ body->type, &cel_t_int, &cel_t_int });
    } else if (!type_assign(c, body->type, &cel_t_bool)) {
        type_mismatch(c, body, &cel_t_bool, body->type);
    }
}

static const struct cel_type *check_body(struct checker *c, struct ast *node,
                                         const struct cel_type *key)
{
    switch ((enum ast_loop)node->loop_kind) {
    case LOOP_ALL:
    case LOOP_EXISTS:
    case LOOP_EXISTS_ONE:
        check_predicate(c, node);
        return &cel_t_bool;
    case LOOP_TRANSFORM_MAP:
    case LOOP_MAP_ENTRY:
        return check_insert(c, node, key);
    case LOOP_MAP:
    case LOOP_SORT_BY:
        break;
    }
    return check_append(c, node);
}

void check_loop(struct checker *c, struct ast *node)
{
    check_node(c, node->loop.range);
    bool sort = node->loop_kind == LOOP_SORT_BY;
    const struct cel_type *range = type_substitute(c, node->loop.range->type, false);
    const struct cel_type *first = NULL;
    const struct cel_type *second = NULL;
    /* the reference sorts a hidden copy of the range: it reports at the macro */
    variable_types(c, sort ? node : node->loop.range, range, node->loop.var2.len > 0, &first,
                   &second);

    struct local *outer = c->locals;
    push_local(c, node->loop.var, first);
    if (node->loop.var2.len > 0) {
        push_local(c, node->loop.var2, second);
    }
    const struct cel_type *type = check_body(c, node, first);
    c->locals = outer;

    if (sort) {
        const struct cel_type *keys = type_substitute(c, type, false);
        type = applied(c, node, S("@sortByAssociatedKeys"), true, 2,
                       (const struct cel_type *const[]){ range, keys });
    }
    node->type = type_substitute(c, type, false);
}

void check_bind(struct checker *c, struct ast *node)
{
    check_node(c, node->bind.init);
    struct local *outer = c->locals;
    push_local(c, node->bind.name, node->bind.init->type);
    check_node(c, node->bind.body);
    c->locals = outer;
    node->type = type_substitute(c, node->bind.body->type, false);
}
