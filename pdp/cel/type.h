/* type.h — types as the checker sees them
 *
 * Types are immutable and compared structurally (cel_type_same). The simple ones are static.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_CEL_TYPE_H
#define CARDEA_CEL_TYPE_H

#include "value/value.h"

enum cel_type_kind {
    T_DYN,
    T_ERROR, /* an operand that already failed; shown as !error! */
    T_NULL,
    T_BOOL,
    T_INT,
    T_UINT,
    T_DOUBLE,
    T_STRING,
    T_BYTES,
    T_TIMESTAMP,
    T_DURATION,
    T_LIST,     /* params[0]: element          */
    T_MAP,      /* params[0] key, [1] value    */
    T_TYPE,     /* params[0]: of what; or none */
    T_OPTIONAL, /* params[0]                   */
    T_WRAPPER,  /* params[0]: nullable scalar (specification tests only) */
    T_ANY,      /* google.protobuf.Any: dyn with a name (specification tests only) */
    T_MESSAGE,  /* message: descriptor         */
    T_ABSTRACT, /* name: cerbos.lib.hierarchy, net.IP …; parameters in specification tests only */
    T_PARAM     /* name: type parameter of a signature; or, while checking, a variable by `id` */
};

struct cel_message;

struct cel_type {
    uint8_t kind;                      /* enum cel_type_kind                            */
    bool generic;                      /* a T_PARAM occurs in it                        */
    uint32_t size;                     /* nodes of the type written out; 0 means 1      */
    uint32_t id;                       /* T_PARAM: number of the variable while checking */
    str name;                          /* T_ABSTRACT, T_PARAM                           */
    const struct cel_type *params[3];  /* see cel_type_kind; NULL when absent           */
    const struct cel_message *message; /* T_MESSAGE                                     */
};

/* A field of a message-like object. */
struct cel_field {
    str name;                    /* lowerCamelCase: `policyVersion`                                     */
    str alt;                     /* proto spelling `policy_version`; empty when it is the same          */
    const struct cel_type *type; /* never NULL                                                          */
    int32_t root;                /* number of the root value that holds this field, -1: none (the object's class selects it) */
    int32_t var;                 /* slot of a policy variable evaluated at first use, -1: none          */
    struct value constant;       /* known value (constants of a policy); V_NONE: not known              */
};

/* A message-like type: P, R, request, V, C, G, runtime … */
struct cel_message {
    str name;                       /* "cerbos.engine.v1.Request.Principal", "cerbos.Variables"        */
    const struct cel_field *fields; /* known fields                                                    */
    int32_t field_count;            /* how many                                                        */
    bool open;                      /* fields that are not listed are allowed too and dyn (G)          */
    bool runtime;                   /* the owner prepares its roots on demand: expressions get CX_RUNTIME */
};

extern const struct cel_type cel_t_dyn, cel_t_error, cel_t_null, cel_t_bool, cel_t_int, cel_t_uint, cel_t_double,
    cel_t_string, cel_t_bytes, cel_t_timestamp, cel_t_duration, cel_t_any;

const struct cel_type *cel_type_list(struct arena *arena, const struct cel_type *element);
const struct cel_type *cel_type_map(struct arena *arena, const struct cel_type *key, const struct cel_type *value);
const struct cel_type *cel_type_of(struct arena *arena, const struct cel_type *type);
const struct cel_type *cel_type_optional(struct arena *arena, const struct cel_type *type);
const struct cel_type *cel_type_wrapper(struct arena *arena, const struct cel_type *type);
const struct cel_type *cel_type_abstract(struct arena *arena, str name);
const struct cel_type *cel_type_param(struct arena *arena, str name);

/* A type of the same kind and name as `like` with other parameters (as many as there are in params). */
const struct cel_type *cel_type_with(struct arena *arena, const struct cel_type *like,
                                     const struct cel_type *const params[3]);
const struct cel_type *cel_type_message(struct arena *arena, const struct cel_message *message);

bool cel_type_same(const struct cel_type *a, const struct cel_type *b);

/* Text as in the reference's messages: int, list(string), map(string, dyn), cerbos.lib.hierarchy, !error! … */
void cel_type_text(struct sb *out, const struct cel_type *type);

/* Reads a type as signatures write it, from *pos on: `map(string, list(A))`. One capital letter is a parameter,
 * an unknown name is abstract. Never fails: the text is part of the program. */
const struct cel_type *cel_type_read(struct arena *arena, str text, isize *pos);

/* Field by either spelling; NULL when unknown. */
const struct cel_field *cel_message_field(const struct cel_message *message, str name);

#endif
