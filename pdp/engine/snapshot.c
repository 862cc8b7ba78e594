/* snapshot.c — from an image to something that answers
 *
 * All that is slow happens here, once: the image is proven, constants become values, literal patterns are compiled,
 * code is verified, zones are read. Afterwards a snapshot never changes; the last reference frees it.
 *
 * Neighbours: image/reader.c proves the records · cel/verify.c the code · decide.c uses the result
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/snapshot.h"

#include "base/map.h"
#include "base/vec.h"
#include "base/zones.h"
#include "cel/regex.h"
#include "engine/objects.h"
#include "engine/schemas.h"

#include <assert.h>
#include <stdlib.h>

#define DEFAULT_BUDGET 10000000
#define SNAPSHOT_CAP ((isize)4 << 30) /* bytes of tables one snapshot may have */

static const struct zone *find_zone(const void *ctx, str name)
{
    (void)ctx; /* the table is the process's */
    return zones_find(name);
}

static const struct cel_zones system_zones = { find_zone, NULL };

/* ---- constants ---- */
struct loader {
    struct snapshot *snapshot;
    struct value *values; /* parallel to VALUES, filled from the back: a value refers only to later ones */
    struct map patterns;  /* pattern → number in regexes */
    VEC(struct cel_regex *) regexes;
    struct arena *scratch;
    str *why;
};

static struct value load_value(struct loader *ld, const struct img_value *v)
{
    struct arena *arena = &ld->snapshot->arena;
    struct value out = { .kind = v->kind, .flags = v->flags, .aux = v->aux, .len = v->len };
    switch (v->kind) {
    case V_STRING:
    case V_BYTES:
    case V_TYPE:
        out.s = ld->snapshot->image.strings + v->payload;
        break;
    case V_LIST:
        out.items = ld->values + v->payload;
        break;
    case V_MAP: {
        struct vmap *map = vmap_new(arena, v->len);
        for (uint32_t i = 0; i < v->len; i++) {
            vmap_put(arena, map, ld->values[v->payload + 2 * i], ld->values[v->payload + 2 * i + 1]);
        }
        return v_map(map);
    }
    case V_OPTIONAL:
        out.items = v->payload == 0 ? NULL : ld->values + v->payload - 1;
        break;
    default:
        out.u = v->payload;
        break;
    }
    return out;
}

static void load_values(struct loader *ld)
{
    const struct image *im = &ld->snapshot->image;
    uint32_t count = image_records(im, SEC_VALUES);
    ld->values = new (&ld->snapshot->arena, struct value, count);
    for (uint32_t i = count; i-- > 0;) {
        ld->values[i] = load_value(ld, &im->values[i]);
    }
}

/* ---- code ---- */
static cardea_status load_regex(struct loader *ld, str pattern, const struct cel_regex **out)
{
    uint32_t known = map_get(&ld->patterns, pattern);
    if (known == MAP_NONE) {
        struct cel_regex *regex = cel_regex_new(pattern, ld->scratch, ld->why);
        if (regex == NULL) {
            return CARDEA_ECORRUPT;
        }
        known = (uint32_t)ld->regexes.len;
        *vec_push(&ld->snapshot->arena, &ld->regexes) = regex;
        ld->snapshot->regexes = ld->regexes.ptr;
        ld->snapshot->regex_count = ld->regexes.len;
        (void)map_set(ld->scratch, &ld->patterns, pattern, known);
    }
    *out = ld->regexes.ptr[known];
    return CARDEA_OK;
}

static cardea_status load_patterns(struct loader *ld, struct cel_code *code)
{
    const struct cel_regex **regexes =
        new (&ld->snapshot->arena, const struct cel_regex *, code->pattern_count);
    for (uint32_t i = 0; i < code->pattern_count; i++) {
        uint32_t k = code->patterns[i];
        if (k >= code->konst_count || code->konsts[k].kind != V_STRING) {
            *ld->why = S("pattern is not a text");
            return CARDEA_ECORRUPT;
        }
        TRY(load_regex(ld, v_str(code->konsts[k]), &regexes[i]));
    }
    code->regexes = regexes;
    return CARDEA_OK;
}

static cardea_status load_unit(struct loader *ld, const struct img_unit *u, struct cel_code *code)
{
    const struct image *im = &ld->snapshot->image;
    struct value *konsts = new (&ld->snapshot->arena, struct value, u->konsts.count);
    for (uint32_t i = 0; i < u->konsts.count; i++) {
        konsts[i] = load_value(ld, &im->konsts[u->konsts.first + i]);
    }
    *code = (struct cel_code){
        .words = im->words + u->words.first,
        .konsts = konsts,
        .paths = (const struct cel_path *)(const void *)(im->paths + u->paths.first),
        .path_keys = im->numbers + u->path_keys.first,
        .exprs = (const struct cel_expr *)(const void *)(im->exprs + u->exprs.first),
        .vars = im->numbers + u->vars.first,
        .var_names = im->numbers + u->var_names.first,
        .patterns = im->numbers + u->patterns.first,
        .spans = (const struct cel_pc_span *)(const void *)(im->spans + u->spans.first),
        .word_count = u->words.count,
        .konst_count = u->konsts.count,
        .path_count = u->paths.count,
        .path_key_count = u->path_keys.count,
        .expr_count = u->exprs.count,
        .var_count = u->vars.count,
        .pattern_count = u->patterns.count,
        .span_count = u->spans.count,
    };
    TRY(load_patterns(ld, code));
    struct arena_mark mark = arena_mark(ld->scratch);
    cardea_status status = cel_verify(code, ROOT_COUNT, ld->scratch, ld->why);
    if (status == CARDEA_OK) {
        arena_reset(ld->scratch, mark);
    }
    return status;
}

static cardea_status load_units(struct loader *ld)
{
    const struct image *im = &ld->snapshot->image;
    uint32_t count = image_records(im, SEC_UNITS);
    ld->snapshot->units = new (&ld->snapshot->arena, struct cel_code, count);
    for (uint32_t i = 0; i < count; i++) {
        TRY(load_unit(ld, &im->units[i], &ld->snapshot->units[i]));
    }
    return CARDEA_OK;
}

/* ---- options ---- */
static struct value copy_value(struct arena *arena, struct value v)
{
    switch (v.kind) {
    case V_STRING:
        return v_string(str_copy(arena, v_str(v)));
    case V_BYTES:
        return v_bytes(str_copy(arena, v_str(v)));
    case V_LIST: {
        struct value *items = new (arena, struct value, v.len);
        for (uint32_t i = 0; i < v.len; i++) {
            items[i] = copy_value(arena, v.items[i]);
        }
        return v_list(items, v.len);
    }
    case V_MAP: {
        struct vmap *map = vmap_new(arena, v.len);
        for (uint32_t i = 0; i < v.len; i++) {
            vmap_put(arena, map, copy_value(arena, v.map->entries[i].key),
                     copy_value(arena, v.map->entries[i].val));
        }
        return v_map(map);
    }
    default:
        return v;
    }
}

static void load_options(struct snapshot *s, const struct engine_options *options)
{
    s->options = *options;
    if (options->default_version.len == 0) {
        s->options.default_version = S("default");
    }
    s->options.default_version = str_copy(&s->arena, s->options.default_version);
    s->options.default_scope = str_copy(&s->arena, options->default_scope);
    s->options.budget = options->budget > 0 ? options->budget : DEFAULT_BUDGET;
    s->options.globals = copy_value(&s->arena, options->globals);
    s->globals.base.cls = &globals_class;
    s->globals.names = s->options.globals.kind == V_MAP ? s->options.globals.map : NULL;
    s->default_version = image_find_symbol(&s->image, s->options.default_version);
}

static void load_revision(struct snapshot *s)
{
    static const char hex[] = "0123456789abcdef";
    for (int i = 0; i < 8; i++) {
        s->revision[2 * i] = hex[s->image.header->digest[i] >> 4];
        s->revision[2 * i + 1] = hex[s->image.header->digest[i] & 15];
    }
}

/* ---- life ---- */
static cardea_status load_all(struct snapshot *s, str image, const struct engine_options *options,
                              struct arena *scratch, str *why)
{
    jmp_buf env;
    jmp_buf scratch_env;
    struct loader ld = { .snapshot = s, .scratch = scratch, .why = why };
    jmp_buf *outer = arena_guard_set(scratch, &scratch_env);
    cardea_status status = CARDEA_ELIMIT;
    arena_guard_set(&s->arena, &env);
    if (setjmp(env) != 0 || setjmp(scratch_env) != 0) {
        *why = S("not enough memory");
        arena_guard_set(scratch, outer);
        return CARDEA_ELIMIT;
    }
    status = image_open(&s->image, image, why);
    if (status == CARDEA_OK) {
        load_values(&ld);
        status = load_units(&ld);
    }
    if (status == CARDEA_OK) {
        load_options(s, options);
        load_revision(s);
        schemas_load(s, scratch);
        s->zones = (s->image.header->flags & IMAGE_ZONES) != 0 && zones_read() ? &system_zones : NULL;
    }
    arena_guard_set(scratch, outer);
    arena_guard_set(&s->arena, NULL);
    return status;
}

static void snapshot_free(struct snapshot *s)
{
    for (isize i = 0; i < s->regex_count; i++) {
        cel_regex_free(s->regexes[i]);
    }
    schema_set_free(s->schemas);
    arena_free(&s->arena);
    free(s->memory);
    free(s);
}

cardea_status snapshot_new(struct snapshot **out, str image, const struct engine_options *options,
                           struct arena *scratch, str *why)
{
    *out = NULL;
    struct snapshot *s = calloc(1, sizeof(*s));
    size_t room = ((size_t)image.len + IMAGE_ALIGN) / IMAGE_ALIGN * IMAGE_ALIGN;
    void *memory = aligned_alloc(IMAGE_ALIGN, room);
    if (s == NULL || memory == NULL) {
        free(s);
        free(memory);
        *why = S("not enough memory");
        return CARDEA_ELIMIT;
    }
    memcpy(memory, image.ptr, (size_t)image.len);
    atomic_init(&s->references, 1);
    s->memory = memory;
    arena_init(&s->arena, 64 << 10, SNAPSHOT_CAP);
    cardea_status status = load_all(s, (str){ memory, image.len }, options, scratch, why);
    if (status != CARDEA_OK) {
        snapshot_free(s);
        return status;
    }
    *out = s;
    return CARDEA_OK;
}

void snapshot_retain(struct snapshot *s)
{
    atomic_fetch_add_explicit(&s->references, 1, memory_order_relaxed);
}

void snapshot_release(struct snapshot *s)
{
    int before = atomic_fetch_sub_explicit(&s->references, 1, memory_order_acq_rel);
    assert(before > 0);
    if (before == 1) {
        snapshot_free(s);
    }
}

struct snapshot_info snapshot_info(const struct snapshot *s)
{
    return (struct snapshot_info){ .policies = s->image.header->policy_count,
                                   .rules = s->image.header->rule_count,
                                   .revision = { s->revision, 16 } };
}
