/* jwa.h — algorithms of signatures, and the one kind of key that each goes with
 *
 * An algorithm names its kind of key completely: ES256 goes with a P-256 key and no other, an HMAC
 * only with a secret. So no token can make a public key act as a secret, whatever its header says.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_AUTH_JWA_H
#define CARDEA_AUTH_JWA_H

#include "base/str.h"

#include <openssl/evp.h>

enum jwa {
    JWA_UNKNOWN,     /* no algorithm of that name                                         */
    JWA_UNSUPPORTED, /* a signature, but none that is verified here: `none`, ES256K        */
    JWA_ENCRYPTION,  /* of encryption: a key may have it, a signature not                 */
    JWA_RS256,       /* ORDER ALGORITHMS: from here on, the table in jwa.c                */
    JWA_RS384,
    JWA_RS512,
    JWA_PS256,
    JWA_PS384,
    JWA_PS512,
    JWA_ES256,
    JWA_ES384,
    JWA_ES512,
    JWA_EDDSA,
    JWA_ED25519, /* RFC 9864's name for the same */
    JWA_HS256,
    JWA_HS384,
    JWA_HS512,
};

enum key_type {
    KEY_UNUSED, /* understood, but cannot verify a signature: X25519, Ed448 … */
    KEY_RSA,
    KEY_P256,
    KEY_P384,
    KEY_P521,
    KEY_ED25519,
    KEY_SECRET,
};

/* The algorithm of a name, compared byte by byte. */
enum jwa jwa_find(str name);

/* Can a key of this type verify with this algorithm? */
bool jwa_fits(enum jwa alg, enum key_type type);

/* Is it a padded RSA signature of the probabilistic kind? */
bool jwa_is_pss(enum jwa alg);

/* Its digest; NULL for Ed25519, which has its own. Static, any thread. */
const EVP_MD *jwa_digest(enum jwa alg);

#endif
