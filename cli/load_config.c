/* load_config.c — the configuration that a command line asks for
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cli/commands.h"

#include "base/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CONFIG_MOST (4 << 20) /* bytes of a configuration file */

bool wants_color(int fd)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return isatty(fd) && (no_color == NULL || no_color[0] == '\0') && term != NULL &&
           strcmp(term, "dumb") != 0;
}

str config_path(const struct args *args)
{
    str path = args_get(args, "config");
    if (path.ptr == NULL) {
        path = str_from_c(getenv("CARDEA_CONFIG"));
    }
    if (path.len == 0) {
        path = str_from_c(getenv("CERBOS_CONFIG"));
    }
    return path;
}

static const char *environment(const char *name)
{
    return getenv(name);
}

int load_config(const struct args *args, str path, struct config *out)
{
    struct arena *arena = args->arena;
    struct config_input input = { .path = path, .env = environment };
    if (path.len > 0) {
        str error = STR_EMPTY;
        if (file_read(arena, path, CONFIG_MOST, &input.text, &error) != CARDEA_OK) {
            (void)fprintf(stderr, "cardea: cannot read the configuration %.*s: %.*s\n",
                          STR_ARG(path), STR_ARG(error));
            return EXIT_FAILED;
        }
    }
    input.sets = args_all(args, "set", &input.set_count);
    struct diags diags = diags_new(arena);
    cardea_status status = config_load(&input, out, &diags);
    if (diags.list.len > 0) {
        struct sb sb = sb_new(arena);
        diags_render(&diags, wants_color(STDERR_FILENO), &sb);
        (void)fprintf(stderr, "%.*s", STR_ARG(sb_str(&sb)));
    }
    return status == CARDEA_OK ? EXIT_OK : EXIT_FAILED;
}
