/* fuzz_check_request.c — bodies of checks: two readers must agree
 *
 * The fast reader decides whether a body is a message, the explaining one says why not. Neither may
 * find a fault where the other finds none, but for the limits that only the fast one has. Refusals
 * are good JSON.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/utf8.h"
#include "server/check_request.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A broken promise ends the program, as a sanitizer would. */
static void demand(bool kept)
{
    if (!kept) {
        abort();
    }
}

static bool is_limit(str message)
{
    return str_starts(message, S("proto:\xc2\xa0nested deeper")) ||
           str_starts(message, S("proto:\xc2\xa0more than"));
}

static bool is_blank(str text)
{
    return str_trim(text).len == 0;
}

static void check_refusal(struct arena *arena, const struct check_refusal *refusal)
{
    demand(refusal->code == 3 && refusal->message.len > 0 && utf8_invalid(refusal->message) < 0);
    if (refusal->details.len > 0) {
        struct json_error error;
        demand(json_read(arena, refusal->details, NULL, &error).kind == V_LIST);
    }
}

static void check_taken(const struct check_request *request)
{
    demand(request->principal.id.len > 0 && request->principal.role_count > 0);
    demand(request->item_count > 0 && request->item_count <= 4);
    for (isize i = 0; i < request->item_count; i++) {
        const struct check_item *item = &request->items[i];
        demand(item->resource.kind.len > 0 && item->resource.id.len > 0);
        demand(item->action_count > 0 && item->action_count <= 4);
    }
    demand(request->aux.jwt == NULL && request->aux.jwts == NULL);
}

static void run(struct arena *arena, str text)
{
    static const struct check_limits limits = { .resources = 4,
                                                .actions = 4,
                                                .json = { .max_depth = 12 } };
    struct check_body body;
    struct check_request request = { .now_ns = 0 };
    struct check_refusal refusal;
    str before = str_copy(arena, text);
    bool taken = check_request_read(arena, text, &limits, &body, &request, &refusal);
    demand(str_eq(before, text));
    str why = is_blank(text) ? STR_EMPTY : proto_explain(arena, &check_body_message, text);
    if (taken) {
        demand(why.len == 0);
        check_taken(&request);
        return;
    }
    check_refusal(arena, &refusal);
    if (why.len > 0) {
        demand(str_eq(why, refusal.message));
    } else {
        demand(!str_starts(refusal.message, S("proto:")) || is_limit(refusal.message));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena; /* kept between inputs: used memory finds more than fresh memory */
    if (arena.block_size == 0) {
        arena_init(&arena, 1 << 16, 1 << 26);
    }
    if (size > 1 << 16) {
        return 0;
    }
    arena_clear(&arena, 1 << 20);
    char *copy =
        malloc(size > 0 ? size : 1); /* exactly as long as the text, so that reading on is seen */
    demand(copy != NULL);
    if (size > 0) {
        memcpy(copy, data, size);
    }
    run(&arena, (str){ copy, (isize)size });
    free(copy);
    return 0;
}
