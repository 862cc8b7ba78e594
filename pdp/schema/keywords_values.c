/* keywords_values.c — what a value itself must be: types, constants, sizes, patterns
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "schema/keywords_priv.h"
#include "schema/text.h"

#define ENUM_FEW 8 /* values that are compared one by one */

/* ---- values ---- */
static void show(struct sb *out, struct value v)
{
    const struct schema_number *number = schema_number_of(v);
    if (number != NULL) {
        text_quote(out, number->text, '"');
    } else if (v.kind == V_STRING) {
        text_quote(out, v_str(v), '"');
    } else {
        sb_add(out, v.kind == V_NULL ? S("<nil>") : v_is_true(v) ? S("true") : S("false"));
    }
}

static bool is_compound(struct value v)
{
    return v.kind == V_LIST || v.kind == V_MAP;
}

static void index_values(struct reader *r, struct value_list *list)
{
    isize slots = 16;
    while (slots < list->count * 2) {
        slots *= 2;
    }
    list->slots = new(r->arena, uint32_t, slots);
    list->mask = (uint32_t)slots - 1;
    for (isize i = 0; i < list->count; i++) {
        uint32_t at = (uint32_t)json_hash(list->values[i]) & list->mask;
        while (list->slots[at] != 0) {
            at = (at + 1) & list->mask;
        }
        list->slots[at] = (uint32_t)i + 1;
    }
}

void kw_const(struct reader *r)
{
    const struct value *v = r->version >= 6 ? kw_get(r, "const") : NULL;
    if (v == NULL) {
        return;
    }
    struct value_list *list = new(r->arena, struct value_list, 1);
    struct sb sb = sb_new(r->arena);
    sb_add(&sb, S("value must be "));
    show(&sb, *v);
    *list = (struct value_list){ .values = v, .count = 1 };
    list->message = is_compound(*v) ? S("const failed") : sb_str(&sb);
    kw_add(r, CHECK_CONST)->values = list;
}

static void read_enum(struct reader *r)
{
    const struct value *v = kw_kind(r, "enum", V_LIST);
    if (v == NULL || v->len == 0) { /* an empty list accepts everything, as in the reference */
        return;
    }
    struct value_list *list = new(r->arena, struct value_list, 1);
    struct sb sb = sb_new(r->arena);
    bool plain = true;
    *list = (struct value_list){ .values = v->items, .count = v->len };
    sb_add(&sb, v->len == 1 ? S("value must be ") : S("value must be one of "));
    for (uint32_t i = 0; i < v->len && plain; i++) {
        plain = !is_compound(v->items[i]);
        sb_add(&sb, i > 0 ? S(", ") : STR_EMPTY);
        show(&sb, v->items[i]);
    }
    list->message = plain ? sb_str(&sb) : S("enum failed");
    if (list->count > ENUM_FEW) {
        index_values(r, list);
    }
    kw_add(r, CHECK_ENUM)->values = list;
}

/* ---- validation ---- */
static uint8_t type_bit(str name)
{
    static const char *const names[] = { "null",  "boolean", "number", "string",
                                         "array", "object",  "integer" };
    for (int i = 0; i < countof(names); i++) {
        if (str_eq(name, str_from_c(names[i]))) {
            return (uint8_t)(1u << i); /* ORDER enum json_type */
        }
    }
    return 0;
}

static void read_types(struct reader *r)
{
    const struct value *v = kw_get(r, "type");
    if (v == NULL) {
        return;
    }
    struct sb sb = sb_new(r->arena);
    const struct value *types = v->kind == V_LIST ? v->items : v;
    uint32_t count = v->kind == V_LIST ? v->len : 1;
    for (uint32_t i = 0; i < count; i++) {
        if (types[i].kind == V_STRING) {
            r->node->types |= type_bit(v_str(types[i]));
            sb_add(&sb, sb.len > 0 ? S(" or ") : STR_EMPTY);
            sb_add(&sb, v_str(types[i]));
        }
    }
    r->node->types_text = sb_str(&sb);
}

static void read_count(struct reader *r, enum check_kind kind, const char *keyword)
{
    const struct schema_number *number = kw_number(r, keyword);
    if (number != NULL) {
        kw_add(r, kind)->count = kw_count(number);
    }
}

static void read_bound(struct reader *r, enum check_kind kind, const struct schema_number *number)
{
    if (number != NULL) {
        struct bound *bound = new(r->arena, struct bound, 1);
        *bound = bound_read(number->text);
        kw_add(r, kind)->bound = bound;
    }
}

/* `minimum` with `exclusiveMinimum`, which is a boolean in draft 4. */
static void read_bounds(struct reader *r, const char *keyword, const char *exclusive,
                        enum check_kind kind, enum check_kind exclusive_kind)
{
    const struct value *flag = kw_kind(r, exclusive, V_BOOL);
    bool excludes = flag != NULL && v_is_true(*flag);
    read_bound(r, excludes ? exclusive_kind : kind, kw_number(r, keyword));
    if (flag == NULL) {
        read_bound(r, exclusive_kind, kw_number(r, exclusive));
    }
}

static void read_multiple(struct reader *r)
{
    const struct schema_number *number = kw_number(r, "multipleOf");
    if (number == NULL || !r->ok) {
        return;
    }
    struct divisor *divisor = new(r->arena, struct divisor, 1);
    r->ok = divisor_read(number->text, divisor) ||
            fault_set(r->set, "multipleOf %.*s has more than %d digits",
                      STR_ARG(str_slice(number->text, 0, 80)), DIVISOR_DIGITS);
    kw_add(r, CHECK_MULTIPLE_OF)->divisor = divisor;
}

static void read_pattern(struct reader *r)
{
    const struct value *v = kw_kind(r, "pattern", V_STRING);
    if (v != NULL && r->ok) {
        struct pattern *pattern = new(r->arena, struct pattern, 1);
        *pattern = (struct pattern){ v_str(*v), kw_regex(r, v_str(*v)) };
        kw_add(r, CHECK_PATTERN)->pattern = pattern;
    }
}

static void read_dependent_required(struct reader *r)
{
    const struct value *v = kw_kind(r, "dependentRequired", V_MAP);
    if (v == NULL) {
        return;
    }
    struct member_list *list = new(r->arena, struct member_list, 1);
    *list = (struct member_list){ .list = new(r->arena, struct member, v->len), .count = v->len };
    for (uint32_t i = 0; i < v->len; i++) {
        const struct vmap_entry *e = &v->map->entries[i];
        list->list[i].name = v_str(e->key);
        if (e->val.kind == V_LIST) {
            list->list[i].names = kw_names(r, &e->val);
        }
    }
    kw_add(r, CHECK_DEPENDENT_REQUIRED)->members = list;
}

void kw_validation(struct reader *r)
{
    read_types(r);
    read_enum(r);
    read_bounds(r, "minimum", "exclusiveMinimum", CHECK_MINIMUM, CHECK_EXCLUSIVE_MINIMUM);
    read_bounds(r, "maximum", "exclusiveMaximum", CHECK_MAXIMUM, CHECK_EXCLUSIVE_MAXIMUM);
    read_multiple(r);
    read_count(r, CHECK_MIN_PROPERTIES, "minProperties");
    read_count(r, CHECK_MAX_PROPERTIES, "maxProperties");
    const struct value *required = kw_kind(r, "required", V_LIST);
    if (required != NULL && required->len > 0) {
        struct name_list *names = new(r->arena, struct name_list, 1);
        *names = kw_names(r, required);
        kw_add(r, CHECK_REQUIRED)->names = names;
    }
    read_count(r, CHECK_MIN_ITEMS, "minItems");
    read_count(r, CHECK_MAX_ITEMS, "maxItems");
    const struct value *unique = kw_kind(r, "uniqueItems", V_BOOL);
    if (unique != NULL && v_is_true(*unique)) {
        (void)kw_add(r, CHECK_UNIQUE_ITEMS);
    }
    read_count(r, CHECK_MIN_LENGTH, "minLength");
    read_count(r, CHECK_MAX_LENGTH, "maxLength");
    read_pattern(r);
    if (r->version >= 2019) {
        read_dependent_required(r);
    }
}
