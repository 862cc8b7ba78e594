/* decide_priv.h — state of one decision, shared by the files of the engine
 *
 * Everything lives in the arena of the request and is built in the order: names → scope chains → policies →
 * (per action) rows → (first use) code and memo cells.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_ENGINE_DECIDE_PRIV_H
#define CARDEA_ENGINE_DECIDE_PRIV_H

#include "base/bitset.h"
#include "base/vec.h"
#include "engine/objects.h"
#include "engine/trace.h"

/* Outcome of a condition: memo cells hold it, 0 = not evaluated yet. */
enum outcome { OUT_UNKNOWN = 0, OUT_TRUE, OUT_FALSE, OUT_ERROR };

struct decider;

/* A unit of code in use: memo cells of paths and variables. */
struct unit_state {
    struct cel_run run;
    struct decider *decider;
    uint32_t unit;
    struct unit_state *next;
};

/* A policy in use. */
struct policy_state {
    const struct img_policy *policy;
    struct unit_state *unit;  /* NULL until a condition is evaluated            */
    uint8_t *conditions;      /* memo cells: enum outcome                       */
    uint8_t *droles;          /* memo per derived role: enum outcome            */
    uint64_t *role_bits;      /* per role of the principal: rows it selects     */
    uint8_t *role_ready;      /* per role: its bits are there                   */
    uint64_t *action_bits;    /* rows that the current action selects           */
    isize action;             /* action those bits are for, -1: none            */
    uint64_t *kind_bits;      /* rows that the resource's kind selects (principal, role policies) */
    bool kind_any;            /* kind_bits is not empty                         */
};

/* One scope of a chain. */
struct level {
    str scope;
    uint32_t symbol;                     /* of the scope                                    */
    uint32_t permissions;                /* 0 neither, 1 override, 2 consent                */
    struct policy_state *policy;         /* resource or principal policy here; NULL: none   */
    struct policy_state **role_policies; /* role policies here whose version fits           */
    uint32_t role_policy_count;
    bool roles_ready;                    /* effective derived roles have been computed      */
    struct value roles;                  /* what runtime.effectiveDerivedRoles is here      */
};
struct chain {
    struct level *levels;
    isize count;
};

/* A role of the principal with its parents. */
struct role_set {
    const str *names;        /* the role first    */
    const uint32_t *symbols; /* parallel, may be 0 */
    isize count;
};

/* A result while it is being folded. */
struct fold {
    uint8_t effect; /* 0 no match, 1 allow, 2 deny */
    str policy;
    str scope;
};

struct decider {
    const struct snapshot *snapshot;
    const struct check_request *request;
    const struct check_item *item;
    struct arena *arena;
    struct cel_thread *thread;
    const struct decide_observer *observer;
    struct decision *out;

    struct value roots[ROOT_COUNT];
    struct request_objects objects;
    str kind;                 /* folded kind of the resource               */
    uint32_t kind_symbol;
    str principal_version, resource_version;
    uint32_t principal_version_symbol, resource_version_symbol;
    struct chain principal_chain, resource_chain;
    str principal_key, resource_key; /* what is reported when policies of the chain decide */
    bool principal_exists, resource_exists;
    struct role_set *roles;   /* per role of the principal                 */
    isize role_count;
    struct unit_state *units; /* in use                                    */
    isize action;             /* number of the current action              */
    uint32_t action_symbol;
    bool aborted;             /* strict evaluation: an error decided the action */
    struct fold abort_with;

    VEC(struct output_entry) outputs;
    VEC(struct evaluation_error) errors;
    VEC(str) derived_roles;
};

/* ---- scope.c ---- */
/* Fills the chains, the policies on them, the keys and the two existence facts. */
void scopes_prepare(struct decider *d);
/* The scope that counts: the default for an empty one, without one leading dot. */
str scope_effective(str sent, str fallback);

/* ---- index.c ---- */
struct policy_state *policy_state_new(struct decider *d, uint32_t policy);
/* Rows of a policy that fit the current action (and kind); for resource policies also the role. The set belongs to
 * `out`, which has room for the policy's words. False when it is empty. */
bool rows_match(struct decider *d, struct policy_state *p, isize role, uint64_t *out);
/* Does the role select any row of the resource policy, whatever the action? */
bool rows_for_role(struct decider *d, struct policy_state *p, isize role);
/* Does the kind select any row of the principal or role policy? */
bool rows_for_kind(struct decider *d, struct policy_state *p);
/* How many (action, role) pairs of the row fit: its outputs are emitted that often. */
isize row_multiplicity(struct decider *d, const struct policy_state *p, const struct img_row *row, isize role);

/* ---- cond.c ---- */
struct unit_state *unit_state_get(struct decider *d, uint32_t unit);
/* A condition tree; number IMAGE_NONE is true. OUT_ERROR only in strict evaluation. */
enum outcome condition_eval(struct decider *d, struct unit_state *u, uint32_t number);
/* The row's own condition, memoised. */
enum outcome row_condition(struct decider *d, struct policy_state *p, const struct img_row *row);
void evaluation_error_add(struct decider *d, str expression, struct value error);

/* ---- roles.c ---- */
void roles_prepare(struct decider *d);
/* Condition of the policy's derived role at `position`, as the policy's rows see it. */
enum outcome derived_role_eval(struct decider *d, struct policy_state *p, uint32_t position);
/* Sets ROOT_EDR for the level and collects the names for the answer. */
void derived_roles_enter(struct decider *d, struct level *level);

/* ---- schemas.c ---- */
/* Validates the attributes as the policy at the first scope asks; the errors go to `out`. True: all actions are denied
 * for them. partial: the resource's attributes need not all be there, as in plans: errors of `required` are left out. */
bool schemas_reject(struct decider *d, struct decision *out, bool partial);

/* ---- outputs.c ---- */
void output_emit(struct decider *d, struct policy_state *p, const struct img_row *row, uint32_t expr);

#endif
