/* parse.h — what the parts of the parser and the macros share
 *
 * Private to parse*.c and macro.c; everybody else calls cel_parse (env.h).
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
    int height;      /* longest chain of operators in the tree made last      */
    bool lex_failed; /* the lexer has reported faults: they explain the rest  */
    bool failed;     /* a syntax error has been reported: unwind              */
};

typedef VEC(struct ast *) nodes;

/* ---- tokens ---- */

static inline const struct tok *peek(const struct parser *p)
{
    return &p->toks[p->pos];
}

static inline enum tok_kind peek_kind(const struct parser *p)
{
    return (enum tok_kind)p->toks[p->pos].kind;
}

/* The token behind the next one; TOK_END is repeated. */
static inline enum tok_kind peek_second(const struct parser *p)
{
    return p->toks[p->pos].kind == TOK_END ? TOK_END : (enum tok_kind)p->toks[p->pos + 1].kind;
}

static inline const struct tok *advance(struct parser *p)
{
    const struct tok *tok = &p->toks[p->pos];
    if (tok->kind != TOK_END) {
        p->pos++;
    }
    return tok;
}

static inline bool accept(struct parser *p, enum tok_kind kind)
{
    if (p->failed || peek_kind(p) != kind) {
        return false;
    }
    (void)advance(p); /* its kind is all that matters */
    return true;
}

/* Where the text read so far ends. */
static inline uint32_t last_end(const struct parser *p)
{
    return p->pos > 0 ? p->toks[p->pos - 1].end : 0;
}

static inline str tok_text(const struct parser *p, const struct tok *tok)
{
    return str_slice(p->text, tok->start, tok->end);
}

static inline int parse_max(int a, int b)
{
    return a > b ? a : b;
}

/* ---- parse.c ---- */
/* What the reference's grammar expects where an operand may begin. */
#define OPERAND_SET                                                                                \
    "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, "       \
    "STRING, BYTES, IDENTIFIER}"

struct ast *parse_expr(struct parser *p);

/* A node of the kind with the span [start, end) and the place `at`. */
struct ast *cel_node(struct parser *p, enum ast_kind kind, uint32_t start, uint32_t end,
                     uint32_t at);

/* A call whose text ends with the last token read. */
struct ast *parse_call(struct parser *p, str name, uint32_t start, uint32_t at, struct ast *target,
                       nodes args);

/* Stands for something that could not be read; an issue has been reported. */
struct ast *parse_missing(struct parser *p);

/* Reports that the next token does not fit. `set` is what the reference's grammar expects,
 * `wanted` the same for people. Only the first is reported; what a lexical error may explain is
 * marked as following from it. */
void parse_fault(struct parser *p, const char *set, const char *wanted, str help);

/* Reads a token of the kind, or reports that it is not there. */
void parse_expect(struct parser *p, enum tok_kind kind, const char *set, const char *wanted);

/* What people mean who write a word of another language; empty for other words. */
str parse_habit_help(str word);

/* ---- parse_primary.c ---- */
struct ast *parse_primary(struct parser *p);

/* Arguments up to the closing parenthesis, which is read too. */
nodes parse_args(struct parser *p);

/* A field's name: a word or a name in back quotes; *word receives where it stands. */
str parse_field_name(struct parser *p, uint32_t *word);

/* ---- macro.c ---- */
/* Expands the call when it is a macro, else returns it as it is. Faulty macro calls become
 * issues. */
struct ast *cel_expand_macro(struct parser *p, struct ast *call);

#endif
