/* keywords_apply.c — schemas within a schema: for members, items, the same value, encoded content
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "schema/keywords_priv.h"

static struct node_list read_list(struct reader *r, const char *keyword, const struct value *v,
                                  bool in_place)
{
    struct node_list list = { new(r->arena, const struct schema *, v->len), v->len };
    for (uint32_t i = 0; i < v->len; i++) {
        struct step step = { .keyword = str_from_c(keyword), .index = i };
        kw_child(r, step, &v->items[i], in_place, &list.nodes[i]);
    }
    return list;
}

static void add_list(struct reader *r, enum check_kind kind, const char *keyword)
{
    const struct value *v = kw_kind(r, keyword, V_LIST);
    if (v != NULL) {
        struct node_list *list = new(r->arena, struct node_list, 1);
        kw_add(r, kind)->nodes = list;
        *list = read_list(r, keyword, v, true);
    }
}

static struct member_list *read_members(struct reader *r, enum check_kind kind, const char *keyword,
                                        bool in_place)
{
    const struct value *v = kw_kind(r, keyword, V_MAP);
    if (v == NULL) {
        return NULL;
    }
    struct member_list *list = new(r->arena, struct member_list, 1);
    *list = (struct member_list){ .list = new(r->arena, struct member, v->len), .count = v->len };
    kw_add(r, kind)->members = list;
    for (uint32_t i = 0; i < v->len && r->ok; i++) {
        const struct vmap_entry *e = &v->map->entries[i];
        struct member *member = &list->list[i];
        member->name = v_str(e->key);
        if (kind == CHECK_DEPENDENCIES && e->val.kind == V_LIST) {
            member->names = kw_names(r, &e->val);
            continue;
        }
        if (kind == CHECK_PATTERN_PROPERTIES) {
            member->regex = kw_regex(r, member->name);
        }
        if (kind == CHECK_PROPERTIES) {
            (void)map_set(r->arena, &list->names, member->name, i);
        }
        kw_child(r, kw_step_member(keyword, member->name), &e->val, in_place, &member->node);
    }
    return list;
}

static void read_rest(struct reader *r, const char *keyword, struct rest *rest)
{
    const struct value *v = kw_get(r, keyword);
    if (v != NULL && v->kind == V_BOOL) {
        rest->kind = v_is_true(*v) ? REST_ALLOWED : REST_REFUSED;
    } else if (v != NULL && v->kind == V_MAP) {
        rest->kind = REST_SCHEMA;
        kw_child(r, kw_step(keyword), v, false, &rest->node);
    }
}

static void read_additional(struct reader *r)
{
    struct rest *rest = new(r->arena, struct rest, 1);
    read_rest(r, "additionalProperties", rest);
    if (rest->kind != REST_NONE) {
        kw_add(r, CHECK_ADDITIONAL_PROPERTIES)->rest = rest;
        r->node->counts = true;
    }
}

static void read_contains(struct reader *r)
{
    const struct value *v = kw_get(r, "contains");
    if (!kw_is_schema(v)) {
        return;
    }
    struct contains *contains = new(r->arena, struct contains, 1);
    *contains = (struct contains){ .least = 1, .most = -1 };
    kw_add(r, CHECK_CONTAINS)->contains = contains;
    kw_child(r, kw_step("contains"), v, false, &contains->node);
    if (r->version < 2019) {
        return;
    }
    contains->evaluates = r->version >= 2020 && kw_vocab(r, VOCAB_UNEVALUATED);
    const struct schema_number *least = kw_number(r, "minContains");
    const struct schema_number *most = kw_number(r, "maxContains");
    bool counted = kw_vocab(r, VOCAB_VALIDATION);
    contains->least = counted && least != NULL ? kw_count(least) : 1;
    contains->most = counted && most != NULL ? kw_count(most) : -1;
}

static void read_if(struct reader *r)
{
    const struct value *condition = kw_get(r, "if");
    if (!kw_is_schema(condition)) {
        return;
    }
    struct branches *branches = new(r->arena, struct branches, 1);
    kw_add(r, CHECK_IF)->branches = branches;
    kw_child(r, kw_step("if"), condition, true, &branches->condition);
    if (kw_is_schema(kw_get(r, "then"))) {
        kw_child(r, kw_step("then"), kw_get(r, "then"), true, &branches->then);
    }
    if (kw_is_schema(kw_get(r, "else"))) {
        kw_child(r, kw_step("else"), kw_get(r, "else"), true, &branches->otherwise);
    }
}

static void read_items_2020(struct reader *r)
{
    const struct value *prefix = kw_kind(r, "prefixItems", V_LIST);
    const struct value *items = kw_get(r, "items");
    if (prefix == NULL && !kw_is_schema(items)) {
        return;
    }
    struct tuple *tuple = new(r->arena, struct tuple, 1);
    kw_add(r, CHECK_PREFIX)->tuple = tuple;
    if (prefix != NULL) {
        tuple->items = read_list(r, "prefixItems", prefix, false);
    }
    if (kw_is_schema(items)) {
        tuple->rest.kind = REST_SCHEMA;
        kw_child(r, kw_step("items"), items, false, &tuple->rest.node);
    }
}

static void read_items_old(struct reader *r)
{
    const struct value *items = kw_get(r, "items");
    if (items == NULL || items->kind != V_LIST) {
        kw_single(r, CHECK_ITEMS, "items", false);
        return;
    }
    struct tuple *tuple = new(r->arena, struct tuple, 1);
    kw_add(r, CHECK_TUPLE)->tuple = tuple;
    tuple->items = read_list(r, "items", items, false);
    read_rest(r, "additionalItems", &tuple->rest);
}

void kw_applicators(struct reader *r)
{
    const struct value *regex_names = kw_kind(r, "regexProperties", V_BOOL);
    kw_single(r, CHECK_NOT, "not", true);
    add_list(r, CHECK_ALL_OF, "allOf");
    add_list(r, CHECK_ANY_OF, "anyOf");
    add_list(r, CHECK_ONE_OF, "oneOf");
    (void)read_members(r, CHECK_PROPERTIES, "properties", false);
    if (regex_names != NULL && v_is_true(*regex_names)) {
        (void)kw_add(r, CHECK_REGEX_PROPERTIES);
    }
    (void)read_members(r, CHECK_PATTERN_PROPERTIES, "patternProperties", false);
    read_additional(r);
    (void)read_members(r, CHECK_DEPENDENCIES, "dependencies", true);
    if (r->version >= 6) {
        kw_single(r, CHECK_PROPERTY_NAMES, "propertyNames", false);
        read_contains(r);
    }
    if (r->version >= 7) {
        read_if(r);
    }
    if (r->version >= 2019) {
        (void)read_members(r, CHECK_DEPENDENT_SCHEMAS, "dependentSchemas", true);
    }
    if (r->version >= 2020) {
        read_items_2020(r);
    } else {
        read_items_old(r);
    }
}

void kw_content(struct reader *r)
{
    const struct value *encoding = kw_kind(r, "contentEncoding", V_STRING);
    const struct value *media_type = kw_kind(r, "contentMediaType", V_STRING);
    if (encoding == NULL && media_type == NULL) {
        return;
    }
    struct content *content = new(r->arena, struct content, 1);
    content->encoding = encoding != NULL ? v_str(*encoding) : STR_EMPTY;
    content->media_type = media_type != NULL ? v_str(*media_type) : STR_EMPTY;
    content->base64 = str_eq(content->encoding, S("base64"));
    content->json = str_eq(content->media_type, S("application/json"));
    kw_add(r, CHECK_CONTENT)->content = content;
    if (media_type != NULL && kw_is_schema(kw_get(r, "contentSchema"))) {
        kw_child(r, kw_step("contentSchema"), kw_get(r, "contentSchema"), true, &content->node);
    }
}
