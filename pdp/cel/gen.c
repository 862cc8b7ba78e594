/* gen.c — checked trees → code: names, selections, paths
 *
 * One recursion over the tree; each node leaves one value on the stack. Selections with constant
 * names that begin at a root value become one PATH, shared by all expressions of the codeset.
 * Nothing here decides what an operator means: that is ops.c, select.c and loops.c.
 *
 * Invariants
 *   g->depth is the number of operands when control reaches the next word
 *   code is structured: every jump that is opened is landed before the node is left
 *
 * Neighbours: gen_call.c operators, functions, literals · gen_loop.c macros · codeset.c tables ·
 * verify.c proves it all
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/gen_priv.h"

/* ---- emitting ---- */

void gen_fail(struct gen *g, cardea_status status, const struct ast *node, const char *format, ...)
{
    if (g->status != CARDEA_OK) {
        return;
    }
    g->status = status;
    if (g->issues != NULL) {
        struct sb text = sb_new(g->issues->arena);
        va_list args;
        va_start(args, format);
        sb_vprintf(&text, format, args);
        va_end(args);
        str s = sb_str(&text);
        cel_issue_add(g->issues, node->start, node->end, "%.*s", STR_ARG(s));
    }
}

uint32_t gen_word(struct gen *g, uint32_t word)
{
    *vec_push(g->set->arena, &g->set->words) = word;
    return (uint32_t)g->set->words.len - 1;
}

static void note_span(struct gen *g, const struct ast *node)
{
    struct codeset *set = g->set;
    uint32_t pc = (uint32_t)set->words.len;
    if (set->spans.len > 0) {
        const struct cel_pc_span *last = &set->spans.ptr[set->spans.len - 1];
        if (last->start == node->start && last->end == node->end && last->pc < pc &&
            last->pc >= set->exprs.ptr[set->exprs.len - 1].entry) {
            return;
        }
    }
    *vec_push(set->arena, &set->spans) =
        (struct cel_pc_span){ .pc = pc, .start = node->start, .end = node->end };
}

uint32_t gen_op(struct gen *g, const struct ast *node, uint32_t word, uint32_t pops,
                uint32_t pushes)
{
    note_span(g, node);
    g->depth = g->depth - pops + pushes;
    if (g->depth > g->max_depth) {
        g->max_depth = g->depth;
    }
    if (g->depth > CEL_STACK_MAX) {
        gen_fail(g, CARDEA_ELIMIT, node, "expression is too large");
    }
    return gen_word(g, word);
}

static uint32_t distance(struct gen *g, uint32_t from)
{
    return (uint32_t)g->set->words.len - from;
}

void gen_land(struct gen *g, uint32_t at)
{
    uint32_t *word = &g->set->words.ptr[at];
    uint32_t length = opcode_info[WORD_OP(*word)].words;
    *word = WORD_IMM(WORD_OP(*word), distance(g, at + length));
}

void gen_land_second(struct gen *g, uint32_t at)
{
    g->set->words.ptr[at + 1] = distance(g, at + 2);
}

void gen_konst(struct gen *g, const struct ast *node, struct value v)
{
    gen_op(g, node, WORD_IMM(OP_KONST, codeset_konst(g->set, v)), 0, 1);
}

/* ---- paths ---- */

#define PATH_KEYS 64 /* longer chains are cut: the rest are ordinary selections */

struct chain {
    int32_t root;
    uint32_t flags;
    isize count;
    uint32_t keys[PATH_KEYS];
};

static bool key_of_index(const struct ast *node, str *key)
{
    if (node->kind != A_CALL || node->call.argc != 2 || node->call.target != NULL ||
        !str_eq(node->call.name, S("_[_]"))) {
        return false;
    }
    const struct ast *arg = node->call.args[1];
    if (arg->kind != A_CONST || arg->constant.kind != V_STRING ||
        ast_message(node->call.args[0]) != NULL) {
        return false;
    }
    *key = v_str(arg->constant);
    return true;
}

static uint32_t runtime_flag(const struct cel_message *message)
{
    return message != NULL && message->runtime ? CX_RUNTIME : 0;
}

static bool chain_of(struct gen *g, const struct ast *node, struct chain *chain)
{
    str key = STR_EMPTY;
    const struct ast *operand = NULL;
    if (node->kind == A_IDENT) {
        if (node->ident.is_local || node->ident.is_type || node->ident.root < 0 ||
            node->ident.root > UINT16_MAX) {
            return false;
        }
        *chain =
            (struct chain){ .root = node->ident.root, .flags = runtime_flag(node->ident.message) };
        return true;
    }
    if (node->kind == A_SELECT && !node->test_only && !node->optional) {
        const struct cel_field *field = ast_field(node);
        if (field != NULL && field->root >= 0 && field->root <= UINT16_MAX) {
            *chain = (struct chain){ .root = field->root,
                                     .flags = runtime_flag(ast_message(node->select.operand)) };
            return true;
        }
        if (field != NULL && (field->var >= 0 || field->constant.kind != V_NONE)) {
            return false;
        }
        operand = node->select.operand;
        key = node->select.field;
    } else if (key_of_index(node, &key)) {
        operand = node->call.args[0];
    } else {
        return false;
    }
    if (!chain_of(g, operand, chain) || chain->count == PATH_KEYS) {
        return false;
    }
    chain->keys[chain->count++] = codeset_konst(g->set, v_string(key));
    return true;
}

static bool try_path(struct gen *g, const struct ast *node)
{
    struct chain chain;
    if (!chain_of(g, node, &chain)) {
        return false;
    }
    g->flags |= chain.flags;
    uint32_t path = codeset_path(g->set, (uint16_t)chain.root, chain.keys, chain.count);
    gen_op(g, node, WORD_IMM(OP_PATH, path), 0, 1);
    return true;
}

/* ---- names and selections ---- */

static void gen_var(struct gen *g, const struct ast *node, enum opcode op, int32_t var)
{
    struct codeset *set = g->set;
    if (var >= (int32_t)set->vars.len) {
        gen_fail(g, CARDEA_EINTERNAL, node, "variable is used before it is defined");
        return;
    }
    uint32_t expr = set->vars.ptr[var];
    uint32_t below = set->depths.ptr[expr] + 1;
    if (below > CEL_VAR_DEPTH) {
        gen_fail(g, CARDEA_ELIMIT, node, "more than %d variables depend on each other",
                 CEL_VAR_DEPTH);
        return;
    }
    g->var_depth = below > g->var_depth ? below : g->var_depth;
    uint32_t need = g->depth + set->exprs.ptr[expr].max_stack;
    g->max_depth = need > g->max_depth ? need : g->max_depth;
    g->flags |= CX_VARS | set->exprs.ptr[expr].flags;
    gen_op(g, node, WORD_IMM(op, var), 0, 1);
}

static void gen_ident(struct gen *g, const struct ast *node)
{
    if (node->ident.is_local) {
        for (isize i = g->locals.len - 1; i >= 0; i--) {
            if (str_eq(g->locals.ptr[i].name, node->ident.name)) {
                gen_op(g, node, WORD_IMM(OP_LOCAL, g->locals.ptr[i].slot), 0, 1);
                return;
            }
        }
        gen_fail(g, CARDEA_EINTERNAL, node, "local variable `%.*s` has no slot",
                 STR_ARG(node->ident.name));
        return;
    }
    if (node->ident.is_type) {
        gen_konst(g, node, v_type(node->ident.name));
        return;
    }
    if (!try_path(g, node)) { /* only trees that were not checked come here */
        str text =
            str_printf(g->set->arena, "no such attribute(s): %.*s", STR_ARG(node->ident.name));
        gen_op(g, node, WORD_IMM(OP_FAIL, codeset_konst(g->set, v_string(text))), 0, 1);
    }
}

static void gen_select(struct gen *g, const struct ast *node)
{
    const struct cel_field *field = ast_field(node);
    uint32_t name = codeset_konst(g->set, v_string(node->select.field));
    if (node->test_only) {
        if (field != NULL && field->var >= 0) {
            gen_var(g, node, OP_VAR_HAS, field->var);
            return;
        }
        if (field != NULL && field->constant.kind != V_NONE) {
            gen_konst(g, node, v_bool(true));
            return;
        }
        gen_node(g, node->select.operand);
        /* objects know their fields by one spelling */
        name = field != NULL ? codeset_konst(g->set, v_string(field->name)) : name;
        gen_op(g, node, WORD_IMM(OP_HAS, name), 1, 1);
        return;
    }
    if (!node->optional && field != NULL && field->var >= 0) {
        gen_var(g, node, OP_VAR, field->var);
        return;
    }
    if (!node->optional && field != NULL && field->constant.kind != V_NONE) {
        gen_konst(g, node, field->constant);
        return;
    }
    if (try_path(g, node)) {
        return;
    }
    gen_node(g, node->select.operand);
    gen_op(g, node, WORD_IMM(node->optional ? OP_SELECT_OPT : OP_SELECT, name), 1, 1);
}

void gen_node(struct gen *g, const struct ast *node)
{
    if (g->status != CARDEA_OK) {
        return;
    }
    struct value constant;
    switch ((enum ast_kind)node->kind) {
    case A_CONST:
        gen_konst(g, node, node->constant);
        break;
    case A_IDENT:
        gen_ident(g, node);
        break;
    case A_SELECT:
        gen_select(g, node);
        break;
    case A_CALL:
        if (!try_path(g, node)) {
            gen_call(g, node);
        }
        break;
    case A_LIST:
    case A_MAP:
        if (ast_constant(g->set->arena, node, &constant)) {
            gen_konst(g, node, constant);
        } else if (node->kind == A_LIST) {
            gen_list(g, node);
        } else {
            gen_map(g, node);
        }
        break;
    case A_STRUCT:
        gen_fail(g, CARDEA_EINVALID, node, "message literals are not supported");
        break;
    case A_LOOP:
        gen_loop(g, node);
        break;
    case A_BIND:
        gen_bind(g, node);
        break;
    }
}

/* ---- one expression ---- */

static void too_large(struct gen *g, const struct ast *root)
{
    const struct codeset *set = g->set;
    if (set->words.len > IMM_MAX || set->konsts.len > IMM_MAX || set->paths.len > IMM_MAX ||
        g->max_slots + g->max_depth > CEL_STACK_MAX) {
        gen_fail(g, CARDEA_ELIMIT, root, "expression is too large");
    }
}

cardea_status cel_gen(struct codeset *set, const struct ast *root, uint32_t *expr,
                      struct cel_issues *issues)
{
    struct gen g = { .set = set, .issues = issues };
    isize words = set->words.len;
    isize spans = set->spans.len;
    isize number = set->exprs.len;
    *vec_push(set->arena, &set->exprs) = (struct cel_expr){ .entry = (uint32_t)words };
    gen_node(&g, root);
    if (g.status == CARDEA_OK) {
        gen_op(&g, root, OP_RET, 1, 0);
        too_large(&g, root);
    }
    if (g.status != CARDEA_OK) {
        set->words.len = words;
        set->spans.len = spans;
        set->exprs.len = number;
        return g.status;
    }
    set->exprs.ptr[number].words = (uint32_t)(set->words.len - words);
    set->exprs.ptr[number].slots = (uint16_t)g.max_slots;
    set->exprs.ptr[number].max_stack = (uint16_t)(g.max_slots + g.max_depth);
    set->exprs.ptr[number].flags = g.flags;
    *vec_push(set->arena, &set->depths) = g.var_depth;
    *expr = (uint32_t)number;
    return CARDEA_OK;
}
