/* fuzz_config.c — configurations
 *
 * A NUL byte parts the file from one argument of --set. A configuration is taken exactly when no
 * error was reported; every diagnostic can be shown; what is taken keeps the bounds that the rest
 * relies on.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/utf8.h"
#include "config/config.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A broken promise ends the program, as a sanitizer would. */
static void demand(bool kept)
{
    if (!kept) {
        abort();
    }
}

static const char *fake_env(const char *name)
{
    return name[0] == 'A' ? "1" : NULL;
}

static void run(struct arena *arena, str input)
{
    str text;
    str set;
    bool has_set = str_cut(input, '\0', &text, &set);
    const struct config_input in = {
        .path = S("c"), .text = text, .sets = &set, .set_count = has_set, .env = fake_env
    };
    struct config config;
    struct diags diags = diags_new(arena);
    cardea_status status = config_load(&in, &config, &diags);
    demand((status == CARDEA_OK) == (diags.errors == 0));
    struct sb shown = sb_new(arena);
    diags_render(&diags, false, &shown);
    if (status == CARDEA_OK) {
        demand(config.max_actions >= 1 && config.max_actions <= 500);
        demand(config.max_head_bytes >= 256 && config.max_head_bytes <= 16383);
        demand(config.read_timeout_ms > 0 && config.idle_timeout_ms > 0);
        demand(config.default_version.len > 0 && config.directory.len > 0);
        demand(config.globals.kind == V_NONE || config.globals.kind == V_MAP);
        demand(str_eq(config.driver, S("disk")));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena; /* kept between inputs: used memory finds more than fresh memory */
    if (arena.block_size == 0) {
        arena_init(&arena, 1 << 16, 1 << 28);
    }
    if (size == 0 || size > 1 << 14) {
        return 0;
    }
    arena_clear(&arena, 1 << 20);
    char *copy = malloc(size); /* exactly as long as the input, so that reading on is seen */
    demand(copy != NULL);
    memcpy(copy, data, size);
    run(&arena, (str){ copy, (isize)size });
    free(copy);
    return 0;
}
