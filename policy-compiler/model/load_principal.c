/* load_principal.c — principal policies: tables, and the rules between rules
 *
 * spec: cerbos-compat#principalpolicy, #document-validation
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/map.h"
#include "model/errors.h"
#include "model/fields.h"

#include <stddef.h>

static const struct field action_fields[] = {
    { .json = "action",
      .proto = "action",
      .type = F_TEXT,
      .rules = R_REQUIRED,
      .offset = offsetof(struct principal_action, action) },
    { .json = "condition",
      .proto = "condition",
      .type = F_MESSAGE,
      .offset = offsetof(struct principal_action, condition),
      .message = &condition_message },
    { .json = "effect",
      .proto = "effect",
      .type = F_ENUM,
      .rules = R_REQUIRED,
      .offset = offsetof(struct principal_action, effect),
      .names = &effect_type },
    { .json = "name",
      .proto = "name",
      .type = F_TEXT,
      .pattern = PATTERN_RULE,
      .offset = offsetof(struct principal_action, name) },
    { .json = "output",
      .proto = "output",
      .type = F_MESSAGE,
      .offset = offsetof(struct principal_action, output),
      .message = &output_message },
};
static const struct message action_message = {
    .name = "an action",
    .fields = action_fields,
    .count = countof(action_fields),
    .size = sizeof(struct principal_action),
    .kind_at = NOWHERE,
    .span_at = offsetof(struct principal_action, span),
    .path_at = offsetof(struct principal_action, path),
    .ref_at = offsetof(struct principal_action, ref_at),
    .present_at = NOWHERE,
};

static const struct field rule_fields[] = {
    { .json = "resource",
      .proto = "resource",
      .type = F_TEXT,
      .rules = R_REQUIRED,
      .offset = offsetof(struct principal_rule, resource) },
    { .json = "actions",
      .proto = "actions",
      .type = F_MESSAGES,
      .rules = R_REQUIRED,
      .offset = offsetof(struct principal_rule, actions),
      .message = &action_message },
};
static const struct message rule_message = {
    .name = "a rule",
    .fields = rule_fields,
    .count = countof(rule_fields),
    .size = sizeof(struct principal_rule),
    .kind_at = NOWHERE,
    .span_at = offsetof(struct principal_rule, span),
    .path_at = offsetof(struct principal_rule, path),
    .ref_at = offsetof(struct principal_rule, ref_at),
    .present_at = NOWHERE,
};

static const struct field principal_fields[] = {
    { .json = "principal",
      .proto = "principal",
      .type = F_TEXT,
      .rules = R_REQUIRED,
      .pattern = PATTERN_NAME,
      .offset = offsetof(struct policy, principal.principal) },
    { .json = "version",
      .proto = "version",
      .type = F_TEXT,
      .rules = R_REQUIRED,
      .pattern = PATTERN_VERSION,
      .offset = offsetof(struct policy, principal.version) },
    { .json = "rules",
      .proto = "rules",
      .type = F_MESSAGES,
      .offset = offsetof(struct policy, principal.rules),
      .message = &rule_message },
    { .json = "scope",
      .proto = "scope",
      .type = F_TEXT,
      .pattern = PATTERN_SCOPE,
      .offset = offsetof(struct policy, scope) },
    { .json = "variables",
      .proto = "variables",
      .type = F_MESSAGE,
      .offset = offsetof(struct policy, defs),
      .message = &variables_message },
    { .json = "scopePermissions",
      .proto = "scope_permissions",
      .type = F_ENUM,
      .offset = offsetof(struct policy, scope_permissions),
      .names = &scope_permissions_type },
    { .json = "constants",
      .proto = "constants",
      .type = F_MESSAGE,
      .offset = offsetof(struct policy, defs),
      .message = &constants_message },
};
const struct message principal_message = { .name = "`principalPolicy`",
                                           .fields = principal_fields,
                                           .count = countof(principal_fields),
                                           NO_SELF };

/* ---- between rules --------------------------------------------------------------------------- */

/* Number of the earlier one with this name, or MAP_NONE; remembers the first of each name. */
static uint32_t earlier(struct loader *ld, struct map *seen, str name, isize i)
{
    uint32_t known = map_get(seen, name);
    if (known == MAP_NONE) {
        (void)map_set(ld->arena, seen, name, (uint32_t)i);
    }
    return known;
}

static void check_actions(struct loader *ld, const struct principal_rule *rule)
{
    struct arena *arena = ld->diags->arena;
    struct map names = { 0 };
    for (isize i = 0; i < rule->action_count; i++) {
        const struct principal_action *action = &rule->actions[i];
        uint32_t known =
            action->name.text.len > 0 ? earlier(ld, &names, action->name.text, i) : MAP_NONE;
        if (known == MAP_NONE) {
            continue;
        }
        const struct principal_action *before = &rule->actions[known];
        struct place place = source_place(ld->source, before->ref_at);
        struct diag *d =
            add_violation(ld, &err_action_name_twice, action->name.span, action->ref_at,
                          action->path, "two actions for resource `%.*s` are named `%.*s`",
                          STR_ARG(rule->resource.text), STR_ARG(action->name.text));
        diag_note(ld->diags, d, before->name.span, "first used here");
        d->ref_text = str_printf(
            arena,
            "duplicate action rule name %.*s: action rule #%lld for resource %.*s has the "
            "same name as action rule #%lld defined at %d:%d",
            STR_ARG(str_quote(arena, action->name.text)), (long long)i + 1,
            STR_ARG(str_quote(arena, rule->resource.text)), (long long)known + 1, place.line,
            place.column);
    }
}

void check_principal_policy(struct loader *ld, const struct policy *policy)
{
    struct arena *arena = ld->diags->arena;
    struct map resources = { 0 };
    for (isize i = 0; i < policy->principal.rule_count; i++) {
        const struct principal_rule *rule = &policy->principal.rules[i];
        uint32_t known = earlier(ld, &resources, rule->resource.text, i);
        if (known != MAP_NONE) {
            const struct principal_rule *before = &policy->principal.rules[known];
            struct place place = source_place(ld->source, before->ref_at);
            struct diag *d = add_violation(
                ld, &err_resource_twice, rule->resource.span, rule->ref_at, rule->path,
                "two rules are for resource `%.*s`", STR_ARG(rule->resource.text));
            diag_note(ld->diags, d, before->resource.span, "first used here");
            d->ref_text = str_printf(
                arena,
                "duplicate resource %.*s at rule #%lld: previous definition in rule #%lld at %d:%d",
                STR_ARG(str_quote(arena, rule->resource.text)), (long long)i + 1,
                (long long)known + 1, place.line, place.column);
        }
        check_actions(ld, rule);
    }
}
