/* ident.c — how names of kinds and policies are folded
 *
 * The rule has two steps: does the whole name have the old form, and if so, which runs are replaced. Names that
 * do not have the form (`mcp::files`, `1:x`, `a b`) are used as they are.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/ident.h"

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_word(char c)
{
    return is_alpha(c) || (c >= '0' && c <= '9') || c == '_';
}

static bool keeps(char c)
{
    return is_word(c) || c == '.';
}

/* Has the name the old form, and does it hold anything to replace? */
static bool needs_folding(str name)
{
    bool at_start = true;
    bool found = false;
    for (isize i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (at_start) {
            if (!is_alpha(c)) {
                return false;
            }
            at_start = false;
        } else if (c == ':') {
            at_start = true;
        } else if (!keeps(c) && c != '@' && c != '-' && c != '/') {
            return false;
        }
        found = found || !keeps(c);
    }
    return found && !at_start;
}

str ident_sanitize(struct arena *arena, str name)
{
    if (!needs_folding(name)) {
        return name;
    }
    char *out = arena_bytes(arena, name.len);
    isize len = 0;
    bool in_run = false;
    for (isize i = 0; i < name.len; i++) {
        if (keeps(name.ptr[i])) {
            out[len++] = name.ptr[i];
            in_run = false;
        } else if (!in_run) {
            out[len++] = '_';
            in_run = true;
        }
    }
    return (str){ out, len };
}
