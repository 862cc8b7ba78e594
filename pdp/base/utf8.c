/* utf8.c — UTF-8: check, decode, count
 *
 * One decoder knows the well-formed byte sequences (Unicode, table 3-7); everything else rests on
 * it. ASCII runs are passed eight bytes at a time, since most text is ASCII.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/utf8.h"

#include <assert.h>

#define HIGH_BITS UINT64_C(0x8080808080808080)

/* Length of the ASCII run at the start of n bytes, rounded down to whole words or exact at the end.
 * */
static isize ascii_run(const unsigned char *p, isize n)
{
    isize i = 0;
    for (; n - i >= 8; i += 8) {
        uint64_t word;
        memcpy(&word, p + i, 8);
        if (word & HIGH_BITS) {
            break;
        }
    }
    while (i < n && p[i] < 0x80) {
        i++;
    }
    return i;
}

/* Decodes one sequence of at most n bytes (n > 0); returns its length, 0 when it is not
 * well-formed. */
static int decode(const unsigned char *p, isize n, int32_t *code_point)
{
    unsigned first = p[0];
    if (first < 0x80) {
        *code_point = (int32_t)first;
        return 1;
    }
    if (first < 0xC2 || first > 0xF4) {
        return 0;
    }
    int len = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (n < len) {
        return 0;
    }
    unsigned low = 0x80, high = 0xBF; /* bounds of the second byte */
    switch (first) {
    case 0xE0:
        low = 0xA0;
        break;
    case 0xED:
        high = 0x9F;
        break;
    case 0xF0:
        low = 0x90;
        break;
    case 0xF4:
        high = 0x8F;
        break;
    default:
        break;
    }
    if (p[1] < low || p[1] > high) {
        return 0;
    }
    unsigned rune = first & (0xFFU >> (len + 1));
    rune = rune << 6 | (p[1] & 0x3FU);
    for (int i = 2; i < len; i++) {
        if ((p[i] & 0xC0U) != 0x80) {
            return 0;
        }
        rune = rune << 6 | (p[i] & 0x3FU);
    }
    *code_point = (int32_t)rune;
    return len;
}

isize utf8_invalid(str s)
{
    const unsigned char *p = (const unsigned char *)s.ptr;
    isize i = 0;
    while (i < s.len) {
        i += ascii_run(p + i, s.len - i);
        if (i == s.len) {
            break;
        }
        int32_t rune;
        int len = decode(p + i, s.len - i, &rune);
        if (len == 0) {
            return i;
        }
        i += len;
    }
    return -1;
}

int32_t utf8_next(str s, isize *pos)
{
    assert(*pos >= 0 && *pos < s.len);
    int32_t rune;
    int len = decode((const unsigned char *)s.ptr + *pos, s.len - *pos, &rune);
    if (len == 0) {
        *pos += 1;
        return -1;
    }
    *pos += len;
    return rune;
}

int utf8_put(char *out, int32_t code_point)
{
    assert(code_point >= 0 && code_point <= 0x10FFFF);
    unsigned c = (unsigned)code_point;
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

void sb_rune(struct sb *sb, int32_t code_point)
{
    sb_reserve(sb, 4);
    sb->len += utf8_put(sb->ptr + sb->len, code_point);
}

static bool is_start(char byte)
{
    return ((unsigned char)byte & 0xC0) != 0x80;
}

isize utf8_count(str s)
{
    isize count = 0;
    for (isize i = 0; i < s.len; i++) {
        count += is_start(s.ptr[i]);
    }
    return count;
}

isize utf8_offset(str s, isize n)
{
    if (n < 0) {
        return -1;
    }
    isize seen = 0;
    for (isize i = 0; i < s.len; i++) {
        if (is_start(s.ptr[i]) && seen++ == n) {
            return i;
        }
    }
    return seen == n ? s.len : -1;
}

bool utf8_is_ascii(str s)
{
    return s.len == 0 || ascii_run((const unsigned char *)s.ptr, s.len) == s.len;
}
