/* value.h — the value: 16 bytes, copied freely
 *
 * What a value points to lives in the request arena, the input buffer or the snapshot. Errors and
 * unknowns are values, so that && || ?: all and exists can absorb them as the language demands.
 * A zeroed value is V_NONE: "not there" (an empty memo cell, a lookup that found nothing); it is never a
 * value of the language.
 *
 *      0      1      2..3    4..7      8..15
 *      kind   flags  aux     len       payload
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_VALUE_VALUE_H
#define CARDEA_VALUE_VALUE_H

#include "base/str.h"

enum value_kind {
    V_NONE = 0,  /* not there                                                             */
    V_NULL,
    V_BOOL,      /* i: 0 or 1                                                             */
    V_INT,       /* i                                                                     */
    V_UINT,      /* u                                                                     */
    V_DOUBLE,    /* d                                                                     */
    V_STRING,    /* s, len bytes: valid UTF-8                                             */
    V_BYTES,     /* s, len bytes                                                          */
    V_LIST,      /* items, len elements                                                   */
    V_MAP,       /* map, len entries                                                      */
    V_TIMESTAMP, /* i: seconds since 1970, len: nanoseconds, aux: offset in minutes east  */
    V_DURATION,  /* i: nanoseconds                                                        */
    V_TYPE,      /* s, len: name of the type ("int", "list", "google.protobuf.Duration")  */
    V_OPTIONAL,  /* items: one value, or NULL for optional.none()                         */
    V_OBJECT,    /* object: hierarchy, network, SPIFFE, message … (see struct object)     */
    V_ERROR,     /* err                                                                   */
    V_UNKNOWN,   /* partial evaluation only                                               */
    V_KIND_COUNT
};

enum value_flags {
    VF_ASCII = 1 /* string: every byte is below 128 (known; absence says nothing) */
};

struct vmap;
struct object;
struct verror;

struct value {
    uint8_t kind;  /* enum value_kind                     */
    uint8_t flags; /* enum value_flags                    */
    int16_t aux;   /* timestamp: offset in minutes, else 0 */
    uint32_t len;  /* see value_kind                      */
    union {
        int64_t i;
        uint64_t u;
        double d;
        const char *s;
        const struct value *items;
        const struct vmap *map;
        const struct object *object;
        const struct verror *err;
    };
};
_Static_assert(sizeof(struct value) == 16, "a value is 16 bytes");

/* ---- errors ---- */
enum verror_category {
    VE_NO_SUCH_KEY = 1,  /* map has no such key                                        */
    VE_NO_SUCH_FIELD,    /* undefined field of an object                               */
    VE_NO_OVERLOAD,      /* no such overload                                           */
    VE_RANGE,            /* index out of range                                         */
    VE_DIVIDE,           /* division or modulus by zero                                */
    VE_OVERFLOW,         /* integer, duration or timestamp overflow                    */
    VE_CONVERSION,       /* type conversion error                                      */
    VE_ARGUMENT,         /* bad argument of a function                                 */
    VE_LIMIT,            /* budget, regex limit, arena                                 */
    VE_INTERNAL          /* invariant of this program; fails closed                    */
};
struct verror {
    uint16_t category; /* enum verror_category                                         */
    uint32_t pc;       /* word of the code that failed; UINT32_MAX when not known      */
    str text;          /* the reference's wording, e.g. `no such key: foo`             */
};

/* ---- objects: values of types that only functions know ----
 * A class is a static table; unset members mean "not supported". */
struct object_class {
    str type_name; /* name of the CEL type, e.g. cerbos.lib.hierarchy                              */
    /* Equality with any value on the right: 1, 0, or -1 for "no such overload". NULL: identity. */
    int (*equal)(const struct object *a, struct value b);
    /* Order for < <= > >=: -1, 0, 1; -2 for "no such overload". */
    int (*compare)(const struct object *a, struct value b);
    /* Field by name; V_NONE when the type has no such field (→ undefined field). May allocate. */
    struct value (*select)(struct arena *arena, const struct object *o, str field);
    /* Presence for has(): 1, 0, -1 for "undefined field". */
    int (*has)(const struct object *o, str field);
    struct value (*index)(struct arena *arena, const struct object *o, struct value key);
    int64_t (*size)(const struct object *o);
    /* The plain JSON-like value that stands for the object outside the language, V_NONE when there is none. */
    struct value (*plain)(struct arena *arena, const struct object *o);
    /* The reference's complaint when `plain` gives nothing; empty: the one of most types. */
    str no_json;
};
struct object {
    const struct object_class *cls; /* never NULL; a concrete object begins with this member */
};

/* ---- constructors ---- */
static inline struct value v_none(void)
{
    return (struct value){ 0 };
}
static inline struct value v_null(void)
{
    return (struct value){ .kind = V_NULL };
}
static inline struct value v_bool(bool b)
{
    return (struct value){ .kind = V_BOOL, .i = b };
}
static inline struct value v_int(int64_t i)
{
    return (struct value){ .kind = V_INT, .i = i };
}
static inline struct value v_uint(uint64_t u)
{
    return (struct value){ .kind = V_UINT, .u = u };
}
static inline struct value v_double(double d)
{
    return (struct value){ .kind = V_DOUBLE, .d = d };
}
static inline struct value v_string(str s) /* s.len < 2^32; the door has checked */
{
    return (struct value){ .kind = V_STRING, .len = (uint32_t)s.len, .s = s.ptr };
}
static inline struct value v_bytes(str s)
{
    return (struct value){ .kind = V_BYTES, .len = (uint32_t)s.len, .s = s.ptr };
}
static inline struct value v_list(const struct value *items, isize count)
{
    return (struct value){ .kind = V_LIST, .len = (uint32_t)count, .items = items };
}
static inline struct value v_timestamp(int64_t seconds, int32_t nanos, int offset_min)
{
    return (struct value){
        .kind = V_TIMESTAMP, .aux = (int16_t)offset_min, .len = (uint32_t)nanos, .i = seconds
    };
}
static inline struct value v_duration(int64_t nanos)
{
    return (struct value){ .kind = V_DURATION, .i = nanos };
}
static inline struct value v_type(str name)
{
    return (struct value){ .kind = V_TYPE, .len = (uint32_t)name.len, .s = name.ptr };
}
static inline struct value v_object(const struct object *o)
{
    return (struct value){ .kind = V_OBJECT, .object = o };
}
static inline struct value v_some(const struct value *inner) /* optional.of; NULL → optional.none() */
{
    return (struct value){ .kind = V_OPTIONAL, .items = inner };
}
static inline bool v_is_true(struct value v)
{
    return v.kind == V_BOOL && v.i != 0;
}
static inline bool v_is_error(struct value v)
{
    return v.kind == V_ERROR;
}
static inline str v_str(struct value v) /* text of a string, bytes or type value */
{
    return (str){ v.s, (isize)v.len };
}

/* Error values; the text is formatted into the arena. */
struct value v_error(struct arena *arena, enum verror_category category, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* `no such overload`, a static value: needs no memory. */
struct value v_no_overload(void);

/* ---- names of types ---- */
/* The CEL type name of a value: "int", "null_type", "google.protobuf.Timestamp", "list", "optional_type", an object's … */
str v_type_name(struct value v);

/* ---- equality and order (value/compare.c; spec: cel#equality, cel#ordering) ---- */
/* 1 equal, 0 not, -1 "no such overload" (objects only). Neither side is an error. Depth is bounded by the
 * values' own depth, which every door limits. */
int value_equal(struct value a, struct value b);

/* Order for < <= > >=: -1, 0, 1, or VALUE_UNORDERED for kinds without order, mixed kinds and NaN. */
#define VALUE_UNORDERED 2
int value_compare(struct value a, struct value b);

/* Numeric comparison of two of int, uint, double; VALUE_UNORDERED for NaN. */
int value_compare_numbers(struct value a, struct value b);

/* Hash that agrees with value_equal for scalars (numbers of equal value hash alike). */
uint64_t value_hash(struct value v);

/* ---- text (value/text.c) ---- */
/* Canonical one-line text for tests, listings and explain: CEL literal syntax, maps in insertion order. */
void value_text(struct sb *out, struct value v);

#endif
