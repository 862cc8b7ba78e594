/* address.h — listening on a written address
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_SERVER_ADDRESS_H
#define CARDEA_SERVER_ADDRESS_H

#include "base/str.h"

/* Opens a non-blocking listening socket on `host:port`, `:port` (all addresses), `[v6]:port` or
 * `unix:/path` (left behind by an earlier run: replaced, unless somebody still listens there).
 *
 *   bound        receives the address with the real port
 * socket_path  receives the path of a Unix socket, which is to be removed at the end; NULL
 * otherwise
 *   why          receives what is wrong, in words
 *
 * Texts live in the arena. Returns the descriptor or -1. */
int address_listen(struct arena *arena, str address, int socket_mode, str *bound,
                   char **socket_path, str *why);

#endif
