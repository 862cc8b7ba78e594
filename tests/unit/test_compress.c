/* test_compress.c — bodies as gzip
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/compress.h"

#include <check.h>
#include <stdlib.h>
#define ZLIB_CONST /* its input is not written to */
#include <zlib.h>

static struct arena arena;

static void setup(void)
{
    arena_init(&arena, 1 << 16, 1 << 26);
}

static void teardown(void)
{
    arena_free(&arena);
}

static str unpack(str packed, isize room)
{
    char *to = arena_bytes(&arena, room + 1);
    z_stream stream = { .next_in = (const unsigned char *)packed.ptr,
                        .avail_in = (unsigned)packed.len };
    stream.next_out = (unsigned char *)to;
    stream.avail_out = (unsigned)room + 1;
    ck_assert_int_eq(inflateInit2(&stream, 15 + 16), Z_OK);
    ck_assert_int_eq(inflate(&stream, Z_FINISH), Z_STREAM_END);
    ck_assert_int_eq(stream.avail_in, 0);
    isize len = room + 1 - (isize)stream.avail_out;
    ck_assert_int_eq(inflateEnd(&stream), Z_OK);
    return (str){ to, len };
}

START_TEST(texts_come_back)
{
    struct gzip *gzip = gzip_new();
    ck_assert_ptr_nonnull(gzip);
    for (int round = 0; round < 20; round++) {
        isize len = (isize)round * round * round * 100;
        char *text = arena_bytes(&arena, len);
        uint32_t x = 1;
        for (isize i = 0; i < len; i++) {
            x = x * 1664525 + 1013904223;
            uint32_t c = round % 2 ? x >> 24 : 'a' + (uint32_t)(i % 26); /* nothing to gain, much to gain */
            text[i] = (char)c;
        }
        str packed = gzip_text(gzip, &arena, (str){ text, len });
        ck_assert_ptr_nonnull(packed.ptr);
        ck_assert(str_eq(unpack(packed, len), (str){ text, len }));
        ck_assert(round % 2 == 1 || len < 1000 || packed.len < len / 10);
    }
    gzip_free(gzip);
}
END_TEST

static const struct {
    const char *accept;
    bool wanted;
} headers[] = {
    { "", false },
    { "gzip", true },
    { "GZip", true },
    { "deflate, gzip;q=1.0, *;q=0.5", true },
    { "gzip;q=0", false },
    { "gzip; Q = 0.000", false },
    { "gzip;q=0.001", true },
    { "gzip;q=", true },
    { "br, deflate", false },
    { "identity", false },
    { "*", true },
    { "*;q=0", false },
    { "*, gzip;q=0", false },
    { "gzip;q=0, *", false },
    { "gzipped", false },
    { ",,;;=,", false },
};

START_TEST(headers_are_read)
{
    ck_assert_int_eq(gzip_wanted(str_from_c(headers[_i].accept)), headers[_i].wanted);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("compress");
    TCase *tcase = tcase_create("compress");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, texts_come_back);
    tcase_add_loop_test(tcase, headers_are_read, 0, countof(headers));
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
