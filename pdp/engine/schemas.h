/* schemas.h — schemas of attributes, made ready with a snapshot
 *
 * Private to the engine.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_ENGINE_SCHEMAS_H
#define CARDEA_ENGINE_SCHEMAS_H

#include "engine/snapshot.h"

/* Compiles the schemas that policies refer to, when they are enforced. One that cannot be used
 * does not fail: it is an error of each validation. Uses the snapshot's arena and the heap;
 * scratch is given back. */
void schemas_load(struct snapshot *snapshot, struct arena *scratch);

#endif
