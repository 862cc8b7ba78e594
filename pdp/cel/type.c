/* type.c — building, comparing, writing and reading types
 *
 * Neighbours: check_types.c unifies them
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/type.h"

const struct cel_type cel_t_dyn = { .kind = T_DYN };
const struct cel_type cel_t_error = { .kind = T_ERROR };
const struct cel_type cel_t_null = { .kind = T_NULL };
const struct cel_type cel_t_bool = { .kind = T_BOOL };
const struct cel_type cel_t_int = { .kind = T_INT };
const struct cel_type cel_t_uint = { .kind = T_UINT };
const struct cel_type cel_t_double = { .kind = T_DOUBLE };
const struct cel_type cel_t_string = { .kind = T_STRING };
const struct cel_type cel_t_bytes = { .kind = T_BYTES };
const struct cel_type cel_t_timestamp = { .kind = T_TIMESTAMP };
const struct cel_type cel_t_duration = { .kind = T_DURATION };
const struct cel_type cel_t_any = { .kind = T_ANY };

static const struct cel_type t_type = { .kind = T_TYPE };

#define SIZE_MAX_TYPE 1000000u /* sizes stop counting here */

static uint32_t type_size(const struct cel_type *type)
{
    return type->size == 0 ? 1 : type->size;
}

const struct cel_type *cel_type_with(struct arena *arena, const struct cel_type *like,
                                     const struct cel_type *const params[3])
{
    struct cel_type *type = new (arena, struct cel_type, 1);
    *type = *like;
    type->generic = false;
    type->size = 1;
    for (int i = 0; i < 3; i++) {
        type->params[i] = params[i];
        if (params[i] != NULL) {
            type->generic = type->generic || params[i]->generic;
            uint32_t size = type->size + type_size(params[i]);
            type->size = size > SIZE_MAX_TYPE ? SIZE_MAX_TYPE : size;
        }
    }
    return type;
}

static const struct cel_type *compound(struct arena *arena, enum cel_type_kind kind,
                                       const struct cel_type *a, const struct cel_type *b)
{
    return cel_type_with(arena, &(struct cel_type){ .kind = (uint8_t)kind },
                         (const struct cel_type *const[3]){ a, b, NULL });
}

const struct cel_type *cel_type_list(struct arena *arena, const struct cel_type *element)
{
    return compound(arena, T_LIST, element, NULL);
}

const struct cel_type *cel_type_map(struct arena *arena, const struct cel_type *key,
                                    const struct cel_type *value)
{
    return compound(arena, T_MAP, key, value);
}

const struct cel_type *cel_type_of(struct arena *arena, const struct cel_type *type)
{
    return compound(arena, T_TYPE, type, NULL);
}

const struct cel_type *cel_type_optional(struct arena *arena, const struct cel_type *type)
{
    return compound(arena, T_OPTIONAL, type, NULL);
}

const struct cel_type *cel_type_wrapper(struct arena *arena, const struct cel_type *type)
{
    return compound(arena, T_WRAPPER, type, NULL);
}

const struct cel_type *cel_type_abstract(struct arena *arena, str name)
{
    struct cel_type *type = new (arena, struct cel_type, 1);
    type->kind = T_ABSTRACT;
    type->name = name;
    return type;
}

const struct cel_type *cel_type_param(struct arena *arena, str name)
{
    struct cel_type *type = new (arena, struct cel_type, 1);
    type->kind = T_PARAM;
    type->generic = true;
    type->name = name;
    return type;
}

const struct cel_type *cel_type_message(struct arena *arena, const struct cel_message *message)
{
    struct cel_type *type = new (arena, struct cel_type, 1);
    type->kind = T_MESSAGE;
    type->message = message;
    return type;
}

bool cel_type_same(const struct cel_type *a, const struct cel_type *b)
{
    if (a == b) {
        return true;
    }
    if (a == NULL || b == NULL || a->kind != b->kind || a->id != b->id ||
        !str_eq(a->name, b->name)) {
        return false;
    }
    if (a->size != b->size && a->size != 0 && b->size != 0) {
        return false; /* 0: a static type, not counted */
    }
    if (a->kind == T_MESSAGE) {
        return a->message == b->message || str_eq(a->message->name, b->message->name);
    }
    return cel_type_same(a->params[0], b->params[0]) && cel_type_same(a->params[1], b->params[1]) &&
           cel_type_same(a->params[2], b->params[2]);
}

/* ---- text ---- */

static const struct {
    str text;
    const struct cel_type *type;
} simple[] = {
    { S("dyn"), &cel_t_dyn },
    { S("!error!"), &cel_t_error },
    { S("null"), &cel_t_null },
    { S("bool"), &cel_t_bool },
    { S("int"), &cel_t_int },
    { S("uint"), &cel_t_uint },
    { S("double"), &cel_t_double },
    { S("string"), &cel_t_string },
    { S("bytes"), &cel_t_bytes },
    { S("any"), &cel_t_any },
    { S("timestamp"), &cel_t_timestamp },
    { S("duration"), &cel_t_duration },
    { S("type"), &t_type },
};

static str kind_text(const struct cel_type *type)
{
    switch ((enum cel_type_kind)type->kind) {
    case T_LIST:
        return S("list");
    case T_MAP:
        return S("map");
    case T_OPTIONAL:
        return S("optional_type");
    case T_WRAPPER:
        return S("wrapper");
    case T_MESSAGE:
        return type->message->name;
    case T_ABSTRACT:
        return type->name;
    case T_PARAM:
        /* a variable that nothing has bound is as good as dyn */
        return type->name.len > 0 ? type->name : S("dyn");
    default:
        for (isize i = 0; i < countof(simple); i++) {
            if (simple[i].type->kind == type->kind) {
                return simple[i].text;
            }
        }
        return STR_EMPTY;
    }
}

void cel_type_text(struct sb *out, const struct cel_type *type)
{
    sb_add(out, kind_text(type));
    if (type->params[0] == NULL) {
        return;
    }
    sb_byte(out, '(');
    for (int i = 0; i < 3 && type->params[i] != NULL; i++) {
        if (i > 0) {
            sb_add(out, S(", "));
        }
        cel_type_text(out, type->params[i]);
    }
    sb_byte(out, ')');
}

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.';
}

static const struct cel_type *named(struct arena *arena, str name,
                                    const struct cel_type *const params[3])
{
    static const struct {
        str name;
        uint8_t kind;
    } kinds[] = { { S("list"), T_LIST },       { S("map"), T_MAP },
                  { S("type"), T_TYPE },       { S("optional"), T_OPTIONAL },
                  { S("wrapper"), T_WRAPPER }, { S("optional_type"), T_OPTIONAL } };
    for (isize i = 0; params[0] != NULL && i < countof(kinds); i++) {
        if (str_eq(name, kinds[i].name)) {
            return cel_type_with(arena, &(struct cel_type){ .kind = kinds[i].kind }, params);
        }
    }
    return cel_type_with(arena, &(struct cel_type){ .kind = T_ABSTRACT, .name = name }, params);
}

const struct cel_type *cel_type_read(struct arena *arena, str text, isize *pos)
{
    isize start = *pos;
    while (*pos < text.len && is_name_byte(text.ptr[*pos])) {
        (*pos)++;
    }
    str name = str_slice(text, start, *pos);
    if (*pos >= text.len || text.ptr[*pos] != '(') {
        if (name.len == 1 && name.ptr[0] >= 'A' && name.ptr[0] <= 'Z') {
            return cel_type_param(arena, name);
        }
        for (isize i = 0; i < countof(simple); i++) {
            if (str_eq(simple[i].text, name)) {
                return simple[i].type;
            }
        }
        return named(arena, name, (const struct cel_type *const[3]){ 0 });
    }
    const struct cel_type *params[3] = { 0 };
    for (int i = 0; i < 3 && *pos < text.len && text.ptr[*pos] != ')'; i++) {
        (*pos)++; /* the parenthesis or the comma */
        while (*pos < text.len && text.ptr[*pos] == ' ') {
            (*pos)++;
        }
        params[i] = cel_type_read(arena, text, pos);
    }
    *pos += *pos < text.len; /* the closing parenthesis */
    return named(arena, name, params);
}

const struct cel_field *cel_message_field(const struct cel_message *message, str name)
{
    for (int32_t i = 0; i < message->field_count; i++) {
        const struct cel_field *field = &message->fields[i];
        if (str_eq(field->name, name) || (field->alt.len > 0 && str_eq(field->alt, name))) {
            return field;
        }
    }
    return NULL;
}
