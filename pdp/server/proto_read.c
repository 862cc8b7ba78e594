/* proto_read.c — JSON tree → struct, by table
 *
 * On the path of every request: no message is made, no text is copied; a fault ends in `false` and
 * is explained elsewhere from the original text. The tree has been checked for repeated names and
 * depth, so the only repetition left to find is one field under its two names.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/proto.h"

static str text_of(yyjson_val *node)
{
    return (str){ unsafe_yyjson_get_str(node), (isize)unsafe_yyjson_get_len(node) };
}

static const struct proto_field *find_field(const struct proto_message *message, str name)
{
    for (int i = 0; i < message->field_count; i++) {
        const struct proto_field *field = &message->fields[i];
        if (str_eq(name, field->name) || str_eq(name, field->proto_name)) {
            return field;
        }
    }
    return NULL;
}

static bool read_strings(struct arena *arena, yyjson_val *node, const str **out, isize *count)
{
    if (!yyjson_is_arr(node)) {
        return false;
    }
    isize len = (isize)unsafe_yyjson_get_len(node);
    str *texts = new (arena, str, len);
    isize i = 0;
    yyjson_arr_iter iter = yyjson_arr_iter_with(node);
    for (yyjson_val *item; (item = yyjson_arr_iter_next(&iter)) != NULL;) {
        if (!yyjson_is_str(item)) {
            return false;
        }
        texts[i++] = text_of(item);
    }
    *out = texts;
    *count = len;
    return true;
}

static bool read_messages(struct arena *arena, const struct proto_message *message,
                          yyjson_val *node, void **out, isize *count)
{
    if (!yyjson_is_arr(node)) {
        return false;
    }
    isize len = (isize)unsafe_yyjson_get_len(node);
    char *structs = arena_alloc(arena, message->size, 16, len);
    char *next = structs;
    yyjson_arr_iter iter = yyjson_arr_iter_with(node);
    for (yyjson_val *item; (item = yyjson_arr_iter_next(&iter)) != NULL; next += message->size) {
        if (!proto_read(arena, message, item, next)) {
            return false;
        }
    }
    *out = structs;
    *count = len;
    return true;
}

static bool read_message_map(struct arena *arena, const struct proto_message *message,
                             yyjson_val *node, void **out, isize *count)
{
    if (!yyjson_is_obj(node)) {
        return false;
    }
    isize len = (isize)unsafe_yyjson_get_len(node);
    char *structs = arena_alloc(arena, message->size, 16, len);
    char *next = structs;
    yyjson_obj_iter iter = yyjson_obj_iter_with(node);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&iter)) != NULL; next += message->size) {
        if (!proto_read(arena, message, yyjson_obj_iter_get_val(key), next)) {
            return false;
        }
        *(str *)(void *)next = text_of(key);
    }
    *out = structs;
    *count = len;
    return true;
}

static bool read_field(struct arena *arena, const struct proto_field *field, yyjson_val *node,
                       char *out)
{
    void *at = out + field->at;
    void *count = out + field->count;
    switch ((enum proto_kind)field->kind) {
    case PROTO_STRING:
        if (!yyjson_is_str(node)) {
            return false;
        }
        *(str *)at = text_of(node);
        return true;
    case PROTO_BOOL:
        if (!yyjson_is_bool(node)) {
            return false;
        }
        *(bool *)at = unsafe_yyjson_get_bool(node);
        return true;
    case PROTO_STRINGS:
        return read_strings(arena, node, at, count);
    case PROTO_VALUES:
        if (!yyjson_is_obj(node)) {
            return false;
        }
        *(const struct vmap **)at = json_value(arena, node).map;
        return true;
    case PROTO_MESSAGE:
        *(bool *)count = true;
        return proto_read(arena, field->message, node, at);
    case PROTO_MESSAGES:
        return read_messages(arena, field->message, node, at, count);
    case PROTO_MESSAGE_MAP:
        return read_message_map(arena, field->message, node, at, count);
    }
    return false;
}

bool proto_read(struct arena *arena, const struct proto_message *message, yyjson_val *node,
                void *out)
{
    if (!yyjson_is_obj(node)) {
        return false;
    }
    uint32_t seen = 0;
    yyjson_obj_iter iter = yyjson_obj_iter_with(node);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&iter)) != NULL;) {
        const struct proto_field *field = find_field(message, text_of(key));
        if (field == NULL) {
            return false;
        }
        uint32_t bit = UINT32_C(1) << (field - message->fields);
        if (seen & bit) {
            return false;
        }
        seen |= bit;
        yyjson_val *val = yyjson_obj_iter_get_val(key);
        if (!yyjson_is_null(val) && !read_field(arena, field, val, out)) {
            return false;
        }
    }
    return true;
}
