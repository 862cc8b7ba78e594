/* json_out.c — append-only JSON writer
 *
 * A value is looked through before its first byte is written: what cannot be said in JSON must not
 * leave half a value in a reply.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "value/json_out.h"

#include "base/b64.h"
#include "base/num.h"
#include "base/time.h"
#include "base/utf8.h"

#include <assert.h>
#include <math.h>

struct jw jw_new(struct sb *out, int indent)
{
    return (struct jw){ .out = out, .indent = indent };
}

/* ---- layout ---- */

static void new_line(struct jw *w)
{
    int spaces = w->depth * w->indent;
    sb_reserve(w->out, spaces + 1);
    sb_byte(w->out, '\n');
    memset(w->out->ptr + w->out->len, ' ', (size_t)spaces);
    w->out->len += spaces;
}

/* What stands before an element or a member: a comma, a new line. */
static void lead(struct jw *w)
{
    if (w->comma) {
        sb_byte(w->out, ',');
    }
    if (w->indent > 0 && w->depth > 0) {
        new_line(w);
    }
    w->comma = true;
}

/* What stands before a value: nothing behind a name. */
static void before_value(struct jw *w)
{
    if (w->named) {
        w->named = false;
        return;
    }
    lead(w);
}

static void open_level(struct jw *w, char bracket)
{
    before_value(w);
    sb_byte(w->out, bracket);
    w->depth++;
    w->comma = false;
}

static void close_level(struct jw *w, char bracket)
{
    assert(w->depth > 0 && !w->named);
    w->depth--;
    if (w->indent > 0 && w->comma) {
        new_line(w);
    }
    sb_byte(w->out, bracket);
    w->comma = true;
}

void jw_object(struct jw *w)
{
    open_level(w, '{');
}

void jw_object_end(struct jw *w)
{
    close_level(w, '}');
}

void jw_array(struct jw *w)
{
    open_level(w, '[');
}

void jw_array_end(struct jw *w)
{
    close_level(w, ']');
}

/* ---- strings ---- */

static bool is_plain(char c)
{
    return (unsigned char)c >= 0x20 && c != '"' && c != '\\' && (unsigned char)c < 0x80;
}

static void add_escape(struct sb *out, unsigned char c)
{
    switch (c) {
    case '"':
        sb_add(out, S("\\\""));
        return;
    case '\\':
        sb_add(out, S("\\\\"));
        return;
    case '\b':
        sb_add(out, S("\\b"));
        return;
    case '\f':
        sb_add(out, S("\\f"));
        return;
    case '\n':
        sb_add(out, S("\\n"));
        return;
    case '\r':
        sb_add(out, S("\\r"));
        return;
    case '\t':
        sb_add(out, S("\\t"));
        return;
    default:
        sb_printf(out, "\\u%04x", (unsigned)c);
        return;
    }
}

/* Adds one character that is not plain, *pos moves behind it. */
static void add_special(struct sb *out, str s, isize *pos)
{
    isize start = *pos;
    if ((unsigned char)s.ptr[start] < 0x80) {
        add_escape(out, (unsigned char)s.ptr[start]);
        *pos = start + 1;
    } else if (utf8_next(s, pos) >= 0) {
        sb_add(out, str_slice(s, start, *pos));
    } else {
        sb_rune(out, 0xFFFD);
    }
}

/* A text in quotes. Invalid UTF-8 becomes U+FFFD: what is written is always JSON. */
static void add_string(struct sb *out, str s)
{
    sb_reserve(out, s.len + 2);
    out->ptr[out->len++] = '"';
    for (isize pos = 0; pos < s.len;) {
        isize start = pos;
        while (pos < s.len && is_plain(s.ptr[pos])) {
            pos++;
        }
        sb_reserve(out, s.len - start + 1); /* the rest of the text, if no more is escaped */
        memcpy(out->ptr + out->len, s.ptr + start, (size_t)(pos - start));
        out->len += pos - start;
        if (pos < s.len) {
            add_special(out, s, &pos);
        }
    }
    sb_byte(out, '"');
}

void jw_key(struct jw *w, str name)
{
    assert(!w->named);
    lead(w);
    add_string(w->out, name);
    sb_add(w->out, w->indent > 0 ? S(": ") : S(":"));
    w->named = true;
}

void jw_string(struct jw *w, str s)
{
    before_value(w);
    add_string(w->out, s);
}

/* ---- other scalars ---- */

void jw_raw(struct jw *w, str json)
{
    before_value(w);
    sb_add(w->out, json);
}

void jw_bool(struct jw *w, bool b)
{
    jw_raw(w, b ? S("true") : S("false"));
}

void jw_null(struct jw *w)
{
    jw_raw(w, S("null"));
}

void jw_int(struct jw *w, int64_t n)
{
    before_value(w);
    sb_int(w->out, n);
}

void jw_double(struct jw *w, double d)
{
    char text[NUM_TEXT];
    jw_raw(w, (str){ text, num_put_double_json(text, d) });
}

/* ---- values ---- */

#define INT_MOST INT64_C(9007199254740991) /* 2^53 - 1: larger ones would lose digits in a reader */

static struct value plain_of(struct arena *arena, const struct object *o)
{
    return o->cls->plain != NULL ? o->cls->plain(arena, o) : v_none();
}

static bool refuse(str *why, str reason)
{
    if (why != NULL) {
        *why = reason;
    }
    return false;
}

static bool has_json_form(struct arena *scratch, struct value v, str *why);

/* What the reference says about a key that is no string. */
static str key_complaint(struct value key)
{
    switch ((enum value_kind)key.kind) {
    case V_NULL:
        return S("type conversion error from 'null_type' to 'string'");
    case V_BOOL:
        return S("type conversion error from bool to 'string'");
    case V_INT:
        return S("unsupported type conversion from 'int' to string");
    case V_UINT:
        return S("unsupported type conversion from 'uint' to string");
    case V_DOUBLE:
        return S("type conversion error from Double to 'string'");
    case V_LIST:
        return S("type conversion error from list to 'string'");
    case V_MAP:
        return S("type conversion error from map to 'string'");
    case V_TIMESTAMP:
        return S("type conversion error from 'Timestamp' to 'string'");
    case V_DURATION:
        return S("type conversion error from 'Duration' to 'string'");
    case V_TYPE:
        return S("type conversion not supported for 'type'");
    default:
        return S("unsupported type conversion to 'string'");
    }
}

static bool map_has_json_form(struct arena *scratch, const struct vmap *map, str *why)
{
    for (uint32_t i = 0; i < map->count; i++) {
        struct value key = map->entries[i].key;
        if (key.kind != V_STRING) {
            return refuse(why, key_complaint(key));
        }
        if (utf8_invalid(v_str(key)) >= 0) {
            return refuse(why, S("proto: invalid UTF-8"));
        }
        if (!has_json_form(scratch, map->entries[i].val, why)) {
            return false;
        }
    }
    return true;
}

static bool list_has_json_form(struct arena *scratch, struct value list, str *why)
{
    for (uint32_t i = 0; i < list.len; i++) {
        if (!has_json_form(scratch, list.items[i], why)) {
            return false;
        }
    }
    return true;
}

static bool object_has_json_form(struct arena *scratch, const struct object *o, str *why)
{
    struct value plain = plain_of(scratch, o);
    if (plain.kind != V_NONE) {
        return has_json_form(scratch, plain, why);
    }
    return refuse(why, o->cls->no_json.len > 0
                           ? o->cls->no_json
                           : S("unsupported type conversion to '*structpb.Value'"));
}

static str not_finite(double d)
{
    return isnan(d) ? S("proto: google.protobuf.Value.number_value: invalid NaN value")
           : d < 0  ? S("proto: google.protobuf.Value.number_value: invalid -Inf value")
                    : S("proto: google.protobuf.Value.number_value: invalid +Inf value");
}

static bool has_json_form(struct arena *scratch, struct value v, str *why)
{
    switch ((enum value_kind)v.kind) {
    case V_NULL:
    case V_BOOL:
    case V_INT:
    case V_UINT:
    case V_BYTES:
    case V_TIMESTAMP:
    case V_DURATION:
        return true;
    case V_DOUBLE:
        return isfinite(v.d) || refuse(why, not_finite(v.d));
    case V_STRING:
        return utf8_invalid(v_str(v)) < 0 ||
               refuse(why, S("proto: field google.protobuf.Value.string_value contains "
                             "invalid UTF-8"));
    case V_LIST:
        return list_has_json_form(scratch, v, why);
    case V_MAP:
        return map_has_json_form(scratch, v.map, why);
    case V_OBJECT:
        return object_has_json_form(scratch, v.object, why);
    case V_OPTIONAL:
        return v.items != NULL ? has_json_form(scratch, *v.items, why)
                               : refuse(why, S("optional.none() dereference"));
    case V_TYPE:
        return refuse(why, S("type conversion not supported for 'type'"));
    case V_ERROR:
        return refuse(why, v.err->text);
    default:
        return refuse(why, S("value is not known"));
    }
}

static void write_number_text(struct jw *w, struct value v)
{
    char text[NUM_TEXT];
    int len = v.kind == V_INT ? num_put_int(text, v.i) : num_put_uint(text, v.u);
    jw_string(w, (str){ text, len });
}

static void write_time(struct jw *w, struct value v)
{
    char text[NUM_TEXT];
    int len = v.kind == V_TIMESTAMP ? time_put_rfc3339(text, v.i, (int32_t)v.len, v.aux)
                                    : time_put_duration(text, v.i);
    jw_string(w, (str){ text, len });
}

/* Writes a value that has a JSON form. */
static void write_value(struct jw *w, struct arena *scratch, struct value v)
{
    switch ((enum value_kind)v.kind) {
    case V_BOOL:
        jw_bool(w, v.i != 0);
        return;
    case V_INT:
        if (v.i < -INT_MOST || v.i > INT_MOST) {
            write_number_text(w, v);
            return;
        }
        jw_int(w, v.i);
        return;
    case V_UINT:
        if (v.u > (uint64_t)INT_MOST) {
            write_number_text(w, v);
            return;
        }
        jw_int(w, (int64_t)v.u);
        return;
    case V_DOUBLE:
        jw_double(w, v.d);
        return;
    case V_STRING:
        jw_string(w, v_str(v));
        return;
    case V_BYTES:
        jw_string(w, b64_encode(scratch, v_str(v), B64_STANDARD, true));
        return;
    case V_TIMESTAMP:
    case V_DURATION:
        write_time(w, v);
        return;
    case V_LIST:
        jw_array(w);
        for (uint32_t i = 0; i < v.len; i++) {
            write_value(w, scratch, v.items[i]);
        }
        jw_array_end(w);
        return;
    case V_MAP:
        jw_object(w);
        for (uint32_t i = 0; i < v.map->count; i++) {
            jw_key(w, v_str(v.map->entries[i].key));
            write_value(w, scratch, v.map->entries[i].val);
        }
        jw_object_end(w);
        return;
    case V_OBJECT:
        write_value(w, scratch, plain_of(scratch, v.object));
        return;
    case V_OPTIONAL:
        write_value(w, scratch, *v.items);
        return;
    default:
        jw_null(w);
        return;
    }
}

bool jw_value(struct jw *w, struct arena *scratch, struct value v, str *why)
{
    if (!has_json_form(scratch, v, why)) {
        return false;
    }
    write_value(w, scratch, v);
    return true;
}
