/* cmd_compile.c — cardea compile
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cli/commands.h"

#include "compile/compile.h"
#include "store/disk.h"

#include <stdio.h>
#include <unistd.h>

static const struct option options[] = {
    { "no-color", 0, NULL, "no colours" },
    { "color", 0, "WHEN", "auto, always or never (default auto)" },
    { "skip-tests", 0, NULL, "accepted; there is no test runner yet" },
    { "ignore-schemas", 0, NULL, "do not look at schemas" },
    { "quiet", 'q', NULL, "print nothing when all is well" },
};

static const struct disk_limits limits = {
    .max_files = 1000000, .max_file_bytes = 4 << 20, .max_total_bytes = 1 << 30
};

static bool color(const struct args *args)
{
    str when = args_get(args, "color");
    if (args_has(args, "no-color") || str_eq(when, S("never"))) {
        return false;
    }
    return str_eq(when, S("always")) || wants_color(STDOUT_FILENO);
}

static int report(const struct args *args, struct diags *diags)
{
    struct sb sb = sb_new(args->arena);
    diags_sort(diags);
    diags_render(diags, color(args), &sb);
    (void)printf("%.*s", STR_ARG(sb_str(&sb)));
    (void)fflush(stdout); /* before what goes to standard error */
    if (diags->errors > 0) {
        (void)fprintf(stderr, "cardea: failed to compile: %lld error%s\n", (long long)diags->errors,
                      diags->errors == 1 ? "" : "s");
        return EXIT_COMPILE;
    }
    return EXIT_OK;
}

static int run(const struct args *args)
{
    str root = args->arguments.ptr[0];
    struct diags diags = diags_new(args->arena);
    struct disk_listing listing;
    struct disk_set set;
    str why = STR_EMPTY;
    cardea_status status = disk_list(args->arena, root, &limits, &listing, &why);
    if (status == CARDEA_OK) {
        status = disk_read(args->arena, root, &limits, &listing, &set, &diags, &why);
    }
    if (status != CARDEA_OK && status != CARDEA_EINVALID) {
        (void)fprintf(stderr, "cardea: cannot read the policies: %.*s\n", STR_ARG(why));
        return EXIT_FAILED;
    }
    const struct compile_input input = { .files = set.files,
                                         .file_count = set.file_count,
                                         .schemas = set.schemas,
                                         .schema_count = set.schema_count,
                                         .check_schemas = !args_has(args, "ignore-schemas") };
    struct compile_result result = { .policies = 0 };
    status = compile_policies(args->arena, &input, &result, &diags);
    if (status == CARDEA_ELIMIT) {
        (void)fputs("cardea: the policies need more memory than compiling may use\n", stderr);
        return EXIT_FAILED;
    }
    int code = report(args, &diags);
    if (code == EXIT_OK && status != CARDEA_OK) {
        return EXIT_COMPILE; /* never a success without an image */
    }
    if (code == EXIT_OK && !args_has(args, "quiet")) {
        (void)printf("%lld policies with %lld rules compile\n", (long long)result.policies, (long long)result.rules);
    }
    return code;
}

const struct command cmd_compile = {
    .name = "compile",
    .arguments = "DIR",
    .arguments_least = 1,
    .arguments_most = 1,
    .summary = "check the policies of a directory",
    .details = "Every error is reported with its place and what to do about it.\n\n"
               "Examples:\n"
               "  cardea compile policies\n"
               "  cardea compile --no-color policies > report.txt\n\n"
               "Exit code: 0 all is well, 1 on failure, 2 wrong usage, 3 policies do not compile.\n",
    .options = options,
    .option_count = (int)countof(options),
    .run = run,
};
