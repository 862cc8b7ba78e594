/* fuzz_time.c — timestamps, durations, numbers and zone files
 *
 * What is read and written again must read as the same. The first byte chooses the parser.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/num.h"
#include "base/time.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool kept)
{
    if (!kept) {
        abort();
    }
}

static void check_timestamp(str s)
{
    int64_t seconds, seconds2;
    int32_t nanos, nanos2;
    int offset, offset2;
    if (!time_parse_rfc3339(s, &seconds, &nanos, &offset)) {
        return;
    }
    demand(seconds >= TIME_MIN_SECONDS && seconds <= TIME_MAX_SECONDS && nanos >= 0 &&
           nanos < 1000000000);
    char text[40];
    str again = { text, time_put_rfc3339(text, seconds, nanos, offset) };
    demand(again.len <= (isize)sizeof(text));
    demand(time_parse_rfc3339(again, &seconds2, &nanos2, &offset2));
    demand(seconds == seconds2 && nanos == nanos2 && offset == offset2);
}

static void check_duration(str s)
{
    int64_t nanos, nanos2;
    if (!time_parse_duration(s, &nanos)) {
        return;
    }
    char text[NUM_TEXT];
    str again = { text, time_put_duration(text, nanos) };
    if (nanos > -1000000000000000 &&
        nanos < 1000000000000000) { /* longer ones lose digits, as the reference's do */
        demand(time_parse_duration(again, &nanos2));
        demand(llabs(nanos2 - nanos) <= 1);
    }
}

static bool same_double(double a, double b)
{
    return memcmp(&a, &b, sizeof(a)) == 0 || (isnan(a) && isnan(b));
}

static void check_number(str s)
{
    double d, e;
    char text[NUM_TEXT];
    if (num_parse_double(s, &d)) {
        double go = 0;
        demand(num_parse_double_go(s, &go) ? same_double(d, go) : isinf(d));
        if (isfinite(d)) {
            demand(num_parse_double((str){ text, num_put_double_json(text, d) }, &e) &&
                   same_double(d, e));
            demand(num_parse_double((str){ text, num_put_double_plain(text, d) }, &e) &&
                   same_double(d, e));
        }
    }
    if (num_parse_double_go(s, &d)) {
        demand(num_parse_double_go((str){ text, num_put_double_cel(text, d) }, &e) &&
               same_double(d, e));
    }
    int64_t n;
    if (num_parse_int(s, true, &n)) {
        int64_t m;
        demand(num_parse_int((str){ text, num_put_int(text, n) }, false, &m) && m == n);
    }
}

/* The zone reader takes a name in a directory; a file in memory stands for it. */
static void check_zone(struct arena *arena, str s)
{
    int fd = memfd_create("zone", MFD_CLOEXEC);
    demand(fd >= 0);
    demand(write(fd, s.ptr, (size_t)s.len) == (ssize_t)s.len);
    char name[16];
    int len = snprintf(name, sizeof(name), "%d", fd);
    const struct zone *zone = zone_load(arena, (str){ name, len }, "/proc/self/fd");
    if (zone != NULL) {
        const int64_t at[] = { TIME_MIN_SECONDS, -1, 0, 1613308455, 4118040000, TIME_MAX_SECONDS };
        for (int i = 0; i < countof(at); i++) {
            int offset = zone_offset(zone, at[i]);
            demand(offset > -26 * 3600 && offset < 27 * 3600);
        }
    }
    (void)close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 65536) {
        return 0;
    }
    static struct arena arena; /* kept between inputs: used memory finds more than fresh memory */
    if (arena.cap == 0) {
        arena_init(&arena, 1 << 16, 1 << 26);
    }
    arena_clear(&arena, 1 << 20);
    str s = { (const char *)data + 1, (isize)size - 1 };
    switch (data[0]) {
    case 't':
        check_timestamp(s);
        break;
    case 'd':
        check_duration(s);
        break;
    case 'n':
        check_number(s);
        break;
    case 'z':
        check_zone(&arena, s);
        break;
    default:
        break;
    }
    return 0;
}
