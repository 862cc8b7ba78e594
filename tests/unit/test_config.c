/* test_config.c — configurations and what they come to
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config/config.h"

#include <check.h>
#include <stdlib.h>

static struct arena arena;
static struct diags diags;
static struct config config;

static void setup(void)
{
    arena_init(&arena, 1 << 16, 1 << 26);
    diags = diags_new(&arena);
}

static void teardown(void)
{
    arena_free(&arena);
}

static const char *fake_env(const char *name)
{
    static const struct {
        const char *name, *value;
    } variables[] = { { "PORT", "4000" }, { "DIR", "/srv/p" }, { "EMPTY", "" }, { "YES", "true" } };
    for (int i = 0; i < countof(variables); i++) {
        if (strcmp(variables[i].name, name) == 0) {
            return variables[i].value;
        }
    }
    return NULL;
}

static cardea_status load(const char *text, const char *set)
{
    str sets[1] = { str_from_c(set) };
    struct config_input input = { .path = text != NULL ? S("c.yaml") : STR_EMPTY,
                                  .text = str_from_c(text),
                                  .sets = sets,
                                  .set_count = set != NULL,
                                  .env = fake_env };
    return config_load(&input, &config, &diags);
}

static str value_of(const char *path)
{
    for (isize i = 0; i < config.param_count; i++) {
        if (str_eq(config.params[i].path, str_from_c(path))) {
            return config.params[i].value;
        }
    }
    ck_abort_msg("no parameter %s", path);
    return STR_EMPTY;
}

static str rendered(void)
{
    struct sb sb = sb_new(&arena);
    diags_render(&diags, false, &sb);
    return sb_str(&sb);
}

/* ---- values that are taken ---- */

static const struct {
    const char *text, *set, *path, *value;
} good[] = {
    { NULL, NULL, "server.httpListenAddr", "127.0.0.1:3592" },
    { NULL, NULL, "storage.disk.directory", "policies" },
    { NULL, NULL, "storage.disk.watchForChanges", "true" },
    { "", NULL, "storage.disk.watchForChanges", "true" },
    { "# nothing\n", NULL, "storage.disk.watchForChanges", "true" },
    { "storage:\n  driver: disk\n", NULL, "storage.disk.watchForChanges", "false" },
    { "storage:\n  disk: {watchForChanges: true}\n", NULL, "storage.disk.watchForChanges", "true" },
    { "server:\n  httpListenAddr: \":80\"\n", NULL, "server.httpListenAddr", ":80" },
    { "{\"server\": {\"httpListenAddr\": \":80\"}}", NULL, "server.httpListenAddr", ":80" },
    { "server:\n  httpListenAddr: \"h:${PORT}\"\n", NULL, "server.httpListenAddr", "h:4000" },
    { "server:\n  httpListenAddr: h:$PORT\n", NULL, "server.httpListenAddr", "h:4000" },
    { "server:\n  httpListenAddr: \"h:${NOPE:99}\"\n", NULL, "server.httpListenAddr", "h:99" },
    { "server:\n  httpListenAddr: \"a$$b\"\n", NULL, "server.httpListenAddr", "a$b" },
    { "server:\n  httpListenAddr: \"a$ b\"\n", NULL, "server.httpListenAddr", "a$ b" },
    { "engine:\n  defaultScope: \"${EMPTY}\"\n", NULL, "engine.defaultScope", "" },
    { "engine:\n  strictEvaluation: ${YES}\n", NULL, "engine.strictEvaluation", "true" },
    { "server:\n  requestLimits:\n    maxActionsPerResource: 7\n", NULL,
      "server.requestLimits.maxActionsPerResource", "7" },
    { "server:\n  requestLimits:\n    maxActionsPerResource: \"7\"\n", NULL,
      "server.requestLimits.maxActionsPerResource", "7" },
    { "server:\n  udsFileMode: 0o660\n", NULL, "server.udsFileMode", "0o660" },
    { "server:\n  udsFileMode: 0660\n", NULL, "server.udsFileMode", "0660" },
    { "server:\n", NULL, "server.httpListenAddr", "127.0.0.1:3592" },
    { "server:\n  httpListenAddr:\n", NULL, "server.httpListenAddr", "127.0.0.1:3592" },
    { "server:\n  httpListenAddr: \":1\"\n", "server.httpListenAddr=:2", "server.httpListenAddr",
      ":2" },
    { NULL, "a=b", NULL, NULL },
    { NULL, "server.httpListenAddr=a\\,b", "server.httpListenAddr", "a,b" },
    { NULL, "engine.defaultScope=x,engine.strictEvaluation=true", "engine.strictEvaluation",
      "true" },
    { NULL, "server.cors.allowedOrigins={a,b}", "server.cors.allowedOrigins", "{a,b}" },
    { NULL, "storage.disk.directory=$DIR", "storage.disk.directory", "/srv/p" },
    { NULL, "storage.disk.directory=x", "storage.disk.watchForChanges", "false" },
};

START_TEST(takes)
{
    if (good[_i].path == NULL) {
        ck_assert_int_eq(load(NULL, good[_i].set), CARDEA_EINVALID);
        return;
    }
    cardea_status status = load(good[_i].text, good[_i].set);
    str shown = rendered();
    ck_assert_msg(status == CARDEA_OK, "%d: %.*s", _i, STR_ARG(shown));
    str value = value_of(good[_i].path);
    ck_assert_msg(str_eq(value, str_from_c(good[_i].value)), "%d: %.*s", _i, STR_ARG(value));
}
END_TEST

/* ---- what is refused ---- */

static const struct {
    const char *text, *set;
    const char *place;   /* `line:column`, of the file or of --set */
    const char *message; /* part of it                             */
    const char *help;    /* part of it; NULL: any                  */
} bad[] = {
    { "server:\n  httpListenAdr: x\n", NULL, "c.yaml:2:3", "unknown key `server.httpListenAdr`",
      "did you mean `httpListenAddr`?" },
    { "servr: {}\n", NULL, "c.yaml:1:1", "unknown key `servr`", "did you mean `server`?" },
    { "{\"server\":\n {\"advanced\": {\"http\": {\"readTimout\": 1}}}}", NULL, "c.yaml:2:25",
      "unknown key `server.advanced.http.readTimout`", "did you mean `readTimeout`?" },
    { "zzzzzz: 1\n", NULL, "c.yaml:1:1", "unknown key `zzzzzz`", NULL },
    { "server: 5\n", NULL, "c.yaml:1:1", "`server` must be a mapping", NULL },
    { "server: []\n", NULL, "c.yaml:1:1", "`server` must be a mapping", NULL },
    { "server:\n  httpListenAddr: [a]\n", NULL, "c.yaml:2:19", "must be a single value", NULL },
    { "engine:\n  strictEvaluation: yes\n", NULL, "c.yaml:2:21",
      "must be `true` or `false`, not `yes`", NULL },
    { "engine:\n  defaultPolicyVersion: \"\"\n", NULL, "c.yaml:2:25", "must not be empty", NULL },
    { "engine:\n  globals: [1]\n", NULL, "c.yaml:2:12", "`engine.globals` must be a mapping",
      NULL },
    { "schema:\n  enforcement: maybe\n", NULL, "c.yaml:2:16", "must be one of `none|warn|reject`",
      NULL },
    { "server:\n  requestLimits:\n    maxActionsPerResource: 0\n", NULL, "c.yaml:3:28",
      "between 1 and 500", NULL },
    { "server:\n  requestLimits:\n    maxActionsPerResource: 501\n", NULL, "c.yaml:3:28",
      "between 1 and 500", NULL },
    { "server:\n  requestLimits:\n    maxActionsPerResource: many\n", NULL, "c.yaml:3:28",
      "a whole number", NULL },
    { "server:\n  requestLimits:\n    maxActionsPerResource: 1.5\n", NULL, "c.yaml:3:28",
      "a whole number", NULL },
    { "server:\n  advanced:\n    http:\n      readTimeout: 30\n", NULL, "c.yaml:4:20",
      "a duration such as", NULL },
    { "server:\n  advanced:\n    http:\n      readTimeout: -1s\n", NULL, "c.yaml:4:20",
      "a duration such as", NULL },
    { "server:\n  advanced:\n    http:\n      readTimeout: 0s\n", NULL, "c.yaml:4:20",
      "between 1 and", NULL },
    { "server:\n  udsFileMode: rw\n", NULL, "c.yaml:2:16", "octal permissions", NULL },
    { "server:\n  udsFileMode: 0o7777\n", NULL, "c.yaml:2:16", "between 0 and", NULL },
    { "server:\n  httpListenAddr: $NOPE\n", NULL, "c.yaml:2:19",
      "the environment variable `NOPE` is not set", "$$" },
    { "server:\n  httpListenAddr: \"${NOPE}\"\n", NULL, "c.yaml:2:19", "`NOPE` is not set", NULL },
    { "server:\n  httpListenAddr: \"${PORT\"\n", NULL, "c.yaml:2:19", "`${` without `}`", NULL },
    { "engine:\n  globals: {a: $NOPE}\n", NULL, "c.yaml:2:12", "`NOPE` is not set", NULL },
    { "storage:\n  driver: git\n", NULL, "", "the driver `git` is not there yet", NULL },
    { "storage:\n  driver: floppy\n", NULL, "c.yaml:2:11", "must be one of", NULL },
    { "server: {httpListenAddr: a, httpListenAddr: b}\n", NULL, "c.yaml:1:29", "", NULL },
    { "server: {\n", NULL, "c.yaml:", "", NULL },
    { "- a\n", NULL, "c.yaml:1:1", "", NULL },
    { NULL, "server", "--set:1:1", "is no assignment", NULL },
    { NULL, "=x", "--set:1:1", "is no assignment", NULL },
    { NULL, "server.httpListenAdr=x", "--set:1:1", "unknown key",
      "did you mean `httpListenAddr`?" },
    { NULL, "server.requestLimits.maxActionsPerResource=x", "--set:1:44", "a whole number", NULL },
    { NULL, "server=x", "--set:1:1", "must be a mapping", NULL },
    { NULL, "engine.globals.a.b=1", "--set:1:20", "only single values", NULL },
    { NULL, "engine.globals.a={1}", "--set:1:18", "only single values", NULL },
    { NULL, "storage.disk.directory=", "--set:1:24", "must not be empty", NULL },
};

START_TEST(refuses)
{
    ck_assert_int_eq(load(bad[_i].text, bad[_i].set), CARDEA_EINVALID);
    str shown = rendered();
    ck_assert_msg(str_find(shown, str_from_c(bad[_i].place)) >= 0, "%d: want %s in:\n%.*s", _i,
                  bad[_i].place, STR_ARG(shown));
    ck_assert_msg(str_find(shown, str_from_c(bad[_i].message)) >= 0, "%d: want %s in:\n%.*s", _i,
                  bad[_i].message, STR_ARG(shown));
    ck_assert_msg(bad[_i].help == NULL || str_find(shown, str_from_c(bad[_i].help)) >= 0,
                  "%d: want %s in:\n%.*s", _i, bad[_i].help, STR_ARG(shown));
}
END_TEST

/* ---- what is accepted without effect ---- */

static const struct {
    const char *text;
    int warnings;
} warned[] = {
    { "server:\n  grpcListenAddr: \":3593\"\n", 1 },
    { "server:\n  advanced:\n    grpc: {maxConnectionAge: 1s, connectionTimeout: 1s}\n",
      1 }, /* one reason, once */
    { "server:\n  metricsEnabled: false\n  apiExplorerEnabled: false\n", 0 },
    { "server:\n  adminAPI:\n    enabled: false\n", 0 },
    { "server:\n  adminAPI:\n    enabled: true\n    adminCredentials: {username: u, passwordHash: "
      "\"$2y$10\"}\n",
      1 },
    { "server:\n  cors: {disabled: true}\n", 0 },
    { "server:\n  cors: {allowedOrigins: [\"*\"], allowedHeaders: [a], maxAge: 1m}\n", 0 },
    { "audit:\n  enabled: true\n  backend: local\n  local: {storagePath: /x, any: {thing: 1}}\n",
      1 },
    { "audit:\n  enabled: false\n", 0 },
    { "auxData:\n  jwt: {keySets: [{id: a, local: {file: /x}}], acceptableTimeSkew: 1m}\n", 0 },
    { "telemetry:\n  disabled: true\ncompile: {cacheSize: 5}\n", 0 },
    { "hub:\n  credentials: {workspaceSecret: x}\n", 1 },
    { "storage:\n  git: {url: x}\n", 0 },
};

START_TEST(warns)
{
    cardea_status status = load(warned[_i].text, NULL);
    str shown = rendered();
    ck_assert_msg(status == CARDEA_OK, "%d: %.*s", _i, STR_ARG(shown));
    ck_assert_msg(diags.list.len == warned[_i].warnings, "%d: %lld warnings:\n%.*s", _i,
                  (long long)diags.list.len, STR_ARG(shown));
}
END_TEST

/* ---- single facts ---- */

START_TEST(reports_every_error)
{
    ck_assert_int_eq(load("server:\n  a: 1\n  b: 2\nengine:\n  strictEvaluation: 5\n", "x=1"),
                     CARDEA_EINVALID);
    ck_assert_int_eq(diags.errors, 4);
}
END_TEST

static const struct {
    const char *text;
    bool enabled;
    isize origins, headers;
    int64_t max_age_ms;
} cors[] = {
    { "server: {}\n", false, 0, 0, 0 },
    { "server:\n  cors: {disabled: true}\n", false, 0, 0, 0 },
    { "server:\n  cors: {disabled: false}\n", true, 0, 0, 0 },
    { "server:\n  cors: {allowedOrigins: [\"*\"]}\n", true, 1, 0, 0 },
    { "server:\n  cors: {allowedHeaders: [a, b]}\n", true, 0, 2, 0 },
    { "server:\n  cors: {maxAge: 10m}\n", true, 0, 0, 600000 },
    { "server:\n  cors: {disabled: true, allowedOrigins: [a, b], maxAge: 1s}\n", false, 2, 0,
      1000 },
};

START_TEST(cross_origin_requests_are_asked_for)
{
    ck_assert_int_eq(load(cors[_i].text, NULL), CARDEA_OK);
    ck_assert_int_eq(config.cors_enabled, cors[_i].enabled);
    ck_assert_int_eq(config.cors_origins.count, cors[_i].origins);
    ck_assert_int_eq(config.cors_headers.count, cors[_i].headers);
    ck_assert_int_eq(config.cors_max_age_ms, cors[_i].max_age_ms);
    ck_assert(str_eq(value_of("server.cors.disabled"), cors[_i].enabled ? S("false") : S("true")));
}
END_TEST

static const struct {
    const char *text;
    bool good;
} tls[] = {
    { "server:\n  tls: {cert: a, key: b}\n", true },
    { "server:\n  tls: {cert: a, key: b, caCert: c}\n", true },
    { "server:\n  tls: {}\n", true },
    { "server:\n  tls: {cert: a}\n", false },
    { "server:\n  tls: {key: b}\n", false },
    { "server:\n  tls: {caCert: c}\n", false },
};

START_TEST(half_a_certificate_is_refused)
{
    ck_assert_int_eq(load(tls[_i].text, NULL), tls[_i].good ? CARDEA_OK : CARDEA_EINVALID);
}
END_TEST

START_TEST(every_default_is_valid)
{
    ck_assert_int_eq(load(NULL, NULL), CARDEA_OK);
    ck_assert_int_eq(diags.list.len, 0);
    ck_assert_int_eq(config.max_actions, 50);
    ck_assert_int_eq(config.max_resources, 50);
    ck_assert_int_eq(config.read_timeout_ms, 30000);
    ck_assert_int_eq(config.read_header_timeout_ms, 15000);
    ck_assert_int_eq(config.write_timeout_ms, 30000);
    ck_assert_int_eq(config.idle_timeout_ms, 120000);
    ck_assert_int_eq(config.socket_mode, 0766);
    ck_assert_int_eq(config.max_body_bytes, 1 << 20);
    ck_assert(config.watch);
    ck_assert(!config.strict_evaluation);
    ck_assert(str_eq(config.enforcement, S("none")));
    ck_assert_int_eq(config.globals.kind, V_NONE);
}
END_TEST

START_TEST(globals_keep_their_types)
{
    ck_assert_int_eq(load("engine:\n  globals:\n    n: 5\n    d: 1.5\n    s: \"${PORT}\"\n    l: "
                          "[a, $YES]\n    b: true\n",
                          "engine.globals.n=7,engine.globals.t=x"),
                     CARDEA_OK);
    const struct vmap *globals = config.globals.map;
    ck_assert_int_eq(vmap_find_str(globals, S("n")).kind, V_INT);
    ck_assert_int_eq(vmap_find_str(globals, S("n")).i, 7);
    ck_assert_int_eq(vmap_find_str(globals, S("d")).kind, V_DOUBLE);
    ck_assert(str_eq(v_str(vmap_find_str(globals, S("s"))), S("4000")));
    ck_assert(str_eq(v_str(vmap_find_str(globals, S("l")).items[1]), S("true")));
    ck_assert_int_eq(vmap_find_str(globals, S("b")).kind, V_BOOL);
    ck_assert(str_eq(v_str(vmap_find_str(globals, S("t"))), S("x")));
}
END_TEST

START_TEST(message_size_sets_the_body_limit)
{
    ck_assert_int_eq(load("server:\n  advanced:\n    grpc: {maxRecvMsgSizeBytes: 2097152}\n", NULL),
                     CARDEA_OK);
    ck_assert_int_eq(config.max_body_bytes, 2097152);
}
END_TEST

START_TEST(says_where_a_value_comes_from)
{
    ck_assert_int_eq(load("engine:\n  defaultScope: a\n", "engine.strictEvaluation=true"),
                     CARDEA_OK);
    ck_assert(config_is_set(&config, S("engine.defaultScope")));
    ck_assert(config_is_set(&config, S("engine.strictEvaluation")));
    ck_assert(!config_is_set(&config, S("server.httpListenAddr")));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config");
    TCase *tcase = tcase_create("config");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, takes, 0, (int)countof(good));
    tcase_add_loop_test(tcase, refuses, 0, (int)countof(bad));
    tcase_add_loop_test(tcase, warns, 0, (int)countof(warned));
    tcase_add_test(tcase, reports_every_error);
    tcase_add_loop_test(tcase, cross_origin_requests_are_asked_for, 0, (int)countof(cors));
    tcase_add_loop_test(tcase, half_a_certificate_is_refused, 0, (int)countof(tls));
    tcase_add_test(tcase, every_default_is_valid);
    tcase_add_test(tcase, globals_keep_their_types);
    tcase_add_test(tcase, message_size_sets_the_body_limit);
    tcase_add_test(tcase, says_where_a_value_comes_from);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
