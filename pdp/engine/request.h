/* request.h — typed view of a check request
 *
 * Filled by whoever reads a request (HTTP, test runner, library). All texts and values are borrowed and must
 * stay until the decisions have been used. Validation of field rules has happened before.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_ENGINE_REQUEST_H
#define CARDEA_ENGINE_REQUEST_H

#include "value/vmap.h"

struct principal {
    str id;
    str policy_version;        /* as sent; empty: the default            */
    str scope;                 /* as sent                                */
    const str *roles;          /* at least one                           */
    isize role_count;
    const struct vmap *attr;   /* NULL: none                             */
};

struct resource {
    str kind;                  /* as sent                                */
    str id;
    str policy_version;
    str scope;
    const struct vmap *attr;   /* NULL: none                             */
};

struct check_item {
    struct resource resource;
    const str *actions;        /* at least one, no repeats               */
    isize action_count;
};

struct aux_data {
    const struct vmap *jwt;    /* claims of the token; NULL: none        */
    const struct vmap *jwts;   /* name → map with `claims`; NULL: none   */
    bool present;              /* the request has auxData                */
};

struct check_request {
    struct principal principal;
    const struct check_item *items;
    isize item_count;
    struct aux_data aux;
    int64_t now_ns;            /* the instant of the request, since 1970 */
    bool want_derived_roles;   /* the answer shall list the effective derived roles (includeMeta, audit) */
};

#endif
