/* parse_primary.c — operands: literals, names, calls, lists, maps, messages
 *
 * A minus in front of a number belongs to the literal, so that the least int can be written.
 *
 * spec: cel#1, cel#2
 * Neighbours: parse.c puts operators around · lex.c knows the values of strings
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/parse.h"

#include "base/num.h"

#include <math.h>

/* ---- literals ---- */

static struct ast *constant(struct parser *p, uint32_t start, struct value v)
{
    struct ast *node = cel_node(p, A_CONST, start, last_end(p), start);
    node->constant = v;
    p->height = 0;
    return node;
}

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
        literal_issue(p, start, "invalid double literal",
                      S("the number is beyond the range of double"));
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
        literal_issue(p, start, "invalid uint literal",
                      S("uint reaches from 0u to 18446744073709551615u"));
    }
    return constant(p, start, v_uint(n));
}

/* ---- names, calls ---- */

static bool is_reserved(str word)
{
    static const char *const words[] = { "as",   "break",    "const",     "continue", "else",
                                         "for",  "function", "if",        "import",   "let",
                                         "loop", "package",  "namespace", "return",   "var",
                                         "void", "while" };
    for (isize i = 0; i < countof(words); i++) {
        if (str_eq(word, str_from_c(words[i]))) {
            return true;
        }
    }
    return false;
}

nodes parse_args(struct parser *p)
{
    nodes args = { 0 };
    int height = 0;
    if (!accept(p, TOK_RPAREN)) {
        do {
            *vec_push(p->arena, &args) = parse_expr(p);
            height = parse_max(height, p->height);
        } while (accept(p, TOK_COMMA));
        parse_expect(p, TOK_RPAREN, "')'", "`,` or the closing `)`");
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

str parse_field_name(struct parser *p, uint32_t *word)
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
    parse_fault(
        p, "IDENTIFIER", "a field name",
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
        *vec_push(p->arena, &fields) = parse_field_name(p, &word);
        *vec_push(p->arena, &words) = word;
        *vec_push(p->arena, &colons) = peek(p)->start;
        parse_expect(p, TOK_COLON, "':'", "`:` and the field's value");
        *vec_push(p->arena, &vals) = parse_expr(p);
        height = parse_max(height, p->height);
        if (peek_kind(p) != TOK_COMMA || peek_second(p) == TOK_RBRACE) {
            break;
        }
        (void)advance(p); /* the comma */
    }
    (void)accept(p, TOK_COMMA); /* a trailing one is allowed */
    parse_expect(p, TOK_RBRACE, "'}'", "`,` or the closing `}`");

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
        parse_fault(p, "IDENTIFIER", "a name", STR_EMPTY);
        return parse_missing(p);
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
        issue->help = parse_habit_help(name);
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
    struct ast *node = parse_call(p, name, start, at, NULL, args);
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
        height = parse_max(height, p->height);
        if (peek_kind(p) != TOK_COMMA || peek_second(p) == TOK_RBRACKET) {
            break;
        }
        (void)advance(p); /* the comma */
    }
    (void)accept(p, TOK_COMMA); /* a trailing one is allowed, also alone */
    parse_expect(p, TOK_RBRACKET, "{']', ','}", "`,` or the closing `]`");

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
        height = parse_max(height, p->height);
        parse_expect(p, TOK_COLON, "':'", "`:` and the entry's value");
        *vec_push(p->arena, &vals) = parse_expr(p);
        height = parse_max(height, p->height);
        if (peek_kind(p) != TOK_COMMA || peek_second(p) == TOK_RBRACE) {
            break;
        }
        (void)advance(p); /* the comma */
    }
    (void)accept(p, TOK_COMMA); /* a trailing one is allowed, also alone */
    parse_expect(p, TOK_RBRACE, "{'}', ','}", "`,` or the closing `}`");

    struct ast *node = cel_node(p, A_MAP, start, last_end(p), start);
    node->map.keys = keys.ptr;
    node->map.vals = vals.ptr;
    node->map.count = (int32_t)vals.len;
    node->map.optional = any ? optional.ptr : NULL;
    p->height = height;
    return node;
}

/* ---- operands ---- */

struct ast *parse_primary(struct parser *p)
{
    const struct tok *tok = peek(p);
    if (p->failed) {
        return parse_missing(p);
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
        parse_expect(p, TOK_RPAREN, "')'", "the closing `)`");
        node->paren = true;
        return node;
    }
    default:
        break;
    }
    parse_fault(p, OPERAND_SET, "a value", STR_EMPTY);
    return parse_missing(p);
}
