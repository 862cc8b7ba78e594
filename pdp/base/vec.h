/* vec.h — a growable array in an arena
 *
 *     VEC(struct rule) rules = { 0 };
 *     *vec_push(arena, &rules) = rule;
 *     for (isize i = 0; i < rules.len; i++) use(&rules.ptr[i]);
 *
 * Growing moves the elements: pointers to them do not survive a push.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_BASE_VEC_H
#define CARDEA_BASE_VEC_H

#include "base/arena.h"

#define VEC(type)                                                                                  \
    struct {                                                                                       \
        type *ptr; /* elements          */                                                         \
        isize len; /* how many          */                                                         \
        isize cap; /* room for how many */                                                         \
    }

/* Doubles the room of a vector given by its three members; defined in arena.c. */
void *vec_grow(struct arena *arena, void *ptr, isize len, isize *cap, isize size, isize align);

/* Appends one zeroed element and returns a pointer to it. */
#define vec_push(arena, v)                                                                         \
    ((v)->len == (v)->cap                                                                          \
         ? ((v)->ptr = vec_grow((arena), (v)->ptr, (v)->len, &(v)->cap, (isize)sizeof(*(v)->ptr),   \
                                (isize)_Alignof(__typeof__(*(v)->ptr))),                           \
            (v)->ptr + (v)->len++)                                                                 \
         : (v)->ptr + (v)->len++)

#endif
