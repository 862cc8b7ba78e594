/* test_server_parts.c — replies, deadlines, call names, routes: what needs no socket
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/reply.h"
#include "server/route.h"
#include "server/server_priv.h"
#include "server/ulid.h"
#include "server/wheel.h"

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

/* ---- replies ---- */

static const struct reply_line line = { .date = S("Sun, 06 Nov 1994 08:49:37 GMT") };

static void say(struct outbox *outbox, str body, const struct reply_line *how)
{
    struct reply reply;
    reply_begin(&reply, outbox);
    sb_add(reply.out, body);
    reply_end(&reply, how);
}

#define HEAD(length, more)                                                                         \
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n" \
    "Content-Length: " length more "\r\n\r\n"

static void expect_pending(const struct outbox *outbox, const char *want)
{
    str got = outbox_pending(outbox);
    ck_assert_msg(str_eq(got, str_from_c(want)), "%.*s", STR_ARG(got));
}

START_TEST(replies_lie_behind_one_another)
{
    struct outbox outbox = { .text = sb_new(&arena) };
    for (int round = 0; round < 2; round++) {
        outbox_begin(&outbox);
        say(&outbox, S("{}"), &line);
        say(&outbox, S("[1,2,3]"), &line);
        say(&outbox, S(""), &line);
        expect_pending(&outbox, HEAD("2", "") "{}" HEAD("7", "") "[1,2,3]" HEAD("0", ""));
    }
}
END_TEST

START_TEST(heads_say_what_the_connection_does)
{
    struct outbox outbox = { .text = sb_new(&arena) };
    struct reply_line closing = line;
    closing.close = true;
    say(&outbox, S("{}"), &closing);
    expect_pending(&outbox, HEAD("2", "\r\nConnection: close") "{}");
    outbox_begin(&outbox);
    struct reply_line old = line;
    old.http10 = true;
    say(&outbox, S("{}"), &old);
    expect_pending(&outbox, HEAD("2", "\r\nConnection: keep-alive") "{}");
    outbox_begin(&outbox);
    struct reply_line bodiless = line;
    bodiless.head_only = true;
    say(&outbox, S("{}"), &bodiless);
    say(&outbox, S("{}"), &bodiless);
    expect_pending(&outbox, HEAD("2", "") HEAD("2", ""));
}
END_TEST

START_TEST(heads_carry_added_lines)
{
    struct outbox outbox = { .text = sb_new(&arena) };
    struct reply_line closing = line;
    closing.close = true;
    for (int i = 0; i < 2; i++) {
        struct reply reply;
        reply_begin(&reply, &outbox);
        reply_lines(&reply, S("Vary: Origin\r\nX: y\r\n"));
        sb_add(reply.out, S("{}"));
        reply_end(&reply, &line);
        reply_begin(&reply, &outbox);
        reply_lines(&reply, S("A: b\r\n"));
        sb_add(reply.out, S("gone"));
        reply_empty(&reply);
        reply_end(&reply, &closing);
    }
    say(&outbox, S("[]"), &line);
#define LINED                                                                                      \
    HEAD("2", "\r\nVary: Origin\r\nX: y")                                                          \
    "{}"                                                                                           \
    "HTTP/1.1 204 No Content\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nConnection: close\r\nA: "   \
    "b\r\n\r\n"
    expect_pending(&outbox, LINED LINED HEAD("2", "") "[]");
}
END_TEST

START_TEST(continue_comes_first)
{
    struct outbox outbox = { .text = sb_new(&arena) };
    outbox_continue(&outbox);
    say(&outbox, S("{}"), &line);
    expect_pending(&outbox, "HTTP/1.1 100 Continue\r\n\r\n" HEAD("2", "") "{}");
}
END_TEST

static const struct {
    enum reply_code code;
    const char *status;
} codes[] = {
    { REPLY_CANCELLED, "499" }, { REPLY_UNKNOWN, "500" },      { REPLY_INVALID, "400" },
    { REPLY_DEADLINE, "504" },  { REPLY_NOT_FOUND, "404" },    { REPLY_PERMISSION, "403" },
    { REPLY_EXHAUSTED, "429" }, { REPLY_PRECONDITION, "400" }, { REPLY_UNIMPLEMENTED, "501" },
    { REPLY_INTERNAL, "500" },  { REPLY_UNAVAILABLE, "503" },  { REPLY_UNAUTHENTICATED, "401" },
};

START_TEST(errors_replace_the_body)
{
    struct outbox outbox = { .text = sb_new(&arena) };
    struct reply reply;
    reply_begin(&reply, &outbox);
    sb_add(reply.out, S("{\"actions\":{\"read\":\"EFFECT_ALLOW\""));
    reply.api = true;
    reply_error(&reply, codes[_i].code, S("no \"way\""), S("[{}]"));
    reply_end(&reply, &line);
    str got = outbox_pending(&outbox);
    ck_assert(str_starts(got, S("HTTP/1.1 ")) &&
              str_starts(str_slice(got, 9, 12), str_from_c(codes[_i].status)));
    ck_assert(str_find(got, S("ALLOW")) < 0);
    ck_assert(str_find(got, S("Grpc-Metadata")) < 0);
    str body =
        str_printf(&arena, "\r\n\r\n{\"code\":%d,\"message\":\"no \\\"way\\\"\",\"details\":[{}]}",
                   (int)codes[_i].code);
    ck_assert_msg(str_ends(got, body), "%.*s", STR_ARG(got));
}
END_TEST

static const struct {
    int64_t seconds;
    const char *text;
} dates[] = {
    { 784111777, "Sun, 06 Nov 1994 08:49:37 GMT" },
    { 0, "Thu, 01 Jan 1970 00:00:00 GMT" },
    { 1709164800, "Thu, 29 Feb 2024 00:00:00 GMT" },
    { 253402300799, "Fri, 31 Dec 9999 23:59:59 GMT" },
};

START_TEST(dates_are_written)
{
    char out[29];
    reply_date(out, dates[_i].seconds);
    ck_assert(str_eq((str){ out, sizeof out }, str_from_c(dates[_i].text)));
}
END_TEST

/* ---- deadlines ---- */

START_TEST(deadlines_come_in_time)
{
    static struct wheel wheel;
    static const int64_t deadlines[] = { 0,    1,      99,     100,    101,    950,
                                         5000, 102399, 102400, 250000, 1000000 };
    struct wheel_entry entries[countof(deadlines)] = { 0 };
    const int64_t start = 123456789;
    wheel_init(&wheel, start);
    for (int i = 0; i < countof(deadlines); i++) {
        wheel_set(&wheel, &entries[i], start + deadlines[i]);
    }
    int seen = 0;
    for (int64_t now = start; now < start + 1001000; now += 50) {
        for (struct wheel_entry *due; (due = wheel_due(&wheel, now)) != NULL; seen++) {
            ck_assert_int_ge(now, due->deadline_ms);
            ck_assert_int_le(now, due->deadline_ms + 2 * WHEEL_TICK_MS);
            ck_assert_ptr_null(due->next);
        }
    }
    ck_assert_int_eq(seen, countof(deadlines));
}
END_TEST

START_TEST(deadlines_move)
{
    static struct wheel wheel;
    struct wheel_entry later = { 0 };
    struct wheel_entry sooner = { 0 };
    struct wheel_entry gone = { 0 };
    wheel_init(&wheel, 0);
    wheel_set(&wheel, &later, 1000);
    wheel_set(&wheel, &later, 90000);
    wheel_set(&wheel, &sooner, 90000);
    wheel_set(&wheel, &sooner, 1000);
    wheel_set(&wheel, &gone, 500);
    wheel_remove(&gone);
    wheel_remove(&gone);
    ck_assert_ptr_null(wheel_due(&wheel, 900));
    ck_assert_ptr_eq(wheel_due(&wheel, 1200), &sooner);
    ck_assert_ptr_null(wheel_due(&wheel, 80000));
    ck_assert_ptr_eq(wheel_due(&wheel, 90200), &later);
    ck_assert_ptr_null(wheel_due(&wheel, 10000000));
}
END_TEST

/* ---- names of calls ---- */

START_TEST(call_names_sort_by_time)
{
    struct ulid ulid;
    ulid_init(&ulid);
    char a[ULID_TEXT];
    char b[ULID_TEXT];
    ulid_next(&ulid, INT64_C(1469918176385) * 1000000, a);
    ulid_next(&ulid, INT64_C(1469918176386) * 1000000, b);
    ck_assert_int_eq(memcmp(a, "01ARYZ6S41", 10), 0); /* the example of the format's description */
    ck_assert_int_lt(memcmp(a, b, 10), 0);
    ck_assert_int_ne(memcmp(a + 10, b + 10, 16), 0);
    for (int i = 0; i < ULID_TEXT; i++) {
        ck_assert_ptr_nonnull(memchr("0123456789ABCDEFGHJKMNPQRSTVWXYZ", a[i], 32));
    }
}
END_TEST

/* ---- routes ---- */

static const struct {
    uint8_t method;
    const char *path;
    int status;
    const char *body; /* how it ends */
} routes[] = {
    { HTTP_METHOD_GET, "/nope", 404, "404 page not found\n" },
    { HTTP_METHOD_GET, "/", 404, "404 page not found\n" },
    { HTTP_METHOD_GET, "//api/server_info", 404, "404 page not found\n" },
    { HTTP_METHOD_GET, "/API/server_info", 404, "404 page not found\n" },
    { HTTP_METHOD_GET, "/api", 404, "{\"code\":5,\"message\":\"Not Found\"}" },
    { HTTP_METHOD_GET, "/apix", 404, "{\"code\":5,\"message\":\"Not Found\"}" },
    { HTTP_METHOD_GET, "/api/server_info/", 404, "{\"code\":5,\"message\":\"Not Found\"}" },
    { HTTP_METHOD_GET, "/api/server%5finfo", 404, "{\"code\":5,\"message\":\"Not Found\"}" },
    { HTTP_METHOD_POST, "/api/check/resources/../resources", 404,
      "{\"code\":5,\"message\":\"Not Found\"}" },
    { HTTP_METHOD_GET, "/access/v1/zzz", 404, "{\"code\":5,\"message\":\"Not Found\"}" },
    { HTTP_METHOD_GET, "/admin", 404, "\"Admin service is disabled by the configuration\"}" },
    { HTTP_METHOD_POST, "/admin/policy", 404,
      "\"Admin service is disabled by the configuration\"}" },
    { HTTP_METHOD_POST, "/api/playground/test", 404,
      "\"Playground service is disabled by the configuration\"}" },
    { HTTP_METHOD_GET, "/api/check/resources", 501,
      "{\"code\":12,\"message\":\"Method Not Allowed\"}" },
    { HTTP_METHOD_HEAD, "/api/check/resources", 501,
      "{\"code\":12,\"message\":\"Method Not Allowed\"}" },
    { HTTP_METHOD_OTHER, "/_cerbos/health", 501,
      "{\"code\":12,\"message\":\"Method Not Allowed\"}" },
    { HTTP_METHOD_POST, "/api/server_info", 501,
      "{\"code\":12,\"message\":\"Method Not Allowed\"}" },
    { HTTP_METHOD_GET, "/api/server_info", 200, "{\"version\":\"" CARDEA_VERSION "\"}" },
};

START_TEST(routes_are_found)
{
    static struct server server;
    static struct worker worker = { .server = &server };
    static const struct http_view headers[HTTP_HEADER_COUNT];
    arena_init(&worker.arena, 4096, 1 << 20);
    struct outbox outbox = { .text = sb_new(&arena) };
    const struct exchange exchange = { .method = routes[_i].method,
                                       .path = str_from_c(routes[_i].path),
                                       .headers = headers };
    struct reply reply;
    reply_begin(&reply, &outbox);
    route(&worker, &exchange, &reply);
    ck_assert_int_eq(reply.status, routes[_i].status);
    ck_assert(str_ends(sb_str(reply.out), str_from_c(routes[_i].body)));
    arena_free(&worker.arena);
}
END_TEST

static const struct {
    const char *query, *name, *value; /* NULL: absent */
} queries[] = {
    { "", "a", NULL },       { "a", "a", "" },          { "a=", "a", "" },
    { "a=1", "a", "1" },     { "b=1&a=2", "a", "2" },   { "a=1&a=2", "a", "1" },
    { "aa=1", "a", NULL },   { "a=%41%2e", "a", "A." }, { "a=%4", "a", "%4" },
    { "a=%zz", "a", "%zz" }, { "a=b+c", "a", "b c" },   { "&&a=1", "a", "1" },
    { "a=b=c", "a", "b=c" }, { "A=1", "a", NULL },
};

START_TEST(queries_are_read)
{
    str value = query_value(&arena, str_from_c(queries[_i].query), str_from_c(queries[_i].name));
    ck_assert_int_eq(value.ptr == NULL, queries[_i].value == NULL);
    ck_assert(value.ptr == NULL || str_eq(value, str_from_c(queries[_i].value)));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("server_parts");
    TCase *tcase = tcase_create("server_parts");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, replies_lie_behind_one_another);
    tcase_add_test(tcase, heads_say_what_the_connection_does);
    tcase_add_test(tcase, heads_carry_added_lines);
    tcase_add_test(tcase, continue_comes_first);
    tcase_add_loop_test(tcase, errors_replace_the_body, 0, (int)countof(codes));
    tcase_add_loop_test(tcase, dates_are_written, 0, (int)countof(dates));
    tcase_add_test(tcase, deadlines_come_in_time);
    tcase_add_test(tcase, deadlines_move);
    tcase_add_test(tcase, call_names_sort_by_time);
    tcase_add_loop_test(tcase, routes_are_found, 0, (int)countof(routes));
    tcase_add_loop_test(tcase, queries_are_read, 0, (int)countof(queries));
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
