/* fuzz_image.c — bytes as a compiled policy set: refused, or safe to decide with
 *
 * The digest and the versions are set right first, because they only keep out accidents; the record checks must hold
 * against a hostile writer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/func.h"
#include "engine/engine.h"
#include "image/format.h"

#include <openssl/evp.h>
#include <stdlib.h>

#define INPUT_BYTES_MAX (1 << 20)

static struct arena arena;
static struct engine_ctx *ctx;

static void seal(char *bytes, size_t size)
{
    struct img_header *h = (struct img_header *)(void *)bytes;
    unsigned len = 0;
    memcpy(h->magic, IMAGE_MAGIC, sizeof(h->magic));
    h->format = IMAGE_FORMAT_VERSION;
    h->section_count = SEC_COUNT;
    h->code_version = cel_code_version();
    h->total = (uint32_t)size;
    (void)EVP_Digest(bytes + sizeof(*h), size - sizeof(*h), h->digest, &len, EVP_sha256(), NULL);
}

static void decide_with(const struct snapshot *snapshot)
{
    static const str roles[] = { S("user"), S("admin"), S("employee") };
    static const str actions[] = { S("view"), S("edit"), S("approve"), S("view:public") };
    struct vmap *attr = vmap_new(&arena, 2);
    vmap_put(&arena, attr, v_string(S("owner")), v_string(S("ann")));
    vmap_put(&arena, attr, v_string(S("n")), v_double(2));
    struct check_item item = { .resource = { .kind = S("doc"), .id = S("1"), .scope = S("acme.hr"), .attr = attr },
                               .actions = actions,
                               .action_count = countof(actions) };
    struct check_request request = { .principal = { .id = S("ann"), .roles = roles, .role_count = countof(roles) },
                                     .items = &item,
                                     .item_count = 1,
                                     .want_derived_roles = true };
    struct decision decision;
    (void)decide(&decision, ctx, snapshot, &request, 0, &arena, NULL); /* any answer, no crash */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < sizeof(struct img_header) || size > INPUT_BYTES_MAX) {
        return 0;
    }
    if (ctx == NULL) {
        arena_init(&arena, 1 << 20, 64 << 20);
        ctx = engine_ctx_new();
    }
    arena_clear(&arena, 1 << 20);
    char *bytes = aligned_alloc(IMAGE_ALIGN, (size + IMAGE_ALIGN) / IMAGE_ALIGN * IMAGE_ALIGN);
    if (bytes == NULL || ctx == NULL) {
        free(bytes);
        return 0;
    }
    memcpy(bytes, data, size);
    seal(bytes, size);
    struct snapshot *snapshot;
    struct engine_options options = { .budget = 10000, .lenient_scope_search = true, .schemas = SCHEMAS_REJECT };
    str why = STR_EMPTY;
    if (snapshot_new(&snapshot, (str){ bytes, (isize)size }, &options, &arena, &why) == CARDEA_OK) {
        decide_with(snapshot);
        snapshot_release(snapshot);
    }
    free(bytes);
    return 0;
}
