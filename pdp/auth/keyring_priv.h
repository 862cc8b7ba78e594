/* keyring_priv.h — between keyring.c, which publishes sets, and fetch.c, which brings remote ones
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_AUTH_KEYRING_PRIV_H
#define CARDEA_AUTH_KEYRING_PRIV_H

#include "auth/keyring.h"

#include <pthread.h>
#include <stdatomic.h>

struct fetcher;

/* A set and how many views have it; written under the ring's lock. */
struct shared_set {
    struct jwks *keys;
    int views;
};

/* All sets at one time, parallel to the sources. Immutable once published. */
struct view {
    struct view *next; /* among the replaced ones           */
    isize count;
    struct shared_set *sets[]; /* NULL: that set cannot be used now */
};

struct keyring_reader {
    struct keyring *ring;
    struct keyring_reader *next;
    _Atomic(const struct view *) holds; /* what it verifies with at the moment, or NULL */
};

struct keyring {
    struct keyring_options options;
    pthread_mutex_t lock;           /* for what follows; readers do not take it to read     */
    _Atomic(struct view *) current; /* published                                            */
    struct view *replaced;          /* views that a reader may still hold                   */
    struct keyring_reader *readers;
    struct fetcher *fetcher; /* NULL: nothing is fetched. Set before readers exist   */
};

/* Makes `keys`, which it takes over, the set of a source; NULL: it cannot be used any more.
 * False: no memory, and all is as before (keys are freed). Any thread but a reader's. */
bool keyring_publish(struct keyring *ring, isize number, struct jwks *keys);

/* Reads a text as the set of a source and publishes it. False after a log line that names the set.
 * `keep`: what is published stays when the text cannot be read at all. */
bool keyring_take(struct keyring *ring, isize number, str text, bool keep);

/* ---- fetch.c ---- */

/* NULL: no thread or no client. */
struct fetcher *fetcher_start(struct keyring *ring);

/* Waits until every set has been tried once, at most that long. */
void fetcher_wait(struct fetcher *fetcher, int64_t wait_ms);

/* A token names a key that the set of this source has not: fetch it soon, but not too often. Any
 * thread, no lock. */
void fetcher_hint(struct fetcher *fetcher, isize number);

/* Fetch everything at once. Any thread. */
void fetcher_refresh(struct fetcher *fetcher);

void fetcher_stop(struct fetcher *fetcher);

/* When to fetch again, by the Cache-Control of a reply: its `max-age`, but at least 15 minutes and at
 * most a day. */
int64_t fetcher_interval_ms(str cache_control);

#endif
