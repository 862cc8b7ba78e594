/* reader.h — opening an image: prove once, then trust
 *
 * Behind image_open() every offset, range and number of every record is known to be inside its section, so
 * readers index without checks. Code is proven separately (cel_verify), once its constants are values.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_IMAGE_READER_H
#define CARDEA_IMAGE_READER_H

#include "base/glob.h"
#include "base/str.h"
#include "image/format.h"

struct image {
    str bytes;                              /* the whole image; borrowed, aligned to 64 */
    const struct img_header *header;
    const char *strings;
    const struct img_text *symbols;         /* symbol n is record n - 1                 */
    const uint32_t *symtab;
    const struct img_entry *directory;
    const struct img_policy *policies;
    const struct img_row *rows;
    const uint64_t *bits;
    const struct img_key *keys;
    const struct img_range *globs;
    const uint32_t *glob_words;
    const uint32_t *lists;
    const struct img_condition *conditions;
    const struct img_drole *droles;
    const struct img_scope *scopes;         /* sorted by symbol                         */
    const struct img_parents *parents;      /* sorted by scope, then role               */
    const struct img_unit *units;
    const struct img_value *konsts;
    const struct img_value *values;
    const uint32_t *words;
    const struct img_path *paths;
    const uint32_t *numbers;
    const struct img_expr *exprs;
    const struct img_span *spans;
    const struct img_text *texts;
    const struct img_text *sources;
    const struct img_schema *schemas;
    const struct img_schema_ref *schema_refs;
};

/* Opens and proves an image. bytes: borrowed until the image is no longer used, aligned to IMAGE_ALIGN.
 * ECORRUPT (structure, digest), EVERSION (format or code version of another build); *why says what. Any thread.
 * Cost: one pass over the bytes. */
cardea_status image_open(struct image *out, str bytes, str *why);

/* Symbol of a name; 0 when no policy mentions it. */
uint32_t image_find_symbol(const struct image *image, str name);

/* Entry of a directory key; NULL when there is none. */
const struct img_entry *image_find_entry(const struct image *image, uint32_t type, uint32_t name,
                                         uint32_t version, uint32_t scope);

static inline uint32_t image_records(const struct image *image, enum image_section section)
{
    return image->header->sections[section].count;
}
static inline str image_str(const struct image *image, struct img_text text)
{
    return (str){ image->strings + text.offset, text.len };
}
static inline str image_symbol_text(const struct image *image, uint32_t symbol)
{
    return symbol == 0 ? STR_EMPTY : image_str(image, image->symbols[symbol - 1]);
}
static inline struct glob image_glob_program(const struct image *image, uint32_t number)
{
    struct img_range r = image->globs[number];
    return (struct glob){ image->glob_words + r.first, r.count };
}

#endif
