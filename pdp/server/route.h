/* route.h — which handler answers
 *
 * Paths are compared byte by byte as they were sent: no decoding, no cleaning, so there is one way to write
 * each. spec: cerbos-compat#routing-errors
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_SERVER_ROUTE_H
#define CARDEA_SERVER_ROUTE_H

#include "server/worker.h"

/* A request, as handlers see it. Views into the connection's buffer or the arena. */
struct exchange {
    uint8_t method;                  /* enum http_method                                     */
    str path;                        /* without the query                                    */
    str query;                       /* behind `?`, or empty                                 */
    const char *head;                /* where the views of `headers` begin */
    const struct http_view *headers; /* by enum http_header                */
    str body;                        /* whole                                                */
    int64_t now_ns;                  /* when the request was complete, wall clock since 1970 */
};

/* The value of a header; ptr NULL when it was not sent. */
static inline str exchange_header(const struct exchange *exchange, enum http_header header)
{
    struct http_view view = exchange->headers[header];
    return view.start == 0 ? (str){ NULL, 0 } : http_text(exchange->head, view);
}

/* Answers a request: writes the body of the reply. Runs, like the handlers, under a guard of the caller's over
 * the worker's arena and the outbox's. */
void route(struct worker *worker, const struct exchange *exchange, struct reply *reply);

/* The value of a query parameter, percent-decoded into the arena; ptr NULL when it is absent. */
str query_value(struct arena *arena, str query, str name);

/* ---- handlers ---- */
void api_check_resources(struct worker *worker, const struct exchange *exchange,
                         struct reply *reply);
void api_check_set(struct worker *worker, const struct exchange *exchange, struct reply *reply);
void api_check_batch(struct worker *worker, const struct exchange *exchange, struct reply *reply);
void api_authzen_single(struct worker *worker, const struct exchange *exchange, struct reply *reply);
void api_authzen_batch(struct worker *worker, const struct exchange *exchange, struct reply *reply);
void api_authzen_metadata(struct worker *worker, const struct exchange *exchange, struct reply *reply);
void api_health(struct worker *worker, const struct exchange *exchange, struct reply *reply);
void api_explorer(struct worker *worker, const struct exchange *exchange, struct reply *reply);
void api_openapi(struct worker *worker, const struct exchange *exchange, struct reply *reply);
void api_metrics(struct worker *worker, const struct exchange *exchange, struct reply *reply);
void api_server_info(struct worker *worker, const struct exchange *exchange, struct reply *reply);

#endif
