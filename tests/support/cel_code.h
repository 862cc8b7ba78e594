/* cel_code.h — a piece of code that has every instruction, for tests of verifier and VM
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_TESTS_CEL_CODE_H
#define CARDEA_TESTS_CEL_CODE_H

#include "cel/vm.h"

/* Code of all sample expressions, in one codeset with variables; roots are numbered as image/roots.h does. */
struct sample_code {
    struct cel_code code;
    const char *const *texts;   /* of the expressions that are no variables, parallel to exprs[first …] */
    uint32_t first;             /* first expression that is no variable                                  */
    struct value *roots;        /* ROOT_COUNT values: a request                                          */
};

/* Compiles the samples into the arena; stops the test when one does not compile. */
struct sample_code sample_code_new(struct arena *arena);

/* A run of the code: memo cells empty, the given budget, no thread. */
struct cel_run sample_run(struct arena *arena, const struct sample_code *samples, const struct cel_code *code,
                          int64_t budget);

#endif
