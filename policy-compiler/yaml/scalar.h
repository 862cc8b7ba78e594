/* scalar.h — bytes of a scalar → its value, its type, and where each byte came from
 *
 * Private to policy-compiler/yaml.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_YAML_SCALAR_H
#define CARDEA_YAML_SCALAR_H

#include "yaml/compose.h"
#include "yaml/events.h"

/* Reads the scalar of an event, whose node begins at node->start: sets text, map and end.
 * Returns false for an escape that is none; *bad receives its byte. `masked`: see struct
 * yevents. *unplaced is counted up when only the scalar's beginning is known, because our
 * reading and libyaml's differ (libyaml's is taken). */
bool scalar_read(struct arena *arena, const struct source *source, const struct yevent *event,
                 bool masked, struct ynode *node, uint32_t *bad, isize *unplaced);

/* Types a plain scalar by its text: sets kind and its value. spec: cerbos-compat#scalars */
void scalar_type(struct arena *arena, struct ynode *node);

#endif
