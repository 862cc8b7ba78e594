/* re_dfa.c — the linear automaton: answers where backtracking reaches its limit
 *
 * The tree becomes a Thompson program; a set of its words is a state; states and their transitions on ASCII are kept
 * in a table as they come up (a lazy DFA), so a long subject costs one look-up per byte. When the table is full it
 * starts anew. Code points above ASCII are tried word by word.
 *
 * What a word accepts is asked of PCRE2, one code point at a time, through a tiny pattern made from the same tree node:
 * both ways then agree on Unicode classes and case folding.
 *
 * A state is the set *before* empty-width steps, plus what stood before it (start, newline, word character), because
 * `^ $ \b` need the next code point to be decided.
 *
 * Invariants
 *   the first word is in every state: the search may begin anywhere
 *   a state's words are sorted and unique                → equal sets are one state
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/re_dfa.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/utf8.h"
#include "base/vec.h"
#include "cel/re_pcre2.h"

#define MAX_WORDS 20000 /* longest program                                */
#define MAX_STATES 1000 /* states kept at a time                          */
#define END_OF_TEXT 128 /* transition at the end of the subject           */
#define TRANSITIONS 129
#define NONE UINT32_MAX

enum { W_CHAR, W_SPLIT, W_JUMP, W_ASSERT, W_MATCH };

/* What one node accepts. */
struct accepts {
    uint64_t ascii[2];      /* the 128 ASCII characters             */
    bool any_wide;          /* every code point above ASCII         */
    pcre2_code *wide;       /* else: asked for those above ASCII; NULL: none */
};

struct word {
    uint8_t op;
    uint8_t assertion;      /* W_ASSERT: enum re_kind */
    uint32_t x, y;          /* W_SPLIT: both; W_JUMP: x; W_CHAR: x = number of its accepts */
};

enum { BEFORE_START = 1, BEFORE_NEWLINE = 2, BEFORE_WORD = 4 };

struct state {
    uint32_t *words;        /* sorted                                                       */
    uint32_t count;
    uint8_t before;         /* what stood before                                            */
    uint32_t next[TRANSITIONS]; /* state + 2; 1: matched; 0: not known yet                  */
};

struct dfa {
    struct arena *arena;
    VEC(struct word) words;
    VEC(struct accepts) accepts;
    VEC(struct state *) states;
    struct arena_mark table;    /* states lie behind it        */
    uint32_t *stamp;            /* per word: generation        */
    uint32_t generation;
    uint32_t *stack;
    uint32_t *set;              /* words of the state in the making */
    uint32_t set_count;
    pcre2_match_data *match;
    pcre2_general_context *memory;
    bool failed;
};

/* ---- program ---- */
static uint32_t add_word(struct dfa *d, struct word w)
{
    if (d->words.len >= MAX_WORDS) {
        d->failed = true;
        return 0;
    }
    *vec_push(d->arena, &d->words) = w;
    return (uint32_t)d->words.len - 1;
}

static bool wide_accepts(const struct dfa *d, const pcre2_code *code, int32_t rune)
{
    char text[4];
    int len = utf8_put(text, rune);
    return pcre2_match(code, (PCRE2_SPTR)text, (PCRE2_SIZE)len, 0, PCRE2_ANCHORED | PCRE2_NO_UTF_CHECK, d->match,
                       NULL) > 0;
}

static void set_ascii(struct accepts *a, int32_t rune)
{
    a->ascii[rune >> 6] |= UINT64_C(1) << (rune & 63);
}

static void accept_node(struct dfa *d, const struct re_node *n, struct accepts *a)
{
    if (n->kind == RE_ANY) {
        a->ascii[0] = a->ascii[1] = ~UINT64_C(0);
        if (!n->dot_nl) {
            a->ascii[0] &= ~(UINT64_C(1) << '\n');
        }
        a->any_wide = true;
        return;
    }
    struct sb text = sb_new(d->arena);
    re_emit(&text, n);
    a->wide = re_pcre2_compile(sb_str(&text), d->memory);
    if (a->wide == NULL) {
        d->failed = true;
        return;
    }
    for (int32_t r = 0; r < 128; r++) {
        if (wide_accepts(d, a->wide, r)) {
            set_ascii(a, r);
        }
    }
}

static void add_char(struct dfa *d, const struct re_node *n)
{
    struct accepts a = { 0 };
    accept_node(d, n, &a);
    *vec_push(d->arena, &d->accepts) = a;
    (void)add_word(d, (struct word){ .op = W_CHAR, .x = (uint32_t)d->accepts.len - 1 });
}

static void compile(struct dfa *d, const struct re_node *n);

static void compile_alternatives(struct dfa *d, const struct re_node *n)
{
    VEC(uint32_t) exits = { 0 };
    for (isize i = 0; i < n->item_count && !d->failed; i++) {
        bool last = i == n->item_count - 1;
        uint32_t split = last ? 0 : add_word(d, (struct word){ .op = W_SPLIT });
        compile(d, n->items[i]);
        if (!last) {
            *vec_push(d->arena, &exits) = add_word(d, (struct word){ .op = W_JUMP });
            d->words.ptr[split].x = split + 1;
            d->words.ptr[split].y = (uint32_t)d->words.len;
        }
    }
    for (isize i = 0; i < exits.len; i++) {
        d->words.ptr[exits.ptr[i]].x = (uint32_t)d->words.len;
    }
}

/* items[0] any number of times */
static void compile_star(struct dfa *d, const struct re_node *n)
{
    uint32_t split = add_word(d, (struct word){ .op = W_SPLIT });
    compile(d, n->items[0]);
    (void)add_word(d, (struct word){ .op = W_JUMP, .x = split });
    if (!d->failed) {
        d->words.ptr[split].x = split + 1;
        d->words.ptr[split].y = (uint32_t)d->words.len;
    }
}

static void compile_repeat(struct dfa *d, const struct re_node *n)
{
    for (int i = 0; i < n->min && !d->failed; i++) {
        compile(d, n->items[0]);
    }
    if (n->max < 0) {
        compile_star(d, n);
        return;
    }
    VEC(uint32_t) splits = { 0 };
    for (int i = n->min; i < n->max && !d->failed; i++) {
        *vec_push(d->arena, &splits) = add_word(d, (struct word){ .op = W_SPLIT });
        compile(d, n->items[0]);
    }
    for (isize i = 0; i < splits.len; i++) {
        d->words.ptr[splits.ptr[i]].x = splits.ptr[i] + 1;
        d->words.ptr[splits.ptr[i]].y = (uint32_t)d->words.len;
    }
}

static void compile(struct dfa *d, const struct re_node *n)
{
    if (d->failed) {
        return;
    }
    switch (n->kind) {
    case RE_EMPTY:
        return;
    case RE_RUNE:
    case RE_CLASS:
    case RE_ANY:
        add_char(d, n);
        return;
    case RE_GROUP:
        compile(d, n->items[0]);
        return;
    case RE_REPEAT:
        compile_repeat(d, n);
        return;
    case RE_CAT:
        for (isize i = 0; i < n->item_count; i++) {
            compile(d, n->items[i]);
        }
        return;
    case RE_ALT:
        compile_alternatives(d, n);
        return;
    default:
        (void)add_word(d, (struct word){ .op = W_ASSERT, .assertion = n->kind });
        return;
    }
}

/* ---- states ---- */
static bool is_word_rune(int32_t r)
{
    return (r >= '0' && r <= '9') || (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z') || r == '_';
}

/* rune: the next code point, -1 at the end of the text. */
static bool assertion_holds(uint8_t assertion, uint8_t before, int32_t rune)
{
    bool boundary = ((before & BEFORE_WORD) != 0) != is_word_rune(rune);
    switch (assertion) {
    case RE_LINE_START: return (before & (BEFORE_START | BEFORE_NEWLINE)) != 0;
    case RE_LINE_END: return rune < 0 || rune == '\n';
    case RE_TEXT_START: return (before & BEFORE_START) != 0;
    case RE_TEXT_END: return rune < 0;
    case RE_WORD: return boundary;
    default: return !boundary;
    }
}

static bool accepts_rune(const struct dfa *d, uint32_t number, int32_t rune)
{
    const struct accepts *a = &d->accepts.ptr[number];
    if (rune < 128) {
        return (a->ascii[rune >> 6] >> (rune & 63)) & 1;
    }
    return a->any_wide || (a->wide != NULL && wide_accepts(d, a->wide, rune));
}

/* Follows the state's words over empty steps and the code point. Fills d->set with what comes behind it; true when
 * the pattern has matched before reading it. */
static bool step(struct dfa *d, const struct state *s, int32_t rune)
{
    bool matched = false;
    d->set_count = 0;
    d->generation++;
    for (uint32_t i = s->count; i-- > 0;) {
        uint32_t depth = 0;
        d->stack[depth++] = s->words[i];
        while (depth > 0) {
            uint32_t at = d->stack[--depth];
            if (d->stamp[at] == d->generation) {
                continue;
            }
            d->stamp[at] = d->generation;
            const struct word *w = &d->words.ptr[at];
            switch (w->op) {
            case W_SPLIT:
                d->stack[depth++] = w->y;
                d->stack[depth++] = w->x;
                break;
            case W_JUMP:
                d->stack[depth++] = w->x;
                break;
            case W_ASSERT:
                if (assertion_holds(w->assertion, s->before, rune)) {
                    d->stack[depth++] = at + 1;
                }
                break;
            case W_CHAR:
                if (rune >= 0 && accepts_rune(d, w->x, rune)) {
                    d->set[d->set_count++] = at + 1;
                }
                break;
            default:
                matched = true;
                break;
            }
        }
    }
    return matched;
}

static uint8_t before_of(int32_t rune)
{
    return (uint8_t)((rune == '\n' ? BEFORE_NEWLINE : 0) | (is_word_rune(rune) ? BEFORE_WORD : 0));
}

/* Sorts and drops repeats: sets are small and nearly sorted. */
static void normalise_set(struct dfa *d)
{
    for (uint32_t i = 1; i < d->set_count; i++) {
        uint32_t v = d->set[i];
        uint32_t k = i;
        while (k > 0 && d->set[k - 1] > v) {
            d->set[k] = d->set[k - 1];
            k--;
        }
        d->set[k] = v;
    }
    uint32_t out = 0;
    for (uint32_t i = 0; i < d->set_count; i++) {
        if (out == 0 || d->set[out - 1] != d->set[i]) {
            d->set[out++] = d->set[i];
        }
    }
    d->set_count = out;
}

/* The state of d->set (plus the first word); NONE when the table is full. */
static uint32_t intern(struct dfa *d, uint8_t before)
{
    d->set[d->set_count++] = 0;
    normalise_set(d);
    for (isize i = 0; i < d->states.len; i++) {
        const struct state *s = d->states.ptr[i];
        if (s->count == d->set_count && s->before == before &&
            memcmp(s->words, d->set, d->set_count * sizeof(uint32_t)) == 0) {
            return (uint32_t)i;
        }
    }
    if (d->states.len == MAX_STATES) {
        return NONE;
    }
    struct state *s = new (d->arena, struct state, 1);
    s->words = new (d->arena, uint32_t, d->set_count);
    memcpy(s->words, d->set, d->set_count * sizeof(uint32_t));
    s->count = d->set_count;
    s->before = before;
    *vec_push(d->arena, &d->states) = s;
    return (uint32_t)d->states.len - 1;
}

/* Forgets all states and enters the current set again. */
static uint32_t restart(struct dfa *d, uint8_t before)
{
    arena_reset(d->arena, d->table);
    d->states.ptr = NULL;
    d->states.len = 0;
    d->states.cap = 0;
    return intern(d, before);
}

/* ---- running ---- */
static int run(struct dfa *d, str subject)
{
    d->set_count = 0;
    uint32_t now = intern(d, BEFORE_START);
    for (isize pos = 0; pos < subject.len;) {
        uint8_t byte = (uint8_t)subject.ptr[pos];
        int32_t rune = byte < 128 ? (pos++, (int32_t)byte) : utf8_next(subject, &pos);
        struct state *s = d->states.ptr[now];
        if (rune < 128 && s->next[rune] != 0) {
            if (s->next[rune] == 1) {
                return 1;
            }
            now = s->next[rune] - 2;
            continue;
        }
        if (step(d, s, rune)) {
            return 1;
        }
        uint32_t next = intern(d, before_of(rune));
        if (next == NONE) {
            now = restart(d, before_of(rune));
            continue;
        }
        if (rune < 128) {
            d->states.ptr[now]->next[rune] = next + 2;
        }
        now = next;
    }
    return step(d, d->states.ptr[now], -1);
}

int re_dfa_match(const struct re_node *tree, struct arena *scratch, str subject)
{
    struct arena_mark mark = arena_mark(scratch);
    struct dfa d = { .arena = scratch };
    d.memory = re_pcre2_memory(scratch);
    d.match = d.memory == NULL ? NULL : pcre2_match_data_create(1, d.memory);
    if (d.match == NULL) {
        return -1;
    }
    compile(&d, tree);
    (void)add_word(&d, (struct word){ .op = W_MATCH });
    int result = -1;
    if (!d.failed) {
        isize words = d.words.len;
        d.stamp = new (scratch, uint32_t, words);
        d.stack = new (scratch, uint32_t, 2 * words + 2);
        d.set = new (scratch, uint32_t, words + 2);
        d.table = arena_mark(scratch);
        result = run(&d, subject);
    }
    arena_reset(scratch, mark);
    return result;
}
