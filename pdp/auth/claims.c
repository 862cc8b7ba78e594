/* claims.c — claims as policies see them
 *
 * Seven claims have a type of their own and are checked: `iss`, `sub`, `jti` are text, `aud` is
 * text or a list of texts and always seen as a list, `exp`, `nbf`, `iat` are instants and seen as
 * RFC 3339 text in UTC. The others are JSON as it is, but null claims are left out.
 * spec: cerbos-compat#auxiliary-data
 *
 * Instants are whole seconds: fractions are cut off, as the reference does, before they are
 * compared.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "auth/jwt.h"

#include "base/num.h"
#include "base/time.h"
#include "value/json_in.h"

#define SECONDS_MOST (INT64_MAX - 62135596800) /* of an instant; the reference's own limit */
#define NS_PER_S     1000000000

/* ---- instants ---- */

static bool take_seconds(double d, int64_t *seconds)
{
    if (d >= (double)SECONDS_MOST || __builtin_signbit(d)) { /* -0 too */
        return false;
    }
    *seconds = (int64_t)d;
    return true;
}

static bool is_decimal(str text)
{
    for (isize i = 0; i < text.len; i++) {
        if ((text.ptr[i] < '0' || text.ptr[i] > '9') && text.ptr[i] != '.') {
            return false;
        }
    }
    return true;
}

/* Digits with a fraction that does not matter, or RFC 3339. */
static bool take_text(str text, int64_t *seconds)
{
    int32_t nanos;
    int offset_min;
    if (!is_decimal(text)) {
        return time_parse_rfc3339(text, seconds, &nanos, &offset_min);
    }
    str whole;
    str fraction;
    (void)str_cut(text, '.', &whole, &fraction);
    return num_parse_int(whole, false, seconds) && *seconds <= SECONDS_MOST;
}

static bool take_instant(struct value v, int64_t *seconds)
{
    return v.kind == V_DOUBLE ? take_seconds(v.d, seconds)
                              : v.kind == V_STRING && take_text(v_str(v), seconds);
}

/* Years above 9999 are written with as many digits as they have. */
static struct value instant_text(struct arena *arena, int64_t seconds)
{
    if (seconds <= TIME_MAX_SECONDS) {
        char *text = arena_bytes(arena, 40);
        return v_string((str){ text, time_put_rfc3339(text, seconds, 0, 0) });
    }
    struct civil c;
    time_civil(seconds, &c);
    return v_string(str_printf(arena, "%lld-%02d-%02dT%02d:%02d:%02dZ", (long long)c.year, c.month,
                               c.day, c.hour, c.minute, c.second));
}

/* ---- judging ---- */

/* now and skew in whole seconds: `now < exp + skew` holds for whole seconds when it holds for
 * the skew rounded up, `now ≥ nbf − skew` when it holds for the skew rounded down. */
static bool is_over(int64_t exp, int64_t now_s, int64_t skew_ms)
{
    return now_s - exp >= (skew_ms + 999) / 1000;
}

static bool is_to_come(int64_t begin, int64_t now_s, int64_t skew_ms)
{
    return begin - now_s > skew_ms / 1000;
}

/* ---- claims ---- */

enum claim { CLAIM_TEXT, CLAIM_AUDIENCE, CLAIM_EXP, CLAIM_NBF, CLAIM_IAT, CLAIM_OTHER };

static enum claim claim_kind(str name)
{
    static const struct {
        str name;
        enum claim kind;
    } claims[] = { { S("iss"), CLAIM_TEXT },     { S("sub"), CLAIM_TEXT }, { S("jti"), CLAIM_TEXT },
                   { S("aud"), CLAIM_AUDIENCE }, { S("exp"), CLAIM_EXP },  { S("nbf"), CLAIM_NBF },
                   { S("iat"), CLAIM_IAT } };
    for (int i = 0; i < countof(claims); i++) {
        if (str_eq(name, claims[i].name)) {
            return claims[i].kind;
        }
    }
    return CLAIM_OTHER;
}

static bool take_audience(struct arena *arena, struct value in, struct value *out)
{
    *out = in;
    if (in.kind == V_STRING) {
        struct value *one = new(arena, struct value, 1);
        *one = in;
        *out = v_list(one, 1);
        return true;
    }
    for (uint32_t i = 0; in.kind == V_LIST && i < in.len; i++) {
        if (in.items[i].kind != V_STRING) {
            return false;
        }
    }
    return in.kind == V_LIST;
}

static enum jwt_fault judge(enum claim kind, int64_t seconds, const struct jwt_rules *rules)
{
    int64_t now_s = rules->now_ns / NS_PER_S;
    switch (kind) {
    case CLAIM_EXP:
        return is_over(seconds, now_s, rules->skew_ms) ? JWT_EXPIRED : JWT_OK;
    case CLAIM_NBF:
        return is_to_come(seconds, now_s, rules->skew_ms) ? JWT_NOT_YET : JWT_OK;
    default:
        return is_to_come(seconds, now_s, rules->skew_ms) ? JWT_ISSUED : JWT_OK;
    }
}

/* One claim as policies see it; V_NONE: not at all. */
static enum jwt_fault take_claim(struct arena *arena, struct value name, struct value in,
                                 const struct jwt_rules *rules, struct value *out)
{
    enum claim kind = claim_kind(v_str(name));
    int64_t seconds = 0;
    switch (kind) {
    case CLAIM_TEXT:
        *out = in.kind == V_NULL ? v_string(STR_EMPTY) : in;
        return out->kind == V_STRING ? JWT_OK : JWT_CLAIMS;
    case CLAIM_AUDIENCE:
        return take_audience(arena, in, out) ? JWT_OK : JWT_CLAIMS;
    case CLAIM_OTHER:
        *out = in.kind == V_NULL ? v_none() : in;
        return JWT_OK;
    case CLAIM_EXP:
    case CLAIM_NBF:
    case CLAIM_IAT:
        break;
    }
    if (!take_instant(in, &seconds)) {
        return JWT_CLAIMS;
    }
    *out = instant_text(arena, seconds);
    return judge(kind, seconds, rules);
}

/* Without an audience the reference takes claims of these names for a key, a key set or an
 * encrypted or signed message, and refuses them; it compares the names without case. */
static bool seems_something_else(const struct vmap *claims)
{
    static const str names[] = { S("aud"),        S("kty"),     S("keys"),
                                 S("ciphertext"), S("payload"), S("signatures") };
    bool has[countof(names)] = { false };
    for (uint32_t i = 0; i < claims->count; i++) {
        for (int k = 0; k < countof(names); k++) {
            has[k] = has[k] || str_eq_nocase(v_str(claims->entries[i].key), names[k]);
        }
    }
    return !has[0] && (has[1] || has[2] || has[3] || (has[4] && has[5]));
}

enum jwt_fault jwt_claims(struct arena *arena, str payload, const struct jwt_rules *rules,
                          const struct vmap **claims)
{
    struct json_error error;
    struct value root = json_read(arena, payload, NULL, &error);
    if (root.kind != V_MAP || seems_something_else(root.map)) {
        return JWT_CLAIMS;
    }
    struct vmap *map = vmap_new(arena, root.map->count);
    for (uint32_t i = 0; i < root.map->count; i++) {
        const struct vmap_entry *entry = &root.map->entries[i];
        struct value seen;
        enum jwt_fault fault = take_claim(arena, entry->key, entry->val, rules, &seen);
        if (fault != JWT_OK) {
            return fault;
        }
        if (seen.kind != V_NONE) {
            vmap_append(arena, map, entry->key, seen); /* names are known to differ */
        }
    }
    *claims = map;
    return JWT_OK;
}
