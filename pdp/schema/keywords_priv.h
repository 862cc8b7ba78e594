/* keywords_priv.h — reading one schema, shared by keywords*.c
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_SCHEMA_KEYWORDS_PRIV_H
#define CARDEA_SCHEMA_KEYWORDS_PRIV_H

#include "schema/schema_priv.h"

struct reader {
    struct schema_set *set;
    struct arena *arena;
    struct sub *sub;
    struct schema *node;
    const struct vmap *map; /* the schema */
    int version;            /* of the draft */
    struct edges *edges;
    VEC(struct check) checks;
    bool ok; /* false: a fault has been set */
};

const struct value *kw_get(const struct reader *r, const char *keyword);
/* NULL as well when it is of another kind. */
const struct value *kw_kind(const struct reader *r, const char *keyword, uint8_t kind);
const struct schema_number *kw_number(const struct reader *r, const char *keyword);
/* A limit on a count; numbers beyond are as good as the largest. */
int64_t kw_count(const struct schema_number *number);
/* Has the schema of schemas this vocabulary (enum vocabulary)? Always before 2019-09. */
bool kw_vocab(const struct reader *r, uint8_t vocab);
/* Is the value a schema, true or false? */
bool kw_is_schema(const struct value *v);
struct name_list kw_names(struct reader *r, const struct value *v);

struct step kw_step(const char *keyword);
struct step kw_step_member(const char *keyword, str name);

/* A new check; the pointer is valid until the next one. */
struct check *kw_add(struct reader *r, enum check_kind kind);
void kw_edge(struct reader *r, struct edge edge);
/* An edge to a schema of this document. */
void kw_child(struct reader *r, struct step step, const struct value *place, bool in_place,
              const struct schema **slot);
/* The check of a keyword that holds one schema, if it is there. */
void kw_single(struct reader *r, enum check_kind kind, const char *keyword, bool in_place);
/* The compiled pattern; NULL: a fault. */
const struct cel_regex *kw_regex(struct reader *r, str text);

/* ---- keywords_values.c ---- */
void kw_const(struct reader *r);
void kw_validation(struct reader *r);

/* ---- keywords_apply.c ---- */
void kw_applicators(struct reader *r);
void kw_content(struct reader *r);

#endif
