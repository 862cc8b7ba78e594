/* metrics.c — numbers for operators
 *
 * A histogram keeps what fell between two bounds; the page shows, as its format asks, what is at most a bound. Times
 * are kept in nanoseconds and written as decimal fractions without going through floating point, so the page does not
 * depend on a locale.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/metrics.h"

enum unit { PLAIN, NANO, MICRO, MILLI, NANO_AS_MILLI };

/* A bound as it is kept and as it is written. */
struct bound {
    int64_t value;
    const char *text;
};

#define US(n, text)                                                                                \
    {                                                                                              \
        INT64_C(n) * 1000, text                                                                    \
    }
#define MS(n, text)                                                                                \
    {                                                                                              \
        INT64_C(n) * 1000000, text                                                                 \
    }
#define N(n)                                                                                       \
    {                                                                                              \
        n, #n                                                                                      \
    }

static const struct bound bounds_MILLISECONDS[] = {
    US(10, "0.01"),     US(50, "0.05"),     US(100, "0.1"),     US(300, "0.3"),
    US(600, "0.6"),     US(800, "0.8"),     MS(1, "1"),         MS(2, "2"),
    MS(3, "3"),         MS(4, "4"),         MS(5, "5"),         MS(6, "6"),
    MS(8, "8"),         MS(10, "10"),       MS(13, "13"),       MS(16, "16"),
    MS(20, "20"),       MS(25, "25"),       MS(30, "30"),       MS(40, "40"),
    MS(50, "50"),       MS(65, "65"),       MS(80, "80"),       MS(100, "100"),
    MS(130, "130"),     MS(160, "160"),     MS(200, "200"),     MS(250, "250"),
    MS(300, "300"),     MS(400, "400"),     MS(500, "500"),     MS(650, "650"),
    MS(800, "800"),     MS(1000, "1000"),   MS(2000, "2000"),   MS(5000, "5000"),
    MS(10000, "10000"), MS(20000, "20000"), MS(50000, "50000"), MS(100000, "100000"),
};

static const struct bound bounds_BATCH[] = {
    N(0),  N(1),  N(2),  N(3),  N(4),  N(5),  N(6),  N(7),  N(8),  N(9),  N(10),
    N(12), N(14), N(16), N(18), N(20), N(25), N(30), N(35), N(40), N(45), N(50),
};

static const struct bound bounds_SECONDS[] = {
    MS(5, "0.005"),  MS(10, "0.01"),  MS(25, "0.025"), MS(50, "0.05"),  MS(75, "0.075"),
    MS(100, "0.1"),  MS(250, "0.25"), MS(500, "0.5"),  MS(750, "0.75"), MS(1000, "1"),
    MS(2500, "2.5"), MS(5000, "5"),   MS(7500, "7.5"), MS(10000, "10"),
};

static const struct bound bounds_BYTES[] = {
    N(0),   N(5),   N(10),   N(25),   N(50),   N(75),   N(100),   N(250),
    N(500), N(750), N(1000), N(2500), N(5000), N(7500), N(10000),
};

/* How the sum of a histogram is written. */
#define UNIT_MILLISECONDS NANO_AS_MILLI
#define UNIT_BATCH        PLAIN
#define UNIT_SECONDS      NANO
#define UNIT_BYTES        PLAIN

/* ORDER HTTP_METHODS: enum http_method */
static const char *const methods[METRICS_METHODS] = {
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "_OTHER",
};

/* The last cell is for every other status. */
static const int statuses[METRICS_STATUSES - 1] = {
    200, 204, 304, 400, 401, 403, 404, 405, 408, 413, 429, 431, 499, 500, 501, 503, 504,
};

/* ---- counting ---- */

static void observe(struct counter *cells, const struct bound *bounds, isize count, int64_t value)
{
    isize i = 0;
    while (i < count && value > bounds[i].value) {
        i++;
    }
    counter_add(&cells[0], value);
    counter_add(&cells[1 + i], 1);
}

#define OBSERVE(cells, bounds, value)                                                              \
    observe(cells, bounds_##bounds, countof(bounds_##bounds), value)

void metrics_check(struct metrics *m, bool success, isize resources, int64_t took_ns)
{
    OBSERVE(success ? m->check_latency : m->check_failure_latency, MILLISECONDS, took_ns);
    OBSERVE(m->check_batch, BATCH, resources);
    counter_add(&m->checks, success);
}

void metrics_response(struct metrics *m, int method, int status, int64_t took_ns, int64_t request,
                      int64_t response)
{
    int at = 0;
    while (at < countof(statuses) && statuses[at] != status) {
        at++;
    }
    method = method < 0 || method >= METRICS_METHODS ? METRICS_METHODS - 1 : method;
    OBSERVE(m->http_duration[method][at], SECONDS, took_ns);
    OBSERVE(m->http_request_size[method][at], BYTES, request);
    OBSERVE(m->http_response_size[method][at], BYTES, response);
}

void metrics_sum(struct metrics *sum, const struct metrics *m)
{
    struct counter *to = (struct counter *)sum;
    const struct counter *from = (const struct counter *)m;
    for (isize i = 0; i < (isize)(sizeof *m / sizeof *from); i++) {
        counter_add(&to[i], counter_get(&from[i]));
    }
}

/* ---- the page ---- */

/* The name that the page is at, for its comments are written once. */
struct page {
    struct sb *out;
    const char *name;
};

static void put_header(struct page *page, const char *name, const char *type, const char *help)
{
    if (page->name == NULL || strcmp(page->name, name) != 0) {
        page->name = name;
        sb_printf(page->out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
    }
}

/* A number that is kept in parts of its unit: 10 to the `digits` of them make one. */
static void put_parts(struct sb *out, int64_t n, int digits)
{
    int64_t whole = 1;
    for (int i = 0; i < digits; i++) {
        whole *= 10;
    }
    sb_int(out, n / whole);
    n %= whole;
    if (n <= 0) {
        return;
    }
    sb_byte(out, '.');
    while (n > 0) {
        whole /= 10;
        sb_byte(out, (char)('0' + n / whole));
        n %= whole;
    }
}

static void put_number(struct sb *out, int64_t n, enum unit unit)
{
    switch (unit) {
    case PLAIN:
        sb_int(out, n);
        break;
    case NANO:
        put_parts(out, n, 9);
        break;
    case MICRO:
        put_parts(out, n, 6);
        break;
    case MILLI:
        put_parts(out, n, 3);
        break;
    case NANO_AS_MILLI:
        put_parts(out, n, 6);
        break;
    }
    sb_byte(out, '\n');
}

static void put_sample(struct sb *out, const char *name, const char *suffix, const char *labels)
{
    sb_printf(out, labels[0] != '\0' ? "%s%s{%s} " : "%s%s%s ", name, suffix, labels);
}

struct histogram {
    const char *name, *labels, *help;
    const struct bound *bounds;
    isize count;    /* of bounds         */
    enum unit unit; /* of the sum        */
};

static void put_histogram(struct page *page, const struct histogram *h, const struct counter *cells)
{
    int64_t total = 0;
    for (isize i = 0; i <= h->count; i++) {
        total += counter_get(&cells[1 + i]);
    }
    if (total == 0) {
        return;
    }
    put_header(page, h->name, "histogram", h->help);
    int64_t so_far = 0;
    for (isize i = 0; i <= h->count; i++) {
        so_far += counter_get(&cells[1 + i]);
        sb_printf(page->out, "%s_bucket{%s%sle=\"%s\"} %lld\n", h->name, h->labels,
                  h->labels[0] != '\0' ? "," : "", i < h->count ? h->bounds[i].text : "+Inf",
                  (long long)so_far);
    }
    put_sample(page->out, h->name, "_sum", h->labels);
    put_number(page->out, counter_get(&cells[0]), h->unit);
    put_sample(page->out, h->name, "_count", h->labels);
    put_number(page->out, total, PLAIN);
}

static void put_response(struct page *page, const struct histogram *h, int method, int status,
                         const struct counter *cells)
{
    struct sb labels = sb_new(page->out->arena);
    struct histogram one = *h;
    sb_printf(&labels, "http_request_method=\"%s\",http_response_status_code=\"", methods[method]);
    if (status < countof(statuses)) {
        sb_int(&labels, statuses[status]);
    } else {
        sb_add(&labels, S("_OTHER"));
    }
    sb_add(&labels, S("\",network_protocol_name=\"http\""));
    one.labels = str_to_c(page->out->arena, sb_str(&labels));
    put_histogram(page, &one, cells);
}

static void put_counter(struct page *page, const char *name, const char *labels, const char *help,
                        const struct counter *counter)
{
    put_header(page, name, "counter", help);
    put_sample(page->out, name, "", labels);
    put_number(page->out, counter_get(counter), PLAIN);
}

#define BOUNDS(bounds) bounds_##bounds, countof(bounds_##bounds), UNIT_##bounds

void metrics_write(struct sb *out, const struct metrics *sum, const struct metrics_facts *facts)
{
    struct page page = { .out = out };
#define COUNTER(member, name, labels, help) put_counter(&page, name, labels, help, &sum->member);
#define HISTOGRAM(member, name, labels, bounds, help)                                              \
    put_histogram(&page, &(struct histogram){ name, labels, help, BOUNDS(bounds) }, sum->member);
#define BY_RESPONSE(member, name, bounds, help)                                                    \
    for (int method = 0; method < METRICS_METHODS; method++) {                                     \
        for (int status = 0; status < METRICS_STATUSES; status++) {                                \
            put_response(&page, &(struct histogram){ name, "", help, BOUNDS(bounds) }, method,     \
                         status, sum->member[method][status]);                                     \
        }                                                                                          \
    }
#define GAUGE(member, name, labels, type, unit, help)                                              \
    put_header(&page, name, type, help);                                                           \
    put_sample(out, name, "", labels);                                                             \
    put_number(out, facts->member, unit);
#include "server/metrics.def"
#undef COUNTER
#undef HISTOGRAM
#undef BY_RESPONSE
#undef GAUGE
}

#define FITS(bounds)                                                                               \
    _Static_assert(countof(bounds_##bounds) == METRICS_CELLS_##bounds - 2, "cells of " #bounds)
FITS(MILLISECONDS);
FITS(BATCH);
FITS(SECONDS);
FITS(BYTES);
