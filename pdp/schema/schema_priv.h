/* schema_priv.h — documents, nodes and checks, shared by the files of the module
 *
 * document.c   a JSON text becomes a document; each place of it that holds a schema becomes a *sub*
 * compile.c    subs that are reached become *nodes*
 * keywords.c   the keywords of one sub become the *checks* of its node
 * validate.c   a value against a node
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_SCHEMA_PRIV_H
#define CARDEA_SCHEMA_PRIV_H

#include "base/map.h"
#include "base/vec.h"
#include "schema/draft.h"
#include "schema/json.h"
#include "schema/number.h"
#include "schema/schema.h"

/* ---- steps of a path ---- */
/* `keyword`, `keyword/name` or `keyword/7`. */
struct step {
    str keyword;   /* `properties` */
    str name;      /* of a member */
    int64_t index; /* of an item; -1: none */
    bool named;    /* name counts */
};
void step_add(struct sb *out, const struct step *step);

/* ---- documents ---- */
struct document {
    str url;                    /* what references in it are relative to */
    const struct value *root;   /* the JSON */
    const struct draft *draft;  /* whose rules it follows */
    struct sub *top;            /* of the root */
    const struct schema *meta;  /* whose vocabularies count; NULL: all */
    bool standard;              /* belongs to the drafts */
    struct sub **table;         /* place → sub: open addressing by the address of the value */
    uint32_t table_mask;        /* slots - 1 */
    uint32_t sub_count;         /* subs in the table */
    struct map anchors;         /* base URL, `#`, anchor → number in anchored */
    VEC(struct sub *) anchored; /* subs with an anchor */
    struct map urls;            /* own URL of a sub → number in named */
    VEC(struct sub *) named;    /* subs with an own URL */
};

/* A place of a document that holds a schema. */
struct sub {
    const struct value *place; /* the schema */
    struct document *document; /* where it is */
    struct sub *parent;        /* NULL: the root */
    struct step step;          /* from the parent; an unusual place has its whole way as keyword */
    str url;                   /* own URL, from `$id`; empty: none */
    str base;                  /* what references in it are relative to */
    VEC(struct sub *) dynamic; /* subs below it with a `$dynamicAnchor` */
    struct schema *node;       /* NULL: not reached yet */
    isize work;                /* while it is completed: position on the stack, from 1 */
};

/* What a failure of schema_compile() is made of. */
struct fault {
    str text;     /* as the reference's library words it */
    bool missing; /* a document does not exist: url and file say which */
    str url;      /* as it was asked for */
    str file;     /* `_schemas/x.json` */
};

/* What became of a reference. */
struct result {
    const struct schema *node; /* NULL: why */
    str why;                   /* empty: nothing is wrong */
};

struct schema_set {
    struct arena *arena;                     /* for the set's life */
    struct arena *scratch;                   /* given back; perhaps the same */
    struct map ids;                          /* of documents → number in texts */
    const struct schema_document *texts;     /* borrowed */
    struct map urls;                         /* of loaded documents → number in documents */
    VEC(struct document *) documents;        /* NULL: dropped after a failure */
    struct map patterns;                     /* → number in regexes */
    VEC(struct cel_regex *) regexes;         /* owned */
    struct map refs;                         /* → number in results */
    VEC(struct result) results;              /* of schema_compile() */
    const struct schema *metas[DRAFT_COUNT]; /* NULL: not needed yet */
    VEC(struct sub *) journal;               /* subs that got a node since schema_compile() began */
    isize loaded_before;                     /* documents there were then */
    int depth;                               /* documents being loaded */
    uint32_t nodes;                          /* made so far */
    struct fault fault;                      /* the last one */
};

#define SET_NODES     2000000 /* most schemas compiled in one set */
#define DOCUMENT_NEST 32      /* documents that wait for their `$schema` to load */

bool fault_set(struct schema_set *set, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Loads a document by its URL, or finds it. NULL: a fault. */
struct document *document_get(struct schema_set *set, str url);
/* Names a document whose root and draft are known, checks it and lists its subs. False: a fault. */
bool document_open(struct schema_set *set, struct document *document);
/* The sub at a place that usually holds a schema; NULL: there is none. */
struct sub *document_sub(const struct document *document, const struct value *place);
/* The sub at a place of the document, made when it is not usual. NULL: a fault. */
struct sub *document_place(struct schema_set *set, struct sub *parent, const struct step *step,
                           const struct value *place);
/* The sub with the URL; NULL: not in this document. */
struct sub *document_find(const struct document *document, str url);
/* Where the fragment leads, seen from `from`. *found NULL: nowhere; false: a fault. */
bool document_fragment(struct schema_set *set, struct sub *from, str fragment, struct sub **found);
/* URL and fragment of the place. */
void sub_location(struct sb *out, const struct sub *sub);

/* ---- nodes ---- */
enum json_type {
    TYPE_NULL = 1,
    TYPE_BOOLEAN = 2,
    TYPE_NUMBER = 4,
    TYPE_STRING = 8,
    TYPE_ARRAY = 16,
    TYPE_OBJECT = 32,
    TYPE_INTEGER = 64
};

/* In the order in which they are looked at. */
enum check_kind {
    CHECK_CONST,
    CHECK_ENUM,
    CHECK_FORMAT,
    CHECK_MIN_PROPERTIES, /* objects */
    CHECK_MAX_PROPERTIES,
    CHECK_REQUIRED,
    CHECK_PROPERTIES,
    CHECK_PROPERTY_NAMES,
    CHECK_REGEX_PROPERTIES,
    CHECK_PATTERN_PROPERTIES,
    CHECK_ADDITIONAL_PROPERTIES,
    CHECK_DEPENDENCIES,
    CHECK_DEPENDENT_REQUIRED,
    CHECK_DEPENDENT_SCHEMAS,
    CHECK_MIN_ITEMS, /* arrays */
    CHECK_MAX_ITEMS,
    CHECK_UNIQUE_ITEMS,
    CHECK_ITEMS,  /* one schema for all, before 2020-12 */
    CHECK_TUPLE,  /* a list of schemas, `additionalItems` behind */
    CHECK_PREFIX, /* `prefixItems`, `items` behind */
    CHECK_CONTAINS,
    CHECK_MIN_LENGTH, /* strings */
    CHECK_MAX_LENGTH,
    CHECK_PATTERN,
    CHECK_CONTENT,
    CHECK_MINIMUM, /* numbers */
    CHECK_EXCLUSIVE_MINIMUM,
    CHECK_MAXIMUM,
    CHECK_EXCLUSIVE_MAXIMUM,
    CHECK_MULTIPLE_OF,
    CHECK_REF, /* all values */
    CHECK_RECURSIVE_REF,
    CHECK_DYNAMIC_REF,
    CHECK_NOT,
    CHECK_ALL_OF,
    CHECK_ANY_OF,
    CHECK_ONE_OF,
    CHECK_IF,
    CHECK_UNEVALUATED_PROPERTIES,
    CHECK_UNEVALUATED_ITEMS
};

struct node_list {
    const struct schema **nodes; /* in the order of the document */
    isize count;                 /* how many */
};
struct name_list {
    str *names;  /* in the order of the document */
    isize count; /* how many */
};
/* What stands behind the listed ones: nothing, true, false, or a schema. */
enum rest_kind { REST_NONE, REST_ALLOWED, REST_REFUSED, REST_SCHEMA };
struct rest {
    uint8_t kind;              /* enum rest_kind */
    const struct schema *node; /* REST_SCHEMA */
};
/* `const` and `enum`. */
struct value_list {
    const struct value *values; /* in the document */
    isize count;                /* how many */
    uint32_t *slots;            /* number + 1 by hash; NULL: few, compared one by one */
    uint32_t mask;              /* slots - 1 */
    str message;                /* of the error */
};
struct format {
    const char *name;                               /* as schemas write it */
    bool (*matches)(struct arena *arena, str text); /* scratch memory is given back by the caller */
};
/* Members of a keyword whose value is an object, in the order of the document. */
struct member {
    str name;                      /* or pattern */
    const struct schema *node;     /* NULL: names */
    struct name_list names;        /* of `dependentRequired` and `dependencies` */
    const struct cel_regex *regex; /* of `patternProperties` */
};
struct member_list {
    struct member *list; /* in the order of the document */
    isize count;         /* how many */
    struct map names;    /* → number in list; only of `properties` */
};
struct tuple {
    struct node_list items; /* for the first ones */
    struct rest rest;       /* for the others */
};
struct contains {
    const struct schema *node; /* for the items that count */
    int64_t least, most;       /* most -1: no bound */
    bool evaluates;            /* items that match count as evaluated (2020-12) */
};
struct pattern {
    str text;                      /* as written */
    const struct cel_regex *regex; /* owned by the set */
};
struct content {
    str encoding;              /* empty: none */
    str media_type;            /* empty: none */
    bool base64;               /* the encoding is known */
    bool json;                 /* the media type is known */
    const struct schema *node; /* `contentSchema`; NULL: none */
};
struct branches {
    const struct schema *condition, *then, *otherwise; /* then, otherwise may be NULL */
};
struct dynamic_ref {
    const struct schema *node; /* where it leads when nothing on the way has the anchor */
    str anchor;                /* empty: an ordinary reference */
};

struct check {
    uint8_t kind; /* enum check_kind */
    union {
        const struct value_list *values;
        const struct format *format;
        int64_t count;
        const struct name_list *names;
        const struct member_list *members;
        const struct rest *rest;
        const struct schema *const *slot; /* of the one schema of the keyword */
        const struct node_list *nodes;
        const struct tuple *tuple;
        const struct contains *contains;
        const struct pattern *pattern;
        const struct content *content;
        const struct bound *bound;
        const struct divisor *divisor;
        const struct dynamic_ref *dynamic;
        const struct branches *branches;
    };
};

enum node_verdict { NODE_CHECKS, NODE_TRUE, NODE_FALSE };

struct schema {
    const struct sub *sub;      /* where it stands */
    const struct check *checks; /* in the order of check_kind */
    isize check_count;
    const struct schema **dynamic_anchors; /* at and below it */
    isize dynamic_anchor_count;
    str dynamic_anchor; /* own name; empty: none */
    str types_text;     /* `string or integer` */
    uint8_t types;      /* enum json_type; 0: all */
    uint8_t verdict;    /* enum node_verdict */
    uint8_t vocab;      /* as a schema of schemas: enum vocabulary */
    bool recursive_anchor;
    bool tracks; /* has `unevaluated…`: children say what they evaluated */
    bool counts; /* has `additionalProperties`: members must be remembered */
};

/* ---- keywords.c ---- */
/* A node that must be found before the one it belongs to is complete. */
struct edge {
    const struct schema **slot; /* receives it */
    struct step step;           /* from the node */
    struct sub *target;         /* known; NULL: see ref */
    str ref;                    /* reference as written */
    bool in_place;              /* applied to the same value: must not come back to itself */
};
struct edges {
    VEC(struct edge) list;
};
/* Fills the node from the keywords of its sub and lists the edges in the order in which they are
 * followed. False: a fault. */
bool keywords_read(struct schema_set *set, struct sub *sub, struct edges *edges);
/* Whether the schema of schemas has to be compiled first; then *edge leads there. */
bool keywords_need_meta(struct sub *sub, struct edge *edge);

/* ---- compile.c ---- */
/* The compiled schema of schemas of the draft. NULL: a fault. */
const struct schema *compile_meta(struct schema_set *set, const struct draft *draft);

/* ---- format.c ---- */
const struct format *format_find(str name); /* NULL: not known, passes */
bool format_is_ipv4(str text);
bool format_is_ipv6(struct arena *arena, str text);
/* ---- format_net.c ---- */
bool format_is_hostname(str text);
bool format_email(struct arena *arena, str text);
bool format_uri(struct arena *arena, str text);
bool format_uri_reference(struct arena *arena, str text);
bool format_uri_template(struct arena *arena, str text);

/* ---- equal.c ---- */
enum json_type json_type(struct value v); /* 0: nothing that JSON has; integers are numbers */
bool json_equal(struct value a, struct value b);
uint64_t json_hash(struct value v); /* equal values have equal hashes */
/* How many values there are in it, but not more than `most`. */
int64_t json_weight(struct value v, int64_t most);
/* Positions of the first two items that are equal; false: all differ. */
bool json_repeated(struct arena *arena, const struct value *items, isize count, isize *first,
                   isize *second);

/* ---- validate.c: for the compiler, with the way to the first error ---- */
struct meta_error {
    str path, location, message;
};
/* Validates a schema against a schema of schemas; path: where the schema stands. True: nothing
 * is wrong. */
bool validate_schema(const struct schema *meta, struct value v, str path, struct arena *arena,
                     struct meta_error *out);

#endif
