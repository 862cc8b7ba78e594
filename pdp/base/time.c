/* time.c — civil calendar, RFC 3339 and durations
 *
 * The calendar counts days in years that begin in March, so the leap day is the last of its year
 * and the lengths of months follow one linear formula; 400 years are the period.
 *
 * The parsers accept exactly what the reference accepts (spec: cel#time). It checks the form of a
 * timestamp first, rather leniently, and then reads it, rather strictly, with different complaints;
 * fractions of a duration go through doubles.
 *
 * Neighbours: zone.c reads zone files
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/time.h"

#include "base/num.h"

#define DAY_SECONDS 86400
#define ERA_YEARS   400
#define ERA_DAYS    146097
#define EPOCH_DAYS  719468 /* from 0000-03-01 to 1970-01-01 */
#define NANOS       1000000000

/* ---- calendar ---- */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in_month(int64_t year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days from 1970-01-01 to the given day. */
static int64_t days_from_civil(int64_t year, int month, int day)
{
    int64_t y = year - (month <= 2);
    int64_t era = floor_div(y, ERA_YEARS);
    int64_t year_of_era = y - era * ERA_YEARS;
    int64_t month_from_march = (month + 9) % 12;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * ERA_DAYS + day_of_era - EPOCH_DAYS;
}

int64_t time_from_civil(int64_t year, int month, int day, int hour, int minute, int second)
{
    return days_from_civil(year, month, day) * DAY_SECONDS + hour * 3600 + minute * 60 + second;
}

void time_civil(int64_t seconds, struct civil *out)
{
    int64_t days = floor_div(seconds, DAY_SECONDS);
    int rest = (int)(seconds - days * DAY_SECONDS);
    int64_t z = days + EPOCH_DAYS;
    int64_t era = floor_div(z, ERA_DAYS);
    int64_t day_of_era = z - era * ERA_DAYS;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int month_from_march = (int)((5 * day_of_year + 2) / 153);
    out->month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    out->day = (int)(day_of_year - (153 * month_from_march + 2) / 5) + 1;
    out->year = era * ERA_YEARS + year_of_era + (out->month <= 2);
    out->hour = rest / 3600;
    out->minute = rest / 60 % 60;
    out->second = rest % 60;
    out->weekday = (int)((days % 7 + 11) % 7); /* 1970-01-01 was a Thursday */
    out->yearday = (int)(days - days_from_civil(out->year, 1, 1));
}

/* ---- RFC 3339 in ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Takes exactly `count` digits from the front. */
static bool take_digits(str *s, int count, int *out)
{
    if (s->len < count) {
        return false;
    }
    int n = 0;
    for (int i = 0; i < count; i++) {
        if (!is_digit(s->ptr[i])) {
            return false;
        }
        n = n * 10 + (s->ptr[i] - '0');
    }
    *s = str_slice(*s, count, s->len);
    *out = n;
    return true;
}

static bool take_byte(str *s, char c)
{
    if (s->len == 0 || s->ptr[0] != c) {
        return false;
    }
    *s = str_slice(*s, 1, s->len);
    return true;
}

/* A number of two digits in [least, most]. */
static bool take_two(str *s, int least, int most, int *out)
{
    return take_digits(s, 2, out) && *out >= least && *out <= most;
}

/* `.` and digits; those after the ninth do not count. Without it nothing is taken. */
static int32_t take_fraction(str *s)
{
    if (s->len < 2 || s->ptr[0] != '.' || !is_digit(s->ptr[1])) {
        return 0;
    }
    int32_t nanos = 0, unit = NANOS / 10;
    isize i = 1;
    for (; i < s->len && is_digit(s->ptr[i]); i++) {
        nanos += (s->ptr[i] - '0') * unit;
        unit /= 10;
    }
    *s = str_slice(*s, i, s->len);
    return nanos;
}

/* ±hh:mm */
static bool take_offset(str *s, int *offset_min)
{
    bool west = take_byte(s, '-');
    if (!west && !take_byte(s, '+')) {
        return false;
    }
    int hours, minutes;
    if (!take_two(s, 0, 23, &hours) || !take_byte(s, ':') || !take_two(s, 0, 59, &minutes)) {
        return false;
    }
    *offset_min = (west ? -1 : 1) * (hours * 60 + minutes);
    return true;
}

enum time_fault time_read_rfc3339(str s, int64_t *seconds, int32_t *nanos, int *offset_min)
{
    int year, month, day, hour, minute, second, offset = 0;
    bool date = take_digits(&s, 4, &year) && take_byte(&s, '-') && take_two(&s, 1, 12, &month) &&
                take_byte(&s, '-') && take_two(&s, 1, 31, &day);
    bool small = date && take_byte(&s, 't');
    if (!date || (!small && !take_byte(&s, 'T'))) {
        return TIME_FORM;
    }
    if (!take_two(&s, 0, 23, &hour) || !take_byte(&s, ':') || !take_two(&s, 0, 59, &minute) ||
        !take_byte(&s, ':') || !take_two(&s, 0, 60, &second)) {
        return TIME_FORM;
    }
    int32_t fraction = take_fraction(&s);
    bool small_z = take_byte(&s, 'z');
    if ((!small_z && !take_byte(&s, 'Z') && !take_offset(&s, &offset)) || s.len != 0) {
        return TIME_FORM;
    }
    if (small || small_z || second == 60 || day > days_in_month(year, month)) {
        return TIME_VALUE;
    }
    int64_t instant = time_from_civil(year, month, day, hour, minute, second) - offset * 60;
    if (instant < TIME_MIN_SECONDS || instant > TIME_MAX_SECONDS) {
        return TIME_RANGE;
    }
    *seconds = instant;
    *nanos = fraction;
    *offset_min = offset;
    return TIME_OK;
}

bool time_parse_rfc3339(str s, int64_t *seconds, int32_t *nanos, int *offset_min)
{
    return time_read_rfc3339(s, seconds, nanos, offset_min) == TIME_OK;
}

/* ---- RFC 3339 out ---- */

/* Digits of n ≥ 0, with zeros in front up to `width`. */
static int put_padded(char *out, int64_t n, int width)
{
    char text[24];
    int len = num_put_int(text, n);
    int zeros = width > len ? width - len : 0;
    memset(out, '0', (size_t)zeros);
    memcpy(out + zeros, text, (size_t)len);
    return zeros + len;
}

static int put_fraction(char *out, int32_t nanos)
{
    if (nanos == 0) {
        return 0;
    }
    out[0] = '.';
    int len = 1 + put_padded(out + 1, nanos, 9);
    while (out[len - 1] == '0') {
        len--;
    }
    return len;
}

static int put_offset(char *out, int offset_min)
{
    if (offset_min == 0) {
        out[0] = 'Z';
        return 1;
    }
    int minutes = offset_min < 0 ? -offset_min : offset_min;
    out[0] = offset_min < 0 ? '-' : '+';
    int len = 1 + put_padded(out + 1, minutes / 60, 2);
    out[len++] = ':';
    return len + put_padded(out + len, minutes % 60, 2);
}

int time_put_rfc3339(char *out, int64_t seconds, int32_t nanos, int offset_min)
{
    struct civil c;
    time_civil(seconds + (int64_t)offset_min * 60, &c);
    int len = 0;
    if (c.year < 0) {
        out[len++] = '-';
        c.year = -c.year;
    }
    const struct {
        int64_t n;
        int width;
        char before;
    } parts[] = { { c.year, 4, 0 },   { c.month, 2, '-' },  { c.day, 2, '-' },
                  { c.hour, 2, 'T' }, { c.minute, 2, ':' }, { c.second, 2, ':' } };
    for (int i = 0; i < countof(parts); i++) {
        if (parts[i].before != 0) {
            out[len++] = parts[i].before;
        }
        len += put_padded(out + len, parts[i].n, parts[i].width);
    }
    len += put_fraction(out + len, nanos);
    return len + put_offset(out + len, offset_min);
}

/* ---- durations ---- */

#define DURATION_MOST (UINT64_C(1) << 63) /* of the magnitude, for a negative duration */

static const struct {
    str name;
    uint64_t nanos;
} units[] = {
    { { "ns", 2 }, 1 },
    { { "us", 2 }, 1000 },
    { { "\xC2\xB5s", 3 }, 1000 }, /* U+00B5 micro sign        */
    { { "\xCE\xBCs", 3 }, 1000 }, /* U+03BC Greek letter mu   */
    { { "ms", 2 }, 1000000 },
    { { "s", 1 }, UINT64_C(1000000000) },
    { { "m", 1 }, UINT64_C(60000000000) },
    { { "h", 1 }, UINT64_C(3600000000000) },
};

/* Nanoseconds of the unit that the text begins with, 0 when it is none; a unit ends before `.` or a
 * digit. */
static uint64_t take_unit(str *s)
{
    isize len = 0;
    while (len < s->len && s->ptr[len] != '.' && !is_digit(s->ptr[len])) {
        len++;
    }
    str name = str_slice(*s, 0, len);
    for (isize i = 0; i < countof(units); i++) {
        if (str_eq(name, units[i].name)) {
            *s = str_slice(*s, len, s->len);
            return units[i].nanos;
        }
    }
    return 0;
}

/* Digits in front of the point; false beyond 2^63. */
static bool take_whole(str *s, uint64_t *out)
{
    uint64_t n = 0;
    isize i = 0;
    for (; i < s->len && is_digit(s->ptr[i]); i++) {
        if (n > DURATION_MOST / 10) {
            return false;
        }
        n = n * 10 + (uint64_t)(s->ptr[i] - '0');
        if (n > DURATION_MOST) {
            return false;
        }
    }
    *s = str_slice(*s, i, s->len);
    *out = n;
    return true;
}

/* Digits behind the point as *digits / *scale; those that do not fit 63 bits are dropped. */
static void take_digits_of_fraction(str *s, uint64_t *digits, double *scale)
{
    *digits = 0;
    *scale = 1;
    bool full = false;
    isize i = 0;
    for (; i < s->len && is_digit(s->ptr[i]); i++) {
        uint64_t next = *digits * 10 + (uint64_t)(s->ptr[i] - '0');
        full = full || *digits > (uint64_t)INT64_MAX / 10 || next > DURATION_MOST;
        if (!full) {
            *digits = next;
            *scale *= 10;
        }
    }
    *s = str_slice(*s, i, s->len);
}

/* One `number unit` in nanoseconds. */
static bool take_term(str *s, uint64_t *out)
{
    isize before = s->len;
    uint64_t whole, fraction = 0;
    double scale = 1;
    if (!take_whole(s, &whole)) {
        return false;
    }
    bool any = s->len < before;
    if (take_byte(s, '.')) {
        before = s->len;
        take_digits_of_fraction(s, &fraction, &scale);
        any = any || s->len < before;
    }
    uint64_t unit = any ? take_unit(s) : 0;
    if (unit == 0 || whole > DURATION_MOST / unit) {
        return false;
    }
    *out = whole * unit + (uint64_t)((double)fraction * ((double)unit / scale));
    return *out <= DURATION_MOST;
}

bool time_parse_duration(str s, int64_t *nanos)
{
    bool negative = take_byte(&s, '-');
    if (!negative) {
        (void)take_byte(&s, '+'); /* allowed, without meaning */
    }
    if (str_eq(s, S("0"))) {
        *nanos = 0;
        return true;
    }
    if (s.len == 0) {
        return false;
    }
    uint64_t total = 0;
    while (s.len > 0) {
        uint64_t term;
        if (!take_term(&s, &term)) {
            return false;
        }
        total += term; /* both ≤ 2^63; the sum wraps to 0 only for 2^63 + 2^63 */
        if (total > DURATION_MOST || total < term) {
            return false;
        }
    }
    if (total == DURATION_MOST) {
        *nanos = INT64_MIN;
        return negative;
    }
    *nanos = negative ? -(int64_t)total : (int64_t)total;
    return true;
}

int time_put_duration(char *out, int64_t nanos)
{
    double seconds = (double)(nanos / NANOS) + (double)(nanos % NANOS) / 1e9;
    int len = num_put_double_plain(out, seconds);
    out[len] = 's';
    return len + 1;
}
