/* conv.c — conversions: int uint double string bytes bool timestamp duration type dyn; and size
 *
 * Implementations of rows in funcs.def; spec: cel#conversions. Through dyn any argument may arrive.
 *
 * Neighbours: base/num.h and base/time.h read and write the texts
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/fn.h"

#include "base/num.h"
#include "base/time.h"
#include "base/utf8.h"

static struct value unreadable(struct cel_run *run, const char *to)
{
    return v_error(run->arena, VE_CONVERSION, "type conversion error from 'string' to '%s'", to);
}

static struct value overflow(struct cel_run *run, const char *what)
{
    return v_error(run->arena, VE_OVERFLOW, "%s overflow", what);
}

struct value fn_int(struct cel_run *run, const struct value *args, int argc)
{
    struct value v = args[0];
    int64_t n;
    switch (v.kind) {
    case V_INT:
        return v;
    case V_UINT:
        return v.u > INT64_MAX ? overflow(run, "integer") : v_int((int64_t)v.u);
    case V_DOUBLE: /* the reference refuses the smallest int, too */
        return v.d > -0x1p63 && v.d < 0x1p63 ? v_int((int64_t)v.d) : overflow(run, "integer");
    case V_STRING:
        return num_parse_int(v_str(v), true, &n) ? v_int(n) : unreadable(run, "int");
    case V_TIMESTAMP:
    case V_DURATION:
        return v_int(v.i);
    default:
        return cel_no_overload(run, "int", args, argc);
    }
}

struct value fn_uint(struct cel_run *run, const struct value *args, int argc)
{
    struct value v = args[0];
    uint64_t n;
    switch (v.kind) {
    case V_UINT:
        return v;
    case V_INT:
        return v.i < 0 ? overflow(run, "unsigned integer") : v_uint((uint64_t)v.i);
    case V_DOUBLE:
        return v.d >= 0 && v.d < 0x1p64 ? v_uint((uint64_t)v.d) : overflow(run, "unsigned integer");
    case V_STRING:
        return num_parse_uint(v_str(v), &n) ? v_uint(n) : unreadable(run, "uint");
    default:
        return cel_no_overload(run, "uint", args, argc);
    }
}

struct value fn_double(struct cel_run *run, const struct value *args, int argc)
{
    struct value v = args[0];
    double d;
    switch (v.kind) {
    case V_DOUBLE:
        return v;
    case V_INT:
        return v_double((double)v.i);
    case V_UINT:
        return v_double((double)v.u);
    case V_STRING:
        return num_parse_double_go(v_str(v), &d) ? v_double(d) : unreadable(run, "double");
    default:
        return cel_no_overload(run, "double", args, argc);
    }
}

static struct value text(struct cel_run *run, const char *buf, int len)
{
    struct value v = v_string(str_copy(run->arena, (str){ buf, len }));
    v.flags = VF_ASCII;
    return v;
}

struct value fn_string(struct cel_run *run, const struct value *args, int argc)
{
    struct value v = args[0];
    char buf[NUM_TEXT];
    switch (v.kind) {
    case V_STRING:
        return v;
    case V_BOOL:
        return v_string(v.i != 0 ? S("true") : S("false"));
    case V_INT:
        return text(run, buf, num_put_int(buf, v.i));
    case V_UINT:
        return text(run, buf, num_put_uint(buf, v.u));
    case V_DOUBLE:
        return text(run, buf, num_put_double_cel(buf, v.d));
    case V_BYTES:
        if (!cel_charge(run, v.len >> 8)) {
            return cel_budget_error();
        }
        if (utf8_invalid(v_str(v)) >= 0) {
            return v_error(run->arena, VE_CONVERSION,
                           "invalid UTF-8 in bytes, cannot convert to string");
        }
        return v_string(v_str(v));
    case V_TIMESTAMP:
        return text(run, buf, time_put_rfc3339(buf, v.i, (int32_t)v.len, v.aux));
    case V_DURATION:
        return text(run, buf, time_put_duration(buf, v.i));
    case V_OBJECT: { /* only addresses have a text */
        str address;
        return cel_net_text(run->arena, v, &address) ? v_string(address)
                                                     : cel_no_overload(run, "string", args, argc);
    }
    default:
        return cel_no_overload(run, "string", args, argc);
    }
}

struct value fn_bytes(struct cel_run *run, const struct value *args, int argc)
{
    struct value v = args[0];
    if (v.kind == V_STRING) {
        return v_bytes(v_str(v));
    }
    return v.kind == V_BYTES ? v : cel_no_overload(run, "bytes", args, argc);
}

struct value fn_bool(struct cel_run *run, const struct value *args, int argc)
{
    static const struct {
        str text;
        bool is;
    } names[] = { { { "1", 1 }, true },      { { "t", 1 }, true },      { { "T", 1 }, true },
                  { { "TRUE", 4 }, true },   { { "true", 4 }, true },   { { "True", 4 }, true },
                  { { "0", 1 }, false },     { { "f", 1 }, false },     { { "F", 1 }, false },
                  { { "FALSE", 5 }, false }, { { "false", 5 }, false }, { { "False", 5 }, false } };
    struct value v = args[0];
    if (v.kind == V_BOOL) {
        return v;
    }
    if (v.kind != V_STRING) {
        return cel_no_overload(run, "bool", args, argc);
    }
    for (isize i = 0; i < countof(names); i++) {
        if (str_eq(names[i].text, v_str(v))) {
            return v_bool(names[i].is);
        }
    }
    return unreadable(run, "bool");
}

static struct value read_timestamp(struct cel_run *run, str s)
{
    int64_t seconds;
    int32_t nanos;
    int offset;
    if (!time_parse_rfc3339(s, &seconds, &nanos, &offset)) {
        str quoted = str_quote(run->arena, str_slice(s, 0, 256));
        return v_error(run->arena, VE_CONVERSION, "invalid RFC 3339 timestamp %.*s",
                       STR_ARG(quoted));
    }
    if (seconds < TIME_MIN_SECONDS || seconds > TIME_MAX_SECONDS) {
        return overflow(run, "timestamp");
    }
    return v_timestamp(seconds, nanos, offset);
}

struct value fn_timestamp(struct cel_run *run, const struct value *args, int argc)
{
    struct value v = args[0];
    switch (v.kind) {
    case V_TIMESTAMP:
        return v;
    case V_STRING:
        return read_timestamp(run, v_str(v));
    case V_INT:
        if (v.i < TIME_MIN_SECONDS || v.i > TIME_MAX_SECONDS) {
            return overflow(run, "timestamp");
        }
        return v_timestamp(v.i, 0, 0);
    default:
        return cel_no_overload(run, "timestamp", args, argc);
    }
}

struct value fn_duration(struct cel_run *run, const struct value *args, int argc)
{
    struct value v = args[0];
    int64_t nanos;
    if (v.kind == V_DURATION) {
        return v;
    }
    if (v.kind != V_STRING) {
        return cel_no_overload(run, "duration", args, argc);
    }
    return time_parse_duration(v_str(v), &nanos) ? v_duration(nanos)
                                                 : unreadable(run, "google.protobuf.Duration");
}

struct value fn_type(struct cel_run *run, const struct value *args, int argc)
{
    (void)run; /* the signature is that of all functions */
    (void)argc;
    return v_type(v_type_name(args[0]));
}

struct value fn_dyn(struct cel_run *run, const struct value *args, int argc)
{
    (void)run;
    (void)argc;
    return args[0];
}

struct value fn_size(struct cel_run *run, const struct value *args, int argc)
{
    struct value v = args[0];
    (void)argc;
    switch (v.kind) {
    case V_STRING:
        if ((v.flags & VF_ASCII) != 0) {
            return v_int(v.len);
        }
        return cel_charge(run, v.len >> 8) ? v_int(utf8_count(v_str(v))) : cel_budget_error();
    case V_BYTES:
    case V_LIST:
        return v_int(v.len);
    case V_MAP:
        return v_int(v.map->count);
    case V_OBJECT:
        return v.object->cls->size != NULL ? v_int(v.object->cls->size(v.object)) : v_no_overload();
    case V_TIMESTAMP:
    case V_DURATION:
        return v_no_overload();
    default:
        return v_error(run->arena, VE_NO_OVERLOAD, "no such overload: size");
    }
}
