/* jwks.h — sets of keys
 *
 * A set is read once and never changes; many threads may verify with it. It comes from a JSON Web
 * Key Set, from one JSON Web Key or from PEM. One key that cannot be read, or that lacks what the
 * rules ask for, makes the whole set unusable: half a set would refuse tokens for reasons nobody
 * can see. spec: cerbos-compat#auxiliary-data
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_AUTH_JWKS_H
#define CARDEA_AUTH_JWKS_H

#include "auth/key.h"

#define JWKS_TEXT_MOST (1 << 20) /* bytes of a set's text */
#define JWKS_KEYS_MOST 1000

struct jwks_rules {
    bool pem;          /* the text is PEM                                              */
    bool optional_alg; /* keys may lack `alg`: any algorithm of their type will do     */
    bool optional_kid; /* keys and tokens may lack `kid`: all keys are tried, always   */
};

struct jwks {
    struct key *keys; /* owned                                                     */
    isize count;      /* how many                                                  */
    isize room;       /* for how many                                              */
    isize weak;       /* secrets that are shorter than their algorithm asks for    */
};

/* Reads a set. What is decoded on the way lives in the arena; the set does not. *out is released
 * with jwks_free(). On failure *out is NULL and *why, in the arena or static, says which key is
 * wrong and how, without anything of its content. EINVALID: it is no set, or a key in it cannot
 * be read; EDENIED: it is one that the rules do not let us use; ELIMIT: sizes, counts, memory of
 * the arena. The arena's guard is kept. */
cardea_status jwks_read(struct jwks **out, struct arena *arena, str text,
                        const struct jwks_rules *rules, str *why);

void jwks_free(struct jwks *set); /* NULL is allowed */

#endif
