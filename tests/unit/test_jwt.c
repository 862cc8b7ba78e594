/* test_jwt.c — tokens: what verifies, what is refused, what policies see
 *
 * testdata/jwt/record.json holds tokens and key sets with the reference's answers. What is forged
 * here is made with keys of this run: every algorithm with every key, headers that lie, changed
 * bits.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "auth/jwt.h"

#include "base/b64.h"
#include "base/files.h"
#include "support/jose.h"
#include "support/unit.h"
#include "value/json_in.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

#define NOW_S INT64_C(1700000000)

static struct jose_key keys[] = {
    { .type = "RSA" },   { .type = "P-256" },   { .type = "P-384" },
    { .type = "P-521" }, { .type = "ED25519" }, { .type = "oct" },
};
enum { RSA2048, P256, P384, P521, ED, OCT };

static const struct {
    const char *name;
    enum jwa alg;
    int key;
} algorithms[] = {
    { "RS256", JWA_RS256, RSA2048 }, { "RS384", JWA_RS384, RSA2048 },
    { "RS512", JWA_RS512, RSA2048 }, { "PS256", JWA_PS256, RSA2048 },
    { "PS384", JWA_PS384, RSA2048 }, { "PS512", JWA_PS512, RSA2048 },
    { "ES256", JWA_ES256, P256 },    { "ES384", JWA_ES384, P384 },
    { "ES512", JWA_ES512, P521 },    { "EdDSA", JWA_EDDSA, ED },
    { "Ed25519", JWA_ED25519, ED },  { "HS256", JWA_HS256, OCT },
    { "HS384", JWA_HS384, OCT },     { "HS512", JWA_HS512, OCT },
};

static struct jwks *read_keys(struct arena *arena, str text, bool optional)
{
    const struct jwks_rules rules = { .optional_alg = optional, .optional_kid = optional };
    struct jwks *set = NULL;
    str why = STR_EMPTY;
    cardea_status status = jwks_read(&set, arena, text, &rules, &why);
    ck_assert_msg(status == CARDEA_OK, "%.*s\n%.*s", STR_ARG(text), STR_ARG(why));
    return set;
}

static enum jwt_fault judge(struct arena *arena, const struct jwks *set, bool optional, str token)
{
    const struct jwt_rules rules = { .keys = set,
                                     .optional_alg = optional,
                                     .optional_kid = optional,
                                     .now_ns = NOW_S * 1000000000 };
    const struct vmap *claims = NULL;
    enum jwt_fault fault = jwt_read(arena, token, &rules, &claims);
    ck_assert_msg((fault == JWT_OK) == (claims != NULL), "%d", fault);
    return fault;
}

static char *header_of(struct arena *arena, const char *alg, const char *kid)
{
    return str_to_c(arena, str_printf(arena, "{\"alg\":\"%s\",\"kid\":\"%s\"}", alg, kid));
}

/* ---- the record ---- */

static str text_member(const struct vmap *map, const char *name)
{
    struct value v = vmap_find_str(map, str_from_c(name));
    return v.kind == V_STRING ? v_str(v) : STR_EMPTY;
}

static bool flag(const struct vmap *map, const char *name)
{
    return v_is_true(vmap_find_str(map, str_from_c(name)));
}

static const struct vmap *read_record(struct arena *arena)
{
    str text;
    str why = STR_EMPTY;
    ck_assert_msg(file_read(arena, S("testdata/jwt/record.json"), 1 << 22, &text, &why) ==
                      CARDEA_OK,
                  "%.*s", STR_ARG(why));
    const struct json_limits limits = { .max_depth = 300 }; /* one case nests deeply */
    struct json_error error;
    struct value root = json_read(arena, text, &limits, &error);
    ck_assert_int_eq(root.kind, V_MAP);
    return root.map;
}

static const struct vmap *find_set(const struct vmap *record, str id)
{
    struct value sets = vmap_find_str(record, S("sets"));
    for (uint32_t i = 0; i < sets.len; i++) {
        if (str_eq(text_member(sets.items[i].map, "id"), id)) {
            return sets.items[i].map;
        }
    }
    ck_abort_msg("no set %.*s", STR_ARG(id));
    return NULL;
}

/* The claims, or the number 400 as the record has it. */
static struct value answer(struct arena *arena, const struct vmap *set, str token, int64_t now_s)
{
    struct jwt_rules rules = { .now_ns = now_s * 1000000000 };
    struct jwks *parsed = NULL;
    if (set != NULL) {
        const struct jwks_rules how = { .pem = flag(set, "pem"),
                                        .optional_alg = flag(set, "optionalAlg"),
                                        .optional_kid = flag(set, "optionalKid") };
        str why = STR_EMPTY;
        if (jwks_read(&parsed, arena, text_member(set, "text"), &how, &why) != CARDEA_OK) {
            return v_double(400);
        }
        rules.keys = parsed;
        rules.optional_alg = how.optional_alg;
        rules.optional_kid = how.optional_kid;
    }
    const struct vmap *claims = NULL;
    enum jwt_fault fault = jwt_read(arena, token, &rules, &claims);
    jwks_free(parsed);
    return fault == JWT_OK ? v_map(claims) : v_double(400);
}

START_TEST(answers_as_recorded)
{
    struct arena *arena = unit_arena();
    const struct vmap *record = read_record(arena);
    struct value now = vmap_find_str(record, S("now"));
    struct value cases = vmap_find_str(record, S("cases"));
    ck_assert_int_gt(cases.len, 500);
    struct arena_mark mark = arena_mark(arena);
    for (uint32_t i = 0; i < cases.len; i++) {
        arena_reset(arena, mark);
        const struct vmap *one = cases.items[i].map;
        str set = text_member(one, "set");
        struct value want = vmap_find_str(one, S("cardea"));
        if (want.kind == V_NONE) {
            want = vmap_find_str(one, S("reference"));
        }
        struct value got = answer(arena, set.len > 0 ? find_set(record, set) : NULL,
                                  text_member(one, "token"), (int64_t)now.d);
        struct sb shown = sb_new(arena);
        value_text(&shown, got);
        ck_assert_msg(value_equal(got, want) == 1, "%.*s: %.*s", STR_ARG(text_member(one, "name")),
                      STR_ARG(sb_str(&shown)));
    }
}
END_TEST

/* ---- algorithms ---- */

START_TEST(verifies)
{
    struct arena *arena = unit_arena();
    const struct jose_key *key = &keys[algorithms[_i].key];
    const char *name = algorithms[_i].name;
    str token = jose_token(arena, key, algorithms[_i].alg, header_of(arena, name, "k"), "{}");
    struct jwks *set = read_keys(arena, jose_jwk(arena, key, "k", name), false);
    ck_assert_int_eq(judge(arena, set, false, token), JWT_OK);
    jwks_free(set);
    set = read_keys(arena, jose_jwk(arena, key, NULL, NULL), true);
    ck_assert_int_eq(judge(arena, set, true, token), JWT_OK);
    jwks_free(set);
}
END_TEST

/* A key whose `alg` is one thing, a header that says another, a signature by a third: only when all
 * three agree does a token stand. */
START_TEST(three_must_agree)
{
    struct arena *arena = unit_arena();
    const struct jose_key *key = &keys[algorithms[_i].key];
    struct arena_mark mark = arena_mark(arena);
    for (int said = 0; said < countof(algorithms); said++) {
        for (int bound = 0; bound < countof(algorithms); bound++) {
            arena_reset(arena, mark);
            char *header = header_of(arena, algorithms[said].name, "k");
            str token = jose_token(arena, key, algorithms[_i].alg, header, "{}");
            struct jwks *set =
                read_keys(arena, jose_jwk(arena, key, "k", algorithms[bound].name), false);
            enum jwt_fault fault = judge(arena, set, false, token);
            jwks_free(set);
            bool alike =
                algorithms[_i].key == ED && algorithms[said].key == ED; /* two names of one */
            bool agree = said == bound && (said == _i || alike);
            ck_assert_msg((fault == JWT_OK) == agree, "signed %s, said %s, bound to %s: %d",
                          algorithms[_i].name, algorithms[said].name, algorithms[bound].name,
                          fault);
        }
    }
}
END_TEST

/* Without `alg` in the key, the type of the key still decides. */
START_TEST(type_of_the_key_decides)
{
    struct arena *arena = unit_arena();
    for (int k = 0; k < countof(keys); k++) {
        struct jwks *set = read_keys(arena, jose_jwk(arena, &keys[k], "k", NULL), true);
        const struct jose_key *signer = &keys[algorithms[_i].key];
        str token = jose_token(arena, signer, algorithms[_i].alg,
                               header_of(arena, algorithms[_i].name, "k"), "{}");
        enum jwt_fault fault = judge(arena, set, true, token);
        jwks_free(set);
        ck_assert_msg((fault == JWT_OK) == (algorithms[_i].key == k), "%s with %s: %d",
                      algorithms[_i].name, keys[k].type, fault);
    }
}
END_TEST

/* ---- forgeries ---- */

static str public_pem(struct arena *arena, const struct jose_key *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    ck_assert_int_eq(PEM_write_bio_PUBKEY(bio, key->pair), 1);
    char *text = NULL;
    long len = BIO_get_mem_data(bio, &text);
    str copy = str_copy(arena, (str){ text, len });
    BIO_free(bio);
    return copy;
}

static str public_der(struct arena *arena, const struct jose_key *key)
{
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(key->pair, &der);
    ck_assert_int_gt(len, 0);
    str copy = str_copy(arena, (str){ (const char *)der, len });
    OPENSSL_free(der);
    return copy;
}

/* The public key, in any form that an attacker may have it, used as the secret of an HMAC. */
START_TEST(public_keys_are_no_secrets)
{
    static const enum jwa macs[] = { JWA_HS256, JWA_HS384, JWA_HS512 };
    static const char *const names[] = { "HS256", "HS384", "HS512" };
    struct arena *arena = unit_arena();
    const struct jose_key *key = &keys[_i];
    str jwk = jose_jwk(arena, key, "k", NULL);
    str pem = public_pem(arena, key);
    str secrets[] = { pem, str_trim(pem), public_der(arena, key), jwk, S("k"), STR_EMPTY };
    struct jwks *set = read_keys(arena, jwk, true);
    for (int s = 0; s < countof(secrets); s++) {
        for (int m = 0; m < countof(macs); m++) {
            str header = str_from_c(header_of(arena, names[m], "k"));
            str plain = jose_join(arena, header, S("{}"), STR_EMPTY);
            str mac = jose_hmac(arena, macs[m], secrets[s], str_slice(plain, 0, plain.len - 1));
            str token = jose_join(arena, header, S("{}"), mac);
            ck_assert_int_eq(judge(arena, set, true, token), JWT_KEY_ALG);
        }
    }
    jwks_free(set);
}
END_TEST

static const struct {
    const char *header;
    enum jwt_fault fault;
} lies[] = {
    { "{\"alg\":\"none\",\"kid\":\"k\"}", JWT_ALG },
    { "{\"alg\":\"None\",\"kid\":\"k\"}", JWT_ALG },
    { "{\"alg\":\"NONE\",\"kid\":\"k\"}", JWT_ALG },
    { "{\"alg\":\"\",\"kid\":\"k\"}", JWT_ALG },
    { "{\"alg\":\"none\\u0000\",\"kid\":\"k\"}", JWT_ALG },
    { "{\"alg\":\"ES256\\u0000\",\"kid\":\"k\"}", JWT_ALG },
    { "{\"alg\":\" ES256\",\"kid\":\"k\"}", JWT_ALG },
    { "{\"alg\":\"es256\",\"kid\":\"k\"}", JWT_ALG },
    { "{\"alg\":\"ES256K\",\"kid\":\"k\"}", JWT_ALG },
    { "{\"alg\":\"RSA-OAEP\",\"kid\":\"k\"}", JWT_ALG },
    { "{\"alg\":\"dir\",\"kid\":\"k\"}", JWT_ALG },
    { "{\"kid\":\"k\"}", JWT_ALG },
    { "{\"alg\":null,\"kid\":\"k\"}", JWT_HEADER },
    { "{\"alg\":[\"ES256\"],\"kid\":\"k\"}", JWT_HEADER },
    { "{\"alg\":\"ES256\"}", JWT_NO_KID },
    { "{\"alg\":\"ES256\",\"kid\":\"\"}", JWT_UNKNOWN_KID },
    { "{\"alg\":\"ES256\",\"kid\":\"K\"}", JWT_UNKNOWN_KID },
    { "{\"alg\":\"ES256\",\"kid\":\"k\\u0000\"}", JWT_UNKNOWN_KID },
    { "{\"alg\":\"ES256\",\"kid\":\"../k\"}", JWT_UNKNOWN_KID },
    { "{\"alg\":\"ES256\",\"kid\":{\"$ne\":\"\"}}", JWT_HEADER },
    { "{\"alg\":\"ES384\",\"kid\":\"k\"}", JWT_KEY_ALG },
    { "{\"alg\":\"RS256\",\"kid\":\"k\"}", JWT_KEY_ALG },
    { "{\"alg\":\"HS256\",\"kid\":\"k\"}", JWT_KEY_ALG },
    { "{\"alg\":\"EdDSA\",\"kid\":\"k\"}", JWT_KEY_ALG },
    { "{\"alg\":\"ES256\",\"kid\":\"k\",\"crit\":[]}", JWT_CRIT },
    { "{\"alg\":\"ES256\",\"kid\":\"k\",\"crit\":[\"exp\"],\"exp\":1}", JWT_CRIT },
    { "{\"alg\":\"ES256\",\"kid\":\"k\",\"crit\":[\"b64\"],\"b64\":false}", JWT_CRIT },
    { "{\"alg\":\"ES256\",\"kid\":\"k\",\"b64\":false}", JWT_CRIT },
    { "{\"alg\":\"ES256\",\"kid\":\"k\",\"crit\":\"exp\"}", JWT_HEADER },
    { "{\"alg\":\"none\",\"alg\":\"ES256\",\"kid\":\"k\"}", JWT_HEADER },
    { "{\"alg\":\"ES256\",\"kid\":\"x\",\"kid\":\"k\"}", JWT_HEADER },
    { "{\"alg\":\"ES256\",\"kid\":\"k\"} ", JWT_HEADER },
    { " {\"alg\":\"ES256\",\"kid\":\"k\"}", JWT_HEADER },
    { "{\"alg\":\"ES256\",\"kid\":\"k\"}{}", JWT_HEADER },
    { "[\"ES256\"]", JWT_HEADER },
    { "", JWT_HEADER },
};

/* Signed by the right key: the header alone is wrong. */
START_TEST(headers_that_lie)
{
    struct arena *arena = unit_arena();
    struct jwks *set = read_keys(arena, jose_jwk(arena, &keys[P256], "k", "ES256"), false);
    str token = jose_token(arena, &keys[P256], JWA_ES256, lies[_i].header, "{}");
    enum jwt_fault fault = judge(arena, set, false, token);
    jwks_free(set);
    ck_assert_msg(fault == lies[_i].fault, "%s: %d", lies[_i].header, fault);
}
END_TEST

/* A key that the header brings along is not trusted, whatever signs with it. */
START_TEST(keys_in_headers_are_not_trusted)
{
    struct arena *arena = unit_arena();
    struct jose_key own = jose_key_new("P-256", NULL);
    struct jwks *set = read_keys(arena, jose_jwk(arena, &keys[P256], "k", "ES256"), false);
    str jwk = jose_jwk(arena, &own, "k", "ES256");
    str header = str_printf(arena,
                            "{\"alg\":\"ES256\",\"kid\":\"k\",\"jwk\":%.*s,\"jku\":"
                            "\"https://evil.example\",\"x5u\":\"https://evil.example\"}",
                            STR_ARG(jwk));
    str token = jose_token(arena, &own, JWA_ES256, str_to_c(arena, header), "{}");
    ck_assert_int_eq(judge(arena, set, false, token), JWT_SIGNATURE);
    jwks_free(set);
    jose_key_free(&own);
}
END_TEST

/* No bit of a token can be changed. */
START_TEST(every_bit_counts)
{
    struct arena *arena = unit_arena();
    const char *name = algorithms[_i].name;
    const struct jose_key *key = &keys[algorithms[_i].key];
    struct jwks *set = read_keys(arena, jose_jwk(arena, key, "k", name), false);
    str token = jose_token(arena, key, algorithms[_i].alg, header_of(arena, name, "k"),
                           "{\"sub\":\"ann\"}");
    char *changed = arena_bytes(arena, token.len);
    memcpy(changed, token.ptr, (size_t)token.len);
    struct arena_mark mark = arena_mark(arena);
    int step = key->type[0] == 'P' && key->type[2] != '2' ? 7 : 1; /* the large curves are slow */
    for (isize bit = 0; bit < token.len * 8; bit += step) {
        arena_reset(arena, mark);
        changed[bit / 8] = (char)(changed[bit / 8] ^ (1 << (bit % 8)));
        enum jwt_fault fault = judge(arena, set, false, (str){ changed, token.len });
        ck_assert_msg(fault != JWT_OK, "bit %lld", (long long)bit);
        changed[bit / 8] = token.ptr[bit / 8];
    }
    for (isize len = 0; len < token.len; len++) {
        arena_reset(arena, mark);
        ck_assert_int_ne(judge(arena, set, false, str_slice(token, 0, len)), JWT_OK);
    }
    ck_assert_int_eq(judge(arena, set, false, token), JWT_OK);
    jwks_free(set);
}
END_TEST

static const char *const shapes[] = {
    "",
    ".",
    "..",
    "...",
    "a",
    "a.b",
    "a.b.c.d",
    "a.b.c.d.e",
    "e30.e30.e30.",
    ".e30.e30.e30",
    "e30..e30",
    "e30.e30.",
    "=.=.=",
    "e30=.e30.e30",
    "e30.e30=.e30",
    "e30 .e30.e30",
    "e30.e3-0.e30",
    "e30.e30.e3+",
    "e30.e30.e3/",
    "e31.e30.e30",
    "\xff.\xff.\xff",
    "{}",
    "{\"sub\":\"ann\"}",
    "{\"payload\":\"e30\",\"signatures\":[{\"protected\":\"e30\",\"signature\":\"e30\"}]}",
    "null",
    "Bearer e30.e30.e30",
};

START_TEST(shapes_that_are_none)
{
    struct arena *arena = unit_arena();
    struct jwks *set = read_keys(arena, jose_jwk(arena, &keys[OCT], "k", "HS256"), false);
    ck_assert_int_ne(judge(arena, set, false, str_from_c(shapes[_i])), JWT_OK);
    jwks_free(set);
}
END_TEST

/* ECDSA signatures that are no numbers in range, of every length up to twice the right one. */
START_TEST(odd_signatures)
{
    static const char fills[] = { 0, 1, (char)0x7f, (char)0x80, (char)0xff };
    struct arena *arena = unit_arena();
    const char *name = algorithms[_i].name;
    struct jwks *set =
        read_keys(arena, jose_jwk(arena, &keys[algorithms[_i].key], "k", name), false);
    str header = str_from_c(header_of(arena, name, "k"));
    char bytes[300];
    struct arena_mark mark = arena_mark(arena);
    for (isize len = 0; len <= countof(bytes); len += len < 140 ? 1 : 16) {
        for (int f = 0; f < countof(fills); f++) {
            arena_reset(arena, mark);
            memset(bytes, fills[f], sizeof bytes);
            str token = jose_join(arena, header, S("{}"), (str){ bytes, len });
            ck_assert_int_eq(judge(arena, set, false, token), JWT_SIGNATURE);
        }
    }
    jwks_free(set);
}
END_TEST

START_TEST(sizes_are_bounded)
{
    struct arena *arena = unit_arena();
    struct jwks *set = read_keys(arena, jose_jwk(arena, &keys[OCT], "k", "HS256"), false);
    char *text = arena_bytes(arena, 300000);
    memset(text, 'A', 300000);
    ck_assert_int_eq(judge(arena, set, false, (str){ text, 300000 }), JWT_SIZE);
    str token = str_printf(arena, "%.*s.e30.e30", 48000, text);
    ck_assert_int_eq(judge(arena, set, false, token), JWT_SIZE);
    struct sb deep = sb_new(arena);
    for (int i = 0; i < 70; i++) {
        sb_add(&deep, S("{\"a\":"));
    }
    sb_add(&deep, S("1"));
    for (int i = 0; i < 70; i++) {
        sb_add(&deep, S("}"));
    }
    token = jose_token(arena, &keys[OCT], JWA_HS256, header_of(arena, "HS256", "k"),
                       str_to_c(arena, sb_str(&deep)));
    ck_assert_int_eq(judge(arena, set, false, token), JWT_CLAIMS);
    jwks_free(set);
}
END_TEST

/* ---- tokens in tokens ---- */

START_TEST(nested_tokens_are_verified_twice)
{
    struct arena *arena = unit_arena();
    struct jwks *set = read_keys(arena, jose_jwk(arena, &keys[OCT], "k", "HS256"), false);
    struct jose_key other = jose_key_new("oct", "another secret of thirty-two byte");
    char *header = header_of(arena, "HS256", "k");
    str inner = jose_token(arena, &keys[OCT], JWA_HS256, header, "{\"sub\":\"in\"}");
    str forged = jose_token(arena, &other, JWA_HS256, header, "{\"sub\":\"in\"}");
    str good = jose_token(arena, &keys[OCT], JWA_HS256, header, str_to_c(arena, inner));
    str bad = jose_token(arena, &keys[OCT], JWA_HS256, header, str_to_c(arena, forged));
    str deep = jose_token(arena, &keys[OCT], JWA_HS256, header, str_to_c(arena, good));
    ck_assert_int_eq(judge(arena, set, false, good), JWT_OK);
    ck_assert_int_eq(judge(arena, set, false, bad), JWT_SIGNATURE);
    ck_assert_int_eq(judge(arena, set, false, deep), JWT_CLAIMS);
    jwks_free(set);
}
END_TEST

/* ---- times ---- */

static const struct {
    const char *claim;
    int64_t offset_s; /* of the claim from now        */
    int64_t extra_ns; /* of now within its second     */
    int64_t skew_ms;
    enum jwt_fault fault;
} times[] = {
    { "exp", 1, 0, 0, JWT_OK },
    { "exp", 1, 999999999, 0, JWT_OK },
    { "exp", 0, 0, 0, JWT_EXPIRED },
    { "exp", -1, 0, 0, JWT_EXPIRED },
    { "exp", 0, 0, 1, JWT_OK },
    { "exp", -59, 0, 60000, JWT_OK },
    { "exp", -60, 0, 60000, JWT_EXPIRED },
    { "exp", -60, 0, 60001, JWT_OK },
    { "exp", -61, 0, 60000, JWT_EXPIRED },
    { "nbf", 0, 0, 0, JWT_OK },
    { "nbf", -1, 0, 0, JWT_OK },
    { "nbf", 1, 0, 0, JWT_NOT_YET },
    { "nbf", 1, 999999999, 0, JWT_NOT_YET },
    { "nbf", 1, 0, 999, JWT_NOT_YET },
    { "nbf", 1, 0, 1000, JWT_OK },
    { "nbf", 60, 0, 60000, JWT_OK },
    { "nbf", 61, 0, 60000, JWT_NOT_YET },
    { "iat", 0, 0, 0, JWT_OK },
    { "iat", -1000000, 0, 0, JWT_OK },
    { "iat", 1, 0, 0, JWT_ISSUED },
    { "iat", 60, 0, 60000, JWT_OK },
    { "iat", 61, 0, 60000, JWT_ISSUED },
};

START_TEST(judges_times)
{
    struct arena *arena = unit_arena();
    struct jwks *set = read_keys(arena, jose_jwk(arena, &keys[OCT], "k", "HS256"), false);
    str payload = str_printf(arena, "{\"%s\":%lld}", times[_i].claim,
                             (long long)(NOW_S + times[_i].offset_s));
    str token = jose_token(arena, &keys[OCT], JWA_HS256, header_of(arena, "HS256", "k"),
                           str_to_c(arena, payload));
    for (int verify = 0; verify < 2; verify++) { /* times are checked without verification too */
        const struct jwt_rules rules = { .keys = verify ? set : NULL,
                                         .skew_ms = times[_i].skew_ms,
                                         .now_ns = NOW_S * 1000000000 + times[_i].extra_ns };
        const struct vmap *claims = NULL;
        ck_assert_int_eq(jwt_read(arena, token, &rules, &claims), times[_i].fault);
    }
    jwks_free(set);
}
END_TEST

/* ---- memory that ends anywhere ---- */

START_TEST(memory_may_end_anywhere)
{
    struct arena *arena = unit_arena();
    struct jwks *set = read_keys(arena, jose_jwk(arena, &keys[P256], "k", "ES256"), false);
    str token = jose_token(arena, &keys[P256], JWA_ES256, header_of(arena, "ES256", "k"),
                           "{\"aud\":\"a\",\"exp\":1700000001,\"x\":[1,{\"y\":null}]}");
    struct arena work;
    arena_init(&work, 4096, 1 << 20);
    volatile int ended = 0;
    volatile bool done = false;
    for (volatile long n = 1; !done && n < 1000; n++) {
        jmp_buf env;
        arena_clear(&work, 0);
        (void)arena_guard_set(&work, &env);
        if (setjmp(env) != 0) {
            ended++;
            continue;
        }
        (void)arena_fail_after(n);
        done = judge(&work, set, false, token) == JWT_OK;
        (void)arena_fail_after(0);
    }
    (void)arena_fail_after(0);
    ck_assert(done);
    ck_assert_int_gt(ended, 5);
    arena_free(&work);
    jwks_free(set);
}
END_TEST

int main(void)
{
    for (int i = 0; i < countof(keys); i++) {
        keys[i] = jose_key_new(keys[i].type, i == OCT ? "a secret that has thirty-two byte" : NULL);
    }
    Suite *suite = suite_create("jwt");
    TCase *tcase = tcase_create("jwt");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, answers_as_recorded);
    tcase_add_loop_test(tcase, verifies, 0, countof(algorithms));
    tcase_add_loop_test(tcase, three_must_agree, 0, countof(algorithms));
    tcase_add_loop_test(tcase, type_of_the_key_decides, 0, countof(algorithms));
    tcase_add_loop_test(tcase, public_keys_are_no_secrets, 0, OCT);
    tcase_add_loop_test(tcase, headers_that_lie, 0, countof(lies));
    tcase_add_test(tcase, keys_in_headers_are_not_trusted);
    tcase_add_loop_test(tcase, every_bit_counts, 0, countof(algorithms));
    tcase_add_loop_test(tcase, shapes_that_are_none, 0, countof(shapes));
    tcase_add_loop_test(tcase, odd_signatures, 0, countof(algorithms));
    tcase_add_test(tcase, sizes_are_bounded);
    tcase_add_test(tcase, nested_tokens_are_verified_twice);
    tcase_add_loop_test(tcase, judges_times, 0, countof(times));
    tcase_add_test(tcase, memory_may_end_anywhere);
    suite_add_tcase(suite, tcase);
    int failed = unit_run(suite);
    for (int i = 0; i < countof(keys); i++) {
        jose_key_free(&keys[i]);
    }
    return failed;
}
