/* keyring.c — key sets: reading, publishing, choosing
 *
 * A view is published by one exchange of a pointer. A reader writes down the view it is about to
 * use and looks again whether it is still the published one; who replaces a view looks at what
 * readers wrote down before it frees the old one. Both are sequentially consistent, so one of the
 * two sees the other.
 *
 * Neighbours: jwks.c reads sets · fetch.c brings remote ones · jwt.c verifies
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "auth/keyring_priv.h"

#include "base/b64.h"
#include "base/files.h"
#include "base/log.h"

#include <stdlib.h>

#define ARENA_BLOCK (64 * 1024)
#define ARENA_MOST  ((isize)64 << 20) /* bytes for reading one set */

/* ---- publishing ---- */

static void release_set(struct shared_set *set)
{
    if (set != NULL && --set->views == 0) {
        jwks_free(set->keys);
        free(set);
    }
}

static void free_view(struct view *view)
{
    for (isize i = 0; i < view->count; i++) {
        release_set(view->sets[i]);
    }
    free(view);
}

static bool is_held(const struct keyring *ring, const struct view *view)
{
    for (const struct keyring_reader *reader = ring->readers; reader != NULL;
         reader = reader->next) {
        if (atomic_load(&reader->holds) == view) {
            return true;
        }
    }
    return false;
}

/* Frees replaced views that nobody holds. Under the lock. */
static void reap(struct keyring *ring)
{
    for (struct view **link = &ring->replaced; *link != NULL;) {
        struct view *view = *link;
        if (is_held(ring, view)) {
            link = &view->next;
            continue;
        }
        *link = view->next;
        free_view(view);
    }
}

static struct view *view_new(isize count)
{
    struct view *view = calloc(1, sizeof *view + (size_t)count * sizeof view->sets[0]);
    if (view != NULL) {
        view->count = count;
    }
    return view;
}

/* A copy of the published view with another set in one place; takes a share of each set. */
static struct view *view_with(const struct view *now, isize number, struct shared_set *set)
{
    struct view *view = view_new(now->count);
    for (isize i = 0; view != NULL && i < now->count; i++) {
        view->sets[i] = i == number ? set : now->sets[i];
        if (view->sets[i] != NULL) {
            view->sets[i]->views++;
        }
    }
    return view;
}

bool keyring_publish(struct keyring *ring, isize number, struct jwks *keys)
{
    struct shared_set *set = keys != NULL ? calloc(1, sizeof *set) : NULL;
    bool memory = keys == NULL || set != NULL;
    if (set != NULL) {
        set->keys = keys;
    }
    (void)pthread_mutex_lock(&ring->lock);
    struct view *old = atomic_load(&ring->current);
    struct view *view = memory ? view_with(old, number, set) : NULL;
    if (view != NULL) {
        atomic_store(&ring->current, view);
        old->next = ring->replaced;
        ring->replaced = old;
        reap(ring);
    }
    (void)pthread_mutex_unlock(&ring->lock);
    if (view == NULL) {
        jwks_free(keys);
        free(set);
        log_error("auth", "no memory for a key set");
    }
    return view != NULL;
}

/* ---- reading sets ---- */

static void warn_of_keys(const struct key_source *source, const struct jwks *keys)
{
    if (keys->weak > 0) {
        log_warn("auth", "key set `%.*s`: %lld secrets are shorter than their algorithm asks for",
                 STR_ARG(source->id), (long long)keys->weak);
    }
    if (source->pem && !(source->optional_alg && source->optional_kid)) {
        log_warn("auth",
                 "key set `%.*s`: keys in PEM have neither `kid` nor `alg`, so they verify nothing "
                 "unless "
                 "`insecure.optionalKid` and `insecure.optionalAlg` are set",
                 STR_ARG(source->id));
    }
}

static bool take(struct keyring *ring, isize number, struct arena *arena, str text, bool keep)
{
    const struct key_source *source = &ring->options.sources[number];
    const struct jwks_rules rules = { .pem = source->pem,
                                      .optional_alg = source->optional_alg,
                                      .optional_kid = source->optional_kid };
    struct jwks *keys = NULL;
    str why = STR_EMPTY;
    cardea_status status = jwks_read(&keys, arena, text, &rules, &why);
    if (status != CARDEA_OK) {
        log_error("auth", "key set `%.*s` (%.*s) cannot be used: %.*s", STR_ARG(source->id),
                  STR_ARG(source->file.len > 0  ? source->file
                          : source->url.len > 0 ? S("remote")
                                                : S("data")),
                  STR_ARG(why));
        if (!keep || (status == CARDEA_EDENIED && source->url.len > 0)) {
            (void)keyring_publish(ring, number, NULL); /* said in the log if it fails */
        }
        return false;
    }
    isize count = keys->count;
    warn_of_keys(source, keys);
    if (!keyring_publish(ring, number, keys)) {
        return false;
    }
    log_info("auth", "key set `%.*s`: %lld key%s", STR_ARG(source->id), (long long)count,
             count == 1 ? "" : "s");
    return true;
}

bool keyring_take(struct keyring *ring, isize number, str text, bool keep)
{
    struct arena arena;
    arena_init(&arena, ARENA_BLOCK, ARENA_MOST);
    jmp_buf env;
    bool taken = false;
    if (setjmp(env) == 0) {
        (void)arena_guard_set(&arena, &env);
        taken = take(ring, number, &arena, text, keep);
    } else {
        log_error("auth", "key set `%.*s` is too large", STR_ARG(ring->options.sources[number].id));
    }
    (void)arena_guard_set(&arena, NULL);
    arena_free(&arena);
    return taken;
}

/* The text of a local set. */
static bool local_text(struct arena *arena, const struct key_source *source, str *text)
{
    str why = S("not base64");
    bool got = source->file.len > 0
                   ? file_read(arena, source->file, JWKS_TEXT_MOST, text, &why) == CARDEA_OK
                   : b64_decode(arena, source->data, B64_STANDARD, true, true, true, text);
    if (!got) {
        log_error("auth", "key set `%.*s`: cannot read %.*s: %.*s", STR_ARG(source->id),
                  STR_ARG(source->file.len > 0 ? source->file : S("`data`")), STR_ARG(why));
    }
    return got;
}

static void read_local(struct keyring *ring, isize number, bool keep)
{
    struct arena arena;
    arena_init(&arena, ARENA_BLOCK, ARENA_MOST);
    jmp_buf env;
    if (setjmp(env) == 0) {
        (void)arena_guard_set(&arena, &env);
        str text;
        if (local_text(&arena, &ring->options.sources[number], &text)) {
            (void)keyring_take(ring, number, text, keep); /* it says itself what is wrong */
        }
    } else {
        log_error("auth", "key set `%.*s` is too large", STR_ARG(ring->options.sources[number].id));
    }
    (void)arena_guard_set(&arena, NULL);
    arena_free(&arena);
}

static void read_locals(struct keyring *ring, bool keep)
{
    for (isize i = 0; ring->options.verify && i < ring->options.source_count; i++) {
        if (ring->options.sources[i].url.len == 0) {
            read_local(ring, i, keep);
        }
    }
}

/* ---- life ---- */

static void warn_of_options(const struct keyring_options *options)
{
    if (!options->verify) {
        log_warn(
            "auth",
            "INSECURE: signatures of tokens are not verified (`auxData.jwt.disableVerification`)");
        return;
    }
    for (isize i = 0; i < options->source_count; i++) {
        const struct key_source *source = &options->sources[i];
        if (source->optional_alg) {
            log_warn("auth", "INSECURE: keys of the set `%.*s` need no `alg`", STR_ARG(source->id));
        }
        if (source->optional_kid) {
            log_warn("auth", "INSECURE: keys of the set `%.*s` need no `kid`", STR_ARG(source->id));
        }
        if (str_starts(source->url, S("http:"))) {
            log_warn("auth", "INSECURE: the key set `%.*s` is fetched without TLS",
                     STR_ARG(source->id));
        }
    }
}

cardea_status keyring_open(struct keyring **out, const struct keyring_options *options)
{
    *out = NULL;
    struct keyring *ring = calloc(1, sizeof *ring);
    struct view *first = view_new(options->source_count);
    if (ring == NULL || first == NULL) {
        free(ring);
        free(first);
        return CARDEA_ELIMIT;
    }
    ring->options = *options;
    (void)pthread_mutex_init(&ring->lock, NULL); /* default attributes: cannot fail */
    atomic_store(&ring->current, first);
    warn_of_options(options);
    read_locals(ring, false);
    *out = ring;
    return CARDEA_OK;
}

cardea_status keyring_start(struct keyring *ring)
{
    bool remote = false;
    for (isize i = 0; ring->options.verify && i < ring->options.source_count; i++) {
        remote = remote || ring->options.sources[i].url.len > 0;
    }
    if (!remote) {
        return CARDEA_OK;
    }
    ring->fetcher = fetcher_start(ring);
    if (ring->fetcher == NULL) {
        return CARDEA_EUNAVAILABLE;
    }
    fetcher_wait(ring->fetcher, KEYRING_WAIT_MS);
    return CARDEA_OK;
}

void keyring_reload(struct keyring *ring)
{
    read_locals(ring, true);
    if (ring->fetcher != NULL) {
        fetcher_refresh(ring->fetcher);
    }
}

void keyring_close(struct keyring *ring)
{
    if (ring == NULL) {
        return;
    }
    if (ring->fetcher != NULL) {
        fetcher_stop(ring->fetcher);
    }
    reap(ring); /* no readers are left */
    free_view(atomic_load(&ring->current));
    (void)pthread_mutex_destroy(&ring->lock);
    free(ring);
}

/* ---- readers ---- */

struct keyring_reader *keyring_reader_new(struct keyring *ring)
{
    struct keyring_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return NULL;
    }
    reader->ring = ring;
    (void)pthread_mutex_lock(&ring->lock);
    reader->next = ring->readers;
    ring->readers = reader;
    (void)pthread_mutex_unlock(&ring->lock);
    return reader;
}

void keyring_reader_free(struct keyring_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    struct keyring *ring = reader->ring;
    (void)pthread_mutex_lock(&ring->lock);
    for (struct keyring_reader **link = &ring->readers; *link != NULL; link = &(*link)->next) {
        if (*link == reader) {
            *link = reader->next;
            break;
        }
    }
    (void)pthread_mutex_unlock(&ring->lock);
    free(reader);
}

static const struct view *hold(struct keyring_reader *reader)
{
    const struct view *view = atomic_load(&reader->ring->current);
    for (;;) {
        atomic_store(&reader->holds, view);
        const struct view *now = atomic_load(&reader->ring->current);
        if (now == view) {
            return view;
        }
        view = now;
    }
}

/* The number of the set that a request means, or -1. */
static isize choose(const struct keyring_options *options, str id, str *why)
{
    if (id.len == 0) {
        *why = S("it names no key set, and there is not exactly one");
        return options->source_count == 1 ? 0 : -1;
    }
    for (isize i = 0; i < options->source_count; i++) {
        if (str_eq(options->sources[i].id, id)) {
            return i;
        }
    }
    *why = S("it names a key set that is not configured");
    return -1;
}

static const struct vmap *verified(struct keyring_reader *reader, struct arena *arena, str token,
                                   str key_set_id, struct jwt_rules rules, str *why)
{
    struct keyring *ring = reader->ring;
    isize number = choose(&ring->options, key_set_id, why);
    if (number < 0) {
        return NULL;
    }
    const struct key_source *source = &ring->options.sources[number];
    const struct vmap *claims = NULL;
    enum jwt_fault fault = JWT_UNKNOWN_KID; /* when there is no set, there may be one soon */
    const struct view *view =
        hold(reader); /* a jump out of here leaves it held until the next token */
    *why = S("the key set it needs cannot be used");
    if (view->sets[number] != NULL) {
        rules.keys = view->sets[number]->keys;
        rules.optional_alg = source->optional_alg;
        rules.optional_kid = source->optional_kid;
        fault = jwt_read(arena, token, &rules, &claims);
        *why = jwt_fault_text(fault);
    }
    atomic_store(&reader->holds, NULL);
    if (fault == JWT_UNKNOWN_KID && source->url.len > 0 && ring->fetcher != NULL) {
        fetcher_hint(ring->fetcher, number);
    }
    return claims;
}

const struct vmap *keyring_claims(struct keyring_reader *reader, struct arena *arena, str token,
                                  str key_set_id, int64_t now_ns, str *why)
{
    const struct keyring_options *options = &reader->ring->options;
    struct jwt_rules rules = { .skew_ms = options->skew_ms, .now_ns = now_ns };
    if (options->verify) {
        return verified(reader, arena, token, key_set_id, rules, why);
    }
    const struct vmap *claims = NULL;
    *why = jwt_fault_text(jwt_read(arena, token, &rules, &claims));
    return claims;
}
