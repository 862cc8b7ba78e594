/* test_cel_func_time.c — parts of instants and durations, the clock of the request
 *
 * Answers are the reference's. spec: cel#time
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/fn.h"
#include "support/calls.h"
#include "support/unit.h"

struct row {
    const char *call, *want;
};

static const struct row parts[] = {
    { "getFullYear(timestamp('2020-05-06T07:08:09.010Z'))", "2020" },
    { "getMonth(timestamp('2020-05-06T07:08:09.010Z'))", "4" },
    { "getDate(timestamp('2020-05-06T07:08:09.010Z'))", "6" },
    { "getDayOfMonth(timestamp('2020-05-06T07:08:09.010Z'))", "5" },
    { "getDayOfWeek(timestamp('2020-05-06T07:08:09.010Z'))", "3" },
    { "getDayOfYear(timestamp('2020-05-06T07:08:09.010Z'))", "126" },
    { "getHours(timestamp('2020-05-06T07:08:09.010Z'))", "7" },
    { "getMinutes(timestamp('2020-05-06T07:08:09.010Z'))", "8" },
    { "getSeconds(timestamp('2020-05-06T07:08:09.010Z'))", "9" },
    { "getMilliseconds(timestamp('2020-05-06T07:08:09.010Z'))", "10" },
    { "getMilliseconds(timestamp('1969-12-31T23:59:59.999Z'))", "999" },
    { "getHours(timestamp('2021-02-14T13:14:15+05:00'))", "8" }, /* UTC, however it was written */
    { "getFullYear(timestamp('9999-12-31T23:59:59Z'), '+01:00')", "10000" },
    { "getFullYear(timestamp('0001-01-01T00:00:00Z'), '-01:00')", "0" },
    { "getDayOfYear(timestamp('2024-01-01T00:00:00Z'), '-00:01')", "364" },
    { "getDayOfWeek(timestamp('1900-03-01T00:00:00Z'))", "4" },
    { "getDate(timestamp('2024-02-29T23:30:00Z'), '+01:00')", "1" },
    { "getFullYear(1)", "error: no such overload: getFullYear(int)" },
    { "getMonth('2020')", "error: no such overload: getMonth(string)" },
    { "getDate(duration('1h'))", "error: no such overload: getDate(google.protobuf.Duration)" },
    { "getHours(duration('1h'), 'UTC')",
      "error: no such overload: getHours(google.protobuf.Duration, string)" },
    { "getDayOfWeek(null, 'UTC')", "error: no such overload: getDayOfWeek(null_type, string)" },
    { "getMinutes(timestamp('1970-01-01T00:00:00Z'), 1)",
      "error: no such overload: getMinutes(google.protobuf.Timestamp, int)" },
};

static const struct row zones[] = {
    { "getHours(timestamp('2024-02-29T13:14:15Z'), '')", "13" },
    { "getHours(timestamp('2024-02-29T13:14:15Z'), 'UTC')", "13" },
    { "getHours(timestamp('2024-02-29T13:14:15Z'), 'Local')", "13" },
    { "getHours(timestamp('2024-03-31T01:00:00Z'), 'Europe/London')", "2" },
    { "getHours(timestamp('2024-03-31T00:59:59Z'), 'Europe/London')", "0" },
    { "getMinutes(timestamp('2024-02-29T13:14:15Z'), 'Australia/Eucla')", "59" },
    { "getHours(timestamp('2124-07-01T13:14:15Z'), 'America/New_York')",
      "9" }, /* beyond the table */
    { "getHours(timestamp('1970-01-01T00:00:00Z'), '+2:00')", "2" },
    { "getHours(timestamp('1970-01-01T00:00:00Z'), '02:30')", "2" },
    { "getHours(timestamp('1970-01-01T00:00:00Z'), '-02:30')", "21" },
    { "getMinutes(timestamp('1970-01-01T00:00:00Z'), '-02:30')", "30" },
    { "getMinutes(timestamp('1970-01-01T00:00:00Z'), '-2:-30')", "30" },
    { "getHours(timestamp('1970-01-01T00:00:00Z'), '+99:99')", "4" }, /* ranges are not checked */
    { "getFullYear(timestamp('1970-01-01T00:00:00Z'), '999999999:00')", "2061" }, /* and it wraps */
    { "getFullYear(timestamp('1970-01-01T00:00:00Z'), '9223372036854775807:00')", "1969" },
    { "getFullYear(timestamp('1970-01-01T00:00:00Z'), '0:-9223372036854775808')", "1970" },
    { "getHours(timestamp('1970-01-01T00:00:00Z'), '9999999999999999999999:00')",
      "error: strconv.Atoi: parsing \"9999999999999999999999\": value out of range" },
    { "getHours(timestamp('1970-01-01T00:00:00Z'), '5:')",
      "error: strconv.Atoi: parsing \"\": invalid syntax" },
    { "getHours(timestamp('1970-01-01T00:00:00Z'), ':30')",
      "error: strconv.Atoi: parsing \"\": invalid syntax" },
    { "getHours(timestamp('1970-01-01T00:00:00Z'), '-:00')",
      "error: strconv.Atoi: parsing \"-\": invalid syntax" },
    { "getHours(timestamp('1970-01-01T00:00:00Z'), '+05:30:00')",
      "error: strconv.Atoi: parsing \"30:00\": invalid syntax" },
    { "getHours(timestamp('1970-01-01T00:00:00Z'), '\n1:0')",
      "error: strconv.Atoi: parsing \"\\n1\": invalid syntax" },
    { "getHours(timestamp('1970-01-01T00:00:00Z'), 'Nope')", "error: unknown time zone Nope" },
    { "getHours(timestamp('1970-01-01T00:00:00Z'), 'utc')", "error: unknown time zone utc" },
    { "getHours(timestamp('1970-01-01T00:00:00Z'), '/etc/localtime')",
      "error: time: invalid location name" },
    { "getHours(timestamp('1970-01-01T00:00:00Z'), '../passwd')",
      "error: time: invalid location name" },
};

static const struct row durations[] = {
    { "getHours(duration('1h30m45.5s'))", "1" },
    { "getMinutes(duration('1h30m45.5s'))", "90" },
    { "getSeconds(duration('1h30m45.5s'))", "5445" },
    { "getMilliseconds(duration('1h30m45.5s'))", "5445500" },
    { "getHours(duration('-59m'))", "0" },
    { "getMinutes(duration('-1h30m'))", "-90" },
    { "getSeconds(duration('-1.5s'))", "-1" },
    { "getMilliseconds(duration('-1.5s'))", "-1500" },
    { "getSeconds(duration('1.999999999s'))", "1" },
    { "getSeconds(duration('9007199254.999999999s'))",
      "9007199255" }, /* through a double, as the reference */
    { "getMilliseconds(duration('-9223372036854775808ns'))", "-9223372036854" },
    { "getHours(duration('-9223372036854775808ns'))", "-2562047" },
};

static const struct row clock_of_request[] = {
    { "now()", "timestamp(\"2024-01-02T03:04:05.678Z\")" },
    { "timeSince(now())", "duration(\"0s\")" },
    { "timeSince(timestamp('2024-01-02T04:04:05+01:00'))", "duration(\"0.678s\")" },
    { "timeSince(timestamp('2024-01-02T03:04:06Z'))", "duration(\"-0.322s\")" },
    { "timeSince(timestamp('2300-01-01T00:00:00Z'))",
      "duration(\"-8709627354.322s\")" }, /* beyond int64 since 1970 */
    { "timeSince(timestamp('0001-01-01T00:00:00Z'))", "duration(\"9223372036.854776s\")" },
    { "timeSince(timestamp('9999-12-31T23:59:59Z'))", "duration(\"-9223372036.854776s\")" },
    { "timeSince('a')", "error: no such overload" },
    { "timeSince(1)", "error: no such overload" },
};

START_TEST(instants_have_parts)
{
    expect_call(parts[_i].call, parts[_i].want);
}
END_TEST

START_TEST(zones_move_them)
{
    expect_call(zones[_i].call, zones[_i].want);
}
END_TEST

START_TEST(durations_are_counted)
{
    expect_call(durations[_i].call, durations[_i].want);
}
END_TEST

START_TEST(the_clock_stands_still)
{
    expect_call(clock_of_request[_i].call, clock_of_request[_i].want);
}
END_TEST

START_TEST(using_the_clock_is_noted)
{
    struct cel_run *run = unit_run_new();
    (void)unit_call(run, "getHours(timestamp('2024-01-02T04:04:05Z'))");
    ck_assert(!run->now_used);
    (void)unit_call(run, "now()");
    ck_assert(run->now_used);
    run = unit_run_new();
    (void)unit_call(run, "timeSince(timestamp('2024-01-02T04:04:05Z'))");
    ck_assert(run->now_used);
    ck_assert((cel_funcs[cel_func_find(S("now"))].flags & CF_TIME) != 0);
    ck_assert((cel_funcs[cel_func_find(S("timeSince"))].flags & CF_TIME) != 0);
}
END_TEST

START_TEST(before_1970_the_fraction_counts_forward)
{
    struct cel_run *run = unit_run_new();
    run->now_ns = -1;
    struct value v = unit_call(run, "now()");
    ck_assert_int_eq(v.i, -1);
    ck_assert_uint_eq(v.len, 999999999);
}
END_TEST

START_TEST(without_zones_only_utc_is_known)
{
    struct cel_run *run = unit_run_new();
    run->zones = NULL;
    ck_assert(
        v_is_error(unit_call(run, "getHours(timestamp('2024-01-02T04:04:05Z'), 'Europe/London')")));
    ck_assert_int_eq(unit_call(run, "getHours(timestamp('2024-01-02T04:04:05Z'), 'UTC')").i, 4);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cel_func_time");
    TCase *tc = tcase_create("time");
    tcase_add_loop_test(tc, instants_have_parts, 0, countof(parts));
    tcase_add_loop_test(tc, zones_move_them, 0, countof(zones));
    tcase_add_loop_test(tc, durations_are_counted, 0, countof(durations));
    tcase_add_loop_test(tc, the_clock_stands_still, 0, countof(clock_of_request));
    tcase_add_test(tc, using_the_clock_is_noted);
    tcase_add_test(tc, before_1970_the_fraction_counts_forward);
    tcase_add_test(tc, without_zones_only_utc_is_known);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
