/* fields.h — what a policy document may hold, as tables
 *
 * Private to policy-compiler/model. Each message of the reference's schema is a table of fields:
 * both spellings of the key, the kind of value, where it goes, and the rules for it. read.c fills
 * structs by the tables, validate.c checks the rules by the same tables.
 *
 * Fields stand in the order of the reference's schema, which is the order of its error messages.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_MODEL_FIELDS_H
#define CARDEA_MODEL_FIELDS_H

#include "base/diag.h"
#include "model/policy.h"
#include "yaml/compose.h"

enum field_type {
    F_TEXT = 1,    /* struct ptext                                                          */
    F_PLAIN_TEXT,  /* str                                                                   */
    F_SET_TEXT,    /* a text of which only the presence is kept: bool                       */
    F_TEXTS,       /* struct ptexts                                                         */
    F_BOOL,        /* bool                                                                  */
    F_ENUM,        /* uint8_t                                                               */
    F_MESSAGE,     /* fields of another message, into the struct at the offset              */
    F_NEW_MESSAGE, /* … into a new struct, pointer at the offset                            */
    F_MESSAGES,    /* list of them: pointer and isize side by side                          */
    F_VARS,        /* mapping of texts: struct var_def * and isize side by side             */
    F_CONSTS,      /* mapping of values: struct const_def * and isize side by side          */
    F_ANNOTATIONS, /* mapping of texts: struct annotation * and isize side by side          */
    F_HASH         /* a number that is checked and forgotten                                */
};

enum field_rule {
    R_REQUIRED = 1,  /* not empty, not zero                                             */
    R_UNIQUE = 2,    /* no repeated element                                             */
    R_ITEM_TEXT = 4, /* elements are not empty                                          */
    R_IF_EMPTY = 8,  /* F_TEXT: does not replace what another field put there           */
    R_IF_TEXT = 16   /* F_TEXT: an empty text does not replace what another field put there */
};

enum pattern {
    PATTERN_NONE,
    PATTERN_NAME,
    PATTERN_VERSION,
    PATTERN_VERSION_OPT,
    PATTERN_IDENT,
    PATTERN_SCOPE,
    PATTERN_RULE
};

#define NOWHERE UINT16_MAX /* offset of what is read and forgotten */

struct enum_name {
    const char *name;
    uint8_t number;
};

struct enum_type {
    const struct enum_name *names;
    isize count;
    uint8_t allowed;         /* bit n: number n passes the rule; 0: no rule                */
    const char *ref_allowed; /* the reference's list of those names, sorted            */
};

struct message;

struct field {
    const char *json;              /* usual spelling of the key                                 */
    const char *proto;             /* the other one                                             */
    uint8_t type;                  /* enum field_type                                           */
    uint8_t rules;                 /* bits of enum field_rule                                   */
    uint8_t pattern;               /* enum pattern, for the text or for each element            */
    uint8_t oneof;                 /* alternatives of a message share a number; 0: no alternative */
    uint8_t kind;                  /* written to message.kind_at when this alternative is there */
    const char *equal;             /* F_TEXT: the only text allowed, or NULL                    */
    uint16_t offset;               /* in the struct, or NOWHERE                                 */
    const struct message *message; /* F_MESSAGE, F_NEW_MESSAGE, F_MESSAGES                      */
    const struct enum_type *names; /* F_ENUM                                                    */
};

struct message {
    const char *name; /* what people call it: `rule`                                    */
    const struct field *fields;
    isize count;
    const char *oneof; /* the reference's name of the alternatives, of which one must be
                        * there; NULL: none of them must                                 */
    uint16_t size;     /* F_MESSAGES, F_NEW_MESSAGE: bytes of the struct                 */
    /* Offsets of what every such struct keeps about itself; NOWHERE: it does not. */
    uint16_t kind_at;    /* uint8_t          */
    uint16_t span_at;    /* struct span      */
    uint16_t path_at;    /* str              */
    uint16_t ref_at;     /* two uint32_t: where the reference reports it, its caret */
    uint16_t present_at; /* bool             */
};

#define NO_SELF                                                                                    \
    .kind_at = NOWHERE, .span_at = NOWHERE, .path_at = NOWHERE, .ref_at = NOWHERE,                 \
    .present_at = NOWHERE

/* ---- the tables ---- */
extern const struct message policy_message;
extern const struct message resource_message, principal_message, role_message, derived_message;
extern const struct message export_variables_message, export_constants_message;
extern const struct message variables_message, constants_message, condition_message, output_message;
extern const struct enum_type effect_type, scope_permissions_type;

/* ---- reading and checking ---- */
struct loader {
    struct arena *arena; /* of the policy                       */
    const struct source *source;
    struct diags *diags;
    const struct ynode *root; /* the document                        */
};

/* Fills the struct at `base` from a node. Stops at the first error: EINVALID with one
 * diagnostic. */
cardea_status read_message(struct loader *ld, const struct message *message,
                           const struct ynode *node, void *base);

/* Reports every broken rule below the node, which read_message has accepted; sorted as the
 * reference does. */
void check_message(struct loader *ld, const struct message *message, const struct ynode *node);

/* The entry that gives the field its value: written out goes before merged in. NULL: absent. */
const struct yentry *field_entry(const struct message *message, const struct field *field,
                                 const struct ynode *node);

const struct field *find_field(const struct message *message, str key);

/* A scalar as a text: what F_TEXT makes of it. */
bool node_text(struct arena *arena, const struct ynode *node, str *out);

/* A scalar as the number of an enum: 0 for null; numbers beyond a byte are 255. -1: not
 * possible. */
int node_enum(const struct enum_type *type, const struct ynode *node);

/* ---- rules that a field alone cannot tell, by kind; all violations are reported ---- */
void check_resource_policy(struct loader *ld, const struct policy *policy);
void check_principal_policy(struct loader *ld, const struct policy *policy);
void check_role_policy(struct loader *ld, const struct policy *policy);
void check_derived_roles(struct loader *ld, const struct policy *policy);
void check_exports(struct loader *ld, const struct policy *policy);

/* Adds a violation at a struct's own place. */
struct diag *add_violation(struct loader *ld, const struct diag_class *class, struct span span,
                           uint32_t ref_at, str path, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

#endif
