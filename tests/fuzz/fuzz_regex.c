/* fuzz_regex.c — pattern and subject, apart by a newline: the usual way and the automaton give one answer
 *
 * A limit is an answer too; a pattern that the gate accepts must compile or run on the automaton alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/utf8.h"
#include "cel/re_dfa.h"
#include "cel/regex.h"

#include <stdlib.h>

static struct arena arena;
static struct cel_thread *thread;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str input = { (const char *)data, (isize)size };
    str pattern;
    str subject;
    if (size > 400 || utf8_invalid(input) >= 0) {
        return 0;
    }
    if (thread == NULL) {
        arena_init(&arena, 1 << 20, 256 << 20);
        thread = cel_thread_new();
    }
    arena_clear(&arena, 1 << 20);
    (void)str_cut(input, '\n', &pattern, &subject);
    str why = STR_EMPTY;
    int groups = 0;
    const struct re_node *tree = re_parse(&arena, pattern, &groups, &why);
    if (tree == NULL) {
        return 0;
    }
    const struct cel_regex *regex = cel_regex_dynamic(&arena, thread, pattern, &why);
    if (regex == NULL) {
        abort(); /* the gate has accepted it */
    }
    int usual = cel_regex_match(regex, thread, &arena, subject);
    int linear = re_dfa_match(tree, &arena, subject);
    if (usual >= 0 && linear >= 0 && usual != linear) {
        abort();
    }
    return 0;
}
