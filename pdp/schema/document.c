/* document.c — JSON texts with schemas in them: loading, places, names, references within
 *
 * A document is read once and checked against the schema of schemas of its draft. Its usual places
 * (below `properties`, `allOf` …) are listed as subs; a reference may also lead to any other place,
 * which is checked and listed then. A sub is known by the address of its value: the tree does not
 * change after reading.
 *
 * Invariant: `base` of a sub is the URL of the nearest sub at or above it that has one of its own.
 *
 * spec: cerbos-compat#schemas
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "schema/schema_priv.h"
#include "schema/text.h"
#include "schema/uri.h"

/* ---- faults and places ---- */
bool fault_set(struct schema_set *set, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct sb sb = sb_new(set->arena);
    sb_vprintf(&sb, format, args);
    va_end(args);
    set->fault = (struct fault){ .text = sb_str(&sb) };
    return false;
}

void step_add(struct sb *out, const struct step *step)
{
    sb_add(out, step->keyword);
    if (step->named) {
        sb_byte(out, '/');
        text_segment(out, step->name);
    }
    if (step->index >= 0) {
        sb_byte(out, '/');
        sb_int(out, step->index);
    }
}

/* `/properties/x`, empty for the root. Steps are as deep as the document. */
static void sub_path(struct sb *out, const struct sub *sub)
{
    if (sub->parent != NULL) {
        sub_path(out, sub->parent);
        sb_byte(out, '/');
        step_add(out, &sub->step);
    }
}

void sub_location(struct sb *out, const struct sub *sub)
{
    sb_add(out, sub->document->url);
    sb_byte(out, '#');
    sub_path(out, sub);
}

/* ---- subs by place ---- */
static uint32_t slot_of(const struct document *d, const struct value *place)
{
    uint64_t h = (uint64_t)(uintptr_t)place >> 4;
    h = (h ^ h >> 29) * UINT64_C(0x9e3779b97f4a7c15);
    uint32_t at = (uint32_t)(h >> 32) & d->table_mask;
    while (d->table[at] != NULL && d->table[at]->place != place) {
        at = (at + 1) & d->table_mask;
    }
    return at;
}

struct sub *document_sub(const struct document *d, const struct value *place)
{
    return d->table == NULL ? NULL : d->table[slot_of(d, place)];
}

static void grow_table(struct arena *arena, struct document *d)
{
    struct sub **old = d->table;
    isize old_slots = old == NULL ? 0 : (isize)d->table_mask + 1;
    isize slots = old_slots == 0 ? 64 : old_slots * 2;
    if (slots > UINT32_MAX / 2) {
        arena_overflow(arena);
    }
    d->table = new(arena, struct sub *, slots);
    d->table_mask = (uint32_t)slots - 1;
    for (isize i = 0; i < old_slots; i++) {
        if (old[i] != NULL) {
            d->table[slot_of(d, old[i]->place)] = old[i];
        }
    }
}

static void enter_sub(struct arena *arena, struct document *d, struct sub *sub)
{
    if (d->table == NULL || d->sub_count > d->table_mask / 2) {
        grow_table(arena, d);
    }
    d->table[slot_of(d, sub->place)] = sub;
    d->sub_count++;
}

/* ---- names ---- */
static str text_member(const struct value *place, const char *name)
{
    if (place->kind != V_MAP) {
        return STR_EMPTY;
    }
    struct value v = vmap_find_str(place->map, str_from_c(name));
    return v.kind == V_STRING ? v_str(v) : STR_EMPTY;
}

/* `$id` as written; before 2019-09 a `$ref` beside it makes it count for nothing. */
static str id_of(const struct document *d, const struct value *place)
{
    bool hidden =
        d->draft->version <= 7 && place->kind == V_MAP && vmap_place(place->map, S("$ref")) != NULL;
    return hidden ? STR_EMPTY : text_member(place, d->draft->id);
}

/* Own URL of the place; empty when it has none. */
static bool own_url(struct schema_set *set, const struct document *d, const struct value *place,
                    str base, str *url)
{
    str id;
    str fragment;
    str why;
    uri_split(id_of(d, place), &id, &fragment);
    *url = STR_EMPTY;
    if (id.len == 0) {
        return true;
    }
    if (!uri_resolve(set->arena, base, id, url, &why)) {
        return fault_set(set, "%.*s", STR_ARG(why));
    }
    uri_split(*url, url, &fragment);
    return true;
}

static str anchor_key(struct arena *arena, str base, str anchor)
{
    return str_printf(arena, "%.*s#%.*s", STR_ARG(base), STR_ARG(anchor));
}

static void enter_anchor(struct arena *arena, struct sub *sub, str anchor)
{
    struct document *d = sub->document;
    str key = anchor_key(arena, sub->base, anchor);
    if (map_get(&d->anchors, key) == MAP_NONE) {
        (void)map_set(arena, &d->anchors, key, (uint32_t)d->anchored.len);
        *vec_push(arena, &d->anchored) = sub;
    }
}

static void enter_anchors(struct arena *arena, struct sub *sub)
{
    struct document *d = sub->document;
    str url;
    str fragment;
    uri_split(id_of(d, sub->place), &url, &fragment);
    if (fragment.len > 1) {
        enter_anchor(arena, sub, str_slice(fragment, 1, fragment.len));
    }
    str anchor = d->draft->version >= 2019 ? text_member(sub->place, "$anchor") : STR_EMPTY;
    if (anchor.len > 0) {
        enter_anchor(arena, sub, anchor);
    }
    str dynamic = d->draft->version >= 2020 ? text_member(sub->place, "$dynamicAnchor") : STR_EMPTY;
    if (dynamic.len > 0) {
        enter_anchor(arena, sub, dynamic);
        for (struct sub *above = sub->parent; above != NULL; above = above->parent) {
            *vec_push(arena, &above->dynamic) = sub;
        }
    }
}

static bool refuse_same_url(struct schema_set *set, const struct sub *a, const struct sub *b)
{
    struct sb first = sb_new(set->arena);
    struct sb second = sb_new(set->arena);
    struct sb sb = sb_new(set->arena);
    sub_path(&first, a);
    sub_path(&second, b);
    text_quote(&sb, sb_str(&first), '"');
    sb_add(&sb, S(" and "));
    text_quote(&sb, sb_str(&second), '"');
    return fault_set(set, "%.*s in %.*s have same canonical-uri", STR_ARG(sb_str(&sb)),
                     STR_ARG(a->document->url));
}

/* A sub with its names. NULL: a fault. */
static struct sub *make_sub(struct schema_set *set, struct document *d, struct sub *parent,
                            const struct step *step, const struct value *place)
{
    struct sub *sub = new(set->arena, struct sub, 1);
    *sub = (struct sub){ .place = place, .document = d, .parent = parent, .step = *step };
    str above = parent != NULL ? parent->base : d->url;
    if (parent != NULL && !own_url(set, d, place, above, &sub->url)) {
        return NULL;
    }
    sub->base = sub->url.len > 0 ? sub->url : above;
    if (sub->url.len > 0) {
        uint32_t other = map_set(set->arena, &d->urls, sub->url, (uint32_t)d->named.len);
        if (other != MAP_NONE) {
            (void)refuse_same_url(set, d->named.ptr[other], sub);
            return NULL;
        }
        *vec_push(set->arena, &d->named) = sub;
    }
    enter_sub(set->arena, d, sub);
    enter_anchors(set->arena, sub);
    return sub;
}

/* ---- listing ---- */
static bool list_subs(struct schema_set *set, struct sub *sub);

static bool list_one(struct schema_set *set, struct sub *parent, const struct step *step,
                     const struct value *place)
{
    if (document_sub(parent->document, place) != NULL) {
        return true;
    }
    struct sub *sub = make_sub(set, parent->document, parent, step, place);
    return sub != NULL && list_subs(set, sub);
}

static bool list_keyword(struct schema_set *set, struct sub *sub, str keyword,
                         const struct value *v, int positions)
{
    bool boolean = v->kind == V_BOOL && sub->document->draft->version >= 6;
    struct step step = { .keyword = keyword, .index = -1 };
    if ((positions & AT_SELF) != 0 && (v->kind == V_MAP || boolean) &&
        !list_one(set, sub, &step, v)) {
        return false;
    }
    for (uint32_t i = 0; (positions & AT_ITEMS) != 0 && v->kind == V_LIST && i < v->len; i++) {
        step.index = i;
        if (!list_one(set, sub, &step, &v->items[i])) {
            return false;
        }
    }
    for (uint32_t i = 0; (positions & AT_MEMBERS) != 0 && v->kind == V_MAP && i < v->len; i++) {
        step = (struct step){
            .keyword = keyword, .name = v_str(v->map->entries[i].key), .index = -1, .named = true
        };
        if (!list_one(set, sub, &step, &v->map->entries[i].val)) {
            return false;
        }
    }
    return true;
}

/* All places below the sub that usually hold schemas. As deep as the document. */
static bool list_subs(struct schema_set *set, struct sub *sub)
{
    if (sub->place->kind != V_MAP) {
        return true;
    }
    const struct vmap *map = sub->place->map;
    for (uint32_t i = 0; i < map->count; i++) {
        str keyword = v_str(map->entries[i].key);
        int positions = draft_positions(sub->document->draft, keyword);
        if (positions != 0 && !list_keyword(set, sub, keyword, &map->entries[i].val, positions)) {
            return false;
        }
    }
    return true;
}

/* Checks the place against the schema of schemas and lists what is below it. */
static bool fill(struct schema_set *set, struct sub *sub)
{
    const struct document *d = sub->document;
    if (!d->standard) {
        struct meta_error error;
        const struct schema *meta = compile_meta(set, d->draft);
        if (meta == NULL) {
            return false;
        }
        struct sb path = sb_new(set->arena);
        sub_path(&path, sub);
        struct arena_mark mark = arena_mark(set->scratch);
        if (!validate_schema(meta, *sub->place, sb_str(&path), set->scratch, &error)) {
            struct sb where = sb_new(set->arena);
            text_quote(&where, error.path, '\'');
            return fault_set(set, "%.*s does not validate with %.*s#%.*s: %.*s",
                             STR_ARG(sb_str(&where)), STR_ARG(meta->sub->document->url),
                             STR_ARG(error.location), STR_ARG(error.message));
        }
        arena_reset(set->scratch, mark);
    }
    return list_subs(set, sub);
}

struct sub *document_place(struct schema_set *set, struct sub *parent, const struct step *step,
                           const struct value *place)
{
    struct sub *sub = document_sub(parent->document, place);
    if (sub == NULL) {
        sub = make_sub(set, parent->document, parent, step, place);
        if (sub == NULL || !fill(set, sub)) {
            return NULL;
        }
    }
    return sub;
}

/* ---- finding ---- */
struct sub *document_find(const struct document *d, str url)
{
    if (str_eq(d->url, url)) {
        return d->top;
    }
    uint32_t number = map_get(&d->urls, url);
    return number == MAP_NONE ? NULL : d->named.ptr[number];
}

/* One segment further. *next NULL: nowhere. */
static bool walk(struct schema_set *set, const struct value *v, str segment,
                 const struct value **next)
{
    str name;
    str bad;
    *next = NULL;
    if (!text_unsegment(set->arena, segment, &name, &bad)) {
        struct sb sb = sb_new(set->arena);
        text_quote(&sb, bad, '"');
        return fault_set(set, "invalid URL escape %.*s", STR_ARG(sb_str(&sb)));
    }
    if (v->kind == V_MAP) {
        *next = vmap_place(v->map, name);
    } else if (v->kind == V_LIST) {
        int64_t index;
        if (!num_parse_int(name, true, &index)) {
            struct sb sb = sb_new(set->arena);
            text_quote(&sb, name, '"');
            return fault_set(set, "strconv.Atoi: parsing %.*s: invalid syntax",
                             STR_ARG(sb_str(&sb)));
        }
        *next = index >= 0 && index < v->len ? &v->items[index] : NULL;
    }
    return true;
}

/* Along a pointer (`/a/b`), noting the last sub on the way and what is behind it. */
static bool follow(struct schema_set *set, struct sub *from, str pointer, struct sub **found)
{
    const struct value *place = from->place;
    struct sub *near = from;
    str rest = pointer;
    str tail = pointer;
    while (tail.len > 0) {
        str segment;
        bool more = str_cut(str_slice(tail, 1, tail.len), '/', &segment, &tail);
        tail = more ? (str){ tail.ptr - 1, tail.len + 1 } : STR_EMPTY;
        if (!walk(set, place, segment, &place)) {
            return false;
        }
        if (place == NULL) {
            *found = NULL;
            return true;
        }
        struct sub *sub = document_sub(from->document, place);
        near = sub != NULL ? sub : near;
        rest = sub != NULL ? tail : rest;
    }
    struct step step = { .keyword = str_slice(rest, 1, rest.len), .index = -1 };
    *found = near->place == place ? near : document_place(set, near, &step, place);
    return *found != NULL;
}

bool document_fragment(struct schema_set *set, struct sub *from, str fragment, struct sub **found)
{
    *found = from;
    if (fragment.len <= 1 || str_eq(fragment, S("#/"))) {
        return true;
    }
    if (str_starts(fragment, S("#/"))) {
        return follow(set, from, str_slice(fragment, 1, fragment.len), found);
    }
    const struct document *d = from->document;
    str anchor = str_slice(fragment, 1, fragment.len);
    uint32_t number = map_get(&d->anchors, anchor_key(set->arena, from->base, anchor));
    *found = number == MAP_NONE ? NULL : d->anchored.ptr[number];
    return true;
}

bool document_open(struct schema_set *set, struct document *d)
{
    static const struct step nowhere = { .index = -1 };
    str id;
    if (!own_url(set, d, d->root, d->url, &id)) {
        return false;
    }
    d->url = id.len > 0 ? id : d->url;
    d->top = make_sub(set, d, NULL, &nowhere, d->root);
    return d->top != NULL && fill(set, d->top);
}
