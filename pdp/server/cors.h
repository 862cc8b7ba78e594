/* cors.h — which pages of other origins may read our answers
 *
 * A browser lets a page read the answer of another origin only when the answer names the page's origin; before
 * anything but a simple request it asks first (a preflight). Both are answered here, as the reference answers
 * them, from lists that the operator wrote. Off unless configured.
 * spec: cerbos-compat#cors
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_SERVER_CORS_H
#define CARDEA_SERVER_CORS_H

#include "base/str.h"

struct cors_options {
    bool enabled;
    const str *origins; /* as written: `*`, an origin, or one with a single `*` in it        */
    isize origin_count; /* 0: every origin                                                   */
    const str *headers; /* names of request headers, or `*`                                  */
    isize header_count; /* 0: the reference's four                                           */
    int64_t max_age_s;  /* how long a browser may remember a preflight; 0: its own idea      */
};

struct cors; /* the lists, prepared */

/* The parts of a request that matter. ptr is NULL where a header was not sent. */
struct cors_request {
    bool known_method; /* one of HEAD GET POST PUT PATCH DELETE OPTIONS          */
    bool options;      /* the method is OPTIONS                                  */
    str origin;        /* Origin                                                 */
    str method;        /* Access-Control-Request-Method                          */
    str headers;       /* Access-Control-Request-Headers                         */
};

/* Prepares the lists; everything lives in the arena, nothing is borrowed. Start-up only. */
const struct cors *cors_new(struct arena *arena, const struct cors_options *options);

/* Writes the lines that the head of the answer gets, each with its line end, to *lines (arena or static).
 * True: the request is a preflight and these lines are the whole answer. Any thread. Cost: linear in the headers
 * and in the number of configured origins. */
bool cors_answer(const struct cors *cors, struct arena *arena, const struct cors_request *request,
                 str *lines);

#endif
