/* cmd_check_config.c — cardea check-config
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cli/commands.h"

#include <stdio.h>

static const struct option options[] = {
    { "config", 'c', "FILE", "the file to check (or as an argument)" },
    { "set", 0, "KEY=VALUE", "override a key; may be repeated" },
    { "explain", 0, NULL,
      "list every parameter with its value, where it comes from and what it does" },
};

static const char *origin(uint8_t from)
{
    return from == CONFIG_FILE ? "file" : from == CONFIG_SET ? "--set" : "default";
}

static void explain(const struct config *config)
{
    for (isize i = 0; i < config->param_count; i++) {
        const struct config_param *param = &config->params[i];
        (void)printf("%.*s = %.*s  (%s%s)\n    %.*s\n", STR_ARG(param->path), STR_ARG(param->value),
                     origin(param->origin), param->effective ? "" : ", no effect",
                     STR_ARG(param->text));
    }
}

static int run(const struct args *args)
{
    struct config config;
    str path = args->arguments.len > 0 ? args->arguments.ptr[0] : config_path(args);
    int code = load_config(args, path, &config);
    if (code != EXIT_OK) {
        return code;
    }
    if (args_has(args, "explain")) {
        explain(&config);
        return EXIT_OK;
    }
    (void)printf("%.*s: configuration is good\n", STR_ARG(path.len > 0 ? path : S("defaults")));
    return EXIT_OK;
}

const struct command cmd_check_config = {
    .name = "check-config",
    .arguments = "[FILE]",
    .arguments_most = 1,
    .summary = "check a configuration file, or explain what it comes to",
    .details = "Examples:\n"
               "  cardea check-config config.json\n"
               "  cardea check-config --explain config.json\n\n"
               "Exit code: 0 good, 1 not good, 2 wrong usage.\n",
    .options = options,
    .option_count = (int)countof(options),
    .run = run,
};
