/* test_authzen_request.c — bodies of AuthZEN evaluations: what is taken, and what is said about the rest
 *
 * testdata/http/authzen-requests.json holds bodies with the message and the details that the reference answers them
 * with; an empty message means that the body is taken.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/authzen_request.h"

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

static bool read_body(str path, str body, struct authzen_plan *plan, struct check_refusal *refusal)
{
    return str_eq(path, S("/access/v1/evaluation"))
               ? authzen_single_read(&arena, body, &limits, 0, plan, refusal)
               : authzen_batch_read(&arena, body, &limits, 0, plan, refusal);
}

static void expect_case(isize number, struct value one)
{
    str body = member(one, "body");
    str want = member(one, "message");
    struct authzen_plan plan;
    struct check_refusal refusal;
    bool taken = read_body(member(one, "path"), body, &plan, &refusal);
    ck_assert_msg(taken == (want.len == 0), "case %lld %.*s: taken %d", (long long)number,
                  STR_ARG(body), taken);
    ck_assert_msg(taken ? plan.place_count > 0 : str_eq(refusal.message, want),
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
    ck_assert_msg(file_read(&arena, S("testdata/http/authzen-requests.json"), 1 << 22, &text,
                            &why) == CARDEA_OK,
                  "%.*s", STR_ARG(why));
    struct json_error error;
    struct value cases = json_read(&arena, text, NULL, &error);
    ck_assert_int_eq(cases.kind, V_LIST);
    ck_assert_int_gt(cases.len, 100);
    for (uint32_t i = 0; i < cases.len; i++) {
        expect_case(i, cases.items[i]);
    }
}
END_TEST

/* ---- what is shared ---- */

#define S1 "\"subject\":{\"type\":\"user\",\"id\":\"p\""
#define R1 "\"resource\":{\"type\":\"order\",\"id\":\"1\""
#define A1 "\"action\":{\"name\":\"read\"}"

static const struct {
    const char *evaluations;
    isize groups, items, actions; /* of the first group; of its first item */
} shared[] = {
    { "{},{}", 1, 1, 1 },
    { "{},{\"action\":{\"name\":\"write\"}}", 1, 1, 2 },
    { "{" S1 "}},{" S1 ",\"properties\":{}}}", 1, 1, 1 },
    { "{" S1 "}},{" S1 ",\"properties\":{\"a\":1}}}", 2, 1, 1 }, /* equal ids are not enough */
    { "{" S1 ",\"properties\":{\"a\":[1]}}},{" S1 ",\"properties\":{\"a\":[1]}}}", 1, 1, 1 },
    { "{" S1 ",\"properties\":{\"a\":[1]}}},{" S1 ",\"properties\":{\"a\":[2]}}}", 2, 1, 1 },
    { "{" S1 ",\"properties\":{\"a\":1}}},{" S1 ",\"properties\":{\"a\":true}}}", 2, 1, 1 },
    { "{},{\"subject\":{\"type\":\"admin\",\"id\":\"p\"}}", 2, 1, 1 },
    { "{\"subject\":{\"type\":\"ab\",\"id\":\"c\"}},{\"subject\":{\"type\":\"a\",\"id\":\"bc\"}}",
      2, 1, 1 },
    { "{" R1 "}},{" R1 ",\"properties\":{\"a\":1}}}", 1, 2, 1 },
    { "{},{\"resource\":{\"type\":\"order\",\"id\":\"2\"}}", 1, 2, 1 },
    { "{},{\"context\":{\"cerbos.auxData\":{}}}", 2, 1, 1 },
    { "{},{\"context\":{\"other\":1}}", 1, 1, 1 },
};

START_TEST(only_what_is_wholly_equal_is_shared)
{
    str body =
        str_printf(&arena, "{" S1 "}," R1 "}," A1 ",\"evaluations\":[%s]}", shared[_i].evaluations);
    struct authzen_plan plan;
    struct check_refusal refusal;
    bool taken = authzen_batch_read(&arena, body, &limits, 0, &plan, &refusal);
    ck_assert_msg(taken, "%.*s: %.*s", STR_ARG(body), STR_ARG(refusal.message));
    ck_assert_int_eq(plan.group_count, shared[_i].groups);
    ck_assert_int_eq(plan.groups[0].request.item_count, shared[_i].items);
    ck_assert_int_eq(plan.groups[0].request.items[0].action_count, shared[_i].actions);
    ck_assert_int_eq(plan.place_count, 2);
    for (isize i = 0; i < plan.place_count; i++) {
        const struct authzen_place *place = &plan.places[i];
        ck_assert_int_lt(place->group, plan.group_count);
        ck_assert_int_lt(place->item, plan.groups[place->group].request.item_count);
        ck_assert_int_lt(place->action,
                         plan.groups[place->group].request.items[place->item].action_count);
    }
}
END_TEST

/* Subjects with one id and ever different properties: not compared with all that came before. */
START_TEST(almost_equal_evaluations_cost_little)
{
    struct sb sb = sb_new(&arena);
    sb_add(&sb, S("{" R1 "}," A1 ",\"evaluations\":["));
    for (int i = 0; i < 2500; i++) {
        sb_printf(&sb, "%s{" S1 ",\"properties\":{\"a\":%d}}}", i > 0 ? "," : "", i);
    }
    sb_add(&sb, S("]}"));
    struct authzen_plan plan;
    struct check_refusal refusal;
    ck_assert(authzen_batch_read(&arena, sb_str(&sb), &limits, 0, &plan, &refusal));
    ck_assert_int_eq(plan.group_count, 2500);
    ck_assert_int_eq(plan.places[2499].group, 2499);
}
END_TEST

START_TEST(different_tokens_are_bounded)
{
    struct sb sb = sb_new(&arena);
    sb_add(&sb, S("{" S1 "}," R1 "}," A1 ",\"evaluations\":["));
    for (int i = 0; i < 65; i++) {
        sb_printf(&sb, "%s{\"context\":{\"cerbos.auxData\":{\"n\":%d}}}", i > 0 ? "," : "", i);
    }
    sb_add(&sb, S("]}"));
    struct authzen_plan plan;
    struct check_refusal refusal;
    ck_assert(!authzen_batch_read(&arena, sb_str(&sb), &limits, 0, &plan, &refusal));
    ck_assert(str_eq(refusal.message, S("too many different auxData in one batch")));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("authzen_request");
    TCase *tcase = tcase_create("authzen_request");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, says_what_the_reference_says);
    tcase_add_loop_test(tcase, only_what_is_wholly_equal_is_shared, 0, countof(shared));
    tcase_add_test(tcase, almost_equal_evaluations_cost_little);
    tcase_add_test(tcase, different_tokens_are_bounded);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
