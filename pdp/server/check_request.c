/* check_request.c — reading and checking the body of a check
 *
 * The order of the checks is the reference's, because it decides which fault is named: JSON, fields, rules,
 * number of resources, tokens, number of actions.
 *
 * Tokens become claims at the door that the limits name; one that is refused there refuses the request, in words
 * that do not say why. `auxData: {}` is no token. spec: cerbos-compat#auxiliary-data
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/check_request.h"

#include <stddef.h>

#define TOKENS_MOST 16 /* in one request: each costs a public-key operation */

#define AT(type, member) (uint16_t) offsetof(type, member)

/* ---- the messages ---- */

#define TEXT(name_, proto_, number_, rules_, type, member)                                         \
    { S(name_), S(proto_), number_, PROTO_STRING, rules_, AT(type, member), 0, NULL }

static const struct proto_field principal_fields[] = {
    TEXT("id", "id", 1, PROTO_REQUIRED, struct principal, id),
    TEXT("policyVersion", "policy_version", 2, PROTO_VERSION, struct principal, policy_version),
    { S("roles"), S("roles"), 3, PROTO_STRINGS, PROTO_REQUIRED | PROTO_UNIQUE | PROTO_ITEM_NOT_EMPTY,
      AT(struct principal, roles), AT(struct principal, role_count), NULL },
    { S("attr"), S("attr"), 4, PROTO_VALUES, PROTO_KEY_NOT_EMPTY, AT(struct principal, attr), 0, NULL },
    TEXT("scope", "scope", 5, PROTO_SCOPE, struct principal, scope),
};

static const struct proto_field resource_fields[] = {
    TEXT("kind", "kind", 1, PROTO_REQUIRED, struct resource, kind),
    TEXT("policyVersion", "policy_version", 2, PROTO_VERSION, struct resource, policy_version),
    TEXT("id", "id", 3, PROTO_REQUIRED, struct resource, id),
    { S("attr"), S("attr"), 4, PROTO_VALUES, PROTO_KEY_NOT_EMPTY, AT(struct resource, attr), 0, NULL },
    TEXT("scope", "scope", 5, PROTO_SCOPE, struct resource, scope),
};

static const struct proto_field token_fields[] = {
    TEXT("token", "token", 1, PROTO_REQUIRED, struct check_token, token),
    TEXT("keySetId", "key_set_id", 2, 0, struct check_token, key_set_id),
};

#define MESSAGE(fields_, type)                                                                     \
    {                                                                                              \
        .fields = fields_, .field_count = (int)countof(fields_), .size = (uint16_t)sizeof(type)    \
    }

const struct proto_message check_principal_message = MESSAGE(principal_fields, struct principal);
static const struct proto_message resource_message = MESSAGE(resource_fields, struct resource);
static const struct proto_message token_message = MESSAGE(token_fields, struct check_token);

static const struct proto_field entry_fields[] = {
    { S("actions"), S("actions"), 1, PROTO_STRINGS, PROTO_REQUIRED | PROTO_UNIQUE | PROTO_ITEM_NOT_EMPTY,
      AT(struct check_entry, item.actions), AT(struct check_entry, item.action_count), NULL },
    { S("resource"), S("resource"), 2, PROTO_MESSAGE, PROTO_REQUIRED, AT(struct check_entry, item.resource),
      AT(struct check_entry, has_resource), &resource_message },
};
const struct proto_message check_entry_message = MESSAGE(entry_fields, struct check_entry);

static const struct proto_field aux_fields[] = {
    { S("jwt"), S("jwt"), 1, PROTO_MESSAGE, 0, AT(struct check_aux, jwt), AT(struct check_aux, has_jwt), &token_message },
    { S("jwts"), S("jwts"), 2, PROTO_MESSAGE_MAP, PROTO_KEY_NOT_EMPTY, AT(struct check_aux, jwts),
      AT(struct check_aux, jwt_count), &token_message },
};
const struct proto_message check_aux_message = {
    .fields = aux_fields,
    .field_count = (int)countof(aux_fields),
    .size = (uint16_t)sizeof(struct check_aux),
    .exclusive_id = "AuxData.only_one_jwt_field",
    .exclusive_text = "Only one of the jwt or jwts fields must be set",
};

static const struct proto_field context_fields[] = {
    { S("annotations"), S("annotations"), 1, PROTO_VALUES, PROTO_KEY_NOT_EMPTY, 0, 0, NULL },
};
static const struct proto_message context_message = MESSAGE(context_fields, const struct vmap *);

static const struct proto_field body_fields[] = {
    TEXT("requestId", "request_id", 1, 0, struct check_body, request_id),
    { S("includeMeta"), S("include_meta"), 2, PROTO_BOOL, 0, AT(struct check_body, include_meta), 0, NULL },
    { S("principal"), S("principal"), 3, PROTO_MESSAGE, PROTO_REQUIRED, AT(struct check_body, principal),
      AT(struct check_body, has_principal), &check_principal_message },
    { S("resources"), S("resources"), 4, PROTO_MESSAGES, PROTO_REQUIRED, AT(struct check_body, entries),
      AT(struct check_body, entry_count), &check_entry_message },
    { S("auxData"), S("aux_data"), 5, PROTO_MESSAGE, 0, AT(struct check_body, aux),
      AT(struct check_body, has_aux), &check_aux_message },
    { S("requestContext"), S("request_context"), 6, PROTO_MESSAGE, 0, AT(struct check_body, annotations),
      AT(struct check_body, has_context), &context_message },
};
const struct proto_message check_body_message = MESSAGE(body_fields, struct check_body);

/* ---- reading ---- */

static bool refuse(struct check_refusal *refusal, str message)
{
    *refusal = (struct check_refusal){ .code = 3, .message = message };
    return false;
}

/* The text did not parse or did not fit: say it as the reference does, or, when the reference has no objection,
 * which of our limits it met. */
static bool refuse_text(struct arena *arena, const struct proto_message *message, str text, struct json_error limit,
                        struct check_refusal *refusal)
{
    str why = proto_explain(arena, message, text);
    if (why.len == 0) {
        why = str_concat(arena, S("proto:\xc2\xa0"), limit.text.len > 0 ? limit.text : S("malformed message"));
    }
    return refuse(refusal, why);
}

static bool refuse_rules(struct arena *arena, const struct proto_message *message, const void *in,
                         struct check_refusal *refusal)
{
    struct sb sb = sb_new(arena);
    struct jw details = jw_new(&sb, 0);
    jw_array(&details);
    proto_violations(arena, message, in, &refusal->message, &details);
    jw_array_end(&details);
    refusal->code = 3;
    refusal->details = sb_str(&sb);
    return false;
}

static bool is_blank(str text)
{
    for (isize i = 0; i < text.len; i++) {
        if (strchr(" \t\r\n", text.ptr[i]) == NULL || text.ptr[i] == '\0') {
            return false;
        }
    }
    return true;
}

bool check_message_read(struct arena *arena, str text, const struct json_limits *limits,
                        const struct proto_message *message, void *out, struct check_refusal *refusal)
{
    memset(out, 0, message->size);
    *refusal = (struct check_refusal){ 0 };
    if (!is_blank(text)) { /* an empty body is an empty message */
        struct json_error error = { 0 };
        char *copy = arena_bytes(arena, text.len + YYJSON_PADDING_SIZE);
        memcpy(copy, text.ptr, (size_t)text.len);
        yyjson_val *root = json_parse(arena, copy, text.len, limits, true, &error);
        if (root == NULL || !proto_read(arena, message, root, out)) {
            return refuse_text(arena, message, text, error, refusal);
        }
    }
    return proto_valid(arena, message, out) || refuse_rules(arena, message, out, refusal);
}

bool check_resource_count(struct arena *arena, isize count, const struct check_limits *limits,
                          struct check_refusal *refusal)
{
    return count <= limits->resources ||
           refuse(refusal, str_printf(arena, "number of resources in batch (%lld) exceeds configured limit (%lld)",
                                      (long long)count, (long long)limits->resources));
}

bool check_action_count(struct arena *arena, isize count, const struct check_limits *limits,
                        struct check_refusal *refusal)
{
    return count <= limits->actions ||
           refuse(refusal, str_printf(arena, "number of actions (%lld) exceeds configured limit (%lld)",
                                      (long long)count, (long long)limits->actions));
}

static bool one_token(struct arena *arena, const struct check_token *token, const struct check_limits *limits,
                      int64_t now_ns, const struct vmap **claims)
{
    *claims = limits->tokens != NULL ? limits->tokens->claims(limits->tokens, arena, token, now_ns) : NULL;
    return *claims != NULL;
}

/* Several tokens, each under its name: `jwts[name].claims`. */
static bool named_tokens(struct arena *arena, const struct check_aux *aux, const struct check_limits *limits,
                         struct check_request *request)
{
    struct vmap *jwts = vmap_new(arena, aux->jwt_count);
    for (isize i = 0; i < aux->jwt_count; i++) {
        const struct vmap *claims;
        if (!one_token(arena, &aux->jwts[i], limits, request->now_ns, &claims)) {
            return false;
        }
        struct vmap *jwt = vmap_new(arena, 1);
        vmap_append(arena, jwt, v_string(S("claims")), v_map(claims));
        vmap_append(arena, jwts, v_string(aux->jwts[i].name), v_map(jwt)); /* names are known to differ */
    }
    request->aux.jwts = aux->jwt_count > 0 ? jwts : NULL;
    return true;
}

bool check_tokens(struct arena *arena, const struct check_aux *aux, bool present, const struct check_limits *limits,
                  struct check_request *request, struct check_refusal *refusal)
{
    request->aux = (struct aux_data){ .present = present };
    bool good = aux->jwt_count <= TOKENS_MOST && named_tokens(arena, aux, limits, request) &&
                (!aux->has_jwt || one_token(arena, &aux->jwt, limits, request->now_ns, &request->aux.jwt));
    return good || refuse(refusal, S("invalid auxData"));
}

static void settle(struct arena *arena, const struct check_body *body, struct check_request *request)
{
    struct check_item *items = new(arena, struct check_item, body->entry_count);
    for (isize i = 0; i < body->entry_count; i++) {
        items[i] = body->entries[i].item;
    }
    request->principal = body->principal;
    request->items = items;
    request->item_count = body->entry_count;
}

bool check_request_read(struct arena *arena, str text, const struct check_limits *limits, struct check_body *out,
                        struct check_request *request, struct check_refusal *refusal)
{
    if (!check_message_read(arena, text, &limits->json, &check_body_message, out, refusal) ||
        !check_resource_count(arena, out->entry_count, limits, refusal) ||
        !check_tokens(arena, &out->aux, out->has_aux, limits, request, refusal)) {
        return false;
    }
    for (isize i = 0; i < out->entry_count; i++) {
        if (!check_action_count(arena, out->entries[i].item.action_count, limits, refusal)) {
            return false;
        }
    }
    settle(arena, out, request);
    return true;
}
