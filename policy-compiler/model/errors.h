/* errors.h — the classes of diagnostics that reading a policy can end in
 *
 * One constant for each line of errors.def.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_MODEL_ERRORS_H
#define CARDEA_MODEL_ERRORS_H

#include "base/diag.h"
#include "model/load.h"

#define POLICY_DIAG(code, name, severity, group, help) extern const struct diag_class name;
#include "model/errors.def"
#undef POLICY_DIAG

#endif
