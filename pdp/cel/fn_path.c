/* fn_path.c — file paths of Unix and Windows, by their text only
 *
 * A path with a backslash is a Windows path; `\\host\share` is a share (UNC), a letter and a colon
 * a drive. For work every path is written with slashes (`C:\a` → `/C:/a`, `\\h\s` → `/h/s`) and
 * cleaned of `.`, `..` and double slashes; results are written back in the style of their path.
 * spec: cerbos-compat#17.4
 *
 * Patterns know `*`, `?` and classes; none of the first two matches a slash. A backslash in a
 * pattern makes it a Windows path, so there is no escape.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/fn_priv.h"

enum path_kind { PATH_OTHER, PATH_DRIVE, PATH_SHARE };

struct path {
    str value;           /* with slashes, cleaned                        */
    enum path_kind kind; /* how it begins                                */
    bool windows;        /* written with backslashes                     */
    bool root;           /* a drive or share alone, or `/`               */
};

/* ---- reading and writing ---- */

static str swap_slashes(struct arena *arena, str s, char from, char to)
{
    char *out = arena_bytes(arena, s.len);
    for (isize i = 0; i < s.len; i++) {
        out[i] = s.ptr[i] == from ? to : s.ptr[i];
    }
    return (str){ out, s.len };
}

/* Without empty and `.` segments, and with `..` taken back where it can be. Never empty. */
static str clean(struct arena *arena, str s)
{
    bool rooted = str_starts(s, S("/"));
    char *out = arena_bytes(arena, s.len + 1);
    isize len = 1, fixed = 1; /* what `..` cannot take back */
    out[0] = '/';
    while (s.len > 0) {
        str segment, rest;
        (void)str_cut(s, '/', &segment, &rest); /* the last segment has no slash behind it */
        s = rest;
        if (segment.len == 0 || str_eq(segment, S("."))) {
            continue;
        }
        bool up = str_eq(segment, S(".."));
        if (up && len > fixed) { /* takes back a segment with the slash before it */
            do {
                len--;
            } while (len > fixed && out[len] != '/');
            continue;
        }
        if (up && rooted) {
            continue;
        }
        if (len > 1) {
            out[len++] = '/';
        }
        memcpy(out + len, segment.ptr, (size_t)segment.len);
        len += segment.len;
        fixed = up ? len : fixed;
    }
    if (rooted) {
        return (str){ out, len };
    }
    return len > 1 ? (str){ out + 1, len - 1 } : S(".");
}

static bool is_share(str s)
{
    return str_starts(s, S("\\\\"));
}

static bool is_drive(str s)
{
    char letter = s.len > 1 ? (char)(s.ptr[0] | 0x20) : 0;
    return letter >= 'a' && letter <= 'z' && s.ptr[1] == ':';
}

/* Reads a path; false for drive paths that are neither absolute nor the drive alone (`C:foo`,
 * `C:/foo`). */
static bool read_path(struct arena *arena, str s, struct path *out)
{
    *out = (struct path){ .windows = str_find_byte(s, '\\') >= 0 };
    str value = s;
    if (is_share(s)) {
        str host, rest, share, below;
        bool has_share = str_cut(str_slice(s, 2, s.len), '\\', &host, &rest);
        out->kind = PATH_SHARE;
        out->root = has_share && !str_cut(rest, '\\', &share, &below);
    } else if (is_drive(s)) {
        if (!out->windows && s.len > 2) {
            return false;
        }
        out->kind = PATH_DRIVE;
        out->root = s.len <= 3;
        value = str_concat(arena, S("\\"), s);
    } else {
        out->root = str_eq(s, S("/"));
    }
    if (out->windows || out->kind != PATH_OTHER) {
        value = swap_slashes(arena, value, '\\', '/');
    }
    out->value = clean(arena, value);
    return true;
}

static str write_path(struct arena *arena, const struct path *path)
{
    if (path->kind == PATH_OTHER && !path->windows) {
        return path->value;
    }
    str text = swap_slashes(arena, path->value, '/', '\\');
    if (path->kind == PATH_SHARE) {
        return str_concat(arena, S("\\"), text);
    }
    return path->kind == PATH_DRIVE && str_starts(text, S("\\")) ? str_slice(text, 1, text.len)
                                                                 : text;
}

static str after_last_slash(str s)
{
    return str_slice(s, str_rfind(s, S("/")) + 1, s.len);
}

/* ---- errors ---- */

static struct value not_a_path(struct cel_run *run, const char *what, str s)
{
    return v_error(run->arena, VE_ARGUMENT, "failed to encode %s %.*s: unsupported Win32 path",
                   what, STR_ARG(s));
}

/* Checks that args are texts and pays for them; false with *error. Each step below is linear in
 * their size. */
static bool texts(struct cel_run *run, const char *name, int count, const struct value *args,
                  int argc, struct value *error)
{
    isize size = 0;
    bool fit = argc == count;
    for (int i = 0; fit && i < argc; i++) {
        fit = is_string(args[i]);
        size += args[i].len;
    }
    if (!fit) {
        *error = cel_no_overload(run, name, args, argc);
        return false;
    }
    if (!pay_bytes(run, 4 * size)) {
        *error = cel_budget_error();
        return false;
    }
    return true;
}

/* ---- parts ---- */

struct value fn_base_path(struct cel_run *run, const struct value *args, int argc)
{
    struct value error;
    struct path path;
    if (!texts(run, "basePath", 1, args, argc, &error)) {
        return error;
    }
    if (!read_path(run->arena, v_str(args[0]), &path)) {
        return not_a_path(run, "path", v_str(args[0]));
    }
    return v_string(str_eq(path.value, S("/")) ? path.value : after_last_slash(path.value));
}

struct value fn_dir_path(struct cel_run *run, const struct value *args, int argc)
{
    struct value error;
    struct path path;
    if (!texts(run, "dirPath", 1, args, argc, &error)) {
        return error;
    }
    if (!read_path(run->arena, v_str(args[0]), &path)) {
        return not_a_path(run, "path", v_str(args[0]));
    }
    isize slash = str_rfind(path.value, S("/"));
    bool plain = path.kind == PATH_OTHER && !path.windows;
    if (plain) {
        path.value = slash < 0 ? S(".") : str_slice(path.value, 0, slash > 0 ? slash : 1);
    } else if (path.kind == PATH_OTHER && slash < 0) {
        /* the reference breaks here: an error as well */
        return v_error(run->arena, VE_ARGUMENT, "dirPath: path %.*s has no directory",
                       STR_ARG(v_str(args[0])));
    } else if (path.kind == PATH_OTHER || !path.root) {
        path.value = str_slice(path.value, 0, slash); /* sic: without the root's slash */
    }
    str text = write_path(run->arena, &path);
    bool drive = path.kind == PATH_DRIVE && path.root;
    return v_string(drive ? str_concat(run->arena, text, S("\\")) : text);
}

struct value fn_ext_path(struct cel_run *run, const struct value *args, int argc)
{
    struct value error;
    struct path path;
    if (!texts(run, "extPath", 1, args, argc, &error)) {
        return error;
    }
    if (!read_path(run->arena, v_str(args[0]), &path)) {
        return not_a_path(run, "path", v_str(args[0]));
    }
    str last = after_last_slash(path.value);
    isize dot = str_rfind(last, S("."));
    return v_string(dot < 0 ? STR_EMPTY : str_slice(last, dot, last.len));
}

struct value fn_volume_name(struct cel_run *run, const struct value *args, int argc)
{
    struct value error;
    if (!texts(run, "volumeName", 1, args, argc, &error)) {
        return error;
    }
    str s = v_str(args[0]), host, rest, share, below;
    if (is_share(s)) {
        (void)str_cut(str_slice(s, 2, s.len), '\\', &host, &rest); /* what is missing is empty */
        (void)str_cut(rest, '\\', &share, &below);
        bool named = host.len > 0 && share.len > 0;
        return v_string(named ? str_slice(s, 0, 2 + host.len + 1 + share.len) : STR_EMPTY);
    }
    return v_string(is_drive(s) ? str_slice(s, 0, 2) : STR_EMPTY);
}

/* ---- join ---- */

struct value fn_join_path(struct cel_run *run, const struct value *args, int argc)
{
    if (argc != 1 || !is_list_of(args[0], V_STRING)) {
        return cel_no_overload(run, "joinPath", args, argc);
    }
    str *parts;
    struct value error;
    if (!fn_texts(run, args[0], &parts, &error)) {
        return error;
    }
    isize count = args[0].len;
    if (count < 2) {
        return v_string(count == 1 ? parts[0] : STR_EMPTY);
    }
    struct path first, next;
    struct sb sb = sb_new(run->arena);
    for (isize i = 0; i < count; i++) {
        if (!pay_bytes(run, 4 * parts[i].len)) {
            return cel_budget_error();
        }
        if (!read_path(run->arena, parts[i], i == 0 ? &first : &next)) {
            return not_a_path(run, i == 0 ? "first path" : "path", parts[i]);
        }
        if (i > 0) {
            sb_byte(&sb, '/');
        }
        sb_add(&sb, i == 0 ? first.value : next.value);
    }
    first.value = clean(run->arena, sb_str(&sb));
    return v_string(write_path(run->arena, &first));
}

/* ---- from one path to another ---- */

/* The segment that begins at byte `from`. */
static str segment_at(str s, isize from)
{
    isize slash = str_find_byte(str_slice(s, from, s.len), '/');
    return str_slice(s, from, slash < 0 ? s.len : from + slash);
}

/* Way from base to target, both clean; false when there is none that can be told from the text. */
static bool way(struct arena *arena, str base, str target, str *out)
{
    if (str_eq(base, target)) {
        *out = S(".");
        return true;
    }
    base = str_eq(base, S(".")) ? STR_EMPTY : base;
    if (str_starts(base, S("/")) != str_starts(target, S("/"))) {
        return false;
    }
    isize from = 0, to = 0; /* where the first segments that differ begin */
    while (from < base.len && to < target.len) {
        str step = segment_at(base, from), other = segment_at(target, to);
        if (!str_eq(step, other)) {
            break;
        }
        from = from + step.len < base.len ? from + step.len + 1 : base.len;
        to = to + other.len < target.len ? to + other.len + 1 : target.len;
    }
    if (str_eq(segment_at(base, from), S(".."))) {
        return false; /* what lies above the base is not known */
    }
    str down = str_slice(target, to, target.len);
    if (from == base.len) {
        *out = down;
        return true;
    }
    struct sb sb = sb_new(arena);
    sb_add(&sb, S(".."));
    for (isize i = from; i < base.len; i++) {
        if (base.ptr[i] == '/') {
            sb_add(&sb, S("/.."));
        }
    }
    if (down.len > 0 && !str_eq(down, S("."))) {
        sb_byte(&sb, '/');
        sb_add(&sb, down);
    }
    *out = sb_str(&sb);
    return true;
}

/* The way as relPath and pathHasPrefix need it: V_STRING, or the error. */
static struct value relative(struct cel_run *run, str base_text, str target_text)
{
    struct path base, target;
    if (!read_path(run->arena, base_text, &base)) {
        return not_a_path(run, "base path", base_text);
    }
    if (!read_path(run->arena, target_text, &target)) {
        return not_a_path(run, "target path", target_text);
    }
    str out;
    if (!way(run->arena, base.value, target.value, &out)) {
        return v_error(
            run->arena, VE_ARGUMENT,
            "failed to determine relative path of %.*s: Rel: can't make %.*s relative to %.*s",
            STR_ARG(target_text), STR_ARG(target.value), STR_ARG(base.value));
    }
    if (str_eq(out, S(".")) || str_eq(out, S(".."))) {
        return v_string(out);
    }
    if (target.kind == PATH_SHARE) {
        return v_string(swap_slashes(run->arena, out, '/', '\\')); /* not a share any more */
    }
    target.value = out;
    return v_string(write_path(run->arena, &target));
}

struct value fn_rel_path(struct cel_run *run, const struct value *args, int argc)
{
    struct value error;
    if (!texts(run, "relPath", 2, args, argc, &error)) {
        return error;
    }
    return relative(run, v_str(args[0]), v_str(args[1]));
}

struct value fn_path_has_prefix(struct cel_run *run, const struct value *args, int argc)
{
    struct value error;
    if (!texts(run, "pathHasPrefix", 2, args, argc, &error)) {
        return error;
    }
    if (str_eq(v_str(args[0]), v_str(args[1]))) {
        return v_bool(true);
    }
    struct value rest = relative(run, v_str(args[1]), v_str(args[0]));
    if (v_is_error(rest)) {
        return rest;
    }
    /* sic: a hidden file below the prefix counts as outside */
    return v_bool(rest.len > 0 && rest.s[0] != '.' && rest.s[0] != '/');
}

/* ---- patterns ---- */

/* Reads a character of a class at *at; false when none may stand here or the pattern ends with
 * it. */
static bool class_char(str pattern, isize *at, int32_t *out)
{
    if (*at >= pattern.len || pattern.ptr[*at] == '-' || pattern.ptr[*at] == ']') {
        return false;
    }
    *out = utf8_next(pattern, at);
    return *out >= 0 && *at < pattern.len;
}

/* Reads the class behind `[` at *at up to its `]`; *hit tells whether c is in it. False:
 * malformed. */
static bool read_class(str pattern, isize *at, int32_t c, bool *hit)
{
    bool negated = *at < pattern.len && pattern.ptr[*at] == '^';
    *at += negated;
    bool found = false;
    for (int ranges = 0; ranges == 0 || pattern.ptr[*at] != ']'; ranges++) {
        int32_t low, high;
        if (!class_char(pattern, at, &low)) {
            return false;
        }
        high = low;
        if (pattern.ptr[*at] == '-') {
            ++*at;
            if (!class_char(pattern, at, &high)) {
                return false;
            }
        }
        found = found || (low <= c && c <= high);
    }
    ++*at;
    *hit = found != negated;
    return true;
}

static bool pattern_valid(str pattern)
{
    bool hit;
    for (isize at = 0; at < pattern.len;) {
        if (pattern.ptr[at++] == '[' && !read_class(pattern, &at, 0, &hit)) {
            return false;
        }
    }
    return true;
}

/* Matches one element of a valid pattern at *p with the name at *n; moves both behind it when it
 * fits. */
static bool match_one(str pattern, isize *p, str name, isize *n)
{
    char c = pattern.ptr[*p];
    if (c != '[' && c != '?') {
        ++*p;
        return name.ptr[(*n)++] == c;
    }
    if (c == '?' && name.ptr[*n] == '/') {
        return false;
    }
    int32_t point = utf8_next(name, n);
    ++*p;
    bool hit = true;
    return c == '?' || (read_class(pattern, p, point < 0 ? 0xfffd : point, &hit) && hit);
}

/* 1 match, 0 none, -1 budget. A star first takes nothing, then more, byte by byte, but no slash;
 * only the last star is tried again, as in the reference. */
static int pattern_match(struct cel_run *run, str pattern, str name)
{
    isize p = 0, n = 0, steps = 0;
    isize star = -1, star_end = 0; /* behind the last star in the pattern; where its text ends */
    for (;;) {
        if (p < pattern.len && pattern.ptr[p] == '*') {
            star = ++p;
            star_end = n;
            if (p == pattern.len) {
                return str_find_byte(str_slice(name, n, name.len), '/') < 0;
            }
            continue;
        }
        if (p == pattern.len && n == name.len) {
            return 1;
        }
        isize before = p;
        bool fits = p < pattern.len && n < name.len && match_one(pattern, &p, name, &n);
        steps += 1 + p - before;
        if (steps >= FN_BYTES) {
            if (!pay_bytes(run, steps)) {
                return -1;
            }
            steps %= FN_BYTES;
        }
        if (fits) {
            continue;
        }
        if (star < 0 || star_end >= name.len || name.ptr[star_end] == '/') {
            return 0;
        }
        p = star;
        n = ++star_end;
    }
}

/* pathMatch for one pattern: a bool, or the error. */
static struct value match(struct cel_run *run, str path_text, str pattern_text)
{
    struct path path, pattern;
    if (!read_path(run->arena, path_text, &path)) {
        return not_a_path(run, "path", path_text);
    }
    if (!read_path(run->arena, pattern_text, &pattern)) {
        return not_a_path(run, "pattern", pattern_text);
    }
    if (!pattern_valid(pattern.value)) {
        str quoted_pattern = fn_quoted(run->arena, pattern_text),
            quoted_path = fn_quoted(run->arena, path_text);
        return v_error(run->arena, VE_ARGUMENT,
                       "failed to match pattern %.*s on path %.*s: syntax error in pattern",
                       STR_ARG(quoted_pattern), STR_ARG(quoted_path));
    }
    int found = pattern_match(run, pattern.value, path.value);
    return found < 0 ? cel_budget_error() : v_bool(found != 0);
}

struct value fn_path_match(struct cel_run *run, const struct value *args, int argc)
{
    struct value error;
    if (!texts(run, "pathMatch", 2, args, argc, &error)) {
        return error;
    }
    return match(run, v_str(args[0]), v_str(args[1]));
}

struct value fn_path_match_any_of(struct cel_run *run, const struct value *args, int argc)
{
    if (argc != 2 || !is_string(args[0]) || !is_list_of(args[1], V_STRING)) {
        return cel_no_overload(run, "pathMatchAnyOf", args, argc);
    }
    str *patterns;
    struct value error;
    if (!fn_texts(run, args[1], &patterns, &error)) {
        return error;
    }
    for (uint32_t i = 0; i < args[1].len; i++) {
        if (!pay_bytes(run, 4 * ((isize)args[0].len + patterns[i].len))) {
            return cel_budget_error();
        }
        struct value found = match(run, v_str(args[0]), patterns[i]);
        if (v_is_error(found) || v_is_true(found)) {
            return found;
        }
    }
    return v_bool(false);
}
