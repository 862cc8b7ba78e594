/* re_emit.c — a PCRE2 pattern that means what the tree says
 *
 * Nothing of the user's text is copied: code points are written as \x{…} unless they are letters or digits, flags as
 * groups of their own, classes as ranges. So no piece of PCRE2's larger language can slip in.
 *
 * spec: cel#re2-against-pcre2
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/re_tree.h"

static void emit_rune(struct sb *out, int32_t r)
{
    if ((r >= '0' && r <= '9') || (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z')) {
        sb_byte(out, (char)r);
    } else {
        sb_printf(out, "\\x{%x}", (unsigned)r);
    }
}

/* Surrogates are no code points of any text: PCRE2 refuses them, so they are left out. */
static bool emit_range(struct sb *out, int32_t lo, int32_t hi)
{
    if (lo < 0xD800 && hi > 0xDFFF) {
        (void)emit_range(out, lo, 0xD7FF);
        return emit_range(out, 0xE000, hi);
    }
    lo = lo >= 0xD800 && lo <= 0xDFFF ? 0xE000 : lo;
    hi = hi >= 0xD800 && hi <= 0xDFFF ? 0xD7FF : hi;
    if (lo > hi) {
        return false;
    }
    emit_rune(out, lo);
    if (hi > lo) {
        sb_byte(out, '-');
        emit_rune(out, hi);
    }
    return true;
}

/* Case-insensitively an upper-case class takes lower case too; PCRE2 does not fold properties. */
static const char *folded_property(const char *name, bool fold)
{
    bool cased = str_eq(str_from_c(name), S("Lu")) || str_eq(str_from_c(name), S("Ll")) ||
                 str_eq(str_from_c(name), S("Lt"));
    return fold && cased ? "L&" : name;
}

static void emit_class(struct sb *out, const struct re_node *n)
{
    struct sb inner = sb_new(out->arena);
    bool any = false;
    for (isize i = 0; i < n->range_count; i++) {
        const struct re_range *r = &n->ranges[i];
        if (r->property != NULL) {
            sb_printf(&inner, "\\%c{%s}", r->negated ? 'P' : 'p', folded_property(r->property, n->fold));
            any = true;
        } else {
            any = emit_range(&inner, r->lo, r->hi) || any;
        }
    }
    if (!any) {
        sb_add(out, n->negated ? S("(?s:.)") : S("(?!)"));
        return;
    }
    sb_add(out, n->fold ? S("(?i:[") : S("["));
    sb_add(out, n->negated ? S("^") : STR_EMPTY);
    sb_add(out, sb_str(&inner));
    sb_add(out, n->fold ? S("])") : S("]"));
}

static void emit_literal(struct sb *out, const struct re_node *n)
{
    if (n->rune >= 0xD800 && n->rune <= 0xDFFF) {
        sb_add(out, S("(?!)"));
        return;
    }
    sb_add(out, n->fold ? S("(?i:") : STR_EMPTY);
    emit_rune(out, n->rune);
    sb_add(out, n->fold ? S(")") : STR_EMPTY);
}

static void emit_repeat(struct sb *out, const struct re_node *n)
{
    sb_add(out, S("(?:"));
    re_emit(out, n->items[0]);
    sb_byte(out, ')');
    if (n->min == 0 && n->max == -1) {
        sb_byte(out, '*');
    } else if (n->min == 1 && n->max == -1) {
        sb_byte(out, '+');
    } else if (n->max == -1) {
        sb_printf(out, "{%d,}", n->min);
    } else {
        sb_printf(out, "{%d,%d}", n->min, n->max);
    }
    sb_add(out, n->lazy ? S("?") : STR_EMPTY);
}

void re_emit(struct sb *out, const struct re_node *n)
{
    switch (n->kind) {
    case RE_EMPTY: sb_add(out, S("(?:)")); break;
    case RE_RUNE: emit_literal(out, n); break;
    case RE_CLASS: emit_class(out, n); break;
    case RE_ANY: sb_add(out, n->dot_nl ? S("(?s:.)") : S("[^\\n]")); break;
    case RE_LINE_START: sb_add(out, S("(?m:^)")); break;
    case RE_LINE_END: sb_add(out, S("(?m:$)")); break;
    case RE_TEXT_START: sb_add(out, S("\\A")); break;
    case RE_TEXT_END: sb_add(out, S("\\z")); break;
    case RE_WORD: sb_add(out, S("\\b")); break;
    case RE_NOT_WORD: sb_add(out, S("\\B")); break;
    case RE_GROUP:
        sb_byte(out, '(');
        re_emit(out, n->items[0]);
        sb_byte(out, ')');
        break;
    case RE_REPEAT: emit_repeat(out, n); break;
    default:
        sb_add(out, n->kind == RE_ALT ? S("(?:") : STR_EMPTY);
        for (isize i = 0; i < n->item_count; i++) {
            sb_add(out, i > 0 && n->kind == RE_ALT ? S("|") : STR_EMPTY);
            re_emit(out, n->items[i]);
        }
        sb_add(out, n->kind == RE_ALT ? S(")") : STR_EMPTY);
    }
}
