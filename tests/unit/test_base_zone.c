/* test_base_zone.c — the system's zone files
 *
 * The offsets are facts of history and of today's law; zones whose future was changed lately are
 * left out. Without a zone database the program is skipped.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/time.h"
#include "support/unit.h"

#include <stdio.h>
#include <unistd.h>

#define SUMMER_2100 4118040000   /* 2100-06-30T12:00:00Z */
#define WINTER_2100 4102444800   /* 2100-01-01T00:00:00Z */
#define SUMMER_9999 253385020799 /* 9999-07-10           */
#define SKIPPED     77

static const struct {
    const char *name;
    int64_t at;
    int want; /* seconds east */
} offsets[] = {
    { "Europe/London", -4000000000, -75 }, /* local mean time */
    { "Europe/London", 0, 3600 },          /* British Standard Time */
    { "Europe/London", 1625097600, 3600 },
    { "Europe/London", 1609459200, 0 },
    { "Europe/London", 1616893199, 0 }, /* around the change of 2021-03-28 */
    { "Europe/London", 1616893200, 3600 },
    { "Europe/London", SUMMER_2100, 3600 },
    { "Europe/London", WINTER_2100, 0 },
    { "Europe/London", SUMMER_9999, 3600 },
    { "Asia/Kolkata", 1609459200, 19800 },
    { "Asia/Kolkata", SUMMER_9999, 19800 },
    { "Asia/Kathmandu", 1609459200, 20700 },
    { "Asia/Tokyo", 1609459200, 32400 },
    { "America/New_York", -4000000000, -17762 },
    { "America/New_York", 1615705199, -18000 },
    { "America/New_York", 1615705200, -14400 },
    { "America/New_York", SUMMER_2100, -14400 },
    { "America/New_York", WINTER_2100, -18000 },
    { "America/New_York", SUMMER_9999, -14400 },
    { "America/Los_Angeles", 1615715999, -28800 },
    { "America/Los_Angeles", 1615716000, -25200 },
    { "Europe/Dublin", SUMMER_2100, 3600 },
    { "Europe/Dublin", WINTER_2100, 0 },
    { "Australia/Sydney", SUMMER_2100, 36000 },
    { "Australia/Sydney", WINTER_2100, 39600 },
    { "Australia/Lord_Howe", SUMMER_2100, 37800 },
    { "Australia/Lord_Howe", WINTER_2100, 39600 },
    { "Pacific/Apia", 1325239199, -36000 }, /* 2011-12-30 did not exist there */
    { "Pacific/Apia", 1325239200, 50400 },
    { "Etc/GMT+5", 1609459200, -18000 },
    { "UTC", SUMMER_9999, 0 },
};

START_TEST(offset)
{
    const struct zone *zone = zone_load(unit_arena(), str_from_c(offsets[_i].name), NULL);
    ck_assert_ptr_nonnull(zone);
    ck_assert_int_eq(zone_offset(zone, offsets[_i].at), offsets[_i].want);
}
END_TEST

static const char *const unknown[] = { "Europe",   "europe/london", "Not/AZone",
                                       "zone.tab", "tzdata.zi",     "posix/../UTC" };

START_TEST(unknown_names)
{
    ck_assert_ptr_null(zone_load(unit_arena(), str_from_c(unknown[_i]), NULL));
}
END_TEST

int main(void)
{
    if (access("/usr/share/zoneinfo/Europe/London", R_OK) != 0) {
        puts("no zone database (package tzdata)");
        return SKIPPED;
    }
    Suite *suite = suite_create("base/zone");
    TCase *tcase = tcase_create("zone");
    tcase_add_loop_test(tcase, offset, 0, (int)countof(offsets));
    tcase_add_loop_test(tcase, unknown_names, 0, (int)countof(unknown));
    suite_add_tcase(suite, tcase);
    return unit_run(suite);
}
