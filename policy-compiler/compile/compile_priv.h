/* compile_priv.h — state of one compilation, shared by the files of the compiler
 *
 * The stages, each a function over arena structs:
 *   registry.c   documents by key; what does not fit together (lint)
 *   module.c     names of one policy: variables, constants, the environment of its expressions
 *   expr.c       one expression: parse, check, fold, generate; its faults
 *   conditions.c condition trees and outputs
 *   roles.c      derived roles
 *   schemas.c    schemas of attributes: which ones count, and whether they can be used
 *   rules.c      rows and the tables that select them
 *   emit.c       directory, scopes, parent roles, the image
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_COMPILE_PRIV_H
#define CARDEA_COMPILE_PRIV_H

#include "base/map.h"
#include "base/vec.h"
#include "cel/gen.h"
#include "compile/compile.h"
#include "compile/errors.h"
#include "image/roots.h"
#include "image/writer.h"
#include "model/names.h"
#include "schema/schema.h"

struct derived_set;

/* Sets where the reference reports a fault: bytes of the source; `caret` is where its excerpt has the caret. */
static inline void diag_reference(struct diag *d, const struct source *source, uint32_t at, uint32_t caret, str path)
{
    if (source != NULL) {
        d->ref_place = source_place(source, at);
        d->ref_caret = source_place(source, caret);
    }
    d->ref_path = path;
}

static inline void diag_reference_text(struct diag *d, const struct ptext *text)
{
    diag_reference(d, text->span.source, text->ref_at, text->caret_at, text->path);
}

/* The reference names no place. */
static inline void diag_no_reference(struct diag *d)
{
    d->ref_place = (struct place){ -1, -1 };
}

/* A document that takes part. */
struct member {
    const struct policy *policy;
    str key;                     /* policy key                              */
    uint32_t source;             /* number in SOURCES                       */
    struct derived_set *derived; /* derived roles: once something imports it */
};

struct compiler {
    struct arena *arena;
    struct diags *diags;
    struct image_builder *image;
    VEC(struct policy *) documents; /* all that could be read, disabled ones too   */
    VEC(struct member) members;     /* enabled, without duplicates, in file order  */
    struct map by_key;              /* policy key → number in members              */
    VEC(struct img_scope) scopes;   /* every scope that rows use                   */
    struct map scope_numbers;       /* scope → number in scopes                    */
    VEC(uint32_t) role_policies;    /* numbers in POLICIES: role policies with rules */
    VEC(uint32_t) role_versions;    /* parallel: symbols of their versions         */
    uint32_t rules;                 /* rules as written                            */
    bool zones;                     /* some expression asks for a time zone        */
    bool unreadable;                /* some file could not be read as a policy     */
    const struct compile_input *input;
    struct schema_set *schemas;     /* when schemas are checked; holds heap memory */
    struct map schema_refs;         /* kind and policy key → number in SCHEMA_REFS */
};

/* ---- registry.c ---- */
/* Reads all files, fills documents and members, reports what does not fit together. False when anything failed. */
bool registry_build(struct compiler *c, const struct compile_input *input);
/* Can all imports of the member be found, through derived roles too? */
bool registry_resolves(struct compiler *c, const struct member *member);
/* Member by key; NULL when there is none. The pointer is valid until members grow. */
struct member *registry_find(struct compiler *c, str key);

/* ---- module.c ---- */
/* A variable or constant of a policy, own or imported. */
struct definition {
    str name;
    struct ptext at;             /* the name where it is defined                                    */
    struct ptext expr;           /* variable: its expression                                        */
    struct value constant;       /* constant: its value                                             */
    struct span shown;           /* where the policy gets it from: its own name, or the import      */
    uint32_t ref_at;             /* byte where the reference says it is defined: the value          */
    str place;                   /* "policy local variables", "import 'x'"                          */
    struct ast *tree;            /* variable: parsed expression, NULL when it has faults            */
    const uint32_t *uses;        /* variable: numbers of the variables it mentions                  */
    isize use_count;
    isize faults_at, faults_end; /* variable: its undefined names among the diagnostics             */
    bool visited, placed;        /* ordering                                                        */
    int32_t slot;                /* variable: its slot                                              */
};

/* One policy's expressions. */
struct module {
    struct compiler *c;
    const struct policy *policy;
    str key;
    struct codeset *set;
    VEC(str) texts;                 /* source of each expression, by its number    */
    struct map exprs;               /* text → number of its expression             */
    VEC(struct definition) vars;
    VEC(struct definition) consts;
    struct map var_names;           /* name → first number in vars                 */
    struct map const_names;
    struct cel_message var_message, const_message;
    struct cel_type var_type, const_type;
    struct cel_decl decls[10];
    struct cel_env env;
    uint32_t conditions;            /* memo cells given out so far                 */
    bool uses_runtime;              /* some expression reads `runtime`             */
    bool failed;                    /* something was reported                      */
};

/* Resolves variables and constants of the policy and compiles the variables. */
struct module *module_new(struct compiler *c, const struct policy *policy, str key);
/* Emits the module's code; call once, after its last expression. */
uint32_t module_emit(struct module *m);

/* ---- expr.c ---- */
/* Compiles one expression; IMAGE_NONE after a fault, which is reported. in_variable: name of the variable that the
 * expression defines, or empty. */
uint32_t expr_compile(struct module *m, const struct ptext *text);
struct ast *expr_parse(struct module *m, const struct ptext *text);
/* Checks an expression that parses and whose names have been found wanting, for what else is wrong with it. False
 * when something is, which is reported. The reference reports only that then: diagnostics [from, to), of the names,
 * become part of it. */
bool expr_recheck(struct module *m, const struct ptext *text, isize from, isize to);
uint32_t expr_generate(struct module *m, const struct ptext *text, struct ast *tree);
/* Reports names of variables and constants that are not defined; collects the numbers of variables that are. */
bool expr_names(struct module *m, const struct ptext *text, struct ast *tree, str in_variable,
                const uint32_t **uses, isize *use_count);
struct span expr_span(const struct ptext *text, uint32_t start, uint32_t end);

/* ---- conditions.c ---- */
/* Number of the condition in CONDITIONS, IMAGE_NONE when there is none (or after a fault). */
uint32_t condition_compile(struct module *m, const struct condition *condition);
struct output_exprs {
    uint32_t activated, not_met; /* expressions, IMAGE_NONE: none */
};
struct output_exprs output_compile(struct module *m, const struct output *output);

/* ---- roles.c ---- */
/* A derived role that rules of a policy use. */
struct used_role {
    str name;
    const struct role_def *def;
    uint32_t number; /* in DROLES */
};
struct used_roles {
    VEC(struct used_role) list; /* sorted by name */
};
/* Resolves the derived roles that the rules of a resource policy name. False when something is wrong with them or
 * with a set that is imported, which is reported. */
bool roles_resolve(struct module *m, struct used_roles *out);
isize roles_position(const struct used_roles *roles, str name); /* -1: not there */

/* ---- schemas.c ---- */
/* Enters the store's schemas into the image, and makes ready to check them when that is asked for. */
void schemas_prepare(struct compiler *c);
/* Loads the schemas that the policy names. False: some cannot be used, which is reported. */
bool schemas_check(struct compiler *c, const struct policy *policy);
/* The schemas that count for requests to the policy: those of the policy at the root of its scopes. */
void schemas_emit(struct compiler *c, const struct policy *policy, struct img_policy *record);

/* ---- rules.c ---- */
/* Compiles rules into rows and pushes the policy record. */
void policy_compile(struct compiler *c, struct member *member);

/* ---- emit.c ---- */
void scope_use(struct compiler *c, str scope, uint32_t flag, uint32_t permissions);
cardea_status emit_image(struct compiler *c, str *out);

#endif
