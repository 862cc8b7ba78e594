/* verify_tables.c — the part of the proof that needs no look at instructions
 *
 * Constants are plain values with valid text, numbers lead to entries of their tables, records of
 * expressions lie inside the words.
 *
 * Neighbours: verify.c goes on from here
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/time.h"
#include "base/utf8.h"
#include "cel/vm_priv.h"

#define KONST_DEPTH 512
/* Parts of all constants; they may be shared, so that counting them by walking needs an end. */
#define KONST_PARTS (INT64_C(1) << 26)

struct tables {
    const struct cel_code *code;
    uint32_t root_count;
    struct arena *scratch;
    str *why;
};

static cardea_status refuse(struct tables *v, const char *what)
{
    if (v->why != NULL) {
        *v->why = str_copy(v->scratch, str_from_c(what));
    }
    return CARDEA_ECORRUPT;
}

static bool konst_plain(struct value v, int depth, int64_t *left);

static bool key_plain(struct value key, int64_t *left)
{
    switch (key.kind) {
    case V_LIST:
    case V_MAP:
    case V_OPTIONAL:
        return false;
    default:
        return konst_plain(key, 1, left);
    }
}

static bool konst_plain(struct value v, int depth, int64_t *left)
{
    if (depth > KONST_DEPTH || --*left < 0) {
        return false;
    }
    switch (v.kind) {
    case V_NULL:
    case V_INT:
    case V_UINT:
    case V_DOUBLE:
    case V_DURATION:
        return true;
    case V_BOOL:
        return v.i == 0 || v.i == 1;
    case V_STRING:
    case V_TYPE:
        return v.len == 0 || (v.s != NULL && utf8_invalid(v_str(v)) < 0);
    case V_BYTES:
        return v.len == 0 || v.s != NULL;
    case V_TIMESTAMP:
        return v.len < 1000000000 && v.i >= TIME_MIN_SECONDS && v.i <= TIME_MAX_SECONDS;
    case V_LIST:
        for (uint32_t i = 0; i < v.len; i++) {
            if (v.items == NULL || !konst_plain(v.items[i], depth + 1, left)) {
                return false;
            }
        }
        return true;
    case V_MAP:
        if (v.map == NULL || v.map->count != v.len) {
            return false;
        }
        for (uint32_t i = 0; i < v.map->count; i++) {
            if (!key_plain(v.map->entries[i].key, left) ||
                !konst_plain(v.map->entries[i].val, depth + 1, left)) {
                return false;
            }
        }
        return true;
    case V_OPTIONAL:
        return v.items == NULL || konst_plain(v.items[0], depth + 1, left);
    default:
        return false;
    }
}

bool verify_konst_is(const struct cel_code *code, uint32_t number, uint8_t kind)
{
    return number < code->konst_count && code->konsts[number].kind == kind;
}

static cardea_status check_numbers(struct tables *v)
{
    const struct cel_code *code = v->code;
    for (uint32_t i = 0; i < code->path_key_count; i++) {
        if (!verify_konst_is(code, code->path_keys[i], V_STRING)) {
            return refuse(v, "key of a path is no string constant");
        }
    }
    for (uint32_t i = 0; i < code->path_count; i++) {
        const struct cel_path *p = &code->paths[i];
        if (p->root >= v->root_count ||
            (uint64_t)p->first_key + p->key_count > code->path_key_count) {
            return refuse(v, "path is out of range");
        }
    }
    for (uint32_t i = 0; i < code->pattern_count; i++) {
        if (!verify_konst_is(code, code->patterns[i], V_STRING)) {
            return refuse(v, "pattern is no string constant");
        }
    }
    for (uint32_t i = 0; i < code->var_count; i++) {
        if (code->vars[i] >= code->expr_count ||
            !verify_konst_is(code, code->var_names[i], V_STRING)) {
            return refuse(v, "variable is out of range");
        }
    }
    for (uint32_t i = 0; i < code->span_count; i++) {
        const struct cel_pc_span *s = &code->spans[i];
        if (s->pc >= code->word_count || s->start > s->end || (i > 0 && s->pc < s[-1].pc)) {
            return refuse(v, "spans are out of order");
        }
    }
    return CARDEA_OK;
}

static cardea_status check_tables(struct tables *v)
{
    const struct cel_code *code = v->code;
    if ((code->word_count > 0 && code->words == NULL) ||
        (code->konst_count > 0 && code->konsts == NULL) ||
        (code->path_count > 0 && code->paths == NULL) ||
        (code->path_key_count > 0 && code->path_keys == NULL) ||
        (code->expr_count > 0 && code->exprs == NULL) ||
        (code->pattern_count > 0 && code->patterns == NULL) ||
        (code->var_count > 0 && (code->vars == NULL || code->var_names == NULL)) ||
        (code->span_count > 0 && code->spans == NULL)) {
        return refuse(v, "table is missing");
    }
    int64_t left = KONST_PARTS;
    for (uint32_t i = 0; i < code->konst_count; i++) {
        if (!konst_plain(code->konsts[i], 0, &left)) {
            return refuse(v, "constant is not a plain value");
        }
    }
    TRY(check_numbers(v));
    for (uint32_t i = 0; i < code->expr_count; i++) {
        const struct cel_expr *e = &code->exprs[i];
        if (e->words == 0 || (uint64_t)e->entry + e->words > code->word_count ||
            e->slots > e->max_stack || e->max_stack > CEL_STACK_MAX || e->words > IMM_MAX ||
            (e->flags & ~(uint32_t)(CX_RUNTIME | CX_NOW | CX_VARS)) != 0) {
            return refuse(v, "expression record is out of range");
        }
    }
    return CARDEA_OK;
}

cardea_status verify_tables(const struct cel_code *code, uint32_t root_count, struct arena *scratch,
                            str *why)
{
    struct tables v = { code, root_count, scratch, why };
    return check_tables(&v);
}
