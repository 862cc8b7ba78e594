/* number.c — numbers compared by their decimal digits
 *
 * Most comparisons end with the doubles: rounding keeps the order, so only two numbers with the
 * same nearest double need their digits.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "schema/number.h"

#include "schema/json.h"

#include <math.h>

typedef unsigned __int128 u128;

#define EXPONENT_MOST INT64_C(1000000000000) /* beyond any text that fits in memory */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* ---- decimals ---- */
static int64_t read_exponent(str s)
{
    int64_t n = 0;
    bool negative = s.len > 0 && s.ptr[0] == '-';
    for (isize i = 0; i < s.len && n < EXPONENT_MOST; i++) {
        if (is_digit(s.ptr[i])) {
            n = n * 10 + (s.ptr[i] - '0');
        }
    }
    return negative ? -n : n;
}

struct decimal decimal_parse(str text)
{
    struct decimal d = { .negative = str_starts(text, S("-")) };
    isize mark = 0;
    while (mark < text.len && text.ptr[mark] != 'e' && text.ptr[mark] != 'E') {
        mark++;
    }
    int64_t power = read_exponent(str_slice(text, mark + 1, text.len));
    str mantissa = str_slice(text, d.negative, mark);
    isize point = str_find_byte(mantissa, '.');
    isize whole = point < 0 ? mantissa.len : point; /* digits before the point */
    isize first = 0;
    isize last = mantissa.len;
    while (first < last && (mantissa.ptr[first] == '0' || mantissa.ptr[first] == '.')) {
        first++;
    }
    while (last > first && (mantissa.ptr[last - 1] == '0' || mantissa.ptr[last - 1] == '.')) {
        last--;
    }
    d.digits = str_slice(mantissa, first, last);
    if (first == last) {
        return (struct decimal){ .digits = STR_EMPTY };
    }
    d.top = power + (first < whole ? whole - first - 1 : whole - first);
    return d;
}

static isize digit_count(const struct decimal *d)
{
    return d->digits.len - (str_find_byte(d->digits, '.') >= 0);
}

/* Power of ten of the last digit. */
static int64_t lowest(const struct decimal *d)
{
    return d->top - digit_count(d) + 1;
}

static int compare_size(const struct decimal *a, const struct decimal *b)
{
    if (a->digits.len == 0 || b->digits.len == 0) {
        return (a->digits.len > 0) - (b->digits.len > 0);
    }
    if (a->top != b->top) {
        return a->top < b->top ? -1 : 1;
    }
    isize i = 0;
    isize k = 0;
    for (;; i++, k++) {
        i += i < a->digits.len && a->digits.ptr[i] == '.';
        k += k < b->digits.len && b->digits.ptr[k] == '.';
        if (i == a->digits.len || k == b->digits.len) {
            return (i < a->digits.len) - (k < b->digits.len); /* neither ends in 0 */
        }
        if (a->digits.ptr[i] != b->digits.ptr[k]) {
            return a->digits.ptr[i] < b->digits.ptr[k] ? -1 : 1;
        }
    }
}

int decimal_compare(const struct decimal *a, const struct decimal *b)
{
    if (a->negative != b->negative) {
        return a->negative ? -1 : 1;
    }
    return a->negative ? compare_size(b, a) : compare_size(a, b);
}

bool decimal_whole(const struct decimal *a)
{
    return a->digits.len == 0 || lowest(a) >= 0;
}

/* ---- numbers that are values ---- */
bool number_is(struct value v)
{
    return v.kind == V_DOUBLE || v.kind == V_INT || v.kind == V_UINT || schema_number_of(v) != NULL;
}

double number_double(struct value v)
{
    switch (v.kind) {
    case V_DOUBLE:
        return v.d;
    case V_INT:
        return (double)v.i;
    case V_UINT:
        return (double)v.u;
    default:
        return schema_number_of(v)->d;
    }
}

static str text_of(struct value v, char *room)
{
    switch (v.kind) {
    case V_DOUBLE:
        return (str){ room, num_put_double_cel(room, v.d) };
    case V_INT:
        return (str){ room, num_put_int(room, v.i) };
    case V_UINT:
        return (str){ room, num_put_uint(room, v.u) };
    default:
        return schema_number_of(v)->text;
    }
}

void number_view(struct number_view *out, struct value v)
{
    out->decimal = decimal_parse(text_of(v, out->room));
}

void number_text(struct sb *out, struct value v)
{
    char room[NUM_TEXT];
    sb_add(out, text_of(v, room));
}

bool number_whole(struct value v)
{
    if (v.kind == V_DOUBLE) {
        return isfinite(v.d) && trunc(v.d) == v.d;
    }
    struct number_view view;
    number_view(&view, v);
    return decimal_whole(&view.decimal);
}

bool number_equal(struct value a, struct value b)
{
    if (a.kind == V_DOUBLE && b.kind == V_DOUBLE) {
        return a.d == b.d;
    }
    if (number_double(a) != number_double(b)) {
        return false;
    }
    struct number_view x;
    struct number_view y;
    number_view(&x, a);
    number_view(&y, b);
    return decimal_compare(&x.decimal, &y.decimal) == 0;
}

/* ---- bounds ---- */
struct bound bound_read(str text)
{
    struct bound bound = { .exact = decimal_parse(text) };
    (void)num_parse_double(text, &bound.d); /* the grammar has been checked */
    if (isfinite(bound.d)) {
        struct number_view nearest;
        number_view(&nearest, v_double(bound.d));
        bound.tie = decimal_compare(&nearest.decimal, &bound.exact);
    }
    return bound;
}

int bound_compare(struct value v, const struct bound *bound)
{
    double d = number_double(v);
    if (d != bound->d) {
        return d < bound->d ? -1 : 1;
    }
    if (v.kind == V_DOUBLE) {
        return bound->tie;
    }
    struct number_view view;
    number_view(&view, v);
    return decimal_compare(&view.decimal, &bound->exact);
}

/* ---- multiples ---- */
bool divisor_read(str text, struct divisor *out)
{
    struct decimal d = decimal_parse(text);
    *out = (struct divisor){ .power = d.digits.len > 0 ? lowest(&d) : 0 };
    if (d.digits.len == 0 || d.negative || digit_count(&d) > DIVISOR_DIGITS) {
        return false;
    }
    for (isize i = 0; i < d.digits.len; i++) {
        if (d.digits.ptr[i] != '.') {
            out->digits = out->digits * 10 + (u128)(d.digits.ptr[i] - '0');
        }
    }
    (void)num_parse_double(text, &out->d);
    return true;
}

/* a × b mod m without overflow; a, b < m < 2^127. */
static u128 multiply(u128 a, u128 b, u128 m)
{
    if (m <= UINT64_MAX) {
        return a * b % m;
    }
    u128 sum = 0;
    for (; b > 0; b >>= 1) {
        if (b & 1) {
            sum = (sum + a) % m;
        }
        a = a * 2 % m;
    }
    return sum;
}

static u128 power_of_ten(int64_t power, u128 m)
{
    u128 result = 1 % m;
    u128 base = 10 % m;
    for (; power > 0; power >>= 1) {
        if (power & 1) {
            result = multiply(result, base, m);
        }
        base = multiply(base, base, m);
    }
    return result;
}

bool divisor_divides(const struct divisor *divisor, struct value v)
{
    struct number_view view;
    number_view(&view, v);
    const struct decimal *d = &view.decimal;
    if (d->digits.len == 0) {
        return true;
    }
    int64_t power = lowest(d) - divisor->power;
    if (power < 0) {
        return false; /* more places than the divisor has: the last digit is not 0 */
    }
    u128 m = divisor->digits;
    u128 rest = 0;
    for (isize i = 0; i < d->digits.len; i++) {
        if (d->digits.ptr[i] != '.') {
            u128 digit = (u128)(d->digits.ptr[i] - '0');
            rest = (multiply(rest, 10 % m, m) + digit) % m;
        }
    }
    return multiply(rest, power_of_ten(power, m), m) == 0;
}
