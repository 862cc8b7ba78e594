/* json_out.h — append-only JSON writer
 *
 * Writes into a str builder. Keeps track of commas, nothing else: the caller opens and closes in order.
 * With indent > 0 output is laid out with that many spaces a level.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_VALUE_JSON_OUT_H
#define CARDEA_VALUE_JSON_OUT_H

#include "value/vmap.h"

struct jw {
    struct sb *out; /* where text goes                            */
    bool comma;     /* the next item at this level needs a comma  */
    bool named;     /* a member's name stands, its value is next  */
    int depth;      /* open objects and arrays                    */
    int indent;     /* spaces a level; 0 = compact                */
};

struct jw jw_new(struct sb *out, int indent);
void jw_object(struct jw *w);     /* {  */
void jw_object_end(struct jw *w); /* }  */
void jw_array(struct jw *w);
void jw_array_end(struct jw *w);
void jw_key(struct jw *w, str name);
void jw_string(struct jw *w, str s);
void jw_bool(struct jw *w, bool b);
void jw_int(struct jw *w, int64_t n);
void jw_double(struct jw *w, double d); /* d finite */
void jw_null(struct jw *w);
void jw_raw(struct jw *w, str json); /* one value already in JSON */

/* A value in protobuf-JSON form (spec: cel#20): int and uint beyond ±(2^53-1) as text, bytes as base64, timestamps
 * and durations as text, objects through their class's `plain`. Returns true when written; false when the value
 * (or a part) has no JSON form (inf, NaN, type, map with other keys …): then nothing has been written and *why
 * (may be NULL) receives the reason in the reference's words. */
bool jw_value(struct jw *w, struct arena *scratch, struct value v, str *why);

#endif
