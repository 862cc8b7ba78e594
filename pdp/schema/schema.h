/* schema.h — JSON Schema: compile once, validate attributes
 *
 * Drafts 4, 6, 7, 2019-09 and 2020-12, selected by `$schema`; 2020-12 without it. Formats and
 * contents are asserted. Behaviour and texts follow the reference (spec: cerbos-compat#schemas, and
 * its vectors).
 *
 * A set holds the documents of a store and what has been compiled from them. A schema is found by a
 * reference as policies write it (`cerbos:///dir/name.json`); references inside documents are
 * followed within the set. Nothing is read from files or fetched.
 *
 * This is a module of its own because the policy compiler checks schemas that the engine validates
 * with.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_SCHEMA_SCHEMA_H
#define CARDEA_SCHEMA_SCHEMA_H

#include "cel/regex.h"
#include "value/value.h"

struct schema_document {
    str id;   /* path below `_schemas`, or a whole URL */
    str text; /* JSON */
};

struct schema_set; /* opaque */
struct schema;     /* opaque: a compiled schema, immutable */

/* Makes a set. Documents and texts are borrowed for the set's life, `scratch` (perhaps the same
 * arena) for calls of schema_compile(). Everything lives in `arena` but compiled patterns:
 * release them with schema_set_free(). */
struct schema_set *schema_set_new(struct arena *arena, struct arena *scratch,
                                  const struct schema_document *documents, isize count);
void schema_set_free(struct schema_set *set); /* NULL: nothing */

/* The schema behind a reference; compiled at first use, remembered with its failure. NULL and
 * *why (`schema _schemas/x.json doesn't exist`, `jsonschema R compilation failed: …`), which
 * lives with the set. One thread; may use the heap. Cost: bounded by the sizes of the documents
 * it reaches. */
const struct schema *schema_compile(struct schema_set *set, str ref, str *why);

/* A text between quotation marks as the reference writes it in messages about schemas. */
str schema_quote(struct arena *arena, str text);

struct schema_error {
    str path; /* of the value: segments escaped as pointer and for URLs; `/`: the whole */
    str message;
    bool required; /* it comes from a keyword called `required` */
};

struct schema_errors {
    const struct schema_error *list; /* the leaves of the tree of errors, in order */
    isize count;
};

/* Validates a JSON-like value. True: nothing is wrong; else out has the errors, in the arena. A
 * limit that is reached (SCHEMA_STEPS, SCHEMA_DEPTH, a pattern that cannot be decided) is an
 * error like others. thread: workspace for patterns, NULL: without. Takes no lock, no heap, no
 * clock. */
bool schema_validate(const struct schema *schema, struct value v, struct cel_thread *thread,
                     struct arena *arena, struct schema_errors *out);

/* What bounds one validation: schemas applied to values and work of that size; schemas within
 * schemas (four for each level of a document, 1 KiB of stack each); errors that are listed. */
#define SCHEMA_STEPS  1000000
#define SCHEMA_DEPTH  1100
#define SCHEMA_ERRORS 1000

#endif
