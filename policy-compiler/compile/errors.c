/* errors.c — errors.def as constants
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "compile/errors.h"

#define COMPILE_DIAG(code, name, severity, group, kind, help)                                      \
    const struct diag_class name = { #code, severity, group, kind, help };
#include "compile/errors.def"
#undef COMPILE_DIAG
