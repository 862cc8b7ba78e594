/* test_config_keysets.c — the list auxData.jwt.keySets
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config/config.h"

#include "support/unit.h"

static struct diags diags;
static struct config config;

static const char *fake_env(const char *name)
{
    return strcmp(name, "ISSUER") == 0 ? "https://issuer.example" : NULL;
}

static cardea_status load(const char *elements)
{
    struct arena *arena = unit_arena();
    diags = diags_new(arena);
    struct config_input input = {
        .path = S("c.yaml"),
        .text = str_printf(arena, "auxData:\n  jwt:\n    keySets:\n%s", elements),
        .env = fake_env,
    };
    return config_load(&input, &config, &diags);
}

static str rendered(void)
{
    struct sb sb = sb_new(diags.arena);
    diags_render(&diags, false, &sb);
    return sb_str(&sb);
}

START_TEST(takes_every_member)
{
    cardea_status status = load("    - id: a\n"
                                "      local: {file: keys.jwk, pem: true}\n"
                                "      insecure: {optionalAlg: true, optionalKid: \"true\"}\n"
                                "    - id: b\n"
                                "      local: {data: e30=}\n"
                                "      remote:\n"
                                "    - id: c\n"
                                "      remote: {url: \"${ISSUER}/keys\", refreshInterval: 1h30m}\n"
                                "      insecure: {}\n");
    ck_assert_msg(status == CARDEA_OK, "%.*s", STR_ARG(rendered()));
    ck_assert_int_eq(config.key_sets.count, 3);
    const struct config_key_set *set = config.key_sets.items;
    expect_str(set[0].id, "a");
    expect_str(set[0].file, "keys.jwk");
    ck_assert(set[0].pem && set[0].optional_alg && set[0].optional_kid);
    ck_assert_int_eq(set[0].url.len + set[0].data.len, 0);
    expect_str(set[1].data, "e30=");
    ck_assert(!set[1].pem && !set[1].optional_alg && !set[1].optional_kid);
    expect_str(set[2].url, "https://issuer.example/keys");
    ck_assert_int_eq(set[2].refresh_ms, 5400000);
}
END_TEST

START_TEST(one_without_an_id)
{
    ck_assert_int_eq(load("    - local: {file: a}\n"), CARDEA_OK);
    expect_str(config.key_sets.items[0].id, "");
}
END_TEST

START_TEST(none_at_all)
{
    ck_assert_int_eq(load(""), CARDEA_OK);
    ck_assert_int_eq(config.key_sets.count, 0);
    ck_assert_int_eq(load("      []\n"), CARDEA_OK);
    ck_assert_int_eq(config.key_sets.count, 0);
}
END_TEST

static const struct {
    const char *elements;
    const char *place;
    const char *message; /* part of it */
} bad[] = {
    { "      a: 1\n", "c.yaml:4:7", "`auxData.jwt.keySets` must be a list" },
    { "    - a\n", "c.yaml:4:7", "`auxData.jwt.keySets[0]`: must be a mapping" },
    { "    - id: a\n", "c.yaml:4:7",
      "`auxData.jwt.keySets[0]`: must have one of `local` and `remote`" },
    { "    - {id: a, local: {file: x}, remote: {url: \"https://x\"}}\n", "c.yaml:4:7",
      "must have one of `local` and `remote`" },
    { "    - {id: a, local: {}}\n", "c.yaml:4:7", "`local` must have one of `file` and `data`" },
    { "    - {id: a, local: {file: x, data: eA==}}\n", "c.yaml:4:7",
      "`local` must have one of `file` and `data`" },
    { "    - {id: a, remote: {}}\n", "c.yaml:4:7",
      "`remote.url` must begin with `https://` or `http://`" },
    { "    - {id: a, remote: {url: \"\"}}\n", "c.yaml:4:7", "`remote.url` must begin" },
    { "    - {id: a, remote: {url: \"file:///etc/passwd\"}}\n", "c.yaml:4:7",
      "`remote.url` must begin" },
    { "    - {id: a, remote: {url: \"https://x\", refreshInterval: 60}}\n", "c.yaml:4:59",
      "`auxData.jwt.keySets[0].remote.refreshInterval` must be a duration" },
    { "    - {id: a, remote: {url: \"https://x\", refreshInterval: -1s}}\n", "c.yaml:4:59",
      "must be a duration" },
    { "    - {id: a, local: {file: x, pem: yes}}\n", "c.yaml:4:37",
      "`auxData.jwt.keySets[0].local.pem` must be `true` or `false`, not `yes`" },
    { "    - {id: a, local: {file: [x]}}\n", "c.yaml:4:29", "must be a single value" },
    { "    - {id: a, local: x}\n", "c.yaml:4:22",
      "`auxData.jwt.keySets[0].local` must be a mapping" },
    { "    - {id: a, local: {file: x}, insecure: {optionalKids: true}}\n", "c.yaml:4:44",
      "did you mean `insecure.optionalKid`?" },
    { "    - {id: a, locale: {file: x}}\n", "c.yaml:4:15",
      "unknown key `auxData.jwt.keySets[0].locale`" },
    { "    - {id: $NOPE, local: {file: x}}\n", "c.yaml:4:12", "`NOPE` is not set" },
    { "    - {id: a, local: {file: x}}\n    - {id: a, local: {file: y}}\n", "c.yaml:5:7",
      "`auxData.jwt.keySets[1]`: another key set has the id `a`" },
};

START_TEST(refuses)
{
    ck_assert_int_eq(load(bad[_i].elements), CARDEA_EINVALID);
    str shown = rendered();
    ck_assert_msg(str_find(shown, str_from_c(bad[_i].place)) >= 0, "want %s in:\n%.*s",
                  bad[_i].place, STR_ARG(shown));
    ck_assert_msg(str_find(shown, str_from_c(bad[_i].message)) >= 0, "want %s in:\n%.*s",
                  bad[_i].message, STR_ARG(shown));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config_keysets");
    TCase *tcase = tcase_create("config_keysets");
    tcase_add_test(tcase, takes_every_member);
    tcase_add_test(tcase, one_without_an_id);
    tcase_add_test(tcase, none_at_all);
    tcase_add_loop_test(tcase, refuses, 0, countof(bad));
    suite_add_tcase(suite, tcase);
    return unit_run(suite);
}
