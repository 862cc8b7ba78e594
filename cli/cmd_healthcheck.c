/* cmd_healthcheck.c — cardea healthcheck
 *
 * A tiny HTTP client with one deadline for everything: resolve, connect, greet, ask, read the status line. With TLS
 * when the configuration has a certificate, or when the options speak of one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cli/commands.h"

#include "base/clock.h"
#include "base/time.h"
#include "server/tls_client.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const struct option options[] = {
    { "config", 'c', "FILE",
      "configuration of the server to ask (default: as for `cardea server`)" },
    { "set", 0, "KEY=VALUE", "override a key of the configuration" },
    { "host-port", 0, "ADDRESS", "address to ask instead, host:port or unix:/path" },
    { "timeout", 0, "DURATION", "give up after this time (default 2s)" },
    { "kind", 0, "KIND", "only `http` is there" },
    { "ca-cert", 0, "FILE", "use TLS; the server's certificate must be signed by one of these" },
    { "insecure", 0, NULL, "use TLS; believe any certificate" },
    { "no-tls", 0, NULL, "do not use TLS, whatever the configuration says" },
};

struct probe {
    struct arena *arena;
    int64_t deadline_ms;
    str why;                    /* what went wrong */
    bool secure;                /* with TLS        */
    struct tls_trust trust;     /* then            */
    struct tls_client *session; /* then            */
};

static int left_ms(const struct probe *p)
{
    int64_t left = p->deadline_ms - clock_monotonic_ns() / 1000000;
    return left > 0 ? (int)left : 0;
}

static bool fail(struct probe *p, const char *what)
{
    p->why = str_printf(p->arena, "%s: %s", what, strerror(errno));
    return false;
}

/* Waits until the descriptor is ready for `events`. */
static bool wait_for(struct probe *p, int fd, short events)
{
    struct pollfd poll_fd = { .fd = fd, .events = events };
    int ready = poll(&poll_fd, 1, left_ms(p));
    if (ready == 0) {
        p->why = S("no answer in time");
        return false;
    }
    return ready > 0 || fail(p, "poll");
}

static bool finish_connect(struct probe *p, int fd, const struct sockaddr *to, socklen_t len)
{
    if (connect(fd, to, len) == 0) {
        return true;
    }
    if (errno != EINPROGRESS && errno != EAGAIN) {
        return fail(p, "cannot connect");
    }
    int error = 0;
    socklen_t error_len = sizeof error;
    if (!wait_for(p, fd, POLLOUT) ||
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_len) != 0) {
        return false;
    }
    errno = error;
    return error == 0 || fail(p, "cannot connect");
}

static int open_socket(struct probe *p, int family, const struct sockaddr *to, socklen_t len)
{
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        (void)fail(p, "socket");
        return -1;
    }
    if (!finish_connect(p, fd, to, len)) {
        (void)close(fd); /* nothing was sent */
        return -1;
    }
    return fd;
}

static int connect_unix(struct probe *p, str path)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    if (path.len >= (isize)sizeof to.sun_path) {
        p->why = S("path of the socket is too long");
        return -1;
    }
    memcpy(to.sun_path, path.ptr, (size_t)path.len);
    return open_socket(p, AF_UNIX, (const struct sockaddr *)&to, sizeof to);
}

/* A server that listens on all addresses is asked on the loopback one. */
static str host_to_ask(str host)
{
    if (str_starts(host, S("[")) && str_ends(host, S("]"))) {
        host = str_slice(host, 1, host.len - 1);
    }
    if (host.len == 0 || str_eq(host, S("0.0.0.0"))) {
        return S("127.0.0.1");
    }
    return str_eq(host, S("::")) ? S("::1") : host;
}

static int connect_to(struct probe *p, str address)
{
    if (str_starts(address, S("unix:"))) {
        return connect_unix(p, str_slice(address, 5, address.len));
    }
    isize colon = str_rfind(address, S(":"));
    if (colon < 0) {
        p->why = S("the address has no port");
        return -1;
    }
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
    struct addrinfo *found = NULL;
    /* `localhost` is the loopback interface by definition: a bare machine may have no file that says so */
    str host = host_to_ask(str_slice(address, 0, colon));
    int error = getaddrinfo(str_eq(host, S("localhost")) ? NULL : str_to_c(p->arena, host),
                            str_to_c(p->arena, str_slice(address, colon + 1, address.len)), &hints, &found);
    if (error != 0) {
        p->why = str_from_c(gai_strerror(error));
        return -1;
    }
    int fd = -1;
    for (const struct addrinfo *info = found; info != NULL && fd < 0; info = info->ai_next) {
        fd = open_socket(p, info->ai_family, info->ai_addr, info->ai_addrlen);
    }
    freeaddrinfo(found);
    return fd;
}

/* Waits for what a session waits for. False: it failed, or there is no more time. */
static bool wait_for_session(struct probe *p, int fd, short events)
{
    if (events == 0) {
        p->why = tls_client_reason(p->session, p->arena);
        return false;
    }
    return wait_for(p, fd, events);
}

static bool greet(struct probe *p, int fd, str address)
{
    str host = host_to_ask(str_slice(address, 0, str_rfind(address, S(":"))));
    p->session = tls_client_new(fd, &p->trust, str_to_c(p->arena, host), p->arena, &p->why);
    if (p->session == NULL) {
        return false;
    }
    for (short events; tls_client_greet(p->session, &events) <= 0;) {
        if (!wait_for_session(p, fd, events)) {
            return false;
        }
    }
    return true;
}

static bool send_all(struct probe *p, int fd, str text)
{
    if (p->session != NULL) {
        for (short events; tls_client_write(p->session, text, &events) <= 0;) {
            if (!wait_for_session(p, fd, events)) {
                return false;
            }
        }
        return true;
    }
    if (!wait_for(p, fd, POLLOUT)) {
        return false;
    }
    return send(fd, text.ptr, (size_t)text.len, MSG_NOSIGNAL) == text.len || fail(p, "cannot send");
}

/* As recv(), once there is something. */
static ssize_t receive(struct probe *p, int fd, char *to, size_t room)
{
    if (p->session != NULL) {
        int n;
        for (short events; (n = tls_client_read(p->session, to, (isize)room, &events)) <= 0;) {
            if (!wait_for_session(p, fd, events)) {
                return -1;
            }
        }
        return n;
    }
    return wait_for(p, fd, POLLIN) ? recv(fd, to, room, 0) : -1;
}

/* Asks and reads the status. */
static bool ask(struct probe *p, int fd)
{
    static const char request[] =
        "GET /_cerbos/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    if (!send_all(p, fd, (str){ request, sizeof request - 1 })) {
        return false;
    }
    char line[64];
    size_t len = 0;
    while (len < 12) { /* HTTP/1.1 200 */
        ssize_t n = receive(p, fd, line + len, sizeof line - len);
        if (n <= 0 && p->why.len > 0) {
            return false;
        }
        if (n <= 0) {
            p->why = S("the connection was closed without an answer");
            return false;
        }
        len += (size_t)n;
    }
    str status = { line + 9, 3 };
    if (memcmp(line, "HTTP/1.", 7) != 0) {
        p->why = S("the answer is not HTTP");
        return false;
    }
    if (!str_eq(status, S("200"))) {
        p->why = str_printf(p->arena, "the answer is %.*s", STR_ARG(status));
        return false;
    }
    return true;
}

/* With or without TLS, and whom to believe. */
static void settle_tls(const struct args *args, struct probe *probe, const struct config *config)
{
    probe->trust.ca = args_get(args, "ca-cert");
    probe->trust.anything = args_get(args, "insecure").ptr != NULL;
    probe->trust.cert = config != NULL ? config->tls_cert : STR_EMPTY;
    probe->secure = args_get(args, "no-tls").ptr == NULL &&
                    (probe->trust.ca.len > 0 || probe->trust.anything || probe->trust.cert.len > 0);
}

static int run(const struct args *args)
{
    str kind = args_get(args, "kind");
    if (kind.ptr != NULL && !str_eq(kind, S("http"))) {
        return args_mistake(args->command, "only `--kind http` is there");
    }
    int64_t timeout_ns = 2000000000;
    str timeout = args_get(args, "timeout");
    if (timeout.ptr != NULL && (!time_parse_duration(timeout, &timeout_ns) || timeout_ns <= 0)) {
        return args_mistake(args->command, "`%.*s` is no duration; write for example 2s",
                            STR_ARG(timeout));
    }
    str address = args_get(args, "host-port");
    bool configured = address.ptr == NULL;
    struct config config;
    if (configured) {
        int code = load_config(args, config_path(args), &config);
        if (code != EXIT_OK) {
            return code;
        }
        address = config.listen_addr;
    }
    struct probe probe = { .arena = args->arena,
                           .deadline_ms = (clock_monotonic_ns() + timeout_ns) / 1000000,
                           .why = STR_EMPTY };
    settle_tls(args, &probe, configured ? &config : NULL);
    int fd = connect_to(&probe, address);
    bool healthy = fd >= 0 && (!probe.secure || greet(&probe, fd, address)) && ask(&probe, fd);
    tls_client_free(probe.session);
    if (fd >= 0) {
        (void)close(fd); /* the answer has been read */
    }
    if (!healthy) {
        (void)fprintf(stderr, "cardea: %.*s is not healthy: %.*s\n", STR_ARG(address),
                      STR_ARG(probe.why));
        return EXIT_FAILED;
    }
    return EXIT_OK;
}

const struct command cmd_healthcheck = {
    .name = "healthcheck",
    .alias = "hc",
    .arguments = "",
    .summary = "ask a running server whether it is healthy",
    .details = "Examples:\n"
               "  cardea healthcheck\n"
               "  cardea healthcheck --host-port 127.0.0.1:3592 --timeout 500ms\n"
               "  cardea healthcheck --host-port pdp.example:3592 --ca-cert ca.pem\n\n"
               "With a configuration that has a certificate, TLS is used and just that certificate "
               "is believed.\n\n"
               "Exit code: 0 healthy, 1 not healthy or no answer, 2 wrong usage.\n",
    .options = options,
    .option_count = (int)countof(options),
    .run = run,
};
