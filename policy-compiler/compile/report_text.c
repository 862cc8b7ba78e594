/* report_text.c — a report as text, as the reference prints it
 *
 * A heading for each group, then its entries, then an empty line. Control characters of file names and of excerpts are
 * replaced: the text goes to terminals.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "compile/report.h"

#include "base/utf8.h"

static const char *const headings[] = {
    [REPORT_DISABLED] = "Disabled policies",
    [REPORT_MISSING_SCOPES] = "Missing scopes",
    [REPORT_DUPLICATES] = "Duplicate definitions",
    [REPORT_MISSING_IMPORTS] = "Missing imports",
    [REPORT_LOAD_FAILURES] = "Load failures",
    [REPORT_SCOPE_PERMISSIONS] = "Scope permission conflicts",
    [REPORT_COMPILE_ERRORS] = "Compilation errors",
};

/* Replaces what could command a terminal; lines and tabs stay. */
static void add_safe(struct sb *out, str text)
{
    for (isize pos = 0; pos < text.len;) {
        isize start = pos;
        int32_t c = utf8_next(text, &pos);
        bool control = c < 0 || (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7F && c < 0xA0);
        sb_add(out, control ? S("\xEF\xBF\xBD") : str_slice(text, start, pos));
    }
}

static void add_place(struct sb *out, const struct report_entry *entry)
{
    add_safe(out, entry->file);
    if (entry->place.line > 0) {
        sb_printf(out, ":%d:%d", entry->place.line, entry->place.column);
    }
    sb_byte(out, ' ');
}

/* The words behind the place. */
static void add_words(struct sb *out, int group, const struct report_entry *entry)
{
    const struct diag *d = entry->diag;
    switch (group) {
    case REPORT_DISABLED:
        add_safe(out, d->args[0]);
        break;
    case REPORT_DUPLICATES:
        add_safe(out, entry->text);
        sb_add(out, S(" (previous definition in "));
        add_safe(out, d->args[0]);
        sb_byte(out, ')');
        break;
    case REPORT_MISSING_IMPORTS:
        sb_printf(out, "cannot find %.*s \"%.*s\" imported by %.*s", STR_ARG(d->args[1]),
                  STR_ARG(d->args[2]), STR_ARG(d->args[0]));
        break;
    case REPORT_COMPILE_ERRORS:
        add_safe(out, entry->text);
        sb_printf(out, " <%s>", d->class->kind);
        break;
    default:
        add_safe(out, entry->text);
        break;
    }
}

static void add_entry(struct sb *out, int group, const struct report_entry *entry)
{
    if (group != REPORT_MISSING_SCOPES && group != REPORT_SCOPE_PERMISSIONS) {
        add_place(out, entry);
    }
    add_words(out, group, entry);
    sb_byte(out, '\n');
    if (entry->context.len > 0) {
        add_safe(out, entry->context);
        sb_byte(out, '\n');
    }
    if (entry->context.len > 0 || group == REPORT_COMPILE_ERRORS) {
        sb_byte(out, '\n');
    }
}

void report_text(const struct report *report, struct sb *out)
{
    for (int group = 0; group < REPORT_GROUPS; group++) {
        const struct report_list *entries = &report->groups[group];
        if (entries->list.len == 0) {
            continue;
        }
        sb_printf(out, "%s\n", headings[group]);
        for (isize i = 0; i < entries->list.len; i++) {
            add_entry(out, group, &entries->list.ptr[i]);
        }
        if (group != REPORT_COMPILE_ERRORS) {
            sb_byte(out, '\n');
        }
    }
}
