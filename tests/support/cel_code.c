/* cel_code.c — a piece of code that has every instruction
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "support/cel_code.h"

#include "cel/gen.h"
#include "image/roots.h"
#include "support/cel.h"
#include "value/json_in.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *name, *text;
} variables[] = {
    { "owner", "R.attr.owner" },
    { "mine", "V.owner == P.id" },
    { "lost", "R.attr.nope.deep" },
    { "words", "R.attr.tags.map(t, t + V.owner)" },
};

static const char *const texts[] = {
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

static const char attributes[] = "{\"owner\": \"ann\", \"n\": 3.5, \"tags\": [\"a\", \"b\"], \"yes\": true, \"m\": "
                                 "{\"k\": {\"deep\": true}, \"x y\": 1, \"ann\": {\"deep\": false}}, "
                                 "\"when\": \"2021-04-20T10:00:20.021Z\"}";

static uint32_t compile(struct arena *arena, struct codeset *set, const struct cel_env *env, const char *text)
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

struct sample_code sample_code_new(struct arena *arena)
{
    struct codeset *set = codeset_new(arena);
    struct cel_field *fields = new (arena, struct cel_field, countof(variables));
    struct cel_message message = { .name = S("cerbos.Variables"), .fields = fields };
    struct cel_type type = { .kind = T_MESSAGE, .message = &message };
    struct cel_decl *decls = new (arena, struct cel_decl, unit_policy_env.decl_count);
    struct cel_env env = unit_policy_env;
    env.decls = decls;
    for (isize i = 0; i < env.decl_count; i++) {
        decls[i] = unit_policy_env.decls[i];
        decls[i].type = str_eq(decls[i].name, S("V")) ? &type : decls[i].type;
    }
    for (int32_t i = 0; i < countof(variables); i++) {
        uint32_t expr = compile(arena, set, &env, variables[i].text);
        codeset_var(set, str_from_c(variables[i].name), expr);
        fields[i] = (struct cel_field){ str_from_c(variables[i].name), STR_EMPTY, &cel_t_dyn, -1, i, v_none() };
        message.field_count = i + 1;
    }
    for (isize i = 0; i < countof(texts); i++) {
        (void)compile(arena, set, &env, texts[i]);
    }
    struct sample_code out = { .texts = texts, .first = (uint32_t)countof(variables) };
    out.roots = new (arena, struct value, ROOT_COUNT);
    out.roots[ROOT_P_ID] = v_string(S("ann"));
    out.roots[ROOT_R_ATTR] =
        json_read(arena, str_from_c(attributes), &(struct json_limits){ 0 }, &(struct json_error){ 0 });
    out.code = codeset_code(set);
    return out;
}

struct cel_run sample_run(struct arena *arena, const struct sample_code *samples, const struct cel_code *code,
                          int64_t budget)
{
    return (struct cel_run){ .code = code,
                             .arena = arena,
                             .roots = samples->roots,
                             .path_memo = new (arena, struct value, (isize)code->path_count),
                             .var_memo = new (arena, struct value, (isize)code->var_count),
                             .now_ns = INT64_C(1750000000000000000),
                             .budget = budget };
}
