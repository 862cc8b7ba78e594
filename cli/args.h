/* args.h — one option parser for all subcommands
 *
 * A command is a table: its options with their help, what stands around them, and the function that
 * runs it. Long options as `--name value` or `--name=value`, short ones as `-x value`; `--` ends
 * options. Unknown options and commands are answered with the nearest known one and exit code 2.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_CLI_ARGS_H
#define CARDEA_CLI_ARGS_H

#include "base/str.h"
#include "base/vec.h"

enum exit_code {
    EXIT_OK = 0,
    EXIT_FAILED = 1,  /* anything that has no code of its own  */
    EXIT_USAGE = 2,   /* wrong options or arguments            */
    EXIT_COMPILE = 3, /* policies do not compile               */
};

struct option {
    const char *name;  /* without dashes                                  */
    char letter;       /* short form; 0: none                             */
    const char *value; /* name of the value in help; NULL: a switch       */
    const char *text;  /* one line of help                                */
};

struct args;

struct command {
    const char *name;
    const char *alias;     /* another name; NULL: none                        */
    const char *arguments; /* in the usage line, e.g. "DIR"; may be empty     */
    int arguments_least;   /* how many arguments there must be …              */
    int arguments_most;    /* … and may be                                    */
    const char *summary;   /* one line                                        */
    const char *details;   /* paragraphs with examples; ends with a newline   */
    const struct option *options;
    int option_count;
    int (*run)(const struct args *args);
};

struct given {
    const struct option *option;
    str value; /* of a switch: empty */
};

struct args {
    struct arena *arena; /* for the command's whole life */
    const struct command *command;
    VEC(struct given) given; /* in order                     */
    VEC(str) arguments;
};

/* Reads the words behind the command's name. Returns -1 when the command may run, else an exit
 * code: help has been printed (0) or a mistake reported (2). */
int args_parse(struct args *out, struct arena *arena, const struct command *command, int count,
               char **words);

bool args_has(const struct args *args, const char *name);

/* The last value of an option; ptr NULL when it was not given. */
str args_get(const struct args *args, const char *name);

/* Every value of an option, in order. */
const str *args_all(const struct args *args, const char *name, isize *count);

/* Prints the command's help. */
void args_help(const struct command *command);

/* Reports a mistake in the use of a command on standard error; returns EXIT_USAGE. */
int args_mistake(const struct command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The nearest name to `word`, for a suggestion; empty when none is near. */
str args_nearest(struct arena *arena, str word, const char *const *names, int count);

#endif
