/* schemas.c — schemas of attributes: which ones count, and whether they can be used
 *
 * Only the schemas of the policy at the root of a policy's scopes count, whatever the others name.
 * The image holds the documents as text; the engine compiles those that policies refer to. Here
 * they are compiled only to find out whether that will work, when the caller wants to know: a
 * server starts without asking, as the reference does.
 *
 * spec: cerbos-compat#schemas
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/utf8.h"
#include "compile/compile_priv.h"

#define CERBOS "cerbos:///"

void schemas_prepare(struct compiler *c)
{
    const struct compile_input *input = c->input;
    for (isize i = 0; i < input->schema_count; i++) {
        if (utf8_invalid(input->schemas[i].id) < 0) { /* others cannot be referred to */
            struct img_schema record = { image_text(c->image, input->schemas[i].id),
                                         image_text(c->image, input->schemas[i].text) };
            (void)image_push(c->image, SEC_SCHEMAS, &record);
        }
    }
    if (!input->check_schemas) {
        return;
    }
    struct schema_document *documents = new(c->arena, struct schema_document, input->schema_count);
    for (isize i = 0; i < input->schema_count; i++) {
        documents[i] = (struct schema_document){ input->schemas[i].id, input->schemas[i].text };
    }
    c->schemas = schema_set_new(c->arena, c->arena, documents, input->schema_count);
}

/* ---- checking ---- */
static void suggest(struct compiler *c, struct diag *d, str ref)
{
    str *refs = new(c->arena, str, c->input->schema_count);
    for (isize i = 0; i < c->input->schema_count; i++) {
        refs[i] = str_concat(c->arena, S(CERBOS), c->input->schemas[i].id);
    }
    str near = diag_nearest(c->arena, ref, refs, c->input->schema_count);
    if (str_find(ref, S(":")) < 0) {
        diag_help(c->diags, d, "for the file `_schemas/%.*s` write `" CERBOS "%.*s`", STR_ARG(ref),
                  STR_ARG(ref));
    } else if (near.len > 0 && !str_eq(near, ref)) {
        diag_help(c->diags, d, "did you mean `%.*s`?", STR_ARG(near));
    } else if (!str_starts(ref, S("cerbos:"))) {
        diag_help(c->diags, d,
                  "schemas are read from the store's `_schemas` only: `" CERBOS "NAME.json`");
    }
}

static bool check_ref(struct compiler *c, const struct ptext *ref, const char *source)
{
    str why;
    if (ref->text.len == 0 || schema_compile(c->schemas, ref->text, &why) != NULL) {
        return true;
    }
    struct diag *d =
        diag_add(c->diags, &err_schema, ref->span, "cannot load the %s schema `%.*s`: %.*s", source,
                 STR_ARG(ref->text), STR_ARG(why));
    suggest(c, d, ref->text);
    str quoted = schema_quote(c->arena, ref->text);
    d->ref_text = str_printf(c->arena, "Failed to load %s schema %.*s: %.*s", source,
                             STR_ARG(quoted), STR_ARG(why));
    diag_reference_text(d, ref);
    return false;
}

bool schemas_check(struct compiler *c, const struct policy *policy)
{
    if (c->schemas == NULL || policy->kind != POLICY_RESOURCE) {
        return true;
    }
    bool principal = check_ref(c, &policy->resource.principal_schema.ref, "principal");
    bool resource = check_ref(c, &policy->resource.resource_schema.ref, "resource");
    return principal && resource;
}

/* ---- emitting ---- */
/* The policy of the same name at the outermost scope above. */
static const struct policy *root_of(struct compiler *c, const struct policy *policy)
{
    const struct policy *root = policy;
    str scope = policy->scope.text;
    while (scope_parent(scope, &scope)) {
        const struct member *above = registry_find(
            c, policy_key_of(c->arena, POLICY_RESOURCE, policy->resource.resource.text,
                             policy->resource.version.text, scope));
        root = above != NULL ? above->policy : root;
    }
    return root;
}

static uint32_t emit_ref(struct compiler *c, const struct policy *root,
                         const struct schema_ref *schema, char kind)
{
    if (schema->ref.text.len == 0) {
        return IMAGE_NONE;
    }
    str policy = policy_key(c->arena, root);
    str key = str_printf(c->arena, "%c%.*s", kind, STR_ARG(policy));
    uint32_t number = map_get(&c->schema_refs, key);
    if (number == MAP_NONE) {
        struct img_schema_ref record = { image_text(c->image, schema->ref.text),
                                         { image_count(c->image, SEC_LISTS),
                                           (uint32_t)schema->ignore_actions.len } };
        for (isize i = 0; i < schema->ignore_actions.len; i++) {
            uint32_t glob = image_glob(c->image, schema->ignore_actions.ptr[i].text);
            (void)image_push(c->image, SEC_LISTS, &glob);
        }
        number = image_push(c->image, SEC_SCHEMA_REFS, &record);
        (void)map_set(c->arena, &c->schema_refs, key, number);
    }
    return number;
}

void schemas_emit(struct compiler *c, const struct policy *policy, struct img_policy *record)
{
    if (policy->kind == POLICY_RESOURCE) {
        const struct policy *root = root_of(c, policy);
        record->schema_principal = emit_ref(c, root, &root->resource.principal_schema, 'P');
        record->schema_resource = emit_ref(c, root, &root->resource.resource_schema, 'R');
    }
}
