/* syntax.h — libyaml's complaints in our words
 *
 * Private to policy-compiler/yaml.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_YAML_SYNTAX_H
#define CARDEA_YAML_SYNTAX_H

#include "base/diag.h"
#include "yaml/events.h"

/* Reports why the events end early: one diagnostic, or one for each text with misplaced quotes. */
void yaml_syntax_error(struct arena *arena, struct diags *diags, const struct source *source,
                       const struct yevents *events);

/* Reports the escape at a byte (of the backslash) in a double-quoted text. */
void yaml_escape_error(struct diags *diags, const struct source *source, uint32_t at);

/* Reports a character that no text may hold. */
void yaml_character_error(struct diags *diags, const struct source *source, uint32_t at);

#endif
