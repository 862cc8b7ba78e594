/* fn_regex.c — matches and the regex extension
 *
 * Patterns that are not literals come from data: they are compiled in the arena, without JIT, and are charged by the
 * length of pattern and subject. Searching with groups has no linear fallback; a limit there is an error.
 *
 * spec: cel#regular-expressions, cel#newer-additions
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/fn_priv.h"
#include "cel/regex.h"

#include "base/vec.h"

#define MAX_RANGES 20 /* group 0 and \1 … \9, two ends each */

struct search {
    struct cel_run *run;
    const struct cel_regex *regex;
    str subject;
    isize pos;               /* where the next search begins; beyond the end: over */
    isize previous;          /* end of the match before, -1: none                  */
    isize found[MAX_RANGES]; /* the match                                          */
};

static struct value limit_error(struct cel_run *run)
{
    return v_error(run->arena, VE_LIMIT, "regular expression limit exceeded");
}

/* The compiled form of a literal pattern of the code, known by its bytes' place; NULL when it is none. */
static const struct cel_regex *literal(const struct cel_code *code, str pattern)
{
    for (uint32_t i = 0; code->regexes != NULL && i < code->pattern_count; i++) {
        struct value konst = code->konsts[code->patterns[i]];
        if (konst.s == pattern.ptr && konst.len == pattern.len) {
            return code->regexes[i];
        }
    }
    return NULL;
}

/* The compiled form of a pattern; NULL and *error when it is refused. */
static const struct cel_regex *compile(struct cel_run *run, str pattern, struct value *error)
{
    const struct cel_regex *known = literal(run->code, pattern);
    if (known != NULL) {
        return known;
    }
    str why = STR_EMPTY;
    if (!pay_bytes(run, pattern.len * 16)) {
        *error = cel_budget_error();
        return NULL;
    }
    const struct cel_regex *regex = cel_regex_dynamic(run->arena, run->thread, pattern, &why);
    if (regex == NULL) {
        *error = v_error(run->arena, VE_ARGUMENT, "%.*s", STR_ARG(why));
    }
    return regex;
}

struct value fn_matches(struct cel_run *run, const struct value *args, int argc)
{
    struct value error;
    if (argc != 2 || !is_string(args[0]) || !is_string(args[1])) {
        return v_no_overload(); /* older than the table of overloads: its errors have no name */
    }
    const struct cel_regex *regex = compile(run, v_str(args[1]), &error);
    if (regex == NULL) {
        return error;
    }
    if (!pay_bytes(run, (isize)args[0].len)) {
        return cel_budget_error();
    }
    int found = cel_regex_match(regex, run->thread, run->arena, v_str(args[0]));
    return found < 0 ? limit_error(run) : v_bool(found == 1);
}

/* ---- all matches, as the reference steps through them ---- */
/* 1: s->found is the next match; 0: no more; -1: limit. An empty match right behind another match does not count. */
static int search_next(struct search *s)
{
    while (s->pos <= s->subject.len) {
        if (!cel_charge(s->run, 1 + (s->subject.len - s->pos) / FN_BYTES)) {
            return -1;
        }
        int groups = cel_regex_search(s->regex, s->run->thread, s->run->arena, s->subject, s->pos,
                                      s->found, MAX_RANGES / 2);
        if (groups <= 0) {
            s->pos = s->subject.len + 1;
            return groups;
        }
        bool accepted = true;
        if (s->found[1] == s->pos) {
            accepted = s->found[0] != s->previous;
            isize next = s->pos;
            if (next < s->subject.len) {
                (void)utf8_next(s->subject, &next);
                s->pos = next;
            } else {
                s->pos = next + 1;
            }
        } else {
            s->pos = s->found[1];
        }
        s->previous = s->found[1];
        if (accepted) {
            return 1;
        }
    }
    return 0;
}

static str group_text(const struct search *s, int group)
{
    return s->found[2 * group] < 0
               ? STR_EMPTY
               : str_slice(s->subject, s->found[2 * group], s->found[2 * group + 1]);
}

/* ---- replace ---- */
static struct value add_replacement(struct search *s, struct sb *out, str replacement)
{
    struct arena *arena = s->run->arena;
    int groups = cel_regex_groups(s->regex);
    for (isize i = 0; i < replacement.len; i++) {
        char c = replacement.ptr[i];
        if (c != '\\') {
            sb_byte(out, c);
            continue;
        }
        if (++i == replacement.len) {
            return v_error(arena, VE_ARGUMENT,
                           "invalid replacement string: '%.*s' \\ not allowed at end",
                           STR_ARG(replacement));
        }
        c = replacement.ptr[i];
        if (c == '\\') {
            sb_byte(out, c);
        } else if (c < '0' || c > '9') {
            return v_error(
                arena, VE_ARGUMENT,
                "invalid replacement string: '%.*s' \\ must be followed by a digit or \\",
                STR_ARG(replacement));
        } else if (c - '0' > groups) {
            return v_error(arena, VE_ARGUMENT,
                           "replacement string references group %d but regex has only %d group(s)",
                           c - '0', groups);
        } else {
            sb_add(out, group_text(s, c - '0'));
        }
    }
    return v_none();
}

static struct value replace(struct search *s, str replacement, int64_t limit)
{
    struct sb out = sb_new(s->run->arena);
    isize last = 0;
    int more = 0;
    for (int64_t n = 0; (limit < 0 || n < limit) && (more = search_next(s)) == 1; n++) {
        sb_add(&out, str_slice(s->subject, last, s->found[0]));
        struct value error = add_replacement(s, &out, replacement);
        if (error.kind == V_ERROR) {
            return error;
        }
        last = s->found[1];
        if (!pay_bytes(s->run, out.len / 16) || out.len > FN_SIZE_MAX) {
            return cel_budget_error();
        }
    }
    if (more < 0) {
        return limit_error(s->run);
    }
    sb_add(&out, str_slice(s->subject, last, s->subject.len));
    return v_string(sb_str(&out));
}

static bool search_begin(struct cel_run *run, struct search *s, const struct value *args,
                         struct value *error)
{
    *s = (struct search){ .run = run, .subject = v_str(args[0]), .previous = -1 };
    s->regex = compile(run, v_str(args[1]), error);
    return s->regex != NULL;
}

struct value fn_regex_replace(struct cel_run *run, const struct value *args, int argc)
{
    struct search s;
    struct value error;
    if (argc < 3 || argc > 4 || !is_string(args[0]) || !is_string(args[1]) || !is_string(args[2]) ||
        (argc == 4 && args[3].kind != V_INT)) {
        return cel_no_overload(run, "regex.replace", args, argc);
    }
    int64_t limit = argc == 4 ? args[3].i : -1;
    if (limit == 0) {
        return args[0];
    }
    return search_begin(run, &s, args, &error) ? replace(&s, v_str(args[2]), limit) : error;
}

/* ---- extract ---- */
static bool extract_begin(struct cel_run *run, struct search *s, const struct value *args, int argc,
                          const char *name, struct value *error)
{
    if (argc != 2 || !is_string(args[0]) || !is_string(args[1])) {
        *error = cel_no_overload(run, name, args, argc);
        return false;
    }
    if (!search_begin(run, s, args, error)) {
        return false;
    }
    if (cel_regex_groups(s->regex) > 1) {
        *error = v_error(run->arena, VE_ARGUMENT,
                         "regular expression has more than one capturing group: %.*s",
                         STR_ARG(fn_quoted(run->arena, v_str(args[1]))));
        return false;
    }
    return true;
}

struct value fn_regex_extract(struct cel_run *run, const struct value *args, int argc)
{
    struct search s;
    struct value error;
    if (!extract_begin(run, &s, args, argc, "regex.extract", &error)) {
        return error;
    }
    int found = search_next(&s);
    if (found < 0) {
        return limit_error(run);
    }
    bool group = cel_regex_groups(s.regex) == 1;
    str text = found == 0 ? STR_EMPTY : group_text(&s, group);
    if (found == 0 || (group && text.len == 0)) {
        return v_some(NULL);
    }
    return fn_some(run, v_string(text));
}

struct value fn_regex_extract_all(struct cel_run *run, const struct value *args, int argc)
{
    struct search s;
    struct value error;
    VEC(struct value) out = { 0 };
    if (!extract_begin(run, &s, args, argc, "regex.extractAll", &error)) {
        return error;
    }
    bool group = cel_regex_groups(s.regex) == 1;
    int more;
    while ((more = search_next(&s)) == 1) {
        str text = group_text(&s, group);
        if (!group || text.len > 0) {
            *vec_push(run->arena, &out) = v_string(text);
        }
    }
    return more < 0 ? limit_error(run) : v_list(out.ptr, out.len);
}
