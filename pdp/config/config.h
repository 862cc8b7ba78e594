/* config.h — what the operator asks for
 *
 * A file in JSON or YAML with the reference's keys and some of our own, `--set` on top of it, and
 * defaults below. params.def has every parameter once. A key that is not in it is an error that
 * names the nearest one; all errors are reported, with their places. spec:
 * cerbos-compat#configuration
 *
 * `$VAR`, `${VAR}` and `${VAR:default}` in values are replaced by the environment; `$$` is a
 * dollar.
 *
 * Everything lives in the caller's arena. Start-up only, one thread.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_CONFIG_CONFIG_H
#define CARDEA_CONFIG_CONFIG_H

#include "base/diag.h"
#include "value/vmap.h"

/* Where the value of a parameter comes from. */
enum config_origin { CONFIG_DEFAULT, CONFIG_FILE, CONFIG_SET };

/* One parameter, for listings. */
struct config_param {
    str path;
    str text;       /* what it does, or why it does nothing              */
    str value;      /* as text; empty for trees and unset texts          */
    uint8_t origin; /* enum config_origin                                */
    bool effective; /* something reads it                                */
};

/* A list of texts. */
struct config_texts {
    const str *items;
    isize count;
};

/* One set of keys for tokens; exactly one of file, data and url is not empty. */
struct config_key_set {
    str id;
    str file;
    str data;
    str url;
    int64_t refresh_ms; /* 0: not set */
    bool pem;
    bool optional_alg;
    bool optional_kid;
};
struct config_key_sets {
    const struct config_key_set *items;
    isize count;
};

struct config {
    str listen_addr;
    int64_t socket_mode;
    int64_t max_actions;
    int64_t max_resources;
    int64_t read_timeout_ms;
    int64_t read_header_timeout_ms;
    int64_t write_timeout_ms;
    int64_t idle_timeout_ms;
    int64_t drain_timeout_ms;
    str tls_cert;
    str tls_key;
    str tls_ca;
    int64_t gzip_bytes;
    bool metrics;
    bool explorer;
    bool cors_disabled; /* as written; cors_enabled is what follows from all keys */
    bool cors_enabled;  /* settled                                                */
    struct config_texts cors_origins;
    struct config_texts cors_headers;
    int64_t cors_max_age_ms;
    int64_t workers;
    int64_t max_connections;
    int64_t max_head_bytes;
    int64_t max_headers;
    int64_t max_body_bytes; /* settled: max_recv_bytes when that was set              */
    int64_t max_request_memory;
    int64_t max_recv_bytes;
    str default_version;
    str default_scope;
    bool lenient_scope_search;
    bool strict_evaluation;
    struct value globals; /* V_MAP or V_NONE                                        */
    str enforcement;      /* none, warn, reject                                     */
    bool jwt_unverified;
    int64_t jwt_skew_ms;
    struct config_key_sets key_sets;
    str driver;           /* always `disk` after a successful load                  */
    str directory;
    bool watch;
    int64_t settle_ms;
    int64_t scan_ms;
    int64_t poll_ms;
    int64_t max_files;
    int64_t max_file_bytes;
    int64_t max_total_bytes;
    const struct config_param *params; /* all of them, in the order of params.def          */
    isize param_count;
};

struct config_input {
    str path;        /* of the file, as shown in diagnostics; empty: no file */
    str text;        /* its content                                          */
    const str *sets; /* arguments of --set, in order                         */
    isize set_count;
    const char *(*env)(const char *name); /* NULL when the variable is not set                    */
};

/* Settles every parameter. Errors are reported to diags; so are warnings for what has no effect,
 * one for each reason. Returns OK, EINVALID or ELIMIT. The arena is diags->arena; its guard is the
 * caller's. */
cardea_status config_load(const struct config_input *input, struct config *out,
                          struct diags *diags);

/* Was the parameter given in the file or by --set? */
bool config_is_set(const struct config *config, str path);

#endif
