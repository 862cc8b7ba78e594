/* proto_explain.c — why a text is no message, in the reference's words
 *
 * Runs after the fast reader has refused a body, on the untouched text: first the grammar
 * (proto_scan.c), then the same walk over the text that the reference's protobuf reader does, so
 * that of several faults the same one is named, at the same line and column. Both name the first
 * fault in the order of the text.
 *
 * The text is known to be well-formed JSON here; what is left are strings that JSON's grammar does
 * not look into (UTF-8, surrogates), and everything that concerns the message. spec:
 * cerbos-compat#json
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/proto_priv.h"

#include "base/map.h"
#include "base/num.h"
#include "base/utf8.h"

#include <math.h>

#define DEPTH_MOST 200 /* deeper than the door lets in: nothing to explain down there */

struct reader {
    struct arena *arena;
    str text;  /* the value, from its first byte              */
    isize at;  /* next byte                                   */
    str error; /* empty: none so far                          */
    int depth; /* open arrays and objects                     */
};

/* A token: a bracket, or a whole scalar. */
struct token {
    char kind;   /* `{ } [ ]` themselves, `"`, `t`, `f`, `n`, `0` for a number */
    isize start; /* its first byte                                             */
    str raw;     /* its text                                                   */
};

/* ---- wording ---- */

static bool fail(struct reader *r, isize at, bool syntax, const char *what, str detail)
{
    str before = str_slice(r->text, 0, at);
    isize line_start = str_rfind(before, S("\n")) + 1;
    isize line = 1;
    for (isize i = 0; i < line_start; i++) {
        line += r->text.ptr[i] == '\n';
    }
    isize column = 1;
    for (isize i = line_start; i < at; column++) {
        (void)utf8_next(r->text, &i); /* a byte that is no UTF-8 counts as one */
    }
    r->error = str_printf(r->arena, PROTO_PREFIX "%s(line %lld:%lld): %s%.*s",
                          syntax ? "syntax error " : "", (long long)line, (long long)column, what,
                          STR_ARG(detail));
    return false;
}

static bool unexpected(struct reader *r, struct token tok)
{
    return fail(r, tok.start, true, "unexpected token ", tok.raw);
}

static void put_quoted_rune(struct sb *sb, str s, isize *at)
{
    uint8_t byte = (uint8_t)s.ptr[*at];
    int32_t rune = utf8_next(s, at);
    if (rune < 0) {
        sb_printf(sb, "\\x%02x", byte);
    } else if (rune == '"' || rune == '\\') {
        sb_byte(sb, '\\');
        sb_byte(sb, (char)rune);
    } else if (rune == 0x7f) {
        sb_add(sb, S("\\x7f"));
    } else {
        sb_rune(sb, rune);
    }
}

static bool bad_escape(struct reader *r, isize string_start, str escape)
{
    struct sb sb = sb_new(r->arena);
    sb_byte(&sb, '"');
    for (isize i = 0; i < escape.len;) {
        put_quoted_rune(&sb, escape, &i);
    }
    sb_add(&sb, S("\" in string"));
    return fail(r, string_start, true, "invalid escape code ", sb_str(&sb));
}

/* ---- strings ---- */

static int32_t hex4(str s)
{
    int32_t n = 0;
    for (isize i = 0; i < 4; i++) {
        char c = s.ptr[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0) {
            return -1;
        }
        n = n * 16 + digit;
    }
    return n;
}

static char short_escape(char c)
{
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return c;
    }
}

/* \uXXXX at *at, a pair of them for a surrogate. */
static bool read_unicode(struct reader *r, isize string_start, isize *at, struct sb *out)
{
    int32_t rune = hex4(str_slice(r->text, *at + 2, *at + 6));
    *at += 6;
    if (rune >= 0xd800 && rune < 0xe000) {
        str next = str_slice(r->text, *at, *at + 6);
        if (next.len < 6) {
            r->error = S(PROTO_PREFIX "unexpected EOF");
            return false;
        }
        int32_t low = next.ptr[0] == '\\' && next.ptr[1] == 'u' ? hex4(str_slice(next, 2, 6)) : -1;
        if (rune >= 0xdc00 || low < 0xdc00 || low >= 0xe000) {
            return bad_escape(r, string_start, next);
        }
        *at += 6;
        rune = 0x10000 + ((rune - 0xd800) << 10) + (low - 0xdc00);
    }
    sb_rune(out, rune);
    return true;
}

/* Checks the string at r->at and moves behind it; *out receives what it says. */
static bool read_string(struct reader *r, str *out)
{
    isize start = r->at;
    struct sb sb = sb_new(r->arena);
    isize at = start + 1;
    while (r->text.ptr[at] != '"') {
        if (r->text.ptr[at] == '\\' && r->text.ptr[at + 1] == 'u') {
            if (!read_unicode(r, start, &at, &sb)) {
                return false;
            }
        } else if (r->text.ptr[at] == '\\') {
            sb_byte(&sb, short_escape(r->text.ptr[at + 1]));
            at += 2;
        } else {
            int32_t rune = utf8_next(r->text, &at);
            if (rune < 0) {
                return fail(r, start, true, "invalid UTF-8 in string", STR_EMPTY);
            }
            sb_rune(&sb, rune);
        }
    }
    r->at = at + 1;
    *out = sb_str(&sb);
    return true;
}

/* ---- tokens ---- */

static void skip(struct reader *r)
{
    while (r->at < r->text.len && strchr(" \t\n\r,:", r->text.ptr[r->at]) != NULL) {
        r->at++;
    }
}

/* The next value, name or bracket; *said receives a string's content. The text is well-formed, so
 * there is one. */
static bool next(struct reader *r, struct token *tok, str *said)
{
    skip(r);
    char c = r->text.ptr[r->at];
    *tok = (struct token){ .kind = c, .start = r->at };
    if (c == '"') {
        if (!read_string(r, said)) {
            return false;
        }
    } else if (strchr("{}[]", c) != NULL) {
        r->at++;
    } else {
        tok->kind = c == 't' || c == 'f' || c == 'n' ? c : '0';
        while (r->at < r->text.len && strchr(" \t\n\r,]}", r->text.ptr[r->at]) == NULL) {
            r->at++;
        }
    }
    tok->raw = str_slice(r->text, tok->start, r->at);
    return true;
}

/* ---- values ---- */

static bool read_value(struct reader *r, struct token tok);

/* The members of an object whose bracket has been read, as a map: names must differ. `field`
 * describes messages as values; NULL: any values. */
static bool read_map(struct reader *r, const struct proto_field *field);

static bool read_array(struct reader *r)
{
    struct token tok;
    str said;
    while (next(r, &tok, &said)) {
        if (tok.kind == ']') {
            return true;
        }
        if (!read_value(r, tok)) {
            return false;
        }
    }
    return false;
}

static bool read_value(struct reader *r, struct token tok)
{
    if (tok.kind == '0') {
        double d;
        if (!num_parse_double(tok.raw, &d) || isinf(d)) {
            return fail(r, tok.start, false, "invalid google.protobuf.Value: ", tok.raw);
        }
        return true;
    }
    if (tok.kind != '{' && tok.kind != '[') {
        return true;
    }
    if (r->depth == DEPTH_MOST) {
        return false;
    }
    r->depth++;
    bool ok = tok.kind == '{' ? read_map(r, NULL) : read_array(r);
    r->depth--;
    return ok;
}

static bool read_message(struct reader *r, const struct proto_message *message, struct token tok);

static bool read_map(struct reader *r, const struct proto_field *field)
{
    struct map seen = { .count = 0 };
    struct token tok;
    str name;
    while (next(r, &tok, &name)) {
        if (tok.kind == '}') {
            return true;
        }
        if (map_set(r->arena, &seen, name, 0) != MAP_NONE) {
            return fail(r, tok.start, false, "duplicate map key ", tok.raw);
        }
        str said;
        if (!next(r, &tok, &said) ||
            !(field != NULL ? read_message(r, field->message, tok) : read_value(r, tok))) {
            return false;
        }
    }
    return false;
}

/* ---- messages ---- */

static bool bad_scalar(struct reader *r, const struct proto_field *field, struct token tok)
{
    const char *type = field->kind == PROTO_BOOL ? "bool" : "string";
    str detail =
        str_printf(r->arena, "%s field %.*s: %.*s", type, STR_ARG(field->name), STR_ARG(tok.raw));
    return fail(r, tok.start, false, "invalid value for ", detail);
}

static bool read_list(struct reader *r, const struct proto_field *field, struct token tok)
{
    if (tok.kind != '[') {
        return unexpected(r, tok);
    }
    str said;
    while (next(r, &tok, &said)) {
        if (tok.kind == ']') {
            return true;
        }
        if (field->kind == PROTO_MESSAGES) {
            if (!read_message(r, field->message, tok)) {
                return false;
            }
        } else if (tok.kind != '"') {
            return bad_scalar(r, field, tok);
        }
    }
    return false;
}

static bool read_member(struct reader *r, const struct proto_field *field, struct token tok)
{
    switch ((enum proto_kind)field->kind) {
    case PROTO_STRING:
        return tok.kind == '"' || bad_scalar(r, field, tok);
    case PROTO_BOOL:
        return tok.kind == 't' || tok.kind == 'f' || bad_scalar(r, field, tok);
    case PROTO_MESSAGE:
        return read_message(r, field->message, tok);
    case PROTO_STRINGS:
    case PROTO_MESSAGES:
        return read_list(r, field, tok);
    case PROTO_VALUES:
    case PROTO_MESSAGE_MAP:
        if (tok.kind != '{') {
            return unexpected(r, tok);
        }
        return read_map(r, field->kind == PROTO_MESSAGE_MAP ? field : NULL);
    }
    return false;
}

static int find_field(const struct proto_message *message, str name)
{
    for (int i = 0; i < message->field_count; i++) {
        if (str_eq(name, message->fields[i].name) || str_eq(name, message->fields[i].proto_name)) {
            return i;
        }
    }
    return -1;
}

static bool read_message(struct reader *r, const struct proto_message *message, struct token tok)
{
    if (tok.kind != '{') {
        return unexpected(r, tok);
    }
    uint32_t seen = 0;
    str name;
    while (next(r, &tok, &name)) {
        if (tok.kind == '}') {
            return true;
        }
        int field = find_field(message, name);
        if (field < 0) {
            return fail(r, tok.start, false, "unknown field ", tok.raw);
        }
        if (seen & (UINT32_C(1) << field)) {
            return fail(r, tok.start, false, "duplicate field ", tok.raw);
        }
        seen |= UINT32_C(1) << field;
        str said;
        if (!next(r, &tok, &said) ||
            (tok.kind != 'n' && !read_member(r, &message->fields[field], tok))) {
            return false;
        }
    }
    return false;
}

str proto_explain(struct arena *arena, const struct proto_message *message, str text)
{
    str value;
    str malformed = proto_scan(arena, text, &value);
    if (malformed.len > 0) {
        return malformed;
    }
    struct reader r = { .arena = arena, .text = value };
    struct token tok;
    str said;
    if (next(&r, &tok, &said) && read_message(&r, message, tok)) {
        return STR_EMPTY;
    }
    return r.error;
}
