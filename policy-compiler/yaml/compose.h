/* compose.h — YAML text → a tree of nodes that know their bytes
 *
 * libyaml tells where things begin and end; this module builds the tree, types scalars (YAML 1.2
 * core as the reference reads it), resolves aliases and merge keys, and refuses what must not come
 * in: repeated keys and anchors, unknown aliases, nesting beyond YAML_DEPTH, alias bombs, control
 * characters, several documents. JSON is read by the same code. Tags are ignored.
 *
 * Offsets are bytes of source->text. Nodes live in the arena of the call and borrow the source's
 * text.
 *
 * spec: cerbos-compat#yaml-and-json-reading
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_YAML_COMPOSE_H
#define CARDEA_YAML_COMPOSE_H

#include "base/diag.h"
#include "yaml/locate.h"

#define YAML_DEPTH     64         /* most levels of nesting, aliases followed               */
#define YAML_MAX_BYTES (16 << 20) /* largest document                                       */
#define YAML_MAX_NODES 1000000    /* most nodes, each alias counted with all it stands for  */

enum ykind {
    Y_NULL = 1,
    Y_BOOL,
    Y_INT,
    Y_FLOAT,
    Y_INFINITY,
    Y_NAN,
    Y_STRING,  /* plain or quoted                */
    Y_LITERAL, /* block scalar, literal or folded */
    Y_MAP,
    Y_SEQ,
    Y_ALIAS
};

struct yentry;

struct ynode {
    uint8_t kind;   /* enum ykind                                                           */
    bool flow;      /* Y_MAP, Y_SEQ: written with brackets                                  */
    bool negative;  /* Y_INT: written with a minus                                          */
    bool boolean;   /* Y_BOOL                                                               */
    uint8_t past;   /* columns to add to `token` for the reference's place; 1 for some nulls */
    uint8_t height; /* levels of collections from here on, aliases followed; 0 for scalars   */
    uint32_t start; /* first byte, anchors and tags not included                            */
    uint32_t end;   /* first byte behind                                                    */
    uint32_t token; /* byte where the reference reports it: a block mapping's first colon    */
    uint32_t props; /* first byte of its anchor or tag; start when it has none              */
    uint32_t size;  /* nodes of this tree, aliases counted with what they stand for         */
    str text;       /* scalars: value with escapes and folds resolved; Y_ALIAS: the name    */
    const struct ptext_map *map; /* bytes of text → bytes of the file, see locate.h            */
    isize map_count;
    union {
        uint64_t magnitude;         /* Y_INT                                  */
        double number;              /* Y_FLOAT                                */
        const struct ynode **items; /* Y_SEQ: count elements                  */
        struct yentry *entries;     /* Y_MAP: count entries                   */
        const struct ynode *target; /* Y_ALIAS: what it stands for, no alias  */
    };
    isize count;
    const struct ynode *parent; /* collection it was written in; NULL: the root                */
    const struct ynode *key;    /* in a mapping: its key (a key's is itself), else NULL        */
    isize index;                /* in a sequence: which element                                */
};

/* One key and its value. Merged entries come first; none of them has the key of another entry. */
struct yentry {
    const struct ynode *key; /* a scalar                                     */
    const struct ynode *value;
    bool merged; /* came in through a merge key `<<`             */
};

struct yaml_doc {
    const struct ynode *root; /* NULL: nothing there (empty, only comments)              */
    bool several;             /* there is a second document with content …               */
    uint32_t second;          /* … which begins here                                     */
    isize unplaced; /* scalars of which only the first byte's place is known; 0 is expected */
};

/* Reads the whole text. Returns OK; EINVALID or ELIMIT with diagnostics. */
cardea_status yaml_compose(struct arena *arena, const struct source *source, struct yaml_doc *out,
                           struct diags *diags);

/* Reports that there are several documents. Returns EINVALID. */
cardea_status yaml_several(const struct source *source, const struct yaml_doc *doc,
                           struct diags *diags);

/* The node that is meant: follows an alias. */
static inline const struct ynode *ynode_resolve(const struct ynode *node)
{
    return node->kind == Y_ALIAS ? node->target : node;
}

/* Value of a key (by text) of a map; NULL when there is none or node is no map. */
const struct ynode *ynode_get(const struct ynode *node, str key);

/* Where the node was written: `$.resourcePolicy.rules[0]`. What came through an alias or a merge
 * key has the path of its origin. */
str ynode_path(struct arena *arena, const struct ynode *node);

/* Byte where the reference reports the node as a whole: its anchor or tag when it has one. */
static inline uint32_t ynode_token(const struct ynode *node)
{
    return node->props != node->start ? node->props : node->token;
}

/* The reference's name of a node's kind: `Mapping`, `String`. */
str ykind_name(const struct ynode *node);

/* The bytes of a node. */
static inline struct span ynode_span(const struct source *source, const struct ynode *node)
{
    return (struct span){ source, node->start, node->end };
}

#endif
