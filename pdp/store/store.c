/* store.c — the door of the store: opening, reading, closing
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/control.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void wake(int fd)
{
    uint64_t one = 1;
    if (write(fd, &one, sizeof one) < 0 && errno != EAGAIN) {
        log_error("store", "cannot wake a thread: errno %d", errno);
    }
}

/* ---- publication ---- */

void control_publish(struct store *store, struct snapshot *snapshot)
{
    struct snapshot_info info = snapshot_info(snapshot);
    struct retired *retired = calloc(1, sizeof *retired);
    (void)pthread_mutex_lock(&store->lock);
    struct snapshot *old = atomic_load(&store->current);
    atomic_store(&store->current, snapshot);
    struct store_state *state = &store->state;
    state->generation++;
    state->policies = info.policies;
    state->rules = info.rules;
    state->loaded_s = clock_wall_ns() / 1000000000;
    state->degraded = false;
    isize len = info.revision.len < countof(state->revision) ? info.revision.len
                                                             : countof(state->revision) - 1;
    memcpy(state->revision, info.revision.ptr, (size_t)len);
    state->revision[len] = '\0';
    uint64_t generation = state->generation;
    for (struct store_reader *reader = store->readers; reader != NULL; reader = reader->next) {
        wake(reader->wake_fd);
    }
    (void)pthread_mutex_unlock(&store->lock);
    if (retired == NULL || old == NULL) {
        free(retired); /* without memory for the note the old set is kept for ever, which is safe */
        return;
    }
    *retired = (struct retired){ .next = store->retired, .snapshot = old, .until = generation };
    store->retired = retired;
}

void control_reap(struct store *store)
{
    uint64_t seen_by_all = UINT64_MAX;
    (void)pthread_mutex_lock(&store->lock);
    for (const struct store_reader *reader = store->readers; reader != NULL;
         reader = reader->next) {
        seen_by_all = reader->seen < seen_by_all ? reader->seen : seen_by_all;
    }
    (void)pthread_mutex_unlock(&store->lock);
    for (struct retired **link = &store->retired; *link != NULL;) {
        struct retired *retired = *link;
        if (retired->until > seen_by_all) {
            link = &retired->next;
            continue;
        }
        *link = retired->next;
        snapshot_release(retired->snapshot);
        free(retired);
    }
}

/* ---- readers ---- */

struct store_reader *store_reader_new(struct store *store, int wake_fd)
{
    struct store_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return NULL;
    }
    reader->store = store;
    reader->wake_fd = wake_fd;
    (void)pthread_mutex_lock(&store->lock);
    reader->held = atomic_load(&store->current);
    reader->seen = store->state.generation;
    reader->next = store->readers;
    store->readers = reader;
    (void)pthread_mutex_unlock(&store->lock);
    return reader;
}

const struct snapshot *store_reader_get(struct store_reader *reader)
{
    struct store *store = reader->store;
    if (atomic_load_explicit(&store->current, memory_order_acquire) != reader->held) {
        (void)pthread_mutex_lock(&store->lock);
        reader->held = atomic_load(&store->current);
        reader->seen = store->state.generation;
        (void)pthread_mutex_unlock(&store->lock);
    }
    return reader->held;
}

void store_reader_free(struct store_reader *reader)
{
    struct store *store = reader->store;
    (void)pthread_mutex_lock(&store->lock);
    for (struct store_reader **link = &store->readers; *link != NULL; link = &(*link)->next) {
        if (*link == reader) {
            *link = reader->next;
            break;
        }
    }
    (void)pthread_mutex_unlock(&store->lock);
    free(reader);
}

void store_state(struct store *store, struct store_state *out)
{
    (void)pthread_mutex_lock(&store->lock);
    *out = store->state;
    (void)pthread_mutex_unlock(&store->lock);
}

/* ---- life ---- */

cardea_status store_open(struct store **out, const struct store_options *options,
                         struct diags *diags)
{
    *out = NULL;
    struct store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        return CARDEA_ELIMIT;
    }
    store->options = *options;
    store->limits = (struct disk_limits){ options->max_files, options->max_file_bytes,
                                          options->max_total_bytes };
    (void)pthread_mutex_init(&store->lock, NULL); /* default attributes: cannot fail */
    store->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    struct snapshot *first = NULL;
    cardea_status status =
        store->wake_fd < 0 ? CARDEA_EIO : control_build(store, diags, &first, &store->fingerprint);
    if (status != CARDEA_OK) {
        store_close(store);
        return status;
    }
    control_publish(store, first);
    *out = store;
    return CARDEA_OK;
}

cardea_status store_start(struct store *store)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all,
                          &before); /* signals are for the main thread; cannot fail */
    store->started = pthread_create(&store->thread, NULL, control_run, store) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return store->started ? CARDEA_OK : CARDEA_EUNAVAILABLE;
}

void store_reload(struct store *store)
{
    atomic_store(&store->reload, true);
    wake(store->wake_fd);
}

void store_close(struct store *store)
{
    if (store->started) {
        atomic_store(&store->stop, true);
        wake(store->wake_fd);
        (void)pthread_join(store->thread, NULL); /* fails only for a thread that is none */
    }
    control_reap(store); /* no readers are left */
    struct snapshot *current = atomic_load(&store->current);
    if (current != NULL) {
        snapshot_release(current);
    }
    watch_close(store->watch);
    if (store->wake_fd >= 0) {
        (void)close(store->wake_fd); /* nothing could be done about an error */
    }
    (void)pthread_mutex_destroy(&store->lock);
    free(store);
}
