/* http.h — one HTTP/1.1 message at a time, strictly
 *
 * llhttp finds the parts; this module adds the rules it leaves to its user and keeps what the
 * server needs of a head: views of the target and of the headers it knows. Nothing is copied and
 * nothing is allocated.
 *
 * The caller owns the buffer. A message begins at `base`; all views are offsets from there, so the
 * caller may move the bytes between two calls. Body bytes are gathered directly behind the head
 * (chunk framing is squeezed out in place), so a body that fits the buffer is one piece of it.
 *
 *     http_begin(&p);
 *     while ((event = http_feed(&p, base, fill)) == HTTP_MORE) read more behind base + fill
 *
 * Refused, with the connection to be closed: both length and transfer coding, repeated, signed or
 * differing lengths, transfer codings but a single `chunked`, chunked in HTTP/1.0, bare LF, folded
 * lines, space before a colon, NUL, missing, repeated or malformed Host, HTTP/0.9 and 2, fragments
 * in the target, CONNECT. Dropped: trailers, chunk extensions (both bounded), requests to upgrade.
 * spec: architecture#trust-and-limits
 *
 * One thread at a time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_SERVER_HTTP_H
#define CARDEA_SERVER_HTTP_H

#include "base/str.h"

#include <llhttp.h>

enum http_method {
    HTTP_METHOD_GET,
    HTTP_METHOD_HEAD,
    HTTP_METHOD_POST,
    HTTP_METHOD_PUT,
    HTTP_METHOD_PATCH,
    HTTP_METHOD_DELETE,
    HTTP_METHOD_OPTIONS,
    HTTP_METHOD_OTHER, /* known to the parser, used by no route */
};

/* Headers whose values are kept. ORDER HTTP_HEADERS: the table of names in http.c. */
enum http_header {
    HTTP_HOST,
    HTTP_CONTENT_LENGTH,
    HTTP_TRANSFER_ENCODING,
    HTTP_EXPECT,
    HTTP_FRAMING_COUNT, /* those so far decide how the message is read: two are refused */
    HTTP_ORIGIN = HTTP_FRAMING_COUNT,
    HTTP_ACCEPT,
    HTTP_ACCEPT_ENCODING,
    HTTP_FORWARDED_HOST,  /* X-Forwarded-Host               */
    HTTP_FORWARDED_PROTO, /* X-Forwarded-Proto              */
    HTTP_REQUEST_METHOD,  /* Access-Control-Request-Method  */
    HTTP_REQUEST_HEADERS, /* Access-Control-Request-Headers */
    HTTP_HEADER_COUNT,
    HTTP_HEADER_NONE = HTTP_HEADER_COUNT, /* a header that nobody asks for */
};

struct http_limits {
    int32_t head_bytes;        /* request line and headers together            */
    int32_t headers;           /* header fields, trailers included             */
    int64_t body_bytes;        /* body without its framing                     */
    int32_t chunk_extra_bytes; /* all chunk extensions and trailers of a body  */
};

/* A part of the message. */
struct http_view {
    int32_t start; /* offset from the message's first byte */
    int32_t len;   /* bytes                                */
};

enum http_event {
    HTTP_MORE,   /* all bytes are used up; the message goes on            */
    HTTP_DONE,   /* a message is complete; `used` says where it ends      */
    HTTP_FAILED, /* not acceptable: answer `status` and close             */
};

struct http_parser {
    llhttp_t ll;                      /* the state machine                                      */
    const struct http_limits *limits; /* borrowed, for the parser's life                       */
    char *base;                       /* the message's first byte, during http_feed             */
    int32_t fill;                     /* bytes at base, during http_feed                        */
    int32_t used;                     /* bytes from base that have been parsed                  */
    int32_t last_end;                 /* end of the last part of the head that was seen         */
    struct http_view target;          /* path and query as sent, without scheme and authority   */
    struct http_view headers[HTTP_HEADER_COUNT]; /* values; start 0 means not sent             */
    struct http_view field; /* name of the header that is being read                  */
    struct http_view value; /* its value so far                                       */
    int32_t body_start;     /* where the head ends; 0 before it is complete           */
    int32_t body_len;       /* body bytes that lie at body_start now                  */
    int64_t body_total;     /* body bytes seen in all                                 */
    int32_t header_count;   /* header fields and trailers so far                      */
    int32_t extra_bytes;    /* chunk extensions and trailers so far                   */
    int16_t status;         /* HTTP status of a failure                               */
    uint8_t method;         /* enum http_method, once the head is complete            */
    bool head_done;         /* the head is complete                                   */
    bool keep_alive;        /* the connection may serve another message               */
    bool expects_continue;  /* HTTP/1.1 with `Expect: 100-continue`                   */
    const char *error;      /* what is wrong, in words; static; NULL when nothing is  */
};

/* Prepares a parser for a connection. limits is borrowed. */
void http_init(struct http_parser *p, const struct http_limits *limits);

/* Begins a new message on the same connection. */
void http_begin(struct http_parser *p);

/* Parses the bytes [base + p->used, base + fill). Cost: linear in the new bytes.
 * After HTTP_DONE the bytes from base + p->used on belong to the next message.
 * After HTTP_FAILED, p->status and p->error say why; nothing more may be fed. */
enum http_event http_feed(struct http_parser *p, char *base, int32_t fill);

/* Forgets the body bytes in the buffer, after the caller has saved them: the next bytes are to be
 * read to base + p->body_start. Only after HTTP_MORE with head_done. */
void http_body_taken(struct http_parser *p);

/* The text of a view; base is where the message begins now. */
static inline str http_text(const char *base, struct http_view view)
{
    return (str){ base + view.start, view.len };
}

#endif
