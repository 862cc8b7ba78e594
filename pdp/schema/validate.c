/* validate.c — a value against a schema
 *
 * Checks of a node run in their order; an unfit type ends the node, every other failure is
 * collected. Errors form a list of leaves: where the reference has a node with causes (`anyOf`,
 * `oneOf`, `contains` …), only the causes are listed, and they are forgotten when the keyword holds
 * after all.
 *
 * What is bounded: steps, depth, listed errors. When a bound is reached the validation fails with
 * one error that says so; it never passes.
 *
 * Neighbours: validate_object.c, validate_array.c, validate_scalar.c hold the keywords by type
 *
 * spec: cerbos-compat#schemas
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "schema/validate_priv.h"

#include "schema/text.h"

/* ---- run ---- */
bool stop(struct run *run, str why)
{
    if (run->stopped.len == 0) {
        run->stopped = why;
    }
    return false;
}

bool pay(struct run *run, int64_t steps)
{
    run->steps -= steps;
    return run->steps >= 0 || stop(run, S("validation was stopped: it takes too many steps"));
}

struct run_mark run_mark(const struct run *run)
{
    return (struct run_mark){ run->last, run->count, run->dropped, arena_mark(run->arena) };
}

void run_forget(struct run *run, struct run_mark mark)
{
    if (run->stopped.len > 0) {
        return; /* its text may be there */
    }
    *mark.last = NULL;
    run->last = mark.last;
    run->count = mark.count;
    run->dropped = mark.dropped;
    arena_reset(run->arena, mark.memory);
}

/* ---- steps and paths ---- */
struct step step_plain(const char *keyword)
{
    return (struct step){ .keyword = str_from_c(keyword), .index = -1 };
}

struct step step_name(const char *keyword, str name)
{
    return (
        struct step){ .keyword = str_from_c(keyword), .name = name, .index = -1, .named = true };
}

struct step step_item(const char *keyword, isize index)
{
    return (struct step){ .keyword = str_from_c(keyword), .index = index };
}

static void add_place(struct sb *out, const struct place *place)
{
    if (place == NULL) {
        return;
    }
    add_place(out, place->up); /* as deep as values are */
    sb_byte(out, '/');
    if (place->index >= 0) {
        sb_int(out, place->index);
    } else {
        text_segment(out, place->name);
    }
}

static void add_location(struct sb *out, const struct scope *scope)
{
    if (scope->up != NULL) {
        add_location(out, scope->up);
        sb_byte(out, '/');
        step_add(out, &scope->step);
    }
}

/* ---- errors ---- */
static str path_of(const struct visit *visit)
{
    struct sb sb = sb_new(visit->run->arena);
    sb_add(&sb, visit->run->root);
    add_place(&sb, visit->place);
    return sb.len > 0 ? sb_str(&sb) : S("/");
}

/* Does the location end in a segment `required`? */
static bool is_required(const struct visit *visit, const struct step *step)
{
    const struct step *last = step->keyword.len > 0 ? step : &visit->scope.step;
    if (step->keyword.len == 0 && visit->scope.up == NULL) {
        return false;
    }
    return str_eq(last->named ? last->name : last->keyword, S("required")) && last->index < 0;
}

bool complain_at(struct visit *visit, struct step step, str message)
{
    struct run *run = visit->run;
    if (run->quiet > 0) {
        return false;
    }
    if (run->count >= SCHEMA_ERRORS) {
        run->dropped++;
        return false;
    }
    struct leaf *leaf = new(run->arena, struct leaf, 1);
    leaf->error = (struct schema_error){ path_of(visit), message, is_required(visit, &step) };
    if (run->located) {
        struct sb sb = sb_new(run->arena);
        add_location(&sb, &visit->scope);
        if (step.keyword.len > 0) {
            sb_byte(&sb, '/');
            step_add(&sb, &step);
        }
        leaf->location = sb_str(&sb);
    }
    *run->last = leaf;
    run->last = &leaf->next;
    run->count++;
    return false;
}

bool complain(struct visit *visit, const char *keyword, str message)
{
    return complain_at(visit, step_plain(keyword), message);
}

struct sb *message_begin(struct visit *visit, struct sb *sb)
{
    *sb = sb_new(visit->run->arena);
    return visit->run->quiet > 0 || visit->run->count >= SCHEMA_ERRORS ? NULL : sb;
}

bool complain_with(struct visit *visit, const char *keyword, const struct sb *sb)
{
    return complain(visit, keyword, sb_str(sb));
}

/* ---- what has been evaluated ---- */
static bool seen_init(struct visit *visit)
{
    isize count = visit->v.kind == V_MAP || visit->v.kind == V_LIST ? (isize)visit->v.len : 0;
    struct seen *seen = &visit->seen;
    seen->words = (count + 63) / 64;
    seen->bits = &seen->few;
    if (seen->words > 1) {
        if (!pay(visit->run, seen->words)) {
            return false;
        }
        seen->bits = new(visit->run->arena, uint64_t, seen->words);
    }
    return true;
}

void seen_set(struct seen *seen, isize number)
{
    if (seen->bits != NULL) {
        seen->bits[number / 64] |= UINT64_C(1) << (number % 64);
    }
}

bool seen_has(const struct seen *seen, isize number)
{
    return seen->all || (seen->bits[number / 64] >> (number % 64) & 1) != 0;
}

static void seen_add(struct seen *seen, const struct seen *other)
{
    seen->all = seen->all || other->all;
    for (isize i = 0; i < seen->words && other->bits != NULL; i++) {
        seen->bits[i] |= other->words > 1 ? other->bits[i] : other->few;
    }
}

/* ---- applying a schema ---- */
/* Out of line: what is only needed on failure must not lengthen the frames of the recursion. */
#define APART __attribute__((noinline))

#define WALK 4 /* scopes looked at for the price of a step */

static bool node_checks(struct visit *visit);

/* The schema has been applied to this value before, on the way here. */
static bool loops(const struct scope *scope)
{
    const struct schema *node = scope->node;
    for (; scope->in_place > 0; scope = scope->up) {
        if (scope->up->node == node) {
            return true;
        }
    }
    return false;
}

/* The way through schemas that apply to this value; the first by its place. */
static void add_loop(struct sb *out, const struct scope *scope)
{
    if (scope->in_place == 0) {
        sub_location(out, scope->node->sub);
        return;
    }
    add_loop(out, scope->up);
    sb_byte(out, '/');
    step_add(out, &scope->step);
}

static APART bool refuse_loop(struct run *run, const struct scope *scope)
{
    struct sb sb = sb_new(run->arena);
    sb_add(&sb, S("infinite loop "));
    add_loop(&sb, scope);
    return stop(run, sb_str(&sb));
}

/* seen: receives what the schema has evaluated; NULL: nobody asks. */
static bool apply(struct run *run, struct visit *visit, struct seen *seen)
{
    const struct schema *node = visit->scope.node;
    if (run->stopped.len > 0 || !pay(run, 1 + visit->scope.in_place / WALK)) {
        return false;
    }
    if (loops(&visit->scope)) {
        return refuse_loop(run, &visit->scope);
    }
    if (node->verdict != NODE_CHECKS) {
        return node->verdict == NODE_TRUE || complain(visit, "", S("not allowed"));
    }
    if (visit->scope.depth >= SCHEMA_DEPTH) {
        return stop(run, S("validation was stopped: schemas are nested too deeply"));
    }
    visit->tracks = seen != NULL || node->tracks;
    if ((visit->tracks || node->counts) && !seen_init(visit)) {
        return false;
    }
    bool ok = node_checks(visit) && run->stopped.len == 0;
    if (ok && seen != NULL) {
        *seen = visit->seen;
        seen->bits = seen->words > 1            ? visit->seen.bits
                     : visit->seen.bits == NULL ? NULL
                                                : &seen->few;
    }
    return ok;
}

bool visit_below(struct visit *visit, const struct schema *node, struct step step, struct value v,
                 const struct place *place)
{
    struct visit inner = { .run = visit->run,
                           .scope = { .up = &visit->scope,
                                      .node = node,
                                      .step = step,
                                      .depth = visit->scope.depth + 1 },
                           .v = v,
                           .place = place };
    return apply(visit->run, &inner, NULL);
}

bool visit_in_place(struct visit *visit, const struct schema *node, struct step step)
{
    struct seen seen = { 0 };
    struct visit inner = { .run = visit->run,
                           .scope = { .up = &visit->scope,
                                      .node = node,
                                      .step = step,
                                      .in_place = visit->scope.in_place + 1,
                                      .depth = visit->scope.depth + 1 },
                           .v = visit->v,
                           .place = visit->place };
    bool ok = apply(visit->run, &inner, visit->tracks ? &seen : NULL);
    if (ok && visit->tracks) {
        seen_add(&visit->seen, &seen);
    }
    return ok;
}

/* ---- keywords for every value ---- */
static bool has_type(const struct schema *node, struct value v)
{
    enum json_type type = json_type(v);
    return node->types == 0 || (node->types & type) != 0 ||
           (type == TYPE_NUMBER && (node->types & TYPE_INTEGER) != 0 && number_whole(v));
}

static APART bool refuse_type(struct visit *visit)
{
    static const char *const names[] = { "null", "boolean", "number", "string", "array", "object" };
    struct sb sb;
    if (message_begin(visit, &sb) != NULL) {
        unsigned type = (unsigned)json_type(visit->v);
        const char *name = type == 0 ? "nothing of JSON" : names[__builtin_ctz(type)];
        sb_printf(&sb, "expected %.*s, but got %s", STR_ARG(visit->scope.node->types_text), name);
    }
    return complain_with(visit, "type", &sb);
}

static APART bool is_listed(struct visit *visit, const struct value_list *list)
{
    if (!pay(visit->run, json_weight(visit->v, visit->run->steps) / 2)) {
        return false;
    }
    if (list->slots == NULL) {
        for (isize i = 0; i < list->count; i++) {
            if (json_equal(visit->v, list->values[i])) {
                return true;
            }
        }
        return false;
    }
    uint32_t at = (uint32_t)json_hash(visit->v) & list->mask;
    for (; list->slots[at] != 0; at = (at + 1) & list->mask) {
        if (json_equal(visit->v, list->values[list->slots[at] - 1])) {
            return true;
        }
    }
    return false;
}

static APART bool check_format(struct visit *visit, const struct format *format)
{
    if (visit->v.kind != V_STRING) {
        return true;
    }
    struct arena_mark mark = arena_mark(visit->run->arena);
    bool ok =
        pay(visit->run, visit->v.len / 16) && format->matches(visit->run->arena, v_str(visit->v));
    arena_reset(visit->run->arena, mark);
    struct sb sb;
    if (!ok && message_begin(visit, &sb) != NULL) {
        text_quote(&sb, v_str(visit->v), '\'');
        sb_add(&sb, S(" is not valid "));
        text_quote(&sb, str_from_c(format->name), '\'');
        return complain_with(visit, "format", &sb);
    }
    return ok;
}

/* `$recursiveRef` leads to the outermost schema on the way that takes part in the recursion. */
static const struct schema *recursive_target(const struct visit *visit, const struct schema *node)
{
    if (node->recursive_anchor && pay(visit->run, visit->scope.depth / WALK)) {
        for (const struct scope *s = &visit->scope; s != NULL; s = s->up) {
            node = s->node->recursive_anchor ? s->node : node;
        }
    }
    return node;
}

/* `$dynamicRef` leads to the outermost schema on the way that has, at or below it, another
 * anchor of that name. */
static const struct schema *dynamic_target(const struct visit *visit, const struct dynamic_ref *ref)
{
    const struct schema *found = ref->node;
    if (ref->anchor.len == 0 || !str_eq(ref->node->dynamic_anchor, ref->anchor)) {
        return found;
    }
    int64_t looks = 0;
    for (const struct scope *s = &visit->scope; s != NULL && !s->discard; s = s->up) {
        for (isize i = 0; i < s->node->dynamic_anchor_count; i++) {
            const struct schema *anchor = s->node->dynamic_anchors[i];
            looks++;
            if (anchor != ref->node && str_eq(anchor->dynamic_anchor, ref->anchor)) {
                found = anchor;
                break;
            }
        }
    }
    (void)pay(visit->run,
              (visit->scope.depth + looks) / WALK); /* too much is seen at the next schema */
    return found;
}

static APART bool check_not(struct visit *visit, const struct schema *node)
{
    visit->run->quiet++;
    bool holds = visit_in_place(visit, node, step_plain("not"));
    visit->run->quiet--;
    return holds ? complain(visit, "not", S("not failed")) : true;
}

static APART bool check_all_of(struct visit *visit, const struct node_list *list)
{
    bool ok = true;
    for (isize i = 0; i < list->count; i++) {
        ok = visit_in_place(visit, list->nodes[i], step_item("allOf", i)) && ok;
    }
    return ok;
}

/* All branches are looked at, even after one that holds: what they evaluate counts. */
static APART bool check_any_of(struct visit *visit, const struct node_list *list)
{
    struct run_mark mark = run_mark(visit->run);
    bool any = list->count == 0;
    for (isize i = 0; i < list->count; i++) {
        any = visit_in_place(visit, list->nodes[i], step_item("anyOf", i)) || any;
    }
    if (any) {
        run_forget(visit->run, mark);
    }
    return any;
}

static APART bool check_one_of(struct visit *visit, const struct node_list *list)
{
    struct run_mark mark = run_mark(visit->run);
    isize found = -1;
    for (isize i = 0; i < list->count; i++) {
        if (!visit_in_place(visit, list->nodes[i], step_item("oneOf", i))) {
            continue;
        }
        if (found >= 0) {
            run_forget(visit->run, mark);
            struct sb sb;
            if (message_begin(visit, &sb) != NULL) {
                sb_printf(&sb, "valid against schemas at indexes %d and %d", (int)found, (int)i);
            }
            return complain_with(visit, "oneOf", &sb);
        }
        found = i;
    }
    if (found >= 0) {
        run_forget(visit->run, mark);
    }
    return found >= 0 || list->count == 0;
}

static APART bool check_if(struct visit *visit, const struct branches *branches)
{
    visit->run->quiet++;
    bool holds = visit_in_place(visit, branches->condition, step_plain("if"));
    visit->run->quiet--;
    const struct schema *branch = holds ? branches->then : branches->otherwise;
    if (branch == NULL) {
        return true;
    }
    visit->scope.discard = true;
    bool ok = visit_in_place(visit, branch, step_plain(holds ? "then" : "else"));
    visit->scope.discard = false;
    return ok;
}

static bool check_any_value(struct visit *visit, const struct check *check)
{
    const struct dynamic_ref *ref = check->dynamic;
    switch ((enum check_kind)check->kind) {
    case CHECK_CONST:
        return is_listed(visit, check->values) || complain(visit, "const", check->values->message);
    case CHECK_ENUM:
        return is_listed(visit, check->values) || complain(visit, "enum", check->values->message);
    case CHECK_FORMAT:
        return check_format(visit, check->format);
    case CHECK_REF:
        return visit_in_place(visit, ref->node, step_plain("$ref"));
    case CHECK_RECURSIVE_REF:
        return visit_in_place(visit, recursive_target(visit, ref->node),
                              step_plain("$recursiveRef"));
    case CHECK_DYNAMIC_REF:
        return visit_in_place(visit, dynamic_target(visit, ref), step_plain("$dynamicRef"));
    case CHECK_NOT:
        return check_not(visit, *check->slot);
    case CHECK_ALL_OF:
        return check_all_of(visit, check->nodes);
    case CHECK_ANY_OF:
        return check_any_of(visit, check->nodes);
    case CHECK_ONE_OF:
        return check_one_of(visit, check->nodes);
    case CHECK_IF:
        return check_if(visit, check->branches);
    default:
        return true;
    }
}

static bool run_check(struct visit *visit, const struct check *check)
{
    uint8_t kind = visit->v.kind;
    switch ((enum check_kind)check->kind) {
    case CHECK_MIN_PROPERTIES:
    case CHECK_MAX_PROPERTIES:
    case CHECK_REQUIRED:
    case CHECK_PROPERTIES:
    case CHECK_PROPERTY_NAMES:
    case CHECK_REGEX_PROPERTIES:
    case CHECK_PATTERN_PROPERTIES:
    case CHECK_ADDITIONAL_PROPERTIES:
    case CHECK_DEPENDENCIES:
    case CHECK_DEPENDENT_REQUIRED:
    case CHECK_DEPENDENT_SCHEMAS:
    case CHECK_UNEVALUATED_PROPERTIES:
        return kind != V_MAP || check_object(visit, check);
    case CHECK_MIN_ITEMS:
    case CHECK_MAX_ITEMS:
    case CHECK_UNIQUE_ITEMS:
    case CHECK_ITEMS:
    case CHECK_TUPLE:
    case CHECK_PREFIX:
    case CHECK_CONTAINS:
    case CHECK_UNEVALUATED_ITEMS:
        return kind != V_LIST || check_array(visit, check);
    case CHECK_MIN_LENGTH:
    case CHECK_MAX_LENGTH:
    case CHECK_PATTERN:
    case CHECK_CONTENT:
        return kind != V_STRING || check_string(visit, check);
    case CHECK_MINIMUM:
    case CHECK_EXCLUSIVE_MINIMUM:
    case CHECK_MAXIMUM:
    case CHECK_EXCLUSIVE_MAXIMUM:
    case CHECK_MULTIPLE_OF:
        return !number_is(visit->v) || check_number(visit, check);
    default:
        return check_any_value(visit, check);
    }
}

static bool node_checks(struct visit *visit)
{
    const struct schema *node = visit->scope.node;
    if (!has_type(node, visit->v)) {
        return refuse_type(visit);
    }
    bool ok = true;
    for (isize i = 0; i < node->check_count; i++) {
        ok = run_check(visit, &node->checks[i]) && ok;
    }
    return ok;
}

/* ---- entries ---- */
static bool validate(struct run *run, const struct schema *schema, struct value v)
{
    struct visit visit = { .run = run,
                           .scope = { .node = schema, .step = { .index = -1 } },
                           .v = v };
    run->last = &run->first;
    run->steps = SCHEMA_STEPS;
    return apply(run, &visit, NULL) && run->stopped.len == 0;
}

bool schema_validate(const struct schema *schema, struct value v, struct cel_thread *thread,
                     struct arena *arena, struct schema_errors *out)
{
    struct run run = { .arena = arena, .thread = thread };
    *out = (struct schema_errors){ 0 };
    if (validate(&run, schema, v)) {
        return true;
    }
    str more = run.stopped.len > 0 ? run.stopped
               : run.dropped > 0   ? S("more errors are not listed")
                                   : STR_EMPTY;
    isize count = run.stopped.len > 0 ? 0 : run.count;
    struct schema_error *list = new(arena, struct schema_error, count + (more.len > 0));
    isize i = 0;
    for (const struct leaf *leaf = run.first; i < count; leaf = leaf->next) {
        list[i++] = leaf->error;
    }
    if (more.len > 0) {
        list[i++] = (struct schema_error){ .path = S("/"), .message = more };
    }
    *out = (struct schema_errors){ list, i };
    return false;
}

bool validate_schema(const struct schema *meta, struct value v, str path, struct arena *arena,
                     struct meta_error *out)
{
    struct run run = { .arena = arena, .located = true, .root = path };
    if (validate(&run, meta, v)) {
        return true;
    }
    *out = (struct meta_error){ .path = path, .message = run.stopped };
    if (run.stopped.len == 0) {
        *out = (struct meta_error){ run.first->error.path, run.first->location,
                                    run.first->error.message };
        out->path = str_eq(out->path, S("/")) ? STR_EMPTY : out->path;
    }
    return false;
}
