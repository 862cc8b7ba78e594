/* fuzz_http.c — HTTP messages, whole and in pieces
 *
 * The first byte chooses the size of the pieces. A stream must give the same messages (targets,
 * bodies, ends) however it is cut, and every view must lie inside the bytes of its message.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/http.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MOST 8192

static const struct http_limits limits = {
    .head_bytes = 3 * INPUT_MOST, .headers = 1000, .body_bytes = 200, .chunk_extra_bytes = 64
};

/* A broken promise ends the program, as a sanitizer would. */
static void demand(bool kept)
{
    if (!kept) {
        abort();
    }
}

struct seen {
    uint64_t hash; /* of all complete messages       */
    int messages;  /* how many                       */
    bool failed;   /* the last was refused           */
};

static void check_views(const struct http_parser *p, int32_t fill)
{
    demand(p->used >= 0 && p->used <= fill);
    demand(p->target.start >= 0 && p->target.start + p->target.len <= p->used);
    for (int i = 0; i < HTTP_HEADER_COUNT; i++) {
        demand(p->headers[i].start >= 0 && p->headers[i].len >= 0);
        demand(p->headers[i].start + p->headers[i].len <= p->used);
    }
    demand(p->body_start >= 0 && p->body_len >= 0 && p->body_start + p->body_len <= p->used);
    demand(p->body_total <= limits.body_bytes && p->body_len == p->body_total);
}

static void note(struct seen *seen, const struct http_parser *p, const char *base)
{
    str target = http_text(base, p->target);
    str body = { base + p->body_start, p->body_len };
    demand(p->head_done && target.len > 0 && (target.ptr[0] == '/' || str_eq(target, S("*"))));
    demand(p->headers[HTTP_CONTENT_LENGTH].start == 0 ||
           p->headers[HTTP_TRANSFER_ENCODING].start == 0);
    seen->hash = str_siphash(target, seen->hash, (uint64_t)p->method);
    seen->hash = str_siphash(body, seen->hash, (uint64_t)p->keep_alive);
    seen->messages++;
}

static struct seen run(const uint8_t *data, size_t size, size_t piece)
{
    static char buffer[INPUT_MOST];
    struct seen seen = { .hash = 7 };
    struct http_parser p;
    char *base = buffer;
    int32_t fill = 0;
    http_init(&p, &limits);
    for (size_t at = 0; at < size;) {
        size_t len = piece < size - at ? piece : size - at;
        memcpy(base + fill, data + at, len);
        at += len;
        fill += (int32_t)len;
        while (p.used < fill) {
            enum http_event event = http_feed(&p, base, fill);
            if (event == HTTP_FAILED) {
                demand(p.status >= 400 && p.status < 600 && p.error != NULL);
                seen.failed = true;
                return seen;
            }
            check_views(&p, fill);
            if (event == HTTP_MORE) {
                break;
            }
            note(&seen, &p, base);
            base += p.used;
            fill -= p.used;
            http_begin(&p);
        }
    }
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > INPUT_MOST) {
        return 0;
    }
    str_hash_key_set(1, 2);
    size_t piece = data[0] % 32 + 1;
    struct seen whole = run(data + 1, size - 1, size);
    struct seen pieces = run(data + 1, size - 1, piece);
    demand(whole.hash == pieces.hash && whole.messages == pieces.messages &&
           whole.failed == pieces.failed);
    return 0;
}
