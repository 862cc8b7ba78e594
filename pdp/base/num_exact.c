/* num_exact.c — conversions between doubles and decimals of any length, exactly
 *
 * A double is m·2^e. All its decimal digits (at most 309 before and 1074 behind the point) come
 * from long division and multiplication by 10^9; a decimal text becomes a double by one long
 * division that yields 64 bits of quotient and whether anything remains. Slow and simple: the fast
 * cases do not come here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/num_priv.h"

#include <assert.h>
#include <math.h>

typedef unsigned __int128 u128;

/* ---- natural numbers of bounded size ---- */

#define BIG_WORDS 64 /* 4096 bits; the largest number here has about 2900 */

struct big {
    uint64_t word[BIG_WORDS]; /* least significant first; zero from `count` on */
    int count;                /* words in use, the highest is not zero         */
};

static void big_multiply_add(struct big *b, uint64_t factor, uint64_t addend)
{
    uint64_t carry = addend;
    for (int i = 0; i < b->count; i++) {
        u128 product = (u128)b->word[i] * factor + carry;
        b->word[i] = (uint64_t)product;
        carry = (uint64_t)(product >> 64);
    }
    if (carry != 0) {
        assert(b->count < BIG_WORDS);
        b->word[b->count++] = carry;
    }
}

static void big_multiply_pow5(struct big *b, int n)
{
    const uint64_t step = UINT64_C(7450580596923828125); /* 5^27, the largest in 64 bits */
    for (; n >= 27; n -= 27) {
        big_multiply_add(b, step, 0);
    }
    uint64_t rest = 1;
    for (; n > 0; n--) {
        rest *= 5;
    }
    big_multiply_add(b, rest, 0);
}

static void big_shift_left(struct big *b, int bits)
{
    int words = bits / 64, rest = bits % 64;
    if (b->count == 0) {
        return;
    }
    assert(b->count + words < BIG_WORDS);
    for (int i = b->count; i >= 0; i--) {
        uint64_t high = b->word[i] << rest;
        uint64_t low = rest > 0 && i > 0 ? b->word[i - 1] >> (64 - rest) : 0;
        b->word[i + words] = high | low;
    }
    memset(b->word, 0, (size_t)words * sizeof(b->word[0]));
    b->count += words + 1;
    while (b->count > 0 && b->word[b->count - 1] == 0) {
        b->count--;
    }
}

static int big_bits(const struct big *b)
{
    return b->count == 0 ? 0 : b->count * 64 - __builtin_clzll(b->word[b->count - 1]);
}

static int big_compare(const struct big *a, const struct big *b)
{
    if (a->count != b->count) {
        return a->count < b->count ? -1 : 1;
    }
    for (int i = a->count - 1; i >= 0; i--) {
        if (a->word[i] != b->word[i]) {
            return a->word[i] < b->word[i] ? -1 : 1;
        }
    }
    return 0;
}

/* a -= b for a ≥ b. */
static void big_subtract(struct big *a, const struct big *b)
{
    uint64_t borrow = 0;
    for (int i = 0; i < a->count; i++) {
        u128 left = (u128)a->word[i] - (i < b->count ? b->word[i] : 0) - borrow;
        a->word[i] = (uint64_t)left;
        borrow = (uint64_t)(left >> 64) != 0;
    }
    while (a->count > 0 && a->word[a->count - 1] == 0) {
        a->count--;
    }
}

/* ---- decimal text → double ---- */

double num_from_binary(uint64_t mantissa, bool sticky, int64_t exponent)
{
    if (mantissa == 0) {
        return 0;
    }
    int shift = __builtin_clzll(mantissa);
    mantissa <<= shift;
    exponent -= shift; /* value = mantissa · 2^exponent, mantissa in [2^63, 2^64) */
    if (exponent > 1023 - 63) {
        return HUGE_VAL;
    }
    int64_t drop = exponent < -1074 - 11 ? -1074 - exponent : 11; /* bits that do not fit */
    if (drop > 64) {
        return 0;
    }
    uint64_t kept = drop == 64 ? 0 : mantissa >> drop;
    uint64_t lost = drop == 64 ? mantissa : mantissa << (64 - drop);
    const uint64_t half = UINT64_C(1) << 63;
    if (lost > half || (lost == half && (sticky || kept % 2 == 1))) {
        kept++;
    }
    return ldexp((double)kept, (int)(exponent + drop)); /* kept ≤ 2^53: exact, or inf */
}

#define DIGITS_MOST 800 /* a double and its neighbours' middle have at most 768 digits */

/* Significant digits of the text as a number, those beyond DIGITS_MOST only as "something follows".
 * */
struct decimal {
    struct big digits; /* value without the exponent                     */
    int64_t exponent;  /* power of ten                                   */
    int64_t count;     /* digits in `digits`                             */
    bool sticky;       /* nonzero digits were cut off                    */
};

static void read_decimal(struct decimal *out, str text, int64_t exponent)
{
    bool point = false;
    out->exponent = exponent;
    for (isize i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '_') {
            continue;
        }
        if (c == '.') {
            point = true;
            continue;
        }
        if (out->count == 0 && c == '0') {
            out->exponent -= point;
            continue;
        }
        if (out->count < DIGITS_MOST) {
            big_multiply_add(&out->digits, 10, (uint64_t)(c - '0'));
            out->count++;
            out->exponent -= point;
        } else {
            out->sticky |= c != '0';
            out->exponent += !point;
        }
    }
}

/* floor(a / b) for quotients below 2^64; a becomes the remainder. */
static uint64_t big_divide(struct big *a, const struct big *b)
{
    uint64_t quotient = 0;
    int first = big_bits(a) - big_bits(b);
    for (int bit = first; bit >= 0; bit--) {
        assert(bit < 64);
        struct big shifted = *b;
        big_shift_left(&shifted, bit);
        if (big_compare(a, &shifted) >= 0) {
            big_subtract(a, &shifted);
            quotient |= UINT64_C(1) << bit;
        }
    }
    return quotient;
}

double num_from_decimal(str digits, int64_t exponent)
{
    struct decimal dec = { .count = 0 };
    read_decimal(&dec, digits, exponent);
    if (dec.count == 0 || dec.count + dec.exponent < -330) {
        return 0;
    }
    if (dec.count + dec.exponent > 310) {
        return HUGE_VAL;
    }
    /* value = top / bottom · 2^scale */
    struct big *top = &dec.digits;
    struct big bottom = { .word = { 1 }, .count = 1 };
    int64_t scale = dec.exponent;
    if (dec.exponent >= 0) {
        big_multiply_pow5(top, (int)dec.exponent);
    } else {
        big_multiply_pow5(&bottom, (int)-dec.exponent);
    }
    int shift = 63 - (big_bits(top) - big_bits(&bottom)); /* quotient gets 63 or 64 bits */
    if (shift > 0) {
        big_shift_left(top, shift);
    } else {
        big_shift_left(&bottom, -shift);
    }
    uint64_t quotient = big_divide(top, &bottom);
    return num_from_binary(quotient, top->count > 0 || dec.sticky, scale - shift);
}

/* ---- double → all its digits ---- */

#define CHUNK      UINT64_C(1000000000) /* nine digits at a time */
#define CHUNK_LEN  9
#define EXACT_MOST 1400 /* digits of one double: 309 + 1074, rounded up to chunks */

/* A double as decimal digits: integer part, then fraction. */
struct exact {
    char digits[EXACT_MOST];
    int whole; /* digits before the point, none leading zeros, at least 1 */
    int count; /* all digits                                              */
};

static void put_chunk(char *out, uint64_t chunk)
{
    for (int i = CHUNK_LEN - 1; i >= 0; i--) {
        out[i] = (char)('0' + chunk % 10);
        chunk /= 10;
    }
}

/* Digits of an integer, without leading zeros but at least one. */
static void exact_whole(struct exact *out, struct big *n)
{
    char text[EXACT_MOST];
    int at = EXACT_MOST;
    while (n->count > 0) {
        uint64_t rest = 0;
        for (int i = n->count - 1; i >= 0; i--) {
            u128 dividend = (u128)rest << 64 | n->word[i];
            n->word[i] = (uint64_t)(dividend / CHUNK);
            rest = (uint64_t)(dividend % CHUNK);
        }
        while (n->count > 0 && n->word[n->count - 1] == 0) {
            n->count--;
        }
        at -= CHUNK_LEN;
        put_chunk(text + at, rest);
    }
    while (at < EXACT_MOST && text[at] == '0') {
        at++;
    }
    if (at == EXACT_MOST) {
        text[--at] = '0';
    }
    out->whole = EXACT_MOST - at;
    out->count = out->whole;
    memcpy(out->digits, text + at, (size_t)out->whole);
}

/* Appends the digits of fraction / 2^bits: each multiplication brings nine of them above bit
 * `bits`. */
static void exact_fraction(struct exact *out, struct big *fraction, int bits)
{
    int word = bits / 64, rest = bits % 64;
    while (fraction->count > 0) {
        big_multiply_add(fraction, CHUNK, 0);
        uint64_t chunk = fraction->word[word] >> rest;
        if (rest > 0) {
            chunk |= fraction->word[word + 1] << (64 - rest);
        }
        put_chunk(out->digits + out->count, chunk);
        out->count += CHUNK_LEN;
        fraction->word[word] &= (UINT64_C(1) << rest) - 1;
        fraction->word[word + 1] = 0;
        fraction->count = word + 1;
        while (fraction->count > 0 && fraction->word[fraction->count - 1] == 0) {
            fraction->count--;
        }
    }
}

static struct big big_from(uint64_t n)
{
    return (struct big){ .word = { n }, .count = n != 0 };
}

/* d finite; its sign is ignored. */
static void exact_digits(double d, struct exact *out)
{
    int e;
    uint64_t m = (uint64_t)ldexp(frexp(fabs(d), &e), 53);
    e = m != 0 ? e - 53 : 0;
    out->count = 0;
    if (e >= 0) {
        struct big n = big_from(m);
        big_shift_left(&n, e);
        exact_whole(out, &n);
        return;
    }
    struct big n = big_from(e > -64 ? m >> -e : 0);
    struct big fraction = big_from(e > -64 ? m & ((UINT64_C(1) << -e) - 1) : m);
    exact_whole(out, &n);
    exact_fraction(out, &fraction, -e);
}

/* Rounds to the first `keep` digits (half to even, exactly); true when a digit was gained in front.
 * */
static bool exact_round(struct exact *x, int keep)
{
    if (keep >= x->count) {
        return false;
    }
    int order = x->digits[keep] - '5'; /* of what is cut off against one half */
    for (int i = keep + 1; i < x->count && order == 0; i++) {
        order = x->digits[i] - '0';
    }
    bool odd = keep > 0 && (x->digits[keep - 1] - '0') % 2 == 1;
    x->count = keep;
    if (order < 0 || (order == 0 && !odd)) {
        return false;
    }
    int i = keep - 1;
    while (i >= 0 && x->digits[i] == '9') {
        x->digits[i--] = '0';
    }
    if (i >= 0) {
        x->digits[i]++;
        return false;
    }
    memmove(x->digits + 1, x->digits, (size_t)keep);
    x->digits[0] = '1';
    x->count++;
    return true;
}

/* inf, -inf, nan, -nan as C prints them. */
static str not_finite(double d)
{
    if (isnan(d)) {
        return signbit(d) ? S("-nan") : S("nan");
    }
    return d < 0 ? S("-inf") : S("inf");
}

/* Adds `count` digits from position `from`, zeros behind the last. */
static void add_digits(struct sb *out, const struct exact *x, int from, int count)
{
    int have = from < x->count ? x->count - from : 0;
    have = have < count ? have : count;
    sb_add(out, (str){ x->digits + from, have });
    for (int i = have; i < count; i++) {
        sb_byte(out, '0');
    }
}

str num_fixed(struct arena *arena, double d, int precision)
{
    assert(precision >= 0 && precision <= 1000);
    if (!isfinite(d)) {
        return not_finite(d);
    }
    struct exact x;
    exact_digits(d, &x);
    x.whole += exact_round(&x, x.whole + precision);
    struct sb out = sb_new(arena);
    sb_reserve(&out, x.whole + precision + 2);
    if (signbit(d)) {
        sb_byte(&out, '-');
    }
    add_digits(&out, &x, 0, x.whole);
    if (precision > 0) {
        sb_byte(&out, '.');
        add_digits(&out, &x, x.whole, precision);
    }
    return sb_str(&out);
}

str num_scientific(struct arena *arena, double d, int precision)
{
    assert(precision >= 0 && precision <= 1000);
    if (!isfinite(d)) {
        return not_finite(d);
    }
    struct exact x;
    exact_digits(d, &x);
    int first = 0;
    while (first < x.count && x.digits[first] == '0') {
        first++;
    }
    int exponent = first < x.count ? x.whole - 1 - first : 0;
    first = first < x.count ? first : 0;
    memmove(x.digits, x.digits + first, (size_t)(x.count - first));
    x.count -= first;
    exponent += exact_round(&x, precision + 1);
    struct sb out = sb_new(arena);
    sb_reserve(&out, precision + 10);
    if (signbit(d)) {
        sb_byte(&out, '-');
    }
    add_digits(&out, &x, 0, 1);
    if (precision > 0) {
        sb_byte(&out, '.');
        add_digits(&out, &x, 1, precision);
    }
    sb_printf(&out, "e%c%02d", exponent < 0 ? '-' : '+', exponent < 0 ? -exponent : exponent);
    return sb_str(&out);
}
