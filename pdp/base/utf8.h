/* utf8.h — UTF-8: check, decode, count
 *
 * Strict: no surrogates, no overlong forms, nothing above U+10FFFF. Positions are code points where a
 * name says so, bytes otherwise.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_BASE_UTF8_H
#define CARDEA_BASE_UTF8_H

#include "base/str.h"

/* Byte position of the first invalid sequence, or -1 when the text is valid. */
isize utf8_invalid(str s);

/* Decodes the code point at *pos (bytes, < s.len) and moves *pos behind it; -1 for an invalid sequence
 * (then *pos moves by one byte). */
int32_t utf8_next(str s, isize *pos);

/* Writes the code point (valid, not a surrogate) to out[4]; returns its bytes. */
int utf8_put(char *out, int32_t code_point);
void sb_rune(struct sb *sb, int32_t code_point);

isize utf8_count(str s); /* code points of valid text                                       */

/* Byte position of the n-th code point (0-based) of valid text; s.len when n is the count; -1 beyond. */
isize utf8_offset(str s, isize n);

bool utf8_is_ascii(str s);

/* Does the code point show itself in a message, or must it be written as an escape? (Unicode 15) */
bool utf8_printable(int32_t code_point);

#endif
