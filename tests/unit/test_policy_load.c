/* test_policy_load.c — documents to structs: what is read, what is refused, in whose words
 *
 * Each archive testdata/compile/load/<case>.txt holds one file and what loading it says: code and
 * place of each diagnostic, our text, notes and help, and the reference's view of it (kind of
 * error, position, caret of the excerpt, path, text). The reference's views were taken from its own
 * reports. With CARDEA_UPDATE_GOLDEN=1 in the environment the expectations are written anew, to be
 * read as code.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/files.h"
#include "model/errors.h"
#include "model/load.h"
#include "model/names.h"
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>

#define CASES "testdata/compile/load"

/* ---- golden cases ---------------------------------------------------------------------------- */

static struct dir_list cases;
static struct arena names_arena;

struct archive {
    str name;   /* of the file     */
    str text;   /* its bytes       */
    str expect; /* what to be said */
};

/* Sections begin with a line `-- name --`; the second is `expect`. */
static struct archive parse_archive(str text)
{
    struct archive a = { 0 };
    isize end = str_find(text, S(" --\n"));
    ck_assert(str_starts(text, S("-- ")) && end > 0);
    a.name = str_slice(text, 3, end);
    text = str_slice(text, end + 4, text.len);
    isize next = str_rfind(text, S("-- expect --\n"));
    ck_assert(next >= 0);
    a.text = str_slice(text, 0, next);
    a.expect = str_slice(text, next + S("-- expect --\n").len, text.len);
    return a;
}

static void write_place(struct sb *out, const char *what, struct place place)
{
    if (place.line < 0) {
        sb_printf(out, " %s-", what);
    } else if (place.line > 0) {
        sb_printf(out, " %s%d:%d", what, place.line, place.column);
    }
}

static void write_ref(struct sb *out, const struct diag *d)
{
    static const int kinds[] = {
        [LINT_LOAD_PARSE] = 1, [LINT_LOAD_VALIDATION] = 2, [LINT_LOAD_OTHER] = 0
    };
    struct place place = d->ref_place;
    if (place.line == 0) {
        place = source_place(d->span.source, d->span.start);
    }
    sb_printf(out, "  ref kind=%d", kinds[d->class->group]);
    write_place(out, "", place);
    write_place(out, "caret=", d->ref_caret);
    sb_printf(out, " %.*s: %.*s\n", STR_ARG(d->ref_path),
              STR_ARG(d->ref_text.len > 0 ? d->ref_text : d->text));
}

static void write_diag(struct sb *out, const struct diag *d)
{
    struct place start = source_place(d->span.source, d->span.start);
    struct place end = source_place(d->span.source, d->span.end);
    sb_printf(out, "%s %d:%d-%d:%d: %.*s\n", d->class->code, start.line, start.column, end.line,
              end.column, STR_ARG(d->text));
    for (isize i = 0; i < d->note_count; i++) {
        struct place at = source_place(d->notes[i].span.source, d->notes[i].span.start);
        sb_printf(out, "  note %d:%d: %.*s\n", at.line, at.column, STR_ARG(d->notes[i].text));
    }
    str help = d->help.len > 0 ? d->help : str_from_c(d->class->help);
    if (help.len > 0) {
        sb_printf(out, "  help %.*s\n", STR_ARG(help));
    }
    if (d->class->severity == DIAG_ERROR) {
        write_ref(out, d);
    }
}

static str load_text(struct arena *arena, const struct archive *a)
{
    struct diags diags = diags_new(arena);
    struct policy *policy = NULL;
    struct source *source = source_new(arena, a->name, a->text);
    cardea_status status = policy_load(arena, source, &policy, &diags);
    struct sb out = sb_new(arena);
    for (isize i = 0; i < diags.list.len; i++) {
        write_diag(&out, &diags.list.ptr[i]);
    }
    ck_assert_int_eq(status == CARDEA_OK, diags.errors == 0);
    ck_assert(status == CARDEA_OK || policy == NULL);
    if (status == CARDEA_OK) {
        sb_printf(&out, "ok %.*s\n",
                  STR_ARG(policy != NULL ? policy_key(arena, policy) : S("(nothing)")));
    }
    return sb_str(&out);
}

START_TEST(golden)
{
    struct arena *arena = unit_arena();
    str path = str_printf(arena, "%s/%.*s", CASES, STR_ARG(cases.list.ptr[_i].name));
    str text = STR_EMPTY;
    str why = STR_EMPTY;
    ck_assert_msg(file_read(arena, path, 1 << 20, &text, &why) == CARDEA_OK, "%.*s: %.*s",
                  STR_ARG(path), STR_ARG(why));
    struct archive a = parse_archive(text);
    str got = load_text(arena, &a);
    if (getenv("CARDEA_UPDATE_GOLDEN") != NULL) {
        str anew = str_printf(arena, "-- %.*s --\n%.*s-- expect --\n%.*s", STR_ARG(a.name),
                              STR_ARG(a.text), STR_ARG(got));
        ck_assert(file_write(path, anew, &why) == CARDEA_OK);
        return;
    }
    ck_assert_msg(str_eq(got, a.expect), "%.*s says\n%.*s\nbut should say\n%.*s", STR_ARG(path),
                  STR_ARG(got), STR_ARG(a.expect));
}
END_TEST

/* Each class of errors.def has a golden case. */
START_TEST(every_code_has_a_case)
{
    static const char *const codes[] = {
#define POLICY_DIAG(code, name, severity, group, help) #code,
#include "model/errors.def"
#undef POLICY_DIAG
    };
    struct arena *arena = unit_arena();
    struct sb all = sb_new(arena);
    for (isize i = 0; i < cases.list.len; i++) {
        str text = STR_EMPTY;
        str path = str_printf(arena, "%s/%.*s", CASES, STR_ARG(cases.list.ptr[i].name));
        ck_assert(file_read(arena, path, 1 << 20, &text, NULL) == CARDEA_OK);
        sb_add(&all, parse_archive(text).expect);
        sb_byte(&all, '\n');
    }
    for (isize i = 0; i < countof(codes); i++) {
        bool in_other_test =
            str_eq(str_from_c(codes[i]), S("E1002")); /* control characters: test_yaml.c */
        ck_assert_msg(in_other_test || str_find(sb_str(&all), str_from_c(codes[i])) >= 0,
                      "no case for %s", codes[i]);
    }
}
END_TEST

/* ---- structs --------------------------------------------------------------------------------- */

static struct policy *load(const char *text)
{
    struct arena *arena = unit_arena();
    struct diags diags = diags_new(arena);
    struct policy *policy = NULL;
    struct source *source = source_new(arena, S("p.yaml"), str_from_c(text));
    cardea_status status = policy_load(arena, source, &policy, &diags);
    struct sb out = sb_new(arena);
    diags_render(&diags, false, &out);
    ck_assert_msg(status == CARDEA_OK, "%.*s", STR_ARG(sb_str(&out)));
    return policy;
}

static void expect_place(const struct ptext *text, int line, int column)
{
    struct place place = source_place(text->span.source, text->span.start);
    ck_assert_int_eq(place.line, line);
    ck_assert_int_eq(place.column, column);
}

/* The rules of the policy below. */
static void expect_rules(const struct policy *p)
{
    const struct rule *rule = &p->resource.rules[0];
    ck_assert_int_eq(p->resource.rule_count, 2);
    ck_assert_int_eq(rule->actions.len, 2);
    expect_str(rule->actions.ptr[1].text, "view");
    ck_assert_int_eq(rule->effect, EFFECT_DENY);
    ck_assert_int_eq(rule->condition.match->kind, MATCH_ALL);
    ck_assert_int_eq(rule->condition.match->of_count, 2);
    expect_str(rule->condition.match->of[0].expr.text, "R.id == \"a\"");
    expect_str(rule->condition.match->of[0].expr.path,
               "$.resourcePolicy.rules[0].condition.match.all.of[0].expr");
    ck_assert_int_eq(rule->condition.match->of[1].kind, MATCH_NONE);
    expect_str(rule->condition.path, "$.resourcePolicy.rules[0].condition");
    expect_str(rule->output.activated.text, "new");
    expect_str(rule->output.not_met.text, "miss");
    expect_str(rule->path, "$.resourcePolicy.rules[0]");
    ck_assert_int_eq(source_place(p->source, rule->ref_at).column,
                     14); /* the colon behind `actions` */

    rule = &p->resource.rules[1];
    ck_assert(rule->condition.script && rule->condition.match == NULL);
    expect_str(rule->output.activated.text, "e");
    ck_assert(rule->output.not_met.span.source == NULL && rule->output.present);
    ck_assert(rule->name.text.len == 0 && rule->condition.span.source != NULL);
}

START_TEST(resource_policy)
{
    struct policy *p = load(
        "apiVersion: api.cerbos.dev/v1\n"
        "description: hello\n"
        "disabled: true\n"
        "metadata: {annotations: {a: b, n: 0x10}}\n"
        "variables: {old: 'true'}\n"
        "resourcePolicy:\n"
        "  resource: leave-request\n"
        "  version: 20\n"
        "  scope: acme.hr\n"
        "  scopePermissions: SCOPE_PERMISSIONS_OVERRIDE_PARENT\n"
        "  importDerivedRoles: [x]\n"
        "  variables: {import: [v], local: {y: P.id}}\n"
        "  constants: {import: [c], local: {k: [1, two]}}\n"
        "  schemas:\n"
        "    resourceSchema: {ref: r.json, ignoreWhen: {actions: [create]}}\n"
        "  rules:\n"
        "    - actions: ['*', \"view\"]\n"
        "      derivedRoles: [owner]\n"
        "      effect: EFFECT_DENY\n"
        "      name: one\n"
        "      condition:\n"
        "        match:\n"
        "          all:\n"
        "            of:\n"
        "              - expr: R.id == \"a\"\n"
        "              - none: {of: [{expr: 'false'}]}\n"
        "      output:\n"
        "        expr: old\n"
        "        when: {ruleActivated: new, conditionNotMet: miss}\n"
        "    - {actions: [a], roles: [b], effect: 1, condition: {script: x}, output: {expr: e}}\n");
    ck_assert_int_eq(p->kind, POLICY_RESOURCE);
    ck_assert(p->disabled);
    expect_str(p->description, "hello");
    ck_assert_int_eq(p->annotation_count, 2);
    expect_str(p->annotations[1].value, "16");
    expect_str(p->defs.top_vars[0].expr.text, "true");
    expect_str(p->resource.resource.text, "leave-request");
    expect_str(p->resource.version.text, "20");
    expect_str(p->scope.text, "acme.hr");
    ck_assert_int_eq(p->scope_permissions, SCOPE_PERM_OVERRIDE);
    expect_str(p->resource.import_derived_roles.ptr[0].text, "x");
    expect_str(p->resource.import_derived_roles.ptr[0].path,
               "$.resourcePolicy.importDerivedRoles[0]");
    expect_str(p->defs.import_variables.ptr[0].text, "v");
    expect_str(p->defs.import_constants.ptr[0].text, "c");
    expect_str(p->defs.vars[0].name.text, "y");
    expect_str(p->defs.vars[0].expr.text, "P.id");
    expect_place(&p->defs.vars[0].expr, 12, 39);
    expect_str(p->defs.consts[0].name.text, "k");
    ck_assert_int_eq(p->defs.consts[0].value.kind, V_LIST);
    ck_assert_int_eq(p->defs.consts[0].value.items[0].kind, V_DOUBLE);
    expect_str(p->resource.resource_schema.ref.text, "r.json");
    expect_str(p->resource.resource_schema.ignore_actions.ptr[0].text, "create");
    ck_assert(p->resource.principal_schema.ref.span.source == NULL);
    expect_rules(p);
}
END_TEST

START_TEST(other_kinds)
{
    struct policy *p = load("apiVersion: api.cerbos.dev/v1\nprincipalPolicy:\n  principal: bob\n  "
                            "version: v\n  scope: .\n"
                            "  rules:\n  - resource: x\n    actions:\n    - {action: a, effect: "
                            "EFFECT_ALLOW, name: n}\n");
    ck_assert_int_eq(p->kind, POLICY_PRINCIPAL);
    ck_assert_int_eq(p->scope.text.len, 0);
    expect_str(p->principal.rules[0].actions[0].name.text, "n");

    p = load("apiVersion: api.cerbos.dev/v1\nderived_roles:\n  name: d\n  definitions:\n"
             "  - {name: r, parent_roles: ['*'], condition: {match: {expr: 'true'}}}\n");
    ck_assert_int_eq(p->kind, POLICY_DERIVED_ROLES);
    expect_str(p->derived.defs[0].parent_roles.ptr[0].text, "*");
    expect_str(p->derived.defs[0].condition.match->expr.text, "true");

    p = load("apiVersion: api.cerbos.dev/v1\nrolePolicy:\n  role: r\n  parentRoles: [a]\n  rules:\n"
             "  - {resource: x, allowActions: [b, c]}\n");
    ck_assert_int_eq(p->kind, POLICY_ROLE);
    ck_assert_int_eq(p->role.rules[0].allow_actions.len, 2);
    ck_assert_int_eq(p->role.version.text.len, 0);

    p = load("apiVersion: api.cerbos.dev/v1\nexportVariables: {name: e, definitions: {a: P.id}}\n");
    ck_assert_int_eq(p->kind, POLICY_EXPORT_VARIABLES);
    expect_str(p->exports.vars[0].expr.text, "P.id");

    p = load("{\"apiVersion\": \"api.cerbos.dev/v1\", \"exportConstants\": {\"name\": \"e\", "
             "\"definitions\": {\"a\": null}}}");
    ck_assert_int_eq(p->kind, POLICY_EXPORT_CONSTANTS);
    ck_assert_int_eq(p->exports.consts[0].value.kind, V_NULL);
}
END_TEST

/* A merge brings fields in; what is written out wins, also as another alternative. */
START_TEST(merged_fields)
{
    struct policy *p = load("apiVersion: api.cerbos.dev/v1\n"
                            "resourcePolicy:\n"
                            "  resource: a\n"
                            "  version: b\n"
                            "  rules:\n"
                            "    - &c\n"
                            "      actions: [d]\n"
                            "      effect: EFFECT_ALLOW\n"
                            "      roles: [e]\n"
                            "      condition: &m {match: {expr: 'true'}}\n"
                            "    - <<: *c\n"
                            "      actions: [f]\n"
                            "      condition:\n"
                            "        <<: *m\n"
                            "        script: s\n"
                            "    - *c\n");
    ck_assert_int_eq(p->resource.rule_count, 3);
    expect_str(p->resource.rules[1].actions.ptr[0].text, "f");
    expect_str(p->resource.rules[1].roles.ptr[0].text, "e");
    ck_assert(p->resource.rules[1].condition.script &&
              p->resource.rules[1].condition.match == NULL);
    expect_str(p->resource.rules[2].actions.ptr[0].text, "d");
    expect_str(p->resource.rules[2].actions.ptr[0].path, "$.resourcePolicy.rules[0].actions[0]");
}
END_TEST

/* A byte of an expression is found again in the file. */
static const struct {
    const char *scalar; /* behind `expr: `                */
    const char *find;   /* what is looked for in the text */
    int line, column;   /* where it stands                */
} places[] = {
    { "R.id == x", "x", 6, 19 },
    { "'R.id == x'", "x", 6, 20 },
    { "'a == ''b'' + x'", "x", 6, 25 },
    { "\"a == \\\"b\\\" + x\"", "x", 6, 25 },
    { "\"\\u00e9 + x\"", "x", 6, 21 },
    { "é + x", "x", 6, 15 },
    { "|\n      a &&\n        x\n", "x", 8, 9 },
    { ">-\n      a &&\n      x\n", "x", 8, 7 },
    { ">-\n\n      é &&\n\n      x", "x", 10, 7 },
    { "a &&\n        b &&\n        x", "x", 8, 9 },
    { "\"a &&\n        b \\\n        x\"", "x", 8, 9 },
    { "&n |2\n      a\n       x", "x", 8, 8 },
};

START_TEST(bytes_of_expressions)
{
    struct arena *arena = unit_arena();
    str text = str_printf(arena,
                          "apiVersion: api.cerbos.dev/v1\n"
                          "exportVariables:\n"
                          "  name: d\n"
                          "  definitions:\n"
                          "    a: b\n"
                          "    expr: %s\n",
                          places[_i].scalar);
    struct diags diags = diags_new(arena);
    struct policy *p = NULL;
    ck_assert_int_eq(policy_load(arena, source_new(arena, S("p"), text), &p, &diags), CARDEA_OK);
    const struct ptext *expr = &p->exports.vars[1].expr;
    isize at = str_find(expr->text, str_from_c(places[_i].find));
    ck_assert_int_ge(at, 0);
    struct place place = source_place(p->source, ptext_offset(expr, (uint32_t)at));
    ck_assert_int_eq(place.line, places[_i].line);
    ck_assert_int_eq(place.column, places[_i].column);
    ck_assert_uint_le(ptext_offset(expr, UINT32_MAX), expr->span.end);
}
END_TEST

/* ---- names ----------------------------------------------------------------------------------- */

static const struct {
    int kind;
    const char *name, *version, *scope, *key;
} keys[] = {
    { POLICY_RESOURCE, "leave_request", "20210210", "acme.hr",
      "resource.leave_request.v20210210/acme.hr" },
    { POLICY_RESOURCE, "album:object", "default", "", "resource.album_object.vdefault" },
    { POLICY_RESOURCE, "a--b", "default", "", "resource.a_b.vdefault" },
    { POLICY_RESOURCE, "1:x", "default", "", "resource.1:x.vdefault" },
    { POLICY_RESOURCE, "arn:aws:sns:us-east-1:1234:topic", "v", "",
      "resource.arn:aws:sns:us-east-1:1234:topic.vv" },
    { POLICY_RESOURCE, "a b-c", "v", "", "resource.a b-c.vv" },
    { POLICY_PRINCIPAL, "donald@duck", "dev", "a", "principal.donald_duck.vdev/a" },
    { POLICY_ROLE, "r", "", "", "role.r.vdefault" },
    { POLICY_DERIVED_ROLES, "a-b", "", "", "derived_roles.a_b" },
    { POLICY_EXPORT_VARIABLES, "a", "", "", "export_variables.a" },
    { POLICY_EXPORT_CONSTANTS, "a", "", "", "export_constants.a" },
};

START_TEST(policy_keys)
{
    expect_str(policy_key_of(unit_arena(), (enum policy_kind)keys[_i].kind,
                             str_from_c(keys[_i].name), str_from_c(keys[_i].version),
                             str_from_c(keys[_i].scope)),
               keys[_i].key);
}
END_TEST

START_TEST(scope_parents)
{
    str scope = S("acme.hr.uk");
    ck_assert(scope_parent(scope, &scope));
    expect_str(scope, "acme.hr");
    ck_assert(scope_parent(scope, &scope));
    expect_str(scope, "acme");
    ck_assert(scope_parent(scope, &scope));
    expect_str(scope, "");
    ck_assert(!scope_parent(scope, &scope));
}
END_TEST

static const struct {
    const char *name;
    bool policy, test;
} files[] = {
    { "a.yaml", true, false },      { "a.yml", true, false },
    { "a.JSON", true, false },      { "a.Yaml", true, false },
    { "a.txt", false, false },      { "yaml", false, false },
    { ".a.yaml", false, false },    { "a_test.yaml", false, true },
    { "a_TEST.yml", false, true },  { "_test.json", false, true },
    { "a_test.txt", false, false }, { "a_test.yaml.yaml", true, false },
    { "atest.yaml", true, false },  { ".yaml", false, false },
    { "", false, false },           { ".a_test.yaml", false, true },
};

START_TEST(file_names)
{
    ck_assert_int_eq(policy_file_name(str_from_c(files[_i].name)), files[_i].policy);
    ck_assert_int_eq(policy_test_name(str_from_c(files[_i].name)), files[_i].test);
}
END_TEST

int main(void)
{
    arena_init(&names_arena, 1 << 16, 1 << 24);
    str why = STR_EMPTY;
    if (dir_read(&names_arena, S(CASES), &cases, &why) != CARDEA_OK || cases.list.len == 0) {
        fprintf(stderr, "%s: %.*s\n", CASES, STR_ARG(why));
        return 1;
    }
    Suite *suite = suite_create("policy/load");
    TCase *tcase = tcase_create("load");
    tcase_add_loop_test(tcase, golden, 0, (int)cases.list.len);
    tcase_add_test(tcase, every_code_has_a_case);
    tcase_add_test(tcase, resource_policy);
    tcase_add_test(tcase, other_kinds);
    tcase_add_test(tcase, merged_fields);
    tcase_add_loop_test(tcase, bytes_of_expressions, 0, (int)countof(places));
    tcase_add_loop_test(tcase, policy_keys, 0, (int)countof(keys));
    tcase_add_test(tcase, scope_parents);
    tcase_add_loop_test(tcase, file_names, 0, (int)countof(files));
    suite_add_tcase(suite, tcase);
    int status = unit_run(suite);
    arena_free(&names_arena);
    return status;
}
