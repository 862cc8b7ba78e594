/* errors.c — errors.def as constants
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model/errors.h"

#define POLICY_DIAG(code, name, severity, group, help)                                             \
    const struct diag_class name = { #code, severity, group, NULL, help };
#include "model/errors.def"
#undef POLICY_DIAG
