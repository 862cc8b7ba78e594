/* jwt.c — reading and verifying tokens
 *
 * The order of the checks: size, form, header, algorithm, key, signature, claims, times. Claims are
 * not parsed before the signature stands, so what reaches the JSON reader behind it comes from the
 * issuer.
 *
 * The algorithm that verifies is the header's, and it must be the key's too: equal to the key's
 * `alg`, and one that goes with the type of the key. The header alone decides nothing.
 *
 * A payload that is a token itself is read once more in the same way, as the reference does.
 * Without verification the reference also takes bare claims for a token; so does this file.
 *
 * Neighbours: jwks.c reads the keys · signature.c verifies · claims.c makes claims of the payload
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "auth/jwt.h"

#include "auth/signature.h"
#include "base/b64.h"
#include "value/json_in.h"

#define TOKEN_MOST  (256 * 1024) /* bytes of a token             */
#define HEADER_MOST (32 * 1024)  /* bytes of a decoded header    */
#define LEVELS_MOST 2            /* a token, and a token in it   */

static const struct json_limits header_limits = { .max_depth = 8, .max_values = 500 };

/* A token, taken apart. Views into the token or the arena. */
struct jws {
    str input;     /* what was signed: the first two parts as sent        */
    str payload;   /* decoded                                             */
    str signature; /* decoded; may be empty                               */
    enum jwa alg;  /* JWA_UNKNOWN when it is missing                      */
    bool has_kid;
    str kid;
    bool extended; /* asks for an extension                               */
};

str jwt_fault_text(enum jwt_fault fault)
{
    static const str texts[] = {
        [JWT_OK] = S("no fault"),
        [JWT_FORM] = S("it is not three parts of base64url"),
        [JWT_SIZE] = S("it is too large"),
        [JWT_HEADER] = S("its header is malformed"),
        [JWT_CRIT] = S("its header asks for an extension (`crit`, `b64`)"),
        [JWT_ALG] = S("its `alg` is missing or not accepted"),
        [JWT_NO_KID] = S("its header has no `kid`"),
        [JWT_UNKNOWN_KID] = S("the key set has no key of its `kid`"),
        [JWT_KEY_ALG] = S("its `alg` does not go with the key"),
        [JWT_SIGNATURE] = S("its signature does not stand"),
        [JWT_CLAIMS] = S("its claims are malformed"),
        [JWT_EXPIRED] = S("it has expired (`exp`)"),
        [JWT_NOT_YET] = S("it is not valid yet (`nbf`)"),
        [JWT_ISSUED] = S("it was issued in the future (`iat`)"),
    };
    _Static_assert(countof(texts) == JWT_FAULT_COUNT, "a text for each fault");
    return texts[fault];
}

/* ---- form ---- */

/* base64url as RFC 7515 has it: no padding, no white space, no spare bits. */
static bool decode_part(struct arena *arena, str part, str *out)
{
    return str_find_byte(part, '=') < 0 &&
           b64_decode(arena, part, B64_URL, false, false, false, out);
}

static enum jwt_fault split(struct arena *arena, str token, struct jws *out, str *header)
{
    str first;
    str second;
    str third;
    str rest;
    if (!str_cut(token, '.', &first, &rest) || !str_cut(rest, '.', &second, &third) ||
        !decode_part(arena, first, header) || !decode_part(arena, second, &out->payload) ||
        !decode_part(arena, third, &out->signature)) {
        return JWT_FORM; /* a fourth part fails as well: a full stop is no base64url */
    }
    out->input = str_slice(token, 0, first.len + 1 + second.len);
    return header->len <= HEADER_MOST ? JWT_OK : JWT_SIZE;
}

/* ---- header ---- */

/* Members that must be text, where they are there; null counts as empty. */
static bool texts_are_texts(const struct vmap *header)
{
    static const str names[] = { S("typ"), S("cty"), S("kid"),     S("jku"),
                                 S("x5u"), S("x5t"), S("x5t#S256") };
    for (int i = 0; i < countof(names); i++) {
        uint8_t kind = vmap_find_str(header, names[i]).kind;
        if (kind != V_NONE && kind != V_NULL && kind != V_STRING) {
            return false;
        }
    }
    return true;
}

/* A list of texts, or not there. */
static bool is_texts(struct value v)
{
    bool ok = v.kind == V_LIST || v.kind == V_NONE;
    for (uint32_t i = 0; v.kind == V_LIST && i < v.len; i++) {
        ok = ok && v.items[i].kind == V_STRING;
    }
    return ok;
}

/* Keys and certificates that a header brings along are never used: only their types matter. */
static enum jwt_fault read_header(struct arena *arena, str text, struct jws *out)
{
    struct json_error error;
    bool framed = str_starts(text, S("{")) && str_ends(text, S("}")); /* nothing around it */
    struct value root = framed ? json_read(arena, text, &header_limits, &error) : v_none();
    if (root.kind != V_MAP || !texts_are_texts(root.map)) {
        return JWT_HEADER;
    }
    struct value alg = vmap_find_str(root.map, S("alg"));
    struct value kid = vmap_find_str(root.map, S("kid"));
    struct value b64 = vmap_find_str(root.map, S("b64"));
    struct value crit = vmap_find_str(root.map, S("crit"));
    struct value jwk = vmap_find_str(root.map, S("jwk"));
    if ((alg.kind != V_STRING && alg.kind != V_NONE) ||
        (b64.kind != V_BOOL && b64.kind != V_NONE) || (jwk.kind != V_MAP && jwk.kind != V_NONE) ||
        !is_texts(crit) || !is_texts(vmap_find_str(root.map, S("x5c")))) {
        return JWT_HEADER;
    }
    out->extended = crit.kind != V_NONE || (b64.kind == V_BOOL && !v_is_true(b64));
    out->has_kid = kid.kind != V_NONE;
    out->kid = kid.kind == V_STRING ? v_str(kid) : STR_EMPTY;
    out->alg = alg.kind == V_STRING ? jwa_find(v_str(alg)) : JWA_UNKNOWN;
    bool no_signature =
        out->alg == JWA_ENCRYPTION || (out->alg == JWA_UNKNOWN && alg.kind == V_STRING);
    return no_signature ? JWT_ALG : JWT_OK;
}

static enum jwt_fault take_apart(struct arena *arena, str token, struct jws *out)
{
    str header;
    enum jwt_fault fault = split(arena, token, out, &header);
    return fault == JWT_OK ? read_header(arena, header, out) : fault;
}

/* ---- keys ---- */

/* May this key verify a token of this algorithm? */
static bool key_goes_with(const struct key *key, enum jwa alg, const struct jwt_rules *rules)
{
    return !key->for_other && jwa_fits(alg, (enum key_type)key->type) &&
           (key->has_alg ? key->alg == alg : rules->optional_alg);
}

static enum jwt_fault verify_by_kid(const struct jws *jws, const struct jwt_rules *rules)
{
    if (!jws->has_kid) {
        return JWT_NO_KID;
    }
    for (isize i = 0; i < rules->keys->count; i++) {
        const struct key *key = &rules->keys->keys[i];
        if (key->kid.len == 0 || !str_eq(key->kid, jws->kid)) {
            continue;
        }
        if (!key_goes_with(key, jws->alg, rules)) {
            return JWT_KEY_ALG;
        }
        return signature_verifies(key, jws->alg, jws->input, jws->signature) ? JWT_OK
                                                                             : JWT_SIGNATURE;
    }
    return JWT_UNKNOWN_KID; /* the first key of a `kid` is the one, should there be more */
}

static enum jwt_fault verify_by_any(const struct jws *jws, const struct jwt_rules *rules)
{
    enum jwt_fault fault = JWT_KEY_ALG;
    for (isize i = 0; i < rules->keys->count; i++) {
        const struct key *key = &rules->keys->keys[i];
        if (!key_goes_with(key, jws->alg, rules)) {
            continue;
        }
        if (signature_verifies(key, jws->alg, jws->input, jws->signature)) {
            return JWT_OK;
        }
        fault = JWT_SIGNATURE;
    }
    return fault;
}

static enum jwt_fault verify(const struct jws *jws, const struct jwt_rules *rules)
{
    if (rules->keys ==
        NULL) { /* `alg` may be missing; a signature may only be missing where none is claimed */
        return jws->signature.len > 0 || jws->alg == JWA_UNSUPPORTED ? JWT_OK : JWT_FORM;
    }
    if (jws->extended) {
        return JWT_CRIT;
    }
    if (jws->alg == JWA_UNKNOWN || jws->alg == JWA_UNSUPPORTED) {
        return JWT_ALG;
    }
    return rules->optional_kid ? verify_by_any(jws, rules) : verify_by_kid(jws, rules);
}

/* ---- tokens ---- */

enum jwt_fault jwt_read(struct arena *arena, str token, const struct jwt_rules *rules,
                        const struct vmap **claims)
{
    *claims = NULL;
    if (token.len > TOKEN_MOST) {
        return JWT_SIZE;
    }
    str payload = str_trim(token);
    bool bare = rules->keys == NULL && str_starts(payload, S("{"));
    for (int level = 0; level < LEVELS_MOST && !bare; level++) {
        struct jws jws = { .alg = JWA_UNKNOWN };
        enum jwt_fault fault = take_apart(arena, payload, &jws);
        if (fault == JWT_OK) {
            fault = verify(&jws, rules);
        }
        if (fault != JWT_OK) {
            return fault;
        }
        payload = str_trim(jws.payload);
        bare = str_starts(payload, S("{"));
    }
    return bare ? jwt_claims(arena, payload, rules, claims) : JWT_CLAIMS;
}
