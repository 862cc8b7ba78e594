/* json_in.h — JSON text → values, strictly
 *
 * The door for JSON: UTF-8, no duplicate member names, bounded depth and count, numbers within double range,
 * nothing behind the value unless allowed. Numbers become doubles, as protobuf's JSON values are.
 * yyjson parses with memory from the arena; strings stay in the (modifiable) input buffer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_VALUE_JSON_IN_H
#define CARDEA_VALUE_JSON_IN_H

#include "value/vmap.h"

#include <yyjson.h>

struct json_limits {
    int max_depth;     /* nested arrays and objects, 0 = 64           */
    isize max_values;  /* values in one document, 0 = 200 000         */
};

struct json_error {
    isize offset;  /* byte in the input                                          */
    str text;      /* what is wrong, in our words; names the member where known  */
};

/* Parses the text (must be followed by YYJSON_PADDING_SIZE writable bytes; is modified) into yyjson's tree in
 * the arena. When tail_ok is set, text behind the first value is ignored, as the reference does.
 * NULL and *error on failure. Duplicate names and depth are checked here for the whole tree. */
yyjson_val *json_parse(struct arena *arena, char *text, isize len, const struct json_limits *limits,
                       bool tail_ok, struct json_error *error);

/* Converts a subtree of a checked document to a value. Never fails. */
struct value json_value(struct arena *arena, yyjson_val *node);

/* Both steps for a read-only text: copies it first. V_NONE and *error on failure. */
struct value json_read(struct arena *arena, str text, const struct json_limits *limits,
                       struct json_error *error);

#endif
