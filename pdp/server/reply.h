/* reply.h — responses, written once
 *
 * Responses of one round (all requests that arrived together) are written behind one another into
 * the worker's outbox and leave with one call. A response reserves room for its head, the handler
 * writes the body straight behind it, and the head is put in front when its length is known.
 *
 *     reply_begin(&reply, outbox)      → body: reply.out
 *     jw_…(&w, …)                      write, or give up: reply_error(&reply, …)
 *     reply_end(&reply, &line)
 *
 * Nothing is allocated but the growth of the outbox. One thread.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_SERVER_REPLY_H
#define CARDEA_SERVER_REPLY_H

#include "value/json_out.h"

/* The release of the reference whose interface is served; clients may ask for it. */
#define REPLY_CERBOS_VERSION "0.55.0"

/* gRPC codes, as error bodies carry them. */
enum reply_code {
    REPLY_CANCELLED = 1,
    REPLY_UNKNOWN = 2,
    REPLY_INVALID = 3,
    REPLY_DEADLINE = 4,
    REPLY_NOT_FOUND = 5,
    REPLY_PERMISSION = 7,
    REPLY_EXHAUSTED = 8,
    REPLY_PRECONDITION = 9,
    REPLY_UNIMPLEMENTED = 12,
    REPLY_INTERNAL = 13,
    REPLY_UNAVAILABLE = 14,
    REPLY_UNAUTHENTICATED = 16,
};

/* Responses that have not been sent. */
struct outbox {
    struct sb text; /* everything written in this round                     */
    isize from;     /* the first byte that is to be sent                     */
};

enum reply_type {
    REPLY_JSON,
    REPLY_TEXT,
    REPLY_HTML,
    REPLY_METRICS, /* the text format of Prometheus */
    REPLY_EMPTY,   /* no body, and nothing said about one: status 204 */
};

struct reply {
    struct outbox *outbox;
    struct sb *out;       /* where the body goes                                              */
    isize start;          /* where this response begins in the outbox                         */
    int status;           /* HTTP status; 200 unless set                                      */
    enum reply_type type; /* of the body                                                      */
    bool api;             /* the response of an API call that succeeded: say so in the head   */
    int indent;           /* of JSON, spaces a level; 0: compact                              */
    str lines;            /* more lines for the head, each with its line end; borrowed        */
};

/* What the head needs to know about the connection. */
struct reply_line {
    str date;       /* value of the Date header                                   */
    bool head_only; /* answer to HEAD: no body, but its length                    */
    bool close;     /* this is the last response on the connection                */
    bool http10;    /* the peer speaks 1.0: a lasting connection must be confirmed */
};

void outbox_begin(struct outbox *outbox);        /* forgets what it holds        */
str outbox_pending(const struct outbox *outbox); /* the bytes that are to be sent */

void reply_begin(struct reply *reply, struct outbox *outbox);

/* Adds lines to the head, instead of those that were added before, and throws the body away: their
 * room is taken from what lies before it. */
void reply_lines(struct reply *reply, str lines);

/* Throws the body away and starts again with a fresh one. */
void reply_restart(struct reply *reply);

/* An error body `{"code":…,"message":…,"details":…}` instead of what was written; details is a JSON
 * array or empty. */
void reply_error(struct reply *reply, enum reply_code code, str message, str details);

/* A plain text body with a status, instead of what was written. */
void reply_text(struct reply *reply, int status, str text);

/* No body and status 204, instead of what was written. */
void reply_empty(struct reply *reply);

/* The body so far. Valid until more is written. */
str reply_body(const struct reply *reply);

/* Bytes of the body so far. */
isize reply_body_len(const struct reply *reply);

/* Puts the head in front. */
void reply_end(struct reply *reply, const struct reply_line *line);

/* Writes an HTTP date (29 characters) for an instant. */
void reply_date(char out[29], int64_t seconds);

/* The interim response to `Expect: 100-continue`, behind what is pending. */
void outbox_continue(struct outbox *outbox);

#endif
