/* uri.h — taking URLs apart and putting references onto them, as the reference's library does
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_SCHEMA_URI_H
#define CARDEA_SCHEMA_URI_H

#include "base/str.h"

struct uri {
    str scheme;   /* lower case; empty: a relative reference */
    str opaque;   /* what stands behind `scheme:` when it does not begin with a / */
    str user;     /* as written */
    str host;     /* with the port, escapes undone */
    str path;     /* as written */
    str query;    /* as written */
    str fragment; /* as written */
    bool has_user;
    bool bare_query; /* ends in a `?` */
    bool no_host;    /* `scheme:/path` */
};

/* Takes a text apart. False and *why (`invalid URL escape "%zz"`) when it is no URL. Texts are
 * in the arena or borrow the input. */
bool uri_parse(struct arena *arena, str text, struct uri *out, str *why);

/* The name of the host, without its port and brackets. */
str uri_host_name(const struct uri *uri);

/* `ref` seen from `base`. False and *why. A reference with a scheme is itself; a `urn:` base
 * keeps its text. */
bool uri_resolve(struct arena *arena, str base, str ref, str *out, str *why);

/* The parts before and from `#` on; a fragment that is absent or `#/` is `#`. */
void uri_split(str uri, str *url, str *fragment);

/* Whether the text is a URL with a scheme. */
bool uri_is_absolute(struct arena *arena, str text);

/* `parse "TEXT": WHY`. */
str uri_fault(struct arena *arena, str text, str why);

#endif
