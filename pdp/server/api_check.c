/* api_check.c — POST /api/check/resources
 *
 * Reads the request, asks decide() for one resource after the other and writes each decision into the reply
 * before the next one is made, so that the arena is given back in between. All resources of a request are
 * decided by one snapshot and at one instant.
 *
 * A decision that reaches a limit denies all actions of its resource; any other failure fails the whole
 * request. Neither can end in ALLOW. spec: cerbos-compat#checkresources, architecture#what-happens-when
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/check_reply.h"
#include "server/route.h"
#include "server/server_priv.h"

#include "base/log.h"

/* ---- one result as JSON ---- */

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
static void put_output(struct jw *w, struct arena *scratch, const struct output_entry *entry, str *spoiled)
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

static void put_result(struct jw *w, struct arena *scratch, const struct check_item *item, const struct decision *d,
                       bool meta, str *spoiled)
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

/* ---- the handler ---- */

/* Decides and writes one resource. False: an internal failure, or (then *spoiled says why) an output that spoils the
 * reply. */
static bool answer_item(struct worker *worker, const struct snapshot *snapshot, const struct check_request *request,
                        isize number, struct jw *w, str *spoiled)
{
    struct arena *arena = &worker->arena;
    struct arena_mark mark = arena_mark(arena);
    struct decision decision;
    if (!check_decide(worker, snapshot, request, number, &decision)) {
        return false;
    }
    put_result(w, arena, &request->items[number], &decision, request->want_derived_roles, spoiled);
    if (spoiled->len > 0) {
        return false;
    }
    arena_reset(arena, mark);
    return true;
}

static bool answer(struct worker *worker, const struct check_body *body, const struct check_request *request,
                   struct reply *reply, str *spoiled)
{
    const struct snapshot *snapshot = store_reader_get(worker->reader);
    char call_id[ULID_TEXT];
    ulid_next(&worker->ulid, request->now_ns, call_id);
    struct jw w = jw_new(reply->out, reply->indent);
    jw_object(&w);
    check_put_text(&w, S("requestId"), body->request_id);
    jw_key(&w, S("results"));
    jw_array(&w);
    for (isize i = 0; i < request->item_count; i++) {
        if (!answer_item(worker, snapshot, request, i, &w, spoiled)) {
            return false;
        }
    }
    jw_array_end(&w);
    check_put_text(&w, S("cerbosCallId"), (str){ call_id, ULID_TEXT });
    jw_object_end(&w);
    return true;
}

void api_check_resources(struct worker *worker, const struct exchange *exchange, struct reply *reply)
{
    struct check_body body;
    struct check_request request = { .now_ns = exchange->now_ns };
    struct check_refusal refusal;
    if (!check_request_read(&worker->arena, exchange->body, &worker->check, &body, &request, &refusal)) {
        reply_error(reply, (enum reply_code)refusal.code, refusal.message, refusal.details);
        return;
    }
    str spoiled = STR_EMPTY;
    request.want_derived_roles = body.include_meta;
    int64_t began_ns = worker_stopwatch(worker);
    bool answered = answer(worker, &body, &request, reply, &spoiled);
    metrics_check(&worker->metrics, answered, request.item_count, worker_stopwatch(worker) - began_ns);
    if (!answered) {
        if (spoiled.len > 0) {
            reply_error(reply, REPLY_UNKNOWN, spoiled, STR_EMPTY);
            return;
        }
        log_error("server", "a check failed for a reason of ours; it was answered with an error");
        reply_error(reply, REPLY_INTERNAL, S("Policy check failed"), STR_EMPTY);
        return;
    }
    reply->api = true;
}
