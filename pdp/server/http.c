/* http.c — llhttp and the rules it leaves open
 *
 * llhttp runs in its strict mode. Its callbacks may be called several times for one part when the
 * part arrives in pieces; as the pieces lie behind one another in the buffer, a view only grows.
 * The parser pauses at the end of each message, so that what follows is left to the next one.
 *
 * Invariants
 *   used never passes the bytes that were fed       → views stay inside the buffer
 * body_start + body_len ≤ used                    → squeezing chunks never overwrites unparsed
 * bytes
 *
 * Neighbours: conn.c owns the buffer · tests/unit/test_http.c has the table of probes
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/http.h"

/* ORDER HTTP_HEADERS */
static const str header_names[HTTP_HEADER_COUNT] = {
    [HTTP_HOST] = { "host", 4 },
    [HTTP_CONTENT_LENGTH] = { "content-length", 14 },
    [HTTP_TRANSFER_ENCODING] = { "transfer-encoding", 17 },
    [HTTP_EXPECT] = { "expect", 6 },
    [HTTP_ORIGIN] = { "origin", 6 },
    [HTTP_ACCEPT] = { "accept", 6 },
    [HTTP_ACCEPT_ENCODING] = { "accept-encoding", 15 },
    [HTTP_FORWARDED_HOST] = { "x-forwarded-host", 16 },
    [HTTP_FORWARDED_PROTO] = { "x-forwarded-proto", 17 },
    [HTTP_REQUEST_METHOD] = { "access-control-request-method", 29 },
    [HTTP_REQUEST_HEADERS] = { "access-control-request-headers", 30 },
};

/* ---- small helpers ---- */

/* Stops the parser with a status and a reason; the value goes back to llhttp. */
static int refuse(struct http_parser *p, int status, const char *error)
{
    if (p->error == NULL) {
        p->status = (int16_t)status;
        p->error = error;
    }
    return HPE_USER;
}

/* Makes a view cover [at, at + len), which follows what it covers already. */
static void view_grow(struct http_parser *p, struct http_view *view, const char *at, size_t len)
{
    if (view->start == 0) {
        view->start = (int32_t)(at - p->base);
    }
    view->len += (int32_t)len;
    if (len > 0) {
        p->last_end = (int32_t)(at - p->base) + (int32_t)len;
    }
}

static int count_extra(struct http_parser *p, size_t len)
{
    if ((int64_t)len > p->limits->chunk_extra_bytes - p->extra_bytes) {
        return refuse(p, 431, "chunk extensions or trailers too large");
    }
    p->extra_bytes += (int32_t)len;
    return 0;
}

static enum http_header header_find(str name)
{
    for (int i = 0; i < HTTP_HEADER_COUNT; i++) {
        if (str_eq_nocase(name, header_names[i])) {
            return (enum http_header)i;
        }
    }
    return HTTP_HEADER_NONE;
}

/* ---- callbacks ---- */

static int on_method(llhttp_t *ll, const char *at, size_t len)
{
    struct http_parser *p = ll->data;
    p->last_end = (int32_t)(at - p->base) + (int32_t)len;
    return 0;
}

static int on_url(llhttp_t *ll, const char *at, size_t len)
{
    struct http_parser *p = ll->data;
    if (p->target.start == 0 && at - p->base != p->last_end + 1) {
        return refuse(p, 400, "malformed request line"); /* more than one blank */
    }
    view_grow(p, &p->target, at, len);
    return 0;
}

static int on_field(llhttp_t *ll, const char *at, size_t len)
{
    struct http_parser *p = ll->data;
    if (p->head_done) {
        return count_extra(p, len);
    }
    view_grow(p, &p->field, at, len);
    return 0;
}

static int on_value(llhttp_t *ll, const char *at, size_t len)
{
    struct http_parser *p = ll->data;
    if (p->head_done) {
        return count_extra(p, len);
    }
    view_grow(p, &p->value, at, len);
    return 0;
}

/* Keeps the value of a header that somebody asks for. Of those that do not decide how the message
 * is read, the first one counts. */
static int keep_value(struct http_parser *p, enum http_header header)
{
    struct http_view *kept = &p->headers[header];
    if (kept->start == 0) {
        *kept = p->value;
        if (kept->start == 0) { /* an empty value has no place; any place will do */
            kept->start = p->field.start;
        }
        return 0;
    }
    if (header >= HTTP_FRAMING_COUNT) {
        return 0;
    }
    return refuse(p, 400,
                  header == HTTP_HOST ? "more than one Host header" : "repeated header field");
}

/* One header field is complete. */
static int on_value_complete(llhttp_t *ll)
{
    struct http_parser *p = ll->data;
    if (++p->header_count > p->limits->headers) {
        return refuse(p, 431, "too many header fields");
    }
    if (p->head_done) {
        return 0;
    }
    enum http_header header = header_find(http_text(p->base, p->field));
    if (header != HTTP_HEADER_NONE && keep_value(p, header) != 0) {
        return HPE_USER;
    }
    p->field = (struct http_view){ 0, 0 };
    p->value = (struct http_view){ 0, 0 };
    return 0;
}

static uint8_t method_of(uint8_t method)
{
    switch (method) {
    case HTTP_GET:
        return HTTP_METHOD_GET;
    case HTTP_HEAD:
        return HTTP_METHOD_HEAD;
    case HTTP_POST:
        return HTTP_METHOD_POST;
    case HTTP_PUT:
        return HTTP_METHOD_PUT;
    case HTTP_PATCH:
        return HTTP_METHOD_PATCH;
    case HTTP_DELETE:
        return HTTP_METHOD_DELETE;
    case HTTP_OPTIONS:
        return HTTP_METHOD_OPTIONS;
    default:
        return HTTP_METHOD_OTHER;
    }
}

/* Characters of a host name, an address or a port. */
static bool host_ok(str host)
{
    for (isize i = 0; i < host.len; i++) {
        char c = host.ptr[i];
        bool ok = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  (c != '\0' && strchr("-._~%!$&'()*+,;=:[]", c) != NULL);
        if (!ok) {
            return false;
        }
    }
    return true;
}

/* Takes scheme and authority off an absolute target; the authority must be written like a host. */
static bool target_settle(struct http_parser *p)
{
    str target = http_text(p->base, p->target);
    if (str_find_byte(target, '#') >= 0) {
        return false;
    }
    if (target.len > 0 && target.ptr[0] == '/') {
        return true;
    }
    isize skip = str_starts(target, S("http://")) ? 7 : str_starts(target, S("https://")) ? 8 : -1;
    if (skip < 0) {
        return p->method == HTTP_METHOD_OPTIONS && str_eq(target, S("*"));
    }
    isize slash = str_find_byte(str_slice(target, skip, target.len), '/');
    if (slash <= 0 || !host_ok(str_slice(target, skip, skip + slash))) {
        return false;
    }
    p->target.start += (int32_t)(skip + slash);
    p->target.len -= (int32_t)(skip + slash);
    return true;
}

/* Where the head ends. Strict parsing has seen to it that an empty line stands behind the last
 * part. */
static int32_t head_end(const struct http_parser *p)
{
    str rest = { p->base + p->last_end, p->fill - p->last_end };
    isize end = str_find(rest, S("\r\n\r\n"));
    return end < 0 ? p->fill : p->last_end + (int32_t)end + 4;
}

static int check_version(struct http_parser *p)
{
    if (p->ll.http_major != 1 || p->ll.http_minor > 1) {
        return refuse(p, 505, "HTTP version not supported");
    }
    return 0;
}

static int check_framing(struct http_parser *p)
{
    struct http_view coding = p->headers[HTTP_TRANSFER_ENCODING];
    if (coding.start != 0) {
        if (p->headers[HTTP_CONTENT_LENGTH].start != 0) {
            return refuse(p, 400, "both Content-Length and Transfer-Encoding");
        }
        if (p->ll.http_minor == 0) {
            return refuse(p, 400, "Transfer-Encoding in HTTP/1.0");
        }
        if (!str_eq_nocase(http_text(p->base, coding), S("chunked"))) {
            return refuse(p, 501, "unsupported transfer coding");
        }
        return 0;
    }
    if (p->headers[HTTP_CONTENT_LENGTH].start != 0 &&
        p->ll.content_length > (uint64_t)p->limits->body_bytes) {
        return refuse(p, 413, "request body too large");
    }
    return 0;
}

static int check_expectation(struct http_parser *p)
{
    struct http_view expect = p->headers[HTTP_EXPECT];
    if (expect.start == 0 || p->ll.http_minor == 0) {
        return 0;
    }
    if (!str_eq_nocase(http_text(p->base, expect), S("100-continue"))) {
        return refuse(p, 417, "unknown expectation");
    }
    p->expects_continue = true;
    return 0;
}

static int on_headers_complete(llhttp_t *ll)
{
    struct http_parser *p = ll->data;
    p->method = method_of(ll->method);
    ll->upgrade = 0; /* no protocol to upgrade to: the request is served as it is */
    if (check_version(p) != 0 || check_framing(p) != 0 || check_expectation(p) != 0) {
        return HPE_USER;
    }
    struct http_view host = p->headers[HTTP_HOST];
    if (host.start == 0 && ll->http_minor >= 1) {
        return refuse(p, 400, "missing required Host header");
    }
    if (!host_ok(http_text(p->base, host))) {
        return refuse(p, 400, "malformed Host header");
    }
    if (ll->method == HTTP_CONNECT || !target_settle(p)) {
        return refuse(p, 400, "malformed request target");
    }
    p->body_start = head_end(p);
    if (p->body_start > p->limits->head_bytes) {
        return refuse(p, 431, "request head too large");
    }
    p->head_done = true;
    p->keep_alive = llhttp_should_keep_alive(ll) != 0;
    return 0;
}

static int on_body(llhttp_t *ll, const char *at, size_t len)
{
    struct http_parser *p = ll->data;
    if ((int64_t)len > p->limits->body_bytes - p->body_total) {
        return refuse(p, 413, "request body too large");
    }
    char *to = p->base + p->body_start + p->body_len;
    if (to != at) { /* chunk framing lies between: close the gap */
        memmove(to, at, len);
    }
    p->body_len += (int32_t)len;
    p->body_total += (int64_t)len;
    return 0;
}

static int on_chunk_extension(llhttp_t *ll, const char *at, size_t len)
{
    (void)at;
    return count_extra(ll->data, len);
}

static int on_message_complete(llhttp_t *ll)
{
    (void)ll;
    return HPE_PAUSED; /* what follows belongs to the next message */
}

static const llhttp_settings_t settings = {
    .on_method = on_method,
    .on_url = on_url,
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_header_value_complete = on_value_complete,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_chunk_extension_name = on_chunk_extension,
    .on_chunk_extension_value = on_chunk_extension,
    .on_message_complete = on_message_complete,
};

/* ---- the parser ---- */

void http_init(struct http_parser *p, const struct http_limits *limits)
{
    *p = (struct http_parser){ .limits = limits };
    llhttp_init(&p->ll, HTTP_REQUEST, &settings);
    p->ll.data = p;
}

void http_begin(struct http_parser *p)
{
    const struct http_limits *limits = p->limits;
    llhttp_t ll = p->ll;
    llhttp_reset(&ll);
    *p = (struct http_parser){ .limits = limits, .ll = ll };
    p->ll.data = p;
}

/* What the parser's own refusals mean for the peer. */
static enum http_event fail(struct http_parser *p, llhttp_errno_t err)
{
    switch (err) {
    case HPE_INVALID_VERSION:
        (void)refuse(p, 505, "HTTP version not supported");
        break;
    case HPE_INVALID_METHOD:
        (void)refuse(p, 400, "invalid method");
        break;
    case HPE_INVALID_URL:
        (void)refuse(p, 400, "malformed request target");
        break;
    case HPE_INVALID_HEADER_TOKEN:
        (void)refuse(p, 400, "malformed header field");
        break;
    case HPE_UNEXPECTED_CONTENT_LENGTH:
    case HPE_INVALID_CONTENT_LENGTH:
        (void)refuse(p, 400, "invalid Content-Length");
        break;
    case HPE_INVALID_TRANSFER_ENCODING:
        (void)refuse(p, 400, "invalid Transfer-Encoding");
        break;
    case HPE_INVALID_CHUNK_SIZE:
        (void)refuse(p, 400, "invalid chunk");
        break;
    default:
        (void)refuse(p, 400, "malformed request");
        break;
    }
    return HTTP_FAILED;
}

enum http_event http_feed(struct http_parser *p, char *base, int32_t fill)
{
    p->base = base;
    p->fill = fill;
    llhttp_errno_t err = HPE_OK;
    if (fill > p->used) {
        err = llhttp_execute(&p->ll, base + p->used, (size_t)(fill - p->used));
    }
    if (err == HPE_PAUSED) {
        p->used = (int32_t)(llhttp_get_error_pos(&p->ll) - base);
    } else if (err == HPE_OK) {
        p->used = fill;
    } else {
        return fail(p, err);
    }
    if (!p->head_done && p->used > p->limits->head_bytes) {
        (void)refuse(p, 431, "request head too large");
        return HTTP_FAILED;
    }
    return err == HPE_PAUSED ? HTTP_DONE : HTTP_MORE;
}

void http_body_taken(struct http_parser *p)
{
    p->body_len = 0;
    p->used = p->body_start;
}
