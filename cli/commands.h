/* commands.h — the subcommands
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_CLI_COMMANDS_H
#define CARDEA_CLI_COMMANDS_H

#include "cli/args.h"
#include "config/config.h"

extern const struct command cmd_server;
extern const struct command cmd_compile;
extern const struct command cmd_healthcheck;
extern const struct command cmd_check_config;
extern const struct command cmd_version;

/* Reads the configuration that --config, --set and the environment ask for, with the defaults when
 * they ask for none. `path` is the file, empty for none. Diagnostics go to standard error in any
 * case; warnings do not stop. Returns EXIT_OK or EXIT_FAILED. */
int load_config(const struct args *args, str path, struct config *out);

/* The file that --config or the environment names; empty: none. */
str config_path(const struct args *args);

/* Is standard error (1: standard output) a terminal on which colour is wanted? */
bool wants_color(int fd);

#endif
