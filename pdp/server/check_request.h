/* check_request.h — the body of POST /api/check/resources
 *
 * Text in, a request that decide() understands out, or the reply to a request that cannot be served. No
 * sockets and no clock in here: tests and fuzz targets call it as the server does.
 * spec: cerbos-compat#checkresources
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_SERVER_CHECK_REQUEST_H
#define CARDEA_SERVER_CHECK_REQUEST_H

#include "engine/request.h"
#include "server/proto.h"

struct check_entry {
    struct check_item item;
    bool has_resource; /* `resource` was sent */
};

struct check_token {
    str name;       /* key in `jwts`; empty for `jwt`  */
    str token;
    str key_set_id;
};

/* Tokens of a request, as sent. */
struct check_aux {
    struct check_token jwt;
    bool has_jwt;
    const struct check_token *jwts;
    isize jwt_count;
};

struct check_body {
    str request_id;
    bool include_meta;
    struct principal principal;
    bool has_principal;
    const struct check_entry *entries;
    isize entry_count;
    struct check_aux aux;
    bool has_aux;
    const struct vmap *annotations;
    bool has_context;
};

extern const struct proto_message check_body_message;

/* Parts that other requests have too. */
extern const struct proto_message check_principal_message; /* struct principal   */
extern const struct proto_message check_entry_message;     /* struct check_entry */
extern const struct proto_message check_aux_message;       /* struct check_aux   */

/* Who turns tokens into claims. */
struct token_door {
    /* The claims, in the arena; NULL: the token is refused. */
    const struct vmap *(*claims)(struct token_door *door, struct arena *arena, const struct check_token *token,
                                 int64_t now_ns);
};

/* What a request may hold. */
struct check_limits {
    int64_t resources;          /* most resources in one request         */
    int64_t actions;            /* most actions for one resource         */
    struct json_limits json;    /* depth and number of values            */
    struct token_door *tokens;  /* NULL: every token is refused          */
};

/* Why a request is not served. */
struct check_refusal {
    int code;    /* gRPC code: 3 invalid argument                                   */
    str message; /* the reference's words                                           */
    str details; /* JSON array of details; empty: none                              */
};

/* Reads and checks a body. *out and *request borrow from the arena only (the text is copied first, because
 * parsing changes it and a refusal quotes the original). request->now_ns is left alone; tokens are judged by it.
 * Returns true, or false with *refusal. The arena's guard is the caller's. Cost: linear in the text. */
bool check_request_read(struct arena *arena, str text, const struct check_limits *limits, struct check_body *out,
                        struct check_request *request, struct check_refusal *refusal);

/* ---- for the readers of other requests with the same parts; as check_request_read ---- */

/* Reads a message into *out (message->size bytes) and checks its rules. An empty text is an empty message. */
bool check_message_read(struct arena *arena, str text, const struct json_limits *limits,
                        const struct proto_message *message, void *out, struct check_refusal *refusal);

/* The checks behind the rules. */
bool check_resource_count(struct arena *arena, isize count, const struct check_limits *limits,
                          struct check_refusal *refusal);
bool check_action_count(struct arena *arena, isize count, const struct check_limits *limits,
                        struct check_refusal *refusal);
/* Fills request->aux, by the instant of the request; `present`: there is an auxData, with or without tokens. */
bool check_tokens(struct arena *arena, const struct check_aux *aux, bool present, const struct check_limits *limits,
                  struct check_request *request, struct check_refusal *refusal);

#endif
