/* names.c — policy keys and scopes
 *
 * spec: cerbos-compat#names-keys-module-ids
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model/names.h"

#include "base/ident.h"

str name_sanitize(struct arena *arena, str name)
{
    return ident_sanitize(arena, name);
}

str policy_key_of(struct arena *arena, enum policy_kind kind, str name, str version, str scope)
{
    static const char *const prefixes[] = {
        [POLICY_RESOURCE] = "resource",
        [POLICY_PRINCIPAL] = "principal",
        [POLICY_DERIVED_ROLES] = "derived_roles",
        [POLICY_ROLE] = "role",
        [POLICY_EXPORT_VARIABLES] = "export_variables",
        [POLICY_EXPORT_CONSTANTS] = "export_constants",
    };
    struct sb key = sb_new(arena);
    sb_printf(&key, "%s.%.*s", prefixes[kind], STR_ARG(name_sanitize(arena, name)));
    if (kind == POLICY_RESOURCE || kind == POLICY_PRINCIPAL || kind == POLICY_ROLE) {
        str shown = version.len > 0 ? version : S("default");
        sb_printf(&key, ".v%.*s", STR_ARG(name_sanitize(arena, shown)));
        sb_printf(&key, "%s%.*s", scope.len > 0 ? "/" : "", STR_ARG(scope));
    }
    return sb_str(&key);
}

str policy_key(struct arena *arena, const struct policy *policy)
{
    str name = STR_EMPTY;
    str version = STR_EMPTY;
    switch ((enum policy_kind)policy->kind) {
    case POLICY_RESOURCE:
        name = policy->resource.resource.text;
        version = policy->resource.version.text;
        break;
    case POLICY_PRINCIPAL:
        name = policy->principal.principal.text;
        version = policy->principal.version.text;
        break;
    case POLICY_ROLE:
        name = policy->role.role.text;
        version = policy->role.version.text;
        break;
    case POLICY_DERIVED_ROLES:
        name = policy->derived.name.text;
        break;
    case POLICY_EXPORT_VARIABLES:
    case POLICY_EXPORT_CONSTANTS:
        name = policy->exports.name.text;
        break;
    }
    return policy_key_of(arena, (enum policy_kind)policy->kind, name, version, policy->scope.text);
}

bool scope_parent(str scope, str *parent)
{
    if (scope.len == 0) {
        return false;
    }
    isize dot = str_rfind(scope, S("."));
    *parent = str_slice(scope, 0, dot < 0 ? 0 : dot);
    return true;
}
