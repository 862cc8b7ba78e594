/* check.c — names and types of a tree
 *
 * One walk from the leaves up, in the reference's order, so that faults come in its order and the
 * same bindings of type variables decide. A faulty part gets the type !error!, which everything
 * accepts: one mistake is one message. At the end free type variables become dyn.
 *
 * spec: cel#5
 * Neighbours: check_names.c, check_call.c, check_loop.c, check_types.c do the parts ·
 * check_format.c looks at literal format strings · gen.c reads what the walk leaves on the nodes
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/check_priv.h"

#define WORK_MAX         20000000 /* steps of comparing types: well below a second */
#define LITERAL_TYPE_MAX 2000

str type_text(struct checker *c, const struct cel_type *type)
{
    struct sb sb = sb_new(c->arena);
    cel_type_text(&sb, type_substitute(c, type, true));
    return sb_str(&sb);
}

void type_mismatch(struct checker *c, const struct ast *node, const struct cel_type *expected,
                   const struct cel_type *found)
{
    str want = type_text(c, expected);
    str have = type_text(c, found);
    cel_issue_node(c->issues, node, "expected type '%.*s' but found '%.*s'", STR_ARG(want),
                   STR_ARG(have));
}

/* ---- constants, names ---- */

static const struct cel_type *constant_type(struct value v)
{
    switch ((enum value_kind)v.kind) {
    case V_NULL:
        return &cel_t_null;
    case V_BOOL:
        return &cel_t_bool;
    case V_INT:
        return &cel_t_int;
    case V_UINT:
        return &cel_t_uint;
    case V_DOUBLE:
        return &cel_t_double;
    case V_STRING:
        return &cel_t_string;
    case V_BYTES:
        return &cel_t_bytes;
    default:
        return &cel_t_dyn; /* what folding leaves: a tree may be checked again */
    }
}

/* The node stands for what was found; types of types need memory, so they are made here. */
static void name_found(struct checker *c, struct ast *node, const struct found_name *found)
{
    become_name(node, found);
    if (found->named != NULL) {
        node->type = cel_type_of(c->arena, found->named);
    }
}

static void check_ident(struct checker *c, struct ast *node)
{
    struct found_name found;
    if (find_name(c, node->ident.name, node->absolute, &found)) {
        name_found(c, node, &found);
        return;
    }
    undeclared_name(c, node, node->ident.name, node->absolute);
    node->type = &cel_t_error;
}

/* ---- selections ---- */

static const struct cel_type *field_type(struct checker *c, struct ast *node,
                                         const struct cel_message *message)
{
    const struct cel_field *field = cel_message_field(message, node->select.field);
    node->select.known = field;
    if (field != NULL) {
        return field->type;
    }
    if (message->open) {
        return &cel_t_dyn;
    }
    undefined_field(c, node, node->word, message, node->select.field);
    return &cel_t_error;
}

static const struct cel_type *selection_type(struct checker *c, struct ast *node)
{
    check_node(c, node->select.operand);
    const struct cel_type *operand = type_substitute(c, node->select.operand->type, false);
    bool through_optional = operand->kind == T_OPTIONAL;
    const struct cel_type *target = through_optional ? operand->params[0] : operand;
    const struct cel_type *type = &cel_t_dyn;
    switch ((enum cel_type_kind)target->kind) {
    case T_MAP:
        type = target->params[1];
        break;
    case T_MESSAGE:
        type = field_type(c, node, target->message);
        break;
    case T_PARAM:
        (void)type_assign(c, &cel_t_dyn,
                          target); /* binds a free variable to dyn; nothing else can happen */
        break;
    case T_DYN:
    case T_ANY:
    case T_ERROR:
        break;
    default: {
        str text = type_text(c, target);
        struct cel_issue *issue = cel_issue_node(
            c->issues, node, "type '%.*s' does not support field selection", STR_ARG(text));
        issue->better = str_printf(c->arena, "%.*s has no fields: `.%.*s` cannot be selected",
                                   STR_ARG(text), STR_ARG(node->select.field));
    }
    }
    return through_optional || node->optional ? cel_type_optional(c->arena, type) : type;
}

static void check_select(struct checker *c, struct ast *node)
{
    if (!node->test_only && !node->optional && !begins_local(c, node)) {
        bool absolute = false;
        str name = qualified_name(c, node, &absolute);
        struct found_name found;
        if (name.len > 0 && find_name(c, name, absolute, &found)) {
            node->absolute = absolute;
            name_found(c, node, &found);
            return;
        }
    }
    const struct cel_type *type = selection_type(c, node);
    node->type = node->test_only ? &cel_t_bool : type_substitute(c, type, false);
}

/* ---- literals of lists, maps, messages ---- */

static const struct cel_type *bounded(const struct cel_type *type)
{
    return type->size > LITERAL_TYPE_MAX ? &cel_t_dyn : type;
}

/* The type of a part written with `?`: what its optional holds. */
static const struct cel_type *optional_part(struct checker *c, const struct ast *node)
{
    const struct cel_type *type = node->type;
    if (type->kind == T_OPTIONAL) {
        return type->params[0];
    }
    if (type->kind != T_DYN && type->kind != T_ANY) {
        type_mismatch(c, node, cel_type_optional(c->arena, type), type);
    }
    return type;
}

static const struct cel_type *part_type(struct checker *c, struct ast *node, const bool *optional,
                                        int32_t i)
{
    check_node(c, node);
    return optional != NULL && optional[i] ? optional_part(c, node) : node->type;
}

static void check_list(struct checker *c, struct ast *node)
{
    const struct cel_type *type = NULL;
    for (int32_t i = 0; i < node->list.count; i++) {
        type = type_join(c, type, part_type(c, node->list.items[i], node->list.optional, i));
    }
    node->type = bounded(cel_type_list(c->arena, type != NULL ? type : type_variable(c)));
}

static void check_map(struct checker *c, struct ast *node)
{
    const struct cel_type *key = NULL;
    const struct cel_type *val = NULL;
    for (int32_t i = 0; i < node->map.count; i++) {
        check_node(c, node->map.keys[i]);
        key = type_join(c, key, node->map.keys[i]->type);
        val = type_join(c, val, part_type(c, node->map.vals[i], node->map.optional, i));
    }
    if (key == NULL) {
        key = type_variable(c);
        val = type_variable(c);
    }
    node->type = bounded(cel_type_map(c->arena, key, val));
}

/* Message literals: only names are known here, no message can be built (docs: differences from
 * the reference). */
static void check_record(struct checker *c, struct ast *node)
{
    struct found_name found;
    node->type = &cel_t_error;
    str name = node->record.name;
    if (!find_name(c, name, true, &found) || found.named == NULL) {
        undeclared_name(c, node, name, node->absolute);
        return;
    }
    if (found.named->kind != T_MESSAGE) {
        cel_issue_node(c->issues, node, "'%.*s' is not a message type",
                       STR_ARG(type_text(c, found.named)));
    } else {
        cel_issue_node(c->issues, node, "'%.*s' cannot be built in an expression", STR_ARG(name));
    }
    for (int32_t i = 0; i < node->record.count; i++) {
        check_node(c, node->record.vals[i]);
    }
}

void check_node(struct checker *c, struct ast *node)
{
    switch ((enum ast_kind)node->kind) {
    case A_CONST:
        node->type = constant_type(node->constant);
        return;
    case A_IDENT:
        check_ident(c, node);
        return;
    case A_SELECT:
        check_select(c, node);
        return;
    case A_CALL:
        check_call(c, node);
        return;
    case A_LIST:
        check_list(c, node);
        return;
    case A_MAP:
        check_map(c, node);
        return;
    case A_STRUCT:
        check_record(c, node);
        return;
    case A_LOOP:
        check_loop(c, node);
        return;
    case A_BIND:
        check_bind(c, node);
        return;
    }
}

static bool settle(void *ctx, struct ast *node)
{
    if (node->type != NULL) {
        node->type = type_substitute(ctx, node->type, true);
    }
    return true;
}

cardea_status cel_check(struct arena *arena, const struct cel_env *env, struct ast *root,
                        struct cel_issues *issues)
{
    struct checker c = { .arena = arena, .env = env, .issues = issues, .work = WORK_MAX };
    *vec_push(arena, &c.bound) = NULL; /* variables are numbered from 1 */
    isize kept = issues->list.len;
    isize before = kept + issues->dropped;
    check_node(&c, root);
    if (c.work < 0) {
        issues->list.len = kept; /* from some point on the answers were guesses */
        cel_issue_add(issues, root->start, root->end,
                      "expression has too complex types to be checked");
        return CARDEA_ELIMIT;
    }
    c.work = WORK_MAX;
    ast_walk(root, settle, &c);
    if (issues->list.len + issues->dropped == before) {
        check_formats(&c, root);
    }
    cel_issues_sort(issues, kept);
    return issues->list.len + issues->dropped == before ? CARDEA_OK : CARDEA_EINVALID;
}
