/* bench_vm.c — nanoseconds for one evaluation of a typical condition
 *
 * `first` clears the memo of paths before each evaluation, as for a new resource; `again` keeps it,
 * as for further conditions on the same resource. The fastest of several rounds counts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/gen.h"
#include "cel/regex.h"
#include "cel/vm.h"
#include "image/roots.h"
#include "support/cel.h"
#include "value/json_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS  7
#define REPEATS 200000

static const char *const texts[] = {
    "R.attr.owner == P.id && R.attr.status in [\"DRAFT\", \"OPEN\"]",
    "R.attr.amount < 1000.0",
    "P.attr.department == R.attr.department || \"admin\" in P.roles",
    "R.attr.tags.exists(t, t in P.attr.teams)",
    "R.attr.owner.startsWith(\"a\") && R.attr.status.matches(\"^[A-Z]+$\")",
};

static const char resource[] =
    "{\"owner\": \"alice\", \"status\": \"OPEN\", \"amount\": 99.5, \"department\": \"sales\","
    " \"region\": \"EMEA\", \"tags\": [\"red\", \"green\", \"blue\"]}";
static const char principal[] =
    "{\"department\": \"sales\", \"level\": 3, \"teams\": [\"blue\", \"black\"]}";

static struct value attributes(struct arena *arena, const char *json)
{
    struct json_error error = { 0 };
    struct value v = json_read(arena, str_from_c(json), &(struct json_limits){ 0 }, &error);
    if (v.kind != V_MAP) {
        abort();
    }
    return v;
}

static int64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t); /* always there */
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static double measure(struct cel_run *run, uint32_t expr, bool keep)
{
    int64_t best = INT64_MAX;
    size_t memo = run->code->path_count * sizeof *run->path_memo;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t start = now_ns();
        for (int i = 0; i < REPEATS; i++) {
            struct arena_mark mark = arena_mark(run->arena);
            if (!keep) {
                memset(run->path_memo, 0, memo);
            }
            run->budget = 100000;
            if (!v_is_true(cel_eval(run, expr))) {
                abort();
            }
            arena_reset(run->arena, mark);
        }
        int64_t took = now_ns() - start;
        best = took < best ? took : best;
    }
    return (double)best / REPEATS;
}

int main(void)
{
    struct arena arena;
    arena_init(&arena, 1 << 20, 1 << 26);
    struct value roots[ROOT_COUNT] = { 0 };
    roots[ROOT_P_ID] = v_string(S("alice"));
    roots[ROOT_P_ROLES] = v_list(&(struct value){ .kind = V_STRING, .len = 4, .s = "user" }, 1);
    roots[ROOT_P_ATTR] = attributes(&arena, principal);
    roots[ROOT_R_ATTR] = attributes(&arena, resource);
    struct cel_thread *thread = cel_thread_new();
    printf("%-8s %-8s\n", "first", "again");
    for (isize i = 0; i < countof(texts); i++) {
        struct cel_issues issues = { .arena = &arena };
        struct codeset *set = codeset_new(&arena);
        uint32_t expr = 0;
        struct ast *root = cel_parse(&arena, str_from_c(texts[i]), 0, &issues);
        if (root == NULL || cel_check(&arena, &unit_policy_env, root, &issues) != CARDEA_OK ||
            cel_fold(&arena, root, &issues) != CARDEA_OK ||
            cel_gen(set, root, &expr, &issues) != CARDEA_OK) {
            return 1;
        }
        struct cel_code code = codeset_code(set);
        const struct cel_regex *regexes[4] = { NULL };
        for (uint32_t p = 0; p < code.pattern_count; p++) {
            str why;
            regexes[p] = cel_regex_new(v_str(code.konsts[code.patterns[p]]), &arena, &why);
        }
        code.regexes = regexes;
        struct cel_run run = { .code = &code,
                               .arena = &arena,
                               .roots = roots,
                               .path_memo = new(&arena, struct value, (isize)code.path_count),
                               .thread = thread };
        double first = measure(&run, expr, false);
        double again = measure(&run, expr, true);
        printf("%5.1f ns %5.1f ns  %s\n", first, again, texts[i]);
    }
    cel_thread_free(thread);
    arena_free(&arena);
    return 0;
}
