/* keywords.c — the keywords of one schema become checks
 *
 * Types of values need no test here: the schema of schemas has been asked before. What still does
 * not fit (a keyword that the draft's schema of schemas does not know) is passed over.
 *
 * ORDER EDGES: references and children are listed in the order in which the reference's library
 * follows them, so that the first fault is the same.
 *
 * Neighbours: keywords_values.c what a value must be · keywords_apply.c schemas within the schema
 *
 * spec: cerbos-compat#schemas
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "schema/keywords_priv.h"
#include "schema/text.h"
#include "schema/uri.h"

#include <stdlib.h>

/* ---- parts ---- */
const struct value *kw_get(const struct reader *r, const char *keyword)
{
    return vmap_place(r->map, str_from_c(keyword));
}

const struct value *kw_kind(const struct reader *r, const char *keyword, uint8_t kind)
{
    const struct value *v = kw_get(r, keyword);
    return v != NULL && v->kind == kind ? v : NULL;
}

const struct schema_number *kw_number(const struct reader *r, const char *keyword)
{
    const struct value *v = kw_get(r, keyword);
    return v == NULL ? NULL : schema_number_of(*v);
}

int64_t kw_count(const struct schema_number *number)
{
    return number->d >= 0x1p63 ? INT64_MAX : (int64_t)number->d;
}

struct check *kw_add(struct reader *r, enum check_kind kind)
{
    struct check *check = vec_push(r->arena, &r->checks);
    check->kind = (uint8_t)kind;
    return check;
}

bool kw_vocab(const struct reader *r, uint8_t vocab)
{
    const struct schema *meta = r->sub->document->meta;
    return r->version < 2019 || meta == NULL || (meta->vocab & vocab) != 0;
}

void kw_edge(struct reader *r, struct edge edge)
{
    *vec_push(r->arena, &r->edges->list) = edge;
}

/* A schema of this document. */
void kw_child(struct reader *r, struct step step, const struct value *place, bool in_place,
              const struct schema **slot)
{
    struct sub *target = r->ok ? document_place(r->set, r->sub, &step, place) : NULL;
    r->ok = target != NULL;
    if (r->ok) {
        kw_edge(
            r, (struct edge){ .slot = slot, .step = step, .target = target, .in_place = in_place });
    }
}

struct step kw_step(const char *keyword)
{
    return (struct step){ .keyword = str_from_c(keyword), .index = -1 };
}

struct step kw_step_member(const char *keyword, str name)
{
    return (
        struct step){ .keyword = str_from_c(keyword), .name = name, .index = -1, .named = true };
}

/* Is the value a schema, true or false? */
bool kw_is_schema(const struct value *v)
{
    return v != NULL && (v->kind == V_MAP || v->kind == V_BOOL);
}

void kw_single(struct reader *r, enum check_kind kind, const char *keyword, bool in_place)
{
    const struct value *v = kw_get(r, keyword);
    if (!kw_is_schema(v)) {
        return;
    }
    /* the slot must outlive the growing list of checks */
    const struct schema **slot = new(r->arena, const struct schema *, 1);
    kw_add(r, kind)->slot = slot;
    kw_child(r, kw_step(keyword), v, in_place, slot);
}

struct name_list kw_names(struct reader *r, const struct value *v)
{
    struct name_list list = { new(r->arena, str, v->len), 0 };
    for (uint32_t i = 0; i < v->len; i++) {
        if (v->items[i].kind == V_STRING) {
            list.names[list.count++] = v_str(v->items[i]);
        }
    }
    return list;
}

const struct cel_regex *kw_regex(struct reader *r, str text)
{
    struct schema_set *set = r->set;
    uint32_t number = map_get(&set->patterns, text);
    if (number == MAP_NONE) {
        str why = STR_EMPTY;
        struct cel_regex **place = vec_push(set->arena, &set->regexes);
        struct arena_mark mark = arena_mark(set->scratch); /* perhaps the same arena */
        *place = cel_regex_new(text, set->scratch, &why);
        if (*place == NULL) {
            set->regexes.len--;
            r->ok = fault_set(set, "%.*s", STR_ARG(why));
            return NULL;
        }
        arena_reset(set->scratch, mark);
        number = (uint32_t)set->regexes.len - 1;
        (void)map_set(set->arena, &set->patterns, text, number);
    }
    return set->regexes.ptr[number];
}

/* ---- references ---- */
static void add_reference(struct reader *r, enum check_kind kind, const char *keyword)
{
    const struct value *v = kw_kind(r, keyword, V_STRING);
    if (v == NULL) {
        return;
    }
    struct dynamic_ref *ref = new(r->arena, struct dynamic_ref, 1);
    kw_add(r, kind)->dynamic = ref;
    kw_edge(r,
            (struct edge){
                .slot = &ref->node, .step = kw_step(keyword), .ref = v_str(*v), .in_place = true });
    str url;
    str fragment;
    uri_split(v_str(*v), &url, &fragment);
    if (kind == CHECK_DYNAMIC_REF && fragment.len > 1 && fragment.ptr[1] != '/') {
        ref->anchor = str_slice(fragment, 1, fragment.len);
    }
}

/* `$vocabulary` of a schema of schemas. */
static void read_vocabularies(struct reader *r)
{
    const struct draft *draft = r->sub->document->draft;
    const struct value *v = kw_kind(r, "$vocabulary", V_MAP);
    if (v == NULL) {
        r->node->vocab = draft->vocab;
        return;
    }
    for (uint32_t i = 0; i < v->len && r->ok; i++) {
        str url = v_str(v->map->entries[i].key);
        struct value wanted = v->map->entries[i].val;
        if (wanted.kind == V_BOOL && wanted.i == 0) {
            continue;
        }
        uint8_t bits = draft_vocabulary(draft, url);
        if (bits == 0) {
            struct sb sb = sb_new(r->arena);
            text_quote(&sb, url, '"');
            r->ok = fault_set(r->set, "unsupported vocab %.*s in %.*s#", STR_ARG(sb_str(&sb)),
                              STR_ARG(r->sub->document->url));
        }
        r->node->vocab |= bits;
    }
}

/* ---- the whole schema ---- */
static void read_dynamic_anchors(struct reader *r)
{
    const struct sub *sub = r->sub;
    bool own = kw_kind(r, "$dynamicAnchor", V_STRING) != NULL;
    isize count = sub->dynamic.len + own;
    r->node->dynamic_anchors = new(r->arena, const struct schema *, count);
    r->node->dynamic_anchor_count = count;
    for (isize i = 0; i < count; i++) {
        kw_edge(r, (struct edge){ .slot = &r->node->dynamic_anchors[i],
                                  .step = kw_step("IGNORED"),
                                  .target = i < sub->dynamic.len ? sub->dynamic.ptr[i] : r->sub });
    }
}

static void read_references(struct reader *r)
{
    add_reference(r, CHECK_REF, "$ref");
    if (r->version < 2019) {
        return;
    }
    if (r->sub->parent == NULL) {
        read_vocabularies(r);
    }
    add_reference(r, CHECK_RECURSIVE_REF, "$recursiveRef");
    if (r->version >= 2020) {
        add_reference(r, CHECK_DYNAMIC_REF, "$dynamicRef");
    }
}

static void read_object(struct reader *r)
{
    const struct value *recursive = kw_kind(r, "$recursiveAnchor", V_BOOL);
    const struct value *anchor = kw_kind(r, "$dynamicAnchor", V_STRING);
    const struct value *format = kw_kind(r, "format", V_STRING);
    r->node->recursive_anchor = recursive != NULL && v_is_true(*recursive);
    r->node->dynamic_anchor = anchor != NULL ? v_str(*anchor) : STR_EMPTY;
    read_references(r);
    if (r->version < 2019 && kw_get(r, "$ref") != NULL) {
        return; /* nothing beside a reference counts */
    }
    if (kw_vocab(r, VOCAB_VALIDATION)) {
        kw_validation(r);
    }
    if (kw_vocab(r, VOCAB_APPLICATOR)) {
        kw_applicators(r);
    }
    if (r->version >= 2019 &&
        kw_vocab(r, r->version == 2019 ? VOCAB_APPLICATOR : VOCAB_UNEVALUATED)) {
        kw_single(r, CHECK_UNEVALUATED_PROPERTIES, "unevaluatedProperties", false);
        kw_single(r, CHECK_UNEVALUATED_ITEMS, "unevaluatedItems", false);
        r->node->tracks =
            kw_get(r, "unevaluatedProperties") != NULL || kw_get(r, "unevaluatedItems") != NULL;
    }
    if (format != NULL && format_find(v_str(*format)) != NULL) {
        kw_add(r, CHECK_FORMAT)->format = format_find(v_str(*format));
    }
    kw_const(r);
    if (r->version >= 7) {
        kw_content(r);
    }
}

static int compare_checks(const void *a, const void *b)
{
    const struct check *x = a;
    const struct check *y = b;
    return (x->kind > y->kind) - (x->kind < y->kind); /* a kind occurs once */
}

bool keywords_need_meta(struct sub *sub, struct edge *edge)
{
    const struct value *named = sub->parent == NULL && sub->place->kind == V_MAP
                                    ? vmap_place(sub->place->map, S("$schema"))
                                    : NULL;
    if (named == NULL || named->kind != V_STRING || draft_find(v_str(*named)) != NULL) {
        return false;
    }
    *edge = (struct edge){ .slot = &sub->document->meta,
                           .step = kw_step("$schema"),
                           .ref = v_str(*named),
                           .in_place = true };
    return true;
}

bool keywords_read(struct schema_set *set, struct sub *sub, struct edges *edges)
{
    struct reader r = { .set = set,
                        .arena = set->arena,
                        .sub = sub,
                        .node = sub->node,
                        .version = sub->document->draft->version,
                        .edges = edges,
                        .ok = true };
    if (sub->place->kind == V_BOOL) {
        sub->node->verdict = v_is_true(*sub->place) ? NODE_TRUE : NODE_FALSE;
        return true;
    }
    if (sub->place->kind != V_MAP) {
        struct sb sb = sb_new(set->arena);
        sub_location(&sb, sub);
        return fault_set(set, "%.*s is not a schema", STR_ARG(sb_str(&sb)));
    }
    r.map = sub->place->map;
    if (r.version >= 2020) {
        read_dynamic_anchors(&r);
    }
    read_object(&r);
    if (r.checks.len > 1) {
        qsort(r.checks.ptr, (size_t)r.checks.len, sizeof(r.checks.ptr[0]), compare_checks);
    }
    sub->node->checks = r.checks.ptr;
    sub->node->check_count = r.checks.len;
    return r.ok;
}
