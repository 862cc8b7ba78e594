/* to_value.h — a tree of nodes → one value
 *
 * For constants, globals, attributes and configuration. Maps have string keys; `.inf` and `.nan`
 * have no place in JSON-like values and are refused.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_YAML_TO_VALUE_H
#define CARDEA_YAML_TO_VALUE_H

#include "value/vmap.h"
#include "yaml/compose.h"

/* Converts. ints: whole numbers stay V_INT (V_UINT above INT64_MAX); otherwise every number is
 * V_DOUBLE, as in protobuf's values. Texts are borrowed from the tree. OK, or EINVALID with one
 * diagnostic. */
cardea_status yaml_to_value(struct arena *arena, const struct source *source,
                            const struct ynode *node, bool ints, struct value *out,
                            struct diags *diags);

/* The value of a scalar of a kind that has one: not Y_INFINITY, Y_NAN, and no collection. */
struct value ynode_scalar(const struct ynode *node, bool ints);

/* Reports a node that has no place in a value. Returns EINVALID. */
cardea_status yaml_no_value(const struct source *source, const struct ynode *node,
                            struct diags *diags);

/* Reports a key of a free-form mapping that is no text. Returns EINVALID. */
cardea_status yaml_no_key(const struct source *source, const struct ynode *key,
                          struct diags *diags);

#endif
