/* codeset.c — the tables that the expressions of one policy share
 *
 * Constants, paths and patterns are kept once; the key under which one is found again is its
 * canonical bytes: kind, then content (a list or map: count, then its parts).
 *
 * Neighbours: gen.c fills the tables · code.h what the VM sees of them
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/gen_priv.h"

struct codeset *codeset_new(struct arena *arena)
{
    struct codeset *set = new(arena, struct codeset, 1);
    set->arena = arena;
    return set;
}

static void put_bytes(struct sb *out, const void *bytes, isize len)
{
    sb_add(out, (str){ bytes, len });
}

static void put_canonical(struct sb *out, struct value v)
{
    put_bytes(out, &v.kind, 1); /* not the flags: they are hints */
    put_bytes(out, &v.aux, (isize)sizeof v.aux);
    put_bytes(out, &v.len, (isize)sizeof v.len);
    switch (v.kind) {
    case V_STRING:
    case V_BYTES:
    case V_TYPE:
        sb_add(out, v_str(v));
        break;
    case V_LIST:
        for (uint32_t i = 0; i < v.len; i++) {
            put_canonical(out, v.items[i]);
        }
        break;
    case V_MAP:
        for (uint32_t i = 0; i < v.map->count; i++) {
            put_canonical(out, v.map->entries[i].key);
            put_canonical(out, v.map->entries[i].val);
        }
        break;
    case V_OPTIONAL:
        put_bytes(out, v.items != NULL ? "1" : "0", 1);
        if (v.items != NULL) {
            put_canonical(out, v.items[0]);
        }
        break;
    default:
        put_bytes(out, &v.i, (isize)sizeof v.i);
    }
}

uint32_t codeset_konst(struct codeset *set, struct value v)
{
    v.flags = 0; /* hints are found again at load; equal texts are one constant */
    struct sb key = sb_new(set->arena);
    put_canonical(&key, v);
    uint32_t number = map_intern(set->arena, &set->konst_index, sb_str(&key));
    if (number == (uint32_t)set->konsts.len) {
        *vec_push(set->arena, &set->konsts) = v;
    }
    return number;
}

uint32_t codeset_path(struct codeset *set, uint16_t root, const uint32_t *keys, isize count)
{
    struct sb key = sb_new(set->arena);
    put_bytes(&key, &root, (isize)sizeof root);
    put_bytes(&key, keys, count * (isize)sizeof *keys);
    uint32_t number = map_intern(set->arena, &set->path_index, sb_str(&key));
    if (number == (uint32_t)set->paths.len) {
        *vec_push(set->arena, &set->paths) = (struct cel_path){
            .root = root, .key_count = (uint16_t)count, .first_key = (uint32_t)set->path_keys.len
        };
        for (isize i = 0; i < count; i++) {
            *vec_push(set->arena, &set->path_keys) = keys[i];
        }
    }
    return number;
}

uint32_t codeset_pattern(struct codeset *set, uint32_t konst)
{
    for (isize i = 0; i < set->patterns.len; i++) {
        if (set->patterns.ptr[i] == konst) {
            return (uint32_t)i;
        }
    }
    *vec_push(set->arena, &set->patterns) = konst;
    return (uint32_t)set->patterns.len - 1;
}

void codeset_var(struct codeset *set, str name, uint32_t expr)
{
    uint32_t konst = codeset_konst(set, v_string(name));
    *vec_push(set->arena, &set->vars) = expr;
    *vec_push(set->arena, &set->var_names) = konst;
}

struct cel_code codeset_code(struct codeset *set)
{
    return (struct cel_code){
        .words = set->words.ptr,
        .konsts = set->konsts.ptr,
        .paths = set->paths.ptr,
        .path_keys = set->path_keys.ptr,
        .exprs = set->exprs.ptr,
        .vars = set->vars.ptr,
        .var_names = set->var_names.ptr,
        .patterns = set->patterns.ptr,
        .spans = set->spans.ptr,
        .word_count = (uint32_t)set->words.len,
        .konst_count = (uint32_t)set->konsts.len,
        .path_count = (uint32_t)set->paths.len,
        .path_key_count = (uint32_t)set->path_keys.len,
        .expr_count = (uint32_t)set->exprs.len,
        .var_count = (uint32_t)set->vars.len,
        .pattern_count = (uint32_t)set->patterns.len,
        .span_count = (uint32_t)set->spans.len,
    };
}

/* ---- what the tree says without running it ---- */

static bool constant_list(struct arena *arena, const struct ast *node, struct value *out)
{
    struct value *items = new(arena, struct value, node->list.count);
    for (int32_t i = 0; i < node->list.count; i++) {
        if ((node->list.optional != NULL && node->list.optional[i]) ||
            !ast_constant(arena, node->list.items[i], &items[i])) {
            return false;
        }
    }
    *out = v_list(items, node->list.count);
    return true;
}

static bool constant_map(struct arena *arena, const struct ast *node, struct value *out)
{
    struct vmap *map = vmap_new(arena, node->map.count);
    for (int32_t i = 0; i < node->map.count; i++) {
        struct value key;
        struct value val;
        if ((node->map.optional != NULL && node->map.optional[i]) ||
            !ast_constant(arena, node->map.keys[i], &key) ||
            !ast_constant(arena, node->map.vals[i], &val)) {
            return false;
        }
        if (key.kind != V_STRING && key.kind != V_INT && key.kind != V_UINT && key.kind != V_BOOL &&
            key.kind != V_DOUBLE) {
            return false; /* left to the run: it knows which keys are refused */
        }
        vmap_put(arena, map, key, val);
    }
    *out = v_map(map);
    return true;
}

bool ast_constant(struct arena *arena, const struct ast *node, struct value *out)
{
    switch ((enum ast_kind)node->kind) {
    case A_CONST:
        *out = node->constant;
        return true;
    case A_LIST:
        return constant_list(arena, node, out);
    case A_MAP:
        return constant_map(arena, node, out);
    default:
        return false;
    }
}

const struct cel_message *ast_message(const struct ast *node)
{
    if (node->kind == A_IDENT) {
        return node->ident.is_local ? NULL : node->ident.message;
    }
    if (node->kind != A_SELECT || node->test_only || node->optional) {
        return NULL;
    }
    const struct cel_field *field = ast_field(node);
    return field != NULL && field->type->kind == T_MESSAGE ? field->type->message : NULL;
}

const struct cel_field *ast_field(const struct ast *select)
{
    const struct cel_message *message = ast_message(select->select.operand);
    if (message == NULL) {
        return NULL;
    }
    return select->select.known != NULL ? select->select.known
                                        : cel_message_field(message, select->select.field);
}
