/* syntax.c — libyaml's complaints in our words
 *
 * libyaml says what it did not find, in terms of its grammar; people need to know what to change.
 * The table gives each of its complaints our wording, the remedy, and the wording of the reference,
 * whose library fails at the same places with other words.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "yaml/syntax.h"

#include "base/utf8.h"
#include "model/errors.h"
#include "yaml/compose.h"

enum where { AT_PROBLEM, AT_CONTEXT };

static const struct complaint {
    const char *problem; /* how libyaml's problem begins                      */
    const char *context; /* how its context begins; NULL: any                 */
    bool at_end;         /* only when the problem is the end of the file      */
    uint8_t where;       /* enum where: the place to show                     */
    const char *text;
    const char *help;
    const char *ref;
} complaints[] = {
    { "could not find expected ':'", NULL, false, AT_CONTEXT, "this line has a key without `:`",
      "write `key: value`; lines that continue a text must be indented more than its key",
      "non-map value is specified" },
    { "mapping values are not allowed", NULL, false, AT_PROBLEM, "`:` is not allowed here",
      "put a text that holds `: ` into quotes; check the indentation",
      "mapping value is not allowed in this context" },
    { "block sequence entries are not allowed", NULL, false, AT_PROBLEM, "a list cannot begin here",
      "begin the list on a line of its own",
      "block sequence entries are not allowed in this context" },
    { "did not find expected key", NULL, false, AT_PROBLEM, "expected a key here",
      "check the indentation; put a text that continues behind quotes or brackets into quotes as a "
      "whole",
      "value is not allowed in this context" },
    { "did not find expected '-' indicator", NULL, false, AT_PROBLEM, "expected `-` here",
      "check the indentation; put a text that continues behind quotes or brackets into quotes as a "
      "whole",
      "value is not allowed in this context" },
    { "did not find expected <document start>", NULL, false, AT_PROBLEM,
      "the document ends before this", "check the indentation",
      "value is not allowed in this context" },
    { "did not find expected ',' or ']'", NULL, true, AT_CONTEXT, "`[` is never closed", "add `]`",
      "sequence end token ']' not found" },
    { "did not find expected ',' or ']'", NULL, false, AT_PROBLEM, "expected `,` or `]` here", NULL,
      "',' or ']' must be specified" },
    { "did not find expected ',' or '}'", NULL, true, AT_CONTEXT, "`{` is never closed", "add `}`",
      "could not find flow mapping end token '}'" },
    { "did not find expected ',' or '}'", NULL, false, AT_PROBLEM, "expected `,` or `}` here", NULL,
      "',' or '}' must be specified" },
    { "did not find expected node content", NULL, false, AT_PROBLEM, "expected a value here", NULL,
      NULL },
    { "found unexpected end of stream", "while scanning a quoted scalar", false, AT_CONTEXT,
      "this quote is never closed", "add the closing quote", NULL },
    { "found unexpected document indicator", "while scanning a quoted scalar", false, AT_CONTEXT,
      "this quote is not closed before the next document", "add the closing quote",
      "found unexpected document separator" },
    { "found a tab character", NULL, false, AT_PROBLEM, "a tab cannot be used for indentation",
      "indent with spaces", "found a tab character where an indentation space is expected" },
};

static bool applies(const struct complaint *c, const struct yevents *events, bool at_end)
{
    return str_starts(str_from_c(events->problem), str_from_c(c->problem)) &&
           (!c->at_end || at_end) &&
           (c->context == NULL || str_starts(str_from_c(events->context), str_from_c(c->context)));
}

static struct span point(const struct source *source, uint32_t at)
{
    isize end = at;
    if (end < source->text.len) {
        (void)utf8_next(source->text, &end);
    }
    return (struct span){ source, at, (uint32_t)end };
}

/* A character that begins no token: a tab, or one of the reserved ones. */
static void bad_start(struct diags *diags, const struct source *source, uint32_t at)
{
    char c = at < source->text.len ? source->text.ptr[at] : 0;
    if (c == '\t') {
        struct diag *d = diag_add(diags, &err_yaml_syntax, point(source, at),
                                  "a tab cannot be used for indentation");
        diag_help(diags, d, "indent with spaces");
        d->ref_text = S("found character '\t' that cannot start any token");
        return;
    }
    struct diag *d =
        diag_add(diags, &err_yaml_syntax, point(source, at), "a text cannot begin with `%c`", c);
    diag_help(diags, d, "put the text into quotes");
    if (c == '@' || c == '`') {
        d->ref_text = str_printf(diags->arena, "'%c' is a reserved character", c);
    }
}

static bool report_quotes(struct arena *arena, struct diags *diags, const struct source *source)
{
    if (str_starts(str_trim(source->text), S("{"))) {
        return false; /* JSON. spec: cerbos-compat#the-quote-heuristic */
    }
    struct yplaces quotes;
    yaml_quotes(arena, source, &quotes);
    for (isize i = 0; i < quotes.list.len; i++) {
        struct diag *d = diag_add(diags, &err_yaml_quote, point(source, quotes.list.ptr[i]),
                                  "the text goes on after its closing quote");
        d->ref_text =
            S("invalid YAML string: use a literal or folded block for strings containing quotes");
    }
    return quotes.list.len > 0;
}

/* The scalar that a misplaced colon stands in: the first text behind `: ` or `- ` on its line. */
static uint32_t value_of_line(const struct source *source, uint32_t at)
{
    str line = source_line(source, source_place(source, at).line);
    isize from = line.ptr - source->text.ptr;
    isize colon = str_find(str_slice(line, 0, (isize)at - from), S(": "));
    isize i = colon < 0 ? 0 : colon + 2;
    while (i < line.len && line.ptr[i] == ' ') {
        i++;
    }
    return (uint32_t)(from + i);
}

/* Does a list begin where a key of the mapping should, as deep as the keys? */
static bool is_list_among_keys(const struct source *source, const struct yevents *events)
{
    str rest = str_slice(source->text, (isize)events->problem_at, source->text.len);
    return str_starts(rest, S("- ")) && source_place(source, events->problem_at).column ==
                                            source_place(source, events->context_at).column;
}

static void report_complaint(struct diags *diags, const struct source *source,
                             const struct yevents *events)
{
    bool at_end = str_trim(str_slice(source->text, events->problem_at, source->text.len)).len == 0;
    for (isize i = 0; i < countof(complaints); i++) {
        const struct complaint *c = &complaints[i];
        if (!applies(c, events, at_end)) {
            continue;
        }
        uint32_t at = c->where == AT_CONTEXT ? events->context_at : events->problem_at;
        struct diag *d = diag_add(diags, &err_yaml_syntax, point(source, at), "%s", c->text);
        if (c->help != NULL) {
            diag_help(diags, d, "%s", c->help);
        }
        d->ref_text = str_from_c(c->ref);
        if (str_starts(str_from_c(c->problem), S("did not find expected key")) &&
            is_list_among_keys(source, events)) {
            d->ref_text = S("non-map value is specified");
        }
        if (str_starts(str_from_c(c->problem), S("mapping values"))) {
            d->ref_place = source_place(source, value_of_line(source, at));
        }
        if (c->ref == NULL && str_starts(str_from_c(c->context), S("while scanning a quoted"))) {
            d->ref_text = at < source->text.len && source->text.ptr[at] == '"'
                              ? S("could not find end character of double-quoted text")
                              : S("could not find end character of single-quoted text");
        }
        return;
    }
    diag_add(diags, &err_yaml_syntax, point(source, events->problem_at), "%s", events->problem);
}

void yaml_syntax_error(struct arena *arena, struct diags *diags, const struct source *source,
                       const struct yevents *events)
{
    if (events->limit) {
        diag_add(diags, &err_yaml_limit, point(source, events->problem_at), "%s", events->problem);
        return;
    }
    if (report_quotes(arena, diags, source)) {
        return;
    }
    str problem = str_from_c(events->problem);
    uint32_t at = events->problem_at;
    if (str_starts(problem, S("found character that cannot start any token"))) {
        bad_start(diags, source, at);
    } else if (str_eq(str_from_c(events->context), S("while parsing a quoted scalar"))) {
        yaml_escape_error(diags, source, at);
    } else {
        report_complaint(diags, source, events);
    }
}

void yaml_escape_error(struct diags *diags, const struct source *source, uint32_t at)
{
    str text = source->text;
    isize start = at < text.len ? (isize)at : text.len - 1;
    while (start > 0 && text.ptr[start] != '\\' && at - start < 12) {
        start--; /* libyaml points behind the backslash */
    }
    isize end = start + 1;
    if (end < text.len) {
        (void)utf8_next(text, &end);
    }
    str escape = str_slice(text, start, end);
    bool code = escape.len == 2 && str_find_byte(S("xuU"), escape.ptr[1]) >= 0;
    struct diag *d =
        diag_add(diags, &err_yaml_syntax, (struct span){ source, (uint32_t)start, (uint32_t)end },
                 code ? "`%.*s` needs hexadecimal digits of a character"
                      : "`%.*s` is no escape of a double-quoted text",
                 STR_ARG(escape));
    diag_help(diags, d, "write `\\\\` for a backslash, or use single quotes or a block");
    if (!code && escape.len > 1) {
        d->ref_text = str_printf(diags->arena, "found unknown escape character '%.*s'",
                                 STR_ARG(str_slice(escape, 1, escape.len)));
        d->ref_place = source_place(source, (uint32_t)start + 1);
    }
}

void yaml_character_error(struct diags *diags, const struct source *source, uint32_t at)
{
    unsigned char c = (unsigned char)source->text.ptr[at];
    struct span span = { source, at, at + 1 };
    if (c < 0x20) {
        diag_add(diags, &err_yaml_character, span, "the file holds the control character 0x%x", c);
    } else {
        diag_add(diags, &err_yaml_character, span, "the file is not valid UTF-8");
    }
}
