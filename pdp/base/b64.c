/* b64.c — base64, strict unless said
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/b64.h"

static const char standard[64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url[64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

str b64_encode(struct arena *arena, str bytes, enum b64_alphabet alphabet, bool pad)
{
    const char *letters = alphabet == B64_URL ? url : standard;
    const unsigned char *p = (const unsigned char *)bytes.ptr;
    isize groups = bytes.len / 3;
    if (groups > PTRDIFF_MAX / 4 - 1) {
        arena_overflow(arena);
    }
    char *out = arena_bytes(arena, groups * 4 + 4);
    isize len = 0;
    for (isize i = 0; i < groups; i++, p += 3) {
        out[len++] = letters[p[0] >> 2];
        out[len++] = letters[(p[0] & 3) << 4 | p[1] >> 4];
        out[len++] = letters[(p[1] & 15) << 2 | p[2] >> 6];
        out[len++] = letters[p[2] & 63];
    }
    isize rest = bytes.len % 3;
    if (rest > 0) {
        unsigned second = rest == 2 ? p[1] : 0;
        out[len++] = letters[p[0] >> 2];
        out[len++] = letters[(p[0] & 3U) << 4 | second >> 4];
        if (rest == 2) {
            out[len++] = letters[(second & 15) << 2];
        }
        while (pad && len % 4 != 0) {
            out[len++] = '=';
        }
    }
    return (str){ out, len };
}

/* Value of a letter, or -1. */
static int letter_value(char c, enum b64_alphabet alphabet)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    const char *letters = alphabet == B64_URL ? url : standard;
    return c == letters[62] ? 62 : c == letters[63] ? 63 : -1;
}

bool b64_decode(struct arena *arena, str text, enum b64_alphabet alphabet, bool pad, bool lines_ok,
                bool loose_bits, str *out)
{
    char *bytes = arena_bytes(arena, text.len / 4 * 3 + 3);
    isize len = 0;
    int letters = 0, pads = 0; /* in the current group of four */
    unsigned bits = 0;
    bool ended = false; /* padding has closed a group */
    for (isize i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (lines_ok && (c == '\r' || c == '\n')) {
            continue;
        }
        if (ended) {
            return false;
        }
        if (c == '=') {
            if (letters < 2) {
                return false;
            }
            pads++;
            ended = letters + pads == 4;
            continue;
        }
        int value = letter_value(c, alphabet);
        if (value < 0 || pads > 0) {
            return false;
        }
        bits = bits << 6 | (unsigned)value;
        if (++letters == 4) {
            bytes[len++] = (char)(bits >> 16);
            bytes[len++] = (char)(bits >> 8);
            bytes[len++] = (char)bits;
            letters = 0;
            bits = 0;
        }
    }
    if (letters == 1 || (letters > 0 && !ended && (pad || pads > 0))) {
        return false;
    }
    unsigned spare = letters == 2 ? bits & 15 : letters == 3 ? bits & 3 : 0;
    if (spare != 0 && !loose_bits) {
        return false;
    }
    if (letters >= 2) {
        bytes[len++] = (char)(letters == 2 ? bits >> 4 : bits >> 10);
    }
    if (letters == 3) {
        bytes[len++] = (char)(bits >> 2);
    }
    *out = (str){ bytes, len };
    return true;
}
