/* compose.c — events → tree
 *
 * One pass over the events, by recursion that the nesting limit bounds. Aliases become nodes that
 * point at what they stand for; an anchor is known only after its node is complete, so no node
 * contains itself. Each node counts the nodes below it with aliases followed: a document that would
 * unfold into more than YAML_MAX_NODES is refused while the tree is still small.
 *
 * Merge keys are resolved here: the mapping gets the merged entries first, without those that it
 * has itself, then its own. Reading stops at the first error of structure; libyaml's words for an
 * error of syntax are turned into ours and the reference's in syntax.c.
 *
 * Neighbours: events.c · scalar.c · syntax.c · ../model/load.c reads the tree
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "yaml/compose.h"

#include "base/map.h"
#include "model/errors.h"
#include "yaml/events.h"
#include "yaml/scalar.h"
#include "yaml/syntax.h"

#define SCAN_KEYS 8 /* mappings up to here are searched for repeated keys without a table */

struct anchor {
    const struct ynode *node;
    uint32_t at; /* byte of the `&` */
};

struct composer {
    struct arena *arena;
    const struct source *source;
    struct diags *diags;
    struct yevents events;
    isize next;       /* the event to be read next          */
    isize unplaced;   /* see struct yaml_doc                */
    struct map names; /* name of an anchor → number in anchors */
    VEC(struct anchor) anchors;
};

static cardea_status compose_node(struct composer *c, struct ynode *node, int depth);

static struct span span_of(const struct composer *c, uint32_t start, uint32_t end)
{
    return (struct span){ c->source, start, end };
}

/* ---- limits ---------------------------------------------------------------------------------- */

static cardea_status too_large(struct composer *c, const struct ynode *node)
{
    diag_add(c->diags, &err_yaml_limit, span_of(c, node->start, node->end),
             "the document unfolds into more than %d nodes", YAML_MAX_NODES);
    return CARDEA_ELIMIT;
}

/* Counts a child into its parent. */
static cardea_status count_child(struct composer *c, struct ynode *parent,
                                 const struct ynode *child)
{
    parent->size += child->size;
    if (parent->size > YAML_MAX_NODES) {
        return too_large(c, child);
    }
    if (child->height + 1 > parent->height) {
        parent->height = (uint8_t)(child->height + 1);
    }
    return CARDEA_OK;
}

/* ---- anchors and aliases --------------------------------------------------------------------- */

static cardea_status add_anchor(struct composer *c, const struct yevent *event,
                                const struct ynode *node)
{
    if (event->anchor.len == 0) {
        return CARDEA_OK;
    }
    uint32_t known = map_get(&c->names, event->anchor);
    if (known != MAP_NONE) {
        struct span span = span_of(c, event->start, event->start + 1 + (uint32_t)event->anchor.len);
        struct diag *d = diag_add(c->diags, &err_yaml_anchor_twice, span,
                                  "anchor `%.*s` is defined twice", STR_ARG(event->anchor));
        diag_note(c->diags, d, span_of(c, c->anchors.ptr[known].at, c->anchors.ptr[known].at + 1),
                  "defined here");
        str whole = str_trim(str_slice(c->source->text, event->start, node->end));
        d->ref_text = str_printf(c->diags->arena, "duplicate anchor definition %.*s",
                                 STR_ARG(str_quote(c->diags->arena, whole)));
        d->ref_path = ynode_path(c->diags->arena, node);
        return CARDEA_EINVALID;
    }
    (void)map_set(c->arena, &c->names, event->anchor, (uint32_t)c->anchors.len);
    *vec_push(c->arena, &c->anchors) = (struct anchor){ node, event->start };
    return CARDEA_OK;
}

static cardea_status unknown_anchor(struct composer *c, const struct ynode *node)
{
    struct diag *d =
        diag_add(c->diags, &err_yaml_anchor_unknown, span_of(c, node->start, node->end),
                 "unknown anchor `%.*s`", STR_ARG(node->text));
    d->ref_text = str_printf(c->diags->arena, "unknown anchor %.*s",
                             STR_ARG(str_quote(c->diags->arena, node->text)));
    d->ref_path = ynode_path(c->diags->arena, node);
    str near = diag_nearest(c->arena, node->text, c->names.keys, (isize)c->names.count);
    if (near.len > 0) {
        diag_help(c->diags, d, "did you mean `*%.*s`?", STR_ARG(near));
    }
    return CARDEA_EINVALID;
}

static cardea_status compose_alias(struct composer *c, int depth, const struct yevent *event,
                                   struct ynode *node)
{
    node->kind = Y_ALIAS;
    node->text = event->anchor;
    node->end = event->end;
    uint32_t known = map_get(&c->names, event->anchor);
    if (known == MAP_NONE) {
        return unknown_anchor(c, node);
    }
    node->target = c->anchors.ptr[known].node;
    node->size = node->target->size;
    node->height = node->target->height;
    if (depth + node->height > YAML_DEPTH) {
        diag_add(c->diags, &err_yaml_limit, span_of(c, node->start, node->end),
                 "nesting is deeper than %d levels behind this alias", YAML_DEPTH);
        return CARDEA_ELIMIT;
    }
    return CARDEA_OK;
}

/* ---- scalars --------------------------------------------------------------------------------- */

/* Is there only white space from here to the end of the file? */
static bool only_space_after(str text, isize i)
{
    return str_trim(str_slice(text, i, text.len)).len == 0;
}

static cardea_status compose_scalar(struct composer *c, const struct yevent *event,
                                    struct ynode *node)
{
    uint32_t bad = 0;
    if (!scalar_read(c->arena, c->source, event, c->events.masked, node, &bad, &c->unplaced)) {
        yaml_escape_error(c->diags, c->source, bad);
        return CARDEA_EINVALID;
    }
    if (event->style == YS_LITERAL || event->style == YS_FOLDED) {
        node->kind = Y_LITERAL;
    } else if (event->style == YS_PLAIN) {
        scalar_type(c->arena, node);
        /* the reference files a null that nobody wrote behind its `:` or `-`, a column later at
         * the end */
        node->past = node->text.len == 0 && only_space_after(c->source->text, node->start) ? 1 : 0;
    } else {
        node->kind = Y_STRING;
    }
    return CARDEA_OK;
}

/* ---- sequences ------------------------------------------------------------------------------- */

static cardea_status compose_seq(struct composer *c, int depth, struct ynode *node)
{
    VEC(const struct ynode *) items = { 0 };
    node->kind = Y_SEQ;
    node->height = 1;
    while (c->events.list.ptr[c->next].kind != YE_END) {
        struct ynode *item = new (c->arena, struct ynode, 1);
        item->parent = node;
        item->index = items.len;
        TRY(compose_node(c, item, depth + 1));
        TRY(count_child(c, node, item));
        *vec_push(c->arena, &items) = item;
        node->end = item->end;
    }
    const struct yevent *last = &c->events.list.ptr[c->next++];
    node->end = node->flow ? last->end : node->end;
    node->items = items.ptr;
    node->count = items.len;
    return CARDEA_OK;
}

/* ---- mappings -------------------------------------------------------------------------------- */

/* A mapping while its entries are read. */
struct mapping {
    VEC(struct yentry) own;
    struct map seen;           /* keys → number in own, once there are many  */
    const struct ynode *merge; /* mapping that `<<` brings in, or NULL       */
};

static isize find_own(struct composer *c, struct mapping *m, str key)
{
    if (m->own.len <= SCAN_KEYS) {
        for (isize i = 0; i < m->own.len; i++) {
            if (str_eq(m->own.ptr[i].key->text, key)) {
                return i;
            }
        }
        return -1;
    }
    for (isize i = (isize)m->seen.count; i < m->own.len; i++) {
        (void)map_set(c->arena, &m->seen, m->own.ptr[i].key->text, (uint32_t)i);
    }
    uint32_t at = map_get(&m->seen, key);
    return at == MAP_NONE ? -1 : (isize)at;
}

static cardea_status key_twice(struct composer *c, const struct ynode *key,
                               const struct ynode *before)
{
    struct place place = source_place(c->source, before->start);
    struct diag *d = diag_add(c->diags, &err_yaml_key_twice, span_of(c, key->start, key->end),
                              "key `%.*s` is there twice", STR_ARG(key->text));
    diag_note(c->diags, d, span_of(c, before->start, before->end), "first defined here");
    d->ref_text =
        str_printf(c->diags->arena, "mapping key %.*s already defined at [%d:%d]",
                   STR_ARG(str_quote(c->diags->arena, key->text)), place.line, place.column);
    return CARDEA_EINVALID;
}

/* Keys are scalars written out. */
static cardea_status check_key(struct composer *c, const struct ynode *key)
{
    if (key->kind != Y_MAP && key->kind != Y_SEQ && key->kind != Y_ALIAS) {
        return CARDEA_OK;
    }
    const char *what = key->kind == Y_ALIAS ? "an alias"
                       : key->kind == Y_MAP ? "a mapping"
                                            : "a list";
    struct diag *d = diag_add(c->diags, &err_yaml_key_kind, span_of(c, key->start, key->end),
                              "%s cannot be a key", what);
    d->ref_text = str_printf(c->diags->arena, "unexpected key type %.*s", STR_ARG(ykind_name(key)));
    d->ref_path = ynode_path(c->diags->arena, key);
    return CARDEA_EINVALID;
}

static bool is_merge_key(const struct composer *c, const struct ynode *key)
{
    return str_eq(key->text, S("<<")) && key->end - key->start == 2 &&
           c->source->text.ptr[key->start] == '<';
}

static cardea_status set_merge(struct composer *c, struct mapping *m, const struct ynode *value)
{
    const struct ynode *target = ynode_resolve(value);
    if (target->kind == Y_MAP) {
        m->merge = target;
        return CARDEA_OK;
    }
    bool alias = value->kind == Y_ALIAS;
    str kind = ykind_name(target);
    struct diag *d =
        diag_add(c->diags, &err_yaml_merge, span_of(c, value->start, value->end),
                 alias ? "`*%.*s` is no mapping, it cannot be merged" : "this cannot be merged",
                 STR_ARG(alias ? value->text : STR_EMPTY));
    d->ref_text = alias ? str_printf(c->diags->arena, "expected map alias got %.*s", STR_ARG(kind))
                        : S("not an alias");
    d->ref_path = ynode_path(c->diags->arena, value);
    return CARDEA_EINVALID;
}

static cardea_status compose_entry(struct composer *c, int depth, struct mapping *m,
                                   struct ynode *node)
{
    struct ynode *key = new (c->arena, struct ynode, 1);
    struct ynode *value = new (c->arena, struct ynode, 1);
    key->parent = value->parent = node;
    key->key = value->key = key;
    TRY(compose_node(c, key, depth + 1));
    TRY(check_key(c, key));
    isize before = find_own(c, m, key->text);
    if (before >= 0) {
        return key_twice(c, key, m->own.ptr[before].key);
    }
    TRY(compose_node(c, value, depth + 1));
    TRY(count_child(c, node, value));
    node->size++;
    node->end = value->end > key->end ? value->end : key->end;
    if (is_merge_key(c, key)) {
        TRY(set_merge(c, m, value));
    }
    *vec_push(c->arena, &m->own) = (struct yentry){ key, value, false };
    return CARDEA_OK;
}

static bool is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

/* Byte of the colon that belongs to a key which ends at i. */
static uint32_t find_colon(str text, uint32_t i)
{
    for (isize at = i; at < text.len; at++) {
        char ch = text.ptr[at];
        if (ch == ':') {
            return (uint32_t)at;
        }
        if (ch == '#') {
            while (at < text.len && !is_line_end(text.ptr[at])) {
                at++;
            }
        }
    }
    return i;
}

/* Merged entries first, then the mapping's own. */
static void set_entries(struct composer *c, struct mapping *m, struct ynode *node)
{
    isize most = m->own.len + (m->merge != NULL ? m->merge->count : 0);
    node->entries = new (c->arena, struct yentry, most);
    for (isize i = 0; m->merge != NULL && i < m->merge->count; i++) {
        if (find_own(c, m, m->merge->entries[i].key->text) < 0) {
            node->entries[node->count] = m->merge->entries[i];
            node->entries[node->count++].merged = true;
        }
    }
    for (isize i = 0; i < m->own.len; i++) {
        if (!is_merge_key(c, m->own.ptr[i].key)) {
            node->entries[node->count++] = m->own.ptr[i];
        }
    }
}

static cardea_status compose_map(struct composer *c, int depth, struct ynode *node)
{
    struct mapping m = { 0 };
    node->kind = Y_MAP;
    node->height = 1;
    while (c->events.list.ptr[c->next].kind != YE_END) {
        TRY(compose_entry(c, depth, &m, node));
    }
    const struct yevent *last = &c->events.list.ptr[c->next++];
    node->end = node->flow ? last->end : node->end;
    if (!node->flow && m.own.len > 0) {
        node->token = find_colon(c->source->text, m.own.ptr[0].key->end);
    }
    set_entries(c, &m, node);
    return CARDEA_OK;
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static bool is_anchor_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Byte of the node itself: behind its anchor and tag as libyaml delimits them, not beyond `end`. */
static uint32_t skip_props(str text, uint32_t start, uint32_t end)
{
    isize i = start;
    while (i < end) {
        char ch = text.ptr[i];
        if (ch != '&' && ch != '!' && ch != '#' && !is_space(ch)) {
            break;
        }
        i++;
        while (i < end && ((ch == '&' && is_anchor_char(text.ptr[i])) ||
                           (ch == '!' && !is_space(text.ptr[i])) ||
                           (ch == '#' && !is_line_end(text.ptr[i])))) {
            i++;
        }
    }
    return (uint32_t)i;
}

/* Fills the node, whose parent, key and index are set, from the next events. */
static cardea_status compose_node(struct composer *c, struct ynode *node, int depth)
{
    const struct yevent *event = &c->events.list.ptr[c->next++];
    node->start =
        event->props ? skip_props(c->source->text, event->start, event->end) : event->start;
    node->token = node->start;
    node->props = event->start;
    node->end = event->end;
    node->flow = event->flow;
    node->size = 1;
    switch (event->kind) {
    case YE_ALIAS:
        TRY(compose_alias(c, depth, event, node));
        break;
    case YE_SCALAR:
        TRY(compose_scalar(c, event, node));
        break;
    case YE_SEQ:
        TRY(compose_seq(c, depth, node));
        break;
    default:
        TRY(compose_map(c, depth, node));
        break;
    }
    if (event->kind != YE_ALIAS) {
        TRY(add_anchor(c, event, node));
    }
    return CARDEA_OK;
}

/* ---- documents ------------------------------------------------------------------------------- */

/* A document of which nothing was written, like what follows a last `---`. */
static bool document_is_empty(const struct yevent *root)
{
    return root->kind == YE_SCALAR && root->style == YS_PLAIN && root->value.len == 0 &&
           !root->props;
}

/* Number of the event that follows the node at `i`. */
static isize skip_node(const struct composer *c, isize i)
{
    int open = 0;
    do {
        uint8_t kind = c->events.list.ptr[i].kind;
        open += kind == YE_SEQ || kind == YE_MAP ? 1 : kind == YE_END ? -1 : 0;
        i++;
    } while (open > 0);
    return i;
}

static cardea_status compose_documents(struct composer *c, struct yaml_doc *out)
{
    isize count = c->events.list.len;
    while (c->next < count) {
        const struct yevent *event = &c->events.list.ptr[c->next];
        if (event->kind == YE_DOC || event->kind == YE_DOC_END) {
            c->next++;
        } else if (document_is_empty(event)) {
            c->next++;
        } else if (out->root == NULL) {
            struct ynode *root = new (c->arena, struct ynode, 1);
            TRY(compose_node(c, root, 0));
            out->root = root;
        } else {
            out->second = out->several ? out->second : event->start;
            out->several = true;
            c->next = skip_node(c, c->next);
        }
    }
    return CARDEA_OK;
}

cardea_status yaml_compose(struct arena *arena, const struct source *source, struct yaml_doc *out,
                           struct diags *diags)
{
    *out = (struct yaml_doc){ 0 };
    if (source->text.len > YAML_MAX_BYTES) {
        diag_add(diags, &err_yaml_limit, (struct span){ source, 0, 0 },
                 "the file has more than %d bytes", YAML_MAX_BYTES);
        return CARDEA_ELIMIT;
    }
    isize bad = yaml_text_check(source->text);
    if (bad >= 0) {
        yaml_character_error(diags, source, (uint32_t)bad);
        return CARDEA_EINVALID;
    }
    if (str_trim(source->text).len == 0) {
        return CARDEA_OK; /* libyaml minds the tabs in it */
    }
    struct composer c = { .arena = arena, .source = source, .diags = diags };
    yaml_events(arena, source, &c.events);
    if (c.events.problem != NULL) {
        yaml_syntax_error(arena, diags, source, &c.events);
        return c.events.limit ? CARDEA_ELIMIT : CARDEA_EINVALID;
    }
    cardea_status status = compose_documents(&c, out);
    out->unplaced = c.unplaced;
    return status;
}

cardea_status yaml_several(const struct source *source, const struct yaml_doc *doc,
                           struct diags *diags)
{
    struct diag *d =
        diag_add(diags, &err_yaml_several, (struct span){ source, doc->second, doc->second },
                 "a second document begins here; a file holds one");
    d->ref_text = S("more than one YAML document detected");
    d->ref_place = (struct place){ -1, -1 };
    return CARDEA_EINVALID;
}

/* ---- looking at nodes ------------------------------------------------------------------------ */

const struct ynode *ynode_get(const struct ynode *node, str key)
{
    if (node == NULL || ynode_resolve(node)->kind != Y_MAP) {
        return NULL;
    }
    node = ynode_resolve(node);
    for (isize i = 0; i < node->count; i++) {
        if (str_eq(node->entries[i].key->text, key)) {
            return node->entries[i].value;
        }
    }
    return NULL;
}

static void write_path(struct sb *sb, const struct ynode *node)
{
    if (node->parent == NULL) {
        sb_byte(sb, '$');
        return;
    }
    write_path(sb, node->parent);
    if (node->key != NULL) {
        yaml_path_key(sb, node->key->text);
    } else {
        sb_printf(sb, "[%lld]", (long long)node->index);
    }
}

str ynode_path(struct arena *arena, const struct ynode *node)
{
    struct sb sb = sb_new(arena);
    write_path(&sb, node);
    return sb_str(&sb);
}

str ykind_name(const struct ynode *node)
{
    static const char *const names[] = {
        [Y_NULL] = "Null",     [Y_BOOL] = "Bool",         [Y_INT] = "Integer",
        [Y_FLOAT] = "Float",   [Y_INFINITY] = "Infinity", [Y_NAN] = "Nan",
        [Y_STRING] = "String", [Y_LITERAL] = "Literal",   [Y_MAP] = "Mapping",
        [Y_SEQ] = "Sequence",  [Y_ALIAS] = "Alias",
    };
    return str_from_c(names[node->kind]);
}
