/* zone.c — time zones from the files of the system's zone database
 *
 * A file (TZif, RFC 8536 and its successor) holds a sorted table of instants at which the offset
 * changes, and a rule in the notation of POSIX's TZ variable for the time behind the table. Version
 * 1 has only a table of 32-bit instants; later versions repeat it with 64 bits and add the rule.
 *
 * Nothing in a file is believed: counts are checked against its length, indices against counts,
 * offsets against what the format allows, the table for its order. What is wrong makes the zone
 * unknown.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/time.h"

#include "base/files.h"

#include <assert.h>

#define SYSTEM_DIRECTORY "/usr/share/zoneinfo"
#define FILE_MOST        (1 << 20) /* bytes; the largest real ones have about 4 KiB */
#define NAME_MOST        100       /* bytes of a zone's name                         */
#define OFFSET_LEAST     (-25 * 3600 + 1)
#define OFFSET_MOST      (26 * 3600 - 1)
#define HEADER_SIZE      44
#define DAY_SECONDS      86400

/* A day of the year and a time of day, for a rule. */
struct rule_day {
    enum { DAY_JULIAN, DAY_ZERO, DAY_MONTH } form; /* Jn (no 29 February), n, Mm.w.d   */
    int day;                                       /* of the year, or of the week       */
    int week;                                      /* 1 … 5, 5 is the last of the month */
    int month;                                     /* 1 … 12                            */
    int seconds;                                   /* after midnight, may be negative   */
};

/* Rule behind the table: standard time, or two offsets that change on two days of the year. */
struct rule {
    bool given;
    bool has_dst;
    int std_offset;            /* seconds east                     */
    int dst_offset;            /* seconds east                     */
    struct rule_day dst_start; /* in standard time                 */
    struct rule_day dst_end;   /* in daylight saving time          */
};

struct zone {
    const int64_t *at;     /* instants of change, ascending             */
    const int32_t *offset; /* offset from that instant on, parallel     */
    isize count;           /* how many changes                          */
    int first;             /* offset before the first change            */
    struct rule rule;      /* behind the last change                    */
};

/* ---- the rule ---- */

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char peek(str s)
{
    return s.len > 0 ? s.ptr[0] : '\0';
}

static bool take(str *s, char c)
{
    if (peek(*s) != c || s->len == 0) {
        return false;
    }
    *s = str_slice(*s, 1, s->len);
    return true;
}

/* A number of one to three digits in [least, most]. */
static bool take_number(str *s, int least, int most, int *out)
{
    int n = 0, digits = 0;
    while (digits < 3 && is_digit(peek(*s))) {
        n = n * 10 + (s->ptr[0] - '0');
        *s = str_slice(*s, 1, s->len);
        digits++;
    }
    *out = n;
    return digits > 0 && n >= least && n <= most;
}

/* `EST` or `<+03>`: at least three characters; what it says does not matter here. */
static bool take_name(str *s)
{
    isize len = 0;
    if (take(s, '<')) {
        while (len < s->len && s->ptr[len] != '>') {
            char c = s->ptr[len];
            if (!is_letter(c) && !is_digit(c) && c != '+' && c != '-') {
                return false;
            }
            len++;
        }
        *s = str_slice(*s, len, s->len);
        return len >= 3 && take(s, '>');
    }
    while (len < s->len && is_letter(s->ptr[len])) {
        len++;
    }
    *s = str_slice(*s, len, s->len);
    return len >= 3;
}

/* [±]hh[:mm[:ss]] in seconds. */
static bool take_time(str *s, int most_hours, int *out)
{
    bool negative = take(s, '-');
    if (!negative) {
        (void)take(s, '+'); /* allowed, without meaning */
    }
    int hours, minutes = 0, seconds = 0;
    if (!take_number(s, 0, most_hours, &hours)) {
        return false;
    }
    if (take(s, ':')) {
        if (!take_number(s, 0, 59, &minutes) ||
            (take(s, ':') && !take_number(s, 0, 59, &seconds))) {
            return false;
        }
    }
    int total = hours * 3600 + minutes * 60 + seconds;
    *out = negative ? -total : total;
    return true;
}

/* ,date[/time] */
static bool take_rule_day(str *s, struct rule_day *out)
{
    if (!take(s, ',')) {
        return false;
    }
    bool ok;
    if (take(s, 'J')) {
        out->form = DAY_JULIAN;
        ok = take_number(s, 1, 365, &out->day);
    } else if (take(s, 'M')) {
        out->form = DAY_MONTH;
        ok = take_number(s, 1, 12, &out->month) && take(s, '.') &&
             take_number(s, 1, 5, &out->week) && take(s, '.') && take_number(s, 0, 6, &out->day);
    } else {
        out->form = DAY_ZERO;
        ok = take_number(s, 0, 365, &out->day);
    }
    out->seconds = 2 * 3600;
    return ok && (!take(s, '/') || take_time(s, 167, &out->seconds));
}

static bool parse_rule(str s, struct rule *out)
{
    *out = (struct rule){ .given = true };
    int west;
    if (!take_name(&s) || !take_time(&s, 24, &west)) {
        return false;
    }
    out->std_offset = -west;
    if (s.len == 0) {
        return true;
    }
    if (!take_name(&s)) {
        return false;
    }
    out->has_dst = true;
    out->dst_offset = out->std_offset + 3600;
    if (s.len > 0 && peek(s) != ',') {
        if (!take_time(&s, 24, &west)) {
            return false;
        }
        out->dst_offset = -west;
    }
    if (s.len == 0) {
        s = S(",M3.2.0,M11.1.0"); /* as the reference and others do */
    }
    return take_rule_day(&s, &out->dst_start) && take_rule_day(&s, &out->dst_end) && s.len == 0;
}

/* Seconds from the year's first midnight, in the local time of the day. */
static int64_t seconds_of(const struct rule_day *d, int64_t year)
{
    int64_t start = time_from_civil(year, 1, 1, 0, 0, 0);
    int64_t march = time_from_civil(year, 3, 1, 0, 0, 0);
    bool leap = march - start == 60LL * DAY_SECONDS;
    int64_t days = 0;
    switch (d->form) {
    case DAY_ZERO:
        days = d->day;
        break;
    case DAY_JULIAN:
        days = d->day - 1 + (leap && d->day >= 60);
        break;
    case DAY_MONTH: {
        int64_t first = time_from_civil(year, d->month, 1, 0, 0, 0);
        int64_t next = d->month == 12 ? time_from_civil(year + 1, 1, 1, 0, 0, 0)
                                      : time_from_civil(year, d->month + 1, 1, 0, 0, 0);
        struct civil c;
        time_civil(first, &c);
        int64_t length = (next - first) / DAY_SECONDS;
        int64_t day = (d->day - c.weekday + 7) % 7 + 7 * (d->week - 1);
        while (day >= length) {
            day -= 7;
        }
        days = (first - start) / DAY_SECONDS + day;
        break;
    }
    }
    return days * DAY_SECONDS + d->seconds;
}

static int rule_offset(const struct rule *rule, int64_t seconds)
{
    if (!rule->has_dst) {
        return rule->std_offset;
    }
    struct civil c;
    time_civil(seconds, &c);
    int64_t now = seconds - time_from_civil(c.year, 1, 1, 0, 0, 0);
    int64_t start = seconds_of(&rule->dst_start, c.year) - rule->std_offset;
    int64_t end = seconds_of(&rule->dst_end, c.year) - rule->dst_offset;
    bool dst = start < end ? now >= start && now < end : now >= start || now < end;
    return dst ? rule->dst_offset : rule->std_offset;
}

/* ---- the file ---- */

/* Counts of one block and where its parts begin. */
struct block {
    str times, indices, types; /* raw                       */
    isize time_size;           /* bytes of one instant      */
    isize time_count;
    isize type_count;
    isize size; /* bytes of the whole block, header included */
    int version;
};

static uint64_t load_be(const char *p, isize bytes)
{
    uint64_t n = 0;
    for (isize i = 0; i < bytes; i++) {
        n = n << 8 | (unsigned char)p[i];
    }
    return n;
}

/* Sign-extends a big-endian number of four or eight bytes. */
static int64_t load_signed(const char *p, isize bytes)
{
    uint64_t n = load_be(p, bytes);
    return bytes == 4 ? (int32_t)(uint32_t)n : (int64_t)n;
}

/* Reads a header and finds the parts behind it. */
static bool read_block(str data, isize time_size, struct block *out)
{
    if (data.len < HEADER_SIZE || !str_starts(data, S("TZif"))) {
        return false;
    }
    char version = data.ptr[4];
    out->version = version == '\0' ? 1 : version >= '2' && version <= '9' ? version - '0' : 0;
    isize count
        [6]; /* in the file's order: UT/local, standard/wall, leap seconds, times, types, chars */
    for (int i = 0; i < 6; i++) {
        count[i] = (isize)load_be(data.ptr + 20 + 4 * i, 4);
        if (count[i] > data.len) {
            return false;
        }
    }
    out->time_size = time_size;
    out->time_count = count[3];
    out->type_count = count[4];
    isize times = count[3] * time_size, types = count[4] * 6;
    isize rest = count[5] + count[2] * (time_size + 4) + count[1] + count[0];
    out->size = HEADER_SIZE + times + count[3] + types + rest;
    if (out->version == 0 || out->type_count < 1 || out->type_count > 256 || out->size > data.len) {
        return false;
    }
    isize at = HEADER_SIZE;
    out->times = str_slice(data, at, at + times);
    out->indices = str_slice(data, at + times, at + times + count[3]);
    out->types = str_slice(data, at + times + count[3], at + times + count[3] + types);
    return true;
}

static int32_t type_offset(const struct block *b, isize type)
{
    return (int32_t)load_signed(b->types.ptr + 6 * type, 4);
}

static bool type_is_dst(const struct block *b, isize type)
{
    return b->types.ptr[6 * type + 4] != 0;
}

static isize index_of(const struct block *b, isize change)
{
    return (unsigned char)b->indices.ptr[change];
}

static bool types_ok(const struct block *b)
{
    for (isize i = 0; i < b->type_count; i++) {
        int32_t offset = type_offset(b, i);
        if (offset < OFFSET_LEAST || offset > OFFSET_MOST) {
            return false;
        }
    }
    return true;
}

/* The type in force before the first change: as the reference chooses it. */
static isize first_type(const struct block *b)
{
    bool zero_used = false;
    for (isize i = 0; i < b->time_count; i++) {
        zero_used |= index_of(b, i) == 0;
    }
    if (!zero_used) {
        return 0;
    }
    if (b->time_count > 0 && type_is_dst(b, index_of(b, 0))) {
        for (isize type = index_of(b, 0) - 1; type >= 0; type--) {
            if (!type_is_dst(b, type)) {
                return type;
            }
        }
    }
    for (isize type = 0; type < b->type_count; type++) {
        if (!type_is_dst(b, type)) {
            return type;
        }
    }
    return 0;
}

static bool fill_table(struct arena *arena, const struct block *b, struct zone *zone)
{
    int64_t *at = new(arena, int64_t, b->time_count);
    int32_t *offset = new(arena, int32_t, b->time_count);
    for (isize i = 0; i < b->time_count; i++) {
        at[i] = load_signed(b->times.ptr + i * b->time_size, b->time_size);
        if (index_of(b, i) >= b->type_count || (i > 0 && at[i] <= at[i - 1])) {
            return false;
        }
        offset[i] = type_offset(b, index_of(b, i));
    }
    zone->at = at;
    zone->offset = offset;
    zone->count = b->time_count;
    zone->first = type_offset(b, first_type(b));
    return true;
}

/* The rule between two line ends; an empty one says that nothing is known. */
static bool read_footer(str data, struct rule *rule)
{
    if (!take(&data, '\n')) {
        return false;
    }
    isize end = str_find_byte(data, '\n');
    return end == 0 || (end > 0 && parse_rule(str_slice(data, 0, end), rule));
}

static bool read_zone(struct arena *arena, str data, struct zone *zone)
{
    struct block b;
    if (!read_block(data, 4, &b)) {
        return false;
    }
    if (b.version > 1) {
        data = str_slice(data, b.size, data.len);
        if (!read_block(data, 8, &b) ||
            !read_footer(str_slice(data, b.size, data.len), &zone->rule)) {
            return false;
        }
    }
    return types_ok(&b) && fill_table(arena, &b, zone);
}

/* ---- loading ---- */

/* Letters, digits, `_ + - /`, parts that are not empty: nothing that leaves the directory. */
static bool name_ok(str name)
{
    if (name.len == 0 || name.len > NAME_MOST || name.ptr[0] == '/' ||
        name.ptr[name.len - 1] == '/') {
        return false;
    }
    for (isize i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool doubled = c == '/' && name.ptr[i - 1] == '/'; /* i > 0: the first is no slash */
        if (doubled ||
            !(is_letter(c) || is_digit(c) || c == '_' || c == '+' || c == '-' || c == '/')) {
            return false;
        }
    }
    return true;
}

const struct zone *zone_load(struct arena *arena, str name, const char *directory)
{
    static const struct zone utc = { .count = 0 };
    if (name.len == 0 || str_eq(name, S("UTC"))) {
        return &utc;
    }
    if (!name_ok(name)) {
        return NULL;
    }
    const char *root = directory != NULL ? directory : SYSTEM_DIRECTORY;
    str path = str_printf(arena, "%s/%.*s", root, STR_ARG(name));
    str data;
    if (file_read(arena, path, FILE_MOST, &data, NULL) != CARDEA_OK) {
        return NULL;
    }
    struct zone *zone = new(arena, struct zone, 1);
    return read_zone(arena, data, zone) ? zone : NULL;
}

int zone_offset(const struct zone *zone, int64_t seconds)
{
    if (zone->count == 0 || seconds < zone->at[0]) {
        return zone->count == 0 && zone->rule.given ? rule_offset(&zone->rule, seconds)
                                                    : zone->first;
    }
    isize low = 0, high = zone->count; /* the change in force is in [low, high) */
    while (high - low > 1) {
        isize middle = low + (high - low) / 2;
        if (zone->at[middle] <= seconds) {
            low = middle;
        } else {
            high = middle;
        }
    }
    if (low == zone->count - 1 && zone->rule.given) {
        return rule_offset(&zone->rule, seconds);
    }
    return zone->offset[low];
}
