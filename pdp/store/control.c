/* control.c — the thread that builds policy sets
 *
 * It sleeps until a change is announced, a reload is asked for, or it is time to look by itself. A
 * change is read when nothing more has happened for the settling time, or at the latest after
 * MOST_UNSETTLED_MS: editors and deployments write in several steps. When the files changed while
 * they were read, the set is thrown away and read again. What does not compile is logged,
 * remembered by its fingerprint, and not tried again until something changes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/control.h"

#include "base/clock.h"
#include "base/log.h"
#include "compile/compile.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define ARENA_BLOCK       (1 << 20)
#define ARENA_MOST        ((isize)4 << 30) /* bytes for reading and compiling one set          */
#define MOST_UNSETTLED_MS 2000             /* a directory that never rests is read all the same */
#define REAP_MS           100              /* how often old sets are looked at                  */
#define DIAGS_LOGGED      20               /* diagnostics of one failed reload that are logged  */

static const struct diag_class err_directory = { .code = "E0103",
                                                 .severity = DIAG_ERROR,
                                                 .help = "check `storage.disk.directory`" };
static const struct diag_class err_image = { .code = "E0104", .severity = DIAG_ERROR };

static const struct span nowhere = { NULL, 0, 0 };

/* ---- building ---- */

static cardea_status fail(struct diags *diags, const struct diag_class *class, cardea_status status,
                          str why)
{
    (void)diag_add(diags, class, nowhere, "%.*s", STR_ARG(why));
    return status;
}

static cardea_status build(struct store *store, struct diags *diags, struct snapshot **out,
                           uint64_t *fingerprint)
{
    struct arena *arena = diags->arena;
    struct disk_listing listing;
    struct disk_set set;
    str why = STR_EMPTY;
    cardea_status status =
        disk_list(arena, store->options.directory, &store->limits, &listing, &why);
    if (status != CARDEA_OK) {
        return fail(diags, &err_directory, status, why);
    }
    *fingerprint = listing.fingerprint;
    status =
        disk_read(arena, store->options.directory, &store->limits, &listing, &set, diags, &why);
    if (status == CARDEA_ELIMIT) {
        return fail(diags, &err_directory, status, why);
    }
    const struct compile_input input = { .files = set.files,
                                         .file_count = set.file_count,
                                         .schemas = set.schemas,
                                         .schema_count = set.schema_count };
    struct compile_result result;
    cardea_status compiled = compile_policies(arena, &input, &result, diags);
    if (status != CARDEA_OK || compiled != CARDEA_OK) {
        diags_sort(diags);
        return status != CARDEA_OK ? status : compiled;
    }
    status = snapshot_new(out, result.image, &store->options.engine, arena, &why);
    return status == CARDEA_OK ? CARDEA_OK : fail(diags, &err_image, status, why);
}

cardea_status control_build(struct store *store, struct diags *diags, struct snapshot **out,
                            uint64_t *fingerprint)
{
    jmp_buf env;
    jmp_buf *outer = arena_guard_set(diags->arena, &env);
    if (setjmp(env) != 0) {
        (void)arena_guard_set(diags->arena, outer);
        return CARDEA_ELIMIT;
    }
    cardea_status status = build(store, diags, out, fingerprint);
    (void)arena_guard_set(diags->arena, outer);
    return status;
}

/* ---- telling ---- */

static void log_diags(struct diags *diags)
{
    for (isize i = 0; i < diags->list.len && i < DIAGS_LOGGED; i++) {
        const struct diag *d = &diags->list.ptr[i];
        if (d->span.source != NULL) {
            struct place place = source_place(d->span.source, d->span.start);
            log_error("store", "%.*s:%d:%d: %s: %.*s", STR_ARG(d->span.source->name), place.line,
                      place.column, d->class->code, STR_ARG(d->text));
        } else {
            log_error("store", "%.*s%s%s: %.*s", STR_ARG(d->file), d->file.len > 0 ? ": " : "",
                      d->class->code, STR_ARG(d->text));
        }
    }
    if (diags->list.len > DIAGS_LOGGED) {
        log_error("store", "… and %lld more", (long long)(diags->list.len - DIAGS_LOGGED));
    }
}

static void degrade(struct store *store, cardea_status status, const struct diags *diags)
{
    struct store_state *state = &store->state;
    (void)pthread_mutex_lock(&store->lock);
    if (!state->degraded) {
        state->degraded = true;
        state->degraded_s = clock_wall_ns() / 1000000000;
    }
    if (status == CARDEA_EINVALID) {
        (void)snprintf(state->reason, sizeof state->reason,
                       "changed policies do not compile (%lld error%s)", (long long)diags->errors,
                       diags->errors == 1 ? "" : "s"); /* may be cut */
    } else if (status == CARDEA_ELIMIT) {
        (void)snprintf(state->reason, sizeof state->reason, "changed policies exceed a limit");
    } else {
        (void)snprintf(state->reason, sizeof state->reason, "changed policies cannot be read");
    }
    char revision[sizeof state->revision];
    char reason[sizeof state->reason];
    memcpy(revision, state->revision, sizeof revision);
    memcpy(reason, state->reason, sizeof reason);
    (void)pthread_mutex_unlock(&store->lock);
    log_error("store", "%s; revision %s keeps serving", reason, revision);
}

/* ---- reloading ---- */

struct control {
    struct store *store;
    int64_t first_ms; /* when the unsettled change began; 0: nothing is unsettled */
    int64_t last_ms;  /* when it was heard of last                                */
    int64_t next_scan_ms;
    bool polling;         /* nothing announces changes                                */
    bool polling_said;    /* and that has been logged                                 */
    struct arena scratch; /* for listings                                            */
};

static int64_t now_ms(void)
{
    return clock_monotonic_ns() / 1000000;
}

static void mark_dirty(struct control *c)
{
    c->last_ms = now_ms();
    if (c->first_ms == 0) {
        c->first_ms = c->last_ms;
    }
}

static void say_polling(struct control *c, str why)
{
    c->polling = true;
    if (!c->polling_said) {
        c->polling_said = true;
        log_warn("store", "changes are not announced (%.*s); looking every %lld ms instead",
                 STR_ARG(why), (long long)c->store->options.poll_ms);
    }
}

/* Lists the directory and brings the watches in line; again while new ones were added, because what
 * happened before they were there went unseen. */
static cardea_status look(struct control *c, struct disk_listing *listing, str *why)
{
    struct store *store = c->store;
    for (int round = 0; round < 5; round++) {
        arena_clear(&c->scratch, ARENA_BLOCK);
        cardea_status status =
            disk_list(&c->scratch, store->options.directory, &store->limits, listing, why);
        if (store->watch == NULL || !store->options.watch) {
            return status;
        }
        bool grew = false;
        str problem = STR_EMPTY;
        if (!watch_sync(store->watch, &c->scratch, store->options.directory, listing, &grew,
                        &problem)) {
            say_polling(c, problem);
        } else {
            c->polling = false;
        }
        if (status != CARDEA_OK || !grew) {
            return status;
        }
    }
    return CARDEA_OK;
}

/* `look` under a guard. *fingerprint is 0 when the directory could not be listed. */
static void guarded_look(struct control *c, uint64_t *fingerprint)
{
    struct disk_listing listing = { .fingerprint = 0 };
    str why = STR_EMPTY;
    jmp_buf env;
    *fingerprint = 0;
    if (setjmp(env) != 0) {
        (void)arena_guard_set(&c->scratch, NULL);
        return;
    }
    (void)arena_guard_set(&c->scratch, &env);
    if (look(c, &listing, &why) == CARDEA_OK) {
        *fingerprint = listing.fingerprint;
    }
    (void)arena_guard_set(&c->scratch, NULL);
}

static void settle_publication(struct store *store, struct snapshot *snapshot, int64_t began_ms)
{
    struct store_state state;
    store_state(store, &state);
    bool same = str_eq(snapshot_info(snapshot).revision, str_from_c(state.revision));
    bool was_degraded = state.degraded;
    control_publish(store, snapshot);
    store_state(store, &state);
    if (!same || was_degraded) {
        log_info("store", "serving %lld policies with %lld rules, revision %s (took %lld ms)",
                 (long long)state.policies, (long long)state.rules, state.revision,
                 (long long)(now_ms() - began_ms));
    } else {
        log_info("store", "policies read again; revision %s is unchanged", state.revision);
    }
}

static void reload(struct control *c)
{
    struct store *store = c->store;
    struct arena arena;
    arena_init(&arena, ARENA_BLOCK, ARENA_MOST);
    struct diags diags = diags_new(&arena);
    struct snapshot *snapshot = NULL;
    uint64_t read = 0;
    uint64_t after = 0;
    int64_t began_ms = now_ms();
    cardea_status status = control_build(store, &diags, &snapshot, &read);
    guarded_look(c, &after);
    if (read != after) { /* the files moved under our hands */
        if (snapshot != NULL) {
            snapshot_release(snapshot);
        }
        mark_dirty(c);
    } else if (status == CARDEA_OK) {
        store->fingerprint = read;
        settle_publication(store, snapshot, began_ms);
    } else {
        store->fingerprint = read;
        log_diags(&diags);
        degrade(store, status, &diags);
    }
    arena_free(&arena);
}

/* Reads the policies anew when the directory is not what it was. */
static void reload_if_changed(struct control *c)
{
    uint64_t fingerprint;
    c->first_ms = 0;
    c->next_scan_ms =
        now_ms() + (c->polling ? c->store->options.poll_ms : c->store->options.scan_ms);
    guarded_look(c, &fingerprint);
    if (fingerprint != c->store->fingerprint) {
        reload(c);
    }
}

/* ---- the thread ---- */

static void start_watching(struct control *c)
{
    str why = STR_EMPTY;
    c->store->watch = watch_open(&why);
    if (c->store->watch == NULL) {
        say_polling(c, why);
    }
    reload_if_changed(
        c); /* adds the watches, and catches what happened since the first set was read */
}

static int wait_ms(const struct control *c)
{
    const struct store_options *options = &c->store->options;
    int64_t now = now_ms();
    int64_t until = INT64_MAX;
    if (options->watch) {
        until = c->next_scan_ms;
    }
    if (c->first_ms != 0) {
        int64_t settled = c->last_ms + options->settle_ms;
        int64_t latest = c->first_ms + MOST_UNSETTLED_MS;
        settled = settled < latest ? settled : latest;
        until = settled < until ? settled : until;
    }
    if (c->store->retired != NULL) {
        until = now + REAP_MS < until ? now + REAP_MS : until;
    }
    if (until == INT64_MAX) {
        return -1;
    }
    return until <= now ? 0 : until - now > 3600000 ? 3600000 : (int)(until - now);
}

static bool is_settled(const struct control *c)
{
    int64_t now = now_ms();
    return c->first_ms != 0 && (now - c->last_ms >= c->store->options.settle_ms ||
                                now - c->first_ms >= MOST_UNSETTLED_MS);
}

static void wait(struct control *c)
{
    struct store *store = c->store;
    struct pollfd fds[] = {
        { .fd = store->wake_fd, .events = POLLIN },
        { .fd = store->watch != NULL ? watch_fd(store->watch) : -1, .events = POLLIN },
    };
    (void)poll(fds, (nfds_t)countof(fds), wait_ms(c)); /* an interruption is a turn without news */
    if (fds[0].revents & POLLIN) {
        uint64_t count;
        if (read(store->wake_fd, &count, sizeof count) < 0) {
            return;
        }
    }
    if ((fds[1].revents & POLLIN) && watch_drain(store->watch)) {
        mark_dirty(c);
    }
}

void *control_run(void *arg)
{
    struct store *store = arg;
    struct control c = { .store = store };
    arena_init(&c.scratch, ARENA_BLOCK, ARENA_MOST);
    if (store->options.watch) {
        start_watching(&c);
    }
    while (!atomic_load(&store->stop)) {
        wait(&c);
        control_reap(store);
        if (atomic_exchange(&store->reload, false)) {
            log_info("store", "reading the policies again, as asked");
            c.first_ms = 0;
            reload(&c);
        } else if (is_settled(&c) || (store->options.watch && now_ms() >= c.next_scan_ms)) {
            reload_if_changed(&c);
        }
    }
    arena_free(&c.scratch);
    return NULL;
}
