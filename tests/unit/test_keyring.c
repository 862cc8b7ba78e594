/* test_keyring.c — key sets in use: choosing one, reading again, replacing under readers
 *
 * Remote sets are the business of tests/scenario; here they arrive by the door that the thread which
 * fetches them uses.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "auth/keyring_priv.h"

#include "base/b64.h"
#include "base/files.h"
#include "base/log.h"
#include "support/jose.h"
#include "support/unit.h"

#include <stdio.h>
#include <unistd.h>

#define NOW_NS (INT64_C(1700000000) * 1000000000)

static struct jose_key one, other; /* secrets of two issuers */

static str token_of(struct arena *arena, const struct jose_key *key, const char *kid)
{
    str header = str_printf(arena, "{\"alg\":\"HS256\",\"kid\":\"%s\"}", kid);
    return jose_token(arena, key, JWA_HS256, str_to_c(arena, header), "{\"sub\":\"ann\"}");
}

static str file_of(struct arena *arena, const char *name)
{
    return str_printf(arena, "%s/%s", unit_directory(), name);
}

static void put(str path, str text)
{
    str why = STR_EMPTY;
    ck_assert_msg(file_write(path, text, &why) == CARDEA_OK, "%.*s", STR_ARG(why));
}

static struct keyring *open_ring(const struct key_source *sources, isize count, bool verify)
{
    const struct keyring_options options = { .verify = verify,
                                             .sources = sources,
                                             .source_count = count };
    struct keyring *ring = NULL;
    ck_assert_int_eq(keyring_open(&ring, &options), CARDEA_OK);
    ck_assert_int_eq(keyring_start(ring), CARDEA_OK); /* nothing is remote */
    return ring;
}

static bool accepts(struct keyring_reader *reader, str token, const char *set, const char *why)
{
    str reason = STR_EMPTY;
    const struct vmap *claims =
        keyring_claims(reader, unit_arena(), token, str_from_c(set), NOW_NS, &reason);
    if (claims == NULL && why != NULL) {
        expect_str(reason, why);
    }
    return claims != NULL;
}

/* unit_arena() empties the arena, so what must last through a test lives here. */
static struct arena lasting;

static void setup(void)
{
    log_level_set(LOG_LEVEL_NONE);
    arena_init(&lasting, 1 << 16, 1 << 24);
}

static void teardown(void)
{
    arena_free(&lasting);
}

START_TEST(chooses_the_set)
{
    struct key_source sources[] = { { .id = S("a"), .file = file_of(&lasting, "a.jwk") },
                                    { .id = S("b"),
                                      .data = b64_encode(&lasting,
                                                         jose_jwk(&lasting, &other, "k", "HS256"),
                                                         B64_STANDARD, true) } };
    put(sources[0].file, jose_jwk(&lasting, &one, "k", "HS256"));
    struct keyring *ring = open_ring(sources, 2, true);
    struct keyring_reader *reader = keyring_reader_new(ring);
    str token = token_of(&lasting, &one, "k");
    ck_assert(accepts(reader, token, "a", NULL));
    ck_assert(!accepts(reader, token, "b", "its signature does not stand"));
    ck_assert(!accepts(reader, token, "c", "it names a key set that is not configured"));
    ck_assert(!accepts(reader, token, "A", "it names a key set that is not configured"));
    ck_assert(!accepts(reader, token, "", "it names no key set, and there is not exactly one"));
    keyring_reader_free(reader);
    keyring_close(ring);

    ring = open_ring(sources, 1, true);
    reader = keyring_reader_new(ring);
    ck_assert(accepts(reader, token, "", NULL));
    keyring_reader_free(reader);
    keyring_close(ring);

    ring = open_ring(NULL, 0, true);
    reader = keyring_reader_new(ring);
    ck_assert(!accepts(reader, token, "", "it names no key set, and there is not exactly one"));
    keyring_reader_free(reader);
    keyring_close(ring);
}
END_TEST

START_TEST(bad_sets_refuse_only_their_tokens)
{
    const struct key_source sources[] = {
        { .id = S("good"), .file = file_of(&lasting, "good.jwk") },
        { .id = S("gone"), .file = file_of(&lasting, "nowhere.jwk") },
        { .id = S("noise"), .data = S("bm9pc2U=") },
        { .id = S("no base64"), .data = S("!!!") },
        { .id = S("remote"), .url = S("https://nobody.example/") }, /* not fetched: not started */
    };
    put(sources[0].file, jose_jwk(&lasting, &one, "k", "HS256"));
    const struct keyring_options options = { .verify = true,
                                             .sources = sources,
                                             .source_count = countof(sources) };
    struct keyring *ring = NULL;
    ck_assert_int_eq(keyring_open(&ring, &options), CARDEA_OK);
    struct keyring_reader *reader = keyring_reader_new(ring);
    str token = token_of(&lasting, &one, "k");
    ck_assert(accepts(reader, token, "good", NULL));
    for (int i = 1; i < countof(sources); i++) {
        ck_assert(!accepts(reader, token, str_to_c(&lasting, sources[i].id),
                           "the key set it needs cannot be used"));
    }
    keyring_reader_free(reader);
    keyring_close(ring);
}
END_TEST

START_TEST(reading_again)
{
    const struct key_source source = { .id = S("a"), .file = file_of(&lasting, "again.jwk") };
    put(source.file, jose_jwk(&lasting, &one, "k1", "HS256"));
    struct keyring *ring = open_ring(&source, 1, true);
    struct keyring_reader *reader = keyring_reader_new(ring);
    str first = token_of(&lasting, &one, "k1");
    str second = token_of(&lasting, &other, "k2");
    ck_assert(accepts(reader, first, "a", NULL));
    ck_assert(!accepts(reader, second, "a", "the key set has no key of its `kid`"));

    put(source.file, jose_jwk(&lasting, &other, "k2", "HS256"));
    ck_assert(accepts(reader, first, "a", NULL)); /* nobody has asked for it */
    keyring_reload(ring);
    ck_assert(!accepts(reader, first, "a", "the key set has no key of its `kid`"));
    ck_assert(accepts(reader, second, "a", NULL));

    put(source.file, S("noise")); /* what was good stays */
    keyring_reload(ring);
    ck_assert(accepts(reader, second, "a", NULL));
    ck_assert_int_eq(unlink(str_to_c(&lasting, source.file)), 0);
    keyring_reload(ring);
    ck_assert(accepts(reader, second, "a", NULL));
    keyring_reader_free(reader);
    keyring_close(ring);
}
END_TEST

/* What the publisher says now counts, also when that is nothing. */
START_TEST(remote_sets)
{
    const struct key_source source = { .id = S("r"), .url = S("https://nobody.example/") };
    const struct keyring_options options = { .verify = true,
                                             .sources = &source,
                                             .source_count = 1 };
    struct keyring *ring = NULL;
    ck_assert_int_eq(keyring_open(&ring, &options), CARDEA_OK);
    struct keyring_reader *reader = keyring_reader_new(ring);
    str token = token_of(&lasting, &one, "k");
    ck_assert(!accepts(reader, token, "r", "the key set it needs cannot be used"));
    ck_assert(keyring_take(ring, 0, jose_jwk(&lasting, &one, "k", "HS256"), true));
    ck_assert(accepts(reader, token, "r", NULL));
    ck_assert(!keyring_take(ring, 0, S("<html>"), true)); /* no set at all: an outage */
    ck_assert(accepts(reader, token, "r", NULL));
    ck_assert(!keyring_take(ring, 0, S("{\"keys\":[]}"), true)); /* all keys withdrawn */
    ck_assert(!accepts(reader, token, "r", "the key set it needs cannot be used"));
    ck_assert(keyring_take(ring, 0, jose_jwk(&lasting, &one, "k", "HS256"), true));
    ck_assert(!keyring_take(ring, 0, jose_jwk(&lasting, &one, "k", NULL), true)); /* not allowed */
    ck_assert(!accepts(reader, token, "r", "the key set it needs cannot be used"));
    keyring_reader_free(reader);
    keyring_close(ring);
}
END_TEST

START_TEST(without_verification)
{
    struct keyring *ring = open_ring(NULL, 0, false);
    struct keyring_reader *reader = keyring_reader_new(ring);
    str expired = jose_token(&lasting, &other, JWA_HS256, "{\"alg\":\"HS256\"}", "{\"exp\":1}");
    ck_assert(accepts(reader, token_of(&lasting, &other, "any"), "whatever", NULL));
    ck_assert(accepts(reader, S("eyJhbGciOiJub25lIn0.e30."), "", NULL));
    ck_assert(!accepts(reader, expired, "", "it has expired (`exp`)"));
    ck_assert(!accepts(reader, S("x"), "", "it is not three parts of base64url"));
    keyring_reader_free(reader);
    keyring_close(ring);
}
END_TEST

/* ---- when to fetch again ---- */

static const struct {
    const char *cache_control;
    int64_t minutes;
} intervals[] = {
    { "", 15 },
    { "no-store", 15 },
    { "max-age=3600", 60 },
    { "public, max-age=3600, must-revalidate", 60 },
    { "public,Max-Age = 3600", 60 },
    { "max-age=0", 15 },
    { "max-age=-5", 15 },
    { "max-age=900", 15 },
    { "max-age=86400", 1440 },
    { "max-age=86401", 1440 },
    { "max-age=9223372036854775807", 1440 },
    { "max-age=92233720368547758070", 15 },
    { "max-age=soon", 15 },
    { "max-age", 15 },
    { "s-maxage=3600", 15 },
    { ",,=,max-age=1200,", 20 },
};

START_TEST(intervals_of_replies)
{
    int64_t got = fetcher_interval_ms(str_from_c(intervals[_i].cache_control));
    ck_assert_msg(got == intervals[_i].minutes * 60000, "%s: %lld ms", intervals[_i].cache_control,
                  (long long)got);
}
END_TEST

/* ---- readers while sets are replaced ---- */

#define READERS 3
#define ROUNDS  300

struct shared {
    struct keyring *ring;
    str tokens[2]; /* good with the set of even and of odd rounds */
    atomic_bool stop;
    atomic_long accepted;
    atomic_long strange; /* answers that neither set gives */
};

static void *read_all_the_time(void *arg)
{
    struct shared *shared = arg;
    struct keyring_reader *reader = keyring_reader_new(shared->ring);
    struct arena arena;
    arena_init(&arena, 1 << 14, 1 << 20);
    for (unsigned i = 0; !atomic_load(&shared->stop); i++) {
        str why = STR_EMPTY;
        arena_clear(&arena, 1 << 14);
        if (keyring_claims(reader, &arena, shared->tokens[i % 2], S("a"), NOW_NS, &why) != NULL) {
            (void)atomic_fetch_add(&shared->accepted, 1);
        } else if (!str_eq(why, S("its signature does not stand"))) {
            (void)atomic_fetch_add(&shared->strange, 1);
        }
    }
    arena_free(&arena);
    keyring_reader_free(reader);
    return NULL;
}

static isize count_replaced(const struct keyring *ring)
{
    isize count = 0;
    for (const struct view *view = ring->replaced; view != NULL; view = view->next) {
        count++;
    }
    return count;
}

START_TEST(sets_are_replaced_under_readers)
{
    const struct key_source source = { .id = S("a"), .url = S("https://nobody.example/") };
    const struct keyring_options options = { .verify = true,
                                             .sources = &source,
                                             .source_count = 1 };
    struct shared shared = { .tokens = { token_of(&lasting, &one, "k"),
                                         token_of(&lasting, &other, "k") } };
    str sets[] = { jose_jwk(&lasting, &one, "k", "HS256"),
                   jose_jwk(&lasting, &other, "k", "HS256") };
    ck_assert_int_eq(keyring_open(&shared.ring, &options), CARDEA_OK);
    ck_assert(keyring_take(shared.ring, 0, sets[0], true));
    pthread_t threads[READERS];
    for (int i = 0; i < READERS; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, read_all_the_time, &shared), 0);
    }
    for (int i = 0; i < ROUNDS || atomic_load(&shared.accepted) < ROUNDS; i++) {
        ck_assert(keyring_take(shared.ring, 0, sets[i % 2], true));
        ck_assert_int_le(count_replaced(shared.ring), READERS);
    }
    atomic_store(&shared.stop, true);
    for (int i = 0; i < READERS; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    }
    ck_assert_int_eq(atomic_load(&shared.strange), 0);
    keyring_close(shared.ring);
}
END_TEST

int main(void)
{
    one = jose_key_new("oct", "the first issuer's secret, long enough");
    other = jose_key_new("oct", "the second issuer's secret, as long");
    Suite *suite = suite_create("keyring");
    TCase *tcase = tcase_create("keyring");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, chooses_the_set);
    tcase_add_test(tcase, bad_sets_refuse_only_their_tokens);
    tcase_add_test(tcase, reading_again);
    tcase_add_test(tcase, remote_sets);
    tcase_add_test(tcase, without_verification);
    tcase_add_loop_test(tcase, intervals_of_replies, 0, countof(intervals));
    tcase_add_test(tcase, sets_are_replaced_under_readers);
    suite_add_tcase(suite, tcase);
    return unit_run(suite);
}
