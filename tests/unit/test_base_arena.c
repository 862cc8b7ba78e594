/* test_base_arena.c — alignment, marks, the cap, the guard, injected failures; vectors and maps
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/map.h"
#include "base/vec.h"
#include "support/unit.h"

#include <stdio.h>

START_TEST(memory_is_zeroed_and_aligned)
{
    struct arena *arena = unit_arena();
    for (int round = 0; round < 2; round++) { /* the second time in used memory */
        struct arena_mark mark = arena_mark(arena);
        for (isize align = 1; align <= 256; align *= 2) {
            (void)arena_bytes(arena, 3);
            unsigned char *p = arena_alloc(arena, 7, align, 5);
            ck_assert_uint_eq((uintptr_t)p % (uintptr_t)align, 0);
            for (int i = 0; i < 35; i++) {
                ck_assert_int_eq(p[i], 0);
                p[i] = 0xAA;
            }
        }
        ck_assert_uint_eq((uintptr_t)arena_raw(arena, 5) % 16, 0);
        arena_reset(arena, mark);
    }
}
END_TEST

START_TEST(allocations_do_not_overlap)
{
    struct arena *arena = unit_arena();
    enum { COUNT = 3000 };
    static unsigned char *at[COUNT];
    static isize size[COUNT];
    uint64_t seed = 7;
    for (int i = 0; i < COUNT; i++) {
        size[i] = (isize)(unit_random(&seed) % (i % 100 == 0 ? 200000 : 300));
        at[i] = i % 3 == 0 ? arena_raw(arena, size[i]) : arena_alloc(arena, 1, 1, size[i]);
        memset(at[i], i & 0xFF, (size_t)size[i]);
    }
    for (int i = 0; i < COUNT; i++) {
        isize same = 0;
        while (same < size[i] && at[i][same] == (i & 0xFF)) {
            same++;
        }
        ck_assert_int_eq(same, size[i]);
    }
}
END_TEST

START_TEST(reset_gives_the_same_memory_again)
{
    struct arena arena;
    arena_init(&arena, 1000, 1 << 20);
    struct arena_mark start = arena_mark(&arena); /* before the first block */
    isize total = 0;
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < 20; i++) {
            (void)arena_raw(&arena, 400);
        }
        ck_assert(round == 0 || arena.total == total);
        total = arena.total;
        arena_reset(&arena, start);
    }
    arena_clear(&arena, 3000);
    ck_assert_int_le(arena.total, 3000);
    ck_assert_int_gt(arena.total, 0);
    arena_clear(&arena, 0);
    ck_assert_int_eq(arena.total, 0);
    arena_free(&arena);
}
END_TEST

START_TEST(mark_inside_a_block)
{
    struct arena *arena = unit_arena();
    char *kept = arena_bytes(arena, 4);
    memcpy(kept, "kept", 4);
    struct arena_mark mark = arena_mark(arena);
    char *first = arena_bytes(arena, 100000); /* another block */
    arena_reset(arena, mark);
    char *again = arena_bytes(arena, 10);
    ck_assert_ptr_ne(first, again);
    ck_assert_int_eq(memcmp(kept, "kept", 4), 0);
}
END_TEST

/* Allocates `count` × `size` with a guard; true when it jumped. */
static bool overflows(struct arena *arena, isize size, isize count)
{
    jmp_buf env;
    jmp_buf *outer = arena_guard_set(arena, &env);
    if (setjmp(env) != 0) {
        ck_assert_ptr_eq(arena_guard_set(arena, outer), &env);
        return true;
    }
    (void)arena_alloc(arena, size, 8, count);
    (void)arena_guard_set(arena, outer);
    return false;
}

START_TEST(cap_and_overflow_end_at_the_guard)
{
    struct arena arena;
    arena_init(&arena, 1024, 100000);
    ck_assert(!overflows(&arena, 50000, 1));
    ck_assert(overflows(&arena, 60000, 1));
    ck_assert(overflows(&arena, PTRDIFF_MAX, 1));
    ck_assert(overflows(&arena, PTRDIFF_MAX / 2, 3));
    ck_assert(overflows(&arena, 16, PTRDIFF_MAX / 8));
    ck_assert(!overflows(&arena, 0, PTRDIFF_MAX));
    ck_assert(!overflows(&arena, 40000, 1));
    ck_assert_int_le(arena.total, arena.cap);
    arena_free(&arena);
}
END_TEST

START_TEST(left_over_blocks_do_not_use_up_the_cap)
{
    struct arena arena;
    arena_init(&arena, 1024, 10000);
    struct arena_mark start = arena_mark(&arena);
    for (int i = 0; i < 7; i++) {
        (void)arena_raw(&arena, 1000);
    }
    arena_reset(&arena, start);
    ck_assert(!overflows(&arena, 9000, 1)); /* fits none of the small blocks, nor beside them */
    ck_assert_int_le(arena.total, arena.cap);
    arena_free(&arena);
}
END_TEST

START_TEST(everything_up_to_the_cap_can_be_used)
{
    struct arena arena;
    arena_init(&arena, 4096, 10000);
    int got = 0;
    while (!overflows(&arena, 100, 1)) {
        got++;
    }
    ck_assert_int_ge(got, 80); /* less would mean that the last, smaller block is not taken */
    arena_free(&arena);
}
END_TEST

START_TEST(injected_failure_strikes_once)
{
    struct arena *arena = unit_arena();
    (void)arena_fail_after(3);
    ck_assert(!overflows(arena, 1, 1));
    ck_assert(!overflows(arena, 1, 1));
    ck_assert(overflows(arena, 1, 1));
    ck_assert(!overflows(arena, 1, 1));
    ck_assert_int_eq(arena_fail_after(0), 4);
    ck_assert(!overflows(arena, 1, 1));
    ck_assert_int_eq(arena_fail_after(0), 0); /* nothing is counted while it is off */
}
END_TEST

START_TEST(vector_grows)
{
    struct arena *arena = unit_arena();
    VEC(int) v = { 0 };
    for (int i = 0; i < 10000; i++) {
        int *p = vec_push(arena, &v);
        ck_assert_int_eq(*p, 0);
        *p = i;
    }
    for (int i = 0; i < 10000; i++) {
        ck_assert_int_eq(v.ptr[i], i);
    }
}
END_TEST

START_TEST(map_with_many_keys)
{
    struct arena *arena = unit_arena();
    struct map map = { 0 };
    ck_assert_uint_eq(map_get(&map, S("x")), MAP_NONE);
    enum { COUNT = 50000 };
    for (uint32_t i = 0; i < COUNT; i++) {
        str key = str_printf(arena, "key-%u", i);
        ck_assert_uint_eq(map_set(arena, &map, key, i * 3), MAP_NONE);
    }
    ck_assert_uint_eq(map.count, COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        str key = str_printf(arena, "key-%u", i);
        ck_assert_uint_eq(map_get(&map, key), i * 3);
        ck_assert(str_eq(map.keys[i], key)); /* in order of insertion */
    }
    ck_assert_uint_eq(map_set(arena, &map, S("key-7"), 1), 21);
    ck_assert_uint_eq(map_get(&map, S("key-7")), 1);
    ck_assert_uint_eq(map_get(&map, S("key-")), MAP_NONE);
    ck_assert_uint_eq(map.count, COUNT);
}
END_TEST

START_TEST(map_interns)
{
    struct arena *arena = unit_arena();
    struct map map = { 0 };
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 100; i++) {
            ck_assert_uint_eq(map_intern(arena, &map, str_printf(arena, "%u", i)), i);
        }
    }
    ck_assert_uint_eq(map_intern(arena, &map, STR_EMPTY), 100);
    ck_assert_uint_eq(map_intern(arena, &map, (str){ NULL, 0 }), 100);
    ck_assert_uint_eq(map_intern(arena, &map, (str){ "a\0b", 3 }), 101);
    ck_assert_uint_eq(map_intern(arena, &map, (str){ "a\0c", 3 }), 102);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base/arena");
    TCase *tcase = tcase_create("arena");
    tcase_add_test(tcase, memory_is_zeroed_and_aligned);
    tcase_add_test(tcase, allocations_do_not_overlap);
    tcase_add_test(tcase, reset_gives_the_same_memory_again);
    tcase_add_test(tcase, mark_inside_a_block);
    tcase_add_test(tcase, cap_and_overflow_end_at_the_guard);
    tcase_add_test(tcase, left_over_blocks_do_not_use_up_the_cap);
    tcase_add_test(tcase, everything_up_to_the_cap_can_be_used);
    tcase_add_test(tcase, injected_failure_strikes_once);
    tcase_add_test(tcase, vector_grows);
    tcase_add_test(tcase, map_with_many_keys);
    tcase_add_test(tcase, map_interns);
    suite_add_tcase(suite, tcase);
    return unit_run(suite);
}
