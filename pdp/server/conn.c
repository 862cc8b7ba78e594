/* conn.c — one connection
 *
 * Bytes are read into the slab behind what is there. Each round serves every message that is
 * complete, so pipelined requests are answered with one write; what is left of the slab then moves
 * to its front. A body that does not fit the slab is taken out of it in chunks. While a response
 * waits for the socket nothing is read, so a peer that does not read its answers cannot make us
 * hold many.
 *
 * Invariants
 *   start ≤ start + http.used ≤ fill ≤ SLAB_BYTES       after every round start is 0
 *   out != NULL exactly in the state WRITE
 *   an idle connection has no slab
 *
 * Neighbours: http.c finds messages · route.c answers them · worker.c owns the loop, pools and
 * deadlines
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/conn.h"

#include "server/route.h"
#include "server/server_priv.h"

#include "base/clock.h"
#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define ARENA_KEEP     (1 << 20) /* what the arena keeps from one request to the next           */
#define LINGER_MS      2000      /* how long a peer may take to read the last response          */
#define FRESH_DRAIN_MS 500 /* how long a connection may still bring its first request         */
#define LINGER_BYTES   (1 << 20) /* how much of what it still sends is thrown away              */

/* ---- reading and writing ---- */

static ssize_t conn_recv(struct conn *conn, char *to, int32_t room)
{
    if (conn->tls == NULL) {
        return recv(conn->fd, to, (size_t)room, 0);
    }
    bool writes;
    ssize_t n = tls_read(conn->tls, to, room, &writes);
    if (writes && event_add(&conn->write_event, NULL) != 0) {
        errno = ENOMEM;
    }
    return n;
}

static ssize_t conn_send(struct conn *conn, const char *from, isize len)
{
    if (conn->tls != NULL) {
        return tls_write(conn->tls, from, len);
    }
    return send(conn->fd, from, (size_t)len, MSG_NOSIGNAL);
}

static bool would_block(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/* ---- states ---- */

static void enter(struct conn *conn, enum conn_state state)
{
    const struct server_options *options = &conn->worker->server->options;
    int64_t from = conn->worker->now_ms;
    int64_t wait = 0;
    switch (state) {
    case CONN_FRESH:
        wait = options->read_header_timeout_ms;
        break;
    case CONN_IDLE:
        wait = options->idle_timeout_ms;
        break;
    case CONN_HEAD:
        from = conn->begun_ms;
        wait = options->read_header_timeout_ms;
        break;
    case CONN_BODY:
        from = conn->begun_ms;
        wait = options->read_timeout_ms;
        break;
    case CONN_WRITE:
        wait = options->write_timeout_ms;
        break;
    case CONN_LINGER:
        wait = LINGER_MS;
        break;
    }
    conn->state = (uint8_t)state;
    wheel_set(&conn->worker->wheel, &conn->timer, from + wait);
}

static void drop_chunks(struct conn *conn)
{
    chunk_give(conn->worker, conn->body);
    chunk_give(conn->worker, conn->out);
    conn->body = conn->body_end = NULL;
    conn->out = conn->out_end = NULL;
}

static void drop_slab(struct conn *conn)
{
    if (conn->slab != NULL) {
        slab_give(conn->worker, conn->slab);
        conn->slab = NULL;
    }
    conn->start = 0;
    conn->fill = 0;
}

void conn_close(struct conn *conn)
{
    struct worker *worker = conn->worker;
    (void)event_del(&conn->read_event); /* an event that is not pending needs no removal */
    (void)event_del(&conn->write_event);
    wheel_remove(&conn->timer);
    drop_chunks(conn);
    drop_slab(conn);
    if (conn->tls != NULL) {
        tls_goodbye(conn->tls);
        tls_end(conn->tls);
    }
    (void)close(conn->fd); /* nothing could be done about an error */
    if (conn->prev != NULL) {
        conn->prev->next = conn->next;
    } else {
        worker->conns = conn->next;
    }
    if (conn->next != NULL) {
        conn->next->prev = conn->prev;
    }
    conn->next = worker->free_conns;
    worker->free_conns = conn;
    worker_count(worker, -1);
}

/* The last response is out: tell the peer, and give it time to read, for closing with unread input
 * would destroy what is on its way. */
static void linger(struct conn *conn)
{
    if (conn->tls != NULL) {
        tls_goodbye(conn->tls);
    }
    if (shutdown(conn->fd, SHUT_WR) != 0) {
        conn_close(conn);
        return;
    }
    drop_chunks(conn);
    drop_slab(conn);
    conn->lingered = 0;
    enter(conn, CONN_LINGER);
    (void)event_add(&conn->read_event, NULL); /* on failure the deadline ends it */
}

/* ---- output ---- */

/* Keeps what the socket did not take. False: no memory. */
static bool keep_output(struct conn *conn, str rest)
{
    while (rest.len > 0) {
        struct chunk *chunk = chunk_take(conn->worker);
        if (chunk == NULL) {
            return false;
        }
        chunk->len = (int32_t)(rest.len < countof(chunk->data) ? rest.len : countof(chunk->data));
        memcpy(chunk->data, rest.ptr, (size_t)chunk->len);
        rest = str_slice(rest, chunk->len, rest.len);
        if (conn->out == NULL) {
            conn->out = chunk;
            conn->out_at = 0;
        } else {
            conn->out_end->next = chunk;
        }
        conn->out_end = chunk;
    }
    return true;
}

/* Sends the responses of this round. False: the connection is broken. */
static bool flush(struct conn *conn)
{
    struct outbox *outbox = &conn->worker->outbox;
    str pending = outbox_pending(outbox);
    if (pending.len > 0 && conn->out == NULL) {
        ssize_t sent = conn_send(conn, pending.ptr, pending.len);
        if (sent < 0 && !would_block()) {
            return false;
        }
        pending = str_slice(pending, sent > 0 ? sent : 0, pending.len);
    }
    bool kept = pending.len == 0 || keep_output(conn, pending);
    worker_outbox_reset(conn->worker);
    return kept;
}

/* ---- answering ---- */

/* The worker's date text, renewed when the second has changed. */
static str date_text(struct worker *worker, int64_t now_s)
{
    if (worker->date_s != now_s) {
        worker->date_s = now_s;
        reply_date(worker->date, now_s);
    }
    return (str){ worker->date, (isize)sizeof worker->date };
}

static str join_body(struct conn *conn, const char *base)
{
    str tail = { base + conn->http.body_start, conn->http.body_len };
    if (conn->body == NULL) {
        return tail;
    }
    char *whole = arena_bytes(&conn->worker->arena, (isize)conn->http.body_total);
    isize at = 0;
    for (const struct chunk *c = conn->body; c != NULL; c = c->next) {
        memcpy(whole + at, c->data, (size_t)c->len);
        at += c->len;
    }
    memcpy(whole + at, tail.ptr, (size_t)tail.len);
    return (str){ whole, at + tail.len };
}

static bool is_last(const struct conn *conn)
{
    return !conn->http.keep_alive || conn->worker->draining;
}

/* Finishes a reply with the head that this connection needs. */
static void end_reply(struct conn *conn, struct reply *reply, int64_t now_ns, bool head_only)
{
    const struct reply_line line = {
        .date = date_text(conn->worker, now_ns / 1000000000),
        .head_only = head_only,
        .close = conn->last,
        .http10 = conn->http.ll.http_minor == 0,
    };
    reply_end(reply, &line);
    counter_add(&conn->worker->metrics.requests, 1);
}

/* Finds the handler and lets it write the reply. Reaching the cap of the arena or of the outbox
 * ends here. */
static void let_route(struct conn *conn, struct exchange *x, struct reply *reply)
{
    struct worker *worker = conn->worker;
    jmp_buf env;
    if (setjmp(env) != 0) {
        arena_guard_set(&worker->arena, NULL);
        arena_guard_set(&worker->out_arena, NULL);
        reply_error(reply, REPLY_EXHAUSTED,
                    S("request needs more memory than one request may have"), STR_EMPTY);
        return;
    }
    arena_guard_set(&worker->arena, &env);
    arena_guard_set(&worker->out_arena, &env);
    x->body = join_body(conn, conn->slab + conn->start);
    route(worker, x, reply);
    arena_guard_set(&worker->arena, NULL);
    arena_guard_set(&worker->out_arena, NULL);
}

/* Answers the message that is complete. */
static void answer(struct conn *conn)
{
    struct worker *worker = conn->worker;
    const char *base = conn->slab + conn->start;
    struct exchange x = { .method = conn->http.method,
                          .head = base,
                          .headers = conn->http.headers,
                          .now_ns = clock_wall_ns() };
    int64_t began_ns = worker_stopwatch(worker);
    (void)str_cut(http_text(base, conn->http.target), '?', &x.path, &x.query);
    arena_clear(&worker->arena, ARENA_KEEP);
    conn->last = is_last(conn);
    struct reply reply;
    reply_begin(&reply, &worker->outbox);
    let_route(conn, &x, &reply);
    if (worker->server->options.metrics) {
        metrics_response(&worker->metrics, x.method, reply.status,
                         worker_stopwatch(worker) - began_ns, conn->http.body_total,
                         reply_body_len(&reply));
    }
    end_reply(conn, &reply, x.now_ns, x.method == HTTP_METHOD_HEAD);
}

/* Answers a message that is no acceptable HTTP; the connection ends. */
static void refuse(struct conn *conn, int status, const char *error)
{
    struct worker *worker = conn->worker;
    struct reply reply;
    conn->last = true;
    reply_begin(&reply, &worker->outbox);
    if (status == 413) { /* the reference's words for a body that is too large */
        char text[64];
        int len = snprintf(text, sizeof text, "received message larger than max (%lld)",
                           (long long)worker->server->options.http.body_bytes);
        reply_error(&reply, REPLY_EXHAUSTED, (str){ text, len }, STR_EMPTY);
    } else {
        reply_text(&reply, status, str_from_c(error));
        sb_byte(reply.out, '\n');
    }
    end_reply(conn, &reply, clock_wall_ns(), false);
}

/* ---- a round ---- */

static void next_message(struct conn *conn)
{
    conn->start += conn->http.used;
    chunk_give(conn->worker, conn->body);
    conn->body = conn->body_end = NULL;
    conn->continued = false;
    conn->begun_ms = conn->worker->now_ms;
    http_begin(&conn->http);
}

/* Serves every message in the slab. False: the connection is broken. */
static bool serve(struct conn *conn)
{
    while (!conn->last && conn->out == NULL && conn->start < conn->fill) {
        enum http_event event =
            http_feed(&conn->http, conn->slab + conn->start, conn->fill - conn->start);
        if (event == HTTP_MORE) {
            break;
        }
        if (event == HTTP_FAILED) {
            counter_add(&conn->worker->metrics.refused, 1);
            refuse(conn, conn->http.status, conn->http.error);
            break;
        }
        answer(conn);
        next_message(conn);
        if (outbox_pending(&conn->worker->outbox).len > OUTBOX_ROUND && !flush(conn)) {
            return false;
        }
    }
    if (!conn->last && conn->http.expects_continue && conn->http.head_done && !conn->continued &&
        conn->http.body_total == 0 && conn->out == NULL) {
        conn->continued = true;
        outbox_continue(&conn->worker->outbox);
    }
    return flush(conn);
}

/* Takes the body bytes out of a full slab. False: no memory. */
static bool spill(struct conn *conn)
{
    struct http_parser *http = &conn->http;
    const char *from = conn->slab + http->body_start;
    int32_t left = http->body_len;
    while (left > 0) {
        struct chunk *chunk = conn->body_end;
        if (chunk == NULL || chunk->len == countof(chunk->data)) {
            chunk = chunk_take(conn->worker);
            if (chunk == NULL) {
                return false;
            }
            *(conn->body == NULL ? &conn->body : &conn->body_end->next) = chunk;
            conn->body_end = chunk;
        }
        int32_t room = (int32_t)countof(chunk->data) - chunk->len;
        int32_t part = left < room ? left : room;
        memcpy(chunk->data + chunk->len, from, (size_t)part);
        chunk->len += part;
        from += part;
        left -= part;
    }
    http_body_taken(http);
    conn->fill = http->used;
    return true;
}

/* After a round with an unfinished message: moves it to the front of the slab and sees to it that
 * there is room behind it. False: it cannot go on. */
static bool make_room(struct conn *conn)
{
    if (conn->start > 0) {
        memmove(conn->slab, conn->slab + conn->start, (size_t)(conn->fill - conn->start));
        conn->fill -= conn->start;
        conn->start = 0;
    }
    if (conn->fill < SLAB_BYTES) {
        return true;
    }
    return conn->http.head_done && spill(conn) && conn->fill < SLAB_BYTES;
}

/* Bytes that TLS has taken from the descriptor already are announced by nobody else. */
static void read_on(struct conn *conn)
{
    if (conn->tls != NULL && tls_pending(conn->tls)) {
        event_active(&conn->read_event, EV_READ, 0);
    }
}

/* Waits for what the state of the message needs. */
static void await_input(struct conn *conn)
{
    if (conn->start == conn->fill) {
        drop_slab(conn);
        if (conn->worker->draining) {
            conn_close(conn);
            return;
        }
        enter(conn, CONN_IDLE);
        read_on(conn);
        return;
    }
    if (!make_room(conn)) {
        conn_close(conn);
        return;
    }
    enter(conn, conn->http.head_done ? CONN_BODY : CONN_HEAD);
    read_on(conn);
}

/* One round, and what comes after it. The connection may be gone afterwards. */
static void turn(struct conn *conn)
{
    if (!serve(conn)) {
        conn_close(conn);
        return;
    }
    if (conn->out != NULL) {
        (void)event_del(&conn->read_event);
        if (event_add(&conn->write_event, NULL) != 0) {
            conn_close(conn);
            return;
        }
        enter(conn, CONN_WRITE);
        return;
    }
    if (conn->last) {
        linger(conn);
        return;
    }
    await_input(conn);
}

/* ---- events ---- */

static void throw_away(struct conn *conn)
{
    char waste[4096];
    ssize_t n =
        recv(conn->fd, waste, sizeof waste, 0); /* with TLS too: nobody wants to know what it was */
    if (n > 0) {
        conn->lingered += n;
    }
    if (n == 0 || (n < 0 && !would_block()) || conn->lingered > LINGER_BYTES) {
        conn_close(conn);
    }
}

/* Goes on with the handshake. False: it is not complete; the connection may be gone. */
static bool greet(struct conn *conn)
{
    static const char plain[] =
        "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
    switch (tls_handshake(conn->tls)) {
    case TLS_DONE:
        conn->greeted = true;
        return true;
    case TLS_READS:
        return false;
    case TLS_WRITES:
        if (event_add(&conn->write_event, NULL) != 0) {
            conn_close(conn);
        }
        return false;
    case TLS_PLAIN:
        (void)send(conn->fd, plain, sizeof plain - 1, MSG_NOSIGNAL); /* best effort */
        break;
    case TLS_FAILED:
        break;
    }
    counter_add(&conn->worker->metrics.handshakes_failed, 1);
    conn_close(conn);
    return false;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct conn *conn = arg;
    if (conn->state == CONN_LINGER) {
        throw_away(conn);
        return;
    }
    if (conn->tls != NULL && !conn->greeted && !greet(conn)) {
        return;
    }
    if (conn->slab == NULL && (conn->slab = slab_take(conn->worker)) == NULL) {
        conn_close(conn);
        return;
    }
    bool begins = conn->fill == 0;
    ssize_t n = conn_recv(conn, conn->slab + conn->fill, SLAB_BYTES - conn->fill);
    if (n < 0 && would_block()) {
        if (begins) {
            drop_slab(conn);
        }
        return;
    }
    if (n <= 0) { /* a message that is cut off here is not answered */
        conn_close(conn);
        return;
    }
    if (begins) {
        conn->begun_ms = conn->worker->now_ms;
    }
    conn->fill += (int32_t)n;
    turn(conn);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct conn *conn = arg;
    if (conn->out == NULL) { /* reading had to write first */
        (void)event_del(&conn->write_event);
        on_readable(fd, EV_READ, conn);
        return;
    }
    while (conn->out != NULL) {
        struct chunk *chunk = conn->out;
        ssize_t n = conn_send(conn, chunk->data + conn->out_at, chunk->len - conn->out_at);
        if (n < 0) {
            if (!would_block()) {
                conn_close(conn);
            }
            return;
        }
        conn->out_at += (int32_t)n;
        if (conn->out_at < chunk->len) {
            return;
        }
        conn->out = chunk->next;
        conn->out_at = 0;
        chunk->next = NULL;
        chunk_give(conn->worker, chunk);
    }
    conn->out_end = NULL;
    (void)event_del(&conn->write_event);
    if (conn->last) {
        linger(conn);
        return;
    }
    if (event_add(&conn->read_event, NULL) != 0) {
        conn_close(conn);
        return;
    }
    turn(conn);
}

void conn_expire(struct conn *conn)
{
    counter_add(&conn->worker->metrics.timeouts, 1);
    if (conn->state == CONN_HEAD || conn->state == CONN_BODY) {
        (void)event_del(&conn->read_event);
        refuse(conn, 408, "request was not complete in time");
        if (flush(conn) && conn->out == NULL) {
            linger(conn);
            return;
        }
    }
    conn_close(conn);
}

void conn_drain(struct conn *conn)
{
    if (conn->state == CONN_IDLE) {
        conn_close(conn);
    } else if (conn->state == CONN_FRESH) { /* its first request may be on the way */
        wheel_set(&conn->worker->wheel, &conn->timer, conn->worker->now_ms + FRESH_DRAIN_MS);
    }
}

bool conn_open(struct worker *worker, int fd)
{
    struct conn *conn = worker->free_conns;
    if (conn != NULL) {
        worker->free_conns = conn->next;
    } else if ((conn = malloc(sizeof *conn)) == NULL) {
        return false;
    }
    memset(conn, 0, sizeof *conn);
    conn->worker = worker;
    conn->fd = fd;
    http_init(&conn->http, &worker->server->options.http);
    if (worker->server->tls != NULL && (conn->tls = tls_accept(worker->server->tls, fd)) == NULL) {
        conn->next = worker->free_conns;
        worker->free_conns = conn;
        return false;
    }
    if (event_assign(&conn->read_event, worker->base, fd, EV_READ | EV_PERSIST, on_readable,
                     conn) != 0 ||
        event_assign(&conn->write_event, worker->base, fd, EV_WRITE | EV_PERSIST, on_writable,
                     conn) != 0 ||
        event_add(&conn->read_event, NULL) != 0) {
        tls_end(conn->tls);
        conn->next = worker->free_conns;
        worker->free_conns = conn;
        return false;
    }
    conn->next = worker->conns;
    if (conn->next != NULL) {
        conn->next->prev = conn;
    }
    worker->conns = conn;
    worker_count(worker, 1);
    conn->begun_ms = worker->now_ms;
    enter(conn, CONN_FRESH);
    return true;
}
