/* api_pages.c — GET /schema/swagger.json and GET /
 *
 * The page loads nothing from elsewhere and says so to the browser.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/pages.h"
#include "server/route.h"

#define POLICY                                                                                     \
    "Content-Security-Policy: default-src 'none'; connect-src 'self'; script-src "                 \
    "'unsafe-inline'; "                                                                            \
    "style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'\r\n"   \
    "X-Content-Type-Options: nosniff\r\n"

void api_openapi(struct worker *worker, const struct exchange *exchange, struct reply *reply)
{
    (void)worker;
    (void)exchange;
    sb_add(reply->out, page_openapi());
}

void api_explorer(struct worker *worker, const struct exchange *exchange, struct reply *reply)
{
    (void)exchange;
    reply_lines(reply, str_concat(&worker->arena, reply->lines, S(POLICY)));
    reply->type = REPLY_HTML;
    sb_add(reply->out, page_explorer());
}
