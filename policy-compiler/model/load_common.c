/* load_common.c — tables of what several kinds of policies share: conditions, outputs, variables
 *
 * spec: cerbos-compat#condition, #output, #definition-and-resolution
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model/fields.h"

#include <stddef.h>

/* ---- enums ----------------------------------------------------------------------------------- */

static const struct enum_name effect_names[] = {
    { "EFFECT_UNSPECIFIED", EFFECT_UNSPECIFIED },
    { "EFFECT_NO_MATCH", EFFECT_NO_MATCH },
    { "EFFECT_DENY", EFFECT_DENY },
    { "EFFECT_ALLOW", EFFECT_ALLOW },
};
const struct enum_type effect_type = {
    .names = effect_names,
    .count = countof(effect_names),
    .allowed = 1 << EFFECT_ALLOW | 1 << EFFECT_DENY,
    .ref_allowed = "EFFECT_ALLOW, EFFECT_DENY",
};

static const struct enum_name scope_permissions_names[] = {
    { "SCOPE_PERMISSIONS_UNSPECIFIED", SCOPE_PERM_UNSPECIFIED },
    { "SCOPE_PERMISSIONS_REQUIRE_PARENTAL_CONSENT_FOR_ALLOWS", SCOPE_PERM_CONSENT },
    { "SCOPE_PERMISSIONS_OVERRIDE_PARENT", SCOPE_PERM_OVERRIDE },
};
const struct enum_type scope_permissions_type = {
    .names = scope_permissions_names,
    .count = countof(scope_permissions_names),
};

/* ---- conditions ------------------------------------------------------------------------------ */

extern const struct message match_message;

static const struct field of_fields[] = {
    { .json = "of",
      .proto = "of",
      .type = F_MESSAGES,
      .rules = R_REQUIRED,
      .offset = offsetof(struct match, of),
      .message = &match_message },
};
static const struct message of_message = {
    .name = "a list of conditions", .fields = of_fields, .count = countof(of_fields), NO_SELF
};

static const struct field match_fields[] = {
    { .json = "all",
      .proto = "all",
      .type = F_MESSAGE,
      .oneof = 1,
      .kind = MATCH_ALL,
      .offset = 0,
      .message = &of_message },
    { .json = "any",
      .proto = "any",
      .type = F_MESSAGE,
      .oneof = 1,
      .kind = MATCH_ANY,
      .offset = 0,
      .message = &of_message },
    { .json = "none",
      .proto = "none",
      .type = F_MESSAGE,
      .oneof = 1,
      .kind = MATCH_NONE,
      .offset = 0,
      .message = &of_message },
    { .json = "expr",
      .proto = "expr",
      .type = F_TEXT,
      .oneof = 1,
      .kind = MATCH_EXPR,
      .offset = offsetof(struct match, expr) },
};
const struct message match_message = {
    .name = "`match`",
    .fields = match_fields,
    .count = countof(match_fields),
    .oneof = "op",
    .size = sizeof(struct match),
    .kind_at = offsetof(struct match, kind),
    .span_at = offsetof(struct match, span),
    .path_at = NOWHERE,
    .ref_at = NOWHERE,
    .present_at = NOWHERE,
};

static const struct field condition_fields[] = {
    { .json = "match",
      .proto = "match",
      .type = F_NEW_MESSAGE,
      .oneof = 1,
      .offset = offsetof(struct condition, match),
      .message = &match_message },
    { .json = "script",
      .proto = "script",
      .type = F_SET_TEXT,
      .oneof = 1,
      .offset = offsetof(struct condition, script) },
};
const struct message condition_message = {
    .name = "`condition`",
    .fields = condition_fields,
    .count = countof(condition_fields),
    .oneof = "condition",
    .kind_at = NOWHERE,
    .span_at = offsetof(struct condition, span),
    .path_at = offsetof(struct condition, path),
    .ref_at = offsetof(struct condition, ref_at),
    .present_at = NOWHERE,
};

/* ---- outputs --------------------------------------------------------------------------------- */

static const struct field when_fields[] = {
    { .json = "ruleActivated",
      .proto = "rule_activated",
      .type = F_TEXT,
      .rules = R_IF_TEXT,
      .offset = offsetof(struct output, activated) },
    { .json = "conditionNotMet",
      .proto = "condition_not_met",
      .type = F_TEXT,
      .rules = R_IF_TEXT,
      .offset = offsetof(struct output, not_met) },
};
static const struct message when_message = {
    .name = "`when`", .fields = when_fields, .count = countof(when_fields), NO_SELF
};

/* `expr` is the old spelling of `when.ruleActivated`, which wins. */
static const struct field output_fields[] = {
    { .json = "expr",
      .proto = "expr",
      .type = F_TEXT,
      .rules = R_IF_EMPTY | R_IF_TEXT,
      .offset = offsetof(struct output, activated) },
    { .json = "when", .proto = "when", .type = F_MESSAGE, .offset = 0, .message = &when_message },
};
const struct message output_message = {
    .name = "`output`",
    .fields = output_fields,
    .count = countof(output_fields),
    .kind_at = NOWHERE,
    .span_at = offsetof(struct output, span),
    .path_at = offsetof(struct output, path),
    .ref_at = offsetof(struct output, ref_at),
    .present_at = offsetof(struct output, present),
};

/* ---- variables and constants ----------------------------------------------------------------- */

static const struct field variables_fields[] = {
    { .json = "import",
      .proto = "import",
      .type = F_TEXTS,
      .rules = R_UNIQUE,
      .pattern = PATTERN_IDENT,
      .offset = offsetof(struct definitions, import_variables) },
    { .json = "local",
      .proto = "local",
      .type = F_VARS,
      .offset = offsetof(struct definitions, vars) },
};
const struct message variables_message = {
    .name = "`variables`", .fields = variables_fields, .count = countof(variables_fields), NO_SELF
};

static const struct field constants_fields[] = {
    { .json = "import",
      .proto = "import",
      .type = F_TEXTS,
      .rules = R_UNIQUE,
      .pattern = PATTERN_IDENT,
      .offset = offsetof(struct definitions, import_constants) },
    { .json = "local",
      .proto = "local",
      .type = F_CONSTS,
      .offset = offsetof(struct definitions, consts) },
};
const struct message constants_message = {
    .name = "`constants`", .fields = constants_fields, .count = countof(constants_fields), NO_SELF
};
