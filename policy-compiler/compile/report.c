/* report.c — diagnostics sorted into the reference's groups
 *
 * Faults of an expression are one entry there, which its first diagnostic carries; the others are left out. Entries
 * are ordered by file, line, column and text; files that cannot be loaded come in the order of the walk. A fault that
 * several policies meet (in a set of derived roles, in exported variables) is one entry.
 *
 * Neighbours: report_json.c, report_text.c write it · yaml/excerpt.c makes the lines around a place
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "compile/report.h"

#include "model/load.h"
#include "yaml/excerpt.h"

#include <stdlib.h>

static int group_of(const struct diag *d)
{
    switch ((enum lint_group)d->class->group) {
    case LINT_LOAD_PARSE:
    case LINT_LOAD_VALIDATION:
    case LINT_LOAD_OTHER:
        return REPORT_LOAD_FAILURES;
    case LINT_MISSING_IMPORT:
        return REPORT_MISSING_IMPORTS;
    case LINT_MISSING_SCOPE:
        return REPORT_MISSING_SCOPES;
    case LINT_DUPLICATE:
        return REPORT_DUPLICATES;
    case LINT_DISABLED:
        return REPORT_DISABLED;
    case LINT_SCOPE_PERMISSIONS:
        return REPORT_SCOPE_PERMISSIONS;
    case LINT_NONE:
        break;
    }
    return d->class->severity == DIAG_ERROR && !d->ref_hidden ? REPORT_COMPILE_ERRORS
                                                              : REPORT_GROUPS;
}

/* ---- order ----------------------------------------------------------------------------------- */

/* Order of a walk by names: what is in directory `a` comes before file `a.yaml`. */
static int compare_walk(str a, str b)
{
    isize shorter = a.len < b.len ? a.len : b.len;
    for (isize i = 0; i < shorter; i++) {
        unsigned char x = (unsigned char)a.ptr[i];
        unsigned char y = (unsigned char)b.ptr[i];
        if (x != y) {
            return x == '/' ? -1 : y == '/' ? 1 : x < y ? -1 : 1;
        }
    }
    return (a.len > b.len) - (a.len < b.len);
}

static int compare_places(struct place a, struct place b)
{
    int lines = (a.line > b.line) - (a.line < b.line);
    return lines != 0 ? lines : (a.column > b.column) - (a.column < b.column);
}

/* Entries without a place come last in their file. */
static int compare_loads(const struct report_entry *a, const struct report_entry *b)
{
    int order = compare_walk(a->file, b->file);
    if (order != 0) {
        return order;
    }
    if ((a->place.line == 0) != (b->place.line == 0)) {
        return a->place.line == 0 ? 1 : -1;
    }
    order = compare_places(a->place, b->place);
    order = order != 0 ? order : str_cmp(a->diag->ref_path, b->diag->ref_path);
    return order != 0 ? order
                      : (a->diag->order > b->diag->order) - (a->diag->order < b->diag->order);
}

/* In one file: as they are found. */
static int compare_findings(const struct report_entry *a, const struct report_entry *b)
{
    int order = compare_walk(a->file, b->file);
    return order != 0 ? order
                      : (a->diag->order > b->diag->order) - (a->diag->order < b->diag->order);
}

static int compare_errors(const struct report_entry *a, const struct report_entry *b)
{
    int order = str_cmp(a->file, b->file);
    order = order != 0 ? order : compare_places(a->place, b->place);
    return order != 0 ? order : str_cmp(a->text, b->text);
}

static int compare(const void *left, const void *right)
{
    const struct report_entry *a = left;
    const struct report_entry *b = right;
    switch (group_of(a->diag)) {
    case REPORT_LOAD_FAILURES:
        return compare_loads(a, b);
    case REPORT_DISABLED:
    case REPORT_DUPLICATES:
    case REPORT_MISSING_IMPORTS:
        return compare_findings(a, b);
    case REPORT_MISSING_SCOPES:
    case REPORT_SCOPE_PERMISSIONS:
        return str_cmp(a->diag->args[0], b->diag->args[0]);
    default:
        return compare_errors(a, b);
    }
}

static void sort(struct report_list *g, bool unique)
{
    if (g->list.len > 1) {
        qsort(g->list.ptr, (size_t)g->list.len, sizeof(g->list.ptr[0]), compare);
    }
    isize kept = 0;
    for (isize i = 0; i < g->list.len; i++) {
        if (!unique || kept == 0 || compare_errors(&g->list.ptr[kept - 1], &g->list.ptr[i]) != 0) {
            g->list.ptr[kept++] = g->list.ptr[i];
        }
    }
    g->list.len = kept;
}

/* ---- entries --------------------------------------------------------------------------------- */

static struct report_entry make_entry(const struct diag *d)
{
    struct report_entry entry = { .diag = d, .text = d->ref_text.len > 0 ? d->ref_text : d->text };
    entry.file = d->span.source != NULL ? d->span.source->name : d->file;
    if (d->ref_place.line >= 0 && d->span.source != NULL) {
        entry.place =
            d->ref_place.line > 0 ? d->ref_place : source_place(d->span.source, d->span.start);
    }
    return entry;
}

/* Policies that begin at the wrong place are not shown, only named. */
static bool has_context(int group)
{
    return group == REPORT_LOAD_FAILURES || group == REPORT_MISSING_IMPORTS ||
           group == REPORT_COMPILE_ERRORS;
}

static void add_contexts(struct arena *arena, struct excerpts *excerpts, struct report_list *g)
{
    for (isize i = 0; i < g->list.len; i++) {
        struct report_entry *entry = &g->list.ptr[i];
        const struct diag *d = entry->diag;
        bool found = !str_ends(d->ref_path, S(".")); /* the reference finds no empty key */
        if (entry->place.line > 0 && found) {
            struct sb sb = sb_new(arena);
            excerpt_add(excerpts, d->span.source,
                        d->ref_caret.line > 0 ? d->ref_caret : entry->place, &sb);
            entry->context = sb_str(&sb);
        }
    }
}

struct report *report_new(struct arena *arena, const struct diags *diags)
{
    struct report *report = new(arena, struct report, 1);
    for (isize i = 0; i < diags->list.len; i++) {
        int group = group_of(&diags->list.ptr[i]);
        if (group < REPORT_GROUPS) {
            *vec_push(arena, &report->groups[group].list) = make_entry(&diags->list.ptr[i]);
        }
    }
    struct excerpts *excerpts = excerpts_new(arena);
    for (int group = 0; group < REPORT_GROUPS; group++) {
        sort(&report->groups[group], group == REPORT_COMPILE_ERRORS);
        if (has_context(group)) {
            add_contexts(arena, excerpts, &report->groups[group]);
        }
    }
    return report;
}
