/* fn_util.c — messages and conversions that several families share
 *
 * Texts of errors reach clients and policy authors compare them, so values inside them are shown as
 * the reference shows them; only the length is bounded here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/num.h"
#include "base/time.h"
#include "cel/fn_priv.h"

#include <stdlib.h>

struct value fn_some(struct cel_run *run, struct value v)
{
    struct value *inner = new (run->arena, struct value, 1);
    *inner = v;
    return v_some(inner);
}

struct value fn_no_receiver(struct cel_run *run, const char *name, struct value receiver)
{
    bool receives = receiver.kind == V_STRING || receiver.kind == V_TIMESTAMP ||
                    receiver.kind == V_DURATION ||
                    (receiver.kind == V_OBJECT &&
                     str_starts(receiver.object->cls->type_name, S("cerbos.lib.")));
    return receives ? v_no_overload()
                    : v_error(run->arena, VE_NO_OVERLOAD, "no such overload: %s", name);
}

/* ---- quoting ---- */

str fn_quoted(struct arena *arena, str s)
{
    static const char named[] = "abtnvfr"; /* \a is 7, \r is 13 */
    struct sb sb = sb_new(arena);
    sb_byte(&sb, '"');
    for (isize i = 0; i < s.len;) {
        isize from = i;
        int32_t c = utf8_next(s, &i);
        if (c == '"' || c == '\\') {
            sb_byte(&sb, '\\');
            sb_byte(&sb, (char)c);
        } else if (c >= 7 && c <= 13) {
            sb_byte(&sb, '\\');
            sb_byte(&sb, named[c - 7]);
        } else if (c < 0 || c < ' ' || c == 0x7f) {
            sb_printf(&sb, "\\x%02x", (unsigned)(unsigned char)s.ptr[from]);
        } else if (utf8_printable(c)) {
            sb_add(&sb, str_slice(s, from, i));
        } else {
            sb_printf(&sb, c > 0xffff ? "\\U%08x" : "\\u%04x", (unsigned)c);
        }
    }
    sb_byte(&sb, '"');
    return sb_str(&sb);
}

/* ---- values inside messages ---- */

#define SHOWN_MAX 240 /* bytes of a value in a message */

static void show(struct sb *sb, struct value v);

static void show_list(struct sb *sb, struct value v)
{
    sb_byte(sb, '[');
    for (uint32_t i = 0; i < v.len && sb->len < SHOWN_MAX; i++) {
        sb_add(sb, i > 0 ? S(", ") : STR_EMPTY);
        show(sb, v.items[i]);
    }
    sb_byte(sb, ']');
}

static void show_map(struct sb *sb, const struct vmap *map)
{
    sb_byte(sb, '{');
    for (uint32_t i = 0; i < map->count && sb->len < SHOWN_MAX; i++) {
        sb_add(sb, i > 0 ? S(", ") : STR_EMPTY);
        show(sb, map->entries[i].key);
        sb_add(sb, S(": "));
        show(sb, map->entries[i].val);
    }
    sb_byte(sb, '}');
}

static void show_bytes(struct sb *sb, struct value v)
{
    sb_byte(sb, '[');
    for (uint32_t i = 0; i < v.len && sb->len < SHOWN_MAX; i++) {
        sb_printf(sb, i > 0 ? " %d" : "%d", (unsigned char)v.s[i]);
    }
    sb_byte(sb, ']');
}

/* 2020-01-01 00:00:00.5 +0530 +0530, with UTC as the name of offset 0 */
static void show_timestamp(struct sb *sb, struct value v)
{
    struct civil c;
    time_civil(v.i + v.aux * 60, &c);
    sb_printf(sb, "%04lld-%02d-%02d %02d:%02d:%02d", (long long)c.year, c.month, c.day, c.hour,
              c.minute, c.second);
    if (v.len > 0) {
        str fraction = str_printf(sb->arena, ".%09d", (int)v.len);
        while (fraction.ptr[fraction.len - 1] == '0') {
            fraction.len--;
        }
        sb_add(sb, fraction);
    }
    int away = abs(v.aux);
    char zone[8];
    isize len = 0;
    zone[len++] = v.aux < 0 ? '-' : '+';
    zone[len++] = (char)('0' + away / 600 % 10);
    zone[len++] = (char)('0' + away / 60 % 10);
    zone[len++] = (char)('0' + away % 60 / 10);
    zone[len++] = (char)('0' + away % 60 % 10);
    sb_byte(sb, ' ');
    sb_add(sb, (str){ zone, len });
    sb_byte(sb, ' ');
    sb_add(sb, v.aux == 0 ? S("UTC") : (str){ zone, len });
}

/* Appends whole/unit as a decimal fraction without trailing zeros. */
static void show_fraction(struct sb *sb, uint64_t n, uint64_t unit, const char *name)
{
    sb_uint(sb, n / unit);
    uint64_t rest = n % unit;
    if (rest > 0) {
        sb_byte(sb, '.');
        for (uint64_t digit = unit / 10; rest > 0; digit /= 10) {
            sb_byte(sb, (char)('0' + rest / digit));
            rest %= digit;
        }
    }
    sb_add(sb, str_from_c(name));
}

/* 1h30m0.5s, 1ms */
static void show_duration(struct sb *sb, int64_t nanos)
{
    uint64_t n = nanos < 0 ? 0 - (uint64_t)nanos : (uint64_t)nanos;
    sb_add(sb, nanos < 0 ? S("-") : STR_EMPTY);
    if (n == 0) {
        sb_add(sb, S("0s"));
    } else if (n < 1000) {
        show_fraction(sb, n, 1, "ns");
    } else if (n < 1000000) {
        show_fraction(sb, n, 1000, "µs");
    } else if (n < 1000000000) {
        show_fraction(sb, n, 1000000, "ms");
    } else {
        uint64_t minutes = n / UINT64_C(60000000000);
        if (minutes >= 60) {
            sb_uint(sb, minutes / 60);
            sb_byte(sb, 'h');
        }
        if (minutes > 0) {
            sb_uint(sb, minutes % 60);
            sb_byte(sb, 'm');
        }
        show_fraction(sb, n % UINT64_C(60000000000), 1000000000, "s");
    }
}

/* Addresses as text, hierarchies as [a b], others by their type. */
static void show_object(struct sb *sb, struct value v)
{
    struct value segments = cel_hierarchy_list(v);
    str text = v_type_name(v);
    if (segments.kind == V_NONE) {
        (void)cel_net_text(sb->arena, v, &text); /* else the type's name stays */
        sb_add(sb, text);
        return;
    }
    sb_byte(sb, '[');
    for (uint32_t i = 0; i < segments.len && sb->len < SHOWN_MAX; i++) {
        sb_add(sb, i > 0 ? S(" ") : STR_EMPTY);
        show(sb, segments.items[i]);
    }
    sb_byte(sb, ']');
}

static void show(struct sb *sb, struct value v)
{
    char number[NUM_TEXT];
    switch (v.kind) {
    case V_NULL:
        sb_byte(sb, '0');
        break; /* sic: the number of the only null value */
    case V_BOOL:
        sb_add(sb, v.i != 0 ? S("true") : S("false"));
        break;
    case V_INT:
        sb_int(sb, v.i);
        break;
    case V_UINT:
        sb_uint(sb, v.u);
        break;
    case V_DOUBLE:
        sb_add(sb, (str){ number, num_put_double_cel(number, v.d) });
        break;
    case V_STRING:
    case V_TYPE:
        sb_add(sb, str_slice(v_str(v), 0, SHOWN_MAX));
        break;
    case V_BYTES:
        show_bytes(sb, v);
        break;
    case V_LIST:
        show_list(sb, v);
        break;
    case V_MAP:
        show_map(sb, v.map);
        break;
    case V_TIMESTAMP:
        show_timestamp(sb, v);
        break;
    case V_DURATION:
        show_duration(sb, v.i);
        break;
    case V_OPTIONAL:
        if (v.items == NULL) {
            sb_add(sb, S("optional.none()"));
        } else {
            sb_add(sb, S("optional("));
            show(sb, v.items[0]);
            sb_byte(sb, ')');
        }
        break;
    case V_OBJECT:
        show_object(sb, v);
        break;
    default:
        sb_add(sb, v_type_name(v));
        break;
    }
}

str fn_shown(struct arena *arena, struct value v)
{
    struct sb sb = sb_new(arena);
    show(&sb, v);
    str text = sb_str(&sb);
    if (text.len <= SHOWN_MAX) {
        return text;
    }
    isize end = SHOWN_MAX;
    while (end > 0 && ((unsigned char)text.ptr[end] & 0xc0) == 0x80) {
        end--; /* not inside a character */
    }
    return str_concat(arena, str_slice(text, 0, end), S("…"));
}

/* ---- lists of strings ---- */

/* Text of an element that is not a string: objects with a text form, and what an optional holds. */
static bool text_of(struct cel_run *run, struct value v, str *out)
{
    if (v.kind == V_OPTIONAL && v.items != NULL) {
        return text_of(run, v.items[0], out);
    }
    if (v.kind == V_STRING) {
        *out = v_str(v);
        return true;
    }
    return cel_net_text(run->arena, v, out) || fn_hierarchy_text(run, v, out) ||
           fn_spiffe_text(v, out);
}

static struct value text_error(struct cel_run *run, struct value v)
{
    str before = S("type conversion error from "), name = v_type_name(v), after = S(" to 'string'");
    switch (v.kind) {
    case V_INT:
        name = S("'int'");
        break;
    case V_UINT:
        name = S("'uint'");
        break;
    case V_NULL:
        name = S("'null_type'");
        break;
    case V_DOUBLE:
        name = S("Double");
        break;
    case V_BYTES:
        name = S("Bytes");
        break;
    case V_TIMESTAMP:
        name = S("'Timestamp'");
        break;
    case V_DURATION:
        name = S("'Duration'");
        break;
    default:
        break;
    }
    if (v.kind == V_INT || v.kind == V_UINT) {
        before = S("unsupported type conversion from ");
        after = S(" to string");
    } else if (v.kind == V_TYPE) {
        before = S("type conversion not supported for ");
        name = S("'type'");
        after = STR_EMPTY;
    }
    return v_error(run->arena, VE_CONVERSION,
                   "failed to convert list to string slice: %.*s%.*s%.*s", STR_ARG(before),
                   STR_ARG(name), STR_ARG(after));
}

bool fn_texts(struct cel_run *run, struct value list, str **out, struct value *error)
{
    if (!pay_items(run, list.len)) {
        *error = cel_budget_error();
        return false;
    }
    str *texts = new (run->arena, str, list.len);
    for (uint32_t i = 0; i < list.len; i++) {
        if (!text_of(run, list.items[i], &texts[i])) {
            *error = text_error(run, list.items[i]);
            return false;
        }
    }
    *out = texts;
    return true;
}
