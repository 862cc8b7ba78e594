/* snapshot.h — the inside of a snapshot
 *
 * Image, constants as values, compiled patterns, globals. Immutable after snapshot_new(); shared by threads.
 * For the engine only; others use engine.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_ENGINE_SNAPSHOT_H
#define CARDEA_ENGINE_SNAPSHOT_H

#include "cel/vm.h"
#include "engine/engine.h"
#include "image/reader.h"
#include "image/roots.h"
#include "schema/schema.h"

#include <stdatomic.h>

struct globals_object {
    struct object base;       /* class of G                     */
    const struct vmap *names; /* name → value; NULL: none       */
};

/* A schema that policies ask for: by number in SCHEMA_REFS. */
struct schema_use {
    const struct schema *schema; /* NULL: cannot be used                                   */
    str why_principal;           /* then the error of every validation, for each side      */
    str why_resource;
};

struct snapshot {
    atomic_int references;
    void *memory;                  /* the image's bytes, owned                   */
    struct image image;            /* opened over them                           */
    struct arena arena;            /* tables below                               */
    struct cel_code *units;        /* by number of the unit                      */
    struct cel_regex **regexes;    /* owned, all patterns of all units           */
    isize regex_count;
    struct engine_options options; /* texts and globals in the arena             */
    struct globals_object globals;
    uint32_t default_version;      /* symbol                                     */
    struct schema_set *schemas;    /* owned; NULL when schemas are not enforced   */
    const struct schema_use *schema_uses;
    const struct cel_zones *zones; /* NULL when no policy asks for a zone        */
    char revision[17];             /* 16 hex digits                              */
};

#endif
