/* bench_decide.c — nanoseconds for the parts of a check
 *
 * The example store and the example request: reading the JSON, deciding one action, deciding forty. Then the same
 * decision among ever more policies: the cost must not grow with their number. The fastest of several rounds counts;
 * compare figures of one run with each other, not with those of another machine.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "compile/compile.h"
#include "engine/engine.h"
#include "server/check_request.h"
#include "store/disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS 9
#define REPEATS 20000
#define STORE "testdata/expenses/policies"

static const char one_action[] =
    "{\"principal\": {\"id\": \"mia\", \"roles\": [\"manager\"], \"attr\": {\"department\": \"sales\"}},"
    " \"resources\": [{\"actions\": [\"approve_expense\"], \"resource\": {\"kind\": \"mcp::expenses\", \"id\": \"e\","
    " \"attr\": {\"arguments\": {\"expense_id\": \"e-17\", \"amount\": 420, \"department\": \"sales\","
    " \"owner\": \"ulf\"}}}}]}";

static struct arena work;
static struct arena keep;

static _Noreturn void stop(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t); /* always there */
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static struct snapshot *snapshot_of(const struct policy_file *files, isize count)
{
    struct diags diags = diags_new(&keep);
    struct compile_input input = { .files = files, .file_count = count };
    struct compile_result result;
    struct snapshot *snapshot;
    struct engine_options options = { 0 };
    str why = STR_EMPTY;
    if (compile_policies(&keep, &input, &result, &diags) != CARDEA_OK ||
        snapshot_new(&snapshot, result.image, &options, &keep, &why) != CARDEA_OK) {
        stop("the policies do not compile");
    }
    return snapshot;
}

static struct snapshot *example_store(void)
{
    struct disk_limits limits = { 1000, 1 << 20, 16 << 20 };
    struct disk_listing listing = { 0 };
    struct disk_set set = { 0 };
    struct diags diags = diags_new(&keep);
    str why = STR_EMPTY;
    if (disk_list(&keep, S(STORE), &limits, &listing, &why) != CARDEA_OK ||
        disk_read(&keep, S(STORE), &limits, &listing, &set, &diags, &why) != CARDEA_OK) {
        stop(STORE " cannot be read; run me from the root of the tree");
    }
    return snapshot_of(set.files, set.file_count);
}

static struct check_request read_request(str text)
{
    struct check_limits limits = { .resources = 50, .actions = 50 };
    struct check_body body;
    struct check_request request = { 0 };
    struct check_refusal refusal;
    if (!check_request_read(&work, text, &limits, &body, &request, &refusal)) {
        stop("the request is refused");
    }
    return request;
}

/* The same request with forty actions, as for a list of tools. */
static str forty_actions(void)
{
    struct sb sb = sb_new(&keep);
    str text = str_from_c(one_action);
    isize at = str_find(text, S("\"approve_expense\""));
    sb_add(&sb, str_slice(text, 0, at));
    for (int i = 0; i < 40; i++) {
        sb_printf(&sb, "%s\"tools/list::tool_%d\"", i > 0 ? ", " : "", i);
    }
    sb_add(&sb, str_slice(text, at + S("\"approve_expense\"").len, text.len));
    return sb_str(&sb);
}

static double time_reading(str text)
{
    int64_t best = INT64_MAX;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t start = now_ns();
        for (int i = 0; i < REPEATS; i++) {
            struct arena_mark mark = arena_mark(&work);
            (void)read_request(text);
            arena_reset(&work, mark);
        }
        int64_t took = now_ns() - start;
        best = took < best ? took : best;
    }
    return (double)best / REPEATS;
}

static double time_deciding(const struct snapshot *snapshot, str text)
{
    struct engine_ctx *ctx = engine_ctx_new();
    struct check_request request = read_request(text);
    int64_t best = INT64_MAX;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t start = now_ns();
        for (int i = 0; i < REPEATS; i++) {
            struct arena_mark mark = arena_mark(&work);
            struct decision decision;
            if (decide(&decision, ctx, snapshot, &request, 0, &work, NULL) != CARDEA_OK) {
                stop("decide failed");
            }
            arena_reset(&work, mark);
        }
        int64_t took = now_ns() - start;
        best = took < best ? took : best;
    }
    engine_ctx_free(ctx);
    return (double)best / REPEATS;
}

/* ---- many policies ---- */
static struct snapshot *scaled_store(int policies)
{
    struct policy_file *files = new(&keep, struct policy_file, policies);
    for (int i = 0; i < policies; i++) {
        files[i].path = str_printf(&keep, "p%d.yaml", i);
        files[i].text =
            str_printf(&keep,
                       "apiVersion: api.cerbos.dev/v1\nresourcePolicy:\n  resource: kind_%d\n  version: default\n"
                       "  rules:\n    - actions: [view, \"edit:*\"]\n      effect: EFFECT_ALLOW\n"
                       "      roles: [user]\n      condition: {match: {expr: R.attr.owner == P.id}}\n",
                       i);
    }
    return snapshot_of(files, policies);
}

static void scale(void)
{
    static const int sizes[] = { 10, 100, 1000, 10000 };
    str text = S("{\"principal\": {\"id\": \"ann\", \"roles\": [\"user\"]}, \"resources\": [{\"actions\": [\"view\"],"
                 " \"resource\": {\"kind\": \"kind_7\", \"id\": \"1\", \"attr\": {\"owner\": \"ann\"}}}]}");
    for (isize i = 0; i < countof(sizes); i++) {
        arena_clear(&keep, 0);
        int64_t start = now_ns();
        struct snapshot *snapshot = scaled_store(sizes[i]);
        double took_ms = (double)(now_ns() - start) / 1e6;
        printf("decide, one of %5d policies   %8.0f ns   (compile and load %.0f ms)\n", sizes[i],
               time_deciding(snapshot, text), took_ms);
        snapshot_release(snapshot);
    }
}

int main(void)
{
    arena_init(&work, 64 << 10, 64 << 20);
    arena_init(&keep, 1 << 20, (isize)4 << 30);
    struct snapshot *snapshot = example_store();
    str one = str_from_c(one_action);
    str forty = forty_actions();
    printf("read the request, one action    %8.0f ns\n", time_reading(one));
    printf("read the request, 40 actions    %8.0f ns\n", time_reading(forty));
    printf("decide one action               %8.0f ns\n", time_deciding(snapshot, one));
    printf("decide 40 actions               %8.0f ns\n", time_deciding(snapshot, forty));
    snapshot_release(snapshot);
    scale();
    arena_free(&work);
    arena_free(&keep);
    return 0;
}
