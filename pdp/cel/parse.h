/* parse.h — what the parser and the macros share
 *
 * Private to parse.c and macro.c; everybody else calls cel_parse (env.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_CEL_PARSE_H
#define CARDEA_CEL_PARSE_H

#include "cel/env.h"
#include "cel/lex.h"

struct parser {
    struct arena *arena;       /* the tree                                              */
    str text;                  /* the expression                                        */
    unsigned flags;            /* enum cel_parse_flags                                  */
    const struct tok *toks;    /* tokens, ended by TOK_END                              */
    isize pos;                 /* next token                                            */
    struct cel_issues *issues; /* faults                                                */
    uint32_t nodes;            /* nodes made so far                                     */
    int expr_depth;            /* open expressions, relations and sums: the reference   */
    int relation_depth;        /*   counts each of its grammar's rules by itself        */
    int calc_depth;
    int height;                /* longest chain of operators in the tree made last      */
    bool lex_failed;           /* the lexer has reported faults: they explain the rest   */
    bool failed;               /* a syntax error has been reported: unwind              */
};

/* A node of the kind with the span [start, end) and the place `at`. */
struct ast *cel_node(struct parser *p, enum ast_kind kind, uint32_t start, uint32_t end, uint32_t at);

/* Expands the call when it is a macro, else returns it as it is. Faulty macro calls become issues. */
struct ast *cel_expand_macro(struct parser *p, struct ast *call);

#endif
