/* draft.h — the releases of JSON Schema: names, keywords with schemas below them, schemas of
 * schemas
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_SCHEMA_DRAFT_H
#define CARDEA_SCHEMA_DRAFT_H

#include "base/str.h"

/* Groups of keywords that a schema of schemas may leave out, from 2019-09 on. */
enum vocabulary {
    VOCAB_APPLICATOR = 1,
    VOCAB_VALIDATION = 2,
    VOCAB_UNEVALUATED = 4,
    VOCAB_OTHER = 8 /* known, without consequence: core, meta-data, format, content */
};

struct draft {
    int version;     /* 4, 6, 7, 2019, 2020 */
    const char *id;  /* keyword that names a schema */
    const char *url; /* of its schema of schemas, without a fragment */
    uint8_t number;  /* position in drafts[] */
    uint8_t vocab;   /* enum vocabulary: when none are named */
};

#define DRAFT_COUNT 5
extern const struct draft drafts[DRAFT_COUNT];
#define DRAFT_LATEST (&drafts[DRAFT_COUNT - 1])

/* The draft that a URL names (http or https, with or without `#`); NULL: none. */
const struct draft *draft_find(str url);

/* Where a keyword has schemas below it. */
enum position { AT_SELF = 1, AT_MEMBERS = 2, AT_ITEMS = 4 };

/* Positions (enum position) of the keyword in the draft; 0: it holds no schemas. */
int draft_positions(const struct draft *draft, str keyword);

/* Bits (enum vocabulary) of a vocabulary's URL; 0: the draft does not know it. */
uint8_t draft_vocabulary(const struct draft *draft, str url);

/* Text of a schema that belongs to the drafts, as JSON in the arena; empty: no such schema. */
str draft_meta(struct arena *arena, str url);

/* Does the URL name a part of a schema of schemas (`…/meta/core`)? These may be referred to. */
bool draft_meta_is_part(str url);

#endif
