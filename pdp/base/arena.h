/* arena.h — memory that is given back all at once
 *
 * An arena is a chain of blocks with a moving front. Allocation never returns NULL: when the cap is
 * reached, or the system has no memory, control jumps to the *guard* set at the entry of the unit of
 * work (one check, one compilation, one image load); without a guard the program stops. Between guard
 * and jump nothing but arena memory may be owned; locals changed after the guard are volatile.
 *
 *     jmp_buf env;
 *     jmp_buf *outer = arena_guard_set(&arena, &env);
 *     if (setjmp(env) != 0) { arena_guard_set(&arena, outer); return CARDEA_ELIMIT; }
 *     …
 *     arena_guard_set(&arena, outer);
 *
 * All size arithmetic happens in here, signed and checked before it is computed.
 * An arena is not copied; scratch work goes between a mark and a reset.
 * One thread at a time. Cost of an allocation: a compare, an add, and clearing the memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_BASE_ARENA_H
#define CARDEA_BASE_ARENA_H

#include "base/status.h"

#include <setjmp.h>
#include <stdbool.h>

struct arena_block; /* header of one block, private */

struct arena {
    char *front;               /* next free byte of the current block                       */
    char *end;                 /* first byte behind the current block                       */
    struct arena_block *block; /* current block, NULL before the first allocation           */
    struct arena_block *first; /* head of the chain; blocks after `block` are kept for reuse */
    isize block_size;          /* usual size of a block, bytes                              */
    isize total;               /* bytes in all blocks                                       */
    isize cap;                 /* most bytes that all blocks together may have              */
    jmp_buf *guard;            /* where to go when there is no memory; NULL = abort         */
};

struct arena_mark {
    char *front;               /* front at the time of the mark   */
    struct arena_block *block; /* current block at that time      */
};

/* Prepares an arena; allocates nothing yet. block_size and cap in bytes. */
void arena_init(struct arena *arena, isize block_size, isize cap);

/* Gives all memory back to the system; the arena may be used again. */
void arena_free(struct arena *arena);

/* Installs a guard (NULL: none) and returns the one before. */
jmp_buf *arena_guard_set(struct arena *arena, jmp_buf *guard);

struct arena_mark arena_mark(const struct arena *arena);

/* Forgets everything allocated since the mark. Blocks stay in the chain for reuse. */
void arena_reset(struct arena *arena, struct arena_mark mark);

/* Forgets everything; gives blocks beyond keep_bytes back to the system. */
void arena_clear(struct arena *arena, isize keep_bytes);

/* Slow path of arena_alloc: a new block, or the guard. */
void *arena_grow(struct arena *arena, isize size, isize align);

/* Jumps to the guard as if memory had run out: for limits that count as "too much". */
_Noreturn void arena_overflow(struct arena *arena);

/* Returns count × size bytes, zeroed, aligned to align (a power of two); never NULL. count and size ≥ 0. */
void *arena_alloc(struct arena *arena, isize size, isize align, isize count);

/* As arena_alloc for bytes that the caller fills at once: not zeroed, alignment 1. */
char *arena_bytes(struct arena *arena, isize size);

/* As arena_alloc with alignment 16 and without zeroing: for hot paths that fill everything. */
void *arena_raw(struct arena *arena, isize size);

#define new(arena, type, count)                                                                    \
    ((type *)arena_alloc((arena), (isize)sizeof(type), (isize)_Alignof(type), (count)))

/* Test seam: the n-th allocation from now on (1 = the next), counted over all arenas of the program,
 * behaves as if memory had run out; 0 switches the seam off. Returns the allocations counted so far. */
long arena_fail_after(long n);

#endif
