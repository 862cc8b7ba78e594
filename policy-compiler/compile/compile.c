/* compile.c — policy files → image
 *
 * The stages in order: read and fit together (registry.c), compile each executable policy (rules.c), lay out (emit.c).
 * People see the faults of all stages in one run; a policy whose imports cannot be resolved is left out of the second
 * stage, because what it would report follows from that. The reference stops after the first stage with a fault, so
 * the forms that follow it do not show the rest.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "compile/compile_priv.h"

static cardea_status compile_all(struct compiler *c, const struct compile_input *input,
                                 struct compile_result *out)
{
    out->lint_failed = !registry_build(c, input);
    isize linted = c->diags->list.len;
    schemas_prepare(c);
    for (isize i = 0; i < c->members.len; i++) {
        uint8_t kind = c->members.ptr[i].policy->kind;
        bool executable = kind == POLICY_RESOURCE || kind == POLICY_PRINCIPAL || kind == POLICY_ROLE;
        if (executable && registry_resolves(c, &c->members.ptr[i])) {
            policy_compile(c, &c->members.ptr[i]);
        }
    }
    if (out->lint_failed) {
        diags_hide(c->diags, linted, c->diags->list.len);
    }
    if (c->diags->errors > 0) {
        return CARDEA_EINVALID;
    }
    TRY(emit_image(c, &out->image));
    out->policies = c->members.len;
    out->rules = c->rules;
    return CARDEA_OK;
}

cardea_status compile_policies(struct arena *arena, const struct compile_input *input,
                               struct compile_result *out, struct diags *diags)
{
    jmp_buf env;
    jmp_buf *outer = arena_guard_set(arena, &env);
    struct compiler *volatile compiler = NULL; /* for its heap memory */
    *out = (struct compile_result){ 0 };
    if (setjmp(env) != 0) {
        arena_guard_set(arena, outer);
        schema_set_free(compiler != NULL ? compiler->schemas : NULL);
        *out = (struct compile_result){ 0 };
        return CARDEA_ELIMIT;
    }
    struct compiler *c = new (arena, struct compiler, 1);
    compiler = c;
    c->arena = arena;
    c->input = input;
    c->diags = diags;
    c->image = image_builder_new(arena);
    cardea_status status = compile_all(c, input, out);
    schema_set_free(c->schemas);
    c->schemas = NULL;
    diags_sort(diags);
    arena_guard_set(arena, outer);
    return status;
}
