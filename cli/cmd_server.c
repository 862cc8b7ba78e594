/* cmd_server.c — cardea server
 *
 * Order of things: configuration, policies, address. Nobody can connect before the first set of
 * policies is being served; a fault in any of the three ends the program with its reason.
 *
 * The main thread only waits for signals: SIGHUP reads policies, key sets and the certificate again;
 * SIGTERM and SIGINT let requests in flight finish and end the program with 0; a second one ends it
 * at once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cli/commands.h"

#include "auth/keyring.h"
#include "base/log.h"
#include "server/server.h"
#include "store/store.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct option options[] = {
    { "config", 'c', "FILE",
      "configuration, JSON or YAML (default: $CARDEA_CONFIG, then $CERBOS_CONFIG)" },
    { "set", 0, "KEY=VALUE", "override a key, e.g. server.httpListenAddr=:3592; may be repeated" },
    { "log-level", 0, "LEVEL",
      "debug, info, warn, error or none (default: $CARDEA_LOG_LEVEL, then info)" },
};

/* ---- options of the parts ---- */

static struct server_options server_options(const struct config *c)
{
    return (struct server_options){
        .address = c->listen_addr,
        .socket_mode = (int)c->socket_mode,
        .workers = (int)c->workers,
        .http = { .head_bytes = (int32_t)c->max_head_bytes,
                  .headers = (int32_t)c->max_headers,
                  .body_bytes = c->max_body_bytes,
                  .chunk_extra_bytes = 8192 },
        .check = { .resources = c->max_resources, .actions = c->max_actions },
        .tls = { .cert = c->tls_cert, .key = c->tls_key, .ca = c->tls_ca },
        .gzip_bytes = c->gzip_bytes,
        .metrics = c->metrics,
        .explorer = c->explorer,
        .cors = { .enabled = c->cors_enabled,
                  .origins = c->cors_origins.items,
                  .origin_count = c->cors_origins.count,
                  .headers = c->cors_headers.items,
                  .header_count = c->cors_headers.count,
                  .max_age_s = c->cors_max_age_ms / 1000 },
        .connections = c->max_connections,
        .arena_bytes = (isize)c->max_request_memory,
        .read_header_timeout_ms = c->read_header_timeout_ms,
        .read_timeout_ms = c->read_timeout_ms,
        .write_timeout_ms = c->write_timeout_ms,
        .idle_timeout_ms = c->idle_timeout_ms,
        .drain_timeout_ms = c->drain_timeout_ms,
    };
}

static struct store_options store_options(const struct config *c)
{
    return (struct store_options){
        .directory = c->directory,
        .watch = c->watch,
        .settle_ms = c->settle_ms,
        .scan_ms = c->scan_ms,
        .poll_ms = c->poll_ms,
        .max_files = c->max_files,
        .max_file_bytes = c->max_file_bytes,
        .max_total_bytes = c->max_total_bytes,
        .engine = { .default_version = c->default_version,
                    .default_scope = c->default_scope,
                    .lenient_scope_search = c->lenient_scope_search,
                    .strict_evaluation = c->strict_evaluation,
                    .globals = c->globals,
                    .schemas = str_eq(c->enforcement, S("reject")) ? SCHEMAS_REJECT
                               : str_eq(c->enforcement, S("warn")) ? SCHEMAS_WARN
                                                                   : SCHEMAS_NONE },
    };
}

static const struct key_source *key_sources(struct arena *arena, const struct config_key_sets *sets)
{
    struct key_source *sources = new(arena, struct key_source, sets->count);
    for (isize i = 0; i < sets->count; i++) {
        const struct config_key_set *set = &sets->items[i];
        sources[i] = (struct key_source){ .id = set->id,
                                          .file = set->file,
                                          .data = set->data,
                                          .url = set->url,
                                          .refresh_ms = set->refresh_ms,
                                          .pem = set->pem,
                                          .optional_alg = set->optional_alg,
                                          .optional_kid = set->optional_kid };
    }
    return sources;
}

/* Certificates to trust are named by the variables that OpenSSL knows. */
static struct keyring_options keyring_options(struct arena *arena, const struct config *c)
{
    return (struct keyring_options){ .verify = !c->jwt_unverified,
                                     .skew_ms = c->jwt_skew_ms,
                                     .sources = key_sources(arena, &c->key_sets),
                                     .source_count = c->key_sets.count,
                                     .ca_file = str_from_c(getenv("SSL_CERT_FILE")),
                                     .ca_directory = str_from_c(getenv("SSL_CERT_DIR")) };
}

/* ---- telling ---- */

static bool set_log_level(const struct args *args)
{
    str level = args_get(args, "log-level");
    if (level.ptr == NULL) {
        level = str_from_c(getenv("CARDEA_LOG_LEVEL"));
    }
    if (level.len == 0) {
        level = str_from_c(getenv("CERBOS_LOG_LEVEL"));
    }
    enum log_level parsed;
    if (level.len == 0) {
        return true;
    }
    if (!log_level_parse(level, &parsed)) {
        return false;
    }
    log_level_set(parsed);
    return true;
}

/* Where silence means something safer here than with the reference, say so once. */
static void log_safer_defaults(const struct config *c)
{
    if (!config_is_set(c, S("server.httpListenAddr"))) {
        log_info("server",
                 "listening on %.*s only; Cerbos would listen on all addresses "
                 "(set `server.httpListenAddr` to `:3592` for that)",
                 STR_ARG(c->listen_addr));
    }
    if (!c->cors_enabled && !config_is_set(c, S("server.cors.disabled"))) {
        log_info("server", "pages of other origins may not read answers; Cerbos would allow all "
                           "(set `server.cors.disabled` to `false` for that)");
    }
}

static void print_diags(const struct args *args, const struct diags *diags)
{
    struct sb sb = sb_new(args->arena);
    diags_render(diags, wants_color(STDERR_FILENO), &sb);
    (void)fprintf(stderr, "%.*s", STR_ARG(sb_str(&sb)));
}

/* ---- serving ---- */

static void end_at_once(int number)
{
    _exit(128 + number);
}

/* Returns when the program is to end. */
static void wait_for_signals(const sigset_t *signals, struct store *store, struct keyring *keys,
                             struct server *server)
{
    for (;;) {
        int number = 0;
        if (sigwait(signals, &number) != 0 || number == SIGTERM || number == SIGINT) {
            return;
        }
        store_reload(store);
        keyring_reload(keys);
        server_reload(server);
    }
}

static void announce(const struct server *server, struct store *store, const struct config *config)
{
    struct store_state state;
    store_state(store, &state);
    str address = server_address(server);
    bool local = str_starts(address, S("unix:"));
    (void)printf(
        "cardea %s serves %lld policies with %lld rules (revision %s) from %.*s on %s%.*s\n",
        CARDEA_VERSION, (long long)state.policies, (long long)state.rules, state.revision,
        STR_ARG(config->directory), local ? "" : config->tls_cert.len > 0 ? "https://" : "http://", STR_ARG(address));
    (void)fflush(stdout); /* a closed output must not stop the service */
}

static int serve(const struct args *args, const struct config *config, struct store *store,
                 struct keyring *keys)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before there are threads; cannot fail */
    (void)signal(SIGPIPE, SIG_IGN);

    struct server_options server_opts = server_options(config);
    server_opts.keys = keys;
    struct server *server = NULL;
    str why = STR_EMPTY;
    cardea_status status = server_open(&server, &server_opts, store, args->arena, &why);
    if (status == CARDEA_OK &&
        (store_start(store) != CARDEA_OK || keyring_start(keys) != CARDEA_OK ||
         server_start(server) != CARDEA_OK)) {
        why = S("cannot start a thread");
        status = CARDEA_EUNAVAILABLE;
    }
    if (status != CARDEA_OK) {
        (void)fprintf(stderr, "cardea: %.*s\n", STR_ARG(why));
        server_close(server);
        return EXIT_FAILED;
    }
    announce(server, store, config);
    wait_for_signals(&signals, store, keys, server);
    log_info("server", "stopping; requests in flight are finished");
    (void)signal(SIGTERM, end_at_once);
    (void)signal(SIGINT, end_at_once);
    (void)pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
    server_drain(server);
    int64_t requests = server_join(server);
    log_info("server", "stopped after %lld requests", (long long)requests);
    server_close(server);
    return EXIT_OK;
}

static int run(const struct args *args)
{
    if (!set_log_level(args)) {
        return args_mistake(args->command, "log level must be debug, info, warn, error or none");
    }
    struct config config;
    int code = load_config(args, config_path(args), &config);
    if (code != EXIT_OK) {
        return code;
    }
    log_safer_defaults(&config);
    struct store_options store_opts = store_options(&config);
    struct diags diags = diags_new(args->arena);
    struct store *store = NULL;
    cardea_status status = store_open(&store, &store_opts, &diags);
    print_diags(args, &diags);
    if (status != CARDEA_OK) {
        (void)fprintf(stderr, "cardea: the policies in %.*s cannot be served\n",
                      STR_ARG(config.directory));
        return status == CARDEA_EINVALID ? EXIT_COMPILE : EXIT_FAILED;
    }
    struct keyring_options key_opts = keyring_options(args->arena, &config);
    struct keyring *keys = NULL;
    if (keyring_open(&keys, &key_opts) == CARDEA_OK) {
        code = serve(args, &config, store, keys);
        keyring_close(keys);
    } else {
        (void)fprintf(stderr, "cardea: no memory for key sets\n");
        code = EXIT_FAILED;
    }
    store_close(store);
    return code;
}

const struct command cmd_server = {
    .name = "server",
    .alias = "serve",
    .arguments = "",
    .summary = "serve the policies of a directory over HTTP",
    .details =
        "Without a configuration the policies in ./policies are served on 127.0.0.1:3592 and "
        "followed when they\n"
        "change. SIGHUP reads them again; SIGTERM ends the service when requests in flight are "
        "answered.\n\n"
        "Examples:\n"
        "  cardea server\n"
        "  cardea server --config config.json\n"
        "  cardea server --set storage.disk.directory=/srv/policies --set "
        "server.httpListenAddr=:3592\n\n"
        "Exit code: 0 after SIGTERM, 1 on failure, 2 wrong usage, 3 policies do not compile.\n",
    .options = options,
    .option_count = (int)countof(options),
    .run = run,
};
