/* fetch.c — remote key sets
 *
 * One thread fetches all of them side by side: it sleeps in libcurl's own wait until a set is due
 * or somebody asks. It is a thread of its own, and not the one that compiles policies, so that
 * neither a slow publisher delays a reload nor a long compilation a rotation of keys.
 *
 * A set is due after its refresh interval; without one, when the reply says (`max-age`), at least
 * 15 minutes and at most a day. After a failure it is tried again after 1, 2, 4 … 60 seconds, and
 * what was fetched before keeps being used. A token with a key that is not in the set makes it due,
 * at most every 30 seconds.
 *
 * Bounds: 10 seconds, 1 MiB, 5 redirections, http and https only, no way from https to http.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "auth/keyring_priv.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"

#include <curl/curl.h>
#include <signal.h>
#include <stdlib.h>

#define TIMEOUT_MS         10000L
#define CONNECT_TIMEOUT_MS 5000L
#define REDIRECTS_MOST     5L
#define REFRESH_LEAST_MS   ((int64_t)15 * 60 * 1000)      /* when the reply decides */
#define REFRESH_MOST_MS    ((int64_t)24 * 60 * 60 * 1000) /* the same               */
#define RETRY_MOST_MS      60000
#define HINT_LEAST_MS      30000 /* between two fetches that tokens asked for */
#define SLEEP_MOST_MS      3600000

/* One remote set. The thread's own, but for what is atomic. */
struct remote {
    isize number; /* of the source                                       */
    const struct key_source *source;
    char *url; /* terminated                                          */
    CURL *easy;
    bool in_flight;
    bool tried;      /* once at least                                       */
    int64_t hint_ms; /* when a token last made it due; 0: never             */
    int64_t due_ms;  /* when the next one is to begin                       */
    int failures;    /* since the last success                              */
    char *body;      /* of the reply that is coming in                      */
    size_t len;
    char *last; /* the text that was taken last, to see whether it changed */
    size_t last_len;
    char error[CURL_ERROR_SIZE];
    atomic_bool hinted; /* a token asked for it                                */
};

struct fetcher {
    struct keyring *ring;
    pthread_t thread;
    CURLM *multi;
    struct curl_slist *headers;
    struct remote *remotes; /* one for each source; those without a URL are unused */
    isize count;
    atomic_bool stop;
    atomic_bool refresh;  /* everything is due                                   */
    pthread_mutex_t lock; /* for `waiting`                                       */
    pthread_cond_t settled;
    isize waiting; /* sets that have not been tried yet                   */
};

static int64_t now_ms(void)
{
    return clock_monotonic_ns() / 1000000;
}

/* ---- one transfer ---- */

static size_t on_data(char *data, size_t size, size_t count, void *arg)
{
    struct remote *remote = arg;
    size_t more = size * count; /* size is 1 */
    if (remote->len + more > JWKS_TEXT_MOST) {
        return 0; /* ends the transfer */
    }
    memcpy(remote->body + remote->len, data, more);
    remote->len += more;
    return more;
}

static bool set_trust(CURL *easy, struct arena *arena, const struct keyring_options *options)
{
    bool ok = curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK;
    if (options->ca_file.len > 0) {
        ok = ok &&
             curl_easy_setopt(easy, CURLOPT_CAINFO, str_to_c(arena, options->ca_file)) == CURLE_OK;
    }
    if (options->ca_directory.len > 0) {
        ok = ok && curl_easy_setopt(easy, CURLOPT_CAPATH, str_to_c(arena, options->ca_directory)) ==
                       CURLE_OK;
    }
    return ok;
}

/* libcurl copies the texts. */
static bool set_up(struct fetcher *fetcher, struct remote *remote, struct arena *arena)
{
    str url = remote->source->url;
    bool secure = str_starts(url, S("https:"));
    CURL *easy = remote->easy = curl_easy_init();
    remote->body = malloc(JWKS_TEXT_MOST);
    return easy != NULL && remote->body != NULL &&
           curl_easy_setopt(easy, CURLOPT_URL, str_to_c(arena, url)) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https") ==
               CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_MAXREDIRS, REDIRECTS_MOST) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, TIMEOUT_MS) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_MAXFILESIZE, (long)JWKS_TEXT_MOST) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTPHEADER, fetcher->headers) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USERAGENT, "cardea/" CARDEA_VERSION) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, remote->error) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_data) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, remote) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PRIVATE, remote) == CURLE_OK &&
           set_trust(easy, arena, &fetcher->ring->options);
}

int64_t fetcher_interval_ms(str cache_control)
{
    for (str rest = cache_control; rest.len > 0;) {
        str part;
        str name;
        str value;
        int64_t seconds;
        (void)str_cut(rest, ',', &part, &rest);
        (void)str_cut(part, '=', &name, &value);
        if (str_eq_nocase(str_trim(name), S("max-age")) &&
            num_parse_int(str_trim(value), false, &seconds)) {
            return seconds > REFRESH_MOST_MS / 1000    ? REFRESH_MOST_MS
                   : seconds < REFRESH_LEAST_MS / 1000 ? REFRESH_LEAST_MS
                                                       : seconds * 1000;
        }
    }
    return REFRESH_LEAST_MS;
}

static int64_t refresh_ms(const struct remote *remote)
{
    struct curl_header *header = NULL;
    if (remote->source->refresh_ms > 0) {
        return remote->source->refresh_ms;
    }
    bool said =
        curl_easy_header(remote->easy, "Cache-Control", 0, CURLH_HEADER, -1, &header) == CURLHE_OK;
    return fetcher_interval_ms(said ? str_from_c(header->value) : STR_EMPTY);
}

/* After 1, 2, 4 … seconds, but not later than a success would have it. */
static int64_t retry_ms(const struct remote *remote)
{
    int64_t ms = remote->failures < 6 ? INT64_C(1000) << remote->failures : RETRY_MOST_MS;
    int64_t refresh = remote->source->refresh_ms;
    return refresh > 0 && refresh < ms ? refresh : ms;
}

static void remember(struct remote *remote)
{
    char *copy = malloc(remote->len + 1);
    if (copy != NULL) { /* without it the set is only read again */
        memcpy(copy, remote->body, remote->len);
    }
    free(remote->last);
    remote->last = copy;
    remote->last_len = copy != NULL ? remote->len : 0;
}

/* Takes the body as the set, unless it is what was taken before. */
static bool take_body(struct fetcher *fetcher, struct remote *remote)
{
    bool same = remote->last != NULL && remote->len == remote->last_len &&
                memcmp(remote->body, remote->last, remote->len) == 0;
    if (same) {
        return true;
    }
    free(remote->last);
    remote->last = NULL;
    remote->last_len = 0;
    if (!keyring_take(fetcher->ring, remote->number, (str){ remote->body, (isize)remote->len },
                      true)) {
        return false;
    }
    remember(remote);
    return true;
}

static bool is_fetched(struct remote *remote, CURLcode result)
{
    long status = 0;
    (void)curl_easy_getinfo(remote->easy, CURLINFO_RESPONSE_CODE, &status); /* stays 0 on failure */
    if (result == CURLE_OK && status == 200) {
        return true;
    }
    str id = remote->source->id;
    if (result == CURLE_OK) {
        log_warn("auth", "key set `%.*s`: cannot be fetched: status %ld", STR_ARG(id), status);
    } else if (result == CURLE_WRITE_ERROR || result == CURLE_FILESIZE_EXCEEDED) {
        log_warn("auth", "key set `%.*s`: cannot be fetched: larger than 1 MiB", STR_ARG(id));
    } else {
        const char *why = remote->error[0] != '\0' ? remote->error : curl_easy_strerror(result);
        log_warn("auth", "key set `%.*s`: cannot be fetched: %s", STR_ARG(id), why);
    }
    return false;
}

static void finish(struct fetcher *fetcher, struct remote *remote, CURLcode result)
{
    remote->in_flight = false;
    if (is_fetched(remote, result) && take_body(fetcher, remote)) {
        remote->failures = 0;
        remote->due_ms = now_ms() + refresh_ms(remote);
    } else {
        remote->due_ms = now_ms() + retry_ms(remote);
        remote->failures++;
    }
    (void)curl_multi_remove_handle(fetcher->multi, remote->easy); /* it is in there */
    if (!remote->tried) {
        remote->tried = true;
        (void)pthread_mutex_lock(&fetcher->lock);
        fetcher->waiting--;
        (void)pthread_cond_broadcast(&fetcher->settled);
        (void)pthread_mutex_unlock(&fetcher->lock);
    }
}

static void begin(struct fetcher *fetcher, struct remote *remote)
{
    remote->len = 0;
    remote->error[0] = '\0';
    remote->in_flight = curl_multi_add_handle(fetcher->multi, remote->easy) == CURLM_OK;
    if (!remote->in_flight) {
        remote->due_ms = now_ms() + RETRY_MOST_MS;
        log_error("auth", "key set `%.*s`: no memory to fetch it", STR_ARG(remote->source->id));
    }
}

/* ---- the thread ---- */

static bool is_remote(const struct remote *remote)
{
    return remote->easy != NULL;
}

/* The first hint counts at once, further ones after a while. */
static void take_hint(struct remote *remote, int64_t now)
{
    int64_t at = remote->hint_ms + HINT_LEAST_MS;
    at = remote->hint_ms == 0 || at < now ? now : at;
    if (at < remote->due_ms) {
        remote->due_ms = at;
        remote->hint_ms = at;
    }
}

/* Begins what is due; returns how long nothing else will be. */
static int begin_due(struct fetcher *fetcher)
{
    int64_t now = now_ms();
    int64_t sleep = SLEEP_MOST_MS;
    bool all = atomic_exchange(&fetcher->refresh, false);
    for (isize i = 0; i < fetcher->count; i++) {
        struct remote *remote = &fetcher->remotes[i];
        if (!is_remote(remote)) {
            continue;
        }
        if (atomic_exchange(&remote->hinted, false)) {
            take_hint(remote, now);
        }
        if (!remote->in_flight && (all || remote->due_ms <= now)) {
            begin(fetcher, remote);
        }
        if (!remote->in_flight && remote->due_ms - now < sleep) {
            sleep = remote->due_ms - now;
        }
    }
    return sleep < 0 ? 0 : (int)sleep;
}

static void *fetcher_run(void *arg)
{
    struct fetcher *fetcher = arg;
    while (!atomic_load(&fetcher->stop)) {
        int sleep_ms = begin_due(fetcher);
        int running;
        int left;
        (void)curl_multi_perform(fetcher->multi, &running); /* what fails comes as a message */
        for (CURLMsg *message; (message = curl_multi_info_read(fetcher->multi, &left)) != NULL;) {
            char *remote = NULL;
            CURLcode result = message->data.result; /* the message dies with its transfer */
            if (message->msg == CURLMSG_DONE &&
                curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &remote) == CURLE_OK) {
                finish(fetcher, (struct remote *)(void *)remote, result);
                sleep_ms = 0;
            }
        }
        (void)curl_multi_poll(fetcher->multi, NULL, 0, sleep_ms,
                              NULL); /* fails only for bad arguments */
    }
    return NULL;
}

/* ---- life ---- */

static void fetcher_free(struct fetcher *fetcher)
{
    for (isize i = 0; fetcher->remotes != NULL && i < fetcher->count; i++) {
        struct remote *remote = &fetcher->remotes[i];
        if (remote->in_flight) {
            (void)curl_multi_remove_handle(fetcher->multi, remote->easy);
        }
        curl_easy_cleanup(remote->easy);
        free(remote->body);
        free(remote->last);
    }
    (void)curl_multi_cleanup(fetcher->multi);
    curl_slist_free_all(fetcher->headers);
    (void)pthread_cond_destroy(&fetcher->settled);
    (void)pthread_mutex_destroy(&fetcher->lock);
    free(fetcher->remotes);
    free(fetcher);
    curl_global_cleanup();
}

static bool prepare(struct fetcher *fetcher, struct arena *arena)
{
    const struct keyring_options *options = &fetcher->ring->options;
    fetcher->multi = curl_multi_init();
    fetcher->headers =
        curl_slist_append(NULL, "Accept: application/jwk-set+json, application/json");
    fetcher->remotes = calloc((size_t)options->source_count, sizeof *fetcher->remotes);
    if (fetcher->multi == NULL || fetcher->headers == NULL || fetcher->remotes == NULL) {
        return false;
    }
    fetcher->count = options->source_count;
    for (isize i = 0; i < options->source_count; i++) {
        struct remote *remote = &fetcher->remotes[i];
        remote->number = i;
        remote->source = &options->sources[i];
        if (remote->source->url.len == 0) {
            continue;
        }
        if (!set_up(fetcher, remote, arena)) {
            return false;
        }
        remote->due_ms = now_ms();
        fetcher->waiting++;
    }
    return true;
}

static bool start_thread(struct fetcher *fetcher)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all,
                          &before); /* signals are for the main thread; cannot fail */
    bool started = pthread_create(&fetcher->thread, NULL, fetcher_run, fetcher) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

struct fetcher *fetcher_start(struct keyring *ring)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return NULL;
    }
    struct fetcher *fetcher = calloc(1, sizeof *fetcher);
    if (fetcher == NULL) {
        curl_global_cleanup();
        return NULL;
    }
    fetcher->ring = ring;
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes); /* these do not fail with valid arguments */
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&fetcher->settled, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    (void)pthread_mutex_init(&fetcher->lock, NULL);
    struct arena arena;
    arena_init(&arena, 4096, 1 << 20);
    jmp_buf env;
    volatile bool ready = false;
    if (setjmp(env) == 0) {
        (void)arena_guard_set(&arena, &env);
        ready = prepare(fetcher, &arena) && start_thread(fetcher);
    }
    (void)arena_guard_set(&arena, NULL);
    arena_free(&arena);
    if (!ready) {
        fetcher_free(fetcher);
        return NULL;
    }
    return fetcher;
}

void fetcher_wait(struct fetcher *fetcher, int64_t wait_ms)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC,
                        &until); /* the condition's clock, not the seam's: this is a real wait */
    until.tv_sec += wait_ms / 1000;
    (void)pthread_mutex_lock(&fetcher->lock);
    while (fetcher->waiting > 0 &&
           pthread_cond_timedwait(&fetcher->settled, &fetcher->lock, &until) == 0) {
    }
    isize waiting = fetcher->waiting;
    (void)pthread_mutex_unlock(&fetcher->lock);
    if (waiting > 0) {
        log_warn(
            "auth",
            "%lld key sets are still being fetched; tokens that need them are refused until then",
            (long long)waiting);
    }
}

void fetcher_hint(struct fetcher *fetcher, isize number)
{
    if (!atomic_exchange(&fetcher->remotes[number].hinted, true)) {
        (void)curl_multi_wakeup(fetcher->multi); /* it is a good handle */
    }
}

void fetcher_refresh(struct fetcher *fetcher)
{
    atomic_store(&fetcher->refresh, true);
    (void)curl_multi_wakeup(fetcher->multi);
}

void fetcher_stop(struct fetcher *fetcher)
{
    atomic_store(&fetcher->stop, true);
    (void)curl_multi_wakeup(fetcher->multi);
    (void)pthread_join(fetcher->thread, NULL); /* fails only for a thread that is none */
    fetcher_free(fetcher);
}
