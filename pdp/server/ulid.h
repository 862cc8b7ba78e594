/* ulid.h — names of calls: 48 bits of time, 80 bits of chance, 26 characters
 *
 * Sortable by the millisecond of the call. The chance part names, it does not protect: it comes
 * from a fast generator seeded by the system. One state per thread.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_SERVER_ULID_H
#define CARDEA_SERVER_ULID_H

#include <stdint.h>

#define ULID_TEXT 26 /* characters; not terminated */

struct ulid {
    uint64_t state[2]; /* generator, never all zero */
};

void ulid_init(struct ulid *ulid);

/* Writes the next name. wall_ns: nanoseconds since 1970. */
void ulid_next(struct ulid *ulid, int64_t wall_ns, char out[ULID_TEXT]);

#endif
