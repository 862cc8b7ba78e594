/* keyring.h — the key sets that tokens are verified with
 *
 *     keyring_open(&ring, &options)      local sets are read; a bad one is logged and stays unusable
 *     keyring_start(ring)                remote sets are fetched, and refreshed by a thread of its own
 *     reader = keyring_reader_new(ring)  one for each thread that reads tokens
 *     keyring_claims(reader, …)          token → claims
 *     keyring_reload(ring)               on SIGHUP: local sets are read again, remote ones fetched
 *
 * A set that cannot be used refuses the tokens that need it; it never stops the service. A local
 * set that was good keeps being used when reading it again fails; a remote one when fetching fails.
 *
 * Readers take no lock: the sets in use are one immutable view behind a pointer, and a reader says
 * which view it holds while it verifies; a replaced view is freed when no reader holds it.
 *
 * spec: cerbos-compat#auxiliary-data; docs/notes/tokens.md
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_AUTH_KEYRING_H
#define CARDEA_AUTH_KEYRING_H

#include "auth/jwt.h"

struct keyring;
struct keyring_reader;

/* Where one set comes from; exactly one of file, data and url is not empty. */
struct key_source {
    str id;             /* by which requests choose it; unique, may be empty   */
    str file;           /* path                                                */
    str data;           /* the set in base64                                   */
    str url;            /* http or https                                       */
    int64_t refresh_ms; /* between two fetches; 0: as the reply says, at least 15 minutes */
    bool pem;           /* file or data is PEM                                 */
    bool optional_alg;  /* as in struct jwks_rules                             */
    bool optional_kid;
};

struct keyring_options {
    bool verify;                      /* false: signatures are not looked at, no set is read    */
    int64_t skew_ms;                  /* tolerance of clocks                                    */
    const struct key_source *sources; /* borrowed for the ring's life, texts and all            */
    isize source_count;
    str ca_file;      /* certificates to trust instead of the system's; or empty */
    str ca_directory; /* the same, a directory                                   */
};

/* Reads the local sets, in the calling thread. ELIMIT: no memory; then *out is NULL. */
cardea_status keyring_open(struct keyring **out, const struct keyring_options *options);

/* Begins to fetch remote sets and waits until each has been tried once, at most KEYRING_WAIT_MS.
 * Without remote sets it does nothing. EUNAVAILABLE: no thread, or no client for HTTP. Once. */
cardea_status keyring_start(struct keyring *ring);

#define KEYRING_WAIT_MS 5000

/* Reads local sets again and asks for remote ones. Any thread but a reader's. */
void keyring_reload(struct keyring *ring);

/* Stops the thread and frees everything. All readers must have been freed. NULL is allowed. */
void keyring_close(struct keyring *ring);

/* A reader for one thread. NULL: no memory. */
struct keyring_reader *keyring_reader_new(struct keyring *ring);
void keyring_reader_free(struct keyring_reader *reader); /* NULL is allowed */

/* The claims of a token, in the arena, or NULL and *why in static words (about the token,
 * without anything of it). key_set_id: which set, empty for the only one. Only the reader's
 * thread; the arena's guard is the caller's. Takes no lock; OpenSSL allocates. */
const struct vmap *keyring_claims(struct keyring_reader *reader, struct arena *arena, str token,
                                  str key_set_id, int64_t now_ns, str *why);

#endif
