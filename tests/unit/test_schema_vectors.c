/* test_schema_vectors.c — what the reference says to schemas and attributes
 *
 * Reads ../shared/conformance/json-schema: recorded errors for each keyword and message, the
 * official test suite with the reference's answers and with the standard's, and schema texts that
 * the reference refuses. Without the folder the program says so and is counted as skipped.
 *
 * Lists of errors are compared as multisets, the names of an `additionalProperties` message as a
 * set: there the reference's order is random.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/vec.h"
#include "schema/schema.h"
#include "support/unit.h"
#include "value/json_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define VECTORS "../shared/conformance/json-schema"
#define SUITE   VECTORS "/suite/draft2020-12"

static struct arena scratch;

/* ---- documents of vectors ---- */
static str text_of(yyjson_val *v)
{
    return (str){ yyjson_get_str(v), (isize)yyjson_get_len(v) };
}

static str member(yyjson_val *object, const char *key)
{
    yyjson_val *v = yyjson_obj_get(object, key);
    return v == NULL ? STR_EMPTY : text_of(v);
}

/* Integers as they are written, other numbers as doubles: so they were recorded. */
static yyjson_doc *read_document(const char *path)
{
    yyjson_doc *doc = yyjson_read_file(path, YYJSON_READ_BIGNUM_AS_RAW, NULL, NULL);
    ck_assert_msg(doc != NULL, "%s cannot be read", path);
    return doc;
}

static str json_text(struct arena *arena, yyjson_val *v)
{
    size_t len;
    char *text = yyjson_val_write(v, YYJSON_WRITE_NOFLAG, &len);
    ck_assert_ptr_nonnull(text);
    str copy = str_copy(arena, (str){ text, (isize)len });
    free(text);
    return copy;
}

static struct value attributes(struct arena *arena, yyjson_val *v)
{
    struct json_error error;
    struct json_limits limits = { .max_depth = 200 };
    struct value value = json_read(arena, json_text(arena, v), &limits, &error);
    ck_assert_int_ne(value.kind, V_NONE);
    return value;
}

/* ---- comparing errors ---- */
static int compare_texts(const void *a, const void *b)
{
    return str_cmp(*(const str *)a, *(const str *)b);
}

static str joined(struct arena *arena, str *list, isize count)
{
    struct sb sb = sb_new(arena);
    if (count > 1) {
        qsort(list, (size_t)count, sizeof(list[0]), compare_texts);
    }
    for (isize i = 0; i < count; i++) {
        sb_add(&sb, list[i]);
        sb_byte(&sb, '\n');
    }
    return sb_str(&sb);
}

static str error_line(struct arena *arena, str path, str message)
{
    str head = S("additionalProperties ");
    str tail = S(" not allowed");
    if (str_starts(message, head) && str_ends(message, tail)) {
        VEC(str) names = { 0 };
        str rest = str_slice(message, head.len, message.len - tail.len);
        for (isize at = 0; at >= 0;) {
            at = str_find(rest, S(", "));
            *vec_push(arena, &names) = str_slice(rest, 0, at < 0 ? rest.len : at);
            rest = str_slice(rest, at + 2, rest.len);
        }
        message = str_concat(arena, head, joined(arena, names.ptr, names.len));
    }
    return str_printf(arena, "%.*s: %.*s", STR_ARG(path), STR_ARG(message));
}

/* Wanted errors of one source; the vectors list both. */
static str wanted(struct arena *arena, yyjson_val *errors, const char *source)
{
    VEC(str) lines = { 0 };
    size_t i, count;
    yyjson_val *error;
    yyjson_arr_foreach(errors, i, count, error)
    {
        if (str_eq(member(error, "source"), str_from_c(source))) {
            *vec_push(arena, &lines) =
                error_line(arena, member(error, "path"), member(error, "message"));
        }
    }
    return joined(arena, lines.ptr, lines.len);
}

static str found(struct arena *arena, const struct schema_errors *errors)
{
    VEC(str) lines = { 0 };
    for (isize i = 0; i < errors->count; i++) {
        *vec_push(arena, &lines) = error_line(arena, errors->list[i].path, errors->list[i].message);
    }
    return joined(arena, lines.ptr, lines.len);
}

static bool same(const char *id, str got, str want)
{
    if (!str_eq(got, want)) {
        printf("%s\n--- got\n%.*s--- want\n%.*s", id, STR_ARG(got), STR_ARG(want));
        return false;
    }
    return true;
}

/* ---- recorded errors ---- */
START_TEST(recorded_errors)
{
    yyjson_doc *doc = read_document(VECTORS "/cerbos-errors.json");
    yyjson_val *vectors = yyjson_obj_get(yyjson_doc_get_root(doc), "vectors");
    struct cel_thread *thread = cel_thread_new();
    int bad = 0;
    size_t i, count;
    yyjson_val *vector;
    ck_assert_uint_gt(yyjson_arr_size(vectors), 400);
    yyjson_arr_foreach(vectors, i, count, vector)
    {
        struct arena *arena = unit_arena();
        struct schema_document file = { S("s.json"),
                                        json_text(arena, yyjson_obj_get(vector, "schema")) };
        struct schema_set *set = schema_set_new(arena, &scratch, &file, 1);
        str why;
        const struct schema *schema = schema_compile(set, S("cerbos:///s.json"), &why);
        ck_assert_msg(schema != NULL, "%s: %.*s", member(vector, "id").ptr, STR_ARG(why));
        struct schema_errors errors;
        bool valid = schema_validate(schema, attributes(arena, yyjson_obj_get(vector, "attr")),
                                     thread, arena, &errors);
        ck_assert_int_eq(valid, errors.count == 0);
        bool principal = str_eq(member(vector, "schema_applies_to"), S("principal"));
        str want = wanted(arena, yyjson_obj_get(vector, "validationErrors"),
                          principal ? "SOURCE_PRINCIPAL" : "SOURCE_RESOURCE");
        bad += !same(member(vector, "id").ptr, found(arena, &errors), want);
        schema_set_free(set);
    }
    cel_thread_free(thread);
    yyjson_doc_free(doc);
    ck_assert_msg(bad == 0, "%d of %d differ", bad, (int)count);
}
END_TEST

/* ---- the official suite ---- */
/* Documents that the suite loads from http://localhost:1234/. */
static const char *const remotes[] = {
    "draft2020-12/integer.json",
    "draft2020-12/subSchemas.json",
    "draft2020-12/locationIndependentIdentifier.json",
    "draft2020-12/baseUriChange/folderInteger.json",
    "draft2020-12/baseUriChangeFolder/folderInteger.json",
    "draft2020-12/baseUriChangeFolderInSubschema/folderInteger.json",
    "draft2020-12/name-defs.json",
    "draft2020-12/ref-and-defs.json",
    "draft2020-12/nested/foo-ref-string.json",
    "draft2020-12/nested/string.json",
    "draft2020-12/different-id-ref-string.json",
    "draft2020-12/urn-ref-string.json",
    "draft2020-12/nested-absolute-ref-to-string.json",
    "draft2020-12/detached-ref.json",
    "draft2020-12/detached-dynamicref.json",
    "draft2020-12/extendible-dynamic-ref.json",
    "draft2020-12/tree.json",
    "draft2020-12/prefixItems.json",
    "draft2020-12/metaschema-no-validation.json",
    "draft2020-12/metaschema-optional-vocabulary.json",
    "draft2020-12/format-assertion-false.json",
    "draft2020-12/format-assertion-true.json",
    "draft2019-09/ignore-prefixItems.json",
    "draft2019-09/dependentRequired.json",
    "draft7/ignore-dependentRequired.json",
};

static isize add_remotes(struct arena *arena, struct schema_document *documents, isize at)
{
    for (isize i = 0; i < countof(remotes); i++) {
        char path[400];
        (void)snprintf(path, sizeof path, VECTORS "/suite/remotes/%s", remotes[i]);
        yyjson_doc *doc = read_document(path);
        documents[at++] =
            (struct schema_document){ str_printf(arena, "http://localhost:1234/%s", remotes[i]),
                                      json_text(arena, yyjson_doc_get_root(doc)) };
        yyjson_doc_free(doc);
    }
    return at;
}

struct tally {
    int tests, bad, refused, without_network;
};

/* One group: `recorded` is what the reference said, NULL for a group that it refused. */
static void run_group(struct tally *t, yyjson_val *group, yyjson_val *recorded, const char *name)
{
    struct arena *arena = unit_arena();
    struct schema_document documents[2 + countof(remotes)] = {
        { S("s.json"), json_text(arena, yyjson_obj_get(group, "schema")) },
        { S("v.json"), S("{\"properties\": {\"v\": {\"$ref\": \"cerbos:///s.json\"}}}") },
    };
    yyjson_val *answers = yyjson_obj_get(recorded, "tests");
    isize count = answers != NULL ? 2 : add_remotes(arena, documents, 2);
    struct schema_set *set = schema_set_new(arena, &scratch, documents, count);
    str why;
    const struct schema *schema = schema_compile(set, S("cerbos:///v.json"), &why);
    if (schema == NULL) {
        t->refused++;
        t->bad += answers != NULL;
        printf("%s: %.*s\n", name, STR_ARG(why));
        schema_set_free(set);
        return;
    }
    t->without_network += answers == NULL;
    size_t i, total;
    yyjson_val *test;
    yyjson_arr_foreach(yyjson_obj_get(group, "tests"), i, total, test)
    {
        yyjson_val *answer = yyjson_arr_get(answers, i);
        struct vmap *map = vmap_new(arena, 1);
        struct schema_errors errors;
        (void)vmap_put(arena, map, v_string(S("v")),
                       attributes(arena, yyjson_obj_get(test, "data")));
        bool valid = schema_validate(schema, v_map(map), NULL, arena, &errors);
        str id = str_printf(arena, "%s %s", name, member(test, "description").ptr);
        t->tests++;
        if (answers == NULL) {
            bool want = yyjson_get_bool(yyjson_obj_get(test, "valid"));
            t->bad += valid != want;
            ck_assert_msg(valid == want, "%s: %.*s", str_to_c(arena, id),
                          STR_ARG(found(arena, &errors)));
        } else {
            str want = wanted(arena, yyjson_obj_get(answer, "validationErrors"), "SOURCE_RESOURCE");
            t->bad += !same(str_to_c(arena, id), found(arena, &errors), want);
        }
    }
    schema_set_free(set);
}

START_TEST(official_suite)
{
    yyjson_doc *doc = read_document(VECTORS "/cerbos-suite.json");
    yyjson_val *results = yyjson_obj_get(yyjson_doc_get_root(doc), "results");
    struct tally t = { 0 };
    size_t i, count;
    yyjson_val *recorded;
    ck_assert_uint_gt(yyjson_arr_size(results), 400);
    yyjson_arr_foreach(results, i, count, recorded)
    {
        char path[400];
        char name[400];
        str set = member(recorded, "set");
        str file = member(recorded, "file");
        int number = yyjson_get_int(yyjson_obj_get(recorded, "group"));
        (void)snprintf(path, sizeof path, SUITE "/%.*s/%.*s", STR_ARG(set), STR_ARG(file));
        (void)snprintf(name, sizeof name, "%.*s/%.*s #%d", STR_ARG(set), STR_ARG(file), number);
        yyjson_doc *suite = read_document(path);
        run_group(&t, yyjson_arr_get(yyjson_doc_get_root(suite), (size_t)number), recorded, name);
        yyjson_doc_free(suite);
    }
    yyjson_doc_free(doc);
    printf("%d tests, %d groups with remote documents run by the standard, %d groups refused\n",
           t.tests, t.without_network, t.refused);
    ck_assert_msg(t.bad == 0, "%d differ", t.bad);
}
END_TEST

/* ---- schemas that the reference refuses ---- */
START_TEST(refused_schemas)
{
    yyjson_doc *doc = read_document(VECTORS "/cerbos-invalid-schemas.json");
    yyjson_val *cases = yyjson_obj_get(yyjson_doc_get_root(doc), "cases");
    int bad = 0;
    size_t i, count;
    yyjson_val *c;
    ck_assert_uint_gt(yyjson_arr_size(cases), 40);
    yyjson_arr_foreach(cases, i, count, c)
    {
        struct arena *arena = unit_arena();
        struct schema_document file = { S("s.json"), member(c, "schema_text") };
        struct schema_set *set = schema_set_new(arena, &scratch, &file, 1);
        yyjson_val *errors =
            yyjson_obj_get(yyjson_obj_get(yyjson_obj_get(c, "output"), "compileErrors"), "errors");
        str head = S("Failed to load resource schema \"cerbos:///s.json\": ");
        str want = member(yyjson_arr_get_first(errors), "description");
        want = want.len > 0 ? str_slice(want, head.len, want.len) : want;
        isize network = str_find(want, S("<network error>"));
        str why;
        (void)schema_compile(set, S("cerbos:///s.json"), &why);
        if (network >= 0) { /* ours names another reason */
            why = str_slice(why, 0, network);
            want = str_slice(want, 0, network);
        }
        bad += !same(member(c, "id").ptr, str_concat(arena, why, S("\n")),
                     str_concat(arena, want, S("\n")));
        schema_set_free(set);
    }
    yyjson_doc_free(doc);
    ck_assert_msg(bad == 0, "%d of %d differ", bad, (int)count);
}
END_TEST

int main(void)
{
    if (access(VECTORS, R_OK) != 0) {
        puts("no vectors in " VECTORS);
        return 77;
    }
    arena_init(&scratch, 64 << 10, 64 << 20);
    Suite *suite = suite_create("schema vectors");
    TCase *tc = tcase_create("vectors");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, recorded_errors);
    tcase_add_test(tc, official_suite);
    tcase_add_test(tc, refused_schemas);
    suite_add_tcase(suite, tc);
    int status = unit_run(suite);
    arena_free(&scratch);
    return status;
}
