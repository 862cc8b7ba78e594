/* validate.c — the rules of fields, checked on the tree
 *
 * read.c has accepted the document, so every value has its type. This pass walks the same tables
 * over the same nodes and reports every rule that is broken, in the reference's words and, in its
 * ref fields, at the reference's places: the key of a field, the element of a list, no place for
 * what is absent.
 *
 * Neighbours: fields.h has the tables · load.c sorts what this file reports
 *
 * spec: cerbos-compat#document-validation
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/map.h"
#include "model/errors.h"
#include "model/fields.h"

/* ---- paths of messages ----------------------------------------------------------------------- */

/* The way from the policy to a value: `resourcePolicy.rules[1].roles`. */
struct way {
    const struct way *up;
    const char *name; /* a field, else NULL           */
    isize index;      /* an element when name is NULL */
};

static void write_way(struct sb *sb, const struct way *way)
{
    if (way == NULL) {
        return;
    }
    write_way(sb, way->up);
    if (way->name == NULL) {
        sb_printf(sb, "[%lld]", (long long)way->index);
        return;
    }
    sb_printf(sb, "%s%s", sb->len > 0 ? "." : "", way->name);
}

/* ---- reporting ------------------------------------------------------------------------------- */

/* A value that is checked: what it is called, and where it is. */
struct subject {
    const struct way *way;
    const struct ynode *at;    /* key or element whose place the reference shows; NULL: absent    */
    const struct ynode *value; /* the value as written; NULL: absent                              */
    const struct ynode *near;  /* the mapping that misses it: where we point when it is absent    */
};

static struct diag *violation(struct loader *ld, const struct diag_class *class,
                              const struct subject *s, str text, str ref)
{
    struct arena *arena = ld->diags->arena;
    struct sb path = sb_new(arena);
    write_way(&path, s->way);
    const struct ynode *shown = s->value != NULL ? s->value : s->near;
    struct diag *d =
        diag_add(ld->diags, class, ynode_span(ld->source, shown), "%.*s", STR_ARG(text));
    d->ref_text = str_printf(arena, "%.*s: %.*s", STR_ARG(sb_str(&path)), STR_ARG(ref));
    if (s->at == NULL) {
        d->ref_place = (struct place){ -1, -1 };
        return d;
    }
    d->ref_place = source_place(ld->source, ynode_token(s->at));
    d->ref_caret = source_place(ld->source, ynode_token(s->value));
    d->ref_path = ynode_path(arena, s->at);
    return d;
}

/* Name of what is checked, for our texts: the field, also for its elements. */
static const char *subject_name(const struct subject *s)
{
    const struct way *way = s->way;
    while (way->name == NULL) {
        way = way->up;
    }
    return way->name;
}

/* ---- patterns -------------------------------------------------------------------------------- */

static bool is_word(char c) /* \w */
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool only(str text, const char *besides)
{
    for (isize i = 0; i < text.len; i++) {
        if (!is_word(text.ptr[i]) && str_find_byte(str_from_c(besides), text.ptr[i]) < 0) {
            return false;
        }
    }
    return true;
}

static bool scope_ok(str text)
{
    if (text.len == 0 || str_eq(text, S("."))) {
        return true;
    }
    bool start = true; /* at the beginning of a segment */
    for (isize i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (start && (!is_word(c) || (i == 0 && c == '_'))) {
            return false;
        }
        if (!is_word(c) && c != '-' && c != '.') {
            return false;
        }
        start = c == '.';
    }
    return !start;
}

static bool rule_name_ok(str text)
{
    bool letter = text.len > 0 && is_word(text.ptr[0]) && text.ptr[0] != '_' &&
                  !(text.ptr[0] >= '0' && text.ptr[0] <= '9');
    return text.len == 0 || (letter && only(text, "@.-"));
}

static bool name_ok(str text)
{
    for (isize i = 0; i < text.len; i++) {
        if (str_find_byte(S("!*?[]{}"), text.ptr[i]) >= 0) {
            return false;
        }
    }
    return text.len > 0;
}

static bool pattern_ok(uint8_t pattern, str text)
{
    switch ((enum pattern)pattern) {
    case PATTERN_NAME:
        return name_ok(text);
    case PATTERN_VERSION:
        return text.len > 0 && only(text, "");
    case PATTERN_VERSION_OPT:
        return only(text, "");
    case PATTERN_IDENT:
        return text.len > 0 && only(text, "-.");
    case PATTERN_SCOPE:
        return scope_ok(text);
    case PATTERN_RULE:
        return rule_name_ok(text);
    case PATTERN_NONE:
        break;
    }
    return true;
}

static const struct {
    const char *regex;
    const char *help;
} patterns[] = {
    [PATTERN_NAME] = { "^[^!*?\\[\\]{}]+$", "names must not hold `! * ? [ ] { }`" },
    [PATTERN_VERSION] = { "^[\\w]+$", "use letters, digits and `_`" },
    [PATTERN_VERSION_OPT] = { "^[\\w]*$", "use letters, digits and `_`" },
    [PATTERN_IDENT] = { "^[\\w\\-\\.]+$", "use letters, digits, `_`, `-` and `.`" },
    [PATTERN_SCOPE] = { "^(^$|\\.|[0-9a-zA-Z][\\w\\-]*(\\.\\w[\\w\\-]*)*)$",
                        "a scope is names joined by dots, such as `acme.hr.uk`; a name is letters, "
                        "digits, `_` "
                        "and `-`, and does not begin with `-`" },
    [PATTERN_RULE] = { "^([a-zA-Z][\\w\\@\\.\\-]*)*$",
                       "begin with a letter and use letters, digits and `_ @ . -`" },
};

static void check_pattern(struct loader *ld, uint8_t pattern, const struct subject *s, str text)
{
    if (pattern == PATTERN_NONE || pattern_ok(pattern, text)) {
        return;
    }
    struct arena *arena = ld->diags->arena;
    str ours =
        text.len == 0
            ? str_printf(arena, "an empty text cannot be used in `%s`", subject_name(s))
            : str_printf(arena, "`%.*s` cannot be used as `%s`", STR_ARG(text), subject_name(s));
    struct diag *d =
        violation(ld, &err_pattern, s, ours,
                  str_printf(arena, "does not match regex pattern `%s`", patterns[pattern].regex));
    diag_help(ld->diags, d, "%s", patterns[pattern].help);
}

/* ---- lists ----------------------------------------------------------------------------------- */

/* The first element that is there already, or -1. */
static isize find_repeated(struct loader *ld, const struct ynode *seq)
{
    struct map seen = { 0 };
    for (isize i = 0; i < seq->count; i++) {
        str text = STR_EMPTY;
        (void)node_text(ld->arena, ynode_resolve(seq->items[i]),
                        &text); /* read.c has seen that it is one */
        if (map_set(ld->arena, &seen, text, (uint32_t)i) != MAP_NONE) {
            return i;
        }
    }
    return -1;
}

static void check_texts(struct loader *ld, const struct field *field, const struct subject *s)
{
    const struct ynode *seq = ynode_resolve(s->value);
    isize again = (field->rules & R_UNIQUE) != 0 ? find_repeated(ld, seq) : -1;
    if (again >= 0) {
        const struct ynode *item = ynode_resolve(seq->items[again]);
        str ours = item->text.len == 0
                       ? str_printf(ld->diags->arena, "an empty element is repeated in `%s`",
                                    subject_name(s))
                       : str_printf(ld->diags->arena, "`%.*s` is repeated in `%s`",
                                    STR_ARG(item->text), subject_name(s));
        struct diag *d =
            violation(ld, &err_repeated, s, ours, S("repeated value must contain unique items"));
        d->span = ynode_span(ld->source, seq->items[again]);
    }
    for (isize i = 0; i < seq->count; i++) {
        str text = STR_EMPTY;
        struct way way = { s->way, NULL, i };
        struct subject item = { &way, seq->items[i], seq->items[i], s->near };
        (void)node_text(ld->arena, ynode_resolve(seq->items[i]), &text);
        if ((field->rules & R_ITEM_TEXT) != 0 && text.len == 0) {
            (void)violation(
                ld, &err_empty_text, &item,
                str_printf(ld->diags->arena, "`%s` has an empty element", subject_name(s)),
                S("must be at least 1 characters"));
        }
        check_pattern(ld, field->pattern, &item, text);
    }
}

/* ---- fields ---------------------------------------------------------------------------------- */

static void check_enum(struct loader *ld, const struct field *field, const struct subject *s)
{
    int number = node_enum(field->names, ynode_resolve(s->value));
    if (field->names->allowed == 0 ||
        (number >= 0 && number < 8 && (field->names->allowed >> number & 1) != 0)) {
        return;
    }
    struct arena *arena = ld->diags->arena;
    struct diag *d = violation(ld, &err_enum_value, s,
                               str_printf(arena, "`%.*s` cannot be used as `%s`",
                                          STR_ARG(ynode_resolve(s->value)->text), subject_name(s)),
                               str_printf(arena, "must be one of [%s]", field->names->ref_allowed));
    diag_help(ld->diags, d, "use one of %s", field->names->ref_allowed);
}

/* Has the field nothing in it: no text, no element, zero? */
static bool is_empty(struct loader *ld, const struct field *field, const struct ynode *value)
{
    const struct ynode *node = ynode_resolve(value);
    str text = STR_EMPTY;
    switch ((enum field_type)field->type) {
    case F_TEXT:
        (void)node_text(ld->arena, node, &text);
        return text.len == 0;
    case F_TEXTS:
    case F_MESSAGES:
        return node->count == 0;
    case F_ENUM:
        return node_enum(field->names, node) == 0;
    default:
        return false;
    }
}

/* Reports a required field that is absent or empty; true when it is. */
static bool missing(struct loader *ld, const struct field *field, const struct subject *s)
{
    if (s->value != NULL && !is_empty(ld, field, s->value)) {
        return false;
    }
    struct arena *arena = ld->diags->arena;
    struct diag *d = violation(ld, &err_required, s,
                               s->value != NULL ? str_printf(arena, "`%s` is empty", field->json)
                                                : str_printf(arena, "`%s` is missing", field->json),
                               S("value is required"));
    if (field->equal != NULL) {
        diag_help(ld->diags, d, "write `%s: %s`", field->json, field->equal);
    } else if (field->names != NULL && field->names->ref_allowed != NULL) {
        diag_help(ld->diags, d, "add `%s:` with one of %s", field->json, field->names->ref_allowed);
    } else {
        bool list = field->type == F_TEXTS || field->type == F_MESSAGES;
        diag_help(ld->diags, d,
                  list ? "add `%s:` with at least one element" : "add `%s:` with a value",
                  field->json);
    }
    return true;
}

static void check_text(struct loader *ld, const struct field *field, const struct subject *s)
{
    str text = STR_EMPTY;
    (void)node_text(ld->arena, ynode_resolve(s->value), &text);
    if (field->equal != NULL && !str_eq(text, str_from_c(field->equal))) {
        (void)violation(ld, &err_api_version, s,
                        str_printf(ld->diags->arena, "`%s` is `%.*s`", field->json, STR_ARG(text)),
                        str_printf(ld->diags->arena, "must equal `%s`", field->equal));
    }
    check_pattern(ld, field->pattern, s, text);
}

static void check_fields(struct loader *ld, const struct message *message, const struct ynode *node,
                         const struct way *up);

static void check_field(struct loader *ld, const struct field *field, const struct subject *s)
{
    if ((field->rules & R_REQUIRED) != 0 && missing(ld, field, s)) {
        return;
    }
    if (s->value == NULL) {
        return;
    }
    const struct ynode *value = ynode_resolve(s->value);
    switch ((enum field_type)field->type) {
    case F_TEXT:
        check_text(ld, field, s);
        break;
    case F_TEXTS:
        check_texts(ld, field, s);
        break;
    case F_ENUM:
        check_enum(ld, field, s);
        break;
    case F_MESSAGE:
    case F_NEW_MESSAGE:
        check_fields(ld, field->message, value, s->way);
        break;
    case F_MESSAGES:
        for (isize i = 0; i < value->count; i++) {
            struct way way = { s->way, NULL, i };
            check_fields(ld, field->message, ynode_resolve(value->items[i]), &way);
        }
        break;
    default:
        break;
    }
}

/* One of the alternatives must be there. */
static void check_choice(struct loader *ld, const struct message *message, const struct ynode *node,
                         const struct way *up)
{
    struct arena *arena = ld->diags->arena;
    struct sb names = sb_new(arena);
    for (isize i = 0; i < message->count; i++) {
        const struct field *field = &message->fields[i];
        if (field->oneof == 0) {
            continue;
        }
        if (field_entry(message, field, node) != NULL) {
            return;
        }
        sb_printf(&names, "%s`%s`", names.len > 0 ? ", " : "", field->json);
    }
    bool several = str_find_byte(sb_str(&names), ',') >= 0;
    struct way way = { up, message->oneof, 0 };
    struct subject s = { &way, NULL, NULL, node };
    struct diag *d = violation(ld, &err_alternative_missing, &s,
                               str_printf(arena, several ? "%s has none of %.*s" : "%s has no %.*s",
                                          message->name, STR_ARG(sb_str(&names))),
                               S("exactly one field is required in oneof"));
    diag_help(ld->diags, d, several ? "add one of %.*s" : "add %.*s", STR_ARG(sb_str(&names)));
}

static void check_fields(struct loader *ld, const struct message *message, const struct ynode *node,
                         const struct way *up)
{
    if (message->oneof != NULL) {
        check_choice(ld, message, node, up);
    }
    for (isize i = 0; i < message->count; i++) {
        const struct field *field = &message->fields[i];
        const struct yentry *entry = field_entry(message, field, node);
        struct way way = { up, field->json, 0 };
        struct subject s = { &way, entry != NULL ? entry->key : NULL,
                             entry != NULL ? entry->value : NULL, node };
        check_field(ld, field, &s);
    }
}

void check_message(struct loader *ld, const struct message *message, const struct ynode *node)
{
    check_fields(ld, message, ynode_resolve(node), NULL);
}
