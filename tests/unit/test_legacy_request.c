/* test_legacy_request.c — bodies of the deprecated checks: what is taken, and what is said about the rest
 *
 * testdata/http/legacy-requests.json holds bodies with the message and the details that the reference answers them
 * with; an empty message means that the body is taken.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/legacy_request.h"

#include "base/files.h"

#include <check.h>
#include <stdlib.h>

static const struct check_limits limits = { .resources = 50, .actions = 50 };

static struct arena arena;

static void setup(void)
{
    arena_init(&arena, 1 << 16, 1 << 26);
}

static void teardown(void)
{
    arena_free(&arena);
}

static str member(struct value object, const char *name)
{
    struct value v = vmap_find_str(object.map, str_from_c(name));
    return v.kind == V_STRING ? v_str(v) : STR_EMPTY;
}

static bool read_body(str path, str body, struct check_request *request,
                      struct check_refusal *refusal)
{
    if (str_eq(path, S("/api/check"))) {
        struct legacy_set set;
        return legacy_set_read(&arena, body, &limits, &set, request, refusal);
    }
    struct legacy_batch batch;
    return legacy_batch_read(&arena, body, &limits, &batch, request, refusal);
}

static void expect_case(isize number, struct value one)
{
    str body = member(one, "body");
    str want = member(one, "message");
    struct check_request request = { .now_ns = 0 };
    struct check_refusal refusal;
    bool taken = read_body(member(one, "path"), body, &request, &refusal);
    ck_assert_msg(taken == (want.len == 0), "case %lld %.*s: taken %d", (long long)number,
                  STR_ARG(body), taken);
    ck_assert_msg(taken ? request.item_count > 0 : str_eq(refusal.message, want),
                  "case %lld %.*s:\nwant %.*s\ngot  %.*s", (long long)number, STR_ARG(body),
                  STR_ARG(want), STR_ARG(refusal.message));
    struct value details = vmap_find_str(one.map, S("details"));
    if (details.kind == V_LIST) {
        struct json_error error;
        struct value got = json_read(&arena, refusal.details, NULL, &error);
        ck_assert_msg(value_equal(got, details) == 1, "case %lld details:\n%.*s", (long long)number,
                      STR_ARG(refusal.details));
    } else {
        ck_assert_int_eq(refusal.details.len, 0);
    }
}

START_TEST(says_what_the_reference_says)
{
    str text;
    str why = STR_EMPTY;
    ck_assert_msg(file_read(&arena, S("testdata/http/legacy-requests.json"), 1 << 22, &text,
                            &why) == CARDEA_OK,
                  "%.*s", STR_ARG(why));
    struct json_error error;
    struct value cases = json_read(&arena, text, NULL, &error);
    ck_assert_int_eq(cases.kind, V_LIST);
    ck_assert_int_gt(cases.len, 60);
    for (uint32_t i = 0; i < cases.len; i++) {
        expect_case(i, cases.items[i]);
    }
}
END_TEST

START_TEST(an_instance_becomes_a_resource)
{
    struct legacy_set set;
    struct check_request request = { .now_ns = 0 };
    struct check_refusal refusal;
    ck_assert(legacy_set_read(&arena,
                              S("{\"principal\":{\"id\":\"p\",\"roles\":[\"r\"],\"scope\":\"b\"},"
                                "\"actions\":[\"x\",\"y\"],"
                                "\"includeMeta\":true,\"resource\":{\"kind\":\"k\","
                                "\"policyVersion\":\"v\",\"scope\":\"a\","
                                "\"instances\":{\"1\":{\"attr\":{\"n\":1}},\"2\":{}}}}"),
                              &limits, &set, &request, &refusal));
    ck_assert_int_eq(request.item_count, 2);
    ck_assert(str_eq(request.principal.scope, S("b")) && request.want_derived_roles &&
              !request.aux.present);
    for (isize i = 0; i < 2; i++) {
        const struct check_item *item = &request.items[i];
        ck_assert(str_eq(item->resource.kind, S("k")) &&
                  str_eq(item->resource.policy_version, S("v")));
        ck_assert(str_eq(item->resource.scope, S("a")) &&
                  str_eq(item->resource.id, i == 0 ? S("1") : S("2")));
        ck_assert_int_eq(item->action_count, 2);
        ck_assert_int_eq(item->resource.attr != NULL && item->resource.attr->count == 1, i == 0);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("legacy_request");
    TCase *tcase = tcase_create("legacy_request");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, says_what_the_reference_says);
    tcase_add_test(tcase, an_instance_becomes_a_resource);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
