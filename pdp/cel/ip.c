/* ip.c — IP addresses as text and bits
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/ip.h"

#include "cel/fn_priv.h"

/* What went wrong: the message, and the rest of the text where it did (empty: no place is
 * named). */
struct fault {
    const char *message;
    str at;
};

static bool fail(struct fault *fault, const char *message, str at)
{
    *fault = (struct fault){ message, at };
    return false;
}

/* ---- IPv4 ---- */

/* Reads four decimal parts into out. */
static bool parse_v4(str s, uint8_t *out, struct fault *fault)
{
    int part = 0, value = 0, digits = 0;
    for (isize i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c >= '0' && c <= '9') {
            if (digits == 1 && value == 0) {
                return fail(fault, "IPv4 field has octet with leading zero", STR_EMPTY);
            }
            value = value * 10 + (c - '0');
            digits++;
            if (value > 255) {
                return fail(fault, "IPv4 field has value >255", STR_EMPTY);
            }
        } else if (c != '.') {
            return fail(fault, "unexpected character", str_slice(s, i, s.len));
        } else if (digits == 0 || i == s.len - 1) {
            return fail(fault, "IPv4 field must have at least one digit", str_slice(s, i, s.len));
        } else if (part == 3) {
            return fail(fault, "IPv4 address too long", STR_EMPTY);
        } else {
            out[part++] = (uint8_t)value;
            value = 0;
            digits = 0;
        }
    }
    if (part < 3) {
        return fail(fault, "IPv4 address too short", STR_EMPTY);
    }
    out[3] = (uint8_t)value;
    return true;
}

/* ---- IPv6 ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* An address being read: 16-bit groups from left to right. */
struct v6 {
    uint8_t bytes[16];
    int filled; /* bytes read so far                        */
    int gap;    /* byte where `::` stands, -1: none so far  */
    str rest;   /* what is still to be read                 */
};

/* Reads one group, or the IPv4 address at the end. */
static bool parse_group(struct v6 *v, struct fault *fault)
{
    isize digits = 0;
    unsigned group = 0;
    while (digits < v->rest.len && hex_digit(v->rest.ptr[digits]) >= 0) {
        if (digits == 4) {
            return fail(fault, "each group must have 4 or less digits", v->rest);
        }
        group = group << 4 | (unsigned)hex_digit(v->rest.ptr[digits]);
        digits++;
    }
    if (digits == 0) {
        return fail(fault, "each colon-separated field must have at least one digit", v->rest);
    }
    if (digits < v->rest.len && v->rest.ptr[digits] == '.') {
        if (v->gap < 0 && v->filled != 12) {
            return fail(fault,
                        "embedded IPv4 address must replace the final 2 fields of the address",
                        v->rest);
        }
        if (v->filled > 12) {
            return fail(fault,
                        "too many hex fields to fit an embedded IPv4 at the end of the address",
                        v->rest);
        }
        if (!parse_v4(v->rest, v->bytes + v->filled, fault)) {
            return false;
        }
        v->filled += 4;
        v->rest = STR_EMPTY;
        return true;
    }
    v->bytes[v->filled++] = (uint8_t)(group >> 8);
    v->bytes[v->filled++] = (uint8_t)group;
    v->rest = str_slice(v->rest, digits, v->rest.len);
    return true;
}

/* Reads the colon, or two, that must follow a group when there is more text. */
static bool parse_colon(struct v6 *v, struct fault *fault)
{
    if (v->rest.ptr[0] != ':') {
        return fail(fault, "unexpected character, want colon", v->rest);
    }
    if (v->rest.len == 1) {
        return fail(fault, "colon must be followed by more characters", v->rest);
    }
    v->rest = str_slice(v->rest, 1, v->rest.len);
    if (v->rest.ptr[0] != ':') {
        return true;
    }
    if (v->gap >= 0) {
        return fail(fault, "multiple :: in address", v->rest);
    }
    v->gap = v->filled;
    v->rest = str_slice(v->rest, 1, v->rest.len);
    return true;
}

/* Moves what stands behind the gap to the end. */
static bool close_gap(struct v6 *v, struct fault *fault)
{
    if (v->filled == 16) {
        return v->gap < 0 ||
               fail(fault, "the :: must expand to at least one field of zeros", STR_EMPTY);
    }
    if (v->gap < 0) {
        return fail(fault, "address string too short", STR_EMPTY);
    }
    int behind = v->filled - v->gap;
    memmove(v->bytes + 16 - behind, v->bytes + v->gap, (size_t)behind);
    memset(v->bytes + v->gap, 0, (size_t)(16 - v->filled));
    return true;
}

static bool parse_v6(str s, struct ip *out, struct fault *fault)
{
    isize percent = str_find_byte(s, '%');
    if (percent == s.len - 1) {
        return fail(fault, "zone must be a non-empty string", STR_EMPTY);
    }
    out->zone = percent >= 0;
    struct v6 v = { .gap = -1, .rest = percent >= 0 ? str_slice(s, 0, percent) : s };
    if (str_starts(v.rest, S("::"))) {
        v.gap = 0;
        v.rest = str_slice(v.rest, 2, v.rest.len);
    }
    bool more = v.gap < 0 || v.rest.len > 0;
    while (more && v.filled < 16) {
        if (!parse_group(&v, fault) || (v.rest.len > 0 && !parse_colon(&v, fault))) {
            return false;
        }
        more = v.rest.len > 0;
    }
    if (v.rest.len > 0) {
        return fail(fault, "trailing garbage after address", v.rest);
    }
    if (!close_gap(&v, fault)) {
        return false;
    }
    memcpy(out->bytes, v.bytes, sizeof out->bytes);
    return true;
}

/* ---- both ---- */

bool ip_parse(struct arena *arena, str text, struct ip *out, str *why)
{
    struct fault fault = { "unable to parse IP", STR_EMPTY };
    bool ok = false;
    *out = (struct ip){ .bits = 32 };
    for (isize i = 0; i < text.len; i++) { /* the first mark tells the family */
        if (text.ptr[i] == '.') {
            ok = parse_v4(text, out->bytes, &fault);
            break;
        }
        if (text.ptr[i] == ':') {
            out->bits = 128;
            ok = parse_v6(text, out, &fault);
            break;
        }
        if (text.ptr[i] == '%') {
            fault.message = "missing IPv6 address";
            break;
        }
    }
    if (!ok && why != NULL) {
        str quoted = fn_quoted(arena, text);
        str at = fault.at.len > 0 ? fn_quoted(arena, fault.at) : STR_EMPTY;
        *why = str_printf(arena, "ParseAddr(%.*s): %s%s%.*s%s", STR_ARG(quoted), fault.message,
                          at.len > 0 ? " (at " : "", STR_ARG(at), at.len > 0 ? ")" : "");
    }
    return ok;
}

/* First byte and length of the longest run of zero groups; length 0 when none has two. */
static int longest_zeros(const uint8_t *bytes, int *start)
{
    int best = 2, run = 0;
    *start = -1;
    for (int i = 0; i < 16; i += 2) {
        run = bytes[i] == 0 && bytes[i + 1] == 0 ? run + 2 : 0;
        if (run > best) {
            best = run;
            *start = i + 2 - run;
        }
    }
    return *start >= 0 ? best : 0;
}

static int put_decimal(char *out, unsigned n)
{
    int len = n >= 100 ? 3 : n >= 10 ? 2 : 1;
    for (int i = len - 1; i >= 0; i--, n /= 10) {
        out[i] = (char)('0' + n % 10);
    }
    return len;
}

static int put_hex(char *out, unsigned n)
{
    int len = n >= 0x1000 ? 4 : n >= 0x100 ? 3 : n >= 0x10 ? 2 : 1;
    for (int i = len - 1; i >= 0; i--, n >>= 4) {
        out[i] = "0123456789abcdef"[n & 15];
    }
    return len;
}

int ip_text(char *out, const struct ip *ip)
{
    int len = 0;
    if (ip->bits == 32) {
        for (int i = 0; i < 4; i++) {
            if (i > 0) {
                out[len++] = '.';
            }
            len += put_decimal(out + len, ip->bytes[i]);
        }
        return len;
    }
    int start, zeros = longest_zeros(ip->bytes, &start);
    for (int i = 0; i < 16; i += 2) {
        if (zeros > 0 && i == start) {
            out[len++] = ':';
            out[len++] = ':';
            i += zeros;
            if (i >= 16) {
                break;
            }
        } else if (i > 0) {
            out[len++] = ':';
        }
        len += put_hex(out + len, (unsigned)ip->bytes[i] << 8 | ip->bytes[i + 1]);
    }
    return len;
}

bool ip_is_mapped(const struct ip *ip)
{
    static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };
    return ip->bits == 128 && memcmp(ip->bytes, prefix, sizeof prefix) == 0;
}

struct ip ip_unmap(struct ip ip)
{
    if (!ip_is_mapped(&ip)) {
        return ip;
    }
    struct ip v4 = { .bits = 32, .zone = ip.zone };
    memcpy(v4.bytes, ip.bytes + 12, 4);
    return v4;
}

struct ip ip_mask(struct ip ip, int bits)
{
    for (int i = 0; i < 16; i++) {
        int keep = bits - 8 * i;
        if (keep <= 0) {
            ip.bytes[i] = 0;
        } else if (keep < 8) {
            ip.bytes[i] &= (uint8_t)(0xff00 >> keep);
        }
    }
    return ip;
}

bool ip_same(const struct ip *a, const struct ip *b)
{
    return a->bits == b->bits && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}
