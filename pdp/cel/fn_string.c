/* fn_string.c — text: searching, cutting, replacing, joining
 *
 * Positions count code points; text is valid UTF-8, so searching works on bytes and only positions
 * are translated. Parts of a text share its bytes. Searches take linear time whatever the texts
 * are; results are measured and paid for before they are made. spec: cel#string-functions
 *
 * Neighbours: fn_format.c has format() · fn_list.c has reverse() · fn_regex.c has patterns
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/fn_priv.h"

/* ---- arguments ---- */

/* A call of strings (s) and integers (i) in this order. */
static bool fits(const char *kinds, const struct value *args, int argc)
{
    int i = 0;
    for (; i < argc && kinds[i] != '\0'; i++) {
        if (args[i].kind != (kinds[i] == 's' ? V_STRING : V_INT)) {
            return false;
        }
    }
    return i == argc && kinds[i] == '\0';
}

static struct value out_of_range(struct cel_run *run, int64_t position)
{
    return v_error(run->arena, VE_RANGE, "index out of range: %lld", (long long)position);
}

/* ---- searching ---- */

/* contains, startsWith, endsWith are older than the table of overloads: their errors have no
 * name. */
struct value fn_contains(struct cel_run *run, const struct value *args, int argc)
{
    if (!fits("ss", args, argc)) {
        return v_no_overload();
    }
    if (!pay_bytes(run, args[0].len)) {
        return cel_budget_error();
    }
    return v_bool(str_find(v_str(args[0]), v_str(args[1])) >= 0);
}

struct value fn_starts_with(struct cel_run *run, const struct value *args, int argc)
{
    if (!fits("ss", args, argc)) {
        return v_no_overload();
    }
    return pay_bytes(run, args[1].len) ? v_bool(str_starts(v_str(args[0]), v_str(args[1])))
                                       : cel_budget_error();
}

struct value fn_ends_with(struct cel_run *run, const struct value *args, int argc)
{
    if (!fits("ss", args, argc)) {
        return v_no_overload();
    }
    return pay_bytes(run, args[1].len) ? v_bool(str_ends(v_str(args[0]), v_str(args[1])))
                                       : cel_budget_error();
}

/* Position of the code point at byte `at` of s. */
static struct value position_of(struct value s, isize at)
{
    return v_int(s.flags & VF_ASCII ? at : utf8_count(str_slice(v_str(s), 0, at)));
}

struct value fn_index_of(struct cel_run *run, const struct value *args, int argc)
{
    if (!fits("ss", args, argc) && !fits("ssi", args, argc)) {
        return cel_no_overload(run, "indexOf", args, argc);
    }
    int64_t from = argc > 2 ? args[2].i : 0;
    if (from < 0) {
        return out_of_range(run, from);
    }
    if (!pay_bytes(run, args[0].len)) {
        return cel_budget_error();
    }
    isize start = point_offset(args[0], from);
    if (args[1].len == 0) {
        return start < 0 ? v_int(count_points(args[0])) : v_int(from);
    }
    if (start < 0) {
        return v_int(-1);
    }
    isize at = str_find(str_slice(v_str(args[0]), start, args[0].len), v_str(args[1]));
    return at < 0 ? v_int(-1) : position_of(args[0], start + at);
}

static void turn_around(char *out, str s)
{
    for (isize i = 0; i < s.len; i++) {
        out[i] = s.ptr[s.len - 1 - i];
    }
}

/* Last occurrence, in linear time: a search forward in both texts turned around. */
static isize find_last(struct arena *arena, str s, str needle)
{
    if (needle.len <= 8 || s.len < needle.len) {
        return str_rfind(s, needle);
    }
    struct arena_mark mark = arena_mark(arena);
    char *turned = arena_bytes(arena, s.len);
    char *turned_needle = arena_bytes(arena, needle.len);
    turn_around(turned, s);
    turn_around(turned_needle, needle);
    isize at = str_find((str){ turned, s.len }, (str){ turned_needle, needle.len });
    arena_reset(arena, mark);
    return at < 0 ? -1 : s.len - at - needle.len;
}

struct value fn_last_index_of(struct cel_run *run, const struct value *args, int argc)
{
    if (!fits("ss", args, argc) && !fits("ssi", args, argc)) {
        return cel_no_overload(run, "lastIndexOf", args, argc);
    }
    if (argc > 2 && args[2].i < 0) {
        return out_of_range(run, args[2].i);
    }
    if (!pay_bytes(run, 2 * (isize)args[0].len)) {
        return cel_budget_error();
    }
    str s = v_str(args[0]), needle = v_str(args[1]);
    isize limit = s.len; /* an occurrence may begin before this byte */
    if (argc > 2) {
        isize start = point_offset(args[0], args[2].i);
        if (needle.len == 0) {
            return start < 0 ? v_int(count_points(args[0])) : args[2];
        }
        if (start < 0 || start == s.len) {
            return v_int(-1); /* sic: a position behind the last character finds nothing */
        }
        limit = start + needle.len;
    }
    isize at = find_last(run->arena, str_slice(s, 0, limit), needle);
    return at < 0 ? v_int(-1) : position_of(args[0], at);
}

/* ---- cutting ---- */

struct value fn_char_at(struct cel_run *run, const struct value *args, int argc)
{
    if (!fits("si", args, argc)) {
        return cel_no_overload(run, "charAt", args, argc);
    }
    if (!pay_bytes(run, args[0].len)) {
        return cel_budget_error();
    }
    str s = v_str(args[0]);
    isize at = point_offset(args[0], args[1].i);
    if (at < 0) {
        return out_of_range(run, args[1].i);
    }
    isize end = at;
    if (at < s.len) {
        (void)utf8_next(s, &end); /* the text is valid */
    }
    return v_text(str_slice(s, at, end), args[0].flags);
}

struct value fn_substring(struct cel_run *run, const struct value *args, int argc)
{
    if (!fits("si", args, argc) && !fits("sii", args, argc)) {
        return cel_no_overload(run, "substring", args, argc);
    }
    if (!pay_bytes(run, args[0].len)) {
        return cel_budget_error();
    }
    if (argc > 2 && args[1].i > args[2].i) {
        return v_error(run->arena, VE_RANGE, "invalid substring range. start: %lld, end: %lld",
                       (long long)args[1].i, (long long)args[2].i);
    }
    isize start = point_offset(args[0], args[1].i);
    if (start < 0) {
        return out_of_range(run, args[1].i);
    }
    isize end = argc > 2 ? point_offset(args[0], args[2].i) : (isize)args[0].len;
    if (end < 0) {
        return out_of_range(run, args[2].i);
    }
    return v_text(str_slice(v_str(args[0]), start, end), args[0].flags);
}

/* White space as Unicode has it. */
static bool is_white(int32_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x3000;
}

struct value fn_trim(struct cel_run *run, const struct value *args, int argc)
{
    if (!fits("s", args, argc)) {
        return cel_no_overload(run, "trim", args, argc);
    }
    if (!pay_bytes(run, args[0].len)) {
        return cel_budget_error();
    }
    str s = v_str(args[0]);
    isize start = 0, end = 0;
    bool leading = true;
    for (isize at = 0; at < s.len;) {
        isize from = at;
        if (is_white(utf8_next(s, &at))) {
            continue;
        }
        start = leading ? from : start;
        leading = false;
        end = at;
    }
    return v_text(str_slice(s, start, end), args[0].flags);
}

/* ---- changing ---- */

/* Letters from `first` to first + 25 get `step` added. */
static struct value map_letters(struct cel_run *run, struct value s, char first, int step)
{
    if (!pay_bytes(run, s.len)) {
        return cel_budget_error();
    }
    char *out = arena_bytes(run->arena, s.len);
    for (uint32_t i = 0; i < s.len; i++) {
        char c = s.s[i];
        out[i] = c >= first && c <= first + 25 ? (char)(c + step) : c;
    }
    return v_text((str){ out, s.len }, s.flags);
}

struct value fn_lower_ascii(struct cel_run *run, const struct value *args, int argc)
{
    return fits("s", args, argc) ? map_letters(run, args[0], 'A', 'a' - 'A')
                                 : cel_no_overload(run, "lowerAscii", args, argc);
}

struct value fn_upper_ascii(struct cel_run *run, const struct value *args, int argc)
{
    return fits("s", args, argc) ? map_letters(run, args[0], 'a', 'A' - 'a')
                                 : cel_no_overload(run, "upperAscii", args, argc);
}

/* Next place of a needle in s from byte *at on, -1 when there is none; *at moves behind it. An
 * empty needle is found before each code point and at the end. */
static isize next_hit(str s, str needle, isize *at, bool first)
{
    if (needle.len > 0) {
        isize found = str_find(str_slice(s, *at, s.len), needle);
        if (found < 0) {
            return -1;
        }
        found += *at;
        *at = found + needle.len;
        return found;
    }
    if (first) {
        return 0;
    }
    if (*at >= s.len) {
        return -1;
    }
    (void)utf8_next(s, at); /* the text is valid */
    return *at;
}

struct value fn_replace(struct cel_run *run, const struct value *args, int argc)
{
    if (!fits("sss", args, argc) && !fits("sssi", args, argc)) {
        return cel_no_overload(run, "replace", args, argc);
    }
    str s = v_str(args[0]), needle = v_str(args[1]), with = v_str(args[2]);
    int64_t most = argc > 3 && args[3].i >= 0 ? args[3].i : INT64_MAX;
    if (!pay_bytes(run, s.len)) {
        return cel_budget_error();
    }
    int64_t hits = 0;
    for (isize at = 0; hits < most && next_hit(s, needle, &at, hits == 0) >= 0; hits++) {
    }
    if (hits == 0) {
        return args[0];
    }
    isize size; /* hits and both lengths are below 2^32 */
    if (__builtin_mul_overflow((isize)hits, with.len - needle.len, &size) || size > FN_SIZE_MAX ||
        !pay_bytes(run, s.len + size) || !pay_items(run, (isize)hits)) {
        return cel_budget_error();
    }
    size += s.len;
    char *out = arena_bytes(run->arena, size);
    isize done = 0, len = 0;
    isize at = 0;
    for (int64_t i = 0; i < hits; i++) {
        isize hit = next_hit(s, needle, &at, i == 0);
        if (hit > done) {
            memcpy(out + len, s.ptr + done, (size_t)(hit - done));
            len += hit - done;
        }
        if (with.len > 0) {
            memcpy(out + len, with.ptr, (size_t)with.len);
            len += with.len;
        }
        done = hit + needle.len;
    }
    if (done < s.len) {
        memcpy(out + len, s.ptr + done, (size_t)(s.len - done));
    }
    return v_text((str){ out, size }, args[0].flags & args[2].flags);
}

struct value fn_split(struct cel_run *run, const struct value *args, int argc)
{
    if (!fits("ss", args, argc) && !fits("ssi", args, argc)) {
        return cel_no_overload(run, "split", args, argc);
    }
    str s = v_str(args[0]), separator = v_str(args[1]);
    int64_t most = argc > 2 && args[2].i >= 0 ? args[2].i : INT64_MAX;
    if (most == 0 || (s.len == 0 && separator.len == 0)) {
        return v_list(NULL, 0);
    }
    if (!pay_bytes(run, 2 * s.len)) {
        return cel_budget_error();
    }
    int64_t parts = 1; /* an empty separator stands between code points, not at the ends */
    if (separator.len == 0) {
        parts = count_points(args[0]);
    } else {
        for (isize at = 0; parts < most && next_hit(s, separator, &at, false) >= 0; parts++) {
        }
    }
    parts = parts < most ? parts : most;
    if (!pay_items(run, (isize)parts)) {
        return cel_budget_error();
    }
    struct value *items = new (run->arena, struct value, (isize)parts);
    isize from = 0;
    for (int64_t i = 0; i < parts - 1; i++) {
        isize at = from;
        isize hit = next_hit(s, separator, &at, false);
        items[i] = v_text(str_slice(s, from, hit), args[0].flags);
        from = at;
    }
    items[parts - 1] = v_text(str_slice(s, from, s.len), args[0].flags);
    return v_list(items, (isize)parts);
}

struct value fn_join(struct cel_run *run, const struct value *args, int argc)
{
    if (argc < 1 || argc > 2 || !is_list_of(args[0], V_STRING) ||
        (argc == 2 && !is_string(args[1]))) {
        return cel_no_overload(run, "join", args, argc);
    }
    struct value list = args[0];
    struct value separator = argc == 2 ? args[1] : v_string(STR_EMPTY);
    if (!pay_items(run, list.len)) {
        return cel_budget_error();
    }
    isize size = list.len > 1 ? (isize)(list.len - 1) * separator.len : 0; /* both are below 2^32 */
    uint8_t flags = list.len > 1 ? separator.flags : VF_ASCII;
    for (uint32_t i = 0; i < list.len; i++) {
        if (!is_string(list.items[i])) {
            str shown = fn_shown(run->arena, list.items[i]);
            return v_error(run->arena, VE_ARGUMENT, "join: invalid input: %.*s", STR_ARG(shown));
        }
        if (__builtin_add_overflow(size, (isize)list.items[i].len, &size)) {
            return cel_budget_error();
        }
        flags &= list.items[i].flags;
    }
    if (!pay_bytes(run, size)) {
        return cel_budget_error();
    }
    struct sb sb = sb_new(run->arena);
    sb_reserve(&sb, size);
    for (uint32_t i = 0; i < list.len; i++) {
        if (i > 0) {
            sb_add(&sb, v_str(separator));
        }
        sb_add(&sb, v_str(list.items[i]));
    }
    return v_text(sb_str(&sb), flags & VF_ASCII);
}

struct value fn_quote(struct cel_run *run, const struct value *args, int argc)
{
    if (!fits("s", args, argc)) {
        return cel_no_overload(run, "strings.quote", args, argc);
    }
    static const char named[] = "abtnvfr"; /* \a is 7, \r is 13 */
    str s = v_str(args[0]);
    isize size = s.len + 2;
    if (!pay_bytes(run, 2 * size)) {
        return cel_budget_error();
    }
    struct sb sb = sb_new(run->arena);
    sb_reserve(&sb, size);
    sb_byte(&sb, '"');
    isize done = 0;
    for (isize i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool control = c >= 7 && c <= 13;
        if (control || c == '"' || c == '\\') {
            sb_add(&sb, str_slice(s, done, i));
            sb_byte(&sb, '\\');
            sb_byte(&sb, control ? named[c - 7] : c);
            done = i + 1;
        }
    }
    sb_add(&sb, str_slice(s, done, s.len));
    sb_byte(&sb, '"');
    return v_text(sb_str(&sb), args[0].flags);
}
