/* proto_rules.c — which rules a message breaks
 *
 * One walk serves two askers: with no report it ends at the first broken rule and allocates next to
 * nothing; with a report it collects the wording and the details of every one, in the reference's
 * order: fields by number, a list's own rule before those of its items, a message's rule before its
 * fields'. spec: cerbos-compat#json
 *
 * The details are a `buf.validate.Violations` message: for each violation the path of the field,
 * the path of the rule inside buf/validate's options, the rule's name and the wording.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/proto.h"

#include "base/map.h"

#define SCAN_MOST 16 /* texts up to which repeats are looked for pairwise */

/* A rule as the details show it. */
struct rule {
    const char *id;
    const char *path[4]; /* elements of the rule's path, as JSON; NULL ends */
};

#define E_REQUIRED "{\"fieldNumber\":25,\"fieldName\":\"required\",\"fieldType\":\"TYPE_BOOL\"}"
#define E_STRING   "{\"fieldNumber\":14,\"fieldName\":\"string\",\"fieldType\":\"TYPE_MESSAGE\"}"
#define E_PATTERN  "{\"fieldNumber\":6,\"fieldName\":\"pattern\",\"fieldType\":\"TYPE_STRING\"}"
#define E_MIN_LEN  "{\"fieldNumber\":2,\"fieldName\":\"min_len\",\"fieldType\":\"TYPE_UINT64\"}"
#define E_REPEATED "{\"fieldNumber\":18,\"fieldName\":\"repeated\",\"fieldType\":\"TYPE_MESSAGE\"}"
#define E_UNIQUE   "{\"fieldNumber\":3,\"fieldName\":\"unique\",\"fieldType\":\"TYPE_BOOL\"}"
#define E_ITEMS    "{\"fieldNumber\":4,\"fieldName\":\"items\",\"fieldType\":\"TYPE_MESSAGE\"}"
#define E_MIN_ITEMS "{\"fieldNumber\":1,\"fieldName\":\"min_items\",\"fieldType\":\"TYPE_UINT64\"}"
#define E_IN        "{\"fieldNumber\":10,\"fieldName\":\"in\",\"fieldType\":\"TYPE_STRING\"}"
#define E_MAP      "{\"fieldNumber\":19,\"fieldName\":\"map\",\"fieldType\":\"TYPE_MESSAGE\"}"
#define E_KEYS     "{\"fieldNumber\":4,\"fieldName\":\"keys\",\"fieldType\":\"TYPE_MESSAGE\"}"

static const struct rule rule_required = { "required", { E_REQUIRED } };
static const struct rule rule_pattern = { "string.pattern", { E_STRING, E_PATTERN } };
static const struct rule rule_unique = { "repeated.unique", { E_REPEATED, E_UNIQUE } };
static const struct rule rule_item = { "string.min_len",
                                       { E_REPEATED, E_ITEMS, E_STRING, E_MIN_LEN } };
static const struct rule rule_items = { "repeated.min_items", { E_REPEATED, E_MIN_ITEMS } };
static const struct rule rule_in = { "string.in", { E_STRING, E_IN } };
static const struct rule rule_key = { "string.min_len", { E_MAP, E_KEYS, E_STRING, E_MIN_LEN } };

static const char text_required[] = "value is required";
static const char text_empty[] = "must be at least 1 characters";
static const char text_items[] = "must contain at least 1 item(s)";
static const char text_in[] =
    "must be in list [, execute_all, deny_on_first_deny, permit_on_first_permit]";
static const char text_repeat[] = "repeated value must contain unique items";
static const char text_version[] = "does not match regex pattern `^[\\w]*$`";
static const char text_scope[] =
    "does not match regex pattern `^(^$|\\.|[0-9a-zA-Z][\\w\\-]*(\\.\\w[\\w\\-]*)*)$`";

/* One step from a message to a part of it. */
struct step {
    const struct step *up;           /* the step before; NULL at the root      */
    const struct proto_field *field; /* the field of the message               */
    isize index;                     /* item of a list; -1: the list itself    */
    str key;                         /* key of a map; ptr NULL: the map itself */
};

struct report {
    struct sb text;     /* ` - path: wording` lines                         */
    struct jw *details; /* array of violations                              */
    isize count;        /* violations so far                                */
    str first;          /* the only one, when it stays alone                */
};

struct walk {
    struct arena *arena;
    struct report *report; /* NULL: only yes or no is asked */
    bool ok;
};

/* ---- telling ---- */

static void put_path(struct sb *sb, struct arena *arena, const struct step *step)
{
    if (step->up != NULL) {
        put_path(sb, arena, step->up);
        sb_byte(sb, '.');
    }
    sb_add(sb, step->field->proto_name);
    if (step->index >= 0) {
        sb_printf(sb, "[%lld]", (long long)step->index);
    }
    if (step->key.ptr != NULL) {
        sb_byte(sb, '[');
        sb_add(sb, str_quote(arena, step->key));
        sb_byte(sb, ']');
    }
}

static str field_type(const struct proto_field *field)
{
    switch ((enum proto_kind)field->kind) {
    case PROTO_STRING:
    case PROTO_STRINGS:
        return S("TYPE_STRING");
    case PROTO_BOOL:
        return S("TYPE_BOOL");
    default:
        return S("TYPE_MESSAGE");
    }
}

static void put_element(struct jw *w, const struct step *step)
{
    if (step->up != NULL) {
        put_element(w, step->up);
    }
    jw_object(w);
    jw_key(w, S("fieldNumber"));
    jw_int(w, step->field->number);
    jw_key(w, S("fieldName"));
    jw_string(w, step->field->proto_name);
    jw_key(w, S("fieldType"));
    jw_string(w, field_type(step->field));
    if (step->index >= 0) {
        jw_key(w, S("index"));
        jw_raw(w, str_printf(w->out->arena, "\"%lld\"", (long long)step->index));
    }
    if (step->key.ptr != NULL) {
        jw_key(w, S("keyType"));
        jw_string(w, S("TYPE_STRING"));
        jw_key(w, S("valueType"));
        jw_string(w, S("TYPE_MESSAGE"));
        jw_key(w, S("stringKey"));
        jw_string(w, step->key);
    }
    jw_object_end(w);
}

static bool inside_map(const struct step *step)
{
    return step != NULL && (step->key.ptr != NULL || inside_map(step->up));
}

/* at: NULL for the message as a whole */
static void put_violation(struct jw *w, const struct step *at, const struct rule *rule,
                          const char *text)
{
    jw_object(w);
    if (at != NULL) {
        jw_key(w, S("field"));
        jw_object(w);
        jw_key(w, S("elements"));
        jw_array(w);
        put_element(w, at);
        jw_array_end(w);
        jw_object_end(w);
    }
    if (rule->path[0] != NULL) {
        jw_key(w, S("rule"));
        jw_object(w);
        jw_key(w, S("elements"));
        jw_array(w);
        for (int i = 0; i < countof(rule->path) && rule->path[i] != NULL; i++) {
            jw_raw(w, str_from_c(rule->path[i]));
        }
        jw_array_end(w);
        jw_object_end(w);
    }
    jw_key(w, S("ruleId"));
    jw_string(w, str_from_c(rule->id));
    jw_key(w, S("message"));
    jw_string(w, str_from_c(text));
    if (rule == &rule_key || (at != NULL && inside_map(at->up))) {
        jw_key(w, S("forKey"));
        jw_bool(w, rule == &rule_key);
    }
    jw_object_end(w);
}

static void broken(struct walk *walk, const struct step *at, const struct rule *rule,
                   const char *text)
{
    struct report *report = walk->report;
    walk->ok = false;
    if (report == NULL) {
        return;
    }
    struct sb line = sb_new(walk->arena);
    if (at != NULL) {
        put_path(&line, walk->arena, at);
        sb_add(&line, S(": "));
    }
    sb_printf(&line, "%s", text);
    if (report->count++ == 0) {
        report->first = sb_str(&line);
    }
    sb_add(&report->text, S("\n - "));
    sb_add(&report->text, sb_str(&line));
    put_violation(report->details, at, rule, text);
}

/* ---- rules ---- */

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool version_ok(str s)
{
    for (isize i = 0; i < s.len; i++) {
        if (!is_word(s.ptr[i])) {
            return false;
        }
    }
    return true;
}

/* Empty, a single dot, or segments: the first begins with a letter or digit, the others with a word
 * character; what follows in each is word characters and dashes. */
static bool scope_ok(str s)
{
    if (s.len == 0 || str_eq(s, S("."))) {
        return true;
    }
    if (!is_word(s.ptr[0]) || s.ptr[0] == '_') {
        return false;
    }
    for (isize i = 1; i < s.len; i++) {
        if (s.ptr[i] == '.') {
            if (++i == s.len || !is_word(s.ptr[i])) {
                return false;
            }
        } else if (!is_word(s.ptr[i]) && s.ptr[i] != '-') {
            return false;
        }
    }
    return true;
}

static bool semantic_ok(str s)
{
    return str_eq(s, S("execute_all")) || str_eq(s, S("deny_on_first_deny")) ||
           str_eq(s, S("permit_on_first_permit"));
}

static bool texts_differ(struct arena *arena, const str *texts, isize count)
{
    if (count > SCAN_MOST) {
        struct arena_mark mark = arena_mark(arena);
        struct map seen = { .count = 0 };
        bool differ = true;
        for (isize i = 0; i < count && differ; i++) {
            differ = map_set(arena, &seen, texts[i], 0) == MAP_NONE;
        }
        arena_reset(arena, mark);
        return differ;
    }
    for (isize i = 1; i < count; i++) {
        for (isize j = 0; j < i; j++) {
            if (str_eq(texts[i], texts[j])) {
                return false;
            }
        }
    }
    return true;
}

static void check_texts(struct walk *walk, struct step *at, const str *texts, isize count)
{
    uint8_t rules = at->field->rules;
    if ((rules & PROTO_UNIQUE) && !texts_differ(walk->arena, texts, count)) {
        broken(walk, at, &rule_unique, text_repeat);
    }
    for (isize i = 0; (rules & PROTO_ITEM_NOT_EMPTY) && i < count; i++) {
        if (texts[i].len == 0) {
            at->index = i;
            broken(walk, at, &rule_item, text_empty);
        }
    }
    at->index = -1;
}

static void check_keys(struct walk *walk, struct step *at, const struct vmap *map)
{
    for (uint32_t i = 0; map != NULL && (at->field->rules & PROTO_KEY_NOT_EMPTY) && i < map->count;
         i++) {
        if (map->entries[i].key.len == 0) {
            at->key = STR_EMPTY;
            broken(walk, at, &rule_key, text_empty);
            at->key = (str){ NULL, 0 };
        }
    }
}

static void check_message(struct walk *walk, const struct proto_message *message, const char *in,
                          const struct step *up);

static void check_list(struct walk *walk, struct step *at, const char *structs, isize count,
                       bool keyed)
{
    const struct proto_message *message = at->field->message;
    for (isize i = 0; i < count; i++) {
        const char *item = structs + i * message->size;
        if (keyed) {
            str key = *(const str *)(const void *)item;
            at->key = key.ptr != NULL ? key : STR_EMPTY;
            if (key.len == 0 && (at->field->rules & PROTO_KEY_NOT_EMPTY)) {
                broken(walk, at, &rule_key, text_empty);
            }
        } else {
            at->index = i;
        }
        check_message(walk, message, item, at);
    }
}

static bool is_empty(const struct proto_field *field, const char *in)
{
    const void *at = in + field->at;
    const void *count = in + field->count;
    switch ((enum proto_kind)field->kind) {
    case PROTO_STRING:
        return ((const str *)at)->len == 0;
    case PROTO_BOOL:
        return !*(const bool *)at;
    case PROTO_VALUES:
        return *(const struct vmap *const *)at == NULL;
    case PROTO_MESSAGE:
        return !*(const bool *)count;
    default:
        return *(const isize *)count == 0;
    }
}

static void check_text(struct walk *walk, const struct step *at, str text)
{
    if ((at->field->rules & PROTO_VERSION) && !version_ok(text)) {
        broken(walk, at, &rule_pattern, text_version);
    }
    if ((at->field->rules & PROTO_SCOPE) && !scope_ok(text)) {
        broken(walk, at, &rule_pattern, text_scope);
    }
    if ((at->field->rules & PROTO_SEMANTIC) && !semantic_ok(text)) {
        broken(walk, at, &rule_in, text_in);
    }
}

static void check_field(struct walk *walk, const struct proto_field *field, const char *in,
                        const struct step *up)
{
    struct step at = { .up = up, .field = field, .index = -1 };
    if (is_empty(field, in)) {
        if (field->rules & PROTO_REQUIRED) {
            broken(walk, &at, &rule_required, text_required);
        } else if (field->rules & PROTO_ITEMS) {
            broken(walk, &at, &rule_items, text_items);
        }
        return;
    }
    const void *member = in + field->at;
    const void *count = in + field->count;
    switch ((enum proto_kind)field->kind) {
    case PROTO_STRING:
        check_text(walk, &at, *(const str *)member);
        break;
    case PROTO_BOOL:
        break;
    case PROTO_STRINGS:
        check_texts(walk, &at, *(const str *const *)member, *(const isize *)count);
        break;
    case PROTO_VALUES:
        check_keys(walk, &at, *(const struct vmap *const *)member);
        break;
    case PROTO_MESSAGE:
        check_message(walk, field->message, member, &at);
        break;
    case PROTO_MESSAGES:
    case PROTO_MESSAGE_MAP:
        check_list(walk, &at, *(const char *const *)member, *(const isize *)count,
                   field->kind == PROTO_MESSAGE_MAP);
        break;
    }
}

static void check_message(struct walk *walk, const struct proto_message *message, const char *in,
                          const struct step *up)
{
    if (message->exclusive_id != NULL && up != NULL && !is_empty(&message->fields[0], in) &&
        !is_empty(&message->fields[1], in)) {
        const struct rule rule = { message->exclusive_id, { NULL } };
        broken(walk, up, &rule, message->exclusive_text);
    }
    for (int i = 0; i < message->whole_rule_count; i++) {
        if (!message->keeps(in, i)) {
            const struct rule rule = { message->whole_rules[i].id, { NULL } };
            broken(walk, up, &rule, message->whole_rules[i].text);
        }
    }
    for (int i = 0; i < message->field_count && (walk->ok || walk->report != NULL); i++) {
        check_field(walk, &message->fields[i], in, up);
    }
}

/* ---- what others call ---- */

bool proto_valid(struct arena *arena, const struct proto_message *message, const void *in)
{
    struct walk walk = { .arena = arena, .ok = true };
    check_message(&walk, message, in, NULL);
    return walk.ok;
}

void proto_violations(struct arena *arena, const struct proto_message *message, const void *in,
                      str *text, struct jw *details)
{
    struct report report = { .text = sb_new(arena), .details = details };
    struct walk walk = { .arena = arena, .report = &report, .ok = true };
    sb_add(&report.text, S("validation errors:"));
    jw_object(details);
    jw_key(details, S("@type"));
    jw_string(details, S("type.googleapis.com/buf.validate.Violations"));
    jw_key(details, S("violations"));
    jw_array(details);
    check_message(&walk, message, in, NULL);
    jw_array_end(details);
    jw_object_end(details);
    *text = report.count == 1 ? str_concat(arena, S("validation error: "), report.first)
                              : sb_str(&report.text);
}
