/* func.h — the function library
 *
 * One table (funcs.def) serves the checker (signatures), code generation (numbers), the VM (implementations),
 * and the documentation. Rows of one name stand together and share one implementation, which looks at the
 * kinds of its arguments at run time (through dyn anything may arrive) and answers cel_no_overload() when they
 * do not fit. Receivers are args[0].
 *
 * Implementations allocate from run->arena only, charge run->budget by the size of what they touch
 * (cel_charge), never see errors among their arguments (calls are strict; the VM handles that), and are pure
 * but for rows flagged otherwise.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_CEL_FUNC_H
#define CARDEA_CEL_FUNC_H

#include "value/vmap.h"

struct cel_run;

typedef struct value cel_impl(struct cel_run *run, const struct value *args, int argc);

enum cel_func_flags {
    CF_GLOBAL = 1,      /* f(a, b)                                                       */
    CF_MEMBER = 2,      /* a.f(b)                                                        */
    CF_TIME = 4,        /* reads run->now: never folded                                  */
    CF_OPERATOR = 8,    /* an operator: the VM has instructions for it, impl is NULL     */
    CF_PATTERN = 16,    /* the second argument (receiver counted) is a regular expression */
    CF_ZONE = 32,       /* the second argument is a time zone                            */
    CF_HIDES_ERRORS = 64 /* an argument that failed makes the call fail with plain `no such overload` */
};

struct cel_func {
    const char *name;      /* "contains", "math.ceil", "_+_"                                       */
    uint16_t flags;        /* enum cel_func_flags                                                  */
    const char *signature; /* "string, string -> bool"; the receiver is the first parameter. Types: bool int uint
                              double string bytes null dyn timestamp duration type list(T) map(K, V) type(T)
                              optional(T), parameters A B, abstract names in full: cerbos.lib.hierarchy */
    cel_impl *impl;        /* NULL for operators                                                   */
    const char *doc;       /* one line for people                                                  */
};

extern const struct cel_func cel_funcs[];
extern const int cel_func_count;

/* First row of the name, or -1. */
int cel_func_find(str name);

/* Hash over the names and order of the table and of the opcodes: code made by another table is not run. */
uint64_t cel_code_version(void);

#endif
