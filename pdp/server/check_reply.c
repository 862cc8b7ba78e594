/* check_reply.c — decisions, and how replies show them
 *
 * Fields are written in the order of the proto file, defaults are left out.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/check_reply.h"

#include "server/server_priv.h"

void check_put_text(struct jw *w, str name, str text)
{
    if (text.len > 0) {
        jw_key(w, name);
        jw_string(w, text);
    }
}

void check_put_effects(struct jw *w, const struct decision *d)
{
    jw_key(w, S("actions"));
    jw_object(w);
    for (isize i = 0; i < d->action_count; i++) {
        jw_key(w, d->actions[i].action);
        jw_string(w, d->actions[i].allow ? S("EFFECT_ALLOW") : S("EFFECT_DENY"));
    }
    jw_object_end(w);
}

void check_put_validation_errors(struct jw *w, const struct decision *d)
{
    if (d->validation_error_count == 0) {
        return;
    }
    jw_key(w, S("validationErrors"));
    jw_array(w);
    for (isize i = 0; i < d->validation_error_count; i++) {
        const struct validation_error *error = &d->validation_errors[i];
        jw_object(w);
        check_put_text(w, S("path"), error->path);
        check_put_text(w, S("message"), error->message);
        check_put_text(w, S("source"),
                       error->principal ? S("SOURCE_PRINCIPAL") : S("SOURCE_RESOURCE"));
        jw_object_end(w);
    }
    jw_array_end(w);
}

void check_put_meta(struct jw *w, const struct decision *d)
{
    jw_object(w);
    jw_key(w, S("actions"));
    jw_object(w);
    for (isize i = 0; i < d->action_count; i++) {
        jw_key(w, d->actions[i].action);
        jw_object(w);
        check_put_text(w, S("matchedPolicy"), d->actions[i].matched_policy);
        check_put_text(w, S("matchedScope"), d->actions[i].matched_scope);
        jw_object_end(w);
    }
    jw_object_end(w);
    if (d->derived_role_count > 0) {
        jw_key(w, S("effectiveDerivedRoles"));
        jw_array(w);
        for (isize i = 0; i < d->derived_role_count; i++) {
            jw_string(w, d->derived_roles[i]);
        }
        jw_array_end(w);
    }
    jw_object_end(w);
}

static void put_resource(struct jw *w, const struct resource *resource)
{
    jw_key(w, S("resource"));
    jw_object(w);
    check_put_text(w, S("id"), resource->id);
    check_put_text(w, S("kind"), resource->kind);
    check_put_text(w, S("policyVersion"), resource->policy_version);
    check_put_text(w, S("scope"), resource->scope);
    jw_object_end(w);
}

/* What the reference says when a value spoils the whole reply: infinities, NaN, text that is not UTF-8. */
static bool spoils_reply(str error)
{
    return str_starts(error, S("proto: "));
}

/* A value without a JSON form becomes the output's error; *spoiled receives the reason when the reference refuses the
 * whole request because of it. spec: cerbos-compat#outputs */
static void put_output(struct jw *w, struct arena *scratch, const struct output_entry *entry,
                       str *spoiled)
{
    str error = entry->error;
    jw_object(w);
    check_put_text(w, S("src"), entry->src);
    if (entry->val.kind != V_NONE && error.len == 0) {
        struct jw before = *w;
        isize len = w->out->len;
        jw_key(w, S("val"));
        if (!jw_value(w, scratch, entry->val, &error)) {
            w->out->len = len;
            *w = before;
            *spoiled = spoils_reply(error) ? error : *spoiled;
        }
    }
    check_put_text(w, S("action"), entry->action);
    check_put_text(w, S("error"), error);
    jw_object_end(w);
}

static void put_outputs(struct jw *w, struct arena *scratch, const struct decision *d, str *spoiled)
{
    if (d->output_count == 0) {
        return;
    }
    jw_key(w, S("outputs"));
    jw_array(w);
    for (isize i = 0; i < d->output_count; i++) {
        put_output(w, scratch, &d->outputs[i], spoiled);
    }
    jw_array_end(w);
}

void check_put_result(struct jw *w, struct arena *scratch, const struct check_item *item,
                      const struct decision *d, bool meta, str *spoiled)
{
    jw_object(w);
    put_resource(w, &item->resource);
    check_put_effects(w, d);
    check_put_validation_errors(w, d);
    if (meta) {
        jw_key(w, S("meta"));
        check_put_meta(w, d);
    }
    put_outputs(w, scratch, d, spoiled);
    jw_object_end(w);
}

/* What is said of a resource whose decision reached a limit. */
static void deny_all(struct arena *arena, const struct check_item *item, struct decision *out)
{
    struct action_decision *actions = new(arena, struct action_decision, item->action_count);
    for (isize i = 0; i < item->action_count; i++) {
        actions[i] = (struct action_decision){ .action = item->actions[i] };
    }
    *out = (struct decision){ .actions = actions, .action_count = item->action_count };
}

static void count(struct metrics *metrics, const struct decision *d)
{
    for (isize i = 0; i < d->action_count; i++) {
        counter_add(d->actions[i].allow ? &metrics->allowed : &metrics->denied, 1);
    }
    counter_add(&metrics->evaluation_errors, d->evaluation_error_count);
}

bool check_decide(struct worker *worker, const struct snapshot *snapshot,
                  const struct check_request *request, isize number, struct decision *out)
{
    struct arena *arena = &worker->arena;
    struct arena_mark mark = arena_mark(arena);
    *out = (struct decision){ 0 };
    cardea_status status = decide(out, worker->engine, snapshot, request, number, arena, NULL);
    if (status == CARDEA_ELIMIT) {
        arena_reset(arena, mark);
        deny_all(arena, &request->items[number], out);
        counter_add(&worker->metrics.limited, 1);
        status = CARDEA_OK;
    }
    if (status == CARDEA_OK) {
        count(&worker->metrics, out);
    }
    return status == CARDEA_OK;
}
