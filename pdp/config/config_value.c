/* config_value.c — the values of parameters: variables, types, bounds
 *
 * A scalar is taken by its text, whatever the file's syntax made of it, because the same value may
 * come from YAML, JSON, a variable or the command line.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config/config_priv.h"

#include "base/num.h"
#include "base/time.h"

/* ---- variables ---- */

static bool is_name(char c, bool first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (!first && c >= '0' && c <= '9');
}

static bool put_variable(struct loading *l, struct sb *sb, str name, const str *fallback,
                         struct span span)
{
    const char *value = l->input->env != NULL ? l->input->env(str_to_c(l->arena, name)) : NULL;
    if (value != NULL) {
        sb_add(sb, str_copy(l->arena, str_from_c(value)));
        return true;
    }
    if (fallback != NULL) {
        sb_add(sb, *fallback);
        return true;
    }
    (void)diag_add(l->diags, &err_config_env, span, "the environment variable `%.*s` is not set",
                   STR_ARG(name));
    return false;
}

/* `{NAME}` or `{NAME:default}` behind a dollar at text[at]; moves *at behind it. */
static bool put_braced(struct loading *l, struct sb *sb, str text, isize *at, struct span span)
{
    str rest = str_slice(text, *at + 1, text.len);
    isize end = str_find_byte(rest, '}');
    if (end < 0) {
        (void)diag_add(l->diags, &err_config_env, span, "`${` without `}`");
        return false;
    }
    str name;
    str fallback;
    bool given = str_cut(str_slice(rest, 0, end), ':', &name, &fallback);
    *at += end + 2;
    return put_variable(l, sb, name, given ? &fallback : NULL, span);
}

bool config_expand(struct loading *l, str text, struct span span, str *out)
{
    if (str_find_byte(text, '$') < 0) {
        *out = text;
        return true;
    }
    struct sb sb = sb_new(l->arena);
    for (isize i = 0; i < text.len;) {
        char c = text.ptr[i++];
        char next = i < text.len ? text.ptr[i] : '\0';
        if (c != '$' || !(next == '$' || next == '{' || is_name(next, true))) {
            sb_byte(&sb, c);
        } else if (next == '$') {
            sb_byte(&sb, '$');
            i++;
        } else if (next == '{') {
            if (!put_braced(l, &sb, text, &i, span)) {
                return false;
            }
        } else {
            isize start = i;
            while (i < text.len && is_name(text.ptr[i], false)) {
                i++;
            }
            if (!put_variable(l, &sb, str_slice(text, start, i), NULL, span)) {
                return false;
            }
        }
    }
    *out = sb_str(&sb);
    return true;
}

/* A value with all variables in its texts replaced. */
static bool expand_tree(struct loading *l, struct value in, struct span span, struct value *out)
{
    *out = in;
    if (in.kind == V_STRING) {
        str text;
        if (!config_expand(l, v_str(in), span, &text)) {
            return false;
        }
        *out = v_string(text);
    } else if (in.kind == V_LIST) {
        struct value *items = new (l->arena, struct value, in.len);
        for (uint32_t i = 0; i < in.len; i++) {
            if (!expand_tree(l, in.items[i], span, &items[i])) {
                return false;
            }
        }
        *out = v_list(items, in.len);
    } else if (in.kind == V_MAP) {
        struct vmap *map = vmap_new(l->arena, in.map->count);
        for (uint32_t i = 0; i < in.map->count; i++) {
            struct value val;
            if (!expand_tree(l, in.map->entries[i].val, span, &val)) {
                return false;
            }
            (void)vmap_put(l->arena, map, in.map->entries[i].key,
                           val); /* keys are known to differ */
        }
        *out = v_map(map);
    }
    return true;
}

/* ---- types ---- */

static bool wrong(struct loading *l, const struct param *param, struct span span, const char *want,
                  str got)
{
    (void)diag_add(l->diags, &err_config_value, span, "`%.*s` must be %s, not `%.*s`",
                   STR_ARG(param->path), want, STR_ARG(got));
    return false;
}

static bool in_bounds(struct loading *l, const struct param *param, struct span span, int64_t n,
                      const char *unit)
{
    if (n >= param->least && (param->most == 0 || n <= param->most)) {
        return true;
    }
    (void)diag_add(l->diags, &err_config_value, span, "`%.*s` must be between %lld and %lld%s",
                   STR_ARG(param->path), (long long)param->least, (long long)param->most, unit);
    return false;
}

static bool parse_mode(str text, int64_t *out)
{
    str digits = str_starts(text, S("0o")) ? str_slice(text, 2, text.len) : text;
    *out = 0;
    for (isize i = 0; i < digits.len; i++) {
        if (digits.ptr[i] < '0' || digits.ptr[i] > '7' || i > 5) {
            return false;
        }
        *out = *out * 8 + (digits.ptr[i] - '0');
    }
    return digits.len > 0;
}

static bool is_choice(str words, str text)
{
    while (words.len > 0) {
        str word;
        (void)str_cut(words, '|', &word, &words);
        if (str_eq(word, text)) {
            return true;
        }
    }
    return false;
}

static bool store_number(struct loading *l, const struct param *param, struct span span, str text)
{
    int64_t n = 0;
    int64_t nanos = 0;
    switch ((enum param_type)param->type) {
    case DURATION:
        if (!time_parse_duration(text, &nanos) || nanos < 0) {
            return wrong(l, param, span, "a duration such as `30s` or `1m30s`", text);
        }
        n = (nanos + 999999) / 1000000;
        break;
    case MODE:
        if (!parse_mode(text, &n)) {
            return wrong(l, param, span, "octal permissions such as `0o660`", text);
        }
        break;
    default:
        if (!num_parse_int(text, false, &n)) {
            return wrong(l, param, span, "a whole number", text);
        }
        break;
    }
    if (!in_bounds(l, param, span, n,
                   param->type == DURATION ? " ms"
                   : param->type == SIZE   ? " bytes"
                                           : "")) {
        return false;
    }
    if (param->stored) {
        *(int64_t *)(void *)((char *)l->out + param->at) = n;
    }
    return true;
}

/* Stores a scalar given by its text. */
static bool store_text(struct loading *l, const struct param *param, struct span span, str text)
{
    char *at = (char *)l->out + param->at;
    switch ((enum param_type)param->type) {
    case BOOL:
        if (!str_eq(text, S("true")) && !str_eq(text, S("false"))) {
            return wrong(l, param, span, "`true` or `false`", text);
        }
        if (param->stored) {
            *(bool *)(void *)at = str_eq(text, S("true"));
        }
        return true;
    case INT:
    case SIZE:
    case DURATION:
    case MODE:
        return store_number(l, param, span, text);
    case CHOICE:
        if (!is_choice(param->text, text)) {
            return wrong(
                l, param, span,
                str_to_c(l->arena, str_printf(l->arena, "one of `%.*s`", STR_ARG(param->text))),
                text);
        }
        break;
    case TEXT:
        if (text.len < param->least) {
            (void)diag_add(l->diags, &err_config_value, span, "`%.*s` must not be empty",
                           STR_ARG(param->path));
            return false;
        }
        break;
    case TEXTS:
    case TREE:
    case KEYSETS:
        return wrong(l, param, span,
                     param->type == TEXTS  ? "a list of texts"
                     : param->type == TREE ? "a mapping"
                                           : "a list of key sets",
                     text);
    }
    if (param->stored) {
        *(str *)(void *)at = text;
    }
    return true;
}

/* ---- nodes ---- */

static str node_text(const struct config_node *node)
{
    if (node->value.kind == V_STRING) {
        return v_str(node->value);
    }
    return str_slice(node->span.source->text, node->span.start, node->span.end);
}

static bool assign_tree(struct loading *l, const struct param *param,
                        const struct config_node *node)
{
    struct value value = config_value(l->arena, node, true);
    if (!param->stored) {
        return true;
    }
    if (value.kind != V_MAP) {
        (void)diag_add(l->diags, &err_config_value, node->span, "`%.*s` must be a mapping",
                       STR_ARG(param->path));
        return false;
    }
    return expand_tree(l, value, node->span, (struct value *)(void *)((char *)l->out + param->at));
}

static bool assign_texts(struct loading *l, const struct param *param,
                         const struct config_node *node)
{
    bool ok = node->kind == CONFIG_LIST;
    str *items = new (l->arena, str, ok ? node->count : 0);
    for (isize i = 0; ok && i < node->count; i++) {
        ok = node->items[i].kind == CONFIG_SCALAR && node->items[i].value.kind == V_STRING;
        if (ok && !config_expand(l, v_str(node->items[i].value), node->items[i].span, &items[i])) {
            return false;
        }
    }
    if (!ok) {
        (void)diag_add(l->diags, &err_config_value, node->span, "`%.*s` must be a list of texts",
                       STR_ARG(param->path));
        return false;
    }
    if (node->count < param->least) {
        (void)diag_add(l->diags, &err_config_value, node->span, "`%.*s` must not be empty",
                       STR_ARG(param->path));
        return false;
    }
    if (param->stored) {
        *(struct config_texts *)(void *)((char *)l->out + param->at) =
            (struct config_texts){ items, node->count };
    }
    l->params[config_find_param(param->path)].value =
        str_slice(node->span.source->text, node->span.start, node->span.end);
    return true;
}

bool config_scalar(struct loading *l, str path, const struct config_node *node, str *out)
{
    if (node->kind != CONFIG_SCALAR) {
        (void)diag_add(l->diags, &err_config_value, node->span, "`%.*s` must be a single value", STR_ARG(path));
        return false;
    }
    *out = node_text(node);
    return node->value.kind != V_STRING || config_expand(l, *out, node->span, out);
}

bool config_assign(struct loading *l, const struct param *param, const struct config_node *node)
{
    if (param->type == TREE) {
        return assign_tree(l, param, node);
    }
    if (param->type == KEYSETS) {
        return config_assign_key_sets(l, param, node);
    }
    if (param->type == TEXTS) {
        return assign_texts(l, param, node);
    }
    if (node->kind != CONFIG_SCALAR) {
        (void)diag_add(l->diags, &err_config_value, node->span, "`%.*s` must be a single value",
                       STR_ARG(param->path));
        return false;
    }
    str text = node_text(node);
    if (param->status != QUIET && node->value.kind == V_STRING &&
        !config_expand(l, text, node->span, &text)) {
        return false;
    }
    l->params[config_find_param(param->path)].value = text;
    return store_text(l, param, node->span, text);
}

void config_assign_default(struct loading *l, const struct param *param)
{
    if (param->stored && param->type != TREE && (param->fallback.len > 0 || param->type == TEXT)) {
        (void)store_text(l, param, (struct span){ NULL, 0, 0 },
                         param->fallback); /* the table is right: a test says so */
    }
}
