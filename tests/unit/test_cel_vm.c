/* test_cel_vm.c — generated code does what the expression says
 *
 * Tables of expressions with the canonical text of their value, or `error: ` and the text. The
 * request's attributes are in `attributes` below. What the specification and the reference say in
 * general is in test_cel_spec.c and test_cel_cerbos.c; here is what they cannot see: memo,
 * laziness, budget, limits, folding, places of errors.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/gen.h"
#include "cel/regex.h"
#include "cel/vm.h"
#include "cel/vm_priv.h"
#include "image/roots.h"
#include "support/cel.h"
#include "support/unit.h"
#include "value/json_in.h"

#include <malloc.h>

static const char attributes[] =
    "{\"owner\": \"ann\", \"n\": 3.5, \"nothing\": null, \"tags\": [\"a\", \"b\"],"
    " \"m\": {\"k\": {\"deep\": true}, \"x y\": 1}, \"zero\": 0, \"yes\": true}";

/* One compiled expression, ready to run. */
struct program {
    struct arena *arena;
    struct codeset *set;
    struct cel_issues issues;
    struct cel_code code;
    struct cel_run run;
    struct value roots[ROOT_COUNT];
    uint32_t expr;
    bool folded;
};

static struct program *program_new(bool folded)
{
    struct arena *arena = unit_arena();
    struct program *p = new(arena, struct program, 1);
    p->arena = arena;
    p->folded = folded;
    p->set = codeset_new(arena);
    p->issues.arena = arena;
    p->roots[ROOT_P_ID] = v_string(S("ann"));
    p->roots[ROOT_R_ATTR] = json_read(arena, str_from_c(attributes), &(struct json_limits){ 0 },
                                      &(struct json_error){ 0 });
    ck_assert_int_eq(p->roots[ROOT_R_ATTR].kind, V_MAP);
    return p;
}

static uint32_t compile(struct program *p, const struct cel_env *env, str text)
{
    uint32_t expr = UINT32_MAX;
    struct ast *root = cel_parse(p->arena, text, 0, &p->issues);
    bool ok = root != NULL && cel_check(p->arena, env, root, &p->issues) == CARDEA_OK &&
              (!p->folded || cel_fold(p->arena, root, &p->issues) == CARDEA_OK) &&
              cel_gen(p->set, root, &expr, &p->issues) == CARDEA_OK;
    ck_assert_msg(ok, "%.*s: %.*s", STR_ARG(str_slice(text, 0, 200)),
                  p->issues.list.len > 0 ? (int)p->issues.list.ptr[0].text.len : 0,
                  p->issues.list.len > 0 ? p->issues.list.ptr[0].text.ptr : "");
    return expr;
}

static void prepare(struct program *p)
{
    str why = STR_EMPTY;
    p->code = codeset_code(p->set);
    ck_assert_msg(cel_verify(&p->code, ROOT_COUNT, p->arena, &why) == CARDEA_OK, "%.*s",
                  STR_ARG(why));
    p->run = (struct cel_run){ .code = &p->code,
                               .arena = p->arena,
                               .roots = p->roots,
                               .path_memo = new(p->arena, struct value, (isize)p->code.path_count),
                               .var_memo = new(p->arena, struct value, (isize)p->code.var_count),
                               .budget = 100000 };
}

static str shown(struct arena *arena, struct value v)
{
    struct sb sb = sb_new(arena);
    if (v.kind == V_ERROR) {
        sb_printf(&sb, "error: %.*s", STR_ARG(v.err->text));
    } else {
        value_text(&sb, v);
    }
    return sb_str(&sb);
}

static void expect_cel(const char *expr, const char *want)
{
    for (int folded = 0; folded < 2; folded++) {
        struct program *p = program_new(folded != 0);
        p->expr = compile(p, &unit_policy_env, str_from_c(expr));
        prepare(p);
        str got = shown(p->arena, cel_eval(&p->run, p->expr));
        ck_assert_msg(str_eq(got, str_from_c(want)), "%s\n  got  %.*s\n  want %s%s", expr,
                      STR_ARG(got), want, folded != 0 ? " (folded)" : "");
    }
}

#define TABLE(name_)                                                                               \
    static const struct {                                                                          \
        const char *expr, *want;                                                                   \
    } name_[]
#define TABLE_TEST(test_, table_)                                                                  \
    START_TEST(test_)                                                                              \
    {                                                                                              \
        expect_cel((table_)[_i].expr, (table_)[_i].want);                                          \
    }                                                                                              \
    END_TEST

/* ---- logic ---- */

TABLE(logic) = {
    { "false && 1/0 > 0", "false" }, /* right side absorbed              */
    { "1/0 > 0 && false", "false" }, /* and so is the left               */
    { "1/0 > 0 && true", "error: division by zero" },
    { "true || 1/0 > 0", "true" },
    { "1/0 > 0 || R.attr.yes", "true" },
    { "R.attr.yes && 1/0 > 0 && R.attr.owner == \"bob\"", "false" },
    { "R.attr.a && R.attr.b", "error: no such key: a" },   /* the first error                  */
    { "R.attr.n && R.attr.b", "error: no such overload" }, /* a value that is no bool is one   */
    { "R.attr.n && false", "false" },
    { "R.attr.n || true", "true" },
    { "true && R.attr.n", "error: no such overload" }, /* also when it alone remains       */
    { "false || R.attr.yes", "true" },
    { "true && true && true", "true" },
    { "R.attr.yes ? 1 : 1/0", "1" },
    { "R.attr.n ? 1 : 2", "error: no such overload" },
    { "dyn(1) ? 1 : 2", "error: no such overload" }, /* folding must not forget the type */
    { "true ? R.attr.zero : 1/0", "0.0" },
    { "!R.attr.n", "error: no such overload" },
    { "!(R.attr.owner == \"ann\")", "false" },
};
TABLE_TEST(logic_absorbs_errors, logic)

/* ---- selection ---- */

TABLE(selection) = {
    { "R.attr.m.k.deep", "true" },
    { "R.attr[\"m\"][\"x y\"]", "1.0" },
    { "R.attr.m.nope.deep", "error: no such key: nope" },
    { "R.attr.n.deep", "error: no such key: deep" },
    { "R.attr.tags.deep", "error: unsupported index type 'string' in list" },
    { "R.attr.tags[1]", "\"b\"" },
    { "R.attr.tags[R.attr.zero]", "\"a\"" },
    { "R.attr.tags[R.attr.n]", "error: unsupported index value 3.5 in list" },
    { "R.attr.tags[2]", "error: index out of bounds: 2" },
    { "R.attr.m[R.attr.owner]", "error: no such key: ann" },
    { "R.attr.m[R.attr.nothing]", "error: invalid qualifier type: types.Null" },
    { "P.attr.level", "error: no such key: level" }, /* no attributes at all: an empty map */
    { "P.attr", "{}" },
    { "P.id", "\"ann\"" },
    { "has(R.attr.m.k)", "true" },
    { "has(R.attr.nothing)", "true" }, /* null is there                      */
    { "has(R.attr.m.nope)", "false" },
    { "has(R.attr.n.nope)", "false" },
    { "has(R.attr.tags.nope)", "error: unsupported index type 'string' in list" },
    { "has(R.attr.no.pe)", "error: no such key: no" },
    { "R.attr.?m.?k.?deep.orValue(false)", "true" },
    { "R.attr.?m.nope.orValue(R.attr.n)", "3.5" },
    { "R.attr.?owner.orValue(1/0)", "\"ann\"" }, /* the other is not evaluated         */
    { "optional.none().or(R.attr.?n).value()", "3.5" },
    { "dyn(1).orValue(2)", "error: no such overload" },
    { "R.attr.tags[?7].hasValue()", "false" },
    { "[?R.attr.?owner, ?R.attr.?nope]", "[\"ann\"]" },
    { "{?\"a\": R.attr.?owner, ?\"b\": R.attr.?nope}", "{\"a\": \"ann\"}" },
};
TABLE_TEST(selection_finds, selection)

/* ---- patterns ---- */

START_TEST(patterns_are_tables_when_they_are_right)
{
    struct program *p = program_new(true);
    p->expr = compile(
        p, &unit_policy_env,
        S("R.attr.owner.matches(\"^a\") && regex.replace(R.attr.owner, \"n+\", \"\") == \"a\""));
    uint32_t wrong = compile(p, &unit_policy_env, S("matches(R.attr.owner, \"(\")"));
    prepare(p);
    ck_assert_uint_eq(p->code.pattern_count, 2); /* the wrong one is left to the run */
    struct cel_thread *thread = cel_thread_new();
    p->run.thread = thread;
    expect_str(shown(p->arena, cel_eval(&p->run, p->expr)), "true");
    expect_str(shown(p->arena, cel_eval(&p->run, wrong)),
               "error: error parsing regexp: missing closing ): `(`");
    const struct cel_regex *regexes[2];
    for (int i = 0; i < 2; i++) {
        str why = STR_EMPTY;
        regexes[i] = cel_regex_new(v_str(p->code.konsts[p->code.patterns[i]]), p->arena, &why);
        ck_assert_ptr_nonnull(regexes[i]);
    }
    p->code.regexes = regexes;
    int64_t before = p->run.budget;
    expect_str(shown(p->arena, cel_eval(&p->run, p->expr)), "true");
    ck_assert_int_le(before - p->run.budget, 4); /* nothing was compiled */
    cel_regex_free((struct cel_regex *)(uintptr_t)regexes[0]);
    cel_regex_free((struct cel_regex *)(uintptr_t)regexes[1]);
    cel_thread_free(thread);
}
END_TEST

/* ---- membership in constant sets ---- */

TABLE(sets) = {
    { "R.attr.owner in [\"ann\", \"bob\"]", "true" },
    { "R.attr.owner in [\"bob\", \"bob\"]", "false" },
    { "R.attr.n in [\"ann\", \"bob\"]", "false" }, /* another kind is just not in it */
    { "R.attr.nope in [\"ann\"]", "error: no such key: nope" },
    { "R.attr.owner in [\"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"g\", \"h\", \"i\", \"ann\"]",
      "true" },
    { "dyn(R.attr.zero) in [0, 1]", "true" }, /* numbers compare across types */
    { "dyn(spiffeID(\"spiffe://a/b\")) in [\"x\", \"spiffe://a/b\"]", "true" },
    { "dyn(hierarchy(\"a.b\")) in [\"x\"]", "false" },
    { "R.attr.owner in []", "false" },
    { "\"a\" in R.attr.tags", "true" },
    { "\"k\" in R.attr.m", "true" },
    { "\"k\" in R.attr.owner", "error: no such overload" },
};
TABLE_TEST(sets_keep_the_meaning_of_lists, sets)

/* ---- loops ---- */

TABLE(loops) = {
    { "[1, 0].all(x, 1/x == 2)", "false" },
    { "[0, 1].exists(x, 1/x == 1)", "true" },
    { "[0, 2].exists(x, 1/x == 1)", "error: division by zero" },
    { "[0].all(x, R.attr.n)", "error: no such overload" },
    { "[].all(x, 1/0 > 0)", "true" },
    { "[1, 2, 2].exists_one(x, x == 2)", "false" },
    { "[1, 2, 3].exists_one(x, x == 2)", "true" },
    { "[0, 1].exists_one(x, 1/x == 1)", "error: division by zero" },
    { "R.attr.tags.map(t, t + \"!\")", "[\"a!\", \"b!\"]" },
    { "[1, 2, 3, 4].filter(x, x % 2 == 0).map(y, y * y)", "[4, 16]" },
    { "[1, 2].map(x, [10, 20].map(y, x + y))", "[[11, 21], [12, 22]]" },
    { "[1, 2].map(x, [x].map(x, x + 1))", "[[2], [3]]" }, /* the inner name hides the outer */
    { "[[1, 2], [3]].map(l, l.filter(x, x > 1).size())", "[1, 1]" },
    { "{\"a\": 1, \"b\": 2}.map(k, k)", "[\"a\", \"b\"]" },
    { "{\"a\": 1, \"b\": 2}.exists(k, v, v == 2 && k == \"b\")", "true" },
    { "[5, 6].transformList(i, v, i < 1, v + i)", "[5]" },
    { "[5, 6].transformMap(i, v, v + i)", "{0: 5, 1: 7}" },
    { "{\"a\": 1}.transformMap(k, v, v / 0)", "error: division by zero" },
    { "{\"a\": \"x\", \"b\": \"x\"}.transformMapEntry(k, v, {v: k})",
      "error: insert failed: key x already exists" },
    { "{\"a\": \"x\", \"b\": \"y\"}.transformMapEntry(k, v, {v: k})",
      "{\"x\": \"a\", \"y\": \"b\"}" },
    { "[3, 1, 2].sortBy(x, -x)", "[3, 2, 1]" },
    { "[].map(x, x).sortBy(x, x)", "[]" },
    { "[1, 2].sortBy(x, x == 1 ? dyn(\"a\") : dyn(1))",
      "error: list elements must have the same type" },
    { "R.attr.n.map(x, x)", "error: got 'types.Double', expected iterable type" },
    { "R.attr.nope.map(x, x)", "error: no such key: nope" },
    { "cel.bind(x, 1/0, 5)", "5" },
    { "cel.bind(x, R.attr.n, x == 3.5 && x > 3.0)", "true" },
    { "cel.bind(x, 1, cel.bind(y, x + 1, x + y))", "3" },
    { "[1].map(x, cel.bind(y, x + 1, [y, x]))", "[[2, 1]]" },
};
TABLE_TEST(loops_end_as_they_should, loops)

/* ---- variables ---- */

struct watch {
    int calls;
    uint32_t var;
    str text;
};

static void on_var_error(void *ctx, uint32_t var, struct value error)
{
    struct watch *w = ctx;
    w->calls++;
    w->var = var;
    w->text = error.err->text;
}

static const struct {
    const char *name, *expr;
} variables[] = {
    { "one", "R.attr.zero + 1.0" },         { "bad", "R.attr.nope" },
    { "twice", "V.one + V.one" },           { "worse", "V.bad" },
    { "path", "hierarchy(\"a.b\")" },       { "kind", "type(1)" },
    { "id", "spiffeID(\"spiffe://a/b\")" }, { "maybe", "optional.of(optional.of(1))" },
    { "none", "optional.none()" }
};

/* A program with the variables above, and constants C.list and C.one. */
static struct program *with_variables(const char *expr, struct watch *watch)
{
    struct program *p = program_new(true);
    struct cel_field *v_fields = new(p->arena, struct cel_field, countof(variables));
    struct cel_field *c_fields = new(p->arena, struct cel_field, 2);
    struct cel_message *messages = new(p->arena, struct cel_message, 2);
    struct cel_decl *decls = new(p->arena, struct cel_decl, unit_policy_env.decl_count);
    struct value *list = new(p->arena, struct value, 1);
    list[0] = v_string(S("ann"));
    c_fields[0] = (struct cel_field){ S("list"), STR_EMPTY, &cel_t_dyn, -1, -1, v_list(list, 1) };
    c_fields[1] = (struct cel_field){ S("one"), STR_EMPTY, &cel_t_dyn, -1, -1, v_double(1) };
    messages[0] = (struct cel_message){ .name = S("cerbos.Variables"), .fields = v_fields };
    messages[1] =
        (struct cel_message){ .name = S("cerbos.Variables"), .fields = c_fields, .field_count = 2 };
    for (isize i = 0; i < unit_policy_env.decl_count; i++) {
        decls[i] = unit_policy_env.decls[i];
        bool v = str_eq(decls[i].name, S("V"));
        if (v || str_eq(decls[i].name, S("C"))) {
            decls[i].type = cel_type_message(p->arena, &messages[v ? 0 : 1]);
        }
    }
    struct cel_env env = unit_policy_env;
    env.decls = decls;
    for (int32_t i = 0; i < countof(variables); i++) {
        uint32_t number = compile(p, &env, str_from_c(variables[i].expr));
        codeset_var(p->set, str_from_c(variables[i].name), number);
        v_fields[i] = (struct cel_field){
            str_from_c(variables[i].name), STR_EMPTY, &cel_t_dyn, -1, i, v_none()
        };
        messages[0].field_count = i + 1;
    }
    p->expr = compile(p, &env, str_from_c(expr));
    prepare(p);
    p->run.on_var_error = on_var_error;
    p->run.ctx = watch;
    return p;
}

TABLE(variable_uses) = {
    { "V.one", "1.0" },
    { "V.twice", "2.0" },
    { "V.bad", "error: undefined field 'bad'" },
    { "V.worse", "error: undefined field 'worse'" },
    { "has(V.bad)", "false" },
    { "has(V.one)", "true" },
    { "V.bad == 1 || V.one == 1.0", "true" },
    { "V.path == [\"a\", \"b\"]", "true" }, /* a hierarchy arrives as a list */
    { "V.kind == \"int\"", "true" },
    { "V.id", "error: unsupported conversion to ref.Val: (spiffeid.ID)spiffe://a/b" },
    { "has(V.id)", "true" },
    { "V.maybe", "1" },
    { "V.none", "null" },
    { "P.id in C.list", "true" },
    { "C.one + 1.0", "2.0" },
    { "has(C.one)", "true" },
};
START_TEST(variables_are_what_the_reference_makes_of_them)
{
    struct watch watch = { 0 };
    struct program *p = with_variables(variable_uses[_i].expr, &watch);
    expect_str(shown(p->arena, cel_eval(&p->run, p->expr)), variable_uses[_i].want);
}
END_TEST

START_TEST(variables_are_lazy_and_evaluated_once)
{
    struct watch watch = { 0 };
    struct program *p = with_variables("V.one == 2.0 && V.bad", &watch);
    expect_str(shown(p->arena, cel_eval(&p->run, p->expr)), "false");
    ck_assert_int_eq(watch.calls, 0);
    ck_assert(!p->run.var_failed);

    p = with_variables("has(V.bad) || has(V.bad) || V.bad == 1 || V.worse == 1", &watch);
    expect_str(shown(p->arena, cel_eval(&p->run, p->expr)), "error: undefined field 'bad'");
    ck_assert_int_eq(watch.calls, 2); /* bad, and worse because of it */
    ck_assert(p->run.var_failed);
    ck_assert_uint_eq(watch.var, 3);
    expect_str(watch.text, "undefined field 'bad'");
    (void)cel_eval(&p->run, p->expr);
    ck_assert_int_eq(watch.calls, 2);

    p->roots[ROOT_R_ATTR] = v_null(); /* the memo keeps what was read */
    expect_str(shown(p->arena, cel_eval(&p->run, p->expr)), "error: undefined field 'bad'");
}
END_TEST

START_TEST(variables_wait_for_each_other_only_so_deep)
{
    struct program *p = program_new(true);
    struct cel_field *fields = new(p->arena, struct cel_field, CEL_VAR_DEPTH + 2);
    struct cel_message message = { .name = S("cerbos.Variables"), .fields = fields };
    struct cel_type type = { .kind = T_MESSAGE, .message = &message };
    struct cel_decl decl = { S("V"), &type, ROOT_V };
    struct cel_env env = { .decls = &decl, .decl_count = 1, .container = STR_EMPTY };
    for (int32_t i = 0; i <= CEL_VAR_DEPTH; i++) {
        str name = str_printf(p->arena, "v%d", i);
        str text = i == 0 ? S("1") : str_printf(p->arena, "V.v%d + 1", i - 1);
        fields[i] = (struct cel_field){ name, STR_EMPTY, &cel_t_dyn, -1, i, v_none() };
        if (i == CEL_VAR_DEPTH) {
            struct ast *root = cel_parse(p->arena, text, 0, &p->issues);
            uint32_t expr = 0;
            ck_assert_int_eq(cel_check(p->arena, &env, root, &p->issues), CARDEA_OK);
            ck_assert_int_eq(cel_gen(p->set, root, &expr, &p->issues),
                             CARDEA_OK); /* the last that fits */
            codeset_var(p->set, name, expr);
            message.field_count = i + 1;
            root = cel_parse(p->arena, str_printf(p->arena, "V.v%d", i), 0, &p->issues);
            ck_assert_int_eq(cel_check(p->arena, &env, root, &p->issues), CARDEA_OK);
            ck_assert_int_eq(cel_gen(p->set, root, &expr, &p->issues), CARDEA_ELIMIT);
            expect_str(p->issues.list.ptr[0].text, "more than 200 variables depend on each other");
            break;
        }
        p->expr = compile(p, &env, text);
        codeset_var(p->set, name, p->expr);
        message.field_count = i + 1;
    }
    p->code = codeset_code(p->set);
    p->code.var_count--; /* the one too deep for the verifier is the last */
    p->run = (struct cel_run){ .code = &p->code,
                               .arena = p->arena,
                               .roots = p->roots,
                               .var_memo = new(p->arena, struct value, CEL_VAR_DEPTH + 1),
                               .budget = 100000 };
    expect_str(shown(p->arena, cel_eval(&p->run, p->expr)), "200");
}
END_TEST

/* ---- memo, budget, memory ---- */

START_TEST(paths_are_read_once)
{
    struct program *p = program_new(true);
    p->expr = compile(p, &unit_policy_env, S("R.attr.owner == P.id && R.attr.owner == \"ann\""));
    uint32_t other = compile(p, &unit_policy_env, S("R.attr.owner"));
    prepare(p);
    ck_assert_uint_eq(p->code.path_count, 2); /* shared between the expressions */
    expect_str(shown(p->arena, cel_eval(&p->run, p->expr)), "true");
    p->roots[ROOT_R_ATTR] = v_null();
    expect_str(shown(p->arena, cel_eval(&p->run, other)), "\"ann\"");
    memset(p->run.path_memo, 0, p->code.path_count * sizeof *p->run.path_memo);
    expect_str(shown(p->arena, cel_eval(&p->run, other)), "error: no such key: owner");
}
END_TEST

static const char *const hungry[] = {
    "lists.range(1000).map(x, x).size() > 0 || true", /* no operator hides it            */
    "[1, 2].exists(x, lists.range(1000).all(y, y >= 0))",
    "lists.range(1000).exists(x, 1/0 == x) || R.attr.yes",
    "lists.range(1000).all(x, R.attr.tags == R.attr.tags)",
    "lists.range(1000).map(x, {\"a\": x}).transformMapEntry(i, v, {string(i): v}).size() > 0",
};
START_TEST(budget_ends_what_takes_too_long)
{
    struct program *p = program_new(false);
    p->expr = compile(p, &unit_policy_env, str_from_c(hungry[_i]));
    prepare(p);
    p->run.budget = 100;
    expect_str(shown(p->arena, cel_eval(&p->run, p->expr)), "error: evaluation budget exceeded");
    ck_assert_int_lt(p->run.budget, 0);
    expect_str(shown(p->arena, cel_eval(&p->run, p->expr)), "error: evaluation budget exceeded");
    p->run.budget = 1000000;
    ck_assert_int_eq(cel_eval(&p->run, p->expr).kind, V_BOOL);
}
END_TEST

START_TEST(evaluation_takes_nothing_from_the_heap)
{
    struct program *p = program_new(false);
    p->expr =
        compile(p, &unit_policy_env,
                S("R.attr.tags.map(t, t + \"!\").exists(x, x in [\"b!\"]) && R.attr.m.k.deep && "
                  "\"%s-%d\".format([R.attr.owner, 3]) == \"ann-3\" && [1, 2, 3].sort()[0] == 1"));
    prepare(p);
    (void)cel_eval(&p->run, p->expr);
    size_t before = mallinfo2().uordblks;
    for (int i = 0; i < 1000; i++) {
        struct arena_mark mark = arena_mark(p->arena);
        ck_assert(v_is_true(cel_eval(&p->run, p->expr)));
        arena_reset(p->arena, mark);
        p->run.budget = 100000;
    }
    ck_assert_uint_eq(mallinfo2().uordblks, before);
}
END_TEST

/* ---- large expressions ---- */

static str repeated(struct arena *arena, const char *head, const char *part, int count,
                    const char *tail)
{
    struct sb sb = sb_new(arena);
    sb_add(&sb, str_from_c(head));
    for (int i = 0; i < count; i++) {
        sb_add(&sb, str_from_c(part));
    }
    sb_add(&sb, str_from_c(tail));
    return sb_str(&sb);
}

static const struct {
    const char *head, *part;
    int count;
    const char *tail, *want;
    uint32_t stack; /* most values on the stack that are allowed */
} large[] = {
    { "R.attr.yes", " && R.attr.yes", 5000, "", "true", 4 },
    { "R.attr.zero == 1.0", " || R.attr.zero == 1.0", 4000, " || R.attr.yes", "true", 4 },
    { "[R.attr.n", ",R.attr.n", 9999, "].size()", "10000", 40 },
    { "{", "R.attr.owner: 1,", 5000, "}.size()", "1", 8 },
    { "R.attr.zero", " + R.attr.zero", 240, "", "0.0", 4 },
    { "[1]", ".map(x, x)", 200, "", "[1]", 8 },
    { "R.attr.yes ? 1 : ", "R.attr.yes ? 1 : ", 240, "0", "1", 4 },
};
START_TEST(large_expressions_run)
{
    struct program *p = program_new(_i % 2 == 0);
    str text = repeated(p->arena, large[_i].head, large[_i].part, large[_i].count, large[_i].tail);
    p->expr = compile(p, &unit_policy_env, text);
    prepare(p);
    expect_str(shown(p->arena, cel_eval(&p->run, p->expr)), large[_i].want);
    ck_assert_uint_le(p->code.exprs[p->expr].max_stack, large[_i].stack);
}
END_TEST

/* Operands wait at every level: the frame is larger than what cel_eval keeps ready. */
START_TEST(deep_expressions_run)
{
    struct program *p = program_new(false);
    struct sb sb = sb_new(p->arena);
    for (int i = 0; i < 200; i++) {
        sb_add(&sb, S("[R.attr.n, R.attr.n, "));
    }
    sb_add(&sb, S("R.attr.n"));
    for (int i = 0; i < 200; i++) {
        sb_byte(&sb, ']');
    }
    p->expr = compile(p, &unit_policy_env, sb_str(&sb));
    prepare(p);
    ck_assert_uint_gt(p->code.exprs[p->expr].max_stack, CEL_FRAME);
    ck_assert_int_eq(cel_eval(&p->run, p->expr).kind, V_LIST);
}
END_TEST

START_TEST(too_deep_expressions_are_refused)
{
    struct program *p = program_new(false);
    struct sb sb = sb_new(p->arena);
    uint32_t expr = 0;
    for (int i = 0; i < 240; i++) {
        sb_add(&sb, S("["));
        for (int k = 0; k < 31; k++) {
            sb_add(&sb, S("R.attr.n,"));
        }
    }
    sb_add(&sb, S("1"));
    for (int i = 0; i < 240; i++) {
        sb_add(&sb, S(",1]"));
    }
    p->issues.arena = p->arena;
    struct ast *root = cel_parse(p->arena, sb_str(&sb), 0, &p->issues);
    ck_assert_ptr_nonnull(root);
    ck_assert_int_eq(cel_check(p->arena, &unit_policy_env, root, &p->issues), CARDEA_OK);
    cardea_status status = cel_gen(p->set, root, &expr, &p->issues);
    ck_assert_int_eq(status, CARDEA_OK); /* 240 × 31 operands just fit */
    prepare(p);
    ck_assert_int_eq(cel_eval(&p->run, expr).kind, V_LIST);
    ck_assert_uint_le(p->code.exprs[expr].max_stack, CEL_STACK_MAX);
}
END_TEST

/* ---- places of errors ---- */

START_TEST(errors_know_their_place)
{
    struct program *p = program_new(false);
    str text = S("R.attr.yes && R.attr.n + 1 == 2");
    p->expr = compile(p, &unit_policy_env, text);
    prepare(p);
    struct value v = cel_eval(&p->run, p->expr);
    ck_assert_int_eq(v.kind, V_ERROR);
    ck_assert_int_eq(v.err->category, VE_NO_OVERLOAD);
    ck_assert_uint_lt(v.err->pc, p->code.word_count);
    const struct cel_pc_span *span = NULL;
    for (uint32_t i = 0; i < p->code.span_count && p->code.spans[i].pc <= v.err->pc; i++) {
        span = &p->code.spans[i];
    }
    ck_assert_ptr_nonnull(span);
    expect_str(str_slice(text, span->start, span->end), "R.attr.n + 1");
}
END_TEST

/* ---- listing ---- */

START_TEST(listing_shows_the_code)
{
    struct program *p = program_new(true);
    p->expr = compile(p, &unit_policy_env,
                      S("R.attr.owner == P.id && R.attr.status in [\"DRAFT\", \"OPEN\"] && "
                        "R.attr.tags.exists(t, t.startsWith(\"x\"))"));
    prepare(p);
    struct sb sb = sb_new(p->arena);
    cel_listing(&sb, &p->code, p->expr);
    expect_str(sb_str(&sb), "   0  PATH       root 7.owner\n"
                            "   1  PATH       root 0\n"
                            "   2  EQ\n"
                            "   3  JFALSE     → 19\n"
                            "   4  PATH       root 7.status\n"
                            "   5  INSET      {\"DRAFT\": true, \"OPEN\": true}\n"
                            "   6  AND\n"
                            "   7  JFALSE     → 19\n"
                            "   8  PATH       root 7.tags\n"
                            "   9  LOOP       exists 0 → 18\n"
                            "  11  LOCAL      3\n"
                            "  12  KONST      \"x\"\n"
                            "  13  CALL       startsWith/2\n"
                            "  14  ANY        0 → 18\n"
                            "  16  NEXT       exists 0 → 11\n"
                            "  18  AND\n"
                            "  19  RET\n");
}
END_TEST

#define ADD(case_, test_, table_) tcase_add_loop_test((case_), (test_), 0, (int)countof(table_))

int main(void)
{
    Suite *suite = suite_create("cel vm");
    TCase *tables = tcase_create("tables");
    ADD(tables, logic_absorbs_errors, logic);
    ADD(tables, selection_finds, selection);
    tcase_add_test(tables, patterns_are_tables_when_they_are_right);
    ADD(tables, sets_keep_the_meaning_of_lists, sets);
    ADD(tables, loops_end_as_they_should, loops);
    suite_add_tcase(suite, tables);
    TCase *vars = tcase_create("variables");
    ADD(vars, variables_are_what_the_reference_makes_of_them, variable_uses);
    tcase_add_test(vars, variables_are_lazy_and_evaluated_once);
    tcase_add_test(vars, variables_wait_for_each_other_only_so_deep);
    suite_add_tcase(suite, vars);
    TCase *limits = tcase_create("limits");
    tcase_add_test(limits, paths_are_read_once);
    ADD(limits, budget_ends_what_takes_too_long, hungry);
    tcase_add_test(limits, evaluation_takes_nothing_from_the_heap);
    ADD(limits, large_expressions_run, large);
    tcase_add_test(limits, deep_expressions_run);
    tcase_add_test(limits, too_deep_expressions_are_refused);
    suite_add_tcase(suite, limits);
    TCase *rest = tcase_create("rest");
    tcase_add_test(rest, errors_know_their_place);
    tcase_add_test(rest, listing_shows_the_code);
    suite_add_tcase(suite, rest);
    return unit_run(suite);
}
