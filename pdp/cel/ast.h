/* ast.h — the expression tree
 *
 * Built by the parser with macros already expanded into the nodes below (loops stay recognisable: code
 * generation, planning and printing want the macro, not its textbook expansion), annotated by the checker,
 * rewritten by folding. Everything lives in one arena. Spans are byte offsets into the expression's text.
 *
 * Operators are calls with the names _+_ _-_ _*_ _/_ _%_ -_ !_ _&&_ _||_ _==_ _!=_ _<_ _<=_ _>_ _>=_ @in
 * _?_:_ _[_] _[?_] _?._ . Chains of && and || arrive as one call with all operands (two or more), in source order.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_CEL_AST_H
#define CARDEA_CEL_AST_H

#include "base/vec.h"
#include "cel/type.h"

enum ast_kind {
    A_CONST,  /* constant                                               */
    A_IDENT,  /* name                                                   */
    A_SELECT, /* operand.field, has(operand.field), operand.?field      */
    A_CALL,   /* function, operator, method                             */
    A_LIST,   /* [a, b]                                                 */
    A_MAP,    /* {k: v}                                                 */
    A_STRUCT, /* Name{field: v}                                         */
    A_LOOP,   /* comprehension macros                                   */
    A_BIND    /* cel.bind(name, init, body), also from optMap and the like */
};

enum ast_loop {
    LOOP_ALL,           /* result: conjunction of body                                      */
    LOOP_EXISTS,        /* result: disjunction of body                                      */
    LOOP_EXISTS_ONE,    /* result: body true exactly once                                   */
    LOOP_MAP,           /* list of body, where filter holds (map, transformList, filter)    */
    LOOP_TRANSFORM_MAP, /* map key → body                                                   */
    LOOP_MAP_ENTRY,     /* map of the entries of body                                       */
    LOOP_SORT_BY        /* range sorted by body (stable); one variable                      */
};

struct ast {
    uint8_t kind;                /* enum ast_kind                                              */
    uint8_t loop_kind;           /* A_LOOP: enum ast_loop                                      */
    bool test_only;              /* A_SELECT: has(…)                                           */
    bool optional;               /* A_SELECT: `.?`                                             */
    bool absolute;               /* A_IDENT, A_STRUCT, global A_CALL: written with a leading dot */
    bool paren;                  /* written in parentheses (printing, lint)                    */
    uint32_t start, end;         /* span in the expression text                                */
    uint32_t at;                 /* byte the reference reports: operator, `(`, `[`, `.`, else start */
    uint32_t word;               /* A_SELECT, A_CALL: where the name stands in the text        */
    uint32_t id;                 /* number of the node in order of creation, from 1            */
    const struct cel_type *type; /* set by the checker                                         */
    union {
        struct value constant;   /* A_CONST */
        struct {
            str name;                 /* as resolved: dotted when qualified                    */
            int32_t root;             /* root value it stands for, -1: local variable, type or message-only;
                                         -2: not declared (only after cel_resolve: an error when evaluated) */
            bool is_type;             /* a type name used as value                             */
            bool is_local;            /* a variable of a macro                                 */
            const struct cel_message *message; /* descriptor when the name is message-like, else NULL */
        } ident;
        struct {
            struct ast *operand;
            str field;                       /* as written                                     */
            const struct cel_field *known;   /* field of a message, set by the checker; or NULL */
        } select;
        struct {
            str name;            /* function or operator name; qualified names (math.ceil) in full after checking */
            struct ast *target;  /* receiver, or NULL                                          */
            struct ast **args;   /* arguments without the receiver                             */
            int32_t argc;        /* how many                                                   */
            int32_t func;        /* index of the first row of its name in cel_funcs, -1: operator of the VM, -2: not a
                                    function (only after cel_resolve, or declared by the caller: calling it is an
                                    error); set by the checker */
        } call;
        struct {
            struct ast **items;
            bool *optional;      /* parallel: written `?item`; NULL when none is               */
            int32_t count;
        } list;
        struct {
            struct ast **keys;
            struct ast **vals;
            bool *optional;      /* parallel: written `?k: v`; NULL when none is               */
            int32_t count;
        } map;
        struct {
            str name;            /* message name as written                                    */
            str *fields;
            struct ast **vals;
            uint32_t *words;     /* where each field's name stands in the text                 */
            uint32_t *colons;    /* where its `:` stands                                       */
            bool *optional;      /* parallel: written `?field: v`; NULL when none is           */
            int32_t count;
        } record;
        struct {
            struct ast *range;
            struct ast *filter;  /* predicate of map/transform with three (four) arguments, of filter(); or NULL */
            struct ast *body;    /* predicate or transform; filter(x, p): the variable x itself */
            str var;             /* first variable                                             */
            str var2;            /* second variable; empty for one-variable macros             */
            str macro;           /* name as written: all, exists_one, transformList …          */
        } loop;
        struct {
            str name;
            struct ast *init;
            struct ast *body;
        } bind;
    };
};

/* One fault of an expression; text in the reference's words where it has them (spec: cel#compile-errors). */
struct cel_issue {
    uint32_t start, end; /* span in the expression text                                       */
    str text;            /* the reference's message                                           */
    str better;          /* our wording for people when the reference's is generated; empty: text */
    str help;            /* what to do; may be empty                                          */
    bool syntax;         /* a syntax error (generated wording in the reference)               */
    bool follows;        /* another issue explains it: the reference lists it, people need not see it */
    uint32_t at;         /* byte at which the reference reports it: the order of the list     */
};
struct cel_issues {
    struct arena *arena;          /* where texts live                             */
    VEC(struct cel_issue) list;   /* in the reference's order                     */
    isize dropped;                /* how many came when the list was full         */
};
#define CEL_ISSUES_MAX 100 /* kept in one list, as in the reference */

/* Adds an issue and returns it for more facts, never NULL (past CEL_ISSUES_MAX: one that is not kept). */
struct cel_issue *cel_issue_add(struct cel_issues *issues, uint32_t start, uint32_t end, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* An issue about a node, placed where the reference places it; the span is the node's. */
struct cel_issue *cel_issue_node(struct cel_issues *issues, const struct ast *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Sorts the issues from number `first` on into the reference's order (stable). */
void cel_issues_sort(struct cel_issues *issues, isize first);

/* Calls visit for the node and everything below it, parents first; stops below a node when visit returns false. */
void ast_walk(struct ast *node, bool (*visit)(void *ctx, struct ast *node), void *ctx);

/* Structure as text for tests: (call _+_ 1 (select P id)) … */
void ast_text(struct sb *out, const struct ast *node);

#endif
