/* fuzz_legacy_request.c — bodies of the deprecated checks: two readers must agree
 *
 * The first byte chooses the message. As fuzz_check_request.c: what the fast reader takes, the explaining one finds
 * no fault with; what it refuses gets a message, and details that are good JSON.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/utf8.h"
#include "server/legacy_request.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A broken promise ends the program, as a sanitizer would. */
static void demand(bool kept)
{
    if (!kept) {
        abort();
    }
}

static bool read_body(struct arena *arena, bool set, str text, struct check_request *request,
                      struct check_refusal *refusal)
{
    static const struct check_limits limits = { .resources = 4,
                                                .actions = 4,
                                                .json = { .max_depth = 12 } };
    if (set) {
        struct legacy_set body;
        return legacy_set_read(arena, text, &limits, &body, request, refusal);
    }
    struct legacy_batch body;
    return legacy_batch_read(arena, text, &limits, &body, request, refusal);
}

static void run(struct arena *arena, bool set, str text)
{
    struct check_request request = { .now_ns = 0 };
    struct check_refusal refusal;
    bool taken = read_body(arena, set, text, &request, &refusal);
    str why = str_trim(text).len == 0
                  ? STR_EMPTY
                  : proto_explain(arena, set ? &legacy_set_message : &legacy_batch_message, text);
    if (taken) {
        demand(why.len == 0 && request.principal.id.len > 0 && request.principal.role_count > 0);
        demand(request.item_count > 0 && request.item_count <= 4);
        demand(request.items[0].action_count > 0 && request.items[0].action_count <= 4);
        return;
    }
    demand(refusal.code == 3 && refusal.message.len > 0 && utf8_invalid(refusal.message) < 0);
    demand(why.len == 0 || str_eq(why, refusal.message));
    if (refusal.details.len > 0) {
        struct json_error error;
        demand(json_read(arena, refusal.details, NULL, &error).kind == V_LIST);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena; /* kept between inputs: used memory finds more than fresh memory */
    if (arena.block_size == 0) {
        arena_init(&arena, 1 << 16, 1 << 26);
    }
    if (size < 1 || size > 1 << 16) {
        return 0;
    }
    arena_clear(&arena, 1 << 20);
    char *copy = malloc(size); /* exactly as long as the text, so that reading on is seen */
    demand(copy != NULL);
    memcpy(copy, data, size);
    run(&arena, (copy[0] & 1) != 0, (str){ copy + 1, (isize)size - 1 });
    free(copy);
    return 0;
}
