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

#include <stdatomic.h>

struct globals_object {
    struct object base;       /* class of G                     */
    const struct vmap *names; /* name → value; NULL: none       */
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
    const struct cel_zones *zones; /* NULL when no policy asks for a zone        */
    char revision[17];             /* 16 hex digits                              */
};

#endif
