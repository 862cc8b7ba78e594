/* args.c — one option parser for all subcommands
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cli/args.h"

#include "base/diag.h"

#include <stdio.h>

static const struct option help_option = { "help", 'h', NULL, "show this help" };

/* ---- help ---- */

static int print_option(const struct option *option)
{
    char left[64];
    char letter[4] = "";
    if (option->letter != 0) {
        (void)snprintf(letter, sizeof letter, "-%c,", option->letter); /* fits */
    }
    int len =
        snprintf(left, sizeof left, "  %-3s --%s%s%s", letter, option->name,
                 option->value != NULL ? " " : "", option->value != NULL ? option->value : "");
    return printf("%s%*s %s\n", left, len < 30 ? 30 - len : 0, "", option->text);
}

void args_help(const struct command *command)
{
    (void)printf("%s\n\nUsage: cardea %s%s%s [options]\n\n", command->summary, command->name,
                 command->arguments[0] != '\0' ? " " : "", command->arguments);
    if (command->alias != NULL) {
        (void)printf("Also: cardea %s\n\n", command->alias);
    }
    (void)printf("Options:\n");
    for (int i = 0; i < command->option_count; i++) {
        (void)print_option(&command->options[i]);
    }
    (void)print_option(&help_option);
    (void)printf("\n%s", command->details);
}

int args_mistake(const struct command *command, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    (void)fputs("cardea: ", stderr);
    (void)vfprintf(stderr, format, list);
    va_end(list);
    (void)fprintf(stderr, "\nTry `cardea %s --help`.\n", command->name);
    return EXIT_USAGE;
}

str args_nearest(struct arena *arena, str word, const char *const *names, int count)
{
    str *candidates = new (arena, str, count);
    for (int i = 0; i < count; i++) {
        candidates[i] = str_from_c(names[i]);
    }
    return diag_nearest(arena, word, candidates, count);
}

/* ---- parsing ---- */

static const struct option *find_long(const struct command *command, str name)
{
    for (int i = 0; i < command->option_count; i++) {
        if (str_eq(name, str_from_c(command->options[i].name))) {
            return &command->options[i];
        }
    }
    return str_eq(name, S("help")) ? &help_option : NULL;
}

static const struct option *find_short(const struct command *command, char letter)
{
    for (int i = 0; i < command->option_count; i++) {
        if (letter != 0 && command->options[i].letter == letter) {
            return &command->options[i];
        }
    }
    return letter == 'h' ? &help_option : NULL;
}

static int unknown_option(struct args *args, str word)
{
    const struct command *command = args->command;
    const char **names = new (args->arena, const char *, command->option_count);
    for (int i = 0; i < command->option_count; i++) {
        names[i] = command->options[i].name;
    }
    str bare = str_starts(word, S("--")) ? str_slice(word, 2, word.len) : word;
    str near = args_nearest(args->arena, bare, names, command->option_count);
    if (near.len > 0) {
        return args_mistake(command, "unknown option `%.*s`; did you mean `--%.*s`?", STR_ARG(word),
                            STR_ARG(near));
    }
    return args_mistake(command, "unknown option `%.*s`", STR_ARG(word));
}

/* One option; moves *at to its last word. */
static int take_option(struct args *args, int count, char **words, int *at)
{
    str word = str_from_c(words[*at]);
    str name = word;
    str value = { NULL, 0 };
    const struct option *option = NULL;
    if (str_starts(word, S("--"))) {
        isize equals = str_find_byte(word, '=');
        if (equals >= 0) {
            name = str_slice(word, 0, equals);
            value = str_slice(word, equals + 1, word.len);
        }
        option = find_long(args->command, str_slice(name, 2, name.len));
    } else {
        name = str_slice(word, 0, 2);
        value = word.len > 2 ? str_slice(word, 2, word.len) : value;
        option = find_short(args->command, word.ptr[1]);
    }
    if (option == NULL) {
        return unknown_option(args, name);
    }
    if (option == &help_option) {
        args_help(args->command);
        return EXIT_OK;
    }
    if (option->value == NULL && value.ptr != NULL) {
        return args_mistake(args->command, "option `%.*s` takes no value", STR_ARG(name));
    }
    if (option->value != NULL && value.ptr == NULL) {
        if (*at + 1 >= count) {
            return args_mistake(args->command, "option `%.*s` needs a value", STR_ARG(name));
        }
        value = str_from_c(words[++*at]);
    }
    *vec_push(args->arena, &args->given) = (struct given){ option, value };
    return -1;
}

int args_parse(struct args *out, struct arena *arena, const struct command *command, int count,
               char **words)
{
    *out = (struct args){ .arena = arena, .command = command };
    bool options = true;
    for (int i = 0; i < count; i++) {
        str word = str_from_c(words[i]);
        if (options && str_eq(word, S("--"))) {
            options = false;
        } else if (options && word.len > 1 && word.ptr[0] == '-') {
            int code = take_option(out, count, words, &i);
            if (code >= 0) {
                return code;
            }
        } else {
            *vec_push(arena, &out->arguments) = word;
        }
    }
    if (out->arguments.len < command->arguments_least) {
        return args_mistake(command, "missing argument: %s", command->arguments);
    }
    if (out->arguments.len > command->arguments_most) {
        str extra = out->arguments.ptr[command->arguments_most];
        return args_mistake(command, "unexpected argument `%.*s`", STR_ARG(extra));
    }
    return -1;
}

/* ---- asking ---- */

bool args_has(const struct args *args, const char *name)
{
    return args_get(args, name).ptr != NULL;
}

str args_get(const struct args *args, const char *name)
{
    str found = { NULL, 0 };
    for (isize i = 0; i < args->given.len; i++) {
        if (strcmp(args->given.ptr[i].option->name, name) == 0) {
            str value = args->given.ptr[i].value;
            found = value.ptr != NULL ? value : STR_EMPTY;
        }
    }
    return found;
}

const str *args_all(const struct args *args, const char *name, isize *count)
{
    str *values = new (args->arena, str, args->given.len);
    *count = 0;
    for (isize i = 0; i < args->given.len; i++) {
        if (strcmp(args->given.ptr[i].option->name, name) == 0) {
            values[(*count)++] = args->given.ptr[i].value;
        }
    }
    return values;
}
