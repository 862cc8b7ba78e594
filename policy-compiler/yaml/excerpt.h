/* excerpt.h — lines around a place of a YAML text, laid out as the reference's reports have them
 *
 *     7 |   rules:
 *  >  8 |     - actions: [veiw]
 *                        ^
 *     9 |       effect: EFFECT_ALLOW
 *
 * For outputs that promise the reference's form; people are shown diags_render's.
 *
 * spec: cerbos-compat#error-records
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_YAML_EXCERPT_H
#define CARDEA_YAML_EXCERPT_H

#include "base/source.h"

/* Remembers the tokens of the source that was asked for last. */
struct excerpts;

/* In the arena, which must outlive it. One thread at a time. */
struct excerpts *excerpts_new(struct arena *arena);

/* Appends the excerpt whose caret stands at `caret`, a place in the source. Any text is taken, also what is no YAML.
 * Long ones are cut, so that one takes at most about 200 KiB.
 * Cost: one pass over the source when it is another one than before, else over its tokens. */
void excerpt_add(struct excerpts *excerpts, const struct source *source, struct place caret,
                 struct sb *out);

#endif
