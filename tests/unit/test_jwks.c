/* test_jwks.c — sets of keys: what is read, what makes a set unusable, what is kept of a key
 *
 * testdata/jwt/record.json holds sets with what is said of the unusable ones; whether a set can be
 * used at all is the reference's answer too, as test_jwt.c finds out with tokens. The keys of the
 * RFCs come with signatures that neither this program nor the reference has made.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "auth/jwks.h"
#include "auth/signature.h"

#include "base/b64.h"
#include "base/files.h"
#include "support/jose.h"
#include "support/unit.h"
#include "value/json_in.h"

#include <openssl/core_names.h>
#include <stdio.h>

static const struct jwks_rules strict = { .pem = false };
static const struct jwks_rules loose = { .optional_alg = true, .optional_kid = true };
static const struct jwks_rules loose_pem = { .pem = true,
                                             .optional_alg = true,
                                             .optional_kid = true };

static cardea_status read_set(const char *text, const struct jwks_rules *rules, struct jwks **set,
                              str *why)
{
    *why = STR_EMPTY;
    cardea_status status = jwks_read(set, unit_arena(), str_from_c(text), rules, why);
    ck_assert_int_eq(status == CARDEA_OK, *set != NULL);
    ck_assert_int_eq(status == CARDEA_OK, why->len == 0);
    return status;
}

/* ---- the record ---- */

static str text_member(const struct vmap *map, const char *name)
{
    struct value v = vmap_find_str(map, str_from_c(name));
    return v.kind == V_STRING ? v_str(v) : STR_EMPTY;
}

static struct value read_record(struct arena *arena)
{
    str text;
    str why = STR_EMPTY;
    ck_assert_msg(file_read(arena, S("testdata/jwt/record.json"), 1 << 22, &text, &why) ==
                      CARDEA_OK,
                  "%.*s", STR_ARG(why));
    const struct json_limits limits = { .max_depth = 300 };
    struct json_error error;
    struct value root = json_read(arena, text, &limits, &error);
    ck_assert_int_eq(root.kind, V_MAP);
    return vmap_find_str(root.map, S("sets"));
}

START_TEST(sets_as_recorded)
{
    struct arena *arena = unit_arena();
    struct value sets = read_record(arena);
    ck_assert_int_gt(sets.len, 90);
    for (uint32_t i = 0; i < sets.len; i++) {
        const struct vmap *one = sets.items[i].map;
        const struct jwks_rules rules = {
            .pem = v_is_true(vmap_find_str(one, S("pem"))),
            .optional_alg = v_is_true(vmap_find_str(one, S("optionalAlg"))),
            .optional_kid = v_is_true(vmap_find_str(one, S("optionalKid"))),
        };
        struct jwks *set = NULL;
        str why = STR_EMPTY;
        (void)jwks_read(&set, arena, text_member(one, "text"), &rules, &why);
        str want = text_member(one, "unusable");
        ck_assert_msg(str_eq(why, want) && (set == NULL) == (want.len > 0), "%.*s: %.*s",
                      STR_ARG(text_member(one, "id")), STR_ARG(why));
        jwks_free(set);
    }
}
END_TEST

/* ---- what is wrong ---- */

#define SECRET                                                                                     \
    "{\"kty\":\"oct\",\"k\":\"c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0\",\"kid\":\"a\",\"alg\":\"HS256\"}"

static const struct {
    const char *text;
    cardea_status status;
    const char *why;
} faults[] = {
    { SECRET, CARDEA_OK, "" },
    { "{\"keys\":[" SECRET "]}", CARDEA_OK, "" },
    { "{\"keys\":[" SECRET "," SECRET "]}", CARDEA_OK, "" },
    { "", CARDEA_EINVALID, "not a JSON Web Key (Set): no value" },
    { "[]", CARDEA_EINVALID, "not a JSON Web Key (Set): not an object" },
    { "null", CARDEA_EINVALID, "not a JSON Web Key (Set): not an object" },
    { "{}", CARDEA_EINVALID, "key 1: `kty` must be RSA, EC, OKP or oct" },
    { "{\"keys\":{}}", CARDEA_EINVALID, "`keys` must be a list of at most 1000 keys" },
    { "{\"keys\":[]}", CARDEA_EDENIED, "no key in it" },
    { "{\"keys\":[" SECRET ",5]}", CARDEA_EINVALID, "key 2: must be an object" },
    { "{\"kty\":5}", CARDEA_EINVALID, "key 1: `kty` must be text" },
    { "{\"kty\":\"rsa\"}", CARDEA_EINVALID, "key 1: `kty` must be RSA, EC, OKP or oct" },
    { "{\"kty\":\"oct\"}", CARDEA_EINVALID,
      "key 1: `k` of a secret is missing, empty, too long or not base64" },
    { "{\"kty\":\"oct\",\"k\":\"\"}", CARDEA_EINVALID,
      "key 1: `k` of a secret is missing, empty, too long or not base64" },
    { "{\"kty\":\"oct\",\"k\":\"!!!!\"}", CARDEA_EINVALID,
      "key 1: `k` of a secret is missing, empty, too long or not base64" },
    { "{\"kty\":\"oct\",\"k\":\"c2Vj\"}", CARDEA_EDENIED,
      "key 1: `alg` is missing; `insecure.optionalAlg` would allow that" },
    { "{\"kty\":\"oct\",\"k\":\"c2Vj\",\"alg\":\"HS256\"}", CARDEA_EDENIED,
      "key 1: `kid` is missing or empty; `insecure.optionalKid` would allow that" },
    { "{\"kty\":\"oct\",\"k\":\"c2Vj\",\"alg\":\"HS257\"}", CARDEA_EINVALID,
      "key 1: `alg` is no algorithm that is known" },
    { "{\"kty\":\"oct\",\"k\":\"c2Vj\",\"alg\":256}", CARDEA_EINVALID,
      "key 1: `alg` must be text" },
    { "{\"kty\":\"RSA\",\"n\":\"AQAB\"}", CARDEA_EINVALID,
      "key 1: `n` or `e` of an RSA key is missing or not base64" },
    { "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}", CARDEA_EINVALID,
      "key 1: RSA modulus must have 2048 to 16384 bits" },
    { "{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"AQAB\"}", CARDEA_EINVALID,
      "key 1: RSA modulus must have 2048 to 16384 bits" },
    { "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}", CARDEA_EINVALID,
      "key 1: `x` or `y` has not the length that the curve asks for" },
    { "{\"kty\":\"EC\",\"crv\":\"P-256K\",\"x\":\"AA\",\"y\":\"AA\"}", CARDEA_EINVALID,
      "key 1: `crv` of an EC key must be P-256, P-384 or P-521" },
    { "{\"kty\":\"EC\",\"crv\":7,\"x\":\"AA\",\"y\":\"AA\"}", CARDEA_EINVALID,
      "key 1: `crv`, `x` or `y` of an EC key is missing or malformed" },
    { "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"}", CARDEA_EINVALID,
      "key 1: `x` has not the length that the curve asks for" },
    { "{\"kty\":\"OKP\",\"crv\":\"Ed25518\",\"x\":\"AA\"}", CARDEA_EINVALID,
      "key 1: `crv` of an OKP key must be Ed25519, Ed448, X25519 or X448" },
};

START_TEST(says_what_is_wrong)
{
    struct jwks *set = NULL;
    str why;
    cardea_status status = read_set(faults[_i].text, &strict, &set, &why);
    ck_assert_msg(status == faults[_i].status, "%s: %d", faults[_i].text, status);
    expect_str(why, faults[_i].why);
    jwks_free(set);
}
END_TEST

START_TEST(sizes_are_bounded)
{
    struct arena *arena = unit_arena();
    struct sb sb = sb_new(arena);
    sb_add(&sb, S("{\"keys\":[" SECRET));
    for (int i = 1; i < 1001; i++) {
        sb_add(&sb, S("," SECRET));
    }
    sb_add(&sb, S("]}"));
    struct jwks *set = NULL;
    str why = STR_EMPTY;
    ck_assert_int_eq(jwks_read(&set, arena, sb_str(&sb), &strict, &why), CARDEA_EINVALID);
    char *blanks = arena_bytes(arena, JWKS_TEXT_MOST + 1);
    memset(blanks, ' ', JWKS_TEXT_MOST + 1);
    str large = { blanks, JWKS_TEXT_MOST + 1 };
    ck_assert_int_eq(jwks_read(&set, arena, large, &strict, &why), CARDEA_ELIMIT);
    expect_str(why, "larger than 1 MiB");
    ck_assert_ptr_null(set);
}
END_TEST

START_TEST(weak_secrets_are_counted)
{
    struct jwks *set = NULL;
    str why;
    ck_assert_int_eq(read_set("{\"kty\":\"oct\",\"k\":\"c2Vj\"}", &loose, &set, &why), CARDEA_OK);
    ck_assert_int_eq(set->weak, 1);
    jwks_free(set);
}
END_TEST

/* ---- what is kept ---- */

static void expect_no_private_half(const struct jwks *set)
{
    for (isize i = 0; i < set->count; i++) {
        unsigned char *der = NULL;
        if (set->keys[i].pkey != NULL) {
            ck_assert_int_le(i2d_PrivateKey(set->keys[i].pkey, &der), 0);
        }
    }
}

START_TEST(private_halves_are_dropped)
{
    struct arena *arena = unit_arena();
    struct value sets = read_record(arena);
    int seen = 0;
    for (uint32_t i = 0; i < sets.len; i++) {
        const struct vmap *one = sets.items[i].map;
        str id = text_member(one, "id");
        bool pem = v_is_true(vmap_find_str(one, S("pem")));
        if (!str_starts(id, S("priv")) && !str_ends(id, S("priv"))) {
            continue;
        }
        struct jwks *set = NULL;
        str why = STR_EMPTY;
        ck_assert_int_eq(
            jwks_read(&set, arena, text_member(one, "text"), pem ? &loose_pem : &loose, &why),
            CARDEA_OK);
        expect_no_private_half(set);
        jwks_free(set);
        seen++;
    }
    ck_assert_int_eq(seen, 5);
}
END_TEST

/* ---- signatures of the RFCs ---- */

#define JOE                                                                                        \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cn"   \
    "VlfQ"

static const struct {
    enum jwa alg;
    const char *jwk, *input, *signature;
} rfcs[] = {
    { JWA_HS256, /* RFC 7515, A.1 */
      "{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-"
      "1qS0gZH75aKtMN3Yj0iPS4h"
      "cgUuTwjAzZr1Z9CAow\"}",
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." JOE,
      "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" },
    { JWA_RS256, /* RFC 7515, A.2 */
      "{\"kty\":\"RSA\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-"
      "Vaw"
      "-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_"
      "7OMg0LO"
      "L-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-"
      "UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9k"
      "G4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ\","
      "\"e\":\"AQAB\"}",
      "eyJhbGciOiJSUzI1NiJ9." JOE,
      "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
      "O8W2Fp5ju"
      "jGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_"
      "nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07"
      "Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-"
      "eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipU"
      "TI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw" },
    { JWA_ES256, /* RFC 7515, A.3 */
      "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
      "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
      "eyJhbGciOiJFUzI1NiJ9." JOE,
      "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q" },
    { JWA_EDDSA, /* RFC 8037, A.4 */
      "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
      "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
      "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg" },
};

START_TEST(signatures_of_the_rfcs)
{
    struct arena *arena = unit_arena();
    struct jwks *set = NULL;
    str why = STR_EMPTY;
    ck_assert_int_eq(jwks_read(&set, arena, str_from_c(rfcs[_i].jwk), &loose, &why), CARDEA_OK);
    str signature;
    ck_assert(b64_decode(arena, str_from_c(rfcs[_i].signature), B64_URL, false, false, false,
                         &signature));
    str input = str_from_c(rfcs[_i].input);
    ck_assert(signature_verifies(&set->keys[0], rfcs[_i].alg, input, signature));
    input.len--;
    ck_assert(!signature_verifies(&set->keys[0], rfcs[_i].alg, input, signature));
    jwks_free(set);
}
END_TEST

/* ---- memory that ends anywhere ---- */

static bool survives(struct arena *work, str text, const struct jwks_rules *rules, long fail_at)
{
    struct jwks *set = NULL;
    str why = STR_EMPTY;
    arena_clear(work, 0);
    (void)arena_fail_after(fail_at);
    cardea_status status = jwks_read(&set, work, text, rules, &why);
    (void)arena_fail_after(0);
    ck_assert(status == CARDEA_OK || (status == CARDEA_ELIMIT && set == NULL));
    jwks_free(set);
    return status != CARDEA_OK;
}

START_TEST(memory_may_end_anywhere)
{
    struct arena *arena = unit_arena();
    struct sb sb = sb_new(arena);
    struct jose_key pair = jose_key_new("P-384", NULL);
    str jwk = jose_jwk(arena, &pair, "k", "ES384");
    sb_printf(&sb, "{\"keys\":[" SECRET ",%.*s]}", STR_ARG(jwk));
    struct arena work;
    arena_init(&work, 4096, 1 << 20);
    long n = 1;
    while (n < 1000 && survives(&work, sb_str(&sb), &strict, n)) {
        n++;
    }
    ck_assert_int_gt(n, 5);
    ck_assert_int_lt(n, 1000);
    arena_free(&work);
    jose_key_free(&pair);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("jwks");
    TCase *tcase = tcase_create("jwks");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, sets_as_recorded);
    tcase_add_loop_test(tcase, says_what_is_wrong, 0, countof(faults));
    tcase_add_test(tcase, sizes_are_bounded);
    tcase_add_test(tcase, weak_secrets_are_counted);
    tcase_add_test(tcase, private_halves_are_dropped);
    tcase_add_loop_test(tcase, signatures_of_the_rfcs, 0, countof(rfcs));
    tcase_add_test(tcase, memory_may_end_anywhere);
    suite_add_tcase(suite, tcase);
    return unit_run(suite);
}
