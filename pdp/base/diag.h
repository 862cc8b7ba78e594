/* diag.h — what is wrong, where, and what to do
 *
 * A diagnostic is built by whoever finds a fault and shown by whoever talks to people. Wording: lower
 * case, no full stop, the user's words in backticks, one line; the remedy goes to `help`. Codes are
 * stable; each is defined once, in a table of the module that finds it (struct diag_class).
 *
 * The reference tool words, groups and places some faults its own way; the ref_* fields carry that view
 * for outputs that promise its form (spec: cerbos-compat#compile-errors).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_BASE_DIAG_H
#define CARDEA_BASE_DIAG_H

#include "base/source.h"
#include "base/vec.h"

enum diag_severity { DIAG_ERROR, DIAG_WARNING, DIAG_NOTE };

struct diag_class {
    const char *code;    /* "E2104"; stable, unique in the tree                                      */
    uint8_t severity;    /* enum diag_severity                                                       */
    uint8_t group;       /* reference's group, a number of the module's own (0: none)                */
    const char *kind;    /* reference's error name, e.g. "invalid expression"; NULL: none            */
    const char *help;    /* usual remedy, or NULL                                                    */
};

struct diag_note {
    struct span span; /* may have no source */
    str text;         /* "imported here"    */
};

struct diag {
    const struct diag_class *class; /* code, severity, usual help                                     */
    struct span span;               /* exact place for people; span.source may be NULL                */
    str file;                       /* file name when there is no span; else empty                    */
    str text;                       /* our wording                                                    */
    str help;                       /* remedy of this case; empty: the class's                        */
    struct diag_note *notes;        /* related places                                                 */
    isize note_count;               /* how many                                                       */
    str ref_text;                   /* the reference's wording; empty: same as text                   */
    struct place ref_place;         /* the reference's position; line 0: same as span's start;
                                       line -1: the reference gives none                              */
    struct place ref_caret;         /* where its excerpt has the caret; line 0: same as ref_place     */
    str ref_path;                   /* YAML path `$.resourcePolicy.rules[0]`, or empty                */
    bool ref_hidden;                /* the reference does not report it: another one stands for it    */
    str args[4];                    /* facts for structured output, meaning by class (documented there) */
    uint32_t order;                 /* order of arrival, for a stable sort                            */
};

/* Collects diagnostics. All texts live in the arena or outlive it. */
struct diags {
    struct arena *arena;    /* where diagnostics and texts live                  */
    VEC(struct diag) list;  /* in order of arrival until diags_sort              */
    isize errors;           /* how many have severity error                      */
    isize limit;            /* most diagnostics kept; 0 = 100                    */
    isize dropped;          /* how many came after the limit                     */
};

struct diags diags_new(struct arena *arena);

/* Adds one diagnostic with a formatted text; returns it for more facts, never NULL (past the limit: a
 * scratch record that is not shown). */
struct diag *diag_add(struct diags *diags, const struct diag_class *class, struct span span,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));
void diag_note(struct diags *diags, struct diag *diag, struct span span, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void diag_help(struct diags *diags, struct diag *diag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The reference does not report the diagnostics [from, to). */
void diags_hide(struct diags *diags, isize from, isize to);

/* Sorts by file, position, order of arrival, and removes exact repeats; what the reference reports of one of them
 * stays. */
void diags_sort(struct diags *diags);

/* Renders for people: `file:line:col: error[E2104]: text`, the line, a caret, notes, help. */
void diags_render(const struct diags *diags, bool color, struct sb *out);

/* The nearest of `count` candidates to `word` when it is near enough to suggest; else empty. */
str diag_nearest(struct arena *arena, str word, const str *candidates, isize count);

#endif
