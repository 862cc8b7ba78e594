/* format.h — the image: a compiled policy set as one run of bytes
 *
 * Little-endian, offsets instead of pointers, sections aligned to 64 bytes, usable where it lies (memory or a
 * mapped file). The same records serve writer, reader and engine; a record never changes its meaning under one
 * format version.
 *
 *   header      magic, versions, size, section table, SHA-256 of everything behind the header
 *   STRINGS     bytes of all texts
 *   SYMBOLS     interned names: record n-1 is symbol n; symbol 0 = "no policy mentions it"
 *   SYMTAB      lookup table of the symbols
 *   DIRECTORY   lookup table (type, name, version, scope) → policy or range
 *   POLICIES    policy records
 *   ROWS        rows of the policies
 *   BITS        row sets: words of 64 bits
 *   KEYS        (symbol or pattern) → row set, by policy
 *   GLOBS       programs of patterns (base/glob.c)
 *   LISTS       lists of numbers (symbols, patterns …)
 *   CONDITIONS  condition trees
 *   DROLES      derived roles
 *   SCOPES      scopes: permissions and what kinds of policy know them
 *   PARENTS     role → parent roles, by scope
 *   UNITS       code units: one per policy or set of derived roles
 *   KONSTS VALUES WORDS PATHS NUMBERS EXPRS SPANS TEXTS    the tables of the units' code (cel/code.h)
 *   SOURCES     file names of the policies
 *   SCHEMAS     JSON Schemas of the store, as text
 *   SCHEMA_REFS what policies ask of attributes: references to schemas
 *   reserved: TREES (stable form of the expressions), ANNOTATIONS, POLICY_TEXT, SIGNATURE
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_IMAGE_FORMAT_H
#define CARDEA_IMAGE_FORMAT_H

#include <stdint.h>

#define IMAGE_MAGIC "CARDEA\x1a\x01"
#define IMAGE_FORMAT_VERSION 1
#define IMAGE_ALIGN 64
#define IMAGE_MAX_BYTES (UINT32_C(1) << 31)
#define IMAGE_NONE UINT32_MAX

enum image_section {
    SEC_STRINGS,
    SEC_SYMBOLS,
    SEC_SYMTAB,
    SEC_DIRECTORY,
    SEC_POLICIES,
    SEC_ROWS,
    SEC_BITS,
    SEC_KEYS,
    SEC_GLOBS,
    SEC_GLOB_WORDS,
    SEC_LISTS,
    SEC_CONDITIONS,
    SEC_DROLES,
    SEC_SCOPES,
    SEC_PARENTS,
    SEC_UNITS,
    SEC_KONSTS,
    SEC_VALUES,
    SEC_WORDS,
    SEC_PATHS,
    SEC_NUMBERS,
    SEC_EXPRS,
    SEC_SPANS,
    SEC_TEXTS,
    SEC_SOURCES,
    SEC_SCHEMAS,
    SEC_SCHEMA_REFS,
    SEC_TREES, /* from here on: reserved, empty in this version */
    SEC_ANNOTATIONS,
    SEC_POLICY_TEXT,
    SEC_COUNT
};

struct img_range {
    uint32_t first; /* number of the first record in its section */
    uint32_t count; /* how many                                  */
};

struct img_text {
    uint32_t offset; /* byte in STRINGS */
    uint32_t len;    /* bytes           */
};

struct img_section {
    uint32_t offset; /* byte in the image, a multiple of IMAGE_ALIGN */
    uint32_t bytes;  /* length                                       */
    uint32_t count;  /* records                                      */
    uint32_t pad;
};

struct img_header {
    char magic[8];            /* IMAGE_MAGIC                                          */
    uint32_t format;          /* IMAGE_FORMAT_VERSION                                 */
    uint32_t section_count;   /* SEC_COUNT of the writer                              */
    uint64_t code_version;    /* cel_code_version() of the writer                     */
    uint32_t total;           /* bytes of the whole image                             */
    uint32_t policy_count;    /* documents that take part                             */
    uint32_t rule_count;      /* rules as written                                     */
    uint32_t flags;           /* enum image_flags                                     */
    uint64_t sym_k0, sym_k1;  /* SipHash key of SYMTAB                                */
    uint8_t digest[32];       /* SHA-256 of all bytes behind the section table        */
    struct img_section sections[SEC_COUNT];
};

enum image_flags {
    IMAGE_ZONES = 1 /* some expression asks for a time zone: the owner must have them at hand */
};

/* One slot of DIRECTORY; name 0 in an empty slot of type 0. */
struct img_entry {
    uint32_t type;    /* enum dir_type, 0 = free slot                                     */
    uint32_t name;    /* symbol of the kind, principal or role; 0 where the type has none */
    uint32_t version; /* symbol                                                           */
    uint32_t scope;   /* symbol                                                           */
    uint32_t first;   /* number of the policy; DIR_ROLES: first of a range in LISTS       */
    uint32_t count;   /* 1; DIR_ROLES: how many                                           */
};

enum dir_type {
    DIR_RESOURCE = 1,  /* resource policy: kind (folded), version, scope      */
    DIR_PRINCIPAL,     /* principal policy: principal, version, scope         */
    DIR_ROLE,          /* role policy: role, version, scope                   */
    DIR_ROLES,         /* all role policies of a version and scope            */
    DIR_ANY_PRINCIPAL  /* some principal policy exists at a version and scope */
};

/* Names and patterns of one dimension, each with the rows it selects. */
struct img_keys {
    struct img_range names; /* KEYS: literal names, sorted by symbol */
    struct img_range globs; /* KEYS: patterns                        */
};

struct img_policy {
    uint32_t type;             /* DIR_RESOURCE, DIR_PRINCIPAL or DIR_ROLE                        */
    uint32_t name;             /* symbol as in the directory                                     */
    uint32_t scope;            /* symbol                                                         */
    struct img_text key;       /* policy key: resource.expense.vdefault/acme                     */
    uint32_t source;           /* number in SOURCES                                              */
    uint32_t permissions;      /* scope permissions as written: 0, 1 override, 2 consent         */
    uint32_t unit;             /* its code                                                       */
    uint32_t words;            /* words of a row set                                             */
    struct img_range rows;
    struct img_keys actions;   /* which rows an action selects                                   */
    struct img_keys roles;     /* which rows a role selects; resource policies only              */
    struct img_keys kinds;     /* which rows a resource kind selects; principal and role policies */
    struct img_range droles;   /* LISTS: derived roles that its rules use                        */
    uint32_t conditions;       /* how many condition memo cells it needs                         */
    uint32_t flags;            /* enum policy_flags                                              */
    uint32_t schema_principal; /* resource policies: number in SCHEMA_REFS, from the policy at the root
                                  of the scopes; IMAGE_NONE: none                                */
    uint32_t schema_resource;
};

enum policy_flags {
    POLICY_USES_RUNTIME = 1 /* some expression reads runtime.effectiveDerivedRoles */
};

/* Which rows a name or pattern selects. */
struct img_key {
    uint32_t symbol; /* the name, or the text of the pattern as written            */
    uint32_t glob;   /* pattern: number in GLOBS; name: IMAGE_NONE                 */
    uint32_t bits;   /* first word of its row set in BITS                          */
};

struct img_row {
    uint8_t effect;           /* 0 none, 1 allow, 2 deny                                           */
    uint8_t flags;            /* enum row_flags                                                    */
    uint16_t rule;            /* rule number in the document, from 1 (65535: more)                 */
    uint32_t condition;       /* number in CONDITIONS, IMAGE_NONE: always                          */
    uint32_t memo;            /* memo cell of the condition in its policy                          */
    uint32_t drole;           /* position in the policy's `droles`, IMAGE_NONE: plain roles        */
    uint32_t activated;       /* expression of the output when the rule is active, IMAGE_NONE      */
    uint32_t not_met;         /* expression of the output when its condition is not met            */
    struct img_text output;   /* `src` of its outputs                                              */
    uint32_t name;            /* symbol of the rule's name                                         */
    struct img_range actions; /* LISTS: the rule's actions as numbers in KEYS                      */
    struct img_range roles;   /* LISTS: the row's roles (a derived role's parents) likewise: an output is
                                 emitted once per matching pair, as the reference does             */
    uint32_t line;            /* line of the rule in the source                                    */
};

enum row_flags {
    ROW_NEGATED = 1 /* consent: a DENY that holds when the condition does not */
};

enum cond_kind { COND_EXPR = 1, COND_ALL, COND_ANY, COND_NONE };

struct img_condition {
    uint32_t kind;  /* enum cond_kind                                                    */
    uint32_t first; /* COND_EXPR: expression of the unit; else first operand in CONDITIONS */
    uint32_t count; /* operands; they stand together, in front of their parent           */
};

struct img_drole {
    uint32_t name;           /* symbol                                                    */
    uint32_t unit;           /* code of its set                                           */
    uint32_t condition;      /* IMAGE_NONE: always                                        */
    uint32_t flags;          /* 1: `*` is among the parent roles · 2: condition reads runtime */
    struct img_range parents; /* LISTS: symbols of parent roles                           */
    uint32_t source;         /* number in SOURCES                                         */
    uint32_t line;
};
enum drole_flags { DROLE_ANY = 1, DROLE_RUNTIME = 2 };

struct img_scope {
    uint32_t symbol;      /* the scope                                          */
    uint32_t permissions; /* 0 neither, 1 override, 2 consent                   */
    uint32_t flags;       /* enum scope_flags                                   */
};
enum scope_flags {
    SCOPE_RESOURCE = 1, /* a resource or role policy uses it */
    SCOPE_PRINCIPAL = 2 /* a principal policy uses it        */
};

struct img_parents {
    uint32_t scope;           /* symbol                                     */
    uint32_t role;            /* symbol                                     */
    struct img_range parents; /* LISTS: symbols, closed transitively        */
};

/* Tables of one unit of code; ranges in the sections of the same name. */
struct img_unit {
    struct img_range words;
    struct img_range konsts;
    struct img_range paths;
    struct img_range path_keys; /* NUMBERS */
    struct img_range exprs;
    struct img_range vars;      /* NUMBERS: expression of each variable                          */
    struct img_range var_names; /* NUMBERS: constant that names it                               */
    struct img_range patterns;  /* NUMBERS: constants that are literal patterns                  */
    struct img_range spans;
    struct img_range texts;     /* TEXTS: source text of each expression                         */
};

/* A constant: as struct value, with offsets for pointers. */
struct img_value {
    uint8_t kind;     /* enum value_kind                                                             */
    uint8_t flags;
    int16_t aux;
    uint32_t len;     /* as in struct value                                                          */
    uint64_t payload; /* scalars: the bits · texts: offset in STRINGS · list: number of the first element in
                         VALUES · map: number of the first key in VALUES, keys and values in turn ·
                         optional: number in VALUES + 1, 0 for none                                   */
};

struct img_path {
    uint16_t root;
    uint16_t key_count;
    uint32_t first_key; /* within the unit's path_keys */
};

struct img_expr {
    uint32_t entry; /* within the unit's words */
    uint32_t words;
    uint16_t max_stack;
    uint16_t slots;
    uint32_t flags;
};

/* A document below `_schemas`. */
struct img_schema {
    struct img_text id;   /* path below `_schemas`      */
    struct img_text text; /* any bytes: not proven here */
};

struct img_schema_ref {
    struct img_text ref;     /* as the policy writes it                                           */
    struct img_range ignore; /* LISTS: numbers in GLOBS; the schema is not applied when all actions of the
                                request match one of them                                         */
};

struct img_span {
    uint32_t pc;
    uint32_t start, end;
};

#endif
