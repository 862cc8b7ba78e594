/* index.c — which rows of a policy match a request
 *
 * A policy record keeps, for every action, role and resource kind it names, the set of rows that the name selects.
 * Matching is the intersection of such sets. Patterns add the sets of each pattern that fits. What a role selects
 * is computed once per role, what an action selects once per action, so each pattern is tried once.
 *
 * Invariants
 *   bits at and above the row count are zero            → iteration needs no bound
 *   ascending bits are the order of evaluation          → spec: cerbos-compat#one-role
 *
 * Neighbours: image/format.h lays the tables out · decide.c walks the result
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/decide_priv.h"

struct policy_state *policy_state_new(struct decider *d, uint32_t policy)
{
    struct policy_state *p = new (d->arena, struct policy_state, 1);
    p->policy = &d->snapshot->image.policies[policy];
    p->action = -1;
    return p;
}

/* Position of a literal name in a table sorted by symbol, or NULL. */
static const struct img_key *find_key(const struct image *im, struct img_range range, uint32_t symbol)
{
    const struct img_key *keys = im->keys + range.first;
    uint32_t lo = 0;
    uint32_t hi = range.count;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (keys[mid].symbol == symbol) {
            return &keys[mid];
        }
        if (keys[mid].symbol < symbol) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return NULL;
}

static bool glob_fits(struct decider *d, const struct img_key *key, str text)
{
    return glob_match(image_glob_program(&d->snapshot->image, key->glob), text, d->arena);
}

/* Adds to `bits` the rows that a name selects, by itself and through patterns. */
static void add_rows(struct decider *d, const struct img_keys *keys, uint32_t symbol, str text, isize words,
                     uint64_t *bits)
{
    const struct image *im = &d->snapshot->image;
    const struct img_key *key = symbol == 0 ? NULL : find_key(im, keys->names, symbol);
    if (key != NULL) {
        bits_or(bits, im->bits + key->bits, words);
    }
    for (uint32_t i = 0; i < keys->globs.count; i++) {
        const struct img_key *g = &im->keys[keys->globs.first + i];
        if (glob_fits(d, g, text)) {
            bits_or(bits, im->bits + g->bits, words);
        }
    }
}

static void need_actions(struct decider *d, struct policy_state *p)
{
    isize words = (isize)p->policy->words;
    if (p->action == d->action) {
        return;
    }
    if (p->action_bits == NULL) {
        p->action_bits = new (d->arena, uint64_t, words);
    } else {
        memset(p->action_bits, 0, (size_t)words * sizeof(uint64_t));
    }
    p->action = d->action;
    add_rows(d, &p->policy->actions, d->action_symbol, d->item->actions[d->action], words, p->action_bits);
}

static uint64_t *need_role(struct decider *d, struct policy_state *p, isize role)
{
    isize words = (isize)p->policy->words;
    if (p->role_bits == NULL) {
        p->role_bits = new (d->arena, uint64_t, words * d->role_count);
        p->role_ready = new (d->arena, uint8_t, d->role_count);
    }
    uint64_t *bits = p->role_bits + role * words;
    if (!p->role_ready[role]) {
        const struct role_set *set = &d->roles[role];
        for (isize i = 0; i < set->count; i++) {
            add_rows(d, &p->policy->roles, set->symbols[i], set->names[i], words, bits);
        }
        p->role_ready[role] = 1;
    }
    return bits;
}

/* A pattern for kinds is tried on the kind as sent and as folded, so that `leave-*` fits `leave-request` although
 * policies know it as `leave_request`. docs/differences.md */
static void need_kind(struct decider *d, struct policy_state *p)
{
    isize words = (isize)p->policy->words;
    if (p->kind_bits != NULL) {
        return;
    }
    p->kind_bits = new (d->arena, uint64_t, words);
    add_rows(d, &p->policy->kinds, d->kind_symbol, d->kind, words, p->kind_bits);
    if (!str_eq(d->kind, d->item->resource.kind)) {
        add_rows(d, &p->policy->kinds, 0, d->item->resource.kind, words, p->kind_bits);
    }
    p->kind_any = bits_next(p->kind_bits, words, 0) >= 0;
}

bool rows_for_kind(struct decider *d, struct policy_state *p)
{
    need_kind(d, p);
    return p->kind_any;
}

bool rows_for_role(struct decider *d, struct policy_state *p, isize role)
{
    return bits_next(need_role(d, p, role), (isize)p->policy->words, 0) >= 0;
}

bool rows_match(struct decider *d, struct policy_state *p, isize role, uint64_t *out)
{
    isize words = (isize)p->policy->words;
    const uint64_t *other;
    if (p->policy->type == DIR_RESOURCE) {
        other = need_role(d, p, role);
    } else {
        need_kind(d, p);
        other = p->kind_bits;
    }
    need_actions(d, p);
    uint64_t any = 0;
    for (isize i = 0; i < words; i++) {
        out[i] = p->action_bits[i] & other[i];
        any |= out[i];
    }
    return any != 0;
}

static bool key_fits(struct decider *d, uint32_t number, uint32_t symbol, str text)
{
    const struct img_key *key = &d->snapshot->image.keys[number];
    return key->glob == IMAGE_NONE ? symbol != 0 && key->symbol == symbol : glob_fits(d, key, text);
}

static isize count_actions(struct decider *d, const struct img_row *row)
{
    const uint32_t *list = d->snapshot->image.lists + row->actions.first;
    isize count = 0;
    for (uint32_t i = 0; i < row->actions.count; i++) {
        count += key_fits(d, list[i], d->action_symbol, d->item->actions[d->action]);
    }
    return count;
}

static isize count_roles(struct decider *d, const struct img_row *row, isize role)
{
    const uint32_t *list = d->snapshot->image.lists + row->roles.first;
    const struct role_set *set = &d->roles[role];
    isize count = 0;
    for (uint32_t i = 0; i < row->roles.count; i++) {
        bool fits = false;
        for (isize r = 0; r < set->count && !fits; r++) {
            fits = key_fits(d, list[i], set->symbols[r], set->names[r]);
        }
        count += fits;
    }
    return count;
}

isize row_multiplicity(struct decider *d, const struct policy_state *p, const struct img_row *row, isize role)
{
    isize actions = row->actions.count <= 1 ? 1 : count_actions(d, row);
    if (p->policy->type != DIR_RESOURCE || row->roles.count <= 1) {
        return actions;
    }
    return actions * count_roles(d, row, role);
}
