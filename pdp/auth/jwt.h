/* jwt.h — tokens (JSON Web Tokens, RFC 7519, signed in the compact form of RFC 7515)
 *
 * Text in, claims out, or the reason why not. No clock, no lock, no network in here; nothing is
 * remembered from one token to the next. What is told apart, and in which order:
 * docs/notes/tokens.md. spec: cerbos-compat#auxiliary-data, mcp-authorization#token-checks
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_AUTH_JWT_H
#define CARDEA_AUTH_JWT_H

#include "auth/jwks.h"

enum jwt_fault {
    JWT_OK,
    JWT_FORM,        /* not three parts of base64url                                  */
    JWT_SIZE,        /* too large                                                     */
    JWT_HEADER,      /* the header is no JSON object, or a member has the wrong type  */
    JWT_CRIT,        /* the header asks for an extension (`crit`, `b64`)              */
    JWT_ALG,         /* `alg` is missing, `none`, or no signature that is verified    */
    JWT_NO_KID,      /* the header has no `kid`                                       */
    JWT_UNKNOWN_KID, /* no key of that `kid`                                          */
    JWT_KEY_ALG,     /* `alg` does not go with the key                                */
    JWT_SIGNATURE,   /* the signature does not stand                                  */
    JWT_CLAIMS,      /* the claims are no JSON object, or one has the wrong type      */
    JWT_EXPIRED,     /* `exp` is over                                                 */
    JWT_NOT_YET,     /* `nbf` is to come                                              */
    JWT_ISSUED,      /* `iat` is to come                                              */
    JWT_FAULT_COUNT
};

struct jwt_rules {
    const struct jwks *keys; /* NULL: signatures are not looked at               */
    bool optional_alg;       /* as in struct jwks_rules                          */
    bool optional_kid;
    int64_t skew_ms; /* tolerance of clocks, at least 0                  */
    int64_t now_ns;  /* the instant to judge by, since 1970              */
};

/* Reads, verifies and judges a token. *claims, in the arena and borrowing from the token
 * nothing, is what policies see: `aud` a list, times as RFC 3339 text, numbers as doubles; NULL
 * after a fault. Any thread; the arena's guard is the caller's. Cost: one public-key operation
 * (with optional_kid: one for each key that goes with `alg`), else linear in the token. */
enum jwt_fault jwt_read(struct arena *arena, str token, const struct jwt_rules *rules,
                        const struct vmap **claims);

/* The fault in words, for a log. Static. */
str jwt_fault_text(enum jwt_fault fault);

/* ---- parts, for jwt.c ---- */

/* What policies see of a token's payload, and its times judged (claims.c). */
enum jwt_fault jwt_claims(struct arena *arena, str payload, const struct jwt_rules *rules,
                          const struct vmap **claims);

#endif
