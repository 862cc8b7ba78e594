/* api_metrics.c — GET /_cerbos/metrics
 *
 * Gathers what the workers have counted and the facts of the moment. Not on the path of a check: reading the size of
 * the process asks the system.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/route.h"
#include "server/server_priv.h"

#include "base/num.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Pages of memory from /proc/self/statm: all, and those that are resident. Zero when the system does not say. */
static void read_pages(int64_t *all, int64_t *resident)
{
    char text[64];
    ssize_t n = 0;
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        n = read(fd, text, sizeof text);
        (void)close(fd); /* it was only read */
    }
    str rest = { text, n > 0 ? (isize)n : 0 };
    str word;
    (void)str_cut(rest, ' ', &word, &rest);
    (void)num_parse_int(word, false, all);
    (void)str_cut(rest, ' ', &word, &rest);
    (void)num_parse_int(word, false, resident);
}

static int64_t microseconds(struct timeval t)
{
    return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

static void add_process(struct metrics_facts *facts)
{
    struct rusage usage;
    struct rlimit limit;
    int64_t page = sysconf(_SC_PAGESIZE);
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        facts->cpu_us = microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        facts->max_fds = (int64_t)limit.rlim_cur;
    }
    read_pages(&facts->virtual_bytes, &facts->resident_bytes);
    facts->virtual_bytes *= page;
    facts->resident_bytes *= page;
}

void api_metrics(struct worker *worker, const struct exchange *exchange, struct reply *reply)
{
    (void)exchange;
    struct server *server = worker->server;
    struct store_state state;
    store_state(server->store, &state);
    struct metrics_facts facts = { .policies = state.policies,
                                   .rules = state.rules,
                                   .loaded_ms = state.loaded_s * 1000,
                                   .generation = (int64_t)state.generation,
                                   .degraded = state.degraded,
                                   .workers = server->worker_count,
                                   .started_ms = server->started_ms,
                                   .one = 1 };
    struct metrics *sum = new(&worker->arena, struct metrics, 1);
    for (int i = 0; i < server->worker_count; i++) {
        metrics_sum(sum, &server->workers[i].metrics);
        facts.open_connections +=
            atomic_load_explicit(&server->workers[i].conn_count, memory_order_relaxed);
    }
    add_process(&facts);
    reply->type = REPLY_METRICS;
    struct sb page = sb_new(&worker->arena);
    metrics_write(&page, sum, &facts);
    sb_add(reply->out, sb_str(&page));
}
