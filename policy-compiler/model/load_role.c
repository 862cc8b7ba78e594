/* load_role.c — role policies: tables, and the warning about versions
 *
 * spec: cerbos-compat#rolepolicy
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model/errors.h"
#include "model/fields.h"

#include <stddef.h>

static const struct field rule_fields[] = {
    { .json = "resource",
      .proto = "resource",
      .type = F_TEXT,
      .rules = R_REQUIRED,
      .offset = offsetof(struct role_rule, resource) },
    { .json = "allowActions",
      .proto = "allow_actions",
      .type = F_TEXTS,
      .rules = R_REQUIRED | R_UNIQUE | R_ITEM_TEXT,
      .offset = offsetof(struct role_rule, allow_actions) },
    { .json = "condition",
      .proto = "condition",
      .type = F_MESSAGE,
      .offset = offsetof(struct role_rule, condition),
      .message = &condition_message },
    { .json = "name",
      .proto = "name",
      .type = F_TEXT,
      .pattern = PATTERN_RULE,
      .offset = offsetof(struct role_rule, name) },
    { .json = "output",
      .proto = "output",
      .type = F_MESSAGE,
      .offset = offsetof(struct role_rule, output),
      .message = &output_message },
};
static const struct message rule_message = {
    .name = "a rule",
    .fields = rule_fields,
    .count = countof(rule_fields),
    .size = sizeof(struct role_rule),
    .kind_at = NOWHERE,
    .span_at = offsetof(struct role_rule, span),
    .path_at = offsetof(struct role_rule, path),
    .ref_at = offsetof(struct role_rule, ref_at),
    .present_at = NOWHERE,
};

/* Deprecated in role policies and without effect, but not every value is let through. */
static const struct enum_name role_permissions_names[] = {
    { "SCOPE_PERMISSIONS_UNSPECIFIED", SCOPE_PERM_UNSPECIFIED },
    { "SCOPE_PERMISSIONS_OVERRIDE_PARENT", SCOPE_PERM_OVERRIDE },
    { "SCOPE_PERMISSIONS_REQUIRE_PARENTAL_CONSENT_FOR_ALLOWS", SCOPE_PERM_CONSENT },
};
static const struct enum_type role_permissions_type = {
    .names = role_permissions_names,
    .count = countof(role_permissions_names),
    .allowed = 1 << SCOPE_PERM_UNSPECIFIED | 1 << SCOPE_PERM_CONSENT,
    .ref_allowed =
        "SCOPE_PERMISSIONS_REQUIRE_PARENTAL_CONSENT_FOR_ALLOWS, SCOPE_PERMISSIONS_UNSPECIFIED",
};

static const struct field role_fields[] = {
    { .json = "role",
      .proto = "role",
      .type = F_TEXT,
      .pattern = PATTERN_NAME,
      .oneof = 1,
      .offset = offsetof(struct policy, role.role) },
    { .json = "version",
      .proto = "version",
      .type = F_TEXT,
      .pattern = PATTERN_VERSION_OPT,
      .offset = offsetof(struct policy, role.version) },
    { .json = "parentRoles",
      .proto = "parent_roles",
      .type = F_TEXTS,
      .rules = R_UNIQUE | R_ITEM_TEXT,
      .offset = offsetof(struct policy, role.parent_roles) },
    { .json = "scope",
      .proto = "scope",
      .type = F_TEXT,
      .pattern = PATTERN_SCOPE,
      .offset = offsetof(struct policy, scope) },
    { .json = "rules",
      .proto = "rules",
      .type = F_MESSAGES,
      .offset = offsetof(struct policy, role.rules),
      .message = &rule_message },
    { .json = "scopePermissions",
      .proto = "scope_permissions",
      .type = F_ENUM,
      .offset = offsetof(struct policy, scope_permissions),
      .names = &role_permissions_type },
    { .json = "variables",
      .proto = "variables",
      .type = F_MESSAGE,
      .offset = offsetof(struct policy, defs),
      .message = &variables_message },
    { .json = "constants",
      .proto = "constants",
      .type = F_MESSAGE,
      .offset = offsetof(struct policy, defs),
      .message = &constants_message },
};
const struct message role_message = { .name = "`rolePolicy`",
                                      .fields = role_fields,
                                      .count = countof(role_fields),
                                      .oneof = "policyType",
                                      NO_SELF };

void check_role_policy(struct loader *ld, const struct policy *policy)
{
    if (policy->role.version.text.len == 0) {
        (void)add_violation(ld, &warn_role_version, policy->role.role.span,
                            policy->role.role.ref_at, policy->role.role.path,
                            "the policy of role `%.*s` has no `version`; it is taken as `default`",
                            STR_ARG(policy->role.role.text));
    }
}
