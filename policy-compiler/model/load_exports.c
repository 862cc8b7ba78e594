/* load_exports.c — exported variables and constants: tables
 *
 * spec: cerbos-compat#exportvariables-exportconstants
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model/errors.h"
#include "model/fields.h"

#include <stddef.h>

static const struct field variables_fields[] = {
    { .json = "name",
      .proto = "name",
      .type = F_TEXT,
      .rules = R_REQUIRED,
      .pattern = PATTERN_IDENT,
      .offset = offsetof(struct policy, exports.name) },
    { .json = "definitions",
      .proto = "definitions",
      .type = F_VARS,
      .offset = offsetof(struct policy, exports.vars) },
};
const struct message export_variables_message = { .name = "`exportVariables`",
                                                  .fields = variables_fields,
                                                  .count = countof(variables_fields),
                                                  NO_SELF };

static const struct field constants_fields[] = {
    { .json = "name",
      .proto = "name",
      .type = F_TEXT,
      .rules = R_REQUIRED,
      .pattern = PATTERN_IDENT,
      .offset = offsetof(struct policy, exports.name) },
    { .json = "definitions",
      .proto = "definitions",
      .type = F_CONSTS,
      .offset = offsetof(struct policy, exports.consts) },
};
const struct message export_constants_message = { .name = "`exportConstants`",
                                                  .fields = constants_fields,
                                                  .count = countof(constants_fields),
                                                  NO_SELF };

void check_exports(struct loader *ld, const struct policy *policy)
{
    if (policy->defs.top_var_count == 0) {
        return;
    }
    const char *kind = policy->kind == POLICY_EXPORT_VARIABLES ? "variables" : "constants";
    const struct yentry *entry =
        field_entry(&policy_message, find_field(&policy_message, S("variables")), ld->root);
    struct diag *d =
        add_violation(ld, &err_export_variables, ynode_span(ld->source, entry->key),
                      ynode_token(entry->key), ynode_path(ld->diags->arena, entry->key),
                      "`variables` at the top level cannot stand beside exported %s", kind);
    d->ref_caret = source_place(ld->source, ynode_token(entry->value));
    d->ref_text = str_printf(
        ld->diags->arena,
        "export %s policies do not support the deprecated top-level variables field", kind);
}
