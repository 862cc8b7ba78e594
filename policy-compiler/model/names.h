/* names.h — policy keys and scopes
 *
 * spec: cerbos-compat#names-keys-module-ids
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_MODEL_NAMES_H
#define CARDEA_MODEL_NAMES_H

#include "model/policy.h"

/* `leave-request` → `leave_request`; texts outside the old pattern stay. Shared rule with the engine (base copy there). */
str name_sanitize(struct arena *arena, str name);

/* resource.<K>.v<V>[/<scope>], principal.…, role.…, derived_roles.<name>, export_variables.<name> … */
str policy_key(struct arena *arena, const struct policy *policy);
str policy_key_of(struct arena *arena, enum policy_kind kind, str name, str version, str scope);

/* Parent of a scope: `a.b` → `a` → ``; false when there is none (the root). */
bool scope_parent(str scope, str *parent);

#endif
