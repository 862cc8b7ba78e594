/* config_set.c — --set a.b=c
 *
 * One argument may hold several assignments, separated by commas. A backslash takes the next
 * character as it is. `{a,b}` is a list. Values are texts; below `engine.globals`, where no table
 * knows the type, `true`, `false`, `null` and whole numbers are what they look like.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config/config_priv.h"

#include "base/num.h"

struct setting {
    struct loading *l;
    const struct source *source;
    str text;
    isize at;
};

static struct span span_of(const struct setting *s, isize start, isize end)
{
    return (struct span){ s->source, (uint32_t)start, (uint32_t)end };
}

/* Text up to one of the stop characters, with escapes taken out. */
static str read_until(struct setting *s, const char *stops)
{
    struct sb sb = sb_new(s->l->arena);
    while (s->at < s->text.len) {
        char c = s->text.ptr[s->at];
        if (c == '\\' && s->at + 1 < s->text.len) {
            sb_byte(&sb, s->text.ptr[s->at + 1]);
            s->at += 2;
            continue;
        }
        if (c != '\0' && strchr(stops, c) != NULL) {
            break;
        }
        sb_byte(&sb, c);
        s->at++;
    }
    return (str){ sb.len > 0 ? sb.ptr : "", sb.len };
}

static struct value typed(str text)
{
    int64_t n;
    if (str_eq(text, S("true")) || str_eq(text, S("false"))) {
        return v_bool(str_eq(text, S("true")));
    }
    if (str_eq(text, S("null"))) {
        return v_null();
    }
    return num_parse_int(text, false, &n) ? v_int(n) : v_string(text);
}

static struct config_node scalar(struct value value, struct span span)
{
    return (struct config_node){ .kind = CONFIG_SCALAR, .span = span, .value = value };
}

/* `{a,b}` behind the equals sign. */
static struct config_node read_list(struct setting *s)
{
    isize start = s->at++;
    VEC(struct config_node) items = { 0 };
    while (s->at < s->text.len && s->text.ptr[s->at] != '}') {
        isize item = s->at;
        str text = read_until(s, ",}");
        *vec_push(s->l->arena, &items) = scalar(v_string(text), span_of(s, item, s->at));
        if (s->at < s->text.len && s->text.ptr[s->at] == ',') {
            s->at++;
        }
    }
    s->at += s->at < s->text.len;
    return (struct config_node){ .kind = CONFIG_LIST,
                                 .span = span_of(s, start, s->at),
                                 .items = items.ptr,
                                 .count = items.len };
}

static void set_global(struct loading *l, str name, struct value value)
{
    struct vmap *map = vmap_new(l->arena, 4);
    if (l->out->globals.kind == V_MAP) {
        for (uint32_t i = 0; i < l->out->globals.map->count; i++) {
            (void)vmap_put(l->arena, map, l->out->globals.map->entries[i].key,
                           l->out->globals.map->entries[i].val);
        }
    }
    (void)vmap_put(l->arena, map, v_string(name), value); /* replaces one of that name */
    l->out->globals = v_map(map);
    l->params[config_find_param(S("engine.globals"))].origin = CONFIG_SET;
}

/* The parameter above the path that takes whole trees, or -1. */
static isize tree_above(str path)
{
    for (isize dot = str_rfind(path, S(".")); dot > 0;
         dot = str_rfind(str_slice(path, 0, dot), S("."))) {
        isize number = config_find_param(str_slice(path, 0, dot));
        if (number >= 0) {
            return config_params[number].type == TREE ? number : -1;
        }
    }
    return -1;
}

static void set_below_tree(struct setting *s, isize number, str path,
                           const struct config_node *node)
{
    const struct param *param = &config_params[number];
    str name = str_slice(path, param->path.len + 1, path.len);
    if (!param->stored) {
        s->l->params[number].origin = CONFIG_SET; /* nobody reads it */
        return;
    }
    if (str_find_byte(name, '.') >= 0 || node->kind != CONFIG_SCALAR) {
        (void)diag_add(s->l->diags, &err_config_set, node->span,
                       "only single values directly below `%.*s` can be set here",
                       STR_ARG(param->path));
        return;
    }
    set_global(s->l, name, typed(v_str(node->value)));
}

static void read_assignment(struct setting *s)
{
    isize start = s->at;
    str path = read_until(s, "=,");
    struct span key_span = span_of(s, start, s->at);
    if (path.len == 0 || s->at == s->text.len || s->text.ptr[s->at] != '=') {
        (void)diag_add(s->l->diags, &err_config_set, key_span, "`%.*s` is no assignment",
                       STR_ARG(s->text));
        s->at = s->text.len;
        return;
    }
    s->at++;
    struct config_node node;
    if (s->at < s->text.len && s->text.ptr[s->at] == '{') {
        node = read_list(s);
    } else {
        isize value = s->at;
        str text = read_until(s, ",");
        node = scalar(v_string(text), span_of(s, value, s->at));
    }
    isize tree = tree_above(path);
    if (tree >= 0) {
        set_below_tree(s, tree, path, &node);
    } else {
        config_take(s->l, path, key_span, &node, CONFIG_SET);
    }
}

void config_take_set(struct loading *l, str argument)
{
    struct setting s = { .l = l,
                         .text = argument,
                         .source = source_new(l->arena, S("--set"), argument) };
    do {
        read_assignment(&s);
        if (s.at < s.text.len && s.text.ptr[s.at] == ',') {
            s.at++;
        }
    } while (s.at < s.text.len);
}
