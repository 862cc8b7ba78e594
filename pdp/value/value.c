/* value.c — errors and the names of types
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "value/value.h"

struct value v_error(struct arena *arena, enum verror_category category, const char *format, ...)
{
    struct verror *err = new(arena, struct verror, 1);
    struct sb text = sb_new(arena);
    va_list args;
    va_start(args, format);
    sb_vprintf(&text, format, args);
    va_end(args);
    err->category = (uint16_t)category;
    err->pc = UINT32_MAX;
    err->text = sb_str(&text);
    return (struct value){ .kind = V_ERROR, .err = err };
}

struct value v_no_overload(void)
{
    static const struct verror no_overload = { .category = VE_NO_OVERLOAD,
                                               .pc = UINT32_MAX,
                                               .text = { "no such overload", 16 } };
    return (struct value){ .kind = V_ERROR, .err = &no_overload };
}

str v_type_name(struct value v)
{
    switch ((enum value_kind)v.kind) {
    case V_NULL:
        return S("null_type");
    case V_BOOL:
        return S("bool");
    case V_INT:
        return S("int");
    case V_UINT:
        return S("uint");
    case V_DOUBLE:
        return S("double");
    case V_STRING:
        return S("string");
    case V_BYTES:
        return S("bytes");
    case V_LIST:
        return S("list");
    case V_MAP:
        return S("map");
    case V_TIMESTAMP:
        return S("google.protobuf.Timestamp");
    case V_DURATION:
        return S("google.protobuf.Duration");
    case V_TYPE:
        return S("type");
    case V_OPTIONAL:
        return S("optional_type");
    case V_OBJECT:
        return v.object->cls->type_name;
    case V_ERROR:
        return S("error");
    case V_UNKNOWN:
        return S("unknown");
    case V_NONE:
    case V_KIND_COUNT:
        break;
    }
    return S("none");
}
