/* main.c — picks the subcommand
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cli/commands.h"

#include <stdio.h>
#include <stdlib.h>

#define ARENA_BLOCK (64 * 1024)
#define ARENA_MOST  ((isize)4 << 30) /* bytes that one command may use */

static const struct command *const commands[] = {
    &cmd_server, &cmd_compile, &cmd_check_config, &cmd_healthcheck, &cmd_version,
};

static void print_usage(FILE *to)
{
    (void)fputs("Cardea decides who may do what, by policies in Cerbos' format.\n\nUsage: cardea "
                "COMMAND [options]\n\n"
                "Commands:\n",
                to);
    for (int i = 0; i < countof(commands); i++) {
        (void)fprintf(to, "  %-14s %s\n", commands[i]->name, commands[i]->summary);
    }
    (void)fputs("\n`cardea COMMAND --help` says more.\n", to);
}

static const struct command *find(str name)
{
    for (int i = 0; i < countof(commands); i++) {
        if (str_eq(name, str_from_c(commands[i]->name)) ||
            (commands[i]->alias != NULL && str_eq(name, str_from_c(commands[i]->alias)))) {
            return commands[i];
        }
    }
    return NULL;
}

static int unknown_command(struct arena *arena, str name)
{
    const char *names[2 * countof(commands)];
    int count = 0;
    for (int i = 0; i < countof(commands); i++) {
        names[count++] = commands[i]->name;
        if (commands[i]->alias != NULL) {
            names[count++] = commands[i]->alias;
        }
    }
    str near = args_nearest(arena, name, names, count);
    (void)fprintf(stderr, "cardea: unknown command `%.*s`", STR_ARG(name));
    if (near.len > 0) {
        (void)fprintf(stderr, "; did you mean `%.*s`?", STR_ARG(near));
    }
    (void)fputs("\nTry `cardea --help`.\n", stderr);
    return EXIT_USAGE;
}

static int help(struct arena *arena, int argc, char **argv)
{
    if (argc < 3) {
        print_usage(stdout);
        return EXIT_OK;
    }
    const struct command *command = find(str_from_c(argv[2]));
    if (command == NULL) {
        return unknown_command(arena, str_from_c(argv[2]));
    }
    args_help(command);
    return EXIT_OK;
}

static int run(struct arena *arena, int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    str name = str_from_c(argv[1]);
    if (str_eq(name, S("--help")) || str_eq(name, S("-h")) || str_eq(name, S("help"))) {
        return help(arena, argc, argv);
    }
    const struct command *command = str_eq(name, S("--version")) ? &cmd_version : find(name);
    if (command == NULL) {
        return unknown_command(arena, name);
    }
    struct args args;
    int code = args_parse(&args, arena, command, argc - 2, argv + 2);
    return code >= 0 ? code : command->run(&args);
}

int main(int argc, char **argv)
{
    struct arena arena;
    arena_init(&arena, ARENA_BLOCK, ARENA_MOST);
    jmp_buf env;
    int code = EXIT_FAILED;
    if (setjmp(env) != 0) {
        (void)fputs("cardea: out of memory\n", stderr);
        return EXIT_FAILED;
    }
    (void)arena_guard_set(&arena, &env);
    code = run(&arena, argc, argv);
    arena_free(&arena);
    if (fflush(stdout) != 0 && code == EXIT_OK) {
        (void)fputs("cardea: cannot write the output\n", stderr);
        return EXIT_FAILED;
    }
    return code;
}
