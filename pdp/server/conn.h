/* conn.h — one connection
 *
 * A state machine over a non-blocking descriptor:
 *
 *     FRESH ─► HEAD ─► BODY ─► (served) ─► IDLE ─► HEAD …
 * └─► WRITE ─► IDLE        the socket is full: wait for it, read nothing
 * └───► LINGER      last response sent: let the peer read it
 *
 * Each state has an absolute deadline: bytes that trickle in do not move it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_SERVER_CONN_H
#define CARDEA_SERVER_CONN_H

#include "server/tls.h"
#include "server/worker.h"

enum conn_state { CONN_FRESH, CONN_IDLE, CONN_HEAD, CONN_BODY, CONN_WRITE, CONN_LINGER };

struct conn {
    struct wheel_entry timer; /* first member: the deadline of the state          */
    struct worker *worker;
    struct conn *next, *prev; /* all connections of the worker, or the free list  */
    struct event read_event, write_event;
    int fd;
    SSL *tls;                      /* NULL: plain                                      */
    bool greeted;                  /* the handshake of TLS is complete                 */
    uint8_t state;    /* enum conn_state                                  */
    bool last;        /* the response that was written last ends it       */
    bool continued;   /* 100 Continue was sent for this message           */
    int64_t begun_ms; /* when the first byte of this message came         */
    struct http_parser http;
    char *slab;                    /* input; NULL while there is none                  */
    int32_t start;                 /* where the message begins in it                   */
    int32_t fill;                  /* bytes in it                                      */
    struct chunk *body, *body_end; /* what did not fit the slab                       */
    struct chunk *out, *out_end;   /* unsent output                                    */
    int32_t out_at;                /* bytes of `out` that have been sent               */
    int64_t lingered;              /* bytes thrown away while lingering                */
};

/* Takes a descriptor over. False: no memory; the descriptor is still the caller's. */
bool conn_open(struct worker *worker, int fd);

/* Closes and recycles. The pointer is dead afterwards. */
void conn_close(struct conn *conn);

/* The deadline of the state is over. */
void conn_expire(struct conn *conn);

/* The server stops: a connection that waits for a request is closed. */
void conn_drain(struct conn *conn);

#endif
