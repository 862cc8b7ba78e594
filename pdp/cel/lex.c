/* lex.c — expression text → tokens
 *
 * Longest match, as the reference's generated lexer does it: `1u2` is `1u` and `2`, `1.` is `1` and
 * `.`, `"""x` without its end is the empty string and a broken `"x`. A broken string is reported
 * once and becomes a token up to where it plausibly ends, so that one missing quote is one message.
 *
 * spec: cel#1
 * Neighbours: parse.c reads the tokens
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/lex.h"

#include "base/utf8.h"

struct lexer {
    struct arena *arena;       /* tokens and messages           */
    str text;                  /* whole expression              */
    isize pos;                 /* next byte                     */
    struct toks *out;          /* tokens so far                 */
    struct cel_issues *issues; /* faults                        */
};

static int at(const struct lexer *lx, isize pos)
{
    return pos < lx->text.len ? (unsigned char)lx->text.ptr[pos] : -1;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(int c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_word_start(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_word(int c)
{
    return is_word_start(c) || is_digit(c);
}

static void push(struct lexer *lx, enum tok_kind kind, isize end)
{
    *vec_push(lx->arena, &lx->out->list) =
        (struct tok){ .kind = (uint8_t)kind, .start = (uint32_t)lx->pos, .end = (uint32_t)end };
    lx->pos = end;
}

/* Reports a fault of the text [start, end) in our words; the reference's generated words go to
 * `text`. */
static struct cel_issue *lex_issue(struct lexer *lx, isize start, isize end, str better, str help)
{
    str seen = str_slice(lx->text, start, end);
    struct cel_issue *issue =
        cel_issue_add(lx->issues, (uint32_t)start, (uint32_t)end,
                      "Syntax error: token recognition error at: '%.*s'", STR_ARG(seen));
    issue->syntax = true;
    issue->better = better;
    issue->help = help;
    return issue;
}

static void skip_space(struct lexer *lx)
{
    for (;;) {
        int c = at(lx, lx->pos);
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
            lx->pos++;
        } else if (c == '/' && at(lx, lx->pos + 1) == '/') {
            while (lx->pos < lx->text.len && lx->text.ptr[lx->pos] != '\n') {
                lx->pos++;
            }
        } else {
            return;
        }
    }
}

/* ---- numbers ---- */

static isize digits_end(const struct lexer *lx, isize pos)
{
    while (is_digit(at(lx, pos))) {
        pos++;
    }
    return pos;
}

/* End of an exponent that begins at pos, or pos when there is none. */
static isize exponent_end(const struct lexer *lx, isize pos)
{
    int c = at(lx, pos);
    if (c != 'e' && c != 'E') {
        return pos;
    }
    isize digits = pos + 1;
    if (at(lx, digits) == '+' || at(lx, digits) == '-') {
        digits++;
    }
    return is_digit(at(lx, digits)) ? digits_end(lx, digits) : pos;
}

static void lex_number(struct lexer *lx)
{
    isize end = lx->pos;
    enum tok_kind kind = TOK_INT;
    if (at(lx, end) == '0' && at(lx, end + 1) == 'x' && is_hex(at(lx, end + 2))) {
        for (end += 2; is_hex(at(lx, end));) {
            end++;
        }
    } else {
        end = digits_end(lx, end);
        if (at(lx, end) == '.' && is_digit(at(lx, end + 1))) {
            kind = TOK_DOUBLE;
            end = digits_end(lx, end + 1);
        }
        isize exponent = exponent_end(lx, end);
        if (exponent != end) {
            kind = TOK_DOUBLE;
            end = exponent;
        }
    }
    if (kind == TOK_INT && (at(lx, end) == 'u' || at(lx, end) == 'U')) {
        kind = TOK_UINT;
        end++;
    }
    push(lx, kind, end);
}

/* ---- strings ---- */

/* Length of the escape at pos (a backslash), or 0 when it is none. */
static isize escape_length(const struct lexer *lx, isize pos)
{
    int c = at(lx, pos + 1);
    if (c > 0 && strchr("abfnrtv\"'\\?`", c) != NULL) {
        return 2;
    }
    isize hex = c == 'x' || c == 'X' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (hex > 0) {
        for (isize i = 0; i < hex; i++) {
            if (!is_hex(at(lx, pos + 2 + i))) {
                return 0;
            }
        }
        return 2 + hex;
    }
    bool octal = c >= '0' && c <= '3';
    for (isize i = 2; octal && i < 4; i++) {
        octal = at(lx, pos + i) >= '0' && at(lx, pos + i) <= '7';
    }
    return octal ? 4 : 0;
}

/* Where a string of one form ends. */
struct string_scan {
    isize end;        /* behind the closing quotes, or 0: not this form        */
    isize bad_escape; /* first backslash that begins no escape, or -1          */
    isize stop;       /* where scanning had to stop when there is no closing   */
};

/* Tries the form with `quotes` (1 or 3) quote characters whose opening begins at pos. A bad
 * escape does not stop the scan: *bad_escape tells, and the end is where it would be if the
 * escape were good. */
static struct string_scan scan_string(const struct lexer *lx, isize pos, int quotes, bool raw)
{
    struct string_scan scan = { .bad_escape = -1 };
    int quote = at(lx, pos);
    isize i = pos + quotes;
    for (; i < lx->text.len; i++) {
        int c = at(lx, i);
        if (c == quote && (quotes == 1 || (at(lx, i + 1) == quote && at(lx, i + 2) == quote))) {
            scan.end = i + quotes;
            return scan;
        }
        if (quotes == 1 && (c == '\n' || c == '\r')) {
            break;
        }
        if (c == '\\' && !raw) {
            isize length = escape_length(lx, i);
            if (length == 0 && scan.bad_escape < 0) {
                scan.bad_escape = i;
            }
            i += length > 0 ? length - 1 : at(lx, i + 1) == '\\' || at(lx, i + 1) == quote ? 1 : 0;
        }
    }
    scan.stop = i;
    return scan;
}

static void push_broken(struct lexer *lx, enum tok_kind kind, isize end)
{
    push(lx, kind, end);
    lx->out->list.ptr[lx->out->list.len - 1].broken = true;
}

/* A string whose quote stands `prefix` bytes behind pos. */
static void lex_string(struct lexer *lx, isize prefix, bool raw, enum tok_kind kind)
{
    isize open = lx->pos + prefix;
    int quote = at(lx, open);
    struct string_scan scan = { 0 };
    if (at(lx, open + 1) == quote && at(lx, open + 2) == quote) {
        scan = scan_string(lx, open, 3, raw);
    }
    if (scan.end == 0) {
        scan = scan_string(lx, open, 1, raw);
    }
    if (scan.end != 0 && scan.bad_escape < 0) {
        push(lx, kind, scan.end);
        return;
    }
    if (scan.end == 0) {
        (void)lex_issue(
            lx, lx->pos, scan.stop, S("string without closing quote"),
            quote == '"' ? S("add the closing `\"`; a text of several lines is written in `\"\"\"`")
                         : S("add the closing `'`; a text of several lines is written in `'''`"));
        push_broken(lx, kind, scan.stop);
        return;
    }
    isize end = scan.bad_escape + 1;
    if (end < lx->text.len) {
        (void)utf8_next(lx->text, &end); /* the text is valid: only the position matters */
    }
    str escape = str_slice(lx->text, scan.bad_escape, end);
    (void)lex_issue(
        lx, scan.bad_escape, end,
        str_printf(lx->arena, "`%.*s` does not begin an escape sequence", STR_ARG(escape)),
        S("write `\\\\` for a backslash, or put `r` before the opening quote"));
    push_broken(lx, kind, scan.end);
}

/* Bytes of a string prefix at pos (`r`, `b`, `br` in any case) when a quote follows, else -1. */
static isize string_prefix(const struct lexer *lx, bool *raw, bool *bytes)
{
    isize n = 0;
    int c = at(lx, lx->pos);
    *bytes = c == 'b' || c == 'B';
    n += *bytes;
    c = at(lx, lx->pos + n);
    *raw = c == 'r' || c == 'R';
    n += *raw;
    c = at(lx, lx->pos + n);
    return c == '"' || c == '\'' ? n : -1;
}

/* ---- words, operators ---- */

static void lex_word(struct lexer *lx)
{
    isize end = lx->pos;
    while (is_word(at(lx, end))) {
        end++;
    }
    str word = str_slice(lx->text, lx->pos, end);
    enum tok_kind kind = str_eq(word, S("true"))    ? TOK_TRUE
                         : str_eq(word, S("false")) ? TOK_FALSE
                         : str_eq(word, S("null"))  ? TOK_NULL
                         : str_eq(word, S("in"))    ? TOK_IN
                                                    : TOK_IDENT;
    push(lx, kind, end);
}

static void lex_escaped_word(struct lexer *lx)
{
    isize end = lx->pos + 1;
    int c = at(lx, end);
    while (is_word(c) || c == '.' || c == '-' || c == '/' || c == ' ') {
        c = at(lx, ++end);
    }
    if (c == '`' && end > lx->pos + 1) {
        push(lx, TOK_ESC_IDENT, end + 1);
        return;
    }
    (void)lex_issue(lx, lx->pos, c < 0 ? end : end + 1, S("name in back quotes is not closed"),
                    S("between back quotes stand letters, digits and `_.-/ `"));
    lx->pos = end > lx->pos ? end : lx->pos + 1;
    if (at(lx, lx->pos) == '`') {
        lx->pos++;
    }
}

static const struct {
    char text[3];
    uint8_t kind;
} operators[] = {
    /* two characters before one */
    { "==", TOK_EQ },      { "!=", TOK_NE },      { "<=", TOK_LE },      { ">=", TOK_GE },
    { "&&", TOK_AND },     { "||", TOK_OR },      { "<", TOK_LT },       { ">", TOK_GT },
    { "!", TOK_NOT },      { "+", TOK_PLUS },     { "-", TOK_MINUS },    { "*", TOK_STAR },
    { "/", TOK_SLASH },    { "%", TOK_PERCENT },  { "?", TOK_QUESTION }, { ":", TOK_COLON },
    { ".", TOK_DOT },      { ",", TOK_COMMA },    { "(", TOK_LPAREN },   { ")", TOK_RPAREN },
    { "[", TOK_LBRACKET }, { "]", TOK_RBRACKET }, { "{", TOK_LBRACE },   { "}", TOK_RBRACE },
};

static bool lex_operator(struct lexer *lx)
{
    int c = at(lx, lx->pos);
    int next = at(lx, lx->pos + 1);
    for (isize i = 0; i < countof(operators); i++) {
        if (operators[i].text[0] != c) {
            continue;
        }
        if (operators[i].text[1] == '\0' || operators[i].text[1] == next) {
            push(lx, operators[i].kind, lx->pos + (operators[i].text[1] == '\0' ? 1 : 2));
            return true;
        }
    }
    return false;
}

static void lex_unknown(struct lexer *lx)
{
    isize end = lx->pos;
    (void)utf8_next(lx->text, &end); /* the text is valid: only the position matters */
    str seen = str_slice(lx->text, lx->pos, end);
    str help = str_eq(seen, S("="))   ? S("equality is written `==`")
               : str_eq(seen, S("&")) ? S("the logical operator is written `&&`")
               : str_eq(seen, S("|")) ? S("the logical operator is written `||`")
               : str_eq(seen, S(";")) ? S("an expression ends without `;`")
               : str_eq(seen, S("#")) ? S("comments begin with `//`")
                                      : STR_EMPTY;
    struct cel_issue *issue = lex_issue(lx, lx->pos, end,
                                        str_printf(lx->arena, "%s is not part of the language",
                                                   str_to_c(lx->arena, str_quote(lx->arena, seen))),
                                        help);
    lx->pos = end;
    int next = at(lx, end);
    bool half = str_find(S("=&|"), seen) >= 0; /* half an operator: the reference reads on */
    if (half && (next == ' ' || next == '>')) {
        issue->text = str_printf(lx->arena, "Syntax error: token recognition error at: '%.*s%c'",
                                 STR_ARG(seen), next);
        lx->pos++;
    }
}

void cel_lex(struct arena *arena, str text, struct toks *out, struct cel_issues *issues)
{
    struct lexer lx = { .arena = arena, .text = text, .out = out, .issues = issues };
    for (skip_space(&lx); lx.pos < text.len; skip_space(&lx)) {
        int c = at(&lx, lx.pos);
        bool raw = false;
        bool bytes = false;
        isize prefix = string_prefix(&lx, &raw, &bytes);
        if (prefix >= 0) {
            lex_string(&lx, prefix, raw, bytes ? TOK_BYTES : TOK_STRING);
        } else if (is_digit(c)) {
            lex_number(&lx);
        } else if (c == '.' && is_digit(at(&lx, lx.pos + 1))) {
            isize end = digits_end(&lx, lx.pos + 1);
            push(&lx, TOK_DOUBLE, exponent_end(&lx, end));
        } else if (is_word_start(c)) {
            lex_word(&lx);
        } else if (c == '`') {
            lex_escaped_word(&lx);
        } else if (!lex_operator(&lx)) {
            lex_unknown(&lx);
        }
    }
    push(&lx, TOK_END, lx.pos);
}

/* ---- values of strings ---- */

static int hex_value(char c)
{
    return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* Appends the value of the escape at *pos (behind the backslash), which the lexer has found
 * well-formed. */
static enum unquote_error unescape(struct sb *out, str body, isize *pos, bool is_bytes)
{
    char c = body.ptr[(*pos)++];
    static const char plain[][2] = { { 'a', '\a' }, { 'b', '\b' }, { 'f', '\f' }, { 'n', '\n' },
                                     { 'r', '\r' }, { 't', '\t' }, { 'v', '\v' } };
    for (isize i = 0; i < countof(plain); i++) {
        if (c == plain[i][0]) {
            sb_byte(out, plain[i][1]);
            return UNQUOTE_OK;
        }
    }
    uint32_t code = 0;
    if (c >= '0' && c <= '3') {
        code = (uint32_t)((c - '0') * 64 + (body.ptr[*pos] - '0') * 8 + (body.ptr[*pos + 1] - '0'));
        *pos += 2;
    } else if (c == 'x' || c == 'X' || c == 'u' || c == 'U') {
        if (is_bytes && (c == 'u' || c == 'U')) {
            return UNQUOTE_ESCAPE;
        }
        for (int n = c == 'u' ? 4 : c == 'U' ? 8 : 2; n > 0; n--) {
            code = code << 4 | (uint32_t)hex_value(body.ptr[(*pos)++]);
        }
    } else {
        sb_byte(out, c); /* \\ \' \" \` \? */
        return UNQUOTE_OK;
    }
    if (is_bytes) {
        sb_byte(out, (char)code);
        return UNQUOTE_OK;
    }
    if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
        return UNQUOTE_CODE_POINT;
    }
    sb_rune(out, (int32_t)code);
    return UNQUOTE_OK;
}

enum unquote_error cel_unquote(struct arena *arena, str text, bool is_bytes, str *out)
{
    isize prefix = 0;
    bool raw = false;
    while (text.ptr[prefix] != '"' && text.ptr[prefix] != '\'') {
        raw = raw || (text.ptr[prefix] | 0x20) == 'r';
        prefix++;
    }
    isize quotes = text.len - prefix >= 6 && text.ptr[prefix + 1] == text.ptr[prefix] &&
                           text.ptr[prefix + 2] == text.ptr[prefix]
                       ? 3
                       : 1;
    str body = str_slice(text, prefix + quotes, text.len - quotes);
    *out = body;
    if (str_find_byte(body, '\r') < 0 && (raw || str_find_byte(body, '\\') < 0)) {
        return UNQUOTE_OK;
    }

    struct sb sb = sb_new(arena);
    sb_reserve(&sb, body.len);
    for (isize i = 0; i < body.len;) {
        char c = body.ptr[i++];
        if (c == '\r') {
            sb_byte(&sb, '\n');
            i += i < body.len && body.ptr[i] == '\n';
        } else if (c == '\\' && !raw) {
            enum unquote_error error = unescape(&sb, body, &i, is_bytes);
            if (error != UNQUOTE_OK) {
                return error;
            }
        } else {
            sb_byte(&sb, c);
        }
    }
    *out = sb_str(&sb);
    return UNQUOTE_OK;
}
