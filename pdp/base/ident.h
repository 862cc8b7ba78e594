/* ident.h — how names of kinds and policies are folded
 *
 * Compiler and engine must agree on it: the compiler folds the names it stores, the engine those of a request.
 * spec: cerbos-compat#names-keys-module-ids
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_BASE_IDENT_H
#define CARDEA_BASE_IDENT_H

#include "base/str.h"

/* A name of colon-separated segments, each of a letter and then letters, digits, `_ @ . - /`, has every run of
 * characters outside letters, digits, `_` and `.` replaced by one `_`; any other name stays as it is. Returns
 * `name` itself when nothing changes, else a text in the arena. */
str ident_sanitize(struct arena *arena, str name);

#endif
