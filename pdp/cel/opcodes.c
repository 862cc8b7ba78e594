/* opcodes.c — facts about instructions and calls that generator, verifier and listing need
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/func.h"
#include "cel/vm_priv.h"

_Static_assert(OP_COUNT <= 256, "an opcode is one byte");

const struct opcode_info opcode_info[OP_COUNT] = {
    /* ORDER OPCODES */
#define OP(name, operands, words, pops, pushes, meaning)                                           \
    { #name, FORM_##operands, words, pops, pushes },
#include "cel/opcodes.def"
#undef OP
};

int func_arity(int func)
{
    const char *s = cel_funcs[func].signature;
    while (*s == ' ') {
        s++;
    }
    if (s[0] == '-' && s[1] == '>') {
        return 0;
    }
    int count = 1;
    int depth = 0;
    for (; *s != '\0' && !(s[0] == '-' && s[1] == '>'); s++) {
        depth += (*s == '(') - (*s == ')');
        count += *s == ',' && depth == 0;
    }
    return count;
}

bool func_takes(int func, int argc)
{
    if (func < 0 || func >= cel_func_count || cel_funcs[func].impl == NULL) {
        return false;
    }
    str name = str_from_c(cel_funcs[func].name);
    int row = func;
    while (row > 0 && str_eq(str_from_c(cel_funcs[row - 1].name), name)) {
        row--;
    }
    for (; row < cel_func_count && str_eq(str_from_c(cel_funcs[row].name), name); row++) {
        if (func_arity(row) == argc) {
            return true;
        }
    }
    return false;
}
