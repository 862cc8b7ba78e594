/* tls.h — TLS over non-blocking descriptors
 *
 * A certificate, its key and perhaps the authorities of client certificates, read from files and read again when they
 * change or when somebody asks. A set that cannot be used leaves the one before in place. Connections keep the set
 * with which they began.
 *
 *     tls_open(&tls, &options, arena, &why)     the files must be good
 *     tls_start(tls)                            follow them
 *     session = tls_accept(tls, fd)             each connection
 *     tls_handshake, tls_read, tls_write, tls_end
 *     tls_close(tls)                            after all sessions
 *
 * TLS 1.2 and 1.3; no renegotiation, no compression, forward secrecy only; of application protocols HTTP/1.1.
 * The memory of a session is taken when it begins, not while data flows.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_SERVER_TLS_H
#define CARDEA_SERVER_TLS_H

#include "base/str.h"

#include <openssl/ssl.h>
#include <sys/types.h>

struct tls;

struct tls_options {
    str cert; /* file with the chain, PEM, the server's certificate first; empty: no TLS            */
    str key; /* file with its private key, PEM, without a password                                 */
    str ca; /* file with authorities: a client's certificate is verified if it shows one; or empty */
};

/* Reads the files. EINVALID with *why (in the arena) when they cannot be used. */
cardea_status tls_open(struct tls **out, const struct tls_options *options, struct arena *arena,
                       str *why);

/* Starts the thread that follows the files. EUNAVAILABLE: no thread. */
cardea_status tls_start(struct tls *tls);

/* Asks that thread to read the files now. Any thread. */
void tls_reload(struct tls *tls);

/* Ends the thread and frees everything. NULL is allowed. */
void tls_close(struct tls *tls);

/* ---- sessions: one thread each ---- */

/* A session over a connected descriptor, which stays the caller's. NULL: no memory. Any thread. */
SSL *tls_accept(struct tls *tls, int fd);

enum tls_step {
    TLS_DONE,   /* the handshake is complete                                    */
    TLS_READS,  /* go on when the descriptor is readable                        */
    TLS_WRITES, /* go on when it is writable                                    */
    TLS_PLAIN,  /* the peer speaks HTTP without TLS                             */
    TLS_FAILED, /* end the connection                                           */
};

enum tls_step tls_handshake(SSL *session);

/* As recv() and send() on a non-blocking socket: -1 with EAGAIN when it has to wait. *writes: it waits until the
 * descriptor is writable, also when it was to read. tls_write sends as much as the descriptor takes; after EAGAIN it
 * must be called again with the same bytes, which may have moved. */
ssize_t tls_read(SSL *session, char *to, isize room, bool *writes);
ssize_t tls_write(SSL *session, const char *from, isize len);

/* Are there bytes to read that the descriptor does not announce? */
bool tls_pending(const SSL *session);

/* Says goodbye once, without waiting. */
void tls_goodbye(SSL *session);

/* Frees a session. NULL is allowed. */
void tls_end(SSL *session);

#endif
