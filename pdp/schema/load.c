/* load.c — where the text of a document comes from, and what a document is
 *
 * `cerbos:` URLs name documents of the store; those of the drafts are built in. Files and the
 * network are not read: such documents do not exist, or cannot be had.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "schema/schema_priv.h"
#include "schema/text.h"
#include "schema/uri.h"

static bool missing(struct schema_set *set, str url, str file)
{
    set->fault = (struct fault){ .missing = true, .url = url, .file = file };
    return false;
}

/* Paths that the reference's file system opens: no empty segment, no `.` or `..`. */
static bool is_path(str path)
{
    str segment;
    bool more = true;
    while (more) {
        more = str_cut(path, '/', &segment, &path);
        if (segment.len == 0 || str_eq(segment, S(".")) || str_eq(segment, S(".."))) {
            return false;
        }
    }
    return true;
}

static bool find_path(struct schema_set *set, str url, str path, str *text)
{
    path = str_starts(path, S("/")) ? str_slice(path, 1, path.len) : path;
    uint32_t number = map_get(&set->ids, path);
    if (number != MAP_NONE) {
        *text = set->texts[number].text;
        return true;
    }
    if (!is_path(path)) {
        return fault_set(set, "open %.*s: invalid argument", STR_ARG(path));
    }
    return missing(set, url, str_concat(set->arena, S("_schemas/"), path));
}

static bool find_text(struct schema_set *set, str url, str *text)
{
    struct uri uri;
    str why;
    uint32_t number = map_get(&set->ids, url);
    if (number != MAP_NONE) {
        *text = set->texts[number].text;
        return true;
    }
    if (!uri_parse(set->arena, url, &uri, &why)) {
        str fault = uri_fault(set->arena, url, why);
        return fault_set(set, "%.*s", STR_ARG(fault));
    }
    str path = uri.path;
    str bad;
    (void)text_unescape(set->arena, uri.path, &path, &bad); /* parsing has checked it */
    if (uri.scheme.len == 0 || str_eq(uri.scheme, S("cerbos"))) {
        return find_path(set, url, path, text);
    }
    if (str_eq(uri.scheme, S("file"))) {
        return missing(set, url, path);
    }
    if (str_eq(uri.scheme, S("http")) || str_eq(uri.scheme, S("https"))) {
        struct sb sb = sb_new(set->arena);
        text_quote(&sb, url, '"');
        return fault_set(set, "Get %.*s: schemas are not fetched from the network",
                         STR_ARG(sb_str(&sb)));
    }
    return fault_set(set, "no Loader found for %.*s", STR_ARG(url));
}

/* The draft of a document that names its own schema of schemas: that document's. */
static bool inherit_draft(struct schema_set *set, struct document *d, str url, str meta_url)
{
    str name;
    str fragment;
    uri_split(meta_url, &name, &fragment);
    if (str_eq(name, url) || set->depth >= DOCUMENT_NEST) {
        return fault_set(set, "unsupported draft in %.*s", STR_ARG(url));
    }
    const struct document *meta = document_get(set, name);
    if (meta == NULL) {
        return false;
    }
    d->draft = meta->draft;
    return true;
}

static bool choose_draft(struct schema_set *set, struct document *d, str url)
{
    d->draft = DRAFT_LATEST;
    const struct value *named =
        d->root->kind == V_MAP ? vmap_place(d->root->map, S("$schema")) : NULL;
    if (named == NULL) {
        return true;
    }
    if (named->kind != V_STRING) {
        return fault_set(set, "invalid $schema in %.*s", STR_ARG(url));
    }
    if (!format_uri(set->arena, v_str(*named))) {
        return fault_set(set, "$schema must be uri in %.*s", STR_ARG(url));
    }
    const struct draft *draft = draft_find(v_str(*named));
    if (draft == NULL) {
        return inherit_draft(set, d, url, v_str(*named));
    }
    d->draft = draft;
    return true;
}

static bool load(struct schema_set *set, struct document *d, str url, str text)
{
    str why = STR_EMPTY;
    struct value *root = new(set->arena, struct value, 1);
    *root = schema_json_read(set->arena, text, JSON_TAIL_ANY, &why);
    if (root->kind == V_NONE) {
        return fault_set(set, "invalid json %.*s: %.*s", STR_ARG(url), STR_ARG(why));
    }
    d->root = root;
    return choose_draft(set, d, url) && document_open(set, d);
}

struct document *document_get(struct schema_set *set, str url)
{
    uint32_t number = map_get(&set->urls, url);
    if (number != MAP_NONE && set->documents.ptr[number] != NULL) {
        return set->documents.ptr[number];
    }
    struct document *d = new(set->arena, struct document, 1);
    *d = (struct document){ .url = url, .standard = draft_meta(set->arena, url).len > 0 };
    str text = d->standard ? draft_meta(set->arena, url) : STR_EMPTY;
    if (!d->standard && !find_text(set, url, &text)) {
        return NULL;
    }
    (void)map_set(set->arena, &set->urls, url, (uint32_t)set->documents.len);
    *vec_push(set->arena, &set->documents) = d;
    set->depth++;
    bool ok = load(set, d, url, text);
    set->depth--;
    return ok ? d : NULL;
}
