/* test_base_zones.c — the table of all zones
 *
 * Without a zone database the program is skipped.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/zones.h"
#include "support/unit.h"

#include <stdio.h>
#include <unistd.h>

#define SKIPPED 77

START_TEST(nothing_is_known_before_it_was_read)
{
    ck_assert_ptr_null(zones_find(S("Europe/London")));
    ck_assert(zones_read());
    ck_assert_ptr_nonnull(zones_find(S("Europe/London")));
}
END_TEST

START_TEST(zones_are_found_by_their_whole_name)
{
    static const char *const known[] = { "UTC", "Europe/London", "America/Argentina/Ushuaia" };
    static const char *const unknown[] = { "", "Europe", "europe/london", "Europe/London/", "../etc/passwd",
                                           "zone.tab", "posix/UTC", "Mars/Olympus" };
    ck_assert(zones_read());
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        ck_assert_msg(zones_find(str_from_c(known[i])) != NULL, "%s", known[i]);
    }
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        ck_assert_msg(zones_find(str_from_c(unknown[i])) == NULL, "%s", unknown[i]);
    }
}
END_TEST

START_TEST(a_second_reading_changes_nothing)
{
    ck_assert(zones_read());
    const struct zone *before = zones_find(S("Asia/Tokyo"));
    ck_assert(zones_read());
    ck_assert_ptr_eq(before, zones_find(S("Asia/Tokyo")));
    ck_assert_int_eq(zone_offset(before, 0), 9 * 3600);
}
END_TEST

int main(void)
{
    if (access("/usr/share/zoneinfo/Europe/London", R_OK) != 0) {
        puts("no zone database (package tzdata)");
        return SKIPPED;
    }
    Suite *suite = suite_create("base/zones");
    TCase *tcase = tcase_create("zones");
    tcase_add_test(tcase, nothing_is_known_before_it_was_read);
    tcase_add_test(tcase, zones_are_found_by_their_whole_name);
    tcase_add_test(tcase, a_second_reading_changes_nothing);
    suite_add_tcase(suite, tcase);
    return unit_run(suite);
}
