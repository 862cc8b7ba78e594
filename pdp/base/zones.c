/* zones.c — all zones of the system, at hand before they are asked for
 *
 * A check must not touch files, and a zone's name may come from an attribute. So the first owner that needs zones
 * reads all of the system's database, once per process; the table never changes afterwards. A zone that appears on
 * the system later is unknown until the next start.
 *
 * Neighbours: zone.c reads one zone · files.h lists the directory
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/zones.h"

#include "base/files.h"
#include "base/map.h"
#include "base/vec.h"

#include <pthread.h>
#include <stdlib.h>

#define ZONES_CAP ((isize)64 << 20)
#define ZONES_DEPTH 3
#define ZONES_DIRECTORY "/usr/share/zoneinfo"

struct zone_table {
    struct arena arena;
    struct map names;                  /* name → number in zones */
    VEC(const struct zone *) zones;
    str directory;
};

static struct zone_table table;
static bool ready;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool skipped(str name)
{
    return name.len == 0 || name.ptr[0] == '.' || str_eq(name, S("posix")) || str_eq(name, S("right")) ||
           str_find_byte(name, '.') >= 0;
}

static void read_directory(struct zone_table *t, str prefix, int depth)
{
    struct dir_list list = { 0 };
    str path = prefix.len == 0 ? t->directory
                               : str_printf(&t->arena, "%.*s/%.*s", STR_ARG(t->directory), STR_ARG(prefix));
    if (depth > ZONES_DEPTH || dir_read(&t->arena, path, &list, NULL) != CARDEA_OK) {
        return;
    }
    for (isize i = 0; i < list.list.len; i++) {
        const struct dir_entry *e = &list.list.ptr[i];
        if (skipped(e->name)) {
            continue;
        }
        str name = prefix.len == 0
                       ? e->name
                       : str_printf(&t->arena, "%.*s/%.*s", STR_ARG(prefix), STR_ARG(e->name));
        if (e->kind == FILE_DIRECTORY) {
            read_directory(t, name, depth + 1);
            continue;
        }
        const struct zone *zone = zone_load(&t->arena, name, t->directory.ptr);
        if (zone != NULL) {
            (void)map_set(&t->arena, &t->names, name, (uint32_t)t->zones.len);
            *vec_push(&t->arena, &t->zones) = zone;
        }
    }
}

static void read_all(void)
{
    jmp_buf env;
    const char *directory = getenv("TZDIR");
    arena_init(&table.arena, 1 << 20, ZONES_CAP);
    arena_guard_set(&table.arena, &env);
    if (setjmp(env) != 0) {
        arena_guard_set(&table.arena, NULL);
        return; /* what has been read so far stays usable */
    }
    table.directory = str_from_c(directory != NULL && directory[0] == '/' ? directory : ZONES_DIRECTORY);
    ready = true;
    read_directory(&table, STR_EMPTY, 0);
    arena_guard_set(&table.arena, NULL);
}

bool zones_read(void)
{
    (void)pthread_once(&once, read_all); /* fails for a bad `once` only */
    return ready;
}

const struct zone *zones_find(str name)
{
    uint32_t number = ready ? map_get(&table.names, name) : MAP_NONE;
    return number == MAP_NONE ? NULL : table.zones.ptr[number];
}
