/* check_call.c — which overloads a call may mean
 *
 * Every row of the name in the call's style whose parameters accept the arguments is a candidate;
 * the types of all candidates together are the call's type, dyn when they differ. Which of them
 * runs is decided when values are there. Each row's type parameters become fresh variables for each
 * call.
 *
 * spec: cel#5
 * Neighbours: funcs.def holds the signatures · check_types.c says what is accepted
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/check_priv.h"

#define PARAMS_MAX 8 /* of one signature; the table's rows have fewer */

/* ---- signatures ---- */

static const struct signature *read_signature(struct checker *c, int row)
{
    if (c->signatures == NULL) {
        c->signatures = new (c->arena, struct signature *, cel_func_count);
    }
    if (c->signatures[row] != NULL) {
        return c->signatures[row];
    }
    str text = str_from_c(cel_funcs[row].signature);
    struct signature *sig = new (c->arena, struct signature, 1);
    sig->params = new (c->arena, const struct cel_type *, PARAMS_MAX);
    isize pos = 0;
    while (pos < text.len && text.ptr[pos] != '-' && sig->count < PARAMS_MAX) {
        sig->params[sig->count++] = cel_type_read(c->arena, text, &pos);
        while (pos < text.len && (text.ptr[pos] == ',' || text.ptr[pos] == ' ')) {
            pos++;
        }
    }
    pos += 3; /* "-> " */
    sig->result = cel_type_read(c->arena, text, &pos);
    c->signatures[row] = sig;
    return sig;
}

/* Type parameters of one use of a signature and the variables that stand for them. */
struct instance {
    str names[PARAMS_MAX];
    const struct cel_type *vars[PARAMS_MAX];
    int count;
};

static const struct cel_type *instantiate(struct checker *c, struct instance *in,
                                          const struct cel_type *type)
{
    if (!type->generic) {
        return type;
    }
    if (type->kind == T_PARAM) {
        for (int i = 0; i < in->count; i++) {
            if (str_eq(in->names[i], type->name)) {
                return in->vars[i];
            }
        }
        const struct cel_type *variable = type_variable(c);
        if (in->count < PARAMS_MAX) {
            in->names[in->count] = type->name;
            in->vars[in->count++] = variable;
        }
        return variable;
    }
    const struct cel_type *params[3] = { 0 };
    for (int i = 0; i < 3 && type->params[i] != NULL; i++) {
        params[i] = instantiate(c, in, type->params[i]);
    }
    return cel_type_with(c->arena, type, params);
}

/* ---- overloads ---- */

/* Adds one candidate to the call's type when its parameters accept the arguments. */
static void consider(struct checker *c, const struct signature *sig, const struct cel_type **types,
                     int count, const struct cel_type **result)
{
    if (sig->count != count || count > PARAMS_MAX) {
        return;
    }
    struct instance in = { 0 };
    const struct cel_type *params[PARAMS_MAX];
    for (int i = 0; i < count; i++) {
        params[i] = instantiate(c, &in, sig->params[i]);
    }
    if (!type_assign_all(c, types, params, count)) {
        return;
    }
    const struct cel_type *type = type_substitute(c, instantiate(c, &in, sig->result), false);
    if (*result == NULL) {
        *result = type;
    } else if ((*result)->kind != T_DYN && !cel_type_same(*result, type)) {
        *result = &cel_t_dyn;
    }
}

static void put_types(struct checker *c, struct sb *out, const struct cel_type *const *types,
                      int count)
{
    sb_byte(out, '(');
    for (int i = 0; i < count; i++) {
        if (i > 0) {
            sb_add(out, S(", "));
        }
        cel_type_text(out, type_substitute(c, types[i], true));
    }
    sb_byte(out, ')');
}

/* The sign of an operator's name, `+` of `_+_`; empty for other names. */
static str operator_sign(str name)
{
    if (str_eq(name, S("@in"))) {
        return S("in");
    }
    if (str_eq(name, S("_[_]")) || str_eq(name, S("_[?_]"))) {
        return S("[ ]");
    }
    if (str_eq(name, S("_?_:_"))) {
        return S("? :");
    }
    isize start = name.len > 0 && name.ptr[0] == '_';
    isize end = name.len > 0 && name.ptr[name.len - 1] == '_' ? name.len - 1 : -1;
    return end > start ? str_slice(name, start, end) : STR_EMPTY;
}

/* Signatures of the function in one style, for people. */
static str accepted(struct checker *c, const struct found_func *func, bool member)
{
    struct sb sb = sb_new(c->arena);
    int shown = 0;
    for (int row = func->row;
         row >= 0 && row < cel_func_count && str_eq(str_from_c(cel_funcs[row].name), func->name);
         row++) {
        if ((cel_funcs[row].flags & (member ? CF_MEMBER : CF_GLOBAL)) == 0) {
            continue;
        }
        if (++shown > 4) {
            sb_add(&sb, S(", …"));
            break;
        }
        const struct signature *sig = read_signature(c, row);
        sb_add(&sb, shown == 1 ? S("accepted: `") : S(", `"));
        if (member) {
            cel_type_text(&sb, sig->params[0]);
            sb_byte(&sb, '.');
        }
        sb_add(&sb, func->name);
        put_types(c, &sb, sig->params + member, sig->count - member);
        sb_byte(&sb, '`');
    }
    return sb_str(&sb);
}

static void explain(struct checker *c, struct cel_issue *issue, const struct found_func *func,
                    const struct cel_type **types, int count, bool member)
{
    struct sb sb = sb_new(c->arena);
    str sign = operator_sign(func->name);
    if (sign.len == 0) {
        sb_printf(&sb, "`%.*s` cannot be called ", STR_ARG(func->name));
        if (member) {
            sb_add(&sb, S("on "));
            cel_type_text(&sb, type_substitute(c, types[0], true));
            sb_byte(&sb, ' ');
        }
        sb_add(&sb, S("with "));
        put_types(c, &sb, types + member, count - member);
        issue->help = accepted(c, func, member);
        if (issue->help.len == 0 && func->row >= 0) {
            issue->help = member ? S("it is called without a receiver")
                                 : S("it is called on a receiver: `x.f()`");
        }
    } else {
        sb_printf(&sb, "operator `%.*s` does not work on ", STR_ARG(sign));
        put_types(c, &sb, types, count);
        bool numbers = count == 2;
        for (int i = 0; numbers && i < count; i++) {
            numbers =
                types[i]->kind == T_INT || types[i]->kind == T_UINT || types[i]->kind == T_DOUBLE;
        }
        if (numbers && types[0]->kind != types[1]->kind) {
            issue->help = S("convert one side with int(), uint() or double()");
        }
    }
    issue->better = sb_str(&sb);
}

static void no_overload(struct checker *c, const struct ast *node, const struct found_func *func,
                        const struct cel_type **types, int count, bool member)
{
    struct sb sb = sb_new(c->arena);
    for (int i = 0; i < count; i++) {
        types[i] = type_substitute(c, types[i], true);
    }
    if (member) {
        cel_type_text(&sb, types[0]);
        sb_byte(&sb, '.');
    }
    put_types(c, &sb, types + member, count - member);
    struct cel_issue *issue =
        cel_issue_node(c->issues, node, "found no matching overload for '%.*s' applied to '%.*s'",
                       STR_ARG(func->name), STR_ARG(sb_str(&sb)));
    explain(c, issue, func, types, count, member);
}

const struct cel_type *check_overloads(struct checker *c, const struct ast *node,
                                       const struct found_func *func, const struct cel_type **types,
                                       int count, bool member)
{
    const struct cel_type *result = NULL;
    for (int row = func->row;
         row >= 0 && row < cel_func_count && str_eq(str_from_c(cel_funcs[row].name), func->name);
         row++) {
        if ((cel_funcs[row].flags & (member ? CF_MEMBER : CF_GLOBAL)) != 0) {
            consider(c, read_signature(c, row), types, count, &result);
        }
    }
    for (isize i = 0; i < c->env->overload_count; i++) {
        const struct cel_overload *over = &c->env->overloads[i];
        if (str_eq(over->name, func->name) && over->member == member) {
            struct signature sig = { .params = (const struct cel_type **)over->params,
                                     .count = over->param_count,
                                     .result = over->result };
            consider(c, &sig, types, count, &result);
        }
    }
    if (result == NULL) {
        no_overload(c, node, func, types, count, member);
        return &cel_t_error;
    }
    return result;
}

/* ---- calls ---- */

/* && and ||: each operand is looked at by itself. */
static void check_logic(struct checker *c, struct ast *node)
{
    node->type = &cel_t_bool;
    for (int32_t i = 0; i < node->call.argc; i++) {
        check_node(c, node->call.args[i]);
    }
    for (int32_t i = 0; i < node->call.argc; i++) {
        if (!type_assign(c, node->call.args[i]->type, &cel_t_bool)) {
            type_mismatch(c, node->call.args[i], &cel_t_bool, node->call.args[i]->type);
            node->type = &cel_t_error;
        }
    }
    node->call.func = -1;
}

static void resolve(struct checker *c, struct ast *node, const struct found_func *func)
{
    bool member = node->call.target != NULL;
    int count = node->call.argc + member;
    const struct cel_type **types = new (c->arena, const struct cel_type *, count);
    if (member) {
        types[0] = node->call.target->type;
    }
    for (int32_t i = 0; i < node->call.argc; i++) {
        types[i + member] = node->call.args[i]->type;
    }
    node->call.name = func->name;
    bool is_operator = func->row >= 0 && (cel_funcs[func->row].flags & CF_OPERATOR) != 0;
    node->call.func = is_operator ? -1 : func->row >= 0 ? func->row : -2;
    node->type = check_overloads(c, node, func, types, count, member);
}

void check_call(struct checker *c, struct ast *node)
{
    str name = node->call.name;
    if (str_eq(name, S("_&&_")) || str_eq(name, S("_||_"))) {
        check_logic(c, node);
        return;
    }
    for (int32_t i = 0; i < node->call.argc; i++) {
        check_node(c, node->call.args[i]);
    }
    struct found_func func = { 0 };
    if (node->call.target == NULL) {
        if (!find_func(c, name, node->absolute, &func)) {
            undeclared_func(c, node, name, node->absolute);
            node->type = &cel_t_error;
            return;
        }
        resolve(c, node, &func);
        return;
    }

    bool absolute = false;
    str prefix = qualified_name(c, node->call.target, &absolute);
    if (prefix.len > 0) {
        str full = str_concat(c->arena, str_concat(c->arena, prefix, S(".")), name);
        if (find_func(c, full, absolute, &func)) {
            node->word = node->call.target->start;
            node->call.target = NULL;
            resolve(c, node, &func);
            return;
        }
    }
    check_node(c, node->call.target);
    if (!find_func(c, name, false, &func)) {
        undeclared_func(c, node, name, false);
        node->type = &cel_t_error;
        return;
    }
    resolve(c, node, &func);
}
