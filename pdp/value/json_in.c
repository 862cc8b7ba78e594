/* json_in.c — JSON text → values, strictly
 *
 * yyjson checks grammar, UTF-8, surrogates and the range of numbers. It keeps repeated names and
 * does not count levels, so one walk over its tree does both before anyone else sees the tree; from
 * then on recursion is bounded.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "value/json_in.h"

#include "base/map.h"

#define DEFAULT_DEPTH  64
#define DEPTH_MOST     1000 /* what the walks below may recurse, whatever the caller says */
#define DEFAULT_VALUES 200000
#define SCAN_MOST      16 /* members up to which names are compared pairwise */

/* ---- memory for yyjson ---- */

static void *alc_malloc(void *ctx, size_t size)
{
    return size <= PTRDIFF_MAX ? arena_raw(ctx, (isize)size) : NULL;
}

static void *alc_realloc(void *ctx, void *ptr, size_t old_size, size_t size)
{
    if (size <= old_size) {
        return ptr;
    }
    void *to = alc_malloc(ctx, size);
    return to != NULL ? memcpy(to, ptr, old_size) : NULL;
}

static void alc_free(void *ctx, void *ptr)
{
    (void)ctx; /* the arena gives everything back at once */
    (void)ptr;
}

/* ---- checking the tree ---- */

struct checker {
    struct arena *arena;
    const struct json_limits *limits;
    const char *text;         /* the input, for offsets             */
    isize values;             /* seen so far                        */
    int depth;                /* open arrays and objects            */
    struct json_error *error; /* where to put the first fault       */
};

static int depth_limit(const struct json_limits *limits)
{
    int depth = limits != NULL && limits->max_depth > 0 ? limits->max_depth : DEFAULT_DEPTH;
    return depth < DEPTH_MOST ? depth : DEPTH_MOST;
}

static isize value_limit(const struct json_limits *limits)
{
    return limits != NULL && limits->max_values > 0 ? limits->max_values : DEFAULT_VALUES;
}

static str text_of(yyjson_val *node)
{
    return (str){ unsafe_yyjson_get_str(node), (isize)unsafe_yyjson_get_len(node) };
}

static bool refuse(struct checker *c, isize offset, str text)
{
    *c->error = (struct json_error){ .offset = offset, .text = text };
    return false;
}

static bool refuse_duplicate(struct checker *c, yyjson_val *key)
{
    str quoted = str_quote(c->arena, text_of(key));
    return refuse(c, unsafe_yyjson_get_str(key) - c->text,
                  str_printf(c->arena, "duplicate member name %.*s", STR_ARG(quoted)));
}

static bool names_differ_few(struct checker *c, yyjson_val *object)
{
    str seen[SCAN_MOST];
    int count = 0;
    yyjson_obj_iter iter = yyjson_obj_iter_with(object);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&iter)) != NULL;) {
        seen[count] = text_of(key);
        for (int i = 0; i < count; i++) {
            if (str_eq(seen[i], seen[count])) {
                return refuse_duplicate(c, key);
            }
        }
        count++;
    }
    return true;
}

static bool names_differ_many(struct checker *c, yyjson_val *object)
{
    struct arena_mark mark = arena_mark(c->arena);
    struct map seen = { .count = 0 };
    yyjson_obj_iter iter = yyjson_obj_iter_with(object);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&iter)) != NULL;) {
        if (map_set(c->arena, &seen, text_of(key), 0) != MAP_NONE) {
            arena_reset(c->arena, mark);
            return refuse_duplicate(c, key);
        }
    }
    arena_reset(c->arena, mark);
    return true;
}

static bool check_node(struct checker *c, yyjson_val *node);

static bool check_object(struct checker *c, yyjson_val *object)
{
    bool few = unsafe_yyjson_get_len(object) <= SCAN_MOST;
    if (!(few ? names_differ_few(c, object) : names_differ_many(c, object))) {
        return false;
    }
    yyjson_obj_iter iter = yyjson_obj_iter_with(object);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&iter)) != NULL;) {
        if (!check_node(c, yyjson_obj_iter_get_val(key))) {
            return false;
        }
    }
    return true;
}

static bool check_array(struct checker *c, yyjson_val *array)
{
    yyjson_arr_iter iter = yyjson_arr_iter_with(array);
    for (yyjson_val *item; (item = yyjson_arr_iter_next(&iter)) != NULL;) {
        if (!check_node(c, item)) {
            return false;
        }
    }
    return true;
}

static bool check_node(struct checker *c, yyjson_val *node)
{
    if (++c->values > value_limit(c->limits)) {
        return refuse(
            c, 0, str_printf(c->arena, "more than %lld values", (long long)value_limit(c->limits)));
    }
    if (!unsafe_yyjson_is_ctn(node)) {
        return true;
    }
    if (++c->depth > depth_limit(c->limits)) {
        return refuse(c, 0,
                      str_printf(c->arena, "nested deeper than %d levels", depth_limit(c->limits)));
    }
    bool ok = yyjson_is_obj(node) ? check_object(c, node) : check_array(c, node);
    c->depth--;
    return ok;
}

/* ---- parsing ---- */

static str words_for(const yyjson_read_err *err)
{
    switch (err->code) {
    case 2: /* YYJSON_READ_ERROR_MEMORY_ALLOCATION */
        return S("out of memory");
    case 3: /* EMPTY_CONTENT */
        return S("no value");
    case 4: /* UNEXPECTED_CONTENT */
        return S("text after the value");
    case 5: /* UNEXPECTED_END */
        return S("unexpected end of text");
    case 6: /* UNEXPECTED_CHARACTER */
        return S("unexpected character");
    case 7: /* JSON_STRUCTURE */
        return S("trailing comma");
    case 9: /* INVALID_NUMBER */
        return S("number is malformed or out of range");
    case 10: /* INVALID_STRING */
        return S("invalid string");
    case 11: /* LITERAL */
        return S("invalid literal");
    default:
        return S("invalid JSON");
    }
}

yyjson_val *json_parse(struct arena *arena, char *text, isize len, const struct json_limits *limits,
                       bool tail_ok, struct json_error *error)
{
    struct checker c = { .arena = arena, .limits = limits, .text = text, .error = error };
    if (len == 0 || len > UINT32_MAX - YYJSON_PADDING_SIZE) {
        (void)refuse(&c, 0, len == 0 ? S("no value") : S("text is too large"));
        return NULL;
    }
    memset(text + len, 0, YYJSON_PADDING_SIZE);
    const yyjson_alc alc = { alc_malloc, alc_realloc, alc_free, arena };
    yyjson_read_flag flags = YYJSON_READ_INSITU | (tail_ok ? YYJSON_READ_STOP_WHEN_DONE : 0);
    yyjson_read_err err;
    yyjson_doc *doc = yyjson_read_opts(text, (size_t)len, flags, &alc, &err);
    if (doc == NULL) {
        (void)refuse(&c, (isize)err.pos, words_for(&err));
        return NULL;
    }
    yyjson_val *root = yyjson_doc_get_root(doc);
    return check_node(&c, root) ? root : NULL;
}

/* ---- converting ---- */

static struct value array_value(struct arena *arena, yyjson_val *node)
{
    isize count = (isize)unsafe_yyjson_get_len(node);
    struct value *items = arena_raw(arena, count * (isize)sizeof(*items));
    isize i = 0;
    yyjson_arr_iter iter = yyjson_arr_iter_with(node);
    for (yyjson_val *item; (item = yyjson_arr_iter_next(&iter)) != NULL;) {
        items[i++] = json_value(arena, item);
    }
    return v_list(items, count);
}

static struct value object_value(struct arena *arena, yyjson_val *node)
{
    struct vmap *map = vmap_new(arena, (isize)unsafe_yyjson_get_len(node));
    yyjson_obj_iter iter = yyjson_obj_iter_with(node);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&iter)) != NULL;) {
        struct value val = json_value(arena, yyjson_obj_iter_get_val(key));
        vmap_append(arena, map, v_string(text_of(key)), val); /* names are known to differ */
    }
    return v_map(map);
}

/* yyjson reads `-0` as a signed integer; it is the double -0.0 like `-0.0`. */
static struct value number_value(yyjson_val *node)
{
    bool minus_zero = unsafe_yyjson_is_sint(node) && unsafe_yyjson_get_sint(node) == 0;
    return v_double(minus_zero ? -0.0 : unsafe_yyjson_get_num(node));
}

struct value json_value(struct arena *arena, yyjson_val *node)
{
    switch (unsafe_yyjson_get_type(node)) {
    case YYJSON_TYPE_BOOL:
        return v_bool(unsafe_yyjson_get_bool(node));
    case YYJSON_TYPE_NUM:
        return number_value(node);
    case YYJSON_TYPE_STR:
        return v_string(text_of(node));
    case YYJSON_TYPE_ARR:
        return array_value(arena, node);
    case YYJSON_TYPE_OBJ:
        return object_value(arena, node);
    default:
        return v_null();
    }
}

struct value json_read(struct arena *arena, str text, const struct json_limits *limits,
                       struct json_error *error)
{
    isize room;
    if (__builtin_add_overflow(text.len, (isize)YYJSON_PADDING_SIZE, &room)) {
        arena_overflow(arena);
    }
    char *copy = arena_bytes(arena, room);
    if (text.len > 0) {
        memcpy(copy, text.ptr, (size_t)text.len);
    }
    yyjson_val *root = json_parse(arena, copy, text.len, limits, false, error);
    return root != NULL ? json_value(arena, root) : v_none();
}
