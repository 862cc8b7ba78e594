/* read.c — fills structs from nodes by the tables of fields
 *
 * A message is read in two rounds: entries that came in through a merge key, then those that are
 * written out; merged entries that are hidden by written ones are passed over, also when the
 * written one is another alternative of the same choice.
 *
 * Messages of errors come in two wordings: ours, and the reference's in ref_text, whose places
 * (ref_place) are those of its YAML library.
 *
 * Neighbours: fields.h has the tables · validate.c checks what this file accepted
 *
 * spec: cerbos-compat#structure, #scalars
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model/errors.h"
#include "model/fields.h"
#include "base/num.h"
#include "yaml/to_value.h"

/* ---- places ---------------------------------------------------------------------------------- */

static struct place ref_place(const struct source *source, const struct ynode *node, uint32_t at)
{
    struct place place = source_place(source, at);
    place.column += node->past;
    return place;
}

/* Adds an error at a node; `whole` puts the reference's place at the node's anchor or alias. */
__attribute__((format(printf, 5, 6))) static struct diag *fail(struct loader *ld,
                                                               const struct diag_class *class,
                                                               const struct ynode *node, bool whole,
                                                               const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct sb text = sb_new(ld->diags->arena);
    sb_vprintf(&text, format, args);
    va_end(args);
    struct diag *d =
        diag_add(ld->diags, class, ynode_span(ld->source, node), "%.*s", STR_ARG(sb_str(&text)));
    d->ref_place = ref_place(ld->source, node, whole ? ynode_token(node) : node->token);
    d->ref_path = ynode_path(ld->diags->arena, node);
    return d;
}

static const char *kind_words(const struct ynode *node)
{
    static const char *const words[] = {
        [Y_NULL] = "nothing",         [Y_BOOL] = "a boolean",
        [Y_INT] = "a whole number",   [Y_FLOAT] = "a number with a fraction",
        [Y_INFINITY] = "an infinity", [Y_NAN] = "`.nan`",
        [Y_STRING] = "a text",        [Y_LITERAL] = "a text block",
        [Y_MAP] = "a mapping",        [Y_SEQ] = "a list",
        [Y_ALIAS] = "an alias",
    };
    return words[node->kind];
}

/* What a value belongs to, for messages: its key, or the key of the list it is in. */
static str name_of(const struct ynode *node)
{
    while (node->key == NULL && node->parent != NULL) {
        node = node->parent;
    }
    return node->key != NULL ? node->key->text : S("document");
}

/* `expected <ref_want> got Kind`. */
static cardea_status wrong_type(struct loader *ld, const struct ynode *node, bool whole,
                                const char *want, const char *ref_want)
{
    const struct ynode *meant = ynode_resolve(node);
    struct diag *d = fail(ld, &err_type, whole ? node : meant, whole,
                          meant->kind == Y_NULL ? "`%.*s` must be %s, but has no value"
                                                : "`%.*s` must be %s, not %s",
                          STR_ARG(name_of(node)), want, kind_words(meant));
    d->ref_text =
        str_printf(ld->diags->arena, "expected %s got %.*s", ref_want, STR_ARG(ykind_name(meant)));
    if (meant->kind == Y_FLOAT || meant->kind == Y_INFINITY || meant->kind == Y_NAN) {
        diag_help(ld->diags, d, "put it into quotes if a text is meant");
    } else if (meant->kind == Y_NULL) {
        diag_help(ld->diags, d, "give it a value or remove the key");
    }
    return CARDEA_EINVALID;
}

/* ---- scalars --------------------------------------------------------------------------------- */

bool node_text(struct arena *arena, const struct ynode *node, str *out)
{
    switch (node->kind) {
    case Y_STRING:
    case Y_LITERAL:
    case Y_BOOL:
        *out = node->text;
        return true;
    case Y_NULL:
        *out = STR_EMPTY;
        return true;
    case Y_INT: {
        char digits[NUM_TEXT];
        int len = num_put_uint(digits, node->magnitude);
        *out = str_concat(arena, node->negative ? S("-") : STR_EMPTY, (str){ digits, len });
        return true;
    }
    default:
        return false;
    }
}

static cardea_status read_text(struct loader *ld, const struct ynode *node, str *out)
{
    if (node_text(ld->arena, ynode_resolve(node), out)) {
        return CARDEA_OK;
    }
    return wrong_type(ld, node, false, "a text", "string value");
}

/* A text with its place. `at` is the node whose place the reference remembers: key, element,
 * value. */
static cardea_status read_ptext(struct loader *ld, const struct ynode *node, const struct ynode *at,
                                struct ptext *out)
{
    const struct ynode *meant = ynode_resolve(node);
    *out = (struct ptext){ 0 };
    TRY(read_text(ld, node, &out->text));
    out->span = ynode_span(ld->source, meant);
    out->path = ynode_path(ld->arena, at);
    out->ref_at = ynode_token(at);
    out->caret_at = ynode_token(node);
    out->map = meant->map;
    out->map_count = meant->map_count;
    return CARDEA_OK;
}

static cardea_status read_bool(struct loader *ld, const struct ynode *node, bool *out)
{
    const struct ynode *meant = ynode_resolve(node);
    if (meant->kind != Y_BOOL) {
        return wrong_type(ld, node, false, "`true` or `false`", "boolean value");
    }
    *out = meant->boolean;
    return CARDEA_OK;
}

int node_enum(const struct enum_type *type, const struct ynode *node)
{
    if (node->kind == Y_NULL) {
        return 0;
    }
    if (node->kind == Y_INT) {
        return node->negative || node->magnitude > UINT8_MAX ? UINT8_MAX : (int)node->magnitude;
    }
    for (isize i = 0; node->kind == Y_STRING && i < type->count; i++) {
        if (str_eq(node->text, str_from_c(type->names[i].name))) {
            return type->names[i].number;
        }
    }
    return -1;
}

static cardea_status read_enum(struct loader *ld, const struct field *field,
                               const struct ynode *node, uint8_t *out)
{
    const struct ynode *meant = ynode_resolve(node);
    int number = node_enum(field->names, meant);
    if (number >= 0) {
        *out = (uint8_t)number;
        return CARDEA_OK;
    }
    struct arena *arena = ld->diags->arena;
    bool text = meant->kind == Y_STRING;
    struct diag *d = text ? fail(ld, &err_enum_name, meant, false, "`%.*s` is no value of `%s`",
                                 STR_ARG(meant->text), field->json)
                          : fail(ld, &err_enum_name, meant, false, "`%s` must be a name, not %s",
                                 field->json, kind_words(meant));
    d->ref_text =
        text ? str_printf(arena, "invalid enum value %.*s", STR_ARG(str_quote(arena, meant->text)))
             : S("invalid enum value");
    str names[8];
    isize count = field->names->count < countof(names) ? field->names->count : countof(names);
    for (isize i = 0; i < count; i++) {
        names[i] = str_from_c(field->names->names[i].name);
        if (text && meant->text.len > 0 &&
            str_ends(names[i], str_concat(arena, S("_"), meant->text))) {
            diag_help(ld->diags, d, "did you mean `%.*s`?", STR_ARG(names[i]));
            return CARDEA_EINVALID;
        }
    }
    str near = text ? diag_nearest(arena, meant->text, names, count) : STR_EMPTY;
    near = near.len > 0 ? near : names[count - 1];
    diag_help(ld->diags, d, "write one of the names, such as `%.*s`", STR_ARG(near));
    return CARDEA_EINVALID;
}

/* The reference takes a whole number that is not negative, or its digits as a text. */
static cardea_status read_hash(struct loader *ld, const struct ynode *node)
{
    const struct ynode *meant = ynode_resolve(node);
    struct arena *arena = ld->diags->arena;
    uint64_t number = 0;
    if ((meant->kind == Y_INT && !meant->negative) ||
        (meant->kind == Y_STRING && num_parse_uint(meant->text, &number))) {
        return CARDEA_OK;
    }
    struct diag *d = fail(ld, &err_number, meant, false,
                          "`%.*s` must be a whole number, not negative", STR_ARG(name_of(node)));
    if (meant->kind == Y_INT) {
        d->ref_text = str_printf(arena, "unexpected negative value -%llu",
                                 (unsigned long long)meant->magnitude);
    } else if (meant->kind == Y_STRING) {
        str quoted = str_quote(arena, meant->text);
        d->ref_text = str_printf(
            arena, "invalid integer value %.*s: strconv.ParseUint: parsing %.*s: invalid syntax",
            STR_ARG(quoted), STR_ARG(quoted));
    } else {
        d->ref_text = str_printf(arena, "unexpected %.*s", STR_ARG(ykind_name(meant)));
    }
    return CARDEA_EINVALID;
}

/* ---- lists and mappings ---------------------------------------------------------------------- */

/* How lists lie in the structs of policy.h: a pointer and a count side by side. */
struct any_list {
    void *ptr;
    isize len;
};

static void store_list(void *at, void *ptr, isize len)
{
    struct any_list list = { ptr, len };
    memcpy(at, &list, sizeof list);
}

static cardea_status read_texts(struct loader *ld, const struct ynode *node, void *at)
{
    const struct ynode *seq = ynode_resolve(node);
    if (seq->kind != Y_SEQ) {
        return wrong_type(ld, node, true, "a list", "sequence");
    }
    struct ptext *texts = new (ld->arena, struct ptext, seq->count);
    for (isize i = 0; i < seq->count; i++) {
        TRY(read_ptext(ld, seq->items[i], seq->items[i], &texts[i]));
    }
    store_list(at, texts, seq->count);
    return CARDEA_OK;
}

static cardea_status read_messages(struct loader *ld, const struct field *field,
                                   const struct ynode *node, void *at)
{
    const struct ynode *seq = ynode_resolve(node);
    const struct message *message = field->message;
    if (seq->kind != Y_SEQ) {
        return wrong_type(ld, node, true, "a list", "sequence");
    }
    char *items = arena_alloc(ld->arena, message->size, _Alignof(max_align_t), seq->count);
    for (isize i = 0; i < seq->count; i++) {
        TRY(read_message(ld, message, seq->items[i], items + i * message->size));
    }
    store_list(at, items, seq->count);
    return CARDEA_OK;
}

static cardea_status text_key(struct loader *ld, const struct ynode *key)
{
    if (key->kind == Y_STRING) {
        return CARDEA_OK;
    }
    struct diag *d =
        fail(ld, &err_yaml_key_kind, key, false, "the key `%.*s` is no text", STR_ARG(key->text));
    d->ref_text =
        str_printf(ld->diags->arena, "expected string got %.*s", STR_ARG(ykind_name(key)));
    return CARDEA_EINVALID;
}

static cardea_status read_var(struct loader *ld, const struct yentry *entry, struct var_def *out)
{
    TRY(read_ptext(ld, entry->key, entry->key, &out->name));
    return read_ptext(ld, entry->value, entry->value, &out->expr);
}

static cardea_status read_const(struct loader *ld, const struct yentry *entry,
                                struct const_def *out)
{
    TRY(read_ptext(ld, entry->key, entry->key, &out->name));
    TRY(yaml_to_value(ld->arena, ld->source, entry->value, false, &out->value, ld->diags));
    out->span = ynode_span(ld->source, ynode_resolve(entry->value));
    out->path = ynode_path(ld->arena, entry->value);
    out->ref_at = ynode_token(entry->value);
    return CARDEA_OK;
}

static cardea_status read_annotation(struct loader *ld, const struct yentry *entry,
                                     struct annotation *out)
{
    out->key = entry->key->text;
    return read_text(ld, entry->value, &out->value);
}

/* A mapping of free keys; type says of what. */
static cardea_status read_map(struct loader *ld, uint8_t type, const struct ynode *node, void *at)
{
    const struct ynode *map = ynode_resolve(node);
    if (map->kind != Y_MAP) {
        return wrong_type(ld, node, true, "a mapping", "map");
    }
    struct var_def *vars = new (ld->arena, struct var_def, type == F_VARS ? map->count : 0);
    struct const_def *consts = new (ld->arena, struct const_def, type == F_CONSTS ? map->count : 0);
    struct annotation *notes =
        new (ld->arena, struct annotation, type == F_ANNOTATIONS ? map->count : 0);
    for (isize i = 0; i < map->count; i++) {
        const struct yentry *entry = &map->entries[i];
        TRY(text_key(ld, entry->key));
        TRY(type == F_VARS     ? read_var(ld, entry, &vars[i])
            : type == F_CONSTS ? read_const(ld, entry, &consts[i])
                               : read_annotation(ld, entry, &notes[i]));
    }
    if (at != NULL) {
        store_list(at,
                   type == F_VARS     ? (void *)vars
                   : type == F_CONSTS ? (void *)consts
                                      : (void *)notes,
                   map->count);
    }
    return CARDEA_OK;
}

/* ---- fields ---------------------------------------------------------------------------------- */

/* A text that shares its place with another field's: see R_IF_EMPTY, R_IF_TEXT. */
static cardea_status read_text_field(struct loader *ld, const struct field *field,
                                     const struct yentry *entry, struct ptext *at)
{
    struct ptext text = { 0 };
    TRY(read_ptext(ld, entry->value, entry->key, &text));
    bool keep = ((field->rules & R_IF_EMPTY) != 0 && at != NULL && at->text.len > 0) ||
                ((field->rules & R_IF_TEXT) != 0 && text.text.len == 0);
    if (at != NULL && !keep) {
        *at = text;
    }
    return CARDEA_OK;
}

static cardea_status read_new_message(struct loader *ld, const struct field *field,
                                      const struct ynode *node, void *at)
{
    void *made = arena_alloc(ld->arena, field->message->size, _Alignof(max_align_t), 1);
    TRY(read_message(ld, field->message, node, made));
    memcpy(at, &made, sizeof made);
    return CARDEA_OK;
}

static cardea_status read_field(struct loader *ld, const struct field *field,
                                const struct yentry *entry, char *base)
{
    char *at = field->offset == NOWHERE ? NULL : base + field->offset;
    str text = STR_EMPTY;
    bool boolean = false;
    switch ((enum field_type)field->type) {
    case F_TEXT:
        return read_text_field(ld, field, entry, (struct ptext *)(void *)at);
    case F_PLAIN_TEXT:
        TRY(read_text(ld, entry->value, &text));
        if (at != NULL) {
            *(str *)(void *)at = text;
        }
        return CARDEA_OK;
    case F_SET_TEXT:
        *(bool *)at = true;
        return read_text(ld, entry->value, &text);
    case F_TEXTS:
        return read_texts(ld, entry->value, at);
    case F_BOOL:
        TRY(read_bool(ld, entry->value, &boolean));
        *(bool *)at = boolean;
        return CARDEA_OK;
    case F_ENUM:
        return read_enum(ld, field, entry->value, (uint8_t *)at);
    case F_MESSAGE:
        return read_message(ld, field->message, entry->value, at != NULL ? at : base);
    case F_NEW_MESSAGE:
        return read_new_message(ld, field, entry->value, at);
    case F_MESSAGES:
        return read_messages(ld, field, entry->value, at);
    case F_VARS:
    case F_CONSTS:
    case F_ANNOTATIONS:
        return read_map(ld, field->type, entry->value, at);
    case F_HASH:
        return read_hash(ld, entry->value);
    }
    return CARDEA_EINTERNAL;
}

/* ---- messages -------------------------------------------------------------------------------- */

const struct field *find_field(const struct message *message, str key)
{
    for (isize i = 0; i < message->count; i++) {
        if (str_eq(key, str_from_c(message->fields[i].json))) {
            return &message->fields[i];
        }
    }
    for (isize i = 0; i < message->count; i++) {
        if (str_eq(key, str_from_c(message->fields[i].proto))) {
            return &message->fields[i];
        }
    }
    return NULL;
}

const struct yentry *field_entry(const struct message *message, const struct field *field,
                                 const struct ynode *node)
{
    const struct yentry *found = NULL;
    bool hidden = false; /* another alternative is written out */
    for (isize i = 0; i < node->count; i++) {
        const struct yentry *entry = &node->entries[i];
        const struct field *other = find_field(message, entry->key->text);
        if (other == field) {
            found = entry;
        } else if (field->oneof != 0 && other != NULL && other->oneof == field->oneof &&
                   !entry->merged) {
            hidden = true;
        }
    }
    return found != NULL && found->merged && hidden ? NULL : found;
}

static cardea_status unknown_field(struct loader *ld, const struct message *message,
                                   const struct ynode *key)
{
    struct arena *arena = ld->diags->arena;
    struct diag *d =
        fail(ld, &err_unknown_field, key, true, "unknown field `%.*s`", STR_ARG(key->text));
    d->ref_text = str_printf(arena, "unknown field %.*s", STR_ARG(str_quote(arena, key->text)));
    str *names = new (arena, str, message->count);
    for (isize i = 0; i < message->count; i++) {
        names[i] = str_from_c(message->fields[i].json);
    }
    str near = diag_nearest(arena, key->text, names, message->count);
    if (near.len > 0) {
        diag_help(ld->diags, d, "did you mean `%.*s`?", STR_ARG(near));
        return CARDEA_EINVALID;
    }
    struct sb list = sb_new(arena);
    for (isize i = 0; i < message->count; i++) {
        sb_printf(&list, "%s`%.*s`", i > 0 ? ", " : "", STR_ARG(names[i]));
    }
    diag_help(ld->diags, d, "%s has these fields: %.*s", message->name, STR_ARG(sb_str(&list)));
    return CARDEA_EINVALID;
}

static cardea_status second(struct loader *ld, const struct diag_class *class,
                            const struct ynode *key, const struct ynode *before, const char *text,
                            const char *ref)
{
    struct place place = source_place(ld->source, before->token);
    struct diag *d = fail(ld, class, key, true, text, STR_ARG(key->text), STR_ARG(before->text));
    diag_note(ld->diags, d, ynode_span(ld->source, before), "set here before");
    d->ref_text = str_printf(ld->diags->arena, "%s at [%d:%d]", ref, place.line, place.column);
    return CARDEA_EINVALID;
}

/* Written-out entries of a message: every key known, every field and every choice once. */
static cardea_status check_own_keys(struct loader *ld, const struct message *message,
                                    const struct ynode *map, isize upto)
{
    const struct ynode *key = map->entries[upto].key;
    const struct field *field = find_field(message, key->text);
    for (isize i = 0; i < upto; i++) {
        const struct yentry *entry = &map->entries[i];
        const struct field *other = entry->merged ? NULL : find_field(message, entry->key->text);
        if (other == NULL) {
            continue;
        }
        if (other == field) {
            return second(ld, &err_field_twice, key, entry->key,
                          "`%.*s` and `%.*s` are the same field",
                          "duplicate field definition: previous definition");
        }
        if (field->oneof != 0 && other->oneof == field->oneof) {
            return second(ld, &err_alternative_twice, key, entry->key,
                          "`%.*s` cannot stand beside `%.*s`",
                          "invalid value: oneof field is already set");
        }
    }
    return CARDEA_OK;
}

static cardea_status read_entry(struct loader *ld, const struct message *message,
                                const struct ynode *map, isize i, char *base)
{
    const struct yentry *entry = &map->entries[i];
    if (entry->key->kind != Y_STRING) {
        return yaml_no_key(ld->source, entry->key, ld->diags);
    }
    const struct field *field = find_field(message, entry->key->text);
    if (field == NULL) {
        return unknown_field(ld, message, entry->key);
    }
    if (!entry->merged) {
        TRY(check_own_keys(ld, message, map, i));
    } else if (field_entry(message, field, map) != entry) {
        return CARDEA_OK; /* hidden by a written-out one */
    }
    if (field->oneof != 0 && message->kind_at != NOWHERE) {
        *(uint8_t *)(base + message->kind_at) = field->kind;
    }
    return read_field(ld, field, entry, base);
}

/* What a struct keeps about itself. */
static void set_self(struct loader *ld, const struct message *message, const struct ynode *node,
                     char *base)
{
    if (message->span_at != NOWHERE) {
        *(struct span *)(void *)(base + message->span_at) =
            ynode_span(ld->source, ynode_resolve(node));
    }
    if (message->path_at != NOWHERE) {
        *(str *)(void *)(base + message->path_at) = ynode_path(ld->arena, node);
    }
    if (message->ref_at != NOWHERE) {
        uint32_t *places = (uint32_t *)(void *)(base + message->ref_at);
        places[0] = node->key != NULL ? node->key->token : ynode_token(node);
        places[1] = ynode_token(node);
    }
    if (message->present_at != NOWHERE) {
        *(bool *)(base + message->present_at) = true;
    }
}

cardea_status read_message(struct loader *ld, const struct message *message,
                           const struct ynode *node, void *base)
{
    const struct ynode *map = ynode_resolve(node);
    if (map->kind != Y_MAP) {
        return wrong_type(ld, node, true, "a mapping", "object");
    }
    set_self(ld, message, node, base);
    for (isize i = 0; i < map->count; i++) {
        TRY(read_entry(ld, message, map, i, base));
    }
    return CARDEA_OK;
}
