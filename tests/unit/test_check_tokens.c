/* test_check_tokens.c — tokens in the bodies of checks: when they are looked at, where claims go
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/check_request.h"

#include "support/unit.h"

/* A door that takes every token but `bad`, and remembers what it was asked. */
struct fake_door {
    struct token_door door;
    int asked;
    int64_t now_ns;
    str key_set_id;
};

static const struct vmap *take(struct token_door *door, struct arena *arena,
                               const struct check_token *token, int64_t now_ns)
{
    struct fake_door *fake = (struct fake_door *)(void *)door;
    fake->asked++;
    fake->now_ns = now_ns;
    fake->key_set_id = token->key_set_id;
    if (str_eq(token->token, S("bad"))) {
        return NULL;
    }
    struct vmap *claims = vmap_new(arena, 1);
    vmap_append(arena, claims, v_string(S("sub")), v_string(token->token));
    return claims;
}

static struct fake_door fake;
static struct check_request request;
static struct check_refusal refusal;

static bool read_body(const char *actions, const char *aux, bool door)
{
    fake = (struct fake_door){ .door = { take } };
    request = (struct check_request){ .now_ns = 42 };
    const struct check_limits limits = { .resources = 1,
                                         .actions = 1,
                                         .tokens = door ? &fake.door : NULL };
    struct check_body body;
    str text = str_printf(unit_arena(),
                          "{\"principal\":{\"id\":\"p\",\"roles\":[\"r\"]},\"resources\":[{"
                          "\"actions\":[%s],\"resource\":{\"kind\":\"k\",\"id\":\"i\"}}],"
                          "\"auxData\":%s}",
                          actions, aux);
    struct arena arena;
    arena_init(&arena, 1 << 16, 1 << 24);
    bool taken = check_request_read(&arena, text, &limits, &body, &request, &refusal);
    refusal.message = str_copy(unit_arena(), refusal.message);
    if (taken && request.aux.jwt != NULL) { /* what is compared later outlives the arena */
        expect_str(v_str(vmap_find_str(request.aux.jwt, S("sub"))), "good");
    }
    arena_free(&arena);
    return taken;
}

START_TEST(claims_of_one)
{
    ck_assert(read_body("\"a\"", "{\"jwt\":{\"token\":\"good\",\"keySetId\":\"k\"}}", true));
    ck_assert(request.aux.present && request.aux.jwt != NULL && request.aux.jwts == NULL);
    ck_assert_int_eq(fake.asked, 1);
    ck_assert_int_eq(fake.now_ns, 42);
}
END_TEST

START_TEST(no_token_is_no_question)
{
    static const char *const empty[] = { "{}", "{\"jwts\":{}}", "{\"jwt\":null}", "null" };
    for (int i = 0; i < countof(empty); i++) {
        ck_assert(read_body("\"a\"", empty[i], true));
        ck_assert(request.aux.jwt == NULL && request.aux.jwts == NULL);
        ck_assert_int_eq(fake.asked, 0);
        ck_assert(read_body("\"a\"", empty[i], false));
    }
}
END_TEST

START_TEST(without_a_door_every_token_is_refused)
{
    ck_assert(!read_body("\"a\"", "{\"jwt\":{\"token\":\"good\"}}", false));
    expect_str(refusal.message, "invalid auxData");
    ck_assert(!read_body("\"a\"", "{\"jwts\":{\"x\":{\"token\":\"good\"}}}", false));
    expect_str(refusal.message, "invalid auxData");
}
END_TEST

START_TEST(one_bad_token_is_enough)
{
    ck_assert(!read_body("\"a\"", "{\"jwt\":{\"token\":\"bad\"}}", true));
    ck_assert_int_eq(refusal.code, 3);
    expect_str(refusal.message, "invalid auxData");
    ck_assert(!read_body(
        "\"a\"", "{\"jwts\":{\"x\":{\"token\":\"good\"},\"y\":{\"token\":\"bad\"}}}", true));
    expect_str(refusal.message, "invalid auxData");
}
END_TEST

/* The reference counts resources, reads tokens, counts actions. */
START_TEST(order_of_checks)
{
    ck_assert(!read_body("\"a\",\"b\"", "{\"jwt\":{\"token\":\"bad\"}}", true));
    expect_str(refusal.message, "invalid auxData");
    ck_assert(!read_body("\"a\",\"b\"", "{\"jwt\":{\"token\":\"good\"}}", true));
    expect_str(refusal.message, "number of actions (2) exceeds configured limit (1)");
}
END_TEST

START_TEST(named_tokens)
{
    struct arena *arena = unit_arena();
    const struct check_limits limits = { .tokens = &fake.door };
    const struct check_token tokens[] = { { .name = S("x"), .token = S("one") },
                                          { .name = S("y"), .token = S("two") } };
    const struct check_aux aux = { .jwts = tokens, .jwt_count = countof(tokens) };
    fake = (struct fake_door){ .door = { take } };
    request = (struct check_request){ .now_ns = 1 };
    ck_assert(check_tokens(arena, &aux, true, &limits, &request, &refusal));
    ck_assert_ptr_null(request.aux.jwt);
    ck_assert_int_eq(request.aux.jwts->count, 2);
    struct value y = vmap_find_str(request.aux.jwts, S("y"));
    struct value claims = vmap_find_str(y.map, S("claims"));
    expect_str(v_str(vmap_find_str(claims.map, S("sub"))), "two");
}
END_TEST

START_TEST(tokens_are_bounded)
{
    struct arena *arena = unit_arena();
    const struct check_limits limits = { .tokens = &fake.door };
    struct check_token tokens[17];
    for (int i = 0; i < countof(tokens); i++) {
        tokens[i] = (struct check_token){ .name = str_printf(arena, "t%d", i), .token = S("good") };
    }
    struct check_aux aux = { .jwts = tokens, .jwt_count = 16 };
    fake = (struct fake_door){ .door = { take } };
    ck_assert(check_tokens(arena, &aux, true, &limits, &request, &refusal));
    ck_assert_int_eq(fake.asked, 16);
    aux.jwt_count = 17;
    fake.asked = 0;
    ck_assert(!check_tokens(arena, &aux, true, &limits, &request, &refusal));
    ck_assert_int_eq(fake.asked, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("check_tokens");
    TCase *tcase = tcase_create("check_tokens");
    tcase_add_test(tcase, claims_of_one);
    tcase_add_test(tcase, no_token_is_no_question);
    tcase_add_test(tcase, without_a_door_every_token_is_refused);
    tcase_add_test(tcase, one_bad_token_is_enough);
    tcase_add_test(tcase, order_of_checks);
    tcase_add_test(tcase, named_tokens);
    tcase_add_test(tcase, tokens_are_bounded);
    suite_add_tcase(suite, tcase);
    return unit_run(suite);
}
