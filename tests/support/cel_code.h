/* cel_code.h — a piece of code that has every instruction, for tests of verifier and VM
 *
 * In a header, because fuzz targets are linked without the other files here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_TESTS_CEL_CODE_H
#define CARDEA_TESTS_CEL_CODE_H

#include "cel/gen.h"
#include "cel/vm.h"
#include "support/cel.h"
#include "value/json_in.h"

#include <stdio.h>
#include <stdlib.h>

/* Code of all sample expressions, in one codeset with variables; roots are numbered as
 * image/roots.h does. */
struct sample_code {
    struct cel_code code;
    const char *const
        *texts;     /* of the expressions that are no variables, parallel to exprs[first …] */
    uint32_t first; /* first expression that is no variable                                  */
    struct value *roots; /* ROOT_COUNT values: a request                                          */
};

static const struct {
    const char *name, *text;
} sample_variables[] = {
    { "owner", "R.attr.owner" },
    { "mine", "V.owner == P.id" },
    { "lost", "R.attr.nope.deep" },
    { "words", "R.attr.tags.map(t, t + V.owner)" },
};

static const char *const sample_texts[] = {
    "V.mine && V.lost == 1 || has(V.lost) || V.words.exists(w, w in R.attr.tags)",
    "R.attr.owner == P.id && R.attr.status in [\"DRAFT\", \"OPEN\", \"SENT\"]",
    "R.attr.n + 1.5 * 2.0 - R.attr.n / 0.5 >= -R.attr.n || R.attr.n != 2.0",
    "5 % 3 == 2 && !(R.attr.n < 1.0) && R.attr.n <= 4.0 && R.attr.n > 1.0",
    "R.attr.m[R.attr.owner].deep || has(R.attr.m.k) || R.attr.m[?\"x\"].hasValue()",
    "dyn(R.attr.m).?k.?deep.orValue(R.attr.n == 1.0)",
    "R.attr.?nope.or(R.attr.?n).value() == 3.5",
    "R.attr.yes ? [R.attr.n, R.attr.n] : [R.attr.n]",
    "{\"a\": R.attr.n, R.attr.owner: R.attr.tags}",
    "[R.attr.n, ?R.attr.?nope, R.attr.owner, ?R.attr.?n]",
    "{?\"a\": R.attr.?nope, \"b\": R.attr.n, ?\"c\": R.attr.?n}",
    "R.attr.tags.all(t, t.size() > 0) && R.attr.tags.exists_one(t, t == \"a\")",
    "R.attr.tags.filter(t, t > \"a\").map(t, t.startsWith(\"b\"), t + \"!\")",
    "R.attr.m.transformMap(k, v, k != \"x y\", [k, v]).k[0] == R.attr.tags[0]",
    "R.attr.tags.transformMapEntry(i, t, {t: i})",
    "R.attr.tags.sortBy(t, -size(t)).map(t, R.attr.tags.map(u, cel.bind(x, t + u, x + x)))",
    "\"%s %d\".format([R.attr.owner, 3]).contains(R.attr.owner.upperAscii())",
    "R.attr.owner.matches(\"^a+n$\") || R.attr.owner.matches(\"b[cd]*\")",
    "timestamp(R.attr.when).getHours() == 10 && now() > timestamp(R.attr.when) + duration(\"1h\")",
    "hierarchy(R.attr.owner).size() == 1 && intersect(R.attr.tags, [\"a\"]) == [\"a\"]",
};

static const char sample_attributes[] =
    "{\"owner\": \"ann\", \"n\": 3.5, \"tags\": [\"a\", \"b\"], \"yes\": true, \"m\": "
    "{\"k\": {\"deep\": true}, \"x y\": 1, \"ann\": {\"deep\": false}}, "
    "\"when\": \"2021-04-20T10:00:20.021Z\"}";

static inline uint32_t sample_compile(struct arena *arena, struct codeset *set,
                                      const struct cel_env *env, const char *text)
{
    struct cel_issues issues = { .arena = arena };
    uint32_t expr = 0;
    struct ast *root = cel_parse(arena, str_from_c(text), 0, &issues);
    if (root == NULL || cel_check(arena, env, root, &issues) != CARDEA_OK ||
        cel_gen(set, root, &expr, &issues) != CARDEA_OK) {
        fprintf(stderr, "sample does not compile: %s\n", text);
        abort();
    }
    return expr;
}

/* Compiles the samples into the arena; stops the test when one does not compile. */
static inline struct sample_code sample_code_new(struct arena *arena)
{
    struct codeset *set = codeset_new(arena);
    struct cel_field *fields = new(arena, struct cel_field, countof(sample_variables));
    struct cel_message message = { .name = S("cerbos.Variables"), .fields = fields };
    struct cel_type type = { .kind = T_MESSAGE, .message = &message };
    struct cel_decl *decls = new(arena, struct cel_decl, unit_policy_env.decl_count);
    struct cel_env env = unit_policy_env;
    env.decls = decls;
    for (isize i = 0; i < env.decl_count; i++) {
        decls[i] = unit_policy_env.decls[i];
        decls[i].type = str_eq(decls[i].name, S("V")) ? &type : decls[i].type;
    }
    for (int32_t i = 0; i < countof(sample_variables); i++) {
        uint32_t expr = sample_compile(arena, set, &env, sample_variables[i].text);
        codeset_var(set, str_from_c(sample_variables[i].name), expr);
        fields[i] = (struct cel_field){
            str_from_c(sample_variables[i].name), STR_EMPTY, &cel_t_dyn, -1, i, v_none()
        };
        message.field_count = i + 1;
    }
    for (isize i = 0; i < countof(sample_texts); i++) {
        (void)sample_compile(arena, set, &env, sample_texts[i]);
    }
    struct sample_code out = { .texts = sample_texts,
                               .first = (uint32_t)countof(sample_variables) };
    out.roots = new(arena, struct value, ROOT_COUNT);
    out.roots[ROOT_P_ID] = v_string(S("ann"));
    out.roots[ROOT_R_ATTR] = json_read(arena, str_from_c(sample_attributes),
                                       &(struct json_limits){ 0 }, &(struct json_error){ 0 });
    out.code = codeset_code(set);
    return out;
}

/* A run of the code: memo cells empty, the given budget, no thread. */
static inline struct cel_run sample_run(struct arena *arena, const struct sample_code *samples,
                                        const struct cel_code *code, int64_t budget)
{
    return (struct cel_run){ .code = code,
                             .arena = arena,
                             .roots = samples->roots,
                             .path_memo = new(arena, struct value, (isize)code->path_count),
                             .var_memo = new(arena, struct value, (isize)code->var_count),
                             .now_ns = INT64_C(1750000000000000000),
                             .budget = budget };
}

#endif
