/* watch.c — being told that something below a directory has changed
 *
 * inotify. Watches are bound to inodes, so after each change the set is brought in line with the
 * new listing: all wanted watches are added (which does nothing for those that exist), those not
 * wanted any more are removed. For parents only one name matters; events for other names are
 * ignored.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/watch.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIRECTORY_EVENTS                                                                           \
    (IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM |              \
     IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
#define FILE_EVENTS (IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF)
#define NAME_EVENTS (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR | IN_MASK_ADD)

struct item {
    int wd;
    bool all;                /* every event counts                   */
    char name[NAME_MAX + 1]; /* otherwise only those for this name   */
};

struct items {
    struct item *list; /* malloc'd */
    int count, cap;
};

struct watch {
    int fd;
    struct items now; /* what is watched */
};

struct watch *watch_open(str *why)
{
    struct watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL) {
        *why = S("no memory");
        return NULL;
    }
    watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (watch->fd < 0) {
        *why = errno == EMFILE ? S("the user's limit of inotify instances is reached")
                               : S("inotify is not available");
        free(watch);
        return NULL;
    }
    return watch;
}

void watch_close(struct watch *watch)
{
    if (watch != NULL) {
        (void)close(watch->fd); /* only read from */
        free(watch->now.list);
        free(watch);
    }
}

int watch_fd(const struct watch *watch)
{
    return watch->fd;
}

/* ---- the wanted set ---- */

struct sync {
    struct watch *watch;
    struct arena *scratch;
    struct items wanted;
    bool ok;
    str why;
};

static bool push(struct items *items, int wd, str name)
{
    if (items->count == items->cap) {
        int cap = items->cap == 0 ? 16 : items->cap * 2;
        struct item *list = reallocarray(items->list, (size_t)cap, sizeof *list);
        if (list == NULL) {
            return false;
        }
        items->list = list;
        items->cap = cap;
    }
    struct item *item = &items->list[items->count++];
    *item = (struct item){ .wd = wd, .all = name.len == 0 };
    memcpy(item->name, name.ptr, (size_t)(name.len <= NAME_MAX ? name.len : 0));
    return true;
}

static void add(struct sync *s, str path, uint32_t events, str name)
{
    int wd = inotify_add_watch(s->watch->fd, str_to_c(s->scratch, path), events);
    if (wd >= 0) {
        s->ok = push(&s->wanted, wd, name) && s->ok;
    } else if (errno == ENOSPC || errno == ENOMEM) {
        s->ok = false;
        s->why = S("the user's limit of inotify watches is reached");
    }
    /* otherwise it has just gone, which its parent's watch tells */
}

/* The root's own name in its parent, and each link on the way there. */
static void add_way(struct sync *s, str root)
{
    char whole[PATH_MAX];
    str path = root;
    if (!str_starts(root, S("/")) && getcwd(whole, sizeof whole) != NULL) {
        path = str_printf(s->scratch, "%s/%.*s", whole, STR_ARG(root));
    }
    while (path.len > 1 && path.ptr[path.len - 1] == '/') {
        path.len--;
    }
    for (bool last = true; path.len > 1; last = false) {
        struct stat st;
        isize slash = str_rfind(path, S("/"));
        if (slash < 0) {
            break;
        }
        bool link = lstat(str_to_c(s->scratch, path), &st) == 0 && S_ISLNK(st.st_mode);
        if (last || link) {
            str parent = slash == 0 ? S("/") : str_slice(path, 0, slash);
            add(s, parent, NAME_EVENTS, str_slice(path, slash + 1, path.len));
        }
        path = str_slice(path, 0, slash);
    }
}

static int by_wd(const void *a, const void *b)
{
    int left = ((const struct item *)a)->wd;
    int right = ((const struct item *)b)->wd;
    return (left > right) - (left < right);
}

static bool sorted_has(const struct items *items, int wd)
{
    const struct item key = { .wd = wd };
    return items->count > 0 &&
           bsearch(&key, items->list, (size_t)items->count, sizeof key, by_wd) != NULL;
}

static void settle(struct sync *s, bool *grew)
{
    struct items *now = &s->watch->now;
    if (s->wanted.count > 0) {
        qsort(s->wanted.list, (size_t)s->wanted.count, sizeof *s->wanted.list, by_wd);
    }
    *grew = false;
    for (int i = 0; i < s->wanted.count; i++) {
        *grew = *grew || !sorted_has(now, s->wanted.list[i].wd);
    }
    for (int i = 0; i < now->count; i++) {
        if (!sorted_has(&s->wanted, now->list[i].wd)) {
            (void)inotify_rm_watch(s->watch->fd, now->list[i].wd); /* it may be gone already */
        }
    }
    free(now->list);
    *now = s->wanted;
}

bool watch_sync(struct watch *watch, struct arena *scratch, str root,
                const struct disk_listing *listing, bool *grew, str *why)
{
    struct sync s = { .watch = watch, .scratch = scratch, .ok = true, .why = S("no memory") };
    add_way(&s, root);
    for (isize i = 0; i < listing->directories.len; i++) {
        add(&s, disk_path(scratch, root, listing->directories.ptr[i]), DIRECTORY_EVENTS, STR_EMPTY);
    }
    for (isize i = 0; i < listing->files.len; i++) {
        if (listing->files.ptr[i].is_link) {
            add(&s, disk_path(scratch, root, listing->files.ptr[i].path), FILE_EVENTS, STR_EMPTY);
        }
    }
    settle(&s, grew);
    *why = s.why;
    return s.ok;
}

/* ---- events ---- */

static bool concerns(const struct watch *watch, const struct inotify_event *event)
{
    if (event->mask & IN_Q_OVERFLOW) {
        return true;
    }
    if (event->mask & IN_IGNORED) {
        return false;
    }
    for (int i = 0; i < watch->now.count; i++) {
        const struct item *item = &watch->now.list[i];
        if (item->wd == event->wd &&
            (item->all || (event->len > 0 && strcmp(item->name, event->name) == 0))) {
            return true;
        }
    }
    return false;
}

bool watch_drain(struct watch *watch)
{
    _Alignas(struct inotify_event) char buffer[16384];
    bool found = false;
    for (;;) {
        ssize_t n = read(watch->fd, buffer, sizeof buffer);
        if (n <= 0) {
            return found;
        }
        for (ssize_t at = 0; at < n;) {
            const struct inotify_event *event =
                (const struct inotify_event *)(const void *)(buffer + at);
            found = found || concerns(watch, event);
            at += (ssize_t)(sizeof *event + event->len);
        }
    }
}
