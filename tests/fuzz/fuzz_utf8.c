/* fuzz_utf8.c — UTF-8, base64, and what shows text that may be damaged
 *
 * The checker and the decoder must agree; everything that escapes text must give valid UTF-8.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/b64.h"
#include "base/diag.h"
#include "base/utf8.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool kept)
{
    if (!kept) {
        abort();
    }
}

static void check_decoding(struct arena *arena, str s)
{
    isize invalid = utf8_invalid(s), first_bad = -1, count = 0;
    struct sb copy = sb_new(arena);
    for (isize pos = 0; pos < s.len; count++) {
        isize start = pos;
        int32_t c = utf8_next(s, &pos);
        demand(pos > start && pos <= s.len);
        demand(c >= 0 || pos == start + 1);
        first_bad = c < 0 && first_bad < 0 ? start : first_bad;
        sb_rune(&copy, c < 0 ? 0xFFFD : c);
    }
    demand(invalid == first_bad);
    demand(utf8_invalid(sb_str(&copy)) < 0);
    if (invalid < 0) {
        demand(str_eq(sb_str(&copy), s));
        demand(utf8_count(s) == count);
        demand(utf8_offset(s, count) == s.len && utf8_offset(s, count + 1) == -1);
        demand(utf8_is_ascii(s) == (count == s.len));
    }
}

static void check_base64(struct arena *arena, str s)
{
    for (int alphabet = B64_STANDARD; alphabet <= B64_URL; alphabet++) {
        for (int pad = 0; pad <= 1; pad++) {
            str code = b64_encode(arena, s, (enum b64_alphabet)alphabet, pad != 0), back;
            demand(b64_decode(arena, code, (enum b64_alphabet)alphabet, pad != 0, false, false,
                              &back));
            demand(str_eq(back, s));
        }
        str bytes;
        if (b64_decode(arena, s, (enum b64_alphabet)alphabet, true, false, false, &bytes)) {
            demand(str_eq(b64_encode(arena, bytes, (enum b64_alphabet)alphabet, true),
                          s)); /* one text for each */
        }
        (void)b64_decode(arena, s, (enum b64_alphabet)alphabet, false, true, true, &bytes);
    }
}

static void check_diagnostics(struct arena *arena, str s)
{
    static const struct diag_class class = { .code = "E1", .severity = DIAG_ERROR };
    struct source *source = source_new(arena, s, s);
    struct diags diags = diags_new(arena);
    uint32_t start = s.len > 0 ? (uint32_t)(unsigned char)s.ptr[0] % (uint32_t)(s.len + 1) : 0;
    uint32_t end = start + ((uint32_t)s.len - start) / 2;
    diag_add(&diags, &class, (struct span){ source, start, end }, "%.*s", STR_ARG(s));
    struct sb out = sb_new(arena);
    diags_render(&diags, false, &out);
    demand(utf8_invalid(sb_str(&out)) < 0);
    demand(str_find_byte(sb_str(&out), '\x1b') < 0);
    struct place place = source_place(source, start);
    demand(place.line >= 1 && place.line <= source->line_count && place.column >= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 65536) {
        return 0;
    }
    static struct arena arena; /* kept between inputs: used memory finds more than fresh memory */
    if (arena.cap == 0) {
        arena_init(&arena, 1 << 16, 1 << 28);
    }
    arena_clear(&arena, 1 << 20);
    str s = { (const char *)data, (isize)size };
    check_decoding(&arena, s);
    check_base64(&arena, s);
    check_diagnostics(&arena, s);
    return 0;
}
