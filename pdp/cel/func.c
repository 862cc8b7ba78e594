/* func.c — the table of functions and the search by name
 *
 * The rows come from funcs.def. Names are found through a hash table of first rows that is filled
 * before main() runs, so that looking up needs neither lock nor check; it is read-only from then
 * on.
 *
 * Neighbours: funcs.def holds the rows · fn_*.c the implementations · opcodes.def counts for the
 * version
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/fn.h"

#include <assert.h>

const struct cel_func cel_funcs[] = {
#define F(name, flags, signature, implementation, documentation)                                   \
    { name, (uint16_t)(flags), signature, implementation, documentation },
#include "cel/funcs.def"
};
const int cel_func_count = (int)countof(cel_funcs);

#define SLOTS 1024 /* power of two, at least twice the number of names */

static int16_t slots[SLOTS]; /* row + 1, 0 = free; written by fill_slots only */

static uint64_t hash_bytes(uint64_t hash, const char *text, isize len)
{
    for (isize i = 0; i < len;
         i++) { /* FNV-1a: spreads short names well, and is the same in every process */
        hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

#define HASH_START UINT64_C(0xcbf29ce484222325)

static uint32_t slot_of(const char *name, isize len)
{
    uint64_t hash = hash_bytes(HASH_START, name, len);
    return (uint32_t)(hash ^ hash >> 32) & (SLOTS - 1);
}

int cel_func_find(str name)
{
    for (uint32_t s = slot_of(name.ptr, name.len); slots[s] != 0; s = (s + 1) & (SLOTS - 1)) {
        int row = slots[s] - 1;
        if (str_eq(str_from_c(cel_funcs[row].name), name)) {
            return row;
        }
    }
    return -1;
}

__attribute__((constructor)) static void fill_slots(void)
{
    int names = 0;
    for (int row = 0; row < cel_func_count; row++) {
        str name = str_from_c(cel_funcs[row].name);
        if (row > 0 && str_eq(name, str_from_c(cel_funcs[row - 1].name))) {
            continue;
        }
        assert(cel_func_find(name) < 0); /* ORDER: rows of one name stand together */
        names++;
        assert(names <= SLOTS / 2);
        uint32_t s = slot_of(name.ptr, name.len);
        while (slots[s] != 0) {
            s = (s + 1) & (SLOTS - 1);
        }
        slots[s] = (int16_t)(row + 1);
    }
}

uint64_t cel_code_version(void)
{
    uint64_t hash = HASH_START;
    for (int row = 0; row < cel_func_count; row++) { /* code holds the numbers of rows */
        str name = str_from_c(cel_funcs[row].name);
        str signature = str_from_c(cel_funcs[row].signature);
        hash = hash_bytes(hash, name.ptr,
                          name.len + 1); /* with the closing zero: a b|c is not a|b c */
        hash = hash_bytes(hash, signature.ptr, signature.len + 1);
        hash = hash_bytes(hash, (const char[]){ (char)cel_funcs[row].flags }, 1);
    }
    static const char opcodes[] = /* ORDER OPCODES */
#define OP(name, operands, words, pops, pushes, meaning)                                           \
#name " " #operands " " #words " " #pops " " #pushes ";"
#include "cel/opcodes.def"
#undef OP
        ;
    return hash_bytes(hash, opcodes, (isize)sizeof opcodes - 1);
}
