/* test_cel_vectors.c — which expressions the reference accepts, and how it words its refusals
 *
 * Reads the vectors in ../shared/conformance/cel-cerbos; without them the program says so and is
 * counted as skipped. Literal patterns, timestamps and durations are refused by folding, and
 * undefined variables by the compiler, so those refusals are not looked at here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "support/cel.h"
#include "support/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <yyjson.h>

#define VECTORS "../shared/conformance/cel-cerbos"

static str json_str(yyjson_val *object, const char *key)
{
    yyjson_val *val = yyjson_obj_get(object, key);
    return (str){ yyjson_get_str(val), (isize)yyjson_get_len(val) };
}

static yyjson_doc *read_vectors(const char *name)
{
    char path[512];
    ck_assert_int_lt(snprintf(path, sizeof path, VECTORS "/%s", name), (int)sizeof path);
    yyjson_doc *doc = yyjson_read_file(path, YYJSON_READ_NOFLAG, NULL, NULL);
    ck_assert_msg(doc != NULL, "%s cannot be read", path);
    return doc;
}

/* `[m1, m2]`, as the reference joins messages. */
static str messages(struct arena *arena, const struct cel_issues *issues)
{
    struct sb sb = sb_new(arena);
    sb_byte(&sb, '[');
    for (isize i = 0; i < issues->list.len; i++) {
        sb_add(&sb, i > 0 ? S(", ") : STR_EMPTY);
        sb_add(&sb, issues->list.ptr[i].text);
    }
    sb_byte(&sb, ']');
    return sb_str(&sb);
}

static bool compiles(struct arena *arena, str expr, struct cel_issues *issues)
{
    *issues = (struct cel_issues){ .arena = arena };
    struct ast *root = cel_parse(arena, expr, 0, issues);
    return root != NULL && cel_check(arena, &unit_policy_env, root, issues) == CARDEA_OK;
}

/* What the reference says behind the expression; empty when another stage says it. */
static str wanted(struct arena *arena, str expr, str description)
{
    str head = str_concat(arena, str_concat(arena, S("Invalid expression `"), expr), S("`: "));
    str want = str_starts(description, head) ? str_slice(description, head.len, description.len)
                                             : STR_EMPTY;
    bool folding = str_eq(want, S("[invalid matches argument]")) ||
                   str_eq(want, S("[invalid timestamp argument]")) ||
                   str_eq(want, S("[invalid duration argument]"));
    return folding ? STR_EMPTY : want;
}

START_TEST(refusals_are_worded_as_in_the_reference)
{
    struct arena *arena = unit_arena();
    yyjson_doc *doc = read_vectors("compile_errors.json");
    yyjson_val *list = yyjson_obj_get(yyjson_doc_get_root(doc), "compile_errors");
    ck_assert_uint_gt(yyjson_arr_size(list), 500);
    int bad = 0;
    int compared = 0;
    size_t i, count;
    yyjson_val *vector;
    yyjson_arr_foreach(list, i, count, vector)
    {
        str expr = json_str(vector, "expr");
        yyjson_val *errors = yyjson_obj_get(
            yyjson_obj_get(yyjson_obj_get(vector, "output"), "compileErrors"), "errors");
        str want = wanted(arena, expr, json_str(yyjson_arr_get_first(errors), "description"));
        if (want.len == 0) {
            continue;
        }
        struct cel_issues issues;
        bool generated = yyjson_get_bool(yyjson_obj_get(vector, "generated_parser_text"));
        bool accepted = compiles(arena, expr, &issues);
        str got = messages(arena, &issues);
        compared++;
        if (accepted || (!generated && !str_eq(got, want))) {
            printf("%.*s\n  got  %.*s\n  want %.*s\n", STR_ARG(expr), STR_ARG(got), STR_ARG(want));
            bad++;
        }
    }
    yyjson_doc_free(doc);
    ck_assert_int_gt(compared, 500);
    ck_assert_msg(bad == 0, "%d of %d differ", bad, compared);
}
END_TEST

/* Message literals cannot be built (docs: differences), and the reference folds what it can
 * before it looks. */
static bool is_known_gap(str group)
{
    return str_eq(group, S("proto_messages"));
}

START_TEST(what_the_reference_runs_is_accepted)
{
    struct arena *arena = unit_arena();
    DIR *dir = opendir(VECTORS);
    ck_assert_ptr_nonnull(dir);
    int bad = 0;
    int tried = 0;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (!str_ends(str_from_c(entry->d_name), S(".json"))) {
            continue;
        }
        yyjson_doc *doc = read_vectors(entry->d_name);
        yyjson_val *list = yyjson_obj_get(yyjson_doc_get_root(doc), "vectors");
        size_t i, count;
        yyjson_val *vector;
        yyjson_arr_foreach(list, i, count, vector)
        {
            struct cel_issues issues;
            str expr = json_str(vector, "expr");
            tried++;
            if (!compiles(arena, expr, &issues) && !is_known_gap(json_str(vector, "group"))) {
                printf("%.*s\n  %.*s\n", STR_ARG(expr), STR_ARG(messages(arena, &issues)));
                bad++;
            }
        }
        yyjson_doc_free(doc);
    }
    (void)closedir(dir); /* only read from */
    ck_assert_int_gt(tried, 2500);
    ck_assert_msg(bad == 0, "%d of %d are refused", bad, tried);
}
END_TEST

/* ---- the specification's tests of deduced types ---- */

#define DEDUCTION "../shared/conformance/cel/type_deduction.json"

/* A type as the file writes it; its `param(T)` is our `T`. */
static const struct cel_type *read_type(struct arena *arena, str text)
{
    struct sb sb = sb_new(arena);
    while (text.len > 0) {
        if (str_starts(text, S("param("))) {
            sb_byte(&sb, text.ptr[6]);
            text = str_slice(text, 8, text.len);
        } else {
            sb_byte(&sb, text.ptr[0]);
            text = str_slice(text, 1, text.len);
        }
    }
    isize pos = 0;
    return cel_type_read(arena, sb_str(&sb), &pos);
}

static void read_overloads(struct arena *arena, yyjson_val *decl, struct cel_env *env)
{
    yyjson_val *list = yyjson_obj_get(decl, "overloads");
    struct cel_overload *overloads =
        new (arena, struct cel_overload, env->overload_count + (isize)yyjson_arr_size(list));
    if (env->overload_count > 0) {
        memcpy(overloads, env->overloads, (size_t)env->overload_count * sizeof *overloads);
    }
    size_t i, count, k, params;
    yyjson_val *item, *param;
    yyjson_arr_foreach(list, i, count, item)
    {
        struct cel_overload *over = &overloads[env->overload_count++];
        yyjson_val *types = yyjson_obj_get(item, "params");
        const struct cel_type **read =
            new (arena, const struct cel_type *, (isize)yyjson_arr_size(types));
        yyjson_arr_foreach(types, k, params, param)
        {
            read[k] =
                read_type(arena, (str){ yyjson_get_str(param), (isize)yyjson_get_len(param) });
        }
        over->name = json_str(decl, "name");
        over->member = yyjson_get_bool(yyjson_obj_get(item, "member"));
        over->params = read;
        over->param_count = (int32_t)yyjson_arr_size(types);
        over->result = read_type(arena, json_str(item, "result"));
    }
    env->overloads = overloads;
}

START_TEST(types_are_deduced_as_specified)
{
    struct arena *arena = unit_arena();
    yyjson_doc *doc = yyjson_read_file(DEDUCTION, YYJSON_READ_NOFLAG, NULL, NULL);
    ck_assert_ptr_nonnull(doc);
    int tried = 0;
    size_t i, count, k, decls;
    yyjson_val *test, *decl;
    yyjson_arr_foreach(yyjson_obj_get(yyjson_doc_get_root(doc), "tests"), i, count, test)
    {
        struct cel_env env = { .container = json_str(test, "container") };
        yyjson_arr_foreach(yyjson_obj_get(test, "type_env"), k, decls, decl)
        {
            ck_assert_ptr_nonnull(
                yyjson_obj_get(decl, "overloads")); /* the plain ones declare functions only */
            read_overloads(arena, decl, &env);
        }
        if (str_eq(json_str(test, "section"), S("legacy_nullable_types"))) {
            continue; /* of a type and null the reference takes the later one */
        }
        struct cel_issues issues = { .arena = arena };
        str expr = json_str(test, "expr");
        struct ast *root = cel_parse(arena, expr, 0, &issues);
        ck_assert_msg(root != NULL && cel_check(arena, &env, root, &issues) == CARDEA_OK,
                      "%.*s: %.*s", STR_ARG(expr), STR_ARG(messages(arena, &issues)));
        struct sb got = sb_new(arena);
        struct sb want = sb_new(arena);
        cel_type_text(&got, root->type);
        cel_type_text(&want, read_type(arena, json_str(test, "deduced_type")));
        ck_assert_msg(str_eq(sb_str(&got), sb_str(&want)), "%.*s: got %.*s, want %.*s",
                      STR_ARG(expr), STR_ARG(sb_str(&got)), STR_ARG(sb_str(&want)));
        tried++;
    }
    yyjson_doc_free(doc);
    ck_assert_int_gt(tried, 20);
}
END_TEST

int main(void)
{
    DIR *dir = opendir(VECTORS);
    if (dir == NULL) {
        puts("no vectors in " VECTORS);
        return 77;
    }
    (void)closedir(dir); /* was only there to be seen */
    Suite *suite = suite_create("cel vectors");
    TCase *vectors = tcase_create("vectors");
    tcase_set_timeout(vectors, 60);
    tcase_add_test(vectors, refusals_are_worded_as_in_the_reference);
    tcase_add_test(vectors, what_the_reference_runs_is_accepted);
    tcase_add_test(vectors, types_are_deduced_as_specified);
    suite_add_tcase(suite, vectors);
    return unit_run(suite);
}
