/* json.h — JSON text → values, as the reference's schema library reads it
 *
 * More lenient than the door for requests (value/json_in.h): the last of repeated members counts,
 * broken UTF-8 becomes U+FFFD, text behind the value is passed over unless it is another value.
 * Numbers keep their text, because bounds are compared exactly and messages repeat what was
 * written.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_SCHEMA_JSON_H
#define CARDEA_SCHEMA_JSON_H

#include "value/vmap.h"

#define SCHEMA_JSON_DEPTH 256 /* nested arrays and objects */

/* A number that keeps its text: what a V_OBJECT with schema_number_class is. */
struct schema_number {
    struct object base;
    str text; /* as written: JSON's grammar */
    double d; /* nearest double, may be infinite */
};

extern const struct object_class schema_number_class;

/* The number behind the value; NULL when it is something else. */
const struct schema_number *schema_number_of(struct value v);

/* What may stand behind the value. */
enum json_tail {
    JSON_TAIL_ANY, /* anything that is not a value */
    JSON_TAIL_NONE /* white space only; and every number is a double's */
};

/* Reads one value. V_NONE and *why, in the words of the reference's reader, on failure.
 * Everything lives in the arena or borrows the text. */
struct value schema_json_read(struct arena *arena, str text, enum json_tail tail, str *why);

#endif
