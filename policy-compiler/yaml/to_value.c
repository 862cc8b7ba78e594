/* to_value.c — a tree of nodes → one value
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "yaml/to_value.h"

#include "model/errors.h"

struct conversion {
    struct arena *arena;
    const struct source *source;
    bool ints;
    struct diags *diags;
};

struct value ynode_scalar(const struct ynode *node, bool ints)
{
    switch (node->kind) {
    case Y_BOOL:
        return v_bool(node->boolean);
    case Y_FLOAT:
        return v_double(node->number);
    case Y_INT:
        if (!ints) {
            return v_double(node->negative ? -(double)node->magnitude : (double)node->magnitude);
        }
        if (node->negative) {
            return v_int((int64_t)(0 - node->magnitude));
        }
        return node->magnitude > INT64_MAX ? v_uint(node->magnitude)
                                           : v_int((int64_t)node->magnitude);
    case Y_STRING:
    case Y_LITERAL:
        return v_string(node->text);
    default:
        return v_null();
    }
}

cardea_status yaml_no_value(const struct source *source, const struct ynode *node,
                            struct diags *diags)
{
    struct diag *d = diag_add(diags, &err_type, ynode_span(source, node),
                              "`%.*s` is no value of JSON", STR_ARG(node->text));
    diag_help(diags, d, "put it into quotes if a text is meant");
    d->ref_text = str_printf(diags->arena, "unexpected %.*s", STR_ARG(ykind_name(node)));
    d->ref_path = ynode_path(diags->arena, node);
    return CARDEA_EINVALID;
}

cardea_status yaml_no_key(const struct source *source, const struct ynode *key, struct diags *diags)
{
    struct diag *d = diag_add(diags, &err_yaml_key_kind, ynode_span(source, key),
                              "the key `%.*s` is no text", STR_ARG(key->text));
    d->ref_text = str_printf(diags->arena, "unexpected key type %.*s", STR_ARG(ykind_name(key)));
    d->ref_path = ynode_path(diags->arena, key);
    return CARDEA_EINVALID;
}

static cardea_status convert(const struct conversion *c, const struct ynode *node,
                             struct value *out)
{
    node = ynode_resolve(node);
    if (node->kind == Y_INFINITY || node->kind == Y_NAN) {
        return yaml_no_value(c->source, node, c->diags);
    }
    if (node->kind == Y_SEQ) {
        struct value *items = new (c->arena, struct value, node->count);
        for (isize i = 0; i < node->count; i++) {
            TRY(convert(c, node->items[i], &items[i]));
        }
        *out = v_list(items, node->count);
        return CARDEA_OK;
    }
    if (node->kind != Y_MAP) {
        *out = ynode_scalar(node, c->ints);
        return CARDEA_OK;
    }
    struct vmap *map = vmap_new(c->arena, node->count);
    for (isize i = 0; i < node->count; i++) {
        const struct yentry *entry = &node->entries[i];
        struct value value = v_none();
        if (entry->key->kind != Y_STRING) {
            return yaml_no_key(c->source, entry->key, c->diags);
        }
        TRY(convert(c, entry->value, &value));
        (void)vmap_put(c->arena, map, v_string(entry->key->text), value); /* keys are unique */
    }
    *out = v_map(map);
    return CARDEA_OK;
}

cardea_status yaml_to_value(struct arena *arena, const struct source *source,
                            const struct ynode *node, bool ints, struct value *out,
                            struct diags *diags)
{
    struct conversion c = { arena, source, ints, diags };
    return convert(&c, node, out);
}
