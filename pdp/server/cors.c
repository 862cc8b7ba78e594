/* cors.c — which pages of other origins may read our answers
 *
 * Origins are compared without regard to case and given back as they were sent. Names of headers in a preflight
 * must be written as browsers write them: lower case, ascending, each once, at most one blank around each; a list
 * that is written otherwise does not come from a browser and is not allowed.
 *
 * Invariant: `headers` is sorted and has no repeats, so a list that ascends in it is checked in one pass.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/cors.h"

#include <stdlib.h>

#define EMPTY_MOST 16 /* empty elements in a list of headers, as the reference bears */

/* An origin, or what stands before and behind its `*`. */
struct pattern {
    str head;
    str tail;
    bool star;
};

struct cors {
    bool every_origin;
    const struct pattern *patterns;
    isize pattern_count;
    bool every_header;
    const str *headers; /* lower case, ascending */
    isize header_count;
    str max_age; /* the line of its header, or empty */
};

static const str usual_headers[] = { S("accept"), S("content-type"), S("user-agent"),
                                     S("x-requested-with") };

/* ORDER: as browsers may ask for them; OPTIONS itself is always right. */
static const str methods[] = { S("HEAD"),  S("GET"),    S("POST"),   S("PUT"),
                               S("PATCH"), S("DELETE"), S("OPTIONS") };

/* ---- preparing ---- */

static str lower(struct arena *arena, str s)
{
    char *to = arena_bytes(arena, s.len);
    for (isize i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        to[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    return (str){ to, s.len };
}

static void take_origins(struct arena *arena, struct cors *cors, const struct cors_options *options)
{
    struct pattern *patterns = new(arena, struct pattern, options->origin_count);
    cors->every_origin = options->origin_count == 0;
    for (isize i = 0; i < options->origin_count; i++) {
        str origin = lower(arena, options->origins[i]);
        cors->every_origin = cors->every_origin || str_eq(origin, S("*"));
        patterns[i].star = str_cut(origin, '*', &patterns[i].head, &patterns[i].tail);
    }
    cors->patterns = patterns;
    cors->pattern_count = options->origin_count;
}

static int by_bytes(const void *a, const void *b)
{
    return str_cmp(*(const str *)a, *(const str *)b);
}

static void take_headers(struct arena *arena, struct cors *cors, const str *names, isize count)
{
    str *headers = new(arena, str, count);
    for (isize i = 0; i < count; i++) {
        headers[i] = lower(arena, str_trim(names[i]));
        cors->every_header = cors->every_header || str_eq(headers[i], S("*"));
    }
    qsort(headers, (size_t)count, sizeof *headers, by_bytes);
    isize kept = 0;
    for (isize i = 0; i < count; i++) {
        if (kept == 0 || !str_eq(headers[kept - 1], headers[i])) {
            headers[kept++] = headers[i];
        }
    }
    cors->headers = headers;
    cors->header_count = kept;
}

const struct cors *cors_new(struct arena *arena, const struct cors_options *options)
{
    struct cors *cors = new(arena, struct cors, 1);
    take_origins(arena, cors, options);
    if (options->header_count > 0) {
        take_headers(arena, cors, options->headers, options->header_count);
    } else {
        take_headers(arena, cors, usual_headers, countof(usual_headers));
    }
    cors->max_age = options->max_age_s > 0 ? str_printf(arena, "Access-Control-Max-Age: %lld\r\n",
                                                        (long long)options->max_age_s)
                                           : STR_EMPTY;
    return cors;
}

/* ---- deciding ---- */

static bool fits(const struct pattern *pattern, str origin)
{
    if (!pattern->star) {
        return str_eq_nocase(origin, pattern->head);
    }
    isize head = pattern->head.len;
    isize tail = pattern->tail.len;
    return origin.len >= head + tail && str_eq_nocase(str_slice(origin, 0, head), pattern->head) &&
           str_eq_nocase(str_slice(origin, origin.len - tail, origin.len), pattern->tail);
}

static bool origin_allowed(const struct cors *cors, str origin)
{
    if (origin.len == 0) {
        return false;
    }
    bool allowed = cors->every_origin;
    for (isize i = 0; i < cors->pattern_count && !allowed; i++) {
        allowed = fits(&cors->patterns[i], origin);
    }
    return allowed;
}

static bool method_allowed(str method)
{
    for (int i = 0; i < countof(methods); i++) {
        if (str_eq(methods[i], method)) {
            return true;
        }
    }
    return false;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Without one blank at each end. */
static str trim_one(str s)
{
    isize start = s.len > 0 && is_blank(s.ptr[0]) ? 1 : 0;
    isize end = s.len > start && is_blank(s.ptr[s.len - 1]) ? s.len - 1 : s.len;
    return str_slice(s, start, end);
}

static bool headers_allowed(const struct cors *cors, str list)
{
    isize next = 0; /* first name that may still come */
    int empty = 0;
    while (list.len > 0 && !cors->every_header) {
        str name;
        (void)str_cut(list, ',', &name, &list);
        name = trim_one(name);
        if (name.len == 0) {
            if (++empty > EMPTY_MOST) {
                return false;
            }
            continue;
        }
        while (next < cors->header_count && !str_eq(cors->headers[next], name)) {
            next++;
        }
        if (next++ >= cors->header_count) {
            return false;
        }
    }
    return true;
}

/* ---- answering ---- */

static void put_origin(struct sb *sb, const struct cors *cors, str origin)
{
    sb_add(sb, S("Access-Control-Allow-Origin: "));
    sb_add(sb, cors->every_origin ? S("*") : origin);
    sb_add(sb, S("\r\n"));
}

static str preflight(const struct cors *cors, struct arena *arena,
                     const struct cors_request *request)
{
    struct sb sb = sb_new(arena);
    sb_add(&sb,
           S("Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers\r\n"));
    if (!origin_allowed(cors, request->origin) || !method_allowed(request->method) ||
        !headers_allowed(cors, request->headers)) {
        return sb_str(&sb);
    }
    put_origin(&sb, cors, request->origin);
    sb_add(&sb, S("Access-Control-Allow-Methods: "));
    sb_add(&sb, request->method);
    sb_add(&sb, S("\r\n"));
    if (request->headers.len > 0) {
        sb_add(&sb, S("Access-Control-Allow-Headers: "));
        sb_add(&sb, request->headers);
        sb_add(&sb, S("\r\n"));
    }
    sb_add(&sb, cors->max_age);
    return sb_str(&sb);
}

bool cors_answer(const struct cors *cors, struct arena *arena, const struct cors_request *request,
                 str *lines)
{
    if (request->options && request->method.len > 0) {
        *lines = preflight(cors, arena, request);
        return true;
    }
    *lines = S("Vary: Origin\r\n");
    if (request->known_method && origin_allowed(cors, request->origin)) {
        struct sb sb = sb_new(arena);
        sb_add(&sb, *lines);
        put_origin(&sb, cors, request->origin);
        *lines = sb_str(&sb);
    }
    return false;
}
