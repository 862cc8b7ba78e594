/* signature.h — does a signature stand?
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_AUTH_SIGNATURE_H
#define CARDEA_AUTH_SIGNATURE_H

#include "auth/key.h"

/* Verifies a signature in the form of RFC 7515 (RSA: as long as the modulus; ECDSA: both
 * numbers, fixed length; Ed25519: 64 bytes; HMAC: as long as the digest) over the input. False
 * also when the algorithm does not go with the key. Any thread; OpenSSL takes and gives back
 * memory of its own. Cost: one public-key operation. */
bool signature_verifies(const struct key *key, enum jwa alg, str input, str signature);

#endif
