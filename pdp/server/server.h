/* server.h — the service: workers behind one address
 *
 * One thread per core runs one event loop and owns all it touches: connections, buffers, arena,
 * counters. The first worker also listens; it hands each new connection to the worker with the
 * fewest.
 *
 *     server_open(&server, &options, store, &why)    bind; nobody is served yet
 *     server_start(server, &why)                     serve
 *     server_drain(server)                           finish what is in flight, take nothing new
 *     server_join(server)                            wait until all is done
 *     server_close(server)
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_SERVER_SERVER_H
#define CARDEA_SERVER_SERVER_H

#include "server/check_request.h"
#include "server/cors.h"
#include "server/http.h"
#include "server/tls.h"
#include "store/store.h"

struct server;

struct server_options {
    str address;                /* `host:port`, `:port`, `[v6]:port` or `unix:/path`          */
    int socket_mode;            /* permissions of a Unix socket                               */
    int workers;                /* threads; 0: as many as the process may use cores           */
    struct http_limits http;    /* head_bytes at most SERVER_HEAD_MOST                        */
    struct check_limits check;  /* of one check request; its door for tokens is not used      */
    struct keyring *keys;       /* borrowed; NULL: requests with tokens are refused           */
    struct cors_options cors;   /* which pages may read answers                               */
    struct tls_options tls;      /* without a certificate: plain HTTP                                */
    int64_t gzip_bytes;          /* bodies of at least that many bytes may be compressed; 0: none    */
    bool metrics;                /* count and show /_cerbos/metrics                                  */
    bool explorer;               /* show a page at /                                                 */
    int64_t connections;        /* most open connections, all workers together                */
    int64_t arena_bytes;        /* most memory for one request                                */
    int64_t read_header_timeout_ms; /* from a request's first byte to the end of its head     */
    int64_t read_timeout_ms;    /* from a request's first byte to the end of its body         */
    int64_t write_timeout_ms;   /* from the first try to write a response to its last byte    */
    int64_t idle_timeout_ms;    /* between two requests                                       */
    int64_t drain_timeout_ms;   /* how long requests in flight may take when the server stops */
};

#define SERVER_HEAD_MOST 16384 /* bytes: the size of a connection's buffer */

/* Binds the address and prepares the workers. store is borrowed until server_close(). On failure
 * *out is NULL and *why says in words what is wrong: EINVALID for the address, EIO, EUNAVAILABLE.
 * *why is static or lives in the arena. */
cardea_status server_open(struct server **out, const struct server_options *options,
                          struct store *store, struct arena *arena, str *why);

/* The address that is bound, with the real port when port 0 was asked for. Lives as long as the
 * server. */
str server_address(const struct server *server);

int server_workers(const struct server *server);

/* Starts the threads. EUNAVAILABLE when one cannot be started; then call server_close(). */
cardea_status server_start(struct server *server);

/* Reads the certificate for TLS again. Any thread. */
void server_reload(struct server *server);

/* Health says no, no new connections, idle ones are closed, requests in flight are finished. Any
 * thread. */
void server_drain(struct server *server);

/* Waits until all workers have ended, which they do after server_drain(). Returns the requests
 * answered. */
int64_t server_join(struct server *server);

/* Frees everything. Workers must have been joined, or never started. NULL is allowed. */
void server_close(struct server *server);

#endif
