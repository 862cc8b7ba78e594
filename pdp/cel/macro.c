/* macro.c — calls that are syntax
 *
 * Name, style and number of arguments decide whether a call is a macro; when they do not fit it
 * stays a call (and the checker will not know it). The comprehension macros become A_LOOP nodes and
 * keep their shape; has() marks a selection; the rest is rewritten into calls and A_BIND.
 *
 * Hidden names begin with `@`, which no identifier of the language does.
 *
 * spec: cel#11
 * Neighbours: parse.c calls it · check_loop.c types the loops · unparse.c prints
 * macros as they were written
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/parse.h"

typedef struct ast *expand(struct parser *p, struct ast *call);

static struct ast *fault(struct parser *p, const struct ast *call, const struct ast *node,
                         const char *text)
{
    cel_issue_node(p->issues, node, "%s", text);
    return cel_node(p, A_CONST, call->start, call->end, call->at);
}

/* The name of a simple identifier; empty when the node is something else. */
static str simple_name(const struct ast *node)
{
    return node->kind == A_IDENT && !node->absolute ? node->ident.name : STR_EMPTY;
}

static bool is_accumulator(str name)
{
    return str_eq(name, S("__result__")) || str_eq(name, S("@result"));
}

/* ---- comprehensions ---- */

/* Which arguments a comprehension has. */
struct loop_shape {
    enum ast_loop kind;
    int vars;             /* 1 or 2                                            */
    bool filter;          /* a predicate stands before the last argument       */
    const char *not_name; /* the fault of a variable that is not a simple name */
};

static bool loop_vars(struct parser *p, const struct ast *call, const struct loop_shape *shape,
                      str *vars, struct ast **error)
{
    for (int i = 0; i < shape->vars; i++) {
        vars[i] = simple_name(call->call.args[i]);
        if (vars[i].len == 0) {
            *error = fault(p, call, call->call.args[i], shape->not_name);
            return false;
        }
    }
    if (shape->vars == 2 && str_eq(vars[0], vars[1])) {
        *error = fault(p, call, call->call.args[1],
                       str_to_c(p->arena, str_printf(p->arena, "duplicate variable name: %.*s",
                                                     STR_ARG(vars[0]))));
        return false;
    }
    for (int i = 0; i < shape->vars; i++) {
        if (is_accumulator(vars[i])) {
            *error = fault(p, call, call->call.args[i],
                           "iteration variable overwrites accumulator variable");
            return false;
        }
    }
    return true;
}

static struct ast *loop(struct parser *p, struct ast *call, struct loop_shape shape)
{
    str vars[2] = { STR_EMPTY, STR_EMPTY };
    struct ast *error = NULL;
    if (!loop_vars(p, call, &shape, vars, &error)) {
        return error;
    }
    struct ast *node = cel_node(p, A_LOOP, call->start, call->end, call->at);
    node->loop_kind = (uint8_t)shape.kind;
    node->loop.range = call->call.target;
    node->loop.filter = shape.filter ? call->call.args[shape.vars] : NULL;
    node->loop.body = call->call.args[call->call.argc - 1];
    node->loop.var = vars[0];
    node->loop.var2 = vars[1];
    node->loop.macro = call->call.name;
    return node;
}

static const char simple[] = "argument must be a simple name";
static const char ident[] = "argument is not an identifier";

static struct ast *expand_all(struct parser *p, struct ast *call)
{
    return loop(p, call, (struct loop_shape){ LOOP_ALL, call->call.argc - 1, false, simple });
}

static struct ast *expand_exists(struct parser *p, struct ast *call)
{
    return loop(p, call, (struct loop_shape){ LOOP_EXISTS, call->call.argc - 1, false, simple });
}

static struct ast *expand_exists_one(struct parser *p, struct ast *call)
{
    return loop(p, call,
                (struct loop_shape){ LOOP_EXISTS_ONE, call->call.argc - 1, false, simple });
}

static struct ast *expand_map(struct parser *p, struct ast *call)
{
    return loop(p, call, (struct loop_shape){ LOOP_MAP, 1, call->call.argc == 3, ident });
}

static struct ast *expand_filter(struct parser *p, struct ast *call)
{
    struct ast *node = loop(p, call, (struct loop_shape){ LOOP_MAP, 1, false, ident });
    if (node->kind == A_LOOP) {
        node->loop.filter = node->loop.body;
        node->loop.body = call->call.args[0];
    }
    return node;
}

static struct ast *expand_transform_list(struct parser *p, struct ast *call)
{
    return loop(p, call, (struct loop_shape){ LOOP_MAP, 2, call->call.argc == 4, simple });
}

static struct ast *expand_transform_map(struct parser *p, struct ast *call)
{
    return loop(p, call,
                (struct loop_shape){ LOOP_TRANSFORM_MAP, 2, call->call.argc == 4, simple });
}

static struct ast *expand_transform_entry(struct parser *p, struct ast *call)
{
    return loop(p, call, (struct loop_shape){ LOOP_MAP_ENTRY, 2, call->call.argc == 4, simple });
}

static struct ast *expand_sort_by(struct parser *p, struct ast *call)
{
    const struct ast *target = call->call.target;
    if (target->kind == A_CONST || target->kind == A_MAP || target->kind == A_STRUCT) {
        return fault(
            p, call, target,
            "sortBy can only be applied to a list, identifier, comprehension, call or select "
            "expression");
    }
    return loop(p, call, (struct loop_shape){ LOOP_SORT_BY, 1, false, ident });
}

/* ---- has ---- */

static struct ast *expand_has(struct parser *p, struct ast *call)
{
    struct ast *arg = call->call.args[0];
    if (arg->kind != A_SELECT || arg->optional || arg->test_only) {
        struct ast *node = fault(p, call, arg, "invalid argument to has() macro");
        return node;
    }
    struct ast *node = cel_node(p, A_SELECT, call->start, call->end, call->at);
    node->word = arg->word;
    node->test_only = true;
    node->select = arg->select;
    return node;
}

/* ---- bindings ---- */

static struct ast *bind(struct parser *p, const struct ast *call, str name, struct ast *init,
                        struct ast *body)
{
    struct ast *node = cel_node(p, A_BIND, call->start, call->end, call->at);
    node->bind.name = name;
    node->bind.init = init;
    node->bind.body = body;
    return node;
}

static struct ast *expand_bind(struct parser *p, struct ast *call)
{
    str name = simple_name(call->call.args[0]);
    if (name.len == 0) {
        return fault(p, call, call->call.args[0],
                     "cel.bind() variable names must be simple identifiers");
    }
    return bind(p, call, name, call->call.args[1], call->call.args[2]);
}

/* A name or a call made by a macro; it takes the macro's place. */
static struct ast *made_name(struct parser *p, const struct ast *call, str name)
{
    struct ast *node = cel_node(p, A_IDENT, call->start, call->end, call->at);
    node->ident.name = name;
    node->ident.root = -1;
    return node;
}

static struct ast *made_call(struct parser *p, const struct ast *call, str name, struct ast *target,
                             struct ast **args, int32_t argc)
{
    struct ast *node = cel_node(p, A_CALL, call->start, call->end, call->at);
    node->word = call->word;
    node->call.name = name;
    node->call.target = target;
    node->call.args = args;
    node->call.argc = argc;
    node->call.func = -1;
    return node;
}

static struct ast *optional_function(struct parser *p, const struct ast *call, str function,
                                     struct ast *arg)
{
    struct ast **args = new (p->arena, struct ast *, 1);
    args[0] = arg;
    return made_call(p, call, function, made_name(p, call, S("optional")), args, arg != NULL);
}

/* target.optMap(v, e): bind @optMap to target, then @optMap.hasValue() ? optional.of(bind v to
 * @optMap.value() in e) : optional.none(); optFlatMap without of(). */
static struct ast *optional_map(struct parser *p, struct ast *call, bool flat)
{
    str hidden = flat ? S("@optFlatMap") : S("@optMap");
    str name = simple_name(call->call.args[0]);
    if (name.len == 0) {
        return fault(p, call, call->call.args[0],
                     flat ? "optFlatMap() variable name must be a simple identifier"
                          : "optMap() variable name must be a simple identifier");
    }
    struct ast *value = made_call(p, call, S("value"), made_name(p, call, hidden), NULL, 0);
    struct ast *some = bind(p, call, name, value, call->call.args[1]);
    struct ast **arms = new (p->arena, struct ast *, 3);
    arms[0] = made_call(p, call, S("hasValue"), made_name(p, call, hidden), NULL, 0);
    arms[1] = flat ? some : optional_function(p, call, S("of"), some);
    arms[2] = optional_function(p, call, S("none"), NULL);
    struct ast *choice = made_call(p, call, S("_?_:_"), NULL, arms, 3);
    return bind(p, call, hidden, call->call.target, choice);
}

static struct ast *expand_opt_map(struct parser *p, struct ast *call)
{
    return optional_map(p, call, false);
}

static struct ast *expand_opt_flat_map(struct parser *p, struct ast *call)
{
    return optional_map(p, call, true);
}

/* ---- math.greatest, math.least ---- */

static bool may_be_number(const struct ast *node)
{
    if (node->kind == A_CONST) {
        return node->constant.kind == V_INT || node->constant.kind == V_UINT ||
               node->constant.kind == V_DOUBLE;
    }
    return node->kind != A_LIST && node->kind != A_MAP && node->kind != A_STRUCT;
}

static bool may_be_numbers(const struct ast *list)
{
    for (int32_t i = 0; i < list->list.count; i++) {
        if (!may_be_number(list->list.items[i])) {
            return false;
        }
    }
    return list->list.count > 0;
}

static struct ast *extreme(struct parser *p, struct ast *call, str function, const char *shown)
{
    struct ast **args = call->call.args;
    int32_t argc = call->call.argc;
    const char *text = NULL;
    const struct ast *place = call->call.target;
    if (argc == 0) {
        text = "requires at least one argument";
    } else if (argc == 1) {
        bool ok = args[0]->kind == A_LIST ? may_be_numbers(args[0]) : may_be_number(args[0]);
        text = ok ? NULL : "invalid single argument value";
        place = args[0];
    }
    for (int32_t i = 0; argc > 1 && i < argc && text == NULL; i++) {
        text = may_be_number(args[i]) ? NULL : "simple literal arguments must be numeric";
        place = args[i];
    }
    if (text != NULL) {
        return fault(p, call, place,
                     str_to_c(p->arena, str_printf(p->arena, "%s %s", shown, text)));
    }
    if (argc > 2) {
        struct ast *list = cel_node(p, A_LIST, args[0]->start, args[argc - 1]->end, call->at);
        list->list.items = args;
        list->list.count = argc;
        args = new (p->arena, struct ast *, 1);
        args[0] = list;
        argc = 1;
    }
    return made_call(p, call, function, NULL, args, argc);
}

static struct ast *expand_greatest(struct parser *p, struct ast *call)
{
    return extreme(p, call, S("math.@max"), "math.greatest()");
}

static struct ast *expand_least(struct parser *p, struct ast *call)
{
    return extreme(p, call, S("math.@min"), "math.least()");
}

/* ---- macros of the specification's tests ---- */

/* cel.block([a, b], e): @index0 bound to a in (@index1 bound to b in e). */
static struct ast *expand_block(struct parser *p, struct ast *call)
{
    struct ast *slots = call->call.args[0];
    if (slots->kind != A_LIST) {
        return fault(p, call, slots, "cel.block requires the first arg to be a list literal");
    }
    struct ast *node = call->call.args[1];
    for (int32_t i = slots->list.count; i-- > 0;) {
        node = bind(p, call, str_printf(p->arena, "@index%d", (int)i), slots->list.items[i], node);
    }
    return node;
}

/* The hidden name prefix + numbers, as cel.index(0) and cel.iterVar(0, 1) mean it. */
static struct ast *hidden_name(struct parser *p, struct ast *call, const char *prefix)
{
    struct sb sb = sb_new(p->arena);
    sb_add(&sb, str_from_c(prefix));
    for (int32_t i = 0; i < call->call.argc; i++) {
        const struct ast *arg = call->call.args[i];
        if (arg->kind != A_CONST || arg->constant.kind != V_INT || arg->constant.i < 0) {
            return fault(p, call, arg, "the argument must be a non-negative int literal");
        }
        if (call->call.argc > 1) {
            sb_byte(&sb, ':');
        }
        sb_int(&sb, arg->constant.i);
    }
    return made_name(p, call, sb_str(&sb));
}

static struct ast *expand_index(struct parser *p, struct ast *call)
{
    return hidden_name(p, call, "@index");
}

static struct ast *expand_iter_var(struct parser *p, struct ast *call)
{
    return hidden_name(p, call, "@it");
}

static struct ast *expand_accu_var(struct parser *p, struct ast *call)
{
    return hidden_name(p, call, "@ac");
}

/* ---- table ---- */

#define ANY_COUNT (-1)

static const struct macro {
    str name;
    str space;      /* the receiver must be this name; empty: any receiver */
    int min, max;   /* number of arguments; ANY_COUNT: any                 */
    bool global;    /* no receiver                                         */
    bool test_only; /* only with CEL_TEST_MACROS                           */
    expand *expand;
} macros[] = {
    { .name = S("has"), .min = 1, .max = 1, .global = true, .expand = expand_has },
    { .name = S("all"), .min = 2, .max = 3, .expand = expand_all },
    { .name = S("exists"), .min = 2, .max = 3, .expand = expand_exists },
    { .name = S("exists_one"), .min = 2, .max = 3, .expand = expand_exists_one },
    { .name = S("existsOne"), .min = 3, .max = 3, .expand = expand_exists_one },
    { .name = S("map"), .min = 2, .max = 3, .expand = expand_map },
    { .name = S("filter"), .min = 2, .max = 2, .expand = expand_filter },
    { .name = S("transformList"), .min = 3, .max = 4, .expand = expand_transform_list },
    { .name = S("transformMap"), .min = 3, .max = 4, .expand = expand_transform_map },
    { .name = S("transformMapEntry"), .min = 3, .max = 4, .expand = expand_transform_entry },
    { .name = S("sortBy"), .min = 2, .max = 2, .expand = expand_sort_by },
    { .name = S("optMap"), .min = 2, .max = 2, .expand = expand_opt_map },
    { .name = S("optFlatMap"), .min = 2, .max = 2, .expand = expand_opt_flat_map },
    { .name = S("bind"), .space = S("cel"), .min = 3, .max = 3, .expand = expand_bind },
    { .name = S("greatest"), .space = S("math"), .min = ANY_COUNT, .expand = expand_greatest },
    { .name = S("least"), .space = S("math"), .min = ANY_COUNT, .expand = expand_least },
    { .name = S("block"),
      .space = S("cel"),
      .min = 2,
      .max = 2,
      .test_only = true,
      .expand = expand_block },
    { .name = S("index"),
      .space = S("cel"),
      .min = 1,
      .max = 1,
      .test_only = true,
      .expand = expand_index },
    { .name = S("iterVar"),
      .space = S("cel"),
      .min = 2,
      .max = 2,
      .test_only = true,
      .expand = expand_iter_var },
    { .name = S("accuVar"),
      .space = S("cel"),
      .min = 2,
      .max = 2,
      .test_only = true,
      .expand = expand_accu_var },
};

static bool fits(const struct parser *p, const struct macro *macro, const struct ast *call)
{
    const struct ast *target = call->call.target;
    return str_eq(macro->name, call->call.name) && macro->global == (target == NULL) &&
           (macro->min == ANY_COUNT ||
            (call->call.argc >= macro->min && call->call.argc <= macro->max)) &&
           (macro->space.len == 0 || str_eq(simple_name(target), macro->space)) &&
           (!macro->test_only || (p->flags & CEL_TEST_MACROS) != 0);
}

struct ast *cel_expand_macro(struct parser *p, struct ast *call)
{
    if ((p->flags & CEL_NO_MACROS) != 0 || call->absolute) {
        return call;
    }
    for (isize i = 0; i < countof(macros); i++) {
        if (fits(p, &macros[i], call)) {
            return macros[i].expand(p, call);
        }
    }
    return call;
}
