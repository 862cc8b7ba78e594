/* test_base_time.c — calendar, RFC 3339, durations, zone files made here
 *
 * Neighbours: test_base_zone.c reads the system's zone files
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/num.h"
#include "base/time.h"
#include "support/unit.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- calendar ---- */

static const struct {
    int64_t seconds;
    struct civil want;
} civils[] = {
    { 0, { 1970, 1, 1, 0, 0, 0, 4, 0 } },
    { -1, { 1969, 12, 31, 23, 59, 59, 3, 364 } },
    { 951782400, { 2000, 2, 29, 0, 0, 0, 2, 59 } },
    { 951868800, { 2000, 3, 1, 0, 0, 0, 3, 60 } },
    { 1613308455, { 2021, 2, 14, 13, 14, 15, 0, 44 } },
    { 1735516800, { 2024, 12, 30, 0, 0, 0, 1, 364 } },
    { 1735603200, { 2024, 12, 31, 0, 0, 0, 2, 365 } },
    { TIME_MIN_SECONDS, { 1, 1, 1, 0, 0, 0, 1, 0 } },
    { TIME_MIN_SECONDS - 1, { 0, 12, 31, 23, 59, 59, 0, 365 } },
    { TIME_MAX_SECONDS, { 9999, 12, 31, 23, 59, 59, 5, 364 } },
    { TIME_MAX_SECONDS + 1, { 10000, 1, 1, 0, 0, 0, 6, 0 } },
    { -2203891200, { 1900, 3, 1, 0, 0, 0, 4, 59 } }, /* 1900 was no leap year */
};

START_TEST(civil)
{
    struct civil c;
    const struct civil *w = &civils[_i].want;
    time_civil(civils[_i].seconds, &c);
    ck_assert_int_eq(c.year, w->year);
    ck_assert_int_eq(c.month, w->month);
    ck_assert_int_eq(c.day, w->day);
    ck_assert_int_eq(c.hour, w->hour);
    ck_assert_int_eq(c.minute, w->minute);
    ck_assert_int_eq(c.second, w->second);
    ck_assert_int_eq(c.weekday, w->weekday);
    ck_assert_int_eq(c.yearday, w->yearday);
    ck_assert_int_eq(time_from_civil(c.year, c.month, c.day, c.hour, c.minute, c.second),
                     civils[_i].seconds);
}
END_TEST

START_TEST(civil_returns_on_every_day)
{
    struct civil before = { .year = -400, .month = 12, .day = 31, .weekday = 0 };
    int64_t bad = 0;
    for (int64_t s = time_from_civil(-399, 1, 1, 12, 0, 0);
         s < time_from_civil(2800, 1, 1, 0, 0, 0); s += 86400) {
        struct civil c;
        time_civil(s, &c);
        bad += time_from_civil(c.year, c.month, c.day, 12, 0, 0) != s;
        bad += c.day != before.day + 1 && c.day != 1;
        bad += c.weekday != (before.weekday + 1) % 7;
        bad += c.yearday != (c.month == 1 && c.day == 1 ? 0 : before.yearday + 1);
        before = c;
    }
    ck_assert_int_eq(bad, 0);
}
END_TEST

/* ---- RFC 3339: what the reference answers ---- */

static const struct {
    const char *text;
    const char *want; /* written again; NULL: refused */
    enum time_fault fault;
} stamps[] = {
    { "2021-01-01T00:00:00Z", "2021-01-01T00:00:00Z", TIME_OK },
    { "2021-01-01T00:00:00.1Z", "2021-01-01T00:00:00.1Z", TIME_OK },
    { "2021-01-01T00:00:00.100000000Z", "2021-01-01T00:00:00.1Z", TIME_OK },
    { "2021-01-01T00:00:00.000001Z", "2021-01-01T00:00:00.000001Z", TIME_OK },
    { "2021-01-01T00:00:00.123456789Z", "2021-01-01T00:00:00.123456789Z", TIME_OK },
    { "2021-01-01T00:00:00.1234567891Z", "2021-01-01T00:00:00.123456789Z", TIME_OK },
    { "2021-01-01T00:00:00.9999999999Z", "2021-01-01T00:00:00.999999999Z", TIME_OK },
    { "2021-01-01T00:00:00.1234567890123456789012345678901234567890Z",
      "2021-01-01T00:00:00.123456789Z", TIME_OK },
    { "2021-01-01T00:00:00+00:00", "2021-01-01T00:00:00Z", TIME_OK },
    { "2021-01-01T00:00:00-00:00", "2021-01-01T00:00:00Z", TIME_OK },
    { "2021-01-01T00:00:00+05:30", "2021-01-01T00:00:00+05:30", TIME_OK },
    { "2021-01-01T00:00:00.5+05:30", "2021-01-01T00:00:00.5+05:30", TIME_OK },
    { "2021-01-01T00:00:00-08:00", "2021-01-01T00:00:00-08:00", TIME_OK },
    { "2021-01-01T00:00:00+23:59", "2021-01-01T00:00:00+23:59", TIME_OK },
    { "2020-02-29T00:00:00Z", "2020-02-29T00:00:00Z", TIME_OK },
    { "2000-02-29T00:00:00Z", "2000-02-29T00:00:00Z", TIME_OK },
    { "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", TIME_OK },
    { "0001-01-01T05:00:00+05:00", "0001-01-01T05:00:00+05:00", TIME_OK },
    { "0000-12-31T23:00:00-01:00", "0000-12-31T23:00:00-01:00", TIME_OK },
    { "9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z", TIME_OK },
    { "9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z", TIME_OK },
    { "9999-12-31T23:59:59.9999999999Z", "9999-12-31T23:59:59.999999999Z", TIME_OK },
    { "9999-12-31T23:59:59+00:01", "9999-12-31T23:59:59+00:01", TIME_OK },
    { "2021-01-01T00:00:00,5Z", NULL, TIME_FORM },
    { "2021-01-01T00:00:00.Z", NULL, TIME_FORM },
    { "2021-01-01T00:00:00.5,5Z", NULL, TIME_FORM },
    { "2021-01-01T00:00:00+23:60", NULL, TIME_FORM },
    { "2021-01-01T00:00:00+24:00", NULL, TIME_FORM },
    { "2021-01-01 00:00:00Z", NULL, TIME_FORM },
    { "2021-01-01T00:00Z", NULL, TIME_FORM },
    { "2021-01-01T00:00:00", NULL, TIME_FORM },
    { "2021-01-01", NULL, TIME_FORM },
    { "2021-1-01T00:00:00Z", NULL, TIME_FORM },
    { "2021-01-1T00:00:00Z", NULL, TIME_FORM },
    { "2021-01-01T1:00:00Z", NULL, TIME_FORM },
    { "2021-01-01T00:0:00Z", NULL, TIME_FORM },
    { "2021-01-01T24:00:00Z", NULL, TIME_FORM },
    { "2021-01-01T23:60:00Z", NULL, TIME_FORM },
    { "2021-13-01T00:00:00Z", NULL, TIME_FORM },
    { "2021-00-01T00:00:00Z", NULL, TIME_FORM },
    { "2021-01-00T00:00:00Z", NULL, TIME_FORM },
    { "2021-01-32T00:00:00Z", NULL, TIME_FORM },
    { "2021-01-01T00:00:00+0530", NULL, TIME_FORM },
    { "2021-01-01T00:00:00+05", NULL, TIME_FORM },
    { "2021-01-01T00:00:00--1:00", NULL, TIME_FORM },
    { "2021-01-01T00:00:00 +05:30", NULL, TIME_FORM },
    { "2021-01-01T00:00:00Zx", NULL, TIME_FORM },
    { " 2021-01-01T00:00:00Z", NULL, TIME_FORM },
    { "2021-01-01T00:00:00Z ", NULL, TIME_FORM },
    { "2021-01-01T00:00:00Z\n", NULL, TIME_FORM },
    { "", NULL, TIME_FORM },
    { "12021-01-01T00:00:00Z", NULL, TIME_FORM },
    { "+021-01-01T00:00:00Z", NULL, TIME_FORM },
    { "-021-01-01T00:00:00Z", NULL, TIME_FORM },
    { "2021-01-01t00:00:00Z", NULL, TIME_VALUE },
    { "2021-01-01T00:00:00z", NULL, TIME_VALUE },
    { "2021-01-01T23:59:60Z", NULL, TIME_VALUE },
    { "2021-02-29T00:00:00Z", NULL, TIME_VALUE },
    { "2100-02-29T00:00:00Z", NULL, TIME_VALUE },
    { "0000-02-30T00:00:00Z", NULL, TIME_VALUE },
    { "2021-04-31T00:00:00Z", NULL, TIME_VALUE },
    { "0000-12-31T23:59:59Z", NULL, TIME_RANGE },
    { "0001-01-01T00:00:00+05:00", NULL, TIME_RANGE },
    { "9999-12-31T23:59:59-00:01", NULL, TIME_RANGE },
};

START_TEST(rfc3339)
{
    int64_t seconds;
    int32_t nanos;
    int offset;
    str text = str_from_c(stamps[_i].text);
    ck_assert_int_eq(time_read_rfc3339(text, &seconds, &nanos, &offset), stamps[_i].fault);
    ck_assert_int_eq(time_parse_rfc3339(text, &seconds, &nanos, &offset), stamps[_i].want != NULL);
    if (stamps[_i].want != NULL) {
        char out[40];
        int len = time_put_rfc3339(out, seconds, nanos, offset);
        ck_assert_int_le(len, (int)sizeof(out));
        expect_str(((str){ out, len }), stamps[_i].want);
    }
}
END_TEST

START_TEST(rfc3339_instants)
{
    int64_t seconds;
    int32_t nanos;
    int offset;
    ck_assert(time_parse_rfc3339(S("2021-02-14T13:14:15.25+05:30"), &seconds, &nanos, &offset));
    ck_assert_int_eq(seconds, 1613308455 - 19800);
    ck_assert_int_eq(nanos, 250000000);
    ck_assert_int_eq(offset, 330);
    ck_assert(time_parse_rfc3339(S("2021-02-14T13:14:15-02:30"), &seconds, &nanos, &offset));
    ck_assert_int_eq(seconds, 1613308455 + 9000);
    ck_assert_int_eq(offset, -150);
}
END_TEST

START_TEST(rfc3339_beyond_the_years)
{
    char out[40];
    expect_str(((str){ out, time_put_rfc3339(out, TIME_MAX_SECONDS, 0, 90) }),
               "10000-01-01T01:29:59+01:30");
    expect_str(((str){ out, time_put_rfc3339(out, TIME_MIN_SECONDS, 0, -1) }),
               "0000-12-31T23:59:00-00:01");
}
END_TEST

/* ---- durations: what the reference answers ---- */

static const struct {
    const char *text;
    const char *want; /* written again; NULL: refused */
} durations[] = {
    { "1s", "1s" },
    { "1m", "60s" },
    { "1h1m1s", "3661s" },
    { "1ms", "0.001s" },
    { "1\xC2\xB5s", "0.000001s" },
    { "1\xCE\xBCs", "0.000001s" },
    { "1us", "0.000001s" },
    { "1ns", "0.000000001s" },
    { "1.5h", "5400s" },
    { "1.5s", "1.5s" },
    { ".5s", "0.5s" },
    { "1.s", "1s" },
    { "0.000000001s", "0.000000001s" },
    { "0.0000000001s", "0s" },
    { "0", "0s" },
    { "-0", "0s" },
    { "+0", "0s" },
    { "0s", "0s" },
    { "+1s", "1s" },
    { "-1h30m", "-5400s" },
    { "-1.5s", "-1.5s" },
    { "-0.000000001s", "-0.000000001s" },
    { "1s1h", "3601s" },
    { "1ns1us1ms1s1m1h", "3661.001001001s" },
    { "100000h", "360000000s" },
    { "1000000h", "3600000000s" },
    { "9223372036s", "9223372036s" },
    { "3600s", "3600s" },
    { "90m", "5400s" },
    { "1000000us", "1s" },
    { "9223372036854775807ns", "9223372036.854776s" },
    { "9223372036854775808ns", NULL },
    { "-9223372036854775808ns", "-9223372036.854776s" },
    { "-9223372036854775809ns", NULL },
    { "9223372036.854775807s", "9223372036.854776s" },
    { "9223372036.854775808s", NULL },
    { "-9223372036.854775808s", "-9223372036.854776s" },
    { "2562047h47m16.854775807s", "9223372036.854776s" },
    { "2562047h47m16.854775808s", NULL },
    { "-2562047h47m16.854775808s", "-9223372036.854776s" },
    { "2562048h", NULL },
    { "9223372036854775807ns1ns", NULL },
    { "9223372036854775808ns9223372036854775808ns", NULL },
    { "0.3333333333333333333h", "1200s" },
    { "0.12345678901234567891h", "444.444440444s" },
    { "0.99999999999999999999999999s", "1s" },
    { "0.000000009h", "0.0000324s" },
    { "0.1ns", "0s" },
    { "0.9ns", "0s" },
    { "1.9999999999ns", "0.000000001s" },
    { "3.7ms", "0.0037s" },
    { "1.1h", "3960s" },
    { "1.000001s", "1.000001s" },
    { "99999999999999999999h", NULL },
    { "", NULL },
    { "1", NULL },
    { "s", NULL },
    { "1s ", NULL },
    { " 1s", NULL },
    { "1 s", NULL },
    { "1S", NULL },
    { ".s", NULL },
    { "-", NULL },
    { "+", NULL },
    { "--1s", NULL },
    { "+-1s", NULL },
    { "00", NULL },
    { "0.0", NULL },
    { "1d", NULL },
    { "1h-1m", NULL },
    { "1h 1m", NULL },
    { "1.5.5s", NULL },
    { "1e3s", NULL },
    { "1_0s", NULL },
    { "0x1s", NULL },
    { "1\xC2\xB5", NULL },
    { "1\xC2s", NULL },
};

START_TEST(duration)
{
    int64_t nanos;
    bool ok = time_parse_duration(str_from_c(durations[_i].text), &nanos);
    ck_assert_int_eq(ok, durations[_i].want != NULL);
    if (ok) {
        char out[NUM_TEXT];
        expect_str(((str){ out, time_put_duration(out, nanos) }), durations[_i].want);
    }
}
END_TEST

START_TEST(duration_ends_of_the_range)
{
    int64_t nanos;
    ck_assert(time_parse_duration(S("-9223372036854775808ns"), &nanos) && nanos == INT64_MIN);
    ck_assert(time_parse_duration(S("9223372036854775807ns"), &nanos) && nanos == INT64_MAX);
}
END_TEST

/* ---- zones ---- */

#define X25       "xxxxxxxxxxxxxxxxxxxxxxxxx"
#define LONG_NAME (X25 X25 X25 X25 X25)

static const char *const bad_names[] = {
    "../etc/passwd",  "..",      ".", "./UTC", "/etc/passwd", "Europe/../UTC",
    "Europe//London", "Europe/", "/", "a b",   "A\n",         "Europe/London\xC3\xA9",
    "Europe\\London", LONG_NAME,
};

START_TEST(zone_names_stay_inside)
{
    ck_assert_ptr_null(zone_load(unit_arena(), str_from_c(bad_names[_i]), NULL));
}
END_TEST

START_TEST(zone_utc_needs_no_file)
{
    struct arena *arena = unit_arena();
    const struct zone *utc = zone_load(arena, S("UTC"), "/nonexistent");
    ck_assert_ptr_nonnull(utc);
    ck_assert_ptr_eq(zone_load(arena, S(""), "/nonexistent"), utc);
    ck_assert_int_eq(zone_offset(utc, 1613308455), 0);
    ck_assert_ptr_null(zone_load(arena, S("Europe/London"), "/nonexistent"));
    ck_assert_ptr_null(zone_load(arena, (str){ "a\0b", 3 }, NULL));
}
END_TEST

static void put_number(struct sb *out, int64_t n, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--) {
        sb_byte(out, (char)((uint64_t)n >> (8 * i)));
    }
}

/* One block of a zone file: changes at `at` to type i % types, the types' offsets, standard time
 * but for odd ones. */
static void put_block(struct sb *out, char version, int bytes, const int64_t *at, int count,
                      const int32_t *offsets, int types)
{
    sb_add(out, S("TZif"));
    sb_byte(out, version);
    for (int i = 0; i < 15; i++) {
        sb_byte(out, 0);
    }
    const int counts[] = { 0, 0, 0, count, types, 4 };
    for (int i = 0; i < 6; i++) {
        put_number(out, counts[i], 4);
    }
    for (int i = 0; i < count; i++) {
        put_number(out, at[i], bytes);
    }
    for (int i = 0; i < count; i++) {
        sb_byte(out, (char)((i + 1) % types));
    }
    for (int i = 0; i < types; i++) {
        put_number(out, offsets[i], 4);
        sb_byte(out, (char)(i % 2));
        sb_byte(out, 0);
    }
    sb_add(out, (str){ "ABC", 4 });
}

static const int64_t changes[] = { -1000, 0, 1000 };
static const int32_t offsets[] = { 3600, 7200 };

/* A file with these changes and the given rule behind them. */
static str zone_file(struct arena *arena, char version, const char *rule)
{
    struct sb out = sb_new(arena);
    put_block(&out, version, 4, changes, 3, offsets, 2);
    if (version != 0) {
        put_block(&out, version, 8, changes, 3, offsets, 2);
        sb_byte(&out, '\n');
        sb_add(&out, str_from_c(rule));
        sb_byte(&out, '\n');
    }
    return sb_str(&out);
}

static const struct zone *load_bytes(struct arena *arena, str bytes)
{
    FILE *file = fopen(str_to_c(arena, str_printf(arena, "%s/Zone", unit_directory())), "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes.ptr, 1, (size_t)bytes.len, file), (size_t)bytes.len);
    ck_assert_int_eq(fclose(file), 0);
    return zone_load(arena, S("Zone"), unit_directory());
}

static const struct {
    char version;
    const char *rule;
    int64_t at;
    int want; /* offset; NO_ZONE: the file is refused */
} rules[] = {
#define NO_ZONE 999999
    { 0, "", -1001, 3600 }, /* before the first change: standard time */
    { 0, "", -1000, 7200 },
    { 0, "", -1, 7200 },
    { 0, "", 0, 3600 },
    { 0, "", 5000000000, 7200 },   /* the last one stays                     */
    { '2', "", 5000000000, 7200 }, /* no rule: the same                      */
    { '2', "XYZ-3", 999, 3600 },   /* the table goes first                   */
    { '2', "XYZ-3", 1000, 10800 },
    { '2', "XYZ-3:30:15", 1000, 12615 },
    { '3', "<+0330>-3:30", 1000, 12600 },
    { '2', "XYZ3", 1000, -10800 },
    { '2', "EST5EDT", 1625097600, -14400 }, /* without days: the usual ones           */
    { '2', "EST5EDT", 1609459200, -18000 },
    { '2', "EST5EDT,M3.2.0,M11.1.0", 1615705199, -18000 },
    { '2', "EST5EDT,M3.2.0,M11.1.0", 1615705200, -14400 },
    { '2', "EST5EDT,M3.2.0,M11.1.0", 1636264799, -14400 },
    { '2', "EST5EDT,M3.2.0,M11.1.0", 1636264800, -18000 },
    { '2', "AEST-10AEDT,M10.1.0,M4.1.0/3", 1609459200, 39600 }, /* southern: across the new year */
    { '2', "AEST-10AEDT,M10.1.0,M4.1.0/3", 1625097600, 36000 },
    { '2', "IST-1GMT0,M10.5.0,M3.5.0/1", 1625097600, 3600 }, /* winter time as `daylight saving` */
    { '2', "IST-1GMT0,M10.5.0,M3.5.0/1", 1609459200, 0 },
    { '2', "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 1609459200, 39600 },
    { '2', "<-04>4<-03>,M9.1.6/24,M4.1.6/24", 1609459200, -10800 },
    { '2', "EET-2EEST,M3.4.4/50,M10.4.4/50", 1616799599, 7200 },
    { '2', "EET-2EEST,M3.4.4/50,M10.4.4/50", 1616803200, 10800 },
    { '3', "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 1616893199, -7200 },
    { '3', "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 1616893200, -3600 },
    { '2', "AAA0BBB,J60/0,J61/0", 1583020800, 3600 }, /* J60 is 1 March in each year            */
    { '2', "AAA0BBB,J60/0,J61/0", 1582934400, 0 },
    { '2', "AAA0BBB,59/0,60/0", 1582934400, 3600 }, /* 59 is 29 February 2020                 */
    { '2', "AAA0BBB,59/0,60/0", 1614556800, 3600 }, /* and 1 March 2021                       */
    { '2', "AAA0BBB,59/0,60/0", 1583020800, 0 },
    { '2', "AB-3", 0, NO_ZONE }, /* malformed rules                        */
    { '2', "XYZ", 0, NO_ZONE },
    { '2', "XYZ-25", 0, NO_ZONE },
    { '2', "XYZ-3:60", 0, NO_ZONE },
    { '2', "<XYZ-3", 0, NO_ZONE },
    { '2', "<X Y>-3", 0, NO_ZONE },
    { '2', "XYZ-3 ", 0, NO_ZONE },
    { '2', "EST5EDT,M3.2.0", 0, NO_ZONE },
    { '2', "EST5EDT,M3.2.0,M11.1.0,", 0, NO_ZONE },
    { '2', "EST5EDT,M13.2.0,M11.1.0", 0, NO_ZONE },
    { '2', "EST5EDT,M3.6.0,M11.1.0", 0, NO_ZONE },
    { '2', "EST5EDT,M3.2.7,M11.1.0", 0, NO_ZONE },
    { '2', "EST5EDT,J0,J1", 0, NO_ZONE },
    { '2', "EST5EDT,366,1", 0, NO_ZONE },
    { '2', "EST5EDT,M3.2.0/168,M11.1.0", 0, NO_ZONE },
    { '1', "", 0, NO_ZONE }, /* no such version                        */
};

START_TEST(zone_rule)
{
    struct arena *arena = unit_arena();
    const struct zone *zone =
        load_bytes(arena, zone_file(arena, rules[_i].version, rules[_i].rule));
    ck_assert_int_eq(zone == NULL, rules[_i].want == NO_ZONE);
    if (zone != NULL) {
        ck_assert_int_eq(zone_offset(zone, rules[_i].at), rules[_i].want);
    }
}
END_TEST

START_TEST(zone_file_cut_or_damaged_is_safe)
{
    struct arena *arena = unit_arena();
    str whole = zone_file(arena, '2', "EST5EDT,M3.2.0,M11.1.0");
    for (isize len = 0; len < whole.len; len++) {
        ck_assert_ptr_null(load_bytes(arena, str_slice(whole, 0, len)));
    }
    char *bytes = str_to_c(arena, whole);
    for (isize i = 0; i < whole.len; i++) {
        for (int bit = 0; bit < 8;
             bit += 7) { /* it must not crash; that it is refused cannot be asked of each bit */
            bytes[i] = (char)(bytes[i] ^ (1 << bit));
            const struct zone *zone = load_bytes(arena, (str){ bytes, whole.len });
            if (zone != NULL) {
                (void)zone_offset(zone, 0);
                (void)zone_offset(zone, 5000000000);
                (void)zone_offset(zone, TIME_MIN_SECONDS);
            }
            bytes[i] = (char)(bytes[i] ^ (1 << bit));
        }
    }
}
END_TEST

START_TEST(zone_tables_are_checked)
{
    struct arena *arena = unit_arena();
    const int64_t backwards[] = { 0, -1000, 1000 };
    struct sb out = sb_new(arena);
    put_block(&out, 0, 4, backwards, 3, offsets, 2);
    ck_assert_ptr_null(load_bytes(arena, sb_str(&out)));
    const int32_t huge[] = { 3600, 26 * 3600 };
    out = sb_new(arena);
    put_block(&out, 0, 4, changes, 3, huge, 2);
    ck_assert_ptr_null(load_bytes(arena, sb_str(&out)));
    out = sb_new(arena);
    put_block(&out, 0, 4, changes, 0, offsets, 1); /* no change at all: one offset for ever */
    const struct zone *zone = load_bytes(arena, sb_str(&out));
    ck_assert_ptr_nonnull(zone);
    ck_assert_int_eq(zone_offset(zone, 0), 3600);
    out = sb_new(arena);
    put_block(&out, 0, 4, changes, 0, offsets, 0);
    ck_assert_ptr_null(load_bytes(arena, sb_str(&out)));
    ck_assert_int_eq(
        mkdir(str_to_c(arena, str_printf(arena, "%s/Directory", unit_directory())), 0700), 0);
    ck_assert_ptr_null(zone_load(arena, S("Directory"), unit_directory()));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base/time");
    TCase *tcase = tcase_create("time");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, civil, 0, (int)countof(civils));
    tcase_add_test(tcase, civil_returns_on_every_day);
    tcase_add_loop_test(tcase, rfc3339, 0, (int)countof(stamps));
    tcase_add_test(tcase, rfc3339_instants);
    tcase_add_test(tcase, rfc3339_beyond_the_years);
    tcase_add_loop_test(tcase, duration, 0, (int)countof(durations));
    tcase_add_test(tcase, duration_ends_of_the_range);
    tcase_add_loop_test(tcase, zone_names_stay_inside, 0, (int)countof(bad_names));
    tcase_add_test(tcase, zone_utc_needs_no_file);
    tcase_add_loop_test(tcase, zone_rule, 0, (int)countof(rules));
    tcase_add_test(tcase, zone_file_cut_or_damaged_is_safe);
    tcase_add_test(tcase, zone_tables_are_checked);
    suite_add_tcase(suite, tcase);
    return unit_run(suite);
}
