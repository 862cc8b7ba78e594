/* fn_time.c — parts of instants and durations, and the clock of the request
 *
 * Parts of an instant are those of its calendar in UTC, or in the zone given by an offset
 * (`+02:30`) or by name. Offsets are read with the reference's leniency: their range is not checked
 * and arithmetic wraps. spec: cel#time
 *
 * Neighbours: base/time.h has the calendar and the zones · ops.c converts from text
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/num.h"
#include "base/time.h"
#include "cel/fn_priv.h"

#define NANOS INT64_C(1000000000)

/* A duration in units of unit_ns, cut to an integer; by way of a double, as in the reference, so
 * that a value a hair below an integer may be that integer. */
static int64_t whole(int64_t nanos, int64_t unit_ns)
{
    return (int64_t)((double)(nanos / unit_ns) + (double)(nanos % unit_ns) / (double)unit_ns);
}

/* ---- zones ---- */

/* Decimal digits with an optional sign; false with *error. */
static bool read_number(struct cel_run *run, str s, int64_t *out, struct value *error)
{
    if (num_parse_int(s, true, out)) {
        return true;
    }
    str digits = s.len > 0 && (s.ptr[0] == '+' || s.ptr[0] == '-') ? str_slice(s, 1, s.len) : s;
    bool only_digits = digits.len > 0;
    for (isize i = 0; i < digits.len; i++) {
        only_digits = only_digits && digits.ptr[i] >= '0' && digits.ptr[i] <= '9';
    }
    str quoted = fn_quoted(run->arena, str_slice(s, 0, 64));
    *error = v_error(run->arena, VE_ARGUMENT, "strconv.Atoi: parsing %.*s: %s", STR_ARG(quoted),
                     only_digits ? "value out of range" : "invalid syntax");
    return false;
}

/* Seconds east of UTC for `hours:minutes`; the minutes count away from zero. */
static bool read_offset(struct cel_run *run, str zone, isize colon, int64_t *seconds,
                        struct value *error)
{
    int64_t hours, minutes;
    if (!read_number(run, str_slice(zone, 0, colon), &hours, error) ||
        !read_number(run, str_slice(zone, colon + 1, zone.len), &minutes, error)) {
        return false;
    }
    bool west = zone.ptr[0] == '-';
    uint64_t total = (uint64_t)hours * 60 + (west ? 0 - (uint64_t)minutes : (uint64_t)minutes);
    *seconds = whole((int64_t)(total * 60 * (uint64_t)NANOS), NANOS); /* wraps as a duration does */
    return true;
}

static bool named_offset(struct cel_run *run, str name, int64_t instant, int64_t *seconds,
                         struct value *error)
{
    *seconds = 0;
    if (name.len == 0 || str_eq(name, S("UTC"))) {
        return true;
    }
    if (name.ptr[0] == '/' || name.ptr[0] == '\\' || str_find(name, S("..")) >= 0) {
        *error = v_error(run->arena, VE_ARGUMENT, "time: invalid location name");
        return false;
    }
    const struct zone *zone = run->zones != NULL ? run->zones->find(run->zones->ctx, name) : NULL;
    if (zone == NULL && str_eq(name, S("Local"))) {
        return true; /* a decision does not depend on where the server stands: UTC */
    }
    if (zone == NULL) {
        str shown = str_slice(name, 0, 128);
        *error = v_error(run->arena, VE_ARGUMENT, "unknown time zone %.*s", STR_ARG(shown));
        return false;
    }
    *seconds = zone_offset(zone, instant);
    return true;
}

/* ---- parts of instants ---- */

/* The calendar of args[0], in the zone of args[1] when there is one; false with *error. */
static bool calendar(struct cel_run *run, const char *name, const struct value *args, int argc,
                     struct civil *out, struct value *error)
{
    if (argc < 1 || argc > 2 || args[0].kind != V_TIMESTAMP ||
        (argc == 2 && args[1].kind != V_STRING)) {
        *error = cel_no_overload(run, name, args, argc);
        return false;
    }
    int64_t offset = 0;
    if (argc == 2) {
        str zone = v_str(args[1]);
        if (!pay_bytes(run, zone.len)) {
            *error = cel_budget_error();
            return false;
        }
        isize colon = str_find_byte(zone, ':');
        if (colon >= 0 ? !read_offset(run, zone, colon, &offset, error)
                       : !named_offset(run, zone, args[0].i, &offset, error)) {
            return false;
        }
    }
    time_civil(args[0].i + offset,
               out); /* both are far from the limits: at most 292 years are added */
    return true;
}

#define CALENDAR_FUNCTION(function, name, part)                                                    \
    struct value function(struct cel_run *run, const struct value *args, int argc)                 \
    {                                                                                              \
        struct civil civil;                                                                        \
        struct value error;                                                                        \
        return calendar(run, name, args, argc, &civil, &error) ? v_int(part) : error;              \
    }

CALENDAR_FUNCTION(fn_get_full_year, "getFullYear", civil.year)
CALENDAR_FUNCTION(fn_get_month, "getMonth", civil.month - 1)
CALENDAR_FUNCTION(fn_get_date, "getDate", civil.day)
CALENDAR_FUNCTION(fn_get_day_of_month, "getDayOfMonth", civil.day - 1)
CALENDAR_FUNCTION(fn_get_day_of_week, "getDayOfWeek", civil.weekday)
CALENDAR_FUNCTION(fn_get_day_of_year, "getDayOfYear", civil.yearday)

/* ---- parts of instants, or whole durations ---- */

#define CLOCK_FUNCTION(function, name, part, duration_value)                                       \
    struct value function(struct cel_run *run, const struct value *args, int argc)                 \
    {                                                                                              \
        if (argc == 1 && args[0].kind == V_DURATION) {                                             \
            return duration_value;                                                                 \
        }                                                                                          \
        struct civil civil;                                                                        \
        struct value error;                                                                        \
        return calendar(run, name, args, argc, &civil, &error) ? v_int(part) : error;              \
    }

CLOCK_FUNCTION(fn_get_hours, "getHours", civil.hour, v_int(whole(args[0].i, 3600 * NANOS)))
CLOCK_FUNCTION(fn_get_minutes, "getMinutes", civil.minute, v_int(whole(args[0].i, 60 * NANOS)))
CLOCK_FUNCTION(fn_get_seconds, "getSeconds", civil.second, v_int(whole(args[0].i, NANOS)))
CLOCK_FUNCTION(fn_get_milliseconds, "getMilliseconds", args[0].len / 1000000,
               v_int(args[0].i / 1000000))

/* ---- the clock of the request ---- */

struct value fn_now(struct cel_run *run, const struct value *args, int argc)
{
    if (argc != 0) {
        return cel_no_overload(run, "now", args, argc);
    }
    run->now_used = true;
    int64_t nanos = run->now_ns % NANOS;
    int64_t seconds = run->now_ns / NANOS - (nanos < 0);
    return v_timestamp(seconds, (int32_t)(nanos < 0 ? nanos + NANOS : nanos), 0);
}

/* Differences beyond what a duration holds are cut to the limits. */
struct value fn_time_since(struct cel_run *run, const struct value *args, int argc)
{
    if (argc != 1 || args[0].kind != V_TIMESTAMP) {
        return v_no_overload();
    }
    run->now_used = true;
    __int128 since = run->now_ns - ((__int128)args[0].i * NANOS + args[0].len);
    if (since > INT64_MAX) {
        return v_duration(INT64_MAX);
    }
    return v_duration(since < INT64_MIN ? INT64_MIN : (int64_t)since);
}
