/* proto_scan.c — where JSON text is malformed, in the reference's words
 *
 * The reference first splits the body's first JSON value off with its language's general JSON
 * scanner, and only then reads it as a message. This is that scanner: grammar only (bytes above 127
 * inside strings are not looked at), one error, and the end of the first value. It keeps its own
 * stack, so depth costs no C stack. spec: cerbos-compat#json
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/proto_priv.h"

#include "base/utf8.h"

#define DEPTH_MOST 10000 /* the reference's limit */

enum expect {
    WANT_VALUE,        /* behind `:`, behind `,` in an array, at the start */
    WANT_VALUE_OR_END, /* behind `[`                                       */
    WANT_KEY,          /* behind `,` in an object                          */
    WANT_KEY_OR_END,   /* behind `{`                                       */
    WANT_COLON,        /* behind a key                                     */
    WANT_COMMA_OR_END, /* behind a value                                   */
};

struct scan {
    struct arena *arena;
    str text;
    isize at;       /* next byte                            */
    uint8_t *stack; /* open brackets: '{' or '['            */
    int depth;      /* how many                             */
    str error;      /* empty: none so far                   */
};

/* ---- wording ---- */

static void put_quoted_byte(struct sb *sb, uint8_t c)
{
    static const char named[] = "\a\b\t\n\v\f\r\\";
    static const char letters[] = "abtnvfr\\";
    const char *found = c != '\0' ? strchr(named, c) : NULL;
    if (c == '\'') {
        sb_add(sb, S("\\'"));
    } else if (found != NULL) {
        sb_byte(sb, '\\');
        sb_byte(sb, letters[found - named]);
    } else if (c < 0x20 || c == 0x7f) {
        sb_printf(sb, "\\x%02x", c);
    } else if ((c >= 0x80 && c <= 0xa0) || c == 0xad) {
        sb_printf(sb, "\\u%04x", c);
    } else {
        sb_rune(sb, c);
    }
}

static bool complain(struct scan *s, const char *context)
{
    struct sb sb = sb_new(s->arena);
    sb_add(&sb, S("invalid character '"));
    put_quoted_byte(&sb, (uint8_t)s->text.ptr[s->at]);
    sb_printf(&sb, "' %s", context);
    s->error = sb_str(&sb);
    return false;
}

static bool ended(struct scan *s)
{
    s->error = S("unexpected EOF");
    return false;
}

static bool at_end(const struct scan *s)
{
    return s->at >= s->text.len;
}

static char here(const struct scan *s)
{
    return s->text.ptr[s->at];
}

/* ---- scalars ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool scan_escape(struct scan *s)
{
    s->at++;
    if (at_end(s)) {
        return ended(s);
    }
    if (here(s) != 'u') {
        if (here(s) == '\0' || strchr("bfnrt\\/\"", here(s)) == NULL) {
            return complain(s, "in string escape code");
        }
        s->at++;
        return true;
    }
    s->at++;
    for (int i = 0; i < 4; i++, s->at++) {
        if (at_end(s)) {
            return ended(s);
        }
        if (!is_hex(here(s))) {
            return complain(s, "in \\u hexadecimal character escape");
        }
    }
    return true;
}

static bool scan_string(struct scan *s)
{
    s->at++;
    while (!at_end(s) && here(s) != '"') {
        if ((uint8_t)here(s) < 0x20) {
            return complain(s, "in string literal");
        }
        if (here(s) != '\\') {
            s->at++;
        } else if (!scan_escape(s)) {
            return false;
        }
    }
    if (at_end(s)) {
        return ended(s);
    }
    s->at++;
    return true;
}

static bool scan_literal(struct scan *s, const char *literal)
{
    for (int i = 1; literal[i] != '\0'; i++) {
        s->at++;
        if (at_end(s)) {
            return ended(s);
        }
        if (here(s) != literal[i]) {
            return complain(
                s, str_to_c(s->arena, str_printf(s->arena, "in literal %s (expecting '%c')",
                                                 literal, literal[i])));
        }
    }
    s->at++;
    return true;
}

static bool scan_digits(struct scan *s, const char *context)
{
    if (at_end(s)) {
        return ended(s);
    }
    if (!is_digit(here(s))) {
        return complain(s, context);
    }
    while (!at_end(s) && is_digit(here(s))) {
        s->at++;
    }
    return true;
}

static bool scan_number(struct scan *s)
{
    if (here(s) == '-') {
        s->at++;
    }
    if (!at_end(s) && here(s) == '0') {
        s->at++;
    } else if (!scan_digits(s, "in numeric literal")) {
        return false;
    }
    if (!at_end(s) && here(s) == '.') {
        s->at++;
        if (!scan_digits(s, "after decimal point in numeric literal")) {
            return false;
        }
    }
    if (!at_end(s) && (here(s) == 'e' || here(s) == 'E')) {
        s->at++;
        if (!at_end(s) && (here(s) == '+' || here(s) == '-')) {
            s->at++;
        }
        return scan_digits(s, "in exponent of numeric literal");
    }
    return true;
}

static bool scan_scalar(struct scan *s)
{
    switch (here(s)) {
    case '"':
        return scan_string(s);
    case 't':
        return scan_literal(s, "true");
    case 'f':
        return scan_literal(s, "false");
    case 'n':
        return scan_literal(s, "null");
    default:
        if (here(s) == '-' || is_digit(here(s))) {
            return scan_number(s);
        }
        return complain(s, "looking for beginning of value");
    }
}

/* ---- structure ---- */

static bool scan_value(struct scan *s, enum expect *expect)
{
    char c = here(s);
    if (c != '{' && c != '[') {
        *expect = WANT_COMMA_OR_END;
        return scan_scalar(s);
    }
    if (s->depth == DEPTH_MOST) {
        return complain(s, "exceeded max depth");
    }
    s->stack[s->depth++] = (uint8_t)c;
    s->at++;
    *expect = c == '{' ? WANT_KEY_OR_END : WANT_VALUE_OR_END;
    return true;
}

static bool scan_close(struct scan *s, enum expect *expect)
{
    s->depth--;
    s->at++;
    *expect = WANT_COMMA_OR_END;
    return true;
}

static bool scan_behind_value(struct scan *s, enum expect *expect)
{
    bool object = s->stack[s->depth - 1] == '{';
    if (here(s) == ',') {
        s->at++;
        *expect = object ? WANT_KEY : WANT_VALUE;
        return true;
    }
    if (here(s) == (object ? '}' : ']')) {
        return scan_close(s, expect);
    }
    return complain(s, object ? "after object key:value pair" : "after array element");
}

/* One token where `expect` says what may come. */
static bool scan_step(struct scan *s, enum expect *expect)
{
    switch (*expect) {
    case WANT_VALUE_OR_END:
        if (here(s) == ']') {
            return scan_close(s, expect);
        }
        return scan_value(s, expect);
    case WANT_VALUE:
        return scan_value(s, expect);
    case WANT_KEY_OR_END:
    case WANT_KEY:
        if (here(s) == '}' && *expect == WANT_KEY_OR_END) {
            return scan_close(s, expect);
        }
        if (here(s) != '"') {
            return complain(s, "looking for beginning of object key string");
        }
        *expect = WANT_COLON;
        return scan_string(s);
    case WANT_COLON:
        if (here(s) != ':') {
            return complain(s, "after object key");
        }
        s->at++;
        *expect = WANT_VALUE;
        return true;
    case WANT_COMMA_OR_END:
        return scan_behind_value(s, expect);
    }
    return false;
}

static void skip_space(struct scan *s)
{
    while (!at_end(s) &&
           (here(s) == ' ' || here(s) == '\t' || here(s) == '\n' || here(s) == '\r')) {
        s->at++;
    }
}

str proto_scan(struct arena *arena, str text, str *value)
{
    struct scan s = { .arena = arena, .text = text, .stack = new (arena, uint8_t, DEPTH_MOST) };
    enum expect expect = WANT_VALUE;
    skip_space(&s);
    isize start = s.at;
    do {
        skip_space(&s);
        if (at_end(&s)) {
            return S("unexpected EOF");
        }
        if (!scan_step(&s, &expect)) {
            return s.error;
        }
    } while (s.depth > 0 || expect != WANT_COMMA_OR_END);
    *value = str_slice(text, start, s.at);
    return STR_EMPTY;
}
