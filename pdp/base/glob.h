/* glob.h — patterns over names with ':' between segments
 *
 * `*` any run without ':' · `**` any run · `?` one character but ':' · `[abc] [a-z] [!a]` one of a class ·
 * `{a,b*}` alternatives, nested · `\x` the character x. Anchored, by code points, case-sensitive. The single
 * pattern `*` means `**`. A text without `*` is no pattern at all and is compared as it is.
 *
 * A pattern is compiled into a small program; matching simulates all its states at once, so it takes time
 * (pattern × text) whatever the pattern. spec: cerbos-compat#patterns
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_BASE_GLOB_H
#define CARDEA_BASE_GLOB_H

#include "base/str.h"

#define GLOB_MAX_WORDS 4096 /* longest program */

struct glob {
    const uint32_t *code; /* the program, glob.c says how it reads            */
    uint32_t len;         /* words; 0: a pattern that is not valid, no match  */
};

/* Is the text a pattern (has it a `*`)? */
bool glob_is_pattern(str text);

/* Compiles a pattern into the arena. False when it is not valid or too long; then out->len is 0. */
bool glob_compile(struct arena *arena, str pattern, struct glob *out);

/* Proves a stored program safe to run. */
bool glob_verify(struct glob glob);

/* Does the text match? Scratch memory is given back before it returns. */
bool glob_match(struct glob glob, str text, struct arena *scratch);

/* One-shot: literal comparison, or compile and match. For tools, not for the path of a check. */
bool glob_match_text(str pattern, str text, struct arena *scratch);

#endif
