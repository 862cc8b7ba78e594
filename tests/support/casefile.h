/* casefile.h — behaviour as data: one archive per case
 *
 *     one line of story
 *     -- policies/document.yaml --
 *     …
 *     -- schemas/document.json --
 *     …
 *     -- options --
 *     strict
 *     -- request.json --
 *     the body of POST /api/check/resources
 *     -- expect --
 *     what the engine answers, as lines; or the diagnostics
 *
 * Options: strict, lenient, scope=…, version=…, globals={…}, schema=warn|reject (enforced), schema=check (when
 * compiling). With CARDEA_UPDATE=1 in the environment the last section
 * is rewritten instead of compared.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_TESTS_CASEFILE_H
#define CARDEA_TESTS_CASEFILE_H

#include "compile/compile.h"
#include "engine/engine.h"

struct case_file {
    str path;
    str text;
    struct compile_input input; /* sections policies/…                   */
    struct engine_options options;
    str request;                /* empty: only compiled                  */
    str expect;
    isize expect_at;            /* byte of `text` at which expect begins */
};

/* Reads an archive; false when it is malformed. */
bool case_read(struct arena *arena, str path, struct case_file *out);

/* Compiles, decides, and writes what came out. Uses `arena` for compiling and results, `scratch` for the snapshot's
 * loading. observer may be NULL. */
struct decide_observer;
str case_run(struct arena *arena, struct arena *scratch, const struct case_file *file,
             const struct decide_observer *observer);

/* Frees what a case_run() that the arena's guard cut short has left. Nothing to do otherwise. */
void case_drop(void);

#endif
