/* fn_net.c — IP addresses and ranges: inIPAddrRange of Cerbos, and the types net.IP and net.CIDR
 *
 * inIPAddrRange takes IPv4-mapped IPv6 addresses for IPv4 addresses; the newer functions refuse
 * them, and zones. spec: cel#cerbos-functions, cel#newer-additions
 *
 * Neighbours: ip.c reads and writes addresses · ops.c makes text of them for string()
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/num.h"
#include "cel/fn_priv.h"
#include "cel/ip.h"

struct ip_object {
    struct object object; /* class                                */
    struct ip ip;         /* the address; of a range: as written  */
    int prefix;           /* of a range: length of the prefix     */
};

static const struct object_class ip_class, cidr_class;

static const struct ip_object *ip_of(struct value v)
{
    return (const struct ip_object *)object_of(v, &ip_class);
}
static const struct ip_object *cidr_of(struct value v)
{
    return (const struct ip_object *)object_of(v, &cidr_class);
}

/* ---- inIPAddrRange ---- */

/* Prefix length behind the slash: digits, leading zeros allowed; -1 when it is none or beyond
 * `most`. */
static int loose_prefix(str s, int most)
{
    int n = 0;
    for (isize i = 0; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9') {
            return -1;
        }
        n = n * 10 + (s.ptr[i] - '0');
        if (n > most) {
            return -1;
        }
    }
    return s.len > 0 ? n : -1;
}

static bool loose_range(struct arena *arena, str s, struct ip *ip, int *prefix)
{
    str address, length;
    if (!str_cut(s, '/', &address, &length) || !ip_parse(arena, address, ip, NULL) || ip->zone) {
        return false;
    }
    *prefix = loose_prefix(length, ip->bits);
    return *prefix >= 0;
}

struct value fn_in_ip_addr_range(struct cel_run *run, const struct value *args, int argc)
{
    if (argc != 2 || !is_string(args[0]) || !is_string(args[1])) {
        return cel_no_overload(run, "inIPAddrRange", args, argc);
    }
    if (!pay_bytes(run, (isize)args[0].len + (isize)args[1].len)) {
        return cel_budget_error();
    }
    struct ip ip, range;
    int prefix;
    str address = v_str(args[0]), text = v_str(args[1]);
    if (!ip_parse(run->arena, address, &ip, NULL) || ip.zone) {
        return v_error(run->arena, VE_ARGUMENT, "invalid IP address: %.*s", STR_ARG(address));
    }
    if (!loose_range(run->arena, text, &range, &prefix)) {
        return v_error(run->arena, VE_ARGUMENT, "invalid CIDR address: %.*s", STR_ARG(text));
    }
    struct ip network = ip_mask(range, prefix);
    if (ip_is_mapped(&network)) { /* only if the prefix covers all of ::ffff */
        network = ip_unmap(network);
        prefix -= 96;
    }
    struct ip masked = ip_mask(ip_unmap(ip), prefix);
    return v_bool(ip_same(&masked, &network));
}

/* ---- net.IP and net.CIDR ---- */

/* Reads an address as ip() does. */
static bool strict_ip(struct arena *arena, str text, struct ip *out, str *why)
{
    str reason;
    if (!ip_parse(arena, text, out, &reason)) {
        str quoted = fn_quoted(arena, text);
        *why = str_printf(arena, "IP Address %.*s parse error during conversion from string: %.*s",
                          STR_ARG(quoted), STR_ARG(reason));
        return false;
    }
    if (!out->zone && !ip_is_mapped(out)) {
        return true;
    }
    str quoted = fn_quoted(arena, text);
    *why =
        out->zone
            ? str_printf(arena, "IP address %.*s with zone value is not allowed", STR_ARG(quoted))
            : str_printf(arena, "IPv4-mapped IPv6 address %.*s is not allowed", STR_ARG(quoted));
    return false;
}

/* Length of a prefix: digits without leading zeros or sign; -1 when it is none. */
static int64_t strict_prefix(str s)
{
    int64_t n;
    if (s.len == 0 || (s.len > 1 && (s.ptr[0] < '1' || s.ptr[0] > '9')) ||
        !num_parse_int(s, false, &n)) {
        return -1;
    }
    return n;
}

/* Reads address/prefix; *reason receives what is wrong with it. */
static bool parse_cidr(struct arena *arena, str text, struct ip *ip, int *prefix, str *reason)
{
    isize slash = str_rfind(text, S("/"));
    if (slash < 0) {
        *reason = S("no '/'");
        return false;
    }
    if (!ip_parse(arena, str_slice(text, 0, slash), ip, reason)) {
        return false;
    }
    if (ip->zone) {
        *reason = S("IPv6 zones cannot be present in a prefix");
        return false;
    }
    str length = str_slice(text, slash + 1, text.len);
    int64_t bits = strict_prefix(length);
    if (bits < 0) {
        str quoted = fn_quoted(arena, length);
        *reason = str_printf(arena, "bad bits after slash: %.*s", STR_ARG(quoted));
        return false;
    }
    if (bits > ip->bits) {
        *reason = S("prefix length out of range");
        return false;
    }
    *prefix = (int)bits;
    return true;
}

/* Reads a range as cidr() does. */
static bool strict_cidr(struct arena *arena, str text, struct ip *ip, int *prefix, str *why)
{
    str reason;
    if (!parse_cidr(arena, text, ip, prefix, &reason)) {
        str quoted = fn_quoted(arena, text);
        *why = str_printf(
            arena,
            "CIDR %.*s parse error during conversion from string: netip.ParsePrefix(%.*s): %.*s",
            STR_ARG(quoted), STR_ARG(quoted), STR_ARG(reason));
        return false;
    }
    if (ip_is_mapped(ip)) {
        str quoted = fn_quoted(arena, text);
        *why = str_printf(arena, "IPv4-mapped IPv6 address %.*s is not allowed", STR_ARG(quoted));
        return false;
    }
    return true;
}

bool cel_ip_valid(struct arena *arena, str text, str *why)
{
    struct ip ip;
    return strict_ip(arena, text, &ip, why);
}

bool cel_cidr_valid(struct arena *arena, str text, str *why)
{
    struct ip ip;
    int prefix;
    return strict_cidr(arena, text, &ip, &prefix, why);
}

static int object_equal(const struct object *a, struct value b)
{
    const struct ip_object *left = (const struct ip_object *)a;
    const struct ip_object *right = (const struct ip_object *)object_of(b, a->cls);
    return right != NULL && left->prefix == right->prefix && ip_same(&left->ip, &right->ip);
}

#define NAMED(name)                                                                                \
    {                                                                                              \
        name, sizeof(name) - 1                                                                     \
    }

static const struct object_class ip_class = { .type_name = NAMED("net.IP"), .equal = object_equal };
static const struct object_class cidr_class = { .type_name = NAMED("net.CIDR"),
                                                .equal = object_equal };

static struct value object_new(struct arena *arena, const struct object_class *cls, struct ip ip,
                               int prefix)
{
    struct ip_object *o = new (arena, struct ip_object, 1);
    *o = (struct ip_object){ .object = { cls }, .ip = ip, .prefix = prefix };
    return v_object(&o->object);
}

bool cel_net_text(struct arena *arena, struct value v, str *out)
{
    const struct ip_object *o = ip_of(v) != NULL ? ip_of(v) : cidr_of(v);
    if (o == NULL) {
        return false;
    }
    char *text = arena_bytes(arena, IP_TEXT + 4);
    isize len = ip_text(text, &o->ip);
    if (o->object.cls == &cidr_class) {
        text[len++] = '/';
        len += num_put_int(text + len, o->prefix);
    }
    *out = (str){ text, len };
    return true;
}

/* ---- functions ---- */

static struct value argument_error(struct cel_run *run, str why)
{
    return v_error(run->arena, VE_ARGUMENT, "%.*s", STR_ARG(why));
}

/* Whether args are one text, which is paid for. *error is set otherwise. */
static bool one_text(struct cel_run *run, const char *name, const struct value *args, int argc,
                     struct value *error)
{
    if (argc != 1 || !is_string(args[0])) {
        *error = cel_no_overload(run, name, args, argc);
        return false;
    }
    if (!pay_bytes(run, args[0].len)) {
        *error = cel_budget_error();
        return false;
    }
    return true;
}

struct value fn_ip(struct cel_run *run, const struct value *args, int argc)
{
    const struct ip_object *range = argc == 1 ? cidr_of(args[0]) : NULL;
    if (range != NULL) {
        return object_new(run->arena, &ip_class, range->ip, 0);
    }
    struct value error;
    if (!one_text(run, "ip", args, argc, &error)) {
        return error;
    }
    struct ip ip;
    str why;
    return strict_ip(run->arena, v_str(args[0]), &ip, &why)
               ? object_new(run->arena, &ip_class, ip, 0)
               : argument_error(run, why);
}

struct value fn_cidr(struct cel_run *run, const struct value *args, int argc)
{
    struct value error;
    if (!one_text(run, "cidr", args, argc, &error)) {
        return error;
    }
    struct ip ip;
    int prefix;
    str why;
    return strict_cidr(run->arena, v_str(args[0]), &ip, &prefix, &why)
               ? object_new(run->arena, &cidr_class, ip, prefix)
               : argument_error(run, why);
}

struct value fn_is_ip(struct cel_run *run, const struct value *args, int argc)
{
    struct value error;
    str why;
    return one_text(run, "isIP", args, argc, &error)
               ? v_bool(cel_ip_valid(run->arena, v_str(args[0]), &why))
               : error;
}

struct value fn_is_cidr(struct cel_run *run, const struct value *args, int argc)
{
    struct value error;
    str why;
    return one_text(run, "isCIDR", args, argc, &error)
               ? v_bool(cel_cidr_valid(run->arena, v_str(args[0]), &why))
               : error;
}

struct value fn_is_canonical(struct cel_run *run, const struct value *args, int argc)
{
    struct value error;
    if (!one_text(run, "ip.isCanonical", args, argc, &error)) {
        return error;
    }
    struct ip ip;
    str why;
    if (!strict_ip(run->arena, v_str(args[0]), &ip, &why)) {
        return argument_error(run, why);
    }
    char text[IP_TEXT];
    return v_bool(str_eq(v_str(args[0]), (str){ text, ip_text(text, &ip) }));
}

static bool is_loopback(const struct ip *ip)
{
    static const struct ip one = { .bytes = { [15] = 1 }, .bits = 128 };
    return ip->bits == 32 ? ip->bytes[0] == 127 : ip_same(ip, &one);
}

static bool is_unspecified(const struct ip *ip)
{
    struct ip zero = { .bits = ip->bits };
    return ip_same(ip, &zero);
}

static bool is_link_local_unicast(const struct ip *ip)
{
    return ip->bits == 32 ? ip->bytes[0] == 169 && ip->bytes[1] == 254
                          : ip->bytes[0] == 0xfe && (ip->bytes[1] & 0xc0) == 0x80;
}

static bool is_link_local_multicast(const struct ip *ip)
{
    return ip->bits == 32 ? ip->bytes[0] == 224 && ip->bytes[1] == 0 && ip->bytes[2] == 0
                          : ip->bytes[0] == 0xff && (ip->bytes[1] & 0x0f) == 2;
}

static bool is_multicast(const struct ip *ip)
{
    return ip->bits == 32 ? (ip->bytes[0] & 0xf0) == 0xe0 : ip->bytes[0] == 0xff;
}

static bool is_global_unicast(const struct ip *ip)
{
    static const struct ip broadcast = { .bytes = { 255, 255, 255, 255 }, .bits = 32 };
    return !is_unspecified(ip) && !is_loopback(ip) && !is_multicast(ip) &&
           !is_link_local_unicast(ip) && !ip_same(ip, &broadcast);
}

#define IP_FUNCTION(function, name, of, result)                                                    \
    struct value function(struct cel_run *run, const struct value *args, int argc)                 \
    {                                                                                              \
        const struct ip_object *o = argc == 1 ? of(args[0]) : NULL;                                \
        return o != NULL ? (result) : cel_no_overload(run, name, args, argc);                      \
    }

IP_FUNCTION(fn_family, "family", ip_of, v_int(o->ip.bits == 32 ? 4 : 6))
IP_FUNCTION(fn_is_loopback, "isLoopback", ip_of, v_bool(is_loopback(&o->ip)))
IP_FUNCTION(fn_is_global_unicast, "isGlobalUnicast", ip_of, v_bool(is_global_unicast(&o->ip)))
IP_FUNCTION(fn_is_link_local_multicast, "isLinkLocalMulticast", ip_of,
            v_bool(is_link_local_multicast(&o->ip)))
IP_FUNCTION(fn_is_link_local_unicast, "isLinkLocalUnicast", ip_of,
            v_bool(is_link_local_unicast(&o->ip)))
IP_FUNCTION(fn_is_unspecified, "isUnspecified", ip_of, v_bool(is_unspecified(&o->ip)))
IP_FUNCTION(fn_prefix_length, "prefixLength", cidr_of, v_int(o->prefix))
IP_FUNCTION(fn_masked, "masked", cidr_of,
            object_new(run->arena, &cidr_class, ip_mask(o->ip, o->prefix), o->prefix))

struct value fn_is_mask(struct cel_run *run, const struct value *args, int argc)
{
    const struct ip_object *o = argc == 1 ? cidr_of(args[0]) : NULL;
    if (o == NULL) {
        return cel_no_overload(run, "isMask", args, argc);
    }
    struct ip masked = ip_mask(o->ip, o->prefix);
    return v_bool(ip_same(&masked, &o->ip));
}

/* Whether ip, cut to its first `prefix` bits at least as long as the range's, lies in the range. */
static bool contains(const struct ip_object *range, const struct ip *ip)
{
    struct ip network = ip_mask(range->ip, range->prefix), masked = ip_mask(*ip, range->prefix);
    return ip_same(&network, &masked);
}

struct value fn_contains_ip(struct cel_run *run, const struct value *args, int argc)
{
    const struct ip_object *range = argc == 2 ? cidr_of(args[0]) : NULL;
    const struct ip_object *other = argc == 2 ? ip_of(args[1]) : NULL;
    if (range == NULL || (other == NULL && !is_string(args[1]))) {
        return cel_no_overload(run, "containsIP", args, argc);
    }
    if (other != NULL) {
        return v_bool(contains(range, &other->ip));
    }
    if (!pay_bytes(run, args[1].len)) {
        return cel_budget_error();
    }
    struct ip ip;
    str why;
    return strict_ip(run->arena, v_str(args[1]), &ip, &why) ? v_bool(contains(range, &ip))
                                                            : argument_error(run, why);
}

struct value fn_contains_cidr(struct cel_run *run, const struct value *args, int argc)
{
    const struct ip_object *range = argc == 2 ? cidr_of(args[0]) : NULL;
    const struct ip_object *other = argc == 2 ? cidr_of(args[1]) : NULL;
    if (range == NULL || (other == NULL && !is_string(args[1]))) {
        return cel_no_overload(run, "containsCIDR", args, argc);
    }
    if (other != NULL) {
        return v_bool(range->prefix <= other->prefix && contains(range, &other->ip));
    }
    if (!pay_bytes(run, args[1].len)) {
        return cel_budget_error();
    }
    struct ip ip;
    int prefix;
    str why;
    if (!strict_cidr(run->arena, v_str(args[1]), &ip, &prefix, &why)) {
        return argument_error(run, why);
    }
    return v_bool(range->prefix <= prefix && contains(range, &ip));
}
