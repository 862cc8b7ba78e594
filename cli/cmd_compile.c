/* cmd_compile.c — cardea compile
 *
 * Without --output the report is for people; with it, it has the reference's form.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cli/commands.h"

#include "compile/compile.h"
#include "compile/report.h"
#include "store/disk.h"

#include <stdio.h>
#include <unistd.h>

static const struct option options[] = {
    { "output", 'o', "FORM",
      "the reference's tree, list or json, instead of the report for people" },
    { "no-color", 0, NULL, "no colours" },
    { "color", 0, "WHEN", "auto, always or never (default auto)" },
    { "ignore-schemas", 0, NULL, "do not look at schemas" },
    { "quiet", 'q', NULL, "print nothing when all is well" },
    { "skip-tests", 0, NULL, "say nothing about test suites, which are not run yet" },
    { "tests", 0, "DIR", "accepted, without effect" },
    { "test-filter", 0, "FILTER", "accepted, without effect" },
    { "test-output", 0, "FORM", "accepted, without effect" },
    { "skip-batching", 0, NULL, "accepted, without effect" },
    { "strict-evaluation", 0, NULL, "accepted, without effect" },
    { "verbose", 0, NULL, "accepted, without effect" },
};

static const struct disk_limits limits = { .max_files = 1000000,
                                           .max_file_bytes = 4 << 20,
                                           .max_total_bytes = 1 << 30 };

static bool color(const struct args *args)
{
    str when = args_get(args, "color");
    if (args_has(args, "no-color") || str_eq(when, S("never"))) {
        return false;
    }
    return str_eq(when, S("always")) || wants_color(STDOUT_FILENO);
}

enum form { FORM_PEOPLE, FORM_TEXT, FORM_JSON };

static bool read_form(const struct args *args, enum form *out)
{
    str form = args_get(args, "output");
    *out = form.ptr == NULL ? FORM_PEOPLE : str_eq(form, S("json")) ? FORM_JSON : FORM_TEXT;
    return *out != FORM_TEXT || str_eq(form, S("tree")) || str_eq(form, S("list"));
}

static void print(str text)
{
    (void)fwrite(text.ptr, 1, (size_t)text.len, stdout); /* main looks whether it arrived */
}

/* Tells what is wrong. Warnings are for people only. */
static int report(const struct args *args, enum form form, struct diags *diags)
{
    struct sb sb = sb_new(args->arena);
    diags_sort(diags);
    if (form == FORM_PEOPLE) {
        diags_render(diags, color(args), &sb);
    } else if (diags->errors > 0) {
        const struct report *found = report_new(args->arena, diags);
        (form == FORM_JSON ? report_json : report_text)(found, &sb);
    }
    print(sb_str(&sb));
    if (diags->errors == 0) {
        return EXIT_OK;
    }
    (void)fflush(stdout); /* before what goes to standard error */
    (void)fprintf(stderr, "cardea: failed to compile: %lld error%s\n", (long long)diags->errors,
                  diags->errors == 1 ? "" : "s");
    return EXIT_COMPILE;
}

static void congratulate(const struct args *args, enum form form,
                         const struct compile_result *result, const struct disk_listing *listing)
{
    bool skip = args_has(args, "skip-tests");
    if (form == FORM_PEOPLE && !args_has(args, "quiet")) {
        (void)printf("%lld policies with %lld rules compile\n", (long long)result->policies,
                     (long long)result->rules);
    }
    if (skip) {
        return;
    }
    if (listing->suites > 0) { /* never a report on tests that were not run */
        (void)fprintf(stderr,
                      "cardea: %lld test suite%s not run: there is no test runner yet "
                      "(--skip-tests silences this)\n",
                      (long long)listing->suites, listing->suites == 1 ? "" : "s");
    } else if (form == FORM_JSON) {
        print(S("{\n  \"summary\": {}\n}\n"));
    } else if (form == FORM_TEXT) {
        print(S("Test results\n\n0 tests executed\n"));
    }
}

static int run(const struct args *args)
{
    str root = args->arguments.ptr[0];
    enum form form;
    if (!read_form(args, &form)) {
        return args_mistake(args->command, "`--output` must be tree, list or json");
    }
    struct diags diags = diags_new(args->arena);
    diags.limit = form == FORM_PEOPLE ? 100 : 10000;
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
    int code = report(args, form, &diags);
    if (code == EXIT_OK && status != CARDEA_OK) {
        return EXIT_COMPILE; /* never a success without an image */
    }
    if (code == EXIT_OK) {
        congratulate(args, form, &result, &listing);
    }
    return code;
}

const struct command cmd_compile = {
    .name = "compile",
    .arguments = "DIR",
    .arguments_least = 1,
    .arguments_most = 1,
    .summary = "check the policies of a directory",
    .details =
        "Every error is reported with its place and what to do about it.\n\n"
        "Examples:\n"
        "  cardea compile policies\n"
        "  cardea compile --output=json policies > report.json\n\n"
        "Exit code: 0 all is well, 1 on failure, 2 wrong usage, 3 policies do not compile.\n",
    .options = options,
    .option_count = (int)countof(options),
    .run = run,
};
