/* signature.c — verifying signatures
 *
 * One public-key operation of OpenSSL for each call. Whatever it has to say about a failure is
 * thrown away: its queue of errors belongs to the thread and would pile up.
 *
 * spec: RFC 7518 §3, RFC 8037 §3.1
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "auth/signature.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

#define NUMBER_MOST 66                              /* bytes of one number of an ECDSA signature */
#define DER_MOST    (3 + 2 * (2 + 1 + NUMBER_MOST)) /* bytes of one in DER */

static void no_context(EVP_MD_CTX **context)
{
    EVP_MD_CTX_free(*context);
}

static const unsigned char *bytes(str s)
{
    return (const unsigned char *)s.ptr;
}

/* ---- ECDSA: two numbers of fixed length → DER ---- */

/* Writes a positive INTEGER of at most 66 bytes; returns how many bytes that took. */
static isize put_integer(unsigned char *out, str number)
{
    while (number.len > 1 && number.ptr[0] == '\0') {
        number = str_slice(number, 1, number.len);
    }
    isize sign = ((unsigned char)number.ptr[0] & 0x80) != 0; /* a zero in front keeps it positive */
    out[0] = 0x02;
    out[1] = (unsigned char)(number.len + sign);
    out[2] = 0;
    memcpy(out + 2 + sign, number.ptr, (size_t)number.len);
    return 2 + sign + number.len;
}

/* Both numbers as a SEQUENCE; returns its length, 0 when the signature has not that of the curve. */
static size_t ecdsa_der(unsigned char out[DER_MOST], const struct key *key, str signature)
{
    isize size = key->type == KEY_P256 ? 32 : key->type == KEY_P384 ? 48 : 66;
    if (signature.len != 2 * size) {
        return 0;
    }
    unsigned char content[DER_MOST];
    isize len = put_integer(content, str_slice(signature, 0, size));
    len += put_integer(content + len, str_slice(signature, size, 2 * size));
    isize head = 0;
    out[head++] = 0x30;
    if (len >= 0x80) {
        out[head++] = 0x81;
    }
    out[head++] = (unsigned char)len;
    memcpy(out + head, content, (size_t)len);
    return (size_t)(head + len);
}

/* ---- public keys ---- */

static bool use_pss(EVP_PKEY_CTX *context)
{
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) > 0 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) > 0;
}

static bool pkey_verifies(const struct key *key, enum jwa alg, str input,
                          const unsigned char *signature, size_t len)
{
    const EVP_MD *digest = jwa_digest(alg);
    bool own_digest = key->type == KEY_ED25519;
    EVP_PKEY_CTX *options = NULL; /* belongs to the context */
    CLEANUP(no_context) EVP_MD_CTX *context = EVP_MD_CTX_new();
    return context != NULL && (digest != NULL || own_digest) &&
           EVP_DigestVerifyInit(context, &options, digest, NULL, key->pkey) > 0 &&
           (!jwa_is_pss(alg) || use_pss(options)) &&
           EVP_DigestVerify(context, signature, len, bytes(input), (size_t)input.len) == 1;
}

/* ---- secrets ---- */

static bool secret_verifies(const struct key *key, enum jwa alg, str input, str signature)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    const EVP_MD *digest = jwa_digest(alg);
    bool done = digest != NULL && HMAC(digest, key->secret.ptr, (int)key->secret.len, bytes(input),
                                       (size_t)input.len, mac, &len) != NULL;
    bool same = done && signature.len == (isize)len && CRYPTO_memcmp(mac, signature.ptr, len) == 0;
    OPENSSL_cleanse(mac, sizeof mac);
    return same;
}

bool signature_verifies(const struct key *key, enum jwa alg, str input, str signature)
{
    if (!jwa_fits(alg, (enum key_type)key->type) || signature.len == 0) {
        return false;
    }
    bool good;
    if (key->type == KEY_SECRET) {
        good = secret_verifies(key, alg, input, signature);
    } else if (key->type == KEY_RSA || key->type == KEY_ED25519) {
        good = pkey_verifies(key, alg, input, bytes(signature), (size_t)signature.len);
    } else {
        unsigned char der[DER_MOST];
        size_t len = ecdsa_der(der, key, signature);
        good = len > 0 && pkey_verifies(key, alg, input, der, len);
    }
    ERR_clear_error();
    return good;
}
