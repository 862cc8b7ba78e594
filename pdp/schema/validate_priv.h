/* validate_priv.h — state of one validation, shared by validate*.c
 *
 * Everything lives on the C stack or in the arena of the validation. Depth and work are bounded by
 * the run.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_SCHEMA_VALIDATE_PRIV_H
#define CARDEA_SCHEMA_VALIDATE_PRIV_H

#include "schema/schema_priv.h"

/* An error that is a leaf so far. */
struct leaf {
    struct leaf *next;         /* in order */
    struct schema_error error; /* what is shown */
    str location;              /* way through the schemas; only when run->located */
};

struct run {
    struct arena *arena;       /* for errors and scratch */
    struct cel_thread *thread; /* may be NULL */
    struct leaf *first;        /* error */
    struct leaf **last;        /* where the next leaf goes */
    isize count;               /* of leaves */
    isize dropped;             /* leaves beyond SCHEMA_ERRORS */
    int quiet;                 /* > 0: only whether, not why */
    int64_t steps;             /* left */
    bool located;              /* leaves want their location */
    str root;                  /* path of the value that is validated; usually empty */
    str stopped;               /* why no more is looked at; empty: go on */
};

/* Where a value stands: the way up. */
struct place {
    const struct place *up; /* NULL: a member or item of the whole */
    str name;               /* of the member */
    int64_t index;          /* of the item; -1: member */
};

/* A schema that is being applied: the way up, across values. */
struct scope {
    const struct scope *up;    /* NULL: the first */
    const struct schema *node; /* the schema */
    struct step step;          /* from the one above */
    int in_place;              /* how many above it apply to the same value */
    int depth;                 /* how many there are above it */
    bool discard; /* the branches of an `if`: what is above does not count for `$dynamicRef` */
};

/* Members or items that have been evaluated. */
struct seen {
    uint64_t *bits; /* NULL: nothing is remembered */
    isize words;    /* of 64 bits */
    uint64_t few;   /* the bits of up to 64 */
    bool all;       /* whatever the bits say */
};

/* One schema on one value. */
struct visit {
    struct run *run;           /* the validation */
    struct scope scope;        /* the schema, and how it was reached */
    struct value v;            /* the value */
    const struct place *place; /* where it stands; NULL: the whole */
    struct seen seen;          /* what has been evaluated */
    bool tracks;               /* what schemas in place evaluate counts too */
};

/* Applies a schema to a member or item. */
bool visit_below(struct visit *visit, const struct schema *node, struct step step, struct value v,
                 const struct place *place);
/* Applies a schema to the same value; what it has evaluated is added when it holds. */
bool visit_in_place(struct visit *visit, const struct schema *node, struct step step);

/* Adds an error of the keyword at the value; always false. */
bool complain(struct visit *visit, const char *keyword, str message);
bool complain_at(struct visit *visit, struct step step, str message);
/* Begins a message; NULL: nobody wants one. complain_with() ends it. */
struct sb *message_begin(struct visit *visit, struct sb *sb);
bool complain_with(struct visit *visit, const char *keyword, const struct sb *sb);

/* Stops the validation. Always false. */
bool stop(struct run *run, str why);
/* Takes work; false: there is none left, and the validation is stopped. */
bool pay(struct run *run, int64_t steps);

/* Errors since a mark can be forgotten, with the memory they took. */
struct run_mark {
    struct leaf **last;
    isize count, dropped;
    struct arena_mark memory;
};
struct run_mark run_mark(const struct run *run);
void run_forget(struct run *run, struct run_mark mark);

void seen_set(struct seen *seen, isize number);
bool seen_has(const struct seen *seen, isize number);

struct step step_plain(const char *keyword);
struct step step_name(const char *keyword, str name);
struct step step_item(const char *keyword, isize index);

/* ---- the keywords by type of value; false: an error has been added ---- */
bool check_object(struct visit *visit, const struct check *check);
bool check_array(struct visit *visit, const struct check *check);
bool check_string(struct visit *visit, const struct check *check);
bool check_number(struct visit *visit, const struct check *check);

#endif
