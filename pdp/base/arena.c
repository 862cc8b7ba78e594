/* arena.c — blocks, the moving front, and the jump when there is no more
 *
 * The blocks of an arena form one chain. Those up to `block` hold data; those behind it are left
 * over from before a reset and are taken again, or given back when the cap would otherwise be
 * reached. A request that does not fit the next left-over block gets a new block in front of it, so
 * the chain keeps its order and a mark stays a pair of pointers.
 *
 * Invariants
 *   block == NULL  ⇔  front == end == NULL        → the first request always takes arena_grow
 *   every sum is checked before it is formed      → sizes from outside cannot wrap
 *   an arena is never copied                      → total and first would go apart
 *
 * Under the address sanitizer the free part of each block is poisoned and allocations are kept
 * apart, so that reading behind one is found although the memory is ours.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/arena.h"
#include "base/vec.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif

#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define RED_ZONE          16
#define POISON(p, size)   ASAN_POISON_MEMORY_REGION((p), (size))
#define UNPOISON(p, size) ASAN_UNPOISON_MEMORY_REGION((p), (size))
#else
#define RED_ZONE          0
#define POISON(p, size)   ((void)(p), (void)(size))
#define UNPOISON(p, size) ((void)(p), (void)(size))
#endif

#define ARENA_ALIGN 16 /* what malloc and arena_raw promise, bytes */

struct arena_block {
    struct arena_block *next; /* in order of filling       */
    isize size;               /* bytes of data behind this */
};
_Static_assert(sizeof(struct arena_block) % ARENA_ALIGN == 0, "data behind the header is aligned");

static char *block_data(struct arena_block *block)
{
    return (char *)(block + 1);
}

static isize block_bytes(const struct arena_block *block)
{
    return block->size + (isize)sizeof(struct arena_block);
}

/* ---- the test seam ---- */

static atomic_long fail_at;    /* number of the allocation that fails; 0: the seam is off */
static atomic_long fail_count; /* allocations since the seam was switched on              */

long arena_fail_after(long n)
{
    atomic_store(&fail_at, 0);
    long counted = atomic_exchange(&fail_count, 0);
    atomic_store(&fail_at, n);
    return counted;
}

static inline void fail_check(struct arena *arena)
{
    long at = atomic_load_explicit(&fail_at, memory_order_relaxed);
    if (__builtin_expect(at != 0, 0) && atomic_fetch_add(&fail_count, 1) + 1 == at) {
        arena_overflow(arena);
    }
}

/* ---- life ---- */

void arena_init(struct arena *arena, isize block_size, isize cap)
{
    assert(block_size > 0 && cap >= 0);
    *arena = (struct arena){ .block_size = block_size, .cap = cap };
}

static void free_blocks(struct arena *arena, struct arena_block *block)
{
    while (block != NULL) {
        struct arena_block *next = block->next;
        arena->total -= block_bytes(block);
        UNPOISON(block_data(block), (size_t)block->size);
        free(block);
        block = next;
    }
}

void arena_free(struct arena *arena)
{
    free_blocks(arena, arena->first);
    arena->front = NULL;
    arena->end = NULL;
    arena->block = NULL;
    arena->first = NULL;
    arena->total = 0;
}

jmp_buf *arena_guard_set(struct arena *arena, jmp_buf *guard)
{
    jmp_buf *before = arena->guard;
    arena->guard = guard;
    return before;
}

void arena_overflow(struct arena *arena)
{
    if (arena->guard == NULL) {
        fputs("cardea: out of memory without a guard\n", stderr);
        abort();
    }
    longjmp(*arena->guard, 1);
}

/* ---- marks ---- */

struct arena_mark arena_mark(const struct arena *arena)
{
    return (struct arena_mark){ arena->front, arena->block };
}

void arena_reset(struct arena *arena, struct arena_mark mark)
{
    struct arena_block *last = arena->block;
    arena->block = mark.block;
    arena->front = mark.front;
    arena->end = mark.block != NULL ? block_data(mark.block) + mark.block->size : NULL;
    if (RED_ZONE != 0 && last != NULL) {
        if (mark.block != NULL) {
            POISON(arena->front, (size_t)(arena->end - arena->front));
        }
        struct arena_block *b = mark.block != NULL ? mark.block->next : arena->first;
        for (; b != NULL; b = b->next) {
            POISON(block_data(b), (size_t)b->size);
        }
    }
}

void arena_clear(struct arena *arena, isize keep_bytes)
{
    arena_reset(arena, (struct arena_mark){ NULL, NULL });
    isize kept = 0;
    struct arena_block **link = &arena->first;
    while (*link != NULL && kept + block_bytes(*link) <= keep_bytes) {
        kept += block_bytes(*link);
        link = &(*link)->next;
    }
    free_blocks(arena, *link);
    *link = NULL;
}

/* ---- allocation ---- */

/* Bytes to skip at p so that it is aligned. */
static inline isize padding(const char *p, isize align)
{
    return (isize)(-(uintptr_t)p & ((uintptr_t)align - 1));
}

/* A block with at least `need` bytes of data, behind the current one; jumps when there is none. */
static struct arena_block *block_new(struct arena *arena, isize need)
{
    const isize header = (isize)sizeof(struct arena_block);
    struct arena_block **link = arena->block != NULL ? &arena->block->next : &arena->first;
    isize room = arena->cap - arena->total;
    if (need > room - header) { /* left-over blocks that are too small must not use up the cap */
        free_blocks(arena, *link);
        *link = NULL;
        room = arena->cap - arena->total;
        if (need > room - header) {
            arena_overflow(arena);
        }
    }
    isize size = need > arena->block_size ? need : arena->block_size;
    if (size > room - header) {
        size = room - header;
    }
    struct arena_block *block = malloc((size_t)(size + header));
    if (block == NULL) {
        arena_overflow(arena);
    }
    block->size = size;
    block->next = *link;
    *link = block;
    arena->total += size + header;
    POISON(block_data(block), (size_t)size);
    return block;
}

/* Takes `size` bytes at an aligned place of the current block, or returns NULL when they do not
 * fit. */
static inline char *take(struct arena *arena, isize size, isize align)
{
    isize pad = padding(arena->front, align);
    isize room = arena->end - arena->front;
    if (__builtin_expect(pad > room || size > room - pad, 0)) {
        return NULL;
    }
    char *p = arena->front + pad;
    arena->front = p + size;
    if (RED_ZONE != 0) {
        UNPOISON(p, (size_t)size);
        isize zone = arena->end - arena->front;
        arena->front += zone < RED_ZONE ? zone : RED_ZONE;
    }
    return p;
}

void *arena_grow(struct arena *arena, isize size, isize align)
{
    if (size > PTRDIFF_MAX - align - RED_ZONE) {
        arena_overflow(arena);
    }
    isize need = size + (align > ARENA_ALIGN ? align : 0) + RED_ZONE;
    struct arena_block *next = arena->block != NULL ? arena->block->next : arena->first;
    if (next == NULL || next->size < need) {
        next = block_new(arena, need);
    }
    arena->block = next;
    arena->front = block_data(next);
    arena->end = arena->front + next->size;
    char *p = take(arena, size, align);
    assert(p != NULL);
    return p;
}

static inline void *allocate(struct arena *arena, isize size, isize align)
{
    assert(size >= 0);
    fail_check(arena);
    if (__builtin_expect(arena->front == NULL, 0)) {
        return arena_grow(arena, size, align);
    }
    char *p = take(arena, size, align);
    return p != NULL ? p : arena_grow(arena, size, align);
}

void *arena_alloc(struct arena *arena, isize size, isize align, isize count)
{
    assert(size >= 0 && count >= 0 && align > 0);
    isize bytes;
    if (__builtin_mul_overflow(size, count, &bytes)) {
        arena_overflow(arena);
    }
    void *p = allocate(arena, bytes, align);
    return memset(p, 0, (size_t)bytes);
}

char *arena_bytes(struct arena *arena, isize size)
{
    return allocate(arena, size, 1);
}

void *arena_raw(struct arena *arena, isize size)
{
    return allocate(arena, size, ARENA_ALIGN);
}

/* ---- vectors (vec.h) ---- */

void *vec_grow(struct arena *arena, void *ptr, isize len, isize *cap, isize size, isize align)
{
    isize bigger;
    if (__builtin_mul_overflow(*cap, (isize)2, &bigger)) {
        arena_overflow(arena);
    }
    if (bigger < 8) {
        bigger = 8;
    }
    char *to = arena_alloc(arena, size, align, bigger);
    if (len > 0) {
        memcpy(to, ptr, (size_t)(len * size));
    }
    *cap = bigger;
    return to;
}
