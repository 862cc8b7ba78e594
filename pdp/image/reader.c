/* reader.c — opening an image: prove once, then trust
 *
 * Checks go from the outside in: header, section table, digest, then each record of each section. A digest only
 * shows that the bytes are those somebody wrote; the record checks hold against a hostile writer too.
 *
 * Invariants after image_open()
 *   every symbol number ≤ symbols; every range inside its section; every text inside STRINGS
 *   operands of a condition come before it                    → evaluation ends
 *   row sets have no bit at or above the policy's row count   → iteration needs no bound
 *   both hash tables have a free slot                         → every search ends
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "image/reader.h"

#include "base/bitset.h"
#include "base/utf8.h"
#include "cel/func.h"
#include "image/writer.h"

#include <openssl/evp.h>

/* Most nesting of conditions; the compiler's limit for documents is lower. */
#define MAX_CONDITION_DEPTH 128

static bool fail(str *why, const char *text)
{
    *why = str_from_c(text);
    return false;
}

static bool in_section(const struct image *im, enum image_section section, struct img_range r)
{
    uint32_t count = image_records(im, section);
    return r.first <= count && r.count <= count - r.first;
}

static bool text_ok(const struct image *im, struct img_text t)
{
    return in_section(im, SEC_STRINGS, (struct img_range){ t.offset, t.len });
}

static bool symbol_ok(const struct image *im, uint32_t symbol)
{
    return symbol <= image_records(im, SEC_SYMBOLS);
}

/* ---- header and sections ---- */
static cardea_status check_header(const struct image *im, str *why)
{
    const struct img_header *h = im->header;
    if (memcmp(h->magic, IMAGE_MAGIC, sizeof(h->magic)) != 0) {
        *why = S("not a compiled policy set");
        return CARDEA_ECORRUPT;
    }
    if (h->format != IMAGE_FORMAT_VERSION || h->section_count != SEC_COUNT) {
        *why = S("compiled by a version with another format");
        return CARDEA_EVERSION;
    }
    if ((isize)h->total != im->bytes.len) {
        *why = S("truncated, or with bytes behind its end");
        return CARDEA_ECORRUPT;
    }
    if (h->code_version != cel_code_version()) {
        *why = S("compiled by a version with another instruction set");
        return CARDEA_EVERSION;
    }
    for (int i = 0; i < SEC_COUNT; i++) {
        struct img_section s = h->sections[i];
        if (s.offset % IMAGE_ALIGN != 0 || s.offset < sizeof(*h) || s.offset > h->total ||
            s.bytes > h->total - s.offset ||
            s.bytes != (uint64_t)s.count * image_record_size((enum image_section)i)) {
            *why = S("section table out of bounds");
            return CARDEA_ECORRUPT;
        }
    }
    return CARDEA_OK;
}

static bool check_digest(const struct image *im, str *why)
{
    uint8_t digest[32];
    unsigned len = 0;
    str body = str_slice(im->bytes, (isize)sizeof(struct img_header), im->bytes.len);
    if (EVP_Digest(body.ptr, (size_t)body.len, digest, &len, EVP_sha256(), NULL) != 1 ||
        memcmp(digest, im->header->digest, sizeof(digest)) != 0) {
        return fail(why, "contents do not match the digest");
    }
    return true;
}

static const void *section(const struct image *im, enum image_section s)
{
    return im->bytes.ptr + im->header->sections[s].offset;
}

static void point(struct image *im)
{
    im->strings = section(im, SEC_STRINGS);
    im->symbols = section(im, SEC_SYMBOLS);
    im->symtab = section(im, SEC_SYMTAB);
    im->directory = section(im, SEC_DIRECTORY);
    im->policies = section(im, SEC_POLICIES);
    im->rows = section(im, SEC_ROWS);
    im->bits = section(im, SEC_BITS);
    im->keys = section(im, SEC_KEYS);
    im->globs = section(im, SEC_GLOBS);
    im->glob_words = section(im, SEC_GLOB_WORDS);
    im->lists = section(im, SEC_LISTS);
    im->conditions = section(im, SEC_CONDITIONS);
    im->droles = section(im, SEC_DROLES);
    im->scopes = section(im, SEC_SCOPES);
    im->parents = section(im, SEC_PARENTS);
    im->units = section(im, SEC_UNITS);
    im->konsts = section(im, SEC_KONSTS);
    im->values = section(im, SEC_VALUES);
    im->words = section(im, SEC_WORDS);
    im->paths = section(im, SEC_PATHS);
    im->numbers = section(im, SEC_NUMBERS);
    im->exprs = section(im, SEC_EXPRS);
    im->spans = section(im, SEC_SPANS);
    im->texts = section(im, SEC_TEXTS);
    im->sources = section(im, SEC_SOURCES);
    im->schemas = section(im, SEC_SCHEMAS);
    im->schema_refs = section(im, SEC_SCHEMA_REFS);
}

/* ---- records ---- */
static bool check_names(const struct image *im, str *why)
{
    for (uint32_t i = 0; i < image_records(im, SEC_SYMBOLS); i++) {
        if (!text_ok(im, im->symbols[i]) || utf8_invalid(image_str(im, im->symbols[i])) >= 0) {
            return fail(why, "symbol out of bounds or not UTF-8");
        }
    }
    for (int s = SEC_TEXTS; s <= SEC_SOURCES; s++) {
        const struct img_text *t = section(im, (enum image_section)s);
        for (uint32_t i = 0; i < image_records(im, (enum image_section)s); i++) {
            if (!text_ok(im, t[i]) || utf8_invalid(image_str(im, t[i])) >= 0) {
                return fail(why, "text out of bounds or not UTF-8");
            }
        }
    }
    return true;
}

static bool power_of_two(uint32_t n)
{
    return n != 0 && (n & (n - 1)) == 0;
}

static bool check_tables(const struct image *im, str *why)
{
    uint32_t slots = image_records(im, SEC_SYMTAB);
    uint32_t used = 0;
    for (uint32_t i = 0; i < slots; i++) {
        used += im->symtab[i] != 0;
        if (!symbol_ok(im, im->symtab[i])) {
            return fail(why, "symbol table out of bounds");
        }
    }
    uint32_t entries = image_records(im, SEC_DIRECTORY);
    uint32_t filled = 0;
    for (uint32_t i = 0; i < entries; i++) {
        const struct img_entry *e = &im->directory[i];
        filled += e->type != 0;
        bool ok = e->type <= DIR_ANY_PRINCIPAL && symbol_ok(im, e->name) && symbol_ok(im, e->version) &&
                  symbol_ok(im, e->scope);
        struct img_range range = { e->first, e->count };
        if (e->type == DIR_ROLES) {
            ok = ok && in_section(im, SEC_LISTS, range);
            for (uint32_t k = 0; ok && k < e->count; k++) {
                ok = im->lists[e->first + k] < image_records(im, SEC_POLICIES);
            }
        } else if (e->type != 0 && e->type != DIR_ANY_PRINCIPAL) {
            ok = ok && e->count == 1 && in_section(im, SEC_POLICIES, range);
        }
        if (!ok) {
            return fail(why, "directory out of bounds");
        }
    }
    if (!power_of_two(slots) || used >= slots || !power_of_two(entries) || filled >= entries) {
        return fail(why, "lookup table without a free slot");
    }
    return true;
}

static bool check_globs(const struct image *im, str *why)
{
    for (uint32_t i = 0; i < image_records(im, SEC_GLOBS); i++) {
        if (!in_section(im, SEC_GLOB_WORDS, im->globs[i]) || !glob_verify(image_glob_program(im, i))) {
            return fail(why, "pattern program not valid");
        }
    }
    return true;
}

static bool keys_ok(const struct image *im, struct img_range range, bool globs, const struct img_policy *p)
{
    if (!in_section(im, SEC_KEYS, range)) {
        return false;
    }
    for (uint32_t i = 0; i < range.count; i++) {
        const struct img_key *k = &im->keys[range.first + i];
        bool pattern_ok = globs ? k->glob < image_records(im, SEC_GLOBS) : k->glob == IMAGE_NONE;
        bool order_ok = globs || i == 0 || k[-1].symbol < k->symbol;
        if (!pattern_ok || !order_ok || !symbol_ok(im, k->symbol) ||
            !in_section(im, SEC_BITS, (struct img_range){ k->bits, p->words })) {
            return false;
        }
        const uint64_t *set = im->bits + k->bits;
        if (p->words > 0 && bits_next(set, (isize)p->words, (isize)p->rows.count) >= 0) {
            return false;
        }
    }
    return true;
}

static bool list_below(const struct image *im, struct img_range range, uint32_t bound)
{
    if (!in_section(im, SEC_LISTS, range)) {
        return false;
    }
    for (uint32_t i = 0; i < range.count; i++) {
        if (im->lists[range.first + i] >= bound) {
            return false;
        }
    }
    return true;
}

static bool number_or_none(uint32_t number, uint32_t bound)
{
    return number == IMAGE_NONE || number < bound;
}

static bool row_ok(const struct image *im, const struct img_policy *p, const struct img_row *row)
{
    uint32_t exprs = im->units[p->unit].exprs.count;
    return row->effect <= 2 && number_or_none(row->condition, image_records(im, SEC_CONDITIONS)) &&
           (row->condition == IMAGE_NONE || row->memo < p->conditions) &&
           number_or_none(row->drole, p->droles.count) && number_or_none(row->activated, exprs) &&
           number_or_none(row->not_met, exprs) && text_ok(im, row->output) && symbol_ok(im, row->name) &&
           list_below(im, row->actions, image_records(im, SEC_KEYS)) &&
           list_below(im, row->roles, image_records(im, SEC_KEYS));
}

/* Every expression of the tree belongs to the unit. `left` bounds the visits: a tree that shares operands could
 * otherwise be exponentially large. */
static bool condition_walk(const struct image *im, uint32_t number, uint32_t unit, int depth, uint32_t *left)
{
    if ((*left)-- == 0) {
        *left = 0;
        return false;
    }
    const struct img_condition *c = &im->conditions[number];
    if (c->kind == COND_EXPR) {
        return c->first < im->units[unit].exprs.count;
    }
    for (uint32_t i = 0; i < c->count; i++) {
        if (depth >= MAX_CONDITION_DEPTH || !condition_walk(im, c->first + i, unit, depth + 1, left)) {
            return false;
        }
    }
    return true;
}

static bool condition_in_unit(const struct image *im, uint32_t number, uint32_t unit)
{
    uint32_t left = image_records(im, SEC_CONDITIONS);
    return number == IMAGE_NONE || condition_walk(im, number, unit, 0, &left);
}

static bool check_conditions(const struct image *im, str *why)
{
    for (uint32_t i = 0; i < image_records(im, SEC_CONDITIONS); i++) {
        const struct img_condition *c = &im->conditions[i];
        bool ok = c->kind >= COND_EXPR && c->kind <= COND_NONE;
        if (c->kind != COND_EXPR) {
            ok = ok && c->first <= i && c->count <= i - c->first;
        }
        if (!ok) {
            return fail(why, "condition tree out of bounds");
        }
    }
    return true;
}

static bool policy_ok(const struct image *im, const struct img_policy *p)
{
    if (p->type < DIR_RESOURCE || p->type > DIR_ROLE || !symbol_ok(im, p->name) || !symbol_ok(im, p->scope) ||
        !text_ok(im, p->key) || p->source >= image_records(im, SEC_SOURCES) ||
        p->unit >= image_records(im, SEC_UNITS) || !in_section(im, SEC_ROWS, p->rows) ||
        p->words != (uint64_t)bits_words((isize)p->rows.count) ||
        !list_below(im, p->droles, image_records(im, SEC_DROLES)) ||
        !number_or_none(p->schema_principal, image_records(im, SEC_SCHEMA_REFS)) ||
        !number_or_none(p->schema_resource, image_records(im, SEC_SCHEMA_REFS)) || p->conditions > image_records(im, SEC_CONDITIONS)) {
        return false;
    }
    if (!keys_ok(im, p->actions.names, false, p) || !keys_ok(im, p->actions.globs, true, p) ||
        !keys_ok(im, p->roles.names, false, p) || !keys_ok(im, p->roles.globs, true, p) ||
        !keys_ok(im, p->kinds.names, false, p) || !keys_ok(im, p->kinds.globs, true, p)) {
        return false;
    }
    for (uint32_t i = 0; i < p->rows.count; i++) {
        const struct img_row *row = &im->rows[p->rows.first + i];
        if (!row_ok(im, p, row) || !condition_in_unit(im, row->condition, p->unit)) {
            return false;
        }
    }
    return true;
}

static bool check_policies(const struct image *im, str *why)
{
    for (uint32_t i = 0; i < image_records(im, SEC_POLICIES); i++) {
        if (!policy_ok(im, &im->policies[i])) {
            return fail(why, "policy record out of bounds");
        }
    }
    for (uint32_t i = 0; i < image_records(im, SEC_DROLES); i++) {
        const struct img_drole *d = &im->droles[i];
        if (!symbol_ok(im, d->name) || d->unit >= image_records(im, SEC_UNITS) ||
            !number_or_none(d->condition, image_records(im, SEC_CONDITIONS)) ||
            !condition_in_unit(im, d->condition, d->unit) ||
            !list_below(im, d->parents, image_records(im, SEC_SYMBOLS) + 1) ||
            d->source >= image_records(im, SEC_SOURCES)) {
            return fail(why, "derived role out of bounds");
        }
    }
    for (uint32_t i = 0; i < image_records(im, SEC_SCOPES); i++) {
        if (!symbol_ok(im, im->scopes[i].symbol) ||
            (i > 0 && im->scopes[i].symbol <= im->scopes[i - 1].symbol)) {
            return fail(why, "scope table out of order");
        }
    }
    for (uint32_t i = 0; i < image_records(im, SEC_PARENTS); i++) {
        const struct img_parents *r = &im->parents[i];
        if (!symbol_ok(im, r->scope) || !symbol_ok(im, r->role) ||
            !list_below(im, r->parents, image_records(im, SEC_SYMBOLS) + 1)) {
            return fail(why, "role table out of bounds");
        }
    }
    return true;
}

/* Texts of schemas are read by a reader that takes any bytes. */
static bool check_schemas(const struct image *im, str *why)
{
    for (uint32_t i = 0; i < image_records(im, SEC_SCHEMAS); i++) {
        const struct img_schema *s = &im->schemas[i];
        if (!text_ok(im, s->id) || utf8_invalid(image_str(im, s->id)) >= 0 || !text_ok(im, s->text)) {
            return fail(why, "schema out of bounds");
        }
    }
    for (uint32_t i = 0; i < image_records(im, SEC_SCHEMA_REFS); i++) {
        const struct img_schema_ref *r = &im->schema_refs[i];
        if (!text_ok(im, r->ref) || utf8_invalid(image_str(im, r->ref)) >= 0 ||
            !list_below(im, r->ignore, image_records(im, SEC_GLOBS))) {
            return fail(why, "reference to a schema out of bounds");
        }
    }
    return true;
}

/* A stored value may only refer to values behind those that hold it: no cycles, bounded depth. */
static bool value_ok(const struct image *im, const struct img_value *v, uint32_t floor)
{
    uint64_t size = v->len;
    switch (v->kind) {
    case V_STRING:
    case V_TYPE:
    case V_BYTES:
        return v->payload <= UINT32_MAX &&
               text_ok(im, (struct img_text){ (uint32_t)v->payload, v->len }) &&
               (v->kind == V_BYTES ||
                utf8_invalid((str){ im->strings + v->payload, (isize)v->len }) < 0);
    case V_MAP:
        size *= 2;
        break;
    case V_OPTIONAL:
        if (v->payload == 0) {
            return true;
        }
        return v->payload - 1 >= floor && v->payload - 1 < image_records(im, SEC_VALUES);
    case V_LIST:
        break;
    case V_NULL:
    case V_BOOL:
    case V_INT:
    case V_UINT:
    case V_DOUBLE:
    case V_DURATION:
        return true;
    case V_TIMESTAMP:
        return v->len < 1000000000;
    default:
        return false;
    }
    uint32_t count = image_records(im, SEC_VALUES);
    return v->payload >= floor && v->payload <= count && size <= count - v->payload;
}

static bool check_values(const struct image *im, str *why)
{
    for (uint32_t i = 0; i < image_records(im, SEC_KONSTS); i++) {
        if (!value_ok(im, &im->konsts[i], 0)) {
            return fail(why, "constant out of bounds");
        }
    }
    for (uint32_t i = 0; i < image_records(im, SEC_VALUES); i++) {
        if (!value_ok(im, &im->values[i], i + 1)) {
            return fail(why, "constant out of bounds");
        }
    }
    return true;
}

static bool check_units(const struct image *im, str *why)
{
    for (uint32_t i = 0; i < image_records(im, SEC_UNITS); i++) {
        const struct img_unit *u = &im->units[i];
        if (!in_section(im, SEC_WORDS, u->words) || !in_section(im, SEC_KONSTS, u->konsts) ||
            !in_section(im, SEC_PATHS, u->paths) || !in_section(im, SEC_NUMBERS, u->path_keys) ||
            !in_section(im, SEC_EXPRS, u->exprs) || !in_section(im, SEC_NUMBERS, u->vars) ||
            !in_section(im, SEC_NUMBERS, u->var_names) || u->var_names.count != u->vars.count ||
            !in_section(im, SEC_NUMBERS, u->patterns) || !in_section(im, SEC_SPANS, u->spans) ||
            !in_section(im, SEC_TEXTS, u->texts) || u->texts.count != u->exprs.count) {
            return fail(why, "code unit out of bounds");
        }
    }
    return true;
}

cardea_status image_open(struct image *out, str bytes, str *why)
{
    *out = (struct image){ .bytes = bytes };
    if (bytes.len < (isize)sizeof(struct img_header) || (uintptr_t)bytes.ptr % IMAGE_ALIGN != 0) {
        *why = S("too short to be a compiled policy set");
        return CARDEA_ECORRUPT;
    }
    out->header = (const struct img_header *)(const void *)bytes.ptr;
    TRY(check_header(out, why));
    if (!check_digest(out, why)) {
        return CARDEA_ECORRUPT;
    }
    point(out);
    if (!check_names(out, why) || !check_tables(out, why) || !check_globs(out, why) ||
        !check_conditions(out, why) || !check_units(out, why) || !check_policies(out, why) ||
        !check_values(out, why) || !check_schemas(out, why)) {
        return CARDEA_ECORRUPT;
    }
    return CARDEA_OK;
}

/* ---- lookup ---- */
uint32_t image_find_symbol(const struct image *im, str name)
{
    uint32_t mask = image_records(im, SEC_SYMTAB) - 1;
    uint32_t at = (uint32_t)str_siphash(name, im->header->sym_k0, im->header->sym_k1) & mask;
    for (; im->symtab[at] != 0; at = (at + 1) & mask) {
        if (str_eq(image_symbol_text(im, im->symtab[at]), name)) {
            return im->symtab[at];
        }
    }
    return 0;
}

const struct img_entry *image_find_entry(const struct image *im, uint32_t type, uint32_t name, uint32_t version,
                                         uint32_t scope)
{
    uint32_t mask = image_records(im, SEC_DIRECTORY) - 1;
    uint32_t at = image_directory_hash(type, name, version, scope) & mask;
    for (; im->directory[at].type != 0; at = (at + 1) & mask) {
        const struct img_entry *e = &im->directory[at];
        if (e->type == type && e->name == name && e->version == version && e->scope == scope) {
            return e;
        }
    }
    return NULL;
}
