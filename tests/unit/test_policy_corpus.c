/* test_policy_corpus.c — load failures of the conformance corpus
 *
 * Each case of ../shared/conformance/compile that expects `lintErrors.load_failures` is loaded file
 * by file; what is reported must be what the reference reported: text, kind, line, column, path and
 * the column of the caret in its excerpt. Files of these cases without a failure, and all files of
 * the other cases, must load. Without the corpus the program ends with status 77, which counts as
 * skipped.
 *
 * Failures that concern directories are found by the walk over the files, which is tested
 * elsewhere.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/files.h"
#include "model/load.h"
#include "support/unit.h"
#include "value/json_in.h"

#include <stdio.h>

#define CORPUS  "../shared/conformance"
#define SKIPPED 77

static struct arena data_arena;
static struct dir_list cases;

static struct value get(struct value map, const char *key)
{
    return map.kind == V_MAP ? vmap_find_str(map.map, str_from_c(key)) : v_none();
}

static struct value item(struct value list, isize i)
{
    return list.kind == V_LIST && i < (isize)list.len ? list.items[i] : v_none();
}

static str text_of(struct value v)
{
    return v.kind == V_STRING ? v_str(v) : STR_EMPTY;
}

static int int_of(struct value v)
{
    return v.kind == V_DOUBLE ? (int)v.d : 0;
}

/* Column of the caret in an excerpt, whose lines begin with seven columns of number and bar; 0
 * without one. */
static int caret_of(str context)
{
    while (context.len > 0) {
        str line;
        (void)str_cut(context, '\n', &line, &context);
        if (str_eq(str_trim(line), S("^"))) {
            return (int)line.len - 7;
        }
    }
    return 0;
}

static str show(struct arena *arena, str text, int kind, int line, int column, str path, int caret)
{
    return str_printf(arena, "%.*s | kind %d | %d:%d | %.*s | ^%d", STR_ARG(text), kind, line,
                      column, STR_ARG(path), caret);
}

static str show_wanted(struct arena *arena, struct value failure)
{
    struct value details = get(failure, "error_details");
    struct value position = get(details, "position");
    return show(arena, text_of(get(details, "message")), int_of(get(details, "kind")),
                int_of(get(position, "line")), int_of(get(position, "column")),
                text_of(get(position, "path")), caret_of(text_of(get(details, "context"))));
}

static str show_diag(struct arena *arena, const struct diag *d)
{
    str text = d->ref_text.len > 0 ? d->ref_text : d->text;
    int kind = d->class->group == LINT_LOAD_PARSE        ? 1
               : d->class->group == LINT_LOAD_VALIDATION ? 2
                                                         : 0;
    if (d->ref_place.line < 0) {
        return show(arena, text, kind, 0, 0, STR_EMPTY, 0);
    }
    struct place place =
        d->ref_place.line > 0 ? d->ref_place : source_place(d->span.source, d->span.start);
    struct place caret = d->ref_caret.line > 0 ? d->ref_caret : place;
    return show(arena, text, kind, place.line, place.column, d->ref_path, caret.column);
}

/* ---- one case -------------------------------------------------------------------------------- */

struct outcome {
    struct arena *arena;
    VEC(str) wanted; /* `file: failure`, each taken out when it is reported */
    struct sb wrong; /* what did not fit                                    */
};

static void report(struct outcome *o, str line)
{
    for (isize i = 0; i < o->wanted.len; i++) {
        if (str_eq(o->wanted.ptr[i], line)) {
            o->wanted.ptr[i] = o->wanted.ptr[--o->wanted.len];
            return;
        }
    }
    sb_printf(&o->wrong, "  reported %.*s\n", STR_ARG(line));
}

static void load_file(struct outcome *o, str name, str path)
{
    str text = STR_EMPTY;
    str why = STR_EMPTY;
    ck_assert_msg(file_read(o->arena, path, 1 << 24, &text, &why) == CARDEA_OK, "%.*s: %.*s",
                  STR_ARG(path), STR_ARG(why));
    struct diags diags = diags_new(o->arena);
    struct policy *policy = NULL;
    (void)policy_load(o->arena, source_new(o->arena, name, text), &policy, &diags);
    for (isize i = 0; i < diags.list.len; i++) {
        if (diags.list.ptr[i].class->severity == DIAG_ERROR) {
            report(o, str_printf(o->arena, "%.*s: %.*s", STR_ARG(name),
                                 STR_ARG(show_diag(o->arena, &diags.list.ptr[i]))));
        }
    }
}

/* The files of a directory, as a store reads them. */
static void load_directory(struct outcome *o, str name, str path)
{
    struct dir_list list = { 0 };
    str why = STR_EMPTY;
    ck_assert_msg(dir_read(o->arena, path, &list, &why) == CARDEA_OK, "%.*s: %.*s", STR_ARG(path),
                  STR_ARG(why));
    for (isize i = 0; i < list.list.len; i++) {
        const struct dir_entry *entry = &list.list.ptr[i];
        str below = str_printf(o->arena, "%.*s%s%.*s", STR_ARG(name), name.len > 0 ? "/" : "",
                               STR_ARG(entry->name));
        str full = str_printf(o->arena, "%.*s/%.*s", STR_ARG(path), STR_ARG(entry->name));
        bool passed_over = str_eq(entry->name, S("_schemas")) ||
                           str_eq(entry->name, S("testdata")) || str_starts(entry->name, S("."));
        if (entry->kind == FILE_DIRECTORY && !passed_over) {
            load_directory(o, below, full);
        } else if (entry->kind == FILE_REGULAR && policy_file_name(entry->name)) {
            load_file(o, below, full);
        }
    }
}

static void check_case(struct arena *arena, struct value one)
{
    struct outcome o = { .arena = arena, .wrong = sb_new(arena) };
    struct value failures =
        get(get(get(get(one, "expect"), "json"), "lintErrors"), "load_failures");
    for (isize i = 0; item(failures, i).kind != V_NONE; i++) {
        struct value failure = item(failures, i);
        str file = text_of(get(failure, "file"));
        if (!str_ends(file, S("_schemas"))) {
            *vec_push(arena, &o.wanted) = str_printf(arena, "%.*s: %.*s", STR_ARG(file),
                                                     STR_ARG(show_wanted(arena, failure)));
        }
    }
    struct value layers = get(one, "layers");
    for (isize i = 0; item(layers, i).kind != V_NONE; i++) {
        str from = text_of(get(item(layers, i), "from"));
        if (!str_starts(text_of(get(item(layers, i), "to")), S("_schemas"))) {
            load_directory(&o, STR_EMPTY, str_printf(arena, "%s/%.*s", CORPUS, STR_ARG(from)));
        }
    }
    for (isize i = 0; i < o.wanted.len; i++) {
        sb_printf(&o.wrong, "  expected %.*s\n", STR_ARG(o.wanted.ptr[i]));
    }
    ck_assert_msg(o.wrong.len == 0, "%.*s\n%.*s", STR_ARG(text_of(get(one, "id"))),
                  STR_ARG(sb_str(&o.wrong)));
}

START_TEST(load_failures)
{
    struct arena *arena = unit_arena();
    str name = cases.list.ptr[_i].name;
    if (!str_ends(name, S(".json"))) {
        return;
    }
    str text = STR_EMPTY;
    struct json_error error = { 0 };
    str path = str_printf(arena, "%s/compile/%.*s", CORPUS, STR_ARG(name));
    ck_assert(file_read(arena, path, 1 << 24, &text, NULL) == CARDEA_OK);
    struct value file = json_read(arena, text, NULL, &error);
    ck_assert_msg(file.kind == V_MAP, "%.*s: %.*s", STR_ARG(name), STR_ARG(error.text));
    struct value list = get(file, "cases");
    for (isize i = 0; item(list, i).kind != V_NONE; i++) {
        struct value expect = get(item(list, i), "expect");
        bool other_form = get(expect, "json").kind == V_NONE && int_of(get(expect, "exit")) != 0;
        if (!other_form) { /* the same failures as text */
            check_case(arena, item(list, i));
        }
    }
}
END_TEST

int main(void)
{
    arena_init(&data_arena, 1 << 16, 1 << 24);
    str why = STR_EMPTY;
    if (dir_read(&data_arena, S(CORPUS "/compile"), &cases, &why) != CARDEA_OK) {
        printf("%s/compile: %.*s\n", CORPUS, STR_ARG(why));
        arena_free(&data_arena);
        return SKIPPED;
    }
    Suite *suite = suite_create("policy/corpus");
    TCase *tcase = tcase_create("corpus");
    tcase_add_loop_test(tcase, load_failures, 0, (int)cases.list.len);
    suite_add_tcase(suite, tcase);
    int status = unit_run(suite);
    arena_free(&data_arena);
    return status;
}
