/* vm.h — running code
 *
 * A run is the state of one resource's evaluation within one policy: memo cells for paths and
 * variables live as long as it does. Nothing here takes a lock, reads a clock, or touches the heap.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_CEL_VM_H
#define CARDEA_CEL_VM_H

#include "cel/code.h"

struct cel_thread; /* workspace of one thread (regex.h); NULL where no pattern can occur */

struct cel_zones {
    /* Rules of a zone by name, NULL when unknown. Must not block. */
    const struct zone *(*find)(const void *ctx, str name);
    const void *ctx;
};

struct cel_run {
    const struct cel_code *code;   /* verified                                                        */
    struct arena *arena;           /* where results live                                              */
    const struct value *roots;     /* root values by number; V_NONE = empty                           */
    struct value *path_memo;       /* code->path_count cells, zeroed by the owner                     */
    struct value *var_memo;        /* code->var_count cells, zeroed by the owner                      */
    struct cel_thread *thread;     /* see above                                                       */
    const struct cel_zones *zones; /* NULL: only UTC is known                                         */
    int64_t now_ns;                /* the request's instant, since 1970                               */
    int64_t budget;                /* units left; below zero every further step is an error           */
    bool now_used;                 /* set when an expression asked for the time                       */
    bool var_failed;               /* set when a variable's expression failed (its memo is the error) */
    /* Called for every evaluation of a policy variable that failed: reporting (may be NULL). */
    void (*on_var_error)(void *ctx, uint32_t var, struct value error);
    void *ctx;                     /* for on_var_error                                                */
};

/* Evaluates an expression. The result may be any kind incl. V_ERROR, never V_NONE. */
struct value cel_eval(struct cel_run *run, uint32_t expr);

/* Charges n units; false when the budget is used up (then return cel_budget_error()). */
static inline bool cel_charge(struct cel_run *run, int64_t n)
{
    run->budget -= n;
    return run->budget >= 0;
}
struct value cel_budget_error(void);

/* ---- for implementations of functions ---- */
/* `no such overload: name(type, type)` or `type.name(type)` as the reference words it. */
struct value cel_no_overload(struct cel_run *run, const char *name, const struct value *args, int argc);

/* What a policy variable becomes on its way through the reference's host values: hierarchy →
 * list of strings, type → its name as a string, optional → what it holds or null, SPIFFE objects
 * → an error with aux 1 (the variable counts as present); everything else stays (spec: cel#20). */
struct value cel_host_value(struct arena *arena, struct value v);

#endif
