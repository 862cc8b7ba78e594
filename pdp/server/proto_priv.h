/* proto_priv.h — between the files of proto_*.c
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_SERVER_PROTO_PRIV_H
#define CARDEA_SERVER_PROTO_PRIV_H

#include "server/proto.h"

/* The reference writes a no-break space here, so that nobody relies on the text; so do we. */
#define PROTO_PREFIX "proto:\xc2\xa0"

/* Finds the first JSON value of a text that holds more than white space. Returns the reference's
 * words for what is malformed, or empty; then *value is the value's text. */
str proto_scan(struct arena *arena, str text, str *value);

#endif
