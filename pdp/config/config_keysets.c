/* config_keysets.c — the list `auxData.jwt.keySets`
 *
 * Each element says where one set of keys comes from. What an element may hold stands in one table;
 * what must not be combined follows. spec: cerbos-compat#auxiliary-data
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config/config_priv.h"

#include "base/time.h"

#include <stddef.h>

/* A set that is being read, and which of its sections are there. */
struct reading {
    struct loading *l;
    str path; /* of the element, for diagnostics */
    struct config_key_set set;
    bool has_local;
    bool has_remote;
    bool ok;
};

static const struct {
    str path; /* below the element */
    uint8_t type;
    uint16_t at;
} members[] = {
    { S("id"), TEXT, offsetof(struct config_key_set, id) },
    { S("local.file"), TEXT, offsetof(struct config_key_set, file) },
    { S("local.data"), TEXT, offsetof(struct config_key_set, data) },
    { S("local.pem"), BOOL, offsetof(struct config_key_set, pem) },
    { S("remote.url"), TEXT, offsetof(struct config_key_set, url) },
    { S("remote.refreshInterval"), DURATION, offsetof(struct config_key_set, refresh_ms) },
    { S("insecure.optionalAlg"), BOOL, offsetof(struct config_key_set, optional_alg) },
    { S("insecure.optionalKid"), BOOL, offsetof(struct config_key_set, optional_kid) },
};

static void complain(struct reading *r, struct span span, const char *text)
{
    r->ok = false;
    (void)diag_add(r->l->diags, &err_config_value, span, "`%.*s`: %s", STR_ARG(r->path), text);
}

/* ---- members ---- */

static bool store_duration(struct reading *r, str path, str text, struct span span, int64_t *out)
{
    int64_t nanos = 0;
    if (!time_parse_duration(text, &nanos) || nanos < 0) {
        (void)diag_add(r->l->diags, &err_config_value, span,
                       "`%.*s.%.*s` must be a duration such as `30s` or `1h`, not `%.*s`",
                       STR_ARG(r->path), STR_ARG(path), STR_ARG(text));
        return false;
    }
    *out = (nanos + 999999) / 1000000;
    return true;
}

static bool store_bool(struct reading *r, str path, str text, struct span span, bool *out)
{
    *out = str_eq(text, S("true"));
    if (!*out && !str_eq(text, S("false"))) {
        (void)diag_add(r->l->diags, &err_config_value, span,
                       "`%.*s.%.*s` must be `true` or `false`, not `%.*s`", STR_ARG(r->path),
                       STR_ARG(path), STR_ARG(text));
        return false;
    }
    return true;
}

static void take_member(struct reading *r, int number, const struct config_node *node)
{
    str path = members[number].path;
    str whole = str_printf(r->l->arena, "%.*s.%.*s", STR_ARG(r->path), STR_ARG(path));
    void *at = (char *)&r->set + members[number].at;
    str text;
    bool ok = config_scalar(r->l, whole, node, &text);
    if (ok && members[number].type == TEXT) {
        *(str *)at = text;
    } else if (ok && members[number].type == BOOL) {
        ok = store_bool(r, path, text, node->span, at);
    } else if (ok) {
        ok = store_duration(r, path, text, node->span, at);
    }
    r->ok = r->ok && ok;
}

static bool is_null(const struct config_node *node)
{
    return node->kind == CONFIG_SCALAR && node->value.kind == V_NULL;
}

static void unknown(struct reading *r, str path, struct span span)
{
    str names[countof(members)];
    for (int i = 0; i < countof(members); i++) {
        names[i] = members[i].path;
    }
    r->ok = false;
    struct diag *diag = diag_add(r->l->diags, &err_config_key, span, "unknown key `%.*s.%.*s`",
                                 STR_ARG(r->path), STR_ARG(path));
    str near = diag_nearest(r->l->arena, path, names, countof(names));
    if (near.len > 0) {
        diag_help(r->l->diags, diag, "did you mean `%.*s`?", STR_ARG(near));
    }
}

static void take_key(struct reading *r, str path, struct span span, const struct config_node *node);

static void take_section(struct reading *r, str path, const struct config_node *node)
{
    r->has_local = r->has_local || str_eq(path, S("local"));
    r->has_remote = r->has_remote || str_eq(path, S("remote"));
    if (node->kind != CONFIG_MAP) {
        r->ok = false;
        (void)diag_add(r->l->diags, &err_config_value, node->span, "`%.*s.%.*s` must be a mapping",
                       STR_ARG(r->path), STR_ARG(path));
        return;
    }
    for (isize i = 0; i < node->count; i++) {
        const struct config_entry *entry = &node->entries[i];
        str below = str_printf(r->l->arena, "%.*s.%.*s", STR_ARG(path), STR_ARG(entry->key));
        take_key(r, below, entry->key_span, entry->node);
    }
}

static void take_key(struct reading *r, str path, struct span span, const struct config_node *node)
{
    if (is_null(node)) { /* a key without a value says nothing */
        return;
    }
    for (int i = 0; i < countof(members); i++) {
        if (str_eq(path, members[i].path)) {
            take_member(r, i, node);
            return;
        }
    }
    if (str_eq(path, S("local")) || str_eq(path, S("remote")) || str_eq(path, S("insecure"))) {
        take_section(r, path, node);
    } else {
        unknown(r, path, span);
    }
}

/* ---- sets ---- */

static void check(struct reading *r, struct span span)
{
    const struct config_key_set *set = &r->set;
    if (!r->ok) {
        return; /* one fault is enough */
    }
    if (r->has_local == r->has_remote) {
        complain(r, span, "must have one of `local` and `remote`");
    } else if (r->has_remote && !str_starts(set->url, S("https://")) &&
               !str_starts(set->url, S("http://"))) {
        complain(r, span, "`remote.url` must begin with `https://` or `http://`");
    } else if (r->has_local && (set->file.len > 0) == (set->data.len > 0)) {
        complain(r, span, "`local` must have one of `file` and `data`");
    }
}

static bool read_set(struct loading *l, str path, const struct config_node *node,
                     struct config_key_set *out)
{
    struct reading r = { .l = l, .path = path, .ok = true };
    if (node->kind != CONFIG_MAP) {
        complain(&r, node->span, "must be a mapping");
        return false;
    }
    for (isize i = 0; i < node->count; i++) {
        take_key(&r, node->entries[i].key, node->entries[i].key_span, node->entries[i].node);
    }
    check(&r, node->span);
    *out = r.set;
    return r.ok;
}

bool config_assign_key_sets(struct loading *l, const struct param *param,
                            const struct config_node *node)
{
    if (node->kind != CONFIG_LIST) {
        (void)diag_add(l->diags, &err_config_value, node->span, "`%.*s` must be a list",
                       STR_ARG(param->path));
        return false;
    }
    struct config_key_set *sets = new(l->arena, struct config_key_set, node->count);
    bool ok = true;
    for (isize i = 0; i < node->count; i++) {
        str path = str_printf(l->arena, "%.*s[%lld]", STR_ARG(param->path), (long long)i);
        ok = read_set(l, path, &node->items[i], &sets[i]) && ok;
        for (isize k = 0; k < i; k++) {
            if (str_eq(sets[k].id, sets[i].id)) {
                (void)diag_add(l->diags, &err_config_value, node->items[i].span,
                               "`%.*s`: another key set has the id `%.*s`", STR_ARG(path),
                               STR_ARG(sets[i].id));
                ok = false;
                break;
            }
        }
    }
    *(struct config_key_sets *)(void *)((char *)l->out + param->at) =
        (struct config_key_sets){ sets, node->count };
    l->params[config_find_param(param->path)].value =
        str_printf(l->arena, "%lld", (long long)node->count);
    return ok;
}
