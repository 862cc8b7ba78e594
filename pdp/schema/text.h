/* text.h — how names and values look in messages and paths
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_SCHEMA_TEXT_H
#define CARDEA_SCHEMA_TEXT_H

#include "base/str.h"

/* Adds the text between `quote` (`"` or `'`), which is escaped inside; so are backslashes and
 * what does not show itself. */
void text_quote(struct sb *out, str s, char quote);

/* Adds a byte as a character between apostrophes: 'x', '\n', 'ï'. */
void text_quote_byte(struct sb *out, unsigned char byte);

/* Adds a member's name as a segment of a path: first for the JSON pointer (`~` `/`), then for a
 * URL. */
void text_segment(struct sb *out, str name);

/* Undoes the escapes of a URL: `%41` → `A`. False when one is malformed; *bad is then the
 * escape. */
bool text_unescape(struct arena *arena, str s, str *out, str *bad);

/* Undoes text_segment(): URL first is not how it was built, but how the reference takes it
 * apart. */
bool text_unsegment(struct arena *arena, str segment, str *name, str *bad);

#endif
