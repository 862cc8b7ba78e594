/* parse.c — tokens → tree
 *
 * Recursive descent along the grammar, precedence climbing for relations and sums. Macros are expanded
 * where their call ends. The first syntax error ends parsing; faults that leave the structure intact
 * (numbers out of range, reserved words, macro arguments) are collected.
 *
 * Limits are the reference's, so that a policy is accepted by both or by none: it bounds how deep each of
 * its grammar's rules nests (a right operand of `+` opens a rule, a chain of `+` does not), and how long
 * a chain of operators, selections and calls the tree holds. They also bound the recursion here.
 *
 * spec: cel#2
 * Neighbours: lex.c cuts the tokens · macro.c expands macros · check.c resolves names
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/parse.h"

#include "base/num.h"
#include "base/utf8.h"

#include <math.h>

#define DEPTH_MAX 250        /* of each rule, and of chains */
#define CODE_POINTS_MAX 100000

static struct ast *parse_expr(struct parser *p);
static struct ast *parse_or(struct parser *p);
static struct ast *parse_calc(struct parser *p, int min_level);

/* ---- tokens ---- */

static const struct tok *peek(const struct parser *p)
{
    return &p->toks[p->pos];
}

static enum tok_kind peek_kind(const struct parser *p)
{
    return (enum tok_kind)p->toks[p->pos].kind;
}

/* The token behind the next one; TOK_END is repeated. */
static enum tok_kind peek_second(const struct parser *p)
{
    return p->toks[p->pos].kind == TOK_END ? TOK_END : (enum tok_kind)p->toks[p->pos + 1].kind;
}

static const struct tok *advance(struct parser *p)
{
    const struct tok *tok = &p->toks[p->pos];
    if (tok->kind != TOK_END) {
        p->pos++;
    }
    return tok;
}

static bool accept(struct parser *p, enum tok_kind kind)
{
    if (p->failed || peek_kind(p) != kind) {
        return false;
    }
    (void)advance(p); /* its kind is all that matters */
    return true;
}

/* Where the text read so far ends. */
static uint32_t last_end(const struct parser *p)
{
    return p->pos > 0 ? p->toks[p->pos - 1].end : 0;
}

static str tok_text(const struct parser *p, const struct tok *tok)
{
    return str_slice(p->text, tok->start, tok->end);
}

/* ---- syntax errors ---- */

#define OPERAND_SET                                                                                \
    "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"

/* What people write who know another language. */
static str habit_help(str word)
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

/* Reports that the next token does not fit. `set` is what the reference's grammar expects, `wanted` the same
 * for people. Only the first is reported, and none that a lexical error explains. */
static void syntax_error(struct parser *p, const char *set, const char *wanted, str help)
{
    if (p->failed) {
        return;
    }
    p->failed = true;
    if (p->lex_failed) {
        return;
    }
    const struct tok *tok = peek(p);
    bool end = tok->kind == TOK_END;
    str seen = end ? S("<EOF>") : tok_text(p, tok);
    struct cel_issue *issue =
        cel_issue_add(p->issues, tok->start, tok->end,
                      "Syntax error: mismatched input '%.*s' expecting %s", STR_ARG(seen), set);
    issue->syntax = true;
    issue->better = end ? str_printf(p->arena, "the expression ends where %s is expected", wanted)
                        : str_printf(p->arena, "found `%.*s` where %s is expected", STR_ARG(seen), wanted);
    issue->help = help.len > 0 ? help : end ? STR_EMPTY : habit_help(seen);
}

static void expect(struct parser *p, enum tok_kind kind, const char *set, const char *wanted)
{
    if (!accept(p, kind)) {
        syntax_error(p, set, wanted, STR_EMPTY);
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

struct ast *cel_node(struct parser *p, enum ast_kind kind, uint32_t start, uint32_t end, uint32_t at)
{
    struct ast *node = new (p->arena, struct ast, 1);
    node->kind = (uint8_t)kind;
    node->start = start;
    node->end = end;
    node->at = at;
    node->word = at;
    node->id = ++p->nodes;
    return node;
}

/* Stands for something that could not be read; an issue has been reported. */
static struct ast *missing(struct parser *p)
{
    p->height = 0;
    return cel_node(p, A_CONST, peek(p)->start, peek(p)->start, peek(p)->start);
}

static struct ast *constant(struct parser *p, uint32_t start, struct value v)
{
    struct ast *node = cel_node(p, A_CONST, start, last_end(p), start);
    node->constant = v;
    p->height = 0;
    return node;
}

typedef VEC(struct ast *) nodes;

static struct ast *call(struct parser *p, str name, uint32_t start, uint32_t at, struct ast *target,
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
    return call(p, name, start, at, NULL, args);
}

static int max(int a, int b)
{
    return a > b ? a : b;
}

/* ---- literals ---- */

static void literal_issue(struct parser *p, uint32_t start, const char *text, str help)
{
    cel_issue_add(p->issues, start, last_end(p), "%s", text)->help = help;
}

/* Value of hexadecimal digits (without 0x); false above 64 bits. */
static bool hex_number(str digits, uint64_t *out)
{
    uint64_t n = 0;
    for (isize i = 0; i < digits.len; i++) {
        char c = digits.ptr[i];
        unsigned digit = (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
        if (n >> 60 != 0) {
            return false;
        }
        n = n << 4 | digit;
    }
    *out = n;
    return true;
}

static bool magnitude(str digits, uint64_t *out)
{
    if (str_starts(digits, S("0x"))) {
        return hex_number(str_slice(digits, 2, digits.len), out);
    }
    return num_parse_uint(digits, out);
}

static struct ast *int_literal(struct parser *p, uint32_t start, str digits, bool negative)
{
    uint64_t n = 0;
    uint64_t limit = negative ? (uint64_t)1 << 63 : INT64_MAX;
    if (!magnitude(digits, &n) || n > limit) {
        literal_issue(p, start, "invalid int literal",
                      S("int reaches from -9223372036854775808 to 9223372036854775807"));
        n = 0;
    }
    return constant(p, start, v_int((int64_t)(negative ? 0 - n : n)));
}

static struct ast *double_literal(struct parser *p, uint32_t start, str digits, bool negative)
{
    double d = 0;
    /* `.5` is a literal of the language but not of JSON, whose grammar the parser of numbers has */
    str text = digits.ptr[0] == '.' ? str_concat(p->arena, S("0"), digits) : digits;
    if (!num_parse_double(text, &d) || isinf(d)) {
        literal_issue(p, start, "invalid double literal", S("the number is beyond the range of double"));
        d = 0;
    }
    return constant(p, start, v_double(negative ? -d : d));
}

static struct ast *string_literal(struct parser *p, const struct tok *tok)
{
    bool is_bytes = tok->kind == TOK_BYTES;
    str body = STR_EMPTY;
    if (!tok->broken) {
        enum unquote_error error = cel_unquote(p->arena, tok_text(p, tok), is_bytes, &body);
        if (error == UNQUOTE_CODE_POINT) {
            literal_issue(p, tok->start, "invalid unicode code point",
                          S("surrogates and code points above U+10FFFF cannot be written"));
        } else if (error == UNQUOTE_ESCAPE) {
            literal_issue(p, tok->start, "unable to unescape string",
                          S("bytes know `\\x41` but neither `\\u0041` nor `\\U00000041`"));
        }
        body = error == UNQUOTE_OK ? body : STR_EMPTY;
    }
    return constant(p, tok->start, is_bytes ? v_bytes(body) : v_string(body));
}

/* A number; `start` is where its sign stands, when it has one. */
static struct ast *number_literal(struct parser *p, uint32_t start, bool negative)
{
    const struct tok *tok = advance(p);
    str digits = tok_text(p, tok);
    if (tok->kind == TOK_INT) {
        return int_literal(p, start, digits, negative);
    }
    if (tok->kind == TOK_DOUBLE) {
        return double_literal(p, start, digits, negative);
    }
    uint64_t n = 0;
    if (!magnitude(str_slice(digits, 0, digits.len - 1), &n)) {
        literal_issue(p, start, "invalid uint literal", S("uint reaches from 0u to 18446744073709551615u"));
    }
    return constant(p, start, v_uint(n));
}

/* ---- names, calls ---- */

static bool is_reserved(str word)
{
    static const char *const words[] = { "as",     "break",     "const",  "continue", "else", "for",
                                         "function", "if",      "import", "let",      "loop", "package",
                                         "namespace", "return", "var",    "void",     "while" };
    for (isize i = 0; i < countof(words); i++) {
        if (str_eq(word, str_from_c(words[i]))) {
            return true;
        }
    }
    return false;
}

/* Arguments up to the closing parenthesis, which is read too. */
static nodes parse_args(struct parser *p)
{
    nodes args = { 0 };
    int height = 0;
    if (!accept(p, TOK_RPAREN)) {
        do {
            *vec_push(p->arena, &args) = parse_expr(p);
            height = max(height, p->height);
        } while (accept(p, TOK_COMMA));
        expect(p, TOK_RPAREN, "')'", "`,` or the closing `)`");
    }
    p->height = height;
    return args;
}

/* A name that begins here is a message literal when `{` follows its dotted form. */
static bool is_record(const struct parser *p)
{
    isize i = p->pos + 1;
    while (p->toks[i].kind == TOK_DOT && p->toks[i + 1].kind == TOK_IDENT) {
        i += 2;
    }
    return p->toks[i].kind == TOK_LBRACE;
}

/* A field's name: a word or a name in back quotes. */
static str field_name(struct parser *p, uint32_t *word)
{
    *word = peek(p)->start;
    if (peek_kind(p) == TOK_IDENT) {
        return tok_text(p, advance(p));
    }
    if (peek_kind(p) == TOK_ESC_IDENT) {
        str quoted = tok_text(p, advance(p));
        return str_slice(quoted, 1, quoted.len - 1);
    }
    enum tok_kind kind = peek_kind(p);
    bool word_like = kind == TOK_TRUE || kind == TOK_FALSE || kind == TOK_NULL || kind == TOK_IN;
    syntax_error(p, "IDENTIFIER", "a field name",
                 word_like ? S("use an index, as in `[\"true\"]`, for names that are words of the language")
                           : STR_EMPTY);
    return STR_EMPTY;
}

static struct ast *parse_record(struct parser *p, uint32_t start, bool absolute)
{
    uint32_t name_start = peek(p)->start;
    while (peek_kind(p) != TOK_LBRACE) {
        (void)advance(p); /* is_record() has seen names and dots only */
    }
    uint32_t name_end = last_end(p);
    uint32_t at = advance(p)->start;
    VEC(str) fields = { 0 };
    VEC(uint32_t) words = { 0 };
    VEC(uint32_t) colons = { 0 };
    VEC(bool) optional = { 0 };
    nodes vals = { 0 };
    bool any = false;
    int height = 0;
    while (!p->failed && peek_kind(p) != TOK_RBRACE && peek_kind(p) != TOK_COMMA) {
        bool question = accept(p, TOK_QUESTION);
        any = any || question;
        *vec_push(p->arena, &optional) = question;
        uint32_t word = 0;
        *vec_push(p->arena, &fields) = field_name(p, &word);
        *vec_push(p->arena, &words) = word;
        *vec_push(p->arena, &colons) = peek(p)->start;
        expect(p, TOK_COLON, "':'", "`:` and the field's value");
        *vec_push(p->arena, &vals) = parse_expr(p);
        height = max(height, p->height);
        if (peek_kind(p) != TOK_COMMA || peek_second(p) == TOK_RBRACE) {
            break;
        }
        (void)advance(p); /* the comma */
    }
    (void)accept(p, TOK_COMMA); /* a trailing one is allowed */
    expect(p, TOK_RBRACE, "'}'", "`,` or the closing `}`");

    struct ast *node = cel_node(p, A_STRUCT, start, last_end(p), at);
    node->word = name_start;
    node->absolute = absolute;
    node->record.name = str_slice(p->text, name_start, name_end);
    if (str_find_byte(node->record.name, ' ') >= 0 || str_find_byte(node->record.name, '\n') >= 0) {
        struct sb sb = sb_new(p->arena);
        for (isize i = 0; i < node->record.name.len; i++) {
            char c = node->record.name.ptr[i];
            if (c != ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f') {
                sb_byte(&sb, c);
            }
        }
        node->record.name = sb_str(&sb);
    }
    node->record.fields = fields.ptr;
    node->record.vals = vals.ptr;
    node->record.words = words.ptr;
    node->record.colons = colons.ptr;
    node->record.count = (int32_t)vals.len;
    node->record.optional = any ? optional.ptr : NULL;
    p->height = height;
    return node;
}

/* `.`? NAME, `.`? NAME(args), `.`? NAME.NAME{…} */
static struct ast *parse_name(struct parser *p)
{
    uint32_t start = peek(p)->start;
    bool absolute = accept(p, TOK_DOT);
    if (peek_kind(p) != TOK_IDENT) {
        syntax_error(p, "IDENTIFIER", "a name", STR_EMPTY);
        return missing(p);
    }
    if (is_record(p)) {
        return parse_record(p, start, absolute);
    }
    const struct tok *tok = advance(p);
    str name = tok_text(p, tok);
    if (is_reserved(name)) {
        struct cel_issue *issue = cel_issue_add(p->issues, tok->start, tok->end,
                                                "reserved identifier: %.*s", STR_ARG(name));
        issue->at = start;
        issue->help = habit_help(name);
    }
    if (peek_kind(p) != TOK_LPAREN) {
        struct ast *node = cel_node(p, A_IDENT, start, tok->end, tok->start);
        node->absolute = absolute;
        node->ident.name = name;
        node->ident.root = -1;
        p->height = 0;
        return node;
    }
    uint32_t at = advance(p)->start;
    nodes args = parse_args(p);
    struct ast *node = call(p, name, start, at, NULL, args);
    node->absolute = absolute;
    node->word = tok->start;
    return p->failed ? node : cel_expand_macro(p, node);
}

/* ---- lists and maps ---- */

static struct ast *parse_list(struct parser *p)
{
    uint32_t start = advance(p)->start;
    nodes items = { 0 };
    VEC(bool) optional = { 0 };
    bool any = false;
    int height = 0;
    while (!p->failed && peek_kind(p) != TOK_RBRACKET && peek_kind(p) != TOK_COMMA) {
        bool question = accept(p, TOK_QUESTION);
        any = any || question;
        *vec_push(p->arena, &optional) = question;
        *vec_push(p->arena, &items) = parse_expr(p);
        height = max(height, p->height);
        if (peek_kind(p) != TOK_COMMA || peek_second(p) == TOK_RBRACKET) {
            break;
        }
        (void)advance(p); /* the comma */
    }
    (void)accept(p, TOK_COMMA); /* a trailing one is allowed, also alone */
    expect(p, TOK_RBRACKET, "{']', ','}", "`,` or the closing `]`");

    struct ast *node = cel_node(p, A_LIST, start, last_end(p), start);
    node->list.items = items.ptr;
    node->list.count = (int32_t)items.len;
    node->list.optional = any ? optional.ptr : NULL;
    p->height = height;
    return node;
}

static struct ast *parse_map(struct parser *p)
{
    uint32_t start = advance(p)->start;
    nodes keys = { 0 };
    nodes vals = { 0 };
    VEC(bool) optional = { 0 };
    bool any = false;
    int height = 0;
    while (!p->failed && peek_kind(p) != TOK_RBRACE && peek_kind(p) != TOK_COMMA) {
        bool question = accept(p, TOK_QUESTION);
        any = any || question;
        *vec_push(p->arena, &optional) = question;
        *vec_push(p->arena, &keys) = parse_expr(p);
        height = max(height, p->height);
        expect(p, TOK_COLON, "':'", "`:` and the entry's value");
        *vec_push(p->arena, &vals) = parse_expr(p);
        height = max(height, p->height);
        if (peek_kind(p) != TOK_COMMA || peek_second(p) == TOK_RBRACE) {
            break;
        }
        (void)advance(p); /* the comma */
    }
    (void)accept(p, TOK_COMMA); /* a trailing one is allowed, also alone */
    expect(p, TOK_RBRACE, "{'}', ','}", "`,` or the closing `}`");

    struct ast *node = cel_node(p, A_MAP, start, last_end(p), start);
    node->map.keys = keys.ptr;
    node->map.vals = vals.ptr;
    node->map.count = (int32_t)vals.len;
    node->map.optional = any ? optional.ptr : NULL;
    p->height = height;
    return node;
}

/* ---- member, unary ---- */

static struct ast *parse_primary(struct parser *p)
{
    const struct tok *tok = peek(p);
    if (p->failed) {
        return missing(p);
    }
    switch ((enum tok_kind)tok->kind) {
    case TOK_IDENT:
    case TOK_DOT:
        return parse_name(p);
    case TOK_INT:
    case TOK_UINT:
    case TOK_DOUBLE:
        return number_literal(p, tok->start, false);
    case TOK_MINUS:
        if (peek_second(p) != TOK_INT && peek_second(p) != TOK_DOUBLE) {
            break;
        }
        (void)advance(p); /* the sign */
        return number_literal(p, tok->start, true);
    case TOK_STRING:
    case TOK_BYTES:
        return string_literal(p, advance(p));
    case TOK_TRUE:
    case TOK_FALSE:
        (void)advance(p); /* a literal */
        return constant(p, tok->start, v_bool(tok->kind == TOK_TRUE));
    case TOK_NULL:
        (void)advance(p); /* a literal */
        return constant(p, tok->start, v_null());
    case TOK_LBRACKET:
        return parse_list(p);
    case TOK_LBRACE:
        return parse_map(p);
    case TOK_LPAREN: {
        (void)advance(p); /* the parenthesis */
        struct ast *node = parse_expr(p);
        expect(p, TOK_RPAREN, "')'", "the closing `)`");
        node->paren = true;
        return node;
    }
    default:
        break;
    }
    syntax_error(p, OPERAND_SET, "a value", STR_EMPTY);
    return missing(p);
}

/* `.name`, `.?name`, `.name(args)` behind the operand. */
static struct ast *parse_dot(struct parser *p, struct ast *operand, uint32_t start)
{
    uint32_t at = advance(p)->start;
    bool optional = accept(p, TOK_QUESTION);
    bool word_follows = peek_kind(p) == TOK_IDENT;
    int height = p->height;
    uint32_t word = 0;
    str name = field_name(p, &word);
    if (word_follows && !optional && peek_kind(p) == TOK_LPAREN) {
        uint32_t paren = advance(p)->start;
        nodes args = parse_args(p);
        p->height = max(height, p->height) + 1;
        struct ast *node = call(p, name, start, paren, operand, args);
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
    expect(p, TOK_RBRACKET, "']'", "the closing `]`");
    p->height = max(height, p->height) + 1;
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
        return missing(p);
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
        p->height = max(height, p->height) + 1;
        left = operation(p, op.name, start, at, left, right);
    }
    p->calc_depth--;
    return left;
}

/* The right side of a relation: the rule once more, without operators of its own. */
static struct ast *parse_relation_side(struct parser *p)
{
    if (!enter(p, &p->relation_depth)) {
        return missing(p);
    }
    struct ast *node = parse_calc(p, 1);
    p->relation_depth--;
    return node;
}

static struct ast *parse_relation(struct parser *p)
{
    uint32_t start = peek(p)->start;
    if (!enter(p, &p->relation_depth)) {
        return missing(p);
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
        p->height = max(height, p->height) + 1;
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
        height = max(height, p->height);
    }
    p->height = height;
    return call(p, name, start, at, NULL, args);
}

static struct ast *parse_and(struct parser *p)
{
    return parse_chain(p, TOK_AND, S("_&&_"), parse_relation);
}

static struct ast *parse_or(struct parser *p)
{
    return parse_chain(p, TOK_OR, S("_||_"), parse_and);
}

static struct ast *parse_expr(struct parser *p)
{
    uint32_t start = peek(p)->start;
    if (p->failed || !enter(p, &p->expr_depth)) {
        return missing(p);
    }
    struct ast *condition = parse_or(p);
    if (p->failed || peek_kind(p) != TOK_QUESTION) {
        p->expr_depth--;
        return condition;
    }
    uint32_t at = advance(p)->start;
    int height = p->height;
    struct ast *yes = parse_or(p);
    height = max(height, p->height);
    if (!accept(p, TOK_COLON)) {
        syntax_error(p, "':'", "`:` and the second value of the conditional",
                     peek_kind(p) == TOK_QUESTION ? S("put the inner conditional in parentheses")
                                                  : STR_EMPTY);
    }
    struct ast *no = parse_expr(p);
    p->height = max(height, p->height) + 1;
    nodes args = { 0 };
    *vec_push(p->arena, &args) = condition;
    *vec_push(p->arena, &args) = yes;
    *vec_push(p->arena, &args) = no;
    p->expr_depth--;
    return call(p, S("_?_:_"), start, at, NULL, args);
}

/* ---- entry ---- */

/* Text that the rest may rely on: valid UTF-8 of bounded size. */
static bool check_text(str text, struct cel_issues *issues)
{
    isize invalid = text.len >= INT32_MAX ? INT32_MAX : utf8_invalid(text);
    if (invalid >= 0) {
        cel_issue_add(issues, (uint32_t)invalid, (uint32_t)invalid, "expression is not valid UTF-8");
        return false;
    }
    isize count = utf8_count(text);
    if (count > CODE_POINTS_MAX) {
        cel_issue_add(issues, 0, 0, "expression code point size exceeds limit: size: %lld, limit %d",
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
        syntax_error(&p, "<EOF>", "an operator or the end", STR_EMPTY);
    }
    if (!p.failed && p.height > DEPTH_MAX) {
        cel_issue_add(issues, root->start, root->end, "max recursion depth exceeded");
    }
    cel_issues_sort(issues, kept);
    return !p.failed && issues->list.len + issues->dropped == before ? root : NULL;
}
