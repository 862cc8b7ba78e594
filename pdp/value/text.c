/* text.c — value → one line of text
 *
 * The text is an expression of the language where one exists, so that a listing can be pasted into
 * a policy; maps stand in their order of insertion.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "value/vmap.h"

#include "base/num.h"
#include "base/time.h"
#include "base/utf8.h"

#include <math.h>

/* Letter of a short escape, or 0. */
static char short_escape(int32_t c)
{
    switch (c) {
    case '\a':
        return 'a';
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    case '\v':
        return 'v';
    case '"':
        return '"';
    case '\\':
        return '\\';
    default:
        return 0;
    }
}

static void add_escaped(struct sb *out, char letter)
{
    sb_byte(out, '\\');
    sb_byte(out, letter);
}

static void add_string(struct sb *out, str s)
{
    sb_byte(out, '"');
    for (isize pos = 0; pos < s.len;) {
        isize start = pos;
        int32_t c = utf8_next(s, &pos);
        char letter = short_escape(c);
        if (letter != 0) {
            add_escaped(out, letter);
        } else if (c < 0) {
            sb_rune(out, 0xFFFD);
        } else if (c < 0x20 || (c >= 0x7F && c < 0xA0)) {
            sb_printf(out, "\\u%04x", (unsigned)c);
        } else {
            sb_add(out, str_slice(s, start, pos));
        }
    }
    sb_byte(out, '"');
}

static void add_bytes(struct sb *out, str s)
{
    sb_add(out, S("b\""));
    for (isize i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        char letter = short_escape(c);
        if (letter != 0) {
            add_escaped(out, letter);
        } else if (c < 0x20 || c >= 0x7F) {
            sb_printf(out, "\\x%02x", (unsigned)c);
        } else {
            sb_byte(out, (char)c);
        }
    }
    sb_byte(out, '"');
}

static void add_double(struct sb *out, double d)
{
    char text[NUM_TEXT];
    str s = { text, num_put_double_cel(text, d) };
    if (!isfinite(d)) {
        sb_printf(out, "double(\"%.*s\")", STR_ARG(s));
        return;
    }
    sb_add(out, s);
    if (str_find_byte(s, '.') < 0 && str_find_byte(s, 'e') < 0) {
        sb_add(out, S(".0")); /* else it would read as an int */
    }
}

static void add_time(struct sb *out, struct value v)
{
    char text[NUM_TEXT];
    bool instant = v.kind == V_TIMESTAMP;
    int len =
        instant ? time_put_rfc3339(text, v.i, (int32_t)v.len, v.aux) : time_put_duration(text, v.i);
    sb_add(out, instant ? S("timestamp(\"") : S("duration(\""));
    sb_add(out, (str){ text, len });
    sb_add(out, S("\")"));
}

static void add_list(struct sb *out, struct value v)
{
    sb_byte(out, '[');
    for (uint32_t i = 0; i < v.len; i++) {
        sb_add(out, i > 0 ? S(", ") : STR_EMPTY);
        value_text(out, v.items[i]);
    }
    sb_byte(out, ']');
}

static void add_map(struct sb *out, const struct vmap *map)
{
    sb_byte(out, '{');
    for (uint32_t i = 0; i < map->count; i++) {
        sb_add(out, i > 0 ? S(", ") : STR_EMPTY);
        value_text(out, map->entries[i].key);
        sb_add(out, S(": "));
        value_text(out, map->entries[i].val);
    }
    sb_byte(out, '}');
}

static void add_object(struct sb *out, const struct object *o)
{
    struct value plain = o->cls->plain != NULL ? o->cls->plain(out->arena, o) : v_none();
    sb_add(out, o->cls->type_name);
    sb_byte(out, '(');
    if (plain.kind != V_NONE) {
        value_text(out, plain);
    }
    sb_byte(out, ')');
}

void value_text(struct sb *out, struct value v)
{
    switch ((enum value_kind)v.kind) {
    case V_NULL:
        sb_add(out, S("null"));
        return;
    case V_BOOL:
        sb_add(out, v.i != 0 ? S("true") : S("false"));
        return;
    case V_INT:
        sb_int(out, v.i);
        return;
    case V_UINT:
        sb_uint(out, v.u);
        sb_byte(out, 'u');
        return;
    case V_DOUBLE:
        add_double(out, v.d);
        return;
    case V_STRING:
        add_string(out, v_str(v));
        return;
    case V_BYTES:
        add_bytes(out, v_str(v));
        return;
    case V_LIST:
        add_list(out, v);
        return;
    case V_MAP:
        add_map(out, v.map);
        return;
    case V_TIMESTAMP:
    case V_DURATION:
        add_time(out, v);
        return;
    case V_TYPE:
        sb_add(out, v_str(v));
        return;
    case V_OPTIONAL:
        if (v.items == NULL) {
            sb_add(out, S("optional.none()"));
            return;
        }
        sb_add(out, S("optional.of("));
        value_text(out, *v.items);
        sb_byte(out, ')');
        return;
    case V_OBJECT:
        add_object(out, v.object);
        return;
    case V_ERROR:
        sb_add(out, S("error: "));
        sb_add(out, v.err->text);
        return;
    case V_UNKNOWN:
        sb_add(out, S("unknown"));
        return;
    case V_NONE:
    case V_KIND_COUNT:
        break;
    }
    sb_add(out, S("none"));
}
