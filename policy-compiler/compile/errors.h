/* errors.h — the classes of diagnostics that compiling policies can end in
 *
 * One constant for each line of errors.def.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_COMPILE_ERRORS_H
#define CARDEA_COMPILE_ERRORS_H

#include "base/diag.h"
#include "model/load.h"

#define COMPILE_DIAG(code, name, severity, group, kind, help) extern const struct diag_class name;
#include "compile/errors.def"
#undef COMPILE_DIAG

#endif
