/* calls.h — calling functions of the library by name, without parser and VM
 *
 * A call is written as text: literals, lists, maps, and name(arguments) with the receiver first:
 *
 *     replace('hello', 'l', 'L')
 *     null  true  -1  2u  1.5  inf  nan  'text'  b'bytes'  [1, 'a']  {'k': 1}
 *
 * Besides the functions of the table there are timestamp('…'), duration('…'), type('…'),
 * repeat(text or list, times), segments(hierarchy). Text between quotes is taken as it is, without
 * escapes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_TESTS_CALLS_H
#define CARDEA_TESTS_CALLS_H

#include "cel/vm.h"

/* A run with an empty arena, the system's zones, a budget of one million and a clock that stands at
 * 2024-01-02T03:04:05.678Z. One at a time. */
struct cel_run *unit_run_new(void);

/* The value of a call; errors among arguments are handed on. Fails the test when the text cannot be
 * read. */
struct value unit_call(struct cel_run *run, const char *text);

/* Fails unless the call gives the wanted value: as value_text writes it, or `error: ` and the
 * message. */
#define expect_call(text, want) unit_expect_call((text), (want), __FILE__, __LINE__)
void unit_expect_call(const char *text, const char *want, const char *file, int line);

/* Fails unless the call succeeds when it has budget, and ends with the limit's error on a budget of
 * `units`. */
#define expect_costly(text, units) unit_expect_costly((text), (units), __FILE__, __LINE__)
void unit_expect_costly(const char *text, int64_t units, const char *file, int line);

#endif
