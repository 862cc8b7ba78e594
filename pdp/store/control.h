/* control.h — building and publishing policy sets
 *
 * Private to pdp/store: store.c is the door, control.c the thread behind it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_STORE_CONTROL_H
#define CARDEA_STORE_CONTROL_H

#include "store/disk.h"
#include "store/store.h"
#include "store/watch.h"

#include <pthread.h>
#include <stdatomic.h>

struct store_reader {
    struct store *store;
    struct store_reader *next;
    const struct snapshot *held; /* what this reader uses                            */
    uint64_t seen;               /* its generation; under the lock                   */
    int wake_fd;                 /* borrowed                                         */
};

/* An old snapshot that a reader may still use. */
struct retired {
    struct retired *next;
    struct snapshot *snapshot;
    uint64_t until; /* free when every reader has seen this generation */
};

struct store {
    struct store_options options;
    struct disk_limits limits;
    pthread_mutex_t lock;               /* current, state, readers                        */
    _Atomic(struct snapshot *) current; /* published; written under the lock              */
    struct store_state state;           /* under the lock                                 */
    struct store_reader *readers;       /* under the lock                                 */
    struct retired *retired;            /* control thread only                            */
    pthread_t thread;
    bool started;
    int wake_fd;        /* eventfd: reload or stop                        */
    atomic_bool reload; /* read everything anew                           */
    atomic_bool stop;
    struct watch *watch;  /* NULL: the system announces nothing             */
    uint64_t fingerprint; /* of the listing that was tried last             */
};

/* Reads and compiles the directory. The fingerprint of what was read goes to *fingerprint in any
 * case in which there was something to read. Texts of diagnostics live in diags' arena. */
cardea_status control_build(struct store *store, struct diags *diags, struct snapshot **out,
                            uint64_t *fingerprint);

/* Publishes a snapshot, whose reference goes to the store. */
void control_publish(struct store *store, struct snapshot *snapshot);

/* Gives back what no reader uses any more. */
void control_reap(struct store *store);

/* The thread; arg is the store. */
void *control_run(void *arg);

#endif
