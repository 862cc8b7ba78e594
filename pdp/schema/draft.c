/* draft.c — the releases of JSON Schema: names, keywords with schemas below them, schemas of
 * schemas
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "schema/draft.h"

#define PLAIN_VOCAB (VOCAB_APPLICATOR | VOCAB_VALIDATION | VOCAB_OTHER)

const struct draft drafts[DRAFT_COUNT] = {
    { 4, "id", "http://json-schema.org/draft-04/schema", 0, PLAIN_VOCAB },
    { 6, "$id", "http://json-schema.org/draft-06/schema", 1, PLAIN_VOCAB },
    { 7, "$id", "http://json-schema.org/draft-07/schema", 2, PLAIN_VOCAB },
    { 2019, "$id", "https://json-schema.org/draft/2019-09/schema", 3, PLAIN_VOCAB },
    { 2020, "$id", "https://json-schema.org/draft/2020-12/schema", 4,
      PLAIN_VOCAB | VOCAB_UNEVALUATED },
};

/* Behind the scheme; the two schemes mean the same here. */
static str without_scheme(str url)
{
    isize skip = str_starts(url, S("http://")) ? 7 : str_starts(url, S("https://")) ? 8 : 0;
    return str_slice(url, skip, url.len);
}

const struct draft *draft_find(str url)
{
    if (!str_starts(url, S("http://")) && !str_starts(url, S("https://"))) {
        return NULL;
    }
    if (str_ends(url, S("#")) || str_ends(url, S("#/"))) {
        url = str_slice(url, 0, str_find_byte(url, '#'));
    }
    str name = without_scheme(url);
    if (str_eq(name, S("json-schema.org/schema"))) {
        return DRAFT_LATEST;
    }
    for (int i = 0; i < DRAFT_COUNT; i++) {
        if (str_eq(name, without_scheme(str_from_c(drafts[i].url)))) {
            return &drafts[i];
        }
    }
    return NULL;
}

int draft_positions(const struct draft *draft, str keyword)
{
    static const struct {
        const char *name;
        int since;
        int positions;
    } keywords[] = {
        { "properties", 4, AT_MEMBERS },
        { "items", 4, AT_SELF | AT_ITEMS },
        { "allOf", 4, AT_ITEMS },
        { "anyOf", 4, AT_ITEMS },
        { "oneOf", 4, AT_ITEMS },
        { "not", 4, AT_SELF },
        { "$defs", 2019, AT_MEMBERS },
        { "definitions", 4, AT_MEMBERS },
        { "additionalProperties", 4, AT_SELF },
        { "patternProperties", 4, AT_MEMBERS },
        { "additionalItems", 4, AT_SELF },
        { "dependencies", 4, AT_MEMBERS },
        { "propertyNames", 6, AT_SELF },
        { "contains", 6, AT_SELF },
        { "if", 7, AT_SELF },
        { "then", 7, AT_SELF },
        { "else", 7, AT_SELF },
        { "dependentSchemas", 2019, AT_MEMBERS },
        { "unevaluatedProperties", 2019, AT_SELF },
        { "unevaluatedItems", 2019, AT_SELF },
        { "contentSchema", 2019, AT_SELF },
        { "prefixItems", 2020, AT_ITEMS },
    };
    for (isize i = 0; i < countof(keywords); i++) {
        if (str_eq(keyword, str_from_c(keywords[i].name))) {
            return draft->version >= keywords[i].since ? keywords[i].positions : 0;
        }
    }
    return 0;
}

uint8_t draft_vocabulary(const struct draft *draft, str url)
{
    static const struct {
        const char *name;
        int version;
        uint8_t bits;
    } names[] = {
        { "applicator", 0, VOCAB_APPLICATOR },
        { "validation", 0, VOCAB_VALIDATION },
        { "unevaluated", 2020, VOCAB_UNEVALUATED },
        { "core", 0, VOCAB_OTHER },
        { "meta-data", 0, VOCAB_OTHER },
        { "content", 0, VOCAB_OTHER },
        { "format", 2019, VOCAB_OTHER },
        { "format-annotation", 2020, VOCAB_OTHER },
        { "format-assertion", 2020, VOCAB_OTHER },
    };
    str head = draft->version == 2020 ? S("https://json-schema.org/draft/2020-12/vocab/")
                                      : S("https://json-schema.org/draft/2019-09/vocab/");
    if (!str_starts(url, head)) {
        return 0;
    }
    str name = str_slice(url, head.len, url.len);
    for (isize i = 0; i < countof(names); i++) {
        bool fits = names[i].version == 0 || names[i].version == draft->version;
        if (fits && str_eq(name, str_from_c(names[i].name))) {
            return names[i].bits;
        }
    }
    return 0;
}

/* ---- schemas of schemas ---- */
static const struct {
    const char *url;
    const char *text; /* JSON with apostrophes for quotation marks */
} metas[] = {
#define META(url, text) { url, text },
#include "schema/meta.def"
#undef META
};

static isize find_meta(str url)
{
    for (isize i = 0; i < countof(metas); i++) {
        if (str_eq(url, str_from_c(metas[i].url))) {
            return i;
        }
    }
    return -1;
}

bool draft_meta_is_part(str url)
{
    return find_meta(url) >= 0 && draft_find(url) == NULL;
}

str draft_meta(struct arena *arena, str url)
{
    isize found = find_meta(url);
    if (found < 0) {
        return STR_EMPTY;
    }
    str text = str_from_c(metas[found].text);
    char *json = arena_bytes(arena, text.len);
    for (isize i = 0; i < text.len; i++) {
        json[i] = text.ptr[i] == '\'' ? '"' : text.ptr[i];
    }
    return (str){ json, text.len };
}
