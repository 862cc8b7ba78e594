/* regex.c — RE2's dialect on PCRE2, in linear time
 *
 * A compiled pattern is its tree and, when PCRE2 could compile it, PCRE2's code. A match first asks PCRE2 with low limits;
 * where a limit is hit (or there is no code) the linear automaton over the tree answers.
 *
 * Neighbours: re_parse.c the gate · re_emit.c the translation · re_dfa.c the automaton
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/regex.h"

#include "cel/re_dfa.h"
#include "cel/re_pcre2.h"

#include <stdlib.h>

#define MATCH_LIMIT 20000       /* steps; a friendly pattern needs some hundreds         */
#define DEPTH_LIMIT 2000
#define HEAP_LIMIT_KIB 1024
#define JIT_STACK_MAX (256 << 10)
#define MAX_GROUPS 64
#define NEST_LIMIT 4000
#define TREE_CAP ((isize)16 << 20)
#define DYNAMIC_MAX 1024        /* bytes of a pattern from data */

struct cel_regex {
    struct arena arena;          /* tree of a pattern with a life of its own; unused for dynamic ones */
    const struct re_node *tree;
    pcre2_code *code;            /* NULL: too large for PCRE2                                        */
    int groups;
};

struct cel_thread {
    pcre2_match_context *context;
    pcre2_match_data *match;     /* MAX_GROUPS + 1 pairs */
    pcre2_jit_stack *stack;
};

/* ---- PCRE2 with our memory and options ---- */
static void *arena_malloc(PCRE2_SIZE size, void *arena)
{
    return arena_raw(arena, (isize)size);
}

static void arena_ignore(void *memory, void *arena)
{
    (void)memory;
    (void)arena;
}

pcre2_general_context *re_pcre2_memory(struct arena *arena)
{
    return pcre2_general_context_create(arena_malloc, arena_ignore, arena);
}

pcre2_code *re_pcre2_compile(str pattern, pcre2_general_context *memory)
{
    int error;
    PCRE2_SIZE offset;
    pcre2_compile_context *context = pcre2_compile_context_create(memory);
    if (context == NULL) {
        return NULL;
    }
    (void)pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    (void)pcre2_set_bsr(context, PCRE2_BSR_UNICODE);
    (void)pcre2_set_parens_nest_limit(context, NEST_LIMIT);
    uint32_t options =
        PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_ALT_CIRCUMFLEX | PCRE2_NEVER_BACKSLASH_C | PCRE2_NEVER_UCP;
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)pattern.ptr, (PCRE2_SIZE)pattern.len, options, &error, &offset, context);
    pcre2_compile_context_free(context);
    return code;
}

/* ---- compiling ---- */
bool cel_regex_valid(struct arena *scratch, str pattern, str *why)
{
    int groups;
    return re_parse(scratch, pattern, &groups, why) != NULL;
}

/* Tree and code; the text for PCRE2 is made in the tree's arena. */
static bool build(struct cel_regex *regex, struct arena *arena, str pattern, pcre2_general_context *memory, str *why)
{
    regex->tree = re_parse(arena, pattern, &regex->groups, why);
    if (regex->tree == NULL) {
        return false;
    }
    struct sb text = sb_new(arena);
    re_emit(&text, regex->tree);
    regex->code = re_pcre2_compile(sb_str(&text), memory);
    return true;
}

/* build() in the regex's own arena, with what happens when that is full. The guard stands in a frame of its own:
 * nothing that it could spoil lives here. *why is in that arena. */
static bool build_guarded(struct cel_regex *regex, const str *pattern, str *why)
{
    jmp_buf env;
    arena_guard_set(&regex->arena, &env);
    if (setjmp(env) != 0) {
        *why = S("pattern is too large");
        return false;
    }
    bool ok = build(regex, &regex->arena, *pattern, NULL, why);
    arena_guard_set(&regex->arena, NULL);
    return ok;
}

struct cel_regex *cel_regex_new(str pattern, struct arena *scratch, str *why)
{
    if (pattern.len > CEL_PATTERN_MAX) {
        *why = str_printf(scratch, "pattern is longer than %d bytes", CEL_PATTERN_MAX);
        return NULL;
    }
    struct cel_regex *regex = calloc(1, sizeof(*regex));
    if (regex == NULL) {
        *why = S("not enough memory");
        return NULL;
    }
    arena_init(&regex->arena, 4 << 10, TREE_CAP);
    str reason = STR_EMPTY;
    if (!build_guarded(regex, &pattern, &reason)) {
        *why = str_copy(scratch, reason);
        cel_regex_free(regex);
        return NULL;
    }
    if (regex->code != NULL) {
        (void)pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE); /* without JIT the interpreter runs */
    }
    return regex;
}

void cel_regex_free(struct cel_regex *regex)
{
    if (regex != NULL) {
        pcre2_code_free(regex->code);
        arena_free(&regex->arena);
        free(regex);
    }
}

const struct cel_regex *cel_regex_dynamic(struct arena *arena, struct cel_thread *thread, str pattern, str *why)
{
    (void)thread;
    if (pattern.len > DYNAMIC_MAX) {
        *why = str_printf(arena, "pattern is longer than %d bytes", DYNAMIC_MAX);
        return NULL;
    }
    struct cel_regex *regex = new (arena, struct cel_regex, 1);
    return build(regex, arena, pattern, re_pcre2_memory(arena), why) ? regex : NULL;
}

int cel_regex_groups(const struct cel_regex *regex)
{
    return regex->groups;
}

/* ---- workspace ---- */
struct cel_thread *cel_thread_new(void)
{
    struct cel_thread *t = calloc(1, sizeof(*t));
    if (t == NULL) {
        return NULL;
    }
    t->context = pcre2_match_context_create(NULL);
    t->match = pcre2_match_data_create(MAX_GROUPS + 1, NULL);
    if (t->context == NULL || t->match == NULL) {
        cel_thread_free(t);
        return NULL;
    }
    (void)pcre2_set_match_limit(t->context, MATCH_LIMIT);
    (void)pcre2_set_depth_limit(t->context, DEPTH_LIMIT);
    (void)pcre2_set_heap_limit(t->context, HEAP_LIMIT_KIB);
    t->stack = pcre2_jit_stack_create(32 << 10, JIT_STACK_MAX, NULL);
    if (t->stack != NULL) {
        pcre2_jit_stack_assign(t->context, NULL, t->stack);
    }
    return t;
}

void cel_thread_free(struct cel_thread *t)
{
    if (t != NULL) {
        pcre2_jit_stack_free(t->stack);
        pcre2_match_data_free(t->match);
        pcre2_match_context_free(t->context);
        free(t);
    }
}

/* ---- matching ---- */
static int ask_pcre2(const struct cel_regex *regex, struct cel_thread *t, str subject, isize from)
{
    return pcre2_match(regex->code, (PCRE2_SPTR)(subject.len > 0 ? subject.ptr : ""), (PCRE2_SIZE)subject.len,
                       (PCRE2_SIZE)from, PCRE2_NO_UTF_CHECK, t->match, t->context);
}

int cel_regex_match(const struct cel_regex *regex, struct cel_thread *thread, struct arena *scratch, str subject)
{
    if (regex->code != NULL && thread != NULL) {
        int rc = ask_pcre2(regex, thread, subject, 0);
        if (rc >= 0 || rc == PCRE2_ERROR_NOMATCH) {
            return rc >= 0;
        }
    }
    return re_dfa_match(regex->tree, scratch, subject);
}

int cel_regex_search(const struct cel_regex *regex, struct cel_thread *thread, struct arena *scratch, str subject,
                     isize from, isize *ranges, int max_groups)
{
    (void)scratch;
    if (regex->code == NULL || thread == NULL || regex->groups > MAX_GROUPS) {
        return -1;
    }
    int rc = ask_pcre2(regex, thread, subject, from);
    if (rc == PCRE2_ERROR_NOMATCH) {
        return 0;
    }
    if (rc < 0) {
        return -1;
    }
    int count = regex->groups + 1 < max_groups ? regex->groups + 1 : max_groups;
    const PCRE2_SIZE *found = pcre2_get_ovector_pointer(thread->match);
    for (int g = 0; g < count; g++) {
        bool set = g < rc && found[2 * g] != PCRE2_UNSET;
        ranges[2 * g] = set ? (isize)found[2 * g] : -1;
        ranges[2 * g + 1] = set ? (isize)found[2 * g + 1] : -1;
    }
    return count;
}
