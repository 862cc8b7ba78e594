/* zones.h — all zones of the system, read once per process
 *
 * time.h loads one zone from its file; this keeps all of them, for owners that may not touch files later.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_BASE_ZONES_H
#define CARDEA_BASE_ZONES_H

#include "base/time.h"

/* Reads the zone database ($TZDIR or the system's) if no call has done so before. False when there was no memory
 * to begin with; then no zone will be known. Any thread. */
bool zones_read(void);

/* The rules of a zone, NULL when unknown or when zones_read() was not called. They live as long as the process.
 * Any thread, after its zones_read(). Neither blocks nor reads a file. */
const struct zone *zones_find(str name);

#endif
