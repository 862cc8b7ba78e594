/* tokens.h — tokens of requests → claims, for one worker
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_SERVER_TOKENS_H
#define CARDEA_SERVER_TOKENS_H

#include "auth/keyring.h"
#include "server/check_request.h"

struct worker_tokens {
    struct token_door door;      /* what readers of requests are given                     */
    struct keyring_reader *keys; /* NULL: there are no keys, every token is refused        */
    int64_t say_s;               /* when a refusal may be logged again, seconds since 1970 */
    int64_t refused;             /* tokens refused since the last line about them          */
};

/* ring is borrowed; NULL: every token is refused. False: no memory. */
bool worker_tokens_open(struct worker_tokens *tokens, struct keyring *ring);
void worker_tokens_close(struct worker_tokens *tokens);

#endif
