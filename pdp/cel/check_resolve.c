/* check_resolve.c — names without types
 *
 * For the specification's tests that switch checking off: the tree gets roots, types as values and
 * functions, and whatever is not known becomes an error when it is evaluated.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/check_priv.h"

static void resolve_node(struct checker *c, struct ast *node);

static void resolve_all(struct checker *c, struct ast **nodes, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        resolve_node(c, nodes[i]);
    }
}

static void with_locals(struct checker *c, str first, str second, struct ast *a, struct ast *b)
{
    struct local one = { .name = first, .type = &cel_t_dyn, .outer = c->locals };
    struct local two = { .name = second, .type = &cel_t_dyn, .outer = &one };
    c->locals = second.len > 0 ? &two : &one;
    if (a != NULL) {
        resolve_node(c, a);
    }
    resolve_node(c, b);
    c->locals = one.outer;
}

static void resolve_name(struct checker *c, struct ast *node)
{
    struct found_name found;
    if (find_name(c, node->ident.name, node->absolute, &found)) {
        become_name(node, &found);
    } else {
        node->ident.root = -2;
    }
}

static void resolve_select(struct checker *c, struct ast *node)
{
    if (!node->test_only && !node->optional && !begins_local(c, node)) {
        bool absolute = false;
        str name = qualified_name(c, node, &absolute);
        struct found_name found;
        if (name.len > 0 && find_name(c, name, absolute, &found)) {
            node->absolute = absolute;
            become_name(node, &found);
            return;
        }
    }
    resolve_node(c, node->select.operand);
}

static void use_func(struct ast *node, const struct found_func *func)
{
    node->call.name = func->name;
    bool is_operator = func->row >= 0 && (cel_funcs[func->row].flags & CF_OPERATOR) != 0;
    node->call.func = is_operator ? -1 : func->row >= 0 ? func->row : -2;
}

static void resolve_call(struct checker *c, struct ast *node)
{
    resolve_all(c, node->call.args, node->call.argc);
    struct found_func func = { 0 };
    bool absolute = node->absolute;
    if (node->call.target != NULL) {
        str prefix = qualified_name(c, node->call.target, &absolute);
        str full = str_concat(c->arena, str_concat(c->arena, prefix, S(".")), node->call.name);
        if (prefix.len > 0 && find_func(c, full, absolute, &func)) {
            node->call.target = NULL;
            use_func(node, &func);
            return;
        }
        resolve_node(c, node->call.target);
        absolute = false;
    }
    node->call.func = -2;
    if (find_func(c, node->call.name, absolute, &func)) {
        use_func(node, &func);
    }
}

static void resolve_node(struct checker *c, struct ast *node)
{
    node->type = &cel_t_dyn;
    switch ((enum ast_kind)node->kind) {
    case A_CONST:
        break;
    case A_IDENT:
        resolve_name(c, node);
        break;
    case A_SELECT:
        resolve_select(c, node);
        break;
    case A_CALL:
        resolve_call(c, node);
        break;
    case A_LIST:
        resolve_all(c, node->list.items, node->list.count);
        break;
    case A_MAP:
        resolve_all(c, node->map.keys, node->map.count);
        resolve_all(c, node->map.vals, node->map.count);
        break;
    case A_STRUCT:
        cel_issue_node(c->issues, node, "'%.*s' cannot be built in an expression",
                       STR_ARG(node->record.name));
        break;
    case A_LOOP:
        resolve_node(c, node->loop.range);
        with_locals(c, node->loop.var, node->loop.var2, node->loop.filter, node->loop.body);
        break;
    case A_BIND:
        resolve_node(c, node->bind.init);
        with_locals(c, node->bind.name, STR_EMPTY, NULL, node->bind.body);
        break;
    }
}

cardea_status cel_resolve(struct arena *arena, const struct cel_env *env, struct ast *root,
                          struct cel_issues *issues)
{
    struct checker c = { .arena = arena, .env = env, .issues = issues };
    isize before = issues->list.len + issues->dropped;
    resolve_node(&c, root);
    return issues->list.len + issues->dropped == before ? CARDEA_OK : CARDEA_EINVALID;
}
