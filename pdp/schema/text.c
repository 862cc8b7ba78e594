/* text.c — how names and values look in messages and paths
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "schema/text.h"

#include "base/utf8.h"
#include "schema/schema.h"

/* ---- quoting ---- */
static void add_rune(struct sb *out, int32_t c, str bytes, char quote)
{
    static const char named[] = "abtnvfr"; /* \a is 7, \r is 13 */
    if (c == quote || c == '\\') {
        sb_byte(out, '\\');
        sb_byte(out, (char)c);
    } else if (c >= 7 && c <= 13) {
        sb_byte(out, '\\');
        sb_byte(out, named[c - 7]);
    } else if (c < ' ' || c == 0x7f) {
        sb_printf(out, "\\x%02x", (unsigned)(unsigned char)bytes.ptr[0]);
    } else if (utf8_printable(c)) {
        sb_add(out, bytes);
    } else {
        sb_printf(out, c > 0xffff ? "\\U%08x" : "\\u%04x", (unsigned)c);
    }
}

void text_quote(struct sb *out, str s, char quote)
{
    sb_byte(out, quote);
    for (isize i = 0; i < s.len;) {
        isize from = i;
        int32_t c = utf8_next(s, &i);
        if (c == '\\' && i == s.len && quote == '\'') {
            sb_byte(out, '\\'); /* the reference's library loses one of two at the end */
            break;
        }
        add_rune(out, c, str_slice(s, from, i), quote);
    }
    sb_byte(out, quote);
}

str schema_quote(struct arena *arena, str text)
{
    struct sb sb = sb_new(arena);
    text_quote(&sb, text, '"');
    return sb_str(&sb);
}

void text_quote_byte(struct sb *out, unsigned char byte)
{
    char bytes[4];
    int len = utf8_put(bytes, byte);
    sb_byte(out, '\'');
    add_rune(out, byte, (str){ bytes, len }, '\'');
    sb_byte(out, '\'');
}

/* ---- paths ---- */
static bool plain_in_segment(unsigned char c)
{
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return letter || (c != 0 && c < 0x80 && strchr("-_.~$&+:=@", c) != NULL);
}

static void add_escaped(struct sb *out, unsigned char c)
{
    static const char hex[] = "0123456789ABCDEF";
    if (plain_in_segment(c)) {
        sb_byte(out, (char)c);
    } else {
        sb_byte(out, '%');
        sb_byte(out, hex[c >> 4]);
        sb_byte(out, hex[c & 15]);
    }
}

void text_segment(struct sb *out, str name)
{
    for (isize i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (c == '~') {
            sb_add(out, S("~0"));
        } else if (c == '/') {
            sb_add(out, S("~1"));
        } else {
            add_escaped(out, (unsigned char)c);
        }
    }
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    int lower = c | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool text_unescape(struct arena *arena, str s, str *out, str *bad)
{
    *out = s;
    if (str_find_byte(s, '%') < 0) {
        return true;
    }
    struct sb sb = sb_new(arena);
    for (isize i = 0; i < s.len; i++) {
        if (s.ptr[i] != '%') {
            sb_byte(&sb, s.ptr[i]);
            continue;
        }
        int high = i + 2 < s.len ? hex_digit(s.ptr[i + 1]) : -1;
        int low = i + 2 < s.len ? hex_digit(s.ptr[i + 2]) : -1;
        if (high < 0 || low < 0) {
            *bad = str_slice(s, i, i + 3);
            return false;
        }
        sb_byte(&sb, (char)(high << 4 | low));
        i += 2;
    }
    *out = sb_str(&sb);
    return true;
}

/* `from` → `to`, once through. */
static str replace(struct arena *arena, str s, str from, char to)
{
    struct sb sb = sb_new(arena);
    for (isize at = str_find(s, from); at >= 0; at = str_find(s, from)) {
        sb_add(&sb, str_slice(s, 0, at));
        sb_byte(&sb, to);
        s = str_slice(s, at + from.len, s.len);
    }
    sb_add(&sb, s);
    return sb_str(&sb);
}

bool text_unsegment(struct arena *arena, str segment, str *name, str *bad)
{
    if (str_find_byte(segment, '~') >= 0) {
        segment = replace(arena, replace(arena, segment, S("~1"), '/'), S("~0"), '~');
    }
    return text_unescape(arena, segment, name, bad);
}
