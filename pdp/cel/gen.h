/* gen.h — checked trees → code
 *
 * A codeset collects the expressions of one policy: they share constants, paths and variables, so
 * that a path or a variable is evaluated once per resource however many conditions mention it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_CEL_GEN_H
#define CARDEA_CEL_GEN_H

#include "cel/code.h"
#include "cel/env.h"

struct codeset; /* opaque builder, lives in its arena */

struct codeset *codeset_new(struct arena *arena);

/* Generates code for a checked tree; *expr receives its number. ELIMIT with an issue when the
 * expression is too large for the instruction format, EINVALID for what cannot be run (message
 * literals). issues may be NULL. */
cardea_status cel_gen(struct codeset *set, const struct ast *root, uint32_t *expr,
                      struct cel_issues *issues);

/* Declares the next policy variable (slot 0, 1, 2 … in order) with its name and its expression,
 * already generated. An expression may only mention variables that are declared before it is
 * generated: whoever numbers them does so in the order of their dependencies. */
void codeset_var(struct codeset *set, str name, uint32_t expr);

/* Number of the constant equal to v (same kind and content), adding it when it is new. */
uint32_t codeset_konst(struct codeset *set, struct value v);

/* The tables as they stand; borrowed from the set. `regexes` is NULL: who runs the code compiles
 * its patterns. */
struct cel_code codeset_code(struct codeset *set);

/* Folds constant subtrees in place by running them (spec: cel#newer-additions): not what reads
 * time, not what yields objects or large values, not patterns. A part that fails stays as it is:
 * the run decides whether its error matters. Literal timestamps, durations, patterns and
 * addresses that are not valid are issues, in the reference's words; then EINVALID, and nothing
 * is folded. */
cardea_status cel_fold(struct arena *arena, struct ast *root, struct cel_issues *issues);

#endif
