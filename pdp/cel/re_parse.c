/* re_parse.c — the grammar of the RE2 dialect, as the reference's implementation accepts it
 *
 * A stack machine like the grammar's author would do it by hand: operands and open groups lie on a stack, `|` and `)`
 * collapse what is above. The wording of errors is the reference's, because clients and policy authors see it.
 *
 * spec: cel#the-dialect
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/utf8.h"
#include "base/vec.h"
#include "cel/re_tree.h"

#define MAX_REPEAT 1000
#define MAX_DEPTH 1000
#define MAX_RUNE 0x10FFFF

enum { FOLD = 1, ONE_LINE = 2, DOT_NL = 4, LAZY = 8 };

/* Entries of the stack that are no operands. */
enum { MARK_OPEN = 100, MARK_GROUP, MARK_BAR };

struct item {
    uint8_t mark;         /* 0: operand                                 */
    uint8_t flags;        /* MARK_OPEN, MARK_GROUP: flags outside        */
    int depth;            /* operand: height of its tree                */
    struct re_node *node;
};

struct parser {
    struct arena *arena;
    str text;
    isize pos;
    unsigned flags;
    int groups;
    VEC(struct item) stack;
    str why;
    bool failed;
};

static void fail(struct parser *p, const char *code, str excerpt)
{
    if (!p->failed) {
        p->failed = true;
        p->why = str_printf(p->arena, "error parsing regexp: %s: `%.*s`", code, STR_ARG(excerpt));
    }
}

static bool at_end(const struct parser *p)
{
    return p->pos >= p->text.len;
}

static char byte_at(const struct parser *p, isize ahead)
{
    return p->pos + ahead < p->text.len ? p->text.ptr[p->pos + ahead] : '\0';
}

static str since(const struct parser *p, isize start)
{
    return str_slice(p->text, start, p->pos);
}

static str rest(const struct parser *p)
{
    return str_slice(p->text, p->pos, p->text.len);
}

static int32_t next_rune(struct parser *p)
{
    return at_end(p) ? -1 : utf8_next(p->text, &p->pos);
}

/* ---- building ---- */
static struct re_node *node_new(struct parser *p, enum re_kind kind)
{
    struct re_node *n = new (p->arena, struct re_node, 1);
    n->kind = (uint8_t)kind;
    return n;
}

static void push(struct parser *p, struct re_node *node, int depth)
{
    if (depth > MAX_DEPTH) {
        fail(p, "expression nests too deeply", p->text);
        return;
    }
    *vec_push(p->arena, &p->stack) = (struct item){ .node = node, .depth = depth };
}

static void push_simple(struct parser *p, enum re_kind kind)
{
    push(p, node_new(p, kind), 1);
}

static void push_rune(struct parser *p, int32_t rune)
{
    struct re_node *n = node_new(p, RE_RUNE);
    n->rune = rune;
    n->fold = (p->flags & FOLD) != 0;
    push(p, n, 1);
}

/* Joins the operands above position `from` into one node. */
static struct item join(struct parser *p, isize from, enum re_kind kind)
{
    isize count = p->stack.len - from;
    if (count == 1) {
        struct item only = p->stack.ptr[from];
        p->stack.len = from;
        return only;
    }
    struct re_node *n = node_new(p, count == 0 ? RE_EMPTY : kind);
    struct item out = { .node = n, .depth = 1 };
    n->items = new (p->arena, struct re_node *, count);
    n->item_count = count;
    for (isize i = 0; i < count; i++) {
        const struct item *operand = &p->stack.ptr[from + i];
        n->items[i] = operand->node;
        out.depth = operand->depth + 1 > out.depth ? operand->depth + 1 : out.depth;
    }
    p->stack.len = from;
    return out;
}

/* The operands since the last mark become one sequence. */
static void collapse_sequence(struct parser *p)
{
    isize from = p->stack.len;
    while (from > 0 && p->stack.ptr[from - 1].mark == 0) {
        from--;
    }
    struct item whole = join(p, from, RE_CAT);
    push(p, whole.node, whole.depth);
}

/* `a | b | c` since the last open group become one alternation. */
static void collapse_alternatives(struct parser *p)
{
    collapse_sequence(p);
    isize from = p->stack.len;
    while (from > 0 && (p->stack.ptr[from - 1].mark == 0 || p->stack.ptr[from - 1].mark == MARK_BAR)) {
        from--;
    }
    isize to = from;
    for (isize i = from; i < p->stack.len; i++) {
        if (p->stack.ptr[i].mark == 0) {
            p->stack.ptr[to++] = p->stack.ptr[i];
        }
    }
    p->stack.len = to;
    struct item whole = join(p, from, RE_ALT);
    push(p, whole.node, whole.depth);
}

/* ---- repetition ---- */
/* The product of nested counts may not exceed the limit. */
static bool repeat_fits(const struct re_node *n, int left)
{
    if (n->kind == RE_REPEAT && !(n->min == 0 && n->max == -1) && !(n->min == 1 && n->max == -1) &&
        !(n->min == 0 && n->max == 1)) {
        int m = n->max;
        if (m == 0) {
            return true;
        }
        if (m < 0) {
            m = n->min;
        }
        if (m > left) {
            return false;
        }
        if (m > 0) {
            left /= m;
        }
    }
    for (isize i = 0; i < n->item_count; i++) {
        if (!repeat_fits(n->items[i], left)) {
            return false;
        }
    }
    return true;
}

/* start: where the operator begins; last: where the operator directly before it begins, or -1. */
static void push_repeat(struct parser *p, int min, int max, bool counted, isize start, isize last)
{
    bool lazy = (p->flags & LAZY) != 0;
    if (byte_at(p, 0) == '?' && !at_end(p)) {
        p->pos++;
        lazy = !lazy;
    }
    if (last >= 0) {
        fail(p, "invalid nested repetition operator", since(p, last));
        return;
    }
    if (p->stack.len == 0 || p->stack.ptr[p->stack.len - 1].mark != 0) {
        fail(p, "missing argument to repetition operator", since(p, start));
        return;
    }
    struct item operand = p->stack.ptr[--p->stack.len];
    struct re_node *n = node_new(p, RE_REPEAT);
    n->min = min;
    n->max = max;
    n->lazy = lazy;
    n->items = new (p->arena, struct re_node *, 1);
    n->items[0] = operand.node;
    n->item_count = 1;
    push(p, n, operand.depth + 1);
    if (counted && (min >= 2 || max >= 2) && !repeat_fits(n, MAX_REPEAT)) {
        fail(p, "invalid repeat count", since(p, start));
    }
}

/* `digits`; -1 when there is none or it has a leading zero before another digit; > MAX_REPEAT is kept as too large. */
static int parse_count(struct parser *p)
{
    if (at_end(p) || byte_at(p, 0) < '0' || byte_at(p, 0) > '9') {
        return -1;
    }
    if (byte_at(p, 0) == '0' && byte_at(p, 1) >= '0' && byte_at(p, 1) <= '9') {
        return -1;
    }
    int n = 0;
    while (!at_end(p) && byte_at(p, 0) >= '0' && byte_at(p, 0) <= '9') {
        n = n > MAX_REPEAT ? n : n * 10 + (byte_at(p, 0) - '0');
        p->pos++;
    }
    return n;
}

/* At `{`. False, and nothing read, when it forms no count: then it is a literal. */
static bool parse_braces(struct parser *p, int *min, int *max)
{
    isize start = p->pos;
    p->pos++;
    *min = parse_count(p);
    *max = *min;
    if (*min >= 0 && byte_at(p, 0) == ',') {
        p->pos++;
        *max = byte_at(p, 0) == '}' ? -1 : parse_count(p);
        if (*max < 0 && byte_at(p, 0) != '}') {
            *min = -1;
        }
    }
    if (*min < 0 || byte_at(p, 0) != '}') {
        p->pos = start;
        return false;
    }
    p->pos++;
    return true;
}

/* ---- escapes ---- */
static int hex_digit(int32_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool is_alnum(int32_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Behind `\x`; -1 when it is malformed. */
static int32_t parse_hex(struct parser *p)
{
    int32_t c = next_rune(p);
    if (c != '{') {
        int x = hex_digit(c);
        int y = c < 0 ? -1 : hex_digit(next_rune(p));
        return x < 0 || y < 0 ? -1 : x * 16 + y;
    }
    int32_t r = 0;
    int digits = 0;
    while ((c = next_rune(p)) != '}') {
        int d = c < 0 ? -1 : hex_digit(c);
        if (d < 0 || (r = r * 16 + d) > MAX_RUNE) {
            return -1;
        }
        digits++;
    }
    return digits == 0 ? -1 : r;
}

/* At a backslash: one code point, -1 after a failure. */
static int32_t parse_escape(struct parser *p)
{
    isize start = p->pos++;
    if (at_end(p)) {
        fail(p, "trailing backslash at end of expression", STR_EMPTY);
        return -1;
    }
    int32_t c = next_rune(p);
    int32_t r = -1;
    switch (c) {
    case '1': case '2': case '3': case '4': case '5': case '6': case '7':
        if (byte_at(p, 0) < '0' || byte_at(p, 0) > '7') {
            break; /* a back-reference */
        }
        __attribute__((fallthrough));
    case '0':
        r = c - '0';
        for (int i = 1; i < 3 && byte_at(p, 0) >= '0' && byte_at(p, 0) <= '7'; i++) {
            r = r * 8 + (byte_at(p, 0) - '0');
            p->pos++;
        }
        break;
    case 'x': r = at_end(p) ? -1 : parse_hex(p); break;
    case 'a': r = 7; break;
    case 'f': r = '\f'; break;
    case 'n': r = '\n'; break;
    case 'r': r = '\r'; break;
    case 't': r = '\t'; break;
    case 'v': r = '\v'; break;
    default:
        if (c >= 0 && c < 0x80 && !is_alnum(c)) {
            r = c;
        }
    }
    if (r < 0) {
        fail(p, "invalid escape sequence", since(p, start));
    }
    return r;
}

/* ---- classes ---- */
typedef VEC(struct re_range) ranges;

static void add_range(struct parser *p, ranges *out, int32_t lo, int32_t hi)
{
    *vec_push(p->arena, out) = (struct re_range){ .lo = lo, .hi = hi };
}

/* Ranges as pairs, ascending, ended by -1; negated: everything else. */
static void add_ranges(struct parser *p, ranges *out, const int32_t *pairs, bool negated)
{
    int32_t next = 0;
    for (isize i = 0; pairs[i] >= 0; i += 2) {
        if (!negated) {
            add_range(p, out, pairs[i], pairs[i + 1]);
        } else if (pairs[i] > next) {
            add_range(p, out, next, pairs[i] - 1);
        }
        next = pairs[i + 1] + 1;
    }
    if (negated) {
        add_range(p, out, next, MAX_RUNE);
    }
}

/* ASCII ranges as pairs of characters; negated: everything else. */
static void add_ascii(struct parser *p, ranges *out, const char *pairs, bool negated)
{
    int32_t next = 0;
    for (isize i = 0; pairs[i] != '\0'; i += 2) {
        int32_t lo = (unsigned char)pairs[i];
        int32_t hi = (unsigned char)pairs[i + 1];
        if (lo == 1) {
            lo = 0; /* tables are texts: 1 stands for NUL as a lower bound */
        }
        if (!negated) {
            add_range(p, out, lo, hi);
        } else if (lo > next) {
            add_range(p, out, next, lo - 1);
        }
        next = hi + 1;
    }
    if (negated) {
        add_range(p, out, next, MAX_RUNE);
    }
}

static const struct {
    str name;
    const char *pairs;
} posix_classes[] = {
    { { "alnum", 5 }, "09AZaz" },  { { "alpha", 5 }, "AZaz" },       { { "ascii", 5 }, "\1\x7f" },
    { { "blank", 5 }, "\t\t  " },  { { "cntrl", 5 }, "\1\x1f\x7f\x7f" }, { { "digit", 5 }, "09" },
    { { "graph", 5 }, "!~" },      { { "lower", 5 }, "az" },         { { "print", 5 }, " ~" },
    { { "punct", 5 }, "!/:@[`{~" }, { { "space", 5 }, "\t\r  " },    { { "upper", 5 }, "AZ" },
    { { "word", 4 }, "09AZ__az" }, { { "xdigit", 6 }, "09AFaf" },
};

/* At `[:`. False when no `:]` follows: then it is an ordinary bracket. */
static bool parse_posix(struct parser *p, ranges *out)
{
    str tail = rest(p);
    isize end = str_find(str_slice(tail, 2, tail.len), S(":]"));
    if (end < 0) {
        return false;
    }
    str whole = str_slice(tail, 0, end + 4);
    str name = str_slice(tail, 2, end + 2);
    bool negated = name.len > 0 && name.ptr[0] == '^';
    name = negated ? str_slice(name, 1, name.len) : name;
    p->pos += whole.len;
    for (isize i = 0; i < countof(posix_classes); i++) {
        if (str_eq(posix_classes[i].name, name)) {
            add_ascii(p, out, posix_classes[i].pairs, negated);
            return true;
        }
    }
    fail(p, "invalid character class range", whole);
    return true;
}

/* At `\d \D \s \S \w \W`; false when it is something else. */
static bool parse_perl_class(struct parser *p, ranges *out)
{
    const char *pairs = NULL;
    if (byte_at(p, 0) != '\\') {
        return false;
    }
    switch (byte_at(p, 1) | 0x20) {
    case 'd': pairs = "09"; break;
    case 's': pairs = "\t\n\f\r  "; break;
    case 'w': pairs = "09AZ__az"; break;
    default: return false;
    }
    char letter = byte_at(p, 1);
    if (!is_alnum(letter)) {
        return false;
    }
    p->pos += 2;
    add_ascii(p, out, pairs, letter < 'a');
    return true;
}

/* At `\p` or `\P`; false when it is something else. */
static bool parse_property(struct parser *p, ranges *out)
{
    isize start = p->pos;
    if (byte_at(p, 0) != '\\' || (byte_at(p, 1) != 'p' && byte_at(p, 1) != 'P')) {
        return false;
    }
    bool negated = byte_at(p, 1) == 'P';
    p->pos += 2;
    isize name_at = p->pos;
    str name = STR_EMPTY;
    if (next_rune(p) == '{') {
        isize close = str_find_byte(rest(p), '}');
        if (close < 0) {
            fail(p, "invalid character class range", str_slice(p->text, start, p->text.len));
            return true;
        }
        name = str_slice(p->text, p->pos, p->pos + close);
        p->pos += close + 1;
    } else {
        name = since(p, name_at);
    }
    if (name.len > 0 && name.ptr[0] == '^') {
        negated = !negated;
        name = str_slice(name, 1, name.len);
    }
    const int32_t *young = re_young_script(name);
    if (young != NULL) {
        add_ranges(p, out, young, negated);
        return true;
    }
    const char *known = re_property(name);
    if (known == NULL) {
        fail(p, "invalid character class range", since(p, start));
        return true;
    }
    if (str_eq(str_from_c(known), S("ASCII"))) {
        add_range(p, out, negated ? 0x80 : 0, negated ? MAX_RUNE : 0x7F);
    } else if (str_eq(str_from_c(known), S("Assigned"))) {
        *vec_push(p->arena, out) = (struct re_range){ .property = "Cn", .negated = !negated };
    } else {
        *vec_push(p->arena, out) = (struct re_range){ .property = known, .negated = negated };
    }
    return true;
}

static int32_t parse_class_rune(struct parser *p, isize class_start)
{
    if (at_end(p)) {
        fail(p, "missing closing ]", str_slice(p->text, class_start, p->text.len));
        return -1;
    }
    return byte_at(p, 0) == '\\' ? parse_escape(p) : next_rune(p);
}

static void parse_class_range(struct parser *p, ranges *out, isize class_start)
{
    isize start = p->pos;
    int32_t lo = parse_class_rune(p, class_start);
    int32_t hi = lo;
    if (!p->failed && byte_at(p, 0) == '-' && p->pos + 1 < p->text.len && byte_at(p, 1) != ']') {
        p->pos++;
        hi = parse_class_rune(p, class_start);
        if (!p->failed && hi < lo) {
            fail(p, "invalid character class range", since(p, start));
        }
    }
    if (!p->failed) {
        add_range(p, out, lo, hi);
    }
}

static void push_class(struct parser *p, const ranges *r, bool negated)
{
    struct re_node *n = node_new(p, RE_CLASS);
    n->fold = (p->flags & FOLD) != 0;
    n->negated = negated;
    n->ranges = r->ptr;
    n->range_count = r->len;
    push(p, n, 1);
}

/* At `[`. */
static void parse_class(struct parser *p)
{
    ranges out = { 0 };
    isize start = p->pos++;
    bool negated = byte_at(p, 0) == '^';
    p->pos += negated;
    bool first = true;
    while (!p->failed && (at_end(p) || byte_at(p, 0) != ']' || first)) {
        first = false;
        if (byte_at(p, 0) == '[' && byte_at(p, 1) == ':' && p->text.len - p->pos > 2 && parse_posix(p, &out)) {
            continue;
        }
        if (parse_property(p, &out) || parse_perl_class(p, &out)) {
            continue;
        }
        parse_class_range(p, &out, start);
    }
    if (!p->failed) {
        p->pos++;
        push_class(p, &out, negated);
    }
}

/* ---- groups ---- */
static bool valid_group_name(str name)
{
    for (isize i = 0; i < name.len; i++) {
        if (!is_alnum(name.ptr[i]) && name.ptr[i] != '_') {
            return false;
        }
    }
    return name.len > 0;
}

static void open_group(struct parser *p, uint8_t mark)
{
    *vec_push(p->arena, &p->stack) = (struct item){ .mark = mark, .flags = (uint8_t)p->flags };
    p->groups += mark == MARK_GROUP;
}

/* At `(?P<` or `(?<`. */
static void parse_named_group(struct parser *p, isize skip)
{
    isize start = p->pos;
    isize close = str_find_byte(rest(p), '>');
    if (close < 0) {
        fail(p, "invalid named capture", rest(p));
        return;
    }
    str name = str_slice(p->text, start + skip, start + close);
    p->pos += close + 1;
    if (!valid_group_name(name)) {
        fail(p, "invalid named capture", since(p, start));
        return;
    }
    open_group(p, MARK_GROUP);
}

/* At `(?`. */
static void parse_flags(struct parser *p)
{
    isize start = p->pos;
    if (byte_at(p, 2) == 'P' && byte_at(p, 3) == '<') {
        parse_named_group(p, 4);
        return;
    }
    if (byte_at(p, 2) == '<' && byte_at(p, 3) != '=' && byte_at(p, 3) != '!') {
        parse_named_group(p, 3);
        return;
    }
    p->pos += 2;
    unsigned set = 0;
    unsigned cleared = 0;
    bool minus = false;
    bool saw = false;
    while (!at_end(p)) {
        unsigned flag = 0;
        int32_t c = next_rune(p);
        if (c == ':' || c == ')') {
            if (minus && !saw) {
                break;
            }
            unsigned flags = (p->flags | set) & ~cleared;
            if (c == ':') {
                open_group(p, MARK_OPEN);
            }
            p->flags = flags;
            return;
        }
        if (c == '-' && !minus) {
            minus = true;
            saw = false;
            continue;
        }
        switch (c) {
        case 'i': flag = FOLD; break;
        case 'm': flag = ONE_LINE; break;
        case 's': flag = DOT_NL; break;
        case 'U': flag = LAZY; break;
        default: break;
        }
        if (flag == 0) {
            break;
        }
        saw = true;
        bool turn_on = (flag == ONE_LINE) == minus; /* (?m) turns "one line" off */
        set = turn_on ? set | flag : set & ~flag;
        cleared = turn_on ? cleared & ~flag : cleared | flag;
    }
    fail(p, "invalid or unsupported Perl syntax", since(p, start));
}

static void parse_close(struct parser *p)
{
    isize start = p->pos++;
    collapse_alternatives(p);
    if (p->failed) {
        return;
    }
    if (p->stack.len < 2 || p->stack.ptr[p->stack.len - 2].mark == 0) {
        p->pos = start;
        fail(p, "unexpected )", p->text);
        return;
    }
    struct item inner = p->stack.ptr[p->stack.len - 1];
    struct item open = p->stack.ptr[p->stack.len - 2];
    p->stack.len -= 2;
    p->flags = open.flags;
    if (open.mark == MARK_OPEN) {
        push(p, inner.node, inner.depth);
        return;
    }
    struct re_node *n = node_new(p, RE_GROUP);
    n->items = new (p->arena, struct re_node *, 1);
    n->items[0] = inner.node;
    n->item_count = 1;
    push(p, n, inner.depth + 1);
}

/* ---- the loop ---- */
static void parse_backslash(struct parser *p)
{
    ranges out = { 0 };
    switch (byte_at(p, 1)) {
    case 'A': p->pos += 2; push_simple(p, RE_TEXT_START); return;
    case 'b': p->pos += 2; push_simple(p, RE_WORD); return;
    case 'B': p->pos += 2; push_simple(p, RE_NOT_WORD); return;
    case 'z': p->pos += 2; push_simple(p, RE_TEXT_END); return;
    case 'C': fail(p, "invalid escape sequence", S("\\C")); return;
    case 'Q': {
        p->pos += 2;
        isize end = str_find(rest(p), S("\\E"));
        isize stop = end < 0 ? p->text.len : p->pos + end;
        while (p->pos < stop) {
            push_rune(p, next_rune(p));
        }
        p->pos = end < 0 ? stop : stop + 2;
        return;
    }
    default: break;
    }
    if (parse_property(p, &out) || parse_perl_class(p, &out)) {
        if (!p->failed) {
            push_class(p, &out, false);
        }
        return;
    }
    int32_t r = parse_escape(p);
    if (!p->failed) {
        push_rune(p, r);
    }
}

/* One element; last: where a repetition directly before begins, or -1. Returns where this repetition begins, or -1. */
static isize parse_element(struct parser *p, isize last)
{
    isize start = p->pos;
    int min = 0;
    int max = -1;
    switch (byte_at(p, 0)) {
    case '(':
        if (byte_at(p, 1) == '?') {
            parse_flags(p);
        } else {
            p->pos++;
            open_group(p, MARK_GROUP);
        }
        return -1;
    case '|':
        p->pos++;
        collapse_sequence(p);
        *vec_push(p->arena, &p->stack) = (struct item){ .mark = MARK_BAR };
        return -1;
    case ')': parse_close(p); return -1;
    case '^':
        p->pos++;
        push_simple(p, (p->flags & ONE_LINE) != 0 ? RE_TEXT_START : RE_LINE_START);
        return -1;
    case '$':
        p->pos++;
        push_simple(p, (p->flags & ONE_LINE) != 0 ? RE_TEXT_END : RE_LINE_END);
        return -1;
    case '.': {
        p->pos++;
        struct re_node *n = node_new(p, RE_ANY);
        n->dot_nl = (p->flags & DOT_NL) != 0;
        push(p, n, 1);
        return -1;
    }
    case '[': parse_class(p); return -1;
    case '*':
    case '+':
    case '?':
        min = byte_at(p, 0) == '+';
        max = byte_at(p, 0) == '?' ? 1 : -1;
        p->pos++;
        push_repeat(p, min, max, false, start, last);
        return start;
    case '{':
        if (!parse_braces(p, &min, &max)) {
            p->pos++;
            push_rune(p, '{');
            return -1;
        }
        if (min > MAX_REPEAT || max > MAX_REPEAT || (max >= 0 && min > max)) {
            fail(p, "invalid repeat count", since(p, start));
            return -1;
        }
        push_repeat(p, min, max, true, start, last);
        return start;
    case '\\': parse_backslash(p); return -1;
    default: push_rune(p, next_rune(p)); return -1;
    }
}

struct re_node *re_parse(struct arena *arena, str pattern, int *groups, str *why)
{
    struct parser p = { .arena = arena, .text = pattern, .flags = ONE_LINE };
    if (utf8_invalid(pattern) >= 0) {
        *why = S("error parsing regexp: invalid UTF-8");
        return NULL;
    }
    isize last = -1;
    while (!p.failed && !at_end(&p)) {
        last = parse_element(&p, last);
    }
    if (!p.failed) {
        collapse_alternatives(&p);
    }
    if (!p.failed && p.stack.len != 1) {
        fail(&p, "missing closing )", pattern);
    }
    if (p.failed) {
        *why = p.why;
        return NULL;
    }
    *groups = p.groups;
    return p.stack.ptr[0].node;
}
