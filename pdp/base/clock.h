/* clock.h — time seam
 *
 * The only place that reads clocks. Tests set a fake. Nanoseconds throughout.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_BASE_CLOCK_H
#define CARDEA_BASE_CLOCK_H

#include <stdint.h>

int64_t clock_wall_ns(void);      /* since 1970-01-01T00:00:00Z  */
int64_t clock_monotonic_ns(void); /* since some fixed point      */

/* Test seam: both clocks return what the functions return; NULL restores the system's. */
void clock_fake(int64_t (*wall)(void), int64_t (*monotonic)(void));

#endif
