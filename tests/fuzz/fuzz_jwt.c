/* fuzz_jwt.c — tokens
 *
 * The first byte chooses what the rest is: a token for keys that nobody can sign with, a token with
 * verification switched off, or the header or the payload of a token that is signed here with a
 * secret, so that the search gets behind the signature. A token that is accepted must be one that
 * its key has signed, and its claims must have a JSON form.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "auth/jwt.h"

#include "base/b64.h"
#include "value/json_out.h"

#include <openssl/hmac.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Public keys of RFC 7515 and RFC 8037, and points that were made up; no token of ours verifies. */
#define PUBLIC_KEYS                                                                                \
    "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHv" \
    "RVEU\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\",\"kid\":\"ec\",\"alg\":"         \
    "\"ES256\"},{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwI"  \
    "aaPcHURo\",\"kid\":\"ed\",\"alg\":\"EdDSA\"}]}"
#define SECRET "a secret that is long enough for it"

enum mode { FOREIGN, FOREIGN_ANY, UNVERIFIED, OWN_HEADER, OWN_PAYLOAD, MODES };

/* A broken promise ends the program, as a sanitizer would. */
static void demand(bool kept)
{
    if (!kept) {
        abort();
    }
}

static struct jwks *keys_of(struct arena *arena, str text)
{
    const struct jwks_rules rules = { .optional_alg = true, .optional_kid = true };
    struct jwks *keys = NULL;
    str why;
    demand(jwks_read(&keys, arena, text, &rules, &why) == CARDEA_OK);
    return keys;
}

static str secret_key(struct arena *arena)
{
    str k = b64_encode(arena, S(SECRET), B64_URL, false);
    return str_printf(arena, "{\"kty\":\"oct\",\"k\":\"%.*s\",\"kid\":\"k\",\"alg\":\"HS256\"}",
                      STR_ARG(k));
}

static str signed_token(struct arena *arena, str header, str payload)
{
    str first = b64_encode(arena, header, B64_URL, false);
    str second = b64_encode(arena, payload, B64_URL, false);
    str input = str_printf(arena, "%.*s.%.*s", STR_ARG(first), STR_ARG(second));
    char mac[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    demand(HMAC(EVP_sha256(), SECRET, (int)sizeof SECRET - 1, (const unsigned char *)input.ptr,
                (size_t)input.len, (unsigned char *)mac, &len) != NULL);
    str third = b64_encode(arena, (str){ mac, (isize)len }, B64_URL, false);
    return str_printf(arena, "%.*s.%.*s", STR_ARG(input), STR_ARG(third));
}

static void expect_claims(struct arena *arena, const struct vmap *claims)
{
    struct sb out = sb_new(arena);
    struct jw w = jw_new(&out, 0);
    str why;
    demand(jw_value(&w, arena, v_map(claims), &why));
    struct value aud = vmap_find_str(claims, S("aud"));
    demand(aud.kind == V_NONE || aud.kind == V_LIST);
    static const str texts[] = { S("iss"), S("sub"), S("jti"), S("exp"), S("nbf"), S("iat") };
    for (int i = 0; i < countof(texts); i++) {
        uint8_t kind = vmap_find_str(claims, texts[i]).kind;
        demand(kind == V_NONE || kind == V_STRING);
    }
}

static void try_token(struct arena *arena, enum mode mode, str text)
{
    static struct jwks *foreign, *own;
    if (foreign == NULL) {
        foreign = keys_of(arena, S(PUBLIC_KEYS));
        own = keys_of(arena, secret_key(arena));
    }
    struct jwt_rules rules = { .keys = mode >= OWN_HEADER ? own : foreign,
                               .optional_alg = mode == FOREIGN_ANY,
                               .optional_kid = mode == FOREIGN_ANY,
                               .now_ns = INT64_C(1700000000) * 1000000000 };
    if (mode == UNVERIFIED) {
        rules.keys = NULL;
    } else if (mode == OWN_HEADER) {
        text = signed_token(arena, text, S("{\"sub\":\"ann\"}"));
    } else if (mode == OWN_PAYLOAD) {
        text = signed_token(arena, S("{\"alg\":\"HS256\",\"kid\":\"k\"}"), text);
    }
    const struct vmap *claims = NULL;
    enum jwt_fault fault = jwt_read(arena, text, &rules, &claims);
    demand((fault == JWT_OK) == (claims != NULL) && jwt_fault_text(fault).len > 0);
    demand(mode > FOREIGN_ANY || fault != JWT_OK);
    if (claims != NULL) {
        expect_claims(arena, claims);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    static struct arena arena; /* kept between inputs: used memory finds more than fresh memory */
    if (arena.cap == 0) {
        arena_init(&arena, 1 << 16, 1 << 28);
    }
    arena_clear(&arena, 1 << 20);
    try_token(&arena, (enum mode)(data[0] % MODES),
              (str){ (const char *)data + 1, (isize)size - 1 });
    return 0;
}
