/* fuzz_policy.c — any bytes as a policy
 *
 * Besides not breaking: loading ends with a policy, with nothing, or with an error that says why;
 * places of texts lie in the file; reading the same bytes twice says the same.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model/load.h"
#include "model/names.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const struct ptext *text, const struct policy *policy)
{
    if (text->span.source == NULL) {
        return;
    }
    isize len = policy->source->text.len;
    assert(text->span.source == policy->source && text->span.start <= text->span.end &&
           text->span.end <= len);
    assert(text->ref_at <= len && text->path.len > 0);
    assert(ptext_offset(text, 0) <= len && ptext_offset(text, UINT32_MAX) <= len);
}

static void check_texts(const struct ptexts *texts, const struct policy *policy)
{
    for (isize i = 0; i < texts->len; i++) {
        check_text(&texts->ptr[i], policy);
    }
}

static void check_match(const struct match *match, const struct policy *policy)
{
    assert(match->kind >= MATCH_EXPR && match->kind <= MATCH_NONE);
    check_text(&match->expr, policy);
    for (isize i = 0; i < match->of_count; i++) {
        check_match(&match->of[i], policy);
    }
}

static void check_policy(struct arena *arena, const struct policy *policy)
{
    assert(policy->kind >= POLICY_RESOURCE && policy->kind <= POLICY_EXPORT_CONSTANTS);
    assert(policy_key(arena, policy).len > 0);
    check_text(&policy->scope, policy);
    check_texts(&policy->defs.import_variables, policy);
    for (isize i = 0; i < policy->defs.var_count; i++) {
        check_text(&policy->defs.vars[i].expr, policy);
    }
    isize rules = policy->kind == POLICY_RESOURCE ? policy->resource.rule_count : 0;
    for (isize i = 0; i < rules; i++) {
        const struct rule *rule = &policy->resource.rules[i];
        assert(rule->actions.len > 0 &&
               (rule->effect == EFFECT_ALLOW || rule->effect == EFFECT_DENY));
        assert(rule->roles.len > 0 || rule->derived_roles.len > 0);
        check_texts(&rule->actions, policy);
        check_texts(&rule->roles, policy);
        check_text(&rule->output.activated, policy);
        if (rule->condition.match != NULL) {
            check_match(rule->condition.match, policy);
        }
    }
}

/* What loading says, as one text. */
static str load(struct arena *arena, str text)
{
    struct diags diags = diags_new(arena);
    struct policy *policy = NULL;
    struct sb out = sb_new(arena);
    cardea_status status =
        policy_load(arena, source_new(arena, S("fuzz.yaml"), text), &policy, &diags);
    assert((status == CARDEA_OK) == (diags.errors == 0));
    assert(status == CARDEA_OK || policy == NULL);
    if (policy != NULL) {
        check_policy(arena, policy);
    }
    diags_sort(&diags);
    diags_render(&diags, false, &out);
    return sb_str(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    jmp_buf env;
    arena_init(&arena, 1 << 16, 256 << 20);
    (void)arena_guard_set(&arena, &env);
    if (setjmp(env) == 0) {
        str text = { (const char *)data, (isize)size };
        str first = load(&arena, text);
        assert(str_eq(first, load(&arena, text)));
    }
    arena_free(&arena);
    return 0;
}
