/* fuzz_schema.c — any bytes as JSON Schemas, and attributes against them
 *
 * The input is up to three documents with NUL bytes between them: a.json, the attributes (JSON),
 * b.json. Besides not breaking: compiling ends with a schema or a reason; validating ends with
 * `valid` or at least one error; doing either again says the same; what holds under a schema does
 * not hold under its `not`.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "schema/schema.h"
#include "value/json_in.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Errors as one text. */
static str validate(struct arena *arena, const struct schema *schema, struct value v)
{
    struct schema_errors errors;
    struct sb sb = sb_new(arena);
    bool valid = schema_validate(schema, v, NULL, arena, &errors);
    assert(valid == (errors.count == 0) && errors.count <= SCHEMA_ERRORS + 1);
    for (isize i = 0; i < errors.count; i++) {
        assert(errors.list[i].path.len > 0 && errors.list[i].message.len > 0);
        sb_add(&sb, errors.list[i].path);
        sb_add(&sb, errors.list[i].message);
    }
    return sb_str(&sb);
}

static bool stopped(str errors)
{
    return str_find(errors, S("validation was stopped")) >= 0 ||
           str_find(errors, S("infinite loop")) >= 0;
}

static void check_not(struct arena *arena, struct schema_set *set, struct value v, str errors)
{
    str why;
    const struct schema *opposite = schema_compile(set, S("cerbos:///not.json"), &why);
    if (opposite != NULL) {
        str other = validate(arena, opposite, v);
        assert(stopped(other) || (errors.len == 0) == (other.len > 0));
    }
}

static void run(struct arena *arena, struct arena *scratch, struct schema_set **set, str a,
                str attributes, str b)
{
    struct schema_document documents[] = { { S("a.json"), a },
                                           { S("b.json"), b },
                                           { S("not.json"),
                                             S("{\"not\": {\"$ref\": \"a.json\"}}") } };
    struct json_error error;
    str why;
    str again;
    *set = schema_set_new(arena, scratch, documents, countof(documents));
    const struct schema *schema = schema_compile(*set, S("cerbos:///a.json"), &why);
    assert((schema == NULL) == (why.len > 0));
    assert(schema_compile(*set, S("cerbos:///a.json"), &again) == schema && str_eq(why, again));
    (void)schema_compile(*set, S("cerbos:///b.json#/$defs/x"), &why);
    struct value v = json_read(arena, attributes, NULL, &error);
    if (schema != NULL && v.kind != V_NONE) {
        str errors = validate(arena, schema, v);
        if (!stopped(errors)) { /* that takes long enough once */
            assert(str_eq(errors, validate(arena, schema, v)));
            check_not(arena, *set, v, errors);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    static struct arena scratch;
    static struct schema_set *set; /* survives the jump */
    jmp_buf env;
    jmp_buf scratch_env;
    str text = { (const char *)data, (isize)size };
    str a;
    str attributes;
    str b;
    (void)str_cut(text, '\0', &a, &text);
    (void)str_cut(text, '\0', &attributes, &b);
    set = NULL;
    arena_init(&arena, 1 << 16, 256 << 20);
    arena_init(&scratch, 1 << 16, 64 << 20);
    (void)arena_guard_set(&arena, &env);
    (void)arena_guard_set(&scratch, &scratch_env);
    str_hash_key_set(1, 2); /* the same order of probing in each run */
    if (setjmp(env) == 0 && setjmp(scratch_env) == 0) {
        run(&arena, &scratch, &set, a, attributes, b);
    }
    schema_set_free(set);
    arena_free(&arena);
    arena_free(&scratch);
    return 0;
}
