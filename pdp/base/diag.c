/* diag.c — collecting diagnostics and putting them in order
 *
 * The record that is handed out when the limit is reached stands behind the last one of the list:
 * it can be written to like any other, is not counted, and is overwritten by the next.
 *
 * Neighbours: diag_render.c shows them to people
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/diag.h"

#include <stdlib.h>

#define DEFAULT_LIMIT 100

struct diags diags_new(struct arena *arena)
{
    return (struct diags){ .arena = arena };
}

static str format_text(struct arena *arena, const char *format, va_list args)
{
    struct sb sb = sb_new(arena);
    sb_vprintf(&sb, format, args);
    return sb_str(&sb);
}

static bool is_scratch(const struct diags *diags, const struct diag *diag)
{
    return diag == diags->list.ptr + diags->list.len;
}

struct diag *diag_add(struct diags *diags, const struct diag_class *class, struct span span,
                      const char *format, ...)
{
    isize limit = diags->limit > 0 ? diags->limit : DEFAULT_LIMIT;
    uint32_t order = (uint32_t)(diags->list.len + diags->dropped);
    struct diag *diag = vec_push(diags->arena, &diags->list);
    *diag = (struct diag){ .class = class, .span = span, .order = order };
    diags->errors += class->severity == DIAG_ERROR;
    if (diags->list.len > limit) {
        diags->list.len--;
        diags->dropped++;
        return diag;
    }
    va_list args;
    va_start(args, format);
    diag->text = format_text(diags->arena, format, args);
    va_end(args);
    return diag;
}

void diag_note(struct diags *diags, struct diag *diag, struct span span, const char *format, ...)
{
    if (is_scratch(diags, diag)) {
        return;
    }
    struct diag_note *notes = new(diags->arena, struct diag_note, diag->note_count + 1);
    if (diag->note_count > 0) {
        memcpy(notes, diag->notes, (size_t)diag->note_count * sizeof(*notes));
    }
    diag->notes = notes;
    struct diag_note *note = &notes[diag->note_count++];
    note->span = span;
    va_list args;
    va_start(args, format);
    note->text = format_text(diags->arena, format, args);
    va_end(args);
}

void diag_help(struct diags *diags, struct diag *diag, const char *format, ...)
{
    if (is_scratch(diags, diag)) {
        return;
    }
    va_list args;
    va_start(args, format);
    diag->help = format_text(diags->arena, format, args);
    va_end(args);
}

/* ---- order ---- */

static str file_of(const struct diag *diag)
{
    return diag->span.source != NULL ? diag->span.source->name : diag->file;
}

/* Order by file and position alone; a diagnostic about the whole file comes first. */
static int compare_places(const struct diag *a, const struct diag *b)
{
    int order = str_cmp(file_of(a), file_of(b));
    if (order != 0) {
        return order;
    }
    bool a_placed = a->span.source != NULL, b_placed = b->span.source != NULL;
    if (a_placed != b_placed) {
        return a_placed - b_placed;
    }
    return a_placed ? (a->span.start > b->span.start) - (a->span.start < b->span.start) : 0;
}

static int compare(const void *left, const void *right)
{
    const struct diag *a = left, *b = right;
    int order = compare_places(a, b);
    return order != 0 ? order : (a->order > b->order) - (a->order < b->order);
}

static bool same_notes(const struct diag *a, const struct diag *b)
{
    if (a->note_count != b->note_count) {
        return false;
    }
    for (isize i = 0; i < a->note_count; i++) {
        const struct diag_note *x = &a->notes[i], *y = &b->notes[i];
        if (x->span.source != y->span.source || x->span.start != y->span.start ||
            !str_eq(x->text, y->text)) {
            return false;
        }
    }
    return true;
}

static bool same(const struct diag *a, const struct diag *b)
{
    return a->class == b->class && a->span.end == b->span.end && str_eq(a->text, b->text) &&
           str_eq(a->help, b->help) && str_eq(a->ref_text, b->ref_text) &&
           a->ref_place.line == b->ref_place.line && a->ref_place.column == b->ref_place.column &&
           str_eq(a->ref_path, b->ref_path) && same_notes(a, b);
}

void diags_hide(struct diags *diags, isize from, isize to)
{
    for (isize i = from; i < to && i < diags->list.len; i++) {
        diags->list.ptr[i].ref_hidden = true;
    }
}

void diags_sort(struct diags *diags)
{
    struct diag *list = diags->list.ptr;
    if (diags->list.len > 1) {
        qsort(list, (size_t)diags->list.len, sizeof(*list), compare);
    }
    isize kept = 0;
    for (isize i = 0; i < diags->list.len; i++) {
        bool repeat = false;
        for (isize j = kept - 1; j >= 0 && !repeat && compare_places(&list[j], &list[i]) == 0;
             j--) {
            repeat = same(&list[j], &list[i]);
            list[j].ref_hidden = list[j].ref_hidden && (!repeat || list[i].ref_hidden);
        }
        if (repeat) {
            diags->errors -= list[i].class->severity == DIAG_ERROR;
        } else {
            list[kept++] = list[i];
        }
    }
    diags->list.len = kept;
}

/* ---- suggestions ---- */

str diag_nearest(struct arena *arena, str word, const str *candidates, isize count)
{
    int limit = word.len <= 3 ? 1 : word.len <= 7 ? 2 : 3; /* most edits that look like a slip */
    str best = STR_EMPTY;
    for (isize i = 0; i < count; i++) {
        if (str_eq_nocase(word, candidates[i])) {
            return candidates[i];
        }
        int distance = str_distance(arena, word, candidates[i], limit);
        if (distance <= limit && distance < candidates[i].len) {
            best = candidates[i];
            limit = distance - 1; /* from here on only nearer ones */
        }
    }
    return best;
}
