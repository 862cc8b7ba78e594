/* test_check_request.c — bodies of checks: what is taken, and what is said about the rest
 *
 * testdata/http/check-requests.json holds bodies (each character one byte) with the message and the
 * details that the reference answers them with; an empty message means that the body is taken.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/check_request.h"

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

/* One byte per character: bodies hold bytes that are no UTF-8. */
static str bytes_of(str text)
{
    struct sb sb = sb_new(&arena);
    for (isize i = 0; i < text.len; i++) {
        uint8_t c = (uint8_t)text.ptr[i];
        if (c < 0x80) {
            sb_byte(&sb, (char)c);
        } else {
            ck_assert_int_lt(i + 1, text.len);
            sb_byte(&sb, (char)(((c & 3) << 6) | ((uint8_t)text.ptr[++i] & 0x3f)));
        }
    }
    return sb_str(&sb);
}

static str member(struct value object, const char *name)
{
    struct value v = vmap_find_str(object.map, str_from_c(name));
    return v.kind == V_STRING ? v_str(v) : STR_EMPTY;
}

static void expect_case(isize number, struct value one)
{
    str body = bytes_of(member(one, "body"));
    str want = member(one, "message");
    struct check_body out;
    struct check_request request;
    struct check_refusal refusal;
    bool taken = check_request_read(&arena, body, &limits, &out, &request, &refusal);
    ck_assert_msg(taken == (want.len == 0), "case %lld %.*s: taken %d", (long long)number,
                  STR_ARG(body), taken);
    ck_assert_msg(str_eq(refusal.message, want) || taken, "case %lld %.*s:\nwant %.*s\ngot  %.*s",
                  (long long)number, STR_ARG(body), STR_ARG(want), STR_ARG(refusal.message));
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
    ck_assert_msg(file_read(&arena, S("testdata/http/check-requests.json"), 1 << 22, &text, &why) ==
                      CARDEA_OK,
                  "%.*s", STR_ARG(why));
    struct json_error error;
    struct value cases = json_read(&arena, text, NULL, &error);
    ck_assert_int_eq(cases.kind, V_LIST);
    ck_assert_int_gt(cases.len, 200);
    for (uint32_t i = 0; i < cases.len; i++) {
        expect_case(i, cases.items[i]);
    }
}
END_TEST

static str repeat(const char *before, char byte, isize count, const char *after)
{
    struct sb sb = sb_new(&arena);
    sb_add(&sb, str_from_c(before));
    for (isize i = 0; i < count; i++) {
        sb_byte(&sb, byte);
    }
    sb_add(&sb, str_from_c(after));
    return sb_str(&sb);
}

static str refusal_of(str body)
{
    struct check_body out;
    struct check_request request;
    struct check_refusal refusal;
    ck_assert(!check_request_read(&arena, body, &limits, &out, &request, &refusal));
    return refusal.message;
}

START_TEST(depth_is_bounded)
{
    ck_assert(str_eq(refusal_of(repeat("", '[', 20000, "")),
                     S("invalid character '[' exceeded max depth")));
    struct sb deep = sb_new(&arena);
    sb_add(&deep, repeat("{\"principal\":{\"attr\":{\"a\":", '[', 64, ""));
    sb_add(&deep, repeat("", ']', 64, "}}}"));
    ck_assert(str_eq(refusal_of(sb_str(&deep)), S("proto:\xc2\xa0nested deeper than 64 levels")));
}
END_TEST

START_TEST(values_are_bounded)
{
    struct sb sb = sb_new(&arena);
    sb_add(&sb, S("{\"principal\":{\"attr\":{\"a\":[1"));
    for (int i = 0; i < 250000; i++) {
        sb_add(&sb, S(",1"));
    }
    sb_add(&sb, S("]}}}"));
    ck_assert(str_eq(refusal_of(sb_str(&sb)), S("proto:\xc2\xa0more than 200000 values")));
}
END_TEST

START_TEST(many_actions_are_compared_in_linear_time)
{
    struct sb sb = sb_new(&arena);
    sb_add(&sb, S("{\"principal\":{\"id\":\"p\",\"roles\":[\"r\"]},\"resources\":[{\"resource\":{"
                  "\"kind\":\"k\",\"id\":\"i\"},"
                  "\"actions\":[\"x\""));
    for (int i = 0; i < 100000; i++) {
        sb_printf(&sb, ",\"%d\"", i);
    }
    sb_add(&sb, S("]}]}"));
    ck_assert(str_eq(refusal_of(sb_str(&sb)),
                     S("number of actions (100001) exceeds configured limit (50)")));
}
END_TEST

START_TEST(fills_the_request)
{
    struct check_body out;
    struct check_request request = { .now_ns = 7 };
    struct check_refusal refusal;
    str body = S("{\"requestId\":\"q\",\"include_meta\":true,\"principal\":{\"id\":\"p\","
                 "\"policyVersion\":\"v\","
                 "\"roles\":[\"a\",\"b\"],\"attr\":{\"n\":1,\"z\":null},\"scope\":\"x.y\"},"
                 "\"resources\":[{\"actions\":[\"r\",\"w\"],"
                 "\"resource\":{\"kind\":\"k\",\"policy_version\":\"w\",\"id\":\"i\",\"attr\":{},"
                 "\"scope\":\".\"}}],\"auxData\":{}}");
    ck_assert(check_request_read(&arena, body, &limits, &out, &request, &refusal));
    ck_assert(str_eq(out.request_id, S("q")) && out.include_meta);
    ck_assert(str_eq(request.principal.id, S("p")));
    ck_assert(str_eq(request.principal.policy_version, S("v")));
    ck_assert(str_eq(request.principal.scope, S("x.y")));
    ck_assert_int_eq(request.principal.role_count, 2);
    ck_assert(str_eq(request.principal.roles[1], S("b")));
    ck_assert_int_eq(request.principal.attr->count, 2);
    ck_assert_int_eq(vmap_find_str(request.principal.attr, S("z")).kind, V_NULL);
    ck_assert_int_eq(vmap_find_str(request.principal.attr, S("n")).kind, V_DOUBLE);
    ck_assert_int_eq(request.item_count, 1);
    const struct check_item *item = &request.items[0];
    ck_assert(str_eq(item->resource.kind, S("k")) && str_eq(item->resource.id, S("i")));
    ck_assert(str_eq(item->resource.policy_version, S("w")) &&
              str_eq(item->resource.scope, S(".")));
    ck_assert(item->resource.attr != NULL && item->resource.attr->count == 0);
    ck_assert_int_eq(item->action_count, 2);
    ck_assert(str_eq(item->actions[1], S("w")));
    ck_assert(request.aux.present && request.aux.jwt == NULL);
    ck_assert_int_eq(request.now_ns, 7);
}
END_TEST

START_TEST(leaves_the_text_alone)
{
    static const char body[] = "{\"requestId\":\"a\\u0041\\n\",\"principal\":{}} tail";
    char text[sizeof body];
    memcpy(text, body, sizeof body);
    (void)refusal_of((str){ text, (isize)sizeof body - 1 });
    ck_assert_int_eq(memcmp(text, body, sizeof body), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("check_request");
    TCase *tcase = tcase_create("check_request");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, says_what_the_reference_says);
    tcase_add_test(tcase, depth_is_bounded);
    tcase_add_test(tcase, values_are_bounded);
    tcase_add_test(tcase, many_actions_are_compared_in_linear_time);
    tcase_add_test(tcase, fills_the_request);
    tcase_add_test(tcase, leaves_the_text_alone);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
