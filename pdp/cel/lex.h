/* lex.h — expression text → tokens
 *
 * The whole text is cut into tokens before parsing, because a message literal (`a.b.C{`) is told
 * from a selection only by what follows the name. Private to the front end of `cel`.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_CEL_LEX_H
#define CARDEA_CEL_LEX_H

#include "cel/ast.h"

enum tok_kind {
    TOK_END, /* behind the last token */
    TOK_IDENT,
    TOK_ESC_IDENT, /* `name` in back quotes        */
    TOK_INT,
    TOK_UINT,
    TOK_DOUBLE,
    TOK_STRING, /* prefix and quotes included   */
    TOK_BYTES,  /* prefix and quotes included   */
    TOK_TRUE,
    TOK_FALSE,
    TOK_NULL,
    TOK_IN,
    TOK_EQ,
    TOK_NE,
    TOK_LT,
    TOK_LE,
    TOK_GT,
    TOK_GE,
    TOK_AND,
    TOK_OR,
    TOK_NOT,
    TOK_PLUS,
    TOK_MINUS,
    TOK_STAR,
    TOK_SLASH,
    TOK_PERCENT,
    TOK_QUESTION,
    TOK_COLON,
    TOK_DOT,
    TOK_COMMA,
    TOK_LPAREN,
    TOK_RPAREN,
    TOK_LBRACKET,
    TOK_RBRACKET,
    TOK_LBRACE,
    TOK_RBRACE
};

struct tok {
    uint8_t kind;   /* enum tok_kind                                                          */
    bool broken;    /* string or bytes with a fault that has been reported: its value is empty */
    uint32_t start; /* first byte in the text                                                 */
    uint32_t end;   /* first byte behind                                                      */
};

struct toks {
    VEC(struct tok) list; /* ends with TOK_END */
};

/* Cuts the text (valid UTF-8, below 2^31 bytes) into tokens in the arena. Faults go to issues;
 * the list is usable after them. */
void cel_lex(struct arena *arena, str text, struct toks *out, struct cel_issues *issues);

enum unquote_error {
    UNQUOTE_OK,
    UNQUOTE_CODE_POINT, /* surrogate or above U+10FFFF    */
    UNQUOTE_ESCAPE      /* escape that bytes do not know  */
};

/* The value of a string or bytes token: quotes and prefix removed, line ends and escapes
 * replaced. The result borrows from the text when nothing had to be replaced. */
enum unquote_error cel_unquote(struct arena *arena, str text, bool is_bytes, str *out);

#endif
