/* load.h — YAML or JSON text → policy
 *
 * Reads one document, refuses unknown and repeated keys, checks the field rules, keeps places. Errors of reading
 * stop a document at the first; all violations of field rules are reported.
 *
 * spec: cerbos-compat#yaml-and-json-reading, #policy-documents, #document-validation
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_MODEL_LOAD_H
#define CARDEA_MODEL_LOAD_H

#include "base/diag.h"
#include "model/policy.h"

/* Groups of diagnostics, for the reference's `lintErrors` (struct diag_class.group). */
enum lint_group {
    LINT_NONE = 0,          /* a compile error                                                */
    LINT_LOAD_PARSE,        /* load_failures, kind 1                                          */
    LINT_LOAD_VALIDATION,   /* load_failures, kind 2                                          */
    LINT_MISSING_IMPORT,    /* missing_imports: args = importing policy key, import kind, name, desc */
    LINT_MISSING_SCOPE,     /* missing_scope_details: args = missing key, descendants joined by newline */
    LINT_DUPLICATE,         /* duplicate_defs: args = other file, policy key                  */
    LINT_DISABLED,          /* disabled_defs: args = policy key                               */
    LINT_SCOPE_PERMISSIONS, /* scope_permissions_conflicts: args = scope                      */
    LINT_LOAD_OTHER         /* load_failures without a kind: several documents, duplicate names */
};

/* Loads one file. Returns OK with *out = NULL when the file holds nothing (empty, only comments). */
cardea_status policy_load(struct arena *arena, const struct source *source, struct policy **out,
                          struct diags *diags);

/* Which file names are policies: .yaml .yml .json in any case, not hidden, not a test. spec: #policy-files-on-disk */
bool policy_file_name(str base_name);

/* Is this the name of a test suite (`*_test.yaml` …)? */
bool policy_test_name(str base_name);

#endif
