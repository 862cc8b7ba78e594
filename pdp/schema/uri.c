/* uri.c — taking URLs apart and putting references onto them, as the reference's library does
 *
 * The reference's library is lenient: it wants escapes to be well-formed, a host without strange
 * characters, a port of digits, and little else. What it accepts decides the formats `uri` and
 * `uri-reference`, and where `$ref` leads.
 *
 * spec: cerbos-compat#schemas
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "schema/uri.h"

#include "cel/ip.h"
#include "schema/text.h"

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_one_of(char c, const char *set)
{
    return c != 0 && strchr(set, c) != NULL;
}

static str quoted(struct arena *arena, str s)
{
    struct sb sb = sb_new(arena);
    text_quote(&sb, s, '"');
    return sb_str(&sb);
}

static bool refuse(str *why, str text)
{
    *why = text;
    return false;
}

/* ---- escapes ---- */
enum part { PART_TEXT, PART_HOST, PART_ZONE };

static bool plain_in_host(char c)
{
    return is_letter(c) || is_digit(c) || is_one_of(c, "!$&'()*+,;=:[]<>\"-_.~");
}

/* What a host may hold beside well-formed escapes: escapes stand for bytes above ASCII only, but
 * for the `%25` of a zone, behind which they may stand for what could be written plainly. */
static bool host_ok(struct arena *arena, str s, enum part part, str decoded, str *why)
{
    for (isize i = 0, k = 0; i < s.len; i++, k++) {
        if (s.ptr[i] != '%') {
            if ((unsigned char)s.ptr[i] < 0x80 && !plain_in_host(s.ptr[i])) {
                str shown = quoted(arena, str_slice(s, i, i + 1));
                return refuse(
                    why, str_printf(arena, "invalid character %.*s in host name", STR_ARG(shown)));
            }
            continue;
        }
        char c = decoded.ptr[k];
        bool percent = str_eq(str_slice(s, i, i + 3), S("%25"));
        bool ok = percent ||
                  (part == PART_HOST ? (unsigned char)c >= 0x80 : c == ' ' || plain_in_host(c));
        if (!ok) {
            str shown = quoted(arena, str_slice(s, i, i + 3));
            return refuse(why, str_printf(arena, "invalid URL escape %.*s", STR_ARG(shown)));
        }
        i += 2;
    }
    return true;
}

static bool unescape(struct arena *arena, str s, enum part part, str *out, str *why)
{
    str bad;
    if (!text_unescape(arena, s, out, &bad)) {
        str shown = quoted(arena, bad);
        return refuse(why, str_printf(arena, "invalid URL escape %.*s", STR_ARG(shown)));
    }
    return part == PART_TEXT || host_ok(arena, s, part, *out, why);
}

/* ---- hosts ---- */
static bool is_port(str s)
{
    if (s.len == 0) {
        return true;
    }
    for (isize i = 1; i < s.len; i++) {
        if (!is_digit(s.ptr[i])) {
            return false;
        }
    }
    return s.ptr[0] == ':';
}

static bool bad_port(struct arena *arena, str port, str *why)
{
    str shown = quoted(arena, port);
    return refuse(why, str_printf(arena, "invalid port %.*s after host", STR_ARG(shown)));
}

/* `[address]:port`, perhaps with a zone behind `%25`. */
static bool parse_bracketed(struct arena *arena, str host, str *out, str *why)
{
    isize close = str_rfind(host, S("]"));
    if (close < 0) {
        return refuse(why, S("missing ']' in host"));
    }
    str port = str_slice(host, close + 1, host.len);
    if (!is_port(port)) {
        return bad_port(arena, port, why);
    }
    isize zone = str_find(str_slice(host, 0, close), S("%25"));
    str address = STR_EMPTY;
    str zone_text = STR_EMPTY;
    str tail = STR_EMPTY;
    if (!unescape(arena, str_slice(host, 0, zone < 0 ? close : zone), PART_HOST, &address, why) ||
        !unescape(arena, zone < 0 ? STR_EMPTY : str_slice(host, zone, close), PART_ZONE, &zone_text,
                  why) ||
        !unescape(arena, str_slice(host, close, host.len), PART_HOST, &tail, why)) {
        return false;
    }
    struct ip ip;
    str inside = str_concat(arena, str_slice(address, 1, address.len), zone_text);
    if (!ip_parse(arena, inside, &ip, NULL) || ip.bits != 128) {
        return refuse(why, S("invalid host"));
    }
    *out = str_concat(arena, str_concat(arena, address, zone_text), tail);
    return true;
}

static bool parse_host(struct arena *arena, str host, str *out, str *why)
{
    if (str_find_byte(host, '[') > 0) {
        return refuse(why, S("invalid host"));
    }
    if (str_starts(host, S("["))) {
        return parse_bracketed(arena, host, out, why);
    }
    isize colon = str_find_byte(host, ':');
    if (colon >= 0 && !is_port(str_slice(host, colon, host.len))) {
        return bad_port(arena, str_slice(host, colon, host.len), why);
    }
    return unescape(arena, host, PART_HOST, out, why);
}

static bool parse_authority(struct arena *arena, str authority, struct uri *out, str *why)
{
    isize at = str_rfind(authority, S("@"));
    if (!parse_host(arena, str_slice(authority, at + 1, authority.len), &out->host, why)) {
        return false;
    }
    if (at < 0) {
        return true;
    }
    out->user = str_slice(authority, 0, at);
    out->has_user = true;
    for (isize i = 0; i < out->user.len; i++) {
        char c = out->user.ptr[i];
        if (!is_letter(c) && !is_digit(c) && !is_one_of(c, "-._:~!$&'()*+,;=%@")) {
            return refuse(why, S("net/url: invalid userinfo"));
        }
    }
    str ignored;
    return unescape(arena, out->user, PART_TEXT, &ignored, why);
}

/* ---- the whole ---- */
/* The scheme and what is behind it. False when the text begins with a colon. */
static bool cut_scheme(struct arena *arena, str text, str *scheme, str *rest, str *why)
{
    *scheme = STR_EMPTY;
    *rest = text;
    for (isize i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == ':') {
            if (i == 0) {
                return refuse(why, S("missing protocol scheme"));
            }
            struct sb sb = sb_new(arena);
            for (isize k = 0; k < i; k++) {
                sb_byte(&sb, text.ptr[k] >= 'A' && text.ptr[k] <= 'Z' ? (char)(text.ptr[k] + 32)
                                                                      : text.ptr[k]);
            }
            *scheme = sb_str(&sb);
            *rest = str_slice(text, i + 1, text.len);
            return true;
        }
        if (!is_letter(c) && (i == 0 || (!is_digit(c) && !is_one_of(c, "+-.")))) {
            return true;
        }
    }
    return true;
}

static void cut_query(str *rest, struct uri *out)
{
    isize mark = str_find_byte(*rest, '?');
    if (mark < 0) {
        return;
    }
    out->query = str_slice(*rest, mark + 1, rest->len);
    out->bare_query = out->query.len == 0;
    *rest = str_slice(*rest, 0, mark);
}

/* Everything between scheme and fragment. */
static bool parse_rest(struct arena *arena, str rest, struct uri *out, str *why)
{
    str ignored;
    cut_query(&rest, out);
    if (!str_starts(rest, S("/"))) {
        if (out->scheme.len > 0) {
            out->opaque = rest;
            return true;
        }
        isize slash = str_find_byte(rest, '/');
        if (str_find_byte(str_slice(rest, 0, slash < 0 ? rest.len : slash), ':') >= 0) {
            return refuse(why, S("first path segment in URL cannot contain colon"));
        }
    }
    if ((out->scheme.len > 0 || !str_starts(rest, S("///"))) && str_starts(rest, S("//"))) {
        str authority = str_slice(rest, 2, rest.len);
        isize slash = str_find_byte(authority, '/');
        rest = slash < 0 ? STR_EMPTY : str_slice(authority, slash, authority.len);
        authority = slash < 0 ? authority : str_slice(authority, 0, slash);
        if (!parse_authority(arena, authority, out, why)) {
            return false;
        }
    } else if (out->scheme.len > 0 && str_starts(rest, S("/"))) {
        out->no_host = true;
    }
    out->path = rest;
    return unescape(arena, rest, PART_TEXT, &ignored, why);
}

bool uri_parse(struct arena *arena, str text, struct uri *out, str *why)
{
    str rest = text;
    str ignored;
    *out = (struct uri){ .path = STR_EMPTY };
    isize hash = str_find_byte(text, '#');
    if (hash >= 0) {
        out->fragment = str_slice(text, hash + 1, text.len);
        rest = str_slice(text, 0, hash);
    }
    for (isize i = 0; i < rest.len; i++) {
        if ((unsigned char)rest.ptr[i] < ' ' || rest.ptr[i] == 0x7f) {
            return refuse(why, S("net/url: invalid control character in URL"));
        }
    }
    if (str_eq(rest, S("*"))) {
        out->path = rest;
    } else if (!cut_scheme(arena, rest, &out->scheme, &rest, why) ||
               !parse_rest(arena, rest, out, why)) {
        return false;
    }
    return unescape(arena, out->fragment, PART_TEXT, &ignored, why);
}

str uri_host_name(const struct uri *uri)
{
    str host = uri->host;
    isize colon = str_rfind(host, S(":"));
    if (colon >= 0 && is_port(str_slice(host, colon, host.len))) {
        host = str_slice(host, 0, colon);
    }
    bool bracketed = str_starts(host, S("[")) && str_ends(host, S("]"));
    return bracketed ? str_slice(host, 1, host.len - 1) : host;
}

bool uri_is_absolute(struct arena *arena, str text)
{
    struct uri uri;
    str why;
    return uri_parse(arena, text, &uri, &why) && uri.scheme.len > 0;
}

void uri_split(str uri, str *url, str *fragment)
{
    isize hash = str_find_byte(uri, '#');
    *url = str_slice(uri, 0, hash < 0 ? uri.len : hash);
    *fragment = hash < 0 ? S("#") : str_slice(uri, hash, uri.len);
    if (str_eq(*fragment, S("#/"))) {
        *fragment = S("#");
    }
}

str uri_fault(struct arena *arena, str text, str why)
{
    str shown = quoted(arena, text);
    return str_printf(arena, "parse %.*s: %.*s", STR_ARG(shown), STR_ARG(why));
}

/* ---- references ---- */
/* Adds text with everything escaped that may not stand there; what is escaped already stays. */
static void add_escaped(struct sb *out, str s, const char *plain)
{
    static const char hex[] = "0123456789ABCDEF";
    for (isize i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (is_letter(c) || is_digit(c) || is_one_of(c, plain)) {
            sb_byte(out, c);
        } else {
            sb_byte(out, '%');
            sb_byte(out, hex[(unsigned char)c >> 4]);
            sb_byte(out, hex[c & 15]);
        }
    }
}

/* Escapes anew only when something stands there that may not. */
static str encoded(struct arena *arena, str s, const char *plain, const char *tolerated)
{
    bool fine = true;
    for (isize i = 0; i < s.len && fine; i++) {
        char c = s.ptr[i];
        fine = is_letter(c) || is_digit(c) || is_one_of(c, plain) || is_one_of(c, tolerated);
    }
    if (fine) {
        return s;
    }
    str decoded = s;
    str bad;
    (void)text_unescape(arena, s, &decoded, &bad); /* parsing has checked the escapes */
    struct sb sb = sb_new(arena);
    add_escaped(&sb, decoded, plain);
    return sb_str(&sb);
}

static str encoded_path(struct arena *arena, str path)
{
    return encoded(arena, path, "-_.~$&+,/:;=@", "!'()*[]%");
}

static str encoded_fragment(struct arena *arena, str fragment)
{
    return encoded(arena, fragment, "-_.~$&+,/:;=?@!()*", "'[]%");
}

/* `ref` put in place of the last segment of `base`; `.` and `..` are gone. */
static str join_paths(struct arena *arena, str base, str ref)
{
    str full = ref;
    if (ref.len == 0) {
        full = base;
    } else if (ref.ptr[0] != '/') {
        full = str_concat(arena, str_slice(base, 0, str_rfind(base, S("/")) + 1), ref);
    }
    if (full.len == 0) {
        return STR_EMPTY;
    }
    struct sb sb = sb_new(arena);
    bool first = true;
    bool more = true;
    str segment = STR_EMPTY;
    sb_byte(&sb, '/');
    while (more) {
        more = str_cut(full, '/', &segment, &full);
        if (str_eq(segment, S("."))) {
            first = false;
        } else if (str_eq(segment, S(".."))) {
            isize slash = str_rfind(str_slice(sb_str(&sb), 1, sb.len), S("/"));
            first = slash < 0;
            sb.len = slash < 0 ? 1 : slash + 1;
        } else {
            sb_add(&sb, first ? STR_EMPTY : S("/"));
            sb_add(&sb, segment);
            first = false;
        }
    }
    if (str_eq(segment, S(".")) || str_eq(segment, S(".."))) {
        sb_byte(&sb, '/');
    }
    str path = sb_str(&sb);
    return str_starts(path, S("//")) ? str_slice(path, 1, path.len) : path;
}

static void put_authority(struct sb *sb, const struct uri *u)
{
    if (u->scheme.len == 0 && u->host.len == 0 && !u->has_user) {
        return;
    }
    if (u->no_host && u->host.len == 0 && !u->has_user) {
        return;
    }
    if (u->host.len > 0 || u->path.len > 0 || u->has_user) {
        sb_add(sb, S("//"));
    }
    if (u->has_user) {
        sb_add(sb, u->user);
        sb_byte(sb, '@');
    }
    add_escaped(sb, u->host, "!$&'()*+,;=:[]<>\"-_.~");
}

static str uri_text(struct arena *arena, const struct uri *u)
{
    struct sb sb = sb_new(arena);
    sb_add(&sb, u->scheme);
    sb_add(&sb, u->scheme.len > 0 ? S(":") : STR_EMPTY);
    if (u->opaque.len > 0) {
        sb_add(&sb, u->opaque);
    } else {
        put_authority(&sb, u);
        bool apart = u->path.len > 0 && u->path.ptr[0] != '/' && u->host.len > 0;
        sb_add(&sb, apart ? S("/") : STR_EMPTY);
        sb_add(&sb, u->path);
    }
    sb_add(&sb, u->bare_query || u->query.len > 0 ? S("?") : STR_EMPTY);
    sb_add(&sb, u->query);
    sb_add(&sb, u->fragment.len > 0 ? S("#") : STR_EMPTY);
    sb_add(&sb, u->fragment.len > 0 ? encoded_fragment(arena, u->fragment) : STR_EMPTY);
    return sb_str(&sb);
}

static struct uri resolve(struct arena *arena, const struct uri *base, const struct uri *ref)
{
    struct uri u = *ref;
    u.scheme = base->scheme;
    if (ref->host.len > 0 || ref->has_user) {
        u.path = join_paths(arena, encoded_path(arena, ref->path), STR_EMPTY);
        return u;
    }
    if (ref->path.len == 0 && !ref->bare_query && ref->query.len == 0) {
        u.query = base->query;
        u.fragment = ref->fragment.len > 0 ? ref->fragment : base->fragment;
    }
    if (ref->path.len == 0 && base->opaque.len > 0) {
        u.opaque = base->opaque;
        return u;
    }
    u.host = base->host;
    u.user = base->user;
    u.has_user = base->has_user;
    u.path = join_paths(arena, encoded_path(arena, base->path), encoded_path(arena, ref->path));
    return u;
}

bool uri_resolve(struct arena *arena, str base, str ref, str *out, str *why)
{
    struct uri b;
    struct uri r;
    *out = ref.len == 0 ? base : ref;
    if (ref.len == 0 || str_starts(ref, S("urn:"))) {
        return true;
    }
    str reason;
    if (!uri_parse(arena, ref, &r, &reason)) {
        return refuse(why, uri_fault(arena, ref, reason));
    }
    if (r.scheme.len > 0) {
        return true;
    }
    if (str_starts(base, S("urn:"))) {
        str url;
        str fragment;
        uri_split(base, &url, &fragment);
        *out = str_concat(arena, url, ref);
        return true;
    }
    if (!uri_parse(arena, base, &b, &reason)) {
        return refuse(why, uri_fault(arena, base, reason));
    }
    struct uri u = resolve(arena, &b, &r);
    *out = uri_text(arena, &u);
    return true;
}
