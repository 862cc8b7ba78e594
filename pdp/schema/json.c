/* json.c — JSON text → values, as the reference's schema library reads it
 *
 * A descent over the grammar that says in the reference's words which character it did not expect.
 * Depth is bounded, so recursion is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "schema/json.h"

#include "base/num.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "schema/text.h"

#include <math.h>
#include <stdio.h>

const struct object_class schema_number_class = {
    .type_name = { "double", 6 },
};

const struct schema_number *schema_number_of(struct value v)
{
    return v.kind == V_OBJECT && v.object->cls == &schema_number_class
               ? (const struct schema_number *)(const void *)v.object
               : NULL;
}

struct reader {
    struct arena *arena;
    str text;
    isize at;    /* next byte */
    int depth;   /* open arrays, objects */
    bool finite; /* no number beyond doubles */
    str *why;    /* the first fault */
};

/* ---- faults ---- */
static struct value fail(struct reader *r, str why)
{
    *r->why = why;
    return v_none();
}

/* The character at the front is not what the grammar wants; at the end of the text: that. */
static struct value unexpected(struct reader *r, const char *where)
{
    if (r->at >= r->text.len) {
        return fail(r, S("unexpected EOF"));
    }
    struct sb sb = sb_new(r->arena);
    sb_add(&sb, S("invalid character "));
    text_quote_byte(&sb, (unsigned char)r->text.ptr[r->at]);
    sb_printf(&sb, " %s", where);
    return fail(r, sb_str(&sb));
}

/* ---- characters ---- */
static int peek(const struct reader *r)
{
    return r->at < r->text.len ? (unsigned char)r->text.ptr[r->at] : -1;
}

static void skip_space(struct reader *r)
{
    for (int c = peek(r); c == ' ' || c == '\t' || c == '\n' || c == '\r'; c = peek(r)) {
        r->at++;
    }
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static int hex_digit(int c)
{
    if (is_digit(c)) {
        return c - '0';
    }
    int lower = c | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* ---- literals and numbers ---- */
static struct value read_literal(struct reader *r, const char *word, struct value result)
{
    char where[48];
    for (int i = 0; word[i] != '\0'; i++, r->at++) {
        if (peek(r) != word[i]) {
            (void)snprintf(where, sizeof where, "in literal %s (expecting '%c')", word, word[i]);
            return unexpected(r, where);
        }
    }
    return result;
}

static bool pass_digits(struct reader *r, const char *where)
{
    if (!is_digit(peek(r))) {
        (void)unexpected(r, where);
        return false;
    }
    while (is_digit(peek(r))) {
        r->at++;
    }
    return true;
}

static struct value read_number(struct reader *r)
{
    isize start = r->at;
    r->at += peek(r) == '-';
    if (peek(r) == '0') {
        r->at++;
    } else if (!pass_digits(r, "in numeric literal")) {
        return v_none();
    }
    if (peek(r) == '.') {
        r->at++;
        if (!pass_digits(r, "after decimal point in numeric literal")) {
            return v_none();
        }
    }
    if (peek(r) == 'e' || peek(r) == 'E') {
        r->at++;
        r->at += peek(r) == '+' || peek(r) == '-';
        if (!pass_digits(r, "in exponent of numeric literal")) {
            return v_none();
        }
    }
    struct schema_number *number = new(r->arena, struct schema_number, 1);
    number->base.cls = &schema_number_class;
    number->text = str_slice(r->text, start, r->at);
    (void)num_parse_double(number->text, &number->d); /* the grammar has been checked */
    if (r->finite && !isfinite(number->d)) {
        return fail(r, S("number out of range"));
    }
    return v_object(&number->base);
}

/* ---- strings ---- */
static bool read_hex4(struct reader *r, int32_t *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++, r->at++) {
        int digit = hex_digit(peek(r));
        if (digit < 0) {
            (void)unexpected(r, "in \\u hexadecimal character escape");
            return false;
        }
        *out = *out << 4 | digit;
    }
    return true;
}

/* Behind `\u`. Half a pair stands for U+FFFD. */
static bool read_unicode(struct reader *r, struct sb *out)
{
    int32_t c;
    if (!read_hex4(r, &c)) {
        return false;
    }
    if (c >= 0xd800 && c < 0xe000) {
        int32_t low;
        isize before = r->at;
        str why = STR_EMPTY;
        struct reader ahead = *r;
        ahead.why = &why;
        bool pair = c < 0xdc00 && r->at + 1 < r->text.len && r->text.ptr[before] == '\\' &&
                    r->text.ptr[before + 1] == 'u';
        ahead.at += 2;
        pair = pair && read_hex4(&ahead, &low) && low >= 0xdc00 && low < 0xe000;
        if (pair) {
            r->at = ahead.at;
            c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        } else {
            c = 0xfffd;
        }
    }
    sb_rune(out, c);
    return true;
}

static bool read_escape(struct reader *r, struct sb *out)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    r->at++;
    int c = peek(r);
    if (c == 'u') {
        r->at++;
        return read_unicode(r, out);
    }
    const char *found = c > 0 ? strchr(from, c) : NULL;
    if (found == NULL) {
        (void)unexpected(r, "in string escape code");
        return false;
    }
    sb_byte(out, to[found - from]);
    r->at++;
    return true;
}

/* Appends text as valid UTF-8. */
static void add_valid(struct sb *out, str s)
{
    for (isize i = 0; i < s.len;) {
        isize from = i;
        if (utf8_next(s, &i) < 0) {
            sb_rune(out, 0xfffd);
        } else {
            sb_add(out, str_slice(s, from, i));
        }
    }
}

/* At the opening quote. Borrows the text when nothing has to be changed. */
static bool read_string(struct reader *r, str *out)
{
    struct sb sb = sb_new(r->arena);
    isize start = ++r->at;
    bool whole = true;
    for (;;) {
        int c = peek(r);
        if (c < 0x20) {
            (void)unexpected(r, "in string literal");
            return false;
        }
        if (c == '"') {
            break;
        }
        if (c != '\\') {
            r->at++;
            continue;
        }
        add_valid(&sb, str_slice(r->text, start, r->at));
        whole = false;
        if (!read_escape(r, &sb)) {
            return false;
        }
        start = r->at;
    }
    str rest = str_slice(r->text, start, r->at++);
    if (whole && utf8_invalid(rest) < 0) {
        *out = rest;
        return true;
    }
    add_valid(&sb, rest);
    *out = sb_str(&sb);
    return true;
}

/* ---- arrays and objects ---- */
static struct value read_value(struct reader *r);

static bool enter(struct reader *r)
{
    r->at++;
    if (++r->depth > SCHEMA_JSON_DEPTH) {
        (void)fail(r, S("exceeded max depth"));
        return false;
    }
    return true;
}

static struct value read_array(struct reader *r)
{
    VEC(struct value) items = { 0 };
    if (!enter(r)) {
        return v_none();
    }
    skip_space(r);
    bool empty = peek(r) == ']';
    while (!empty) {
        skip_space(r);
        struct value item = read_value(r);
        if (item.kind == V_NONE) {
            return item;
        }
        *vec_push(r->arena, &items) = item;
        skip_space(r);
        if (peek(r) == ']') {
            break;
        }
        if (peek(r) != ',') {
            return unexpected(r, "after array element");
        }
        r->at++;
    }
    r->at++;
    r->depth--;
    return v_list(items.ptr, items.len);
}

static bool read_member(struct reader *r, struct vmap *map)
{
    str name;
    skip_space(r);
    if (peek(r) != '"') {
        (void)unexpected(r, "looking for beginning of object key string");
        return false;
    }
    if (!read_string(r, &name)) {
        return false;
    }
    skip_space(r);
    if (peek(r) != ':') {
        (void)unexpected(r, "after object key");
        return false;
    }
    r->at++;
    skip_space(r);
    struct value val = read_value(r);
    if (val.kind == V_NONE) {
        return false;
    }
    (void)vmap_put(r->arena, map, v_string(name), val);
    return true;
}

static struct value read_object(struct reader *r)
{
    struct vmap *map = vmap_new(r->arena, 0);
    if (!enter(r)) {
        return v_none();
    }
    skip_space(r);
    bool empty = peek(r) == '}';
    while (!empty) {
        if (!read_member(r, map)) {
            return v_none();
        }
        skip_space(r);
        if (peek(r) == '}') {
            break;
        }
        if (peek(r) != ',') {
            return unexpected(r, "after object key:value pair");
        }
        r->at++;
    }
    r->at++;
    r->depth--;
    return v_map(map);
}

static struct value read_value(struct reader *r)
{
    str text;
    switch (peek(r)) {
    case '{':
        return read_object(r);
    case '[':
        return read_array(r);
    case '"':
        return read_string(r, &text) ? v_string(text) : v_none();
    case 't':
        return read_literal(r, "true", v_bool(true));
    case 'f':
        return read_literal(r, "false", v_bool(false));
    case 'n':
        return read_literal(r, "null", v_null());
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        return read_number(r);
    default:
        return unexpected(r, "looking for beginning of value");
    }
}

/* ---- the whole text ---- */
/* Another value behind the first is a fault; what is no value is passed over. */
static bool tail_ok(struct reader *r)
{
    int c = peek(r);
    str shown = { r->text.ptr + r->at, 1 };
    if (c != '{' && c != '[') {
        str ignored = STR_EMPTY;
        struct reader tail = *r;
        tail.why = &ignored;
        struct value v = read_value(&tail);
        if (v.kind == V_NONE || v.kind == V_NULL) {
            return true;
        }
        shown = v.kind == V_STRING ? v_str(v) : str_slice(r->text, r->at, tail.at);
    }
    *r->why = str_printf(r->arena, "invalid character %.*s after top-level value", STR_ARG(shown));
    return false;
}

struct value schema_json_read(struct arena *arena, str text, enum json_tail tail, str *why)
{
    struct reader r = {
        .arena = arena, .text = text, .finite = tail == JSON_TAIL_NONE, .why = why
    };
    skip_space(&r);
    if (r.at == text.len) {
        return fail(&r, S("EOF"));
    }
    struct value v = read_value(&r);
    if (v.kind == V_NONE) {
        return v;
    }
    skip_space(&r);
    if (r.at == text.len) {
        return v;
    }
    if (tail == JSON_TAIL_NONE) {
        return unexpected(&r, "after top-level value");
    }
    return tail_ok(&r) ? v : v_none();
}
