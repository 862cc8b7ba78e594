/* status.h — what a C function that can fail returns
 *
 * 0 is success, everything else is a category. When a person needs to know more, the function takes a
 * `struct diags *` besides; there is no global or per-thread "last error".
 *
 * TRY and CLEANUP are the only macros in the tree that hide control flow.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_BASE_STATUS_H
#define CARDEA_BASE_STATUS_H

#include <stddef.h>
#include <stdint.h>

typedef ptrdiff_t isize; /* lengths and counts in memory, never negative unless said */

typedef enum cardea_status {
    CARDEA_OK = 0,
    CARDEA_EINVALID = -1,     /* the input is wrong; diagnostics say where               */
    CARDEA_ENOTFOUND = -2,    /* what was asked for does not exist                       */
    CARDEA_ELIMIT = -3,       /* a size, count, depth or memory limit was reached        */
    CARDEA_EDENIED = -4,      /* not permitted                                           */
    CARDEA_EUNAVAILABLE = -5, /* a peer or a facility does not answer now                */
    CARDEA_ECORRUPT = -6,     /* stored data fails its own check                         */
    CARDEA_EIO = -7,          /* the operating system reported an error                  */
    CARDEA_EVERSION = -8,     /* a format this build does not know                       */
    CARDEA_EINTERNAL = -9     /* a fault of this program; also logged                    */
} cardea_status;

#define TRY(call)                                                                                  \
    do {                                                                                           \
        cardea_status try_status_ = (call);                                                        \
        if (try_status_ != CARDEA_OK) {                                                            \
            return try_status_;                                                                    \
        }                                                                                          \
    } while (0)

/* CLEANUP(fn) on a local variable calls fn(&variable) when its scope is left. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

#define countof(array) ((isize)(sizeof(array) / sizeof((array)[0])))

#endif
