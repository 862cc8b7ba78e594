/* server.c — starting and stopping the workers
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/server_priv.h"

#include "server/address.h"

#include "base/clock.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define WORKERS_MOST 64

static int cores(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) {
        return 1;
    }
    int count = CPU_COUNT(&set);
    return count < 1 ? 1 : count;
}

/* Lets the process have as many descriptors as it may; what is missing shows as a pause in
 * accepting. */
static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void copy_options(struct server *server, const struct server_options *options)
{
    server->options = *options;
    server->options.address = str_copy(&server->memory, options->address);
    if (server->options.http.head_bytes >= SLAB_BYTES) {
        server->options.http.head_bytes =
            SLAB_BYTES - 1; /* so that a head that fills the buffer is too large */
    }
    if (options->cors.enabled) {
        server->cors = cors_new(&server->memory, &options->cors);
    }
    int count = options->workers > 0 ? options->workers : cores();
    server->worker_count = count < WORKERS_MOST ? count : WORKERS_MOST;
}

cardea_status server_open(struct server **out, const struct server_options *options,
                          struct store *store, struct arena *arena, str *why)
{
    *out = NULL;
    struct server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        *why = S("no memory");
        return CARDEA_ELIMIT;
    }
    arena_init(&server->memory, 4096, 1 << 20);
    server->store = store;
    server->started_ms = clock_wall_ns() / 1000000;
    server->listen_fd = -1;
    copy_options(server, options);
    raise_descriptors();
    str bound;
    server->listen_fd = address_listen(arena, server->options.address, options->socket_mode, &bound,
                                       &server->socket_path, why);
    if (server->listen_fd < 0) {
        server_close(server);
        return CARDEA_EIO;
    }
    if (options->tls.cert.len > 0 && tls_open(&server->tls, &options->tls, arena, why) != CARDEA_OK) {
        server_close(server);
        return CARDEA_EINVALID;
    }
    server->address = str_copy(&server->memory, bound);
    if (server->socket_path != NULL) {
        server->socket_path = str_to_c(&server->memory, str_from_c(server->socket_path));
    }
    server->workers = calloc((size_t)server->worker_count, sizeof *server->workers);
    int ready = 0;
    while (server->workers != NULL && ready < server->worker_count &&
           worker_init(&server->workers[ready], server, ready)) {
        ready++;
    }
    if (ready < server->worker_count) {
        *why = S("no memory or no descriptors for the workers");
        server_close(server);
        return CARDEA_EUNAVAILABLE;
    }
    *out = server;
    return CARDEA_OK;
}

str server_address(const struct server *server)
{
    return server->address;
}

int server_workers(const struct server *server)
{
    return server->worker_count;
}

cardea_status server_start(struct server *server)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all,
                          &before); /* signals are for the main thread; cannot fail */
    bool started = server->tls == NULL || tls_start(server->tls) == CARDEA_OK;
    for (int i = 0; i < server->worker_count && started; i++) {
        struct worker *worker = &server->workers[i];
        started = pthread_create(&worker->thread, NULL, worker_run, worker) == 0;
        worker->started = started;
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!started) {
        server_drain(server);
        (void)server_join(server); /* nobody was served */
        return CARDEA_EUNAVAILABLE;
    }
    return CARDEA_OK;
}

void server_reload(struct server *server)
{
    if (server->tls != NULL) {
        tls_reload(server->tls);
    }
}

void server_drain(struct server *server)
{
    atomic_store(&server->draining, true);
    for (int i = 0; i < server->worker_count; i++) {
        worker_wake(&server->workers[i]);
    }
}

int64_t server_join(struct server *server)
{
    int64_t requests = 0;
    for (int i = 0; i < server->worker_count; i++) {
        struct worker *worker = &server->workers[i];
        if (worker->started) {
            (void)pthread_join(worker->thread, NULL); /* fails only for a thread that is none */
            worker->started = false;
            requests += counter_get(&worker->metrics.requests);
        }
    }
    return requests;
}

void server_close(struct server *server)
{
    if (server == NULL) {
        return;
    }
    for (int i = 0; server->workers != NULL && i < server->worker_count; i++) {
        if (server->workers[i].server != NULL) { /* it was prepared, at least in part */
            worker_free(&server->workers[i]);
        }
    }
    free(server->workers);
    tls_close(server->tls);
    if (server->listen_fd >= 0) {
        (void)close(server->listen_fd); /* nothing could be done about an error */
    }
    if (server->socket_path != NULL) {
        (void)unlink(server->socket_path); /* it may be gone already */
    }
    arena_free(&server->memory);
    free(server);
}
