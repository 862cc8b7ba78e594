/* key.c — JSON Web Keys (RFC 7517, 7518, 8037)
 *
 * What makes a key refused here makes its whole set unusable, as with the reference. So members
 * that do not matter for verifying (key_ops, x5c …) are not looked at.
 *
 * Between two allocations from the arena nothing of OpenSSL is held but what *out owns.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "auth/key.h"

#include "base/b64.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <stdlib.h>

#define RSA_LEAST_BITS  2048
#define RSA_MOST_BITS   16384
#define SECRET_MOST     4096 /* bytes */
#define COORDINATE_MOST 66   /* bytes of one coordinate of P-521 */

static bool refuse(str *why, str text)
{
    *why = text;
    return false;
}

static void no_bignum(BIGNUM **n)
{
    BN_free(*n);
}

static void no_builder(OSSL_PARAM_BLD **builder)
{
    OSSL_PARAM_BLD_free(*builder);
}

static void no_params(OSSL_PARAM **params)
{
    OSSL_PARAM_free(*params);
}

static void no_context(EVP_PKEY_CTX **context)
{
    EVP_PKEY_CTX_free(*context);
}

/* ---- members ---- */

/* A member that must be text when it is there; null counts as empty. False: it is something else. */
static bool text_member(const struct vmap *jwk, str name, bool *there, str *out)
{
    struct value v = vmap_find_str(jwk, name);
    *there = v.kind != V_NONE;
    *out = v.kind == V_STRING ? v_str(v) : STR_EMPTY;
    return v.kind == V_STRING || v.kind == V_NULL || v.kind == V_NONE;
}

/* A member in base64. Publishers write both alphabets, with and without padding. */
static bool bytes_member(struct arena *arena, const struct vmap *jwk, str name, str *out)
{
    struct value v = vmap_find_str(jwk, name);
    if (v.kind != V_STRING) {
        return false;
    }
    str text = v_str(v);
    bool standard = str_find_byte(text, '+') >= 0 || str_find_byte(text, '/') >= 0;
    return b64_decode(arena, text, standard ? B64_STANDARD : B64_URL, false, true, true, out);
}

static str without_zeros(str bytes)
{
    while (bytes.len > 0 && bytes.ptr[0] == '\0') {
        bytes = str_slice(bytes, 1, bytes.len);
    }
    return bytes;
}

static bool own_copy(str *out, str bytes)
{
    char *copy = malloc((size_t)bytes.len + 1); /* not NULL for no bytes */
    if (copy == NULL) {
        return false;
    }
    memcpy(copy, bytes.ptr, (size_t)bytes.len);
    *out = (str){ copy, bytes.len };
    return true;
}

/* ---- building ---- */

static EVP_PKEY *from_params(const char *type, OSSL_PARAM *params)
{
    CLEANUP(no_context) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *pkey = NULL;
    if (context == NULL || EVP_PKEY_fromdata_init(context) <= 0 ||
        EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params) <= 0) {
        ERR_clear_error();
        return NULL;
    }
    return pkey;
}

static EVP_PKEY *rsa_key(str n_bytes, str e_bytes)
{
    CLEANUP(no_bignum)
    BIGNUM *n = BN_bin2bn((const unsigned char *)n_bytes.ptr, (int)n_bytes.len, NULL);
    CLEANUP(no_bignum)
    BIGNUM *e = BN_bin2bn((const unsigned char *)e_bytes.ptr, (int)e_bytes.len, NULL);
    CLEANUP(no_builder) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    if (n == NULL || e == NULL || builder == NULL ||
        !OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) ||
        !OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e)) {
        ERR_clear_error();
        return NULL;
    }
    CLEANUP(no_params) OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    return params != NULL ? from_params("RSA", params) : NULL;
}

static bool is_sound_exponent(str e)
{
    bool small = e.len < 4 || (e.len == 4 && ((unsigned char)e.ptr[0] & 0x80) == 0);
    bool odd = e.len > 0 && ((unsigned char)e.ptr[e.len - 1] & 1) != 0;
    return small && odd && !(e.len == 1 && e.ptr[0] == 1);
}

static bool read_rsa(struct key *out, struct arena *arena, const struct vmap *jwk, str *why)
{
    str n;
    str e;
    if (!bytes_member(arena, jwk, S("n"), &n) || !bytes_member(arena, jwk, S("e"), &e)) {
        return refuse(why, S("`n` or `e` of an RSA key is missing or not base64"));
    }
    n = without_zeros(n);
    e = without_zeros(e);
    if (n.len > RSA_MOST_BITS / 8) {
        return refuse(why, S("RSA modulus of more than 16384 bits"));
    }
    if (!is_sound_exponent(e)) {
        return refuse(why, S("RSA exponent must be odd, above 1 and below 2^31"));
    }
    return key_adopt(out, rsa_key(n, e), why);
}

static EVP_PKEY *ec_key(const char *group, isize size, str x, str y)
{
    unsigned char point[1 + 2 * COORDINATE_MOST] = { 4 }; /* uncompressed */
    memcpy(point + 1, x.ptr, (size_t)size);
    memcpy(point + 1 + size, y.ptr, (size_t)size);
    char name[16];
    memcpy(name, group, strlen(group) + 1);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, (size_t)(1 + 2 * size)),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY *pkey = from_params("EC", params);
    CLEANUP(no_context)
    EVP_PKEY_CTX *context = pkey != NULL ? EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL) : NULL;
    if (context == NULL || EVP_PKEY_public_check(context) <= 0) {
        ERR_clear_error();
        EVP_PKEY_free(pkey);
        return NULL;
    }
    return pkey;
}

static bool read_ec(struct key *out, struct arena *arena, const struct vmap *jwk, str *why)
{
    static const struct {
        str name;
        isize size; /* bytes of a coordinate */
    } curves[] = { { S("P-256"), 32 }, { S("P-384"), 48 }, { S("P-521"), 66 } };
    bool there;
    str name;
    str x;
    str y;
    if (!text_member(jwk, S("crv"), &there, &name) || !bytes_member(arena, jwk, S("x"), &x) ||
        !bytes_member(arena, jwk, S("y"), &y)) {
        return refuse(why, S("`crv`, `x` or `y` of an EC key is missing or malformed"));
    }
    for (int i = 0; i < countof(curves); i++) {
        if (!str_eq(name, curves[i].name)) {
            continue;
        }
        if (x.len != curves[i].size || y.len != curves[i].size) {
            return refuse(why, S("`x` or `y` has not the length that the curve asks for"));
        }
        return key_adopt(out, ec_key(curves[i].name.ptr, curves[i].size, x, y), why);
    }
    return refuse(why, S("`crv` of an EC key must be P-256, P-384 or P-521"));
}

static bool read_okp(struct key *out, struct arena *arena, const struct vmap *jwk, str *why)
{
    bool there;
    str name;
    str x;
    if (!text_member(jwk, S("crv"), &there, &name) || !bytes_member(arena, jwk, S("x"), &x) ||
        x.len == 0) {
        return refuse(why, S("`crv` or `x` of an OKP key is missing or malformed"));
    }
    bool ed25519 = str_eq(name, S("Ed25519"));
    bool x25519 = str_eq(name, S("X25519"));
    if ((ed25519 || x25519) && x.len != 32) {
        return refuse(why, S("`x` has not the length that the curve asks for"));
    }
    if (ed25519) {
        EVP_PKEY *pkey =
            EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, (const unsigned char *)x.ptr, 32);
        return key_adopt(out, pkey, why);
    }
    out->type = KEY_UNUSED;
    return x25519 || str_eq(name, S("Ed448")) || str_eq(name, S("X448")) ||
           refuse(why, S("`crv` of an OKP key must be Ed25519, Ed448, X25519 or X448"));
}

static bool read_secret(struct key *out, struct arena *arena, const struct vmap *jwk, str *why)
{
    str bytes;
    if (!bytes_member(arena, jwk, S("k"), &bytes) || bytes.len == 0 || bytes.len > SECRET_MOST) {
        return refuse(why, S("`k` of a secret is missing, empty, too long or not base64"));
    }
    out->type = KEY_SECRET;
    return own_copy(&out->secret, bytes) || refuse(why, S("no memory"));
}

static bool read_common(struct key *out, const struct vmap *jwk, str *why)
{
    bool there;
    str text;
    if (!text_member(jwk, S("kid"), &there, &text)) {
        return refuse(why, S("`kid` must be text"));
    }
    if (!own_copy(&out->kid, text)) {
        return refuse(why, S("no memory"));
    }
    if (!text_member(jwk, S("use"), &there, &text)) {
        return refuse(why, S("`use` must be text"));
    }
    out->for_other = text.len > 0 && !str_eq(text, S("sig"));
    if (!text_member(jwk, S("alg"), &out->has_alg, &text)) {
        return refuse(why, S("`alg` must be text"));
    }
    out->alg = (uint8_t)jwa_find(text);
    return !out->has_alg || out->alg != JWA_UNKNOWN ||
           refuse(why, S("`alg` is no algorithm that is known"));
}

bool key_read_jwk(struct key *out, struct arena *arena, const struct vmap *jwk, str *why)
{
    static const struct {
        str name;
        bool (*read)(struct key *out, struct arena *arena, const struct vmap *jwk, str *why);
    } types[] = { { S("RSA"), read_rsa },
                  { S("EC"), read_ec },
                  { S("OKP"), read_okp },
                  { S("oct"), read_secret } };
    bool there;
    str name;
    if (!text_member(jwk, S("kty"), &there, &name)) {
        return refuse(why, S("`kty` must be text"));
    }
    for (int i = 0; i < countof(types); i++) {
        if (str_eq(name, types[i].name)) {
            return read_common(out, jwk, why) && types[i].read(out, arena, jwk, why);
        }
    }
    return refuse(why, S("`kty` must be RSA, EC, OKP or oct"));
}

/* ---- any key ---- */

static uint8_t curve_type(const EVP_PKEY *pkey)
{
    static const struct {
        const char *name;
        uint8_t type;
    } groups[] = { { "prime256v1", KEY_P256 },
                   { "secp384r1", KEY_P384 },
                   { "secp521r1", KEY_P521 } };
    char name[64] = "";
    size_t len = 0;
    if (EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, name, sizeof name, &len) <=
        0) {
        return KEY_UNUSED;
    }
    for (int i = 0; i < countof(groups); i++) {
        if (strcmp(name, groups[i].name) == 0) {
            return groups[i].type;
        }
    }
    return KEY_UNUSED;
}

bool key_adopt(struct key *out, EVP_PKEY *pkey, str *why)
{
    out->pkey = pkey;
    if (pkey == NULL) {
        ERR_clear_error();
        return refuse(why, S("the key is not valid"));
    }
    if (EVP_PKEY_is_a(pkey, "RSA")) {
        out->type = KEY_RSA;
        int bits = EVP_PKEY_get_bits(pkey);
        return (bits >= RSA_LEAST_BITS && bits <= RSA_MOST_BITS) ||
               refuse(why, S("RSA modulus must have 2048 to 16384 bits"));
    }
    out->type = EVP_PKEY_is_a(pkey, "ED25519") ? (uint8_t)KEY_ED25519
                : EVP_PKEY_is_a(pkey, "EC")    ? curve_type(pkey)
                                               : (uint8_t)KEY_UNUSED;
    ERR_clear_error();
    return out->type != KEY_UNUSED || refuse(why, S("the type of the key is not supported"));
}

void key_free(struct key *key)
{
    EVP_PKEY_free(key->pkey);
    if (key->secret.ptr != NULL) {
        OPENSSL_cleanse((void *)(uintptr_t)key->secret.ptr, (size_t)key->secret.len);
    }
    free((void *)(uintptr_t)key->secret.ptr);
    free((void *)(uintptr_t)key->kid.ptr);
    *key = (struct key){ 0 };
}
