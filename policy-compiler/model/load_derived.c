/* load_derived.c — derived roles: tables, and the rules between definitions
 *
 * spec: cerbos-compat#derivedroles, #document-validation
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/map.h"
#include "model/errors.h"
#include "model/fields.h"

#include <stddef.h>

static const struct field definition_fields[] = {
    { .json = "name",
      .proto = "name",
      .type = F_TEXT,
      .rules = R_REQUIRED,
      .pattern = PATTERN_IDENT,
      .offset = offsetof(struct role_def, name) },
    { .json = "parentRoles",
      .proto = "parent_roles",
      .type = F_TEXTS,
      .rules = R_REQUIRED | R_UNIQUE | R_ITEM_TEXT,
      .offset = offsetof(struct role_def, parent_roles) },
    { .json = "condition",
      .proto = "condition",
      .type = F_MESSAGE,
      .offset = offsetof(struct role_def, condition),
      .message = &condition_message },
};
static const struct message definition_message = {
    .name = "a derived role",
    .fields = definition_fields,
    .count = countof(definition_fields),
    .size = sizeof(struct role_def),
    .kind_at = NOWHERE,
    .span_at = offsetof(struct role_def, span),
    .path_at = offsetof(struct role_def, path),
    .ref_at = offsetof(struct role_def, ref_at),
    .present_at = NOWHERE,
};

static const struct field derived_fields[] = {
    { .json = "name",
      .proto = "name",
      .type = F_TEXT,
      .rules = R_REQUIRED,
      .pattern = PATTERN_IDENT,
      .offset = offsetof(struct policy, derived.name) },
    { .json = "definitions",
      .proto = "definitions",
      .type = F_MESSAGES,
      .rules = R_REQUIRED,
      .offset = offsetof(struct policy, derived.defs),
      .message = &definition_message },
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
const struct message derived_message = {
    .name = "`derivedRoles`", .fields = derived_fields, .count = countof(derived_fields), NO_SELF
};

void check_derived_roles(struct loader *ld, const struct policy *policy)
{
    struct arena *arena = ld->diags->arena;
    struct map names = { 0 };
    for (isize i = 0; i < policy->derived.def_count; i++) {
        const struct role_def *def = &policy->derived.defs[i];
        uint32_t known = map_get(&names, def->name.text);
        if (known == MAP_NONE) {
            (void)map_set(ld->arena, &names, def->name.text, (uint32_t)i);
            continue;
        }
        const struct role_def *before = &policy->derived.defs[known];
        struct place place = source_place(ld->source, before->ref_at);
        struct diag *d =
            add_violation(ld, &err_role_twice, def->name.span, def->ref_at, def->path,
                          "derived role `%.*s` is defined twice", STR_ARG(def->name.text));
        diag_note(ld->diags, d, before->name.span, "first defined here");
        d->ref_text =
            str_printf(arena,
                       "duplicate derived role definition %.*s: definition #%lld has the same name "
                       "as definition #%lld at %d:%d",
                       STR_ARG(str_quote(arena, def->name.text)), (long long)i + 1,
                       (long long)known + 1, place.line, place.column);
    }
}
