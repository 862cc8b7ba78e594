/* gen_call.c — checked trees → code: operators, functions, list and map literals
 *
 * Chains of && and || test after each operand whether the rest matters, and combine in between:
 *
 *     <a>  JFALSE end  <b>  AND  JFALSE end  <c>  AND  end:
 *
 * Literals that are constant have become constants before they get here; long ones that are not are
 * built in steps, so that their length is no matter of stack.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/gen_priv.h"
#include "cel/regex.h"

static const struct {
    str name;
    uint8_t op;
    uint8_t argc;
} operators[] = {
    { { "_+_", 3 }, OP_ADD, 2 },        { { "_-_", 3 }, OP_SUB, 2 },
    { { "_*_", 3 }, OP_MUL, 2 },        { { "_/_", 3 }, OP_DIV, 2 },
    { { "_%_", 3 }, OP_MOD, 2 },        { { "-_", 2 }, OP_NEG, 1 },
    { { "!_", 2 }, OP_NOT, 1 },         { { "_==_", 4 }, OP_EQ, 2 },
    { { "_!=_", 4 }, OP_NE, 2 },        { { "_<_", 3 }, OP_LT, 2 },
    { { "_<=_", 4 }, OP_LE, 2 },        { { "_>_", 3 }, OP_GT, 2 },
    { { "_>=_", 4 }, OP_GE, 2 },        { { "@in", 3 }, OP_IN, 2 },
    { { "_[_]", 4 }, OP_INDEX, 2 },     { { "_[?_]", 5 }, OP_INDEX_OPT, 2 },
    { { "_?._", 4 }, OP_INDEX_OPT, 2 },
};

/* ---- logic ---- */

static void gen_chain(struct gen *g, const struct ast *node, enum opcode jump, enum opcode combine)
{
    int32_t argc = node->call.argc;
    uint32_t *jumps = new(g->set->arena, uint32_t, argc);
    gen_node(g, node->call.args[0]);
    for (int32_t i = 1; i < argc && g->status == CARDEA_OK; i++) {
        jumps[i] = gen_op(g, node, jump, 0, 0);
        gen_node(g, node->call.args[i]);
        gen_op(g, node, combine, 2, 1);
    }
    for (int32_t i = 1; i < argc && g->status == CARDEA_OK; i++) {
        gen_land(g, jumps[i]);
    }
}

static void gen_ternary(struct gen *g, const struct ast *node)
{
    gen_node(g, node->call.args[0]);
    uint32_t cond = gen_op(g, node, OP_COND, 1, 0);
    gen_word(g, 0);
    gen_node(g, node->call.args[1]);
    uint32_t jump =
        gen_op(g, node, OP_JUMP, 1, 0); /* the other arm pushes the value of this one's place */
    gen_land(g, cond);
    gen_node(g, node->call.args[2]);
    if (g->status == CARDEA_OK) {
        gen_land(g, jump);
        gen_land_second(g, cond);
    }
}

/* opt.orValue(x), opt.or(x): x is evaluated only when opt has no value. */
static void gen_optional_else(struct gen *g, const struct ast *node, enum opcode op)
{
    gen_node(g, node->call.target);
    uint32_t jump = gen_op(g, node, op, 1, 0);
    gen_node(g, node->call.args[0]);
    if (g->status == CARDEA_OK) {
        gen_land(g, jump);
    }
}

/* ---- membership in a constant list of strings ---- */

static bool constant_set(struct gen *g, const struct ast *list, struct value *out)
{
    struct value v;
    const struct cel_field *field =
        list->kind == A_SELECT && !list->test_only ? ast_field(list) : NULL;
    if (field != NULL && field->constant.kind != V_NONE) {
        v = field->constant;
    } else if (!ast_constant(g->set->arena, list, &v)) {
        return false;
    }
    if (v.kind != V_LIST || v.len == 0) {
        return false;
    }
    struct vmap *set = vmap_new(g->set->arena, (isize)v.len);
    for (uint32_t i = 0; i < v.len; i++) {
        if (v.items[i].kind != V_STRING) {
            return false;
        }
        struct value key = v.items[i];
        key.flags = 0;
        vmap_put(g->set->arena, set, key, v_bool(true));
    }
    *out = v_map(set);
    return true;
}

static bool try_set(struct gen *g, const struct ast *node)
{
    struct value set;
    if (!constant_set(g, node->call.args[1], &set)) {
        return false;
    }
    gen_node(g, node->call.args[0]);
    gen_op(g, node, WORD_IMM(OP_INSET, codeset_konst(g->set, set)), 1, 1);
    return true;
}

/* ---- functions ---- */

/* The row of the name for the style of the call; rows of one name share the implementation. */
static int row_for(int first, bool member)
{
    uint16_t want = member ? CF_MEMBER : CF_GLOBAL;
    str name = str_from_c(cel_funcs[first].name);
    for (int row = first; row < cel_func_count && str_eq(str_from_c(cel_funcs[row].name), name);
         row++) {
        if ((cel_funcs[row].flags & want) != 0) {
            return row;
        }
    }
    return first;
}

static void gen_unknown_function(struct gen *g, const struct ast *node, const char *why)
{
    str text = str_printf(g->set->arena, "%s: %.*s", why, STR_ARG(node->call.name));
    gen_op(g, node, WORD_IMM(OP_FAIL, codeset_konst(g->set, v_string(text))), 0, 1);
}

static void gen_match(struct gen *g, const struct ast *node, const struct ast *subject,
                      const struct ast *pattern)
{
    uint32_t konst = codeset_konst(g->set, pattern->constant);
    gen_node(g, subject);
    gen_op(g, node, WORD_IMM(OP_MATCH, codeset_pattern(g->set, konst)), 1, 1);
}

/* A literal that can be compiled at load; others fail when they are used, as in the reference. */
static bool good_pattern(struct gen *g, const struct ast *pattern)
{
    str why = STR_EMPTY;
    return pattern->kind == A_CONST && pattern->constant.kind == V_STRING &&
           cel_regex_valid(g->set->arena, v_str(pattern->constant), &why);
}

static const struct ast *argument(const struct ast *node, int32_t i)
{
    if (node->call.target == NULL) {
        return node->call.args[i];
    }
    return i == 0 ? node->call.target : node->call.args[i - 1];
}

static void gen_function(struct gen *g, const struct ast *node)
{
    bool member = node->call.target != NULL;
    int32_t argc = node->call.argc + (member ? 1 : 0);
    int first = node->call.func == -1 ? cel_func_find(node->call.name) : node->call.func;
    if (first < 0) {
        gen_unknown_function(g, node, "unbound function");
        return;
    }
    int row = row_for(first, member);
    if (!func_takes(row, argc)) {
        gen_unknown_function(g, node, "no such overload");
        return;
    }
    if (argc == 1 && str_eq(node->call.name, S("dyn"))) {
        gen_node(g, argument(node, 0));
        return;
    }
    if ((cel_funcs[row].flags & CF_PATTERN) != 0 && good_pattern(g, argument(node, 1))) {
        const struct ast *pattern = argument(node, 1);
        if (str_eq(node->call.name, S("matches"))) {
            gen_match(g, node, argument(node, 0), pattern);
            return;
        }
        (void)codeset_pattern(g->set, codeset_konst(g->set, pattern->constant)); /* fn_regex.c finds it */
    }
    for (int32_t i = 0; i < argc; i++) {
        gen_node(g, argument(node, i));
    }
    g->flags |= (cel_funcs[row].flags & CF_TIME) != 0 ? CX_NOW : 0;
    gen_op(g, node, WORD(OP_CALL, argc, row), (uint32_t)argc, 1);
}

void gen_call(struct gen *g, const struct ast *node)
{
    str name = node->call.name;
    int32_t argc = node->call.argc;
    if (node->call.target != NULL) {
        if (argc == 1 && str_eq(name, S("orValue"))) {
            gen_optional_else(g, node, OP_OPT_VALUE);
        } else if (argc == 1 && str_eq(name, S("or"))) {
            gen_optional_else(g, node, OP_OPT_OR);
        } else {
            gen_function(g, node);
        }
        return;
    }
    if (argc >= 2 && str_eq(name, S("_&&_"))) {
        gen_chain(g, node, OP_JFALSE, OP_AND);
        return;
    }
    if (argc >= 2 && str_eq(name, S("_||_"))) {
        gen_chain(g, node, OP_JTRUE, OP_OR);
        return;
    }
    if (argc == 3 && str_eq(name, S("_?_:_"))) {
        gen_ternary(g, node);
        return;
    }
    for (isize i = 0; i < countof(operators); i++) {
        if (operators[i].argc == argc && str_eq(operators[i].name, name)) {
            if (operators[i].op == OP_IN && try_set(g, node)) {
                return;
            }
            for (int32_t k = 0; k < argc; k++) {
                gen_node(g, node->call.args[k]);
            }
            gen_op(g, node, operators[i].op, (uint32_t)argc, 1);
            return;
        }
    }
    gen_function(g, node);
}

/* ---- literals ---- */

void gen_list(struct gen *g, const struct ast *node)
{
    uint32_t count = (uint32_t)node->list.count;
    if (count <= CEL_LITERAL_PUSH && node->list.optional == NULL) {
        for (uint32_t i = 0; i < count; i++) {
            gen_node(g, node->list.items[i]);
        }
        gen_op(g, node, WORD_IMM(OP_LIST, count), count, 1);
        return;
    }
    gen_op(g, node, WORD_IMM(OP_LIST_NEW, count), 0, 1);
    uint32_t waiting = 0;
    for (uint32_t i = 0; i < count; i++) {
        bool optional = node->list.optional != NULL && node->list.optional[i];
        if (waiting > 0 && (optional || waiting == CEL_LITERAL_PUSH)) {
            gen_op(g, node, WORD_IMM(OP_LIST_ADD, waiting), waiting, 0);
            waiting = 0;
        }
        gen_node(g, node->list.items[i]);
        if (optional) {
            gen_op(g, node, OP_LIST_OPT, 1, 0);
        } else {
            waiting++;
        }
    }
    if (waiting > 0) {
        gen_op(g, node, WORD_IMM(OP_LIST_ADD, waiting), waiting, 0);
    }
    gen_op(g, node, OP_LIST_END, 1, 1);
}

void gen_map(struct gen *g, const struct ast *node)
{
    uint32_t count = (uint32_t)node->map.count;
    bool steps = count > CEL_LITERAL_PUSH || node->map.optional != NULL;
    if (steps) {
        gen_op(g, node, WORD_IMM(OP_MAP_NEW, count), 0, 1);
    }
    for (uint32_t i = 0; i < count; i++) {
        gen_node(g, node->map.keys[i]);
        gen_node(g, node->map.vals[i]);
        if (steps && node->map.optional != NULL && node->map.optional[i]) {
            gen_op(g, node, OP_MAP_OPT, 2, 0);
        } else if (steps) {
            gen_op(g, node, WORD_IMM(OP_MAP_ADD, 1), 2, 0);
        }
    }
    if (steps) {
        gen_op(g, node, OP_MAP_END, 1, 1);
    } else {
        gen_op(g, node, WORD_IMM(OP_MAP, count), 2 * count, 1);
    }
}
