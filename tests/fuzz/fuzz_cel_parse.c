/* fuzz_cel_parse.c — expression text → tree → text → tree
 *
 * Whatever parses is printed and must parse to the same tree again; it is checked against the
 * environment of policies, printed once more and walked. Neither step may run long: the input is
 * bounded, and every issue has a place inside the text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/unparse.h"
#include "support/cel.h"

#include <assert.h>
#include <stdint.h>

#define INPUT_MAX 20000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_issues(const struct cel_issues *issues, str text)
{
    for (isize i = 0; i < issues->list.len; i++) {
        const struct cel_issue *issue = &issues->list.ptr[i];
        assert(issue->text.len > 0 && issue->start <= issue->end && (isize)issue->end <= text.len);
    }
}

static bool has_type(void *ctx, struct ast *node)
{
    (void)ctx;
    assert(node->type != NULL && !node->type->generic);
    return true;
}

static str tree_text(struct arena *arena, const struct ast *root)
{
    struct sb sb = sb_new(arena);
    ast_text(&sb, root);
    return sb_str(&sb);
}

static void round_trip(struct arena *arena, const struct ast *root)
{
    struct sb printed = sb_new(arena);
    cel_unparse(&printed, root);
    struct cel_issues issues = { .arena = arena };
    struct ast *again = cel_parse(arena, sb_str(&printed), 0, &issues);
    assert(again != NULL && str_eq(tree_text(arena, root), tree_text(arena, again)));
}

static void check_tree(struct arena *arena, str text, struct ast *root)
{
    struct cel_issues issues = { .arena = arena };
    if (cel_check(arena, &unit_policy_env, root, &issues) == CARDEA_OK) {
        assert(issues.list.len == 0);
        ast_walk(root, has_type, NULL);
        struct sb printed = sb_new(arena);
        cel_unparse(&printed, root);
        struct cel_issues faults = { .arena = arena };
        struct ast *again = cel_parse(arena, sb_str(&printed), 0, &faults);
        assert(again != NULL && cel_check(arena, &unit_policy_env, again, &faults) == CARDEA_OK);
        assert(cel_type_same(root->type, again->type));
    } else {
        assert(issues.list.len > 0);
        check_issues(&issues, text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > INPUT_MAX) {
        return 0;
    }
    struct arena arena;
    arena_init(&arena, 64 * 1024, 512 * 1024 * 1024);
    str text = { (const char *)data, (isize)size };
    struct cel_issues issues = { .arena = &arena };
    struct ast *root = cel_parse(&arena, text, 0, &issues);
    if (root == NULL) {
        assert(issues.list.len > 0);
        check_issues(&issues, text);
    } else {
        round_trip(&arena, root);
        check_tree(&arena, text, root);
    }
    arena_free(&arena);
    return 0;
}
