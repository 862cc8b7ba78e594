/* bitset.h — sets of small numbers as 64-bit words
 *
 * Width is the caller's: `words` says how many words each set has. Bits above the highest member are
 * zero, so iteration needs no bound.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_BASE_BITSET_H
#define CARDEA_BASE_BITSET_H

#include "base/status.h"

#include <stdbool.h>

static inline isize bits_words(isize bits)
{
    return (bits + 63) / 64;
}
static inline void bits_set(uint64_t *set, isize bit)
{
    set[bit / 64] |= UINT64_C(1) << (bit % 64);
}
static inline void bits_clear(uint64_t *set, isize bit)
{
    set[bit / 64] &= ~(UINT64_C(1) << (bit % 64));
}
static inline bool bits_test(const uint64_t *set, isize bit)
{
    return (set[bit / 64] >> (bit % 64)) & 1;
}
static inline void bits_or(uint64_t *into, const uint64_t *from, isize words)
{
    for (isize i = 0; i < words; i++) {
        into[i] |= from[i];
    }
}
static inline void bits_and(uint64_t *into, const uint64_t *from, isize words)
{
    for (isize i = 0; i < words; i++) {
        into[i] &= from[i];
    }
}
/* First member ≥ from, or -1. */
static inline isize bits_next(const uint64_t *set, isize words, isize from)
{
    isize w = from / 64;
    if (w >= words) {
        return -1;
    }
    uint64_t word = set[w] & (~UINT64_C(0) << (from % 64));
    while (word == 0) {
        if (++w >= words) {
            return -1;
        }
        word = set[w];
    }
    return w * 64 + __builtin_ctzll(word);
}

#endif
