/* proto.h — protobuf messages as JSON
 *
 * The API's requests are protobuf messages in JSON. A table describes each message once: its
 * fields, where they go in a C struct, and the rules that values must keep. Three readers share the
 * tables:
 *
 *   proto_read      JSON tree → struct; fast, says only yes or no
 *   proto_explain   text → what is wrong with it, in the reference's words, with line and column
 *   proto_validate  struct → which rules are broken, as text and as details
 *
 * Field names are accepted in lowerCamelCase and as in the proto file; unknown and repeated fields
 * are errors; null means absent except inside attribute values. spec: cerbos-compat#json
 *
 * Everything lives in the arena or in the parsed text. Any thread.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_SERVER_PROTO_H
#define CARDEA_SERVER_PROTO_H

#include "value/json_in.h"
#include "value/json_out.h"

enum proto_kind {
    PROTO_STRING,      /* str                                                              */
    PROTO_BOOL,        /* bool                                                             */
    PROTO_STRINGS,     /* const str *, and isize at `count`                                */
    PROTO_VALUES,      /* const struct vmap *: map<string, google.protobuf.Value>          */
    PROTO_MESSAGE,     /* the message's struct itself, and bool at `count`: it was sent    */
    PROTO_MESSAGES,    /* pointer to an array of the message's struct, isize at `count`    */
    PROTO_MESSAGE_MAP, /* the same; each struct begins with the `str` of its key           */
};

enum proto_rule {
    PROTO_REQUIRED = 1,       /* set and not empty                                          */
    PROTO_UNIQUE = 2,         /* list of texts without repeats                              */
    PROTO_ITEM_NOT_EMPTY = 4, /* texts of a list have at least one character                */
    PROTO_KEY_NOT_EMPTY = 8,  /* keys of a map have at least one character                  */
    PROTO_VERSION = 16,       /* text is a policy version                                   */
    PROTO_SCOPE = 32,         /* text is a scope                                            */
    PROTO_ITEMS = 64,     /* list with at least one item                                         */
    PROTO_SEMANTIC = 128, /* text says with which answer a batch ends                            */
};

struct proto_message;

struct proto_field {
    str name;                            /* JSON name                                             */
    str proto_name;                      /* name in the proto file                                */
    uint8_t number;                      /* field number                                          */
    uint8_t kind;                        /* enum proto_kind                                       */
    uint8_t rules;                       /* enum proto_rule, added up                             */
    uint16_t at;                         /* offset of the member in the struct                    */
    uint16_t count;                      /* offset of its count or presence, see enum proto_kind  */
    const struct proto_message *message; /* of message fields                */
};

/* A rule about a message as a whole. */
struct proto_whole_rule {
    const char *id;
    const char *text; /* its wording */
};

struct proto_message {
    const struct proto_field *fields; /* in order of their numbers                              */
    int field_count;                  /* at most 32                                             */
    uint16_t size;                    /* of the C struct                                        */
    const char *exclusive_id;         /* rule "only one of the first two fields"; NULL: no rule  */
    const char *exclusive_text;       /* its wording                                            */
    const struct proto_whole_rule *whole_rules; /* of the outermost message, before its fields'  */
    int whole_rule_count;
    bool (*keeps)(const void *in, int rule); /* does the struct keep rule number n?              */
};

/* Reads a message into *out (zeroed, message->size bytes). False when the tree does not fit the
 * message. */
bool proto_read(struct arena *arena, const struct proto_message *message, yyjson_val *node,
                void *out);

/* What the reference says about a text that is no such message; empty when it finds no fault (then
 * a limit of ours was reached). Cost: linear in the text; for the failure path only. */
str proto_explain(struct arena *arena, const struct proto_message *message, str text);

/* Does the message keep all rules? */
bool proto_valid(struct arena *arena, const struct proto_message *message, const void *in);

/* The broken rules of a message: *text receives the reference's wording (`validation error: …`),
 * and the list of violations is written to `details` as one array element. Call only when
 * proto_valid said no. */
void proto_violations(struct arena *arena, const struct proto_message *message, const void *in,
                      str *text, struct jw *details);

#endif
