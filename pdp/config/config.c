/* config.c — what the operator asks for
 *
 * Defaults first, then the file, then --set, each parameter through the same door (config_value.c).
 * Keys are looked up by their whole dotted path, so the nesting of params.def is the nesting of the
 * file.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config/config_priv.h"

#include <stddef.h>

const struct diag_class err_config_key = { .code = "E0201", .severity = DIAG_ERROR };
const struct diag_class err_config_value = { .code = "E0202", .severity = DIAG_ERROR };
const struct diag_class err_config_env = {
    .code = "E0203",
    .severity = DIAG_ERROR,
    .help = "set the variable, give a default as in `${NAME:default}`, or write `$$` for a dollar"
};
const struct diag_class err_config_set = { .code = "E0204",
                                           .severity = DIAG_ERROR,
                                           .help = "write `--set key.key=value`" };
const struct diag_class err_config_lack = { .code = "E0205", .severity = DIAG_ERROR };
const struct diag_class warn_config_lack = { .code = "W0201", .severity = DIAG_WARNING };

/* `none` needs a place for offsetof; it is never written to. */
#define none param_count

const struct param config_params[] = {
#define PARAM(path_, type_, member_, default_, least_, most_, status_, text_)                      \
    { .path = S(path_),                                                                            \
      .type = type_,                                                                               \
      .status = status_,                                                                           \
      .stored = offsetof(struct config, member_) != offsetof(struct config, none),                 \
      .at = (uint16_t)offsetof(struct config, member_),                                            \
      .fallback = S(default_),                                                                     \
      .least = (int64_t)(least_),                                                                  \
      .most = (int64_t)(most_),                                                                    \
      .text = S(text_) },
#include "config/params.def"
#undef PARAM
};
const isize config_param_count = countof(config_params);

#undef none

isize config_find_param(str path)
{
    for (isize i = 0; i < config_param_count; i++) {
        if (str_eq(config_params[i].path, path)) {
            return i;
        }
    }
    return -1;
}

bool config_is_set(const struct config *config, str path)
{
    isize i = config_find_param(path);
    return i >= 0 && config->params[i].origin != CONFIG_DEFAULT;
}

/* ---- keys ---- */

/* Has the path parameters below it? */
static bool is_section(str path)
{
    for (isize i = 0; i < config_param_count; i++) {
        str whole = config_params[i].path;
        if (whole.len > path.len && str_starts(whole, path) && whole.ptr[path.len] == '.') {
            return true;
        }
    }
    return false;
}

/* The names that may stand where `path` stands, for a suggestion. */
static str nearest(struct loading *l, str path)
{
    isize dot = str_rfind(path, S("."));
    str section = str_slice(path, 0, dot < 0 ? 0 : dot + 1);
    str *names = new (l->arena, str, config_param_count);
    isize count = 0;
    for (isize i = 0; i < config_param_count; i++) {
        if (str_starts(config_params[i].path, section)) {
            str rest = str_slice(config_params[i].path, section.len, config_params[i].path.len);
            str name;
            str below;
            (void)str_cut(rest, '.', &name, &below);
            names[count++] = name;
        }
    }
    return diag_nearest(l->arena, str_slice(path, section.len, path.len), names, count);
}

static void unknown(struct loading *l, str path, struct span span)
{
    struct diag *diag =
        diag_add(l->diags, &err_config_key, span, "unknown key `%.*s`", STR_ARG(path));
    str near = nearest(l, path);
    if (near.len > 0) {
        diag_help(l->diags, diag, "did you mean `%.*s`?", STR_ARG(near));
    }
}

/* Says that a parameter has no effect, once for each reason. */
static void warn(struct loading *l, const struct param *param, struct span span)
{
    for (isize i = 0; i < l->warned_count; i++) {
        if (str_eq(l->warned[i], param->text)) {
            return;
        }
    }
    l->warned[l->warned_count++] = param->text;
    (void)diag_add(l->diags, &warn_config_lack, span, "`%.*s` has no effect: %.*s",
                   STR_ARG(param->path), STR_ARG(param->text));
}

static bool is_null(const struct config_node *node)
{
    return node->kind == CONFIG_SCALAR && node->value.kind == V_NULL;
}

static void take_param(struct loading *l, isize number, struct span key_span,
                       const struct config_node *node, uint8_t origin)
{
    const struct param *param = &config_params[number];
    if (is_null(node)) { /* a key without a value says nothing */
        return;
    }
    if (param->status == REFUSE) {
        (void)diag_add(l->diags, &err_config_lack, key_span, "`%.*s` cannot be obeyed: %.*s",
                       STR_ARG(param->path), STR_ARG(param->text));
        return;
    }
    if (!config_assign(l, param, node)) {
        return;
    }
    l->params[number].origin = origin;
    bool as_before = param->type != TREE && str_eq(l->params[number].value, param->fallback);
    if (param->status == WARN && !as_before) {
        warn(l, param, key_span);
    }
}

static void take_section(struct loading *l, str path, struct span key_span,
                         const struct config_node *node, uint8_t origin)
{
    if (is_null(node)) {
        return;
    }
    if (node->kind != CONFIG_MAP) {
        (void)diag_add(l->diags, &err_config_value, key_span, "`%.*s` must be a mapping",
                       STR_ARG(path));
        return;
    }
    for (isize i = 0; i < node->count; i++) {
        const struct config_entry *entry = &node->entries[i];
        str below = path.len == 0
                        ? entry->key
                        : str_printf(l->arena, "%.*s.%.*s", STR_ARG(path), STR_ARG(entry->key));
        config_take(l, below, entry->key_span, entry->node, origin);
    }
}

void config_take(struct loading *l, str path, struct span key_span, const struct config_node *node,
                 uint8_t origin)
{
    isize number = config_find_param(path);
    if (number >= 0) {
        take_param(l, number, key_span, node, origin);
    } else if (path.len == 0 || is_section(path)) {
        take_section(l, path, key_span, node, origin);
    } else {
        unknown(l, path, key_span);
    }
}

/* ---- loading ---- */

static void take_defaults(struct loading *l)
{
    for (isize i = 0; i < config_param_count; i++) {
        const struct param *param = &config_params[i];
        l->params[i] = (struct config_param){ .path = param->path,
                                              .text = param->text,
                                              .value = param->fallback,
                                              .origin = CONFIG_DEFAULT,
                                              .effective = param->stored };
        config_assign_default(l, param);
    }
}

static cardea_status take_file(struct loading *l)
{
    const struct config_input *input = l->input;
    if (input->path.len == 0) {
        return CARDEA_OK;
    }
    const struct source *source = source_new(l->arena, input->path, input->text);
    const struct config_node *root;
    TRY(config_read(l->arena, source, &root, l->diags));
    if (root != NULL) {
        config_take(l, STR_EMPTY, root->span, root, CONFIG_FILE);
    }
    return CARDEA_OK;
}

static void set_value(struct loading *l, str path, str value)
{
    l->params[config_find_param(path)].value = value;
}

/* Whoever names origins, headers or an age wants cross-origin requests, unless the switch says
 * otherwise. */
static void settle_cors(struct loading *l)
{
    struct config *out = l->out;
    bool named = false;
    for (isize i = 0; i < config_param_count; i++) {
        named = named || (l->params[i].origin != CONFIG_DEFAULT &&
                          str_starts(l->params[i].path, S("server.cors.")));
    }
    if (named && !config_is_set(out, S("server.cors.disabled"))) {
        out->cors_disabled = false;
        set_value(l, S("server.cors.disabled"), S("false"));
    }
    out->cors_enabled = !out->cors_disabled;
}

/* Half of what TLS needs must not end in plain HTTP. */
static void settle_tls(struct loading *l)
{
    const struct config *out = l->out;
    if ((out->tls_cert.len == 0) != (out->tls_key.len == 0) || (out->tls_ca.len > 0 && out->tls_cert.len == 0)) {
        (void)diag_add(l->diags, &err_config_value, (struct span){ NULL, 0, 0 },
                       "`server.tls` needs both `cert` and `key`");
    }
}

/* What follows from several parameters together. */
static void settle(struct loading *l)
{
    struct config *out = l->out;
    if (!str_eq(out->driver, S("disk"))) {
        (void)diag_add(l->diags, &err_config_lack, (struct span){ NULL, 0, 0 },
                       "`storage.driver` cannot be obeyed: the driver `%.*s` is not there yet; "
                       "there is `disk`",
                       STR_ARG(out->driver));
    }
    bool storage = false;
    for (isize i = 0; i < config_param_count; i++) {
        storage = storage || (l->params[i].origin != CONFIG_DEFAULT &&
                              str_starts(l->params[i].path, S("storage.")));
    }
    if (!storage) {
        out->watch = true;
        set_value(l, S("storage.disk.watchForChanges"), S("true"));
    }
    settle_cors(l);
    settle_tls(l);
    if (config_is_set(out, S("server.advanced.grpc.maxRecvMsgSizeBytes"))) {
        out->max_body_bytes = out->max_recv_bytes;
    }
}

cardea_status config_load(const struct config_input *input, struct config *out, struct diags *diags)
{
    struct arena *arena = diags->arena;
    *out = (struct config){ .param_count = config_param_count };
    struct loading l = { .input = input,
                         .out = out,
                         .diags = diags,
                         .arena = arena,
                         .params = new (arena, struct config_param, config_param_count),
                         .warned = new (arena, str, config_param_count) };
    out->params = l.params;
    isize errors = diags->errors;
    take_defaults(&l);
    cardea_status status = take_file(&l);
    if (status != CARDEA_OK) {
        return status;
    }
    for (isize i = 0; i < input->set_count; i++) {
        config_take_set(&l, input->sets[i]);
    }
    settle(&l);
    diags_sort(diags);
    return diags->errors > errors ? CARDEA_EINVALID : CARDEA_OK;
}
