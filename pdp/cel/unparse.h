/* unparse.h — tree → CEL text
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_CEL_UNPARSE_H
#define CARDEA_CEL_UNPARSE_H

#include "cel/ast.h"

/* Appends the expression as text that parses to the same tree: macros as they were written, one
 * space around binary operators, no parenthesis that is not needed. Constants that folding made
 * are written as the call or literal that yields them; objects, which have none, as value_text
 * shows them. */
void cel_unparse(struct sb *out, const struct ast *node);

/* The same for a value alone. */
void cel_unparse_value(struct sb *out, struct value v);

#endif
