/* rules.c — rules → rows, and the tables that select them
 *
 * A rule of a resource policy yields one row for its plain roles and one for each derived role it names, entered under
 * the derived role's parent roles. An action of a principal policy and a rule of a role policy yield one row each. For
 * every action, role and resource kind that a policy names, a key says which rows it selects.
 *
 * Under "require parental consent" an ALLOW with a condition becomes a DENY that holds when the condition does not.
 *
 * spec: cerbos-compat#the-rule-table
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/bitset.h"
#include "base/glob.h"
#include "base/ident.h"
#include "compile/compile_priv.h"

#include <stdlib.h>

/* ---- keys: which rows a name selects ---- */
struct key_entry {
    str text;
    bool pattern;
    uint64_t *bits;
    uint32_t symbol;
    uint32_t number; /* in KEYS, once emitted */
};
struct keys {
    struct map names;            /* text → number in list */
    VEC(struct key_entry) list;
};

struct table {
    struct compiler *c;
    struct module *m;
    const struct member *member;
    uint32_t words;
    struct keys actions, roles, kinds;
    VEC(struct img_row) rows;
    VEC(uint32_t) lists;   /* numbers of keys that rows refer to, before keys have numbers in KEYS */
    struct used_roles derived;
    bool roles_sound;      /* nothing is wrong with derived roles                                 */
    isize roles_end;       /* how many diagnostics there were behind them                         */
};

static uint32_t key_new(struct table *t, struct keys *keys, str text, bool pattern)
{
    *vec_push(t->c->arena, &keys->list) =
        (struct key_entry){ .text = text, .pattern = pattern, .bits = new (t->c->arena, uint64_t, (isize)t->words) };
    return (uint32_t)keys->list.len - 1;
}

static uint32_t key_add(struct table *t, struct keys *keys, str text, isize row)
{
    uint32_t number = map_get(&keys->names, text);
    if (number == MAP_NONE) {
        number = key_new(t, keys, text, glob_is_pattern(text));
        (void)map_set(t->c->arena, &keys->names, text, number);
    }
    bits_set(keys->list.ptr[number].bits, row);
    return number;
}

static void check_pattern(struct table *t, const struct ptext *text)
{
    struct glob glob;
    if (glob_is_pattern(text->text) && !glob_compile(t->c->arena, text->text, &glob)) {
        (void)diag_add(t->c->diags, &warn_pattern, text->span,
                       "`%.*s` is not a valid pattern and matches nothing", STR_ARG(text->text));
    }
}

/* Enters the row under each text; the numbers go to the table's lists. */
static struct img_range keys_add(struct table *t, struct keys *keys, const struct ptexts *texts, isize row)
{
    struct img_range range = { (uint32_t)t->lists.len, (uint32_t)texts->len };
    for (isize i = 0; i < texts->len; i++) {
        check_pattern(t, &texts->ptr[i]);
        uint32_t number = key_add(t, keys, texts->ptr[i].text, row);
        *vec_push(t->c->arena, &t->lists) = number;
    }
    return range;
}

static bool has_special(str text)
{
    return str_find_byte(text, '?') >= 0 || str_find_byte(text, '[') >= 0 || str_find_byte(text, '{') >= 0 ||
           str_find_byte(text, '\\') >= 0;
}

/* What a role policy allows. Here `?`, `[…]`, `{…}` and `\` make a pattern without any `*`, next to the text itself.
 * spec: cerbos-compat#patterns */
static struct img_range allowed_add(struct table *t, const struct ptexts *texts, isize row)
{
    struct img_range range = keys_add(t, &t->actions, texts, row);
    for (isize i = 0; i < texts->len; i++) {
        str text = texts->ptr[i].text;
        struct glob glob;
        if (!glob_is_pattern(text) && has_special(text) && glob_compile(t->c->arena, text, &glob)) {
            uint32_t number = key_new(t, &t->actions, text, true); /* may move the list */
            bits_set(t->actions.list.ptr[number].bits, row);
        }
    }
    return range;
}

/* Kinds are compared as folded; a pattern stays as written and is tried on both forms. */
static void kind_add(struct table *t, const struct ptext *kind, isize row)
{
    str text = glob_is_pattern(kind->text) ? kind->text : ident_sanitize(t->c->arena, kind->text);
    check_pattern(t, kind);
    (void)key_add(t, &t->kinds, text, row);
}

static int compare_keys(const void *a, const void *b)
{
    uint32_t x = (*(const struct key_entry *const *)a)->symbol;
    uint32_t y = (*(const struct key_entry *const *)b)->symbol;
    return (x > y) - (x < y);
}

static void emit_key(struct table *t, struct key_entry *e)
{
    struct img_key key = { .symbol = e->symbol,
                           .glob = e->pattern ? image_glob(t->c->image, e->text) : IMAGE_NONE,
                           .bits = image_count(t->c->image, SEC_BITS) };
    for (uint32_t w = 0; w < t->words; w++) {
        (void)image_push(t->c->image, SEC_BITS, &e->bits[w]);
    }
    e->number = image_push(t->c->image, SEC_KEYS, &key);
}

static struct img_keys emit_keys(struct table *t, struct keys *keys)
{
    struct key_entry **order = new (t->c->arena, struct key_entry *, keys->list.len);
    isize names = 0;
    for (isize i = 0; i < keys->list.len; i++) {
        keys->list.ptr[i].symbol = image_symbol(t->c->image, keys->list.ptr[i].text);
        if (!keys->list.ptr[i].pattern) {
            order[names++] = &keys->list.ptr[i];
        }
    }
    qsort(order, (size_t)names, sizeof(order[0]), compare_keys);
    struct img_keys out = { { image_count(t->c->image, SEC_KEYS), (uint32_t)names }, { 0, 0 } };
    for (isize i = 0; i < names; i++) {
        emit_key(t, order[i]);
    }
    out.globs.first = image_count(t->c->image, SEC_KEYS);
    for (isize i = 0; i < keys->list.len; i++) {
        if (keys->list.ptr[i].pattern) {
            emit_key(t, &keys->list.ptr[i]);
        }
    }
    out.globs.count = image_count(t->c->image, SEC_KEYS) - out.globs.first;
    return out;
}

static void emit_list(struct table *t, const struct keys *keys, struct img_range *range)
{
    uint32_t first = image_count(t->c->image, SEC_LISTS);
    for (uint32_t i = 0; i < range->count; i++) {
        (void)image_push(t->c->image, SEC_LISTS, &keys->list.ptr[t->lists.ptr[range->first + i]].number);
    }
    range->first = first;
}

/* ---- rows ---- */
static uint32_t line_of(struct span span)
{
    return span.source == NULL ? 0 : (uint32_t)source_place(span.source, span.start).line;
}

/* Facts that all rows of one rule share. */
static struct img_row row_base(struct table *t, isize number, str name, const struct condition *condition,
                               const struct output *output, struct span span)
{
    struct output_exprs exprs = output_compile(t->m, output);
    struct img_row row = {
        .rule = number > UINT16_MAX ? UINT16_MAX : (uint16_t)number,
        .condition = condition_compile(t->m, condition),
        .drole = IMAGE_NONE,
        .activated = exprs.activated,
        .not_met = exprs.not_met,
        .name = image_symbol(t->c->image, name),
        .line = line_of(span),
    };
    if (row.condition != IMAGE_NONE) {
        row.memo = t->m->conditions++;
    }
    if (output->present) {
        row.output = image_text(t->c->image, str_printf(t->c->arena, "%.*s#%.*s", STR_ARG(t->member->key),
                                                        STR_ARG(name)));
    }
    return row;
}

/* Parental consent turns a conditional ALLOW around. */
static void row_effect(const struct table *t, struct img_row *row, uint8_t effect)
{
    row->effect = effect;
    if (effect == EFFECT_ALLOW && row->condition != IMAGE_NONE &&
        t->member->policy->scope_permissions == SCOPE_PERM_CONSENT) {
        row->effect = EFFECT_DENY;
        row->flags |= ROW_NEGATED;
    }
}

static str rule_name(struct compiler *c, const struct ptext *name, str prefix, isize number)
{
    return name->text.len > 0 ? name->text
                              : str_printf(c->arena, "%.*srule-%03d", STR_ARG(prefix), (int)number);
}

static void resource_rule(struct table *t, const struct rule *rule, isize number)
{
    struct img_row base = row_base(t, number, rule_name(t->c, &rule->name, STR_EMPTY, number),
                                   &rule->condition, &rule->output, rule->span);
    row_effect(t, &base, rule->effect);
    if (rule->roles.len > 0) {
        struct img_row row = base;
        row.actions = keys_add(t, &t->actions, &rule->actions, t->rows.len);
        row.roles = keys_add(t, &t->roles, &rule->roles, t->rows.len);
        *vec_push(t->c->arena, &t->rows) = row;
    }
    for (isize i = 0; i < rule->derived_roles.len; i++) {
        isize position = roles_position(&t->derived, rule->derived_roles.ptr[i].text);
        if (position < 0) {
            continue; /* has been reported */
        }
        struct img_row row = base;
        row.drole = (uint32_t)position;
        row.actions = keys_add(t, &t->actions, &rule->actions, t->rows.len);
        row.roles = keys_add(t, &t->roles, &t->derived.list.ptr[position].def->parent_roles, t->rows.len);
        *vec_push(t->c->arena, &t->rows) = row;
    }
}

static isize count_rows(const struct policy *p)
{
    isize count = 0;
    switch (p->kind) {
    case POLICY_RESOURCE:
        for (isize i = 0; i < p->resource.rule_count; i++) {
            count += (p->resource.rules[i].roles.len > 0) + p->resource.rules[i].derived_roles.len;
        }
        return count;
    case POLICY_PRINCIPAL:
        for (isize i = 0; i < p->principal.rule_count; i++) {
            count += p->principal.rules[i].action_count;
        }
        return count;
    default:
        return p->role.rule_count;
    }
}

static void resource_rows(struct table *t)
{
    const struct resource_policy *rp = &t->member->policy->resource;
    t->roles_sound = roles_resolve(t->m, &t->derived);
    t->roles_end = t->c->diags->list.len;
    for (isize i = 0; i < rp->rule_count; i++) {
        resource_rule(t, &rp->rules[i], i + 1);
    }
    t->c->rules += (uint32_t)rp->rule_count;
}

static void principal_rows(struct table *t)
{
    const struct principal_policy *pp = &t->member->policy->principal;
    for (isize i = 0; i < pp->rule_count; i++) {
        const struct principal_rule *rule = &pp->rules[i];
        str prefix = str_printf(t->c->arena, "%.*s_", STR_ARG(rule->resource.text));
        for (isize k = 0; k < rule->action_count; k++) {
            const struct principal_action *a = &rule->actions[k];
            struct ptexts one = { (struct ptext *)&a->action, 1 };
            struct img_row row = row_base(t, i + 1, rule_name(t->c, &a->name, prefix, k + 1), &a->condition,
                                          &a->output, a->span);
            row_effect(t, &row, a->effect);
            row.actions = keys_add(t, &t->actions, &one, t->rows.len);
            kind_add(t, &rule->resource, t->rows.len);
            *vec_push(t->c->arena, &t->rows) = row;
        }
        t->c->rules += (uint32_t)rule->action_count;
    }
}

static void role_rows(struct table *t)
{
    const struct role_policy *rp = &t->member->policy->role;
    for (isize i = 0; i < rp->rule_count; i++) {
        const struct role_rule *rule = &rp->rules[i];
        struct img_row row =
            row_base(t, i + 1, rule->name.text, &rule->condition, &rule->output, rule->span);
        row.actions = allowed_add(t, &rule->allow_actions, t->rows.len);
        kind_add(t, &rule->resource, t->rows.len);
        *vec_push(t->c->arena, &t->rows) = row;
    }
    t->c->rules += (uint32_t)rp->rule_count;
}

/* ---- the policy record ---- */
static str policy_name(const struct table *t, uint32_t *type, str *version)
{
    const struct policy *p = t->member->policy;
    switch (p->kind) {
    case POLICY_RESOURCE:
        *type = DIR_RESOURCE;
        *version = p->resource.version.text;
        return ident_sanitize(t->c->arena, p->resource.resource.text);
    case POLICY_PRINCIPAL:
        *type = DIR_PRINCIPAL;
        *version = p->principal.version.text;
        return p->principal.principal.text;
    default:
        *type = DIR_ROLE;
        *version = p->role.version.text.len > 0 ? p->role.version.text : S("default");
        return p->role.role.text;
    }
}

static void emit_rows(struct table *t, struct img_policy *record)
{
    record->rows = (struct img_range){ image_count(t->c->image, SEC_ROWS), (uint32_t)t->rows.len };
    for (isize i = 0; i < t->rows.len; i++) {
        struct img_row *row = &t->rows.ptr[i];
        emit_list(t, &t->actions, &row->actions);
        emit_list(t, &t->roles, &row->roles);
        (void)image_push(t->c->image, SEC_ROWS, row);
    }
    record->droles = (struct img_range){ image_count(t->c->image, SEC_LISTS), (uint32_t)t->derived.list.len };
    for (isize i = 0; i < t->derived.list.len; i++) {
        (void)image_push(t->c->image, SEC_LISTS, &t->derived.list.ptr[i].number);
    }
}

static void emit_policy(struct table *t)
{
    const struct policy *p = t->member->policy;
    struct compiler *c = t->c;
    str version;
    uint32_t type;
    str name = policy_name(t, &type, &version);
    struct img_policy record = { .type = type,
                                 .name = image_symbol(c->image, name),
                                 .scope = image_symbol(c->image, p->scope.text),
                                 .key = image_text(c->image, t->member->key),
                                 .source = t->member->source,
                                 .permissions = p->scope_permissions,
                                 .unit = module_emit(t->m),
                                 .words = t->words,
                                 .actions = emit_keys(t, &t->actions),
                                 .roles = emit_keys(t, &t->roles),
                                 .kinds = emit_keys(t, &t->kinds),
                                 .conditions = t->m->conditions,
                                 .schema_principal = IMAGE_NONE,
                                 .schema_resource = IMAGE_NONE };
    record.flags = t->m->uses_runtime ? POLICY_USES_RUNTIME : 0;
    schemas_emit(c, p, &record);
    for (isize i = 0; i < t->derived.list.len; i++) {
        const struct img_drole *role = image_record(c->image, SEC_DROLES, t->derived.list.ptr[i].number);
        record.flags |= (role->flags & DROLE_RUNTIME) != 0 ? POLICY_USES_RUNTIME : 0;
    }
    emit_rows(t, &record);
    uint32_t number = image_push(c->image, SEC_POLICIES, &record);
    uint32_t version_symbol = image_symbol(c->image, version);
    (void)image_directory(c->image, (struct img_entry){ type, record.name, version_symbol, record.scope, number, 1 });
    if (type == DIR_PRINCIPAL) {
        (void)image_directory(c->image,
                              (struct img_entry){ DIR_ANY_PRINCIPAL, 0, version_symbol, record.scope, 0, 1 });
    }
    if (type == DIR_ROLE && record.rows.count > 0) {
        *vec_push(c->arena, &c->role_policies) = number;
        *vec_push(c->arena, &c->role_versions) = version_symbol;
    }
    bool role_only = type == DIR_ROLE;
    if (!role_only || record.rows.count > 0) {
        scope_use(c, p->scope.text, type == DIR_PRINCIPAL ? SCOPE_PRINCIPAL : SCOPE_RESOURCE,
                  role_only                                          ? 0
                  : p->scope_permissions == SCOPE_PERM_UNSPECIFIED ? SCOPE_PERM_OVERRIDE
                                                                     : p->scope_permissions);
    }
}

void policy_compile(struct compiler *c, struct member *member)
{
    if (!schemas_check(c, member->policy)) {
        return; /* as the reference: nothing more is said about the policy */
    }
    struct table t = { .c = c, .member = member, .words = (uint32_t)bits_words(count_rows(member->policy)), .roles_sound = true };
    isize before = c->diags->list.len;
    t.m = module_new(c, member->policy, member->key);
    isize named = c->diags->list.len;
    switch (member->policy->kind) {
    case POLICY_RESOURCE:
        resource_rows(&t);
        break;
    case POLICY_PRINCIPAL:
        principal_rows(&t);
        break;
    default:
        role_rows(&t);
        break;
    }
    if (!t.roles_sound) { /* the reference looks no further at the policy */
        diags_hide(c->diags, before, named);
        diags_hide(c->diags, t.roles_end, c->diags->list.len);
    }
    if (!t.m->failed && c->diags->errors == 0) {
        emit_policy(&t);
    }
}
