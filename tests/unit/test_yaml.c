/* test_yaml.c — YAML to trees and values, places, limits
 *
 * testdata/compile/scalars.json holds texts and the values that the reference reads from them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/files.h"
#include "model/errors.h"
#include "store/yaml_value.h"
#include "support/unit.h"
#include "value/json_in.h"
#include "yaml/compose.h"
#include "yaml/to_value.h"

#include <stdio.h>

/* ---- scalars as the reference reads them ----------------------------------------------------- */

static struct arena data_arena;
static struct value scalars, texts;

static bool load_data(void)
{
    arena_init(&data_arena, 1 << 16, 1 << 24);
    str text = STR_EMPTY;
    str why = STR_EMPTY;
    struct json_error error = { 0 };
    if (file_read(&data_arena, S("testdata/compile/scalars.json"), 1 << 20, &text, &why) !=
        CARDEA_OK) {
        fprintf(stderr, "testdata/compile/scalars.json: %.*s\n", STR_ARG(why));
        return false;
    }
    struct value data = json_read(&data_arena, text, NULL, &error);
    if (data.kind != V_MAP) {
        fprintf(stderr, "testdata/compile/scalars.json: %.*s\n", STR_ARG(error.text));
        return false;
    }
    scalars = vmap_find_str(data.map, S("scalars"));
    texts = vmap_find_str(data.map, S("texts"));
    return scalars.kind == V_LIST && texts.kind == V_LIST && scalars.len > 0 && texts.len > 0;
}

static str show(struct arena *arena, struct value v)
{
    struct sb sb = sb_new(arena);
    value_text(&sb, v);
    return sb_str(&sb);
}

static void expect_value(str yaml, struct value want)
{
    struct arena *arena = unit_arena();
    struct diags diags = diags_new(arena);
    struct value got = v_none();
    cardea_status status =
        yaml_read_value(arena, source_new(arena, S("t"), yaml), false, &got, &diags);
    ck_assert_msg(status == CARDEA_OK, "%.*s: %.*s", STR_ARG(yaml),
                  STR_ARG(diags.list.ptr[0].text));
    struct value k = vmap_find_str(got.map, S("k"));
    ck_assert_msg(k.kind == want.kind && value_equal(k, want) == 1,
                  "%.*s\n  got  %.*s\n  want %.*s", STR_ARG(yaml), STR_ARG(show(arena, k)),
                  STR_ARG(show(arena, want)));
}

START_TEST(scalar_types)
{
    struct value pair = scalars.items[_i];
    expect_value(str_printf(&data_arena, "k: %.*s\n", STR_ARG(v_str(pair.items[0]))),
                 pair.items[1]);
}
END_TEST

START_TEST(scalar_texts)
{
    expect_value(v_str(texts.items[_i].items[0]), texts.items[_i].items[1]);
}
END_TEST

/* Every byte of a value is the byte of the file it is said to be, or stands for an escape or a
 * line break. */
static void expect_places(const struct source *source, const struct ynode *node)
{
    for (isize i = 0; i < node->text.len; i++) {
        uint32_t at =
            ptext_map_find(node->map, node->map_count, node->start, node->end, (uint32_t)i);
        char byte = at < source->text.len ? source->text.ptr[at] : '\n';
        char want = node->text.ptr[i];
        bool escape = byte == '\\' || (byte == '\'' && want == '\'');
        bool fold = (byte == '\n' || byte == '\r') && (want == ' ' || want == '\n');
        ck_assert_msg(byte == want || escape || fold || at == node->end,
                      "byte %lld of `%.*s` is 0x%x at %u", (long long)i, STR_ARG(node->text),
                      (unsigned char)byte, at);
    }
}

static void expect_all_places(const struct source *source, const struct ynode *node)
{
    ck_assert(node->start <= node->end && node->end <= source->text.len);
    ck_assert(node->props <= node->start && node->token <= source->text.len);
    for (isize i = 0; i < node->count; i++) {
        if (node->kind == Y_MAP) {
            expect_all_places(source, node->entries[i].key);
            expect_all_places(source, node->entries[i].value);
        } else {
            expect_all_places(source, node->items[i]);
        }
    }
    if (node->kind < Y_MAP) {
        expect_places(source, node);
    }
}

START_TEST(places_of_texts)
{
    struct arena *arena = unit_arena();
    struct diags diags = diags_new(arena);
    struct source *source = source_new(arena, S("t"), v_str(texts.items[_i].items[0]));
    struct yaml_doc doc;
    ck_assert_int_eq(yaml_compose(arena, source, &doc, &diags), CARDEA_OK);
    ck_assert_int_eq(doc.unplaced, 0);
    expect_all_places(source, doc.root);
}
END_TEST

/* ---- trees ----------------------------------------------------------------------------------- */

/* Value of the document as text, or `E1004 line:column text` of the first error. */
static str read_text(struct arena *arena, str yaml)
{
    struct diags diags = diags_new(arena);
    struct value got = v_none();
    cardea_status status =
        yaml_read_value(arena, source_new(arena, S("t"), yaml), true, &got, &diags);
    if (status == CARDEA_OK) {
        return got.kind == V_NONE ? S("nothing") : show(arena, got);
    }
    ck_assert_int_gt(diags.list.len, 0);
    const struct diag *d = &diags.list.ptr[0];
    struct place place = source_place(d->span.source, d->span.start);
    return str_printf(arena, "%s %d:%d %.*s", d->class->code, place.line, place.column,
                      STR_ARG(d->text));
}

#define T(literal)                                                                                 \
    {                                                                                              \
        "" literal, (isize)sizeof(literal) - 1                                                     \
    }

static const struct {
    str yaml;
    const char *want;
} trees[] = {
    { T(""), "nothing" },
    { T(" \n\t\n"), "nothing" },
    { T("# only this\n"), "nothing" },
    { T("---\n...\n---\n"), "nothing" },
    { T("\xef\xbb\xbf"
        "a: 1\n"),
      "{\"a\": 1}" },
    { T("\xef\xbb\xbf"), "nothing" },
    { T("a: 1\n---\n"), "{\"a\": 1}" },
    { T("---\n# c\n---\na: 1\n"), "{\"a\": 1}" },
    { T("a: 1\n---\nb: 2\n"), "E1008 3:1 a second document begins here; a file holds one" },
    { T("a: 1\n--- x\n"), "E1008 2:5 a second document begins here; a file holds one" },
    { T("%YAML 1.2\n---\na: 1\n"), "{\"a\": 1}" },
    { T("{\"a\": [1, 2.5, \"x\", null, true, {}]}"), "{\"a\": [1, 2.5, \"x\", null, true, {}]}" },
    { T("{\n\t\"a\":\t1\n}\n"), "{\"a\": 1}" },
    { T("{\"a\": \"\\ud83d\\ude00\"}"), "{\"a\": \"\xf0\x9f\x98\x80\"}" },
    { T("{\"a\": \"\\ud83d\"}"), "E1001 1:8 `\\u` needs hexadecimal digits of a character" },
    { T("{\"a\": \"\\ud83d\\u0041\"}"), "E1001 1:8 `\\u` needs hexadecimal digits of a character" },
    { T("a: \"\\u12\"\n"), "E1001 1:5 `\\u` needs hexadecimal digits of a character" },
    { T("a: \"\\U00110000\"\n"), "E1001 1:5 `\\U` needs hexadecimal digits of a character" },
    { T("a: \"\\q\"\n"), "E1001 1:5 `\\q` is no escape of a double-quoted text" },
    { T("a: !!str 5\nb: !x y\n"), "{\"a\": 5, \"b\": \"y\"}" },
    { T("- a\n- b: c\n  d: e\n-\n"), "[\"a\", {\"b\": \"c\", \"d\": \"e\"}, null]" },
    { T("a:\n- b\nc:\n"), "{\"a\": [\"b\"], \"c\": null}" },
    { T("? a\n: b\n"), "{\"a\": \"b\"}" },
    { T("[a: b]\n"), "[{\"a\": \"b\"}]" },
    { T("18446744073709551615\n"), "18446744073709551615u" },
    { T("-9223372036854775808\n"), "-9223372036854775808" },
    /* anchors and merges */
    { T("a: &x [1]\nb: *x\n"), "{\"a\": [1], \"b\": [1]}" },
    { T("a: &x\nb: *x\n"), "{\"a\": null, \"b\": null}" },
    { T("a: *x\n"), "E1005 1:4 unknown anchor `x`" },
    { T("a: &x [*x]\n"), "E1005 1:8 unknown anchor `x`" },
    { T("a: &x 1\nb: &x 2\n"), "E1006 2:4 anchor `x` is defined twice" },
    { T("*x : 1\n"), "E1005 1:1 unknown anchor `x`" },
    { T("a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n"),
      "{\"a\": {\"b\": 1, \"c\": 2}, \"d\": {\"b\": 1, \"c\": 3}}" },
    { T("c: 3\n<<: {b: 1, c: 2}\n"), "{\"b\": 1, \"c\": 3}" },
    { T("a: &x {b: 1}\nc: &y\n  <<: *x\n  d: 2\ne:\n  <<: *y\n"),
      "{\"a\": {\"b\": 1}, \"c\": {\"b\": 1, \"d\": 2}, \"e\": {\"b\": 1, \"d\": 2}}" },
    { T("\"<<\": {b: 1}\n"), "{\"<<\": {\"b\": 1}}" },
    { T("<<: [a]\n"), "E1007 1:5 this cannot be merged" },
    { T("a: &x 1\n<<: *x\n"), "E1007 2:5 `*x` is no mapping, it cannot be merged" },
    /* keys */
    { T("a: 1\na: 2\n"), "E1004 2:1 key `a` is there twice" },
    { T("{\"a\": 1, a: 2}"), "E1004 1:10 key `a` is there twice" },
    { T("a: 1\nb: 1\nc: 1\nd: 1\ne: 1\nf: 1\ng: 1\nh: 1\ni: 1\nj: 1\nk: 1\na: 2\n"),
      "E1004 12:1 key `a` is there twice" },
    { T("a: 1\nb: 1\nc: 1\nd: 1\ne: 1\nf: 1\ng: 1\nh: 1\ni: 1\nj: 1\nk: 1\nj: 2\n"),
      "E1004 12:1 key `j` is there twice" },
    { T("1: a\n"), "E1010 1:1 the key `1` is no text" },
    { T("[a]: b\n"), "E1010 1:1 a list cannot be a key" },
    { T("{}: b\n"), "E1010 1:1 a mapping cannot be a key" },
    { T("a: .nan\n"), "E1105 1:4 `.nan` is no value of JSON" },
    /* characters */
    { T("a: \"\0\"\n"), "E1002 1:5 the file holds the control character 0x0" },
    { T("a: b\x07\n"), "E1002 1:5 the file holds the control character 0x7" },
    { T("a: b\xff\n"), "E1002 1:5 the file is not valid UTF-8" },
    { T("a: \xed\xa0\x80\n"), "E1002 1:4 the file is not valid UTF-8" },
    { T("a: \xc3"), "E1002 1:4 the file is not valid UTF-8" },
    { T("a: x\xc2\x85y\n"), "{\"a\": \"x\\u0085y\"}" },
    { T("\xc3\xa9: \xe2\x82\xac # \xc3\xa9\nb: [\xc3\xa9, *x]\n"), "E1005 2:8 unknown anchor `x`" },
    /* syntax */
    { T("a: [1\n"), "E1001 1:4 `[` is never closed" },
    { T("a: {b: 1\n"), "E1001 1:4 `{` is never closed" },
    { T("a: ]\n"), "E1001 1:4 expected a value here" },
    { T("a: 'b\n"), "E1001 1:4 this quote is never closed" },
    { T("a: |\n\tb\n"), "E1001 2:1 a tab cannot be used for indentation" },
    { T("a: {\n\tb: c\n\t}\n"), "E1001 3:1 a tab cannot be used for indentation" },
    { T("a: b: c\n"), "E1001 1:5 `:` is not allowed here" },
    { T("a: - b\n"), "E1001 1:4 a list cannot begin here" },
    { T("a: 1\nb\n"), "E1001 2:1 this line has a key without `:`" },
    { T("a: \"b\" c\n"), "E1009 1:4 the text goes on after its closing quote" },
    { T("{\"a\": \"b\" c}"), "E1001 1:11 expected `,` or `}` here" },
};

START_TEST(documents)
{
    expect_str(read_text(unit_arena(), trees[_i].yaml), trees[_i].want);
}
END_TEST

/* ---- limits ---------------------------------------------------------------------------------- */

static str nested(struct arena *arena, int depth)
{
    struct sb sb = sb_new(arena);
    for (int i = 0; i < depth; i++) {
        sb_byte(&sb, '[');
    }
    for (int i = 0; i < depth; i++) {
        sb_byte(&sb, ']');
    }
    return sb_str(&sb);
}

START_TEST(depth_is_bounded)
{
    struct arena *arena = unit_arena();
    ck_assert(str_starts(read_text(arena, nested(arena, YAML_DEPTH)), S("[[[")));
    expect_str(read_text(arena, nested(arena, YAML_DEPTH + 1)), "E1003 1:65 nesting is too deep");
    expect_str(read_text(arena, nested(arena, 20000)), "E1003 1:65 nesting is too deep");
    str alias =
        str_printf(arena, "a: &x %.*s\nb: [[*x]]\n", STR_ARG(nested(arena, YAML_DEPTH - 2)));
    expect_str(read_text(arena, alias),
               "E1003 2:6 nesting is deeper than 64 levels behind this alias");
    alias = str_printf(arena, "a: &x %.*s\nb: [*x]\n", STR_ARG(nested(arena, YAML_DEPTH - 2)));
    ck_assert(str_starts(read_text(arena, alias), S("{")));
}
END_TEST

/* Ten levels of ten aliases each would be 10^10 nodes. */
START_TEST(aliases_are_bounded)
{
    struct arena *arena = unit_arena();
    struct sb sb = sb_new(arena);
    sb_add(&sb, S("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"));
    for (int i = 1; i < 10; i++) {
        sb_printf(&sb, "a%d: &a%d [", i, i);
        for (int k = 0; k < 10; k++) {
            sb_printf(&sb, "%s*a%d", k > 0 ? ", " : "", i - 1);
        }
        sb_add(&sb, S("]\n"));
    }
    expect_str(read_text(arena, sb_str(&sb)),
               "E1003 6:55 the document unfolds into more than 1000000 nodes");
}
END_TEST

START_TEST(size_is_bounded)
{
    static struct arena own;
    arena_init(&own, 1 << 20, 1 << 26);
    str large = { arena_bytes(&own, YAML_MAX_BYTES + 1), YAML_MAX_BYTES + 1 };
    memset((char *)large.ptr, '#', (size_t)large.len);
    expect_str(read_text(&own, large), "E1003 1:1 the file has more than 16777216 bytes");
    arena_free(&own);
}
END_TEST

/* Memory may run out at every single allocation: nothing leaks, nothing is left behind. */
START_TEST(memory_runs_out)
{
    static struct arena own;
    static const char yaml[] =
        "a: &x {b: [1, 'c''d', \"\xc3\xa9\\u0041\"], <<: {e: f}}\ng: *x\nh: >\n  i\n  j\n";
    volatile bool done = false;
    volatile long tries = 0;
    while (!done) {
        ck_assert_int_lt(++tries, 2000);
        arena_init(&own, 1 << 12, 1 << 20);
        jmp_buf env;
        (void)arena_guard_set(&own, &env);
        (void)arena_fail_after(tries);
        if (setjmp(env) == 0) {
            str text = read_text(&own, str_from_c(yaml));
            (void)arena_fail_after(0);
            ck_assert(str_starts(text, S("{")));
            done = true;
        }
        (void)arena_fail_after(0);
        arena_free(&own);
    }
    ck_assert_int_gt(tries, 10);
}
END_TEST

/* ---- paths and places ------------------------------------------------------------------------ */

static const struct {
    const char *path;
    const char *want; /* the node's bytes, or NULL */
} paths[] = {
    { "$", "a:\n  - b: {c: 1}\n  - *x\n'd.e': &x [f, g]\nh: *x" },
    { "$.a", "- b: {c: 1}\n  - *x" },
    { "$.a[0].b.c", "1" },
    { "$.a[1]", "*x" },
    { "$.'d.e'[1]", "g" },
    { "$.h[0]", "f" },
    { "$.a[2]", NULL },
    { "$.a[-1]", NULL },
    { "$.a[", NULL },
    { "$.z", NULL },
    { "a", NULL },
    { "$a", NULL },
    { "", NULL },
};

START_TEST(paths_lead_to_nodes)
{
    struct arena *arena = unit_arena();
    struct diags diags = diags_new(arena);
    struct source *source =
        source_new(arena, S("t"), S("'d.e': &x [f, g]\na:\n  - b: {c: 1}\n  - *x\nh: *x\n"));
    struct yaml_doc doc;
    ck_assert_int_eq(yaml_compose(arena, source, &doc, &diags), CARDEA_OK);
    const struct ynode *node = yaml_locate(doc.root, str_from_c(paths[_i].path));
    ck_assert_int_eq(node != NULL, paths[_i].want != NULL);
    if (node != NULL && node != doc.root) {
        expect_str(str_slice(source->text, node->start, node->end), paths[_i].want);
        if (str_find(str_from_c(paths[_i].path), S("$.h[")) <
            0) { /* through an alias: path of the origin */
            expect_str(ynode_path(arena, node), paths[_i].path);
        }
    }
}
END_TEST

/* ---- the tree of configuration files --------------------------------------------------------- */

START_TEST(configuration_tree)
{
    struct arena *arena = unit_arena();
    struct diags diags = diags_new(arena);
    struct source *source = source_new(arena, S("c.yaml"),
                                       S("server:\n  port: 3592\n  tls: &t {cert: a.pem}\nlist:\n  "
                                         "- id: x\n  - *t\nbig: 18446744073709551615\n"));
    const struct config_node *root = NULL;
    ck_assert_int_eq(config_read(arena, source, &root, &diags), CARDEA_OK);
    ck_assert_int_eq(root->kind, CONFIG_MAP);
    ck_assert_int_eq(root->count, 3);
    expect_str(root->entries[0].key, "server");
    ck_assert_int_eq(source_place(source, root->entries[1].key_span.start).line, 4);

    const struct config_node *port = config_find(root, S("server.port"));
    ck_assert_int_eq(port->kind, CONFIG_SCALAR);
    ck_assert_int_eq(port->value.kind, V_INT);
    ck_assert_int_eq(port->value.i, 3592);
    ck_assert_int_eq(source_place(source, port->span.start).line, 2);
    ck_assert_int_eq(config_value(arena, port, false).kind, V_DOUBLE);
    expect_str(v_str(config_find(root, S("list[0].id"))->value), "x");
    expect_str(v_str(config_find(root, S("list[1].cert"))->value), "a.pem");
    ck_assert_int_eq(config_find(root, S("big"))->value.kind, V_UINT);
    ck_assert(config_find(root, S("list[2]")) == NULL && config_find(root, S("server.x")) == NULL);
    ck_assert(config_find(root, S("list[x]")) == NULL && config_get(NULL, S("a")) == NULL);
    ck_assert(config_get(port, S("a")) == NULL);
    expect_str(show(arena, config_value(arena, root, true)),
               "{\"server\": {\"port\": 3592, \"tls\": {\"cert\": \"a.pem\"}}, \"list\": [{\"id\": "
               "\"x\"}, "
               "{\"cert\": \"a.pem\"}], \"big\": 18446744073709551615u}");

    ck_assert_int_eq(config_read(arena, source_new(arena, S("e"), S("# empty\n")), &root, &diags),
                     CARDEA_OK);
    ck_assert(root == NULL);
    ck_assert_int_eq(
        config_read(arena, source_new(arena, S("e"), S("a: 1\na: 2\n")), &root, &diags),
        CARDEA_EINVALID);
    ck_assert_int_eq(
        config_read(arena, source_new(arena, S("e"), S("a: 1\n---\na: 2\n")), &root, &diags),
        CARDEA_EINVALID);
}
END_TEST

int main(void)
{
    if (!load_data()) {
        return 1;
    }
    Suite *suite = suite_create("policy/yaml");
    TCase *tcase = tcase_create("yaml");
    tcase_add_loop_test(tcase, scalar_types, 0, (int)scalars.len);
    tcase_add_loop_test(tcase, scalar_texts, 0, (int)texts.len);
    tcase_add_loop_test(tcase, places_of_texts, 0, (int)texts.len);
    tcase_add_loop_test(tcase, documents, 0, (int)countof(trees));
    tcase_add_test(tcase, depth_is_bounded);
    tcase_add_test(tcase, aliases_are_bounded);
    tcase_add_test(tcase, size_is_bounded);
    tcase_add_test(tcase, memory_runs_out);
    tcase_add_loop_test(tcase, paths_lead_to_nodes, 0, (int)countof(paths));
    tcase_add_test(tcase, configuration_tree);
    suite_add_tcase(suite, tcase);
    int status = unit_run(suite);
    arena_free(&data_arena);
    return status;
}
