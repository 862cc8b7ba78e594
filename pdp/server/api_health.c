/* api_health.c — is the service able to answer, and with what
 *
 * SERVING while there is a policy set, also when a later change could not be taken; then a second
 * member says so, which clients that only look at `status` do not see. While the server stops: 503
 * and NOT_SERVING. spec: cerbos-compat#endpoints
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/route.h"
#include "server/server_priv.h"

static bool known_service(str name)
{
    return name.len == 0 || str_eq(name, S("cerbos.svc.v1.CerbosService")) ||
           str_eq(name, S("authzen.authorization.v1.AuthorizationService"));
}

static void put_degraded(struct jw *w, const struct store_state *state, int64_t now_s)
{
    jw_key(w, S("degraded"));
    jw_object(w);
    jw_key(w, S("reason"));
    jw_string(w, str_from_c(state->reason));
    jw_key(w, S("seconds"));
    jw_int(w, now_s > state->degraded_s ? now_s - state->degraded_s : 0);
    jw_key(w, S("servingRevision"));
    jw_string(w, str_from_c(state->revision));
    jw_object_end(w);
}

void api_health(struct worker *worker, const struct exchange *exchange, struct reply *reply)
{
    str service = query_value(&worker->arena, exchange->query, S("service"));
    if (!known_service(service)) {
        reply_error(reply, REPLY_NOT_FOUND, S("unknown service"), STR_EMPTY);
        return;
    }
    bool serving = !atomic_load(&worker->server->draining);
    struct store_state state;
    store_state(worker->server->store, &state);
    reply->status = serving ? 200 : 503;
    struct jw w = jw_new(reply->out, reply->indent);
    jw_object(&w);
    jw_key(&w, S("status"));
    jw_string(&w, serving ? S("SERVING") : S("NOT_SERVING"));
    if (state.degraded) {
        put_degraded(&w, &state, exchange->now_ns / 1000000000);
    }
    jw_object_end(&w);
}

void api_server_info(struct worker *worker, const struct exchange *exchange, struct reply *reply)
{
    (void)worker;
    (void)exchange;
    reply->api = true;
    struct jw w = jw_new(reply->out, reply->indent);
    jw_object(&w);
    jw_key(&w, S("version"));
    jw_string(&w, S(CARDEA_VERSION));
    jw_object_end(&w);
}
