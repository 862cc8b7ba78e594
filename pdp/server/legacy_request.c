/* legacy_request.c — the bodies of the two deprecated checks
 *
 * The order in which limits and tokens are looked at differs between the two, as it does in the reference.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/legacy_request.h"

#include <stddef.h>

#define AT(type, member) (uint16_t) offsetof(type, member)

#define TEXT(name_, proto_, number_, rules_, type, member)                                         \
    { S(name_), S(proto_), number_, PROTO_STRING, rules_, AT(type, member), 0, NULL }

#define MESSAGE(fields_, type)                                                                     \
    {                                                                                              \
        .fields = fields_, .field_count = (int)countof(fields_), .size = (uint16_t)sizeof(type)    \
    }

/* ---- several instances of one resource ---- */

static const struct proto_field instance_fields[] = {
    { S("attr"), S("attr"), 1, PROTO_VALUES, 0, AT(struct legacy_instance, attr), 0, NULL },
};
static const struct proto_message instance_message = MESSAGE(instance_fields, struct legacy_instance);

/* Offsets count from the resource member, where its message is read. */
#define IN_RESOURCE(member)                                                                        \
    (uint16_t)(offsetof(struct legacy_set, resource.member) - offsetof(struct legacy_set, resource))

static const struct proto_field resource_fields[] = {
    { S("kind"), S("kind"), 1, PROTO_STRING, PROTO_REQUIRED, IN_RESOURCE(kind), 0, NULL },
    { S("policyVersion"), S("policy_version"), 2, PROTO_STRING, PROTO_VERSION, IN_RESOURCE(policy_version), 0, NULL },
    { S("instances"), S("instances"), 3, PROTO_MESSAGE_MAP, PROTO_REQUIRED, IN_RESOURCE(instances),
      IN_RESOURCE(instance_count), &instance_message },
    { S("scope"), S("scope"), 4, PROTO_STRING, PROTO_SCOPE, IN_RESOURCE(scope), 0, NULL },
};
static const struct proto_message resource_message = {
    .fields = resource_fields,
    .field_count = (int)countof(resource_fields),
    .size = (uint16_t)sizeof(((struct legacy_set *)0)->resource),
};

static const struct proto_field set_fields[] = {
    TEXT("requestId", "request_id", 1, 0, struct legacy_set, request_id),
    { S("actions"), S("actions"), 2, PROTO_STRINGS, PROTO_REQUIRED | PROTO_UNIQUE | PROTO_ITEM_NOT_EMPTY,
      AT(struct legacy_set, actions), AT(struct legacy_set, action_count), NULL },
    { S("principal"), S("principal"), 3, PROTO_MESSAGE, PROTO_REQUIRED, AT(struct legacy_set, principal),
      AT(struct legacy_set, has_principal), &check_principal_message },
    { S("resource"), S("resource"), 4, PROTO_MESSAGE, PROTO_REQUIRED, AT(struct legacy_set, resource),
      AT(struct legacy_set, has_resource), &resource_message },
    { S("includeMeta"), S("include_meta"), 5, PROTO_BOOL, 0, AT(struct legacy_set, include_meta), 0, NULL },
    { S("auxData"), S("aux_data"), 6, PROTO_MESSAGE, 0, AT(struct legacy_set, aux), AT(struct legacy_set, has_aux),
      &check_aux_message },
};
const struct proto_message legacy_set_message = MESSAGE(set_fields, struct legacy_set);

static void settle_set(struct arena *arena, const struct legacy_set *body, struct check_request *request)
{
    struct check_item *items = new(arena, struct check_item, body->resource.instance_count);
    for (isize i = 0; i < body->resource.instance_count; i++) {
        const struct legacy_instance *instance = &body->resource.instances[i];
        items[i] = (struct check_item){ .resource = { .kind = body->resource.kind,
                                                      .id = instance->id,
                                                      .policy_version = body->resource.policy_version,
                                                      .scope = body->resource.scope,
                                                      .attr = instance->attr },
                                        .actions = body->actions,
                                        .action_count = body->action_count };
    }
    request->principal = body->principal;
    request->items = items;
    request->item_count = body->resource.instance_count;
    request->want_derived_roles = body->include_meta;
}

bool legacy_set_read(struct arena *arena, str text, const struct check_limits *limits, struct legacy_set *out,
                     struct check_request *request, struct check_refusal *refusal)
{
    if (!check_message_read(arena, text, &limits->json, &legacy_set_message, out, refusal) ||
        !check_resource_count(arena, out->resource.instance_count, limits, refusal) ||
        !check_action_count(arena, out->action_count, limits, refusal) ||
        !check_tokens(arena, &out->aux, out->has_aux, limits, request, refusal)) {
        return false;
    }
    settle_set(arena, out, request);
    return true;
}

/* ---- several resources ---- */

static const struct proto_field batch_fields[] = {
    TEXT("requestId", "request_id", 1, 0, struct legacy_batch, request_id),
    { S("principal"), S("principal"), 2, PROTO_MESSAGE, PROTO_REQUIRED, AT(struct legacy_batch, principal),
      AT(struct legacy_batch, has_principal), &check_principal_message },
    { S("resources"), S("resources"), 3, PROTO_MESSAGES, PROTO_REQUIRED, AT(struct legacy_batch, entries),
      AT(struct legacy_batch, entry_count), &check_entry_message },
    { S("auxData"), S("aux_data"), 4, PROTO_MESSAGE, 0, AT(struct legacy_batch, aux),
      AT(struct legacy_batch, has_aux), &check_aux_message },
};
const struct proto_message legacy_batch_message = MESSAGE(batch_fields, struct legacy_batch);

static void settle_batch(struct arena *arena, const struct legacy_batch *body, struct check_request *request)
{
    struct check_item *items = new(arena, struct check_item, body->entry_count);
    for (isize i = 0; i < body->entry_count; i++) {
        items[i] = body->entries[i].item;
    }
    request->principal = body->principal;
    request->items = items;
    request->item_count = body->entry_count;
}

bool legacy_batch_read(struct arena *arena, str text, const struct check_limits *limits, struct legacy_batch *out,
                       struct check_request *request, struct check_refusal *refusal)
{
    if (!check_message_read(arena, text, &limits->json, &legacy_batch_message, out, refusal) ||
        !check_resource_count(arena, out->entry_count, limits, refusal) ||
        !check_tokens(arena, &out->aux, out->has_aux, limits, request, refusal)) {
        return false;
    }
    for (isize i = 0; i < out->entry_count; i++) {
        if (!check_action_count(arena, out->entries[i].item.action_count, limits, refusal)) {
            return false;
        }
    }
    settle_batch(arena, out, request);
    return true;
}
