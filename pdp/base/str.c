/* str.c — text as pointer and length; builders; the keyed hash
 *
 * SipHash-1-3 follows the algorithm's description (Aumasson and Bernstein, "SipHash: a fast
 * short-input PRF") with one compression and three finalisation rounds. The process's key is drawn
 * from the system once; text that comes from outside can therefore not be chosen to collide.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/str.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

/* ---- comparing, copying, cutting ---- */

int str_cmp(str a, str b)
{
    isize shorter = a.len < b.len ? a.len : b.len;
    int order = shorter > 0 ? memcmp(a.ptr, b.ptr, (size_t)shorter) : 0;
    if (order != 0) {
        return order;
    }
    return (a.len > b.len) - (a.len < b.len);
}

str str_from_c(const char *text)
{
    return text != NULL ? (str){ text, (isize)strlen(text) } : STR_EMPTY;
}

char *str_to_c(struct arena *arena, str s)
{
    char *copy = arena_bytes(arena, s.len + 1);
    if (s.len > 0) {
        memcpy(copy, s.ptr, (size_t)s.len);
    }
    copy[s.len] = '\0';
    return copy;
}

str str_copy(struct arena *arena, str s)
{
    if (s.len == 0) {
        return STR_EMPTY;
    }
    return (str){ memcpy(arena_bytes(arena, s.len), s.ptr, (size_t)s.len), s.len };
}

str str_concat(struct arena *arena, str a, str b)
{
    isize len;
    if (__builtin_add_overflow(a.len, b.len, &len)) {
        arena_overflow(arena);
    }
    if (len == 0) {
        return STR_EMPTY;
    }
    char *text = arena_bytes(arena, len);
    if (a.len > 0) {
        memcpy(text, a.ptr, (size_t)a.len);
    }
    if (b.len > 0) {
        memcpy(text + a.len, b.ptr, (size_t)b.len);
    }
    return (str){ text, len };
}

str str_slice(str s, isize start, isize end)
{
    start = start < 0 ? 0 : start > s.len ? s.len : start;
    end = end < start ? start : end > s.len ? s.len : end;
    return s.len == 0 ? s : (str){ s.ptr + start, end - start };
}

bool str_starts(str s, str prefix)
{
    return s.len >= prefix.len && str_eq(str_slice(s, 0, prefix.len), prefix);
}

bool str_ends(str s, str suffix)
{
    return s.len >= suffix.len && str_eq(str_slice(s, s.len - suffix.len, s.len), suffix);
}

isize str_find(str s, str needle)
{
    if (needle.len == 0) {
        return 0;
    }
    if (s.len < needle.len) {
        return -1;
    }
    const char *hit = memmem(s.ptr, (size_t)s.len, needle.ptr, (size_t)needle.len);
    return hit != NULL ? hit - s.ptr : -1;
}

isize str_rfind(str s, str needle)
{
    for (isize at = s.len - needle.len; at >= 0; at--) {
        if (needle.len == 0 || memcmp(s.ptr + at, needle.ptr, (size_t)needle.len) == 0) {
            return at;
        }
    }
    return -1;
}

isize str_find_byte(str s, char byte)
{
    const char *hit = s.len > 0 ? memchr(s.ptr, byte, (size_t)s.len) : NULL;
    return hit != NULL ? hit - s.ptr : -1;
}

bool str_cut(str s, char separator, str *head, str *tail)
{
    isize at = str_find_byte(s, separator);
    if (at < 0) {
        *head = s;
        *tail = STR_EMPTY;
        return false;
    }
    *head = str_slice(s, 0, at);
    *tail = str_slice(s, at + 1, s.len);
    return true;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

str str_trim(str s)
{
    isize start = 0, end = s.len;
    while (start < end && is_space(s.ptr[start])) {
        start++;
    }
    while (end > start && is_space(s.ptr[end - 1])) {
        end--;
    }
    return str_slice(s, start, end);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool str_eq_nocase(str a, str b)
{
    if (a.len != b.len) {
        return false;
    }
    for (isize i = 0; i < a.len; i++) {
        if (lower(a.ptr[i]) != lower(b.ptr[i])) {
            return false;
        }
    }
    return true;
}

int str_distance(struct arena *scratch, str a, str b, int limit)
{
    isize apart = a.len > b.len ? a.len - b.len : b.len - a.len;
    if (apart > limit) {
        return limit + 1;
    }
    struct arena_mark mark = arena_mark(scratch);
    isize *row = new(scratch, isize, b.len + 1); /* distances of a's prefix to each prefix of b */
    for (isize j = 0; j <= b.len; j++) {
        row[j] = j;
    }
    isize least = 0;
    for (isize i = 0; i < a.len && least <= limit; i++) {
        isize diagonal = row[0];
        row[0] = i + 1;
        least = row[0];
        for (isize j = 0; j < b.len; j++) {
            isize change = diagonal + (a.ptr[i] != b.ptr[j]);
            diagonal = row[j + 1];
            isize shift = (row[j] < diagonal ? row[j] : diagonal) + 1;
            row[j + 1] = change < shift ? change : shift;
            least = row[j + 1] < least ? row[j + 1] : least;
        }
    }
    isize distance = least > limit ? least : row[b.len];
    arena_reset(scratch, mark);
    return distance > limit ? limit + 1 : (int)distance;
}

/* ---- hash ---- */

static inline uint64_t rotl(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

static inline void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotl(v[1], 13) ^ v[0];
    v[0] = rotl(v[0], 32);
    v[2] += v[3];
    v[3] = rotl(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotl(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotl(v[1], 17) ^ v[2];
    v[2] = rotl(v[2], 32);
}

/* Eight bytes as the little-endian number that the algorithm is defined on. */
static inline uint64_t load_le(const unsigned char *p, isize n)
{
    if (n == 8) {
        uint64_t word;
        memcpy(&word, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
#endif
        return word;
    }
    uint64_t word = 0;
    for (isize i = 0; i < n; i++) {
        word |= (uint64_t)p[i] << (8 * i);
    }
    return word;
}

uint64_t str_siphash(str s, uint64_t k0, uint64_t k1)
{
    const unsigned char *p = (const unsigned char *)s.ptr;
    uint64_t v[4] = { k0 ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f6d),
                      k0 ^ UINT64_C(0x6c7967656e657261), k1 ^ UINT64_C(0x7465646279746573) };
    isize whole = s.len / 8 * 8;
    for (isize i = 0; i < whole; i += 8) {
        uint64_t word = load_le(p + i, 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    uint64_t last = (uint64_t)s.len << 56;
    if (s.len > whole) {
        last |= load_le(p + whole, s.len - whole);
    }
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    sip_round(v);
    sip_round(v);
    sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static uint64_t hash_key[2];
static pthread_once_t hash_key_once = PTHREAD_ONCE_INIT;

/* A program without randomness would have a guessable key; it must not come up. */
static void hash_key_draw(void)
{
    size_t have = 0;
    while (have < sizeof(hash_key)) {
        ssize_t got = getrandom((char *)hash_key + have, sizeof(hash_key) - have, 0);
        if (got < 0) {
            perror("cardea: getrandom");
            abort();
        }
        have += (size_t)got;
    }
}

uint64_t str_hash(str s)
{
    (void)pthread_once(&hash_key_once, hash_key_draw); /* cannot fail with a valid control */
    return str_siphash(s, hash_key[0], hash_key[1]);
}

void str_hash_key_set(uint64_t k0, uint64_t k1)
{
    (void)pthread_once(&hash_key_once, hash_key_draw); /* so that a later draw does not undo it */
    hash_key[0] = k0;
    hash_key[1] = k1;
}

/* ---- builder ---- */

struct sb sb_new(struct arena *arena)
{
    return (struct sb){ .arena = arena };
}

void sb_reserve(struct sb *sb, isize extra)
{
    assert(extra >= 0);
    if (extra <= sb->cap - sb->len) {
        return;
    }
    isize need;
    if (__builtin_add_overflow(sb->len, extra, &need)) {
        arena_overflow(sb->arena);
    }
    isize cap = sb->cap < 64 ? 64 : sb->cap;
    while (cap < need) {
        if (__builtin_mul_overflow(cap, (isize)2, &cap)) {
            arena_overflow(sb->arena);
        }
    }
    char *ptr = arena_bytes(sb->arena, cap);
    if (sb->len > 0) {
        memcpy(ptr, sb->ptr, (size_t)sb->len);
    }
    sb->ptr = ptr;
    sb->cap = cap;
}

void sb_add(struct sb *sb, str s)
{
    if (s.len > 0) {
        sb_reserve(sb, s.len);
        memcpy(sb->ptr + sb->len, s.ptr, (size_t)s.len);
        sb->len += s.len;
    }
}

void sb_byte(struct sb *sb, char byte)
{
    sb_reserve(sb, 1);
    sb->ptr[sb->len++] = byte;
}

void sb_vprintf(struct sb *sb, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    sb_reserve(sb, 1);
    isize room = sb->cap - sb->len;
    int len = vsnprintf(sb->ptr + sb->len, (size_t)room, format, args);
    assert(len >= 0); /* only an encoding error of %ls could make it negative */
    if (len >= room) {
        sb_reserve(sb, (isize)len + 1);
        len = vsnprintf(sb->ptr + sb->len, (size_t)(sb->cap - sb->len), format, again);
    }
    va_end(again);
    sb->len += len;
}

void sb_printf(struct sb *sb, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    sb_vprintf(sb, format, args);
    va_end(args);
}

str sb_str(const struct sb *sb)
{
    return sb->len > 0 ? (str){ sb->ptr, sb->len } : STR_EMPTY;
}

str str_printf(struct arena *arena, const char *format, ...)
{
    struct sb sb = sb_new(arena);
    va_list args;
    va_start(args, format);
    sb_vprintf(&sb, format, args);
    va_end(args);
    return sb_str(&sb);
}

/* Adds one byte of a quoted text, escaped where it must be. */
static void quote_byte(struct sb *sb, unsigned char c)
{
    switch (c) {
    case '"':
        sb_add(sb, S("\\\""));
        return;
    case '\\':
        sb_add(sb, S("\\\\"));
        return;
    case '\n':
        sb_add(sb, S("\\n"));
        return;
    case '\r':
        sb_add(sb, S("\\r"));
        return;
    case '\t':
        sb_add(sb, S("\\t"));
        return;
    default:
        break;
    }
    if (c < 0x20 || c == 0x7F) {
        sb_printf(sb, "\\u%04x", (unsigned)c);
        return;
    }
    sb_byte(sb, (char)c);
}

str str_quote(struct arena *arena, str s)
{
    struct sb sb = sb_new(arena);
    sb_reserve(&sb, s.len + 2);
    sb_byte(&sb, '"');
    for (isize i = 0; i < s.len; i++) {
        quote_byte(&sb, (unsigned char)s.ptr[i]);
    }
    sb_byte(&sb, '"');
    return sb_str(&sb);
}
