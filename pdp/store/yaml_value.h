/* yaml_value.h — YAML or JSON text → plain values and a tree with places
 *
 * The reader of policies, behind a door for those who read other files (configuration, above all):
 * a text becomes a tree of nodes, each with its place in the file, or one `struct value`. The rules
 * are those for policies: YAML 1.2 core scalars, JSON as YAML, one document, no repeated keys,
 * aliases and merge keys already resolved, depth at most 64 (spec:
 * cerbos-compat#yaml-and-json-reading).
 *
 * Everything lives in the caller's arena and borrows the source's text. Any thread.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_STORE_YAML_VALUE_H
#define CARDEA_STORE_YAML_VALUE_H

#include "base/diag.h"
#include "value/vmap.h"

enum config_kind { CONFIG_SCALAR = 1, CONFIG_LIST, CONFIG_MAP };

/* One node. Read only. */
struct config_node {
    uint8_t kind;       /* enum config_kind                                              */
    struct span span;   /* where it stands; for an aliased node: the place of its anchor */
    struct value value; /* scalar: V_NULL V_BOOL V_INT V_UINT V_DOUBLE V_STRING          */
    const struct config_node
        *items; /* list: count elements                                          */
    const struct config_entry
        *entries; /* map: count entries, in order of the file                      */
    isize count;  /* elements or entries                                           */
};

/* One entry of a map. */
struct config_entry {
    str key;                        /* the key's text               */
    struct span key_span;           /* the key in the file          */
    const struct config_node *node; /* its value, never NULL        */
};

/* Reads one document. *out is NULL when the file holds nothing (empty, only comments).
 * Returns OK or EINVALID, ELIMIT; then diags has at least one error. */
cardea_status config_read(struct arena *arena, const struct source *source,
                          const struct config_node **out, struct diags *diags);

/* The value of a key of a map, or NULL: no such key, or not a map (node may be NULL, too). */
const struct config_node *config_get(const struct config_node *node, str key);

/* The node at a dotted path such as `server.tls.cert` or `jwt.keySets[0].id`; NULL when there is
 * none. */
const struct config_node *config_find(const struct config_node *node, str path);

/* The tree as one value: maps have string keys. ints: whole numbers stay V_INT (V_UINT above
 * INT64_MAX); otherwise all numbers are V_DOUBLE, as protobuf's values are. NULL → V_NULL. */
struct value config_value(struct arena *arena, const struct config_node *node, bool ints);

/* Reads one document as a value, without places. An empty file gives V_NONE with OK. */
cardea_status yaml_read_value(struct arena *arena, const struct source *source, bool ints,
                              struct value *out, struct diags *diags);

#endif
