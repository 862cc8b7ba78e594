/* load_resource.c — resource policies: tables, and the rules between rules
 *
 * spec: cerbos-compat#resourcepolicy, #document-validation
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/map.h"
#include "model/errors.h"
#include "model/fields.h"

#include <stddef.h>

/* ---- schemas --------------------------------------------------------------------------------- */

static const struct field ignore_when_fields[] = {
    { .json = "actions",
      .proto = "actions",
      .type = F_TEXTS,
      .rules = R_REQUIRED | R_UNIQUE | R_ITEM_TEXT,
      .offset = offsetof(struct schema_ref, ignore_actions) },
};
static const struct message ignore_when_message = { .name = "`ignoreWhen`",
                                                    .fields = ignore_when_fields,
                                                    .count = countof(ignore_when_fields),
                                                    NO_SELF };

static const struct field schema_fields[] = {
    { .json = "ref",
      .proto = "ref",
      .type = F_TEXT,
      .rules = R_REQUIRED,
      .offset = offsetof(struct schema_ref, ref) },
    { .json = "ignoreWhen",
      .proto = "ignore_when",
      .type = F_MESSAGE,
      .offset = 0,
      .message = &ignore_when_message },
};
static const struct message schema_message = {
    .name = "a schema", .fields = schema_fields, .count = countof(schema_fields), NO_SELF
};

static const struct field schemas_fields[] = {
    { .json = "principalSchema",
      .proto = "principal_schema",
      .type = F_MESSAGE,
      .offset = offsetof(struct policy, resource.principal_schema),
      .message = &schema_message },
    { .json = "resourceSchema",
      .proto = "resource_schema",
      .type = F_MESSAGE,
      .offset = offsetof(struct policy, resource.resource_schema),
      .message = &schema_message },
};
static const struct message schemas_message = {
    .name = "`schemas`", .fields = schemas_fields, .count = countof(schemas_fields), NO_SELF
};

/* ---- rules ----------------------------------------------------------------------------------- */

static const struct field rule_fields[] = {
    { .json = "actions",
      .proto = "actions",
      .type = F_TEXTS,
      .rules = R_REQUIRED | R_UNIQUE | R_ITEM_TEXT,
      .offset = offsetof(struct rule, actions) },
    { .json = "derivedRoles",
      .proto = "derived_roles",
      .type = F_TEXTS,
      .rules = R_UNIQUE,
      .pattern = PATTERN_IDENT,
      .offset = offsetof(struct rule, derived_roles) },
    { .json = "roles",
      .proto = "roles",
      .type = F_TEXTS,
      .rules = R_UNIQUE | R_ITEM_TEXT,
      .offset = offsetof(struct rule, roles) },
    { .json = "condition",
      .proto = "condition",
      .type = F_MESSAGE,
      .offset = offsetof(struct rule, condition),
      .message = &condition_message },
    { .json = "effect",
      .proto = "effect",
      .type = F_ENUM,
      .rules = R_REQUIRED,
      .offset = offsetof(struct rule, effect),
      .names = &effect_type },
    { .json = "name",
      .proto = "name",
      .type = F_TEXT,
      .pattern = PATTERN_RULE,
      .offset = offsetof(struct rule, name) },
    { .json = "output",
      .proto = "output",
      .type = F_MESSAGE,
      .offset = offsetof(struct rule, output),
      .message = &output_message },
};
static const struct message rule_message = {
    .name = "a rule",
    .fields = rule_fields,
    .count = countof(rule_fields),
    .size = sizeof(struct rule),
    .kind_at = NOWHERE,
    .span_at = offsetof(struct rule, span),
    .path_at = offsetof(struct rule, path),
    .ref_at = offsetof(struct rule, ref_at),
    .present_at = NOWHERE,
};

static const struct field resource_fields[] = {
    { .json = "resource",
      .proto = "resource",
      .type = F_TEXT,
      .rules = R_REQUIRED,
      .pattern = PATTERN_NAME,
      .offset = offsetof(struct policy, resource.resource) },
    { .json = "version",
      .proto = "version",
      .type = F_TEXT,
      .rules = R_REQUIRED,
      .pattern = PATTERN_VERSION,
      .offset = offsetof(struct policy, resource.version) },
    { .json = "importDerivedRoles",
      .proto = "import_derived_roles",
      .type = F_TEXTS,
      .rules = R_UNIQUE,
      .pattern = PATTERN_IDENT,
      .offset = offsetof(struct policy, resource.import_derived_roles) },
    { .json = "rules",
      .proto = "rules",
      .type = F_MESSAGES,
      .offset = offsetof(struct policy, resource.rules),
      .message = &rule_message },
    { .json = "scope",
      .proto = "scope",
      .type = F_TEXT,
      .pattern = PATTERN_SCOPE,
      .offset = offsetof(struct policy, scope) },
    { .json = "schemas",
      .proto = "schemas",
      .type = F_MESSAGE,
      .offset = 0,
      .message = &schemas_message },
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
const struct message resource_message = { .name = "`resourcePolicy`",
                                          .fields = resource_fields,
                                          .count = countof(resource_fields),
                                          NO_SELF };

/* ---- between rules --------------------------------------------------------------------------- */

static void check_rule_roles(struct loader *ld, const struct rule *rule, isize number)
{
    if (rule->roles.len > 0 || rule->derived_roles.len > 0) {
        return;
    }
    struct arena *arena = ld->diags->arena;
    str name =
        rule->name.text.len > 0 ? rule->name.text : str_printf(arena, "#%lld", (long long)number);
    struct diag *d =
        add_violation(ld, &err_rule_roles, rule->span, rule->ref_at, rule->path,
                      "rule `%.*s` names neither `roles` nor `derivedRoles`", STR_ARG(name));
    d->ref_text = str_printf(
        arena, "rule %.*s does not specify any roles or derived roles to match", STR_ARG(name));
}

void check_resource_policy(struct loader *ld, const struct policy *policy)
{
    struct map names = { 0 };
    struct arena *arena = ld->diags->arena;
    for (isize i = 0; i < policy->resource.rule_count; i++) {
        const struct rule *rule = &policy->resource.rules[i];
        check_rule_roles(ld, rule, i + 1);
        uint32_t known = rule->name.text.len > 0 ? map_get(&names, rule->name.text) : MAP_NONE;
        if (rule->name.text.len > 0 && known == MAP_NONE) {
            (void)map_set(ld->arena, &names, rule->name.text, (uint32_t)i);
        }
        if (known == MAP_NONE) {
            continue;
        }
        const struct rule *before = &policy->resource.rules[known];
        struct place place = source_place(ld->source, before->ref_at);
        struct diag *d =
            add_violation(ld, &err_rule_name_twice, rule->name.span, rule->ref_at, rule->path,
                          "two rules are named `%.*s`", STR_ARG(rule->name.text));
        diag_note(ld->diags, d, before->name.span, "first used here");
        d->ref_text = str_printf(
            arena,
            "duplicate rule name %.*s: rule #%lld has the same name as rule #%lld defined at %d:%d",
            STR_ARG(str_quote(arena, rule->name.text)), (long long)i + 1, (long long)known + 1,
            place.line, place.column);
    }
}
