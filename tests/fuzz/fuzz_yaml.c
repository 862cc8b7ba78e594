/* fuzz_yaml.c — any bytes as a YAML document
 *
 * Besides not breaking: a document that is refused says why, one that is taken has all its nodes
 * inside the text, knows the place of every scalar (our reading of it is libyaml's), and turns into
 * a value. An excerpt can be made at any place, also of what is no document.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "yaml/excerpt.h"
#include "yaml/to_value.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* So many nodes are looked at: aliases may stand for a million. */
#define LOOK_MAX 20000

static void check_map(const struct ynode *node, isize text_len)
{
    for (isize i = 0; i < node->map_count; i++) {
        assert(node->map[i].at <= node->text.len && node->map[i].file <= text_len);
        assert(i == 0 || node->map[i - 1].at < node->map[i].at);
        assert(i == 0 || node->map[i - 1].file <= node->map[i].file);
    }
    for (isize i = 0; i <= node->text.len; i++) {
        uint32_t at =
            ptext_map_find(node->map, node->map_count, node->start, node->end, (uint32_t)i);
        assert(at >= node->start && at <= node->end);
    }
}

static void check_node(const struct ynode *node, isize text_len, isize *left)
{
    if (--*left < 0) {
        return;
    }
    assert(node->start <= node->end && node->end <= text_len && node->props <= node->start);
    assert(node->token <= text_len && node->height <= YAML_DEPTH && node->size <= YAML_MAX_NODES);
    if (node->kind < Y_MAP) {
        check_map(node, text_len);
    }
    for (isize i = 0; i < node->count; i++) {
        if (node->kind == Y_SEQ) {
            check_node(node->items[i], text_len, left);
        } else {
            check_node(node->entries[i].key, text_len, left);
            check_node(node->entries[i].value, text_len, left);
        }
    }
}

/* Excerpts at a few places of the text and beyond: a caret each, or nothing at all of an empty text. */
static void check_excerpts(struct arena *arena, const struct source *source)
{
    struct excerpts *excerpts = excerpts_new(arena);
    isize len = source->text.len;
    for (isize i = 0; i < 4; i++) {
        struct sb sb = sb_new(arena);
        struct place place = source_place(source, (uint32_t)(len * i / 3));
        place.column += (int)i;
        excerpt_add(excerpts, source, place, &sb);
        assert(sb.len == 0 || str_find(sb_str(&sb), S("^\n")) >= 0);
        assert(sb.len <= 200 << 10);
    }
}

static void read_document(struct arena *arena, str text)
{
    struct diags diags = diags_new(arena);
    struct source *source = source_new(arena, S("fuzz.yaml"), text);
    struct yaml_doc doc;
    struct value value = v_none();
    isize left = LOOK_MAX;
    cardea_status status = yaml_compose(arena, source, &doc, &diags);
    assert((status == CARDEA_OK) == (diags.errors == 0));
    if (status == CARDEA_OK && doc.root != NULL) {
        assert(doc.unplaced == 0);
        check_node(doc.root, text.len, &left);
        if (doc.root->size < LOOK_MAX) {
            (void)yaml_to_value(arena, source, doc.root, true, &value,
                                &diags); /* may refuse `.nan` */
        }
    }
    check_excerpts(arena, source);
    struct sb out = sb_new(arena);
    diags_sort(&diags);
    diags_render(&diags, false, &out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    jmp_buf env;
    arena_init(&arena, 1 << 16, 256 << 20);
    (void)arena_guard_set(&arena, &env);
    if (setjmp(env) == 0) {
        read_document(&arena, (str){ (const char *)data, (isize)size });
    }
    arena_free(&arena);
    return 0;
}
