/* excerpt.c — lines around a place of a YAML text, laid out as the reference's reports have them
 *
 * The reference prints tokens, not lines: those that begin at most three lines in front of the one with the fault, and
 * those that begin at most three lines behind its end. Each token reaches from where the one before ended to its own
 * end, so together they are the text. Where a token ends decides where an excerpt ends: a plain scalar at the end of a
 * line takes the following empty lines and the next line's indentation with it, a quoted one or a bracket does not.
 * Blanks at the end of a line are no part of any token, except in quotes, comments and blocks.
 *
 * The tokens are found with the least that this needs: no structure, no validity. What is no YAML gives tokens too.
 *
 * Neighbours: compile/report.c asks for excerpts
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "yaml/excerpt.h"

#include "base/vec.h"

#define LINES_AROUND 3
#define EXCERPT_MOST (64 << 10) /* bytes in front of the caret, and behind; the rest is left out */

struct token {
    uint32_t from;  /* where the token before ended                                           */
    uint32_t start; /* first byte that is no white space                                      */
    uint32_t to;    /* first byte behind, with what follows a plain scalar                    */
    int line;       /* where the reference says it begins: wrong for some folded blocks       */
    bool raw;       /* [start, to) is shown as it is; else blanks at ends of lines are left out */
    bool null;      /* nothing follows where a value is missing: shown with ` null`            */
};

struct excerpts {
    struct arena *arena;
    const struct source *source;
    VEC(struct token) tokens;
};

struct excerpts *excerpts_new(struct arena *arena)
{
    struct excerpts *e = new(arena, struct excerpts, 1);
    e->arena = arena;
    return e;
}

/* ---- tokens ---------------------------------------------------------------------------------- */

struct scan {
    struct excerpts *e;
    str text;
    isize at;     /* next byte                                                       */
    isize end;    /* where the last token ended                                      */
    int line;     /* of `at`                                                         */
    isize begin;  /* first byte of that line                                         */
    isize indent; /* columns in front of the last key or dash, -1 before there is one */
    int flow;     /* open brackets                                                   */
};

static char peek(const struct scan *s, isize at)
{
    return at < s->text.len ? s->text.ptr[at] : '\0';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool is_end(const struct scan *s, isize at)
{
    return at >= s->text.len || s->text.ptr[at] == '\n' || is_blank(s->text.ptr[at]);
}

static bool is_flow(char c)
{
    return c == ',' || c == '[' || c == ']' || c == '{' || c == '}';
}

/* Moves to `to`, counting lines. */
static void advance(struct scan *s, isize to)
{
    for (; s->at < to; s->at++) {
        if (s->text.ptr[s->at] == '\n') {
            s->line++;
            s->begin = s->at + 1;
        }
    }
}

/* The token from `at` to `to`; line: where it is said to begin. */
static void push(struct scan *s, isize to, int line, bool raw)
{
    *vec_push(s->e->arena, &s->e->tokens) =
        (struct token){ (uint32_t)s->end, (uint32_t)s->at, (uint32_t)to, line, raw, false };
    advance(s, to);
    s->end = to;
}

static isize line_end(const struct scan *s, isize at)
{
    while (at < s->text.len && s->text.ptr[at] != '\n') {
        at++;
    }
    return at;
}

/* Behind white space, over line ends. */
static isize skip_space(const struct scan *s, isize at)
{
    while (at < s->text.len && (is_blank(s->text.ptr[at]) || s->text.ptr[at] == '\n')) {
        at++;
    }
    return at;
}

static isize column_of(const struct scan *s, isize at)
{
    isize begin = at;
    while (begin > 0 && s->text.ptr[begin - 1] != '\n') {
        begin--;
    }
    return at - begin;
}

/* What stands at the end of the text loses its last line end. */
static isize clip_end(const struct scan *s, isize at)
{
    return at == s->text.len && at > 0 && s->text.ptr[at - 1] == '\n' ? at - 1 : at;
}

static void scan_quoted(struct scan *s)
{
    char quote = s->text.ptr[s->at];
    isize i = s->at + 1;
    while (i < s->text.len && s->text.ptr[i] != quote) {
        i += quote == '"' && s->text.ptr[i] == '\\' && i + 1 < s->text.len ? 2 : 1;
        if (quote == '\'' && peek(s, i) == '\'' && peek(s, i + 1) == '\'') {
            i += 2;
        }
    }
    isize column = s->at - s->begin;
    push(s, i < s->text.len ? i + 1 : s->text.len, s->line, true);
    if (peek(s, s->at) == ':' && s->flow == 0) {
        s->indent = column;
    }
}

/* Does the plain scalar go on in the line of byte `next`, its first that is no white space? */
static bool goes_on(const struct scan *s, isize next)
{
    if (next >= s->text.len || s->text.ptr[next] == '#') {
        return false;
    }
    return s->flow > 0 ? !is_flow(s->text.ptr[next]) : column_of(s, next) > s->indent;
}

static void scan_plain(struct scan *s)
{
    isize i = s->at;
    while (i < s->text.len) {
        char c = s->text.ptr[i];
        bool colon = c == ':' && (is_end(s, i + 1) || (s->flow > 0 && is_flow(peek(s, i + 1))));
        if (colon || (c == '#' && is_blank(peek(s, i - 1))) || (s->flow > 0 && is_flow(c))) {
            break;
        }
        if (c == '\n') {
            isize next = skip_space(s, i);
            i = next;
            if (!goes_on(s, next)) {
                break;
            }
            continue;
        }
        i++;
    }
    if (peek(s, i) == ':' && s->flow == 0) {
        s->indent = s->at - s->begin;
    }
    i = clip_end(s, i);
    push(s, i > s->at ? i : s->at + 1, s->line, false);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

/* Line ends of the content [from, to) that folding keeps. indent: columns of the content. */
static int kept_line_ends(const struct scan *s, isize from, isize to, isize indent, bool folded)
{
    int kept = 0;
    isize last = to; /* behind the last text */
    while (last > from && (is_blank(s->text.ptr[last - 1]) || s->text.ptr[last - 1] == '\n')) {
        last--;
    }
    for (isize i = from; i < to;) {
        isize end = line_end(s, i);
        isize first = i;
        while (first < end && is_blank(s->text.ptr[first])) {
            first++;
        }
        bool plain = first < end && first - i <= indent;
        isize next = end + 1;
        isize next_first = next;
        while (next_first < to && is_blank(s->text.ptr[next_first])) {
            next_first++;
        }
        bool plain_next =
            next_first < to && s->text.ptr[next_first] != '\n' && next_first - next <= indent;
        bool fold = folded && end < last &&
                    ((plain && plain_next) || (plain && peek(s, next_first) == '\n'));
        kept += end < to && !fold;
        i = next;
    }
    return kept;
}

/* `|` or `>` with what follows it in its line, then the lines of the block. */
static void scan_block(struct scan *s)
{
    bool folded = s->text.ptr[s->at] == '>';
    isize header_end = line_end(s, s->at);
    isize explicit = 0;
    for (isize i = s->at + 1; i < header_end && !is_blank(s->text.ptr[i]); i++) {
        explicit = s->text.ptr[i] >= '1' && s->text.ptr[i] <= '9' ? s->text.ptr[i] - '0' : explicit;
    }
    push(s, header_end < s->text.len ? header_end + 1 : header_end, s->line, true);
    isize first = skip_space(s, s->at);
    isize indent = explicit > 0 ? (s->indent > 0 ? s->indent : 0) + explicit : column_of(s, first);
    if (first >= s->text.len || indent <= s->indent || column_of(s, first) < indent) {
        return;
    }
    isize to = first;
    while (to < s->text.len && column_of(s, to) >= indent) {
        to = skip_space(s, line_end(s, to));
    }
    int line = s->line;
    for (isize i = s->at; i < to; i++) {
        line += s->text.ptr[i] == '\n';
    }
    /* the reference counts back from the end, and not at the end of the text */
    int back = to == s->text.len ? s->text.ptr[to - 1] == '\n'
                                 : kept_line_ends(s, s->at, to, indent, folded);
    push(s, to, line - back, true);
}

/* ---- the text -------------------------------------------------------------------------------- */

static bool starts_document(const struct scan *s)
{
    str rest = str_slice(s->text, s->at, s->at + 3);
    return s->at == s->begin && (str_eq(rest, S("---")) || str_eq(rest, S("..."))) &&
           is_end(s, s->at + 3);
}

static void scan_token(struct scan *s)
{
    char c = s->text.ptr[s->at];
    if (starts_document(s)) {
        s->indent = -1;
        push(s, s->at + 3, s->line, false);
    } else if (c == '#') {
        isize end = line_end(s, s->at);
        push(s, end < s->text.len ? end + 1 : end, s->line, true);
    } else if (c == '{' || c == '[' || (is_flow(c) && s->flow > 0)) {
        s->flow += c == '{' || c == '[' ? 1 : c == ',' ? 0 : -1;
        push(s, s->at + 1, s->line, false);
    } else if (c == '-' && s->flow == 0 && is_end(s, s->at + 1)) {
        s->indent = s->at - s->begin;
        push(s, s->at + 1, s->line, false);
    } else if (c == ':' && (is_end(s, s->at + 1) || s->flow > 0)) {
        push(s, s->at + 1, s->line, false);
    } else if ((c == '|' || c == '>') && s->flow == 0) {
        scan_block(s);
    } else if (c == '"' || c == '\'') {
        scan_quoted(s);
    } else if (c == '&' || c == '!' || c == '*') {
        isize i = s->at;
        while (!is_end(s, i) && !(s->flow > 0 && is_flow(s->text.ptr[i]))) {
            i++;
        }
        push(s, i, s->line, false);
    } else {
        scan_plain(s);
    }
}

/* A text that ends with a key or a dash without value: the reference supplies one and forgets comments behind it. */
static void complete(struct excerpts *e)
{
    str text = e->source->text;
    isize count = e->tokens.len;
    while (count > 0 && text.ptr[e->tokens.ptr[count - 1].start] == '#') {
        count--;
    }
    struct token *last = count > 0 ? &e->tokens.ptr[count - 1] : NULL;
    if (last != NULL && last->to - last->start == 1 &&
        str_find_byte(S(":-"), text.ptr[last->start]) >= 0) {
        last->null = true;
        e->tokens.len = count;
    }
}

static void read_tokens(struct excerpts *e, const struct source *source)
{
    struct scan s = { .e = e, .text = source->text, .line = 1, .indent = -1 };
    e->source = source;
    e->tokens.len = 0;
    for (;;) {
        advance(&s, skip_space(&s, s.at));
        if (s.at >= s.text.len) {
            break;
        }
        scan_token(&s);
    }
    complete(e);
}

/* ---- printing -------------------------------------------------------------------------------- */

struct print {
    struct sb *out;
    int number; /* of the line that is being written */
    int marked; /* the line with the fault           */
    isize most; /* length of `out` at which to stop  */
};

static bool is_full(const struct print *p)
{
    return p->out->len >= p->most;
}

static void number_line(struct print *p)
{
    sb_printf(p->out, "%c %2d | ", p->number == p->marked ? '>' : ' ', p->number);
}

static void print_byte(struct print *p, char c)
{
    if (c == '\r') {
        return;
    }
    sb_byte(p->out, c);
    if (c == '\n') {
        p->number++;
        number_line(p);
    }
}

/* Bytes [from, to) of the token; blanks in front of a line end only where the token is raw. */
static void print_token(struct print *p, str text, const struct token *t, isize from, isize to)
{
    for (isize i = from; i < to && !is_full(p);) {
        isize behind = i;
        while (!(t->raw && i >= (isize)t->start) && behind < to && text.ptr[behind] == ' ') {
            behind++;
        }
        bool ends_line = behind > i && behind < text.len &&
                         (text.ptr[behind] == '\n' || text.ptr[behind] == '\r');
        if (ends_line) {
            i = behind;
            continue;
        }
        do {
            print_byte(p, text.ptr[i++]);
        } while (i < behind && !is_full(p));
    }
    sb_add(p->out, t->null ? S(" null") : STR_EMPTY);
}

/* Where the token's text begins when it is the first one shown. */
static isize first_byte(str text, const struct token *t)
{
    isize from = (isize)t->from;
    if (t->raw && from == (isize)t->start) { /* a block: only empty lines go */
        while (from < (isize)t->to && text.ptr[from] == '\n') {
            from++;
        }
        if (from > (isize)t->from) {
            return from;
        }
    }
    for (isize i = (isize)t->start; i > (isize)t->from; i--) {
        if (text.ptr[i - 1] == '\n') {
            return i;
        }
    }
    while (from > 0 && text.ptr[from - 1] == ' ') { /* what the token before has taken */
        from--;
    }
    return from;
}

/* Tokens [from, to); `end` bounds the last one. */
static void print_tokens(struct print *p, const struct excerpts *e, isize from, isize to, isize end)
{
    str text = e->source->text;
    const struct token *tokens = e->tokens.ptr;
    p->number = tokens[from].line;
    p->most = p->out->len + EXCERPT_MOST;
    number_line(p);
    for (isize i = from; i < to && !is_full(p); i++) {
        isize start = i == from ? first_byte(text, &tokens[i]) : (isize)tokens[i].from;
        isize stop = (isize)tokens[i].to < end ? (isize)tokens[i].to : end;
        print_token(p, text, &tokens[i], start, stop);
    }
}

/* Without line ends and blanks behind. */
static isize trimmed_end(str text, const struct token *t)
{
    isize end = (isize)t->to;
    while (end > (isize)t->start && (is_blank(text.ptr[end - 1]) || text.ptr[end - 1] == '\n')) {
        end--;
    }
    return end;
}

/* The token at a byte: the last that begins there or before. */
static isize token_at(const struct excerpts *e, uint32_t offset)
{
    isize low = 0;
    isize high = e->tokens.len;
    while (high - low > 1) {
        isize middle = low + (high - low) / 2;
        if (e->tokens.ptr[middle].start <= offset) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The last line of the token, when it has several. */
static int last_line(str text, const struct token *t)
{
    int line = t->line;
    isize end = trimmed_end(text, t);
    isize behind = end;
    for (isize i = (isize)t->start; i < end; i++) {
        line += text.ptr[i] == '\n';
    }
    /* a line end behind it counts, and the last one does not */
    int after = 0;
    for (; behind < (isize)t->to; behind++) {
        after += text.ptr[behind] == '\n';
    }
    return line + (after > 0 ? after - 1 : 0);
}

void excerpt_add(struct excerpts *e, const struct source *source, struct place caret,
                 struct sb *out)
{
    if (e->source != source) {
        read_tokens(e, source);
    }
    if (e->tokens.len == 0) {
        return;
    }
    const struct token *tokens = e->tokens.ptr;
    isize fault = token_at(e, source_offset(source, caret.line, caret.column));
    int behind = last_line(source->text, &tokens[fault]);
    isize first = fault;
    while (first > 0 && tokens[first - 1].line >= caret.line - LINES_AROUND) {
        first--;
    }
    isize last = first + 1; /* behind the last one in front of the caret */
    while (last < e->tokens.len && (last <= fault || tokens[last].line <= behind)) {
        last++;
    }
    struct print p = { .out = out, .marked = caret.line };
    print_tokens(&p, e, first, last, trimmed_end(source->text, &tokens[last - 1]));
    sb_byte(out, '\n');
    int digits = caret.line < 1000      ? 3
                 : caret.line < 10000   ? 4
                 : caret.line < 100000  ? 5
                 : caret.line < 1000000 ? 6
                                        : 7;
    digits = caret.line < 100 ? 2 : digits;
    for (int i = 0; i < digits + 4 + caret.column && i < EXCERPT_MOST; i++) {
        sb_byte(out, ' ');
    }
    sb_add(out, S("^\n"));
    isize stop = last;
    while (stop < e->tokens.len && tokens[stop].line <= behind + LINES_AROUND) {
        stop++;
    }
    if (stop > last) {
        print_tokens(&p, e, last, stop, source->text.len);
    }
}
