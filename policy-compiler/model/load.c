/* load.c — YAML or JSON text → policy
 *
 * Three steps: the text becomes a tree (yaml/), the tree becomes structs by the tables of fields
 * (read.c), then the rules of fields (validate.c) and the rules between values (check_… of each
 * kind) are checked. The first two stop at their first error, the last report everything.
 *
 * spec: cerbos-compat#yaml-and-json-reading, #policy-documents, #document-validation
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model/load.h"

#include "model/errors.h"
#include "model/fields.h"

#include <stddef.h>

/* ---- the root -------------------------------------------------------------------------------- */

static const struct field attributes_fields[] = {
    { .json = "attributes", .proto = "attributes", .type = F_CONSTS, .offset = NOWHERE },
};
static const struct message attributes_message = { .name = "`sourceAttributes`",
                                                   .fields = attributes_fields,
                                                   .count = countof(attributes_fields),
                                                   NO_SELF };

static const struct field metadata_fields[] = {
    { .json = "sourceFile", .proto = "source_file", .type = F_PLAIN_TEXT, .offset = NOWHERE },
    { .json = "annotations",
      .proto = "annotations",
      .type = F_ANNOTATIONS,
      .offset = offsetof(struct policy, annotations) },
    { .json = "hash", .proto = "hash", .type = F_HASH, .offset = NOWHERE },
    { .json = "storeIdentifer",
      .proto = "store_identifer",
      .type = F_PLAIN_TEXT,
      .offset = NOWHERE },
    { .json = "storeIdentifier",
      .proto = "store_identifier",
      .type = F_PLAIN_TEXT,
      .offset = NOWHERE },
    { .json = "sourceAttributes",
      .proto = "source_attributes",
      .type = F_MESSAGE,
      .offset = NOWHERE,
      .message = &attributes_message },
};
static const struct message metadata_message = {
    .name = "`metadata`", .fields = metadata_fields, .count = countof(metadata_fields), NO_SELF
};

static const struct field policy_fields[] = {
    { .json = "apiVersion",
      .proto = "api_version",
      .type = F_TEXT,
      .rules = R_REQUIRED,
      .equal = "api.cerbos.dev/v1",
      .offset = NOWHERE },
    { .json = "disabled",
      .proto = "disabled",
      .type = F_BOOL,
      .offset = offsetof(struct policy, disabled) },
    { .json = "description",
      .proto = "description",
      .type = F_PLAIN_TEXT,
      .offset = offsetof(struct policy, description) },
    { .json = "metadata",
      .proto = "metadata",
      .type = F_MESSAGE,
      .offset = 0,
      .message = &metadata_message },
    { .json = "resourcePolicy",
      .proto = "resource_policy",
      .type = F_MESSAGE,
      .oneof = 1,
      .kind = POLICY_RESOURCE,
      .offset = 0,
      .message = &resource_message },
    { .json = "principalPolicy",
      .proto = "principal_policy",
      .type = F_MESSAGE,
      .oneof = 1,
      .kind = POLICY_PRINCIPAL,
      .offset = 0,
      .message = &principal_message },
    { .json = "derivedRoles",
      .proto = "derived_roles",
      .type = F_MESSAGE,
      .oneof = 1,
      .kind = POLICY_DERIVED_ROLES,
      .offset = 0,
      .message = &derived_message },
    { .json = "exportVariables",
      .proto = "export_variables",
      .type = F_MESSAGE,
      .oneof = 1,
      .kind = POLICY_EXPORT_VARIABLES,
      .offset = 0,
      .message = &export_variables_message },
    { .json = "rolePolicy",
      .proto = "role_policy",
      .type = F_MESSAGE,
      .oneof = 1,
      .kind = POLICY_ROLE,
      .offset = 0,
      .message = &role_message },
    { .json = "exportConstants",
      .proto = "export_constants",
      .type = F_MESSAGE,
      .oneof = 1,
      .kind = POLICY_EXPORT_CONSTANTS,
      .offset = 0,
      .message = &export_constants_message },
    { .json = "variables",
      .proto = "variables",
      .type = F_VARS,
      .offset = offsetof(struct policy, defs.top_vars) },
    { .json = "$schema", .proto = "json_schema", .type = F_PLAIN_TEXT, .offset = NOWHERE },
};
const struct message policy_message = {
    .name = "the policy",
    .fields = policy_fields,
    .count = countof(policy_fields),
    .oneof = "policyType",
    .kind_at = offsetof(struct policy, kind),
    .span_at = NOWHERE,
    .path_at = NOWHERE,
    .ref_at = NOWHERE,
    .present_at = NOWHERE,
};

/* ---- violations ------------------------------------------------------------------------------ */

struct diag *add_violation(struct loader *ld, const struct diag_class *class, struct span span,
                           uint32_t ref_at, str path, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct sb text = sb_new(ld->diags->arena);
    sb_vprintf(&text, format, args);
    va_end(args);
    struct diag *d = diag_add(ld->diags, class, span, "%.*s", STR_ARG(sb_str(&text)));
    d->ref_place = source_place(ld->source, ref_at);
    d->ref_path = path;
    return d;
}

/* The reference's order: line, column, path; what has no place comes last. */
static bool comes_before(const struct diag *a, const struct diag *b)
{
    bool a_placed = a->ref_place.line >= 0, b_placed = b->ref_place.line >= 0;
    if (!a_placed || !b_placed) {
        return a_placed && !b_placed;
    }
    if (a->ref_place.line != b->ref_place.line) {
        return a->ref_place.line < b->ref_place.line;
    }
    if (a->ref_place.column != b->ref_place.column) {
        return a->ref_place.column < b->ref_place.column;
    }
    return str_cmp(a->ref_path, b->ref_path) < 0;
}

/* Sorts the diagnostics from number `from` on; the list is short (diags.limit). */
static void sort_violations(struct diags *diags, isize from)
{
    for (isize i = from + 1; i < diags->list.len; i++) {
        struct diag moved = diags->list.ptr[i];
        isize at = i;
        while (at > from && comes_before(&moved, &diags->list.ptr[at - 1])) {
            diags->list.ptr[at] = diags->list.ptr[at - 1];
            at--;
        }
        diags->list.ptr[at] = moved;
    }
    for (isize i = from; i < diags->list.len; i++) {
        diags->list.ptr[i].order = (uint32_t)(i + diags->dropped);
    }
}

static void check_kind(struct loader *ld, const struct policy *policy)
{
    switch ((enum policy_kind)policy->kind) {
    case POLICY_RESOURCE:
        check_resource_policy(ld, policy);
        break;
    case POLICY_PRINCIPAL:
        check_principal_policy(ld, policy);
        break;
    case POLICY_DERIVED_ROLES:
        check_derived_roles(ld, policy);
        break;
    case POLICY_ROLE:
        check_role_policy(ld, policy);
        break;
    case POLICY_EXPORT_VARIABLES:
    case POLICY_EXPORT_CONSTANTS:
        check_exports(ld, policy);
        break;
    }
}

/* ---- loading --------------------------------------------------------------------------------- */

static cardea_status not_a_policy(struct loader *ld, const struct ynode *root)
{
    struct diag *d = diag_add(ld->diags, &err_document, ynode_span(ld->source, root),
                              "the document is not a mapping of fields");
    d->ref_text = S("invalid document: contents are not valid YAML or JSON");
    d->ref_path = S("$");
    return CARDEA_EINVALID;
}

static cardea_status load_root(struct loader *ld, const struct ynode *root, struct policy **out)
{
    struct policy *policy = new (ld->arena, struct policy, 1);
    ld->root = root;
    policy->source = ld->source;
    policy->span = (struct span){ ld->source, root->token, root->end };
    TRY(read_message(ld, &policy_message, root, policy));
    isize errors = ld->diags->errors;
    isize first = ld->diags->list.len;
    check_message(ld, &policy_message, root);
    sort_violations(ld->diags, first);
    if (ld->diags->errors > errors) {
        return CARDEA_EINVALID;
    }
    if (!policy->disabled) { /* the reference does not look further either */
        check_kind(ld, policy);
    }
    if (ld->diags->errors > errors) {
        return CARDEA_EINVALID;
    }
    if (str_eq(policy->scope.text, S("."))) {
        policy->scope.text = STR_EMPTY; /* spec: cerbos-compat#resourcepolicy */
    }
    *out = policy;
    return CARDEA_OK;
}

cardea_status policy_load(struct arena *arena, const struct source *source, struct policy **out,
                          struct diags *diags)
{
    struct loader ld = { .arena = arena, .source = source, .diags = diags };
    struct yaml_doc doc;
    *out = NULL;
    TRY(yaml_compose(arena, source, &doc, diags));
    if (doc.root == NULL) {
        return CARDEA_OK;
    }
    if (doc.several) {
        return yaml_several(source, &doc, diags);
    }
    if (doc.root->kind != Y_MAP) {
        return not_a_policy(&ld, doc.root);
    }
    return load_root(&ld, doc.root, out);
}

uint32_t ptext_offset(const struct ptext *text, uint32_t at)
{
    return ptext_map_find(text->map, text->map_count, text->span.start, text->span.end, at);
}

/* ---- names of files -------------------------------------------------------------------------- */

/* The name without its extension when that is one of a policy's; else false. */
static bool cut_extension(str name, str *stem)
{
    static const char *const extensions[] = { ".yaml", ".yml", ".json" };
    for (isize i = 0; i < countof(extensions); i++) {
        str ext = str_from_c(extensions[i]);
        if (name.len >= ext.len &&
            str_eq_nocase(str_slice(name, name.len - ext.len, name.len), ext)) {
            *stem = str_slice(name, 0, name.len - ext.len);
            return true;
        }
    }
    return false;
}

bool policy_test_name(str base_name)
{
    str stem = STR_EMPTY;
    str suffix = S("_test");
    return cut_extension(base_name, &stem) && stem.len >= suffix.len &&
           str_eq_nocase(str_slice(stem, stem.len - suffix.len, stem.len), suffix);
}

bool policy_file_name(str base_name)
{
    str stem = STR_EMPTY;
    return cut_extension(base_name, &stem) && !str_starts(base_name, S(".")) &&
           !policy_test_name(base_name);
}
