/* legacy_request.h — the bodies of the two deprecated checks
 *
 * POST /api/check asks about several instances of one resource, POST /api/check_resource_batch about several
 * resources. Both become the request that decide() understands. spec: cerbos-compat#deprecated-calls
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_SERVER_LEGACY_REQUEST_H
#define CARDEA_SERVER_LEGACY_REQUEST_H

#include "server/check_request.h"

struct legacy_instance {
    str id;                  /* the key, may be empty */
    const struct vmap *attr; /* NULL: none            */
};

struct legacy_set {
    str request_id;
    const str *actions;
    isize action_count;
    struct principal principal;
    bool has_principal;
    struct {
        str kind;
        str policy_version;
        str scope;
        const struct legacy_instance *instances;
        isize instance_count;
    } resource;
    bool has_resource;
    bool include_meta;
    struct check_aux aux;
    bool has_aux;
};

struct legacy_batch {
    str request_id;
    struct principal principal;
    bool has_principal;
    const struct check_entry *entries;
    isize entry_count;
    struct check_aux aux;
    bool has_aux;
};

extern const struct proto_message legacy_set_message;
extern const struct proto_message legacy_batch_message;

/* As check_request_read, for the two bodies. The items of *request are in the order of the body. */
bool legacy_set_read(struct arena *arena, str text, const struct check_limits *limits, struct legacy_set *out,
                     struct check_request *request, struct check_refusal *refusal);
bool legacy_batch_read(struct arena *arena, str text, const struct check_limits *limits, struct legacy_batch *out,
                       struct check_request *request, struct check_refusal *refusal);

#endif
