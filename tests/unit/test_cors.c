/* test_cors.c — which origins may read answers
 *
 * The rows are what the reference answers to the same requests.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/cors.h"

#include <check.h>
#include <stdlib.h>

static struct arena arena;

static void setup(void)
{
    arena_init(&arena, 1 << 16, 1 << 24);
}

static void teardown(void)
{
    arena_free(&arena);
}

static const str origins[] = { S("https://a.example"), S("https://*.b.example"), S("null-ish") };
static const str headers[] = { S("X-Foo"), S("content-type"), S("x-foo") };
static const str star[] = { S("*") };

static const struct cors_options every = { .enabled = true };
static const struct cors_options listed = { .enabled = true,
                                            .origins = origins,
                                            .origin_count = 3,
                                            .headers = headers,
                                            .header_count = 3,
                                            .max_age_s = 600 };
static const struct cors_options any_header = { .enabled = true,
                                                .headers = star,
                                                .header_count = 1 };

#define NONE ((str){ NULL, 0 })

/* ---- simple requests ---- */

static const struct {
    const struct cors_options *options;
    const char *origin;  /* NULL: not sent                            */
    bool known;          /* the method is one of the usual ones       */
    const char *allowed; /* the origin in the answer; NULL: none      */
} simple[] = {
    { &every, "https://evil", true, "*" },
    { &every, "null", true, "*" },
    { &every, NULL, true, NULL },
    { &every, "", true, NULL },
    { &every, "https://a.example", false, NULL },
    { &listed, "https://a.example", true, "https://a.example" },
    { &listed, "https://A.EXAMPLE", true, "https://A.EXAMPLE" }, /* given back as it was sent */
    { &listed, "https://a.example.evil", true, NULL },
    { &listed, "http://a.example", true, NULL },
    { &listed, "https://a.example:443", true, NULL },
    { &listed, "https://x.b.example", true, "https://x.b.example" },
    { &listed, "https://x.y.b.example", true, "https://x.y.b.example" },
    { &listed, "https://.b.example", true, "https://.b.example" },
    { &listed, "https://b.example", true, NULL },
    { &listed, "https://x.b.example.evil", true, NULL },
    { &listed, "null", true, NULL },
    { &listed, "*", true, NULL },
};

START_TEST(simple_requests)
{
    const struct cors *cors = cors_new(&arena, simple[_i].options);
    str origin = simple[_i].origin != NULL ? str_from_c(simple[_i].origin) : NONE;
    const struct cors_request request = {
        .known_method = simple[_i].known, .origin = origin, .method = NONE, .headers = NONE
    };
    str lines;
    ck_assert(!cors_answer(cors, &arena, &request, &lines));
    str want = simple[_i].allowed != NULL
                   ? str_printf(&arena, "Vary: Origin\r\nAccess-Control-Allow-Origin: %s\r\n",
                                simple[_i].allowed)
                   : S("Vary: Origin\r\n");
    ck_assert_msg(str_eq(lines, want), "%.*s", STR_ARG(lines));
}
END_TEST

/* ---- preflights ---- */

static const struct {
    const struct cors_options *options;
    const char *origin, *method, *headers; /* NULL: not sent */
    bool allowed;
} preflights[] = {
    { &every, "https://a.example", "POST", NULL, true },
    { &every, "https://a.example", "OPTIONS", NULL, true },
    { &every, "https://a.example", "post", NULL, false },
    { &every, "https://a.example", "TRACE", NULL, false },
    { &every, NULL, "POST", NULL, false },
    { &every, "https://a.example", "POST", "", true },
    { &every, "https://a.example", "POST", "content-type", true },
    { &every, "https://a.example", "POST", "Content-Type",
      false }, /* browsers write lower case      */
    { &every, "https://a.example", "POST", "accept, content-type", true },
    { &every, "https://a.example", "POST", "content-type,accept",
      false }, /* … and in order            */
    { &every, "https://a.example", "POST", "accept,accept", false },
    { &every, "https://a.example", "POST", "accept ,user-agent", true },
    { &every, "https://a.example", "POST", "accept,  user-agent", false },
    { &every, "https://a.example", "POST", ",,,accept", true },
    { &every, "https://a.example", "POST", ",,,,,,,,,,,,,,,,accept",
      true }, /* 16 empty ones         */
    { &every, "https://a.example", "POST", ",,,,,,,,,,,,,,,,,accept",
      false }, /* 17                    */
    { &every, "https://a.example", "POST", "authorization", false },
    { &every, "https://a.example", "POST", "x-foo", false },
    { &listed, "https://a.example", "POST", "content-type,x-foo", true },
    { &listed, "https://a.example", "POST", "accept",
      false }, /* a list replaces the usual ones        */
    { &listed, "https://evil", "POST", NULL, false },
    { &any_header, "https://a.example", "POST", "authorization,X-Anything", true },
};

START_TEST(preflight_requests)
{
    const struct cors *cors = cors_new(&arena, preflights[_i].options);
    const struct cors_request request = {
        .known_method = true,
        .options = true,
        .origin = preflights[_i].origin != NULL ? str_from_c(preflights[_i].origin) : NONE,
        .method = str_from_c(preflights[_i].method),
        .headers = preflights[_i].headers != NULL ? str_from_c(preflights[_i].headers) : NONE,
    };
    str lines;
    ck_assert(cors_answer(cors, &arena, &request, &lines));
    ck_assert(str_starts(
        lines,
        S("Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers\r\n")));
    ck_assert_msg((str_find(lines, S("Access-Control-Allow-")) >= 0) == preflights[_i].allowed,
                  "%.*s", STR_ARG(lines));
}
END_TEST

START_TEST(preflight_answers_echo_what_was_asked)
{
    const struct cors_request request = { .known_method = true,
                                          .options = true,
                                          .origin = S("https://x.b.example"),
                                          .method = S("PUT"),
                                          .headers = S("content-type") };
    str lines;
    ck_assert(cors_answer(cors_new(&arena, &listed), &arena, &request, &lines));
    ck_assert_msg(
        str_eq(lines,
               S("Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers\r\n"
                 "Access-Control-Allow-Origin: https://x.b.example\r\n"
                 "Access-Control-Allow-Methods: PUT\r\n"
                 "Access-Control-Allow-Headers: content-type\r\n"
                 "Access-Control-Max-Age: 600\r\n")),
        "%.*s", STR_ARG(lines));
}
END_TEST

START_TEST(options_without_a_question_is_no_preflight)
{
    const struct cors_request request = { .known_method = true,
                                          .options = true,
                                          .origin = S("https://a.example"),
                                          .method = STR_EMPTY,
                                          .headers = NONE };
    str lines;
    ck_assert(!cors_answer(cors_new(&arena, &every), &arena, &request, &lines));
    ck_assert(str_eq(lines, S("Vary: Origin\r\nAccess-Control-Allow-Origin: *\r\n")));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cors");
    TCase *tcase = tcase_create("cors");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, simple_requests, 0, countof(simple));
    tcase_add_loop_test(tcase, preflight_requests, 0, countof(preflights));
    tcase_add_test(tcase, preflight_answers_echo_what_was_asked);
    tcase_add_test(tcase, options_without_a_question_is_no_preflight);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
