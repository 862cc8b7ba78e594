/* decide.c — the decision for one resource
 *
 * For each action: principal policies first (their decision is final), then resource policies. There, roles of the
 * principal are independent and one ALLOW suffices; for each role the scopes are walked from the narrowest outward. A
 * DENY of a row decides at once; an ALLOW only after all rows of its scope, and what it is worth depends on the scope's
 * permissions: it overrides the parents, or needs their consent.
 *
 * Role policies restrict: where a role has one, what it does not list is denied, and a condition that does not hold
 * denies. These denials come before the ordinary rows of the scope.
 *
 * Nothing else decides: explain and coverage watch this code through an observer.
 *
 * Invariants
 *   an action ends in ALLOW only through a satisfied ALLOW row
 *   an error, a limit or missing data never makes a row's ALLOW satisfied
 *
 * spec: cerbos-compat#the-check-algorithm
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/regex.h"
#include "engine/decide_priv.h"

#include <stdlib.h>

enum { NO_MATCH = 0, ALLOW = 1, DENY = 2 };

struct engine_ctx {
    struct cel_thread *thread; /* regular expression workspace */
};

struct engine_ctx *engine_ctx_new(void)
{
    struct engine_ctx *ctx = calloc(1, sizeof(*ctx));
    if (ctx != NULL) {
        ctx->thread = cel_thread_new();
        if (ctx->thread == NULL) {
            free(ctx);
            return NULL;
        }
    }
    return ctx;
}

void engine_ctx_free(struct engine_ctx *ctx)
{
    if (ctx != NULL) {
        cel_thread_free(ctx->thread);
        free(ctx);
    }
}

/* ---- roots ---- */
static struct value map_or_empty(struct decider *d, const struct vmap *map)
{
    return v_map(map != NULL ? map : vmap_new(d->arena, 0));
}

static struct value string_list(struct decider *d, const str *texts, isize count)
{
    struct value *items = new (d->arena, struct value, count);
    for (isize i = 0; i < count; i++) {
        items[i] = v_string(texts[i]);
    }
    return v_list(items, count);
}

static struct value scope_value(str sent)
{
    return v_string(sent.len > 0 && sent.ptr[0] == '.' ? str_slice(sent, 1, sent.len) : sent);
}

static void roots_prepare(struct decider *d)
{
    const struct principal *p = &d->request->principal;
    const struct resource *r = &d->item->resource;
    struct value *roots = d->roots;
    roots[ROOT_P_ID] = v_string(p->id);
    roots[ROOT_P_ROLES] = string_list(d, p->roles, p->role_count);
    roots[ROOT_P_ATTR] = map_or_empty(d, p->attr);
    roots[ROOT_P_VERSION] = v_string(p->policy_version);
    roots[ROOT_P_SCOPE] = scope_value(p->scope);
    roots[ROOT_R_KIND] = v_string(r->kind);
    roots[ROOT_R_ID] = v_string(r->id);
    roots[ROOT_R_ATTR] = map_or_empty(d, r->attr);
    roots[ROOT_R_VERSION] = v_string(r->policy_version);
    roots[ROOT_R_SCOPE] = scope_value(r->scope);
    roots[ROOT_JWT] = map_or_empty(d, d->request->aux.jwt);
    roots[ROOT_JWTS] = map_or_empty(d, d->request->aux.jwts);
    roots[ROOT_EDR] = v_list(NULL, 0);
    objects_init(&d->objects, roots, d->snapshot);
}

/* ---- rows ---- */
struct walk {
    struct level *level;
    isize role;        /* number of the principal's role            */
    bool pending;      /* an ALLOW of this or a nearer scope waits  */
    struct fold *fold; /* what the role comes to                    */
};

static void observe_row(struct decider *d, const struct walk *w, const struct policy_state *p,
                        const struct img_row *row, enum row_verdict verdict, uint8_t effect)
{
    if (d->observer == NULL || d->observer->row == NULL) {
        return;
    }
    struct row_event event = { .action = d->item->actions[d->action],
                               .role = d->request->principal.roles[w->role],
                               .scope = w->level->scope,
                               .policy = p->policy,
                               .row = row,
                               .verdict = verdict,
                               .effect = effect };
    d->observer->row(d->observer->ctx, &event);
}

static str policy_key(const struct decider *d, const struct policy_state *p)
{
    return image_str(&d->snapshot->image, p->policy->key);
}

/* Strict evaluation: the error denies the action, whatever other roles or policies say. */
static void abort_action(struct decider *d, const struct walk *w, const struct policy_state *p,
                         const struct img_row *row)
{
    observe_row(d, w, p, row, ROW_FAILED, DENY);
    d->aborted = true;
    d->abort_with = (struct fold){ DENY, policy_key(d, p), w->level->scope };
}

static void emit_outputs(struct decider *d, const struct walk *w, struct policy_state *p, const struct img_row *row,
                         uint32_t expr, bool once)
{
    isize times = expr == IMAGE_NONE ? 0 : once ? 1 : row_multiplicity(d, p, row, w->role);
    for (isize i = 0; i < times; i++) {
        output_emit(d, p, row, expr);
    }
}

/* One ordinary row. Returns true when it denies (or aborts): the walk ends. */
static bool row_visit(struct decider *d, struct walk *w, struct policy_state *p, const struct img_row *row)
{
    if (row->drole != IMAGE_NONE) {
        enum outcome member = derived_role_eval(d, p, row->drole);
        if (member == OUT_ERROR) {
            abort_action(d, w, p, row);
            return true;
        }
        if (member != OUT_TRUE) {
            observe_row(d, w, p, row, ROW_NO_DERIVED_ROLE, row->effect);
            return false;
        }
    }
    enum outcome met = row_condition(d, p, row);
    if (met == OUT_ERROR) {
        abort_action(d, w, p, row);
        return true;
    }
    bool negated = (row->flags & ROW_NEGATED) != 0;
    bool satisfied = (met == OUT_TRUE) != negated;
    bool denies = satisfied && row->effect == DENY;
    emit_outputs(d, w, p, row, satisfied ? row->activated : row->not_met, denies);
    observe_row(d, w, p, row, satisfied ? ROW_SATISFIED : ROW_CONDITION_NOT_MET, row->effect);
    if (denies) {
        w->fold->effect = DENY;
        w->fold->scope = w->level->scope;
        return true;
    }
    w->pending = w->pending || (satisfied && row->effect == ALLOW);
    return false;
}

/* ---- role policies ---- */
static void role_policy_denies(struct decider *d, struct walk *w, const struct policy_state *p,
                               const struct img_row *row)
{
    observe_row(d, w, p, row, ROW_SATISFIED, DENY);
    *w->fold = (struct fold){ DENY, policy_key(d, p), w->level->scope };
}

/* Each matching rule of a role policy is a denial unless its condition holds; no rule at all is one too. */
static bool role_policy_visit(struct decider *d, struct walk *w, struct policy_state *p)
{
    uint64_t *rows = new (d->arena, uint64_t, (isize)p->policy->words);
    if (!rows_match(d, p, w->role, rows)) {
        role_policy_denies(d, w, p, NULL);
        return true;
    }
    isize words = (isize)p->policy->words;
    for (isize i = bits_next(rows, words, 0); i >= 0; i = bits_next(rows, words, i + 1)) {
        const struct img_row *row = &d->snapshot->image.rows[p->policy->rows.first + (uint32_t)i];
        enum outcome met = row_condition(d, p, row);
        if (met == OUT_ERROR) {
            abort_action(d, w, p, row);
            return true;
        }
        emit_outputs(d, w, p, row, met == OUT_TRUE ? row->activated : row->not_met, true);
        if (met != OUT_TRUE) {
            role_policy_denies(d, w, p, row);
            return true;
        }
        observe_row(d, w, p, row, ROW_SATISFIED, NO_MATCH);
    }
    return false;
}

/* Role policies of the level for the role and its parents, in their order. */
static bool role_policies_visit(struct decider *d, struct walk *w)
{
    const struct role_set *set = &d->roles[w->role];
    for (isize r = 0; r < set->count; r++) {
        for (uint32_t i = 0; i < w->level->role_policy_count; i++) {
            struct policy_state *p = w->level->role_policies[i];
            if (set->symbols[r] != 0 && p->policy->name == set->symbols[r] && role_policy_visit(d, w, p)) {
                return true;
            }
        }
    }
    return false;
}

/* Does any row of the level fit kind and role, whatever the action? Without one the level is silent. */
static bool level_concerns(struct decider *d, const struct walk *w)
{
    const struct role_set *set = &d->roles[w->role];
    if (w->level->policy != NULL && rows_for_role(d, w->level->policy, w->role)) {
        return true;
    }
    for (uint32_t i = 0; i < w->level->role_policy_count; i++) {
        struct policy_state *p = w->level->role_policies[i];
        for (isize r = 0; r < set->count; r++) {
            if (set->symbols[r] != 0 && p->policy->name == set->symbols[r] && rows_for_kind(d, p)) {
                return true;
            }
        }
    }
    return false;
}

/* ---- levels ---- */
/* All rows of the level's policy. Returns true when one decided. */
static bool policy_visit(struct decider *d, struct walk *w)
{
    struct policy_state *p = w->level->policy;
    if (p == NULL) {
        return false;
    }
    isize words = (isize)p->policy->words;
    uint64_t *rows = new (d->arena, uint64_t, words);
    if (!rows_match(d, p, w->role, rows)) {
        return false;
    }
    for (isize i = bits_next(rows, words, 0); i >= 0; i = bits_next(rows, words, i + 1)) {
        if (row_visit(d, w, p, &d->snapshot->image.rows[p->policy->rows.first + (uint32_t)i])) {
            return true;
        }
    }
    return false;
}

/* Returns true when the level decided: no further scope is looked at. */
static bool level_visit(struct decider *d, struct walk *w, bool resource)
{
    if (resource) {
        derived_roles_enter(d, w->level);
        if (level_concerns(d, w) && role_policies_visit(d, w)) {
            return true;
        }
    }
    if (policy_visit(d, w)) {
        return true;
    }
    if (w->pending && w->level->permissions == 2) {
        w->pending = false; /* the parents have to allow it themselves */
    } else if (w->pending && w->level->permissions == 1) {
        w->fold->effect = ALLOW;
        w->fold->scope = w->level->scope;
        return true;
    }
    return false;
}

static struct fold role_decide(struct decider *d, bool resource, isize role)
{
    bool exists = resource ? d->resource_exists : d->principal_exists;
    str key = resource ? d->resource_key : d->principal_key;
    struct fold fold = { NO_MATCH, exists ? key : S("NO_MATCH"), STR_EMPTY };
    const struct chain *chain = resource ? &d->resource_chain : &d->principal_chain;
    struct walk walk = { .role = role, .fold = &fold };
    for (isize i = 0; i < chain->count; i++) {
        walk.level = &chain->levels[i];
        if (level_visit(d, &walk, resource)) {
            break;
        }
    }
    return fold;
}

static struct fold action_decide(struct decider *d)
{
    struct fold result = { NO_MATCH, STR_EMPTY, STR_EMPTY };
    for (int resource = 0; resource <= 1; resource++) {
        result.effect = NO_MATCH;
        d->roots[ROOT_EDR] = v_list(NULL, 0);
        isize roles = resource ? d->role_count : d->role_count > 0; /* principal rows ignore roles */
        for (isize role = 0; role < roles; role++) {
            struct fold fold = role_decide(d, resource != 0, role);
            if (d->aborted) {
                d->aborted = false;
                return d->abort_with;
            }
            if (result.effect == NO_MATCH || fold.effect == ALLOW) {
                result = fold;
            }
            if (fold.effect == ALLOW) {
                break;
            }
        }
        if (result.effect != NO_MATCH) {
            break;
        }
    }
    return result;
}

/* ---- whole decision ---- */
static void put_action(struct decider *d, struct action_decision *out, isize action, struct fold fold)
{
    *out = (struct action_decision){ .action = d->item->actions[action],
                                     .allow = fold.effect == ALLOW,
                                     .matched_policy = fold.policy,
                                     .matched_scope = fold.scope };
    if (d->observer != NULL && d->observer->action != NULL) {
        d->observer->action(d->observer->ctx, out);
    }
}

static int compare_errors(const void *a, const void *b)
{
    const struct evaluation_error *x = a;
    const struct evaluation_error *y = b;
    int order = str_cmp(x->expression, y->expression);
    return order != 0 ? order : str_cmp(x->message, y->message);
}

static void finish(struct decider *d, struct decision *out)
{
    if (d->errors.len > 1) {
        qsort(d->errors.ptr, (size_t)d->errors.len, sizeof(*d->errors.ptr), compare_errors);
    }
    out->derived_roles = d->derived_roles.ptr;
    out->derived_role_count = d->derived_roles.len;
    out->outputs = d->outputs.ptr;
    out->output_count = d->outputs.len;
    out->evaluation_errors = d->errors.ptr;
    out->evaluation_error_count = d->errors.len;
    for (const struct unit_state *u = d->units; u != NULL; u = u->next) {
        out->now_used = out->now_used || u->run.now_used;
    }
}

static void decide_item(struct decider *d, struct decision *out)
{
    struct action_decision *actions = new (d->arena, struct action_decision, d->item->action_count);
    struct fold fixed = { DENY, S("NO_MATCH"), STR_EMPTY };
    out->actions = actions;
    out->action_count = d->item->action_count;
    scopes_prepare(d);
    bool decided = d->principal_chain.count == 0 && d->resource_chain.count == 0;
    if (!decided && schemas_reject(d, out, false)) {
        fixed.policy = d->resource_key;
        decided = true;
    }
    decided = decided || (!d->principal_exists && !d->resource_exists);
    if (!decided) {
        roles_prepare(d);
        roots_prepare(d);
    }
    for (isize i = 0; i < d->item->action_count; i++) {
        if (!decided) {
            d->action = i;
            d->action_symbol = image_find_symbol(&d->snapshot->image, d->item->actions[i]);
        }
        put_action(d, &actions[i], i, decided ? fixed : action_decide(d));
    }
    finish(d, out);
}

cardea_status decide(struct decision *out, struct engine_ctx *ctx, const struct snapshot *snapshot,
                     const struct check_request *request, isize item, struct arena *arena,
                     const struct decide_observer *observer)
{
    jmp_buf env;
    jmp_buf *outer = arena_guard_set(arena, &env);
    if (setjmp(env) != 0) {
        arena_guard_set(arena, outer);
        *out = (struct decision){ 0 };
        return CARDEA_ELIMIT;
    }
    struct decider *d = new (arena, struct decider, 1);
    d->snapshot = snapshot;
    d->request = request;
    d->item = &request->items[item];
    d->arena = arena;
    d->thread = ctx->thread;
    d->observer = observer;
    *out = (struct decision){ 0 };
    decide_item(d, out);
    arena_guard_set(arena, outer);
    return CARDEA_OK;
}
