/* route.c — which handler answers
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/route.h"

#include "server/server_priv.h"

#define ANY_METHOD 255 /* the reference does not look at the method there */

/* What the configuration may switch off. */
enum feature { ALWAYS, METRICS, EXPLORER };

static const struct {
    str path;
    uint8_t method;  /* enum http_method or ANY_METHOD */
    uint8_t feature; /* enum feature                   */
    void (*serve)(struct worker *worker, const struct exchange *exchange, struct reply *reply);
} routes[] = {
    { S("/api/check/resources"), HTTP_METHOD_POST, ALWAYS, api_check_resources },
    { S("/api/check"), HTTP_METHOD_POST, ALWAYS, api_check_set },
    { S("/api/check_resource_batch"), HTTP_METHOD_POST, ALWAYS, api_check_batch },
    { S("/access/v1/evaluation"), HTTP_METHOD_POST, ALWAYS, api_authzen_single },
    { S("/access/v1/evaluations"), HTTP_METHOD_POST, ALWAYS, api_authzen_batch },
    { S("/.well-known/authzen-configuration"), HTTP_METHOD_GET, ALWAYS, api_authzen_metadata },
    { S("/_cerbos/health"), HTTP_METHOD_GET, ALWAYS, api_health },
    { S("/_cerbos/metrics"), ANY_METHOD, METRICS, api_metrics },
    { S("/schema/swagger.json"), ANY_METHOD, ALWAYS, api_openapi },
    { S("/"), ANY_METHOD, EXPLORER, api_explorer },
    { S("/api/server_info"), HTTP_METHOD_GET, ALWAYS, api_server_info },
};

/* Services of the reference that answer under a prefix only when they are switched on. */
static const struct {
    str prefix;
    str message;
} disabled[] = {
    { S("/admin"), S("Admin service is disabled by the configuration") },
    { S("/api/playground"), S("Playground service is disabled by the configuration") },
};

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static str percent_decode(struct arena *arena, str s)
{
    struct sb sb = sb_new(arena);
    sb_reserve(&sb, s.len + 1);
    for (isize i = 0; i < s.len; i++) {
        int high = i + 2 < s.len && s.ptr[i] == '%' ? hex(s.ptr[i + 1]) : -1;
        int low = high >= 0 ? hex(s.ptr[i + 2]) : -1;
        if (low >= 0) {
            sb_byte(&sb, (char)(high * 16 + low));
            i += 2;
        } else {
            sb_byte(&sb, s.ptr[i] == '+' ? ' ' : s.ptr[i]);
        }
    }
    return (str){ sb.ptr, sb.len };
}

str query_value(struct arena *arena, str query, str name)
{
    while (query.len > 0) {
        str pair;
        str key;
        str value;
        (void)str_cut(query, '&', &pair, &query);
        (void)str_cut(pair, '=', &key, &value);
        if (str_eq(key, name)) {
            return percent_decode(arena, value);
        }
    }
    return (str){ NULL, 0 };
}

/* A path that no route has. */
static void not_found(const struct exchange *exchange, struct reply *reply)
{
    for (int i = 0; i < countof(disabled); i++) {
        if (str_starts(exchange->path, disabled[i].prefix)) {
            reply_error(reply, REPLY_UNIMPLEMENTED, disabled[i].message, STR_EMPTY);
            reply->status = 404;
            return;
        }
    }
    if (str_starts(exchange->path, S("/api")) || str_starts(exchange->path, S("/access/v1"))) {
        reply_error(reply, REPLY_NOT_FOUND, S("Not Found"), STR_EMPTY);
        return;
    }
    reply_text(reply, 404, S("404 page not found\n"));
}

static bool is_on(const struct server *server, uint8_t feature)
{
    switch ((enum feature)feature) {
    case ALWAYS:
        return true;
    case METRICS:
        return server->options.metrics;
    case EXPLORER:
        return server->options.explorer;
    }
    return false;
}

/* Says which origin may read the answer. True: that was all that was asked. */
static bool answer_origin(struct worker *worker, const struct exchange *exchange,
                          struct reply *reply)
{
    const struct cors_request request = {
        .known_method = exchange->method != HTTP_METHOD_OTHER,
        .options = exchange->method == HTTP_METHOD_OPTIONS,
        .origin = exchange_header(exchange, HTTP_ORIGIN),
        .method = exchange_header(exchange, HTTP_REQUEST_METHOD),
        .headers = exchange_header(exchange, HTTP_REQUEST_HEADERS),
    };
    str lines;
    bool preflight = cors_answer(worker->server->cors, &worker->arena, &request, &lines);
    reply_lines(reply, lines);
    if (preflight) {
        reply_empty(reply);
    }
    return preflight;
}

static bool wants_layout(struct worker *worker, const struct exchange *exchange)
{
    return str_eq(exchange_header(exchange, HTTP_ACCEPT), S("application/json+pretty")) ||
           (exchange->query.len > 0 &&
            query_value(&worker->arena, exchange->query, S("pretty")).ptr != NULL);
}

static void serve(struct worker *worker, const struct exchange *exchange, struct reply *reply)
{
    for (int i = 0; i < countof(routes); i++) {
        if (!str_eq(exchange->path, routes[i].path) || !is_on(worker->server, routes[i].feature)) {
            continue;
        }
        if (routes[i].method == ANY_METHOD || exchange->method == routes[i].method) {
            routes[i].serve(worker, exchange, reply);
        } else {
            reply_error(reply, REPLY_UNIMPLEMENTED, S("Method Not Allowed"), STR_EMPTY);
        }
        return;
    }
    not_found(exchange, reply);
}

static void add_lines(struct worker *worker, struct reply *reply, str lines)
{
    reply_lines(reply, str_concat(&worker->arena, reply->lines, lines));
}

/* Compresses the body if it is large enough, the peer wants it and something is won. */
static void pack(struct worker *worker, const struct exchange *exchange, struct reply *reply)
{
    if (reply_body_len(reply) < worker->server->options.gzip_bytes ||
        !gzip_wanted(exchange_header(exchange, HTTP_ACCEPT_ENCODING))) {
        return;
    }
    str packed = gzip_text(worker->gzip, &worker->arena, reply_body(reply));
    if (packed.ptr != NULL && packed.len < reply_body_len(reply)) {
        add_lines(worker, reply, S("Content-Encoding: gzip\r\n"));
        sb_add(reply->out, packed);
    }
}

void route(struct worker *worker, const struct exchange *exchange, struct reply *reply)
{
    if (worker->server->cors != NULL && answer_origin(worker, exchange, reply)) {
        return;
    }
    reply->indent = wants_layout(worker, exchange) ? 2 : 0;
    if (worker->gzip == NULL) {
        serve(worker, exchange, reply);
        return;
    }
    add_lines(worker, reply, S("Vary: Accept-Encoding\r\n"));
    serve(worker, exchange, reply);
    pack(worker, exchange, reply);
}
