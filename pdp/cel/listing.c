/* listing.c — code as text
 *
 *     0  PATH       0            R.attr.owner
 *     1  KONST      2            "x"
 *     2  JFALSE     → 5
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/func.h"
#include "cel/vm_priv.h"

static const char *const loop_names[] = {
    [LOOP_ALL] = "all",
    [LOOP_EXISTS] = "exists",
    [LOOP_EXISTS_ONE] = "exists_one",
    [LOOP_MAP] = "map",
    [LOOP_TRANSFORM_MAP] = "transformMap",
    [LOOP_MAP_ENTRY] = "transformMapEntry",
    [LOOP_SORT_BY] = "sortBy",
};

static void put_path(struct sb *out, const struct cel_code *code, uint32_t number)
{
    const struct cel_path *path = &code->paths[number];
    sb_printf(out, "root %d", (int)path->root);
    for (uint32_t i = 0; i < path->key_count; i++) {
        str key = v_str(code->konsts[code->path_keys[path->first_key + i]]);
        sb_printf(out, ".%.*s", STR_ARG(key));
    }
}

static void put_loop(struct sb *out, uint32_t w)
{
    sb_printf(out, "%s %d %s", loop_names[LOOP_KIND(WORD_A(w))], (int)WORD_B(w),
              (WORD_A(w) & LOOP_TWO) != 0 ? "k,v " : "");
}

static void put_operand(struct sb *out, const struct cel_code *code, const uint32_t *words,
                        uint32_t at)
{
    uint32_t w = words[at];
    int imm = (int)WORD_I(w);
    int next = (int)(at + opcode_info[WORD_OP(w)].words);
    switch ((enum operand_form)opcode_info[WORD_OP(w)].form) {
    case FORM_NONE:
        break;
    case FORM_KONST:
    case FORM_NAME:
    case FORM_SET:
        value_text(out, code->konsts[imm]);
        break;
    case FORM_PATH:
        put_path(out, code, (uint32_t)imm);
        break;
    case FORM_VAR:
        sb_printf(out, "%d ", imm);
        sb_add(out, v_str(code->konsts[code->var_names[imm]]));
        break;
    case FORM_PATTERN:
        value_text(out, code->konsts[code->patterns[imm]]);
        break;
    case FORM_SLOT:
    case FORM_COUNT:
        sb_printf(out, "%d", imm);
        break;
    case FORM_JUMP:
        sb_printf(out, "→ %d", next + imm);
        break;
    case FORM_COND:
        sb_printf(out, "→ %d, error → %d", next + imm, next + (int)words[at + 1]);
        break;
    case FORM_CALL:
        sb_printf(out, "%s/%d", cel_funcs[WORD_B(w)].name, (int)WORD_A(w));
        break;
    case FORM_LOOP:
        put_loop(out, w);
        sb_printf(out, "→ %d", next + (int)words[at + 1]);
        break;
    case FORM_STEP:
        sb_printf(out, "%d → %d", (int)WORD_B(w), next + (int)words[at + 1]);
        break;
    case FORM_TALLY:
        sb_printf(out, "%d", (int)WORD_B(w));
        break;
    case FORM_NEXT:
        put_loop(out, w);
        sb_printf(out, "→ %d", (int)(at - words[at + 1]));
        break;
    }
}

void cel_listing(struct sb *out, const struct cel_code *code, uint32_t expr)
{
    const uint32_t *words = code->words + code->exprs[expr].entry;
    for (uint32_t at = 0; at < code->exprs[expr].words;
         at += opcode_info[WORD_OP(words[at])].words) {
        const char *name = opcode_info[WORD_OP(words[at])].name;
        char number[16];
        int digits = 0;
        for (uint32_t n = at; n > 0 || digits == 0; n /= 10) {
            number[digits++] = (char)('0' + n % 10);
        }
        for (int pad = digits; pad < 4; pad++) {
            sb_byte(out, ' ');
        }
        while (digits > 0) {
            sb_byte(out, number[--digits]);
        }
        sb_printf(out, "  %s", name);
        isize before = out->len;
        for (isize len = (isize)strlen(name); len < 11; len++) {
            sb_byte(out, ' ');
        }
        isize padded = out->len;
        put_operand(out, code, words, at);
        if (out->len == padded) {
            out->len = before; /* no blanks at the end of a line */
        }
        sb_byte(out, '\n');
    }
}
