/* unit.h — what unit tests share: an arena, comparing texts, running a suite
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_TESTS_UNIT_H
#define CARDEA_TESTS_UNIT_H

#include "base/str.h"

#include <check.h>

/* An empty arena of 64 MiB for the running test. One at a time: asking again empties it. */
struct arena *unit_arena(void);

/* Fails, showing both, when the text is not the wanted one. */
#define expect_str(got, want) unit_expect_str((got), (want), __FILE__, __LINE__)
void unit_expect_str(str got, const char *want, const char *file, int line);

/* Runs the cases of a suite, prints libcheck's summary and returns the exit status for main. */
int unit_run(Suite *suite);

/* A fresh directory; all tests of a program share it, unit_run makes and removes it. */
const char *unit_directory(void);

/* The next number of a sequence that is the same in each run (xorshift). */
uint64_t unit_random(uint64_t *state);

#endif
