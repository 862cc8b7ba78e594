/* fuzz_authzen_request.c — bodies of AuthZEN evaluations: two readers must agree
 *
 * The first byte chooses the message. As fuzz_check_request.c: what the fast reader takes, the explaining one finds
 * no fault with; what it refuses gets a message, and details that are good JSON.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/utf8.h"
#include "server/authzen_request.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A broken promise ends the program, as a sanitizer would. */
static void demand(bool kept)
{
    if (!kept) {
        abort();
    }
}

static void check_places(const struct authzen_plan *plan)
{
    demand(plan->place_count > 0 && plan->group_count > 0 &&
           plan->group_count <= plan->place_count);
    for (isize i = 0; i < plan->place_count; i++) {
        const struct authzen_place *place = &plan->places[i];
        demand(place->group < plan->group_count);
        const struct check_request *request = &plan->groups[place->group].request;
        demand(request->principal.id.len > 0 && request->principal.role_count > 0);
        demand(place->item < request->item_count && request->item_count <= 4);
        demand(place->action < request->items[place->item].action_count);
    }
}

static void run(struct arena *arena, bool batch, str text)
{
    static const struct check_limits limits = { .resources = 4,
                                                .actions = 4,
                                                .json = { .max_depth = 12 } };
    struct authzen_plan plan;
    struct check_refusal refusal;
    bool taken = batch ? authzen_batch_read(arena, text, &limits, 0, &plan, &refusal)
                       : authzen_single_read(arena, text, &limits, 0, &plan, &refusal);
    str why =
        str_trim(text).len == 0
            ? STR_EMPTY
            : proto_explain(arena, batch ? &authzen_batch_message : &authzen_single_message, text);
    if (taken) {
        demand(why.len == 0);
        check_places(&plan);
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
