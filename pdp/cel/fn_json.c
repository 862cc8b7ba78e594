/* fn_json.c — json.encode
 *
 * The layout is the reference's: compact, members sorted by name, `< > &` and the two line separators escaped, integers
 * beyond ±(2^53 - 1) as text, bytes as base64, timestamps and durations as text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/b64.h"
#include "base/num.h"
#include "base/time.h"
#include "cel/fn_priv.h"

#include <math.h>
#include <stdlib.h>

#define EXACT_INT INT64_C(9007199254740991)

struct encoder {
    struct cel_run *run;
    struct sb out;
    struct value error; /* V_NONE: none so far */
};

static bool fail(struct encoder *e, struct value error)
{
    e->error = error;
    return false;
}

static void put_escape(struct sb *out, int32_t rune)
{
    switch (rune) {
    case '"':
        sb_add(out, S("\\\""));
        break;
    case '\\':
        sb_add(out, S("\\\\"));
        break;
    case '\b':
        sb_add(out, S("\\b"));
        break;
    case '\f':
        sb_add(out, S("\\f"));
        break;
    case '\n':
        sb_add(out, S("\\n"));
        break;
    case '\r':
        sb_add(out, S("\\r"));
        break;
    case '\t':
        sb_add(out, S("\\t"));
        break;
    default:
        sb_printf(out, "\\u%c%c%c%c", "0123456789abcdef"[(rune >> 12) & 15],
                  "0123456789abcdef"[(rune >> 8) & 15], "0123456789abcdef"[(rune >> 4) & 15],
                  "0123456789abcdef"[rune & 15]);
    }
}

static bool needs_escape(int32_t rune)
{
    return rune < 0x20 || rune == '"' || rune == '\\' || rune == '<' || rune == '>' ||
           rune == '&' || rune == 0x2028 || rune == 0x2029;
}

static void put_text(struct sb *out, str s)
{
    sb_byte(out, '"');
    for (isize pos = 0; pos < s.len;) {
        int32_t rune = utf8_next(s, &pos);
        if (needs_escape(rune)) {
            put_escape(out, rune);
        } else {
            sb_rune(out, rune);
        }
    }
    sb_byte(out, '"');
}

static bool encode(struct encoder *e, struct value v);

static bool encode_list(struct encoder *e, struct value v)
{
    sb_byte(&e->out, '[');
    for (uint32_t i = 0; i < v.len; i++) {
        if (i > 0) {
            sb_byte(&e->out, ',');
        }
        if (!encode(e, v.items[i])) {
            return false;
        }
    }
    sb_byte(&e->out, ']');
    return true;
}

static int compare_names(const void *a, const void *b)
{
    return str_cmp(v_str((*(const struct vmap_entry *const *)a)->key),
                   v_str((*(const struct vmap_entry *const *)b)->key));
}

static bool encode_map(struct encoder *e, const struct vmap *map)
{
    const struct vmap_entry **order = new (e->run->arena, const struct vmap_entry *, map->count);
    for (uint32_t i = 0; i < map->count; i++) {
        order[i] = &map->entries[i];
        if (!is_string(order[i]->key)) {
            str name = v_type_name(order[i]->key);
            return fail(e, v_error(e->run->arena, VE_CONVERSION,
                                   "unsupported type conversion from '%.*s' to string",
                                   STR_ARG(name)));
        }
    }
    if (map->count > 1) {
        qsort(order, map->count, sizeof(order[0]), compare_names);
    }
    sb_byte(&e->out, '{');
    for (uint32_t i = 0; i < map->count; i++) {
        if (i > 0) {
            sb_byte(&e->out, ',');
        }
        put_text(&e->out, v_str(order[i]->key));
        sb_byte(&e->out, ':');
        if (!encode(e, order[i]->val)) {
            return false;
        }
    }
    sb_byte(&e->out, '}');
    return true;
}

static bool encode_object(struct encoder *e, struct value v)
{
    struct value plain =
        v.object->cls->plain == NULL ? v_none() : v.object->cls->plain(e->run->arena, v.object);
    if (plain.kind == V_NONE || plain.kind == V_OBJECT) {
        return fail(e, v_error(e->run->arena, VE_CONVERSION,
                               "type conversion not supported for '%.*s'",
                               STR_ARG(v.object->cls->type_name)));
    }
    return encode(e, plain);
}

static bool encode_number(struct encoder *e, struct value v)
{
    char text[NUM_TEXT];
    int len = 0;
    bool quoted = false;
    if (v.kind == V_DOUBLE) {
        if (!isfinite(v.d)) {
            return fail(e, v_error(e->run->arena, VE_CONVERSION, "json: unsupported value: %s",
                                   isnan(v.d) ? "NaN"
                                   : v.d < 0  ? "-Inf"
                                              : "+Inf"));
        }
        len = num_put_double_json(text, v.d);
    } else if (v.kind == V_INT) {
        len = num_put_int(text, v.i);
        quoted = v.i > EXACT_INT || v.i < -EXACT_INT;
    } else {
        len = num_put_uint(text, v.u);
        quoted = v.u > (uint64_t)EXACT_INT;
    }
    sb_add(&e->out, quoted ? S("\"") : STR_EMPTY);
    sb_add(&e->out, (str){ text, len });
    sb_add(&e->out, quoted ? S("\"") : STR_EMPTY);
    return true;
}

static bool encode(struct encoder *e, struct value v)
{
    char text[NUM_TEXT];
    if (!cel_charge(e->run, 1) || e->out.len > FN_SIZE_MAX) {
        return fail(e, cel_budget_error());
    }
    switch (v.kind) {
    case V_NULL:
        sb_add(&e->out, S("null"));
        return true;
    case V_BOOL:
        sb_add(&e->out, v.i ? S("true") : S("false"));
        return true;
    case V_INT:
    case V_UINT:
    case V_DOUBLE:
        return encode_number(e, v);
    case V_STRING:
        put_text(&e->out, v_str(v));
        return true;
    case V_BYTES:
        put_text(&e->out, b64_encode(e->run->arena, v_str(v), B64_STANDARD, true));
        return true;
    case V_TIMESTAMP:
        put_text(&e->out, (str){ text, time_put_rfc3339(text, v.i, (int32_t)v.len, v.aux) });
        return true;
    case V_DURATION:
        put_text(&e->out, (str){ text, time_put_duration(text, v.i) });
        return true;
    case V_LIST:
        return encode_list(e, v);
    case V_MAP:
        return encode_map(e, v.map);
    case V_OBJECT:
        return encode_object(e, v);
    default: {
        str name = v.kind == V_TYPE ? S("type") : v_type_name(v);
        return fail(e, v_error(e->run->arena, VE_CONVERSION,
                               "type conversion not supported for '%.*s'", STR_ARG(name)));
    }
    }
}

struct value fn_json_encode(struct cel_run *run, const struct value *args, int argc)
{
    struct encoder e = { .run = run, .out = sb_new(run->arena) };
    if (argc != 1) {
        return cel_no_overload(run, "json.encode", args, argc);
    }
    return encode(&e, args[0]) ? v_string(sb_str(&e.out)) : e.error;
}
