/* scalar.c — bytes of a scalar → its value, its type, and where each byte came from
 *
 * Quoted and plain scalars are read here from the bytes of the file, with the rules of folding and
 * escapes, so that every byte of the value is known by its place. Block scalars are taken from
 * libyaml, which knows their indentation; their lines are found again in the file one after the
 * other.
 *
 * Types are YAML 1.2's core schema with the liberties of the reference's library: numbers may hold
 * `_`, a leading 0 means octal, `0b` binary; a number without a dot has no exponent (`1e3` is a
 * text), and what does not fit 64 bits is a text.
 *
 * Invariants
 *   map entries ascend in `at` and in `file`       → ptext_map_find may search by halves
 *   no map                                         → text is the file's bytes from node->start
 *
 * Neighbours: events.c finds scalars · compose.c asks for them · locate.c uses the map
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "yaml/scalar.h"

#include "base/num.h"
#include "base/utf8.h"

/* ---- building text and map ------------------------------------------------------------------- */

struct building {
    struct arena *arena;
    str file;       /* the whole file                          */
    struct sb text; /* value so far                            */
    VEC(struct ptext_map) map;
    uint32_t next; /* file byte that would continue the run   */
};

/* The next byte of the value comes from byte `at` of the file. */
static void came_from(struct building *b, uint32_t at)
{
    if (b->map.len == 0 || at != b->next) {
        *vec_push(b->arena, &b->map) = (struct ptext_map){ (uint32_t)b->text.len, at };
    }
}

static void take(struct building *b, isize from, isize to) /* file bytes as they are */
{
    if (from >= to) {
        return;
    }
    came_from(b, (uint32_t)from);
    sb_add(&b->text, str_slice(b->file, from, to));
    b->next = (uint32_t)to;
}

static void put(struct building *b, char byte,
                isize at) /* a byte that stands for something at `at` */
{
    came_from(b, (uint32_t)at);
    sb_byte(&b->text, byte);
    b->next = UINT32_MAX;
}

/* Hands the result to the node; a map that says "as in the file" is dropped. */
static void finish(struct building *b, struct ynode *node)
{
    node->text = sb_str(&b->text);
    bool plain = b->map.len == 0 || (b->map.len == 1 && b->map.ptr[0].file == node->start);
    node->map = plain ? NULL : b->map.ptr;
    node->map_count = plain ? 0 : b->map.len;
}

/* ---- plain and quoted ------------------------------------------------------------------------ */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_break(char c)
{
    return c == '\n' || c == '\r';
}

/* Byte behind the line break at i; CR LF is one. */
static isize skip_break(str file, isize i)
{
    return i + 1 < file.len && file.ptr[i] == '\r' && file.ptr[i + 1] == '\n' ? i + 2 : i + 1;
}

/* White space at i: kept when it holds no line break, else folded: one break is a space, n are n
 * - 1. Returns the byte behind it. after_escape: a break before it was escaped away. */
static isize take_space(struct building *b, isize i, isize end, bool after_escape)
{
    isize from = i;
    isize first = -1; /* the first line break, which is the space */
    isize breaks = 0;
    while (i < end && (is_blank(b->file.ptr[i]) || is_break(b->file.ptr[i]))) {
        if (!is_break(b->file.ptr[i])) {
            i++;
            continue;
        }
        if (breaks > 0 || after_escape) {
            put(b, '\n', i);
        } else {
            first = i;
        }
        breaks++;
        i = skip_break(b->file, i);
    }
    if (breaks == 0 && !after_escape) {
        take(b, from, i);
    } else if (breaks == 1 && !after_escape) {
        put(b, ' ', first);
    }
    return i;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* `count` hexadecimal digits at i, or -1. */
static int64_t hex_digits(str file, isize i, isize end, int count)
{
    int64_t n = 0;
    if (end - i < count) {
        return -1;
    }
    for (int k = 0; k < count; k++) {
        int digit = hex_value(file.ptr[i + k]);
        if (digit < 0) {
            return -1;
        }
        n = n * 16 + digit;
    }
    return n;
}

static void put_rune(struct building *b, int32_t rune, isize at)
{
    char bytes[4];
    int len = utf8_put(bytes, rune);
    for (int k = 0; k < len; k++) {
        put(b, bytes[k], at);
    }
}

/* The escape `\x…`, `\u…`, `\U…` at i (the backslash). Returns the byte behind it, or -1. */
static isize take_code(struct building *b, isize i, isize end)
{
    char kind = b->file.ptr[i + 1];
    int digits = kind == 'x' ? 2 : kind == 'u' ? 4 : 8;
    int64_t rune = hex_digits(b->file, i + 2, end, digits);
    isize next = i + 2 + digits;
    if (kind == 'u' && rune >= 0xd800 && rune < 0xdc00) {
        int64_t low = next + 1 < end && b->file.ptr[next] == '\\' && b->file.ptr[next + 1] == 'u'
                          ? hex_digits(b->file, next + 2, end, 4)
                          : -1;
        if (low < 0xdc00 || low > 0xdfff) {
            return -1;
        }
        rune = 0x10000 + ((rune - 0xd800) << 10) + (low - 0xdc00);
        next += 6;
    }
    if (rune < 0 || rune > 0x10ffff || (rune >= 0xd800 && rune <= 0xdfff)) {
        return -1;
    }
    put_rune(b, (int32_t)rune, i);
    return next;
}

/* The escape at i (the backslash). Returns the byte behind it, or -1. */
static isize take_escape(struct building *b, isize i, isize end)
{
    static const struct {
        char name;
        int32_t rune;
    } escapes[] = {
        { '0', 0 },    { 'a', 7 },      { 'b', 8 },      { 't', 9 },     { '\t', 9 },
        { 'n', 10 },   { 'v', 11 },     { 'f', 12 },     { 'r', 13 },    { 'e', 27 },
        { ' ', ' ' },  { '"', '"' },    { '/', '/' },    { '\\', '\\' }, { 'N', 0x85 },
        { '_', 0xa0 }, { 'L', 0x2028 }, { 'P', 0x2029 },
    };
    if (i + 1 >= end) {
        return -1;
    }
    char name = b->file.ptr[i + 1];
    if (is_break(name)) {
        return take_space(b, skip_break(b->file, i + 1), end, true);
    }
    if (name == 'x' || name == 'u' || name == 'U') {
        return take_code(b, i, end);
    }
    for (isize k = 0; k < countof(escapes); k++) {
        if (escapes[k].name == name) {
            put_rune(b, escapes[k].rune, i);
            return i + 2;
        }
    }
    return -1;
}

/* Reads [i, end) as a plain (quote 0), single- or double-quoted scalar without its quotes. */
static bool take_flow(struct building *b, isize i, isize end, char quote, uint32_t *bad)
{
    isize run = i; /* bytes from here are to be taken as they are */
    while (i < end) {
        char c = b->file.ptr[i];
        if (!is_blank(c) && !is_break(c) && !(quote == '\'' && c == '\'') &&
            !(quote == '"' && c == '\\')) {
            i++;
            continue;
        }
        take(b, run, i);
        if (is_blank(c) || is_break(c)) {
            i = take_space(b, i, end, false);
        } else if (c == '\'') {
            put(b, '\'', i);
            i += 2;
        } else {
            isize next = take_escape(b, i, end);
            if (next < 0) {
                *bad = (uint32_t)i;
                return false;
            }
            i = next;
        }
        run = i;
    }
    take(b, run, end);
    return true;
}

/* ---- block scalars --------------------------------------------------------------------------- */

/* Without the spaces at its beginning, but no more than `most`. */
static isize indented(str file, isize i, isize end, isize most)
{
    isize from = i;
    while (i < end && i - from < most && file.ptr[i] == ' ') {
        i++;
    }
    return i;
}

static isize line_end(str file, isize i, isize end)
{
    while (i < end && !is_break(file.ptr[i])) {
        i++;
    }
    return i;
}

/* Spaces that every line of the block begins with. The lines before the first one with content
 * are the value's first line breaks; that line's spaces, less those that the value has there,
 * are the indentation. */
static isize block_indent(str file, isize i, isize end, str value)
{
    isize breaks = 0;
    isize lead = 0;
    while (breaks < value.len && value.ptr[breaks] == '\n') {
        breaks++;
    }
    if (breaks == value.len) {
        return end - i; /* only spaces and line breaks */
    }
    while (breaks + lead < value.len && value.ptr[breaks + lead] == ' ') {
        lead++;
    }
    for (isize line = 0; line < breaks && i < end; line++) {
        isize stop = line_end(file, i, end);
        i = stop < end ? skip_break(file, stop) : end;
    }
    isize text = indented(file, i, end, end - i);
    return text - i > lead ? text - i - lead : 0;
}

/* Finds the lines of the block in the value and notes where they stand. */
static void match_block(struct building *b, isize i, isize end, str value)
{
    isize indent = block_indent(b->file, i, end, value);
    isize v = 0;
    isize last_break = i;
    while (i < end && v < value.len) {
        isize stop = line_end(b->file, i, end);
        isize from = indented(b->file, i, stop, indent);
        bool more = from < stop && is_blank(b->file.ptr[from]);
        if (from < stop) {
            while (v < value.len && value.ptr[v] == '\n') {
                put(b, '\n', last_break);
                v++;
            }
            if (!more && v < value.len && value.ptr[v] == ' ') {
                put(b, ' ', last_break);
                v++;
            }
            isize len = stop - from < value.len - v ? stop - from : value.len - v;
            take(b, from, from + len);
            v += len;
        }
        last_break = stop;
        i = stop < end ? skip_break(b->file, stop) : end;
    }
    while (v < value.len) { /* line breaks at the end */
        put(b, value.ptr[v], last_break);
        v++;
    }
}

static void take_block(struct building *b, const struct yevent *event, isize start)
{
    isize end = event->end;
    isize header = line_end(b->file, start, end);
    match_block(b, header < end ? skip_break(b->file, header) : end, end, event->value);
}

/* ---- one scalar ------------------------------------------------------------------------------ */

bool scalar_read(struct arena *arena, const struct source *source, const struct yevent *event,
                 bool masked, struct ynode *node, uint32_t *bad, isize *unplaced)
{
    struct building b = { .arena = arena, .file = source->text, .text = sb_new(arena) };
    bool quoted = event->style == YS_SINGLE || event->style == YS_DOUBLE;
    node->end = event->end;
    if (event->style == YS_LITERAL || event->style == YS_FOLDED) {
        take_block(&b, event, node->start);
    } else if (!take_flow(&b, (isize)node->start + quoted, (isize)event->end - quoted,
                          event->style == YS_SINGLE   ? '\''
                          : event->style == YS_DOUBLE ? '"'
                                                      : 0,
                          bad)) {
        return false;
    }
    finish(&b, node);
    if (!masked && !str_eq(node->text, event->value)) {
        /* No text is known that comes here; the fuzz target says so when there is one. */
        node->text = event->value;
        node->map = NULL;
        node->map_count = 0;
        *unplaced += 1;
    }
    return true;
}

/* ---- types ----------------------------------------------------------------------------------- */

static bool one_of(str text, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (str_eq(text, str_from_c(*words))) {
            return true;
        }
    }
    return false;
}

/* The number's digits: without sign and `_`. */
static str digits_of(struct arena *arena, str text)
{
    if (text.ptr[0] == '+') {
        text = str_slice(text, 1, text.len);
    }
    if (text.len > 0 && text.ptr[0] == '-') {
        text = str_slice(text, 1, text.len);
    }
    if (str_find_byte(text, '_') < 0) {
        return text;
    }
    struct sb sb = sb_new(arena);
    for (isize i = 0; i < text.len; i++) {
        if (text.ptr[i] != '_') {
            sb_byte(&sb, text.ptr[i]);
        }
    }
    return sb_str(&sb);
}

/* Digits in a base; false when there are none, or others, or too many for `most`. */
static bool whole(str digits, unsigned base, uint64_t most, uint64_t *out)
{
    uint64_t n = 0;
    for (isize i = 0; i < digits.len; i++) {
        int digit = hex_value(digits.ptr[i]);
        if (digit < 0 || (unsigned)digit >= base || n > (most - (unsigned)digit) / base) {
            return false;
        }
        n = n * base + (unsigned)digit;
    }
    *out = n;
    return digits.len > 0;
}

static bool type_float(struct ynode *node, str digits, bool negative)
{
    double d = 0;
    char first = digits.len > 0 ? digits.ptr[0] : 0;
    if (!(first == '.' || (first >= '0' && first <= '9')) || !num_parse_double_go(digits, &d)) {
        return false;
    }
    node->kind = Y_FLOAT;
    node->number = negative ? -d : d;
    return true;
}

static bool type_number(struct arena *arena, struct ynode *node)
{
    str text = node->text;
    char first = text.ptr[0];
    if (!(first == '+' || first == '-' || first == '.' || (first >= '0' && first <= '9'))) {
        return false;
    }
    isize dot = str_find_byte(text, '.');
    if (dot >= 0 && str_find_byte(str_slice(text, dot + 1, text.len), '.') >= 0) {
        return false;
    }
    bool negative = first == '-';
    str digits = digits_of(arena, text);
    unsigned base = 10;
    isize prefix = 0;
    if (str_starts(digits, S("0x")) || str_starts(digits, S("0o")) || str_starts(digits, S("0b"))) {
        base = digits.ptr[1] == 'x' ? 16 : digits.ptr[1] == 'o' ? 8 : 2;
        prefix = 2;
    } else if (dot >= 0) {
        return type_float(node, digits, negative);
    } else if (digits.len > 1 && digits.ptr[0] == '0') {
        base = 8;
    }
    uint64_t most = negative ? (uint64_t)INT64_MAX + 1 : UINT64_MAX;
    uint64_t n = 0;
    if (!whole(str_slice(digits, prefix, digits.len), base, most, &n)) {
        return false;
    }
    node->kind = Y_INT;
    node->magnitude = n;
    node->negative = negative && n != 0;
    return true;
}

void scalar_type(struct arena *arena, struct ynode *node)
{
    static const char *const nulls[] = { "null", "Null", "NULL", "~", NULL };
    static const char *const trues[] = { "true", "True", "TRUE", NULL };
    static const char *const falses[] = { "false", "False", "FALSE", NULL };
    static const char *const infinities[] = { ".inf",  ".Inf",  ".INF", "-.inf",
                                              "-.Inf", "-.INF", NULL };
    static const char *const nans[] = { ".nan", ".NaN", ".NAN", NULL };
    str text = node->text;
    node->kind = Y_STRING;
    if (text.len == 0 || one_of(text, nulls)) {
        node->kind = Y_NULL;
    } else if (one_of(text, trues) || one_of(text, falses)) {
        node->kind = Y_BOOL;
        node->boolean = one_of(text, trues);
    } else if (one_of(text, infinities)) {
        node->kind = Y_INFINITY;
        node->negative = text.ptr[0] == '-';
    } else if (one_of(text, nans)) {
        node->kind = Y_NAN;
    } else {
        (void)type_number(arena, node); /* else it stays a text */
    }
}
