/* api_legacy.c — POST /api/check and POST /api/check_resource_batch, the reference's deprecated checks
 *
 * The same decisions as those of /api/check/resources in older clothes: no outputs and no call id.
 * spec: cerbos-compat#deprecated-calls
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/check_reply.h"
#include "server/legacy_request.h"
#include "server/route.h"
#include "server/server_priv.h"

#include "base/log.h"

static void refuse(struct reply *reply, const struct check_refusal *refusal)
{
    reply_error(reply, (enum reply_code)refusal->code, refusal->message, refusal->details);
}

static bool try_all(struct worker *worker, const struct check_request *request,
                    struct decision *decisions)
{
    const struct snapshot *snapshot = store_reader_get(worker->reader);
    for (isize i = 0; i < request->item_count; i++) {
        if (!check_decide(worker, snapshot, request, i, &decisions[i])) {
            return false;
        }
    }
    return true;
}

/* All decisions of a request, by one snapshot; NULL after a failure of ours, which has been answered. */
static const struct decision *decide_all(struct worker *worker, const struct check_request *request,
                                         struct reply *reply)
{
    struct decision *decisions = new(&worker->arena, struct decision, request->item_count);
    int64_t began_ns = worker_stopwatch(worker);
    bool decided = try_all(worker, request, decisions);
    metrics_check(&worker->metrics, decided, request->item_count,
                  worker_stopwatch(worker) - began_ns);
    if (!decided) {
        log_error("server", "a check failed for a reason of ours; it was answered with an error");
        reply_error(reply, REPLY_INTERNAL, S("Policy check failed"), STR_EMPTY);
        return NULL;
    }
    return decisions;
}

/* ---- /api/check ---- */

static void put_instances(struct jw *w, const struct check_request *request,
                          const struct decision *decisions)
{
    jw_key(w, S("resourceInstances"));
    jw_object(w);
    for (isize i = 0; i < request->item_count; i++) {
        jw_key(w, request->items[i].resource.id);
        jw_object(w);
        check_put_effects(w, &decisions[i]);
        check_put_validation_errors(w, &decisions[i]);
        jw_object_end(w);
    }
    jw_object_end(w);
}

static void put_instance_meta(struct jw *w, const struct check_request *request,
                              const struct decision *decisions)
{
    jw_key(w, S("meta"));
    jw_object(w);
    jw_key(w, S("resourceInstances"));
    jw_object(w);
    for (isize i = 0; i < request->item_count; i++) {
        jw_key(w, request->items[i].resource.id);
        check_put_meta(w, &decisions[i]);
    }
    jw_object_end(w);
    jw_object_end(w);
}

void api_check_set(struct worker *worker, const struct exchange *exchange, struct reply *reply)
{
    struct legacy_set body;
    struct check_request request = { .now_ns = exchange->now_ns };
    struct check_refusal refusal;
    if (!legacy_set_read(&worker->arena, exchange->body, &worker->check, &body, &request,
                         &refusal)) {
        refuse(reply, &refusal);
        return;
    }
    const struct decision *decisions = decide_all(worker, &request, reply);
    if (decisions == NULL) {
        return;
    }
    struct jw w = jw_new(reply->out, reply->indent);
    jw_object(&w);
    check_put_text(&w, S("requestId"), body.request_id);
    put_instances(&w, &request, decisions);
    if (body.include_meta) {
        put_instance_meta(&w, &request, decisions);
    }
    jw_object_end(&w);
    reply->api = true;
}

/* ---- /api/check_resource_batch ---- */

void api_check_batch(struct worker *worker, const struct exchange *exchange, struct reply *reply)
{
    struct legacy_batch body;
    struct check_request request = { .now_ns = exchange->now_ns };
    struct check_refusal refusal;
    if (!legacy_batch_read(&worker->arena, exchange->body, &worker->check, &body, &request,
                           &refusal)) {
        refuse(reply, &refusal);
        return;
    }
    const struct decision *decisions = decide_all(worker, &request, reply);
    if (decisions == NULL) {
        return;
    }
    struct jw w = jw_new(reply->out, reply->indent);
    jw_object(&w);
    check_put_text(&w, S("requestId"), body.request_id);
    jw_key(&w, S("results"));
    jw_array(&w);
    for (isize i = 0; i < request.item_count; i++) {
        jw_object(&w);
        check_put_text(&w, S("resourceId"), request.items[i].resource.id);
        check_put_effects(&w, &decisions[i]);
        check_put_validation_errors(&w, &decisions[i]);
        jw_object_end(&w);
    }
    jw_array_end(&w);
    jw_object_end(&w);
    reply->api = true;
}
