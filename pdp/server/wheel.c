/* wheel.c — deadlines of many connections, in constant time
 *
 * Invariant: an entry's slot is never later than its deadline's, so no deadline is missed by more
 * than a tick.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/wheel.h"

#include <stddef.h>

/* The first tick at which a deadline is over. */
static int64_t tick_of(int64_t deadline_ms)
{
    return deadline_ms / WHEEL_TICK_MS + 1;
}

void wheel_init(struct wheel *wheel, int64_t now_ms)
{
    for (int i = 0; i < WHEEL_SLOTS; i++) {
        wheel->slots[i].next = &wheel->slots[i];
        wheel->slots[i].prev = &wheel->slots[i];
    }
    wheel->tick = now_ms / WHEEL_TICK_MS;
}

static void insert(struct wheel *wheel, struct wheel_entry *entry)
{
    int64_t tick = tick_of(entry->deadline_ms);
    int64_t last = wheel->tick + WHEEL_SLOTS - 1;
    tick = tick < wheel->tick ? wheel->tick : tick > last ? last : tick;
    struct wheel_entry *head = &wheel->slots[tick & (WHEEL_SLOTS - 1)];
    entry->slot_tick = tick;
    entry->next = head;
    entry->prev = head->prev;
    head->prev->next = entry;
    head->prev = entry;
}

void wheel_set(struct wheel *wheel, struct wheel_entry *entry, int64_t deadline_ms)
{
    entry->deadline_ms = deadline_ms;
    if (entry->next != NULL) {
        if (tick_of(deadline_ms) >= entry->slot_tick) {
            return; /* later than its slot: it is moved when the slot comes up */
        }
        wheel_remove(entry);
    }
    insert(wheel, entry);
}

void wheel_remove(struct wheel_entry *entry)
{
    if (entry->next != NULL) {
        entry->prev->next = entry->next;
        entry->next->prev = entry->prev;
        entry->next = NULL;
        entry->prev = NULL;
    }
}

struct wheel_entry *wheel_due(struct wheel *wheel, int64_t now_ms)
{
    int64_t now_tick = now_ms / WHEEL_TICK_MS;
    while (wheel->tick <= now_tick) {
        struct wheel_entry *head = &wheel->slots[wheel->tick & (WHEEL_SLOTS - 1)];
        struct wheel_entry *entry = head->next;
        if (entry == head) {
            wheel->tick++;
            continue;
        }
        wheel_remove(entry);
        if (tick_of(entry->deadline_ms) <= wheel->tick) {
            return entry;
        }
        insert(wheel, entry);
    }
    return NULL;
}
