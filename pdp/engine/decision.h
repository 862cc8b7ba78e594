/* decision.h — what a check answers
 *
 * One decision per resource. Everything lives in the arena given to decide() or in the snapshot.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_ENGINE_DECISION_H
#define CARDEA_ENGINE_DECISION_H

#include "value/value.h"

struct action_decision {
    str action;           /* as sent                                                         */
    bool allow;           /* EFFECT_ALLOW; everything else is EFFECT_DENY                    */
    str matched_policy;   /* policy key, `NO_MATCH`, or empty                                */
    str matched_scope;    /* scope of the row that decided; empty: root or none              */
};

struct output_entry {
    str src;              /* `resource.expense.vdefault/acme#rule-001`                       */
    str action;
    struct value val;     /* V_NONE when there was an error                                  */
    str error;            /* evaluation or conversion error; empty when val is there         */
};

struct validation_error {
    str path;             /* JSON pointer, may be empty                                      */
    str message;
    bool principal;       /* SOURCE_PRINCIPAL, else SOURCE_RESOURCE                          */
};

struct evaluation_error {
    str expression;       /* CEL source                                                      */
    str message;
};

struct decision {
    const struct action_decision *actions; /* in request order                               */
    isize action_count;
    const str *derived_roles;              /* effective derived roles, sorted, unique        */
    isize derived_role_count;
    const struct output_entry *outputs;    /* in order of evaluation                         */
    isize output_count;
    const struct validation_error *validation_errors;
    isize validation_error_count;
    const struct evaluation_error *evaluation_errors; /* distinct, sorted                    */
    isize evaluation_error_count;
    bool now_used;                         /* some expression asked for the time             */
};

#endif
