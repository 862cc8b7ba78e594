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
    check_put_result(w, arena, &request->items[number], &decision, request->want_derived_roles, spoiled);
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
