/* schemas.c — attributes against the schemas of a policy
 *
 * The policy at the first scope of the resource's chain says which schemas count (the compiler has
 * put those of its root there). Principal attributes come first, then the resource's. A schema
 * whose `ignoreWhen` matches all actions of the request is left out; with one action that does not
 * match, everything is validated. A schema that could not be compiled is one error.
 *
 * Neighbours: schema/ compiles and validates · compile/schemas.c fills the records
 *
 * spec: cerbos-compat#schemas
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/schemas.h"

#include "engine/decide_priv.h"

/* ---- at load ---- */
static str failure(struct arena *arena, const char *source, str ref, str why)
{
    str quoted = schema_quote(arena, ref);
    return str_printf(arena, "Failed to load %s schema %.*s: %.*s", source, STR_ARG(quoted),
                      STR_ARG(why));
}

void schemas_load(struct snapshot *s, struct arena *scratch)
{
    if (s->options.schemas == SCHEMAS_NONE) {
        return;
    }
    const struct image *im = &s->image;
    isize count = image_records(im, SEC_SCHEMAS);
    isize refs = image_records(im, SEC_SCHEMA_REFS);
    struct schema_document *documents = new (&s->arena, struct schema_document, count);
    for (isize i = 0; i < count; i++) {
        documents[i] = (struct schema_document){ image_str(im, im->schemas[i].id),
                                                 image_str(im, im->schemas[i].text) };
    }
    struct schema_use *uses = new (&s->arena, struct schema_use, refs);
    s->schemas = schema_set_new(&s->arena, scratch, documents, count);
    s->schema_uses = uses;
    for (isize i = 0; i < refs; i++) {
        str why;
        str ref = image_str(im, im->schema_refs[i].ref);
        uses[i].schema = schema_compile(s->schemas, ref, &why);
        if (uses[i].schema == NULL) {
            uses[i].why_principal = failure(&s->arena, "principal", ref, why);
            uses[i].why_resource = failure(&s->arena, "resource", ref, why);
        }
    }
}

/* ---- at a decision ---- */
static bool is_ignored(struct decider *d, const struct img_schema_ref *ref)
{
    const struct image *im = &d->snapshot->image;
    for (isize i = 0; i < d->item->action_count; i++) {
        bool matched = false;
        for (uint32_t k = 0; k < ref->ignore.count && !matched; k++) {
            const struct glob glob = image_glob_program(im, im->lists[ref->ignore.first + k]);
            matched = glob_match(glob, d->item->actions[i], d->arena);
        }
        if (!matched) {
            return false;
        }
    }
    return ref->ignore.count > 0;
}

typedef VEC(struct validation_error) error_list;

/* partial: without errors of `required`. */
static void validate(struct decider *d, uint32_t number, const struct vmap *attr, bool principal,
                     bool partial, error_list *out)
{
    if (number == IMAGE_NONE || is_ignored(d, &d->snapshot->image.schema_refs[number])) {
        return;
    }
    const struct schema_use *use = &d->snapshot->schema_uses[number];
    if (use->schema == NULL) {
        *vec_push(d->arena, out) = (struct validation_error){
            .message = principal ? use->why_principal : use->why_resource, .principal = principal
        };
        return;
    }
    struct schema_errors errors;
    struct value v = v_map(attr != NULL ? attr : vmap_new(d->arena, 0));
    if (schema_validate(use->schema, v, d->thread, d->arena, &errors)) {
        return;
    }
    for (isize i = 0; i < errors.count; i++) {
        if (!partial || !errors.list[i].required) {
            *vec_push(d->arena, out) =
                (struct validation_error){ errors.list[i].path, errors.list[i].message, principal };
        }
    }
}

bool schemas_reject(struct decider *d, struct decision *out, bool partial)
{
    const struct chain *chain = &d->resource_chain;
    const struct policy_state *p = chain->count > 0 ? chain->levels[0].policy : NULL;
    error_list errors = { 0 };
    if (d->snapshot->schemas == NULL || p == NULL) {
        return false;
    }
    validate(d, p->policy->schema_principal, d->request->principal.attr, true, false, &errors);
    validate(d, p->policy->schema_resource, d->item->resource.attr, false, partial, &errors);
    out->validation_errors = errors.ptr;
    out->validation_error_count = errors.len;
    return errors.len > 0 && d->snapshot->options.schemas == SCHEMAS_REJECT;
}
