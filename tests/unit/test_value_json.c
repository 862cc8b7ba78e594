/* test_value_json.c — JSON text to values and back
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "support/unit.h"
#include "value/json_in.h"
#include "value/json_out.h"

#include <math.h>
#include <stdlib.h>

/* Text with its length: may hold NUL. */
#define T(literal)                                                                                 \
    {                                                                                              \
        literal, (isize)sizeof(literal) - 1                                                        \
    }

/* ---- in ---- */

static const struct {
    str text;
    const char *want; /* the value as text of the language, or NULL: refused */
    const char *fault;
    int offset;
} inputs[] = {
    { T("null"), "null", NULL, 0 },
    { T(" \t\r\n true \n"), "true", NULL, 0 },
    { T("42"), "42.0", NULL, 0 },
    { T("-0"), "-0.0", NULL, 0 },
    { T("-0.0"), "-0.0", NULL, 0 },
    { T("0"), "0.0", NULL, 0 },
    { T("1e3"), "1000.0", NULL, 0 },
    { T("1E-2"), "0.01", NULL, 0 },
    { T("9007199254740993"), "9.007199254740992e+15", NULL, 0 },
    { T("18446744073709551615"), "1.8446744073709552e+19", NULL, 0 },
    { T("-9223372036854775808"), "-9.223372036854776e+18", NULL, 0 },
    { T("123456789012345678901234567890"), "1.2345678901234568e+29", NULL, 0 },
    { T("1e-400"), "0.0", NULL, 0 },
    { T("\"\""), "\"\"", NULL, 0 },
    { T("\"a\\u00e9\\n\\/\\ud83d\\ude00\""), "\"a\xC3\xA9\\n/\xF0\x9F\x98\x80\"", NULL, 0 },
    { T("\"a\\u0000b\""), "\"a\\u0000b\"", NULL, 0 },
    { T("\"\xC3\xA9\x7F\""), "\"\xC3\xA9\\u007f\"", NULL, 0 },
    { T("[]"), "[]", NULL, 0 },
    { T("{}"), "{}", NULL, 0 },
    { T("[1,[2,{\"a\":null}]]"), "[1.0, [2.0, {\"a\": null}]]", NULL, 0 },
    { T("{\"b\":1,\"a\":{\"b\":2},\"\":3}"), "{\"b\": 1.0, \"a\": {\"b\": 2.0}, \"\": 3.0}", NULL,
      0 },
    { T(""), NULL, "no value", 0 },
    { T("  "), NULL, "no value", 0 },
    { T("nul"), NULL, "unexpected end of text", -1 },
    { T("[1,]"), NULL, "trailing comma", -1 },
    { T("{\"a\":1,}"), NULL, "trailing comma", -1 },
    { T("[1"), NULL, "unexpected end of text", -1 },
    { T("{\"a\""), NULL, "unexpected end of text", -1 },
    { T("\"abc"), NULL, "unexpected end of text", -1 },
    { T("[1 2]"), NULL, "unexpected character", 3 },
    { T("{a:1}"), NULL, "unexpected character", 1 },
    { T("{'a':1}"), NULL, "unexpected character", 1 },
    { T("[1]x"), NULL, "text after the value", 3 },
    { T("[1] [2]"), NULL, "text after the value", 4 },
    { T("\xEF\xBB\xBF{}"), NULL, "unexpected character", 0 },
    { T("// c\n1"), NULL, "unexpected character", 0 },
    { T("/* c */ 1"), NULL, "unexpected character", 0 },
    { T("NaN"), NULL, "unexpected character", 0 },
    { T("Infinity"), NULL, "unexpected character", 0 },
    { T("-Infinity"), NULL, "number is malformed or out of range", -1 },
    { T("+1"), NULL, "unexpected character", 0 },
    { T("01"), NULL, "number is malformed or out of range", -1 },
    { T("1."), NULL, "unexpected end of text", -1 },
    { T(".5"), NULL, "unexpected character", 0 },
    { T("[1.]"), NULL, "number is malformed or out of range", -1 },
    { T("1e"), NULL, "unexpected end of text", -1 },
    { T("0x10"), NULL, "text after the value", -1 },
    { T("[1e999]"), NULL, "number is malformed or out of range", 1 },
    { T("[-1e999]"), NULL, "number is malformed or out of range", 1 },
    { T("\"\\ud800\""), NULL, "invalid string", -1 },
    { T("\"\\ud800\\u0041\""), NULL, "invalid string", -1 },
    { T("\"\\udc00\""), NULL, "invalid string", -1 },
    { T("\"\\x41\""), NULL, "invalid string", -1 },
    { T("\"\\u12g4\""), NULL, "invalid string", -1 },
    { T("\"a\nb\""), NULL, "invalid string", -1 },
    { T("\"a\0b\""), NULL, "invalid string", -1 },
    { T("\"\xFF\""), NULL, "invalid string", -1 },
    { T("\"\xC0\x80\""), NULL, "invalid string", -1 },
    { T("\"\xED\xA0\x80\""), NULL, "invalid string", -1 },
    { T("\"\xF4\x90\x80\x80\""), NULL, "invalid string", -1 },
    { T("{\"a\":1,\"a\":2}"), NULL, "duplicate member name \"a\"", 8 },
    { T("{\"a\":1,\"\\u0061\":2}"), NULL, "duplicate member name \"a\"", 8 },
    { T("[{\"x\":{\"a\\n\":1,\"b\":2,\"a\\n\":3}}]"), NULL, "duplicate member name \"a\\n\"", -1 },
    { T("{\"\":1,\"\":2}"), NULL, "duplicate member name \"\"", -1 },
};

START_TEST(input)
{
    struct arena *arena = unit_arena();
    struct json_error error = { .offset = -1 };
    struct value v = json_read(arena, inputs[_i].text, NULL, &error);
    if (inputs[_i].want == NULL) {
        ck_assert_int_eq(v.kind, V_NONE);
        expect_str(error.text, inputs[_i].fault);
        ck_assert_int_ge(error.offset, 0);
        ck_assert_int_le(error.offset, inputs[_i].text.len);
        ck_assert(inputs[_i].offset < 0 || error.offset == inputs[_i].offset);
        return;
    }
    ck_assert_msg(v.kind != V_NONE, "%.*s", STR_ARG(error.text));
    struct sb out = sb_new(arena);
    value_text(&out, v);
    expect_str(sb_str(&out), inputs[_i].want);
}
END_TEST

/* `count` times the text. */
static void repeat(struct sb *out, const char *text, int count)
{
    for (int i = 0; i < count; i++) {
        sb_add(out, str_from_c(text));
    }
}

static const struct {
    const char *open, *close;
    int levels, max_depth; /* 0: the default of 64 */
    bool ok;
} depths[] = {
    { "[", "]", 64, 0, true },
    { "[", "]", 65, 0, false },
    { "{\"a\":", "}", 63, 0, true },
    { "{\"a\":", "}", 64, 0, false }, /* the innermost one is an array */
    { "[", "]", 3, 3, true },
    { "[", "]", 4, 3, false },
    { "[", "]", 1000, 100000, true },
    { "[", "]", 1001, 100000, false },
    { "[", "]", 200000, 100000, false },
};

START_TEST(depth)
{
    struct arena *arena = unit_arena();
    struct sb text = sb_new(arena);
    bool object = depths[_i].open[0] == '{';
    repeat(&text, depths[_i].open, depths[_i].levels);
    sb_add(&text, object ? S("[]") : STR_EMPTY);
    repeat(&text, depths[_i].close, depths[_i].levels);
    struct json_limits limits = { .max_depth = depths[_i].max_depth };
    struct json_error error;
    struct value v = json_read(arena, sb_str(&text), &limits, &error);
    ck_assert_int_eq(v.kind != V_NONE, depths[_i].ok);
    if (!depths[_i].ok) {
        ck_assert(str_starts(error.text, S("nested deeper than ")));
    }
}
END_TEST

START_TEST(count_of_values)
{
    struct arena *arena = unit_arena();
    struct json_limits limits = { .max_values = 5 };
    struct json_error error;
    ck_assert_int_eq(json_read(arena, S("[1,{\"a\":2},3]"), &limits, &error).kind, V_LIST);
    ck_assert_int_eq(json_read(arena, S("[1,{\"a\":2},3,4]"), &limits, &error).kind, V_NONE);
    expect_str(error.text, "more than 5 values");
    struct sb text = sb_new(arena);
    sb_byte(&text, '[');
    repeat(&text, "1,", 199998);
    sb_add(&text, S("1]"));
    ck_assert_int_eq(json_read(arena, sb_str(&text), NULL, &error).kind, V_LIST);
    text.len--;
    sb_add(&text, S(",1]"));
    ck_assert_int_eq(json_read(arena, sb_str(&text), NULL, &error).kind, V_NONE);
    expect_str(error.text, "more than 200000 values");
}
END_TEST

START_TEST(big_objects)
{
    struct arena *arena = unit_arena();
    for (int count = 10; count <= 100000; count *= 10) {
        struct sb text = sb_new(arena);
        for (int i = 0; i < count; i++) {
            sb_printf(&text, "%c\"key-%d\":%d", i == 0 ? '{' : ',', i, i);
        }
        isize len = text.len;
        sb_byte(&text, '}');
        struct json_error error;
        struct value v = json_read(arena, sb_str(&text), NULL, &error);
        ck_assert_uint_eq(v.len, (unsigned)count);
        str name = str_printf(arena, "key-%d", count / 2);
        ck_assert_double_eq(vmap_find_str(v.map, name).d, count / 2);
        text.len = len;
        sb_printf(&text, ",\"%.*s\":0}", STR_ARG(name));
        ck_assert_int_eq(json_read(arena, sb_str(&text), NULL, &error).kind, V_NONE);
        expect_str(error.text, str_to_c(arena, str_printf(arena, "duplicate member name \"%.*s\"",
                                                          STR_ARG(name))));
        ck_assert_int_eq(error.offset, len + 2);
    }
}
END_TEST

static const struct {
    const char *text;
    bool strict, tail; /* accepted without and with tail_ok */
} tails[] = {
    { "{}", true, true },      { "{} ", true, true },
    { "{}x", false, true },    { "{}{", false, true },
    { "1 2", false, true },    { "", false, false },
    { "{", false, false },     { "{\"a\":1,\"a\":1}x", false, false },
    { "[]\xFF", false, true }, { "x", false, false },
};

START_TEST(tail)
{
    struct arena *arena = unit_arena();
    for (int tail_ok = 0; tail_ok < 2; tail_ok++) {
        str text = str_from_c(tails[_i].text);
        char *copy = arena_bytes(arena, text.len + YYJSON_PADDING_SIZE);
        memcpy(copy, text.ptr, (size_t)text.len);
        struct json_error error;
        yyjson_val *root = json_parse(arena, copy, text.len, NULL, tail_ok != 0, &error);
        ck_assert_int_eq(root != NULL, tail_ok != 0 ? tails[_i].tail : tails[_i].strict);
    }
}
END_TEST

/* ---- out ---- */

START_TEST(layout_compact_and_indented)
{
    struct arena *arena = unit_arena();
    for (int indent = 0; indent <= 2; indent += 2) {
        struct sb out = sb_new(arena);
        struct jw w = jw_new(&out, indent);
        jw_object(&w);
        jw_key(&w, S("a"));
        jw_int(&w, -1);
        jw_key(&w, S("b"));
        jw_array(&w);
        jw_bool(&w, true);
        jw_null(&w);
        jw_array(&w);
        jw_array_end(&w);
        jw_object(&w);
        jw_object_end(&w);
        jw_double(&w, 0.5);
        jw_array_end(&w);
        jw_key(&w, S("c\n"));
        jw_object(&w);
        jw_key(&w, S("d"));
        jw_raw(&w, S("[1]"));
        jw_key(&w, S("e"));
        jw_string(&w, S("x"));
        jw_object_end(&w);
        jw_object_end(&w);
        expect_str(sb_str(&out),
                   indent == 0
                       ? "{\"a\":-1,\"b\":[true,null,[],{},0.5],\"c\\n\":{\"d\":[1],\"e\":\"x\"}}"
                       : "{\n  \"a\": -1,\n  \"b\": [\n    true,\n    null,\n    [],\n    {},\n    "
                         "0.5\n  ],\n"
                         "  \"c\\n\": {\n    \"d\": [1],\n    \"e\": \"x\"\n  }\n}");
        ck_assert_int_eq(w.depth, 0);
    }
}
END_TEST

static const struct {
    str text;
    const char *want;
} strings[] = {
    { T(""), "\"\"" },
    { T("plain"), "\"plain\"" },
    { T("a\"b\\c/"), "\"a\\\"b\\\\c/\"" },
    { T("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"" },
    { T("\0\x01\x1F\x7F"), "\"\\u0000\\u0001\\u001f\x7F\"" },
    { T("\xC3\xA9\xF0\x9F\x98\x80<>&"), "\"\xC3\xA9\xF0\x9F\x98\x80<>&\"" },
    { T("a\xFF"
        "b\xC3"),
      "\"a\xEF\xBF\xBD"
      "b\xEF\xBF\xBD\"" }, /* never invalid UTF-8 */
};

START_TEST(escapes)
{
    struct sb out = sb_new(unit_arena());
    struct jw w = jw_new(&out, 0);
    jw_string(&w, strings[_i].text);
    expect_str(sb_str(&out), strings[_i].want);
}
END_TEST

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
#define L(...)                                                                                     \
    {                                                                                              \
        .kind = V_LIST, .len = sizeof((struct value[]){ __VA_ARGS__ }) / sizeof(struct value),     \
        .items = (const struct value[])                                                            \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
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

static struct value plain_list(struct arena *arena, const struct object *o)
{
    (void)o;
    struct value *items = new(arena, struct value, 2);
    items[0] = v_string(S("a"));
    items[1] = v_int(1);
    return v_list(items, 2);
}

static const struct object_class open_class = { .type_name = T("open"), .plain = plain_list };
static const struct object_class hierarchy_class = {
    .type_name = T("cerbos.lib.hierarchy"),
    .no_json = T("unsupported native conversion from hierarchy to '*structpb.Value'"),
};
static const struct object_class closed_class = { .type_name = T("net.IP") };
static const struct object open_object = { &open_class };
static const struct object hierarchy_object = { &hierarchy_class };
static const struct object closed_object = { &closed_class };

static const struct {
    struct value v;
    const char *want; /* JSON, or NULL */
    const char *why;  /* the reference's words */
} outputs[] = {
    { { .kind = V_NULL }, "null", NULL },
    { { .kind = V_BOOL, .i = 1 }, "true", NULL },
    { I(9007199254740991), "9007199254740991", NULL },
    { I(9007199254740992), "\"9007199254740992\"", NULL },
    { I(-9007199254740991), "-9007199254740991", NULL },
    { I(-9007199254740992), "\"-9007199254740992\"", NULL },
    { I(INT64_MIN), "\"-9223372036854775808\"", NULL },
    { U(9007199254740991), "9007199254740991", NULL },
    { U(UINT64_MAX), "\"18446744073709551615\"", NULL },
    { D(1.5), "1.5", NULL },
    { D(-0.0), "-0", NULL },
    { D(9007199254740993.0), "9007199254740992", NULL },
    { D(1e21), "1e+21", NULL },
    { D(1e-7), "1e-7", NULL },
    { STR("\xC3\xA9\n"), "\"\xC3\xA9\\n\"", NULL },
    { BY("\0\xFF\xFE!"), "\"AP/+IQ==\"", NULL },
    { TS(1613308455, 0, 0), "\"2021-02-14T13:14:15Z\"", NULL },
    { TS(1613308455, 500000000, 330), "\"2021-02-14T18:44:15.5+05:30\"", NULL },
    { { .kind = V_DURATION, .i = 5401500000000 }, "\"5401.5s\"", NULL },
    { { .kind = V_LIST }, "[]", NULL },
    { L(I(1), L(STR("a"))), "[1,[\"a\"]]", NULL },
    { M({ STR("b"), I(1) }, { STR("a"), M({ STR("c"), I(2) }) }), "{\"b\":1,\"a\":{\"c\":2}}",
      NULL },
    { { .kind = V_OPTIONAL, .items = (const struct value[]){ I(1) } }, "1", NULL },
    { { .kind = V_OBJECT, .object = &open_object }, "[\"a\",1]", NULL },
    { { .kind = V_OPTIONAL }, NULL, "optional.none() dereference" },
    { L(I(1), { .kind = V_OPTIONAL }), NULL, "optional.none() dereference" },
    { D(HUGE_VAL), NULL, "proto: google.protobuf.Value.number_value: invalid +Inf value" },
    { M({ STR("a"), L(D(-HUGE_VAL)) }), NULL,
      "proto: google.protobuf.Value.number_value: invalid -Inf value" },
    { STR("\xFF"), NULL, "proto: field google.protobuf.Value.string_value contains invalid UTF-8" },
    { M({ STR("\xFF"), I(1) }), NULL, "proto: invalid UTF-8" },
    { TY("int"), NULL, "type conversion not supported for 'type'" },
    { L(TY("int")), NULL, "type conversion not supported for 'type'" },
    { { .kind = V_OBJECT, .object = &hierarchy_object },
      NULL,
      "unsupported native conversion from hierarchy to '*structpb.Value'" },
    { M({ STR("a"), { .kind = V_OBJECT, .object = &closed_object } }), NULL,
      "unsupported type conversion to '*structpb.Value'" },
    { M({ I(1), I(1) }), NULL, "unsupported type conversion from 'int' to string" },
    { M({ U(1), I(1) }), NULL, "unsupported type conversion from 'uint' to string" },
    { M({ { .kind = V_BOOL, .i = 1 }, I(1) }), NULL,
      "type conversion error from bool to 'string'" },
    { M({ D(1.5), I(1) }), NULL, "type conversion error from Double to 'string'" },
    { M({ TS(0, 0, 0), I(1) }), NULL, "type conversion error from 'Timestamp' to 'string'" },
    { M({ { .kind = V_DURATION }, I(1) }), NULL,
      "type conversion error from 'Duration' to 'string'" },
    { M({ { .kind = V_NULL }, I(1) }), NULL, "type conversion error from 'null_type' to 'string'" },
    { M({ TY("int"), I(1) }), NULL, "type conversion not supported for 'type'" },
    { M({ L(I(1)), I(1) }), NULL, "type conversion error from list to 'string'" },
    { { .kind = V_UNKNOWN }, NULL, "value is not known" },
};

START_TEST(output)
{
    struct arena *arena = unit_arena();
    struct sb out = sb_new(arena);
    struct jw w = jw_new(&out, 0);
    str why = STR_EMPTY;
    jw_array(&w);
    bool ok = jw_value(&w, arena, outputs[_i].v, &why);
    ck_assert_int_eq(ok, outputs[_i].want != NULL);
    if (!ok) {
        expect_str(why, outputs[_i].why);
        expect_str(sb_str(&out), "["); /* nothing was written */
        ck_assert(!jw_value(&w, arena, outputs[_i].v, NULL));
        return;
    }
    jw_array_end(&w);
    expect_str(sb_str(&out), str_to_c(arena, str_printf(arena, "[%s]", outputs[_i].want)));
}
END_TEST

START_TEST(output_of_nan_and_errors)
{
    struct arena *arena = unit_arena();
    struct sb out = sb_new(arena);
    struct jw w = jw_new(&out, 0);
    str why;
    ck_assert(!jw_value(&w, arena, v_double((double)NAN), &why));
    expect_str(why, "proto: google.protobuf.Value.number_value: invalid NaN value");
    ck_assert(!jw_value(&w, arena, v_no_overload(), &why));
    expect_str(why, "no such overload");
}
END_TEST

/* ---- both ---- */

static const char document[] =
    "{\"principal\":{\"id\":\"alice\",\"roles\":[\"user\",\"admin\"],\"attr\":{\"a\":[1,2.5,-0,1e-"
    "7],"
    "\"n\":null,\"deep\":{\"x\":{\"y\":[[],{}]}}}},\"k1\":1,\"k2\":2,\"k3\":3,\"k4\":4,"
    "\"k5\":5,\"k6\":6,\"k7\":7,\"k8\":8,\"k9\":9,\"k10\":\"\xC3\xA9\\u0000\"}";

/* Reads and writes again; false when memory ran out on the way. */
static bool round_trip(struct arena *arena, str text, str *got)
{
    jmp_buf env;
    jmp_buf *outer = arena_guard_set(arena, &env);
    if (setjmp(env) != 0) {
        (void)arena_guard_set(arena, outer);
        return false;
    }
    struct json_error error;
    struct value v = json_read(arena, text, NULL, &error);
    struct sb out = sb_new(arena);
    struct jw w = jw_new(&out, 0);
    *got = v.kind != V_NONE && jw_value(&w, arena, v, NULL) ? sb_str(&out) : STR_EMPTY;
    (void)arena_guard_set(arena, outer);
    return true;
}

START_TEST(what_is_written_reads_back)
{
    struct arena *arena = unit_arena();
    str once, twice;
    ck_assert(round_trip(arena, str_from_c(document), &once));
    ck_assert(round_trip(arena, once, &twice));
    ck_assert_int_gt(once.len, 0);
    ck_assert(str_eq(once, twice));
    expect_str(once, document);
}
END_TEST

START_TEST(memory_may_run_out_anywhere)
{
    struct arena *arena = unit_arena();
    str got;
    long steps = 0;
    for (long n = 1;; n++) {
        (void)arena_fail_after(n);
        bool done = round_trip(arena, str_from_c(document), &got);
        steps = arena_fail_after(0);
        arena_clear(arena, 1 << 20);
        if (done) {
            ck_assert_int_lt(steps, n);
            break;
        }
        ck_assert_int_eq(steps, n);
    }
    ck_assert_int_gt(steps, 10);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("value/json");
    TCase *tcase = tcase_create("json");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, input, 0, (int)countof(inputs));
    tcase_add_loop_test(tcase, depth, 0, (int)countof(depths));
    tcase_add_test(tcase, count_of_values);
    tcase_add_test(tcase, big_objects);
    tcase_add_loop_test(tcase, tail, 0, (int)countof(tails));
    tcase_add_test(tcase, layout_compact_and_indented);
    tcase_add_loop_test(tcase, escapes, 0, (int)countof(strings));
    tcase_add_loop_test(tcase, output, 0, (int)countof(outputs));
    tcase_add_test(tcase, output_of_nan_and_errors);
    tcase_add_test(tcase, what_is_written_reads_back);
    tcase_add_test(tcase, memory_may_run_out_anywhere);
    suite_add_tcase(suite, tcase);
    return unit_run(suite);
}
