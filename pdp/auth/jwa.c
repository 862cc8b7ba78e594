/* jwa.c — algorithms of signatures
 *
 * Digests are looked up in OpenSSL once: asking for them by name at each use takes a lock and a
 * search.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "auth/jwa.h"

#include <pthread.h>

enum digest { NO_DIGEST, SHA2_256, SHA2_384, SHA2_512, DIGEST_COUNT };

/* ORDER ALGORITHMS */
static const struct {
    str name;
    uint8_t type;   /* enum key_type */
    uint8_t digest; /* enum digest   */
} algorithms[] = {
    [JWA_RS256] = { S("RS256"), KEY_RSA, SHA2_256 },
    [JWA_RS384] = { S("RS384"), KEY_RSA, SHA2_384 },
    [JWA_RS512] = { S("RS512"), KEY_RSA, SHA2_512 },
    [JWA_PS256] = { S("PS256"), KEY_RSA, SHA2_256 },
    [JWA_PS384] = { S("PS384"), KEY_RSA, SHA2_384 },
    [JWA_PS512] = { S("PS512"), KEY_RSA, SHA2_512 },
    [JWA_ES256] = { S("ES256"), KEY_P256, SHA2_256 },
    [JWA_ES384] = { S("ES384"), KEY_P384, SHA2_384 },
    [JWA_ES512] = { S("ES512"), KEY_P521, SHA2_512 },
    [JWA_EDDSA] = { S("EdDSA"), KEY_ED25519, NO_DIGEST },
    [JWA_ED25519] = { S("Ed25519"), KEY_ED25519, NO_DIGEST },
    [JWA_HS256] = { S("HS256"), KEY_SECRET, SHA2_256 },
    [JWA_HS384] = { S("HS384"), KEY_SECRET, SHA2_384 },
    [JWA_HS512] = { S("HS512"), KEY_SECRET, SHA2_512 },
};

/* Registered names that a key set may hold for other purposes. */
static const struct {
    str name;
    enum jwa alg;
} others[] = {
    { S("none"), JWA_UNSUPPORTED },
    { S("ES256K"), JWA_UNSUPPORTED },
    { S("RSA1_5"), JWA_ENCRYPTION },
    { S("RSA-OAEP"), JWA_ENCRYPTION },
    { S("RSA-OAEP-256"), JWA_ENCRYPTION },
    { S("RSA-OAEP-384"), JWA_ENCRYPTION },
    { S("RSA-OAEP-512"), JWA_ENCRYPTION },
    { S("ECDH-ES"), JWA_ENCRYPTION },
    { S("ECDH-ES+A128KW"), JWA_ENCRYPTION },
    { S("ECDH-ES+A192KW"), JWA_ENCRYPTION },
    { S("ECDH-ES+A256KW"), JWA_ENCRYPTION },
    { S("A128KW"), JWA_ENCRYPTION },
    { S("A192KW"), JWA_ENCRYPTION },
    { S("A256KW"), JWA_ENCRYPTION },
    { S("A128GCMKW"), JWA_ENCRYPTION },
    { S("A192GCMKW"), JWA_ENCRYPTION },
    { S("A256GCMKW"), JWA_ENCRYPTION },
    { S("dir"), JWA_ENCRYPTION },
    { S("PBES2-HS256+A128KW"), JWA_ENCRYPTION },
    { S("PBES2-HS384+A192KW"), JWA_ENCRYPTION },
    { S("PBES2-HS512+A256KW"), JWA_ENCRYPTION },
    { S("A128CBC-HS256"), JWA_ENCRYPTION },
    { S("A192CBC-HS384"), JWA_ENCRYPTION },
    { S("A256CBC-HS512"), JWA_ENCRYPTION },
    { S("A128GCM"), JWA_ENCRYPTION },
    { S("A192GCM"), JWA_ENCRYPTION },
    { S("A256GCM"), JWA_ENCRYPTION },
};

enum jwa jwa_find(str name)
{
    for (int i = JWA_RS256; i < countof(algorithms); i++) {
        if (str_eq(name, algorithms[i].name)) {
            return (enum jwa)i;
        }
    }
    for (int i = 0; i < countof(others); i++) {
        if (str_eq(name, others[i].name)) {
            return others[i].alg;
        }
    }
    return JWA_UNKNOWN;
}

bool jwa_fits(enum jwa alg, enum key_type type)
{
    return alg >= JWA_RS256 && type != KEY_UNUSED && algorithms[alg].type == type;
}

bool jwa_is_pss(enum jwa alg)
{
    return alg >= JWA_PS256 && alg <= JWA_PS512;
}

/* ---- digests ---- */

static const EVP_MD *digests[DIGEST_COUNT];
static pthread_once_t digests_once = PTHREAD_ONCE_INIT;

/* A digest that cannot be had stays NULL; verifying with it fails. */
static void fetch_digests(void)
{
    digests[SHA2_256] = EVP_MD_fetch(NULL, "SHA2-256", NULL);
    digests[SHA2_384] = EVP_MD_fetch(NULL, "SHA2-384", NULL);
    digests[SHA2_512] = EVP_MD_fetch(NULL, "SHA2-512", NULL);
}

const EVP_MD *jwa_digest(enum jwa alg)
{
    (void)pthread_once(&digests_once, fetch_digests); /* cannot fail with a valid control */
    return alg >= JWA_RS256 ? digests[algorithms[alg].digest] : NULL;
}
