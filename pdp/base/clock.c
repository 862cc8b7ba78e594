/* clock.c — time seam
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/clock.h"

#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

typedef int64_t clock_fn(void);

static _Atomic(clock_fn *) fake_wall;
static _Atomic(clock_fn *) fake_monotonic;

static int64_t read_clock(clockid_t id)
{
    struct timespec now;
    (void)clock_gettime(id, &now); /* fails only for clocks that do not exist */
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t clock_wall_ns(void)
{
    clock_fn *fake = atomic_load_explicit(&fake_wall, memory_order_relaxed);
    return fake != NULL ? fake() : read_clock(CLOCK_REALTIME);
}

int64_t clock_monotonic_ns(void)
{
    clock_fn *fake = atomic_load_explicit(&fake_monotonic, memory_order_relaxed);
    return fake != NULL ? fake() : read_clock(CLOCK_MONOTONIC);
}

void clock_fake(int64_t (*wall)(void), int64_t (*monotonic)(void))
{
    atomic_store(&fake_wall, wall);
    atomic_store(&fake_monotonic, monotonic);
}
