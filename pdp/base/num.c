/* num.c — numbers and text, without the locale
 *
 * Texts are split here; the two fast cases that cover nearly all of them are answered here too:
 * integers, and decimals whose digits and power of ten are both exact doubles. The rest goes to
 * num_exact.c and num_shortest.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/num_priv.h"

#include <assert.h>
#include <math.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* ---- integers in ---- */

bool num_parse_uint(str s, uint64_t *out)
{
    if (s.len == 0) {
        return false;
    }
    uint64_t n = 0;
    for (isize i = 0; i < s.len; i++) {
        if (!is_digit(s.ptr[i]) || __builtin_mul_overflow(n, (uint64_t)10, &n) ||
            __builtin_add_overflow(n, (uint64_t)(s.ptr[i] - '0'), &n)) {
            return false;
        }
    }
    *out = n;
    return true;
}

bool num_parse_int(str s, bool plus_ok, int64_t *out)
{
    bool negative = str_starts(s, S("-"));
    if (negative || (plus_ok && str_starts(s, S("+")))) {
        s = str_slice(s, 1, s.len);
    }
    uint64_t n;
    if (!num_parse_uint(s, &n) || n > (uint64_t)INT64_MAX + negative) {
        return false;
    }
    *out = negative ? (int64_t)(0 - n) : (int64_t)n;
    return true;
}

/* ---- doubles in ---- */

/* A floating-point text taken apart. */
struct float_text {
    bool negative;
    str digits;       /* digits with at most one '.', perhaps '_'       */
    int64_t exponent; /* written exponent, clipped to ±EXPONENT_MOST    */
};

#define EXPONENT_MOST 1000000000000LL /* beyond any text that fits in memory */

/* Passes digits, and underscores when allowed; returns how many digits. */
static isize pass_digits(str s, isize *at, bool hex, bool underscores)
{
    isize count = 0;
    for (; *at < s.len; ++*at) {
        char c = s.ptr[*at];
        bool letter = hex && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'));
        if (is_digit(c) || letter) {
            count++;
        } else if (!(underscores && c == '_')) {
            break;
        }
    }
    return count;
}

/* Reads `[±]digits` behind the letter of an exponent. */
static bool read_exponent(str s, isize *at, bool underscores, int64_t *out)
{
    bool negative = *at < s.len && s.ptr[*at] == '-';
    if (*at < s.len && (s.ptr[*at] == '-' || s.ptr[*at] == '+')) {
        ++*at;
    }
    if (*at == s.len || !is_digit(s.ptr[*at])) {
        return false;
    }
    int64_t n = 0;
    isize start = *at;
    pass_digits(s, at, false, underscores);
    for (isize i = start; i < *at; i++) {
        if (s.ptr[i] != '_' && n < EXPONENT_MOST) {
            n = n * 10 + (s.ptr[i] - '0');
        }
    }
    *out = negative ? -n : n;
    return true;
}

/* Reads the digits, the point and the exponent from *at to the end of the text. */
static bool read_float(str s, isize at, bool hex, bool underscores, struct float_text *out)
{
    isize start = at;
    isize count = pass_digits(s, &at, hex, underscores);
    if (at < s.len && s.ptr[at] == '.') {
        at++;
        count += pass_digits(s, &at, hex, underscores);
    }
    if (count == 0) {
        return false;
    }
    out->digits = str_slice(s, start, at);
    out->exponent = 0;
    char letter = at < s.len ? s.ptr[at] : '\0';
    if (hex ? letter == 'p' || letter == 'P' : letter == 'e' || letter == 'E') {
        at++;
        if (!read_exponent(s, &at, underscores, &out->exponent)) {
            return false;
        }
    } else if (hex) {
        return false; /* the exponent is not optional there */
    }
    return at == s.len;
}

static const double exact_powers[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                       1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                       1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };

/* Digits below 2^53 and a power of ten up to 10^22 are both exact, so one operation rounds once. */
static double decimal_value(const struct float_text *f)
{
    uint64_t n = 0;
    int64_t exponent = f->exponent;
    bool point = false;
    for (isize i = 0; i < f->digits.len; i++) {
        char c = f->digits.ptr[i];
        if (c == '.') {
            point = true;
        } else if (c != '_') {
            if (n >= UINT64_C(900719925474099)) {
                return num_from_decimal(f->digits, f->exponent);
            }
            n = n * 10 + (uint64_t)(c - '0');
            exponent -= point;
        }
    }
    if (exponent >= 0 && exponent < countof(exact_powers)) {
        return (double)n * exact_powers[exponent];
    }
    if (exponent < 0 && -exponent < countof(exact_powers)) {
        return (double)n / exact_powers[-exponent];
    }
    return num_from_decimal(f->digits, f->exponent);
}

static double hex_value(const struct float_text *f)
{
    uint64_t n = 0;
    int64_t exponent = f->exponent;
    bool point = false, sticky = false;
    for (isize i = 0; i < f->digits.len; i++) {
        char c = f->digits.ptr[i];
        if (c == '.') {
            point = true;
        } else if (c != '_') {
            uint64_t digit = is_digit(c) ? (uint64_t)(c - '0') : (uint64_t)((c | 0x20) - 'a' + 10);
            if (n >> 60 == 0) {
                n = n << 4 | digit;
                exponent -= point ? 4 : 0;
            } else {
                sticky |= digit != 0;
                exponent += point ? 0 : 4;
            }
        }
    }
    return num_from_binary(n, sticky, exponent);
}

bool num_parse_double(str s, double *out)
{
    struct float_text f = { .negative = str_starts(s, S("-")) };
    if (!read_float(s, f.negative, false, false, &f) || str_ends(f.digits, S("."))) {
        return false;
    }
    double d = decimal_value(&f);
    *out = f.negative ? -d : d;
    return true;
}

/* Each underscore stands between two digits; the base prefix counts as one. */
static bool underscores_ok(str s, isize start, bool hex)
{
    for (isize i = start; i < s.len; i++) {
        if (s.ptr[i] != '_') {
            continue;
        }
        isize before = i - 1, after = i + 1;
        bool left = i == start ? hex : pass_digits(s, &before, hex, false) > 0;
        if (!left || pass_digits(s, &after, hex, false) == 0) {
            return false;
        }
    }
    return true;
}

bool num_parse_double_go(str s, double *out)
{
    bool negative = str_starts(s, S("-"));
    isize at = negative || str_starts(s, S("+"));
    str rest = str_slice(s, at, s.len);
    if (str_eq_nocase(rest, S("inf")) || str_eq_nocase(rest, S("infinity"))) {
        *out = negative ? -HUGE_VAL : HUGE_VAL;
        return true;
    }
    if (str_eq_nocase(s, S("nan"))) {
        *out = (double)NAN;
        return true;
    }
    bool hex = str_starts(rest, S("0x")) || str_starts(rest, S("0X"));
    at += hex ? 2 : 0;
    struct float_text f = { .negative = negative };
    if (!read_float(s, at, hex, true, &f) || !underscores_ok(s, at, hex)) {
        return false;
    }
    double d = hex ? hex_value(&f) : decimal_value(&f);
    *out = negative ? -d : d;
    return !isinf(d);
}

/* ---- integers out ---- */

int num_put_uint(char *out, uint64_t n)
{
    char text[20];
    int at = (int)sizeof(text);
    do {
        text[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    int count = (int)sizeof(text) - at;
    memcpy(out, text + at, (size_t)count);
    return count;
}

int num_put_int(char *out, int64_t n)
{
    if (n >= 0) {
        return num_put_uint(out, (uint64_t)n);
    }
    out[0] = '-';
    return 1 + num_put_uint(out + 1, 0 - (uint64_t)n);
}

void sb_int(struct sb *sb, int64_t n)
{
    sb_reserve(sb, 24);
    sb->len += num_put_int(sb->ptr + sb->len, n);
}

void sb_uint(struct sb *sb, uint64_t n)
{
    sb_reserve(sb, 24);
    sb->len += num_put_uint(sb->ptr + sb->len, n);
}

/* ---- doubles out ---- */

/* Digits with the point where it belongs: 0.00ddd, dd.ddd, ddd000. */
static int put_plain(char *out, const struct shortest *s)
{
    int len = 0;
    if (s->point <= 0) {
        out[len++] = '0';
        out[len++] = '.';
        memset(out + len, '0', (size_t)-s->point);
        len += -s->point;
        memcpy(out + len, s->digits, (size_t)s->count);
        return len + s->count;
    }
    int whole = s->point < s->count ? s->point : s->count;
    memcpy(out, s->digits, (size_t)whole);
    len = whole;
    memset(out + len, '0', (size_t)(s->point - whole));
    len += s->point - whole;
    if (s->count > whole) {
        out[len++] = '.';
        memcpy(out + len, s->digits + whole, (size_t)(s->count - whole));
        len += s->count - whole;
    }
    return len;
}

/* d.ddde±x with at least `pad` digits of exponent. */
static int put_exponent(char *out, const struct shortest *s, int pad)
{
    int len = 0;
    out[len++] = s->digits[0];
    if (s->count > 1) {
        out[len++] = '.';
        memcpy(out + len, s->digits + 1, (size_t)(s->count - 1));
        len += s->count - 1;
    }
    int exponent = s->point - 1;
    out[len++] = 'e';
    out[len++] = exponent < 0 ? '-' : '+';
    exponent = exponent < 0 ? -exponent : exponent;
    if (pad == 2 && exponent < 10) {
        out[len++] = '0';
    }
    return len + num_put_uint(out + len, (uint64_t)exponent);
}

/* Writes the sign and the digits' decimal of |d|. */
static int put_sign(char *out, double d, struct shortest *s)
{
    num_shortest(fabs(d), s);
    if (signbit(d)) {
        out[0] = '-';
        return 1;
    }
    return 0;
}

static int put_text(char *out, str text)
{
    memcpy(out, text.ptr, (size_t)text.len);
    return (int)text.len;
}

int num_put_double_cel(char *out, double d)
{
    if (!isfinite(d)) {
        return put_text(out, isnan(d) ? S("NaN") : d < 0 ? S("-Inf") : S("+Inf"));
    }
    struct shortest s;
    int len = put_sign(out, d, &s);
    int exponent = s.point - 1;
    return len + (exponent < -4 || exponent >= 6 ? put_exponent(out + len, &s, 2)
                                                 : put_plain(out + len, &s));
}

int num_put_double_plain(char *out, double d)
{
    if (!isfinite(d)) {
        return put_text(out, isnan(d) ? S("NaN") : d < 0 ? S("-Infinity") : S("Infinity"));
    }
    struct shortest s;
    int len = put_sign(out, d, &s);
    return len + put_plain(out + len, &s);
}

int num_put_double_json(char *out, double d)
{
    assert(isfinite(d));
    if (d > -1e15 && d < 1e15 && d == (double)(int64_t)d && !(d == 0 && signbit(d))) {
        return num_put_int(out, (int64_t)d);
    }
    struct shortest s;
    int len = put_sign(out, d, &s);
    double abs = fabs(d);
    return len + (abs != 0 && (abs < 1e-6 || abs >= 1e21) ? put_exponent(out + len, &s, 1)
                                                          : put_plain(out + len, &s));
}
