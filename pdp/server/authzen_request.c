/* authzen_request.c — the bodies of AuthZEN evaluations
 *
 * A member of an evaluation replaces the default as a whole. What Cerbos needs beyond AuthZEN's own words comes from
 * properties and context members whose names begin with `cerbos.`; one of a wrong type is none.
 *
 * Invariant: every evaluation has its own entity in mind: two share a decision only when value_equal says that all
 * of what policies see is equal. Looking for an equal one is bounded (LOOK_MOST), so that a batch of almost equal
 * evaluations costs no more than one of different ones; not finding one only costs another decision.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/authzen_request.h"

#include "base/map.h"
#include "base/vec.h"

#include <stddef.h>

#define AT(type, member) (uint16_t) offsetof(type, member)

#define LOOK_MOST   16 /* entities with the same type and id that are compared with a new one */
#define TOKENS_MOST 64 /* different auxData in one batch */

/* ---- the messages ---- */

#define TEXT(name_, number_, rules_, type, member)                                                 \
    {                                                                                              \
        S(name_), S(name_), number_, PROTO_STRING, rules_, AT(type, member), 0, NULL               \
    }

#define MAP(name_, number_, type, member)                                                          \
    {                                                                                              \
        S(name_), S(name_), number_, PROTO_VALUES, PROTO_KEY_NOT_EMPTY, AT(type, member), 0, NULL  \
    }

#define PART(name_, number_, rules_, type, member, has_, message_)                                 \
    {                                                                                              \
        S(name_), S(name_), number_, PROTO_MESSAGE, rules_, AT(type, member), AT(type, has_),      \
            &(message_)                                                                            \
    }

#define MESSAGE(fields_, type)                                                                     \
    .fields = fields_, .field_count = (int)countof(fields_), .size = (uint16_t)sizeof(type)

static const struct proto_field entity_fields[] = {
    TEXT("type", 1, PROTO_REQUIRED, struct authzen_entity, type),
    TEXT("id", 2, PROTO_REQUIRED, struct authzen_entity, id),
    MAP("properties", 3, struct authzen_entity, properties),
};
static const struct proto_message entity_message = { MESSAGE(entity_fields,
                                                             struct authzen_entity) };

static const struct proto_field action_fields[] = {
    TEXT("name", 1, PROTO_REQUIRED, struct authzen_action, name),
    MAP("properties", 2, struct authzen_action, properties),
};
static const struct proto_message action_message = { MESSAGE(action_fields,
                                                             struct authzen_action) };

#define EVALUATION_FIELDS(type, prefix, rules)                                                     \
    PART("subject", 1, rules, type, prefix subject, prefix has_subject, entity_message),           \
        PART("resource", 2, rules, type, prefix resource, prefix has_resource, entity_message),    \
        PART("action", 3, rules, type, prefix action, prefix has_action, action_message),          \
        MAP("context", 4, type, prefix context)

static const struct proto_field single_fields[] = {
    EVALUATION_FIELDS(struct authzen_evaluation, , PROTO_REQUIRED),
};
const struct proto_message authzen_single_message = { MESSAGE(single_fields,
                                                              struct authzen_evaluation) };

static const struct proto_field entry_fields[] = {
    EVALUATION_FIELDS(struct authzen_evaluation, , 0),
};
static const struct proto_message entry_message = { MESSAGE(entry_fields,
                                                            struct authzen_evaluation) };

static const struct proto_field options_fields[] = {
    { S("evaluationsSemantic"), S("evaluations_semantic"), 1, PROTO_STRING, PROTO_SEMANTIC, 0, 0,
      NULL },
};
static const struct proto_message options_message = { MESSAGE(options_fields, str) };

static const struct proto_field batch_fields[] = {
    EVALUATION_FIELDS(struct authzen_batch, defaults., 0),
    { S("evaluations"), S("evaluations"), 5, PROTO_MESSAGES, PROTO_ITEMS,
      AT(struct authzen_batch, evaluations), AT(struct authzen_batch, evaluation_count),
      &entry_message },
    PART("options", 6, 0, struct authzen_batch, options, has_options, options_message),
};

/* ORDER BATCH_RULES: the numbers in keeps_rule. */
static const struct proto_whole_rule batch_rules[] = {
    { "actions", "either the default action must be set or all evaluations must have an action" },
    { "subjects", "either the default subject must be set or all evaluations must have a subject" },
    { "resources",
      "either the default resource must be set or all evaluations must have a resource" },
};

static bool has_part(const struct authzen_evaluation *evaluation, int rule)
{
    return rule == 0   ? evaluation->has_action
           : rule == 1 ? evaluation->has_subject
                       : evaluation->has_resource;
}

static bool keeps_rule(const void *in, int rule)
{
    const struct authzen_batch *batch = in;
    bool all = true;
    for (isize i = 0; i < batch->evaluation_count && all; i++) {
        all = has_part(&batch->evaluations[i], rule);
    }
    return all || has_part(&batch->defaults, rule);
}

const struct proto_message authzen_batch_message = { MESSAGE(batch_fields, struct authzen_batch),
                                                     .whole_rules = batch_rules,
                                                     .whole_rule_count = (int)countof(batch_rules),
                                                     .keeps = keeps_rule };

/* ---- what Cerbos reads besides ---- */

static struct value member(const struct vmap *map, str name)
{
    return map == NULL ? (struct value){ .kind = V_NONE } : vmap_find_str(map, name);
}

static str text_member(const struct vmap *map, str name)
{
    struct value v = member(map, name);
    return v.kind == V_STRING ? v_str(v) : STR_EMPTY;
}

static bool flag_member(const struct vmap *map, str name)
{
    struct value v = member(map, name);
    return v.kind == V_BOOL && v_is_true(v);
}

static void put_roles(struct arena *arena, const struct authzen_entity *subject,
                      struct principal *out)
{
    struct value v = member(subject->properties, S("cerbos.roles"));
    isize count = v.kind == V_LIST ? v.len : 0;
    str *roles = new(arena, str, count + 1);
    isize kept = 0;
    for (isize i = 0; i < count; i++) {
        if (v.items[i].kind == V_STRING) {
            roles[kept++] = v_str(v.items[i]);
        }
    }
    if (kept == 0) {
        roles[kept++] = subject->type;
    }
    out->roles = roles;
    out->role_count = kept;
}

static struct principal principal_of(struct arena *arena, const struct authzen_entity *subject)
{
    struct principal out = { .id = subject->id,
                             .policy_version =
                                 text_member(subject->properties, S("cerbos.policyVersion")),
                             .scope = text_member(subject->properties, S("cerbos.scope")),
                             .attr = subject->properties };
    put_roles(arena, subject, &out);
    return out;
}

static struct resource resource_of(const struct authzen_entity *resource)
{
    return (struct resource){ .kind = resource->type,
                              .id = resource->id,
                              .policy_version =
                                  text_member(resource->properties, S("cerbos.policyVersion")),
                              .scope = text_member(resource->properties, S("cerbos.scope")),
                              .attr = resource->properties };
}

/* ---- tokens ---- */

static bool refuse(struct check_refusal *refusal, str message)
{
    *refusal = (struct check_refusal){ .code = 3, .message = message };
    return false;
}

static bool is_absent(struct value v)
{
    return v.kind == V_NONE || v.kind == V_NULL;
}

static bool read_token(struct value v, struct check_token *out)
{
    if (v.kind != V_MAP) {
        return false;
    }
    out->token = text_member(v.map, S("token"));
    out->key_set_id = text_member(v.map, S("key_set_id"));
    return true;
}

static bool read_named(struct arena *arena, struct value v, struct check_aux *out)
{
    if (v.kind != V_MAP) { /* then it is no such member */
        return true;
    }
    struct check_token *tokens = new(arena, struct check_token, v.map->count);
    for (uint32_t i = 0; i < v.map->count; i++) {
        tokens[i].name = v_str(v.map->entries[i].key); /* JSON has no other keys */
        if (!read_token(v.map->entries[i].val, &tokens[i]) || tokens[i].token.len == 0) {
            return false;
        }
    }
    out->jwts = tokens;
    out->jwt_count = v.map->count;
    return true;
}

/* The `cerbos.auxData` of a context; an empty token is none. */
static bool read_aux(struct arena *arena, const struct vmap *context, struct check_aux *out,
                     bool *present)
{
    struct value aux = member(context, S("cerbos.auxData"));
    *out = (struct check_aux){ 0 };
    *present = !is_absent(aux);
    if (!*present) {
        return true;
    }
    if (aux.kind != V_MAP) {
        return false;
    }
    struct value jwt = member(aux.map, S("jwt"));
    if (!is_absent(jwt) && !read_token(jwt, &out->jwt)) {
        return false;
    }
    out->has_jwt = out->jwt.token.len > 0;
    return read_named(arena, member(aux.map, S("jwts")), out) &&
           !(out->has_jwt && out->jwt_count > 0);
}

/* ---- grouping ---- */

/* A resource of a group while it grows. */
struct pile {
    const struct authzen_entity *resource;
    uint32_t next;      /* pile with the same name, or MAP_NONE    */
    struct map actions; /* each once                               */
    isize count;        /* evaluations                             */
};

/* A group while it grows. */
struct bunch {
    const struct authzen_entity *subject;
    str request_id;
    uint32_t tokens;  /* number in grouping.tokens                  */
    uint32_t next;    /* bunch with the same name, or MAP_NONE      */
    struct map names; /* of resources → newest pile                */
    VEC(struct pile) piles;
};

/* Tokens as sent, and what they came to. */
struct settled {
    struct value sent; /* `cerbos.auxData`, or V_NONE */
    struct aux_data data;
};

struct grouping {
    struct arena *arena;
    const struct check_limits *limits;
    int64_t now_ns;
    struct check_refusal *refusal;
    struct map names; /* of subjects → newest bunch */
    VEC(struct bunch) bunches;
    VEC(struct settled) tokens;
};

static str name_of(struct arena *arena, const struct authzen_entity *entity)
{
    return str_printf(arena, "%lld:%.*s%.*s", (long long)entity->type.len, STR_ARG(entity->type),
                      STR_ARG(entity->id));
}

static bool same_values(const struct vmap *a, const struct vmap *b)
{
    uint32_t count_a = a == NULL ? 0 : a->count;
    uint32_t count_b = b == NULL ? 0 : b->count;
    return a == b || (count_a == count_b && (count_a == 0 || value_equal(v_map(a), v_map(b)) == 1));
}

static bool same_tokens(struct value a, struct value b)
{
    return a.kind == b.kind && (a.kind != V_MAP || same_values(a.map, b.map));
}

/* Verifies the tokens of a context, unless equal ones have been. False: they are refused. */
static bool settle_tokens(struct grouping *g, const struct vmap *context, uint32_t *number)
{
    struct value sent = member(context, S("cerbos.auxData"));
    for (*number = 0; *number < g->tokens.len; (*number)++) {
        if (same_tokens(g->tokens.ptr[*number].sent, sent)) {
            return true;
        }
    }
    if (g->tokens.len == TOKENS_MOST) {
        return refuse(g->refusal, S("too many different auxData in one batch"));
    }
    struct check_aux aux;
    bool present;
    struct check_request request = { .now_ns = g->now_ns };
    if (!read_aux(g->arena, context, &aux, &present)) {
        return refuse(g->refusal, S("invalid auxData"));
    }
    if (!check_tokens(g->arena, &aux, present, g->limits, &request, g->refusal)) {
        return false;
    }
    *vec_push(g->arena, &g->tokens) = (struct settled){ .sent = sent, .data = request.aux };
    return true;
}

static uint32_t find_bunch(struct grouping *g, const struct authzen_entity *subject,
                           uint32_t tokens)
{
    str name = name_of(g->arena, subject);
    uint32_t newest = map_get(&g->names, name);
    int looked = 0;
    for (uint32_t i = newest; i != MAP_NONE && looked++ < LOOK_MOST; i = g->bunches.ptr[i].next) {
        const struct bunch *bunch = &g->bunches.ptr[i];
        if (bunch->tokens == tokens &&
            same_values(bunch->subject->properties, subject->properties)) {
            return i;
        }
    }
    uint32_t number = (uint32_t)g->bunches.len;
    *vec_push(g->arena, &g->bunches) =
        (struct bunch){ .subject = subject, .tokens = tokens, .next = newest };
    (void)map_set(g->arena, &g->names, name, number); /* the one before is `newest` */
    return number;
}

static uint32_t find_pile(struct arena *arena, struct bunch *bunch,
                          const struct authzen_entity *resource)
{
    str name = name_of(arena, resource);
    uint32_t newest = map_get(&bunch->names, name);
    int looked = 0;
    for (uint32_t i = newest; i != MAP_NONE && looked++ < LOOK_MOST; i = bunch->piles.ptr[i].next) {
        if (same_values(bunch->piles.ptr[i].resource->properties, resource->properties)) {
            return i;
        }
    }
    uint32_t number = (uint32_t)bunch->piles.len;
    *vec_push(arena, &bunch->piles) = (struct pile){ .resource = resource, .next = newest };
    (void)map_set(arena, &bunch->names, name, number); /* the one before is `newest` */
    return number;
}

/* Puts one evaluation, with its defaults filled in, where it belongs. */
static bool place(struct grouping *g, const struct authzen_evaluation *evaluation,
                  struct authzen_place *out)
{
    uint32_t tokens;
    if (!settle_tokens(g, evaluation->context, &tokens)) {
        return false;
    }
    isize before = g->bunches.len;
    uint32_t group = find_bunch(g, &evaluation->subject, tokens);
    struct bunch *bunch = &g->bunches.ptr[group];
    if (g->bunches.len > before) {
        bunch->request_id = text_member(evaluation->context, S("cerbos.requestId"));
    }
    uint32_t item = find_pile(g->arena, bunch, &evaluation->resource);
    struct pile *pile = &bunch->piles.ptr[item];
    uint32_t action = map_intern(g->arena, &pile->actions, evaluation->action.name);
    pile->count++;
    *out = (struct authzen_place){ .group = group, .item = item, .action = action };
    return true;
}

static bool finish_group(struct grouping *g, const struct bunch *bunch, bool meta,
                         struct authzen_group *out)
{
    if (!check_resource_count(g->arena, bunch->piles.len, g->limits, g->refusal)) {
        return false;
    }
    struct check_item *items = new(g->arena, struct check_item, bunch->piles.len);
    for (isize i = 0; i < bunch->piles.len; i++) {
        const struct pile *pile = &bunch->piles.ptr[i];
        if (!check_action_count(g->arena, pile->count, g->limits, g->refusal)) {
            return false;
        }
        items[i] = (struct check_item){ .resource = resource_of(pile->resource),
                                        .actions = pile->actions.keys,
                                        .action_count = pile->actions.count };
    }
    *out = (struct authzen_group){ .request_id = bunch->request_id,
                                   .request = { .principal = principal_of(g->arena, bunch->subject),
                                                .items = items,
                                                .item_count = bunch->piles.len,
                                                .aux = g->tokens.ptr[bunch->tokens].data,
                                                .now_ns = g->now_ns,
                                                .want_derived_roles = meta } };
    return true;
}

static bool finish(struct grouping *g, struct authzen_plan *out)
{
    out->groups = new(g->arena, struct authzen_group, g->bunches.len);
    out->group_count = g->bunches.len;
    for (isize i = 0; i < g->bunches.len; i++) {
        if (!finish_group(g, &g->bunches.ptr[i], out->meta, &out->groups[i])) {
            return false;
        }
    }
    return true;
}

/* ---- reading ---- */

bool authzen_single_read(struct arena *arena, str text, const struct check_limits *limits,
                         int64_t now_ns, struct authzen_plan *out, struct check_refusal *refusal)
{
    struct authzen_evaluation *body = new(arena, struct authzen_evaluation, 1);
    if (!check_message_read(arena, text, &limits->json, &authzen_single_message, body, refusal)) {
        return false;
    }
    struct grouping g = { .arena = arena, .limits = limits, .now_ns = now_ns, .refusal = refusal };
    struct authzen_place *places = new(arena, struct authzen_place, 1);
    *out = (struct authzen_plan){ .places = places,
                                  .place_count = 1,
                                  .meta = flag_member(body->context, S("cerbos.includeMeta")) };
    return place(&g, body, &places[0]) && finish(&g, out);
}

/* An evaluation with the defaults in place of what it does not say. */
static struct authzen_evaluation *fill_in(struct arena *arena, const struct authzen_evaluation *one,
                                          const struct authzen_evaluation *defaults)
{
    struct authzen_evaluation *out = new(arena, struct authzen_evaluation, 1);
    out->subject = one->has_subject ? one->subject : defaults->subject;
    out->resource = one->has_resource ? one->resource : defaults->resource;
    out->action = one->has_action ? one->action : defaults->action;
    out->context = one->context != NULL ? one->context : defaults->context;
    return out;
}

static enum authzen_until until_of(str semantic)
{
    return str_eq(semantic, S("deny_on_first_deny"))       ? AUTHZEN_FIRST_DENY
           : str_eq(semantic, S("permit_on_first_permit")) ? AUTHZEN_FIRST_PERMIT
                                                           : AUTHZEN_ALL;
}

static bool plan_batch(struct grouping *g, const struct authzen_batch *body,
                       struct authzen_plan *out)
{
    struct authzen_place *places = new(g->arena, struct authzen_place, body->evaluation_count);
    *out =
        (struct authzen_plan){ .places = places,
                               .place_count = body->evaluation_count,
                               .meta = flag_member(body->defaults.context, S("cerbos.includeMeta")),
                               .until = until_of(body->options.semantic) };
    uint32_t tokens;
    if (!settle_tokens(g, body->defaults.context,
                       &tokens)) { /* also when no evaluation uses them */
        return false;
    }
    for (isize i = 0; i < body->evaluation_count; i++) {
        if (!place(g, fill_in(g->arena, &body->evaluations[i], &body->defaults), &places[i])) {
            return false;
        }
    }
    return finish(g, out);
}

bool authzen_batch_read(struct arena *arena, str text, const struct check_limits *limits,
                        int64_t now_ns, struct authzen_plan *out, struct check_refusal *refusal)
{
    struct authzen_batch *body = new(arena, struct authzen_batch, 1);
    if (!check_message_read(arena, text, &limits->json, &authzen_batch_message, body, refusal)) {
        return false;
    }
    int64_t most = limits->resources * limits->actions;
    if (body->evaluation_count > most) {
        return refuse(refusal,
                      str_printf(arena,
                                 "number of evaluations (%lld) exceeds configured limit (%lld)",
                                 (long long)body->evaluation_count, (long long)most));
    }
    struct grouping g = { .arena = arena, .limits = limits, .now_ns = now_ns, .refusal = refusal };
    return plan_batch(&g, body, out);
}
