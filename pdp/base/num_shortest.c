/* num_shortest.c — the shortest decimal that reads back as the same double
 *
 * After "The Schubfach way to render doubles" (R. Giulietti): a double stands for an interval of
 * reals; scaled by a suitable power of ten, that interval holds at least one and at most a few
 * multiples of ten or one, and one rounded multiplication for each of its ends and its centre tells
 * which. Rounding is "to odd": a last bit that says "and something more" keeps comparisons exact.
 *
 * The powers of ten, 128 bits each, are computed at the first use by exact arithmetic instead of
 * being written down: 10^k = 5^k·2^k, and 5^k needs one short multiplication or division per step.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/num_priv.h"

#include <assert.h>
#include <pthread.h>

typedef unsigned __int128 u128;

#define POW_MIN (-292) /* -k for the largest double  */
#define POW_MAX 324    /* -k for the smallest double */

/* floor(10^k · 2^(127 - floor(log2 10^k))) + 1 for each k: the factor, its leading bit set. */
struct factor {
    uint64_t high;
    uint64_t low;
};
static struct factor factors[POW_MAX - POW_MIN + 1];
static pthread_once_t factors_once = PTHREAD_ONCE_INIT;

/* A natural number of fixed width, least significant word first. */
#define WIDE_WORDS 15
struct wide {
    uint64_t word[WIDE_WORDS];
};

/* The 128 leading bits of a number, plus one. */
static struct factor leading_bits(const struct wide *w)
{
    int top = WIDE_WORDS - 1;
    while (top > 0 && w->word[top] == 0) {
        top--;
    }
    uint64_t part[3]; /* the three leading words; below the number there are zeros */
    for (int i = 0; i < 3; i++) {
        part[i] = top - i >= 0 ? w->word[top - i] : 0;
    }
    assert(part[0] != 0);
    int shift = __builtin_clzll(part[0]);
    uint64_t high = part[0], low = part[1];
    if (shift > 0) {
        high = part[0] << shift | part[1] >> (64 - shift);
        low = part[1] << shift | part[2] >> (64 - shift);
    }
    low += 1;
    return (struct factor){ high + (low == 0), low };
}

static void factors_fill(void)
{
    struct wide power = { { 1 } }; /* 5^k, below 2^753 */
    for (int k = 0; k <= POW_MAX; k++) {
        factors[k - POW_MIN] = leading_bits(&power);
        uint64_t carry = 0;
        for (int i = 0; i < WIDE_WORDS; i++) {
            u128 product = (u128)power.word[i] * 5 + carry;
            power.word[i] = (uint64_t)product;
            carry = (uint64_t)(product >> 64);
        }
    }
    struct wide inverse = { { 0 } }; /* floor(2^N / 5^k): dividing step by step loses nothing */
    inverse.word[WIDE_WORDS - 1] = UINT64_C(1) << 63;
    for (int k = 1; k <= -POW_MIN; k++) {
        uint64_t rest = 0;
        for (int i = WIDE_WORDS - 1; i >= 0; i--) {
            u128 dividend = (u128)rest << 64 | inverse.word[i];
            inverse.word[i] = (uint64_t)(dividend / 5);
            rest = (uint64_t)(dividend % 5);
        }
        factors[-k - POW_MIN] = leading_bits(&inverse);
    }
}

/* floor(log10(2^q)), floor(log10(3/4 · 2^q)) and floor(log2(10^k)) for all exponents that occur:
 * multiples of the logarithms as fractions of a power of two, with enough bits for |q| ≤ 1100. */
static int floor_log10_pow2(int q)
{
    return (q * 1262611) >> 22;
}
static int floor_log10_three_quarters_pow2(int q)
{
    return (q * 1262611 - 524031) >> 22;
}
static int floor_log2_pow10(int k)
{
    return (k * 1741647) >> 19;
}

/* floor(factor · x / 2^128) with the last bit set when something nonzero was cut off. */
static uint64_t multiply_to_odd(struct factor f, uint64_t x)
{
    u128 low = (u128)f.low * x;
    u128 high = (u128)f.high * x + (uint64_t)(low >> 64);
    return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

/* The decimal of a positive double c · 2^q as significand × 10^*exponent. */
static uint64_t shortest_decimal(uint64_t c, int q, bool lower_is_closer, int *exponent)
{
    bool even = c % 2 == 0; /* then the ends of the interval belong to it */
    uint64_t centre = 4 * c, left = centre - 2 + lower_is_closer, right = centre + 2;
    int k = lower_is_closer ? floor_log10_three_quarters_pow2(q) : floor_log10_pow2(q);
    int h = q + floor_log2_pow10(-k) + 1;
    assert(-k >= POW_MIN && -k <= POW_MAX && h >= 1 && h <= 4);
    struct factor f = factors[-k - POW_MIN];

    uint64_t vb = multiply_to_odd(f, centre << h); /* four times the scaled value */
    uint64_t lower = multiply_to_odd(f, left << h) + !even;
    uint64_t upper = multiply_to_odd(f, right << h) - !even;

    uint64_t s = vb / 4;
    *exponent = k;
    if (s >= 10) { /* is there a multiple of ten inside? */
        uint64_t tens = s / 10;
        bool down = lower <= 40 * tens;
        bool up = 40 * tens + 40 <= upper;
        if (down != up) {
            *exponent = k + 1;
            return tens + up;
        }
    }
    bool down = lower <= 4 * s;
    bool up = 4 * s + 4 <= upper;
    if (down != up) {
        return s + up;
    }
    uint64_t middle = 4 * s + 2;
    return s + (vb > middle || (vb == middle && s % 2 == 1));
}

/* Digits of a positive number without trailing zeros, times 10^exponent. */
static void put_digits(uint64_t n, int exponent, struct shortest *out)
{
    char text[20];
    int at = (int)sizeof(text);
    while (n > 0) {
        text[--at] = (char)('0' + n % 10);
        n /= 10;
    }
    int count = (int)sizeof(text) - at;
    out->point = count + exponent;
    while (text[at + count - 1] == '0') {
        count--;
    }
    out->count = count;
    memcpy(out->digits, text + at, (size_t)count);
}

void num_shortest(double d, struct shortest *out)
{
    uint64_t bits;
    memcpy(&bits, &d, sizeof(bits));
    assert(bits >> 52 < 0x7FF); /* finite, not negative */
    if (bits == 0) {
        *out = (struct shortest){ .digits = "0", .count = 1, .point = 1 };
        return;
    }
    if (d < 9007199254740992.0 && d == (double)(uint64_t)d) { /* the usual case: a small integer */
        put_digits((uint64_t)d, 0, out);
        return;
    }
    (void)pthread_once(&factors_once, factors_fill); /* cannot fail with a valid control */
    int biased = (int)(bits >> 52);
    uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1);
    uint64_t c = biased == 0 ? fraction : fraction | UINT64_C(1) << 52;
    int q = (biased == 0 ? 1 : biased) - 1075;
    int exponent;
    uint64_t n = shortest_decimal(c, q, fraction == 0 && biased > 1, &exponent);
    put_digits(n, exponent, out);
}
