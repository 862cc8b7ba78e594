/* engine.h — snapshot, worker context, decide
 *
 * A snapshot is an immutable policy set ready to answer; a context is one thread's workspace. Nothing here
 * reads files or clocks, takes locks, or uses the heap while deciding.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_ENGINE_ENGINE_H
#define CARDEA_ENGINE_ENGINE_H

#include "base/diag.h"
#include "engine/decision.h"
#include "engine/request.h"

struct snapshot;   /* opaque, reference counted */
struct engine_ctx; /* opaque, one per thread    */

/* What follows when attributes do not fit the schemas of a policy. */
enum schema_enforcement {
    SCHEMAS_NONE = 0, /* schemas are not looked at              */
    SCHEMAS_WARN,     /* the answer lists the errors            */
    SCHEMAS_REJECT    /* and every action is denied             */
};

struct engine_options {
    str default_version;        /* engine.defaultPolicyVersion; empty: "default"      */
    str default_scope;          /* engine.defaultScope                                */
    bool lenient_scope_search;  /* engine.lenientScopeSearch                          */
    bool strict_evaluation;     /* engine.strictEvaluation                            */
    struct value globals;       /* engine.globals: V_MAP, or V_NONE. Copied           */
    uint8_t schemas;            /* schema.enforcement: enum schema_enforcement         */
    int64_t budget;             /* units per expression; 0: 10 000 000                */
};

/* Makes a snapshot of an image (bytes as the compiler emitted or a file held; copied). Verifies everything.
 * *out starts with one reference. ECORRUPT, EVERSION, ELIMIT with *why. Any thread. */
cardea_status snapshot_new(struct snapshot **out, str image, const struct engine_options *options,
                           struct arena *scratch, str *why);
void snapshot_retain(struct snapshot *snapshot);
void snapshot_release(struct snapshot *snapshot); /* the last one frees it */

struct snapshot_info {
    isize policies;    /* documents that take part             */
    isize rules;       /* rules as written in the documents    */
    str revision;      /* 16 hex digits of the image's hash    */
};
struct snapshot_info snapshot_info(const struct snapshot *snapshot);

struct engine_ctx *engine_ctx_new(void); /* NULL: no memory; start-up only */
void engine_ctx_free(struct engine_ctx *ctx);

/* Observer of one decide(): explain, coverage, traces. Any member may be NULL. See trace.h. */
struct decide_observer;

/* Decides one resource of a request. Results live in `arena` (and the snapshot). CARDEA_ELIMIT when the arena's
 * cap is reached: then every action is denied by the caller (there is no partial result).
 * item: number of the resource in the request. The context may be reused for the next item at once. */
cardea_status decide(struct decision *out, struct engine_ctx *ctx, const struct snapshot *snapshot,
                     const struct check_request *request, isize item, struct arena *arena,
                     const struct decide_observer *observer);

#endif
