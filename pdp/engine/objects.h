/* objects.h — P, R, request and the rest as values
 *
 * Selections on these objects are compiled into root values, so they are seldom needed: when an expression uses one
 * as a whole (an output of `R`, a presence test, a comparison).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_ENGINE_OBJECTS_H
#define CARDEA_ENGINE_OBJECTS_H

#include "engine/snapshot.h"

/* A message over root values. */
struct message_object {
    struct object base;
    const struct cel_message *message; /* its fields                              */
    const struct value *roots;         /* root values by number                   */
};

struct request_objects {
    struct message_object principal, resource, request, aux, runtime;
};

/* Fills in the roots that stand for whole objects (ROOT_P … ROOT_G). */
void objects_init(struct request_objects *objects, struct value *roots, const struct snapshot *snapshot);

extern const struct object_class globals_class;

#endif
