/* compress.c — bodies as gzip
 *
 * The fastest level: replies are small and repeat themselves, so that a better one gains little.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/compress.h"

#include <limits.h>
#include <stdlib.h>
#define ZLIB_CONST /* its input is not written to */
#include <zlib.h>

#define POOL_BYTES                                                                                 \
    (384 * 1024)              /* zlib says: 256 KiB for these settings, and something for itself */
#define WINDOW_BITS (15 + 16) /* the largest window, in gzip's clothes                           */
#define MEMORY      8         /* zlib's usual                                                    */

struct gzip {
    z_stream stream;
    size_t used; /* bytes of the pool */
    _Alignas(16) char pool[POOL_BYTES];
};

/* zlib's memory; asked for only while the stream is made. */
static void *take(void *opaque, unsigned count, unsigned size)
{
    struct gzip *gzip = opaque;
    size_t bytes =
        ((size_t)count * size + 15) & ~(size_t)15; /* two 32-bit numbers cannot overflow 64 */
    if (bytes > POOL_BYTES - gzip->used) {
        return NULL;
    }
    void *at = gzip->pool + gzip->used;
    gzip->used += bytes;
    return at;
}

static void give(void *opaque, void *at)
{
    (void)opaque;
    (void)at; /* goes with the pool */
}

struct gzip *gzip_new(void)
{
    struct gzip *gzip = calloc(1, sizeof *gzip);
    if (gzip == NULL) {
        return NULL;
    }
    gzip->stream.zalloc = take;
    gzip->stream.zfree = give;
    gzip->stream.opaque = gzip;
    if (deflateInit2(&gzip->stream, Z_BEST_SPEED, Z_DEFLATED, WINDOW_BITS, MEMORY,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        free(gzip);
        return NULL;
    }
    return gzip;
}

void gzip_free(struct gzip *gzip)
{
    free(gzip); /* with all that zlib took */
}

str gzip_text(struct gzip *gzip, struct arena *arena, str text)
{
    z_stream *stream = &gzip->stream;
    if (text.len > INT_MAX / 2 || deflateReset(stream) != Z_OK) {
        return (str){ NULL, 0 };
    }
    isize room = (isize)deflateBound(stream, (unsigned long)text.len);
    char *to = arena_bytes(arena, room);
    stream->next_in = (const unsigned char *)text.ptr;
    stream->avail_in = (unsigned)text.len;
    stream->next_out = (unsigned char *)to;
    stream->avail_out = (unsigned)room;
    if (deflate(stream, Z_FINISH) != Z_STREAM_END) {
        return (str){ NULL, 0 };
    }
    return (str){ to, room - (isize)stream->avail_out };
}

/* Is a quality zero? `q=0`, `q=0.`, `q=0.000`. */
static bool is_never(str parameters)
{
    while (parameters.len > 0) {
        str one;
        str name;
        str value;
        (void)str_cut(parameters, ';', &one, &parameters);
        (void)str_cut(one, '=', &name, &value);
        if (!str_eq_nocase(str_trim(name), S("q"))) {
            continue;
        }
        value = str_trim(value);
        bool zero = value.len > 0;
        for (isize i = 0; i < value.len; i++) {
            zero = zero && (value.ptr[i] == '0' || value.ptr[i] == '.');
        }
        return zero;
    }
    return false;
}

bool gzip_wanted(str accept_encoding)
{
    bool any = false; /* by a star */
    while (accept_encoding.len > 0) {
        str one;
        str coding;
        str parameters;
        (void)str_cut(accept_encoding, ',', &one, &accept_encoding);
        (void)str_cut(one, ';', &coding, &parameters);
        coding = str_trim(coding);
        if (str_eq_nocase(coding, S("gzip"))) {
            return !is_never(parameters);
        }
        any = any || (str_eq(coding, S("*")) && !is_never(parameters));
    }
    return any;
}
