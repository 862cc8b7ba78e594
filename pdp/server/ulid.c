/* ulid.c — names of calls
 *
 * Crockford's base 32, most significant digit first: 10 digits of milliseconds, 16 of chance.
 * The generator is xoroshiro128+.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/ulid.h"

#include <sys/random.h>
#include <time.h>

static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static uint64_t rotate(uint64_t x, int by)
{
    return (x << by) | (x >> (64 - by));
}

void ulid_init(struct ulid *ulid)
{
    if (getrandom(ulid->state, sizeof ulid->state, 0) != (ssize_t)sizeof ulid->state) {
        ulid->state[0] = (uint64_t)time(NULL) * UINT64_C(0x9e3779b97f4a7c15);
        ulid->state[1] = (uint64_t)(uintptr_t)ulid;
    }
    ulid->state[0] |= 1;
}

static uint64_t chance(struct ulid *ulid)
{
    uint64_t a = ulid->state[0];
    uint64_t b = ulid->state[1];
    uint64_t sum = a + b;
    b ^= a;
    ulid->state[0] = rotate(a, 24) ^ b ^ (b << 16);
    ulid->state[1] = rotate(b, 37);
    return sum;
}

static void put(char *out, int count, uint64_t bits)
{
    for (int i = count - 1; i >= 0; i--, bits >>= 5) {
        out[i] = digits[bits & 31];
    }
}

void ulid_next(struct ulid *ulid, int64_t wall_ns, char out[ULID_TEXT])
{
    put(out, 10, (uint64_t)(wall_ns / 1000000));
    put(out + 10, 8, chance(ulid) >> 8);
    put(out + 18, 8, chance(ulid) >> 8);
}
