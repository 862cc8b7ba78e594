/* server_priv.h — the server as its workers see it
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_SERVER_SERVER_PRIV_H
#define CARDEA_SERVER_SERVER_PRIV_H

#include "server/worker.h"

struct server {
    struct server_options options; /* texts are copied into `memory`              */
    struct arena memory;           /* what lives as long as the server            */
    struct store *store;           /* borrowed                                    */
    const struct cors *cors;       /* NULL: no origin is allowed, and nothing is said */
    struct tls *tls;               /* NULL: plain HTTP                                  */
    int listen_fd;                 /* owned by worker 0 once it runs; -1: closed  */
    str address;                   /* bound                                       */
    char *socket_path;             /* of a Unix socket, to be removed; or NULL    */
    int64_t started_ms;            /* since 1970                                  */
    struct worker *workers;
    int worker_count;
    atomic_bool draining; /* set once                                    */
};

#endif
