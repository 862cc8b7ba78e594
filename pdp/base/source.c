/* source.c — a named text and places in it
 *
 * A line ends with LF, CR LF or a lone CR; the table holds where each begins.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/source.h"

#include "base/utf8.h"

#include <assert.h>

/* Position behind the line end that starts at `at`, or -1 when none starts there. */
static isize behind_line_end(str text, isize at)
{
    if (text.ptr[at] == '\n') {
        return at + 1;
    }
    if (text.ptr[at] == '\r') {
        return at + 1 < text.len && text.ptr[at + 1] == '\n' ? at + 2 : at + 1;
    }
    return -1;
}

/* Writes the start of each line into `lines` (NULL: only counts) and returns how many there are. */
static isize find_lines(str text, uint32_t *lines)
{
    isize count = 1; /* the first begins at 0, which the table holds already */
    for (isize i = 0; i < text.len;) {
        isize next = behind_line_end(text, i);
        if (next < 0) {
            i++;
            continue;
        }
        if (lines != NULL) {
            lines[count] = (uint32_t)next;
        }
        count++;
        i = next;
    }
    return count;
}

struct source *source_new(struct arena *arena, str name, str text)
{
    assert(text.len <= INT32_MAX);
    struct source *source = new(arena, struct source, 1);
    source->name = name;
    source->text = text;
    source->line_count = find_lines(text, NULL);
    source->lines = new(arena, uint32_t, source->line_count);
    find_lines(text, source->lines);
    return source;
}

/* Code points of a text that may be damaged: each invalid byte counts as one. */
static isize count_points(str s)
{
    isize count = 0;
    for (isize pos = 0; pos < s.len; count++) {
        (void)utf8_next(s, &pos); /* moves on in either case */
    }
    return count;
}

struct place source_place(const struct source *source, uint32_t offset)
{
    isize end = (isize)offset < source->text.len ? (isize)offset : source->text.len;
    isize low = 0, high = source->line_count; /* the line is in [low, high) */
    while (high - low > 1) {
        isize middle = low + (high - low) / 2;
        if ((isize)source->lines[middle] <= end) {
            low = middle;
        } else {
            high = middle;
        }
    }
    str before = str_slice(source->text, (isize)source->lines[low], end);
    return (struct place){ (int)low + 1, (int)count_points(before) + 1 };
}

str source_line(const struct source *source, int line)
{
    if (line < 1 || line > source->line_count) {
        return STR_EMPTY;
    }
    isize start = (isize)source->lines[line - 1];
    isize end = line < source->line_count ? (isize)source->lines[line] : source->text.len;
    while (end > start &&
           (source->text.ptr[end - 1] == '\n' || source->text.ptr[end - 1] == '\r')) {
        end--;
    }
    return str_slice(source->text, start, end);
}

uint32_t source_offset(const struct source *source, int line, int column)
{
    if (line < 1) {
        return 0;
    }
    if (line > source->line_count) {
        return (uint32_t)source->text.len;
    }
    str text = source_line(source, line);
    isize pos = 0;
    for (int i = 1; i < column && pos < text.len; i++) {
        (void)utf8_next(text, &pos); /* moves on in either case */
    }
    return source->lines[line - 1] + (uint32_t)pos;
}
