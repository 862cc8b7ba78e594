/* compress.h — bodies as gzip
 *
 * One compressor for each worker; its memory is taken when it is made and not while it works.
 * One thread.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_SERVER_COMPRESS_H
#define CARDEA_SERVER_COMPRESS_H

#include "base/str.h"

struct gzip;

struct gzip *gzip_new(void); /* NULL: no memory */
void gzip_free(struct gzip *gzip);

/* The text as gzip, in the arena. ptr NULL when it cannot be compressed; then it is to be sent as it is. */
str gzip_text(struct gzip *gzip, struct arena *arena, str text);

/* Does a header Accept-Encoding want gzip? */
bool gzip_wanted(str accept_encoding);

#endif
