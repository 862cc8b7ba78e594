/* test_cel_cerbos.c — what the reference answers for expressions of policies
 *
 * Reads the vectors in ../shared/conformance/cel-cerbos; without them the program says so and is
 * counted as skipped. Each expression is compiled in the environment of a policy, with the vector's
 * constants and variables, run against the vector's request, and compared: the value as JSON, its
 * type, whether a condition would hold. Equal error texts are counted, differing ones shown.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/time.h"
#include "cel/gen.h"
#include "cel/regex.h"
#include "cel/vm.h"
#include "engine/objects.h"
#include "support/cel.h"
#include "support/unit.h"
#include "value/json_in.h"
#include "value/json_out.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

#define VECTORS "../shared/conformance/cel-cerbos"

static const char *const files[] = {
    "literals",       "parse_precedence",
    "arith_int",      "arith_uint",
    "arith_double",   "equality",
    "ordering",       "logic",
    "lists",          "maps",
    "request",        "macros",
    "two_var_macros", "bind",
    "conversions",    "timestamps",
    "time_accessors", "durations",
    "time_now",       "strings_core",
    "strings_more",   "ext_strings",
    "format",         "ext_lists",
    "ext_math",       "math_more",
    "encoders",       "regex",
    "cerbos_lists",   "ip",
    "hierarchy",      "spiffe",
    "id_fn",          "cerbos_more",
    "output_json",    "policy_vars",
    "scale",          "odd_but_valid",
};

static struct cel_thread *thread;

static str member(yyjson_val *object, const char *key)
{
    yyjson_val *v = yyjson_obj_get(object, key);
    return yyjson_is_str(v) ? (str){ yyjson_get_str(v), (isize)yyjson_get_len(v) } : STR_EMPTY;
}

/* ---- compiling, with constants and variables of the policy ---- */

#define VARS_MAX 64

struct unit {
    struct arena *arena;
    struct codeset *set;
    struct cel_issues issues;
    struct cel_field fields[2][VARS_MAX]; /* of V, of C */
    struct cel_message messages[2];
    struct cel_type types[2];
    struct cel_decl decls[16];
    struct cel_env env;
};

static void declare_object(struct unit *u, int which, const char *name, const char *alias)
{
    u->messages[which] =
        (struct cel_message){ .name = S("cerbos.Variables"), .fields = u->fields[which] };
    u->types[which] = (struct cel_type){ .kind = T_MESSAGE, .message = &u->messages[which] };
    for (isize i = 0; i < u->env.decl_count; i++) {
        if (str_eq(u->decls[i].name, str_from_c(name)) ||
            str_eq(u->decls[i].name, str_from_c(alias))) {
            u->decls[i].type = &u->types[which];
        }
    }
}

static struct cel_field *add_field(struct unit *u, int which, str name)
{
    struct cel_message *m = &u->messages[which];
    ck_assert_int_lt(m->field_count, VARS_MAX);
    struct cel_field *f = &u->fields[which][m->field_count++];
    *f = (struct cel_field){ .name = name, .type = &cel_t_dyn, .root = -1, .var = -1 };
    return f;
}

struct uses {
    struct unit *unit;
    bool open; /* mentions a variable that is not there yet */
};

static bool visit_use(void *ctx, struct ast *node)
{
    struct uses *uses = ctx;
    if (node->kind == A_SELECT && node->select.operand->kind == A_IDENT &&
        (str_eq(node->select.operand->ident.name, S("V")) ||
         str_eq(node->select.operand->ident.name, S("variables")))) {
        uses->open =
            uses->open || cel_message_field(&uses->unit->messages[0], node->select.field) == NULL;
    }
    return true;
}

static bool compile(struct unit *u, struct ast *root, uint32_t *expr)
{
    return cel_check(u->arena, &u->env, root, &u->issues) == CARDEA_OK &&
           cel_fold(u->arena, root, &u->issues) == CARDEA_OK &&
           cel_gen(u->set, root, expr, &u->issues) == CARDEA_OK;
}

/* Variables in an order in which each one only mentions earlier ones. */
static bool compile_variables(struct unit *u, yyjson_val *variables)
{
    bool progress = true;
    size_t left = yyjson_obj_size(variables);
    while (progress && left > 0) {
        progress = false;
        size_t i, n;
        yyjson_val *key, *val;
        yyjson_obj_foreach(variables, i, n, key, val)
        {
            str name = { yyjson_get_str(key), (isize)yyjson_get_len(key) };
            if (cel_message_field(&u->messages[0], name) != NULL) {
                continue;
            }
            str text = { yyjson_get_str(val), (isize)yyjson_get_len(val) };
            struct ast *root = cel_parse(u->arena, text, 0, &u->issues);
            struct uses uses = { .unit = u };
            ast_walk(root, visit_use, &uses);
            uint32_t expr = 0;
            if (root == NULL || uses.open) {
                continue;
            }
            if (!compile(u, root, &expr)) {
                return false;
            }
            struct cel_field *f = add_field(u, 0, name);
            f->var = u->messages[0].field_count - 1;
            codeset_var(u->set, name, expr);
            progress = true;
            left--;
        }
    }
    return left == 0;
}

static bool compile_vector(struct unit *u, struct arena *arena, yyjson_val *vector, uint32_t *expr)
{
    *u = (struct unit){ .arena = arena, .set = codeset_new(arena), .issues = { .arena = arena } };
    memcpy(u->decls, unit_policy_env.decls, (size_t)unit_policy_env.decl_count * sizeof *u->decls);
    u->env = unit_policy_env;
    u->env.decls = u->decls;
    yyjson_val *policy = yyjson_obj_get(vector, "policy");
    if (policy != NULL) {
        declare_object(u, 0, "V", "variables");
        declare_object(u, 1, "C", "constants");
        size_t i, n;
        yyjson_val *key, *val;
        yyjson_obj_foreach(yyjson_obj_get(policy, "constants"), i, n, key, val)
        {
            str name = { yyjson_get_str(key), (isize)yyjson_get_len(key) };
            add_field(u, 1, name)->constant = json_value(arena, val);
        }
        if (!compile_variables(u, yyjson_obj_get(policy, "variables"))) {
            return false;
        }
    }
    struct ast *root = cel_parse(arena, member(vector, "expr"), 0, &u->issues);
    return root != NULL && compile(u, root, expr);
}

/* ---- the request ---- */

static const struct zone *find_zone(const void *ctx, str name)
{
    return zone_load((struct arena *)(uintptr_t)ctx, name, NULL);
}

static struct value text_root(yyjson_val *object, const char *key, const char *otherwise)
{
    str s = member(object, key);
    return v_string(s.len > 0 ? s : str_from_c(otherwise));
}

static void set_roots(struct arena *arena, struct value *roots, struct request_objects *objects,
                      struct snapshot *snapshot, yyjson_val *vector)
{
    static const struct value roles[] = { { .kind = V_STRING, .len = 4, .s = "user" },
                                          { .kind = V_STRING, .len = 7, .s = "manager" } };
    yyjson_val *request = yyjson_obj_get(vector, "request");
    yyjson_val *p = yyjson_obj_get(request, "principal");
    yyjson_val *r = yyjson_obj_get(request, "resource");
    roots[ROOT_P_ID] = text_root(p, "id", "alice");
    roots[ROOT_P_ROLES] =
        p != NULL ? json_value(arena, yyjson_obj_get(p, "roles")) : v_list(roles, 2);
    roots[ROOT_P_VERSION] = text_root(p, "policyVersion", "");
    roots[ROOT_P_SCOPE] = text_root(p, "scope", "");
    roots[ROOT_R_KIND] = v_string(member(vector, "id"));
    roots[ROOT_R_ID] = text_root(r, "id", "r1");
    roots[ROOT_R_VERSION] = text_root(r, "policyVersion", "");
    roots[ROOT_R_SCOPE] = text_root(r, "scope", "");
    if (yyjson_obj_get(p, "attr") != NULL) {
        roots[ROOT_P_ATTR] = json_value(arena, yyjson_obj_get(p, "attr"));
    }
    if (yyjson_obj_get(r, "attr") != NULL) {
        roots[ROOT_R_ATTR] = json_value(arena, yyjson_obj_get(r, "attr"));
    }
    roots[ROOT_EDR] = v_list(NULL, 0);
    snapshot->globals.base.cls = &globals_class;
    objects_init(objects, roots, snapshot);
}

static struct value evaluate(struct unit *u, yyjson_val *vector, uint32_t expr, struct value *roots)
{
    struct arena *arena = u->arena;
    struct cel_code code = codeset_code(u->set);
    str why = STR_EMPTY;
    ck_assert_msg(cel_verify(&code, ROOT_COUNT, arena, &why) == CARDEA_OK, "%.*s", STR_ARG(why));
    struct request_objects *objects = new(arena, struct request_objects, 1);
    struct snapshot *snapshot = new(arena, struct snapshot, 1);
    set_roots(arena, roots, objects, snapshot, vector);
    struct cel_zones zones = { find_zone, arena };
    struct cel_run run = { .code = &code,
                           .arena = arena,
                           .roots = roots,
                           .path_memo = new(arena, struct value, (isize)code.path_count),
                           .var_memo = new(arena, struct value, (isize)code.var_count),
                           .thread = thread,
                           .zones = &zones,
                           .now_ns = INT64_C(1750000000123456789),
                           .budget = 100000000 };
    return cel_eval(&run, expr);
}

/* ---- comparing ---- */

static bool same_json(yyjson_val *a, yyjson_val *b)
{
    if (yyjson_is_num(a) && yyjson_is_num(b)) {
        double x = yyjson_get_num(a);
        double y = yyjson_get_num(b);
        return x == y && signbit(x) == signbit(y);
    }
    if (yyjson_get_type(a) != yyjson_get_type(b)) {
        return false;
    }
    size_t i, n;
    yyjson_val *key, *val;
    if (yyjson_is_arr(a)) {
        yyjson_arr_foreach(a, i, n, val)
        {
            if (i >= yyjson_arr_size(b) || !same_json(val, yyjson_arr_get(b, i))) {
                return false;
            }
        }
        return yyjson_arr_size(a) == yyjson_arr_size(b);
    }
    if (yyjson_is_obj(a)) {
        yyjson_obj_foreach(a, i, n, key, val)
        {
            yyjson_val *other = yyjson_obj_getn(b, yyjson_get_str(key), yyjson_get_len(key));
            if (other == NULL || !same_json(val, other)) {
                return false;
            }
        }
        return yyjson_obj_size(a) == yyjson_obj_size(b);
    }
    return yyjson_equals(a, b);
}

struct answer {
    bool error;
    str text; /* JSON, or the error */
};

static struct answer answer_of(struct arena *arena, struct value v)
{
    struct sb sb = sb_new(arena);
    struct jw w = jw_new(&sb, 0);
    str why = STR_EMPTY;
    if (v.kind == V_ERROR) {
        return (struct answer){ true, v.err->text };
    }
    if (!jw_value(&w, arena, v, &why)) {
        return (struct answer){ true, why };
    }
    return (struct answer){ false, sb_str(&sb) };
}

static bool same_answer(yyjson_val *want, const struct answer *got)
{
    bool error = yyjson_is_obj(want) && yyjson_get_bool(yyjson_obj_get(want, "error"));
    if (error || got->error) {
        return error && got->error;
    }
    str text =
        str_eq(got->text, S("-0")) ? S("-0.0") : got->text; /* yyjson reads -0 as an integer */
    yyjson_doc *doc = yyjson_read(text.ptr, (size_t)text.len, 0);
    bool same = doc != NULL && same_json(want, yyjson_doc_get_root(doc));
    yyjson_doc_free(doc);
    return same;
}

static bool same_type(str want, struct value v)
{
    if (str_eq(want, S("error"))) {
        return v.kind == V_ERROR;
    }
    if (str_eq(want, S("message"))) {
        return v.kind == V_OBJECT || v.kind == V_OPTIONAL;
    }
    return want.len == 0 || want.ptr[0] == '<' || str_eq(want, v_type_name(v));
}

/* Defects of the reference that are not reproduced: its folding of constants forgets that an
 * operand must be a bool, and empties lists. spec: cerbos-compat#defects-and-traps */
static const struct {
    const char *expr;
    const char *ours; /* JSON, or the error */
} defects[] = {
    { "true && dyn(1)", "no such overload" },
    { "false || dyn(\"a\")", "no such overload" },
    { "dyn(null) ? 1 : 2", "no such overload" },
    { "dyn(\"true\") ? 1 : 2", "no such overload" },
    { "[1, 2, 3].filter(x, false)", "[]" },
    { "[1, 2, 3].exists(x, dyn(\"a\"))", "no such overload" },
    { "[1, 2, 3].all(x, dyn(1))", "no such overload" },
};

static bool is_defect(str expr, const struct answer *got)
{
    for (isize i = 0; i < countof(defects); i++) {
        if (str_eq(expr, str_from_c(defects[i].expr))) {
            return str_eq(got->text, str_from_c(defects[i].ours));
        }
    }
    return false;
}

/* Where the reference's text is that of a crash. */
static bool other_words(str want)
{
    return str_starts(want, S("internal error: "));
}

struct tally {
    int passed, failed, defects, texts, same_texts;
};

static void compare(struct arena *arena, yyjson_val *vector, struct value v, struct tally *tally)
{
    struct answer got = answer_of(arena, v);
    yyjson_val *want = yyjson_obj_get(vector, "result");
    bool allow = str_eq(member(vector, "effect"), S("EFFECT_ALLOW"));
    bool typed = same_type(member(vector, "type"), v);
    if (is_defect(member(vector, "expr"), &got)) {
        tally->defects++;
        return;
    }
    if (!same_answer(want, &got) || allow != v_is_true(v) || !typed) {
        tally->failed++;
        printf("%s  %s\n  want %s : %s\n  got  %.*s : %.*s\n", member(vector, "id").ptr,
               member(vector, "expr").ptr, yyjson_val_write(want, 0, NULL),
               member(vector, "type").ptr, STR_ARG(got.text), STR_ARG(v_type_name(v)));
        return;
    }
    tally->passed++;
    str message = member(want, "message");
    if (got.error && message.len > 0) {
        tally->texts++;
        if (str_eq(message, got.text)) {
            tally->same_texts++;
        } else if (!other_words(message)) {
            printf("%s  %s\n  words: want %.*s\n         got  %.*s\n", member(vector, "id").ptr,
                   member(vector, "expr").ptr, STR_ARG(message), STR_ARG(got.text));
        }
    }
}

START_TEST(file_agrees)
{
    struct arena *arena = unit_arena();
    char path[256];
    ck_assert_int_lt(snprintf(path, sizeof path, VECTORS "/%s.json", files[_i]), (int)sizeof path);
    yyjson_doc *doc = yyjson_read_file(path, YYJSON_READ_NOFLAG, NULL, NULL);
    ck_assert_msg(doc != NULL, "%s cannot be read", path);
    struct tally tally = { 0 };
    size_t i, count;
    yyjson_val *vector;
    yyjson_arr_foreach(yyjson_obj_get(yyjson_doc_get_root(doc), "vectors"), i, count, vector)
    {
        struct arena_mark mark = arena_mark(arena);
        struct unit *u = new(arena, struct unit, 1);
        struct value *roots = new(arena, struct value, ROOT_COUNT);
        uint32_t expr = 0;
        if (compile_vector(u, arena, vector, &expr)) {
            compare(arena, vector, evaluate(u, vector, expr, roots), &tally);
        } else {
            str text = u->issues.list.len > 0 ? u->issues.list.ptr[0].text : S("?");
            printf("%s  %s\n  does not compile: %.*s\n", member(vector, "id").ptr,
                   member(vector, "expr").ptr, STR_ARG(text));
            tally.failed++;
        }
        arena_reset(arena, mark);
    }
    yyjson_doc_free(doc);
    printf("%-18s %4d agree, %d differ, %d defects avoided, %d of %d error texts\n", files[_i],
           tally.passed, tally.failed, tally.defects, tally.same_texts, tally.texts);
    (void)fflush(stdout); /* a failed assertion leaves without */
    ck_assert_int_gt(tally.passed, 0);
    ck_assert_int_eq(tally.failed, 0);
}
END_TEST

/* Refusals that folding words; those of parser and checker are compared in test_cel_vectors.c. */
START_TEST(literals_are_refused_as_in_the_reference)
{
    struct arena *arena = unit_arena();
    yyjson_doc *doc =
        yyjson_read_file(VECTORS "/compile_errors.json", YYJSON_READ_NOFLAG, NULL, NULL);
    ck_assert_ptr_nonnull(doc);
    int compared = 0;
    int differ = 0;
    size_t i, count;
    yyjson_val *vector;
    yyjson_arr_foreach(yyjson_obj_get(yyjson_doc_get_root(doc), "compile_errors"), i, count, vector)
    {
        struct arena_mark mark = arena_mark(arena);
        yyjson_val *output = yyjson_obj_get(yyjson_obj_get(vector, "output"), "compileErrors");
        str want = member(yyjson_arr_get_first(yyjson_obj_get(output, "errors")), "description");
        isize at = str_rfind(want, S("`: [invalid "));
        if (at >= 0 && str_ends(want, S(" argument]"))) {
            struct unit *u = new(arena, struct unit, 1);
            uint32_t expr = 0;
            bool accepted = compile_vector(u, arena, vector, &expr);
            str got = accepted || u->issues.list.len != 1 ? STR_EMPTY : u->issues.list.ptr[0].text;
            if (!str_eq(got, str_slice(want, at + 4, want.len - 1))) {
                printf("%s\n  got %.*s\n", member(vector, "expr").ptr, STR_ARG(got));
                differ++;
            }
            compared++;
        }
        arena_reset(arena, mark);
    }
    yyjson_doc_free(doc);
    printf("%d refusals of literals compared, %d differ\n", compared, differ);
    (void)fflush(stdout); /* a failed assertion leaves without */
    ck_assert_int_gt(compared, 50);
    ck_assert_int_eq(differ, 0);
}
END_TEST

int main(void)
{
    if (access(VECTORS, R_OK) != 0) {
        puts("no vectors in " VECTORS);
        return 77;
    }
    thread = cel_thread_new();
    Suite *suite = suite_create("cel of the reference");
    TCase *vectors = tcase_create("files");
    tcase_set_timeout(vectors, 60);
    tcase_add_loop_test(vectors, file_agrees, 0, (int)countof(files));
    tcase_add_test(vectors, literals_are_refused_as_in_the_reference);
    suite_add_tcase(suite, vectors);
    int status = unit_run(suite);
    cel_thread_free(thread);
    return status;
}
