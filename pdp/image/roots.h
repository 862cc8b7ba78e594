/* roots.h — the names that conditions may mention, by number
 *
 * The compiler turns `R.attr`, `request.resource.attr` … into numbers of root values; the engine fills the values
 * in for each request. Both read this file. ORDER ROOTS: a change is a new code version.
 *
 * spec: cerbos-compat#the-cel-environment
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_IMAGE_ROOTS_H
#define CARDEA_IMAGE_ROOTS_H

#include "cel/type.h"

enum root {
    ROOT_P_ID,      /* string                                      */
    ROOT_P_ROLES,   /* list(string), as sent                       */
    ROOT_P_ATTR,    /* map                                         */
    ROOT_P_VERSION, /* string, as sent                             */
    ROOT_P_SCOPE,   /* string, as sent without a leading dot       */
    ROOT_R_KIND,
    ROOT_R_ID,
    ROOT_R_ATTR,
    ROOT_R_VERSION,
    ROOT_R_SCOPE,
    ROOT_JWT,       /* map of claims                               */
    ROOT_JWTS,      /* map name → {claims}                         */
    ROOT_EDR,       /* list of the effective derived roles, sorted; or an error */
    ROOT_P,         /* the objects as a whole                      */
    ROOT_R,
    ROOT_REQUEST,
    ROOT_AUX,
    ROOT_RUNTIME,
    ROOT_V,
    ROOT_C,
    ROOT_G,
    ROOT_COUNT
};

/* Descriptors of the message-like objects; static. */
extern const struct cel_message message_principal, message_resource, message_request, message_aux, message_runtime,
    message_variables, message_globals;
extern const struct cel_type type_principal, type_resource, type_request, type_aux, type_runtime, type_globals;

#endif
