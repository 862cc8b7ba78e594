/* code.h — one policy's code, as the VM reads it
 *
 * Instructions are 32-bit words, `op:8 a:8 b:16` or `op:8 imm:24` (opcodes.def). Operands are
 * numbers into the tables below; the verifier proves all of them in range once, before the code may
 * run. All tables are immutable and belong to an image or to the builder that made them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_CEL_CODE_H
#define CARDEA_CEL_CODE_H

#include "value/vmap.h"

/* A chain of constant selections from a root value: R.attr.owner.name = root(R.attr) owner name. */
struct cel_path {
    uint16_t root;      /* number of the root value                    */
    uint16_t key_count; /* how many keys; 0 = the root itself          */
    uint32_t first_key; /* first of its keys in cel_code.path_keys     */
};

enum cel_expr_flags {
    CX_RUNTIME = 1, /* reads a root of `runtime` (the owner must have prepared it)  */
    CX_NOW = 2,     /* reads the clock of the request                               */
    CX_VARS = 4     /* reads policy variables                                       */
};

/* One compiled expression. */
struct cel_expr {
    uint32_t entry;     /* first word                                  */
    uint32_t words;     /* how many words                              */
    uint16_t max_stack; /* values of its frame: slots, operands, and the
                           frames of the variables that it reads       */
    uint16_t slots;     /* local variables                             */
    uint32_t flags;     /* enum cel_expr_flags, variables included     */
};

/* Where a word comes from: bytes of the expression's own text. Sorted by pc; a word belongs to
 * the last entry ≤ it. */
struct cel_pc_span {
    uint32_t pc;
    uint32_t start, end;
};

struct cel_regex; /* compiled pattern (regex.h) */
struct zone;      /* base/time.h */

struct cel_code {
    const uint32_t *words;
    const struct value *konsts;    /* constants: any value without objects, errors, unknowns         */
    const struct cel_path *paths;
    const uint32_t *path_keys;     /* numbers of constants, each a string                            */
    const struct cel_expr *exprs;
    const uint32_t *vars;          /* policy variable slot → its expression                          */
    const uint32_t *var_names;     /* policy variable slot → constant that is its name               */
    const uint32_t *patterns;      /* constants that are literal patterns, in order of use           */
    const struct cel_regex *const *regexes; /* parallel to patterns: compiled by the owner at load   */
    const struct cel_pc_span *spans;
    uint32_t word_count, konst_count, path_count, path_key_count, expr_count, var_count;
    uint32_t pattern_count, span_count;
};

/* Proves the code safe to run: operands in range, stack depth equal on every join, jumps inside the
 * expression, slots defined before use, a return on every path, no cycle among variables. ECORRUPT
 * and *why (may be NULL; lives in scratch) otherwise.
 * root_count: how many roots cel_run.roots will have. scratch: working memory. */
cardea_status cel_verify(const struct cel_code *code, uint32_t root_count, struct arena *scratch,
                         str *why);

/* Code as text, one line an instruction, for people and tests. */
void cel_listing(struct sb *out, const struct cel_code *code, uint32_t expr);

#endif
