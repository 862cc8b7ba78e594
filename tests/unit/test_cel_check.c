/* test_cel_check.c — names, types, overloads and the words of refusals
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/func.h"
#include "support/cel.h"
#include "support/unit.h"

/* Checks the text; the tree, or NULL with issues. */
static struct ast *check(str text, const struct cel_env *env, struct cel_issues *issues)
{
    *issues = (struct cel_issues){ .arena = issues->arena };
    struct ast *root = cel_parse(issues->arena, text, 0, issues);
    if (root == NULL || cel_check(issues->arena, env, root, issues) != CARDEA_OK) {
        ck_assert_int_gt(issues->list.len, 0);
        return NULL;
    }
    ck_assert_int_eq(issues->list.len, 0);
    return root;
}

/* The type of the expression, or the messages. */
static str shown(struct arena *arena, str text, const struct cel_env *env)
{
    struct cel_issues issues = { .arena = arena };
    struct ast *root = check(text, env, &issues);
    struct sb sb = sb_new(arena);
    if (root != NULL) {
        cel_type_text(&sb, root->type);
    }
    for (isize i = 0; i < issues.list.len; i++) {
        sb_add(&sb, i > 0 ? S(" | ") : STR_EMPTY);
        sb_add(&sb, issues.list.ptr[i].text);
    }
    return sb_str(&sb);
}

/* ---- deduced types ---- */

static const struct {
    const char *text, *type;
} types[] = {
    { "null", "null" },
    { "1", "int" },
    { "[]", "list(dyn)" },
    { "{}", "map(dyn, dyn)" },
    { "[1, 2]", "list(int)" },
    { "[1, 'a']", "list(dyn)" },
    { "[1, dyn(2)]", "list(dyn)" },
    { "[null, timestamp(0)]", "list(timestamp)" },
    { "[timestamp(0), null]", "list(null)" }, /* neither is more general: the later one */
    { "[null, 1]", "list(dyn)" },
    { "{'a': 1, 'b': 'x'}", "map(string, dyn)" },
    { "[[], [1]]", "list(list(int))" },
    { "[[], [[]], [[[]]]]", "list(list(list(list(dyn))))" },
    { "[optional.none(), optional.of(1)]", "list(optional_type(int))" },
    { "P", "cerbos.engine.v1.Request.Principal" },
    { "P.id", "string" },
    { "P.roles", "list(string)" },
    { "P.policy_version", "string" },
    { "request.principal.policyVersion", "string" },
    { "request.aux_data.jwt", "map(string, dyn)" },
    { "R.attr.x.y[0].z", "dyn" },
    { "V.x", "dyn" },
    { "has(R.attr.x)", "bool" },
    { "runtime.effectiveDerivedRoles", "list(string)" },
    { "int", "type(int)" },
    { "type(1)", "type(int)" },
    { "type(P)", "type(cerbos.engine.v1.Request.Principal)" },
    { "google.protobuf.Timestamp", "type(timestamp)" },
    { ".net.IP", "type(net.IP)" },
    { "cerbos.engine.v1.Request.Resource", "type(cerbos.engine.v1.Request.Resource)" },
    { "google.protobuf.NullValue.NULL_VALUE", "int" },
    { "1 + 2", "int" },
    { "R.attr.a + R.attr.b", "dyn" },
    { "R.attr.a + 1", "int" },
    { "-R.attr.a", "dyn" },
    { "R.attr.a[0]", "dyn" },
    { "{'a': 1}['a']", "int" },
    { "hierarchy('a')[0]", "string" },
    { "1 < 1.5 && 1u >= -1", "bool" },
    { "true ? null : timestamp(0)", "null" },
    { "true ? dyn(1) : 'a'", "dyn" },
    { "[].map(x, x)", "list(dyn)" },
    { "([].map(x, x))[0].foo", "dyn" },
    { "[1].map(x, string(x))", "list(string)" },
    { "[1].map(i, i > 0, [i])", "list(list(int))" },
    { "{'a': 1}.filter(k, true)", "list(string)" },
    { "[1].transformList(i, v, i + v)", "list(int)" },
    { "['a'].transformMap(i, v, v)", "map(int, string)" },
    { "['a'].transformMapEntry(i, v, {v: i})", "map(string, int)" },
    { "[1].all(x, x > 0)", "bool" },
    { "[1].exists_one(i, v, v > 0)", "bool" },
    { "['b', 'a'].sortBy(x, x)", "list(string)" },
    { "cel.bind(x, [1], x + [2])", "list(int)" },
    { "R.attr.?x", "optional_type(dyn)" },
    { "{'a': 1}.?a", "optional_type(int)" },
    { "[1][?0]", "optional_type(int)" },
    { "optional.of({'a': 1}).a", "optional_type(int)" },
    { "{'a': 1}.?a.orValue(2)", "int" },
    { "optional.of(1).optMap(x, string(x))", "optional_type(string)" },
    { "optional.of(1).optFlatMap(x, optional.none())", "optional_type(dyn)" },
    { "[?optional.of(1), 2]", "list(int)" },
    { "{?'a': optional.of(1)}", "map(string, int)" },
    { "math.greatest(1, 2.0)", "dyn" },
    { "math.greatest(1, 2, 3)", "int" },
    { "string(1).size()", "int" },
};

START_TEST(deduced_type)
{
    expect_str(shown(unit_arena(), str_from_c(types[_i].text), &unit_policy_env), types[_i].type);
}
END_TEST

/* ---- refusals ---- */

static const struct {
    const char *text, *issues;
} refusals[] = {
    { "foo", "undeclared reference to 'foo' (in container '')" },
    { ".foo", "undeclared reference to '.foo' (in container '')" },
    { "foo(1).bar(x)", "undeclared reference to 'foo' (in container '') | undeclared reference to "
                       "'bar' (in container "
                       "'') | undeclared reference to 'x' (in container '')" },
    { "math.foo(1)", "undeclared reference to 'math' (in container '') | undeclared reference to "
                     "'foo' (in container '')" },
    { "R.foo", "undefined field 'foo'" },
    { "has(R.foo)", "undefined field 'foo'" },
    { "R.?foo", "undefined field 'foo'" },
    { "1.a", "type 'int' does not support field selection" },
    { "has({'a': 1}.a.b)", "type 'int' does not support field selection" },
    { "1 + 'a'", "found no matching overload for '_+_' applied to '(int, string)'" },
    { "(1 + 'a') + 2 + 'b'", "found no matching overload for '_+_' applied to '(int, string)' | "
                             "found no matching overload "
                             "for '_+_' applied to '(int, string)'" },
    { "null == []", "found no matching overload for '_==_' applied to '(null, list(dyn))'" },
    { "1 == 1.0", "found no matching overload for '_==_' applied to '(int, double)'" },
    { "1 in [1.0]", "found no matching overload for '@in' applied to '(int, list(double))'" },
    { "true && 1 && 'a'",
      "expected type 'bool' but found 'int' | expected type 'bool' but found 'string'" },
    { "V['x']", "found no matching overload for '_[_]' applied to '(cerbos.Variables, string)'" },
    { "'a'.size(1)", "found no matching overload for 'size' applied to 'string.(int)'" },
    { "size()", "found no matching overload for 'size' applied to '()'" },
    { "math.ceil(1)", "found no matching overload for 'math.ceil' applied to '(int)'" },
    { "[1].map(x, x, x)",
      "found no matching overload for '_?_:_' applied to '(int, list(int), list(int))'" },
    { "[1].exists_one(x, 1)",
      "found no matching overload for '_?_:_' applied to '(int, int, int)'" },
    { "[1].all(x, 1)", "expected type 'bool' but found 'int'" },
    { "1.map(x, x)", "expression of type 'int' cannot be range of a comprehension (must be list, "
                     "map, or dynamic)" },
    { "[1].transformMapEntry(i, v, [v])",
      "found no matching overload for 'cel.@mapInsert' applied to '(map(dyn, dyn), "
      "list(int))'" },
    { "[1].sortBy(x, [x])", "found no matching overload for '@sortByAssociatedKeys' applied to "
                            "'list(int).(list(list(int)))'" },
    { "[1].map(x, x) + x", "undeclared reference to 'x' (in container '')" },
    { "cel.bind(a, a, a)", "undeclared reference to 'a' (in container '')" },
    { "[?1]", "expected type 'optional_type(int)' but found 'int'" },
    { "Foo{a: 1}", "undeclared reference to 'Foo' (in container '')" },
    { "int{}", "'int' is not a message type" },
    { "[x, 1 + 'a', y]", "undeclared reference to 'x' (in container '') | found no matching "
                         "overload for '_+_' applied "
                         "to '(int, string)' | undeclared reference to 'y' (in container '')" },
    /* literal format strings */
    { "'%s'.format([])", "index 0 out of range" },
    { "'%s%%'.format([1, 2])", "too many arguments supplied to string.format (expected 1, got 2)" },
    { "'%'.format([1])", "unexpected end of string" },
    { "'%5d'.format([1])",
      "could not parse formatting clause: unrecognized formatting clause \"5\"" },
    { "'%.'.format([1])",
      "could not parse formatting clause: error while parsing precision: could not find end of "
      "precision specifier" },
    { "'%.101f'.format([1.0])",
      "could not parse formatting clause: error while parsing precision: precision 101 exceeds "
      "maximum allowed precision 100" },
    { "'%d'.format(['a'])",
      "error during formatting: decimal clause can only be used on ints, uints, and doubles, was "
      "given string" },
    { "'%x'.format([timestamp(0)])",
      "error during formatting: only ints, uints, bytes, and strings can be formatted as "
      "hex, was given google.protobuf.Timestamp" },
    { "'%s'.format([{'a': [P]}])",
      "error during formatting: string clause can only be used on strings, bools, bytes, "
      "ints, doubles, maps, lists, types, durations, and timestamps, was given "
      "cerbos.engine.v1.Request.Principal" },
};

START_TEST(refusal)
{
    expect_str(shown(unit_arena(), str_from_c(refusals[_i].text), &unit_policy_env),
               refusals[_i].issues);
}
END_TEST

/* ---- our own words: place, text, remedy ---- */

static const struct {
    const char *text;
    uint32_t start, end;
    const char *better, *help;
} advice[] = {
    { "1 + R.atr.x", 6, 9, "`cerbos.engine.v1.Request.Resource` has no field `atr`",
      "did you mean `attr`?" },
    { "requst.resource", 0, 6, "unknown name `requst`", "did you mean `request`?" },
    { "P.id.startWith('a')", 5, 14, "unknown function `startWith`", "did you mean `startsWith`?" },
    { "now", 0, 3, "unknown name `now`", "`now` is a function: call it with parentheses" },
    { "1 == 1.0", 0, 8, "operator `==` does not work on (int, double)",
      "convert one side with int(), uint() or double()" },
    { "['a'][b'x']", 0, 11, "operator `[ ]` does not work on (list(string), bytes)", "" },
    { "'a'.contains(1)", 0, 15, "`contains` cannot be called on string with (int)",
      "accepted: `string.contains(string)`" },
    { "contains('a', 'b')", 0, 18, "`contains` cannot be called with (string, string)",
      "it is called on a receiver: `x.f()`" },
    { "true.map(x, x)", 0, 4, "bool cannot be iterated over: a list or a map is needed", "" },
};

START_TEST(advised)
{
    struct arena *arena = unit_arena();
    struct cel_issues issues = { .arena = arena };
    ck_assert_ptr_null(check(str_from_c(advice[_i].text), &unit_policy_env, &issues));
    const struct cel_issue *issue = &issues.list.ptr[0];
    expect_str(issue->better, advice[_i].better);
    expect_str(issue->help, advice[_i].help);
    ck_assert_uint_eq(issue->start, advice[_i].start);
    ck_assert_uint_eq(issue->end, advice[_i].end);
}
END_TEST

/* ---- what the checker leaves on the tree ---- */

START_TEST(annotations)
{
    struct arena *arena = unit_arena();
    struct cel_issues issues = { .arena = arena };
    struct ast *root = check(S("request.principal.attr.x"), &unit_policy_env, &issues);
    ck_assert_ptr_nonnull(root);
    const struct ast *attr = root->select.operand;
    ck_assert_ptr_nonnull(attr->select.known);
    expect_str(attr->select.known->name, "attr");
    const struct ast *request = attr->select.operand->select.operand;
    ck_assert_int_ge(request->ident.root, 0);
    ck_assert_ptr_nonnull(request->ident.message);

    root = check(S("math.ceil(1.5)"), &unit_policy_env, &issues);
    ck_assert_ptr_null(root->call.target);
    expect_str(root->call.name, "math.ceil");
    expect_str(str_from_c(cel_funcs[root->call.func].name), "math.ceil");

    root = check(S("'a' + 'b'"), &unit_policy_env, &issues);
    ck_assert_int_eq(root->call.func, -1);

    root = check(S("[1].map(math, math.abs(math))[0] == google.protobuf.Duration"),
                 &unit_policy_env, &issues);
    ck_assert_ptr_null(root); /* int against type; a local variable does not hide math.abs */
    ck_assert_int_eq(issues.list.len, 1);

    root = check(S("type(1) == google.protobuf.Duration"), &unit_policy_env, &issues);
    const struct ast *type = root->call.args[1];
    ck_assert_int_eq(type->kind, A_IDENT);
    ck_assert(type->ident.is_type);
    expect_str(type->ident.name, "google.protobuf.Duration");

    root = check(S("[1].map(x, x)"), &unit_policy_env, &issues);
    ck_assert(root->loop.body->ident.is_local);
}
END_TEST

/* ---- containers and shadowing ---- */

static const struct cel_decl contained[] = {
    { S("y"), &cel_t_string, 0 },   { S("a.b.y"), &cel_t_int, 1 },  { S("a.z.w"), &cel_t_uint, 2 },
    { S("a.b.m"), &cel_t_bool, 3 }, { S("m.n"), &cel_t_double, 4 },
};
static const struct cel_env in_container = { .decls = contained,
                                             .decl_count = 5,
                                             .container = S("a.b") };

static const struct {
    const char *text, *type;
} scopes[] = {
    { "y", "int" },
    { ".y", "string" },
    { "z.w", "uint" },
    { "a.b.y", "int" },
    { "m", "bool" },
    { "m.n", "double" }, /* the longest name wins over a selection */
    { "[true].map(y, y)", "list(bool)" },
    { "[true].map(y, .y)", "list(string)" },
    { "[{'n': 1}].map(m, m.n)", "list(int)" },
    { "[{'n': 1}].map(m, .m.n)", "list(double)" },
    { "[1].map(x, [true].map(x, x))", "list(list(bool))" },
    { "q", "undeclared reference to 'q' (in container 'a.b')" },
};

START_TEST(scope)
{
    expect_str(shown(unit_arena(), str_from_c(scopes[_i].text), &in_container), scopes[_i].type);
}
END_TEST

/* ---- overloads of the caller ---- */

START_TEST(declared_overloads)
{
    struct arena *arena = unit_arena();
    const struct cel_type *t = cel_type_param(arena, S("T"));
    const struct cel_type *u = cel_type_param(arena, S("U"));
    const struct cel_type *pair = cel_type_with(arena, cel_type_abstract(arena, S("pair")),
                                                (const struct cel_type *const[3]){ t, u, NULL });
    const struct cel_type *twins = cel_type_with(arena, cel_type_abstract(arena, S("pair")),
                                                 (const struct cel_type *const[3]){ t, t, NULL });
    const struct cel_overload overloads[] = {
        { S("pair"), false, (const struct cel_type *const[]){ t, u }, 2, pair },
        { S("same"), false, (const struct cel_type *const[]){ twins }, 1, t },
    };
    const struct cel_env env = { .overloads = overloads, .overload_count = 2, .container = S("") };
    expect_str(shown(arena, S("pair(1, 'a')"), &env), "pair(int, string)");
    expect_str(shown(arena, S("[pair(1, 2u), pair(dyn(1), dyn(2u))][0]"), &env), "pair(dyn, dyn)");
    expect_str(shown(arena, S("same(pair(1, 2))"), &env), "int");
    expect_str(shown(arena, S("same(pair(dyn(1), 2u))"), &env), "dyn");
    expect_str(shown(arena, S("same(pair(1, 2u))"), &env),
               "found no matching overload for 'same' applied to '(pair(int, uint))'");
}
END_TEST

/* ---- without types ---- */

START_TEST(resolving_only)
{
    struct arena *arena = unit_arena();
    struct cel_issues issues = { .arena = arena };
    struct ast *root =
        cel_parse(arena, S("f(x) || m.n || math.ceil('a') == [1].map(y, y + .y)"), 0, &issues);
    ck_assert_int_eq(cel_resolve(arena, &in_container, root, &issues), CARDEA_OK);
    const struct ast *f = root->call.args[0];
    ck_assert_int_eq(f->call.func, -2);
    ck_assert_int_eq(f->call.args[0]->ident.root, -2);
    ck_assert_int_eq(root->call.args[1]->kind, A_IDENT);
    ck_assert_int_eq(root->call.args[1]->ident.root, 4);
    const struct ast *equal = root->call.args[2];
    expect_str(equal->call.args[0]->call.name, "math.ceil");
    const struct ast *sum = equal->call.args[1]->loop.body;
    ck_assert(sum->call.args[0]->ident.is_local);
    ck_assert_int_eq(sum->call.args[1]->ident.root, 0);
}
END_TEST

/* ---- work is bounded ---- */

START_TEST(types_that_explode)
{
    struct arena *arena = unit_arena();
    struct sb sb = sb_new(arena);
    /* the type of each variable is bound to a map whose key and value are the one before:
     * written out, 2^120 */
    for (int i = 0; i < 120; i++) {
        sb_printf(&sb, "cel.bind(v%d, [], ", i);
    }
    sb_add(&sb, S("[dyn(1)"));
    for (int i = 1; i < 120; i++) {
        sb_printf(&sb, ", [v%d, [{v%d: v%d}]]", i, i - 1, i - 1);
    }
    sb_byte(&sb, ']');
    for (int i = 0; i < 120; i++) {
        sb_byte(&sb, ')');
    }
    struct cel_issues issues = { .arena = arena };
    struct ast *root = cel_parse(arena, sb_str(&sb), 0, &issues);
    ck_assert_ptr_nonnull(root);
    ck_assert_int_eq(cel_check(arena, &unit_policy_env, root, &issues), CARDEA_ELIMIT);
    ck_assert_int_eq(issues.list.len, 1);
    expect_str(issues.list.ptr[0].text, "expression has too complex types to be checked");
}
END_TEST

START_TEST(large_expressions_are_quick)
{
    struct arena *arena = unit_arena();
    struct sb sb = sb_new(arena);
    sb_add(&sb, S("R.attr.a == 1"));
    for (int i = 0; i < 6000; i++) {
        sb_add(&sb, S(" && a.b < 'x'"));
    }
    struct cel_issues issues = { .arena = arena };
    ck_assert_ptr_null(check(sb_str(&sb), &unit_policy_env, &issues));
    ck_assert_int_eq(issues.list.len, CEL_ISSUES_MAX);
    ck_assert_int_eq(issues.dropped, 6000 - CEL_ISSUES_MAX);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cel check");
    TCase *core = tcase_create("core");
    tcase_set_timeout(core, 30);
    tcase_add_loop_test(core, deduced_type, 0, countof(types));
    tcase_add_loop_test(core, refusal, 0, countof(refusals));
    tcase_add_loop_test(core, advised, 0, countof(advice));
    tcase_add_test(core, annotations);
    tcase_add_loop_test(core, scope, 0, countof(scopes));
    tcase_add_test(core, declared_overloads);
    tcase_add_test(core, resolving_only);
    tcase_add_test(core, types_that_explode);
    tcase_add_test(core, large_expressions_are_quick);
    suite_add_tcase(suite, core);
    return unit_run(suite);
}
