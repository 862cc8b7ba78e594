/* validate_array.c — keywords for arrays
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "schema/validate_priv.h"

static bool visit_item(struct visit *visit, const struct schema *node, struct step step,
                       isize number)
{
    struct place place = { .up = visit->place, .index = number };
    return visit_below(visit, node, step, visit->v.items[number], &place);
}

static bool refuse_count(struct visit *visit, const char *keyword, const char *format,
                         int64_t limit)
{
    struct sb sb;
    if (message_begin(visit, &sb) != NULL) {
        sb_printf(&sb, "%s %lld items required, but found %lld items", format, (long long)limit,
                  (long long)visit->v.len);
    }
    return complain_with(visit, keyword, &sb);
}

static bool check_unique(struct visit *visit)
{
    isize first;
    isize second;
    struct sb sb;
    if (!pay(visit->run, json_weight(visit->v, visit->run->steps)) ||
        !json_repeated(visit->run->arena, visit->v.items, visit->v.len, &first, &second)) {
        return visit->run->stopped.len == 0;
    }
    if (message_begin(visit, &sb) != NULL) {
        sb_printf(&sb, "items at index %lld and %lld are equal", (long long)first,
                  (long long)second);
    }
    return complain_with(visit, "uniqueItems", &sb);
}

/* Items that have a schema of their own in the list; returns how many there are. */
static isize check_listed(struct visit *visit, const struct node_list *list, const char *keyword,
                          bool *ok)
{
    isize i = 0;
    for (; visit->run->stopped.len == 0 && i < visit->v.len && i < list->count; i++) {
        seen_set(&visit->seen, i);
        *ok = visit_item(visit, list->nodes[i], step_item(keyword, i), i) && *ok;
    }
    return i;
}

static bool check_others(struct visit *visit, const struct schema *node, const char *keyword,
                         isize from)
{
    bool ok = true;
    for (isize i = from; visit->run->stopped.len == 0 && i < visit->v.len; i++) {
        seen_set(&visit->seen, i);
        ok = visit_item(visit, node, step_plain(keyword), i) && ok;
    }
    return ok;
}

static bool check_items(struct visit *visit, const struct schema *node)
{
    bool ok = check_others(visit, node, "items", 0);
    visit->seen.all = true;
    return ok;
}

static bool check_tuple(struct visit *visit, const struct tuple *tuple)
{
    bool ok = true;
    isize next = check_listed(visit, &tuple->items, "items", &ok);
    if (tuple->rest.kind == REST_SCHEMA) {
        return check_others(visit, tuple->rest.node, "additionalItems", next) && ok;
    }
    if (tuple->rest.kind == REST_ALLOWED) {
        visit->seen.all = true;
    }
    if (tuple->rest.kind == REST_REFUSED && visit->v.len > tuple->items.count) {
        struct sb sb;
        if (message_begin(visit, &sb) != NULL) {
            sb_printf(&sb, "only %lld items are allowed, but found %lld items",
                      (long long)tuple->items.count, (long long)visit->v.len);
        }
        return complain_with(visit, "additionalItems", &sb);
    }
    return ok;
}

static bool check_prefix(struct visit *visit, const struct tuple *tuple)
{
    bool ok = true;
    isize next = check_listed(visit, &tuple->items, "prefixItems", &ok);
    if (tuple->rest.kind == REST_SCHEMA) {
        ok = check_others(visit, tuple->rest.node, "items", next) && ok;
    }
    return ok;
}

static bool refuse_matches(struct visit *visit, const char *keyword, const char *relation,
                           int64_t limit, isize matched)
{
    struct sb sb;
    if (message_begin(visit, &sb) != NULL) {
        sb_printf(&sb, "valid must be %s %lld, but got %lld", relation, (long long)limit,
                  (long long)matched);
    }
    return complain_with(visit, keyword, &sb);
}

/* Too few: the errors of the items that do not match tell why, if there are any. */
static bool check_contains(struct visit *visit, const struct contains *contains)
{
    struct run *run = visit->run;
    struct run_mark mark = run_mark(run);
    isize matched = 0;
    bool ok = true;
    for (isize i = 0; run->stopped.len == 0 && i < visit->v.len; i++) {
        if (visit_item(visit, contains->node, step_plain("contains"), i)) {
            matched++;
            if (contains->evaluates) {
                seen_set(&visit->seen, i);
            }
        }
    }
    if (matched >= contains->least) {
        run_forget(run, mark);
    } else if (matched == visit->v.len) {
        ok = refuse_matches(visit, "minContains", ">=", contains->least, matched);
    } else {
        ok = false;
    }
    if (contains->most >= 0 && matched > contains->most) {
        ok = refuse_matches(visit, "maxContains", "<=", contains->most, matched);
    }
    return ok;
}

static bool check_unevaluated(struct visit *visit, const struct schema *node)
{
    bool ok = pay(visit->run, visit->v.len / 64);
    for (isize i = 0; visit->run->stopped.len == 0 && i < visit->v.len; i++) {
        if (!seen_has(&visit->seen, i)) {
            ok = visit_item(visit, node, step_plain("unevaluatedItems"), i) && ok;
        }
    }
    visit->seen.all = true;
    return ok;
}

bool check_array(struct visit *visit, const struct check *check)
{
    int64_t count = visit->v.len;
    switch ((enum check_kind)check->kind) {
    case CHECK_MIN_ITEMS:
        return count >= check->count || refuse_count(visit, "minItems", "minimum", check->count);
    case CHECK_MAX_ITEMS:
        return count <= check->count || refuse_count(visit, "maxItems", "maximum", check->count);
    case CHECK_UNIQUE_ITEMS:
        return check_unique(visit);
    case CHECK_ITEMS:
        return check_items(visit, *check->slot);
    case CHECK_TUPLE:
        return check_tuple(visit, check->tuple);
    case CHECK_PREFIX:
        return check_prefix(visit, check->tuple);
    case CHECK_CONTAINS:
        return check_contains(visit, check->contains);
    case CHECK_UNEVALUATED_ITEMS:
        return check_unevaluated(visit, *check->slot);
    default:
        return true;
    }
}
