/* test_metrics.c — what is counted, and how the page shows it
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/metrics.h"

#include <check.h>
#include <stdlib.h>

static struct arena arena;

static void setup(void)
{
    arena_init(&arena, 1 << 16, 1 << 26);
}

static void teardown(void)
{
    arena_free(&arena);
}

static str page_of(const struct metrics *m, const struct metrics_facts *facts)
{
    struct sb sb = sb_new(&arena);
    metrics_write(&sb, m, facts);
    return sb_str(&sb);
}

static void expect_line(str page, const char *line)
{
    ck_assert_msg(str_find(page, str_printf(&arena, "\n%s\n", line)) >= 0, "%s\n%.*s", line,
                  STR_ARG(page));
}

static isize occurrences(str page, const char *what)
{
    isize count = 0;
    str needle = str_from_c(what);
    for (isize at; (at = str_find(page, needle)) >= 0; count++) {
        page = str_slice(page, at + needle.len, page.len);
    }
    return count;
}

START_TEST(nothing_counted_shows_no_histogram)
{
    struct metrics *m = new(&arena, struct metrics, 1);
    struct metrics_facts facts = { .one = 1 };
    str page = page_of(m, &facts);
    ck_assert_int_lt(str_find(page, S("histogram")), 0);
    ck_assert(str_starts(page, S("# HELP cerbos_dev_index_entry_count ")));
    expect_line(page, "cardea_http_requests_total 0");
    expect_line(page, "cardea_build_info{version=\"" CARDEA_VERSION "\"} 1");
}
END_TEST

START_TEST(checks_fall_into_buckets)
{
    struct metrics *m = new(&arena, struct metrics, 1);
    metrics_check(m, true, 1, 10000); /* exactly a bound belongs to it */
    metrics_check(m, true, 3, 10001);
    metrics_check(m, true, 50, 1500000);
    metrics_check(m, false, 51, INT64_C(200000000000));
    struct metrics_facts facts = { .one = 1 };
    str page = page_of(m, &facts);
#define LATENCY "cerbos_dev_engine_check_latency_milliseconds"
    expect_line(page, LATENCY "_bucket{status=\"success\",le=\"0.01\"} 1");
    expect_line(page, LATENCY "_bucket{status=\"success\",le=\"0.05\"} 2");
    expect_line(page, LATENCY "_bucket{status=\"success\",le=\"1\"} 2");
    expect_line(page, LATENCY "_bucket{status=\"success\",le=\"2\"} 3");
    expect_line(page, LATENCY "_bucket{status=\"success\",le=\"+Inf\"} 3");
    expect_line(page, LATENCY "_sum{status=\"success\"} 1.520001");
    expect_line(page, LATENCY "_count{status=\"success\"} 3");
    expect_line(page, LATENCY "_bucket{status=\"failure\",le=\"100000\"} 0");
    expect_line(page, LATENCY "_bucket{status=\"failure\",le=\"+Inf\"} 1");
    expect_line(page, LATENCY "_sum{status=\"failure\"} 200000");
    expect_line(page, "cerbos_dev_engine_check_batch_size_bucket{le=\"0\"} 0");
    expect_line(page, "cerbos_dev_engine_check_batch_size_bucket{le=\"50\"} 3");
    expect_line(page, "cerbos_dev_engine_check_batch_size_bucket{le=\"+Inf\"} 4");
    expect_line(page, "cerbos_dev_engine_check_batch_size_sum 105");
    expect_line(page, "cardea_checks_total 3");
    ck_assert_int_eq(occurrences(page, "# TYPE " LATENCY " histogram\n"),
                     1); /* two rows, one header */
}
END_TEST

START_TEST(responses_fall_into_methods_and_statuses)
{
    struct metrics *m = new(&arena, struct metrics, 1);
    metrics_response(m, 2, 200, 3000000, 200, 100);
    metrics_response(m, 2, 200, 1000000000, 0, 100);
    metrics_response(m, 0, 599, 1, 0, 1);  /* a status that has no cell of its own */
    metrics_response(m, 99, 404, 1, 0, 1); /* a method that has none               */
    struct metrics_facts facts = { .one = 1 };
    str page = page_of(m, &facts);
#define LABELS                                                                                     \
    "http_request_method=\"POST\",http_response_status_code=\"200\",network_protocol_name="        \
    "\"http\""
    expect_line(page, "http_server_request_duration_seconds_bucket{" LABELS ",le=\"0.005\"} 1");
    expect_line(page, "http_server_request_duration_seconds_sum{" LABELS "} 1.003");
    expect_line(page, "http_server_request_body_size_bytes_bucket{" LABELS ",le=\"0\"} 1");
    expect_line(page, "http_server_response_body_size_bytes_sum{" LABELS "} 200");
    ck_assert_int_gt(str_find(page, S("method=\"GET\",http_response_status_code=\"_OTHER\"")), 0);
    ck_assert_int_gt(str_find(page, S("method=\"_OTHER\",http_response_status_code=\"404\"")), 0);
    ck_assert_int_eq(occurrences(page, "http_server_request_duration_seconds_count{"), 3);
}
END_TEST

START_TEST(workers_add_up)
{
    struct metrics *m = new(&arena, struct metrics, 3);
    for (int i = 1; i < 3; i++) {
        metrics_check(&m[i], true, i, 1000);
        counter_add(&m[i].denied, i);
        metrics_response(&m[i], 0, 200, 1, 2, 3);
    }
    metrics_sum(&m[0], &m[1]);
    metrics_sum(&m[0], &m[2]);
    struct metrics_facts facts = { .one = 1 };
    str page = page_of(&m[0], &facts);
    expect_line(page, "cardea_actions_total{effect=\"deny\"} 3");
    expect_line(page, "cerbos_dev_engine_check_batch_size_sum 3");
    expect_line(page, LATENCY "_count{status=\"success\"} 2");
    expect_line(page, "http_server_request_duration_seconds_count{http_request_method=\"GET\","
                      "http_response_status_code=\"200\",network_protocol_name=\"http\"} 2");
}
END_TEST

static const struct {
    int64_t us;
    const char *text;
} seconds[] = {
    { 0, "0" },         { 1, "0.000001" },      { 1000000, "1" },
    { 1500000, "1.5" }, { 1000010, "1.00001" }, { 999999, "0.999999" },
};

START_TEST(fractions_are_exact)
{
    struct metrics *m = new(&arena, struct metrics, 1);
    struct metrics_facts facts = { .one = 1, .cpu_us = seconds[_i].us };
    expect_line(
        page_of(m, &facts),
        str_to_c(&arena, str_printf(&arena, "process_cpu_seconds_total %s", seconds[_i].text)));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("metrics");
    TCase *tcase = tcase_create("metrics");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, nothing_counted_shows_no_histogram);
    tcase_add_test(tcase, checks_fall_into_buckets);
    tcase_add_test(tcase, responses_fall_into_methods_and_statuses);
    tcase_add_test(tcase, workers_add_up);
    tcase_add_loop_test(tcase, fractions_are_exact, 0, countof(seconds));
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
