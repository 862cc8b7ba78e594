/* address.c — listening on a written address
 *
 * The socket is bound without SO_REUSEPORT on purpose: a second server on the same port must fail
 * and not share the traffic.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/address.h"

#include "base/num.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 1024

static int fail(int fd, struct arena *arena, str *why, const char *what, str address)
{
    *why = str_printf(arena, "%s %.*s: %s", what, STR_ARG(address), strerror(errno));
    if (fd >= 0) {
        (void)close(fd); /* nothing could be done about an error */
    }
    return -1;
}

/* ---- Unix sockets ---- */

/* Is anybody listening at the path? */
static bool in_use(const struct sockaddr_un *to)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool used = fd >= 0 && connect(fd, (const struct sockaddr *)to, sizeof *to) == 0;
    if (fd >= 0) {
        (void)close(fd); /* only used to ask */
    }
    return used;
}

static bool remove_old(const struct sockaddr_un *at)
{
    struct stat st;
    if (lstat(at->sun_path, &st) != 0) {
        return errno == ENOENT;
    }
    if (!S_ISSOCK(st.st_mode) || in_use(at)) {
        errno = EADDRINUSE;
        return false;
    }
    return unlink(at->sun_path) == 0;
}

static int listen_unix(struct arena *arena, str path, int mode, char **socket_path, str *why)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    if (path.len == 0 || path.len >= (isize)sizeof at.sun_path) {
        *why = str_printf(arena, "path of a Unix socket must have 1 to %d bytes",
                          (int)sizeof at.sun_path - 1);
        return -1;
    }
    memcpy(at.sun_path, path.ptr, (size_t)path.len);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || !remove_old(&at) || bind(fd, (const struct sockaddr *)&at, sizeof at) != 0) {
        return fail(fd, arena, why, "cannot bind", path);
    }
    if (chmod(at.sun_path, (mode_t)mode) != 0 || listen(fd, BACKLOG) != 0) {
        return fail(fd, arena, why, "cannot listen on", path);
    }
    *socket_path = str_to_c(arena, path);
    return fd;
}

/* ---- TCP ---- */

static bool split(str address, str *host, str *port)
{
    isize colon = str_rfind(address, S(":"));
    if (colon < 0) {
        return false;
    }
    *host = str_slice(address, 0, colon);
    *port = str_slice(address, colon + 1, address.len);
    bool bracket = str_starts(*host, S("[")) && str_ends(*host, S("]"));
    if (bracket) {
        *host = str_slice(*host, 1, host->len - 1);
    }
    uint64_t number;
    return (bracket || str_find_byte(*host, ':') < 0) && num_parse_uint(*port, &number) &&
           number <= 65535;
}

static str describe(struct arena *arena, int fd, str fallback)
{
    struct sockaddr_storage at;
    socklen_t len = sizeof at;
    char host[INET6_ADDRSTRLEN];
    char port[8];
    if (getsockname(fd, (struct sockaddr *)&at, &len) != 0 ||
        getnameinfo((struct sockaddr *)&at, len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        return fallback;
    }
    return str_printf(arena, at.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

static int listen_one(const struct addrinfo *info, bool any)
{
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    int on = 1;
    int off = 0;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on,
                     sizeof on); /* at worst the port rests a minute */
    if (info->ai_family == AF_INET6 && any) {
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off,
                         sizeof off); /* then only IPv6 is served */
    }
    if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0) {
        return fd;
    }
    int error = errno;
    (void)close(fd); /* the reason is that of bind or listen */
    errno = error;
    return -1;
}

static int listen_tcp(struct arena *arena, str address, str *bound, str *why)
{
    str host;
    str port;
    if (!split(address, &host, &port)) {
        *why = str_printf(arena,
                          "`%.*s` is no address: write host:port, [v6]:port, :port or unix:/path",
                          STR_ARG(address));
        return -1;
    }
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
    struct addrinfo *found = NULL;
    int error = getaddrinfo(host.len > 0 ? str_to_c(arena, host) : NULL, str_to_c(arena, port),
                            &hints, &found);
    if (error != 0) {
        *why = str_printf(arena, "cannot resolve %.*s: %s", STR_ARG(address), gai_strerror(error));
        return -1;
    }
    int fd = -1;
    errno = EADDRNOTAVAIL;
    /* all addresses: the IPv6 one serves IPv4 as well, so it is tried first */
    for (int pass = 0; pass < 2 && fd < 0; pass++) {
        for (const struct addrinfo *info = found; info != NULL && fd < 0; info = info->ai_next) {
            bool first = host.len > 0 || info->ai_family == AF_INET6;
            if (first == (pass == 0)) {
                fd = listen_one(info, host.len == 0);
            }
        }
        if (fd < 0 && errno == EADDRINUSE) {
            break;
        }
    }
    if (fd < 0) {
        (void)fail(-1, arena, why, "cannot listen on", address);
    } else {
        *bound = describe(arena, fd, address);
    }
    freeaddrinfo(found);
    return fd;
}

int address_listen(struct arena *arena, str address, int socket_mode, str *bound,
                   char **socket_path, str *why)
{
    *socket_path = NULL;
    *bound = address;
    if (str_starts(address, S("unix:"))) {
        return listen_unix(arena, str_slice(address, 5, address.len), socket_mode, socket_path,
                           why);
    }
    return listen_tcp(arena, address, bound, why);
}
