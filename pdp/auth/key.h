/* key.h — one key that signatures are verified with
 *
 * Only what verifying needs is kept: the public half of a key pair, or a secret. Private members of
 * a JSON Web Key and private halves in PEM files are not read or are dropped at once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_AUTH_KEY_H
#define CARDEA_AUTH_KEY_H

#include "auth/jwa.h"
#include "value/vmap.h"

struct key {
    str kid;        /* owned; empty when it has none                            */
    bool has_alg;   /* the member `alg` is there                                */
    bool for_other; /* `use` says something else than `sig`                     */
    uint8_t alg;    /* enum jwa, never JWA_UNKNOWN; meaningless without has_alg */
    uint8_t type;   /* enum key_type                                            */
    EVP_PKEY *pkey; /* owned; NULL for KEY_SECRET and KEY_UNUSED                */
    str secret;     /* owned, KEY_SECRET only                                   */
};

/* Reads a JSON Web Key into a zeroed *out. On failure *why says what is wrong, in static words,
 * and key_free() is still to be called. Bytes are decoded in the arena, whose guard may be
 * jumped to: *out is then as after a failure. */
bool key_read_jwk(struct key *out, struct arena *arena, const struct vmap *jwk, str *why);

/* Reads the next key of a PEM text, moves *rest behind it. As above; no key is a failure. */
bool key_read_pem(struct key *out, str *rest, str *why);

/* Takes a public key over, whatever happens, and finds out its type. False: it is none that verifies
 * signatures here. */
bool key_adopt(struct key *out, EVP_PKEY *pkey, str *why);

/* Frees what the key owns and forgets secrets. A zeroed key is allowed. */
void key_free(struct key *key);

#endif
