/* select.c — looking into values: selection, index, has(), paths, list and map literals
 *
 * One rule for `m.k`, `m["k"]` and the steps of a path: a map is asked for the key, an object for
 * its field, an optional for what it holds (the answer is an optional again); a list takes no text;
 * on everything else the key is missing. The texts of errors are the reference's (spec:
 * cel#collections).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/vm_priv.h"

#include "base/num.h"

/* What a missing part is. */
enum lookup {
    LOOKUP_PLAIN, /* an error                                                         */
    LOOKUP_MAYBE  /* V_NONE: has() and optional selection; but text on a list: an error */
};

/* ---- texts ---- */

const char *go_type(struct value v)
{
    static const char *const names[V_KIND_COUNT] = {
        [V_NULL] = "types.Null",
        [V_BOOL] = "types.Bool",
        [V_INT] = "types.Int",
        [V_UINT] = "types.Uint",
        [V_DOUBLE] = "types.Double",
        [V_STRING] = "types.String",
        [V_BYTES] = "types.Bytes",
        [V_LIST] = "*types.baseList",
        [V_MAP] = "*types.baseMap",
        [V_TIMESTAMP] = "types.Timestamp",
        [V_DURATION] = "types.Duration",
        [V_TYPE] = "*types.Type",
        [V_OPTIONAL] = "*types.Optional",
    };
    if (str_eq(v_type_name(v), S("cerbos.lib.hierarchy"))) {
        return "types.Hierarchy";
    }
    return v.kind < V_KIND_COUNT && names[v.kind] != NULL ? names[v.kind] : "types.Object";
}

static str key_text(struct cel_run *run, struct value key)
{
    char buf[NUM_TEXT];
    int len;
    switch (key.kind) {
    case V_STRING:
    case V_TYPE:
        return v_str(key);
    case V_BOOL:
        return key.i != 0 ? S("true") : S("false");
    case V_INT:
        len = num_put_int(buf, key.i);
        break;
    case V_UINT:
        len = num_put_uint(buf, key.u);
        break;
    case V_DOUBLE:
        len = num_put_double_cel(buf, key.d);
        break;
    default:
        return v_type_name(key);
    }
    return str_copy(run->arena, (str){ buf, len });
}

static struct value no_such_key(struct cel_run *run, struct value key)
{
    str text = key_text(run, key);
    return v_error(run->arena, VE_NO_SUCH_KEY, "no such key: %.*s", STR_ARG(text));
}

static struct value bad_key(struct cel_run *run, struct value key)
{
    return v_error(run->arena, VE_NO_OVERLOAD, "invalid qualifier type: %s", go_type(key));
}

/* ---- one step ---- */

static struct value in_map(struct cel_run *run, struct value map, struct value key, enum lookup how)
{
    struct value found;
    switch (key.kind) {
    case V_STRING:
        found = vmap_find_str(map.map, v_str(key));
        break;
    case V_BOOL:
    case V_INT:
    case V_UINT:
    case V_DOUBLE:
        found = vmap_find(map.map, key);
        break;
    default:
        return bad_key(run, key);
    }
    return found.kind == V_NONE && how == LOOKUP_PLAIN ? no_such_key(run, key) : found;
}

static struct value at_list(struct cel_run *run, struct value list, struct value key,
                            enum lookup how)
{
    int64_t i = -1;
    if (key.kind == V_INT) {
        i = key.i;
    } else if (key.kind == V_UINT) {
        i = key.u > INT64_MAX ? INT64_MAX : (int64_t)key.u;
    } else if (key.kind == V_DOUBLE && key.d >= -9e15 && key.d <= 9e15 &&
               key.d == (double)(int64_t)key.d) {
        i = (int64_t)key.d;
    } else if (key.kind == V_DOUBLE) {
        str text = key_text(run, key);
        return v_error(run->arena, VE_NO_OVERLOAD, "unsupported index value %.*s in list",
                       STR_ARG(text));
    } else if (key.kind != V_STRING && key.kind != V_BOOL) {
        return bad_key(run, key);
    } else {
        str name = v_type_name(key);
        return v_error(run->arena, VE_NO_OVERLOAD, "unsupported index type '%.*s' in list",
                       STR_ARG(name));
    }
    if (i >= 0 && i < (int64_t)list.len) {
        return list.items[i];
    }
    if (how != LOOKUP_PLAIN) {
        return v_none();
    }
    return v_error(run->arena, VE_RANGE, "index out of bounds: %lld", (long long)i);
}

static struct value of_object(struct cel_run *run, struct value v, struct value key,
                              enum lookup how)
{
    const struct object *o = v.object;
    if (key.kind == V_STRING && o->cls->select != NULL) {
        if (how != LOOKUP_PLAIN && o->cls->has != NULL && o->cls->has(o, v_str(key)) == 0) {
            return v_none();
        }
        struct value field = o->cls->select(run->arena, o, v_str(key));
        if (field.kind != V_NONE) {
            return field;
        }
        return v_error(run->arena, VE_NO_SUCH_FIELD, "no such field '%.*s'", STR_ARG(v_str(key)));
    }
    if (o->cls->index != NULL) {
        return o->cls->index(run->arena, o, key);
    }
    return v_no_overload();
}

/* What `key` leads to; V_NONE: not there (never with LOOKUP_PLAIN). */
static struct value step(struct cel_run *run, struct value v, struct value key, enum lookup how)
{
    switch (v.kind) {
    case V_MAP:
        return in_map(run, v, key, how);
    case V_LIST:
        return at_list(run, v, key, how);
    case V_OBJECT:
        return of_object(run, v, key, how);
    case V_ERROR:
    case V_UNKNOWN:
        return v;
    default:
        return how == LOOKUP_MAYBE ? v_none() : no_such_key(run, key); /* whatever the key is */
    }
}

static struct value some(struct cel_run *run, struct value v)
{
    if (v_is_raised(v)) {
        return v;
    }
    struct value *inner = arena_raw(run->arena, (isize)sizeof *inner);
    *inner = v;
    return v_some(inner);
}

struct value op_index_opt(struct cel_run *run, struct value v, struct value key)
{
    if (v_is_raised(v)) {
        return v;
    }
    if (v_is_raised(key)) {
        return key;
    }
    if (v.kind == V_OPTIONAL) {
        if (v.items == NULL) {
            return v;
        }
        v = v.items[0];
    }
    struct value found = step(run, v, key, LOOKUP_MAYBE);
    return found.kind == V_NONE ? v_some(NULL) : some(run, found);
}

struct value op_index(struct cel_run *run, struct value v, struct value key)
{
    if (v.kind == V_OPTIONAL) {
        return op_index_opt(run, v, key);
    }
    if (v_is_raised(v)) {
        return v;
    }
    return v_is_raised(key) ? key : step(run, v, key, LOOKUP_PLAIN);
}

struct value op_select(struct cel_run *run, struct value v, struct value name)
{
    return v.kind == V_OPTIONAL ? op_index_opt(run, v, name) : step(run, v, name, LOOKUP_PLAIN);
}

struct value op_select_opt(struct cel_run *run, struct value v, struct value name)
{
    return op_index_opt(run, v, name);
}

/* spec: cel#collections, has(e.f) */
struct value op_has(struct cel_run *run, struct value v, struct value name)
{
    while (v.kind == V_OPTIONAL) {
        if (v.items == NULL) {
            return v_bool(false);
        }
        v = v.items[0];
    }
    if (v.kind == V_OBJECT) {
        const struct object *o = v.object;
        int there = o->cls->has != NULL ? o->cls->has(o, v_str(name)) : 0;
        if (there < 0) {
            return v_error(run->arena, VE_NO_SUCH_FIELD, "no such field '%.*s'",
                           STR_ARG(v_str(name)));
        }
        return v_bool(there == 1);
    }
    struct value found = step(run, v, name, LOOKUP_MAYBE);
    if (v.kind == V_MAP) {
        return v_bool(found.kind != V_NONE); /* an error cannot be stored in a map */
    }
    return v_is_raised(found) ? found : v_bool(found.kind != V_NONE);
}

/* A root that is not there is an empty map: a missing principal attribute and missing attributes
 * fail alike. */
static const struct vmap empty_map;

struct value op_path(struct cel_run *run, const struct cel_path *path)
{
    const struct cel_code *code = run->code;
    struct value v = run->roots[path->root];
    if (v.kind == V_NONE) {
        v = v_map(&empty_map);
    }
    for (uint32_t i = 0; i < path->key_count && !v_is_raised(v); i++) {
        v = op_select(run, v, code->konsts[code->path_keys[path->first_key + i]]);
    }
    return v;
}

/* ---- literals ---- */

struct value op_list(struct cel_run *run, const struct value *items, isize count)
{
    for (isize i = 0; i < count; i++) {
        if (v_is_raised(items[i])) {
            return items[i];
        }
    }
    if (count == 0) {
        return v_list(NULL, 0);
    }
    struct value *copy = arena_raw(run->arena, count * (isize)sizeof *copy);
    memcpy(copy, items, (size_t)count * sizeof *copy);
    return v_list(copy, count);
}

static bool put_entry(struct cel_run *run, struct vmap *map, struct value key, struct value val,
                      struct value *error)
{
    if (v_is_raised(key) || v_is_raised(val)) {
        *error = v_is_raised(key) ? key : val;
        return false;
    }
    if (key.kind == V_BYTES || key.kind == V_OBJECT || key.kind == V_OPTIONAL) {
        str name = v_type_name(key);
        *error = v_error(run->arena, VE_ARGUMENT, "unsupported key type: %.*s", STR_ARG(name));
        return false;
    }
    vmap_put(run->arena, map, key, val);
    return true;
}

struct value op_map(struct cel_run *run, const struct value *pairs, isize count)
{
    struct vmap *map = vmap_new(run->arena, count);
    for (isize i = 0; i < count; i++) {
        struct value error;
        if (!put_entry(run, map, pairs[2 * i], pairs[2 * i + 1], &error)) {
            return error;
        }
    }
    return v_map(map);
}

/* A builder is a V_NONE whose payload is this record; only the instructions that build see it. */
struct builder {
    VEC(struct value) items; /* list                             */
    struct vmap *map;        /* map                              */
    struct arena *arena;     /* where it grows                   */
    struct value error;      /* the first error, V_NONE: none yet */
};

static struct builder *builder_of(struct value v)
{
    return (struct builder *)(uintptr_t)v.u;
}

static struct value builder_new(struct cel_run *run, struct builder **out)
{
    struct builder *b = new(run->arena, struct builder, 1);
    b->arena = run->arena;
    *out = b;
    return (struct value){ .kind = V_NONE, .u = (uint64_t)(uintptr_t)b };
}

struct value build_list(struct cel_run *run, isize cap)
{
    struct builder *b;
    struct value v = builder_new(run, &b);
    b->items.ptr = new(run->arena, struct value, cap);
    b->items.cap = cap;
    return v;
}

void build_list_add(struct value *builder, const struct value *items, isize count)
{
    struct builder *b = builder_of(*builder);
    for (isize i = 0; i < count && b->error.kind == V_NONE; i++) {
        if (v_is_raised(items[i])) {
            b->error = items[i];
        } else {
            *vec_push(b->arena, &b->items) = items[i];
        }
    }
}

void build_list_opt(struct value *builder, struct value item)
{
    struct builder *b = builder_of(*builder);
    if (item.kind != V_OPTIONAL) {
        if (b->error.kind == V_NONE) {
            b->error = logic_error(item);
        }
        return;
    }
    if (item.items != NULL) {
        build_list_add(builder, item.items, 1);
    }
}

struct value build_list_end(struct value builder)
{
    struct builder *b = builder_of(builder);
    return b->error.kind != V_NONE ? b->error : v_list(b->items.ptr, b->items.len);
}

struct value build_map(struct cel_run *run, isize cap)
{
    struct builder *b;
    struct value v = builder_new(run, &b);
    b->map = vmap_new(run->arena, cap);
    return v;
}

void build_map_add(struct cel_run *run, struct value *builder, const struct value *pairs,
                   isize count)
{
    struct builder *b = builder_of(*builder);
    for (isize i = 0; i < count && b->error.kind == V_NONE; i++) {
        (void)put_entry(run, b->map, pairs[2 * i], pairs[2 * i + 1], &b->error);
    }
}

void build_map_opt(struct cel_run *run, struct value *builder, const struct value *pair)
{
    struct builder *b = builder_of(*builder);
    if (pair[1].kind != V_OPTIONAL) {
        if (b->error.kind == V_NONE) {
            b->error = v_is_raised(pair[0]) ? pair[0] : logic_error(pair[1]);
        }
        return;
    }
    if (pair[1].items != NULL) {
        const struct value plain[2] = { pair[0], pair[1].items[0] };
        build_map_add(run, builder, plain, 1);
    }
}

struct value build_map_end(struct value builder)
{
    struct builder *b = builder_of(builder);
    return b->error.kind != V_NONE ? b->error : v_map(b->map);
}
