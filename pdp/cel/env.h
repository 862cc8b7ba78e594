/* env.h — what an expression may mention
 *
 * `cel` knows nothing of policies: names such as `request` or `P` reach it as declarations. A declaration
 * either stands for a root value (a number the caller chooses; the VM finds the value in cel_run.roots) or
 * for a message-like object whose fields do.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_CEL_ENV_H
#define CARDEA_CEL_ENV_H

#include "cel/ast.h"

struct cel_decl {
    str name;                    /* may be dotted in specification tests                  */
    const struct cel_type *type; /* T_MESSAGE for message-like objects                    */
    int32_t root;                /* root value of the whole thing; -1: none               */
};

/* A function declared by the caller, beside the library (specification tests only). */
struct cel_overload {
    str name;
    bool member;                          /* the first parameter is the receiver */
    const struct cel_type *const *params;
    int32_t param_count;
    const struct cel_type *result;
};

enum cel_parse_flags {
    CEL_NO_MACROS = 1,   /* leave macro calls as calls                                         */
    CEL_TEST_MACROS = 2  /* cel.block, cel.index, cel.iterVar, cel.accuVar                     */
};

struct cel_env {
    const struct cel_decl *decls;
    isize decl_count;
    const struct cel_overload *overloads;
    isize overload_count;
    str container; /* "" in policies                                                            */
};

/* Parses one expression. Returns NULL when there are issues (all syntax errors that recovery finds; at least
 * the first). The text is borrowed by the tree. */
struct ast *cel_parse(struct arena *arena, str text, unsigned flags, struct cel_issues *issues);

/* Resolves names and overloads, deduces types, annotates the tree in place. Returns EINVALID with issues.
 * All faults are reported, in the reference's order. */
cardea_status cel_check(struct arena *arena, const struct cel_env *env, struct ast *root, struct cel_issues *issues);

/* Only resolves names, without types (specification tests that switch checking off). */
cardea_status cel_resolve(struct arena *arena, const struct cel_env *env, struct ast *root, struct cel_issues *issues);

#endif
