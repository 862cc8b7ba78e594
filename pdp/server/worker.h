/* worker.h — one event loop and all it owns
 *
 * Private to pdp/server. Everything in here belongs to the worker's thread, but for what is marked
 * atomic.
 *
 * Memory: connections, 16 KiB buffers and 64 KiB chunks come from free lists that are filled by
 * malloc the first time they are needed; requests are read and decided in the arena, responses are
 * written to the outbox. So a worker that has seen its load once allocates nothing any more.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_SERVER_WORKER_H
#define CARDEA_SERVER_WORKER_H

#include "server/compress.h"
#include "server/metrics.h"
#include "server/reply.h"
#include "server/server.h"
#include "server/tokens.h"
#include "server/ulid.h"
#include "server/wheel.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <pthread.h>
#include <stdatomic.h>

#define SLAB_BYTES  SERVER_HEAD_MOST
#define CHUNK_BYTES 65536

/* A round is sent when its responses have grown to this. The outbox always has room for that and
 * one more error response, so that an error can be told whatever the memory situation. */
#define OUTBOX_ROUND (256 * 1024)
#define OUTBOX_ROOM  (OUTBOX_ROUND + 64 * 1024)

struct conn;

/* A buffer on the free list. */
struct slab {
    struct slab *next;
};

/* A piece of a large body, or of a response that the socket did not take at once. */
struct chunk {
    struct chunk *next;
    int32_t len; /* bytes in data   */
    char data[CHUNK_BYTES - sizeof(void *) - sizeof(int32_t)];
};

struct worker {
    struct server *server;
    int number; /* 0 is the one that listens                         */
    pthread_t thread;
    bool started; /* thread runs                                       */
    struct event_base *base;
    int wake_fd;    /* eventfd: something has changed                    */
    int hand_fd[2]; /* pipe of accepted descriptors: read end, write end */
    struct event *wake_event, *hand_event, *tick_event, *listen_event;
    bool ticking;              /* tick_event is pending                             */
    bool listening;            /* listen_event is pending                           */
    bool draining;             /* server is going down                              */
    int64_t drain_deadline_ms; /* when the rest is cut off                          */
    int64_t now_ms;            /* monotonic, of this turn of the loop               */
    struct wheel wheel;        /* deadlines                                         */
    struct conn *conns;        /* all open connections                              */
    atomic_int conn_count;     /* how many; read by worker 0                        */
    struct conn *free_conns;   /* for reuse                                         */
    struct slab *free_slabs;   /* for reuse                                         */
    struct chunk *free_chunks; /* for reuse                                         */
    int free_chunk_count;
    struct arena arena;     /* of the request that is being served               */
    struct arena out_arena; /* of the outbox                                     */
    struct outbox outbox;   /* responses of this round                           */
    struct engine_ctx *engine;
    struct store_reader *reader;
    struct ulid ulid;
    int64_t date_s; /* second that `date` shows                          */
    char date[29];
    struct worker_tokens tokens; /* who turns tokens into claims                      */
    struct check_limits check;   /* the server's, with the door of these tokens       */
    struct gzip *gzip;           /* NULL: nothing is compressed                      */
    struct metrics metrics;      /* what this worker has counted                      */
};

/* Prepares worker->… for its server. False: no memory or no descriptors; then worker_free(). */
bool worker_init(struct worker *worker, struct server *server, int number);
void worker_free(struct worker *worker);

/* The thread: runs until the server drains and the last connection is gone. arg is the worker. */
void *worker_run(void *arg);

/* Takes a connected descriptor over; closes it when there is no memory. */
void worker_adopt(struct worker *worker, int fd);

/* Wakes the worker, from any thread. */
void worker_wake(struct worker *worker);

/* Pools. NULL: no memory. */
char *slab_take(struct worker *worker);
void slab_give(struct worker *worker, char *slab);
struct chunk *chunk_take(struct worker *worker);
void chunk_give(struct worker *worker, struct chunk *list); /* a whole list */

/* Forgets what the outbox holds, and gives memory back after an uncommonly large round. */
void worker_outbox_reset(struct worker *worker);

/* Nanoseconds since some fixed point, to measure with; 0 while nothing is measured. */
int64_t worker_stopwatch(const struct worker *worker);

/* Counts a connection in or out of the worker's list. */
void worker_count(struct worker *worker, int by);

#endif
