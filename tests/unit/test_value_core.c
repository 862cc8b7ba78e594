/* test_value_core.c — equality, order, hash, maps and text of values
 *
 * spec: cel#equality, cel#ordering, cel#collections
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "support/unit.h"
#include "value/vmap.h"

#include <math.h>

#define NUL                                                                                        \
    {                                                                                              \
        .kind = V_NULL                                                                             \
    }
#define B(b)                                                                                       \
    {                                                                                              \
        .kind = V_BOOL, .i = (b)                                                                   \
    }
#define I(n)                                                                                       \
    {                                                                                              \
        .kind = V_INT, .i = (n)                                                                    \
    }
#define U(n)                                                                                       \
    {                                                                                              \
        .kind = V_UINT, .u = (n)                                                                   \
    }
#define D(x)                                                                                       \
    {                                                                                              \
        .kind = V_DOUBLE, .d = (x)                                                                 \
    }
#define STR(t)                                                                                     \
    {                                                                                              \
        .kind = V_STRING, .len = sizeof(t) - 1, .s = t                                             \
    }
#define BY(t)                                                                                      \
    {                                                                                              \
        .kind = V_BYTES, .len = sizeof(t) - 1, .s = t                                              \
    }
#define TY(t)                                                                                      \
    {                                                                                              \
        .kind = V_TYPE, .len = sizeof(t) - 1, .s = t                                               \
    }
#define TS(seconds, nanos, offset)                                                                 \
    {                                                                                              \
        .kind = V_TIMESTAMP, .aux = (offset), .len = (nanos), .i = (seconds)                       \
    }
#define DUR(n)                                                                                     \
    {                                                                                              \
        .kind = V_DURATION, .i = (n)                                                               \
    }
#define L(...)                                                                                     \
    {                                                                                              \
        .kind = V_LIST, .len = sizeof((struct value[]){ __VA_ARGS__ }) / sizeof(struct value),     \
        .items = (const struct value[])                                                            \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define EMPTY                                                                                      \
    {                                                                                              \
        .kind = V_LIST                                                                             \
    }
#define M(...)                                                                                     \
    {                                                                                              \
        .kind = V_MAP,                                                                             \
        .len = sizeof((struct vmap_entry[]){ __VA_ARGS__ }) / sizeof(struct vmap_entry),           \
        .map = &(const struct vmap)                                                                \
        {                                                                                          \
            .entries = (struct vmap_entry[]){ __VA_ARGS__ },                                       \
            .count = sizeof((struct vmap_entry[]){ __VA_ARGS__ }) / sizeof(struct vmap_entry)      \
        }                                                                                          \
    }
#define SOME(v)                                                                                    \
    {                                                                                              \
        .kind = V_OPTIONAL, .items = (const struct value[])                                        \
        {                                                                                          \
            v                                                                                      \
        }                                                                                          \
    }
#define NONE                                                                                       \
    {                                                                                              \
        .kind = V_OPTIONAL                                                                         \
    }
#define O(o)                                                                                       \
    {                                                                                              \
        .kind = V_OBJECT, .object = &(o)                                                           \
    }

/* A class like the reference's own: equal to itself and to the text "x", no answer for anything
 * else. */
static int equal_x(const struct object *a, struct value b)
{
    if (b.kind == V_OBJECT) {
        return b.object == a;
    }
    return b.kind == V_STRING && str_eq(v_str(b), S("x")) ? 1 : -1;
}

static int compare_down(const struct object *a, struct value b)
{
    return b.kind != V_OBJECT ? -2 : a < b.object ? 1 : a > b.object ? -1 : 0;
}

static struct value plain_ab(struct arena *arena, const struct object *o)
{
    (void)o;
    struct value *items = new(arena, struct value, 1);
    items[0] = v_string(S("a"));
    return v_list(items, 1);
}

static const struct object_class picky_class = {
    .type_name = { "picky", 5 }, .equal = equal_x, .compare = compare_down, .plain = plain_ab
};
static const struct object_class bare_class = { .type_name = { "bare", 4 } };
static const struct object picky[2] = { { &picky_class }, { &picky_class } };
static const struct object bare[2] = { { &bare_class }, { &bare_class } };

/* ---- equality ---- */

static const struct {
    struct value a, b;
    int want; /* 1, 0, -1: no such overload */
} equals[] = {
    { I(1), I(1), 1 },
    { I(1), I(2), 0 },
    { I(1), U(1), 1 },
    { I(-1), U(UINT64_MAX), 0 },
    { U(1), D(1), 1 },
    { I(1), D(1.5), 0 },
    { D(0.0), D(-0.0), 1 },
    { D(-0.0), U(0), 1 },
    { I(9007199254740993), D(9007199254740992.0), 1 }, /* through conversion to double */
    { U(9007199254740993), D(9007199254740992.0), 1 },
    { I(9007199254740993), I(9007199254740992), 0 },
    { I(INT64_MAX), D(0x1p63), 1 },
    { I(INT64_MIN), D(-0x1p63), 1 },
    { U(UINT64_MAX), D(0x1p64), 1 },
    { I(INT64_MAX), D(0x1.0000000000001p63), 0 },
    { U(1u << 31), I(INT64_C(1) << 31), 1 },
    { U(UINT64_C(1) << 63), I(INT64_MIN), 0 },
    { I(1), B(1), 0 },
    { I(0), NUL, 0 },
    { I(1), STR("1"), 0 },
    { I(0), TS(0, 0, 0), 0 },
    { I(0), DUR(0), 0 },
    { NUL, NUL, 1 },
    { B(1), B(1), 1 },
    { B(1), B(0), 0 },
    { STR("a"), STR("a"), 1 },
    { STR("a"), STR("A"), 0 },
    { STR(""), STR(""), 1 },
    { STR("a\0b"), STR("a\0c"), 0 },
    { STR("\xC3\xA9"), STR("e\xCC\x81"), 0 }, /* no normalisation */
    { STR("a"), BY("a"), 0 },
    { BY("a"), BY("a"), 1 },
    { TY("int"), TY("int"), 1 },
    { TY("int"), TY("uint"), 0 },
    { TY("int"), STR("int"), 0 },
    { TS(5, 7, 0), TS(5, 7, 330), 1 }, /* zones do not matter */
    { TS(5, 7, 0), TS(5, 8, 0), 0 },
    { DUR(5), DUR(5), 1 },
    { EMPTY, EMPTY, 1 },
    { L(I(1), I(2)), L(I(1), I(2)), 1 },
    { L(I(1)), L(D(1.0)), 1 },
    { L(I(1)), L(I(1), I(2)), 0 },
    { L(L(I(1))), L(L(U(1))), 1 },
    { L(STR("a")), L(I(1)), 0 },
    { M({ STR("a"), I(1) }, { STR("b"), I(2) }), M({ STR("b"), I(2) }, { STR("a"), D(1) }), 1 },
    { M({ STR("a"), I(1) }), M({ STR("a"), I(2) }), 0 },
    { M({ STR("a"), I(1) }), M({ STR("b"), I(1) }), 0 },
    { M({ STR("a"), I(1) }), M({ STR("a"), I(1) }, { STR("b"), I(1) }), 0 },
    { M({ I(1), I(1) }), M({ U(1), I(1) }), 1 },
    { M({ STR("a"), NUL }), M({ STR("a"), NUL }), 1 },
    { M({ STR("a"), I(1) }), EMPTY, 0 },
    { NONE, NONE, 1 },
    { NONE, SOME(I(1)), 0 },
    { SOME(I(1)), SOME(D(1)), 1 },
    { SOME(I(1)), I(1), 0 },
    { SOME(NUL), NONE, 0 },
    { O(picky[0]), O(picky[0]), 1 },
    { O(picky[0]), O(picky[1]), 0 },
    { O(picky[0]), STR("x"), 1 },
    { O(picky[0]), STR("y"), -1 },
    { STR("x"), O(picky[0]), 0 }, /* the left side decides */
    { O(picky[0]), NUL, 0 },
    { NUL, O(picky[0]), 0 },
    { O(bare[0]), O(bare[0]), 1 },
    { O(bare[0]), O(bare[1]), 0 },
    { O(bare[0]), I(1), 0 },
    { L(O(picky[0])), L(STR("y")), 1 }, /* no answer does not make a list unequal */
    { L(STR("y")), L(O(picky[0])), 0 },
    { M({ STR("k"), O(picky[0]) }), M({ STR("k"), STR("y") }), 1 },
    { SOME(O(picky[0])), SOME(STR("y")), -1 },
};

START_TEST(equality)
{
    ck_assert_int_eq(value_equal(equals[_i].a, equals[_i].b), equals[_i].want);
}
END_TEST

START_TEST(equality_of_nan)
{
    struct value nan = v_double((double)NAN), list = v_list(&nan, 1);
    ck_assert_int_eq(value_equal(nan, nan), 0);
    ck_assert_int_eq(value_equal(nan, v_int(1)), 0);
    ck_assert_int_eq(value_equal(v_uint(1), nan), 0);
    ck_assert_int_eq(value_equal(list, list), 0);
}
END_TEST

/* ---- order ---- */

static const struct {
    struct value a, b;
    int want;
} orders[] = {
    { I(1), I(2), -1 },
    { I(-1), U(0), -1 },
    { U(UINT64_MAX), I(INT64_MAX), 1 },
    { I(2), U(2), 0 },
    { I(1), D(1.5), -1 },
    { U(2), D(1.5), 1 },
    { D(1.5), U(2), -1 },
    { D(-0.5), U(0), -1 },
    { D(-0.0), U(0), 0 },
    { I(INT64_MAX), D(0x1p63), 0 }, /* through conversion to double */
    { I(9007199254740993), D(9007199254740992.0), 0 },
    { I(INT64_MAX), D(1e300), -1 },
    { I(INT64_MIN), D(-1e300), 1 },
    { U(UINT64_MAX), D(1e300), -1 },
    { D(-1e300), U(0), -1 },
    { I(0), D(HUGE_VAL), -1 },
    { I(0), D(-HUGE_VAL), 1 },
    { B(0), B(1), -1 },
    { B(1), B(1), 0 },
    { STR("a"), STR("b"), -1 },
    { STR("a"), STR("ab"), -1 },
    { STR("B"), STR("a"), -1 },
    { STR("z"), STR("\xC3\xA9"), -1 },
    { STR("\xEF\xBF\xBF"), STR("\xF0\x90\x80\x80"), -1 }, /* by code points, not by UTF-16 */
    { BY("\xFF"), BY("a"), 1 },
    { BY(""), BY("a"), -1 },
    { TS(1, 0, 0), TS(1, 1, 0), -1 },
    { TS(2, 0, 0), TS(1, 999999999, 0), 1 },
    { TS(1, 5, 60), TS(1, 5, -60), 0 },
    { DUR(-1), DUR(0), -1 },
    { I(1), STR("1"), VALUE_UNORDERED },
    { I(1), B(1), VALUE_UNORDERED },
    { STR("a"), BY("a"), VALUE_UNORDERED },
    { NUL, NUL, VALUE_UNORDERED },
    { TY("int"), TY("int"), VALUE_UNORDERED },
    { EMPTY, EMPTY, VALUE_UNORDERED },
    { M({ I(1), I(1) }), M({ I(1), I(1) }), VALUE_UNORDERED },
    { SOME(I(1)), SOME(I(1)), VALUE_UNORDERED },
    { TS(0, 0, 0), DUR(0), VALUE_UNORDERED },
    { O(picky[0]), O(picky[1]), 1 },
    { O(picky[0]), I(1), VALUE_UNORDERED },
    { I(1), O(picky[0]), VALUE_UNORDERED },
    { O(bare[0]), O(bare[0]), VALUE_UNORDERED },
};

START_TEST(order)
{
    ck_assert_int_eq(value_compare(orders[_i].a, orders[_i].b), orders[_i].want);
    if (orders[_i].a.kind != V_OBJECT && orders[_i].want != VALUE_UNORDERED) {
        ck_assert_int_eq(value_compare(orders[_i].b, orders[_i].a), -orders[_i].want);
    }
}
END_TEST

START_TEST(order_of_nan)
{
    struct value nan = v_double((double)NAN);
    const struct value others[] = { D(0), I(0), U(0), D((double)NAN) };
    for (int i = 0; i < countof(others); i++) {
        ck_assert_int_eq(value_compare(nan, others[i]), VALUE_UNORDERED);
        ck_assert_int_eq(value_compare(others[i], nan), VALUE_UNORDERED);
    }
}
END_TEST

START_TEST(hash_agrees_with_equality)
{
    for (isize i = 0; i < countof(equals); i++) {
        bool scalar = equals[i].a.kind <= V_BYTES || equals[i].a.kind == V_TIMESTAMP ||
                      equals[i].a.kind == V_DURATION || equals[i].a.kind == V_TYPE;
        if (scalar && equals[i].want == 1) {
            ck_assert_uint_eq(value_hash(equals[i].a), value_hash(equals[i].b));
        }
    }
    const struct value zeros[] = { D(0.0), D(-0.0), I(0), U(0) };
    for (int i = 1; i < countof(zeros); i++) {
        ck_assert_uint_eq(value_hash(zeros[i]), value_hash(zeros[0]));
    }
    ck_assert_uint_ne(value_hash(v_int(1)), value_hash(v_int(2)));
    ck_assert_uint_ne(value_hash(v_string(S("a"))), value_hash(v_string(S("b"))));
}
END_TEST

/* ---- maps ---- */

static const struct {
    struct value stored, key;
    bool found;
} lookups[] = {
    { STR("a"), STR("a"), true },
    { STR("a"), STR("b"), false },
    { STR("a"), BY("a"), false },
    { STR("1"), I(1), false },
    { B(1), B(1), true },
    { B(1), I(1), false },
    { I(1), I(1), true },
    { I(1), U(1), true },
    { I(1), D(1.0), true },
    { I(1), D(1.5), false },
    { I(1), STR("1"), false },
    { U(1), I(1), true },
    { U(1), D(1.0), true },
    { U(UINT64_MAX), I(-1), false },
    { I(-1), U(UINT64_MAX), false },
    { D(1.0), D(1.0), true },
    { D(1.0), I(1), false }, /* a stored double is found by a double only */
    { D(1.0), U(1), false },
    { D(0.0), D(-0.0), true },
    { I(0), D(-0.0), true },
    { I(INT64_MIN), D(-0x1p63), true },
    { U(UINT64_C(1) << 63), D(0x1p63), true },
    { I(INT64_MAX), D(0x1p63), false },
    { I(0), D(HUGE_VAL), false },
    { NUL, NUL, true },
};

/* The same lookup in a small map, which is scanned, and in one with an index. */
START_TEST(lookup)
{
    struct arena *arena = unit_arena();
    for (int extra = 0; extra <= 20; extra += 20) {
        struct vmap *map = vmap_new(arena, 0);
        for (int i = 0; i < extra; i++) {
            ck_assert(vmap_put(arena, map, v_string(str_printf(arena, "extra-%d", i)), v_null()));
        }
        ck_assert(vmap_put(arena, map, lookups[_i].stored, v_int(42)));
        struct value got = vmap_find(map, lookups[_i].key);
        ck_assert_int_eq(got.kind, lookups[_i].found ? V_INT : V_NONE);
    }
}
END_TEST

START_TEST(numeric_keys_of_different_kinds_are_distinct)
{
    struct arena *arena = unit_arena();
    struct vmap *map = vmap_new(arena, 3);
    ck_assert(vmap_put(arena, map, v_int(1), v_string(S("int"))));
    ck_assert(vmap_put(arena, map, v_uint(1), v_string(S("uint"))));
    ck_assert(vmap_put(arena, map, v_double(1), v_string(S("double"))));
    ck_assert(!vmap_put(arena, map, v_double(1), v_string(S("last")))); /* the last one wins */
    expect_str(v_str(vmap_find(map, v_int(1))), "int");
    expect_str(v_str(vmap_find(map, v_uint(1))), "uint");
    expect_str(v_str(vmap_find(map, v_double(1))), "last");
    ck_assert_uint_eq(map->count, 3);
    struct value nan = v_double((double)NAN);
    ck_assert(vmap_put(arena, map, nan, v_null()) && vmap_put(arena, map, nan, v_null()));
    ck_assert_int_eq(vmap_find(map, nan).kind, V_NONE);
}
END_TEST

START_TEST(map_with_many_keys)
{
    struct arena *arena = unit_arena();
    struct vmap *map = vmap_new(arena, 0);
    enum { COUNT = 20000 };
    for (int i = 0; i < COUNT; i++) {
        struct value key = i % 2 == 0 ? v_int(i) : v_string(str_printf(arena, "key-%d", i));
        ck_assert(vmap_put(arena, map, key, v_int(i)));
    }
    int64_t bad = 0;
    for (int i = 0; i < COUNT; i++) {
        str name = str_printf(arena, "key-%d", i);
        struct value got =
            i % 2 == 0 ? vmap_find(map, v_uint((uint64_t)i)) : vmap_find_str(map, name);
        bad += got.kind != V_INT || got.i != i;
        bad += map->entries[i].val.i != i; /* in order of insertion */
        bad += i % 2 == 0 && vmap_find_str(map, name).kind != V_NONE;
    }
    ck_assert_int_eq(bad, 0);
    ck_assert_uint_eq(v_map(map).len, COUNT);
}
END_TEST

START_TEST(find_by_text)
{
    struct arena *arena = unit_arena();
    struct vmap *map = vmap_new(arena, 2);
    ck_assert_int_eq(vmap_find_str(map, S("a")).kind, V_NONE);
    vmap_append(arena, map, v_bytes(S("a")), v_int(1));
    vmap_append(arena, map, v_string(S("a")), v_int(2));
    vmap_append(arena, map, v_string(STR_EMPTY), v_null());
    ck_assert_int_eq(vmap_find_str(map, S("a")).i, 2);
    ck_assert_int_eq(vmap_find_str(map, STR_EMPTY).kind, V_NULL);
    ck_assert_int_eq(vmap_find_str(map, S("ab")).kind, V_NONE);
}
END_TEST

/* ---- text ---- */

static const struct {
    struct value v;
    const char *text, *type;
} texts[] = {
    { { .kind = V_NONE }, "none", "none" },
    { NUL, "null", "null_type" },
    { B(0), "false", "bool" },
    { I(INT64_MIN), "-9223372036854775808", "int" },
    { U(7), "7u", "uint" },
    { D(1), "1.0", "double" },
    { D(-0.0), "-0.0", "double" },
    { D(1.5), "1.5", "double" },
    { D(1e6), "1e+06", "double" },
    { D(HUGE_VAL), "double(\"+Inf\")", "double" },
    { STR("a\"b\\\n\t\a\x01\x7F\xC3\xA9"), "\"a\\\"b\\\\\\n\\t\\a\\u0001\\u007f\xC3\xA9\"",
      "string" },
    { BY("a\"\0\xFF"), "b\"a\\\"\\x00\\xff\"", "bytes" },
    { EMPTY, "[]", "list" },
    { L(I(1), STR("a"), L(NUL)), "[1, \"a\", [null]]", "list" },
    { M({ STR("b"), I(1) }, { I(2), B(1) }), "{\"b\": 1, 2: true}", "map" },
    { TS(0, 500000000, 60), "timestamp(\"1970-01-01T01:00:00.5+01:00\")",
      "google.protobuf.Timestamp" },
    { DUR(1500000000), "duration(\"1.5s\")", "google.protobuf.Duration" },
    { TY("int"), "int", "type" },
    { NONE, "optional.none()", "optional_type" },
    { SOME(I(1)), "optional.of(1)", "optional_type" },
    { O(picky[0]), "picky([\"a\"])", "picky" },
    { O(bare[0]), "bare()", "bare" },
    { { .kind = V_UNKNOWN }, "unknown", "unknown" },
};

START_TEST(text)
{
    struct sb out = sb_new(unit_arena());
    value_text(&out, texts[_i].v);
    expect_str(sb_str(&out), texts[_i].text);
    expect_str(v_type_name(texts[_i].v), texts[_i].type);
}
END_TEST

START_TEST(errors)
{
    struct arena *arena = unit_arena();
    struct value e = v_error(arena, VE_NO_SUCH_KEY, "no such key: %s", "foo");
    ck_assert(v_is_error(e) && !v_is_true(e));
    ck_assert_int_eq(e.err->category, VE_NO_SUCH_KEY);
    ck_assert_uint_eq(e.err->pc, UINT32_MAX);
    struct sb out = sb_new(arena);
    value_text(&out, e);
    expect_str(sb_str(&out), "error: no such key: foo");
    ck_assert_int_eq(v_no_overload().err->category, VE_NO_OVERLOAD);
    expect_str(v_no_overload().err->text, "no such overload");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("value/core");
    TCase *tcase = tcase_create("core");
    tcase_add_loop_test(tcase, equality, 0, (int)countof(equals));
    tcase_add_test(tcase, equality_of_nan);
    tcase_add_loop_test(tcase, order, 0, (int)countof(orders));
    tcase_add_test(tcase, order_of_nan);
    tcase_add_test(tcase, hash_agrees_with_equality);
    tcase_add_loop_test(tcase, lookup, 0, (int)countof(lookups));
    tcase_add_test(tcase, numeric_keys_of_different_kinds_are_distinct);
    tcase_add_test(tcase, map_with_many_keys);
    tcase_add_test(tcase, find_by_text);
    tcase_add_loop_test(tcase, text, 0, (int)countof(texts));
    tcase_add_test(tcase, errors);
    suite_add_tcase(suite, tcase);
    return unit_run(suite);
}
