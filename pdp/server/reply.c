/* reply.c — responses, written once
 *
 * The head of the first response of a round ends where its body begins; what is left of its room
 * lies before the first byte that is sent. Later ones move down by what they did not need, so that
 * the round stays one piece; bodies are small, and most rounds have one response.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/reply.h"

#include "base/time.h"

#include <assert.h>

#define HEAD_ROOM                                                                                  \
    400 /* bytes; the longest head has about 330, not counting the lines that a handler adds */

void outbox_begin(struct outbox *outbox)
{
    outbox->text.len = 0;
    outbox->from = 0;
}

str outbox_pending(const struct outbox *outbox)
{
    return str_slice(sb_str(&outbox->text), outbox->from, outbox->text.len);
}

void outbox_continue(struct outbox *outbox)
{
    sb_add(&outbox->text, S("HTTP/1.1 100 Continue\r\n\r\n"));
}

void reply_begin(struct reply *reply, struct outbox *outbox)
{
    *reply = (struct reply){
        .outbox = outbox, .out = &outbox->text, .start = outbox->text.len, .status = 200
    };
    reply_restart(reply);
}

/* Bytes between the start of a response and its body. */
static isize head_room(const struct reply *reply)
{
    return HEAD_ROOM + reply->lines.len;
}

void reply_restart(struct reply *reply)
{
    reply->out->len = reply->start;
    sb_reserve(reply->out, head_room(reply));
    reply->out->len += head_room(reply);
}

isize reply_body_len(const struct reply *reply)
{
    return reply->out->len - reply->start - head_room(reply);
}

str reply_body(const struct reply *reply)
{
    return (str){ reply->out->ptr + reply->start + head_room(reply), reply_body_len(reply) };
}

void reply_lines(struct reply *reply, str lines)
{
    reply->lines = lines;
    reply_restart(reply);
}

static int status_of(enum reply_code code)
{
    switch (code) {
    case REPLY_CANCELLED:
        return 499;
    case REPLY_INVALID:
    case REPLY_PRECONDITION:
        return 400;
    case REPLY_DEADLINE:
        return 504;
    case REPLY_NOT_FOUND:
        return 404;
    case REPLY_PERMISSION:
        return 403;
    case REPLY_EXHAUSTED:
        return 429;
    case REPLY_UNIMPLEMENTED:
        return 501;
    case REPLY_UNAVAILABLE:
        return 503;
    case REPLY_UNAUTHENTICATED:
        return 401;
    case REPLY_UNKNOWN:
    case REPLY_INTERNAL:
        break;
    }
    return 500;
}

void reply_error(struct reply *reply, enum reply_code code, str message, str details)
{
    reply_restart(reply);
    reply->status = status_of(code);
    reply->type = REPLY_JSON;
    reply->api = false;
    struct jw w = jw_new(reply->out, reply->indent);
    jw_object(&w);
    jw_key(&w, S("code"));
    jw_int(&w, code);
    jw_key(&w, S("message"));
    jw_string(&w, message);
    if (details.len > 0) {
        jw_key(&w, S("details"));
        jw_raw(&w, details);
    }
    jw_object_end(&w);
}

void reply_text(struct reply *reply, int status, str text)
{
    reply_restart(reply);
    reply->status = status;
    reply->type = REPLY_TEXT;
    reply->api = false;
    sb_add(reply->out, text);
}

void reply_empty(struct reply *reply)
{
    reply_restart(reply);
    reply->status = 204;
    reply->type = REPLY_EMPTY;
    reply->api = false;
}

/* ---- head ---- */

static str status_line(int status)
{
    switch (status) {
    case 200:
        return S("HTTP/1.1 200 OK\r\n");
    case 204:
        return S("HTTP/1.1 204 No Content\r\n");
    case 400:
        return S("HTTP/1.1 400 Bad Request\r\n");
    case 401:
        return S("HTTP/1.1 401 Unauthorized\r\n");
    case 403:
        return S("HTTP/1.1 403 Forbidden\r\n");
    case 404:
        return S("HTTP/1.1 404 Not Found\r\n");
    case 408:
        return S("HTTP/1.1 408 Request Timeout\r\n");
    case 417:
        return S("HTTP/1.1 417 Expectation Failed\r\n");
    case 429:
        return S("HTTP/1.1 429 Too Many Requests\r\n");
    case 431:
        return S("HTTP/1.1 431 Request Header Fields Too Large\r\n");
    case 499:
        return S("HTTP/1.1 499 Client Closed Request\r\n");
    case 501:
        return S("HTTP/1.1 501 Not Implemented\r\n");
    case 503:
        return S("HTTP/1.1 503 Service Unavailable\r\n");
    case 504:
        return S("HTTP/1.1 504 Gateway Timeout\r\n");
    case 505:
        return S("HTTP/1.1 505 HTTP Version Not Supported\r\n");
    default:
        return S("HTTP/1.1 500 Internal Server Error\r\n");
    }
}

struct head {
    char text[HEAD_ROOM];
    isize len;
};

static void put(struct head *head, str s)
{
    assert(head->len + s.len <= HEAD_ROOM);
    memcpy(head->text + head->len, s.ptr, (size_t)s.len);
    head->len += s.len;
}

static void put_length(struct head *head, isize n)
{
    char digits[20];
    int at = countof(digits);
    do {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    put(head, (str){ digits + at, countof(digits) - at });
}

static str content_type(enum reply_type type)
{
    switch (type) {
    case REPLY_JSON:
        return S("Content-Type: application/json\r\n");
    case REPLY_TEXT:
        return S("Content-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n");
    case REPLY_METRICS:
        return S(
            "Content-Type: text/plain; version=0.0.4; charset=utf-8; escaping=underscores\r\n");
    case REPLY_HTML:
        return S("Content-Type: text/html; charset=utf-8\r\n");
    case REPLY_EMPTY:
        break;
    }
    return STR_EMPTY;
}

static void put_head(struct head *head, const struct reply *reply, const struct reply_line *line,
                     isize body_len)
{
    put(head, status_line(reply->status));
    put(head, content_type(reply->type));
    if (reply->api) {
        put(head, S("Grpc-Metadata-Cerbos-Version: " REPLY_CERBOS_VERSION
                    "\r\nGrpc-Metadata-Content-Type: application/grpc\r\n"));
    }
    put(head, S("Date: "));
    put(head, line->date);
    if (reply->type != REPLY_EMPTY) {
        put(head, S("\r\nContent-Length: "));
        put_length(head, body_len);
    }
    if (line->close) {
        put(head, S("\r\nConnection: close"));
    } else if (line->http10) {
        put(head, S("\r\nConnection: keep-alive"));
    }
    put(head, S("\r\n"));
}

/* Writes the head, the added lines and the empty line to the outbox, beginning at `at`. */
static void place_head(char *at, const struct head *head, str lines)
{
    memcpy(at, head->text, (size_t)head->len);
    if (lines.len > 0) {
        memcpy(at + head->len, lines.ptr, (size_t)lines.len);
    }
    memcpy(at + head->len + lines.len, "\r\n", 2);
}

void reply_end(struct reply *reply, const struct reply_line *line)
{
    struct outbox *outbox = reply->outbox;
    struct sb *out = reply->out;
    isize body_start = reply->start + head_room(reply);
    isize body_len = out->len - body_start;
    struct head head;
    head.len = 0;
    put_head(&head, reply, line, body_len);
    isize head_len = head.len + reply->lines.len + 2;
    if (line->head_only) {
        body_len = 0;
    }
    if (outbox->from == reply->start) { /* the first of its round: leave the gap in front */
        outbox->from = body_start - head_len;
        place_head(out->ptr + outbox->from, &head, reply->lines);
        out->len = body_start + body_len;
        return;
    }
    memmove(out->ptr + reply->start + head_len, out->ptr + body_start, (size_t)body_len);
    place_head(out->ptr + reply->start, &head, reply->lines);
    out->len = reply->start + head_len + body_len;
}

void reply_date(char out[29], int64_t seconds)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct civil c;
    time_civil(seconds, &c);
    memcpy(out, "Day, 00 Mon 0000 00:00:00 GMT", 29);
    memcpy(out, days + c.weekday * 3, 3);
    memcpy(out + 8, months + (c.month - 1) * 3, 3);
    const struct {
        int at;
        int64_t value;
    } pairs[] = { { 5, c.day },   { 12, c.year / 100 }, { 14, c.year % 100 },
                  { 17, c.hour }, { 20, c.minute },     { 23, c.second } };
    for (int i = 0; i < countof(pairs); i++) {
        out[pairs[i].at] = (char)('0' + pairs[i].value / 10 % 10);
        out[pairs[i].at + 1] = (char)('0' + pairs[i].value % 10);
    }
}
