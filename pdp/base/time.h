/* time.h — instants, civil calendar, durations, zones
 *
 * Instants are seconds since 1970-01-01T00:00:00Z (may be negative) and nanoseconds 0 … 999 999 999.
 * Parsers accept exactly what the reference accepts (spec: cel#time). Zones come from TZif files of the system's
 * zone database, read once and kept by the caller.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_BASE_TIME_H
#define CARDEA_BASE_TIME_H

#include "base/str.h"

#define TIME_MIN_SECONDS (-62135596800LL) /* 0001-01-01T00:00:00Z */
#define TIME_MAX_SECONDS 253402300799LL   /* 9999-12-31T23:59:59Z */

struct civil {
    int64_t year;   /* proleptic Gregorian               */
    int month;      /* 1 … 12                            */
    int day;        /* 1 … 31                            */
    int hour;       /* 0 … 23                            */
    int minute;     /* 0 … 59                            */
    int second;     /* 0 … 59                            */
    int weekday;    /* 0 = Sunday                        */
    int yearday;    /* 0 … 365                           */
};

void time_civil(int64_t seconds, struct civil *out);
int64_t time_from_civil(int64_t year, int month, int day, int hour, int minute, int second);

/* What is wrong with a timestamp; the reference words the three differently. */
enum time_fault {
    TIME_OK,
    TIME_FORM,  /* not of the form, or a part out of its range (month 13, hour 24, offset +24:00)       */
    TIME_VALUE, /* no such day (30 February), second 60, lower case `t` or `z`                          */
    TIME_RANGE  /* the instant is outside the years 1 … 9999                                            */
};

/* RFC 3339 as the reference reads it: fraction after `.` only, digits after the ninth dropped. *offset_min
 * receives the written offset, minutes east. The results are set only with TIME_OK. */
enum time_fault time_read_rfc3339(str s, int64_t *seconds, int32_t *nanos, int *offset_min);

/* The same for callers who need no reason. */
bool time_parse_rfc3339(str s, int64_t *seconds, int32_t *nanos, int *offset_min);

/* Writes RFC 3339 in the given offset, fraction without trailing zeros, `Z` for offset 0. At most 40 bytes. */
int time_put_rfc3339(char *out, int64_t seconds, int32_t nanos, int offset_min);

/* Go's duration grammar (`1h30m`, `-1.5s`, `300ms`, `0`); false for errors and beyond int64 nanoseconds. */
bool time_parse_duration(str s, int64_t *nanos);

/* Seconds as shortest double and `s`: `5401.5s`. At most NUM_TEXT bytes. */
int time_put_duration(char *out, int64_t nanos);

/* ---- zones ---- */
struct zone; /* rules of one named zone */

/* Reads a zone by its IANA name ("" and "UTC" are UTC) from the zone directory (NULL: the system's) into the
 * arena. Returns NULL when the name is not known, malformed (.., leading /) or the file is corrupt. */
const struct zone *zone_load(struct arena *arena, str name, const char *directory);

/* Offset from UTC in seconds (east positive) at an instant, also beyond the file's table (POSIX rule). */
int zone_offset(const struct zone *zone, int64_t seconds);

#endif
