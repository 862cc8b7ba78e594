/* b64.h — base64, strict unless said
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_BASE_B64_H
#define CARDEA_BASE_B64_H

#include "base/str.h"

enum b64_alphabet { B64_STANDARD, B64_URL };

/* Encodes; with padding when pad is set. */
str b64_encode(struct arena *arena, str bytes, enum b64_alphabet alphabet, bool pad);

/* Decodes the whole text; padding must be right if present and is required when pad is set. CR and LF are
 * skipped when lines_ok is set. Non-zero trailing bits are refused unless loose_bits is set. */
bool b64_decode(struct arena *arena, str text, enum b64_alphabet alphabet, bool pad, bool lines_ok,
                bool loose_bits, str *out);

#endif
