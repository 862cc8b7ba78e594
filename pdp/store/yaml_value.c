/* yaml_value.c — the policies' reader of YAML, for other files
 *
 * The tree of yaml/compose.h holds more than others need (aliases, both spellings of places, maps
 * of bytes). It is turned into the small tree of yaml_value.h in one pass, with aliases followed;
 * the number of nodes that can come of it is bounded by YAML_MAX_NODES.
 *
 * Neighbours: ../../policy-compiler/yaml reads · ../config takes keys and places from here
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/yaml_value.h"

#include "base/num.h"
#include "yaml/to_value.h"

struct conversion {
    struct arena *arena;
    const struct source *source;
    struct diags *diags;
};

static cardea_status convert(const struct conversion *c, const struct ynode *from,
                             struct config_node *to);

static cardea_status convert_list(const struct conversion *c, const struct ynode *from,
                                  struct config_node *to)
{
    struct config_node *items = new (c->arena, struct config_node, from->count);
    for (isize i = 0; i < from->count; i++) {
        TRY(convert(c, from->items[i], &items[i]));
    }
    to->kind = CONFIG_LIST;
    to->items = items;
    return CARDEA_OK;
}

static cardea_status convert_map(const struct conversion *c, const struct ynode *from,
                                 struct config_node *to)
{
    struct config_entry *entries = new (c->arena, struct config_entry, from->count);
    struct config_node *nodes = new (c->arena, struct config_node, from->count);
    for (isize i = 0; i < from->count; i++) {
        const struct yentry *entry = &from->entries[i];
        if (entry->key->kind != Y_STRING) {
            return yaml_no_key(c->source, entry->key, c->diags);
        }
        TRY(convert(c, entry->value, &nodes[i]));
        entries[i] =
            (struct config_entry){ entry->key->text, ynode_span(c->source, entry->key), &nodes[i] };
    }
    to->kind = CONFIG_MAP;
    to->entries = entries;
    return CARDEA_OK;
}

static cardea_status convert(const struct conversion *c, const struct ynode *from,
                             struct config_node *to)
{
    from = ynode_resolve(from);
    to->span = ynode_span(c->source, from);
    to->count = from->kind == Y_MAP || from->kind == Y_SEQ ? from->count : 0;
    if (from->kind == Y_SEQ) {
        return convert_list(c, from, to);
    }
    if (from->kind == Y_MAP) {
        return convert_map(c, from, to);
    }
    if (from->kind == Y_INFINITY || from->kind == Y_NAN) {
        return yaml_no_value(c->source, from, c->diags);
    }
    to->kind = CONFIG_SCALAR;
    to->value = ynode_scalar(from, true);
    return CARDEA_OK;
}

/* A second document has no place in these files. */
static cardea_status read_document(struct arena *arena, const struct source *source,
                                   struct yaml_doc *doc, struct diags *diags)
{
    TRY(yaml_compose(arena, source, doc, diags));
    return doc->several ? yaml_several(source, doc, diags) : CARDEA_OK;
}

cardea_status config_read(struct arena *arena, const struct source *source,
                          const struct config_node **out, struct diags *diags)
{
    struct yaml_doc doc;
    *out = NULL;
    TRY(read_document(arena, source, &doc, diags));
    if (doc.root == NULL) {
        return CARDEA_OK;
    }
    struct conversion c = { arena, source, diags };
    struct config_node *root = new (arena, struct config_node, 1);
    TRY(convert(&c, doc.root, root));
    *out = root;
    return CARDEA_OK;
}

const struct config_node *config_get(const struct config_node *node, str key)
{
    isize count = node != NULL && node->kind == CONFIG_MAP ? node->count : 0;
    for (isize i = 0; i < count; i++) {
        if (str_eq(node->entries[i].key, key)) {
            return node->entries[i].node;
        }
    }
    return NULL;
}

/* The element `[n]` at the beginning of the path, which is moved behind it. */
static const struct config_node *get_element(const struct config_node *node, str *path)
{
    int64_t index = -1;
    isize close = str_find_byte(*path, ']');
    bool good = close > 0 && num_parse_int(str_slice(*path, 1, close), false, &index) && index >= 0;
    *path = str_slice(*path, close + 1, path->len);
    return good && node->kind == CONFIG_LIST && index < node->count ? &node->items[index] : NULL;
}

const struct config_node *config_find(const struct config_node *node, str path)
{
    while (node != NULL && path.len > 0) {
        if (path.ptr[0] == '[') {
            node = get_element(node, &path);
            continue;
        }
        isize start = path.ptr[0] == '.' ? 1 : 0;
        isize end = start;
        while (end < path.len && path.ptr[end] != '.' && path.ptr[end] != '[') {
            end++;
        }
        node = config_get(node, str_slice(path, start, end));
        path = str_slice(path, end, path.len);
    }
    return node;
}

/* Numbers as protobuf's values have them. */
static struct value as_double(struct value v)
{
    if (v.kind == V_INT) {
        return v_double((double)v.i);
    }
    return v.kind == V_UINT ? v_double((double)v.u) : v;
}

struct value config_value(struct arena *arena, const struct config_node *node, bool ints)
{
    if (node == NULL) {
        return v_null();
    }
    if (node->kind == CONFIG_SCALAR) {
        return ints ? node->value : as_double(node->value);
    }
    if (node->kind == CONFIG_LIST) {
        struct value *items = new (arena, struct value, node->count);
        for (isize i = 0; i < node->count; i++) {
            items[i] = config_value(arena, &node->items[i], ints);
        }
        return v_list(items, node->count);
    }
    struct vmap *map = vmap_new(arena, node->count);
    for (isize i = 0; i < node->count; i++) {
        const struct config_entry *entry = &node->entries[i];
        (void)vmap_put(arena, map, v_string(entry->key),
                       config_value(arena, entry->node, ints)); /* keys are unique */
    }
    return v_map(map);
}

cardea_status yaml_read_value(struct arena *arena, const struct source *source, bool ints,
                              struct value *out, struct diags *diags)
{
    struct yaml_doc doc;
    *out = v_none();
    TRY(read_document(arena, source, &doc, diags));
    return doc.root == NULL ? CARDEA_OK : yaml_to_value(arena, source, doc.root, ints, out, diags);
}
