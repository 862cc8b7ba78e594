/* fn_priv.h — what the families of functions share
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_CEL_FN_PRIV_H
#define CARDEA_CEL_FN_PRIV_H

#include "base/utf8.h"
#include "cel/fn.h"

/* ---- paying: false when the budget is used up or n is beyond what a result may be ---- */
static inline bool pay_bytes(struct cel_run *run, isize n)
{
    return n <= FN_SIZE_MAX && cel_charge(run, n / FN_BYTES);
}
static inline bool pay_items(struct cel_run *run, isize n)
{
    return n <= FN_SIZE_MAX && cel_charge(run, n / FN_ITEMS);
}

/* Most steps, FN_ITEMS for one unit, that what is left of the budget can pay for. */
static inline int64_t pay_limit(const struct cel_run *run)
{
    return run->budget < INT64_MAX / (2 * FN_ITEMS) ? run->budget * FN_ITEMS + FN_ITEMS
                                                    : INT64_MAX / 2;
}

/* ---- kinds ---- */
static inline bool is_string(struct value v)
{
    return v.kind == V_STRING;
}
/* Whether v fits the parameter list(kind): the reference looks at the first element only. */
static inline bool is_list_of(struct value v, enum value_kind kind)
{
    return v.kind == V_LIST && (v.len == 0 || v.items[0].kind == kind);
}
static inline const struct object *object_of(struct value v, const struct object_class *cls)
{
    return v.kind == V_OBJECT && v.object->cls == cls ? v.object : NULL;
}

/* ---- results ---- */
static inline struct value v_text(str s, uint8_t flags)
{
    struct value v = v_string(s);
    v.flags = flags;
    return v;
}
/* An optional with v, in the arena. */
struct value fn_some(struct cel_run *run, struct value v);

/* ---- errors ---- */
/* What the reference's functions without a table of overloads answer: values that receive calls
 * (string, timestamp, duration, objects of Cerbos) say `no such overload`, others add the name. */
struct value fn_no_receiver(struct cel_run *run, const char *name, struct value receiver);

/* Text in double quotes as in messages of the reference: escapes for what cannot be printed. */
str fn_quoted(struct arena *arena, str s);

/* v as the reference shows values inside messages; cut when it is long. */
str fn_shown(struct arena *arena, struct value v);

/* A list's elements as texts, as functions with list(string) need them. Returns false and *error
 * otherwise. */
bool fn_texts(struct cel_run *run, struct value list, str **out, struct value *error);

/* Texts of objects where the reference turns them into strings; false when v is of another kind. */
bool fn_hierarchy_text(struct cel_run *run, struct value v, str *out);
bool fn_spiffe_text(struct value v, str *out);

/* ---- code points ---- */
/* Number of code points. */
static inline isize count_points(struct value s)
{
    return s.flags & VF_ASCII ? (isize)s.len : utf8_count(v_str(s));
}
/* Byte position of code point n, -1 beyond the end. */
static inline isize point_offset(struct value s, int64_t n)
{
    if (n < 0 || n > (int64_t)s.len) {
        return -1;
    }
    return s.flags & VF_ASCII ? (isize)n : utf8_offset(v_str(s), (isize)n);
}

/* ---- membership (fn_member.c) ----
 * Searching a list many times: small lists are scanned, large ones hashed. */
struct members {
    struct value list; /* the elements                                                      */
    uint64_t *hashes;  /* parallel to them                                                  */
    uint32_t *slots;   /* number of an element + 1, 0 = free; NULL: scan                    */
    uint32_t mask;     /* slots - 1                                                         */
};

/* Prepares to search the list about `searches` times. False when the budget is used up. */
bool members_init(struct cel_run *run, struct members *set, struct value list, isize searches);

/* 1 when an element equals v (v is the left operand), 0 when none does, -1 when the budget is used
 * up. */
int members_have(struct cel_run *run, const struct members *set, struct value v);

/* Adds element number i of the list, for sets that grow (distinct): start with members_empty.
 * False: budget. */
bool members_add(struct cel_run *run, struct members *set, uint32_t i);

/* An empty set over the list, hashed when the list is long. False when the budget is used up. */
bool members_empty(struct cel_run *run, struct members *set, struct value list, isize searches);

#endif
