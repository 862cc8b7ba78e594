/* fuzz_jwks.c — sets of keys, as JSON Web Keys and as PEM
 *
 * The first byte chooses the rules. A set that is accepted keeps them: it has keys, each of a type
 * and with what the rules ask for; a signature of noise verifies with none.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "auth/jwks.h"
#include "auth/signature.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool kept)
{
    if (!kept) {
        abort();
    }
}

static void expect_key(const struct key *key, const struct jwks_rules *rules)
{
    static const char noise[256] = "noise";
    bool holds = key->type == KEY_SECRET   ? key->secret.len > 0 && key->pkey == NULL
                 : key->type == KEY_UNUSED ? key->secret.len == 0 && key->pkey == NULL
                                           : key->secret.len == 0 && key->pkey != NULL;
    demand(holds);
    demand(rules->pem ||
           ((rules->optional_alg || key->has_alg) && (rules->optional_kid || key->kid.len > 0)));
    demand(!key->has_alg || key->alg != JWA_UNKNOWN);
    for (int alg = JWA_UNKNOWN; alg <= JWA_HS512; alg++) {
        str signature = { noise, key->type == KEY_P521 ? 132 : key->type == KEY_P384 ? 96 : 64 };
        demand(!signature_verifies(key, (enum jwa)alg, S("input"), signature));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const struct jwks_rules rules = { .pem = data[0] % 2 == 1,
                                      .optional_alg = data[0] / 2 % 2 == 1,
                                      .optional_kid = data[0] / 4 % 2 == 1 };
    static struct arena arena; /* kept between inputs: used memory finds more than fresh memory */
    if (arena.cap == 0) {
        arena_init(&arena, 1 << 16, 1 << 24);
    }
    arena_clear(&arena, 1 << 20);
    struct jwks *set = NULL;
    str why = STR_EMPTY;
    str text = { (const char *)data + 1, (isize)size - 1 };
    cardea_status status = jwks_read(&set, &arena, text, &rules, &why);
    demand((status == CARDEA_OK) == (set != NULL) && (status == CARDEA_OK) == (why.len == 0));
    for (isize i = 0; set != NULL && i < set->count; i++) {
        expect_key(&set->keys[i], &rules);
    }
    demand(set == NULL || set->count > 0);
    jwks_free(set);
    return 0;
}
