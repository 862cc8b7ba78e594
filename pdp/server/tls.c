/* tls.c — TLS over non-blocking descriptors
 *
 * The set in use is one counted SSL_CTX behind a lock that is taken once for each new connection. A thread looks at
 * the files every second; what has changed is read when it has been quiet for one look, so that a certificate and
 * its key may be replaced one after the other.
 *
 * OpenSSL's queue of errors belongs to the thread: it is emptied before each call whose error is looked at.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/tls.h"

#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#define LOOK_S 1 /* how often the files are looked at */

/* With TLS 1.2, as 1.3 has it: a fresh key for each session and authenticated encryption. */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"

#define FILES 3

/* What a file looked like. */
struct stamp {
    bool there;
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
};

struct tls {
    char *paths[FILES]; /* certificate, key, authorities or NULL; owned               */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    bool started;             /* the thread runs; only its starter looks at it              */
    bool asked;               /* under the lock: read the files now                         */
    bool ending;              /* under the lock                                             */
    SSL_CTX *ctx;             /* under the lock: the set in use                             */
    struct stamp used[FILES]; /* of the thread: the files of the last attempt         */
};

/* ---- a set ---- */

/* Nobody is there to type a password. */
static int no_password(char *to, int size, int writing, void *data)
{
    (void)to;
    (void)size;
    (void)writing;
    (void)data;
    return 0;
}

static int choose_protocol(SSL *session, const unsigned char **out, unsigned char *out_len,
                           const unsigned char *offer, unsigned offer_len, void *data)
{
    (void)session;
    (void)data;
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *chosen;
    if (SSL_select_next_proto(&chosen, out_len, ours, sizeof ours - 1, offer, offer_len) !=
        OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static bool set_rules(SSL_CTX *ctx)
{
    static const unsigned char context[] = "cardea";
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_default_passwd_cb(ctx, no_password);
    SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
    return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(ctx, CIPHERS) == 1 &&
           SSL_CTX_set_session_id_context(ctx, context, sizeof context - 1) == 1;
}

static bool set_authorities(SSL_CTX *ctx, const char *path)
{
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(path);
    if (names == NULL || SSL_CTX_load_verify_locations(ctx, path, NULL) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return false;
    }
    SSL_CTX_set_client_CA_list(ctx, names); /* takes the names over */
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    return true;
}

/* The set of the files, or NULL; *what names the file, and OpenSSL's queue has the reason. */
static SSL_CTX *read_set(const struct tls *tls, const char **what)
{
    ERR_clear_error();
    *what = "";
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (ctx == NULL || !set_rules(ctx)) {
        *what = "OpenSSL";
    } else if (SSL_CTX_use_certificate_chain_file(ctx, tls->paths[0]) != 1) {
        *what = tls->paths[0];
    } else if (SSL_CTX_use_PrivateKey_file(ctx, tls->paths[1], SSL_FILETYPE_PEM) != 1 ||
               SSL_CTX_check_private_key(ctx) != 1) {
        *what = tls->paths[1];
    } else if (tls->paths[2] != NULL && !set_authorities(ctx, tls->paths[2])) {
        *what = tls->paths[2];
    } else {
        return ctx;
    }
    SSL_CTX_free(ctx);
    return NULL;
}

static str reason(struct arena *arena, const char *what)
{
    char text[160];
    ERR_error_string_n(ERR_peek_last_error(), text, sizeof text);
    ERR_clear_error();
    str whole = str_from_c(text); /* error:number:library:function:reason */
    return str_printf(arena, "cannot use %s for TLS: %.*s", what,
                      STR_ARG(str_slice(whole, str_rfind(whole, S(":")) + 1, whole.len)));
}

/* ---- following the files ---- */

static void look(const struct tls *tls, struct stamp stamps[FILES])
{
    memset(stamps, 0, FILES * sizeof *stamps);
    for (int i = 0; i < FILES; i++) {
        struct stat st;
        if (tls->paths[i] != NULL && stat(tls->paths[i], &st) == 0) {
            stamps[i].there = true;
            stamps[i].device = st.st_dev;
            stamps[i].inode = st.st_ino;
            stamps[i].size = st.st_size;
            stamps[i].changed = st.st_mtim;
        }
    }
}

static bool same(const struct stamp a[FILES], const struct stamp b[FILES])
{
    for (int i = 0; i < FILES; i++) {
        if (a[i].there != b[i].there || a[i].device != b[i].device || a[i].inode != b[i].inode ||
            a[i].size != b[i].size || a[i].changed.tv_sec != b[i].changed.tv_sec ||
            a[i].changed.tv_nsec != b[i].changed.tv_nsec) {
            return false;
        }
    }
    return true;
}

static void log_reason(const char *what)
{
    struct arena arena;
    jmp_buf env;
    arena_init(&arena, 1024, 64 * 1024);
    arena_guard_set(&arena, &env);
    if (setjmp(env) == 0) {
        str why = reason(&arena, what);
        log_error("server", "%.*s; the certificate before stays in use", STR_ARG(why));
    } else {
        log_error("server", "no memory to read the certificate again; the one before stays in use");
    }
    arena_free(&arena);
}

/* Reads the files and puts them to use if they are good. */
static void renew(struct tls *tls)
{
    const char *what;
    SSL_CTX *ctx = read_set(tls, &what);
    if (ctx == NULL) {
        log_reason(what);
        return;
    }
    (void)pthread_mutex_lock(&tls->lock); /* fails only for a lock that is none */
    SSL_CTX *old = tls->ctx;
    tls->ctx = ctx;
    (void)pthread_mutex_unlock(&tls->lock);
    SSL_CTX_free(old); /* sessions hold what they use */
    log_info("server", "the certificate for TLS was read again");
}

/* Waits until it is time to look, or until somebody asks (*asked). False: the thread is to end. */
static bool wait_for_turn(struct tls *tls, bool *asked)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until); /* cannot fail on this clock */
    until.tv_sec += LOOK_S;
    (void)pthread_mutex_lock(&tls->lock);
    int status = 0;
    while (!tls->ending && !tls->asked && status == 0) {
        status = pthread_cond_timedwait(&tls->wake, &tls->lock, &until);
    }
    *asked = tls->asked;
    tls->asked = false;
    bool go_on = !tls->ending;
    (void)pthread_mutex_unlock(&tls->lock);
    return go_on;
}

static void *follow(void *arg)
{
    struct tls *tls = arg;
    struct stamp before[FILES];
    memcpy(before, tls->used, sizeof before);
    bool asked;
    while (wait_for_turn(tls, &asked)) {
        struct stamp now[FILES];
        look(tls, now);
        if (asked || (same(now, before) && !same(now, tls->used))) {
            memcpy(tls->used, now, sizeof now);
            renew(tls);
        }
        memcpy(before, now, sizeof now);
    }
    OPENSSL_thread_stop();
    return NULL;
}

/* ---- life ---- */

static bool copy_paths(struct tls *tls, const struct tls_options *options)
{
    const str paths[FILES] = { options->cert, options->key, options->ca };
    for (int i = 0; i < FILES; i++) {
        if (paths[i].len > 0 &&
            (tls->paths[i] = strndup(paths[i].ptr, (size_t)paths[i].len)) == NULL) {
            return false;
        }
    }
    return true;
}

static bool make_waker(struct tls *tls)
{
    pthread_condattr_t attr;
    if (pthread_condattr_init(&attr) != 0) {
        return false;
    }
    bool made = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
                pthread_cond_init(&tls->wake, &attr) == 0;
    (void)pthread_condattr_destroy(&attr); /* cannot fail */
    return made;
}

cardea_status tls_open(struct tls **out, const struct tls_options *options, struct arena *arena,
                       str *why)
{
    *out = NULL;
    *why = S("no memory for TLS");
    struct tls *tls = calloc(1, sizeof *tls);
    if (tls == NULL) {
        return CARDEA_ELIMIT;
    }
    if (pthread_mutex_init(&tls->lock, NULL) != 0 || !make_waker(tls) ||
        !copy_paths(tls, options)) {
        tls_close(tls);
        return CARDEA_ELIMIT;
    }
    const char *what;
    look(tls, tls->used);
    tls->ctx = read_set(tls, &what);
    if (tls->ctx == NULL) {
        *why = reason(arena, what);
        tls_close(tls);
        return CARDEA_EINVALID;
    }
    *out = tls;
    return CARDEA_OK;
}

cardea_status tls_start(struct tls *tls)
{
    tls->started = pthread_create(&tls->thread, NULL, follow, tls) == 0;
    return tls->started ? CARDEA_OK : CARDEA_EUNAVAILABLE;
}

static void tell(struct tls *tls, bool *flag)
{
    (void)pthread_mutex_lock(&tls->lock);
    *flag = true;
    (void)pthread_cond_signal(&tls->wake);
    (void)pthread_mutex_unlock(&tls->lock);
}

void tls_reload(struct tls *tls)
{
    tell(tls, &tls->asked);
}

void tls_close(struct tls *tls)
{
    if (tls == NULL) {
        return;
    }
    if (tls->started) {
        tell(tls, &tls->ending);
        (void)pthread_join(tls->thread, NULL); /* fails only for a thread that is none */
    }
    SSL_CTX_free(tls->ctx);
    (void)pthread_mutex_destroy(&tls->lock);
    (void)pthread_cond_destroy(&tls->wake);
    for (int i = 0; i < FILES; i++) {
        free(tls->paths[i]);
    }
    free(tls);
}

/* ---- sessions ---- */

SSL *tls_accept(struct tls *tls, int fd)
{
    (void)pthread_mutex_lock(&tls->lock);
    SSL *session = SSL_new(tls->ctx);
    (void)pthread_mutex_unlock(&tls->lock);
    if (session != NULL && SSL_set_fd(session, fd) != 1) {
        SSL_free(session);
        session = NULL;
    }
    if (session != NULL) {
        SSL_set_accept_state(session);
    }
    ERR_clear_error();
    return session;
}

enum tls_step tls_handshake(SSL *session)
{
    ERR_clear_error();
    int status = SSL_do_handshake(session);
    if (status == 1) {
        return TLS_DONE;
    }
    switch (SSL_get_error(session, status)) {
    case SSL_ERROR_WANT_READ:
        return TLS_READS;
    case SSL_ERROR_WANT_WRITE:
        return TLS_WRITES;
    default:
        break;
    }
    bool plain = ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST;
    ERR_clear_error();
    return plain ? TLS_PLAIN : TLS_FAILED;
}

static int length(isize len)
{
    return len < INT_MAX ? (int)len : INT_MAX;
}

ssize_t tls_read(SSL *session, char *to, isize room, bool *writes)
{
    *writes = false;
    ERR_clear_error();
    int n = SSL_read(session, to, length(room));
    if (n > 0) {
        return n;
    }
    switch (SSL_get_error(session, n)) {
    case SSL_ERROR_WANT_WRITE:
        *writes = true;
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_WANT_READ:
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        ERR_clear_error();
        errno = ECONNRESET;
        return -1;
    }
}

ssize_t tls_write(SSL *session, const char *from, isize len)
{
    isize sent = 0;
    while (sent < len) {
        ERR_clear_error();
        int n = SSL_write(session, from + sent, length(len - sent));
        if (n > 0) {
            sent += n;
            continue;
        }
        if (SSL_get_error(session, n) == SSL_ERROR_WANT_WRITE) {
            break;
        }
        ERR_clear_error(); /* without renegotiation there is nothing to read first */
        errno = ECONNRESET;
        return -1;
    }
    if (sent == 0) {
        errno = EAGAIN;
        return -1;
    }
    return sent;
}

bool tls_pending(const SSL *session)
{
    return SSL_has_pending(session) != 0;
}

void tls_goodbye(SSL *session)
{
    ERR_clear_error();
    if (SSL_is_init_finished(session)) {
        (void)SSL_shutdown(
            session); /* the peer's goodbye is not waited for; an error says that there is no peer */
    }
    ERR_clear_error();
}

void tls_end(SSL *session)
{
    SSL_free(session);
}
