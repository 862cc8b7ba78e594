/* test_schema.c — JSON Schema: documents, references, keywords, messages
 *
 * The recorded vectors (test_schema_vectors.c) are the wide net; here is a line for each behaviour,
 * so that a fault has a name.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "schema/schema.h"
#include "support/unit.h"
#include "value/json_in.h"

#include <stdlib.h>

static struct arena scratch;

#define DOCUMENTS_MOST 6

/* Makes a set of documents given as `id`, `text`, `id`, `text` …, NULL. */
static struct schema_set *set_of(struct arena *arena, const char *const *texts)
{
    struct schema_document *documents = new(arena, struct schema_document, DOCUMENTS_MOST);
    isize count = 0;
    for (; texts[2 * count] != NULL; count++) {
        ck_assert_int_lt(count, DOCUMENTS_MOST);
        documents[count] = (struct schema_document){ str_from_c(texts[2 * count]),
                                                     str_from_c(texts[2 * count + 1]) };
    }
    arena_clear(&scratch, 0);
    return schema_set_new(arena, &scratch, documents, count);
}

static struct value json(struct arena *arena, const char *text)
{
    struct json_error error;
    struct value v = json_read(arena, str_from_c(text), NULL, &error);
    ck_assert_msg(v.kind != V_NONE, "%s", text);
    return v;
}

/* What validation says: `ok`, or `path message` by `; `; or why the schema cannot be used. */
static str outcome(struct arena *arena, struct schema_set *set, const char *ref, struct value v)
{
    str why;
    struct schema_errors errors;
    const struct schema *schema = schema_compile(set, str_from_c(ref), &why);
    if (schema == NULL) {
        return str_concat(arena, S("refused: "), why);
    }
    if (schema_validate(schema, v, NULL, arena, &errors)) {
        return S("ok");
    }
    struct sb sb = sb_new(arena);
    for (isize i = 0; i < errors.count; i++) {
        sb_printf(&sb, "%s%.*s %.*s", i > 0 ? "; " : "", STR_ARG(errors.list[i].path),
                  STR_ARG(errors.list[i].message));
    }
    return sb_str(&sb);
}

static void expect(const char *schema, const char *value, const char *want, const char *file,
                   int line)
{
    struct arena *arena = unit_arena();
    const char *const texts[] = { "s.json", schema, NULL };
    struct schema_set *set = set_of(arena, texts);
    unit_expect_str(outcome(arena, set, "cerbos:///s.json", json(arena, value)), want, file, line);
    schema_set_free(set);
}

#define RUN(table)                                                                                 \
    expect((table)[_i].schema, (table)[_i].value, (table)[_i].want, __FILE__, __LINE__)

struct line {
    const char *schema, *value, *want;
};

/* ---- keywords ---- */
static const struct line values[] = {
    { "{}", "1", "ok" },
    { "true", "1", "ok" },
    { "false", "1", "/ not allowed" },
    { "{\"type\": \"integer\"}", "1.0", "ok" },
    { "{\"type\": \"integer\"}", "1.5", "/ expected integer, but got number" },
    { "{\"type\": [\"string\", \"null\"]}", "true", "/ expected string or null, but got boolean" },
    { "{\"type\": \"string\", \"minimum\": 5}", "1",
      "/ expected string, but got number" }, /* type ends it */
    { "{\"const\": 1.0}", "1", "ok" },
    { "{\"const\": 1.50}", "1", "/ value must be \"1.50\"" }, /* as written */
    { "{\"const\": null}", "1", "/ value must be <nil>" },
    { "{\"const\": {\"a\": [1]}}", "{\"a\": [2]}", "/ const failed" },
    { "{\"enum\": [\"a\", true, null, 1e2]}", "5",
      "/ value must be one of \"a\", true, <nil>, \"1e2\"" },
    { "{\"enum\": [[1], \"a\"]}", "5", "/ enum failed" },
    { "{\"enum\": []}", "5", "ok" },
    { "{\"enum\": [1,2,3,4,5,6,7,8,9,\"x\",{\"b\":1,\"a\":2},-0.0]}", "{\"a\": 2, \"b\": 1}",
      "ok" },
    { "{\"enum\": [1,2,3,4,5,6,7,8,9,\"x\",{\"b\":1,\"a\":2},-0.0]}", "0", "ok" },
    { "{\"minimum\": 5}", "5", "ok" },
    { "{\"minimum\": 1.0000000000000000001}", "1", "/ must be >= 1 but found 1" }, /* exact */
    { "{\"exclusiveMaximum\": 1e21}", "1e21", "/ must be < 1e+21 but found 1e+21" },
    { "{\"maximum\": 100}", "123456789.125", "/ must be <= 100 but found 1.23456789125e+08" },
    { "{\"multipleOf\": 0.01}", "0.07", "ok" },
    { "{\"multipleOf\": 0.01}", "0.075", "/ 0.075 not multipleOf 0.01" },
    { "{\"multipleOf\": 3}", "1e300", "/ 1e+300 not multipleOf 3" },
    { "{\"multipleOf\": 0.5}", "1e308", "ok" },
    { "{\"multipleOf\": 1e-300}", "1e300", "ok" },
    { "{\"minLength\": 2}", "\"\xf0\x9f\x98\x80\"",
      "/ length must be >= 2, but got 1" }, /* code points */
    { "{\"pattern\": \"^a.c$\"}", "\"abd\"", "/ does not match pattern '^a.c$'" },
    { "{\"pattern\": \"it's \\\"\\\\d\"}", "\"\"", "/ does not match pattern 'it\\'s \"\\\\d'" },
    { "{\"minLength\": 1e30}", "\"a\"", "/ length must be >= 9223372036854775807, but got 1" },
    { "{\"maxItems\": 1e30}", "[1]", "ok" },
};

START_TEST(keywords_of_values)
{
    RUN(values);
}
END_TEST

static const struct line containers[] = {
    { "{\"required\": [\"a\", \"it's\"]}", "{}", "/ missing properties: 'a', 'it\\'s'" },
    { "{\"properties\": {\"a b/~\": {\"type\": \"null\"}}}", "{\"a b/~\": 1}",
      "/a%20b~1~0 expected null, but got number" },
    { "{\"properties\": {\"a\": {}}, \"additionalProperties\": false}",
      "{\"a\": 1, \"b\": 1, \"c\": 1}", "/ additionalProperties 'b', 'c' not allowed" },
    { "{\"patternProperties\": {\"^n\": {}}, \"additionalProperties\": {\"type\": \"null\"}}",
      "{\"n\": 1, \"m\": 1}", "/m expected null, but got number" },
    { "{\"propertyNames\": {\"maxLength\": 1}}", "{\"ab\": 1}",
      "/ab length must be <= 1, but got 2" },
    { "{\"dependentRequired\": {\"a\": [\"b\", \"c\"]}}", "{\"a\": 1}",
      "/ property 'b' is required, if 'a' property exists; / property 'c' is required, if 'a' "
      "property exists" },
    { "{\"dependencies\": {\"a\": [\"b\"], \"c\": {\"required\": [\"d\"]}}}",
      "{\"a\": 1, \"c\": 1}",
      "/ property 'b' is required, if 'a' property exists; / missing properties: 'd'" },
    { "{\"dependentSchemas\": {\"a\": false}}", "{\"a\": 1}", "/ not allowed" },
    { "{\"minProperties\": 1}", "{}", "/ minimum 1 properties allowed, but found 0 properties" },
    { "{\"items\": {\"type\": \"null\"}}", "[null, 1]", "/1 expected null, but got number" },
    { "{\"prefixItems\": [{}, false], \"items\": false}", "[1, 2, 3]",
      "/1 not allowed; /2 not allowed" },
    { "{\"contains\": {\"const\": 1}}", "[]", "/ valid must be >= 1, but got 0" },
    { "{\"contains\": {\"const\": 1}}", "[2]", "/0 value must be \"1\"" },
    { "{\"contains\": {\"const\": 1}, \"minContains\": 0}", "[]", "ok" },
    { "{\"contains\": {\"const\": 1}, \"maxContains\": 1}", "[1, 1]",
      "/ valid must be <= 1, but got 2" },
    { "{\"uniqueItems\": true}", "[1, {\"a\": 1, \"b\": 2}, {\"b\": 2, \"a\": 1.0}]",
      "/ items at index 1 and 2 are equal" },
    { "{\"uniqueItems\": true}", "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,0,-0.0]",
      "/ items at index 21 and 22 are equal" },
};

START_TEST(keywords_of_containers)
{
    RUN(containers);
}
END_TEST

/* Only leaves are listed; a keyword speaks for itself when it has no causes. */
static const struct line logic[] = {
    { "{\"allOf\": [{\"minimum\": 5}, {\"multipleOf\": 2}]}", "3",
      "/ must be >= 5 but found 3; / 3 not multipleOf 2" },
    { "{\"anyOf\": [{\"type\": \"string\"}, {\"minimum\": 5}]}", "3",
      "/ expected string, but got number; / must be >= 5 but found 3" },
    { "{\"anyOf\": [{\"type\": \"string\"}, {\"minimum\": 5}]}", "7", "ok" },
    { "{\"oneOf\": [{\"minimum\": 1}, {\"minimum\": 2}, {\"minimum\": 3}]}", "9",
      "/ valid against schemas at indexes 0 and 1" },
    { "{\"oneOf\": [{\"minimum\": 1}, {\"minimum\": 2}]}", "1", "ok" },
    { "{\"not\": {\"minimum\": 1}}", "1", "/ not failed" },
    { "{\"if\": {\"type\": \"string\"}, \"then\": {\"minLength\": 2}, \"else\": {\"minimum\": 2}}",
      "1", "/ must be >= 2 but found 1" },
    { "{\"if\": {\"type\": \"string\"}, \"then\": {\"minLength\": 2}}", "\"a\"",
      "/ length must be >= 2, but got 1" },
    { "{\"then\": false, \"else\": false}", "1", "ok" },
};

START_TEST(logic_lists_leaves)
{
    RUN(logic);
}
END_TEST

static const struct line unevaluated[] = {
    { "{\"allOf\": [{\"properties\": {\"a\": {}}}], \"unevaluatedProperties\": false}",
      "{\"a\": 1, \"b\": 1}", "/b not allowed" },
    { "{\"anyOf\": [{\"required\": [\"a\"], \"properties\": {\"a\": {}}}, {\"properties\": {\"b\": "
      "{}}}],"
      " \"unevaluatedProperties\": false}",
      "{\"b\": 1, \"a\": 1}", "ok" }, /* all branches that hold count */
    { "{\"not\": {\"properties\": {\"a\": false}}, \"unevaluatedProperties\": false}", "{\"a\": 1}",
      "/a not allowed" },
    { "{\"if\": {\"properties\": {\"a\": {\"const\": 1}}}, \"unevaluatedProperties\": false}",
      "{\"a\": 1}", "ok" },
    { "{\"if\": {\"properties\": {\"a\": {\"const\": 1}}}, \"unevaluatedProperties\": false}",
      "{\"a\": 2}", "/a not allowed" },
    { "{\"$ref\": \"#/$defs/x\", \"$defs\": {\"x\": {\"additionalProperties\": {}}}, "
      "\"unevaluatedProperties\": false}",
      "{\"a\": 2}", "ok" },
    { "{\"prefixItems\": [{}], \"contains\": {\"const\": 3}, \"unevaluatedItems\": false}",
      "[1, 2, 3]", "/1 not allowed" },
    { "{\"$schema\": \"https://json-schema.org/draft/2019-09/schema\", \"items\": [{}], "
      "\"unevaluatedItems\":"
      " {\"type\": \"null\"}}",
      "[1, null, 2]", "/2 expected null, but got number" },
};

START_TEST(unevaluated_sees_through_references)
{
    RUN(unevaluated);
}
END_TEST

START_TEST(unevaluated_counts_beyond_64)
{
    struct arena *arena = unit_arena();
    const char *const texts[] = {
        "s.json",
        "{\"allOf\": [{\"patternProperties\": {\"^a\": {}}}], \"unevaluatedProperties\": false}",
        NULL
    };
    struct schema_set *set = set_of(arena, texts);
    struct sb sb = sb_new(arena);
    for (int i = 0; i < 200; i++) {
        sb_printf(&sb, "%s\"%c%d\": %d", i == 0 ? "{" : ", ", i == 150 ? 'b' : 'a', i, i);
    }
    sb_add(&sb, S("}"));
    expect_str(outcome(arena, set, "cerbos:///s.json", json(arena, str_to_c(arena, sb_str(&sb)))),
               "/b150 not allowed");
    schema_set_free(set);
}
END_TEST

/* ---- drafts ---- */
static const struct line by_draft[] = {
    { "{\"$schema\": \"http://json-schema.org/draft-04/schema#\", \"minimum\": 1, "
      "\"exclusiveMinimum\": true}",
      "1", "/ must be > 1 but found 1" },
    { "{\"$schema\": \"http://json-schema.org/draft-04/schema\", \"const\": 1}", "2", "ok" },
    { "{\"$schema\": \"http://json-schema.org/draft-06/schema#\", \"const\": 1, \"if\": false}",
      "2", "/ value must be \"1\"" },
    { "{\"$schema\": \"https://json-schema.org/draft-07/schema#\", \"$ref\": \"#/definitions/a\", "
      "\"minimum\": 5,"
      " \"definitions\": {\"a\": {}}}",
      "1", "ok" }, /* nothing beside $ref counts */
    { "{\"$schema\": \"http://json-schema.org/draft-07/schema#\", \"items\": [{}], "
      "\"additionalItems\": false}",
      "[1, 2]", "/ only 1 items are allowed, but found 2 items" },
    { "{\"$schema\": \"http://json-schema.org/draft-07/schema#\", \"items\": [{}], "
      "\"additionalItems\": {\"type\":"
      " \"null\"}}",
      "[1, 2]", "/1 expected null, but got number" },
    { "{\"$schema\": \"http://json-schema.org/draft-07/schema#\", \"dependentRequired\": {\"a\": "
      "[\"b\"]}}",
      "{\"a\": 1}", "ok" },
    { "{\"$schema\": \"https://json-schema.org/draft/2019-09/schema\", \"$recursiveAnchor\": true, "
      "\"properties\":"
      " {\"a\": {\"$recursiveRef\": \"#\"}}, \"required\": [\"b\"]}",
      "{\"a\": {}, \"b\": 1}", "/a missing properties: 'b'" },
    { "{\"$schema\": \"http://json-schema.org/schema#\", \"prefixItems\": [false]}", "[1]",
      "/0 not allowed" },
    { "{\"$schema\": 5}", "1",
      "refused: jsonschema cerbos:///s.json compilation failed: invalid $schema in "
      "cerbos:///s.json" },
    { "{\"$schema\": \"x\"}", "1",
      "refused: jsonschema cerbos:///s.json compilation failed: $schema must be uri in "
      "cerbos:///s.json" },
    { "{\"$schema\": \"cerbos:///s.json\"}", "1",
      "refused: jsonschema cerbos:///s.json compilation failed: unsupported draft in "
      "cerbos:///s.json" },
};

START_TEST(drafts_differ)
{
    RUN(by_draft);
}
END_TEST

/* ---- formats and contents ---- */
static const struct {
    const char *format, *text;
    bool valid;
} formats[] = {
    { "date", "2024-02-29", true },
    { "date", "2023-02-29", false },
    { "date", "2023-2-01", false },
    { "time", "23:59:60Z", true },
    { "time", "22:59:60Z", false },
    { "time", "00:29:60+00:30", true },
    { "time", "12:00:00", false },
    { "date-time", "2024-02-29t12:00:00.5-01:30", true },
    { "date-time", "2024-02-29 12:00:00Z", false },
    { "duration", "P1Y2M3DT4H5M6S", true },
    { "duration", "P1Y3D", false },
    { "duration", "P2W", true },
    { "duration", "PT", false },
    { "period", "P1D/2021-01-01T00:00:00Z", true },
    { "hostname", "a-b.example.", true },
    { "hostname", "a-.example", false },
    { "email", "ann@example.com", true },
    { "email", "\"ann b\"@example.com", true },
    { "email", "ann@[127.0.0.1]", true },
    { "email", "a..b@example.com", false },
    { "ipv4", "127.0.0.1", true },
    { "ipv4", "127.0.0.01", false },
    { "ipv6", "::ffff:1.2.3.4", true },
    { "ipv6", "fe80::1%eth0", false },
    { "uri", "urn:a:b", true },
    { "uri", "//host/path", false },
    { "uri", "http://[::1]:80/", true },
    { "uri", "http://h:80:90/", false },
    { "uri", "http://a b/", false },
    { "uri-reference", "../a?b#c", true },
    { "uri-reference", "\\a", false },
    { "uri-template", "/a/{b}", true },
    { "uri-template", "/a/{b", false },
    { "regex", "^(?i)a+$", true },
    { "regex", "(?=a)", false },
    { "json-pointer", "/a~0~1", true },
    { "json-pointer", "/a~2", false },
    { "relative-json-pointer", "0#", true },
    { "relative-json-pointer", "01/a", false },
    { "uuid", "123e4567-e89b-12d3-a456-426614174000", true },
    { "uuid", "123e4567e89b12d3a456426614174000", false },
    { "idn-email", "x", true }, /* not asserted by the reference */
    { "no-such-format", "x", true },
};

START_TEST(formats_are_asserted)
{
    struct arena *arena = unit_arena();
    str schema = str_printf(arena, "{\"format\": \"%s\"}", formats[_i].format);
    const char *const texts[] = { "s.json", str_to_c(arena, schema), NULL };
    struct schema_set *set = set_of(arena, texts);
    str got = outcome(arena, set, "cerbos:///s.json", v_string(str_from_c(formats[_i].text)));
    ck_assert_msg(str_eq(got, S("ok")) == formats[_i].valid, "%s %s: %.*s", formats[_i].format,
                  formats[_i].text, STR_ARG(got));
    expect_str(outcome(arena, set, "cerbos:///s.json", v_double(5)), "ok"); /* strings only */
    schema_set_free(set);
}
END_TEST

static const struct line contents[] = {
    { "{\"contentEncoding\": \"base64\"}", "\"YWJj\"", "ok" },
    { "{\"contentEncoding\": \"base64\"}", "\"YWJ\"", "/ value is not base64 encoded" },
    { "{\"contentEncoding\": \"rot13\", \"contentMediaType\": \"application/json\"}", "\"{\"",
      "ok" },
    { "{\"contentMediaType\": \"application/json\"}", "\"{\"",
      "/ value is not of mediatype 'application/json'" },
    { "{\"contentEncoding\": \"base64\", \"contentMediaType\": \"application/json\", "
      "\"contentSchema\": {\"required\":"
      " [\"a\"]}}",
      "\"e30=\"", "/ missing properties: 'a'" },
    { "{\"contentSchema\": false}", "\"{}\"", "ok" }, /* without a media type */
};

START_TEST(contents_are_asserted)
{
    RUN(contents);
}
END_TEST

/* ---- references ---- */
static const struct {
    const char *texts[2 * DOCUMENTS_MOST + 1];
    const char *ref, *value, *want;
} references[] = {
    { { "dir/a.json", "{\"$ref\": \"b.json#/$defs/x\"}", "dir/b.json",
        "{\"$defs\": {\"x\": {\"$ref\": \"../c.json\"}}}", "c.json", "{\"type\": \"null\"}" },
      "cerbos:///dir/a.json",
      "1",
      "/ expected null, but got number" },
    { { "a.json", "{\"$id\": \"https://example.com/x/y.json\", \"$ref\": \"y.json#/$defs/z\", "
                  "\"$defs\": {\"z\": false}}" },
      "cerbos:///a.json",
      "1",
      "/ not allowed" },
    { { "a.json", "{\"$defs\": {\"s\": {\"$id\": \"sub/s.json\", \"$defs\": {\"t\": {\"$anchor\": "
                  "\"t\", \"type\":"
                  " \"null\"}}}}, \"$ref\": \"sub/s.json#t\"}" },
      "cerbos:///a.json",
      "1",
      "/ expected null, but got number" },
    { { "a.json", "{\"$defs\": {\"a b\": {\"type\": \"null\"}}, \"$ref\": \"#/$defs/a%20b\"}" },
      "cerbos:///a.json",
      "1",
      "/ expected null, but got number" },
    { { "a.json", "{\"x\": [{\"type\": \"null\"}]}" },
      "cerbos:///a.json#/x/0",
      "1",
      "/ expected null, but got number" },
    { { "a.json", "{\"x\": [{\"type\": 5}]}" },
      "cerbos:///a.json#/x/0",
      "1",
      "refused: jsonschema cerbos:///a.json#/x/0 compilation failed: '/x/0/type' does not validate "
      "with "
      "https://json-schema.org/draft/2020-12/schema#/allOf/3/$ref/properties/type/anyOf/0/$ref/"
      "enum: value must be one "
      "of \"array\", \"boolean\", \"integer\", \"null\", \"number\", \"object\", \"string\"" },
    { { "a.json", "{}" },
      "cerbos:///a.json#/x",
      "1",
      "refused: jsonschema cerbos:///a.json#/x compilation failed: cerbos:///a.json#/x not found" },
    { { "a.json", "{\"$ref\": \"b.json\"}" },
      "cerbos:///a.json",
      "1",
      "refused: schema _schemas/b.json referenced by cerbos:///a.json doesn't exist" },
    { { "a.json", "{\"$ref\": \"urn:x:y\"}" },
      "cerbos:///a.json",
      "1",
      "refused: jsonschema cerbos:///a.json compilation failed: no Loader found for urn:x:y" },
    { { "a.json", "{}" }, "a.json", "1", "refused: schema a.json doesn't exist" },
    { { "a.json", "{}" },
      "cerbos:///x/../a.json",
      "1",
      "refused: jsonschema cerbos:///x/../a.json compilation failed: open x/../a.json: invalid "
      "argument" },
    { { "a.json", "{\"$ref\": \"https://json-schema.org/draft/2020-12/schema\"}" },
      "cerbos:///a.json",
      "{\"type\": 5}",
      "/type value must be one of \"array\", \"boolean\", \"integer\", \"null\", \"number\", "
      "\"object\", \"string\"; /type "
      "expected array, but got number" },
    { { "a.json", "{\"$defs\": {\"a\": {\"$id\": \"x\"}, \"b\": {\"$id\": \"x\"}}}" },
      "cerbos:///a.json",
      "1",
      "refused: jsonschema cerbos:///a.json compilation failed: \"/$defs/a\" and \"/$defs/b\" in "
      "cerbos:///a.json have "
      "same canonical-uri" },
    /* a tree whose nodes are extended by who refers to it */
    { { "tree.json",
        "{\"$dynamicAnchor\": \"node\", \"properties\": {\"kids\": {\"items\": {\"$dynamicRef\":"
        " \"#node\"}}}}",
        "strict.json",
        "{\"$dynamicAnchor\": \"node\", \"$ref\": \"tree.json\", \"unevaluatedProperties\": "
        "false}" },
      "cerbos:///strict.json",
      "{\"kids\": [{\"kid\": 1}]}",
      "/kids/0/kid not allowed; /kids not allowed" },
    { { "tree.json",
        "{\"$dynamicAnchor\": \"node\", \"properties\": {\"kids\": {\"items\": {\"$dynamicRef\":"
        " \"#node\"}}}}" },
      "cerbos:///tree.json",
      "{\"kids\": [{\"kid\": 1}]}",
      "ok" },
    /* a schema of schemas without the vocabulary of validation */
    { { "meta.json",
        "{\"$schema\": \"https://json-schema.org/draft/2020-12/schema\", \"$vocabulary\": {"
        "\"https://json-schema.org/draft/2020-12/vocab/core\": true,"
        "\"https://json-schema.org/draft/2020-12/vocab/applicator\": true}}",
        "a.json",
        "{\"$schema\": \"cerbos:///meta.json\", \"properties\": {\"a\": {\"minimum\": 5}, \"b\": "
        "false}}" },
      "cerbos:///a.json",
      "{\"a\": 1, \"b\": 1}",
      "/b not allowed" },
    { { "meta.json",
        "{\"$schema\": \"https://json-schema.org/draft/2020-12/schema\", \"$vocabulary\": "
        "{\"http://x\": true}}",
        "a.json", "{\"$schema\": \"cerbos:///meta.json\"}" },
      "cerbos:///a.json",
      "1",
      "refused: jsonschema cerbos:///a.json compilation failed: unsupported vocab \"http://x\" in "
      "cerbos:///meta.json#" },
    /* no end */
    { { "a.json", "{\"$ref\": \"#\"}" },
      "cerbos:///a.json",
      "1",
      "refused: jsonschema cerbos:///a.json compilation failed: infinite loop "
      "cerbos:///a.json#/$ref" },
    { { "a.json", "{\"anyOf\": [{\"$ref\": \"b.json\"}]}", "b.json",
        "{\"not\": {\"$ref\": \"a.json\"}}" },
      "cerbos:///a.json",
      "1",
      "/ infinite loop cerbos:///a.json#/anyOf/0/$ref/not/$ref" }, /* seen at the value only */
    { { "a.json", "{\"properties\": {\"a\": {\"$ref\": \"#\"}}, \"required\": [\"b\"]}" },
      "cerbos:///a.json",
      "{\"a\": {}, \"b\": 1}",
      "/a missing properties: 'b'" }, /* another value: fine */
    { { "a.json",
        "{\"$dynamicAnchor\": \"n\", \"properties\": {\"v\": {\"$ref\": \"b.json\"}}, \"$ref\": "
        "\"b.json\"}",
        "b.json", "{\"$dynamicRef\": \"c.json#n\"}", "c.json", "{\"$dynamicAnchor\": \"n\"}" },
      "cerbos:///a.json",
      "1",
      "/ infinite loop cerbos:///a.json#/$ref/$dynamicRef" },
};

START_TEST(references_lead_anywhere)
{
    struct arena *arena = unit_arena();
    struct schema_set *set = set_of(arena, references[_i].texts);
    expect_str(outcome(arena, set, references[_i].ref, json(arena, references[_i].value)),
               references[_i].want);
    schema_set_free(set);
}
END_TEST

/* A failure leaves nothing half made behind; the next reference to the same documents works. */
START_TEST(failures_are_undone)
{
    struct arena *arena = unit_arena();
    static const char *const texts[] = {
        "bad.json",
        "{\"allOf\": [{\"$ref\": \"good.json#/$defs/x\"}, {\"$ref\": \"nowhere.json\"}]}",
        "good.json",
        "{\"$ref\": \"#/$defs/y\", \"$defs\": {\"x\": {\"$ref\": \"nowhere.json\"}, \"y\": "
        "{\"type\": \"null\"}}}",
        NULL
    };
    struct schema_set *set = set_of(arena, texts);
    for (int i = 0; i < 2; i++) {
        expect_str(
            outcome(arena, set, "cerbos:///bad.json", v_double(1)),
            "refused: schema _schemas/nowhere.json referenced by cerbos:///bad.json doesn't exist");
        expect_str(outcome(arena, set, "cerbos:///good.json", v_double(1)),
                   "/ expected null, but got number");
        expect_str(outcome(arena, set, "cerbos:///good.json#/$defs/x", v_double(1)),
                   "refused: schema _schemas/nowhere.json referenced by "
                   "cerbos:///good.json#/$defs/x doesn't exist");
    }
    schema_set_free(set);
}
END_TEST

/* ---- texts ---- */
static const struct {
    const char *text, *want;
} broken[] = {
    { "", "EOF" },
    { " \n", "EOF" },
    { "{\"type\": ", "unexpected EOF" },
    { "{\"a\":1,}", "invalid character '}' looking for beginning of object key string" },
    { "[1,]", "invalid character ']' looking for beginning of value" },
    { "[1 2]", "invalid character '2' after array element" },
    { "{\"a\" 1}", "invalid character '1' after object key" },
    { "{\"a\":1 2}", "invalid character '2' after object key:value pair" },
    { "type: x", "invalid character 'y' in literal true (expecting 'r')" },
    { "\xef\xbb\xbf{}", "invalid character '\xc3\xaf' looking for beginning of value" },
    { "\"\x01\"", "invalid character '\\x01' in string literal" },
    { "\"\\x\"", "invalid character 'x' in string escape code" },
    { "\"\\u12x4\"", "invalid character 'x' in \\u hexadecimal character escape" },
    { "[1.x]", "invalid character 'x' after decimal point in numeric literal" },
    { "[1e+]", "invalid character ']' in exponent of numeric literal" },
    { "[-'", "invalid character '\\'' in numeric literal" },
    { "{} []", "invalid character [ after top-level value" },
    { "{} \"x\"", "invalid character x after top-level value" },
};

START_TEST(broken_json_is_explained)
{
    struct arena *arena = unit_arena();
    const char *const texts[] = { "s.json", broken[_i].text, NULL };
    struct schema_set *set = set_of(arena, texts);
    str want = str_printf(arena,
                          "refused: jsonschema cerbos:///s.json compilation failed: invalid json "
                          "cerbos:///s.json: %s",
                          broken[_i].want);
    expect_str(outcome(arena, set, "cerbos:///s.json", v_double(1)), str_to_c(arena, want));
    schema_set_free(set);
}
END_TEST

static const struct line lenient[] = {
    { "{\"const\": 1, \"const\": 2}", "2", "ok" }, /* the last one counts */
    { "{\"const\": \"\\ud800\xff\"}", "\"\xef\xbf\xbd\xef\xbf\xbd\"", "ok" },
    { "{\"const\": 2} x", "2", "ok" },
    { "{\"const\": 2} null", "2", "ok" },
    { "\t{\"const\": 2} }", "2", "ok" },
};

START_TEST(lenient_json_is_read)
{
    RUN(lenient);
}
END_TEST

/* ---- limits ---- */
static str repeat(struct arena *arena, const char *text, int times)
{
    struct sb sb = sb_new(arena);
    for (int i = 0; i < times; i++) {
        sb_add(&sb, str_from_c(text));
    }
    return sb_str(&sb);
}

static str one_document(struct arena *arena, str text, struct value v)
{
    const char *const texts[] = { "s.json", str_to_c(arena, text), NULL };
    struct schema_set *set = set_of(arena, texts);
    str got = outcome(arena, set, "cerbos:///s.json", v);
    schema_set_free(set);
    return got;
}

START_TEST(depth_of_documents_is_bounded)
{
    struct arena *arena = unit_arena();
    str fits = str_concat(arena, repeat(arena, "{\"not\":", 250),
                          str_concat(arena, S("true"), repeat(arena, "}", 250)));
    str more = str_concat(arena, repeat(arena, "{\"not\":", 300),
                          str_concat(arena, S("true"), repeat(arena, "}", 300)));
    expect_str(one_document(arena, fits, v_double(1)), "ok");
    expect_str(one_document(arena, more, v_double(1)),
               "refused: jsonschema cerbos:///s.json compilation failed: invalid json "
               "cerbos:///s.json: exceeded max depth");
}
END_TEST

/* A chain of references as long as the document is compiled; validation stops in time. */
START_TEST(long_chains_end)
{
    struct arena *arena = unit_arena();
    struct sb sb = sb_new(arena);
    sb_add(&sb, S("{\"$ref\": \"#/$defs/0\", \"$defs\": {"));
    for (int i = 0; i < 20000; i++) {
        sb_printf(&sb, "\"%d\": {\"$ref\": \"#/$defs/%d\"}, ", i, i + 1);
    }
    sb_add(&sb, S("\"20000\": {}}}"));
    expect_str(one_document(arena, sb_str(&sb), v_double(1)),
               "/ validation was stopped: schemas are nested too deeply");
}
END_TEST

START_TEST(exponential_schemas_end)
{
    struct arena *arena = unit_arena();
    struct sb sb = sb_new(arena);
    sb_add(&sb, S("{\"$ref\": \"#/$defs/0\", \"$defs\": {"));
    for (int i = 0; i < 60; i++) {
        sb_printf(&sb,
                  "\"%d\": {\"%s\": [{\"$ref\": \"#/$defs/%d\"}, {\"$ref\": \"#/$defs/%d\"}]}, ", i,
                  i % 2 == 0 ? "allOf" : "anyOf", i + 1, i + 1);
    }
    sb_add(&sb, S("\"60\": {\"type\": \"number\"}}}"));
    expect_str(one_document(arena, sb_str(&sb), v_double(1)),
               "/ validation was stopped: it takes too many steps");
}
END_TEST

START_TEST(large_lists_are_looked_up)
{
    struct arena *arena = unit_arena();
    struct sb sb = sb_new(arena);
    sb_add(&sb, S("{\"items\": {\"enum\": [0"));
    for (int i = 1; i < 50000; i++) {
        sb_printf(&sb, ", \"v%d\"", i);
    }
    sb_add(&sb, S("]}, \"uniqueItems\": true}"));
    struct value *items = new(arena, struct value, 50000);
    for (int i = 0; i < 50000; i++) {
        items[i] = i == 0 ? v_double(0) : v_string(str_printf(arena, "v%d", i));
    }
    expect_str(one_document(arena, sb_str(&sb), v_list(items, 50000)), "ok");
    items[49999] = items[7];
    expect_str(one_document(arena, sb_str(&sb), v_list(items, 50000)),
               "/ items at index 7 and 49999 are equal");
}
END_TEST

START_TEST(errors_are_counted)
{
    struct arena *arena = unit_arena();
    const char *const texts[] = { "s.json", "{\"items\": false}", NULL };
    struct schema_set *set = set_of(arena, texts);
    struct value *items = new(arena, struct value, 5000);
    struct schema_errors errors;
    str why;
    for (int i = 0; i < 5000; i++) {
        items[i] = v_null();
    }
    const struct schema *schema = schema_compile(set, S("cerbos:///s.json"), &why);
    ck_assert(!schema_validate(schema, v_list(items, 5000), NULL, arena, &errors));
    ck_assert_int_eq(errors.count, SCHEMA_ERRORS + 1);
    expect_str(errors.list[SCHEMA_ERRORS - 1].path, "/999");
    expect_str(errors.list[SCHEMA_ERRORS].message, "more errors are not listed");
    schema_set_free(set);
}
END_TEST

/* Errors that come from `required`: plans leave them out. */
START_TEST(required_is_marked)
{
    struct arena *arena = unit_arena();
    const char *const texts[] = { "s.json",
                                  "{\"required\": [\"a\"], \"properties\": {\"required\": false, "
                                  "\"b\": {\"type\": \"null\"}}}",
                                  NULL };
    struct schema_set *set = set_of(arena, texts);
    struct schema_errors errors;
    str why;
    const struct schema *schema = schema_compile(set, S("cerbos:///s.json"), &why);
    ck_assert(
        !schema_validate(schema, json(arena, "{\"b\": 1, \"required\": 1}"), NULL, arena, &errors));
    ck_assert_int_eq(errors.count, 3);
    ck_assert(errors.list[0].required);  /* /required                      */
    ck_assert(!errors.list[1].required); /* /properties/b/type             */
    ck_assert(errors.list[2].required);  /* /properties/required: the name */
    schema_set_free(set);
}
END_TEST

START_TEST(digits_of_divisors_are_bounded)
{
    struct arena *arena = unit_arena();
    expect_str(one_document(arena, S("{\"multipleOf\": 0.12345678901234567890123456789012345678}"),
                            v_double(0)),
               "ok");
    str got = one_document(arena, S("{\"multipleOf\": 0.123456789012345678901234567890123456789}"),
                           v_double(0));
    ck_assert_msg(str_ends(got, S(" has more than 38 digits")), "%.*s", STR_ARG(got));
}
END_TEST

static void add_loops(TCase *tc)
{
    tcase_add_loop_test(tc, keywords_of_values, 0, (int)countof(values));
    tcase_add_loop_test(tc, keywords_of_containers, 0, (int)countof(containers));
    tcase_add_loop_test(tc, logic_lists_leaves, 0, (int)countof(logic));
    tcase_add_loop_test(tc, unevaluated_sees_through_references, 0, (int)countof(unevaluated));
    tcase_add_loop_test(tc, drafts_differ, 0, (int)countof(by_draft));
    tcase_add_loop_test(tc, formats_are_asserted, 0, (int)countof(formats));
    tcase_add_loop_test(tc, contents_are_asserted, 0, (int)countof(contents));
    tcase_add_loop_test(tc, references_lead_anywhere, 0, (int)countof(references));
    tcase_add_loop_test(tc, broken_json_is_explained, 0, (int)countof(broken));
    tcase_add_loop_test(tc, lenient_json_is_read, 0, (int)countof(lenient));
}

int main(void)
{
    arena_init(&scratch, 64 << 10, 256 << 20);
    Suite *suite = suite_create("schema");
    TCase *tables = tcase_create("tables");
    add_loops(tables);
    tcase_add_test(tables, unevaluated_counts_beyond_64);
    tcase_add_test(tables, failures_are_undone);
    tcase_add_test(tables, required_is_marked);
    suite_add_tcase(suite, tables);
    TCase *limits = tcase_create("limits");
    tcase_set_timeout(limits, 60);
    tcase_add_test(limits, depth_of_documents_is_bounded);
    tcase_add_test(limits, long_chains_end);
    tcase_add_test(limits, exponential_schemas_end);
    tcase_add_test(limits, large_lists_are_looked_up);
    tcase_add_test(limits, errors_are_counted);
    tcase_add_test(limits, digits_of_divisors_are_bounded);
    suite_add_tcase(suite, limits);
    int status = unit_run(suite);
    arena_free(&scratch);
    return status;
}
