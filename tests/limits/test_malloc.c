/* test_malloc.c — a check takes nothing from the heap
 *
 * The program's own malloc counts calls. A server serves the examples in this process; after some
 * requests to warm up, a thousand more of each kind must not allocate once on any thread but the
 * client's.
 *
 * Sanitizers bring their own malloc: there the program says so and leaves (exit code 77 is a skip).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/files.h"
#include "server/server.h"

#include <arpa/inet.h>
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifdef SANITIZED

int main(void)
{
    puts("the sanitizer's malloc cannot be counted");
    return 77;
}

#else

/* ---- the counting heap ---- */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *ptr, size_t size);
extern void *__libc_memalign(size_t align, size_t size);

static atomic_bool counting;
static atomic_long calls;
static pthread_t client;

static void count(void)
{
    if (atomic_load_explicit(&counting, memory_order_relaxed) &&
        !pthread_equal(pthread_self(), client)) {
        atomic_fetch_add(&calls, 1);
    }
}

void *malloc(size_t size)
{
    count();
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size)
{
    count();
    return __libc_calloc(number, size);
}

void *realloc(void *ptr, size_t size)
{
    count();
    return __libc_realloc(ptr, size);
}

void *aligned_alloc(size_t align, size_t size)
{
    count();
    return __libc_memalign(align, size);
}

/* ---- a server and its client ---- */

struct fixture {
    struct arena arena;
    struct store *store;
    struct server *server;
    int fd; /* connected */
};

static void start(struct fixture *f, const char *policies)
{
    arena_init(&f->arena, 1 << 16, 1 << 28);
    struct store_options store_options = { .directory = str_from_c(policies),
                                           .max_files = 100,
                                           .max_file_bytes = 1 << 20,
                                           .max_total_bytes = 1 << 24,
                                           .engine = { .schemas = SCHEMAS_WARN } };
    struct diags diags = diags_new(&f->arena);
    ck_assert_int_eq(store_open(&f->store, &store_options, &diags), CARDEA_OK);
    const struct server_options options = {
        .address = S("127.0.0.1:0"),
        .workers = 1,
        .http = { .head_bytes = 8192,
                  .headers = 100,
                  .body_bytes = 1 << 20,
                  .chunk_extra_bytes = 1024 },
        .check = { .resources = 50, .actions = 50 },
        .metrics = true,
        .connections = 10,
        .arena_bytes = 1 << 24,
        .read_header_timeout_ms = 10000,
        .read_timeout_ms = 10000,
        .write_timeout_ms = 10000,
        .idle_timeout_ms = 10000,
        .drain_timeout_ms = 1000,
    };
    str why = STR_EMPTY;
    ck_assert_msg(server_open(&f->server, &options, f->store, &f->arena, &why) == CARDEA_OK, "%.*s",
                  STR_ARG(why));
    ck_assert_int_eq(server_start(f->server), CARDEA_OK);
    str address = server_address(f->server);
    int port =
        atoi(str_to_c(&f->arena, str_slice(address, str_rfind(address, S(":")) + 1, address.len)));
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    f->fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(f->fd, (const struct sockaddr *)&to, sizeof to), 0);
}

static void stop(struct fixture *f)
{
    close(f->fd);
    server_drain(f->server);
    (void)server_join(f->server);
    server_close(f->server);
    store_close(f->store);
    arena_free(&f->arena);
}

/* Sends one request and reads its whole response into reply; returns the body's length. */
static isize exchange(int fd, str request, char *reply, isize room)
{
    ck_assert_int_eq(send(fd, request.ptr, (size_t)request.len, 0), request.len);
    isize len = 0;
    for (;;) {
        ssize_t n = recv(fd, reply + len, (size_t)(room - len - 1), 0);
        ck_assert_int_gt(n, 0);
        len += n;
        reply[len] = '\0';
        const char *end = strstr(reply, "\r\n\r\n");
        const char *said = strstr(reply, "Content-Length: ");
        if (end != NULL && said != NULL) {
            isize body = atoi(said + 16);
            if (len >= end + 4 - reply + body) {
                return body;
            }
        }
    }
}

static str post(struct arena *arena, str body)
{
    return str_printf(
        arena, "POST /api/check/resources HTTP/1.1\r\nHost: a\r\nContent-Length: %lld\r\n\r\n%.*s",
        (long long)body.len, STR_ARG(body));
}

static void expect_no_malloc(struct fixture *f, str body, const char *answer)
{
    static char reply[1 << 20];
    str request = post(&f->arena, body);
    for (int i = 0; i < 50; i++) {
        (void)exchange(f->fd, request, reply, (isize)sizeof reply);
    }
    ck_assert_msg(strstr(reply, "200 OK") != NULL && strstr(reply, answer) != NULL, "%s", reply);
    atomic_store(&calls, 0);
    atomic_store(&counting, true);
    for (int i = 0; i < 1000; i++) {
        (void)exchange(f->fd, request, reply, (isize)sizeof reply);
    }
    atomic_store(&counting, false);
    ck_assert_int_eq(atomic_load(&calls), 0);
}

/* ---- tests ---- */

static const struct {
    const char *policies, *request, *answer;
} examples[] = {
    { "testdata/expenses/policies", "testdata/expenses/request.json",
      "\"list_expenses\":\"EFFECT_ALLOW\"" },
    { "testdata/documents/policies", "testdata/documents/request.json", "EFFECT_ALLOW" },
};

START_TEST(examples_take_nothing)
{
    struct fixture f;
    start(&f, examples[_i].policies);
    str body;
    ck_assert_int_eq(file_read(&f.arena, str_from_c(examples[_i].request), 1 << 20, &body, NULL),
                     CARDEA_OK);
    expect_no_malloc(&f, body, examples[_i].answer);
    stop(&f);
}
END_TEST

/* Fifty resources: the arena and the outbox have grown to what they need after the first request.
 * */
START_TEST(a_full_batch_takes_nothing)
{
    struct fixture f;
    start(&f, "testdata/expenses/policies");
    struct sb sb = sb_new(&f.arena);
    sb_add(&sb, S("{\"includeMeta\":true,\"principal\":{\"id\":\"ann\",\"roles\":[\"manager\"],"
                  "\"attr\":{\"department\":\"sales\"}},"
                  "\"resources\":["));
    for (int i = 0; i < 50; i++) {
        sb_printf(
            &sb,
            "%s{\"resource\":{\"kind\":\"mcp::expenses\",\"id\":\"r%d\",\"attr\":{\"amount\":%d}},"
            "\"actions\":[\"list_expenses\",\"approve_expense\",\"delete_expense\"]}",
            i > 0 ? "," : "", i, i * 100);
    }
    sb_add(&sb, S("]}"));
    expect_no_malloc(&f, sb_str(&sb), "\"id\":\"r49\"");
    stop(&f);
}
END_TEST

/* Attributes that fit their schemas, and attributes that do not: errors live in the request's arena. */
START_TEST(validating_takes_nothing)
{
    struct fixture f;
    start(&f, "tests/limits/schemas");
    expect_no_malloc(
        &f,
        S("{\"principal\":{\"id\":\"ann\",\"roles\":[\"user\"],\"attr\":{\"email\":\"ann@example.com\"}},"
          "\"resources\":[{\"actions\":[\"view\"],\"resource\":{\"kind\":\"doc\",\"id\":\"1\",\"attr\":"
          "{\"owner\":\"ann\",\"tags\":[\"a\",\"b\"],\"size\":12.5}}},{\"actions\":[\"view\"],\"resource\":"
          "{\"kind\":\"doc\",\"id\":\"2\",\"attr\":{\"owner\":\"\",\"tags\":[\"a\",\"a\"],\"size\":\"x\","
          "\"other\":[{\"deep\":1}]}}}]}"),
        "items at index 0 and 1 are equal");
    stop(&f);
}
END_TEST

START_TEST(the_heap_is_counted)
{
    client = (pthread_t)0; /* this thread counts, too */
    atomic_store(&calls, 0);
    atomic_store(&counting, true);
    void *volatile p = malloc(10);
    free(p);
    atomic_store(&counting, false);
    client = pthread_self();
    ck_assert_int_eq(atomic_load(&calls), 1);
}
END_TEST

int main(void)
{
    client = pthread_self();
    Suite *suite = suite_create("malloc");
    TCase *tcase = tcase_create("malloc");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, the_heap_is_counted);
    tcase_add_loop_test(tcase, examples_take_nothing, 0, (int)countof(examples));
    tcase_add_test(tcase, a_full_batch_takes_nothing);
    tcase_add_test(tcase, validating_takes_nothing);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK); /* threads and forks do not mix */
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

#endif
