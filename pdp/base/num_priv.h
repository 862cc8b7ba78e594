/* num_priv.h — what the number files share
 *
 * num.c knows texts, num_shortest.c the shortest digits, num_exact.c exact conversions of any
 * length.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_BASE_NUM_PRIV_H
#define CARDEA_BASE_NUM_PRIV_H

#include "base/num.h"

/* A decimal number 0.d1 d2 d3 … × 10^point as digits without leading or trailing zeros. */
#define SHORTEST_DIGITS 17

struct shortest {
    char digits[SHORTEST_DIGITS + 3]; /* '0' … '9'; "0" for zero              */
    int count;                        /* how many, at least 1                 */
    int point;                        /* place of the decimal point in digits */
};

/* The shortest digits that read back as d, the nearest to d among them; d is finite and not
 * negative. */
void num_shortest(double d, struct shortest *out);

/* All digits of a decimal number in a text: digits × 10^exponent, correctly rounded to the nearest
 * double (ties to even). `digits` may contain one '.' and '_'; neither counts as a digit. Overflow
 * → inf. */
double num_from_decimal(str digits, int64_t exponent);

/* mantissa × 2^exponent, correctly rounded; `sticky` says that nonzero bits follow below. */
double num_from_binary(uint64_t mantissa, bool sticky, int64_t exponent);

#endif
