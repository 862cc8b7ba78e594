/* glob.c — patterns over names with ':' between segments
 *
 * A program is a list of words, `op` in the low byte and an operand in the upper 24 bits:
 *
 *   CHAR c          the code point c
 *   ONE             any code point but ':'
 *   ANY             any code point
 *   RANGE neg lo hi one code point within lo … hi (two more words); outside when neg
 *   LIST n neg …    one code point of n (n + 1 more words: neg, then the code points)
 *   SPLIT t         go on at the next word and at word t
 *   JUMP t          go on at word t
 *   END             matches when the text is at its end
 *   ALL             first word of the pattern that fits everything
 *
 * Matching keeps the set of words reached so far (Thompson's method). Loops lead backwards only through SPLIT
 * and JUMP, and each word enters a set at most once, so every step ends.
 *
 * Invariants
 *   operands of SPLIT and JUMP lie inside the program          → glob_verify, or the compiler made them
 *   END is the last word
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/glob.h"

#include "base/utf8.h"
#include "base/vec.h"

enum { G_CHAR, G_ONE, G_ANY, G_RANGE, G_LIST, G_SPLIT, G_JUMP, G_END, G_ALL };

#define SEPARATOR ':'
#define MAX_NESTING 16

static uint32_t word(uint32_t op, uint32_t operand)
{
    return op | operand << 8;
}

bool glob_is_pattern(str text)
{
    return str_find_byte(text, '*') >= 0;
}

/* ---- compiling ---- */
struct compiler {
    struct arena *arena;
    str text;            /* the pattern               */
    isize pos;           /* next byte                 */
    VEC(uint32_t) code;  /* the program so far        */
    bool bad;            /* not a valid pattern       */
};

static void emit(struct compiler *c, uint32_t op, uint32_t operand)
{
    if (c->code.len >= GLOB_MAX_WORDS) {
        c->bad = true;
        return;
    }
    *vec_push(c->arena, &c->code) = word(op, operand);
}

static int32_t take(struct compiler *c)
{
    return c->pos < c->text.len ? utf8_next(c->text, &c->pos) : -1;
}

static int32_t peek(const struct compiler *c)
{
    isize at = c->pos;
    return at < c->text.len ? utf8_next(c->text, &at) : -1;
}

/* A loop over one-character word `op`: L: SPLIT out; op; JUMP L; out: */
static void emit_run(struct compiler *c, uint32_t op)
{
    uint32_t start = (uint32_t)c->code.len;
    emit(c, G_SPLIT, start + 3);
    emit(c, op, 0);
    emit(c, G_JUMP, start);
}

/* Behind `[`: either `lo-hi]`, or a list of characters up to `]`; a leading `!` negates. */
static void compile_class(struct compiler *c)
{
    uint32_t negated = 0;
    if (peek(c) == '!') {
        (void)take(c);
        negated = 1;
    }
    isize start = c->pos;
    int32_t lo = take(c);
    if (lo >= 0 && peek(c) == '-') {
        (void)take(c);
        int32_t hi = take(c);
        if (hi < lo || take(c) != ']') {
            c->bad = true;
            return;
        }
        emit(c, G_RANGE, negated);
        emit(c, 0, (uint32_t)lo);
        emit(c, 0, (uint32_t)hi);
        return;
    }
    c->pos = start;
    isize at = c->code.len;
    emit(c, G_LIST, 0);
    emit(c, 0, negated);
    uint32_t count = 0;
    for (;;) {
        int32_t r = take(c);
        if (r == ']') {
            break;
        }
        if (r == '\\') {
            r = take(c);
        }
        if (r < 0 || c->bad) {
            c->bad = true;
            return;
        }
        emit(c, 0, (uint32_t)r);
        count++;
    }
    if (count == 0 || c->bad) {
        c->bad = true;
        return;
    }
    c->code.ptr[at] = word(G_LIST, count);
}

static void compile_sequence(struct compiler *c, int depth);

/* Behind `{`: SPLIT next; first; JUMP end; next: SPLIT …; last; end: */
static void compile_alternatives(struct compiler *c, int depth)
{
    VEC(uint32_t) exits = { 0 };
    if (depth >= MAX_NESTING) {
        c->bad = true;
        return;
    }
    for (;;) {
        isize split = c->code.len;
        emit(c, G_SPLIT, 0);
        compile_sequence(c, depth + 1);
        int32_t r = take(c);
        if (c->bad || (r != ',' && r != '}')) {
            c->bad = true;
            return;
        }
        if (r == '}') {
            /* the last one needs no way around it: its SPLIT leads to its own body twice */
            c->code.ptr[split] = word(G_SPLIT, (uint32_t)split + 1);
            break;
        }
        *vec_push(c->arena, &exits) = (uint32_t)c->code.len;
        emit(c, G_JUMP, 0);
        if (c->bad) {
            return;
        }
        c->code.ptr[split] = word(G_SPLIT, (uint32_t)c->code.len);
    }
    for (isize i = 0; i < exits.len; i++) {
        c->code.ptr[exits.ptr[i]] = word(G_JUMP, (uint32_t)c->code.len);
    }
}

/* Up to the end of the pattern or, inside alternatives, up to `,` or `}` (left in place). */
static void compile_sequence(struct compiler *c, int depth)
{
    while (!c->bad && c->pos < c->text.len) {
        int32_t r = peek(c);
        if (depth > 0 && (r == ',' || r == '}')) {
            return;
        }
        (void)take(c);
        switch (r) {
        case '*':
            if (peek(c) == '*') {
                while (peek(c) == '*') {
                    (void)take(c);
                }
                emit_run(c, G_ANY);
            } else {
                emit_run(c, G_ONE);
            }
            break;
        case '?':
            emit(c, G_ONE, 0);
            break;
        case '[':
            compile_class(c);
            break;
        case '{':
            compile_alternatives(c, depth);
            break;
        case '\\':
            r = take(c);
            if (r < 0) {
                c->bad = true;
                return;
            }
            emit(c, G_CHAR, (uint32_t)r);
            break;
        default:
            if (r < 0) {
                c->bad = true;
                return;
            }
            emit(c, G_CHAR, (uint32_t)r);
        }
    }
}

bool glob_compile(struct arena *arena, str pattern, struct glob *out)
{
    struct compiler c = { .arena = arena, .text = pattern };
    *out = (struct glob){ 0 };
    if (str_eq(pattern, S("*")) || str_eq(pattern, S("**"))) {
        emit(&c, G_ALL, 0);
    } else {
        compile_sequence(&c, 0);
    }
    emit(&c, G_END, 0);
    if (c.bad) {
        return false;
    }
    *out = (struct glob){ c.code.ptr, (uint32_t)c.code.len };
    return true;
}

/* ---- verifying ---- */
static uint32_t word_size(struct glob glob, uint32_t at)
{
    switch (glob.code[at] & 0xff) {
    case G_RANGE:
        return 3;
    case G_LIST:
        return 2 + (glob.code[at] >> 8);
    default:
        return 1;
    }
}

bool glob_verify(struct glob glob)
{
    bool starts[GLOB_MAX_WORDS] = { false };
    if (glob.len == 0) {
        return true;
    }
    if (glob.len > GLOB_MAX_WORDS || glob.code[glob.len - 1] != word(G_END, 0)) {
        return false;
    }
    for (uint32_t at = 0; at < glob.len;) {
        uint32_t size = word_size(glob, at);
        if ((glob.code[at] & 0xff) > G_ALL || size > glob.len - at) {
            return false;
        }
        starts[at] = true;
        at += size;
    }
    for (uint32_t at = 0; at < glob.len; at += word_size(glob, at)) {
        uint32_t op = glob.code[at] & 0xff;
        uint32_t target = glob.code[at] >> 8;
        if ((op == G_SPLIT || op == G_JUMP) && (target >= glob.len || !starts[target])) {
            return false;
        }
        if (op != G_END && op != G_JUMP && at + word_size(glob, at) >= glob.len) {
            return false;
        }
    }
    return starts[glob.len - 1];
}

/* ---- matching ---- */
struct states {
    uint16_t *list;  /* words reached, in order  */
    uint32_t count;
};

struct matcher {
    struct glob glob;
    uint32_t *stamp;  /* per word: generation in which it was last reached */
    uint16_t *stack;  /* words still to be followed                        */
    uint32_t generation;
};

/* Adds a word and everything that follows from it without reading. */
static void reach(struct matcher *m, struct states *set, uint32_t from)
{
    uint32_t depth = 0;
    m->stack[depth++] = (uint16_t)from;
    while (depth > 0) {
        uint32_t at = m->stack[--depth];
        if (m->stamp[at] == m->generation) {
            continue;
        }
        m->stamp[at] = m->generation;
        uint32_t op = m->glob.code[at] & 0xff;
        uint32_t target = m->glob.code[at] >> 8;
        if (op == G_JUMP || op == G_SPLIT) {
            if (m->stamp[target] != m->generation) {
                m->stack[depth++] = (uint16_t)target;
            }
            if (op == G_SPLIT && m->stamp[at + 1] != m->generation) {
                m->stack[depth++] = (uint16_t)(at + 1);
            }
            continue;
        }
        set->list[set->count++] = (uint16_t)at;
    }
}

/* Does the word read this code point? */
static bool reads(struct glob glob, uint32_t at, int32_t rune)
{
    const uint32_t *w = &glob.code[at];
    switch (w[0] & 0xff) {
    case G_CHAR:
        return (int32_t)(w[0] >> 8) == rune;
    case G_ONE:
        return rune != SEPARATOR;
    case G_ANY:
        return true;
    case G_RANGE: {
        bool inside = rune >= (int32_t)(w[1] >> 8) && rune <= (int32_t)(w[2] >> 8);
        return inside != ((w[0] >> 8) != 0);
    }
    case G_LIST: {
        bool inside = false;
        for (uint32_t i = 0; i < w[0] >> 8; i++) {
            inside = inside || (int32_t)(w[2 + i] >> 8) == rune;
        }
        return inside != ((w[1] >> 8) != 0);
    }
    default:
        return false;
    }
}

bool glob_match(struct glob glob, str text, struct arena *scratch)
{
    if (glob.len == 0) {
        return false;
    }
    if ((glob.code[0] & 0xff) == G_ALL) {
        return true;
    }
    struct arena_mark mark = arena_mark(scratch);
    struct matcher m = { .glob = glob,
                         .stamp = new (scratch, uint32_t, glob.len),
                         .stack = new (scratch, uint16_t, 2 * (isize)glob.len + 2) };
    struct states now = { new (scratch, uint16_t, glob.len), 0 };
    struct states next = { new (scratch, uint16_t, glob.len), 0 };
    m.generation = 1;
    reach(&m, &now, 0);
    for (isize pos = 0; pos < text.len && now.count > 0;) {
        int32_t rune = utf8_next(text, &pos);
        m.generation++;
        next.count = 0;
        for (uint32_t i = 0; i < now.count; i++) {
            if (reads(glob, now.list[i], rune)) {
                reach(&m, &next, now.list[i] + word_size(glob, now.list[i]));
            }
        }
        struct states swap = now;
        now = next;
        next = swap;
    }
    bool matched = false;
    for (uint32_t i = 0; i < now.count; i++) {
        matched = matched || (glob.code[now.list[i]] & 0xff) == G_END;
    }
    arena_reset(scratch, mark);
    return matched;
}

bool glob_match_text(str pattern, str text, struct arena *scratch)
{
    if (!glob_is_pattern(pattern)) {
        return str_eq(pattern, text);
    }
    struct arena_mark mark = arena_mark(scratch);
    struct glob glob;
    bool matched = glob_compile(scratch, pattern, &glob) && glob_match(glob, text, scratch);
    arena_reset(scratch, mark);
    return matched;
}
