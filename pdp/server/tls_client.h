/* tls_client.h — the client's side of TLS, for the health check
 *
 * Over a connected, non-blocking descriptor, which stays the caller's. A step that returns nothing says what to wait
 * for; then it is called again.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_SERVER_TLS_CLIENT_H
#define CARDEA_SERVER_TLS_CLIENT_H

#include "base/str.h"

struct tls_client;

/* Whom to believe. */
struct tls_trust {
    str ca;        /* file with authorities; the name must fit too. Empty: see below              */
    str cert;      /* file with the certificate that must be shown; empty: what the system trusts */
    bool anything; /* believe everybody                                                           */
};

/* host is the name or the address that the server's certificate must have. NULL with *why, in the arena. */
struct tls_client *tls_client_new(int fd, const struct tls_trust *trust, const char *host,
                                  struct arena *arena, str *why);

/* The handshake; sending; receiving. Above 0: it is done, that many bytes. Otherwise *waits is POLLIN or POLLOUT, or 0
 * when it failed. */
int tls_client_greet(struct tls_client *client, short *waits);
int tls_client_write(struct tls_client *client, str text, short *waits);
int tls_client_read(struct tls_client *client, char *to, isize room, short *waits);

/* Why the last step failed, in words. */
str tls_client_reason(const struct tls_client *client, struct arena *arena);

/* NULL is allowed. */
void tls_client_free(struct tls_client *client);

#endif
