/* validate_object.c — keywords for objects
 *
 * Members are looked at in the order in which they were sent; the reference's order is random
 * there.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "schema/text.h"
#include "schema/validate_priv.h"

static const struct vmap_entry *entry_of(const struct visit *visit, isize number)
{
    return &visit->v.map->entries[number];
}

static str name_of(const struct visit *visit, isize number)
{
    return v_str(entry_of(visit, number)->key);
}

static bool has_member(const struct visit *visit, str name)
{
    return vmap_place(visit->v.map, name) != NULL;
}

/* Applies a schema to the value of a member. */
static bool visit_member(struct visit *visit, const struct schema *node, struct step step,
                         isize number)
{
    struct place place = { .up = visit->place, .name = name_of(visit, number), .index = -1 };
    return visit_below(visit, node, step, entry_of(visit, number)->val, &place);
}

static bool refuse_count(struct visit *visit, const char *keyword, const char *word, int64_t limit)
{
    struct sb sb;
    if (message_begin(visit, &sb) != NULL) {
        sb_printf(&sb, "%s %lld properties allowed, but found %lld properties", word,
                  (long long)limit, (long long)visit->v.len);
    }
    return complain_with(visit, keyword, &sb);
}

static bool check_required(struct visit *visit, const struct name_list *names)
{
    struct sb sb;
    bool wanted = message_begin(visit, &sb) != NULL;
    bool ok = pay(visit->run, names->count / 16);
    bool missing = false;
    for (isize i = 0; ok && i < names->count; i++) {
        if (has_member(visit, names->names[i])) {
            continue;
        }
        if (wanted) {
            sb_add(&sb, missing ? S(", ") : S("missing properties: "));
            text_quote(&sb, names->names[i], '\'');
        }
        missing = true;
    }
    return ok && (!missing || complain_with(visit, "required", &sb));
}

static bool check_properties(struct visit *visit, const struct member_list *members)
{
    bool ok = pay(visit->run, visit->v.len / 16);
    for (isize i = 0; visit->run->stopped.len == 0 && i < visit->v.len; i++) {
        uint32_t number = map_get(&members->names, name_of(visit, i));
        if (number != MAP_NONE) {
            const struct member *member = &members->list[number];
            seen_set(&visit->seen, i);
            ok = visit_member(visit, member->node, step_name("properties", member->name), i) && ok;
        }
    }
    return ok;
}

static bool check_property_names(struct visit *visit, const struct schema *node)
{
    bool ok = true;
    for (isize i = 0; visit->run->stopped.len == 0 && i < visit->v.len; i++) {
        struct place place = { .up = visit->place, .name = name_of(visit, i), .index = -1 };
        ok = visit_below(visit, node, step_plain("propertyNames"), entry_of(visit, i)->key,
                         &place) &&
             ok;
    }
    return ok;
}

/* Draft 4's and 6's way to say that names are patterns. */
static bool check_regex_properties(struct visit *visit)
{
    bool ok = true;
    for (isize i = 0; i < visit->v.len; i++) {
        str why;
        struct arena_mark mark = arena_mark(visit->run->arena);
        bool valid = cel_regex_valid(visit->run->arena, name_of(visit, i), &why);
        arena_reset(visit->run->arena, mark);
        struct sb sb;
        if (!valid && message_begin(visit, &sb) != NULL) {
            sb_add(&sb, S("patternProperty "));
            text_quote(&sb, name_of(visit, i), '\'');
            sb_add(&sb, S(" is not valid regex"));
            (void)complain_with(visit, "", &sb);
        }
        ok = ok && valid;
    }
    return ok;
}

static bool check_pattern_properties(struct visit *visit, const struct member_list *members)
{
    struct run *run = visit->run;
    bool ok = true;
    for (isize k = 0; k < members->count; k++) {
        const struct member *member = &members->list[k];
        for (isize i = 0; run->stopped.len == 0 && i < visit->v.len; i++) {
            str name = name_of(visit, i);
            if (!pay(run, 1 + name.len / 16)) {
                return false;
            }
            int found = cel_regex_match(member->regex, run->thread, run->arena, name);
            if (found < 0) {
                return stop(run, S("validation was stopped: a pattern takes too much memory"));
            }
            if (found > 0) {
                seen_set(&visit->seen, i);
                ok = visit_member(visit, member->node, step_name("patternProperties", member->name),
                                  i) &&
                     ok;
            }
        }
    }
    return ok;
}

static bool refuse_additional(struct visit *visit)
{
    struct sb sb;
    if (message_begin(visit, &sb) != NULL) {
        bool first = true;
        sb_add(&sb, S("additionalProperties "));
        for (isize i = 0; i < visit->v.len; i++) {
            if (!seen_has(&visit->seen, i)) {
                sb_add(&sb, first ? STR_EMPTY : S(", "));
                text_quote(&sb, name_of(visit, i), '\'');
                first = false;
            }
        }
        sb_add(&sb, S(" not allowed"));
    }
    return complain_with(visit, "additionalProperties", &sb);
}

/* Those that no keyword before has spoken of. */
static bool check_additional(struct visit *visit, const struct rest *rest)
{
    bool ok = pay(visit->run, visit->v.len / 64);
    for (isize i = 0;
         rest->kind != REST_ALLOWED && visit->run->stopped.len == 0 && i < visit->v.len; i++) {
        if (seen_has(&visit->seen, i)) {
            continue;
        }
        if (rest->kind == REST_REFUSED) {
            ok = refuse_additional(visit);
            break;
        }
        ok = visit_member(visit, rest->node, step_plain("additionalProperties"), i) && ok;
    }
    visit->seen.all = true;
    return ok;
}

/* All names that a member makes necessary. */
static bool check_names(struct visit *visit, const char *keyword, const struct member *member)
{
    bool ok = pay(visit->run, member->names.count / 16);
    for (isize i = 0; i < member->names.count; i++) {
        struct sb sb;
        if (has_member(visit, member->names.names[i])) {
            continue;
        }
        if (message_begin(visit, &sb) != NULL) {
            sb_add(&sb, S("property "));
            text_quote(&sb, member->names.names[i], '\'');
            sb_add(&sb, S(" is required, if "));
            text_quote(&sb, member->name, '\'');
            sb_add(&sb, S(" property exists"));
        }
        struct step step = step_name(keyword, member->name);
        step.index = i;
        ok = complain_at(visit, step, sb_str(&sb));
    }
    return ok;
}

static bool check_dependencies(struct visit *visit, const struct member_list *members,
                               const char *keyword)
{
    bool ok = pay(visit->run, members->count / 16);
    for (isize k = 0; visit->run->stopped.len == 0 && k < members->count; k++) {
        const struct member *member = &members->list[k];
        if (has_member(visit, member->name)) {
            bool holds = member->node == NULL ? check_names(visit, keyword, member)
                                              : visit_in_place(visit, member->node,
                                                               step_name(keyword, member->name));
            ok = holds && ok;
        }
    }
    return ok;
}

static bool check_unevaluated(struct visit *visit, const struct schema *node)
{
    bool ok = pay(visit->run, visit->v.len / 64);
    for (isize i = 0; visit->run->stopped.len == 0 && i < visit->v.len; i++) {
        if (!seen_has(&visit->seen, i)) {
            ok = visit_member(visit, node, step_plain("unevaluatedProperties"), i) && ok;
        }
    }
    visit->seen.all = true;
    return ok;
}

bool check_object(struct visit *visit, const struct check *check)
{
    int64_t count = visit->v.len;
    switch ((enum check_kind)check->kind) {
    case CHECK_MIN_PROPERTIES:
        return count >= check->count ||
               refuse_count(visit, "minProperties", "minimum", check->count);
    case CHECK_MAX_PROPERTIES:
        return count <= check->count ||
               refuse_count(visit, "maxProperties", "maximum", check->count);
    case CHECK_REQUIRED:
        return check_required(visit, check->names);
    case CHECK_PROPERTIES:
        return check_properties(visit, check->members);
    case CHECK_PROPERTY_NAMES:
        return check_property_names(visit, *check->slot);
    case CHECK_REGEX_PROPERTIES:
        return check_regex_properties(visit);
    case CHECK_PATTERN_PROPERTIES:
        return check_pattern_properties(visit, check->members);
    case CHECK_ADDITIONAL_PROPERTIES:
        return check_additional(visit, check->rest);
    case CHECK_DEPENDENCIES:
        return check_dependencies(visit, check->members, "dependencies");
    case CHECK_DEPENDENT_REQUIRED:
        return check_dependencies(visit, check->members, "dependentRequired");
    case CHECK_DEPENDENT_SCHEMAS:
        return check_dependencies(visit, check->members, "dependentSchemas");
    case CHECK_UNEVALUATED_PROPERTIES:
        return check_unevaluated(visit, *check->slot);
    default:
        return true;
    }
}
