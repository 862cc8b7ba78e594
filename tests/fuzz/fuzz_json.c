/* fuzz_json.c — JSON in and out
 *
 * What is read must be written, and what was written must read as the same value and write as the
 * same text. The first byte chooses limits, so that these are reached with small inputs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/utf8.h"
#include "value/json_in.h"
#include "value/json_out.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A broken promise ends the program, as a sanitizer would. */
static void demand(bool kept)
{
    if (!kept) {
        abort();
    }
}

static str written(struct arena *arena, struct value v, int indent)
{
    struct sb out = sb_new(arena);
    struct jw w = jw_new(&out, indent);
    str why;
    demand(jw_value(&w, arena, v, &why)); /* what came as JSON has a JSON form */
    return sb_str(&out);
}

static void round_trip(struct arena *arena, str text, const struct json_limits *limits)
{
    struct json_error error = { .offset = -1 };
    struct value v = json_read(arena, text, limits, &error);
    if (v.kind == V_NONE) {
        demand(error.offset >= 0 && error.offset <= text.len && error.text.len > 0);
        demand(utf8_invalid(error.text) < 0);
        return;
    }
    demand(utf8_invalid(text) < 0);
    str once = written(arena, v, 0);
    struct value again = json_read(arena, once, limits, &error);
    demand(again.kind == v.kind && value_equal(v, again) == 1);
    demand(str_eq(once, written(arena, again, 0)));
    struct value laid_out = json_read(arena, written(arena, v, 2), limits, &error);
    demand(value_equal(v, laid_out) == 1);
    struct sb shown = sb_new(arena);
    value_text(&shown, v);
    demand(utf8_invalid(sb_str(&shown)) < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const struct json_limits small = { .max_depth = 3, .max_values = 20 };
    static struct arena arena; /* kept between inputs: used memory finds more than fresh memory */
    if (arena.cap == 0) {
        arena_init(&arena, 1 << 16, 1 << 28);
    }
    arena_clear(&arena, 1 << 20);
    str text = { (const char *)data + 1, (isize)size - 1 };
    round_trip(&arena, text, data[0] % 4 == 0 ? &small : NULL);

    char *copy = arena_bytes(&arena, text.len + YYJSON_PADDING_SIZE);
    memcpy(copy, text.ptr, (size_t)text.len);
    struct json_error error;
    (void)json_parse(&arena, copy, text.len, NULL, true,
                     &error); /* with a tail: it must only not crash */
    return 0;
}
