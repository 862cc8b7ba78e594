/* num.h — numbers and text, without the locale
 *
 * Shortest decimal digits that read back as the same double; the three layouts that the language and
 * JSON need (spec: cel#doubles-as-text).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_BASE_NUM_H
#define CARDEA_BASE_NUM_H

#include "base/str.h"

#define NUM_TEXT 400 /* bytes that always suffice for one number in any layout but num_fixed */

/* Decimal digits with an optional sign (`-` always, `+` if plus_ok); the whole text; in range. */
bool num_parse_int(str s, bool plus_ok, int64_t *out);
bool num_parse_uint(str s, uint64_t *out);

/* JSON/CEL number text `digits[.digits][e[±]digits]`, or without the first digits (`.5`), with optional `-`;
 * the whole text. Overflow → ±inf. */
bool num_parse_double(str s, double *out);

/* Go's ParseFloat: additionally sign +, hexadecimal floats, `_` between digits, inf, infinity, nan in any
 * case; overflow to infinity is false. spec: cel#conversions */
bool num_parse_double_go(str s, double *out);

/* Each writes at most NUM_TEXT bytes to out and returns how many; not terminated. */
int num_put_int(char *out, int64_t n);
int num_put_uint(char *out, uint64_t n);
int num_put_double_cel(char *out, double d);   /* string(d): exponent when e < -4 or e >= 6, sign and two digits; +Inf -Inf NaN    */
int num_put_double_plain(char *out, double d); /* format %s, %d: never an exponent; Infinity, -Infinity, NaN          */
int num_put_double_json(char *out, double d);  /* JSON: exponent below 1e-6 and from 1e21; d is finite                */

/* C's %.<precision>f and %.<precision>e of the exact binary value, in the C locale. Precision 0 … 1000. */
str num_fixed(struct arena *arena, double d, int precision);
str num_scientific(struct arena *arena, double d, int precision);

#endif
