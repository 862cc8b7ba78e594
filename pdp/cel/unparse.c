/* unparse.c — tree → CEL text
 *
 * A node is put in parentheses when it binds less tightly than its place demands. Two places demand
 * more than precedence tells: the operand of a minus must not begin with a digit or a minus, which
 * would become one literal with it, and an operand of && that is itself && was written in
 * parentheses.
 *
 * Invariant: parse(unparse(tree)) is the tree (tests/unit/test_cel_parse.c, fuzz_cel_parse.c).
 * Neighbours: macro.c built what is taken apart here
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/unparse.h"

#include "base/num.h"
#include "base/time.h"
#include "value/vmap.h"

#include <math.h>

/* How tightly an expression binds. */
enum level { CONDITIONAL, OR, AND, RELATION, SUM, PRODUCT, UNARY, MEMBER };

static const struct binary {
    str name, sign;
    enum level level, left, right; /* its own; what it demands of its operands */
} binaries[] = {
    { S("_||_"), S(" || "), OR, AND, AND },
    { S("_&&_"), S(" && "), AND, RELATION, RELATION },
    { S("_==_"), S(" == "), RELATION, RELATION, SUM },
    { S("_!=_"), S(" != "), RELATION, RELATION, SUM },
    { S("_<_"), S(" < "), RELATION, RELATION, SUM },
    { S("_<=_"), S(" <= "), RELATION, RELATION, SUM },
    { S("_>_"), S(" > "), RELATION, RELATION, SUM },
    { S("_>=_"), S(" >= "), RELATION, RELATION, SUM },
    { S("@in"), S(" in "), RELATION, RELATION, SUM },
    { S("_+_"), S(" + "), SUM, SUM, PRODUCT },
    { S("_-_"), S(" - "), SUM, SUM, PRODUCT },
    { S("_*_"), S(" * "), PRODUCT, PRODUCT, UNARY },
    { S("_/_"), S(" / "), PRODUCT, PRODUCT, UNARY },
    { S("_%_"), S(" % "), PRODUCT, PRODUCT, UNARY },
};

static void put(struct sb *out, const struct ast *node, enum level demanded);
static const struct ast *optional_body(const struct ast *node);

static const struct binary *find_binary(const struct ast *node)
{
    for (isize i = 0; i < countof(binaries) && node->call.argc >= 2; i++) {
        if (str_eq(node->call.name, binaries[i].name)) {
            return &binaries[i];
        }
    }
    return NULL;
}

static bool is_call(const struct ast *node, str name, int32_t argc)
{
    return node->kind == A_CALL && node->call.argc == argc && str_eq(node->call.name, name);
}

/* ---- values ---- */

static void put_text(struct sb *out, str text, bool is_bytes)
{
    static const char named[][2] = { { '\a', 'a' }, { '\b', 'b' }, { '\f', 'f' },
                                     { '\n', 'n' }, { '\r', 'r' }, { '\t', 't' },
                                     { '\v', 'v' }, { '"', '"' },  { '\\', '\\' } };
    sb_byte(out, '"');
    for (isize i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        char letter = 0;
        for (isize k = 0; k < countof(named); k++) {
            letter = c == (unsigned char)named[k][0] ? named[k][1] : letter;
        }
        if (letter != 0) {
            sb_byte(out, '\\');
            sb_byte(out, letter);
        } else if (c < 0x20 || c == 0x7F || (is_bytes && c >= 0x80)) {
            sb_printf(out, "\\x%c%c", "0123456789abcdef"[c >> 4], "0123456789abcdef"[c & 15]);
        } else {
            sb_byte(out, (char)c);
        }
    }
    sb_byte(out, '"');
}

static void put_double(struct sb *out, double d)
{
    if (isnan(d)) {
        sb_add(out, S("double(\"NaN\")"));
        return;
    }
    if (isinf(d)) {
        sb_add(out, d < 0 ? S("double(\"-Infinity\")") : S("double(\"Infinity\")"));
        return;
    }
    char text[NUM_TEXT];
    str digits = { text, num_put_double_cel(text, d) };
    sb_add(out, digits);
    if (str_find_byte(digits, '.') < 0 && str_find_byte(digits, 'e') < 0) {
        sb_add(out, S(".0"));
    }
}

static void put_time(struct sb *out, struct value v)
{
    char text[NUM_TEXT];
    if (v.kind == V_TIMESTAMP) {
        int len = time_put_rfc3339(text, v.i, (int32_t)v.len, v.aux);
        sb_printf(out, "timestamp(\"%.*s\")", len, text);
        return;
    }
    /* nanoseconds: the text in seconds is a double and loses some */
    int len = num_put_int(text, v.i);
    sb_printf(out, "duration(\"%.*sns\")", len, text);
}

static void put_items(struct sb *out, const struct value *items, uint32_t count)
{
    sb_byte(out, '[');
    for (uint32_t i = 0; i < count; i++) {
        sb_add(out, i > 0 ? S(", ") : STR_EMPTY);
        cel_unparse_value(out, items[i]);
    }
    sb_byte(out, ']');
}

static void put_entries(struct sb *out, const struct vmap *map)
{
    sb_byte(out, '{');
    for (uint32_t i = 0; i < map->count; i++) {
        sb_add(out, i > 0 ? S(", ") : STR_EMPTY);
        cel_unparse_value(out, map->entries[i].key);
        sb_add(out, S(": "));
        cel_unparse_value(out, map->entries[i].val);
    }
    sb_byte(out, '}');
}

void cel_unparse_value(struct sb *out, struct value v)
{
    switch ((enum value_kind)v.kind) {
    case V_NULL:
        sb_add(out, S("null"));
        break;
    case V_BOOL:
        sb_add(out, v.i != 0 ? S("true") : S("false"));
        break;
    case V_INT:
        sb_int(out, v.i);
        break;
    case V_UINT:
        sb_uint(out, v.u);
        sb_byte(out, 'u');
        break;
    case V_DOUBLE:
        put_double(out, v.d);
        break;
    case V_STRING:
        put_text(out, v_str(v), false);
        break;
    case V_BYTES:
        sb_byte(out, 'b');
        put_text(out, v_str(v), true);
        break;
    case V_LIST:
        put_items(out, v.items, v.len);
        break;
    case V_MAP:
        put_entries(out, v.map);
        break;
    case V_TIMESTAMP:
    case V_DURATION:
        put_time(out, v);
        break;
    case V_TYPE:
        sb_add(out, v_str(v));
        break;
    case V_OPTIONAL:
        sb_add(out, v.items == NULL ? S("optional.none(") : S("optional.of("));
        if (v.items != NULL) {
            cel_unparse_value(out, *v.items);
        }
        sb_byte(out, ')');
        break;
    default:
        value_text(out, v);
    }
}

/* ---- names ---- */

/* Hidden names begin with `@`, which no text can spell; they are shown with `_`. */
static void put_name(struct sb *out, str name)
{
    for (isize i = 0; i < name.len; i++) {
        sb_byte(out, name.ptr[i] == '@' || name.ptr[i] == ':' ? '_' : name.ptr[i]);
    }
}

static bool is_word(str name)
{
    bool ok = name.len > 0 && !(name.ptr[0] >= '0' && name.ptr[0] <= '9');
    for (isize i = 0; ok && i < name.len; i++) {
        char c = name.ptr[i];
        ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    }
    return ok && !str_eq(name, S("true")) && !str_eq(name, S("false")) &&
           !str_eq(name, S("null")) && !str_eq(name, S("in"));
}

static void put_field(struct sb *out, str name)
{
    str quote = is_word(name) ? STR_EMPTY : S("`");
    sb_add(out, quote);
    sb_add(out, name);
    sb_add(out, quote);
}

/* ---- calls ---- */

static enum level call_level(const struct ast *node)
{
    const struct binary *binary = node->call.target == NULL ? find_binary(node) : NULL;
    if (binary != NULL) {
        return binary->level;
    }
    if (is_call(node, S("_?_:_"), 3)) {
        return CONDITIONAL;
    }
    return is_call(node, S("!_"), 1) || is_call(node, S("-_"), 1) ? UNARY : MEMBER;
}

static void put_args(struct sb *out, struct ast *const *args, int32_t argc)
{
    sb_byte(out, '(');
    for (int32_t i = 0; i < argc; i++) {
        sb_add(out, i > 0 ? S(", ") : STR_EMPTY);
        put(out, args[i], CONDITIONAL);
    }
    sb_byte(out, ')');
}

/* Whether the text of the node, in a place that demands MEMBER, begins with a number that a
 * minus in front would become part of. */
static bool begins_with_number(const struct ast *node)
{
    for (;;) {
        switch ((enum ast_kind)node->kind) {
        case A_CONST:
            return node->constant.kind == V_INT ||
                   (node->constant.kind == V_DOUBLE && isfinite(node->constant.d));
        case A_SELECT:
            if (node->test_only) {
                return false;
            }
            node = node->select.operand;
            break;
        case A_CALL:
            if (call_level(node) < MEMBER) {
                return false; /* in parentheses */
            }
            if (node->call.target != NULL) {
                node = node->call.target;
            } else if (is_call(node, S("_[_]"), 2) || is_call(node, S("_[?_]"), 2)) {
                node = node->call.args[0];
            } else {
                return false;
            }
            break;
        case A_LOOP:
            node = node->loop.range;
            break;
        case A_BIND:
            if (optional_body(node) == NULL) {
                return false;
            }
            node = node->bind.init;
            break;
        default:
            return false;
        }
    }
}

static void put_unary(struct sb *out, char sign, const struct ast *operand)
{
    bool parens = sign == '-' && begins_with_number(operand);
    sb_byte(out, sign);
    sb_add(out, parens ? S("(") : STR_EMPTY);
    put(out, operand, parens ? CONDITIONAL : MEMBER);
    sb_add(out, parens ? S(")") : STR_EMPTY);
}

/* math.@max and math.@min: more than two arguments are one list. */
static void put_extreme(struct sb *out, const struct ast *node)
{
    sb_add(out, str_eq(node->call.name, S("math.@max")) ? S("math.greatest") : S("math.least"));
    const struct ast *list = node->call.args[0];
    if (node->call.argc == 1 && list->kind == A_LIST && list->list.count > 2 &&
        list->list.optional == NULL) {
        put_args(out, list->list.items, list->list.count);
    } else {
        put_args(out, node->call.args, node->call.argc);
    }
}

static bool is_extreme(const struct ast *node)
{
    return (str_eq(node->call.name, S("math.@max")) || str_eq(node->call.name, S("math.@min"))) &&
           node->call.argc >= 1;
}

static void put_call(struct sb *out, const struct ast *node)
{
    struct ast *const *args = node->call.args;
    const struct binary *binary = node->call.target == NULL ? find_binary(node) : NULL;
    if (binary != NULL) {
        for (int32_t i = 0; i < node->call.argc; i++) {
            sb_add(out, i > 0 ? binary->sign : STR_EMPTY);
            put(out, args[i], i > 0 ? binary->right : binary->left);
        }
    } else if (is_call(node, S("_?_:_"), 3)) {
        put(out, args[0], OR);
        sb_add(out, S(" ? "));
        put(out, args[1], OR);
        sb_add(out, S(" : "));
        put(out, args[2], CONDITIONAL);
    } else if (is_call(node, S("!_"), 1) || is_call(node, S("-_"), 1)) {
        put_unary(out, node->call.name.ptr[0], args[0]);
    } else if (is_call(node, S("_[_]"), 2) || is_call(node, S("_[?_]"), 2)) {
        put(out, args[0], MEMBER);
        sb_add(out, node->call.name.len == 4 ? S("[") : S("[?"));
        put(out, args[1], CONDITIONAL);
        sb_byte(out, ']');
    } else if (is_extreme(node)) {
        put_extreme(out, node);
    } else {
        if (node->call.target != NULL) {
            put(out, node->call.target, MEMBER);
        }
        sb_add(out, node->call.target != NULL || node->absolute ? S(".") : STR_EMPTY);
        put_name(out, node->call.name);
        put_args(out, args, node->call.argc);
    }
}

/* ---- macros ---- */

static str loop_name(const struct ast *node)
{
    switch ((enum ast_loop)node->loop_kind) {
    case LOOP_ALL:
        return S("all");
    case LOOP_EXISTS:
        return S("exists");
    case LOOP_EXISTS_ONE:
        return str_eq(node->loop.macro, S("existsOne")) ? S("existsOne") : S("exists_one");
    case LOOP_MAP:
        if (node->loop.var2.len > 0) {
            return S("transformList");
        }
        return str_eq(node->loop.macro, S("filter")) && node->loop.filter != NULL ? S("filter")
                                                                                  : S("map");
    case LOOP_TRANSFORM_MAP:
        return S("transformMap");
    case LOOP_MAP_ENTRY:
        return S("transformMapEntry");
    case LOOP_SORT_BY:
        break;
    }
    return S("sortBy");
}

static void put_loop(struct sb *out, const struct ast *node)
{
    str name = loop_name(node);
    put(out, node->loop.range, MEMBER);
    sb_byte(out, '.');
    sb_add(out, name);
    sb_byte(out, '(');
    put_name(out, node->loop.var);
    if (node->loop.var2.len > 0) {
        sb_add(out, S(", "));
        put_name(out, node->loop.var2);
    }
    if (node->loop.filter != NULL) {
        sb_add(out, S(", "));
        put(out, node->loop.filter, CONDITIONAL);
    }
    if (!str_eq(name, S("filter"))) {
        sb_add(out, S(", "));
        put(out, node->loop.body, CONDITIONAL);
    }
    sb_byte(out, ')');
}

/* The inner binding of target.optMap(v, e) and optFlatMap, or NULL when folding has changed the
 * shape. */
static const struct ast *optional_body(const struct ast *node)
{
    bool flat = str_eq(node->bind.name, S("@optFlatMap"));
    if ((!flat && !str_eq(node->bind.name, S("@optMap"))) ||
        !is_call(node->bind.body, S("_?_:_"), 3)) {
        return NULL;
    }
    const struct ast *some = node->bind.body->call.args[1];
    if (!flat) {
        bool wrapped =
            some->kind == A_CALL && some->call.argc == 1 &&
            (str_eq(some->call.name, S("of")) || str_eq(some->call.name, S("optional.of")));
        if (!wrapped) {
            return NULL;
        }
        some = some->call.args[0];
    }
    bool bound = some->kind == A_BIND && some->bind.init->kind == A_CALL &&
                 str_eq(some->bind.init->call.name, S("value"));
    return bound ? some : NULL;
}

static void put_bind(struct sb *out, const struct ast *node)
{
    const struct ast *inner = optional_body(node);
    if (inner != NULL) {
        put(out, node->bind.init, MEMBER);
        sb_byte(out, '.');
        sb_add(out, str_slice(node->bind.name, 1, node->bind.name.len));
        sb_byte(out, '(');
        put_name(out, inner->bind.name);
        sb_add(out, S(", "));
        put(out, inner->bind.body, CONDITIONAL);
    } else {
        sb_add(out, S("cel.bind("));
        put_name(out, node->bind.name);
        sb_add(out, S(", "));
        put(out, node->bind.init, CONDITIONAL);
        sb_add(out, S(", "));
        put(out, node->bind.body, CONDITIONAL);
    }
    sb_byte(out, ')');
}

/* ---- the rest ---- */

static void put_list(struct sb *out, const struct ast *node)
{
    sb_byte(out, '[');
    for (int32_t i = 0; i < node->list.count; i++) {
        sb_add(out, i > 0 ? S(", ") : STR_EMPTY);
        sb_add(out, node->list.optional != NULL && node->list.optional[i] ? S("?") : STR_EMPTY);
        put(out, node->list.items[i], CONDITIONAL);
    }
    sb_byte(out, ']');
}

static void put_map(struct sb *out, const struct ast *node)
{
    sb_byte(out, '{');
    for (int32_t i = 0; i < node->map.count; i++) {
        sb_add(out, i > 0 ? S(", ") : STR_EMPTY);
        sb_add(out, node->map.optional != NULL && node->map.optional[i] ? S("?") : STR_EMPTY);
        put(out, node->map.keys[i], CONDITIONAL);
        sb_add(out, S(": "));
        put(out, node->map.vals[i], CONDITIONAL);
    }
    sb_byte(out, '}');
}

static void put_record(struct sb *out, const struct ast *node)
{
    sb_add(out, node->absolute ? S(".") : STR_EMPTY);
    sb_add(out, node->record.name);
    sb_byte(out, '{');
    for (int32_t i = 0; i < node->record.count; i++) {
        sb_add(out, i > 0 ? S(", ") : STR_EMPTY);
        sb_add(out, node->record.optional != NULL && node->record.optional[i] ? S("?") : STR_EMPTY);
        put_field(out, node->record.fields[i]);
        sb_add(out, S(": "));
        put(out, node->record.vals[i], CONDITIONAL);
    }
    sb_byte(out, '}');
}

static void put_select(struct sb *out, const struct ast *node)
{
    sb_add(out, node->test_only ? S("has(") : STR_EMPTY);
    put(out, node->select.operand, MEMBER);
    sb_add(out, node->optional ? S(".?") : S("."));
    put_field(out, node->select.field);
    sb_add(out, node->test_only ? S(")") : STR_EMPTY);
}

static void put_bare(struct sb *out, const struct ast *node)
{
    switch ((enum ast_kind)node->kind) {
    case A_CONST:
        cel_unparse_value(out, node->constant);
        break;
    case A_IDENT:
        sb_add(out, node->absolute ? S(".") : STR_EMPTY);
        put_name(out, node->ident.name);
        break;
    case A_SELECT:
        put_select(out, node);
        break;
    case A_CALL:
        put_call(out, node);
        break;
    case A_LIST:
        put_list(out, node);
        break;
    case A_MAP:
        put_map(out, node);
        break;
    case A_STRUCT:
        put_record(out, node);
        break;
    case A_LOOP:
        put_loop(out, node);
        break;
    case A_BIND:
        put_bind(out, node);
        break;
    }
}

static void put(struct sb *out, const struct ast *node, enum level demanded)
{
    bool parens = node->kind == A_CALL && call_level(node) < demanded;
    sb_add(out, parens ? S("(") : STR_EMPTY);
    put_bare(out, node);
    sb_add(out, parens ? S(")") : STR_EMPTY);
}

void cel_unparse(struct sb *out, const struct ast *node)
{
    put(out, node, CONDITIONAL);
}
