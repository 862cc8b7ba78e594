/* log.c — log lines
 *
 * A line is built in a fixed buffer on the stack and written with one call, so lines of several
 * threads do not mix and logging needs no memory and no lock. Text that does not fit is cut at a
 * whole character and marked with `…`; the line stays valid JSON.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/log.h"

#include "base/clock.h"
#include "base/time.h"
#include "base/utf8.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#define LINE_MOST 8192 /* bytes of one line                       */
#define TAIL_ROOM 64   /* kept free so that a cut line can be closed */

static _Atomic(enum log_level) threshold = LOG_LEVEL_INFO;
static atomic_bool as_json;
static pthread_once_t format_once = PTHREAD_ONCE_INIT;

static const char *const level_names[] = { "debug", "info", "warn", "error", "none" };

void log_level_set(enum log_level level)
{
    atomic_store(&threshold, level);
}

enum log_level log_level_get(void)
{
    return atomic_load(&threshold);
}

bool log_level_parse(str name, enum log_level *out)
{
    if (str_eq_nocase(name, S("warning"))) {
        *out = LOG_LEVEL_WARN;
        return true;
    }
    for (int i = 0; i < countof(level_names); i++) {
        if (str_eq_nocase(name, str_from_c(level_names[i]))) {
            *out = (enum log_level)i;
            return true;
        }
    }
    return false;
}

static void format_default(void)
{
    atomic_store(&as_json, !isatty(STDERR_FILENO));
}

void log_format_set(bool json)
{
    (void)pthread_once(&format_once, format_default); /* so that it does not undo our setting */
    atomic_store(&as_json, json);
}

/* ---- one line ---- */

struct line {
    char text[LINE_MOST];
    int len;
    bool cut; /* something did not fit */
};

static void put(struct line *line, str s)
{
    if (line->cut || s.len > LINE_MOST - TAIL_ROOM - line->len) {
        line->cut = true;
        return;
    }
    memcpy(line->text + line->len, s.ptr, (size_t)s.len);
    line->len += (int)s.len;
}

/* Adds bytes that close what is open; there is always room for them. */
static void put_tail(struct line *line, str s)
{
    memcpy(line->text + line->len, s.ptr, (size_t)s.len);
    line->len += (int)s.len;
}

/* Control characters as \u00XX, in JSON also the quote and the backslash; damaged UTF-8 as U+FFFD.
 * */
static void put_escaped(struct line *line, str s, bool json)
{
    for (isize pos = 0; pos < s.len && !line->cut;) {
        isize start = pos;
        int32_t c = utf8_next(s, &pos);
        char escape[12];
        if (c < 0) {
            put(line, S("\xEF\xBF\xBD"));
        } else if (c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029) {
            int len = snprintf(escape, sizeof(escape), "\\u%04x", (unsigned)c);
            put(line, (str){ escape, len });
        } else if (json && (c == '"' || c == '\\')) {
            put(line, (str){ (const char[]){ '\\', (char)c }, 2 });
        } else {
            put(line, str_slice(s, start, pos));
        }
    }
}

/* A text in quotes, closed even when it was cut. */
static void put_quoted(struct line *line, str s)
{
    bool open = !line->cut;
    put(line, S("\""));
    open = open && !line->cut;
    put_escaped(line, s, true);
    if (open && line->cut) {
        put_tail(line, S("…"));
    }
    if (open) {
        put_tail(line, S("\""));
    }
}

static void put_member(struct line *line, str name, str value)
{
    if (line->cut || name.len > LINE_MOST - 2 * TAIL_ROOM - line->len) {
        line->cut = true; /* a name without its value would not be JSON */
        return;
    }
    put(line, S(","));
    put_quoted(line, name);
    put(line, S(":"));
    put_quoted(line, value);
}

static str now_text(char out[40])
{
    int64_t now = clock_wall_ns();
    int64_t seconds = now / 1000000000, nanos = now % 1000000000;
    if (nanos < 0) {
        seconds--;
        nanos += 1000000000;
    }
    return (str){ out, time_put_rfc3339(out, seconds, (int32_t)(nanos / 1000000 * 1000000), 0) };
}

static void line_json(struct line *line, enum log_level level, str logger, str message,
                      const struct log_field *fields, isize count)
{
    char time[40];
    put(line, S("{\"@timestamp\":"));
    put_quoted(line, now_text(time));
    put_member(line, S("log.level"), str_from_c(level_names[level]));
    put_member(line, S("log.logger"), logger);
    put_member(line, S("message"), message);
    for (isize i = 0; i < count; i++) {
        put_member(line, str_from_c(fields[i].name), fields[i].text);
    }
    put_tail(line, S("}\n"));
}

static void line_text(struct line *line, enum log_level level, str logger, str message,
                      const struct log_field *fields, isize count)
{
    char time[40];
    put(line, now_text(time));
    put(line, S(" "));
    put(line, str_from_c(level_names[level]));
    put(line, S(" "));
    put_escaped(line, logger, false);
    put(line, S(": "));
    put_escaped(line, message, false);
    for (isize i = 0; i < count; i++) {
        put(line, S(" "));
        put_escaped(line, str_from_c(fields[i].name), false);
        put(line, S("="));
        put_quoted(line, fields[i].text);
    }
    put_tail(line, line->cut ? S("…\n") : S("\n"));
}

void log_write(enum log_level level, const char *logger, const struct log_field *fields,
               isize count, const char *format, ...)
{
    enum log_level least = atomic_load_explicit(&threshold, memory_order_relaxed);
    if (level < least || least == LOG_LEVEL_NONE || level >= LOG_LEVEL_NONE) {
        return;
    }
    (void)pthread_once(&format_once, format_default); /* cannot fail with a valid control */
    int before = errno;
    char message[LINE_MOST / 2];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    len = len < 0 ? 0 : len >= (int)sizeof(message) ? (int)sizeof(message) - 1 : len;

    struct line line;
    line.len = 0;
    line.cut = false;
    str text = { message, len };
    if (atomic_load_explicit(&as_json, memory_order_relaxed)) {
        line_json(&line, level, str_from_c(logger), text, fields, count);
    } else {
        line_text(&line, level, str_from_c(logger), text, fields, count);
    }
    ssize_t put_bytes = write(STDERR_FILENO, line.text, (size_t)line.len);
    (void)put_bytes; /* there is nowhere to report that the log cannot be written */
    errno = before;
}
