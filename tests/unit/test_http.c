/* test_http.c — which messages the HTTP door lets in
 *
 * Each probe is one byte stream with the answer: the end state of the parser and what it saw. Every
 * probe runs whole and cut into pieces of 1, 2 and 7 bytes; the answer must be the same.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/http.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static const struct http_limits limits = {
    .head_bytes = 400, .headers = 12, .body_bytes = 64, .chunk_extra_bytes = 32
};

#define H    "Host: a\r\n"
#define GET  "GET /x HTTP/1.1\r\n"
#define POST "POST /x HTTP/1.1\r\n" H
#define LONG                                                                                       \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
    "xxxxxxxx"

/* status 0: a whole message; -1: more bytes are needed; else refused with this status. */
static const struct {
    const char *name, *bytes;
    int size; /* bytes when there is a NUL among them, else 0 */
    int status;
    const char *body;   /* of a whole message */
    const char *target; /* NULL: /x */
} probes[] = {
    /* what is fine */
    { "plain get", GET H "\r\n", 0, 0, "", NULL },
    { "query", "GET /x?a=1&b HTTP/1.1\r\n" H "\r\n", 0, 0, "", "/x?a=1&b" },
    { "absolute target", "GET http://pdp:3592/x HTTP/1.1\r\n" H "\r\n", 0, 0, "", NULL },
    { "asterisk", "OPTIONS * HTTP/1.1\r\n" H "\r\n", 0, 0, "", "*" },
    { "empty line before", "\r\n" GET H "\r\n", 0, 0, "", NULL },
    { "http/1.0 without host", "GET /x HTTP/1.0\r\n\r\n", 0, 0, "", NULL },
    { "length", POST "Content-Length: 3\r\n\r\nabc", 0, 0, "abc", NULL },
    { "length zero", POST "Content-Length: 0\r\n\r\n", 0, 0, "", NULL },
    { "length with leading zero", POST "Content-Length: 03\r\n\r\nabc", 0, 0, "abc", NULL },
    { "no length, no body", POST "\r\n", 0, 0, "", NULL },
    { "case of names", POST "CONTENT-length: 3\r\n\r\nabc", 0, 0, "abc", NULL },
    { "blanks around a value", POST "Content-Length:   3  \r\n\r\nabc", 0, 0, "abc", NULL },
    { "empty value", GET H "X:\r\n\r\n", 0, 0, "", NULL },
    { "empty host", GET "Host:\r\n\r\n", 0, 0, "", NULL },
    { "ipv6 host", GET "Host: [::1]:3592\r\n\r\n", 0, 0, "", NULL },
    { "byte above 127 in a value", GET H "X: \xc3\xa9\r\n\r\n", 0, 0, "", NULL },
    { "chunked", POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 0, 0,
      "abcde", NULL },
    { "chunked, upper case", POST "Transfer-Encoding: CHUNKED\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n",
      0, 0, "0123456789", NULL },
    { "chunk size with leading zeros",
      POST "Transfer-Encoding: chunked\r\n\r\n0003\r\nabc\r\n0\r\n\r\n", 0, 0, "abc", NULL },
    { "chunk extension", POST "Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\n", 0, 0,
      "abc", NULL },
    { "trailer dropped", POST "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: y\r\n\r\n", 0, 0,
      "a", NULL },
    { "trailer cannot change the host",
      POST "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nHost: b\r\n\r\n", 0, 0, "a", NULL },
    { "upgrade is ignored", GET H "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n", 0, 0, "", NULL },
    { "continue", POST "Expect: 100-continue\r\nContent-Length: 1\r\n\r\na", 0, 0, "a", NULL },
    { "expectation in 1.0", "POST /x HTTP/1.0\r\nExpect: nonsense\r\nContent-Length: 1\r\n\r\na", 0,
      0, "a", NULL },
    { "body at the limit",
      POST "Content-Length: 64\r\n\r\n"
           "0123456789012345678901234567890123456789012345678901234567890123",
      0, 0, "0123456789012345678901234567890123456789012345678901234567890123", NULL },
    /* unfinished */
    { "nothing", "", 0, -1, NULL, NULL },
    { "half a line", "GET /x HT", 0, -1, NULL, NULL },
    { "no end of head", GET H, 0, -1, NULL, NULL },
    { "body is short", POST "Content-Length: 3\r\n\r\nab", 0, -1, NULL, NULL },
    { "last chunk missing", POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", 0, -1, NULL,
      NULL },
    /* lengths and codings */
    { "two lengths, equal", POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 0, 400, NULL,
      NULL },
    { "two lengths, different", POST "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 0, 400,
      NULL, NULL },
    { "list of lengths", POST "Content-Length: 3, 3\r\n\r\nabc", 0, 400, NULL, NULL },
    { "length with plus", POST "Content-Length: +3\r\n\r\nabc", 0, 400, NULL, NULL },
    { "length with minus", POST "Content-Length: -3\r\n\r\nabc", 0, 400, NULL, NULL },
    { "length in hex", POST "Content-Length: 0x3\r\n\r\nabc", 0, 400, NULL, NULL },
    { "length of letters", POST "Content-Length: abc\r\n\r\nabc", 0, 400, NULL, NULL },
    { "length with a blank", POST "Content-Length: 1 3\r\n\r\nabc", 0, 400, NULL, NULL },
    { "length empty", POST "Content-Length:\r\n\r\nabc", 0, 400, NULL, NULL },
    { "length overflows", POST "Content-Length: 99999999999999999999\r\n\r\n", 0, 400, NULL, NULL },
    { "length over the limit", POST "Content-Length: 65\r\n\r\n", 0, 413, NULL, NULL },
    { "length and chunked", POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      0, 400, NULL, NULL },
    { "chunked and length", POST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
      0, 400, NULL, NULL },
    { "identity and length", POST "Transfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc", 0,
      400, NULL, NULL },
    { "gzip, chunked", POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 0, 501, NULL,
      NULL },
    { "chunked, gzip", POST "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 0, 400, NULL,
      NULL },
    { "chunked twice", POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 0, 400, NULL,
      NULL },
    { "two codings",
      POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, 400,
      NULL, NULL },
    { "identity", POST "Transfer-Encoding: identity\r\n\r\n", 0, 501, NULL, NULL },
    { "empty coding", POST "Transfer-Encoding:\r\n\r\n", 0, 501, NULL, NULL },
    { "xchunked", POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 0, 501, NULL, NULL },
    { "vertical tab before chunked", POST "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n", 0, 400,
      NULL, NULL },
    { "chunked in 1.0", "POST /x HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0,
      400, NULL, NULL },
    { "chunk size empty", POST "Transfer-Encoding: chunked\r\n\r\n\r\nabc\r\n0\r\n\r\n", 0, 400,
      NULL, NULL },
    { "chunk size with plus", POST "Transfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n", 0,
      400, NULL, NULL },
    { "chunk size with 0x", POST "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n", 0,
      400, NULL, NULL },
    { "chunk size with a blank", POST "Transfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n", 0,
      400, NULL, NULL },
    { "chunk size overflows",
      POST "Transfer-Encoding: chunked\r\n\r\n10000000000000003\r\nabc\r\n0\r\n\r\n", 0, 400, NULL,
      NULL },
    { "chunk longer than said", POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", 0,
      400, NULL, NULL },
    { "chunk ends with LF", POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\n0\r\n\r\n", 0, 400,
      NULL, NULL },
    { "chunk size ends with LF", POST "Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n", 0,
      400, NULL, NULL },
    { "chunk extension with LF", POST "Transfer-Encoding: chunked\r\n\r\n3;a\nabc\r\n0\r\n\r\n", 0,
      400, NULL, NULL },
    { "chunked body over the limit", POST "Transfer-Encoding: chunked\r\n\r\n41\r\n" LONG, 0, 413,
      NULL, NULL },
    { "chunk extension over the limit",
      POST "Transfer-Encoding: chunked\r\n\r\n1;" LONG "\r\na\r\n0\r\n\r\n", 0, 431, NULL, NULL },
    { "trailers over the limit", POST "Transfer-Encoding: chunked\r\n\r\n0\r\nX: " LONG "\r\n\r\n",
      0, 431, NULL, NULL },
    /* lines and names */
    { "bare LF in the request line", "GET /x HTTP/1.1\n" H "\r\n", 0, 505, NULL, NULL },
    { "bare LF after a header", GET "Host: a\n\r\n", 0, 400, NULL, NULL },
    { "bare LF as the empty line", GET H "\n", 0, 400, NULL, NULL },
    { "bare CR in a value", GET H "X: a\rb\r\n\r\n", 0, 400, NULL, NULL },
    { "CR CR LF", GET H "X: a\r\r\n\r\n", 0, 400, NULL, NULL },
    { "folded line", GET H "X: a\r\n b\r\n\r\n", 0, 400, NULL, NULL },
    { "folded with a tab", GET H "X: a\r\n\tb\r\n\r\n", 0, 400, NULL, NULL },
    { "first header is indented", GET " Host: a\r\n\r\n", 0, 400, NULL, NULL },
    { "space before colon", GET H "X : a\r\n\r\n", 0, 400, NULL, NULL },
    { "tab before colon", GET H "X\t: a\r\n\r\n", 0, 400, NULL, NULL },
    { "space inside a name", GET H "X Y: a\r\n\r\n", 0, 400, NULL, NULL },
    { "name is empty", GET H ": a\r\n\r\n", 0, 400, NULL, NULL },
    { "no colon", GET H "X\r\n\r\n", 0, 400, NULL, NULL },
    { "control in a name", GET H "X\x01: a\r\n\r\n", 0, 400, NULL, NULL },
    { "byte above 127 in a name", GET H "X\xff: a\r\n\r\n", 0, 400, NULL, NULL },
    { "NUL in a value", GET H "X: a\0b\r\n\r\n", (int)sizeof(GET H "X: a\0b\r\n\r\n") - 1, 400,
      NULL, NULL },
    { "NUL in a name", GET H "X\0: a\r\n\r\n", (int)sizeof(GET H "X\0: a\r\n\r\n") - 1, 400, NULL,
      NULL },
    { "NUL in the target", "GET /\0x HTTP/1.1\r\n" H "\r\n",
      (int)sizeof("GET /\0x HTTP/1.1\r\n" H "\r\n") - 1, 400, NULL, NULL },
    { "control in a value", GET H "X: a\x01\r\n\r\n", 0, 400, NULL, NULL },
    { "DEL in a value", GET H "X: a\x7f\r\n\r\n", 0, 400, NULL, NULL },
    /* host */
    { "no host", GET "X: a\r\n\r\n", 0, 400, NULL, NULL },
    { "two hosts", GET H "Host: b\r\n\r\n", 0, 400, NULL, NULL },
    { "two equal hosts", GET H H "\r\n", 0, 400, NULL, NULL },
    { "two empty hosts", GET "Host:\r\nHost:\r\n\r\n", 0, 400, NULL, NULL },
    { "blank in the host", GET "Host: a b\r\n\r\n", 0, 400, NULL, NULL },
    { "slash in the host", GET "Host: a/b\r\n\r\n", 0, 400, NULL, NULL },
    { "user in the host", GET "Host: a@b\r\n\r\n", 0, 400, NULL, NULL },
    { "http/1.0 with a bad host", "GET /x HTTP/1.0\r\nHost: a b\r\n\r\n", 0, 400, NULL, NULL },
    /* request line */
    { "http/0.9", "GET /x\r\n\r\n", 0, 505, NULL, NULL },
    { "version 0.9", "GET /x HTTP/0.9\r\n" H "\r\n", 0, 505, NULL, NULL },
    { "version 1.2", "GET /x HTTP/1.2\r\n" H "\r\n", 0, 505, NULL, NULL },
    { "version 2.0", "GET /x HTTP/2.0\r\n" H "\r\n", 0, 505, NULL, NULL },
    { "http/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0, 400, NULL, NULL },
    { "lower-case version", "GET /x http/1.1\r\n" H "\r\n", 0, 400, NULL, NULL },
    { "two blanks", "GET  /x HTTP/1.1\r\n" H "\r\n", 0, 400, NULL, NULL },
    { "blank behind the version", "GET /x HTTP/1.1 \r\n" H "\r\n", 0, 505, NULL, NULL },
    { "blank in the target", "GET /x y HTTP/1.1\r\n" H "\r\n", 0, 400, NULL, NULL },
    { "tab in the target", "GET /x\ty HTTP/1.1\r\n" H "\r\n", 0, 400, NULL, NULL },
    { "byte above 127 in the target", "GET /\xc3\xa9 HTTP/1.1\r\n" H "\r\n", 0, 400, NULL, NULL },
    { "fragment", "GET /x#y HTTP/1.1\r\n" H "\r\n", 0, 400, NULL, NULL },
    { "relative target", "GET x HTTP/1.1\r\n" H "\r\n", 0, 400, NULL, NULL },
    { "asterisk with get", "GET * HTTP/1.1\r\n" H "\r\n", 0, 400, NULL, NULL },
    { "other scheme", "GET ftp://a/x HTTP/1.1\r\n" H "\r\n", 0, 400, NULL, NULL },
    { "user in the target", "GET http://u@a/x HTTP/1.1\r\n" H "\r\n", 0, 400, NULL, NULL },
    { "absolute without a path", "GET http://a HTTP/1.1\r\n" H "\r\n", 0, 400, NULL, NULL },
    { "connect", "CONNECT a:80 HTTP/1.1\r\n" H "\r\n", 0, 400, NULL, NULL },
    { "unknown method", "FOO /x HTTP/1.1\r\n" H "\r\n", 0, 400, NULL, NULL },
    { "lower-case method", "get /x HTTP/1.1\r\n" H "\r\n", 0, 400, NULL, NULL },
    { "a response", "HTTP/1.1 200 OK\r\n\r\n", 0, 400, NULL, NULL },
    { "tls hello", "\x16\x03\x01\x02", 0, 400, NULL, NULL },
    /* sizes and expectations */
    { "head over the limit",
      GET H "A: " LONG "\r\nB: " LONG "\r\nC: " LONG "\r\nD: " LONG "\r\n\r\n", 0, 431, NULL,
      NULL },
    { "target over the limit", "GET /" LONG LONG LONG LONG " HTTP/1.1\r\n" H "\r\n", 0, 431, NULL,
      NULL },
    { "too many headers",
      GET H
      "A:1\r\nA:1\r\nA:1\r\nA:1\r\nA:1\r\nA:1\r\nA:1\r\nA:1\r\nA:1\r\nA:1\r\nA:1\r\nA:1\r\n\r\n",
      0, 431, NULL, NULL },
    { "unknown expectation", POST "Expect: tea\r\nContent-Length: 1\r\n\r\na", 0, 417, NULL, NULL },
};

/* Feeds the probe in pieces of `piece` bytes (0: whole); returns the last event. */
static enum http_event feed(struct http_parser *p, char *buffer, const char *bytes, int32_t size,
                            int32_t piece)
{
    enum http_event event = HTTP_MORE;
    http_init(p, &limits);
    int32_t fill = 0;
    for (int32_t at = 0; at < size && event == HTTP_MORE;) {
        int32_t len = piece == 0 || piece > size - at ? size - at : piece;
        fill = p->used; /* as a connection does: nothing unparsed is left behind */
        memcpy(buffer + fill, bytes + at, (size_t)len);
        at += len;
        fill += len;
        event = http_feed(p, buffer, fill);
    }
    return event;
}

START_TEST(probe)
{
    static const int32_t pieces[] = { 0, 1, 2, 7 };
    int32_t size = probes[_i].size != 0 ? probes[_i].size : (int32_t)strlen(probes[_i].bytes);
    for (int k = 0; k < countof(pieces); k++) {
        struct http_parser p;
        char buffer[2048];
        enum http_event event = feed(&p, buffer, probes[_i].bytes, size, pieces[k]);
        int status = event == HTTP_DONE ? 0 : event == HTTP_MORE ? -1 : p.status;
        ck_assert_msg(status == probes[_i].status, "%s (pieces of %d): want %d, got %d (%s)",
                      probes[_i].name, pieces[k], probes[_i].status, status,
                      p.error != NULL ? p.error : "-");
        ck_assert_msg((event == HTTP_FAILED) == (p.error != NULL), "%s: reason", probes[_i].name);
        if (status != 0) {
            continue;
        }
        str body = { buffer + p.body_start, p.body_len };
        str target = http_text(buffer, p.target);
        const char *want = probes[_i].target != NULL ? probes[_i].target : "/x";
        ck_assert_msg(str_eq(body, str_from_c(probes[_i].body)), "%s: body", probes[_i].name);
        ck_assert_msg(str_eq(target, str_from_c(want)), "%s: target %.*s", probes[_i].name,
                      STR_ARG(target));
        ck_assert_int_eq(p.body_total, body.len);
    }
}
END_TEST

START_TEST(pipelined_messages_part_exactly)
{
    static const char bytes[] =
        POST "Content-Length: 2\r\n\r\nab" POST
             "Transfer-Encoding: chunked\r\n\r\n1\r\nc\r\n0\r\n\r\n" GET H "\r\n";
    char buffer[sizeof bytes];
    memcpy(buffer, bytes, sizeof bytes - 1);
    int32_t left = (int32_t)sizeof bytes - 1;
    char *base = buffer;
    static const char *const bodies[] = { "ab", "c", "" };
    struct http_parser p;
    http_init(&p, &limits);
    for (int i = 0; i < countof(bodies); i++) {
        ck_assert_int_eq(http_feed(&p, base, left), HTTP_DONE);
        ck_assert(str_eq((str){ base + p.body_start, p.body_len }, str_from_c(bodies[i])));
        ck_assert(p.keep_alive);
        base += p.used;
        left -= p.used;
        http_begin(&p);
    }
    ck_assert_int_eq(left, 0);
    ck_assert_int_eq(http_feed(&p, base, 0), HTTP_MORE);
}
END_TEST

START_TEST(body_may_be_taken_in_the_middle)
{
    static const char head[] = POST "Content-Length: 6\r\n\r\n";
    char buffer[256];
    int32_t fill = (int32_t)sizeof head - 1;
    memcpy(buffer, head, sizeof head);
    memcpy(buffer + fill, "abc", 3);
    struct http_parser p;
    http_init(&p, &limits);
    ck_assert_int_eq(http_feed(&p, buffer, fill + 3), HTTP_MORE);
    ck_assert_int_eq(p.body_len, 3);
    http_body_taken(&p);
    ck_assert_int_eq(p.used, fill);
    memcpy(buffer + p.used, "def", 3);
    ck_assert_int_eq(http_feed(&p, buffer, fill + 3), HTTP_DONE);
    ck_assert(str_eq((str){ buffer + p.body_start, p.body_len }, S("def")));
    ck_assert_int_eq(p.body_total, 6);
}
END_TEST

static const struct {
    const char *bytes;
    bool keep_alive;
} lives[] = {
    { GET H "\r\n", true },
    { GET H "Connection: close\r\n\r\n", false },
    { GET H "Connection: keep-alive, close\r\n\r\n", false },
    { "GET /x HTTP/1.0\r\n\r\n", false },
    { "GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true },
};

START_TEST(keep_alive)
{
    struct http_parser p;
    char buffer[256];
    ck_assert_int_eq(feed(&p, buffer, lives[_i].bytes, (int32_t)strlen(lives[_i].bytes), 0),
                     HTTP_DONE);
    ck_assert_int_eq(p.keep_alive, lives[_i].keep_alive);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http");
    TCase *tcase = tcase_create("http");
    tcase_add_loop_test(tcase, probe, 0, (int)countof(probes));
    tcase_add_test(tcase, pipelined_messages_part_exactly);
    tcase_add_test(tcase, body_may_be_taken_in_the_middle);
    tcase_add_loop_test(tcase, keep_alive, 0, (int)countof(lives));
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
