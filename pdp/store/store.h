/* store.h — where policies come from, and the set that is being served
 *
 * A store keeps one snapshot published: the last set of policies that compiled. Workers read it
 * through a reader of their own; the control thread behind this door watches, compiles, verifies
 * and publishes, all or nothing. A change that does not compile leaves the published set alone and
 * makes the store *degraded*.
 *
 * Publication (architecture §7): a reader holds one reference. At a request boundary it compares
 * one pointer; only when the pointer has changed it takes the lock and swaps. The control thread
 * keeps its own reference to an old snapshot until no reader holds it, so memory is given back
 * there and never on a worker.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_STORE_STORE_H
#define CARDEA_STORE_STORE_H

#include "base/diag.h"
#include "engine/engine.h"

struct store;
struct store_reader;

struct store_options {
    str directory;           /* root of the policies, as given                                  */
    bool watch;              /* follow changes                                                  */
    int64_t settle_ms;       /* quiet time after the last change before it is read              */
    int64_t scan_ms;         /* how often to look for changes that nothing announced; when      */
                             /* changes cannot be announced at all, poll_ms is used             */
    int64_t poll_ms;         /* how often to look when the system announces nothing             */
    int64_t max_files;       /* most policy and schema files                                    */
    int64_t max_file_bytes;  /* largest file                                                    */
    int64_t max_total_bytes; /* all files together                                              */
    struct engine_options engine; /* how decisions are made; borrowed for the store's life */
};

/* What is being served, and how well. */
struct store_state {
    isize policies;      /* documents that take part                                        */
    isize rules;         /* rules as written                                                */
    char revision[17];   /* 16 hex digits, terminated                                       */
    uint64_t generation; /* 1 for the first set, one more for each later one                */
    int64_t loaded_s;    /* when it was published, seconds since 1970                       */
    bool degraded;       /* a later change could not be taken                               */
    int64_t degraded_s;  /* since when, seconds since 1970                                  */
    char reason[200];    /* why, in one line without the policies' content; terminated      */
};

/* Reads the directory, compiles it and publishes the first set, all in the calling thread. options
 * is copied, what it points to is borrowed. On failure *out is NULL, diags has the reasons (its
 * arena lives on with the caller) and nothing needs closing. EINVALID: the policies are wrong; EIO,
 * ELIMIT as they say. */
cardea_status store_open(struct store **out, const struct store_options *options,
                         struct diags *diags);

/* Starts the control thread: watching, reloads, freeing of old sets. EUNAVAILABLE: no thread. */
cardea_status store_start(struct store *store);

/* Asks the control thread to read everything anew, also when nothing seems to have changed. Any
 * thread. */
void store_reload(struct store *store);

/* Stops the control thread and frees everything. All readers must have been freed. */
void store_close(struct store *store);

void store_state(struct store *store, struct store_state *out); /* any thread; takes the lock */

/* A reader for one worker. wake_fd: an eventfd that is written to when a new set is published, so
 * that an idle worker lets the old one go; borrowed until the reader is freed. NULL: no memory.
 * Start-up only. */
struct store_reader *store_reader_new(struct store *store, int wake_fd);

/* The published set, valid until this reader's next call. Never NULL. Only the owner of the reader.
 * */
const struct snapshot *store_reader_get(struct store_reader *reader);

void store_reader_free(struct store_reader *reader);

#endif
