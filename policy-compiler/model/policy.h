/* policy.h — policy documents as structs
 *
 * One struct per kind of policy, filled by load.c from a YAML tree. Every text that a person may have to be
 * shown keeps its place. Nothing here is resolved: names of imports, derived roles and variables are texts, CEL
 * is source. Everything lives in the arena of the load and borrows the source's text.
 *
 * spec: cerbos-compat#policy-documents
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_MODEL_POLICY_H
#define CARDEA_MODEL_POLICY_H

#include "base/source.h"
#include "value/value.h"
#include "yaml/locate.h"

enum policy_kind {
    POLICY_RESOURCE = 1,
    POLICY_PRINCIPAL,
    POLICY_DERIVED_ROLES,
    POLICY_ROLE,
    POLICY_EXPORT_VARIABLES,
    POLICY_EXPORT_CONSTANTS
};

enum scope_permissions { /* numbers as in the reference's enum */
    SCOPE_PERM_UNSPECIFIED = 0,
    SCOPE_PERM_OVERRIDE = 1,
    SCOPE_PERM_CONSENT = 2
};

enum effect { EFFECT_UNSPECIFIED = 0, EFFECT_ALLOW = 1, EFFECT_DENY = 2, EFFECT_NO_MATCH = 3 };

/* A text of the document and where it stands. */
struct ptext {
    str text;          /* the scalar's value; may differ from the bytes of the span (quotes, escapes, folding) */
    struct span span;  /* the scalar in the file (with its quotes); no source when it is absent                */
    str path;          /* YAML path: $.resourcePolicy.rules[0].actions[1]                                      */
    uint32_t ref_at;   /* byte where the reference reports it: the key of a field, an element of a list, the value of
                        * a map's entry                                                                        */
    uint32_t caret_at; /* byte where the reference's excerpt has the caret: the value                            */
    /* For block, folded and quoted scalars: bytes of `text` → bytes of the file. Sorted by `at`; a byte of the text
     * belongs to the last entry ≤ it. Empty: text starts at span.start and maps one to one. */
    const struct ptext_map *map;
    isize map_count;
};

/* Byte of the file for a byte of the scalar's text. */
uint32_t ptext_offset(const struct ptext *text, uint32_t at);

struct ptexts {
    struct ptext *ptr;
    isize len;
};

enum match_kind { MATCH_EXPR = 1, MATCH_ALL, MATCH_ANY, MATCH_NONE };

struct match {
    uint8_t kind;          /* enum match_kind                        */
    struct ptext expr;     /* MATCH_EXPR: CEL source                 */
    struct match *of;      /* the others: operands                   */
    isize of_count;
    struct span span;      /* the mapping                            */
};

struct condition {
    struct match *match;  /* NULL: no condition                                          */
    bool script;          /* `condition.script`: read, refused by the compiler           */
    struct span span;     /* value of the key `condition`; no source when absent         */
    str path;             /* its YAML path                                               */
    uint32_t ref_at;      /* byte where the reference reports it: the key                */
    uint32_t caret_at;   /* byte where its excerpt has the caret: the value; must follow ref_at */
};

struct output {
    struct ptext activated;     /* when.ruleActivated, or the deprecated expr; no source in span: absent */
    struct ptext not_met;       /* when.conditionNotMet                                                  */
    bool present;               /* the key `output` is there                                             */
    struct span span;
    str path;
    uint32_t ref_at;            /* byte where the reference reports it: the key                          */
    uint32_t caret_at;   /* byte where its excerpt has the caret: the value; must follow ref_at */
};

/* name → expression */
struct var_def {
    struct ptext name;
    struct ptext expr;
};
/* name → constant value */
struct const_def {
    struct ptext name;
    struct value value;  /* JSON value: numbers are doubles */
    struct span span;    /* the value                       */
    str path;            /* its YAML path                   */
    uint32_t ref_at;     /* byte where the reference reports it */
};

struct definitions {
    struct ptexts import_variables;
    struct ptexts import_constants;
    struct var_def *vars;       /* variables.local                        */
    isize var_count;
    struct var_def *top_vars;   /* deprecated top-level `variables`       */
    isize top_var_count;
    struct const_def *consts;   /* constants.local                        */
    isize const_count;
};

struct schema_ref {
    struct ptext ref;             /* no source in span: absent */
    struct ptexts ignore_actions; /* ignoreWhen.actions        */
};

struct rule {
    struct ptexts actions;
    struct ptexts roles;
    struct ptexts derived_roles;
    uint8_t effect;             /* enum effect                                 */
    struct condition condition;
    struct ptext name;          /* empty text: unnamed                         */
    struct output output;
    struct span span;           /* the rule's mapping                          */
    str path;
    uint32_t ref_at;            /* byte where the reference reports it: the first colon of a block mapping */
    uint32_t caret_at;          /* the same; must follow ref_at */
};

struct resource_policy {
    struct ptext resource;
    struct ptext version;
    struct ptexts import_derived_roles;
    struct schema_ref principal_schema, resource_schema;
    struct rule *rules;
    isize rule_count;
};

struct principal_action {
    struct ptext action;
    uint8_t effect;
    struct condition condition;
    struct ptext name;
    struct output output;
    struct span span;
    str path;
    uint32_t ref_at, caret_at; /* as in struct rule */
};
struct principal_rule {
    struct ptext resource;
    struct principal_action *actions;
    isize action_count;
    struct span span;
    str path;
    uint32_t ref_at, caret_at; /* as in struct rule */
};
struct principal_policy {
    struct ptext principal;
    struct ptext version;
    struct principal_rule *rules;
    isize rule_count;
};

struct role_def {
    struct ptext name;
    struct ptexts parent_roles;
    struct condition condition;
    struct span span;
    str path;
    uint32_t ref_at, caret_at; /* as in struct rule */
};
struct derived_roles {
    struct ptext name;
    struct role_def *defs;
    isize def_count;
};

struct role_rule {
    struct ptext resource;
    struct ptexts allow_actions;
    struct condition condition;
    struct ptext name;
    struct output output;
    struct span span;
    str path;
    uint32_t ref_at, caret_at; /* as in struct rule */
};
struct role_policy {
    struct ptext role;
    struct ptext version;     /* empty text: `default` */
    struct ptexts parent_roles;
    struct role_rule *rules;
    isize rule_count;
};

struct exports {
    struct ptext name;
    struct var_def *vars;     /* export variables */
    isize var_count;
    struct const_def *consts; /* export constants */
    isize const_count;
};

struct annotation {
    str key, value;
};

struct policy {
    uint8_t kind;                    /* enum policy_kind                                              */
    bool disabled;
    const struct source *source;
    struct span span;                /* the document: where the reference says it begins (§7 duplicate_defs) */
    str description;
    struct ptext scope;              /* resource, principal, role; `.` already turned into ""         */
    uint8_t scope_permissions;       /* enum scope_permissions                                        */
    struct definitions defs;         /* variables and constants (all kinds but exports)               */
    struct annotation *annotations;  /* metadata.annotations                                          */
    isize annotation_count;
    union {
        struct resource_policy resource;
        struct principal_policy principal;
        struct derived_roles derived;
        struct role_policy role;
        struct exports exports;
    };
};

#endif
