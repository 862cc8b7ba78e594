/* tokens.c — tokens of requests → claims, for one worker
 *
 * Why a token was refused goes to the log and nowhere else, in words that hold nothing of the
 * token; a line a minute is enough to see that something is wrong, and no peer can fill the log.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/tokens.h"

#include "base/log.h"

#define SAY_S    60 /* between two lines */
#define NS_PER_S 1000000000

static void say(struct worker_tokens *tokens, str why, int64_t now_ns)
{
    int64_t now_s = now_ns / NS_PER_S;
    tokens->refused++;
    if (now_s >= tokens->say_s) {
        log_warn("server", "a token was refused: %.*s (refused since the last such line: %lld)",
                 STR_ARG(why), (long long)tokens->refused);
        tokens->say_s = now_s + SAY_S;
        tokens->refused = 0;
    }
}

static const struct vmap *claims(struct token_door *door, struct arena *arena,
                                 const struct check_token *token, int64_t now_ns)
{
    struct worker_tokens *tokens = (struct worker_tokens *)(void *)door; /* its first member */
    str why = S("no key sets are configured");
    const struct vmap *found = NULL;
    if (tokens->keys != NULL) {
        found = keyring_claims(tokens->keys, arena, token->token, token->key_set_id, now_ns, &why);
    }
    if (found == NULL) {
        say(tokens, why, now_ns);
    }
    return found;
}

bool worker_tokens_open(struct worker_tokens *tokens, struct keyring *ring)
{
    *tokens = (struct worker_tokens){ .door = { claims } };
    if (ring != NULL) {
        tokens->keys = keyring_reader_new(ring);
    }
    return ring == NULL || tokens->keys != NULL;
}

void worker_tokens_close(struct worker_tokens *tokens)
{
    keyring_reader_free(tokens->keys);
    tokens->keys = NULL;
}
