/* jwks.c — sets of keys
 *
 * The set under construction is owned from the first key on, so that whatever goes wrong, and a
 * jump from the arena too, ends in one place that frees it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "auth/jwks.h"

#include "value/json_in.h"

#include <stdlib.h>

static const struct json_limits limits = { .max_depth = 16, .max_values = 50000 };

static cardea_status refuse(str *why, cardea_status status, str text)
{
    *why = text;
    return status;
}

/* ---- keys ---- */

/* Room for `count` keys; they are zeroed. */
static bool make_room(struct jwks *set, isize count)
{
    struct key *keys = calloc((size_t)count, sizeof *keys);
    if (keys == NULL) {
        return false;
    }
    if (set->count > 0) {
        memcpy(keys, set->keys, (size_t)set->count * sizeof *keys);
    }
    free(set->keys);
    set->keys = keys;
    set->room = count;
    return true;
}

static isize secret_least(const struct key *key)
{
    return key->alg == JWA_HS512 ? 64 : key->alg == JWA_HS384 ? 48 : 32;
}

static cardea_status refuse_key(struct arena *arena, str *why, cardea_status status, isize number,
                                str reason)
{
    *why = str_printf(arena, "key %lld: %.*s", (long long)number + 1, STR_ARG(reason));
    return status;
}

/* Has the key what the rules ask for? spec: cerbos-compat#auxiliary-data */
static str missing(const struct key *key, const struct jwks_rules *rules)
{
    if (!rules->optional_alg && !key->has_alg) {
        return S("`alg` is missing; `insecure.optionalAlg` would allow that");
    }
    if (!rules->optional_kid && key->kid.len == 0) {
        return S("`kid` is missing or empty; `insecure.optionalKid` would allow that");
    }
    return STR_EMPTY;
}

static cardea_status add_jwk(struct jwks *set, struct arena *arena, struct value jwk,
                             const struct jwks_rules *rules, str *why)
{
    isize number = set->count++; /* owned from here on */
    struct key *key = &set->keys[number];
    str reason = S("must be an object");
    if (jwk.kind != V_MAP || !key_read_jwk(key, arena, jwk.map, &reason)) {
        return refuse_key(arena, why, CARDEA_EINVALID, number, reason);
    }
    reason = missing(key, rules);
    if (reason.len > 0) {
        return refuse_key(arena, why, CARDEA_EDENIED, number, reason);
    }
    set->weak += key->type == KEY_SECRET && key->secret.len < secret_least(key);
    return CARDEA_OK;
}

/* ---- sets ---- */

static cardea_status add_json(struct jwks *set, struct arena *arena, str text,
                              const struct jwks_rules *rules, str *why)
{
    struct json_error error = { .text = STR_EMPTY };
    struct value root = json_read(arena, text, &limits, &error);
    if (root.kind != V_MAP) {
        str reason = root.kind == V_NONE ? error.text : S("not an object");
        return refuse(why, CARDEA_EINVALID,
                      str_printf(arena, "not a JSON Web Key (Set): %.*s", STR_ARG(reason)));
    }
    struct value list = vmap_find_str(root.map, S("keys"));
    if (list.kind == V_NONE) { /* one key alone */
        return make_room(set, 1) ? add_jwk(set, arena, root, rules, why)
                                 : refuse(why, CARDEA_ELIMIT, S("no memory"));
    }
    if (list.kind != V_LIST || list.len > JWKS_KEYS_MOST) {
        return refuse(why, CARDEA_EINVALID, S("`keys` must be a list of at most 1000 keys"));
    }
    if (list.len > 0 && !make_room(set, (isize)list.len)) {
        return refuse(why, CARDEA_ELIMIT, S("no memory"));
    }
    for (uint32_t i = 0; i < list.len; i++) {
        TRY(add_jwk(set, arena, list.items[i], rules, why));
    }
    return CARDEA_OK;
}

/* Keys in PEM have neither `kid` nor `alg`. That this is only of use with both insecure options
 * is found out when a token asks for one of them, as with the reference. */
static cardea_status add_pem(struct jwks *set, struct arena *arena, str text, str *why)
{
    for (str rest = str_trim(text); rest.len > 0; rest = str_trim(rest)) {
        if (set->count == JWKS_KEYS_MOST) {
            return refuse(why, CARDEA_ELIMIT, S("more than 1000 keys"));
        }
        if (set->count == set->room && !make_room(set, set->room == 0 ? 1 : 2 * set->room)) {
            return refuse(why, CARDEA_ELIMIT, S("no memory"));
        }
        isize number = set->count++;
        str reason = STR_EMPTY;
        if (!key_read_pem(&set->keys[number], &rest, &reason)) {
            return refuse_key(arena, why, CARDEA_EINVALID, number, reason);
        }
    }
    return CARDEA_OK;
}

static cardea_status add_all(struct jwks *set, struct arena *arena, str text,
                             const struct jwks_rules *rules, str *why)
{
    if (text.len > JWKS_TEXT_MOST) {
        return refuse(why, CARDEA_ELIMIT, S("larger than 1 MiB"));
    }
    TRY(rules->pem ? add_pem(set, arena, text, why) : add_json(set, arena, text, rules, why));
    return set->count > 0 ? CARDEA_OK : refuse(why, CARDEA_EDENIED, S("no key in it"));
}

cardea_status jwks_read(struct jwks **out, struct arena *arena, str text,
                        const struct jwks_rules *rules, str *why)
{
    *out = NULL;
    struct jwks *set = calloc(1, sizeof *set);
    if (set == NULL) {
        return refuse(why, CARDEA_ELIMIT, S("no memory"));
    }
    jmp_buf env;
    jmp_buf *outer = arena_guard_set(arena, &env);
    if (setjmp(env) != 0) {
        (void)arena_guard_set(arena, outer);
        jwks_free(set);
        return refuse(why, CARDEA_ELIMIT, S("too large"));
    }
    cardea_status status = add_all(set, arena, text, rules, why);
    (void)arena_guard_set(arena, outer);
    if (status != CARDEA_OK) {
        jwks_free(set);
        return status;
    }
    *out = set;
    return CARDEA_OK;
}

void jwks_free(struct jwks *set)
{
    if (set == NULL) {
        return;
    }
    for (isize i = 0; i < set->count; i++) {
        key_free(&set->keys[i]);
    }
    free(set->keys);
    free(set);
}
