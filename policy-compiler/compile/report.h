/* report.h — diagnostics in the reference's forms
 *
 * For programs and people who read the reference's reports: JSON of its structure, and its text. What is reported at
 * which place under which name comes from the ref_… fields of diagnostics; warnings have no place there.
 *
 * spec: cerbos-compat#index-errors, #compile-errors
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_COMPILE_REPORT_H
#define CARDEA_COMPILE_REPORT_H

#include "base/diag.h"

/* In the order of the text form. */
enum report_group {
    REPORT_DISABLED,
    REPORT_MISSING_SCOPES,
    REPORT_DUPLICATES,
    REPORT_MISSING_IMPORTS,
    REPORT_LOAD_FAILURES,
    REPORT_SCOPE_PERMISSIONS,
    REPORT_COMPILE_ERRORS,
    REPORT_GROUPS
};

struct report_entry {
    const struct diag *diag;
    str file;           /* empty: concerns no file in particular    */
    struct place place; /* line 0: the reference names none         */
    str text;           /* the reference's wording                  */
    str context;        /* the lines around the place; may be empty */
};

struct report_list {
    VEC(struct report_entry) list; /* in the reference's order, without repeats */
};

struct report {
    struct report_list groups[REPORT_GROUPS];
};

/* Sorts the diagnostics into groups. Lives in the arena, borrows the diagnostics. */
struct report *report_new(struct arena *arena, const struct diags *diags);

/* `{"lintErrors": …}` or `{"compileErrors": …}`, laid out, with a line end. There must be errors. */
void report_json(const struct report *report, struct sb *out);

/* The reference's text, which its tree and list have in common. There must be errors. */
void report_text(const struct report *report, struct sb *out);

#endif
