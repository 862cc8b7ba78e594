/* fn_encode.c — base64
 *
 * The padded form is read first, the form without padding if that fails, as the reference does; the
 * message speaks of the second attempt. spec: cel#encoders
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/b64.h"
#include "cel/fn_priv.h"

struct value fn_base64_encode(struct cel_run *run, const struct value *args, int argc)
{
    if (argc != 1 || args[0].kind != V_BYTES) {
        return cel_no_overload(run, "base64.encode", args, argc);
    }
    if (!pay_bytes(run, 2 * (isize)args[0].len)) {
        return cel_budget_error();
    }
    return v_text(b64_encode(run->arena, v_str(args[0]), B64_STANDARD, true), VF_ASCII);
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

/* Where a text that is no base64 without padding goes wrong: at its first foreign byte, or at its
 * end. */
static isize bad_byte(str s)
{
    for (isize i = 0; i < s.len; i++) {
        if (!is_letter(s.ptr[i]) && s.ptr[i] != '\r' && s.ptr[i] != '\n') {
            return i;
        }
    }
    return s.len - 1;
}

struct value fn_base64_decode(struct cel_run *run, const struct value *args, int argc)
{
    if (argc != 1 || args[0].kind != V_STRING) {
        return cel_no_overload(run, "base64.decode", args, argc);
    }
    if (!pay_bytes(run, 2 * (isize)args[0].len)) {
        return cel_budget_error();
    }
    str s = v_str(args[0]), bytes;
    if (b64_decode(run->arena, s, B64_STANDARD, true, true, true, &bytes) ||
        b64_decode(run->arena, s, B64_STANDARD, false, true, true, &bytes)) {
        return v_bytes(bytes);
    }
    return v_error(run->arena, VE_ARGUMENT, "illegal base64 data at input byte %lld",
                   (long long)bad_byte(s));
}
