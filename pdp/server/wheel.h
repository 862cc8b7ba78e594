/* wheel.h — deadlines of many connections, in constant time
 *
 * A ring of slots, one per tick. An entry sits in the slot of its deadline; a deadline that is
 * farther away than the ring is long waits in the last slot and is put in again. Moving a deadline
 * *later* only writes the number: the entry is moved when its old slot comes up. So a connection
 * that answers one request after the other costs one store per request.
 *
 * Times are milliseconds of one monotonic clock, read by the owner. One thread.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_SERVER_WHEEL_H
#define CARDEA_SERVER_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

#define WHEEL_SLOTS   1024 /* a power of two              */
#define WHEEL_TICK_MS 100  /* how finely deadlines are met */

struct wheel_entry {
    struct wheel_entry *next, *prev; /* ring of a slot; NULL: in no slot          */
    int64_t deadline_ms;             /* when it is due                            */
    int64_t slot_tick;               /* the tick whose slot it sits in            */
};

struct wheel {
    struct wheel_entry slots[WHEEL_SLOTS]; /* heads of the rings                  */
    int64_t tick;                          /* the next tick to look at            */
};

void wheel_init(struct wheel *wheel, int64_t now_ms);

/* Sets the deadline of an entry, which may be in the wheel already. A zeroed entry is in no wheel.
 * */
void wheel_set(struct wheel *wheel, struct wheel_entry *entry, int64_t deadline_ms);

void wheel_remove(struct wheel_entry *entry);

/* Takes out one entry that is due at now_ms and returns it, or NULL when there is none (then all
 * slots up to now_ms are done). Call again until it returns NULL. */
struct wheel_entry *wheel_due(struct wheel *wheel, int64_t now_ms);

#endif
