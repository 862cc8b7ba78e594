/* jose.c — keys and tokens for tests
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "support/jose.h"

#include "base/b64.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>

/* Nothing here may fail; if it does, the test that relies on it must not go on. */
static void demand(bool kept, const char *what)
{
    if (!kept) {
        (void)fprintf(stderr, "jose: %s\n", what);
        abort();
    }
}

struct jose_key jose_key_new(const char *type, const char *secret)
{
    struct jose_key key = { .type = type };
    if (secret != NULL) {
        key.secret = str_from_c(secret);
    } else if (strcmp(type, "RSA") == 0) {
        key.pair = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    } else if (type[0] == 'P') {
        key.pair = EVP_PKEY_Q_keygen(NULL, NULL, "EC", type);
    } else {
        key.pair = EVP_PKEY_Q_keygen(NULL, NULL, type);
    }
    demand(key.pair != NULL || secret != NULL, "no key");
    return key;
}

void jose_key_free(struct jose_key *key)
{
    EVP_PKEY_free(key->pair);
    *key = (struct jose_key){ 0 };
}

/* ---- public keys ---- */

static str number_param(struct arena *arena, const EVP_PKEY *pair, const char *name, int size)
{
    BIGNUM *n = NULL;
    demand(EVP_PKEY_get_bn_param(pair, name, &n) == 1, name);
    int len = size > 0 ? size : BN_num_bytes(n);
    char *bytes = arena_bytes(arena, len);
    demand(BN_bn2binpad(n, (unsigned char *)bytes, len) == len, name);
    BN_free(n);
    return b64_encode(arena, (str){ bytes, len }, B64_URL, false);
}

static void put_public(struct arena *arena, struct sb *sb, const struct jose_key *key)
{
    if (key->pair == NULL) {
        str k = b64_encode(arena, key->secret, B64_URL, false);
        sb_printf(sb, "{\"kty\":\"oct\",\"k\":\"%.*s\"", STR_ARG(k));
    } else if (strcmp(key->type, "RSA") == 0) {
        str n = number_param(arena, key->pair, OSSL_PKEY_PARAM_RSA_N, 0);
        str e = number_param(arena, key->pair, OSSL_PKEY_PARAM_RSA_E, 0);
        sb_printf(sb, "{\"kty\":\"RSA\",\"n\":\"%.*s\",\"e\":\"%.*s\"", STR_ARG(n), STR_ARG(e));
    } else if (key->type[0] == 'P') {
        int size = (EVP_PKEY_get_bits(key->pair) + 7) / 8;
        str x = number_param(arena, key->pair, OSSL_PKEY_PARAM_EC_PUB_X, size);
        str y = number_param(arena, key->pair, OSSL_PKEY_PARAM_EC_PUB_Y, size);
        sb_printf(sb, "{\"kty\":\"EC\",\"crv\":\"%s\",\"x\":\"%.*s\",\"y\":\"%.*s\"", key->type,
                  STR_ARG(x), STR_ARG(y));
    } else {
        char bytes[32];
        size_t len = sizeof bytes;
        demand(EVP_PKEY_get_raw_public_key(key->pair, (unsigned char *)bytes, &len) == 1, "x");
        str x = b64_encode(arena, (str){ bytes, (isize)len }, B64_URL, false);
        sb_printf(sb, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%.*s\"", STR_ARG(x));
    }
}

str jose_jwk(struct arena *arena, const struct jose_key *key, const char *kid, const char *alg)
{
    struct sb sb = sb_new(arena);
    put_public(arena, &sb, key);
    if (kid != NULL) {
        sb_printf(&sb, ",\"kid\":\"%s\"", kid);
    }
    if (alg != NULL) {
        sb_printf(&sb, ",\"alg\":\"%s\"", alg);
    }
    sb_byte(&sb, '}');
    return sb_str(&sb);
}

/* ---- signing ---- */

str jose_hmac(struct arena *arena, enum jwa alg, str secret, str input)
{
    char *mac = arena_bytes(arena, EVP_MAX_MD_SIZE);
    unsigned len = 0;
    demand(HMAC(jwa_digest(alg), secret.ptr, (int)secret.len, (const unsigned char *)input.ptr,
                (size_t)input.len, (unsigned char *)mac, &len) != NULL,
           "hmac");
    return (str){ mac, (isize)len };
}

/* DER → both numbers, fixed length. */
static str ecdsa_raw(struct arena *arena, const EVP_PKEY *pair, const unsigned char *der,
                     size_t len)
{
    int size = (EVP_PKEY_get_bits(pair) + 7) / 8;
    char *raw = arena_bytes(arena, 2 * size);
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
    demand(sig != NULL, "ecdsa");
    demand(BN_bn2binpad(ECDSA_SIG_get0_r(sig), (unsigned char *)raw, size) == size, "r");
    demand(BN_bn2binpad(ECDSA_SIG_get0_s(sig), (unsigned char *)raw + size, size) == size, "s");
    ECDSA_SIG_free(sig);
    return (str){ raw, 2 * size };
}

static str sign(struct arena *arena, const struct jose_key *key, enum jwa alg, str input)
{
    if (key->pair == NULL) {
        return jose_hmac(arena, alg, key->secret, input);
    }
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL;
    demand(EVP_DigestSignInit(context, &options, jwa_digest(alg), NULL, key->pair) == 1, "init");
    if (jwa_is_pss(alg)) {
        demand(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) > 0 &&
                   EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) > 0,
               "pss");
    }
    size_t len = 1024;
    unsigned char *out = (unsigned char *)arena_bytes(arena, (isize)len);
    demand(EVP_DigestSign(context, out, &len, (const unsigned char *)input.ptr,
                          (size_t)input.len) == 1,
           "sign");
    EVP_MD_CTX_free(context);
    return key->type[0] == 'P' ? ecdsa_raw(arena, key->pair, out, len)
                               : (str){ (const char *)out, (isize)len };
}

str jose_join(struct arena *arena, str header, str payload, str signature)
{
    str parts[] = { b64_encode(arena, header, B64_URL, false),
                    b64_encode(arena, payload, B64_URL, false),
                    b64_encode(arena, signature, B64_URL, false) };
    return str_printf(arena, "%.*s.%.*s.%.*s", STR_ARG(parts[0]), STR_ARG(parts[1]),
                      STR_ARG(parts[2]));
}

str jose_token(struct arena *arena, const struct jose_key *key, enum jwa alg, const char *header,
               const char *payload)
{
    str unsigned_token = jose_join(arena, str_from_c(header), str_from_c(payload), STR_EMPTY);
    str input = str_slice(unsigned_token, 0, unsigned_token.len - 1);
    return jose_join(arena, str_from_c(header), str_from_c(payload), sign(arena, key, alg, input));
}
