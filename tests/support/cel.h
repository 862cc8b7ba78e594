/* cel.h — what tests of the expression language share: the environment of policies
 *
 * Tables in a header, because fuzz targets are linked without the other files here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_TESTS_CEL_H
#define CARDEA_TESTS_CEL_H

#include "cel/env.h"
#include "image/roots.h"

static const struct cel_type unit_variables = { .kind = T_MESSAGE, .message = &message_variables };

static const struct cel_decl unit_policy_decls[] = {
    { S("request"), &type_request, ROOT_REQUEST },
    { S("P"), &type_principal, ROOT_P },
    { S("R"), &type_resource, ROOT_R },
    { S("runtime"), &type_runtime, ROOT_RUNTIME },
    { S("V"), &unit_variables, ROOT_V },
    { S("variables"), &unit_variables, ROOT_V },
    { S("C"), &unit_variables, ROOT_C },
    { S("constants"), &unit_variables, ROOT_C },
    { S("G"), &type_globals, ROOT_G },
    { S("globals"), &type_globals, ROOT_G },
};

/* The names that conditions of a policy may mention, with roots as image/roots.h numbers them.
 * Variables and constants are open: every field is dyn. */
static const struct cel_env unit_policy_env = { .decls = unit_policy_decls,
                                                .decl_count = countof(unit_policy_decls),
                                                .container = S("") };

#endif
