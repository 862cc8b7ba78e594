/* check_priv.h — what the parts of the checker share
 *
 * A checker lives for one expression. Types of nodes are kept on the nodes; type variables (T_PARAM
 * with an id) are bound in a table that can be rolled back, because trying an overload may bind
 * some and then fail.
 *
 * Private to check*.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_CEL_CHECK_PRIV_H
#define CARDEA_CEL_CHECK_PRIV_H

#include "cel/env.h"
#include "cel/func.h"

/* A variable of a macro. Scopes are a list, innermost first. */
struct local {
    str name;
    const struct cel_type *type;
    struct local *outer;
};

/* One row of cel_funcs or one overload of the caller, read. */
struct signature {
    const struct cel_type **params; /* receiver first                */
    int count;                      /* how many                      */
    const struct cel_type *result;  /* type of the call              */
};

struct binding {
    uint32_t id;                /* type variable                   */
    const struct cel_type *old; /* what it was bound to, or NULL   */
};

struct checker {
    struct arena *arena;                /* types, names, issues                                   */
    const struct cel_env *env;          /* what may be mentioned                                  */
    struct cel_issues *issues;          /* faults                                                 */
    struct local *locals;               /* variables of the macros around                         */
    struct signature **signatures;      /* rows of cel_funcs read so far                          */
    VEC(const struct cel_type *) bound; /* type variable → type, NULL: free; number 0 is not used */
    VEC(struct binding) trail;          /* bindings to undo, oldest first                         */
    int64_t work;                       /* steps left for comparing types                         */
};

/* ---- check_types.c: type variables, assignability ---- */
const struct cel_type *type_variable(struct checker *c);
const struct cel_type *type_substitute(struct checker *c, const struct cel_type *type,
                                       bool free_to_dyn);
/* Whether `from` is assignable to `to`; binds variables when it is. */
bool type_assign(struct checker *c, const struct cel_type *from, const struct cel_type *to);
bool type_assign_all(struct checker *c, const struct cel_type *const *from,
                     const struct cel_type *const *to, int count);
/* The type of a list or map part when `previous` (may be NULL) meets `current`. */
const struct cel_type *type_join(struct checker *c, const struct cel_type *previous,
                                 const struct cel_type *current);

/* ---- check_names.c: identifiers, selections, functions by name ---- */
/* What a name in front of the container's candidates stands for. */
struct found_name {
    const struct local *local;    /* a variable of a macro, or NULL              */
    const struct cel_decl *decl;  /* a declaration, or NULL                      */
    const struct cel_type *named; /* the type that the name names, or NULL       */
    bool null_value;              /* google.protobuf.NullValue.NULL_VALUE        */
    str name;                     /* as resolved                                 */
};
bool find_name(struct checker *c, str name, bool absolute, struct found_name *out);
/* The dotted name that a chain of selections spells; empty when it is none. */
str qualified_name(struct checker *c, const struct ast *node, bool *absolute);
/* Whether the chain begins with a variable of a macro. */
bool begins_local(const struct checker *c, const struct ast *node);
const struct local *find_local(const struct checker *c, str name);
void become_name(struct ast *node, const struct found_name *found);

/* A function by name and container. */
struct found_func {
    int row;  /* first row in cel_funcs, or -1: declared by the caller */
    str name; /* as resolved                                           */
};
bool find_func(struct checker *c, str name, bool absolute, struct found_func *out);

void undeclared_name(struct checker *c, const struct ast *node, str name, bool absolute);
void undeclared_func(struct checker *c, const struct ast *node, str name, bool absolute);
void undefined_field(struct checker *c, const struct ast *node, uint32_t word,
                     const struct cel_message *message, str field);

/* ---- check_call.c: overloads ---- */
void check_call(struct checker *c, struct ast *node);
/* Type of a call of `name` with arguments of these types (receiver first); reports at the node
 * and returns !error! when none fits. */
const struct cel_type *check_overloads(struct checker *c, const struct ast *node,
                                       const struct found_func *func, const struct cel_type **types,
                                       int count, bool member);

/* ---- check_loop.c ---- */
void check_loop(struct checker *c, struct ast *node);
void check_bind(struct checker *c, struct ast *node);

/* ---- check.c ---- */
void check_node(struct checker *c, struct ast *node);
void type_mismatch(struct checker *c, const struct ast *node, const struct cel_type *expected,
                   const struct cel_type *found);
str type_text(struct checker *c, const struct cel_type *type);

/* ---- check_format.c ---- */
/* "…".format([…]) with literals: clauses and arguments against each other. Types are final. */
void check_formats(struct checker *c, struct ast *root);

#endif
