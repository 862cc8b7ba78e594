/* tls_client.c — the client's side of TLS, for the health check
 *
 * With the server's own configuration at hand the certificate in its file is the only one that is believed; no
 * authority and no name is needed then.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/tls_client.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdint.h>

static bool set_trust(SSL_CTX *ctx, const struct tls_trust *trust, struct arena *arena)
{
    if (trust->anything) {
        return true;
    }
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    if (trust->ca.len > 0) {
        return SSL_CTX_load_verify_locations(ctx, str_to_c(arena, trust->ca), NULL) == 1;
    }
    if (trust->cert.len > 0) {
        /* a certificate that is in the store is believed without those above it */
        return X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx), X509_V_FLAG_PARTIAL_CHAIN) ==
                   1 &&
               SSL_CTX_load_verify_locations(ctx, str_to_c(arena, trust->cert), NULL) == 1;
    }
    return SSL_CTX_set_default_verify_paths(ctx) == 1;
}

static bool set_name(SSL *session, const struct tls_trust *trust, const char *host)
{
    if (trust->anything || (trust->ca.len == 0 && trust->cert.len > 0)) {
        return true;
    }
    X509_VERIFY_PARAM *param = SSL_get0_param(session);
    if (X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1) {
        return true;
    }
    return SSL_set_tlsext_host_name(session, host) == 1 && SSL_set1_host(session, host) == 1;
}

/* The session of the library is all there is. */
static SSL *session_of(const struct tls_client *client)
{
    return (SSL *)(uintptr_t)client;
}

static str reason_of_queue(struct arena *arena)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    return str_printf(arena, "TLS: %s", reason != NULL ? reason : "the connection was closed");
}

struct tls_client *tls_client_new(int fd, const struct tls_trust *trust, const char *host,
                                  struct arena *arena, str *why)
{
    ERR_clear_error();
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *session = NULL;
    if (ctx != NULL && SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
        set_trust(ctx, trust, arena)) {
        session = SSL_new(ctx);
    }
    SSL_CTX_free(ctx); /* the session holds it */
    if (session != NULL && SSL_set_fd(session, fd) == 1 && set_name(session, trust, host)) {
        SSL_set_connect_state(session);
        return (struct tls_client *)session;
    }
    *why = reason_of_queue(arena);
    SSL_free(session);
    return NULL;
}

static int step(struct tls_client *client, int n, short *waits)
{
    *waits = 0;
    if (n <= 0) {
        int error = SSL_get_error(session_of(client), n);
        *waits = error == SSL_ERROR_WANT_READ    ? POLLIN
                 : error == SSL_ERROR_WANT_WRITE ? POLLOUT
                                                 : 0;
    }
    return n;
}

int tls_client_greet(struct tls_client *client, short *waits)
{
    ERR_clear_error();
    return step(client, SSL_do_handshake(session_of(client)), waits);
}

int tls_client_write(struct tls_client *client, str text, short *waits)
{
    ERR_clear_error();
    return step(client, SSL_write(session_of(client), text.ptr, (int)text.len), waits);
}

int tls_client_read(struct tls_client *client, char *to, isize room, short *waits)
{
    ERR_clear_error();
    return step(client, SSL_read(session_of(client), to, (int)room), waits);
}

str tls_client_reason(const struct tls_client *client, struct arena *arena)
{
    long verdict = SSL_get_verify_result(session_of(client));
    if (verdict != X509_V_OK) {
        return str_printf(arena, "its certificate is not believed: %s",
                          X509_verify_cert_error_string(verdict));
    }
    return reason_of_queue(arena);
}

void tls_client_free(struct tls_client *client)
{
    SSL_free(session_of(client));
}
