/* ast.c — walking and showing expression trees, lists of their faults
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/ast.h"

/* ---- faults ---- */

static struct cel_issue *issue_add(struct cel_issues *issues, uint32_t start, uint32_t end,
                                   const char *format, va_list args)
{
    struct sb sb = sb_new(issues->arena);
    sb_vprintf(&sb, format, args);
    bool full = issues->list.len >= CEL_ISSUES_MAX;
    issues->dropped += full;
    struct cel_issue *issue =
        full ? new (issues->arena, struct cel_issue, 1) : vec_push(issues->arena, &issues->list);
    *issue = (struct cel_issue){ 0 };
    issue->start = start;
    issue->end = end;
    issue->at = start;
    issue->text = sb_str(&sb);
    return issue;
}

struct cel_issue *cel_issue_add(struct cel_issues *issues, uint32_t start, uint32_t end,
                                const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct cel_issue *issue = issue_add(issues, start, end, format, args);
    va_end(args);
    return issue;
}

struct cel_issue *cel_issue_node(struct cel_issues *issues, const struct ast *node,
                                 const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct cel_issue *issue = issue_add(issues, node->start, node->end, format, args);
    va_end(args);
    issue->at = node->at;
    return issue;
}

void cel_issues_sort(struct cel_issues *issues, isize first)
{
    /* insertion: lists are short and mostly in order */
    struct cel_issue *list = issues->list.ptr;
    for (isize i = first + 1; i < issues->list.len; i++) {
        struct cel_issue issue = list[i];
        isize j = i;
        for (; j > first && list[j - 1].at > issue.at; j--) {
            list[j] = list[j - 1];
        }
        list[j] = issue;
    }
}

/* ---- walking ---- */

static void walk_all(struct ast **nodes, int32_t count, bool (*visit)(void *, struct ast *),
                     void *ctx)
{
    for (int32_t i = 0; i < count; i++) {
        ast_walk(nodes[i], visit, ctx);
    }
}

void ast_walk(struct ast *node, bool (*visit)(void *ctx, struct ast *node), void *ctx)
{
    if (node == NULL || !visit(ctx, node)) {
        return;
    }
    switch ((enum ast_kind)node->kind) {
    case A_CONST:
    case A_IDENT:
        break;
    case A_SELECT:
        ast_walk(node->select.operand, visit, ctx);
        break;
    case A_CALL:
        ast_walk(node->call.target, visit, ctx);
        walk_all(node->call.args, node->call.argc, visit, ctx);
        break;
    case A_LIST:
        walk_all(node->list.items, node->list.count, visit, ctx);
        break;
    case A_MAP:
        for (int32_t i = 0; i < node->map.count; i++) {
            ast_walk(node->map.keys[i], visit, ctx);
            ast_walk(node->map.vals[i], visit, ctx);
        }
        break;
    case A_STRUCT:
        walk_all(node->record.vals, node->record.count, visit, ctx);
        break;
    case A_LOOP:
        ast_walk(node->loop.range, visit, ctx);
        ast_walk(node->loop.filter, visit, ctx);
        ast_walk(node->loop.body, visit, ctx);
        break;
    case A_BIND:
        ast_walk(node->bind.init, visit, ctx);
        ast_walk(node->bind.body, visit, ctx);
        break;
    }
}

/* ---- text ---- */

static void put_nodes(struct sb *out, struct ast *const *nodes, const bool *optional, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        sb_add(out, optional != NULL && optional[i] ? S(" ?") : S(" "));
        ast_text(out, nodes[i]);
    }
}

static void put_call(struct sb *out, const struct ast *node)
{
    sb_printf(out, "(%s %s%.*s", node->call.target != NULL ? "member" : "call",
              node->absolute ? "." : "", STR_ARG(node->call.name));
    if (node->call.target != NULL) {
        sb_byte(out, ' ');
        ast_text(out, node->call.target);
    }
    put_nodes(out, node->call.args, NULL, node->call.argc);
    sb_byte(out, ')');
}

static void put_map(struct sb *out, const struct ast *node)
{
    sb_add(out, S("(map"));
    for (int32_t i = 0; i < node->map.count; i++) {
        sb_add(out, node->map.optional != NULL && node->map.optional[i] ? S(" (?") : S(" ("));
        ast_text(out, node->map.keys[i]);
        sb_byte(out, ' ');
        ast_text(out, node->map.vals[i]);
        sb_byte(out, ')');
    }
    sb_byte(out, ')');
}

static void put_record(struct sb *out, const struct ast *node)
{
    sb_printf(out, "(struct %s%.*s", node->absolute ? "." : "", STR_ARG(node->record.name));
    for (int32_t i = 0; i < node->record.count; i++) {
        bool optional = node->record.optional != NULL && node->record.optional[i];
        sb_printf(out, " (%s%.*s ", optional ? "?" : "", STR_ARG(node->record.fields[i]));
        ast_text(out, node->record.vals[i]);
        sb_byte(out, ')');
    }
    sb_byte(out, ')');
}

static void put_loop(struct sb *out, const struct ast *node)
{
    sb_printf(out, "(%.*s ", STR_ARG(node->loop.macro));
    ast_text(out, node->loop.range);
    sb_printf(out, " %.*s ", STR_ARG(node->loop.var));
    if (node->loop.var2.len > 0) {
        sb_printf(out, "%.*s ", STR_ARG(node->loop.var2));
    }
    if (node->loop.filter != NULL) {
        sb_add(out, S("if "));
        ast_text(out, node->loop.filter);
        sb_byte(out, ' ');
    }
    ast_text(out, node->loop.body);
    sb_byte(out, ')');
}

void ast_text(struct sb *out, const struct ast *node)
{
    switch ((enum ast_kind)node->kind) {
    case A_CONST:
        value_text(out, node->constant);
        break;
    case A_IDENT:
        sb_printf(out, "%s%.*s", node->absolute ? "." : "", STR_ARG(node->ident.name));
        break;
    case A_SELECT:
        sb_add(out, node->test_only ? S("(has ") : node->optional ? S("(select? ") : S("(select "));
        ast_text(out, node->select.operand);
        sb_printf(out, " %.*s)", STR_ARG(node->select.field));
        break;
    case A_CALL:
        put_call(out, node);
        break;
    case A_LIST:
        sb_add(out, S("(list"));
        put_nodes(out, node->list.items, node->list.optional, node->list.count);
        sb_byte(out, ')');
        break;
    case A_MAP:
        put_map(out, node);
        break;
    case A_STRUCT:
        put_record(out, node);
        break;
    case A_LOOP:
        put_loop(out, node);
        break;
    case A_BIND:
        sb_printf(out, "(bind %.*s ", STR_ARG(node->bind.name));
        ast_text(out, node->bind.init);
        sb_byte(out, ' ');
        ast_text(out, node->bind.body);
        sb_byte(out, ')');
        break;
    }
}
