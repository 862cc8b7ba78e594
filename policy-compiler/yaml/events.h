/* events.h — libyaml at arm's length: a text in, a list of events out
 *
 * Private to policy-compiler/yaml. libyaml owns heap memory while it runs; nothing of it survives a
 * call, and nothing may jump out of the arena while it lives, so the events are collected first and
 * the tree is built afterwards.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_YAML_EVENTS_H
#define CARDEA_YAML_EVENTS_H

#include "base/source.h"
#include "base/vec.h"

enum yevent_kind { YE_DOC, YE_DOC_END, YE_ALIAS, YE_SCALAR, YE_SEQ, YE_MAP, YE_END };

enum yscalar_style { YS_PLAIN, YS_SINGLE, YS_DOUBLE, YS_LITERAL, YS_FOLDED };

struct yevent {
    uint8_t kind;   /* enum yevent_kind; YE_END closes a sequence or a mapping        */
    uint8_t style;  /* YE_SCALAR: enum yscalar_style                                  */
    bool flow;      /* YE_SEQ, YE_MAP: brackets                                       */
    bool props;     /* an anchor or a tag stands before the node                      */
    uint32_t start; /* first byte, anchor and tag included                            */
    uint32_t end;   /* first byte behind                                              */
    str anchor;     /* name of the anchor, or of the alias; empty: none               */
    str value;      /* YE_SCALAR: as libyaml resolved it, see `masked`                */
};

struct yevents {
    VEC(struct yevent) list;
    bool masked; /* libyaml saw other characters in some places: values have the same
                              length but not everywhere the same bytes                          */
    /* What stopped the reading; problem is NULL when nothing did. */
    const char *problem; /* libyaml's words, static                                           */
    const char *context; /* libyaml's words, static, or NULL                                  */
    uint32_t problem_at; /* byte                                                              */
    uint32_t context_at; /* byte                                                              */
    bool limit;          /* too deep or too many nodes: `problem` says which                  */
};

/* Reads the whole text, which is valid UTF-8 without control characters (yaml_text_check). Never
 * fails; look at out->problem. May leave through the arena's guard. */
void yaml_events(struct arena *arena, const struct source *source, struct yevents *out);

struct yplaces {
    VEC(uint32_t) list; /* bytes */
};

/* Where a quoted value is followed by more on its line, which is why a text could not be read:
 * `expr: "a" in R.attr.x`. Meant for texts that yaml_events refused. spec:
 * cerbos-compat#the-quote-heuristic */
void yaml_quotes(struct arena *arena, const struct source *source, struct yplaces *out);

/* Byte of the first character that must not be in a YAML text (NUL, other controls, bad UTF-8),
 * or -1. */
isize yaml_text_check(str text);

#endif
