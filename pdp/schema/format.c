/* format.c — the formats that the reference asserts: times, pointers, addresses, patterns
 *
 * Each is as strict or lax as the reference's library, so that the same attributes pass. Names that
 * are not in the table pass everything (`idn-email`, `idn-hostname` among them).
 *
 * spec: cerbos-compat#schemas
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/ip.h"
#include "schema/schema_priv.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A decimal number in range, as the reference's library reads integers: a sign is fine. */
static bool in_range(str s, int64_t least, int64_t most, int64_t *out)
{
    return num_parse_int(s, true, out) && *out >= least && *out <= most;
}

/* ---- times ---- */
static bool is_date(struct arena *arena, str s)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    (void)arena;
    for (isize i = 0; i < s.len; i++) {
        if (i == 4 || i == 7 ? s.ptr[i] != '-' : !is_digit(s.ptr[i])) {
            return false;
        }
    }
    if (s.len != 10) {
        return false;
    }
    int year =
        (s.ptr[0] - '0') * 1000 + (s.ptr[1] - '0') * 100 + (s.ptr[2] - '0') * 10 + (s.ptr[3] - '0');
    int month = (s.ptr[5] - '0') * 10 + (s.ptr[6] - '0');
    int day = (s.ptr[8] - '0') * 10 + (s.ptr[9] - '0');
    if (month < 1 || month > 12) {
        return false;
    }
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day >= 1 && day <= days[month - 1] + (month == 2 && leap);
}

/* Behind the seconds: `Z` or ±hh:mm. *minutes: of the day, becomes UTC. */
static bool read_offset(str s, int64_t *minutes)
{
    int64_t hour;
    int64_t minute;
    if (s.len == 1 && (s.ptr[0] == 'z' || s.ptr[0] == 'Z')) {
        return true;
    }
    if (s.len != 6 || s.ptr[3] != ':' || (s.ptr[0] != '+' && s.ptr[0] != '-')) {
        return false;
    }
    if (!in_range(str_slice(s, 1, 3), 0, 23, &hour) ||
        !in_range(str_slice(s, 4, 6), 0, 59, &minute)) {
        return false;
    }
    int64_t offset = hour * 60 + minute;
    *minutes += s.ptr[0] == '+' ? -offset : offset;
    *minutes += *minutes < 0 ? 24 * 60 : 0;
    return true;
}

static bool is_time(struct arena *arena, str s)
{
    int64_t hour;
    int64_t minute;
    int64_t second;
    (void)arena;
    if (s.len < 9 || s.ptr[2] != ':' || s.ptr[5] != ':' ||
        !in_range(str_slice(s, 0, 2), 0, 23, &hour) ||
        !in_range(str_slice(s, 3, 5), 0, 59, &minute) ||
        !in_range(str_slice(s, 6, 8), 0, 60, &second)) {
        return false;
    }
    str rest = str_slice(s, 8, s.len);
    if (rest.ptr[0] == '.') {
        isize end = 1;
        while (end < rest.len && is_digit(rest.ptr[end])) {
            end++;
        }
        if (end == 1) {
            return false;
        }
        rest = str_slice(rest, end, rest.len);
    }
    int64_t minutes = hour * 60 + minute;
    if (!read_offset(rest, &minutes)) {
        return false;
    }
    return second < 60 ||
           (minutes / 60 == 23 && minutes % 60 == 59); /* a leap second ends the day */
}

static bool is_date_time(struct arena *arena, str s)
{
    return s.len >= 20 && (s.ptr[10] == 'T' || s.ptr[10] == 't') &&
           is_date(arena, str_slice(s, 0, 10)) && is_time(arena, str_slice(s, 11, s.len));
}

/* Reads `<digits><letter>` up to `T` or the end; the letters must follow each other in `order`. */
static bool read_units(str *s, str order, isize *count)
{
    struct {
        char text[8];
        isize len;
    } units = { .len = 0 };
    while (s->len > 0 && s->ptr[0] != 'T') {
        isize digits = 0;
        while (digits < s->len && is_digit(s->ptr[digits])) {
            digits++;
        }
        if (digits == 0 || digits == s->len || units.len == countof(units.text)) {
            return false;
        }
        units.text[units.len++] = s->ptr[digits];
        *s = str_slice(*s, digits + 1, s->len);
    }
    *count = units.len;
    bool weeks = units.len == 1 && units.text[0] == 'W' && str_eq(order, S("YMD"));
    return (weeks && s->len == 0) || str_find(order, (str){ units.text, units.len }) >= 0;
}

static bool is_duration(struct arena *arena, str s)
{
    isize count;
    (void)arena;
    if (!str_starts(s, S("P"))) {
        return false;
    }
    s = str_slice(s, 1, s.len);
    if (!read_units(&s, S("YMD"), &count)) {
        return false;
    }
    if (s.len == 0) {
        return count > 0;
    }
    s = str_slice(s, 1, s.len);
    return read_units(&s, S("HMS"), &count) && s.len == 0 && count > 0;
}

static bool is_period(struct arena *arena, str s)
{
    str start;
    str end;
    if (!str_cut(s, '/', &start, &end)) {
        return false;
    }
    if (is_date_time(arena, start)) {
        return is_date_time(arena, end) || is_duration(arena, end);
    }
    return is_duration(arena, start) && is_date_time(arena, end);
}

/* ---- addresses ---- */
bool format_is_ipv4(str s)
{
    for (int i = 0; i < 4; i++) {
        str part;
        int64_t n;
        bool more = str_cut(s, '.', &part, &s);
        if (more != (i < 3) || !in_range(part, 0, 255, &n) || (n != 0 && part.ptr[0] == '0')) {
            return false;
        }
    }
    return true;
}

static bool is_ipv4(struct arena *arena, str s)
{
    (void)arena;
    return format_is_ipv4(s);
}

bool format_is_ipv6(struct arena *arena, str s)
{
    struct ip ip;
    return ip_parse(arena, s, &ip, NULL) && ip.bits == 128 && !ip.zone;
}

static bool is_hostname(struct arena *arena, str s)
{
    (void)arena;
    return format_is_hostname(s);
}

/* ---- pointers and names ---- */
static bool is_json_pointer(struct arena *arena, str s)
{
    (void)arena;
    if (s.len > 0 && s.ptr[0] != '/') {
        return false;
    }
    for (isize i = 0; i < s.len; i++) {
        if (s.ptr[i] == '~' && (i + 1 == s.len || (s.ptr[i + 1] != '0' && s.ptr[i + 1] != '1'))) {
            return false;
        }
    }
    return true;
}

static bool is_relative_json_pointer(struct arena *arena, str s)
{
    isize digits = 0;
    if (str_starts(s, S("0"))) {
        digits = 1;
    } else {
        while (digits < s.len && is_digit(s.ptr[digits])) {
            digits++;
        }
    }
    str rest = str_slice(s, digits, s.len);
    return digits > 0 && (str_eq(rest, S("#")) || is_json_pointer(arena, rest));
}

static bool is_uuid(struct arena *arena, str s)
{
    (void)arena;
    for (isize i = 0; i < s.len; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        char lower = (char)(s.ptr[i] | 0x20);
        bool hex = is_digit(s.ptr[i]) || (lower >= 'a' && lower <= 'f');
        if (dash ? s.ptr[i] != '-' : !hex) {
            return false;
        }
    }
    return s.len == 36;
}

static bool is_regex(struct arena *arena, str s)
{
    str why;
    return cel_regex_valid(arena, s, &why);
}

/* ---- the table ---- */
const struct format *format_find(str name)
{
    static const struct format formats[] = {
        { "date-time", is_date_time },
        { "date", is_date },
        { "time", is_time },
        { "duration", is_duration },
        { "period", is_period },
        { "hostname", is_hostname },
        { "email", format_email },
        { "ip-address", is_ipv4 },
        { "ipv4", is_ipv4 },
        { "ipv6", format_is_ipv6 },
        { "uri", format_uri },
        { "iri", format_uri },
        { "uri-reference", format_uri_reference },
        { "uriref", format_uri_reference },
        { "iri-reference", format_uri_reference },
        { "uri-template", format_uri_template },
        { "regex", is_regex },
        { "json-pointer", is_json_pointer },
        { "relative-json-pointer", is_relative_json_pointer },
        { "uuid", is_uuid },
    };
    for (isize i = 0; i < countof(formats); i++) {
        if (str_eq(name, str_from_c(formats[i].name))) {
            return &formats[i];
        }
    }
    return NULL;
}
