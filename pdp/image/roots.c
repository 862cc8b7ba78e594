/* roots.c — descriptors of the objects that conditions may mention
 *
 * Names and types of fields are those of the reference's protobuf messages; each field leads to the root value
 * that holds it. The variables and constants of a policy (V, C) have descriptors of their own, made by the
 * compiler; message_variables is what stands for them when nothing is defined.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "image/roots.h"

#define TEXT(literal) { "" literal, (isize)sizeof(literal) - 1 }
#define FIELD(name_, alt_, type_, root_)                                                           \
    {                                                                                              \
        .name = TEXT(name_), .alt = TEXT(alt_), .type = (type_), .root = (root_), .var = -1        \
    }
#define MESSAGE(name_, fields_)                                                                    \
    {                                                                                              \
        .name = TEXT(name_), .fields = (fields_), .field_count = (int32_t)countof(fields_)         \
    }

static const struct cel_type strings = { .kind = T_LIST, .params = { &cel_t_string } };
static const struct cel_type attributes = { .kind = T_MAP, .params = { &cel_t_string, &cel_t_dyn } };

static const struct cel_type jwts = { .kind = T_MAP, .params = { &cel_t_string, &cel_t_dyn } };

static const struct cel_field principal_fields[] = {
    FIELD("id", "", &cel_t_string, ROOT_P_ID),
    FIELD("roles", "", &strings, ROOT_P_ROLES),
    FIELD("attr", "", &attributes, ROOT_P_ATTR),
    FIELD("policyVersion", "policy_version", &cel_t_string, ROOT_P_VERSION),
    FIELD("scope", "", &cel_t_string, ROOT_P_SCOPE),
};
static const struct cel_field resource_fields[] = {
    FIELD("kind", "", &cel_t_string, ROOT_R_KIND),
    FIELD("id", "", &cel_t_string, ROOT_R_ID),
    FIELD("attr", "", &attributes, ROOT_R_ATTR),
    FIELD("policyVersion", "policy_version", &cel_t_string, ROOT_R_VERSION),
    FIELD("scope", "", &cel_t_string, ROOT_R_SCOPE),
};
static const struct cel_field aux_fields[] = {
    FIELD("jwt", "", &attributes, ROOT_JWT),
    FIELD("jwts", "", &jwts, ROOT_JWTS),
};
static const struct cel_field runtime_fields[] = {
    FIELD("effectiveDerivedRoles", "effective_derived_roles", &strings, ROOT_EDR),
};

const struct cel_message message_principal =
    MESSAGE("cerbos.engine.v1.Request.Principal", principal_fields);
const struct cel_message message_resource =
    MESSAGE("cerbos.engine.v1.Request.Resource", resource_fields);
const struct cel_message message_aux = MESSAGE("cerbos.engine.v1.AuxData", aux_fields);
const struct cel_message message_runtime = { .name = TEXT("cerbos.engine.v1.Runtime"),
                                             .fields = runtime_fields,
                                             .field_count = (int32_t)countof(runtime_fields),
                                             .runtime = true };
const struct cel_message message_variables = { .name = TEXT("cerbos.Variables"), .open = true };
const struct cel_message message_globals = { .name = TEXT("cerbos.Variables"), .open = true };

const struct cel_type type_principal = { .kind = T_MESSAGE, .message = &message_principal };
const struct cel_type type_resource = { .kind = T_MESSAGE, .message = &message_resource };
const struct cel_type type_aux = { .kind = T_MESSAGE, .message = &message_aux };
const struct cel_type type_runtime = { .kind = T_MESSAGE, .message = &message_runtime };
const struct cel_type type_globals = { .kind = T_MESSAGE, .message = &message_globals };

static const struct cel_field request_fields[] = {
    FIELD("principal", "", &type_principal, ROOT_P),
    FIELD("resource", "", &type_resource, ROOT_R),
    FIELD("auxData", "aux_data", &type_aux, ROOT_AUX),
};
const struct cel_message message_request = MESSAGE("cerbos.engine.v1.Request", request_fields);
const struct cel_type type_request = { .kind = T_MESSAGE, .message = &message_request };
