/* diag_render.c — diagnostics for people
 *
 *     leave_request.yaml:23:15: error[E2104]: unknown derived role `approver`
 *        23 |       derivedRoles: [approver]
 *           |                      ^~~~~~~~
 *        note: derived_roles.yaml:4:9: imported here
 *        help: did you mean `approvers`?
 *
 * The line and the marks below it are laid out in columns of a terminal: a tab reaches to the next
 * multiple of four, a wide character takes two, a combining one none. Long lines are shown in part.
 * What could command a terminal is replaced. A span over several lines is marked to the end of its
 * first line.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/diag.h"

#include "base/utf8.h"

#define TAB_STOP   4
#define WINDOW     160 /* most columns of a line that are shown      */
#define WINDOW_PRE 60  /* columns before the span in a shortened line */

static const char *const severity_names[] = { "error", "warning", "note" };
static const char *const severity_colors[] = { "\x1b[1;31m", "\x1b[1;33m", "\x1b[1;36m" };
#define COLOR_BOLD "\x1b[1m"
#define COLOR_MARK "\x1b[1;32m"
#define COLOR_DIM  "\x1b[2m"
#define COLOR_OFF  "\x1b[0m"

static void paint(struct sb *out, bool color, const char *code)
{
    if (color) {
        sb_add(out, str_from_c(code));
    }
}

static bool is_control(int32_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029 ||
           (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

/* A text in one line, with control characters and invalid bytes escaped. */
static void add_safe(struct sb *out, str text)
{
    for (isize pos = 0; pos < text.len;) {
        isize start = pos;
        int32_t c = utf8_next(text, &pos);
        if (c < 0) {
            sb_printf(out, "\\x%02x", (unsigned)(unsigned char)text.ptr[start]);
        } else if (is_control(c)) {
            sb_printf(out, "\\u%04x", (unsigned)c);
        } else {
            sb_add(out, str_slice(text, start, pos));
        }
    }
}

/* ---- columns ---- */

static const struct {
    int32_t first, last;
    int width;
} widths[] = {
    { 0x0300, 0x036F, 0 },   { 0x1100, 0x115F, 2 },   { 0x200B, 0x200D, 0 },
    { 0x20D0, 0x20FF, 0 },   { 0x2E80, 0x303E, 2 },   { 0x3041, 0xA4CF, 2 },
    { 0xAC00, 0xD7A3, 2 },   { 0xF900, 0xFAFF, 2 },   { 0xFE00, 0xFE0F, 0 },
    { 0xFE30, 0xFE6F, 2 },   { 0xFF00, 0xFF60, 2 },   { 0xFFE0, 0xFFE6, 2 },
    { 0x1F300, 0x1F64F, 2 }, { 0x1F900, 0x1F9FF, 2 }, { 0x20000, 0x3FFFD, 2 },
};

/* Columns that a character takes at column `at`. */
static int width_of(int32_t c, int at)
{
    if (c == '\t') {
        return TAB_STOP - at % TAB_STOP;
    }
    for (isize i = 0; i < countof(widths); i++) {
        if (c >= widths[i].first && c <= widths[i].last) {
            return widths[i].width;
        }
    }
    return 1;
}

/* Column behind the first `bytes` bytes of the line. */
static int column_of(str line, isize bytes)
{
    int column = 0;
    for (isize pos = 0; pos < bytes && pos < line.len;) {
        column += width_of(utf8_next(line, &pos), column);
    }
    return column;
}

static void add_spaces(struct sb *out, int count)
{
    for (int i = 0; i < count; i++) {
        sb_byte(out, ' ');
    }
}

/* The columns [from, to) of the line. */
static void add_columns(struct sb *out, str line, int from, int to)
{
    int column = 0;
    for (isize pos = 0; pos < line.len && column < to;) {
        isize start = pos;
        int32_t c = utf8_next(line, &pos);
        int width = width_of(c, column);
        int behind = column + width;
        if (behind > to || (column < from && behind > from)) { /* cut through: only its place */
            add_spaces(out, (behind < to ? behind : to) - (column > from ? column : from));
        } else if (column >= from) {
            if (c == '\t') {
                add_spaces(out, width);
            } else if (c < 0 || is_control(c)) {
                sb_add(out, S("\xEF\xBF\xBD"));
            } else {
                sb_add(out, str_slice(line, start, pos));
            }
        }
        column = behind;
    }
}

/* ---- one diagnostic ---- */

static void add_place(struct sb *out, struct span span, str file)
{
    if (span.source != NULL) {
        struct place place = source_place(span.source, span.start);
        add_safe(out, span.source->name);
        sb_printf(out, ":%d:%d: ", place.line, place.column);
    } else if (file.len > 0) {
        add_safe(out, file);
        sb_add(out, S(": "));
    }
}

/* The line of the span and the marks below it. */
static void add_excerpt(struct sb *out, struct span span, bool color)
{
    const struct source *source = span.source;
    int number = source_place(source, span.start).line;
    str line = source_line(source, number);
    isize base = (isize)source->lines[number - 1];
    int start = column_of(line, (isize)span.start - base);
    int end = column_of(line, (isize)span.end - base);
    int all = column_of(line, line.len);
    int from = 0, to = all;
    if (all > WINDOW) {
        from = start > WINDOW_PRE ? start - WINDOW_PRE : 0;
        from = from > all - WINDOW ? all - WINDOW : from;
        to = from + WINDOW;
    }
    end = end > to ? to : end;
    paint(out, color, COLOR_DIM);
    sb_printf(out, "%5d | ", number);
    paint(out, color, COLOR_OFF);
    sb_add(out, from > 0 ? S("…") : STR_EMPTY);
    add_columns(out, line, from, to);
    sb_add(out, to < all ? S("…\n") : S("\n"));
    paint(out, color, COLOR_DIM);
    sb_add(out, S("      | "));
    paint(out, color, COLOR_OFF);
    add_spaces(out, start - from + (from > 0));
    paint(out, color, COLOR_MARK);
    sb_byte(out, '^');
    for (int i = start + 1; i < end; i++) {
        sb_byte(out, '~');
    }
    paint(out, color, COLOR_OFF);
    sb_byte(out, '\n');
}

static void add_remark(struct sb *out, const char *word, const struct diag_note *note, bool color)
{
    sb_add(out, S("   "));
    paint(out, color, COLOR_BOLD);
    sb_add(out, str_from_c(word));
    paint(out, color, COLOR_OFF);
    sb_add(out, S(": "));
    add_place(out, note->span, STR_EMPTY);
    add_safe(out, note->text);
    sb_byte(out, '\n');
}

static void render(const struct diag *diag, bool color, struct sb *out)
{
    const struct diag_class *class = diag->class;
    paint(out, color, COLOR_BOLD);
    add_place(out, diag->span, diag->file);
    paint(out, color, COLOR_OFF);
    paint(out, color, severity_colors[class->severity]);
    sb_add(out, str_from_c(severity_names[class->severity]));
    if (class->code != NULL) {
        sb_printf(out, "[%s]", class->code);
    }
    paint(out, color, COLOR_OFF);
    sb_add(out, S(": "));
    add_safe(out, diag->text);
    sb_byte(out, '\n');
    if (diag->span.source != NULL) {
        add_excerpt(out, diag->span, color);
    }
    for (isize i = 0; i < diag->note_count; i++) {
        add_remark(out, "note", &diag->notes[i], color);
    }
    str help = diag->help.len > 0 ? diag->help : str_from_c(class->help);
    if (help.len > 0) {
        add_remark(out, "help", &(struct diag_note){ .text = help }, color);
    }
}

void diags_render(const struct diags *diags, bool color, struct sb *out)
{
    for (isize i = 0; i < diags->list.len; i++) {
        render(&diags->list.ptr[i], color, out);
    }
    if (diags->dropped > 0) {
        sb_printf(out, "%lld more not shown\n", (long long)diags->dropped);
    }
}
