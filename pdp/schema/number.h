/* number.h — numbers compared by their decimal digits
 *
 * The reference compares numbers as exact fractions of their decimal text: attributes by the
 * shortest text of their double, bounds by the text of the schema. So 0.07 is a multiple of 0.01,
 * and 1 is below 1.0000000000000000001. Nothing here allocates: a decimal borrows its text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_SCHEMA_NUMBER_H
#define CARDEA_SCHEMA_NUMBER_H

#include "base/num.h"
#include "value/value.h"

/* ± d.ddd × 10^top */
struct decimal {
    str digits;  /* from the first to the last that is not 0, a point may be inside; empty: zero */
    int64_t top; /* power of ten of the first digit */
    bool negative; /* zero is not */
};

/* text has JSON's grammar; borrowed. */
struct decimal decimal_parse(str text);

int decimal_compare(const struct decimal *a, const struct decimal *b); /* -1, 0, 1 */
bool decimal_whole(const struct decimal *a);

/* The decimal of a number that is a value; the text lives in `room` or in the value. */
struct number_view {
    struct decimal decimal;
    char room[NUM_TEXT];
};
void number_view(struct number_view *out, struct value v);

bool number_is(struct value v); /* is the value a number? */
double number_double(struct value v);
bool number_whole(struct value v);
bool number_equal(struct value a, struct value b);
/* As messages show it. */
void number_text(struct sb *out, struct value v);

/* A limit that a schema sets. */
struct bound {
    double d; /* nearest double */
    int tie;  /* how the shortest text of d compares with the exact limit */
    struct decimal exact;
};
struct bound bound_read(str text);
/* Sign of v - bound. */
int bound_compare(struct value v, const struct bound *bound);

/* What numbers shall be multiples of. */
struct divisor {
    unsigned __int128 digits; /* digits × 10^power, not a multiple of 10 */
    int64_t power;
    double d; /* nearest double, for messages */
};
#define DIVISOR_DIGITS 38

/* False when the number has more than DIVISOR_DIGITS digits or is not above zero. */
bool divisor_read(str text, struct divisor *out);
bool divisor_divides(const struct divisor *divisor, struct value v);

#endif
