/* check_reply.h — decisions, and how replies show them
 *
 * What the routes that answer checks have in common. One thread: the worker's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_SERVER_CHECK_REPLY_H
#define CARDEA_SERVER_CHECK_REPLY_H

#include "server/worker.h"

/* Decides one resource of a request in the worker's arena. When a limit is reached all its actions are denied.
 * False: a failure of ours; then nothing may be answered but an error. */
bool check_decide(struct worker *worker, const struct snapshot *snapshot,
                  const struct check_request *request, isize number, struct decision *out);

/* A member with a text, unless it is empty. */
void check_put_text(struct jw *w, str name, str text);

/* `"actions": {action: effect}` */
void check_put_effects(struct jw *w, const struct decision *d);

/* `"validationErrors": […]`, unless there are none. */
void check_put_validation_errors(struct jw *w, const struct decision *d);

/* `{"actions": {action: {matchedPolicy, matchedScope}}, "effectiveDerivedRoles": […]}` */
void check_put_meta(struct jw *w, const struct decision *d);

/* A whole result: the resource, its effects and what else there is; meta: say which policies decided. *spoiled receives
 * the reason when an output cannot be written and the whole reply must be an error because of it; it is left alone
 * otherwise. */
void check_put_result(struct jw *w, struct arena *scratch, const struct check_item *item,
                      const struct decision *d, bool meta, str *spoiled);

#endif
