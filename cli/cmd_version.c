/* cmd_version.c — cardea version
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cli/commands.h"
#include "server/reply.h"

#include <stdio.h>

static int run(const struct args *args)
{
    (void)args;
    (void)printf("cardea %s (interface of Cerbos %s)\n", CARDEA_VERSION, REPLY_CERBOS_VERSION);
    return EXIT_OK;
}

const struct command cmd_version = {
    .name = "version",
    .arguments = "",
    .summary = "print the version",
    .details = "",
    .run = run,
};
