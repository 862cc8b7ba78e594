/* casefile.c — behaviour as data: one archive per case
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "support/casefile.h"

#include "base/files.h"
#include "server/check_request.h"
#include "value/json_in.h"
#include "value/json_out.h"

#define MAX_CASE (1 << 20)

/* `-- name --` → name; empty when the line is no header. */
static str header_name(str line)
{
    if (!str_starts(line, S("-- ")) || !str_ends(line, S(" --")) || line.len < 7) {
        return STR_EMPTY;
    }
    return str_slice(line, 3, line.len - 3);
}

static bool set_schemas(struct case_file *c, str text)
{
    c->input.check_schemas = str_eq(text, S("check"));
    c->options.schemas = str_eq(text, S("reject")) ? SCHEMAS_REJECT
                         : str_eq(text, S("warn")) ? SCHEMAS_WARN
                                                   : SCHEMAS_NONE;
    return c->input.check_schemas || c->options.schemas != SCHEMAS_NONE;
}

static bool set_option(struct arena *arena, struct case_file *c, str line)
{
    struct engine_options *o = &c->options;
    str name;
    str text;
    struct json_error error;
    (void)str_cut(line, '=', &name, &text);
    if (str_eq(name, S("strict"))) {
        o->strict_evaluation = true;
    } else if (str_eq(name, S("lenient"))) {
        o->lenient_scope_search = true;
    } else if (str_eq(name, S("scope"))) {
        o->default_scope = text;
    } else if (str_eq(name, S("version"))) {
        o->default_version = text;
    } else if (str_eq(name, S("schema"))) {
        return set_schemas(c, text);
    } else if (str_eq(name, S("globals"))) {
        o->globals = json_read(arena, text, NULL, &error);
        return o->globals.kind == V_MAP;
    } else {
        return line.len == 0;
    }
    return true;
}

static void add_schema(struct arena *arena, struct compile_input *input, struct schema_file schema)
{
    struct schema_file *list = new(arena, struct schema_file, input->schema_count + 1);
    if (input->schema_count > 0) {
        memcpy(list, input->schemas, (size_t)input->schema_count * sizeof(*list));
    }
    list[input->schema_count++] = schema;
    input->schemas = list;
}

static bool put_section(struct arena *arena, struct case_file *c, str name, str body, isize at)
{
    if (str_starts(name, S("policies/"))) {
        struct policy_file *files = new (arena, struct policy_file, c->input.file_count + 1);
        if (c->input.file_count > 0) {
            memcpy(files, c->input.files, (size_t)c->input.file_count * sizeof(*files));
        }
        files[c->input.file_count] = (struct policy_file){ str_slice(name, 9, name.len), body };
        c->input.files = files;
        c->input.file_count++;
    } else if (str_starts(name, S("schemas/"))) {
        add_schema(arena, &c->input, (struct schema_file){ str_slice(name, 8, name.len), body });
    } else if (str_eq(name, S("request.json"))) {
        c->request = body;
    } else if (str_eq(name, S("expect"))) {
        c->expect = body;
        c->expect_at = at;
    } else if (str_eq(name, S("options"))) {
        str line;
        while (body.len > 0) {
            (void)str_cut(body, '\n', &line, &body);
            if (!set_option(arena, c, line)) {
                return false;
            }
        }
    } else {
        return false;
    }
    return true;
}

bool case_read(struct arena *arena, str path, struct case_file *out)
{
    str why;
    *out = (struct case_file){ .path = path };
    if (file_read(arena, path, MAX_CASE, &out->text, &why) != CARDEA_OK) {
        return false;
    }
    str name = STR_EMPTY;
    isize start = 0;
    for (isize pos = 0; pos <= out->text.len;) {
        str tail = str_slice(out->text, pos, out->text.len);
        isize len = str_find_byte(tail, '\n');
        str line = str_slice(tail, 0, len < 0 ? tail.len : len);
        str next = header_name(line);
        if (next.len > 0 || pos == out->text.len) {
            if (name.len > 0 && !put_section(arena, out, name, str_slice(out->text, start, pos), start)) {
                return false;
            }
            name = next;
            start = pos + line.len + 1;
        }
        if (pos == out->text.len) {
            break;
        }
        pos += len < 0 ? tail.len : len + 1;
    }
    return out->expect_at > 0 && out->input.file_count > 0;
}

/* ---- running ---- */
static void put_output(struct arena *arena, struct sb *out, const struct output_entry *o)
{
    sb_printf(out, "  output %.*s (%.*s) ", STR_ARG(o->src), STR_ARG(o->action));
    struct jw w = jw_new(out, 0);
    str why = STR_EMPTY;
    if (o->val.kind == V_NONE) {
        sb_printf(out, "error: %.*s", STR_ARG(o->error));
    } else if (!jw_value(&w, arena, o->val, &why)) {
        sb_printf(out, "error: %.*s", STR_ARG(why));
    }
    sb_byte(out, '\n');
}

static void put_decision(struct arena *arena, struct sb *out, const struct decision *d)
{
    for (isize i = 0; i < d->action_count; i++) {
        const struct action_decision *a = &d->actions[i];
        sb_printf(out, "  %.*s %s %.*s", STR_ARG(a->action), a->allow ? "ALLOW" : "DENY",
                  STR_ARG(a->matched_policy));
        sb_printf(out, a->matched_scope.len > 0 ? " scope %.*s\n" : "%.*s\n", STR_ARG(a->matched_scope));
    }
    for (isize i = 0; i < d->derived_role_count; i++) {
        sb_printf(out, "  derived role %.*s\n", STR_ARG(d->derived_roles[i]));
    }
    for (isize i = 0; i < d->output_count; i++) {
        put_output(arena, out, &d->outputs[i]);
    }
    for (isize i = 0; i < d->validation_error_count; i++) {
        const struct validation_error *e = &d->validation_errors[i];
        sb_printf(out, "  invalid %s%s%.*s: %.*s\n", e->principal ? "principal" : "resource", e->path.len > 0 ? " " : "",
                  STR_ARG(e->path), STR_ARG(e->message));
    }
    for (isize i = 0; i < d->evaluation_error_count; i++) {
        sb_printf(out, "  error in `%.*s`: %.*s\n", STR_ARG(d->evaluation_errors[i].expression),
                  STR_ARG(d->evaluation_errors[i].message));
    }
}

/* What a run owns beside arenas, kept where case_drop() finds it when the arena's guard cuts the run short. */
static struct {
    struct snapshot *snapshot;
    struct engine_ctx *ctx;
} held;

void case_drop(void)
{
    engine_ctx_free(held.ctx);
    held.ctx = NULL;
    if (held.snapshot != NULL) {
        snapshot_release(held.snapshot);
        held.snapshot = NULL;
    }
}

static void decide_all(struct arena *arena, struct sb *out, const struct snapshot *snapshot,
                       const struct case_file *file, const struct decide_observer *observer)
{
    struct check_limits limits = { .resources = 50, .actions = 50 };
    struct check_body body = { 0 };
    struct check_request request = { 0 };
    struct check_refusal refusal = { 0 };
    if (!check_request_read(arena, file->request, &limits, &body, &request, &refusal)) {
        sb_printf(out, "request refused: %.*s\n", STR_ARG(refusal.message));
        return;
    }
    request.want_derived_roles = true;
    request.now_ns = INT64_C(1700000000) * 1000000000;
    struct engine_ctx *ctx = held.ctx = engine_ctx_new();
    for (isize i = 0; i < request.item_count; i++) {
        struct decision d;
        sb_printf(out, "%.*s\n", STR_ARG(request.items[i].resource.id));
        if (ctx == NULL || decide(&d, ctx, snapshot, &request, i, arena, observer) != CARDEA_OK) {
            sb_printf(out, "  limit\n");
        } else {
            put_decision(arena, out, &d);
        }
    }
}

str case_run(struct arena *arena, struct arena *scratch, const struct case_file *file,
             const struct decide_observer *observer)
{
    struct diags diags = diags_new(arena);
    struct compile_result result;
    struct sb out = sb_new(arena);
    cardea_status status = compile_policies(arena, &file->input, &result, &diags);
    diags_render(&diags, false, &out);
    if (status == CARDEA_ELIMIT) {
        return S("limit\n");
    }
    if (status != CARDEA_OK) {
        return sb_str(&out);
    }
    struct snapshot *snapshot;
    str why = STR_EMPTY;
    status = snapshot_new(&snapshot, result.image, &file->options, scratch, &why);
    if (status != CARDEA_OK) {
        sb_printf(&out, "not loaded: %.*s\n", STR_ARG(why));
        return status == CARDEA_ELIMIT ? S("limit\n") : sb_str(&out);
    }
    held.snapshot = snapshot;
    decide_all(arena, &out, snapshot, file, observer);
    case_drop();
    return sb_str(&out);
}
