/* check_names.c — what a name stands for
 *
 * Variables of macros shadow everything; a leading dot skips them. Other names are tried in the
 * container and outwards: declarations first, then names of types. A chain of selections is tried
 * as one dotted name before it is read as selections, longest chain first, because the whole chain
 * is checked first.
 *
 * spec: cel#3
 * Neighbours: check.c asks · env.h holds the declarations
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/check_priv.h"

#include "base/diag.h"

#define NAME_MAX 256 /* bytes; longer chains are no name that anybody declares */

/* ---- types as values ---- */

static const struct cel_type t_list = { .kind = T_LIST, .params = { &cel_t_dyn } };
static const struct cel_type t_map = { .kind = T_MAP, .params = { &cel_t_dyn, &cel_t_dyn } };
static const struct cel_type t_optional = { .kind = T_OPTIONAL, .params = { &cel_t_dyn } };
static const struct cel_type t_type = { .kind = T_TYPE };

static const struct cel_type t_hierarchy = { .kind = T_ABSTRACT,
                                             .name = S("cerbos.lib.hierarchy") };
static const struct cel_type t_spiffe_id = { .kind = T_ABSTRACT, .name = S("cerbos.lib.spiffeID") };
static const struct cel_type t_spiffe_trust_domain = { .kind = T_ABSTRACT,
                                                       .name = S("cerbos.lib.spiffeTrustDomain") };
static const struct cel_type t_spiffe_matcher = { .kind = T_ABSTRACT,
                                                  .name = S("cerbos.lib.spiffeMatcher") };
static const struct cel_type t_ip = { .kind = T_ABSTRACT, .name = S("net.IP") };
static const struct cel_type t_cidr = { .kind = T_ABSTRACT, .name = S("net.CIDR") };

static const struct {
    str name;
    const struct cel_type *type;
} type_names[] = {
    { S("bool"), &cel_t_bool },
    { S("int"), &cel_t_int },
    { S("uint"), &cel_t_uint },
    { S("double"), &cel_t_double },
    { S("string"), &cel_t_string },
    { S("bytes"), &cel_t_bytes },
    { S("list"), &t_list },
    { S("map"), &t_map },
    { S("null_type"), &cel_t_null },
    { S("type"), &t_type },
    { S("optional_type"), &t_optional },
    { S("google.protobuf.Timestamp"), &cel_t_timestamp },
    { S("google.protobuf.Duration"), &cel_t_duration },
    { S("cerbos.lib.hierarchy"), &t_hierarchy },
    { S("cerbos.lib.spiffeID"), &t_spiffe_id },
    { S("cerbos.lib.spiffeTrustDomain"), &t_spiffe_trust_domain },
    { S("cerbos.lib.spiffeMatcher"), &t_spiffe_matcher },
    { S("net.IP"), &t_ip },
    { S("net.CIDR"), &t_cidr },
};

/* The message of that name, when a declaration or a field of one has it. */
static const struct cel_type *find_message(const struct cel_type *type, str name, int depth)
{
    if (type->kind != T_MESSAGE) {
        return NULL;
    }
    if (str_eq(type->message->name, name)) {
        return type;
    }
    for (int32_t i = 0; depth > 0 && i < type->message->field_count; i++) {
        const struct cel_type *found = find_message(type->message->fields[i].type, name, depth - 1);
        if (found != NULL) {
            return found;
        }
    }
    return NULL;
}

static const struct cel_type *find_type(const struct checker *c, str name)
{
    for (isize i = 0; i < countof(type_names); i++) {
        if (str_eq(type_names[i].name, name)) {
            return type_names[i].type;
        }
    }
    for (isize i = 0; i < c->env->decl_count; i++) {
        const struct cel_type *found = find_message(c->env->decls[i].type, name, 3);
        if (found != NULL) {
            return found;
        }
    }
    return NULL;
}

/* ---- names ---- */

const struct local *find_local(const struct checker *c, str name)
{
    for (const struct local *local = c->locals; local != NULL; local = local->outer) {
        if (str_eq(local->name, name)) {
            return local;
        }
    }
    return NULL;
}

static bool find_global(const struct checker *c, str name, struct found_name *out)
{
    for (isize i = 0; i < c->env->decl_count; i++) {
        if (str_eq(c->env->decls[i].name, name)) {
            *out = (struct found_name){ .decl = &c->env->decls[i], .name = name };
            return true;
        }
    }
    const struct cel_type *type = find_type(c, name);
    if (type != NULL) {
        *out = (struct found_name){ .named = type, .name = name };
        return true;
    }
    if (str_eq(name, S("google.protobuf.NullValue.NULL_VALUE"))) {
        *out = (struct found_name){ .null_value = true, .name = name };
        return true;
    }
    return false;
}

/* The name in the container `outer`; as it stands when there is none. */
static str candidate(struct checker *c, str outer, str name)
{
    return outer.len == 0 ? name : str_concat(c->arena, str_concat(c->arena, outer, S(".")), name);
}

static str container_of(str container)
{
    isize dot = str_rfind(container, S("."));
    return dot < 0 ? STR_EMPTY : str_slice(container, 0, dot);
}

bool find_name(struct checker *c, str name, bool absolute, struct found_name *out)
{
    const struct local *local = absolute ? NULL : find_local(c, name);
    if (local != NULL) {
        *out = (struct found_name){ .local = local, .name = name };
        return true;
    }
    str container = absolute ? STR_EMPTY : c->env->container;
    for (;; container = container_of(container)) {
        if (find_global(c, candidate(c, container, name), out)) {
            return true;
        }
        if (container.len == 0) {
            return false;
        }
    }
}

static bool find_global_func(const struct checker *c, str name, struct found_func *out)
{
    int row = cel_func_find(name);
    bool known = row >= 0;
    for (isize i = 0; !known && i < c->env->overload_count; i++) {
        known = str_eq(c->env->overloads[i].name, name);
    }
    *out = (struct found_func){ .row = row, .name = name };
    return known;
}

bool find_func(struct checker *c, str name, bool absolute, struct found_func *out)
{
    str container = absolute ? STR_EMPTY : c->env->container;
    for (;; container = container_of(container)) {
        if (find_global_func(c, candidate(c, container, name), out)) {
            return true;
        }
        if (container.len == 0) {
            return false;
        }
    }
}

/* The name at the root of a chain of plain selections, or NULL. */
static const struct ast *chain_root(const struct ast *node)
{
    while (node->kind == A_SELECT && !node->test_only && !node->optional) {
        node = node->select.operand;
    }
    return node->kind == A_IDENT && !node->ident.is_local ? node : NULL;
}

bool begins_local(const struct checker *c, const struct ast *node)
{
    const struct ast *root = chain_root(node);
    return root != NULL && !root->absolute && find_local(c, root->ident.name) != NULL;
}

str qualified_name(struct checker *c, const struct ast *node, bool *absolute)
{
    const struct ast *root = chain_root(node);
    if (root == NULL) {
        return STR_EMPTY;
    }
    *absolute = root->absolute;
    isize len = root->ident.name.len;
    for (const struct ast *n = node; n != root; n = n->select.operand) {
        len += n->select.field.len + 1;
        if (len > NAME_MAX) {
            return STR_EMPTY;
        }
    }
    char *text = arena_bytes(c->arena, len);
    isize end = len;
    for (const struct ast *n = node; n != root; n = n->select.operand) {
        end -= n->select.field.len;
        memcpy(text + end, n->select.field.ptr, (size_t)n->select.field.len);
        text[--end] = '.';
    }
    memcpy(text, root->ident.name.ptr, (size_t)root->ident.name.len);
    return (str){ text, len };
}

void become_name(struct ast *node, const struct found_name *found)
{
    if (found->null_value) {
        node->kind = A_CONST;
        node->constant = v_int(0);
        node->type = &cel_t_int;
        return;
    }
    node->kind = A_IDENT;
    memset(&node->ident, 0, sizeof node->ident);
    node->ident.name = found->name;
    node->ident.root = -1;
    if (found->local != NULL) {
        node->ident.is_local = true;
        node->type = found->local->type;
    } else if (found->decl != NULL) {
        node->ident.root = found->decl->root;
        node->type = found->decl->type;
        node->ident.message = node->type->kind == T_MESSAGE ? node->type->message : NULL;
    } else {
        node->ident.is_type = true;
    }
}

/* ---- faults ---- */

typedef VEC(str) words;

static void suggest(struct checker *c, struct cel_issue *issue, str word, const words *candidates)
{
    str near = diag_nearest(c->arena, word, candidates->ptr, candidates->len);
    if (near.len > 0) {
        issue->help = str_printf(c->arena, "did you mean `%.*s`?", STR_ARG(near));
    }
}

static struct cel_issue *undeclared(struct checker *c, const struct ast *node, str name,
                                    bool absolute)
{
    return cel_issue_node(c->issues, node, "undeclared reference to '%s%.*s' (in container '%.*s')",
                          absolute ? "." : "", STR_ARG(name), STR_ARG(c->env->container));
}

void undeclared_name(struct checker *c, const struct ast *node, str name, bool absolute)
{
    struct cel_issue *issue = undeclared(c, node, name, absolute);
    issue->better = str_printf(c->arena, "unknown name `%.*s`", STR_ARG(name));
    words known = { 0 };
    for (const struct local *local = c->locals; local != NULL; local = local->outer) {
        if (local->name.ptr[0] != '@') {
            *vec_push(c->arena, &known) = local->name;
        }
    }
    for (isize i = 0; i < c->env->decl_count; i++) {
        *vec_push(c->arena, &known) = c->env->decls[i].name;
    }
    suggest(c, issue, name, &known);
    if (cel_func_find(name) >= 0 && issue->help.len == 0) {
        issue->help =
            str_printf(c->arena, "`%.*s` is a function: call it with parentheses", STR_ARG(name));
    }
}

void undeclared_func(struct checker *c, const struct ast *node, str name, bool absolute)
{
    struct cel_issue *issue = undeclared(c, node, name, absolute);
    issue->better = str_printf(c->arena, "unknown function `%.*s`", STR_ARG(name));
    if (node->word != node->at) {
        issue->start = node->word;
        issue->end = node->word + (uint32_t)name.len;
    }
    words known = { 0 };
    for (int row = 0; row < cel_func_count; row++) {
        if ((cel_funcs[row].flags & CF_OPERATOR) == 0 && cel_funcs[row].name[0] != '@') {
            *vec_push(c->arena, &known) = str_from_c(cel_funcs[row].name);
        }
    }
    suggest(c, issue, name, &known);
}

void undefined_field(struct checker *c, const struct ast *node, uint32_t word,
                     const struct cel_message *message, str field)
{
    struct cel_issue *issue =
        cel_issue_node(c->issues, node, "undefined field '%.*s'", STR_ARG(field));
    issue->start = word;
    issue->end = word + (uint32_t)field.len;
    issue->better =
        str_printf(c->arena, "`%.*s` has no field `%.*s`", STR_ARG(message->name), STR_ARG(field));
    words known = { 0 };
    for (int32_t i = 0; i < message->field_count; i++) {
        *vec_push(c->arena, &known) = message->fields[i].name;
    }
    suggest(c, issue, field, &known);
}
