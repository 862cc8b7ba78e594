/* compile.c — from a reference to a graph of nodes
 *
 * A walk in depth over everything that can be reached, with a stack of its own, because references
 * may chain as long as documents are large. For each node its keywords list the edges to others; an
 * edge may load a document, whose root is then completed first. Edges that stay with the same value
 * form a path on which no schema may occur twice.
 *
 * A failure undoes what the attempt has made, so that a later attempt does not find half a node.
 *
 * Invariant: outside schema_compile() every node's slots are filled.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "schema/schema_priv.h"
#include "schema/text.h"
#include "schema/uri.h"

/* A node that is being completed. */
struct work {
    struct sub *sub;
    struct edges edges;
    isize next;       /* edge to follow */
    isize base;       /* first entry of the stack that applies to this value */
    struct step step; /* from the entry below */
    bool read;        /* its keywords have been read */
};

struct walk {
    struct schema_set *set;
    VEC(struct work) stack;
};

static bool refuse_loop(struct walk *w, const struct work *at, const struct step *last)
{
    struct sb sb = sb_new(w->set->arena);
    for (isize i = at->base; i < w->stack.len; i++) {
        if (i == at->base) {
            sub_location(&sb, w->stack.ptr[i].sub);
        } else {
            sb_byte(&sb, '/');
            step_add(&sb, &w->stack.ptr[i].step);
        }
    }
    sb_byte(&sb, '/');
    step_add(&sb, last);
    return fault_set(w->set, "infinite loop %.*s", STR_ARG(sb_str(&sb)));
}

/* ---- references ---- */
/* What an edge leads to. */
struct target {
    struct sub *sub; /* NULL: node is known */
    const struct schema *node;
};

static bool find_fragment(struct schema_set *set, struct sub *from, str whole, str fragment,
                          struct target *out)
{
    if (!document_fragment(set, from, fragment, &out->sub)) {
        return false;
    }
    return out->sub != NULL || fault_set(set, "%.*s not found", STR_ARG(whole));
}

/* In another document, by its URL. *root: its root, when that is to be completed first. */
static bool find_elsewhere(struct schema_set *set, str url, struct target *out, struct sub **root)
{
    str name;
    str fragment;
    str why;
    const struct draft *draft = draft_find(url);
    if (draft != NULL) {
        out->node = compile_meta(set, draft);
        return out->node != NULL;
    }
    uri_split(url, &name, &fragment);
    struct document *d = document_get(set, name);
    if (d == NULL) {
        return false;
    }
    if (d->top->node == NULL) {
        *root = d->top;
        return true;
    }
    if (!uri_resolve(set->arena, d->url, fragment, &url, &why)) {
        return fault_set(set, "%.*s", STR_ARG(why));
    }
    uri_split(url, &name, &fragment);
    return find_fragment(set, d->top, url, fragment, out);
}

static bool find_reference(struct schema_set *set, struct sub *from, str ref, struct target *out,
                           struct sub **root)
{
    str url;
    str name;
    str fragment;
    str why;
    if (!uri_resolve(set->arena, from->base, ref, &url, &why)) {
        return fault_set(set, "%.*s", STR_ARG(why));
    }
    uri_split(url, &name, &fragment);
    struct sub *sub = document_find(from->document, name);
    return sub == NULL ? find_elsewhere(set, url, out, root)
                       : find_fragment(set, sub, url, fragment, out);
}

/* ---- the walk ---- */
static bool push(struct walk *w, struct sub *sub, const struct step *step, isize base)
{
    struct schema_set *set = w->set;
    if (set->nodes >= SET_NODES) {
        return fault_set(set, "more than %d schemas", SET_NODES);
    }
    set->nodes++;
    sub->node = new(set->arena, struct schema, 1);
    sub->node->sub = sub;
    *vec_push(set->arena, &set->journal) = sub;
    struct work *work = vec_push(set->arena, &w->stack);
    *work = (struct work){ .sub = sub, .base = base, .step = *step };
    sub->work = w->stack.len;
    return true;
}

static const struct step from_nowhere = { .index = -1 };

/* Follows one edge: fills its slot, and begins the node when it is new. */
static bool follow(struct walk *w, const struct edge *edge)
{
    struct work *at = &w->stack.ptr[w->stack.len - 1];
    struct target target = { .sub = edge->target };
    struct sub *root = NULL;
    if (edge->target == NULL && !find_reference(w->set, at->sub, edge->ref, &target, &root)) {
        return false;
    }
    if (root != NULL) {
        at->next--; /* once more, when the root is complete */
        return push(w, root, &from_nowhere, w->stack.len);
    }
    if (target.sub == NULL) {
        *edge->slot = target.node;
        return true;
    }
    if (target.sub->node == NULL) {
        isize base = edge->in_place ? at->base : w->stack.len;
        if (!push(w, target.sub, &edge->step, base)) {
            return false;
        }
    } else if (edge->in_place && target.sub->work > at->base) {
        return refuse_loop(w, at, &edge->step);
    }
    *edge->slot = target.sub->node;
    return true;
}

/* The edges of the node on top: first to its schema of schemas, then those of its keywords. */
static bool read_edges(struct schema_set *set, struct work *at)
{
    struct edge meta;
    if (!at->read && at->edges.list.len == 0 && keywords_need_meta(at->sub, &meta)) {
        *vec_push(set->arena, &at->edges.list) = meta;
        return true;
    }
    at->read = true;
    return keywords_read(set, at->sub, &at->edges);
}

static bool complete(struct schema_set *set, struct sub *sub)
{
    struct walk w = { .set = set };
    if (!push(&w, sub, &from_nowhere, 0)) {
        return false;
    }
    while (w.stack.len > 0) {
        struct work *at = &w.stack.ptr[w.stack.len - 1];
        if (at->next < at->edges.list.len) {
            struct edge edge = at->edges.list.ptr[at->next++];
            if (!follow(&w, &edge)) {
                return false;
            }
        } else if (!at->read) {
            if (!read_edges(set, at)) {
                return false;
            }
        } else {
            at->sub->work = 0;
            w.stack.len--;
        }
    }
    return true;
}

/* Forgets the nodes that were begun since the journal had this length. */
static void undo(struct schema_set *set, isize from)
{
    for (isize i = from; i < set->journal.len; i++) {
        set->journal.ptr[i]->node = NULL;
        set->journal.ptr[i]->work = 0;
    }
    set->journal.len = from;
}

/* Built in: only memory can fail. */
const struct schema *compile_meta(struct schema_set *set, const struct draft *draft)
{
    const struct schema **meta = &set->metas[draft->number];
    if (*meta == NULL) {
        isize from = set->journal.len;
        struct document *d = document_get(set, str_from_c(draft->url));
        if (d == NULL || (d->top->node == NULL && !complete(set, d->top))) {
            undo(set, from);
            return NULL;
        }
        set->journal.len = from; /* stays, whatever becomes of the attempt */
        *meta = d->top->node;
    }
    return *meta;
}

/* ---- one attempt ---- */
static const struct schema *attempt(struct schema_set *set, str ref)
{
    struct target target = { 0 };
    struct sub *root = NULL;
    do {
        if (root != NULL && !complete(set, root)) {
            return NULL;
        }
        root = NULL;
        if (!find_elsewhere(set, ref, &target, &root)) {
            return NULL;
        }
    } while (root != NULL);
    if (target.sub == NULL) {
        return target.node;
    }
    if (target.sub->node == NULL && !complete(set, target.sub)) {
        return NULL;
    }
    return target.sub->node;
}

/* Forgets what the failed attempt has made. */
static void undo_attempt(struct schema_set *set)
{
    undo(set, 0);
    for (isize i = set->loaded_before; i < set->documents.len; i++) {
        if (!set->documents.ptr[i]->standard) {
            set->documents.ptr[i] = NULL;
        }
    }
}

static str describe(struct schema_set *set, str ref)
{
    const struct fault *fault = &set->fault;
    if (!fault->missing) {
        return str_printf(set->arena, "jsonschema %.*s compilation failed: %.*s", STR_ARG(ref),
                          STR_ARG(fault->text));
    }
    if (!str_eq(fault->url, ref)) {
        return str_printf(set->arena, "schema %.*s referenced by %.*s doesn't exist",
                          STR_ARG(fault->file), STR_ARG(ref));
    }
    return str_printf(set->arena, "schema %.*s doesn't exist", STR_ARG(fault->file));
}

static struct result compile(struct schema_set *set, str ref)
{
    struct uri uri;
    str why;
    if (!uri_parse(set->arena, ref, &uri, &why)) {
        str fault = uri_fault(set->arena, ref, why);
        (void)fault_set(set, "%.*s", STR_ARG(fault));
        return (struct result){ NULL, describe(set, ref) };
    }
    if (uri.scheme.len == 0) { /* a path of the file system: nothing is read from there */
        return (struct result){ NULL,
                                str_printf(set->arena, "schema %.*s doesn't exist", STR_ARG(ref)) };
    }
    set->journal.len = 0;
    set->loaded_before = set->documents.len;
    const struct schema *node = attempt(set, ref);
    if (node == NULL) {
        undo_attempt(set);
        return (struct result){ NULL, describe(set, ref) };
    }
    return (struct result){ node, STR_EMPTY };
}

const struct schema *schema_compile(struct schema_set *set, str ref, str *why)
{
    uint32_t number = map_get(&set->refs, ref);
    if (number == MAP_NONE) {
        struct result result = compile(set, ref);
        number = (uint32_t)set->results.len;
        (void)map_set(set->arena, &set->refs, ref, number);
        *vec_push(set->arena, &set->results) = result;
    }
    *why = set->results.ptr[number].why;
    return set->results.ptr[number].node;
}

/* ---- life ---- */
struct schema_set *schema_set_new(struct arena *arena, struct arena *scratch,
                                  const struct schema_document *documents, isize count)
{
    struct schema_set *set = new(arena, struct schema_set, 1);
    set->arena = arena;
    set->scratch = scratch;
    set->texts = documents;
    for (isize i = 0; i < count; i++) {
        (void)map_set(arena, &set->ids, documents[i].id, (uint32_t)i);
    }
    return set;
}

void schema_set_free(struct schema_set *set)
{
    for (isize i = 0; set != NULL && i < set->regexes.len; i++) {
        cel_regex_free(set->regexes.ptr[i]);
    }
}
