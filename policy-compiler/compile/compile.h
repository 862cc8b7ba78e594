/* compile.h — policy files → image
 *
 * All or nothing: with any error there is no image. The same code serves the command line, the server's reload,
 * the playground and tests. Equal inputs give equal bytes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_COMPILE_COMPILE_H
#define CARDEA_COMPILE_COMPILE_H

#include "base/diag.h"

struct policy_file {
    str path;  /* relative to the store's root, with `/`                          */
    str text;  /* whole file                                                      */
};

struct schema_file {
    str id;    /* path below _schemas                                             */
    str text;
};

struct compile_input {
    const struct policy_file *files; /* in walk order (sorted)                    */
    isize file_count;
    const struct schema_file *schemas;
    isize schema_count;
    bool check_schemas;              /* load and check every referenced schema    */
};

struct compile_result {
    str image;         /* the bytes, in the arena; empty on failure               */
    isize policies;    /* documents that take part                                */
    isize rules;       /* rules as written                                        */
    bool lint_failed;  /* errors came before compilation proper (exit code as in the reference: both 3) */
};

/* Compiles. Returns OK, or EINVALID with diagnostics (all of them, sorted), or ELIMIT. Memory comes from `arena`,
 * whose guard the function sets itself. */
cardea_status compile_policies(struct arena *arena, const struct compile_input *input,
                               struct compile_result *out, struct diags *diags);

#endif
