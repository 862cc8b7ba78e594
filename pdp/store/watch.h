/* watch.h — being told that something below a directory has changed
 *
 * What has changed is not said and not asked: the owner walks the directory again and compares
 * fingerprints. So rename, editor save patterns, new sub-directories, swapped links and lost events
 * are all one case.
 *
 * Watched are the directories of a listing, files that are reached through links, the name of the
 * root in its parent, and every link on the way to the root.
 *
 * One thread.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_STORE_WATCH_H
#define CARDEA_STORE_WATCH_H

#include "store/disk.h"

struct watch;

/* Prepares to watch. NULL when the system cannot announce changes; *why says why. */
struct watch *watch_open(str *why);
void watch_close(struct watch *watch); /* NULL is allowed */

int watch_fd(const struct watch *watch); /* readable when something has happened */

/* Watches exactly what the listing of the root names. *grew tells whether something new is watched:
 * then changes may have been missed and the owner lists again. False: the system's limit is
 * reached; *why. */
bool watch_sync(struct watch *watch, struct arena *scratch, str root,
                const struct disk_listing *listing, bool *grew, str *why);

/* Takes all pending events. Returns true when one of them concerns us. */
bool watch_drain(struct watch *watch);

#endif
