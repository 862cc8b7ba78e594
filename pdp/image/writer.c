/* writer.c — building an image
 *
 * Each section is a growing array of records. Names become symbols in order of first use, so equal inputs give
 * equal numbers. Hash tables are sized and filled at the end, when everything is known.
 *
 * Neighbours: format.h says what the records mean · reader.c proves them · compile/emit.c fills them
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "image/writer.h"

#include "base/glob.h"
#include "base/map.h"
#include "base/vec.h"
#include "cel/func.h"

#include <assert.h>
#include <openssl/evp.h>

/* Lookup tables are at most half full. */
#define TABLE_SLACK 2

/* Key of the symbol table. Fixed: the names come from the author of the policies, a request can only probe. */
#define SYM_K0 UINT64_C(0x6361726465612073)
#define SYM_K1 UINT64_C(0x796d626f6c730001)

static const uint32_t record_sizes[SEC_COUNT] = {
    [SEC_STRINGS] = 1,
    [SEC_SYMBOLS] = sizeof(struct img_text),
    [SEC_SYMTAB] = sizeof(uint32_t),
    [SEC_DIRECTORY] = sizeof(struct img_entry),
    [SEC_POLICIES] = sizeof(struct img_policy),
    [SEC_ROWS] = sizeof(struct img_row),
    [SEC_BITS] = sizeof(uint64_t),
    [SEC_KEYS] = sizeof(struct img_key),
    [SEC_GLOBS] = sizeof(struct img_range),
    [SEC_GLOB_WORDS] = sizeof(uint32_t),
    [SEC_LISTS] = sizeof(uint32_t),
    [SEC_CONDITIONS] = sizeof(struct img_condition),
    [SEC_DROLES] = sizeof(struct img_drole),
    [SEC_SCOPES] = sizeof(struct img_scope),
    [SEC_PARENTS] = sizeof(struct img_parents),
    [SEC_UNITS] = sizeof(struct img_unit),
    [SEC_KONSTS] = sizeof(struct img_value),
    [SEC_VALUES] = sizeof(struct img_value),
    [SEC_WORDS] = sizeof(uint32_t),
    [SEC_PATHS] = sizeof(struct img_path),
    [SEC_NUMBERS] = sizeof(uint32_t),
    [SEC_EXPRS] = sizeof(struct img_expr),
    [SEC_SPANS] = sizeof(struct img_span),
    [SEC_TEXTS] = sizeof(struct img_text),
    [SEC_SOURCES] = sizeof(struct img_text),
    [SEC_SCHEMAS] = sizeof(struct img_schema),
    [SEC_SCHEMA_REFS] = sizeof(struct img_schema_ref),
    [SEC_TREES] = 1,
    [SEC_ANNOTATIONS] = 1,
    [SEC_POLICY_TEXT] = 1,
};

uint32_t image_record_size(enum image_section section)
{
    return record_sizes[section];
}

uint32_t image_directory_hash(uint32_t type, uint32_t name, uint32_t version, uint32_t scope)
{
    uint64_t h = (uint64_t)type << 32 | name;
    h = (h ^ (h >> 29)) * UINT64_C(0xbf58476d1ce4e5b9);
    h += (uint64_t)version << 32 | scope;
    h = (h ^ (h >> 32)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(h >> 32);
}

struct section {
    char *ptr;      /* records          */
    isize cap;      /* room, bytes      */
    isize bytes;    /* used, bytes      */
    uint32_t count; /* records          */
};

struct image_builder {
    struct arena *arena;
    struct section sections[SEC_COUNT];
    struct map symbols;            /* name → symbol - 1              */
    struct map texts;              /* text → offset in STRINGS       */
    struct map globs;              /* pattern → number in GLOBS      */
    VEC(struct img_entry) entries; /* directory, before it is hashed */
    struct map entry_keys;         /* bytes of (type, name, version, scope) → 1 */
};

struct image_builder *image_builder_new(struct arena *arena)
{
    struct image_builder *b = new (arena, struct image_builder, 1);
    b->arena = arena;
    return b;
}

/* Room for `count` more records of the section; zeroed. */
static void *section_add(struct image_builder *b, enum image_section section, isize count)
{
    struct section *s = &b->sections[section];
    isize size = record_sizes[section] * count;
    if (s->bytes + size > s->cap) {
        isize cap = s->cap < 256 ? 256 : s->cap;
        while (cap < s->bytes + size) {
            cap *= 2;
        }
        char *grown = arena_alloc(b->arena, 1, 16, cap);
        if (s->bytes > 0) {
            memcpy(grown, s->ptr, (size_t)s->bytes);
        }
        s->ptr = grown;
        s->cap = cap;
    }
    void *place = s->ptr + s->bytes;
    s->bytes += size;
    s->count += (uint32_t)count;
    return place;
}

uint32_t image_push(struct image_builder *b, enum image_section section, const void *record)
{
    uint32_t number = b->sections[section].count;
    memcpy(section_add(b, section, 1), record, record_sizes[section]);
    return number;
}

uint32_t image_count(const struct image_builder *b, enum image_section section)
{
    return b->sections[section].count;
}

void *image_record(struct image_builder *b, enum image_section section, uint32_t number)
{
    assert(number < b->sections[section].count);
    return b->sections[section].ptr + (isize)number * record_sizes[section];
}

struct img_text image_text(struct image_builder *b, str text)
{
    if (text.len == 0) {
        return (struct img_text){ 0, 0 };
    }
    uint32_t offset = map_get(&b->texts, text);
    if (offset == MAP_NONE) {
        offset = (uint32_t)b->sections[SEC_STRINGS].bytes;
        memcpy(section_add(b, SEC_STRINGS, text.len), text.ptr, (size_t)text.len);
        (void)map_set(b->arena, &b->texts, str_copy(b->arena, text), offset);
    }
    return (struct img_text){ offset, (uint32_t)text.len };
}

uint32_t image_symbol(struct image_builder *b, str name)
{
    uint32_t known = map_get(&b->symbols, name);
    if (known != MAP_NONE) {
        return known;
    }
    struct img_text text = image_text(b, name);
    uint32_t symbol = image_push(b, SEC_SYMBOLS, &text) + 1;
    (void)map_set(b->arena, &b->symbols, str_copy(b->arena, name), symbol);
    return symbol;
}

uint32_t image_glob(struct image_builder *b, str pattern)
{
    uint32_t known = map_get(&b->globs, pattern);
    if (known != MAP_NONE) {
        return known;
    }
    struct glob glob;
    (void)glob_compile(b->arena, pattern, &glob); /* an invalid pattern has no words: matches nothing */
    struct img_range words = { image_count(b, SEC_GLOB_WORDS), glob.len };
    if (glob.len > 0) {
        memcpy(section_add(b, SEC_GLOB_WORDS, glob.len), glob.code, glob.len * sizeof(uint32_t));
    }
    uint32_t number = image_push(b, SEC_GLOBS, &words);
    (void)map_set(b->arena, &b->globs, str_copy(b->arena, pattern), number);
    return number;
}

bool image_directory(struct image_builder *b, struct img_entry entry)
{
    str key = str_copy(b->arena, (str){ (const char *)&entry, (isize)offsetof(struct img_entry, first) });
    if (map_get(&b->entry_keys, key) != MAP_NONE) {
        return false;
    }
    (void)map_set(b->arena, &b->entry_keys, key, 1);
    *vec_push(b->arena, &b->entries) = entry;
    return true;
}

/* ---- code units ---- */
static struct img_value store_value(struct image_builder *b, struct value v);

/* Room for `count` values, which may hold further ones: reserve first, fill after. */
static uint32_t reserve_values(struct image_builder *b, isize count)
{
    uint32_t first = image_count(b, SEC_VALUES);
    (void)section_add(b, SEC_VALUES, count);
    return first;
}

static void put_value(struct image_builder *b, uint32_t number, struct value v)
{
    struct img_value stored = store_value(b, v);
    memcpy(image_record(b, SEC_VALUES, number), &stored, sizeof(stored));
}

static struct img_value store_value(struct image_builder *b, struct value v)
{
    struct img_value out = { .kind = v.kind, .flags = v.flags, .aux = v.aux, .len = v.len };
    switch (v.kind) {
    case V_STRING:
    case V_BYTES:
    case V_TYPE:
        out.payload = image_text(b, v_str(v)).offset;
        break;
    case V_LIST:
        out.payload = reserve_values(b, v.len);
        for (uint32_t i = 0; i < v.len; i++) {
            put_value(b, (uint32_t)out.payload + i, v.items[i]);
        }
        break;
    case V_MAP:
        out.payload = reserve_values(b, 2 * (isize)v.len);
        for (uint32_t i = 0; i < v.len; i++) {
            put_value(b, (uint32_t)out.payload + 2 * i, v.map->entries[i].key);
            put_value(b, (uint32_t)out.payload + 2 * i + 1, v.map->entries[i].val);
        }
        break;
    case V_OPTIONAL:
        if (v.items != NULL) {
            uint32_t at = reserve_values(b, 1);
            put_value(b, at, v.items[0]);
            out.payload = (uint64_t)at + 1;
        }
        break;
    default:
        out.payload = v.u; /* scalars: the bits; code holds nothing else (gen.h) */
        break;
    }
    return out;
}

/* Appends an array whose records have the section's size. */
static struct img_range add_array(struct image_builder *b, enum image_section section, const void *records,
                                  uint32_t count)
{
    struct img_range range = { image_count(b, section), count };
    if (count > 0) {
        memcpy(section_add(b, section, count), records, (size_t)count * record_sizes[section]);
    }
    return range;
}

/* The engine uses these tables where they lie. */
_Static_assert(sizeof(struct img_path) == sizeof(struct cel_path), "paths are used in place");
_Static_assert(sizeof(struct img_expr) == sizeof(struct cel_expr), "expressions are used in place");
_Static_assert(sizeof(struct img_span) == sizeof(struct cel_pc_span), "spans are used in place");

uint32_t image_unit(struct image_builder *b, const struct cel_code *code, const str *texts)
{
    struct img_unit unit = {
        .words = add_array(b, SEC_WORDS, code->words, code->word_count),
        .konsts = { image_count(b, SEC_KONSTS), code->konst_count },
        .paths = add_array(b, SEC_PATHS, code->paths, code->path_count),
        .path_keys = add_array(b, SEC_NUMBERS, code->path_keys, code->path_key_count),
        .exprs = add_array(b, SEC_EXPRS, code->exprs, code->expr_count),
        .vars = add_array(b, SEC_NUMBERS, code->vars, code->var_count),
        .var_names = add_array(b, SEC_NUMBERS, code->var_names, code->var_count),
        .patterns = add_array(b, SEC_NUMBERS, code->patterns, code->pattern_count),
        .spans = add_array(b, SEC_SPANS, code->spans, code->span_count),
        .texts = { image_count(b, SEC_TEXTS), code->expr_count },
    };
    for (uint32_t i = 0; i < code->konst_count; i++) {
        struct img_value stored = store_value(b, code->konsts[i]);
        (void)image_push(b, SEC_KONSTS, &stored);
    }
    for (uint32_t i = 0; i < code->expr_count; i++) {
        struct img_text text = image_text(b, texts[i]);
        (void)image_push(b, SEC_TEXTS, &text);
    }
    return image_push(b, SEC_UNITS, &unit);
}

/* ---- tables and layout ---- */
static uint32_t table_size(uint32_t entries)
{
    uint32_t slots = 16;
    while (slots < entries * TABLE_SLACK) {
        slots *= 2;
    }
    return slots;
}

static void build_symtab(struct image_builder *b)
{
    uint32_t slots = table_size(image_count(b, SEC_SYMBOLS));
    uint32_t *table = section_add(b, SEC_SYMTAB, slots);
    for (uint32_t i = 0; i < b->symbols.count; i++) {
        uint32_t at = (uint32_t)str_siphash(b->symbols.keys[i], SYM_K0, SYM_K1) & (slots - 1);
        while (table[at] != 0) {
            at = (at + 1) & (slots - 1);
        }
        table[at] = b->symbols.vals[i];
    }
}

static void build_directory(struct image_builder *b)
{
    uint32_t slots = table_size((uint32_t)b->entries.len);
    struct img_entry *table = section_add(b, SEC_DIRECTORY, slots);
    for (isize i = 0; i < b->entries.len; i++) {
        const struct img_entry *e = &b->entries.ptr[i];
        uint32_t at = image_directory_hash(e->type, e->name, e->version, e->scope) & (slots - 1);
        while (table[at].type != 0) {
            at = (at + 1) & (slots - 1);
        }
        table[at] = *e;
    }
}

static cardea_status seal(str image, struct img_header *header)
{
    unsigned len = 0;
    str body = str_slice(image, (isize)sizeof(*header), image.len);
    if (EVP_Digest(body.ptr, (size_t)body.len, header->digest, &len, EVP_sha256(), NULL) != 1) {
        return CARDEA_EINTERNAL;
    }
    return CARDEA_OK;
}

cardea_status image_finish(struct image_builder *b, uint32_t policies, uint32_t rules, uint32_t flags, str *out)
{
    build_symtab(b);
    build_directory(b);
    isize total = (isize)sizeof(struct img_header);
    isize offsets[SEC_COUNT];
    for (int i = 0; i < SEC_COUNT; i++) {
        total = (total + IMAGE_ALIGN - 1) / IMAGE_ALIGN * IMAGE_ALIGN;
        offsets[i] = total;
        total += b->sections[i].bytes;
        if (total > (isize)IMAGE_MAX_BYTES) {
            return CARDEA_ELIMIT;
        }
    }
    char *bytes = arena_alloc(b->arena, 1, IMAGE_ALIGN, total);
    struct img_header *header = (struct img_header *)(void *)bytes;
    *header = (struct img_header){ .format = IMAGE_FORMAT_VERSION,
                                   .section_count = SEC_COUNT,
                                   .code_version = cel_code_version(),
                                   .total = (uint32_t)total,
                                   .policy_count = policies,
                                   .rule_count = rules,
                                   .flags = flags,
                                   .sym_k0 = SYM_K0,
                                   .sym_k1 = SYM_K1 };
    memcpy(header->magic, IMAGE_MAGIC, sizeof(header->magic));
    for (int i = 0; i < SEC_COUNT; i++) {
        const struct section *s = &b->sections[i];
        header->sections[i] =
            (struct img_section){ (uint32_t)offsets[i], (uint32_t)s->bytes, s->count, 0 };
        if (s->bytes > 0) {
            memcpy(bytes + offsets[i], s->ptr, (size_t)s->bytes);
        }
    }
    *out = (str){ bytes, total };
    return seal(*out, header);
}
