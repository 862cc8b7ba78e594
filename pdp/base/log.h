/* log.h — log lines
 *
 * One JSON object a line on standard error (ECS names: @timestamp, log.level, log.logger, message), or
 * text for people when standard error is a terminal. Control characters are always escaped. Secrets,
 * tokens and attribute values are never passed in. Any thread; a line is one write.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_BASE_LOG_H
#define CARDEA_BASE_LOG_H

#include "base/str.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR, LOG_LEVEL_NONE };

struct log_field {
    const char *name; /* JSON member name             */
    str text;         /* its value, escaped on output */
};

void log_level_set(enum log_level level);
enum log_level log_level_get(void);
/* Names debug, info, warn (warning), error, none; false for others. */
bool log_level_parse(str name, enum log_level *out);
void log_format_set(bool json); /* default: text on a terminal, JSON elsewhere */

/* Writes a line of the given level. fields may be NULL when count is 0. */
void log_write(enum log_level level, const char *logger, const struct log_field *fields, isize count,
               const char *format, ...) __attribute__((format(printf, 5, 6)));

#define log_info(logger, ...)  log_write(LOG_LEVEL_INFO, logger, NULL, 0, __VA_ARGS__)
#define log_warn(logger, ...)  log_write(LOG_LEVEL_WARN, logger, NULL, 0, __VA_ARGS__)
#define log_error(logger, ...) log_write(LOG_LEVEL_ERROR, logger, NULL, 0, __VA_ARGS__)

#endif
