/* metrics.h — numbers for operators
 *
 * Each worker counts for itself, without locks: its counters are written by it alone and read by whoever writes the
 * page, so a page is the sum of what the workers had counted a moment ago. metrics.def has every number.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_SERVER_METRICS_H
#define CARDEA_SERVER_METRICS_H

#include "base/str.h"

#include <stdatomic.h>

/* A number that one thread writes and any may read. */
struct counter {
    _Atomic int64_t n;
};

static inline void counter_add(struct counter *counter, int64_t by)
{
    int64_t n = atomic_load_explicit(&counter->n, memory_order_relaxed);
    atomic_store_explicit(&counter->n, n + by, memory_order_relaxed);
}

static inline int64_t counter_get(const struct counter *counter)
{
    return atomic_load_explicit(&counter->n, memory_order_relaxed);
}

#define METRICS_METHODS  8  /* enum http_method */
#define METRICS_STATUSES 18 /* those in metrics.c, and all others */

/* Cells of a histogram: the sum, one for each bound, one for what is above. */
#define METRICS_CELLS_MILLISECONDS (1 + 40 + 1)
#define METRICS_CELLS_BATCH        (1 + 22 + 1)
#define METRICS_CELLS_SECONDS      (1 + 14 + 1)
#define METRICS_CELLS_BYTES        (1 + 15 + 1)

/* Counters only, so that two of these add up cell by cell. */
struct metrics {
#define COUNTER(member, name, labels, help)           struct counter member;
#define HISTOGRAM(member, name, labels, bounds, help) struct counter member[METRICS_CELLS_##bounds];
#define BY_RESPONSE(member, name, bounds, help)                                                    \
    struct counter member[METRICS_METHODS][METRICS_STATUSES][METRICS_CELLS_##bounds];
#define GAUGE(member, name, labels, type, unit, help)
#include "server/metrics.def"
#undef COUNTER
#undef HISTOGRAM
#undef BY_RESPONSE
#undef GAUGE
};

/* Facts of the moment. */
struct metrics_facts {
#define COUNTER(member, name, labels, help)
#define HISTOGRAM(member, name, labels, bounds, help)
#define BY_RESPONSE(member, name, bounds, help)
#define GAUGE(member, name, labels, type, unit, help) int64_t member;
#include "server/metrics.def"
#undef COUNTER
#undef HISTOGRAM
#undef BY_RESPONSE
#undef GAUGE
};

/* Counts a check request with its resources; took_ns: all its decisions together. */
void metrics_check(struct metrics *m, bool success, isize resources, int64_t took_ns);

/* Counts a response. method: enum http_method. Sizes are those of the bodies, in bytes. */
void metrics_response(struct metrics *m, int method, int status, int64_t took_ns, int64_t request,
                      int64_t response);

/* Adds what a worker has counted to *sum, which only the caller sees. */
void metrics_sum(struct metrics *sum, const struct metrics *m);

/* Writes the page, in the text format of Prometheus. */
void metrics_write(struct sb *out, const struct metrics *sum, const struct metrics_facts *facts);

#endif
