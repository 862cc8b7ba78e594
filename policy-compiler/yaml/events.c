/* events.c — libyaml's events, copied into an arena, with byte offsets
 *
 * libyaml counts characters, we count bytes: a table with the byte of every 64th character turns
 * one into the other (for ASCII texts they are the same).
 *
 * libyaml reads YAML 1.1 and is stricter than JSON in places. What it would refuse or break lines
 * at is masked before it looks: such a character is replaced by a harmless one of the same length,
 * so all positions stay. Masked are U+0085, U+2028, U+2029 (line breaks of 1.1 only), U+FEFF inside
 * the text, DEL and C1 controls, non-characters, and the digits of surrogate escapes `\uD83D`. The
 * bytes of scalars are taken from the source later, so nothing masked is ever seen by anyone else.
 *
 * libyaml holds heap memory: while it lives, the arena's guard is ours, and is passed on after the
 * parser is gone.
 *
 * Neighbours: compose.c builds the tree · scalar.c reads the bytes of scalars
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "yaml/events.h"

#include "base/utf8.h"
#include "yaml/compose.h"

#include <yaml.h>

#define STEP       64  /* characters between two entries of the table */
#define QUOTES_MAX 100 /* most places that yaml_quotes reports        */

static const char too_deep[] = "nesting is too deep";
static const char too_many[] = "too many nodes";

/* State of one reading, in the arena because it must survive a jump. */
struct reader {
    yaml_parser_t parser;
    yaml_event_t event;
    yaml_token_t token;
    bool event_live; /* event holds memory                                     */
    bool token_live; /* token holds memory                                     */
    str text;        /* what libyaml reads: without byte order mark, masked    */
    uint32_t base;   /* bytes of the byte order mark                           */
    uint32_t *steps; /* byte of character n * STEP; NULL: ASCII                */
    isize step_count;
    int depth; /* open collections                                       */
};

isize yaml_text_check(str text)
{
    isize bad = utf8_invalid(text);
    isize end = bad < 0 ? text.len : bad;
    for (isize i = 0; i < end; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c < 0x20 && c != '\t' && c != '\n' && c != '\r') {
            return i;
        }
    }
    return bad;
}

/* ---- masking --------------------------------------------------------------------------------- */

/* Bytes of the character at p when libyaml must not see it, else 0. */
static int must_mask(const unsigned char *p, isize left)
{
    if (p[0] == 0x7f) {
        return 1;
    }
    if (p[0] == 0xc2 && left >= 2 && p[1] < 0xa0) {
        return 2; /* C1 controls, U+0085 among them */
    }
    if (left >= 3 && p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9)) {
        return 3; /* U+2028, U+2029 */
    }
    if (left >= 3 && p[0] == 0xef &&
        ((p[1] == 0xbb && p[2] == 0xbf) || (p[1] == 0xbf && p[2] >= 0xbe))) {
        return 3; /* U+FEFF, U+FFFE, U+FFFF */
    }
    return 0;
}

static bool hex_digit(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Is `\uD800` … `\uDFFF` at p? */
static bool surrogate_escape(const unsigned char *p, isize left)
{
    return left >= 6 && p[0] == '\\' && p[1] == 'u' && (p[2] == 'd' || p[2] == 'D') &&
           hex_digit(p[3]) && !(p[3] >= '0' && p[3] <= '7') && hex_digit(p[4]) && hex_digit(p[5]);
}

/* A copy of the text that libyaml accepts; the text itself when nothing needs masking. */
static str mask_text(struct arena *arena, str text, bool *masked)
{
    const unsigned char *p = (const unsigned char *)text.ptr;
    char *copy = NULL;
    for (isize i = 0; i < text.len; i++) {
        int bytes = p[i] >= 0x7f ? must_mask(p + i, text.len - i) : 0;
        bool surrogate = bytes == 0 && p[i] == '\\' && surrogate_escape(p + i, text.len - i);
        if (bytes == 0 && !surrogate) {
            continue;
        }
        if (copy == NULL) {
            copy = arena_bytes(arena, text.len);
            memcpy(copy, text.ptr, (size_t)text.len);
        }
        if (surrogate) {
            memcpy(copy + i + 2, "0041", 4);
        } else {
            memcpy(copy + i,
                   bytes == 1   ? "x"
                   : bytes == 2 ? "\xc3\x97"
                                : "\xe2\x80\xa2",
                   (size_t)bytes);
        }
    }
    *masked = copy != NULL;
    return copy != NULL ? (str){ copy, text.len } : text;
}

/* ---- characters to bytes --------------------------------------------------------------------- */

static void build_steps(struct arena *arena, struct reader *r)
{
    if (utf8_is_ascii(r->text)) {
        return;
    }
    r->steps = new (arena, uint32_t, r->text.len / STEP + 2);
    isize chars = 0;
    for (isize i = 0; i < r->text.len; i++) {
        if (((unsigned char)r->text.ptr[i] & 0xc0) == 0x80) {
            continue;
        }
        if (chars % STEP == 0) {
            r->steps[r->step_count++] = (uint32_t)i;
        }
        chars++;
    }
}

/* Byte of the source for a mark. */
static uint32_t mark_byte(const struct reader *r, const yaml_mark_t *mark)
{
    isize chars = (isize)mark->index;
    isize at = chars;
    if (r->steps != NULL) {
        isize step = chars / STEP < r->step_count ? chars / STEP : r->step_count - 1;
        isize skip = chars - step * STEP;
        at = r->steps[step];
        while (skip > 0 && at < r->text.len) {
            at++;
            while (at < r->text.len && ((unsigned char)r->text.ptr[at] & 0xc0) == 0x80) {
                at++;
            }
            skip--;
        }
    }
    return r->base + (uint32_t)(at < r->text.len ? at : r->text.len);
}

/* ---- events ---------------------------------------------------------------------------------- */

static str copy_name(struct arena *arena, const yaml_char_t *name)
{
    return name == NULL ? STR_EMPTY : str_copy(arena, str_from_c((const char *)name));
}

static void copy_scalar(struct arena *arena, const yaml_event_t *event, struct yevent *out)
{
    static const uint8_t styles[] = {
        [YAML_ANY_SCALAR_STYLE] = YS_PLAIN,
        [YAML_PLAIN_SCALAR_STYLE] = YS_PLAIN,
        [YAML_SINGLE_QUOTED_SCALAR_STYLE] = YS_SINGLE,
        [YAML_DOUBLE_QUOTED_SCALAR_STYLE] = YS_DOUBLE,
        [YAML_LITERAL_SCALAR_STYLE] = YS_LITERAL,
        [YAML_FOLDED_SCALAR_STYLE] = YS_FOLDED,
    };
    out->kind = YE_SCALAR;
    out->style = styles[event->data.scalar.style];
    out->anchor = copy_name(arena, event->data.scalar.anchor);
    out->props = event->data.scalar.anchor != NULL || event->data.scalar.tag != NULL;
    out->value = str_copy(
        arena, (str){ (const char *)event->data.scalar.value, (isize)event->data.scalar.length });
}

/* Copies an event; false for those that are of no interest. */
static bool copy_event(struct arena *arena, const yaml_event_t *event, struct yevent *out)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        out->kind = YE_DOC;
        return true;
    case YAML_DOCUMENT_END_EVENT:
        out->kind = YE_DOC_END;
        return true;
    case YAML_ALIAS_EVENT:
        out->kind = YE_ALIAS;
        out->anchor = copy_name(arena, event->data.alias.anchor);
        return true;
    case YAML_SCALAR_EVENT:
        copy_scalar(arena, event, out);
        return true;
    case YAML_SEQUENCE_START_EVENT:
        out->kind = YE_SEQ;
        out->flow = event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
        out->anchor = copy_name(arena, event->data.sequence_start.anchor);
        out->props =
            event->data.sequence_start.anchor != NULL || event->data.sequence_start.tag != NULL;
        return true;
    case YAML_MAPPING_START_EVENT:
        out->kind = YE_MAP;
        out->flow = event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
        out->anchor = copy_name(arena, event->data.mapping_start.anchor);
        out->props =
            event->data.mapping_start.anchor != NULL || event->data.mapping_start.tag != NULL;
        return true;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        out->kind = YE_END;
        return true;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    default:
        return false;
    }
}

static void stop(struct yevents *out, const char *problem, uint32_t at)
{
    out->limit = true;
    out->problem = problem;
    out->problem_at = at;
    out->context_at = at;
}

static void parser_error(const struct reader *r, struct yevents *out)
{
    const yaml_parser_t *p = &r->parser;
    if (p->error == YAML_MEMORY_ERROR) {
        stop(out, "not enough memory", r->base);
        return;
    }
    out->problem = p->problem != NULL ? p->problem : "cannot be read";
    out->context = p->context;
    out->problem_at = mark_byte(r, &p->problem_mark);
    out->context_at = p->context != NULL ? mark_byte(r, &p->context_mark) : out->problem_at;
}

/* Takes the next event; false at the end or when something stopped the reading. */
static bool next_event(struct arena *arena, struct reader *r, struct yevents *out)
{
    if (!yaml_parser_parse(&r->parser, &r->event)) {
        parser_error(r, out);
        return false;
    }
    r->event_live = true;
    struct yevent copy = { .start = mark_byte(r, &r->event.start_mark),
                           .end = mark_byte(r, &r->event.end_mark) };
    bool more = r->event.type != YAML_STREAM_END_EVENT;
    bool wanted = copy_event(arena, &r->event, &copy);
    yaml_event_delete(&r->event);
    r->event_live = false;
    if (!wanted) {
        return more;
    }
    *vec_push(arena, &out->list) = copy;
    r->depth += copy.kind == YE_SEQ || copy.kind == YE_MAP ? 1 : copy.kind == YE_END ? -1 : 0;
    if (r->depth > YAML_DEPTH) {
        stop(out, too_deep, copy.start);
    } else if (out->list.len > 2 * (isize)YAML_MAX_NODES) {
        stop(out, too_many, copy.start);
    }
    return out->problem == NULL;
}

/* ---- running libyaml ------------------------------------------------------------------------- */

static struct reader *open_reader(struct arena *arena, const struct source *source, bool *masked)
{
    struct reader *r = new (arena, struct reader, 1);
    r->base = str_starts(source->text, S("\xef\xbb\xbf")) ? 3 : 0;
    r->text = mask_text(arena, str_slice(source->text, r->base, source->text.len), masked);
    build_steps(arena, r);
    if (!yaml_parser_initialize(&r->parser)) {
        arena_overflow(arena);
    }
    yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r->parser, (const unsigned char *)r->text.ptr,
                                 (size_t)r->text.len);
    return r;
}

static void close_reader(struct reader *r)
{
    if (r->event_live) {
        yaml_event_delete(&r->event);
    }
    if (r->token_live) {
        yaml_token_delete(&r->token);
    }
    yaml_parser_delete(&r->parser);
}

void yaml_events(struct arena *arena, const struct source *source, struct yevents *out)
{
    *out = (struct yevents){ 0 };
    struct reader *r = open_reader(arena, source, &out->masked);
    jmp_buf env;
    jmp_buf *outer = arena_guard_set(arena, &env);
    if (setjmp(env) != 0) {
        close_reader(r);
        arena_guard_set(arena, outer);
        arena_overflow(arena);
    }
    while (next_event(arena, r, out)) {
    }
    close_reader(r);
    arena_guard_set(arena, outer);
}

/* ---- quotes ---------------------------------------------------------------------------------- */

/* The last quoted value, as long as it may still turn out to be followed by something. */
struct quoted {
    bool open;   /* there is one                          */
    size_t line; /* where it begins                       */
    uint32_t at; /* its byte                              */
};

/* Looks at one token; `after` says that a value may begin here. */
static void watch_quotes(struct arena *arena, const struct reader *r, bool after, struct quoted *q,
                         struct yplaces *out)
{
    const yaml_token_t *t = &r->token;
    if (q->open) {
        bool same_line = t->start_mark.line == q->line;
        bool harmless = t->type == YAML_FLOW_ENTRY_TOKEN || t->type == YAML_ANCHOR_TOKEN ||
                        t->type == YAML_FLOW_MAPPING_END_TOKEN || t->type == YAML_STREAM_END_TOKEN;
        bool is_key = t->type == YAML_VALUE_TOKEN; /* it was a key after all */
        if (same_line && !harmless && !is_key) {
            *vec_push(arena, &out->list) = q->at;
        }
        q->open = same_line && harmless;
    }
    bool quoted =
        t->type == YAML_SCALAR_TOKEN && (t->data.scalar.style == YAML_SINGLE_QUOTED_SCALAR_STYLE ||
                                         t->data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE);
    if (after && quoted && r->depth == 0) {
        *q = (struct quoted){ true, t->start_mark.line, mark_byte(r, &t->start_mark) };
    }
}

/* Marks that the scanner adds and nobody wrote. */
static bool token_is_virtual(const yaml_token_t *t)
{
    return t->type == YAML_STREAM_START_TOKEN || t->type == YAML_BLOCK_MAPPING_START_TOKEN ||
           t->type == YAML_BLOCK_SEQUENCE_START_TOKEN || t->type == YAML_BLOCK_END_TOKEN ||
           (t->type == YAML_KEY_TOKEN && t->start_mark.index == t->end_mark.index);
}

static void scan_quotes(struct arena *arena, struct reader *r, struct yplaces *out)
{
    struct quoted q = { 0 };
    bool after = true; /* the token before was `:`, or there was none */
    while (out->list.len < QUOTES_MAX && yaml_parser_scan(&r->parser, &r->token)) {
        r->token_live = true;
        yaml_token_type_t type = r->token.type;
        if (!token_is_virtual(&r->token)) {
            watch_quotes(arena, r, after, &q, out);
            after = type == YAML_VALUE_TOKEN;
            bool opens =
                type == YAML_FLOW_MAPPING_START_TOKEN || type == YAML_FLOW_SEQUENCE_START_TOKEN;
            bool closes =
                type == YAML_FLOW_MAPPING_END_TOKEN || type == YAML_FLOW_SEQUENCE_END_TOKEN;
            r->depth += opens ? 1 : closes && r->depth > 0 ? -1 : 0;
        }
        yaml_token_delete(&r->token);
        r->token_live = false;
        if (type == YAML_STREAM_END_TOKEN || r->depth > YAML_DEPTH) {
            break;
        }
    }
}

void yaml_quotes(struct arena *arena, const struct source *source, struct yplaces *out)
{
    *out = (struct yplaces){ 0 };
    bool masked = false;
    struct reader *r = open_reader(arena, source, &masked);
    jmp_buf env;
    jmp_buf *outer = arena_guard_set(arena, &env);
    if (setjmp(env) != 0) {
        close_reader(r);
        arena_guard_set(arena, outer);
        arena_overflow(arena);
    }
    scan_quotes(arena, r, out);
    close_reader(r);
    arena_guard_set(arena, outer);
}
