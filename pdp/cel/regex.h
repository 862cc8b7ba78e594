/* regex.h — RE2's dialect on PCRE2, in linear time
 *
 * A pattern is parsed by our own grammar of the RE2 dialect into a small tree; what RE2 refuses is refused
 * with RE2's message. From the tree a PCRE2 pattern is emitted that means the same (spec: cel#regular-expressions).
 * Literal patterns are compiled at load, with JIT where there is one; patterns that come from data are compiled
 * in the arena, without JIT. Every match has limits; where a limit is hit, a simulation of the tree's automaton,
 * linear in the subject, gives the answer. A limit is never "no match".
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_CEL_REGEX_H
#define CARDEA_CEL_REGEX_H

#include "base/str.h"

struct cel_regex;
struct cel_thread;

#define CEL_PATTERN_MAX 16384 /* bytes of a literal pattern; those from data: 1024 */

/* Checks a pattern; *why receives RE2's message (`error parsing regexp: missing closing ): ...`) when it is refused. */
bool cel_regex_valid(struct arena *scratch, str pattern, str *why);

/* Compiles for use by any number of threads; owned by the caller, released by cel_regex_free. NULL and *why on
 * failure. May use the heap: load time only. */
struct cel_regex *cel_regex_new(str pattern, struct arena *scratch, str *why);
void cel_regex_free(struct cel_regex *regex);

/* The same for a pattern from data: everything in the arena, interpreter only. */
const struct cel_regex *cel_regex_dynamic(struct arena *arena, struct cel_thread *thread, str pattern, str *why);

/* Workspace of one thread: match data, JIT stack. Start-up only. */
struct cel_thread *cel_thread_new(void);
void cel_thread_free(struct cel_thread *thread);

/* 1 found, 0 not found, -1 limit (evaluation error; the linear automaton is over its own memory bound). Searches anywhere. */
int cel_regex_match(const struct cel_regex *regex, struct cel_thread *thread, struct arena *scratch, str subject);

/* Leftmost match with groups from byte `from` on: ranges[2*g], ranges[2*g+1] byte offsets or -1; at most max_groups.
 * Returns the number of groups incl. group 0, 0 when not found, -1 for a limit. */
int cel_regex_search(const struct cel_regex *regex, struct cel_thread *thread, struct arena *scratch, str subject,
                     isize from, isize *ranges, int max_groups);

int cel_regex_groups(const struct cel_regex *regex); /* capturing groups without group 0 */

#endif
