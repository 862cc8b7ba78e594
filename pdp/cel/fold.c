/* fold.c — what an expression says about itself: constant parts, literals that cannot be right
 *
 * From the leaves up, a part without names is run and replaced by its value. A part that fails
 * stays as it is: whether its error matters is for the run to say, and so is the error. Operands
 * that decide or do not matter are dropped from && || ?: — only where no value can come out
 * differently, so `dyn(1) ? 1 : 2` remains an error.
 *
 * Left alone: what reads the time, patterns (they are compiled once at load anyway), results that
 * are objects, optionals or large, literals of lists and maps (generation makes constants of them).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/fn.h"
#include "cel/gen_priv.h"
#include "cel/regex.h"

#define FOLD_BUDGET    10000 /* units for one part                  */
#define FOLD_PARTS_MAX 1000  /* elements of a value that takes the place of a part */
#define FOLD_TEXT_MAX  65536 /* bytes of a text likewise            */

struct folder {
    struct arena *arena;
    VEC(str) scope; /* variables of macros around the node */
};

/* What is known of a part. */
struct part {
    bool constant; /* no names but variables of its own macros, no time, no patterns */
    isize outer;   /* smallest scope entry that it mentions; ISIZE_FAR: none         */
};
#define ISIZE_FAR PTRDIFF_MAX

static struct part fold(struct folder *f, struct ast *node);

static const struct part open_part = { .constant = false, .outer = 0 };
static const struct part constant_part = { .constant = true, .outer = ISIZE_FAR };

static struct part both(struct part a, struct part b)
{
    return (struct part){ .constant = a.constant && b.constant,
                          .outer = a.outer < b.outer ? a.outer : b.outer };
}

/* ---- running ---- */

static bool small_value(struct value v, isize *left)
{
    if (--*left < 0) {
        return false;
    }
    switch (v.kind) {
    case V_STRING:
    case V_BYTES:
        return v.len <= FOLD_TEXT_MAX;
    case V_LIST:
        for (uint32_t i = 0; i < v.len; i++) {
            if (!small_value(v.items[i], left)) {
                return false;
            }
        }
        return true;
    case V_MAP:
        for (uint32_t i = 0; i < v.map->count; i++) {
            if (!small_value(v.map->entries[i].key, left) ||
                !small_value(v.map->entries[i].val, left)) {
                return false;
            }
        }
        return true;
    case V_OPTIONAL:
    case V_OBJECT:
    case V_ERROR:
    case V_UNKNOWN:
        return false;
    default:
        return true;
    }
}

static struct value run_part(struct folder *f, const struct ast *node)
{
    struct codeset *set = codeset_new(f->arena);
    uint32_t expr = 0;
    if (cel_gen(set, node, &expr, NULL) != CARDEA_OK) {
        return v_none();
    }
    struct cel_code code = codeset_code(set);
    struct cel_run run = { .code = &code, .arena = f->arena, .budget = FOLD_BUDGET };
    return cel_eval(&run, expr);
}

static struct ast *tree_of(struct arena *arena, const struct ast *place, struct value v);

static void become(struct arena *arena, struct ast *node, struct value v)
{
    node->test_only = false;
    node->optional = false;
    if (v.kind == V_LIST) {
        node->kind = A_LIST;
        node->list.items = new(arena, struct ast *, v.len);
        node->list.optional = NULL;
        node->list.count = (int32_t)v.len;
        for (uint32_t i = 0; i < v.len; i++) {
            node->list.items[i] = tree_of(arena, node, v.items[i]);
        }
    } else if (v.kind == V_MAP) {
        int32_t count = (int32_t)v.map->count;
        node->kind = A_MAP;
        node->map.keys = new(arena, struct ast *, count);
        node->map.vals = new(arena, struct ast *, count);
        node->map.optional = NULL;
        node->map.count = count;
        for (int32_t i = 0; i < count; i++) {
            node->map.keys[i] = tree_of(arena, node, v.map->entries[i].key);
            node->map.vals[i] = tree_of(arena, node, v.map->entries[i].val);
        }
    } else {
        node->kind = A_CONST;
        node->constant = v;
    }
}

static struct ast *tree_of(struct arena *arena, const struct ast *place, struct value v)
{
    struct ast *node = new(arena, struct ast, 1);
    node->start = place->start;
    node->end = place->end;
    node->at = place->at;
    node->type = &cel_t_dyn;
    become(arena, node, v);
    return node;
}

/* Takes another node's place in its parent: all but the span. */
static void replace(struct ast *node, const struct ast *by)
{
    uint32_t start = node->start;
    uint32_t end = node->end;
    *node = *by;
    node->start = start;
    node->end = end;
}

/* ---- parts ---- */

static struct part fold_all(struct folder *f, struct ast **nodes, int32_t count)
{
    struct part part = constant_part;
    for (int32_t i = 0; i < count; i++) {
        part = both(part, fold(f, nodes[i]));
    }
    return part;
}

static bool is_bool(const struct ast *node, bool want)
{
    return node->kind == A_CONST && node->constant.kind == V_BOOL &&
           (node->constant.i != 0) == want;
}

static bool typed_bool(const struct ast *node)
{
    return node->type != NULL && node->type->kind == T_BOOL;
}

/* An operand that decides makes the chain a constant; those that cannot matter go. */
static void shorten_chain(struct folder *f, struct ast *node, bool conjunction)
{
    int32_t kept = 0;
    struct ast *neutral = NULL;
    for (int32_t i = 0; i < node->call.argc; i++) {
        struct ast *arg = node->call.args[i];
        if (is_bool(arg, !conjunction)) {
            become(f->arena, node, v_bool(!conjunction));
            return;
        }
        if (is_bool(arg, conjunction)) {
            neutral = arg;
        } else {
            node->call.args[kept++] = arg;
        }
    }
    if (kept == 0) {
        become(f->arena, node, v_bool(conjunction));
    } else if (kept == 1 && typed_bool(node->call.args[0])) {
        replace(node, node->call.args[0]);
    } else {
        if (kept == 1) { /* a lone operand that is no bool must stay an error */
            node->call.args[kept++] = neutral;
        }
        node->call.argc = kept;
    }
}

static struct part fold_call(struct folder *f, struct ast *node)
{
    struct part part = fold_all(f, node->call.args, node->call.argc);
    str name = node->call.name;
    if (node->call.target != NULL) {
        part = both(part, fold(f, node->call.target));
    } else if (str_eq(name, S("_&&_")) && node->call.argc >= 2) {
        shorten_chain(f, node, true);
    } else if (str_eq(name, S("_||_")) && node->call.argc >= 2) {
        shorten_chain(f, node, false);
    } else if (str_eq(name, S("_?_:_")) && node->call.argc == 3) {
        const struct ast *cond = node->call.args[0];
        if (is_bool(cond, true) || is_bool(cond, false)) {
            replace(node, node->call.args[is_bool(cond, true) ? 1 : 2]);
        }
    }
    if (node->kind != A_CALL) {
        return node->kind == A_CONST ? constant_part : part;
    }
    int func = node->call.func;
    if (func == -2 || (func >= 0 && (cel_funcs[func].flags & (CF_TIME | CF_PATTERN)) != 0)) {
        part.constant = false;
    }
    return part;
}

static struct part fold_ident(struct folder *f, const struct ast *node)
{
    if (node->ident.is_local) {
        for (isize i = f->scope.len - 1; i >= 0; i--) {
            if (str_eq(f->scope.ptr[i], node->ident.name)) {
                return (struct part){ .constant = true, .outer = i };
            }
        }
        return open_part;
    }
    return node->ident.is_type ? constant_part : open_part;
}

static struct part fold_select(struct folder *f, struct ast *node)
{
    const struct cel_field *field = ast_field(node);
    if (field != NULL) {
        return field->constant.kind != V_NONE && !node->optional ? constant_part : open_part;
    }
    return fold(f, node->select.operand);
}

static struct part fold_loop(struct folder *f, struct ast *node)
{
    struct part part = fold(f, node->loop.range);
    isize scope = f->scope.len;
    *vec_push(f->arena, &f->scope) = node->loop.var;
    if (node->loop.var2.len > 0) {
        *vec_push(f->arena, &f->scope) = node->loop.var2;
    }
    if (node->loop.filter != NULL) {
        part = both(part, fold(f, node->loop.filter));
    }
    part = both(part, fold(f, node->loop.body));
    f->scope.len = scope;
    return part;
}

static struct part fold_bind(struct folder *f, struct ast *node)
{
    struct part part = fold(f, node->bind.init);
    *vec_push(f->arena, &f->scope) = node->bind.name;
    part = both(part, fold(f, node->bind.body));
    f->scope.len--;
    return part;
}

static struct part fold_children(struct folder *f, struct ast *node)
{
    switch ((enum ast_kind)node->kind) {
    case A_CONST:
        return constant_part;
    case A_IDENT:
        return fold_ident(f, node);
    case A_SELECT:
        return fold_select(f, node);
    case A_CALL:
        return fold_call(f, node);
    case A_LIST:
        return fold_all(f, node->list.items, node->list.count);
    case A_MAP:
        return both(fold_all(f, node->map.keys, node->map.count),
                    fold_all(f, node->map.vals, node->map.count));
    case A_STRUCT:
        (void)fold_all(f, node->record.vals, node->record.count);
        return open_part;
    case A_LOOP:
        return fold_loop(f, node);
    case A_BIND:
        return fold_bind(f, node);
    }
    return open_part;
}

static struct part fold(struct folder *f, struct ast *node)
{
    isize depth = f->scope.len;
    struct part part = fold_children(f, node);
    bool literal = node->kind == A_CONST || node->kind == A_IDENT || node->kind == A_LIST ||
                   node->kind == A_MAP;
    if (!part.constant || literal || part.outer < depth) {
        return part;
    }
    struct value v = run_part(f, node);
    isize left = FOLD_PARTS_MAX;
    if (v.kind == V_NONE || !small_value(v, &left)) {
        return part;
    }
    become(f->arena, node, v);
    return constant_part;
}

/* ---- literals that cannot be right ---- */

struct checker {
    struct arena *arena;
    struct cel_issues *issues;
};

static bool literal_fails(struct arena *arena, cel_impl *impl, struct value literal)
{
    struct cel_run run = { .arena = arena, .budget = FOLD_BUDGET };
    return impl(&run, &literal, 1).kind == V_ERROR;
}

/* Networks: the reference tells what is wrong. */
static void check_network(struct checker *c, const struct ast *arg, const char *name)
{
    str why = STR_EMPTY;
    bool ok = strcmp(name, "ip") == 0 ? cel_ip_valid(c->arena, v_str(arg->constant), &why)
                                      : cel_cidr_valid(c->arena, v_str(arg->constant), &why);
    if (!ok) {
        cel_issue_node(c->issues, arg, "invalid %s argument: %.*s", name, STR_ARG(why));
    }
}

static bool check_literal(void *ctx, struct ast *node)
{
    struct checker *c = ctx;
    if (node->kind != A_CALL || node->call.argc < 1 || node->call.args[0]->kind != A_CONST) {
        return true;
    }
    const struct ast *arg = node->call.args[0];
    const char *what = NULL;
    if (node->call.target == NULL && node->call.argc == 1 &&
        str_eq(node->call.name, S("timestamp"))) {
        what = literal_fails(c->arena, fn_timestamp, arg->constant) ? "timestamp" : NULL;
    } else if (node->call.target == NULL && node->call.argc == 1 &&
               str_eq(node->call.name, S("duration"))) {
        what = literal_fails(c->arena, fn_duration, arg->constant) ? "duration" : NULL;
    } else if (node->call.target != NULL && arg->constant.kind == V_STRING &&
               str_eq(node->call.name, S("matches"))) {
        str why = STR_EMPTY;
        what = cel_regex_valid(c->arena, v_str(arg->constant), &why) ? NULL : "matches";
        if (what != NULL) {
            cel_issue_node(c->issues, arg, "invalid matches argument")->help = why;
            return true;
        }
    }
    if (node->call.target == NULL && node->call.argc == 1 && arg->constant.kind == V_STRING &&
        (str_eq(node->call.name, S("ip")) || str_eq(node->call.name, S("cidr")))) {
        check_network(c, arg, str_eq(node->call.name, S("ip")) ? "ip" : "cidr");
    }
    if (what != NULL) {
        cel_issue_node(c->issues, arg, "invalid %s argument", what);
    }
    return true;
}

cardea_status cel_fold(struct arena *arena, struct ast *root, struct cel_issues *issues)
{
    struct checker checker = { arena, issues };
    isize first = issues->list.len;
    ast_walk(root, check_literal, &checker);
    if (issues->list.len > first || issues->dropped > 0) {
        cel_issues_sort(issues, first);
        return CARDEA_EINVALID;
    }
    struct folder folder = { .arena = arena };
    (void)fold(&folder, root);
    return CARDEA_OK;
}
