/* worker.c — one event loop and all it owns
 *
 * The loop knows four things besides connections: a wake-up from other threads, descriptors handed
 * over by worker 0, a tick while there are connections, and, on worker 0, the listener.
 *
 * The kernel wakes worker 0 for every connection and it picks the worker with the fewest. This
 * costs a pipe write per connection but spreads a handful of long-lived connections evenly, which
 * neither a shared listener nor SO_REUSEPORT does.
 *
 * Neighbours: conn.c serves a connection · server.c starts and stops the threads
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/worker.h"

#include "server/conn.h"
#include "server/server_priv.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPT_BURST     64 /* connections taken from the queue before others get their turn */
#define FREE_CHUNKS_MOST 64 /* chunks kept for reuse: 4 MiB                                  */

static const struct timeval tick_interval = { 0, WHEEL_TICK_MS * 1000 };

/* ---- pools ---- */

char *slab_take(struct worker *worker)
{
    struct slab *slab = worker->free_slabs;
    if (slab == NULL) {
        return malloc(SLAB_BYTES);
    }
    worker->free_slabs = slab->next;
    return (char *)slab;
}

void slab_give(struct worker *worker, char *slab)
{
    struct slab *free_slab = (struct slab *)(void *)slab;
    free_slab->next = worker->free_slabs;
    worker->free_slabs = free_slab;
}

struct chunk *chunk_take(struct worker *worker)
{
    struct chunk *chunk = worker->free_chunks;
    if (chunk != NULL) {
        worker->free_chunks = chunk->next;
        worker->free_chunk_count--;
    } else if ((chunk = malloc(sizeof *chunk)) == NULL) {
        return NULL;
    }
    chunk->next = NULL;
    chunk->len = 0;
    return chunk;
}

void chunk_give(struct worker *worker, struct chunk *list)
{
    while (list != NULL) {
        struct chunk *next = list->next;
        if (worker->free_chunk_count < FREE_CHUNKS_MOST) {
            list->next = worker->free_chunks;
            worker->free_chunks = list;
            worker->free_chunk_count++;
        } else {
            free(list);
        }
        list = next;
    }
}

static void outbox_open(struct worker *worker)
{
    worker->outbox.text = sb_new(&worker->out_arena);
    sb_reserve(&worker->outbox.text, OUTBOX_ROOM);
}

void worker_outbox_reset(struct worker *worker)
{
    if (worker->outbox.text.cap > 4 * OUTBOX_ROOM) {
        arena_clear(&worker->out_arena,
                    2 * OUTBOX_ROOM); /* keeps the first block, which has our room */
        outbox_open(worker);
    }
    outbox_begin(&worker->outbox);
}

/* ---- time ---- */

static void look_at_clock(struct worker *worker)
{
    worker->now_ms = clock_monotonic_ns() / 1000000;
}

int64_t worker_stopwatch(const struct worker *worker)
{
    return worker->server->options.metrics ? clock_monotonic_ns() : 0;
}

static void keep_ticking(struct worker *worker)
{
    if (!worker->ticking) {
        look_at_clock(worker);
        if (worker->conns == NULL) {
            worker->wheel.tick = worker->now_ms / WHEEL_TICK_MS; /* nothing sits in it */
        }
        worker->ticking = event_add(worker->tick_event, &tick_interval) == 0;
    }
}

static void maybe_end(struct worker *worker)
{
    if (worker->draining && worker->conns == NULL) {
        (void)event_base_loopbreak(worker->base); /* fails only without a base */
    }
}

void worker_count(struct worker *worker, int by)
{
    atomic_fetch_add_explicit(&worker->conn_count, by, memory_order_relaxed);
}

/* ---- accepting ---- */

void worker_adopt(struct worker *worker, int fd)
{
    keep_ticking(worker);
    if (!conn_open(worker, fd)) {
        log_error("server", "no memory for a connection");
        (void)close(fd);
    }
}

static struct worker *least_busy(struct worker *self, int64_t *total)
{
    struct server *server = self->server;
    struct worker *best = self;
    int least = atomic_load_explicit(&self->conn_count, memory_order_relaxed);
    *total = 0;
    for (int i = 0; i < server->worker_count; i++) {
        int count = atomic_load_explicit(&server->workers[i].conn_count, memory_order_relaxed);
        *total += count;
        if (count < least) {
            least = count;
            best = &server->workers[i];
        }
    }
    return best;
}

/* The ceiling is reached: say so and hang up. What the peer sent is not read; a fresh connection
 * has seldom sent anything yet. */
static void turn_away(struct worker *worker, int fd)
{
    static const char text[] =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    counter_add(&worker->metrics.overload, 1);
    if (counter_get(&worker->metrics.overload) == 1) {
        log_warn("server", "ceiling of %lld connections reached; further ones are turned away",
                 (long long)worker->server->options.connections);
    }
    if (worker->server->tls == NULL) {
        (void)send(fd, text, sizeof text - 1, MSG_NOSIGNAL | MSG_DONTWAIT); /* best effort */
    }
    (void)close(fd);
}

static void hand_out(struct worker *worker, int fd)
{
    int64_t total;
    struct worker *target = least_busy(worker, &total);
    if (total >= worker->server->options.connections) {
        turn_away(worker, fd);
        return;
    }
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* no TCP, no need */
    counter_add(&worker->metrics.connections, 1);
    if (target != worker && !atomic_load(&worker->server->draining)) {
        worker_count(target, 1); /* until it is adopted, so that the next one sees it */
        if (write(target->hand_fd[1], &fd, sizeof fd) == (ssize_t)sizeof fd) {
            return;
        }
        worker_count(target, -1);
    }
    worker_adopt(worker, fd);
}

static void pause_listening(struct worker *worker)
{
    log_warn("server", "no more descriptors; accepting is suspended");
    (void)event_del(worker->listen_event); /* it is pending */
    worker->listening = false;
    keep_ticking(worker);
}

static void on_connection(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct worker *worker = arg;
    look_at_clock(worker);
    for (int i = 0; i < ACCEPT_BURST; i++) {
        int conn_fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (conn_fd >= 0) {
            hand_out(worker, conn_fd);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            pause_listening(worker);
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            return; /* the queue is empty */
        }
    }
}

static void on_handed(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct worker *worker = arg;
    int handed[ACCEPT_BURST];
    look_at_clock(worker);
    ssize_t n = read(fd, handed, sizeof handed);
    for (ssize_t i = 0; i < n / (ssize_t)sizeof handed[0]; i++) {
        worker_count(worker, -1); /* adopting counts it again */
        worker_adopt(worker, handed[i]);
    }
}

/* ---- other events ---- */

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct worker *worker = arg;
    look_at_clock(worker);
    for (struct wheel_entry *due; (due = wheel_due(&worker->wheel, worker->now_ms)) != NULL;) {
        conn_expire((struct conn *)(void *)due); /* the entry is the connection's first member */
    }
    if (worker->draining && worker->now_ms >= worker->drain_deadline_ms) {
        while (worker->conns != NULL) {
            conn_close(worker->conns);
        }
    }
    if (worker->listen_event != NULL && !worker->listening && !worker->draining) {
        worker->listening = event_add(worker->listen_event, NULL) == 0;
    }
    if (worker->conns == NULL && worker->listening == (worker->listen_event != NULL)) {
        (void)event_del(worker->tick_event); /* it is pending */
        worker->ticking = false;
    }
    maybe_end(worker);
}

static void start_draining(struct worker *worker)
{
    worker->draining = true;
    worker->drain_deadline_ms = worker->now_ms + worker->server->options.drain_timeout_ms;
    if (worker->listen_event != NULL) {
        on_connection(worker->server->listen_fd, 0,
                      worker); /* who is in the queue has been promised service */
        event_free(worker->listen_event);
        worker->listen_event = NULL;
        worker->listening = false;
        (void)close(worker->server->listen_fd);
        worker->server->listen_fd = -1;
    }
    for (struct conn *conn = worker->conns; conn != NULL;) {
        struct conn *next = conn->next;
        conn_drain(conn);
        conn = next;
    }
    keep_ticking(worker);
    maybe_end(worker);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct worker *worker = arg;
    uint64_t count;
    look_at_clock(worker);
    if (read(fd, &count, sizeof count) < 0 && errno != EAGAIN) {
        log_error("server", "worker %d: wake-up: errno %d", worker->number, errno);
    }
    (void)store_reader_get(worker->reader); /* lets an old policy set go */
    if (atomic_load(&worker->server->draining) && !worker->draining) {
        start_draining(worker);
    }
}

void worker_wake(struct worker *worker)
{
    uint64_t one = 1;
    if (write(worker->wake_fd, &one, sizeof one) < 0 && errno != EAGAIN) {
        log_error("server", "worker %d: wake-up: errno %d", worker->number, errno);
    }
}

/* ---- life ---- */

static struct event_base *base_new(void)
{
    struct event_config *config = event_config_new();
    if (config == NULL) {
        return NULL;
    }
    struct event_base *base = NULL;
    if (event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0) {
        base = event_base_new_with_config(config);
    }
    event_config_free(config);
    return base;
}

static bool add_event(struct worker *worker, struct event **out, int fd, event_callback_fn callback)
{
    *out = event_new(worker->base, fd, EV_READ | EV_PERSIST, callback, worker);
    return *out != NULL && event_add(*out, NULL) == 0;
}

/* Memory that responses and errors must find is taken now. */
static bool take_memory(struct worker *worker)
{
    const struct server_options *options = &worker->server->options;
    arena_init(&worker->arena, 64 * 1024, options->arena_bytes);
    arena_init(&worker->out_arena, OUTBOX_ROOM + 4096, options->arena_bytes * 4 + 4 * OUTBOX_ROOM);
    jmp_buf env;
    if (setjmp(env) != 0) {
        arena_guard_set(&worker->out_arena, NULL);
        return false;
    }
    arena_guard_set(&worker->out_arena, &env);
    outbox_open(worker);
    arena_guard_set(&worker->out_arena, NULL);
    return true;
}

bool worker_init(struct worker *worker, struct server *server, int number)
{
    *worker =
        (struct worker){ .server = server, .number = number, .wake_fd = -1, .hand_fd = { -1, -1 } };
    worker->date_s = INT64_MIN;
    ulid_init(&worker->ulid);
    look_at_clock(worker);
    wheel_init(&worker->wheel, worker->now_ms);
    worker->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    worker->base = base_new();
    if (worker->wake_fd < 0 || worker->base == NULL ||
        pipe2(worker->hand_fd, O_NONBLOCK | O_CLOEXEC) != 0 || !take_memory(worker)) {
        return false;
    }
    worker->engine = engine_ctx_new();
    worker->reader = store_reader_new(server->store, worker->wake_fd);
    worker->tick_event = event_new(worker->base, -1, EV_PERSIST, on_tick, worker);
    if (server->options.gzip_bytes > 0 && (worker->gzip = gzip_new()) == NULL) {
        return false;
    }
    if (worker->engine == NULL || worker->reader == NULL || worker->tick_event == NULL ||
        !worker_tokens_open(&worker->tokens, server->options.keys)) {
        return false;
    }
    worker->check = server->options.check;
    worker->check.tokens = &worker->tokens.door;
    if (!add_event(worker, &worker->wake_event, worker->wake_fd, on_wake) ||
        !add_event(worker, &worker->hand_event, worker->hand_fd[0], on_handed)) {
        return false;
    }
    if (number == 0) {
        worker->listening =
            add_event(worker, &worker->listen_event, server->listen_fd, on_connection);
        return worker->listening;
    }
    return true;
}

void *worker_run(void *arg)
{
    struct worker *worker = arg;
    if (event_base_loop(worker->base, EVLOOP_NO_EXIT_ON_EMPTY) < 0) {
        log_error("server", "worker %d: the event loop failed", worker->number);
    }
    return NULL;
}

static void free_event(struct event *event)
{
    if (event != NULL) {
        event_free(event);
    }
}

static void close_fd(int fd)
{
    if (fd >= 0) {
        (void)close(fd); /* nothing could be done about an error */
    }
}

static void free_pools(struct worker *worker)
{
    while (worker->conns != NULL) {
        conn_close(worker->conns);
    }
    while (worker->free_conns != NULL) {
        struct conn *next = worker->free_conns->next;
        free(worker->free_conns);
        worker->free_conns = next;
    }
    while (worker->free_slabs != NULL) {
        struct slab *next = worker->free_slabs->next;
        free(worker->free_slabs);
        worker->free_slabs = next;
    }
    while (worker->free_chunks != NULL) {
        struct chunk *next = worker->free_chunks->next;
        free(worker->free_chunks);
        worker->free_chunks = next;
    }
}

/* Connections that were handed over when the loop had ended already. */
static void close_handed(struct worker *worker)
{
    int fd;
    while (worker->hand_fd[0] >= 0 &&
           read(worker->hand_fd[0], &fd, sizeof fd) == (ssize_t)sizeof fd) {
        (void)close(fd);
    }
}

void worker_free(struct worker *worker)
{
    close_handed(worker);
    free_pools(worker);
    free_event(worker->wake_event);
    free_event(worker->hand_event);
    free_event(worker->tick_event);
    free_event(worker->listen_event);
    if (worker->base != NULL) {
        event_base_free(worker->base);
    }
    if (worker->reader != NULL) {
        store_reader_free(worker->reader);
    }
    worker_tokens_close(&worker->tokens);
    gzip_free(worker->gzip);
    if (worker->engine != NULL) {
        engine_ctx_free(worker->engine);
    }
    close_fd(worker->wake_fd);
    close_fd(worker->hand_fd[0]);
    close_fd(worker->hand_fd[1]);
    arena_free(&worker->arena);
    arena_free(&worker->out_arena);
}
