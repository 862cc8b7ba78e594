/* parse.c — tokens → tree
 *
 * Recursive descent along the grammar, precedence climbing for relations and sums. Macros are
 * expanded where their call ends. The first syntax error ends parsing; faults that leave the
 * structure intact (numbers out of range, reserved words, macro arguments) are collected.
 *
 * Limits are the reference's, so that a policy is accepted by both or by none: it bounds how deep
 * each of its grammar's rules nests (a right operand of `+` opens a rule, a chain of `+` does not),
 * and how long a chain of operators, selections and calls the tree holds. They also bound the
 * recursion here.
 *
 * spec: cel#2
 * Neighbours: lex.c cuts the tokens · parse_primary.c reads operands · macro.c expands
 * macros · check.c resolves names
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/parse.h"

#include "base/utf8.h"

#define DEPTH_MAX       250 /* of each rule, and of chains */
#define CODE_POINTS_MAX 100000

static struct ast *parse_calc(struct parser *p, int min_level);

/* ---- syntax errors ---- */

str parse_habit_help(str word)
{
    static const struct {
        str word, help;
    } habits[] = {
        { S("and"), S("the logical operator is written `&&`") },
        { S("or"), S("the logical operator is written `||`") },
        { S("not"), S("negation is written `!`") },
        { S("if"), S("a conditional is written `condition ? value : value`") },
        { S("then"), S("a conditional is written `condition ? value : value`") },
        { S("else"), S("a conditional is written `condition ? value : value`") },
    };
    for (isize i = 0; i < countof(habits); i++) {
        if (str_eq_nocase(word, habits[i].word)) {
            return habits[i].help;
        }
    }
    return STR_EMPTY;
}

/* Can the token begin an operand? */
static bool begins_operand(enum tok_kind kind)
{
    switch (kind) {
    case TOK_LBRACKET:
    case TOK_LBRACE:
    case TOK_LPAREN:
    case TOK_DOT:
    case TOK_MINUS:
    case TOK_NOT:
    case TOK_TRUE:
    case TOK_FALSE:
    case TOK_NULL:
    case TOK_DOUBLE:
    case TOK_INT:
    case TOK_UINT:
    case TOK_STRING:
    case TOK_BYTES:
    case TOK_IDENT:
        return true;
    default:
        return false;
    }
}

/* Would the text go on well without the present token? Then the reference calls it extraneous. */
static bool is_extraneous(const struct parser *p, const char *set)
{
    static const struct {
        const char *set;
        enum tok_kind kind;
    } closing[] = {
        { "<EOF>", TOK_END },  { "')'", TOK_RPAREN },          { "']'", TOK_RBRACKET },
        { "'}'", TOK_RBRACE }, { "{']', ','}", TOK_RBRACKET }, { "{'}', ','}", TOK_RBRACE },
        { "':'", TOK_COLON },
    };
    if (peek_kind(p) == TOK_END) {
        return false;
    }
    enum tok_kind next = (enum tok_kind)peek(p)[1].kind; /* the end is a token of its own */
    for (isize i = 0; i < countof(closing); i++) {
        if (strcmp(set, closing[i].set) == 0) {
            return next == closing[i].kind;
        }
    }
    return strcmp(set, OPERAND_SET) == 0 && begins_operand(next);
}

void parse_fault(struct parser *p, const char *set, const char *wanted, str help)
{
    if (p->failed) {
        return;
    }
    p->failed = true;
    const struct tok *tok = peek(p);
    bool end = tok->kind == TOK_END;
    str seen = end ? S("<EOF>") : tok_text(p, tok);
    struct cel_issue *issue =
        cel_issue_add(p->issues, tok->start, tok->end, "Syntax error: %s input '%.*s' expecting %s",
                      is_extraneous(p, set) ? "extraneous" : "mismatched", STR_ARG(seen), set);
    issue->syntax = true;
    issue->follows = p->lex_failed;
    issue->better =
        end ? str_printf(p->arena, "the expression ends where %s is expected", wanted)
            : str_printf(p->arena, "found `%.*s` where %s is expected", STR_ARG(seen), wanted);
    issue->help = help.len > 0 ? help : end ? STR_EMPTY : parse_habit_help(seen);
}

void parse_expect(struct parser *p, enum tok_kind kind, const char *set, const char *wanted)
{
    if (!accept(p, kind)) {
        parse_fault(p, set, wanted, STR_EMPTY);
    }
}

/* Opens one level of a rule; false when that is too deep. */
static bool enter(struct parser *p, int *depth)
{
    if (++*depth <= DEPTH_MAX) {
        return true;
    }
    if (!p->failed) {
        p->failed = true;
        cel_issue_add(p->issues, peek(p)->start, peek(p)->end,
                      "expression recursion limit exceeded: %d", DEPTH_MAX)
            ->at = 0;
    }
    return false;
}

/* ---- nodes ---- */

struct ast *cel_node(struct parser *p, enum ast_kind kind, uint32_t start, uint32_t end,
                     uint32_t at)
{
    struct ast *node = new(p->arena, struct ast, 1);
    node->kind = (uint8_t)kind;
    node->start = start;
    node->end = end;
    node->at = at;
    node->word = at;
    node->id = ++p->nodes;
    return node;
}

struct ast *parse_missing(struct parser *p)
{
    p->height = 0;
    return cel_node(p, A_CONST, peek(p)->start, peek(p)->start, peek(p)->start);
}

struct ast *parse_call(struct parser *p, str name, uint32_t start, uint32_t at, struct ast *target,
                       nodes args)
{
    struct ast *node = cel_node(p, A_CALL, start, last_end(p), at);
    node->call.name = name;
    node->call.target = target;
    node->call.args = args.ptr;
    node->call.argc = (int32_t)args.len;
    node->call.func = -1;
    return node;
}

static struct ast *operation(struct parser *p, str name, uint32_t start, uint32_t at, struct ast *a,
                             struct ast *b)
{
    nodes args = { 0 };
    *vec_push(p->arena, &args) = a;
    if (b != NULL) {
        *vec_push(p->arena, &args) = b;
    }
    return parse_call(p, name, start, at, NULL, args);
}

/* ---- member, unary ---- */

/* `.name`, `.?name`, `.name(args)` behind the operand. */
static struct ast *parse_dot(struct parser *p, struct ast *operand, uint32_t start)
{
    uint32_t at = advance(p)->start;
    bool optional = accept(p, TOK_QUESTION);
    bool word_follows = peek_kind(p) == TOK_IDENT;
    int height = p->height;
    uint32_t word = 0;
    str name = parse_field_name(p, &word);
    if (word_follows && !optional && peek_kind(p) == TOK_LPAREN) {
        uint32_t paren = advance(p)->start;
        nodes args = parse_args(p);
        p->height = parse_max(height, p->height) + 1;
        struct ast *node = parse_call(p, name, start, paren, operand, args);
        node->word = word;
        return p->failed ? node : cel_expand_macro(p, node);
    }
    struct ast *node = cel_node(p, A_SELECT, start, last_end(p), at);
    node->word = word;
    node->optional = optional;
    node->select.operand = operand;
    node->select.field = name;
    p->height = height + 1;
    return node;
}

/* `[i]`, `[?i]` behind the operand. */
static struct ast *parse_index(struct parser *p, struct ast *operand, uint32_t start)
{
    uint32_t at = advance(p)->start;
    bool optional = accept(p, TOK_QUESTION);
    int height = p->height;
    struct ast *index = parse_expr(p);
    parse_expect(p, TOK_RBRACKET, "']'", "the closing `]`");
    p->height = parse_max(height, p->height) + 1;
    return operation(p, optional ? S("_[?_]") : S("_[_]"), start, at, operand, index);
}

/* A primary with the selections, indexes and calls behind it. */
static struct ast *parse_member(struct parser *p)
{
    uint32_t start = peek(p)->start;
    struct ast *node = parse_primary(p);
    for (;;) {
        if (p->failed) {
            return node;
        }
        if (peek_kind(p) == TOK_DOT) {
            node = parse_dot(p, node, start);
        } else if (peek_kind(p) == TOK_LBRACKET) {
            node = parse_index(p, node, start);
        } else {
            return node;
        }
    }
}

static struct ast *parse_unary(struct parser *p)
{
    enum tok_kind sign = peek_kind(p);
    uint32_t start = peek(p)->start;
    if (sign != TOK_NOT && sign != TOK_MINUS) {
        return parse_member(p);
    }
    enum tok_kind second = peek_second(p);
    if (sign == TOK_MINUS && (second == TOK_INT || second == TOK_DOUBLE)) {
        return parse_member(p); /* the sign is part of the literal */
    }
    bool odd = false;
    while (accept(p, sign)) {
        odd = !odd;
    }
    struct ast *operand = parse_member(p);
    if (!odd) {
        return operand;
    }
    return operation(p, sign == TOK_NOT ? S("!_") : S("-_"), start, start, operand, NULL);
}

/* ---- binary operators ---- */

static struct binary {
    str name;  /* empty: not an operator of this kind */
    int level; /* higher binds tighter                */
} calc_operator(enum tok_kind kind)
{
    switch (kind) {
    case TOK_PLUS:
        return (struct binary){ S("_+_"), 1 };
    case TOK_MINUS:
        return (struct binary){ S("_-_"), 1 };
    case TOK_STAR:
        return (struct binary){ S("_*_"), 2 };
    case TOK_SLASH:
        return (struct binary){ S("_/_"), 2 };
    case TOK_PERCENT:
        return (struct binary){ S("_%_"), 2 };
    default:
        return (struct binary){ STR_EMPTY, 0 };
    }
}

static str relation_operator(enum tok_kind kind)
{
    switch (kind) {
    case TOK_LT:
        return S("_<_");
    case TOK_LE:
        return S("_<=_");
    case TOK_GT:
        return S("_>_");
    case TOK_GE:
        return S("_>=_");
    case TOK_EQ:
        return S("_==_");
    case TOK_NE:
        return S("_!=_");
    case TOK_IN:
        return S("@in");
    default:
        return STR_EMPTY;
    }
}

/* Sums and products whose operators bind at least as tightly as min_level. */
static struct ast *parse_calc(struct parser *p, int min_level)
{
    uint32_t start = peek(p)->start;
    if (!enter(p, &p->calc_depth)) {
        return parse_missing(p);
    }
    struct ast *left = parse_unary(p);
    while (!p->failed) {
        struct binary op = calc_operator(peek_kind(p));
        if (op.level == 0 || op.level < min_level) {
            break;
        }
        uint32_t at = advance(p)->start;
        int height = p->height;
        struct ast *right = parse_calc(p, op.level + 1);
        p->height = parse_max(height, p->height) + 1;
        left = operation(p, op.name, start, at, left, right);
    }
    p->calc_depth--;
    return left;
}

/* The right side of a relation: the rule once more, without operators of its own. */
static struct ast *parse_relation_side(struct parser *p)
{
    if (!enter(p, &p->relation_depth)) {
        return parse_missing(p);
    }
    struct ast *node = parse_calc(p, 1);
    p->relation_depth--;
    return node;
}

static struct ast *parse_relation(struct parser *p)
{
    uint32_t start = peek(p)->start;
    if (!enter(p, &p->relation_depth)) {
        return parse_missing(p);
    }
    struct ast *left = parse_calc(p, 1);
    while (!p->failed) {
        str name = relation_operator(peek_kind(p));
        if (name.len == 0) {
            break;
        }
        uint32_t at = advance(p)->start;
        int height = p->height;
        struct ast *right = parse_relation_side(p);
        p->height = parse_max(height, p->height) + 1;
        left = operation(p, name, start, at, left, right);
    }
    p->relation_depth--;
    return left;
}

/* A chain of && or ||: one call with all operands. */
static struct ast *parse_chain(struct parser *p, enum tok_kind op, str name,
                               struct ast *(*operand)(struct parser *p))
{
    uint32_t start = peek(p)->start;
    struct ast *first = operand(p);
    if (p->failed || peek_kind(p) != op) {
        return first;
    }
    uint32_t at = peek(p)->start;
    int height = p->height;
    nodes args = { 0 };
    *vec_push(p->arena, &args) = first;
    while (accept(p, op)) {
        *vec_push(p->arena, &args) = operand(p);
        height = parse_max(height, p->height);
    }
    p->height = height;
    return parse_call(p, name, start, at, NULL, args);
}

static struct ast *parse_and(struct parser *p)
{
    return parse_chain(p, TOK_AND, S("_&&_"), parse_relation);
}

static struct ast *parse_or(struct parser *p)
{
    return parse_chain(p, TOK_OR, S("_||_"), parse_and);
}

struct ast *parse_expr(struct parser *p)
{
    uint32_t start = peek(p)->start;
    if (p->failed || !enter(p, &p->expr_depth)) {
        return parse_missing(p);
    }
    struct ast *condition = parse_or(p);
    if (p->failed || peek_kind(p) != TOK_QUESTION) {
        p->expr_depth--;
        return condition;
    }
    uint32_t at = advance(p)->start;
    int height = p->height;
    struct ast *yes = parse_or(p);
    height = parse_max(height, p->height);
    if (!accept(p, TOK_COLON)) {
        parse_fault(p, "':'", "`:` and the second value of the conditional",
                    peek_kind(p) == TOK_QUESTION ? S("put the inner conditional in parentheses")
                                                 : STR_EMPTY);
    }
    struct ast *no = parse_expr(p);
    p->height = parse_max(height, p->height) + 1;
    nodes args = { 0 };
    *vec_push(p->arena, &args) = condition;
    *vec_push(p->arena, &args) = yes;
    *vec_push(p->arena, &args) = no;
    p->expr_depth--;
    return parse_call(p, S("_?_:_"), start, at, NULL, args);
}

/* ---- entry ---- */

/* Text that the rest may rely on: valid UTF-8 of bounded size. */
static bool check_text(str text, struct cel_issues *issues)
{
    isize invalid = text.len >= INT32_MAX ? INT32_MAX : utf8_invalid(text);
    if (invalid >= 0) {
        cel_issue_add(issues, (uint32_t)invalid, (uint32_t)invalid,
                      "expression is not valid UTF-8");
        return false;
    }
    isize count = utf8_count(text);
    if (count > CODE_POINTS_MAX) {
        cel_issue_add(issues, 0, 0,
                      "expression code point size exceeds limit: size: %lld, limit %d",
                      (long long)count, CODE_POINTS_MAX);
        return false;
    }
    return true;
}

struct ast *cel_parse(struct arena *arena, str text, unsigned flags, struct cel_issues *issues)
{
    isize kept = issues->list.len;
    isize before = kept + issues->dropped;
    if (!check_text(text, issues)) {
        return NULL;
    }
    struct toks toks = { 0 };
    cel_lex(arena, text, &toks, issues);
    struct parser p = { .arena = arena,
                        .text = text,
                        .flags = flags,
                        .toks = toks.list.ptr,
                        .issues = issues,
                        .lex_failed = issues->list.len + issues->dropped > before };
    struct ast *root = parse_expr(&p);
    if (!p.failed && peek_kind(&p) != TOK_END) {
        parse_fault(&p, "<EOF>", "an operator or the end", STR_EMPTY);
    }
    if (!p.failed && p.height > DEPTH_MAX) {
        cel_issue_add(issues, root->start, root->end, "max recursion depth exceeded");
    }
    cel_issues_sort(issues, kept);
    return !p.failed && issues->list.len + issues->dropped == before ? root : NULL;
}
