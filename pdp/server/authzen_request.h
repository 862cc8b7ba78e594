/* authzen_request.h — the bodies of AuthZEN evaluations
 *
 * One evaluation or a batch becomes check requests that decide() understands. Evaluations of a batch share a request
 * when their subjects and their tokens are wholly equal, and in it a resource when their resources are; then each
 * action is decided once. Nothing is shared because of equal ids alone, as the reference does.
 * spec: cerbos-compat#authzen
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_SERVER_AUTHZEN_REQUEST_H
#define CARDEA_SERVER_AUTHZEN_REQUEST_H

#include "server/check_request.h"

/* A subject or a resource. */
struct authzen_entity {
    str type;
    str id;
    const struct vmap *properties; /* NULL: none */
};

struct authzen_action {
    str name;
    const struct vmap *properties; /* policies do not see them */
};

/* One evaluation, or the defaults of a batch. */
struct authzen_evaluation {
    struct authzen_entity subject;
    bool has_subject;
    struct authzen_entity resource;
    bool has_resource;
    struct authzen_action action;
    bool has_action;
    const struct vmap *context;
};

struct authzen_batch {
    struct authzen_evaluation defaults;
    const struct authzen_evaluation *evaluations;
    isize evaluation_count;
    struct {
        str semantic;
    } options;
    bool has_options;
};

extern const struct proto_message authzen_single_message; /* struct authzen_evaluation */
extern const struct proto_message authzen_batch_message;  /* struct authzen_batch      */

/* Evaluations that one check request answers. */
struct authzen_group {
    struct check_request request; /* now_ns is that of the call                  */
    str request_id;               /* of the first of its evaluations, or empty   */
};

/* Where the answer of an evaluation is. */
struct authzen_place {
    isize group;
    isize item;   /* of the group's request */
    isize action; /* of the item            */
};

enum authzen_until { AUTHZEN_ALL, AUTHZEN_FIRST_DENY, AUTHZEN_FIRST_PERMIT };

struct authzen_plan {
    struct authzen_group *groups;
    isize group_count;
    const struct authzen_place *places; /* one for each evaluation, in order     */
    isize place_count;
    bool meta;                /* the answers show the whole decisions  */
    enum authzen_until until; /* with which answer the list ends       */
};

/* As check_request_read, for the two bodies. */
bool authzen_single_read(struct arena *arena, str text, const struct check_limits *limits,
                         int64_t now_ns, struct authzen_plan *out, struct check_refusal *refusal);
bool authzen_batch_read(struct arena *arena, str text, const struct check_limits *limits,
                        int64_t now_ns, struct authzen_plan *out, struct check_refusal *refusal);

#endif
