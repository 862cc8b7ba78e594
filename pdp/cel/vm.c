/* vm.c — the loop
 *
 * Runs verified code: nothing here checks a number that verify.c has proved. Two forms of dispatch
 * are built from the same bodies: computed goto, and a switch with -DCARDEA_VM_SWITCH.
 *
 * Invariants
 *   frame[0 … slots) are the slots, sp points behind the top operand
 *   frame[max_stack] and what follows is never written
 *   an error that gets its place (pc) is a copy: errors may be static or shared
 *
 * Neighbours: opcodes.def what each instruction does · ops.c, select.c, loops.c how
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/vm.h"

#include "cel/fn_priv.h"
#include "cel/regex.h"
#include "cel/vm_priv.h"

#ifdef __clang__
#define UNINITIALIZED __attribute__((uninitialized))
#elif __GNUC__ >= 12
#define UNINITIALIZED __attribute__((uninitialized))
#else
#define UNINITIALIZED
#endif

/* Under the address sanitizer the part of the frame that the verifier does not grant is out of
 * bounds. */
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#endif
#endif
#ifndef ASAN_POISON_MEMORY_REGION
#define ASAN_POISON_MEMORY_REGION(address, size)   ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

static struct value run_expr(struct cel_run *run, uint32_t expr, struct value *frame);

/* ---- errors ---- */

static const struct verror budget_record = { .category = VE_LIMIT,
                                             .pc = UINT32_MAX,
                                             .text = { "evaluation budget exceeded", 26 } };

struct value cel_budget_error(void)
{
    return (struct value){ .kind = V_ERROR, .err = &budget_record };
}

struct value cel_no_overload(struct cel_run *run, const char *name, const struct value *args,
                             int argc)
{
    struct sb text = sb_new(run->arena);
    sb_printf(&text, "no such overload: %s(", name);
    for (int i = 0; i < argc; i++) {
        sb_add(&text, i > 0 ? S(", ") : STR_EMPTY);
        sb_add(&text, v_type_name(args[i]));
    }
    sb_byte(&text, ')');
    str s = sb_str(&text);
    return v_error(run->arena, VE_NO_OVERLOAD, "%.*s", STR_ARG(s));
}

/* Notes where an error arose, unless that is known already. */
static __attribute__((noinline)) struct value placed(struct cel_run *run, struct value v,
                                                     const uint32_t *at)
{
    if (v.err->pc != UINT32_MAX) {
        return v;
    }
    struct verror *e = new(run->arena, struct verror, 1);
    *e = *v.err;
    e->pc = (uint32_t)(at - run->code->words);
    v.err = e;
    return v;
}

/* ---- policy variables ---- */

/* A host value that cannot come back: touching the variable gives its own error, but it has been
 * evaluated. */
#define HOST_FAILED 1

struct value cel_host_value(struct arena *arena, struct value v)
{
    switch (v.kind) {
    case V_TYPE:
        return v_string(v_str(v));
    case V_OPTIONAL:
        return v.items != NULL ? cel_host_value(arena, v.items[0]) : v_null();
    case V_OBJECT:
        break;
    default:
        return v;
    }
    /* types whose values do not come back, and what the reference calls them */
    static const struct {
        str type;
        str name;
    } lost[] = { { S("cerbos.lib.spiffeID"), S("spiffeid.ID") },
                 { S("cerbos.lib.spiffeTrustDomain"), S("spiffeid.TrustDomain") },
                 { S("cerbos.lib.spiffeMatcher"), S("spiffeid.Matcher") } };
    struct value segments = cel_hierarchy_list(v);
    if (segments.kind != V_NONE) {
        return segments;
    }
    str name = STR_EMPTY;
    for (isize i = 0; i < countof(lost); i++) {
        name = str_eq(lost[i].type, v_type_name(v)) ? lost[i].name : name;
    }
    if (name.len == 0) {
        return v;
    }
    str text = STR_EMPTY;
    (void)fn_spiffe_text(v, &text); /* a matcher has none */
    struct value error =
        v_error(arena, VE_CONVERSION, "unsupported conversion to ref.Val: (%.*s)%.*s",
                STR_ARG(name), STR_ARG(text));
    error.aux = HOST_FAILED;
    return error;
}

static __attribute__((noinline)) struct value eval_var(struct cel_run *run, uint32_t var,
                                                       struct value *frame)
{
    struct value v = run_expr(run, run->code->vars[var], frame);
    if (v.kind == V_ERROR) {
        v.aux = 0;
        run->var_failed = true;
        run->var_memo[var] = v;
        if (run->on_var_error != NULL) {
            run->on_var_error(run->ctx, var, v);
        }
        return v;
    }
    v = cel_host_value(run->arena, v);
    run->var_memo[var] = v;
    return v;
}

/* The reference unsets a variable that failed: whoever touches it finds no such field. */
static __attribute__((noinline)) struct value failed_var(struct cel_run *run, uint32_t var,
                                                         struct value v)
{
    if (v.aux == HOST_FAILED || v.err->category == VE_LIMIT) {
        return v;
    }
    str name = v_str(run->code->konsts[run->code->var_names[var]]);
    return v_error(run->arena, VE_NO_SUCH_FIELD, "undefined field '%.*s'", STR_ARG(name));
}

/* ---- calls ---- */

static inline struct value call(struct cel_run *run, uint32_t func, struct value *args, int argc)
{
    for (int i = 0; i < argc; i++) {
        if (v_is_raised(args[i])) {
            bool hides = (cel_funcs[func].flags & CF_HIDES_ERRORS) != 0 &&
                         args[i].kind == V_ERROR && args[i].err->category != VE_LIMIT;
            return hides ? v_no_overload() : args[i];
        }
    }
    return cel_funcs[func].impl(run, args, argc);
}

struct value op_match(struct cel_run *run, struct value subject, uint32_t p)
{
    const struct cel_code *code = run->code;
    if (v_is_raised(subject)) {
        return subject;
    }
    if (subject.kind != V_STRING) {
        return v_no_overload();
    }
    const struct cel_regex *regex = code->regexes != NULL ? code->regexes[p] : NULL;
    if (regex == NULL) {
        str why = STR_EMPTY;
        str pattern = v_str(code->konsts[code->patterns[p]]);
        if (!cel_charge(run, 1 + pattern.len)) {
            return cel_budget_error();
        }
        regex = cel_regex_dynamic(run->arena, run->thread, pattern, &why);
        if (regex == NULL) {
            return v_error(run->arena, VE_ARGUMENT, "%.*s", STR_ARG(why));
        }
    }
    if (!cel_charge(run, subject.len >> 6)) {
        return cel_budget_error();
    }
    int found = cel_regex_match(regex, run->thread, run->arena, v_str(subject));
    return found < 0 ? v_error(run->arena, VE_LIMIT, "regular expression limit exceeded")
                     : v_bool(found == 1);
}

/* ---- the loop ---- */
/* clang-format off: it takes the labels for something else */

#ifdef CARDEA_VM_SWITCH
#define CASE(name) case OP_##name
#define NEXT_INSTRUCTION break
#else
#define CASE(name) L_##name
#define NEXT_INSTRUCTION                                                                           \
    do {                                                                                           \
        w = *pc;                                                                                   \
        goto *labels[WORD_OP(w)];                                                                  \
    } while (0)
#endif

/* Pushes v, which may be a fresh error of this instruction. */
#define PUSH(value_)                                                                               \
    do {                                                                                           \
        struct value v_ = (value_);                                                                \
        *sp++ = v_.kind == V_ERROR ? placed(run, v_, pc) : v_;                                     \
    } while (0)
#define BINARY(call_)                                                                              \
    do {                                                                                           \
        sp -= 2;                                                                                   \
        PUSH(call_);                                                                               \
        pc++;                                                                                      \
    } while (0)

static inline bool same_text(struct value a, struct value b)
{
    return a.len == b.len && (a.s == b.s || memcmp(a.s, b.s, a.len) == 0);
}

static struct value run_expr(struct cel_run *run, uint32_t expr, struct value *frame)
{
    const struct cel_code *const code = run->code;
    const struct value *const konsts = code->konsts;
    const uint32_t *pc = code->words + code->exprs[expr].entry;
    struct value *sp = frame + code->exprs[expr].slots;
    uint32_t w;

#ifdef CARDEA_VM_SWITCH
    for (;;) {
        w = *pc;
        switch ((enum opcode)WORD_OP(w)) {
#else
    static const void *const labels[] = { /* ORDER OPCODES */
#define OP(name, operands, words, pops, pushes, meaning) &&L_##name,
#include "cel/opcodes.def"
#undef OP
    };
    NEXT_INSTRUCTION;
    {
#endif

        CASE(KONST):
            *sp++ = konsts[WORD_I(w)];
            pc++;
            NEXT_INSTRUCTION;
        CASE(PATH): {
            struct value v = run->path_memo[WORD_I(w)];
            if (v.kind == V_NONE) {
                v = op_path(run, &code->paths[WORD_I(w)]);
                v = v.kind == V_ERROR ? placed(run, v, pc) : v;
                run->path_memo[WORD_I(w)] = v;
            }
            *sp++ = v;
            pc++;
            NEXT_INSTRUCTION;
        }
        CASE(LOCAL):
            *sp++ = frame[WORD_I(w)];
            pc++;
            NEXT_INSTRUCTION;
        CASE(STORE):
            frame[WORD_I(w)] = *--sp;
            pc++;
            NEXT_INSTRUCTION;
        CASE(VAR): {
            struct value v = run->var_memo[WORD_I(w)];
            if (v.kind == V_NONE) {
                v = eval_var(run, WORD_I(w), sp);
            }
            if (v.kind == V_ERROR) {
                v = placed(run, failed_var(run, WORD_I(w), v), pc);
            }
            *sp++ = v;
            pc++;
            NEXT_INSTRUCTION;
        }
        CASE(VAR_HAS): {
            struct value v = run->var_memo[WORD_I(w)];
            if (v.kind == V_NONE) {
                v = eval_var(run, WORD_I(w), sp);
            }
            *sp++ = v.kind == V_ERROR && v.err->category == VE_LIMIT
                        ? v
                        : v_bool(v.kind != V_ERROR || v.aux == HOST_FAILED);
            pc++;
            NEXT_INSTRUCTION;
        }

        CASE(SELECT):
            sp--;
            PUSH(op_select(run, sp[0], konsts[WORD_I(w)]));
            pc++;
            NEXT_INSTRUCTION;
        CASE(SELECT_OPT):
            sp--;
            PUSH(op_select_opt(run, sp[0], konsts[WORD_I(w)]));
            pc++;
            NEXT_INSTRUCTION;
        CASE(HAS):
            sp--;
            PUSH(op_has(run, sp[0], konsts[WORD_I(w)]));
            pc++;
            NEXT_INSTRUCTION;
        CASE(INDEX):
            BINARY(op_index(run, sp[0], sp[1]));
            NEXT_INSTRUCTION;
        CASE(INDEX_OPT):
            BINARY(op_index_opt(run, sp[0], sp[1]));
            NEXT_INSTRUCTION;

        CASE(ADD):
            BINARY(op_add(run, sp[0], sp[1]));
            NEXT_INSTRUCTION;
        CASE(SUB):
            BINARY(op_sub(run, sp[0], sp[1]));
            NEXT_INSTRUCTION;
        CASE(MUL):
            BINARY(op_mul(run, sp[0], sp[1]));
            NEXT_INSTRUCTION;
        CASE(DIV):
            BINARY(op_div(run, sp[0], sp[1]));
            NEXT_INSTRUCTION;
        CASE(MOD):
            BINARY(op_mod(run, sp[0], sp[1]));
            NEXT_INSTRUCTION;
        CASE(NEG):
            sp--;
            PUSH(op_neg(run, sp[0]));
            pc++;
            NEXT_INSTRUCTION;
        CASE(NOT):
            sp--;
            PUSH(op_not(sp[0]));
            pc++;
            NEXT_INSTRUCTION;
        CASE(EQ):
            sp -= 2;
            if (sp[0].kind == V_STRING && sp[1].kind == V_STRING && sp[0].len < 256) {
                *sp = v_bool(same_text(sp[0], sp[1]));
                sp++;
            } else {
                PUSH(op_eq(run, sp[0], sp[1]));
            }
            pc++;
            NEXT_INSTRUCTION;
        CASE(NE):
            sp -= 2;
            if (sp[0].kind == V_STRING && sp[1].kind == V_STRING && sp[0].len < 256) {
                *sp = v_bool(!same_text(sp[0], sp[1]));
                sp++;
            } else {
                PUSH(op_ne(run, sp[0], sp[1]));
            }
            pc++;
            NEXT_INSTRUCTION;
        CASE(LT):
            BINARY(op_order(run, OP_LT, sp[0], sp[1]));
            NEXT_INSTRUCTION;
        CASE(LE):
            BINARY(op_order(run, OP_LE, sp[0], sp[1]));
            NEXT_INSTRUCTION;
        CASE(GT):
            BINARY(op_order(run, OP_GT, sp[0], sp[1]));
            NEXT_INSTRUCTION;
        CASE(GE):
            BINARY(op_order(run, OP_GE, sp[0], sp[1]));
            NEXT_INSTRUCTION;
        CASE(IN):
            BINARY(op_in(run, sp[0], sp[1]));
            NEXT_INSTRUCTION;
        CASE(INSET):
            sp--;
            PUSH(op_inset(run, sp[0], konsts[WORD_I(w)]));
            pc++;
            NEXT_INSTRUCTION;

        CASE(AND):
            BINARY(op_and(sp[0], sp[1]));
            NEXT_INSTRUCTION;
        CASE(OR):
            BINARY(op_or(sp[0], sp[1]));
            NEXT_INSTRUCTION;
        CASE(JFALSE):
            pc += 1 + (sp[-1].kind == V_BOOL && sp[-1].i == 0 ? WORD_I(w) : 0);
            NEXT_INSTRUCTION;
        CASE(JTRUE):
            pc += 1 + (sp[-1].kind == V_BOOL && sp[-1].i != 0 ? WORD_I(w) : 0);
            NEXT_INSTRUCTION;
        CASE(JUMP):
            pc += 1 + WORD_I(w);
            NEXT_INSTRUCTION;
        CASE(COND):
            sp--;
            if (sp[0].kind == V_BOOL) {
                pc += 2 + (sp[0].i != 0 ? 0 : WORD_I(w));
            } else {
                PUSH(logic_error(sp[0]));
                pc += 2 + pc[1];
            }
            NEXT_INSTRUCTION;
        CASE(OPT_VALUE):
            if (sp[-1].kind != V_OPTIONAL) {
                sp--;
                PUSH(logic_error(sp[0]));
                pc += 1 + WORD_I(w);
            } else if (sp[-1].items != NULL) {
                sp[-1] = sp[-1].items[0];
                pc += 1 + WORD_I(w);
            } else {
                sp--;
                pc++;
            }
            NEXT_INSTRUCTION;
        CASE(OPT_OR):
            if (sp[-1].kind != V_OPTIONAL) {
                sp--;
                PUSH(logic_error(sp[0]));
                pc += 1 + WORD_I(w);
            } else if (sp[-1].items != NULL) {
                pc += 1 + WORD_I(w);
            } else {
                sp--;
                pc++;
            }
            NEXT_INSTRUCTION;

        CASE(LIST):
            sp -= WORD_I(w);
            PUSH(op_list(run, sp, (isize)WORD_I(w)));
            pc++;
            NEXT_INSTRUCTION;
        CASE(MAP):
            sp -= 2 * WORD_I(w);
            PUSH(op_map(run, sp, (isize)WORD_I(w)));
            pc++;
            NEXT_INSTRUCTION;
        CASE(LIST_NEW):
            *sp++ = build_list(run, (isize)WORD_I(w));
            pc++;
            NEXT_INSTRUCTION;
        CASE(LIST_ADD):
            sp -= WORD_I(w);
            build_list_add(&sp[-1], sp, (isize)WORD_I(w));
            pc++;
            NEXT_INSTRUCTION;
        CASE(LIST_OPT):
            sp--;
            build_list_opt(&sp[-1], sp[0]);
            pc++;
            NEXT_INSTRUCTION;
        CASE(LIST_END):
            sp--;
            PUSH(build_list_end(sp[0]));
            pc++;
            NEXT_INSTRUCTION;
        CASE(MAP_NEW):
            *sp++ = build_map(run, (isize)WORD_I(w));
            pc++;
            NEXT_INSTRUCTION;
        CASE(MAP_ADD):
            sp -= 2 * WORD_I(w);
            build_map_add(run, &sp[-1], sp, (isize)WORD_I(w));
            pc++;
            NEXT_INSTRUCTION;
        CASE(MAP_OPT):
            sp -= 2;
            build_map_opt(run, &sp[-1], sp);
            pc++;
            NEXT_INSTRUCTION;
        CASE(MAP_END):
            sp--;
            PUSH(build_map_end(sp[0]));
            pc++;
            NEXT_INSTRUCTION;

        CASE(CALL):
            sp -= WORD_A(w);
            PUSH(call(run, WORD_B(w), sp, (int)WORD_A(w)));
            pc++;
            NEXT_INSTRUCTION;
        CASE(MATCH):
            sp--;
            PUSH(op_match(run, sp[0], WORD_I(w)));
            pc++;
            NEXT_INSTRUCTION;

        CASE(LOOP): {
            struct value result;
            sp--;
            if (loop_start(run, frame + WORD_B(w), sp[0], WORD_A(w), &result)) {
                pc += 2;
            } else {
                PUSH(result);
                pc += 2 + pc[1];
            }
            NEXT_INSTRUCTION;
        }
        CASE(ALL): {
            struct value result;
            sp--;
            if (loop_all(frame + WORD_B(w), sp[0], &result)) {
                *sp++ = result;
                pc += 2 + pc[1];
            } else {
                pc += 2;
            }
            NEXT_INSTRUCTION;
        }
        CASE(ANY): {
            struct value result;
            sp--;
            if (loop_any(frame + WORD_B(w), sp[0], &result)) {
                *sp++ = result;
                pc += 2 + pc[1];
            } else {
                pc += 2;
            }
            NEXT_INSTRUCTION;
        }
        CASE(TALLY):
            frame[WORD_B(w) + LS_ACC].i++;
            pc++;
            NEXT_INSTRUCTION;
        CASE(APPEND): {
            struct value result;
            sp--;
            if (loop_append(run, frame + WORD_B(w), sp[0], &result)) {
                PUSH(result);
                pc += 2 + pc[1];
            } else {
                pc += 2;
            }
            NEXT_INSTRUCTION;
        }
        CASE(PUT): {
            struct value result;
            sp--;
            if (loop_put(run, frame + WORD_B(w), sp[0], &result)) {
                PUSH(result);
                pc += 2 + pc[1];
            } else {
                pc += 2;
            }
            NEXT_INSTRUCTION;
        }
        CASE(PUT_ALL): {
            struct value result;
            sp--;
            if (loop_put_all(run, frame + WORD_B(w), sp[0], &result)) {
                PUSH(result);
                pc += 2 + pc[1];
            } else {
                pc += 2;
            }
            NEXT_INSTRUCTION;
        }
        CASE(NEXT): {
            struct value result;
            if (loop_next(run, frame + WORD_B(w), WORD_A(w), &result)) {
                pc -= pc[1];
            } else {
                PUSH(result);
                pc += 2;
            }
            NEXT_INSTRUCTION;
        }

        CASE(FAIL): {
            str text = v_str(konsts[WORD_I(w)]);
            PUSH(v_error(run->arena, VE_NO_OVERLOAD, "%.*s", STR_ARG(text)));
            pc++;
            NEXT_INSTRUCTION;
        }
        CASE(RET):
            return sp[-1];
#ifdef CARDEA_VM_SWITCH
        case OP_COUNT:
            break;
        }
#endif
    }
    __builtin_unreachable(); /* verified: every path ends in RET */
}
/* clang-format on */

struct value cel_eval(struct cel_run *run, uint32_t expr)
{
    UNINITIALIZED struct value
        frame[CEL_FRAME]; /* clearing 4 KiB costs more than most expressions */
    if (run->budget < 0) {
        return cel_budget_error();
    }
    uint32_t need = run->code->exprs[expr].max_stack;
    struct value *at = frame;
    if (need > CEL_FRAME) {
        at = arena_raw(run->arena, (isize)need * (isize)sizeof *at);
    }
    size_t beyond = need < CEL_FRAME ? (CEL_FRAME - need) * sizeof *frame : 0;
    ASAN_POISON_MEMORY_REGION(frame + CEL_FRAME - beyond / sizeof *frame, beyond);
    struct value v = run_expr(run, expr, at);
    ASAN_UNPOISON_MEMORY_REGION(frame, sizeof frame);
    return run->budget < 0 ? cel_budget_error() : v;
}
