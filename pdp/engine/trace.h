/* trace.h — watching decide() at work
 *
 * Explain, coverage and verbose tests attach an observer; it sees what decided and cannot change it. Without one
 * each call costs a predictable branch. Texts and numbers refer to the snapshot and live as long as it does.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_ENGINE_TRACE_H
#define CARDEA_ENGINE_TRACE_H

#include "engine/decision.h"
#include "image/reader.h"

enum row_verdict {
    ROW_SATISFIED,         /* its effect counts                                            */
    ROW_NO_DERIVED_ROLE,   /* the condition of its derived role does not hold              */
    ROW_CONDITION_NOT_MET, /* its condition does not hold                                  */
    ROW_FAILED             /* strict evaluation: an error denied the action                */
};

struct row_event {
    str action;                      /* as sent                                                     */
    str role;                        /* role of the principal that is being looked at               */
    str scope;                       /* scope of the level                                          */
    const struct img_policy *policy; /* the row's policy                                            */
    const struct img_row *row;       /* NULL: denial of a role policy that has no rule for it       */
    enum row_verdict verdict;
    uint8_t effect;                  /* effect the row has when satisfied: 0 none, 1 allow, 2 deny   */
};

struct condition_event {
    uint32_t unit;      /* code unit (policy or derived roles)      */
    uint32_t condition; /* number in the image                      */
    struct value value; /* of an expression; V_BOOL for a group     */
};

struct decide_observer {
    void *ctx;
    void (*row)(void *ctx, const struct row_event *event);              /* may be NULL */
    void (*condition)(void *ctx, const struct condition_event *event);  /* may be NULL */
    void (*action)(void *ctx, const struct action_decision *decision);  /* may be NULL */
};

#endif
