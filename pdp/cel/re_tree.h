/* re_tree.h — a parsed pattern of the RE2 dialect
 *
 * The parser (re_parse.c) accepts exactly what the reference's regular expressions accept. The tree serves two ends:
 * the pattern for PCRE2 (re_emit.c) and the linear automaton (re_dfa.c).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_CEL_RE_TREE_H
#define CARDEA_CEL_RE_TREE_H

#include "base/str.h"

enum re_kind {
    RE_EMPTY,      /* matches nothing, successfully                 */
    RE_RUNE,       /* one code point; fold                          */
    RE_CLASS,      /* one code point of a class; fold               */
    RE_ANY,        /* any code point; without newline unless `dot_nl` */
    RE_LINE_START, /* (?m)^  */
    RE_LINE_END,   /* (?m)$  */
    RE_TEXT_START, /* ^ \A   */
    RE_TEXT_END,   /* $ \z   */
    RE_WORD,       /* \b     */
    RE_NOT_WORD,   /* \B     */
    RE_GROUP,      /* capturing group: items[0]                     */
    RE_REPEAT,     /* items[0]{min,max}; max -1: no bound           */
    RE_CAT,        /* items in a row                                */
    RE_ALT         /* one of the items                              */
};

/* A range of code points, or a Unicode property. */
struct re_range {
    int32_t lo, hi;       /* inclusive; property: unused                        */
    const char *property; /* name for PCRE2 (`Lu`, `Greek`), NULL: a range      */
    bool negated;         /* property: everything but it                        */
};

struct re_node {
    uint8_t kind;    /* enum re_kind                                */
    bool fold;       /* case-insensitive                            */
    bool dot_nl;     /* RE_ANY: newline too                         */
    bool negated;    /* RE_CLASS                                    */
    bool lazy;       /* RE_REPEAT: as few as possible               */
    int32_t rune;    /* RE_RUNE                                     */
    int32_t min, max;
    struct re_range *ranges;
    isize range_count;
    struct re_node **items;
    isize item_count;
};

/* Parses; NULL and *why (the reference's message) when the pattern is refused. groups: capturing groups. */
struct re_node *re_parse(struct arena *arena, str pattern, int *groups, str *why);

/* PCRE2 pattern of the same meaning. */
void re_emit(struct sb *out, const struct re_node *node);

/* Ranges (pairs lo, hi; ended by -1) of a script that is younger than the oldest PCRE2 we run on; NULL: no such name. */
const int32_t *re_young_script(str name);

/* Name that PCRE2 knows for a property of the dialect; NULL when the dialect has none of that name. re_unicode.c */
const char *re_property(str name);

#endif
