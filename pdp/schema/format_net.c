/* format_net.c — the formats of names in networks: hosts, mail addresses, URLs
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/utf8.h"
#include "schema/schema_priv.h"
#include "schema/uri.h"

#define HOST_MOST  253 /* bytes of a host name */
#define LABEL_MOST 63  /* bytes between two dots */
#define MAIL_MOST  254 /* bytes of a mail address */
#define LOCAL_MOST 64  /* bytes before its @ */

/* ---- hosts ---- */
static bool is_label(str s)
{
    for (isize i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && c != '-') {
            return false;
        }
    }
    return s.len >= 1 && s.len <= LABEL_MOST && s.ptr[s.len - 1] != '-';
}

bool format_is_hostname(str s)
{
    s = str_ends(s, S(".")) ? str_slice(s, 0, s.len - 1) : s;
    if (s.len > HOST_MOST || str_starts(s, S("-"))) {
        return false;
    }
    bool more = true;
    while (more) {
        str label;
        more = str_cut(s, '.', &label, &s);
        if (!is_label(label)) {
            return false;
        }
    }
    return true;
}

/* ---- mail ---- */
static bool is_visible(int32_t c)
{
    return (c >= '!' && c <= '~') || c >= 0x80;
}

/* Text between quotation marks; returns the position behind it, or -1. */
static isize pass_quoted(str s)
{
    bool escaped = false;
    for (isize i = 1; i < s.len;) {
        int32_t c = utf8_next(s, &i);
        bool space = c == ' ' || c == '\t';
        if (!is_visible(c) && !space) {
            return -1;
        }
        if (!escaped && c == '"') {
            return i > 2 ? i : -1; /* an empty name is none */
        }
        escaped = !escaped && c == '\\';
    }
    return -1;
}

/* Letters and signs with single dots between; returns the position behind them, or -1. */
static isize pass_atoms(str s)
{
    isize i = 0;
    while (i < s.len) {
        isize at = i;
        int32_t c = utf8_next(s, &at);
        if (!is_visible(c) || (c < 0x80 && strchr("()<>[]:;@\\,\"", c) != NULL)) {
            break;
        }
        i = at;
    }
    str atoms = str_slice(s, 0, i);
    bool ok =
        i > 0 && atoms.ptr[0] != '.' && !str_ends(atoms, S(".")) && str_find(atoms, S("..")) < 0;
    return ok ? i : -1;
}

static str skip_blanks(str s)
{
    while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
        s = str_slice(s, 1, s.len);
    }
    return s;
}

/* The whole text is `local@domain`, as mail programs read it. */
static bool is_address(str s)
{
    s = skip_blanks(s);
    isize local = str_starts(s, S("\"")) ? pass_quoted(s) : pass_atoms(s);
    if (local < 0 || local >= s.len || s.ptr[local] != '@') {
        return false;
    }
    str domain = skip_blanks(str_slice(s, local + 1, s.len));
    return pass_atoms(domain) == domain.len;
}

bool format_email(struct arena *arena, str s)
{
    isize at = str_rfind(s, S("@"));
    if (at < 0 || s.len > MAIL_MOST || at > LOCAL_MOST) {
        return false;
    }
    str domain = str_slice(s, at + 1, s.len);
    if (domain.len >= 2 && str_starts(domain, S("[")) && str_ends(domain, S("]"))) {
        str ip = str_slice(domain, 1, domain.len - 1);
        return str_starts(ip, S("IPv6:")) ? format_is_ipv6(arena, str_slice(ip, 5, ip.len))
                                          : format_is_ipv4(ip);
    }
    return format_is_hostname(domain) && is_address(s);
}

/* ---- URLs ---- */
static bool parse(struct arena *arena, str s, struct uri *uri)
{
    str why;
    if (!uri_parse(arena, s, uri, &why)) {
        return false;
    }
    str host = uri_host_name(uri);
    return str_find_byte(host, ':') < 0 ||
           (str_find_byte(uri->host, '[') >= 0 && str_find_byte(uri->host, ']') >= 0 &&
            format_is_ipv6(arena, host));
}

bool format_uri(struct arena *arena, str s)
{
    struct uri uri;
    return parse(arena, s, &uri) && uri.scheme.len > 0;
}

bool format_uri_reference(struct arena *arena, str s)
{
    struct uri uri;
    return parse(arena, s, &uri) && str_find_byte(s, '\\') < 0;
}

/* Braces in the path come in pairs, within a segment, not nested. */
bool format_uri_template(struct arena *arena, str s)
{
    struct uri uri;
    if (!parse(arena, s, &uri)) {
        return false;
    }
    bool open = false;
    for (isize i = 0; i < uri.path.len; i++) {
        char c = uri.path.ptr[i];
        if (c == '}' ? !open : open && (c == '{' || c == '/')) {
            return false;
        }
        open = c == '{' || (open && c != '}');
    }
    return !open;
}
