/* calls.c — calling functions of the library by name
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "support/calls.h"

#include "base/num.h"
#include "base/time.h"
#include "cel/fn.h"
#include "support/unit.h"

#include <math.h>
#include <stdlib.h>

#define ARGS_MAX 16

/* The text that is read, and whom to ask for memory. */
struct reader {
    struct cel_run *run;
    const char *text; /* the whole text, for messages */
    str rest;         /* what is still to be read     */
};

static struct value read_value(struct reader *r);

_Noreturn static void unreadable(const struct reader *r)
{
    ck_abort_msg("cannot read the call %s at: %.*s", r->text, STR_ARG(r->rest));
    abort();
}

static bool next_is(struct reader *r, char c)
{
    while (r->rest.len > 0 && r->rest.ptr[0] == ' ') {
        r->rest = str_slice(r->rest, 1, r->rest.len);
    }
    return r->rest.len > 0 && r->rest.ptr[0] == c;
}

static bool take(struct reader *r, char c)
{
    bool is = next_is(r, c);
    r->rest = is ? str_slice(r->rest, 1, r->rest.len) : r->rest;
    return is;
}

static str read_text(struct reader *r)
{
    char quote = r->rest.ptr[0];
    r->rest = str_slice(r->rest, 1, r->rest.len);
    isize end = str_find_byte(r->rest, quote);
    if (end < 0) {
        unreadable(r);
    }
    str text = str_slice(r->rest, 0, end);
    r->rest = str_slice(r->rest, end + 1, r->rest.len);
    return text;
}

/* Items up to the closing character; returns how many. */
static int read_items(struct reader *r, char close, struct value *items)
{
    int count = 0;
    while (!take(r, close)) {
        if (count == ARGS_MAX || (count > 0 && !take(r, ','))) {
            unreadable(r);
        }
        items[count++] = read_value(r);
    }
    return count;
}

static struct value read_list(struct reader *r)
{
    struct value *items = new (r->run->arena, struct value, ARGS_MAX);
    return v_list(items, read_items(r, ']', items));
}

static struct value read_map(struct reader *r)
{
    struct vmap *map = vmap_new(r->run->arena, 0);
    for (bool first = true; !take(r, '}'); first = false) {
        if (!first && !take(r, ',')) {
            unreadable(r);
        }
        struct value key = read_value(r);
        if (!take(r, ':')) {
            unreadable(r);
        }
        (void)vmap_put(r->run->arena, map, key,
                       read_value(r)); /* whether it was there before does not matter */
    }
    return v_map(map);
}

static struct value read_number(struct reader *r)
{
    isize len = 0;
    while (len < r->rest.len && strchr("+-.0123456789eu", r->rest.ptr[len]) != NULL) {
        len++;
    }
    str text = str_slice(r->rest, 0, len);
    r->rest = str_slice(r->rest, len, r->rest.len);
    struct value v = v_int(0);
    if (str_ends(text, S("u")) && num_parse_uint(str_slice(text, 0, len - 1), &v.u)) {
        v.kind = V_UINT;
    } else if (!num_parse_int(text, false, &v.i)) {
        v.kind = V_DOUBLE;
        if (!num_parse_double(text, &v.d)) {
            unreadable(r);
        }
    }
    return v;
}

static struct value repeat(struct cel_run *run, struct value what, isize times)
{
    if (what.kind == V_STRING) {
        struct sb sb = sb_new(run->arena);
        for (isize i = 0; i < times; i++) {
            sb_add(&sb, v_str(what));
        }
        return v_string(sb_str(&sb));
    }
    struct value *items = new (run->arena, struct value, times * what.len);
    for (isize i = 0; i < times * what.len; i++) {
        items[i] = what.items[i % what.len];
    }
    return v_list(items, times * what.len);
}

/* Calls of the reader itself; V_NONE when the name is none of them. */
static struct value own_call(struct reader *r, str name, const struct value *args)
{
    int64_t i = 0;
    int32_t nanos = 0;
    int offset = 0;
    if (str_eq(name, S("timestamp")) && time_parse_rfc3339(v_str(args[0]), &i, &nanos, &offset)) {
        return v_timestamp(i, nanos, offset);
    }
    if (str_eq(name, S("duration")) && time_parse_duration(v_str(args[0]), &i)) {
        return v_duration(i);
    }
    if (str_eq(name, S("type"))) {
        return v_type(v_str(args[0]));
    }
    if (str_eq(name, S("repeat"))) {
        return repeat(r->run, args[0], (isize)args[1].i);
    }
    return str_eq(name, S("segments")) ? cel_hierarchy_list(args[0]) : v_none();
}

static struct value read_call(struct reader *r, str name)
{
    struct value args[ARGS_MAX] = { 0 };
    int argc = read_items(r, ')', args);
    for (int i = 0; i < argc; i++) {
        if (v_is_error(args[i])) {
            return args[i];
        }
    }
    struct value own = own_call(r, name, args);
    if (own.kind != V_NONE) {
        return own;
    }
    int func = cel_func_find(name);
    ck_assert_msg(func >= 0 && cel_funcs[func].impl != NULL, "no function %.*s in %s",
                  STR_ARG(name), r->text);
    return cel_funcs[func].impl(r->run, args, argc);
}

static struct value read_word(struct reader *r)
{
    isize len = 0;
    while (len < r->rest.len && strchr(" ()[]{},:'\"", r->rest.ptr[len]) == NULL) {
        len++;
    }
    str word = str_slice(r->rest, 0, len);
    r->rest = str_slice(r->rest, len, r->rest.len);
    if (len == 0) {
        unreadable(r);
    }
    if (take(r, '(')) {
        return read_call(r, word);
    }
    static const struct {
        str word;
        struct value value;
    } words[] = {
        { S("null"), { .kind = V_NULL } },
        { S("true"), { .kind = V_BOOL, .i = 1 } },
        { S("false"), { .kind = V_BOOL } },
        { S("inf"), { .kind = V_DOUBLE, .d = INFINITY } },
        { S("-inf"), { .kind = V_DOUBLE, .d = -INFINITY } },
        { S("nan"), { .kind = V_DOUBLE, .d = NAN } },
    };
    for (isize i = 0; i < countof(words); i++) {
        if (str_eq(words[i].word, word)) {
            return words[i].value;
        }
    }
    unreadable(r);
}

static struct value read_value(struct reader *r)
{
    if (next_is(r, '\'') || next_is(r, '"')) {
        return v_string(read_text(r));
    }
    if (take(r, '[')) {
        return read_list(r);
    }
    if (take(r, '{')) {
        return read_map(r);
    }
    if (str_starts(r->rest, S("b'"))) {
        r->rest = str_slice(r->rest, 1, r->rest.len);
        return v_bytes(read_text(r));
    }
    bool digit = r->rest.len > 0 && r->rest.ptr[0] >= '0' && r->rest.ptr[0] <= '9';
    bool negative =
        r->rest.len > 1 && r->rest.ptr[0] == '-' && r->rest.ptr[1] >= '0' && r->rest.ptr[1] <= '9';
    return digit || negative ? read_number(r) : read_word(r);
}

static const struct zone *find_zone(const void *ctx, str name)
{
    (void)ctx; /* the run is static */
    static struct arena zones;
    if (zones.cap == 0) {
        arena_init(&zones, 64 * 1024, 16 * 1024 * 1024);
    }
    return zone_load(&zones, name, NULL);
}

struct cel_run *unit_run_new(void)
{
    static const struct cel_zones zones = { find_zone, NULL };
    static const struct cel_code no_code;
    static struct cel_run run;
    run = (struct cel_run){ .code = &no_code,
                            .arena = unit_arena(),
                            .zones = &zones,
                            .now_ns = INT64_C(1704164645678000000),
                            .budget = 1000000 };
    return &run;
}

struct value unit_call(struct cel_run *run, const char *text)
{
    struct reader r = { .run = run, .text = text, .rest = str_from_c(text) };
    struct value v = read_value(&r);
    if (r.rest.len > 0) {
        unreadable(&r);
    }
    return v;
}

static str call_text(struct cel_run *run, struct value v)
{
    struct sb sb = sb_new(run->arena);
    if (v_is_error(v)) {
        sb_add(&sb, S("error: "));
        sb_add(&sb, v.err->text);
    } else {
        value_text(&sb, v);
    }
    return sb_str(&sb);
}

void unit_expect_call(const char *text, const char *want, const char *file, int line)
{
    struct cel_run *run = unit_run_new();
    str got = call_text(run, unit_call(run, text));
    ck_assert_msg(str_eq(got, str_from_c(want)), "%s:%d: %s\n  got  %.*s\n  want %s", file, line,
                  text, STR_ARG(got), want);
}

void unit_expect_costly(const char *text, int64_t units, const char *file, int line)
{
    struct cel_run *run = unit_run_new();
    struct value v = unit_call(run, text);
    ck_assert_msg(!v_is_error(v), "%s:%d: %s fails: %.*s", file, line, text,
                  STR_ARG(call_text(run, v)));
    run = unit_run_new();
    run->budget = units;
    v = unit_call(run, text);
    ck_assert_msg(v_is_error(v) && v.err->category == VE_LIMIT,
                  "%s:%d: %s is paid for with %lld units, budget left %lld", file, line, text,
                  (long long)units, (long long)run->budget);
}
