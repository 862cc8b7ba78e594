/* jose.h — keys and tokens for tests: what an issuer of tokens does
 *
 * Keys are made anew in each run; they come from the system's generator. Make them once, before a
 * test program forks: RSA keys take their time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_TESTS_JOSE_H
#define CARDEA_TESTS_JOSE_H

#include "auth/jwa.h"

/* A key pair, or a secret. */
struct jose_key {
    const char *type; /* `RSA`, `P-256`, `P-384`, `P-521`, `ED25519`, `oct` */
    EVP_PKEY *pair;   /* NULL for a secret                                  */
    str secret;
};

/* A fresh key; ends the program when there is none. secret: only for `oct`, static. */
struct jose_key jose_key_new(const char *type, const char *secret);
void jose_key_free(struct jose_key *key);

/* The public half as a JSON Web Key; kid and alg are left out when NULL. */
str jose_jwk(struct arena *arena, const struct jose_key *key, const char *kid, const char *alg);

/* A token with this header and payload, signed by the algorithm, which must go with the key. */
str jose_token(struct arena *arena, const struct jose_key *key, enum jwa alg, const char *header,
               const char *payload);

/* base64url(header) . base64url(payload) . base64url(signature) */
str jose_join(struct arena *arena, str header, str payload, str signature);

/* HMAC of any secret over any text, for forgeries. */
str jose_hmac(struct arena *arena, enum jwa alg, str secret, str input);

#endif
