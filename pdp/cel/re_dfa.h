/* re_dfa.h — the linear automaton
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_CEL_RE_DFA_H
#define CARDEA_CEL_RE_DFA_H

#include "cel/re_tree.h"

/* Does the pattern match anywhere in the subject (valid UTF-8)? 1, 0, or -1 when the automaton would exceed its
 * bound. All memory comes from scratch and is given back. Time: subject × automaton at worst, in practice one table
 * look-up per byte. */
int re_dfa_match(const struct re_node *tree, struct arena *scratch, str subject);

#endif
