/* api_authzen.c — POST /access/v1/evaluation and /evaluations, and the metadata that names them
 *
 * The whole decisions are written into an answer once for each group and given to each of its evaluations.
 * spec: cerbos-compat#authzen
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/authzen_request.h"
#include "server/check_reply.h"
#include "server/route.h"
#include "server/server_priv.h"

#include "base/log.h"
#include "base/utf8.h"

/* What a group came to. */
struct group_answer {
    const struct decision *decisions; /* one for each item                              */
    str whole;                        /* as /api/check/resources would say it, or empty */
};

/* ---- deciding ---- */

static bool decide_group(struct worker *worker, const struct snapshot *snapshot,
                         const struct authzen_group *group, struct group_answer *out)
{
    struct decision *decisions = new(&worker->arena, struct decision, group->request.item_count);
    for (isize i = 0; i < group->request.item_count; i++) {
        if (!check_decide(worker, snapshot, &group->request, i, &decisions[i])) {
            return false;
        }
    }
    *out = (struct group_answer){ .decisions = decisions };
    return true;
}

static bool write_whole(struct arena *arena, const struct authzen_group *group,
                        struct group_answer *answer, str *spoiled)
{
    struct sb sb = sb_new(arena);
    struct jw w = jw_new(&sb, 0);
    jw_object(&w);
    check_put_text(&w, S("requestId"), group->request_id);
    jw_key(&w, S("results"));
    jw_array(&w);
    for (isize i = 0; i < group->request.item_count; i++) {
        check_put_result(&w, arena, &group->request.items[i], &answer->decisions[i], true, spoiled);
    }
    jw_array_end(&w);
    jw_object_end(&w);
    answer->whole = sb_str(&sb);
    return spoiled->len == 0;
}

/* All groups, by one snapshot. NULL after a failure, which has been answered. */
static const struct group_answer *decide_all(struct worker *worker, const struct authzen_plan *plan,
                                             struct reply *reply)
{
    const struct snapshot *snapshot = store_reader_get(worker->reader);
    struct group_answer *answers = new(&worker->arena, struct group_answer, plan->group_count);
    str spoiled = STR_EMPTY;
    int64_t began_ns = worker_stopwatch(worker);
    bool good = true;
    isize items = 0;
    for (isize i = 0; i < plan->group_count && good; i++) {
        items += plan->groups[i].request.item_count;
        good =
            decide_group(worker, snapshot, &plan->groups[i], &answers[i]) &&
            (!plan->meta || write_whole(&worker->arena, &plan->groups[i], &answers[i], &spoiled));
    }
    metrics_check(&worker->metrics, good, items, worker_stopwatch(worker) - began_ns);
    if (good) {
        return answers;
    }
    if (spoiled.len > 0) {
        reply_error(reply, REPLY_UNKNOWN, spoiled, STR_EMPTY);
        return NULL;
    }
    log_error("server", "a check failed for a reason of ours; it was answered with an error");
    reply_error(reply, REPLY_INTERNAL, S("Policy check failed"), STR_EMPTY);
    return NULL;
}

/* ---- answering ---- */

/* Writes the answer of one evaluation and returns it. */
static bool put_evaluation(struct jw *w, const struct group_answer *answers,
                           const struct authzen_place *place)
{
    const struct group_answer *answer = &answers[place->group];
    bool allow = answer->decisions[place->item].actions[place->action].allow;
    jw_object(w);
    jw_key(w, S("decision"));
    jw_bool(w, allow);
    if (answer->whole.len > 0) {
        jw_key(w, S("context"));
        jw_object(w);
        jw_key(w, S("cerbos.response"));
        jw_raw(w, answer->whole);
        jw_object_end(w);
    }
    jw_object_end(w);
    return allow;
}

static void put_evaluations(struct jw *w, const struct authzen_plan *plan,
                            const struct group_answer *answers)
{
    jw_object(w);
    jw_key(w, S("evaluations"));
    jw_array(w);
    for (isize i = 0; i < plan->place_count; i++) {
        bool allow = put_evaluation(w, answers, &plan->places[i]);
        if (plan->until != AUTHZEN_ALL && allow == (plan->until == AUTHZEN_FIRST_PERMIT)) {
            break;
        }
    }
    jw_array_end(w);
    jw_object_end(w);
}

static void serve(struct worker *worker, const struct exchange *exchange, struct reply *reply,
                  bool batch)
{
    struct authzen_plan plan;
    struct check_refusal refusal;
    bool taken = (batch ? authzen_batch_read : authzen_single_read)(
        &worker->arena, exchange->body, &worker->check, exchange->now_ns, &plan, &refusal);
    if (!taken) {
        reply_error(reply, (enum reply_code)refusal.code, refusal.message, refusal.details);
        return;
    }
    const struct group_answer *answers = decide_all(worker, &plan, reply);
    if (answers == NULL) {
        return;
    }
    struct jw w = jw_new(reply->out, reply->indent);
    if (batch) {
        put_evaluations(&w, &plan, answers);
    } else {
        (void)put_evaluation(&w, answers, &plan.places[0]); /* the answer has been written */
    }
    reply->api = true;
}

void api_authzen_single(struct worker *worker, const struct exchange *exchange, struct reply *reply)
{
    serve(worker, exchange, reply, false);
}

void api_authzen_batch(struct worker *worker, const struct exchange *exchange, struct reply *reply)
{
    serve(worker, exchange, reply, true);
}

/* ---- metadata ---- */

static void put_address(struct jw *w, struct arena *arena, str name, str base, str path)
{
    jw_key(w, name);
    jw_string(w, str_concat(arena, base, path));
}

void api_authzen_metadata(struct worker *worker, const struct exchange *exchange,
                          struct reply *reply)
{
    struct arena *arena = &worker->arena;
    str host = exchange_header(exchange, HTTP_FORWARDED_HOST);
    if (host.len == 0) {
        host = exchange_header(exchange, HTTP_HOST);
    }
    bool secure = str_eq(exchange_header(exchange, HTTP_FORWARDED_PROTO), S("https"));
    if (utf8_invalid(host) >= 0) {
        reply_error(reply, REPLY_INVALID, S("malformed X-Forwarded-Host header"), STR_EMPTY);
        return;
    }
    str base = str_concat(arena, secure ? S("https://") : S("http://"), host);
    struct jw w = jw_new(reply->out, reply->indent);
    jw_object(&w);
    put_address(&w, arena, S("policy_decision_point"), base, STR_EMPTY);
    put_address(&w, arena, S("access_evaluation_endpoint"), base, S("/access/v1/evaluation"));
    put_address(&w, arena, S("access_evaluations_endpoint"), base, S("/access/v1/evaluations"));
    jw_object_end(&w);
    reply->api = true;
}
