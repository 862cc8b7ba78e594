/* gen_priv.h — the tables that a codeset grows, shared by codeset.c and gen*.c
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_CEL_GEN_PRIV_H
#define CARDEA_CEL_GEN_PRIV_H

#include "base/map.h"
#include "cel/func.h"
#include "cel/gen.h"
#include "cel/vm_priv.h"

struct codeset {
    struct arena *arena;
    VEC(uint32_t) words;
    VEC(struct value) konsts;
    VEC(struct cel_path) paths;
    VEC(uint32_t) path_keys;
    VEC(struct cel_expr) exprs;
    VEC(uint32_t) depths; /* parallel to exprs: how many variables wait for each other below it */
    VEC(uint32_t) vars;
    VEC(uint32_t) var_names;
    VEC(uint32_t) patterns;
    VEC(struct cel_pc_span) spans;
    struct map konst_index; /* canonical bytes of a constant → its number */
    struct map path_index;  /* root and keys as bytes → path              */
};

struct local {
    str name;      /* as written in the macro */
    uint32_t slot; /* where its value is      */
};

/* State of one cel_gen(). */
struct gen {
    struct codeset *set;
    struct cel_issues *issues;
    VEC(struct local) locals; /* innermost last                                              */
    uint32_t slots;           /* slots in use                                                */
    uint32_t max_slots;       /* most of them                                                */
    uint32_t depth;           /* operands on the stack                                       */
    uint32_t max_depth;       /* most operands, and the frames of variables, above the slots */
    uint32_t var_depth;       /* variables that wait for each other                          */
    uint32_t flags;           /* enum cel_expr_flags                                         */
    cardea_status status;     /* first failure; generating goes on, harmlessly               */
};

/* Appends a word; returns its position. */
uint32_t gen_word(struct gen *g, uint32_t word);
/* Appends an instruction for `node` that takes `pops` operands and leaves `pushes`. */
uint32_t gen_op(struct gen *g, const struct ast *node, uint32_t word, uint32_t pops,
                uint32_t pushes);
/* Makes the jump at `at` lead here: its imm, or its second word. */
void gen_land(struct gen *g, uint32_t at);
void gen_land_second(struct gen *g, uint32_t at);
/* Notes a limit or a node that cannot be generated. */
void gen_fail(struct gen *g, cardea_status status, const struct ast *node, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Each leaves exactly one value on the stack. */
void gen_node(struct gen *g, const struct ast *node);
void gen_konst(struct gen *g, const struct ast *node, struct value v);
void gen_call(struct gen *g, const struct ast *node);
void gen_list(struct gen *g, const struct ast *node);
void gen_map(struct gen *g, const struct ast *node);
void gen_loop(struct gen *g, const struct ast *node);
void gen_bind(struct gen *g, const struct ast *node);

/* Numbers of table entries, adding them when they are new. */
uint32_t codeset_path(struct codeset *set, uint16_t root, const uint32_t *keys, isize count);
uint32_t codeset_pattern(struct codeset *set, uint32_t konst);

/* The value of a literal that is constant as it stands: scalars, and lists and maps of such. */
bool ast_constant(struct arena *arena, const struct ast *node, struct value *out);

/* Field of a message-like object that a selection names, told from the checker's mark or the
 * name's message; NULL when it is an ordinary selection. */
const struct cel_field *ast_field(const struct ast *select);

/* Whether the node is a name, or selections from one, that stands for a message-like object. */
const struct cel_message *ast_message(const struct ast *node);

#endif
