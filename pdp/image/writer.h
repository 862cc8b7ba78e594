/* writer.h — building an image
 *
 * Records are appended section by section; image_finish() lays the sections out and seals them. Everything lives
 * in the builder's arena. Equal calls give equal bytes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_IMAGE_WRITER_H
#define CARDEA_IMAGE_WRITER_H

#include "cel/code.h"
#include "image/format.h"

struct image_builder;

struct image_builder *image_builder_new(struct arena *arena);

/* Number of the name, from 1; the same for equal names. */
uint32_t image_symbol(struct image_builder *builder, str name);

/* A text that is not looked up by requests; equal texts share bytes. */
struct img_text image_text(struct image_builder *builder, str text);

/* Appends one record (of the section's size) and returns its number. */
uint32_t image_push(struct image_builder *builder, enum image_section section, const void *record);

/* How many records the section has. */
uint32_t image_count(const struct image_builder *builder, enum image_section section);

/* Changes a record that was pushed before. Valid until the next push to the section. */
void *image_record(struct image_builder *builder, enum image_section section, uint32_t number);

/* Number of a pattern in GLOBS; equal patterns share one. A pattern that is not valid matches nothing. */
uint32_t image_glob(struct image_builder *builder, str pattern);

/* Appends a unit of code; texts[i] is the source of expression i. */
uint32_t image_unit(struct image_builder *builder, const struct cel_code *code, const str *texts);

/* Enters a directory key. False when it is there already. */
bool image_directory(struct image_builder *builder, struct img_entry entry);

/* Lays out and seals. ELIMIT when the image would exceed IMAGE_MAX_BYTES. Call once. */
cardea_status image_finish(struct image_builder *builder, uint32_t policies, uint32_t rules, uint32_t flags,
                           str *out);

/* Bytes of a record of each section; shared with the reader. */
uint32_t image_record_size(enum image_section section);

/* Slot at which the search for a directory key begins; shared with the reader. */
uint32_t image_directory_hash(uint32_t type, uint32_t name, uint32_t version, uint32_t scope);

#endif
