/* check_format.c — literal format strings against their literal arguments
 *
 * `"…".format([…])`: the clauses are read as the function reads them when it runs, and each must
 * accept the static type of its argument. The first fault of a call is reported, like the function
 * would.
 *
 * spec: cel#14, cel#21
 * Neighbours: fn_format.c formats
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/check_priv.h"

#include "base/num.h"
#include "base/utf8.h"

#define PRECISION_MAX 100 /* digits, as in the reference */

/* Kinds of arguments as a set of 1 << enum cel_type_kind. */
#define KIND(kind) (1u << (kind))
#define INTS       (KIND(T_INT) | KIND(T_UINT))
#define TEXTS                                                                                      \
    (INTS | KIND(T_DOUBLE) | KIND(T_BOOL) | KIND(T_STRING) | KIND(T_BYTES) | KIND(T_NULL) |        \
     KIND(T_TIMESTAMP) | KIND(T_DURATION) | KIND(T_LIST) | KIND(T_MAP) | KIND(T_TYPE))

static const struct clause {
    char letter;
    uint32_t kinds;    /* what it accepts              */
    const char *fault; /* what it says about the rest  */
} clauses[] = {
    { 's', TEXTS,
      "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, "
      "durations, and timestamps" },
    { 'd', INTS | KIND(T_DOUBLE), "decimal clause can only be used on ints, uints, and doubles" },
    { 'f', INTS | KIND(T_DOUBLE),
      "fixed-point clause can only be used on ints, uints, and doubles" },
    { 'e', INTS | KIND(T_DOUBLE),
      "scientific clause can only be used on ints, uints, and doubles" },
    { 'b', INTS | KIND(T_BOOL), "only ints, uints, and bools can be formatted as binary" },
    { 'x', INTS | KIND(T_STRING) | KIND(T_BYTES),
      "only ints, uints, bytes, and strings can be formatted as hex" },
    { 'X', INTS | KIND(T_STRING) | KIND(T_BYTES),
      "only ints, uints, bytes, and strings can be formatted as hex" },
    { 'o', INTS, "octal clause can only be used on ints and uints" },
};

/* The name a type has at run time, as the messages show it. */
static str runtime_name(struct checker *c, const struct cel_type *type)
{
    switch ((enum cel_type_kind)type->kind) {
    case T_NULL:
        return S("null_type");
    case T_TIMESTAMP:
        return S("google.protobuf.Timestamp");
    case T_DURATION:
        return S("google.protobuf.Duration");
    case T_LIST:
        return S("list");
    case T_MAP:
        return S("map");
    case T_TYPE:
        return S("type");
    case T_OPTIONAL:
        return S("optional_type");
    case T_WRAPPER:
        return runtime_name(c, type->params[0]);
    default:
        return type_text(c, type);
    }
}

static bool accepts(uint32_t kinds, const struct cel_type *type)
{
    uint8_t kind = type->kind == T_WRAPPER ? type->params[0]->kind : type->kind;
    return kind == T_DYN || (kinds & KIND(kind)) != 0;
}

/* The first part of the argument that the clause does not accept, or NULL. Literals are looked
 * into. */
static const struct ast *refused(const struct clause *clause, const struct ast *arg)
{
    if (!accepts(clause->kinds, arg->type)) {
        return arg;
    }
    const struct ast *bad = NULL;
    if (clause->letter == 's' && arg->kind == A_LIST) {
        for (int32_t i = 0; i < arg->list.count && bad == NULL; i++) {
            bad = refused(clause, arg->list.items[i]);
        }
    } else if (clause->letter == 's' && arg->kind == A_MAP) {
        for (int32_t i = 0; i < arg->map.count && bad == NULL; i++) {
            bad = refused(clause, arg->map.keys[i]);
            bad = bad != NULL ? bad : refused(clause, arg->map.vals[i]);
        }
    }
    return bad;
}

/* Reads `.digits` at *pos; returns the fault, empty when there is none. */
static str read_precision(struct checker *c, str format, isize *pos)
{
    if (format.ptr[*pos] != '.') {
        return STR_EMPTY;
    }
    isize start = ++*pos;
    while (*pos < format.len && format.ptr[*pos] >= '0' && format.ptr[*pos] <= '9') {
        (*pos)++;
    }
    if (*pos >= format.len) {
        return S("could not find end of precision specifier");
    }
    str digits = str_slice(format, start, *pos);
    int64_t value = 0;
    if (!num_parse_int(digits, false, &value)) {
        return str_printf(
            c->arena,
            "error while converting precision to integer: strconv.Atoi: parsing \"%.*s\": %s",
            STR_ARG(digits), digits.len == 0 ? "invalid syntax" : "value out of range");
    }
    if (value > PRECISION_MAX) {
        return str_printf(c->arena, "precision %lld exceeds maximum allowed precision %d",
                          (long long)value, PRECISION_MAX);
    }
    return STR_EMPTY;
}

static const struct clause *find_clause(char letter)
{
    for (isize i = 0; i < countof(clauses); i++) {
        if (clauses[i].letter == letter) {
            return &clauses[i];
        }
    }
    return NULL;
}

/* One clause at *pos (behind the percent sign) for the argument; false when a fault has been
 * reported. */
static bool check_clause(struct checker *c, const struct ast *call, str format, isize *pos,
                         const struct ast *arg)
{
    str fault = read_precision(c, format, pos);
    if (fault.len > 0) {
        cel_issue_node(c->issues, call,
                       "could not parse formatting clause: error while parsing precision: %.*s",
                       STR_ARG(fault));
        return false;
    }
    isize start = *pos;
    (void)utf8_next(format, pos); /* literals are valid: only the position matters */
    const struct clause *clause = *pos == start + 1 ? find_clause(format.ptr[start]) : NULL;
    if (clause == NULL) {
        /* the reference shows the first byte as a character */
        struct sb sb = sb_new(c->arena);
        sb_rune(&sb, (unsigned char)format.ptr[start]);
        cel_issue_node(c->issues, call,
                       "could not parse formatting clause: unrecognized formatting clause \"%.*s\"",
                       STR_ARG(sb_str(&sb)));
        return false;
    }
    const struct ast *bad = refused(clause, arg);
    if (bad != NULL) {
        cel_issue_node(c->issues, bad, "error during formatting: %s, was given %.*s", clause->fault,
                       STR_ARG(runtime_name(c, bad->type)));
        return false;
    }
    return true;
}

static void check_format(struct checker *c, const struct ast *call)
{
    str format = v_str(call->call.target->constant);
    const struct ast *args = call->call.args[0];
    int32_t used = 0;
    for (isize pos = 0; pos < format.len;) {
        if (format.ptr[pos] != '%') {
            pos++;
            continue;
        }
        pos++;
        if (pos < format.len && format.ptr[pos] == '%') {
            pos++;
            continue;
        }
        if (pos >= format.len) {
            cel_issue_node(c->issues, call, "unexpected end of string");
            return;
        }
        if (used >= args->list.count) {
            cel_issue_node(c->issues, call, "index %d out of range", (int)used);
            return;
        }
        if (!check_clause(c, call, format, &pos, args->list.items[used++])) {
            return;
        }
    }
    if (used < args->list.count) {
        cel_issue_node(c->issues, call,
                       "too many arguments supplied to string.format (expected %d, got %d)",
                       (int)used, (int)args->list.count);
    }
}

static bool visit(void *ctx, struct ast *node)
{
    if (node->kind == A_CALL && node->call.target != NULL && str_eq(node->call.name, S("format")) &&
        node->call.target->kind == A_CONST && node->call.target->constant.kind == V_STRING &&
        node->call.argc == 1 && node->call.args[0]->kind == A_LIST) {
        check_format(ctx, node);
    }
    return true;
}

void check_formats(struct checker *c, struct ast *root)
{
    ast_walk(root, visit, c);
}
