/* objects.c — P, R, request and the rest as values
 *
 * A field that holds its type's zero value (empty text, empty list, a message without content) counts as not set,
 * as in protobuf. spec: cel#collections (has)
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/objects.h"

static const struct object_class message_class;

static const struct message_object *message_of(const struct object *o)
{
    return (const struct message_object *)(const void *)o;
}

static bool is_set(const struct message_object *m)
{
    for (int32_t i = 0; i < m->message->field_count; i++) {
        struct value v = m->roots[m->message->fields[i].root];
        if (v.kind == V_ERROR || (v.kind == V_OBJECT && is_set(message_of(v.object))) ||
            (v.kind != V_OBJECT && v.kind != V_NONE && v.len > 0)) {
            return true;
        }
    }
    return false;
}

static bool field_set(struct value v)
{
    return v.kind == V_OBJECT ? is_set(message_of(v.object)) : v.kind != V_NONE && v.len > 0;
}

static struct value message_select(struct arena *arena, const struct object *o, str name)
{
    (void)arena;
    const struct cel_field *f = cel_message_field(message_of(o)->message, name);
    return f == NULL ? v_none() : message_of(o)->roots[f->root];
}

static int message_has(const struct object *o, str name)
{
    const struct cel_field *f = cel_message_field(message_of(o)->message, name);
    return f == NULL ? -1 : field_set(message_of(o)->roots[f->root]);
}

static int message_equal(const struct object *a, struct value b)
{
    if (b.kind != V_OBJECT || b.object->cls != &message_class ||
        message_of(b.object)->message != message_of(a)->message) {
        return 0;
    }
    const struct message_object *m = message_of(a);
    for (int32_t i = 0; i < m->message->field_count; i++) {
        int32_t root = m->message->fields[i].root;
        struct value mine = m->roots[root];
        struct value other = message_of(b.object)->roots[root];
        int same = mine.kind == V_NONE || other.kind == V_NONE ? field_set(mine) == field_set(other)
                                                               : value_equal(mine, other);
        if (same != 1) {
            return same;
        }
    }
    return 1;
}

static struct value message_plain(struct arena *arena, const struct object *o)
{
    const struct message_object *m = message_of(o);
    struct vmap *map = vmap_new(arena, m->message->field_count);
    for (int32_t i = 0; i < m->message->field_count; i++) {
        const struct cel_field *f = &m->message->fields[i];
        struct value v = m->roots[f->root];
        if (field_set(v)) {
            vmap_put(arena, map, v_string(f->name), v);
        }
    }
    return v_map(map);
}

static const struct object_class message_class = {
    .type_name = { "message", 7 },
    .equal = message_equal,
    .select = message_select,
    .has = message_has,
    .plain = message_plain,
};

/* V and C as wholes are empty, whatever a policy defines: only their fields count. */
static const struct vmap no_names;

static struct value globals_find(const struct object *o, str name)
{
    const struct globals_object *g = (const struct globals_object *)(const void *)o;
    return g->names == NULL ? v_none() : vmap_find_str(g->names, name);
}

static struct value globals_select(struct arena *arena, const struct object *o, str name)
{
    struct value v = globals_find(o, name);
    if (v.kind == V_NONE) {
        return v_error(arena, VE_NO_SUCH_FIELD, "undefined field '%.*s'", STR_ARG(name));
    }
    return v;
}

static int globals_has(const struct object *o, str name)
{
    return globals_find(o, name).kind != V_NONE;
}

static struct value globals_plain(struct arena *arena, const struct object *o)
{
    (void)arena;
    (void)o;
    return v_map(&no_names);
}

const struct object_class globals_class = {
    .type_name = { "map", 3 },
    .select = globals_select,
    .has = globals_has,
    .plain = globals_plain,
};

static struct value message_init(struct message_object *m, const struct cel_message *message,
                                 const struct value *roots)
{
    *m = (struct message_object){ { &message_class }, message, roots };
    return v_object(&m->base);
}

void objects_init(struct request_objects *objects, struct value *roots, const struct snapshot *snapshot)
{
    roots[ROOT_P] = message_init(&objects->principal, &message_principal, roots);
    roots[ROOT_R] = message_init(&objects->resource, &message_resource, roots);
    roots[ROOT_REQUEST] = message_init(&objects->request, &message_request, roots);
    roots[ROOT_AUX] = message_init(&objects->aux, &message_aux, roots);
    roots[ROOT_RUNTIME] = message_init(&objects->runtime, &message_runtime, roots);
    roots[ROOT_V] = v_map(&no_names);
    roots[ROOT_C] = v_map(&no_names);
    roots[ROOT_G] = v_object(&snapshot->globals.base);
}
