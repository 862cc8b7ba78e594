/* str.h — text as pointer and length
 *
 * A str is passed by value, borrows its bytes, is never assumed terminated, and is valid UTF-8 when it
 * came through a door (JSON, YAML, image). Builders append into an arena.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_BASE_STR_H
#define CARDEA_BASE_STR_H

#include "base/arena.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

typedef struct {
    const char *ptr; /* first byte; may be NULL only when len is 0 */
    isize len;       /* bytes                                      */
} str;

#define S(literal)   ((str){ "" literal, (isize)sizeof(literal) - 1 })
#define STR_ARG(s)   (int)(s).len, (s).ptr /* for the format %.*s */
#define STR_EMPTY    ((str){ "", 0 })

static inline bool str_eq(str a, str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, (size_t)a.len) == 0);
}

/* Order by bytes, which for UTF-8 is the order by code points: <0, 0, >0. */
int str_cmp(str a, str b);

/* Text of a terminated C string (borrowed); only at the edge of the operating system. NULL → empty. */
str str_from_c(const char *text);

/* Terminated copy in the arena, for the edge of the operating system. */
char *str_to_c(struct arena *arena, str s);

str str_copy(struct arena *arena, str s);
str str_concat(struct arena *arena, str a, str b);

/* bytes [start, end); both are clipped to the text. */
str str_slice(str s, isize start, isize end);

bool str_starts(str s, str prefix);
bool str_ends(str s, str suffix);

/* Byte position of the first (last) occurrence, or -1. An empty needle is found at 0 (at the end). */
isize str_find(str s, str needle);
isize str_rfind(str s, str needle);
isize str_find_byte(str s, char byte);

/* Splits at the first `separator`: *head gets what stands before it, *tail what stands behind.
 * Without a separator *head is the whole text and *tail is empty; then false. */
bool str_cut(str s, char separator, str *head, str *tail);

/* Without ASCII white space at both ends. */
str str_trim(str s);

bool str_eq_nocase(str a, str b); /* ASCII letters only */

/* Levenshtein distance in bytes, at most `limit` (then limit + 1): for "did you mean". */
int str_distance(struct arena *scratch, str a, str b, int limit);

/* SipHash-1-3 with the process's key, chosen at random once (or `str_hash_key_set`, for tests). */
uint64_t str_hash(str s);
void str_hash_key_set(uint64_t k0, uint64_t k1);

/* SipHash-1-3 with an explicit key: for tables that are stored in files. */
uint64_t str_siphash(str s, uint64_t k0, uint64_t k1);

/* ---- builder: grows in an arena; a builder is not copied while in use ---- */
struct sb {
    struct arena *arena; /* where the text grows               */
    char *ptr;           /* the text so far, not terminated    */
    isize len;           /* its length, bytes                  */
    isize cap;           /* room at ptr, bytes                 */
};

struct sb sb_new(struct arena *arena);
void sb_reserve(struct sb *sb, isize extra);
void sb_add(struct sb *sb, str s);
void sb_byte(struct sb *sb, char byte);
void sb_int(struct sb *sb, int64_t n);
void sb_uint(struct sb *sb, uint64_t n);
/* printf forms: only %s %.*s %d %lld %zu %c %x are to be used; never %f (locale). */
void sb_printf(struct sb *sb, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sb_vprintf(struct sb *sb, const char *format, va_list args);
str sb_str(const struct sb *sb);

/* One formatted text in the arena. */
str str_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* `s` with quotes around it and with `"`, `\` and control characters escaped (\n, \t, \u00XX), for messages. */
str str_quote(struct arena *arena, str s);

#endif
