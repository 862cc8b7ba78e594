/* fn_format.c — format(): text with clauses
 *
 * A clause is % with an optional precision .digits and a letter; %% is a percent sign. Each clause
 * takes the next argument. Everything that is written is paid for as it is written. spec:
 * cel#string-functions
 *
 * Neighbours: the checker validates literal format strings (check*.c) with the same words
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/num.h"
#include "base/time.h"
#include "cel/fn_priv.h"

#include <math.h>

#define PRECISION_DEFAULT 6
#define PRECISION_MAX     100

/* The text that is being made. */
struct writer {
    struct cel_run *run; /* who pays                                     */
    struct sb sb;        /* the text so far                              */
    isize owed;          /* bytes not yet paid for, below FN_BYTES       */
    struct value error;  /* why it ended early; V_NONE while all is well */
};

static bool put(struct writer *w, str s)
{
    w->owed += s.len + FN_BYTES / FN_ITEMS; /* a piece costs at least what an element costs */
    if (w->sb.len > FN_SIZE_MAX - s.len || !pay_bytes(w->run, w->owed)) {
        w->error = cel_budget_error();
        return false;
    }
    w->owed %= FN_BYTES;
    sb_add(&w->sb, s);
    return true;
}

static bool refuse(struct writer *w, const char *rule, struct value v)
{
    str name = v_type_name(v);
    w->error = v_error(w->run->arena, VE_ARGUMENT, "error during formatting: %s, was given %.*s",
                       rule, STR_ARG(name));
    return false;
}

/* ---- %s ---- */

static bool put_any(struct writer *w, struct value v);

static bool put_list(struct writer *w, struct value v)
{
    bool ok = put(w, S("["));
    for (uint32_t i = 0; ok && i < v.len; i++) {
        ok = (i == 0 || put(w, S(", "))) && put_any(w, v.items[i]);
    }
    return ok && put(w, S("]"));
}

/* One entry of a map as text. */
struct pair {
    str key;
    str val;
};

/* Text of a value, beside the text that is being made. */
static bool apart(struct writer *w, struct value v, str *out)
{
    struct sb outer = w->sb;
    w->sb = sb_new(w->run->arena);
    bool ok = put_any(w, v);
    *out = sb_str(&w->sb);
    w->sb = outer;
    return ok;
}

/* Stable merge sort by key; spare has room for n pairs. */
static void sort_pairs(struct pair *pairs, struct pair *spare, isize n)
{
    if (n < 2) {
        return;
    }
    isize half = n / 2;
    sort_pairs(pairs, spare, half);
    sort_pairs(pairs + half, spare, n - half);
    memcpy(spare, pairs, (size_t)half * sizeof *pairs);
    isize left = 0, right = half;
    for (isize i = 0; left < half; i++) {
        bool take_right = right < n && str_cmp(pairs[right].key, spare[left].key) < 0;
        pairs[i] = take_right ? pairs[right++] : spare[left++];
    }
}

static bool put_map(struct writer *w, const struct vmap *map)
{
    if (!pay_items(w->run, 4 * (isize)map->count)) {
        w->error = cel_budget_error();
        return false;
    }
    struct pair *pairs = new (w->run->arena, struct pair, 2 * (isize)map->count);
    for (uint32_t i = 0; i < map->count; i++) {
        if (!apart(w, map->entries[i].key, &pairs[i].key) ||
            !apart(w, map->entries[i].val, &pairs[i].val)) {
            return false;
        }
    }
    sort_pairs(pairs, pairs + map->count, map->count);
    bool ok = put(w, S("{"));
    for (uint32_t i = 0; ok && i < map->count; i++) {
        ok = (i == 0 || put(w, S(", "))) && put(w, pairs[i].key) && put(w, S(": ")) &&
             put(w, pairs[i].val);
    }
    return ok && put(w, S("}"));
}

/* Bytes go into the text as they are, so they must be text. */
static bool put_bytes(struct writer *w, struct value v)
{
    if (utf8_invalid(v_str(v)) >= 0) {
        w->error = v_error(w->run->arena, VE_CONVERSION,
                           "invalid UTF-8 in bytes, cannot convert to string");
        return false;
    }
    return put(w, v_str(v));
}

static bool put_any(struct writer *w, struct value v)
{
    char text[NUM_TEXT];
    switch (v.kind) {
    case V_NULL:
        return put(w, S("null"));
    case V_BOOL:
        return put(w, v.i != 0 ? S("true") : S("false"));
    case V_INT:
        return put(w, (str){ text, num_put_int(text, v.i) });
    case V_UINT:
        return put(w, (str){ text, num_put_uint(text, v.u) });
    case V_DOUBLE:
        return put(w, (str){ text, num_put_double_plain(text, v.d) });
    case V_STRING:
    case V_TYPE:
        return put(w, v_str(v));
    case V_BYTES:
        return put_bytes(w, v);
    case V_TIMESTAMP:
        return put(w, (str){ text, time_put_rfc3339(text, v.i, (int32_t)v.len, 0) });
    case V_DURATION:
        return put(w, (str){ text, time_put_duration(text, v.i) });
    case V_LIST:
        return put_list(w, v);
    case V_MAP:
        return put_map(w, v.map);
    default:
        return refuse(w,
                      "string clause can only be used on strings, bools, bytes, ints, doubles, "
                      "maps, lists, types, "
                      "durations, and timestamps",
                      v);
    }
}

/* ---- numbers ---- */

static bool put_decimal(struct writer *w, struct value v)
{
    if (v.kind != V_INT && v.kind != V_UINT && v.kind != V_DOUBLE) {
        return refuse(w, "decimal clause can only be used on ints, uints, and doubles", v);
    }
    return put_any(w, v);
}

/* %f and %e */
static bool put_float(struct writer *w, struct value v, char letter, int precision)
{
    double d = v.d;
    if (v.kind == V_INT) {
        d = (double)v.i;
    } else if (v.kind == V_UINT) {
        d = (double)v.u;
    } else if (v.kind != V_DOUBLE) {
        return refuse(w,
                      letter == 'f'
                          ? "fixed-point clause can only be used on ints, uints, and doubles"
                          : "scientific clause can only be used on ints, uints, and doubles",
                      v);
    }
    if (!isfinite(d)) {
        return put_any(w, v);
    }
    return put(w, letter == 'f' ? num_fixed(w->run->arena, d, precision)
                                : num_scientific(w->run->arena, d, precision));
}

/* An integer in base 2, 8 or 16, with its sign. */
static bool put_radix(struct writer *w, struct value v, int bits, const char *digits)
{
    char text[66];
    int at = countof(text);
    bool negative = v.kind == V_INT && v.i < 0;
    uint64_t n = negative ? 0 - v.u : v.u;
    do {
        text[--at] = digits[n & ((1U << bits) - 1)];
        n >>= bits;
    } while (n != 0);
    if (negative) {
        text[--at] = '-';
    }
    return put(w, (str){ text + at, countof(text) - at });
}

static bool put_binary(struct writer *w, struct value v)
{
    if (v.kind != V_INT && v.kind != V_UINT && v.kind != V_BOOL) {
        return refuse(w, "only ints, uints, and bools can be formatted as binary", v);
    }
    return put_radix(w, v, 1, "01");
}

static bool put_octal(struct writer *w, struct value v)
{
    if (v.kind != V_INT && v.kind != V_UINT) {
        return refuse(w, "octal clause can only be used on ints and uints", v);
    }
    return put_radix(w, v, 3, "01234567");
}

static bool put_hex(struct writer *w, struct value v, const char *digits)
{
    if (v.kind == V_INT || v.kind == V_UINT) {
        return put_radix(w, v, 4, digits);
    }
    if (v.kind != V_STRING && v.kind != V_BYTES) {
        return refuse(w, "only ints, uints, bytes, and strings can be formatted as hex", v);
    }
    if (!pay_bytes(w->run, 2 * (isize)v.len)) {
        w->error = cel_budget_error();
        return false;
    }
    char *text = arena_bytes(w->run->arena, 2 * (isize)v.len);
    for (uint32_t i = 0; i < v.len; i++) {
        unsigned char byte = (unsigned char)v.s[i];
        text[2 * i] = digits[byte >> 4];
        text[2 * i + 1] = digits[byte & 15];
    }
    return put(w, (str){ text, 2 * (isize)v.len });
}

/* ---- clauses ---- */

static bool bad_clause(struct writer *w, str why)
{
    w->error = v_error(w->run->arena, VE_ARGUMENT, "could not parse formatting clause: %.*s",
                       STR_ARG(why));
    return false;
}

/* Reads `.digits` at *at, if there is one, and moves behind it. */
static bool read_precision(struct writer *w, str format, isize *at, int *precision)
{
    *precision = PRECISION_DEFAULT;
    if (format.ptr[*at] != '.') {
        return true;
    }
    isize start = ++*at;
    while (*at < format.len && format.ptr[*at] >= '0' && format.ptr[*at] <= '9') {
        ++*at;
    }
    str digits = str_slice(format, start, *at);
    if (*at == format.len) {
        return bad_clause(
            w, S("error while parsing precision: could not find end of precision specifier"));
    }
    int64_t n = 0;
    if (!num_parse_int(digits, false, &n)) {
        return bad_clause(
            w, str_printf(w->run->arena,
                          "error while parsing precision: error while converting precision to "
                          "integer: strconv.Atoi: parsing \"%.*s\": %s",
                          STR_ARG(str_slice(digits, 0, 64)),
                          digits.len == 0 ? "invalid syntax" : "value out of range"));
    }
    if (n > PRECISION_MAX) {
        return bad_clause(
            w, str_printf(w->run->arena,
                          "error while parsing precision: precision %lld exceeds maximum allowed "
                          "precision %d",
                          (long long)n, PRECISION_MAX));
    }
    *precision = (int)n;
    return true;
}

/* Writes v as the clause at *at (behind the percent sign) says and moves behind the clause. */
static bool put_clause(struct writer *w, str format, isize *at, struct value v)
{
    int precision;
    if (!read_precision(w, format, at, &precision)) {
        return false;
    }
    char letter = format.ptr[(*at)++];
    switch (letter) {
    case 's':
        return put_any(w, v);
    case 'd':
        return put_decimal(w, v);
    case 'f':
    case 'e':
        return put_float(w, v, letter, precision);
    case 'b':
        return put_binary(w, v);
    case 'o':
        return put_octal(w, v);
    case 'x':
        return put_hex(w, v, "0123456789abcdef");
    case 'X':
        return put_hex(w, v, "0123456789ABCDEF");
    default:
        break;
    }
    struct sb why = sb_new(w->run->arena);
    sb_add(&why, S("unrecognized formatting clause \""));
    sb_rune(&why, (unsigned char)letter); /* sic: the byte as a code point */
    sb_byte(&why, '"');
    return bad_clause(w, sb_str(&why));
}

/* Fills the writer; false when it ended with an error. */
static bool put_format(struct writer *w, str format, struct value list)
{
    uint32_t next = 0;
    for (isize at = 0; at < format.len;) {
        isize percent = str_find_byte(str_slice(format, at, format.len), '%');
        isize end = percent < 0 ? format.len : at + percent;
        if (!put(w, str_slice(format, at, end))) {
            return false;
        }
        at = end + 1;
        if (end == format.len) {
            return true;
        }
        if (at < format.len && format.ptr[at] == '%') {
            sb_byte(&w->sb, '%');
            at++;
            continue;
        }
        if (next >= list.len) {
            w->error = v_error(w->run->arena, VE_RANGE, "index %u out of range", next);
            return false;
        }
        if (at == format.len) {
            w->error = v_error(w->run->arena, VE_ARGUMENT, "unexpected end of string");
            return false;
        }
        if (!put_clause(w, format, &at, list.items[next++])) {
            return false;
        }
    }
    return true;
}

struct value fn_format(struct cel_run *run, const struct value *args, int argc)
{
    if (argc != 2 || !is_string(args[0]) || args[1].kind != V_LIST) {
        return cel_no_overload(run, "format", args, argc);
    }
    struct writer w = { .run = run, .sb = sb_new(run->arena) };
    return put_format(&w, v_str(args[0]), args[1]) ? v_string(sb_str(&w.sb)) : w.error;
}
