/* source.h — a named text and places in it
 *
 * Spans are byte ranges; line and column (1-based, columns in code points) are computed when shown.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_BASE_SOURCE_H
#define CARDEA_BASE_SOURCE_H

#include "base/str.h"

struct source {
    str name;            /* shown to people: path relative to the store's root      */
    str text;            /* the whole text; borrowed, valid while diagnostics live  */
    uint32_t *lines;     /* byte offset of each line's first byte                   */
    isize line_count;    /* at least 1                                              */
};

struct span {
    const struct source *source; /* NULL: no position                  */
    uint32_t start;              /* first byte                         */
    uint32_t end;                /* first byte behind; may equal start */
};

struct place {
    int line;   /* from 1                        */
    int column; /* from 1, in code points        */
};

/* A source with its line table, in the arena. name and text are borrowed; text.len < 2^31. */
struct source *source_new(struct arena *arena, str name, str text);

struct place source_place(const struct source *source, uint32_t offset);

/* The text of a line (from 1) without its line end; empty beyond the last. */
str source_line(const struct source *source, int line);

/* Byte offset of (line, column); clipped to the text. */
uint32_t source_offset(const struct source *source, int line, int column);

#endif
