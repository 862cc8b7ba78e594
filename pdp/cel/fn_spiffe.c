/* fn_spiffe.c — SPIFFE IDs, trust domains, matchers
 *
 * Objects borrow the bytes of the text they were read from. A matcher is kept as what it compares
 * with. spec: cel#cerbos-functions
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/fn_priv.h"

#define SCHEME "spiffe://"

struct spiffe_id {
    struct object object; /* class                                    */
    str text;             /* spiffe://domain/path                     */
    str domain;           /* part of text                             */
    str path;             /* with its leading slash, or empty         */
};

struct trust_domain {
    struct object object; /* class                                    */
    str name;             /* cerbos.dev                               */
};

enum match_kind { MATCH_ANY, MATCH_IDS, MATCH_DOMAIN };

struct matcher {
    struct object object; /* class                                    */
    enum match_kind kind; /* what it compares                         */
    const str *ids;       /* MATCH_IDS: texts                         */
    isize id_count;       /* how many                                 */
    str domain;           /* MATCH_DOMAIN                             */
};

/* ---- reading ---- */

static bool is_domain_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

static bool is_path_char(char c)
{
    return is_domain_char(c) || (c >= 'A' && c <= 'Z');
}

/* What is wrong with a path (it begins with a slash or is empty); NULL: nothing. The first fault
 * counts. */
static const char *path_fault(str path)
{
    for (isize start = 1; start <= path.len;) {
        isize end = start;
        while (end < path.len && path.ptr[end] != '/') {
            if (!is_path_char(path.ptr[end])) {
                return "path segment characters are limited to letters, numbers, dots, dashes, and "
                       "underscores";
            }
            end++;
        }
        str segment = str_slice(path, start, end);
        if (segment.len == 0) {
            return end < path.len ? "path cannot contain empty segments"
                                  : "path cannot have a trailing slash";
        }
        if (str_eq(segment, S(".")) || str_eq(segment, S(".."))) {
            return "path cannot contain dot segments";
        }
        start = end + 1;
    }
    return NULL;
}

/* Reads an ID; returns what is wrong, NULL when it is right. */
static const char *read_id(str text, struct spiffe_id *out)
{
    if (text.len == 0) {
        return "cannot be empty";
    }
    if (!str_starts(text, S(SCHEME))) {
        return "scheme is missing or invalid";
    }
    str rest = str_slice(text, S(SCHEME).len, text.len);
    isize end = 0;
    while (end < rest.len && rest.ptr[end] != '/') {
        if (!is_domain_char(rest.ptr[end])) {
            return "trust domain characters are limited to lowercase letters, numbers, dots, "
                   "dashes, and underscores";
        }
        end++;
    }
    if (end == 0) {
        return "trust domain is missing";
    }
    out->text = text;
    out->domain = str_slice(rest, 0, end);
    out->path = str_slice(rest, end, rest.len);
    return path_fault(out->path);
}

/* Reads a bare domain, or takes the one of an ID; returns what is wrong, NULL when it is right. */
static const char *read_domain(str text, str *out)
{
    if (text.len == 0) {
        return "trust domain is missing";
    }
    if (str_find(text, S(":/")) >= 0) {
        struct spiffe_id id;
        const char *fault = read_id(text, &id);
        *out = fault == NULL ? id.domain : STR_EMPTY;
        return fault;
    }
    for (isize i = 0; i < text.len; i++) {
        if (!is_domain_char(text.ptr[i])) {
            return "trust domain characters are limited to lowercase letters, numbers, dots, "
                   "dashes, and underscores";
        }
    }
    *out = text;
    return NULL;
}

/* ---- classes ---- */

static const struct object_class id_class, domain_class, matcher_class;

static const struct spiffe_id *id_of(struct value v)
{
    return (const struct spiffe_id *)object_of(v, &id_class);
}
static const struct trust_domain *domain_of(struct value v)
{
    return (const struct trust_domain *)object_of(v, &domain_class);
}

/* An ID equals its text, too. */
static int id_equal(const struct object *a, struct value b)
{
    str text = ((const struct spiffe_id *)a)->text;
    if (b.kind == V_STRING) {
        return str_eq(text, v_str(b));
    }
    const struct spiffe_id *other = id_of(b);
    return other != NULL ? str_eq(text, other->text) : b.kind == V_NULL ? 0 : -1;
}

/* A trust domain equals its name and every ID in it as text. */
static int domain_equal(const struct object *a, struct value b)
{
    str name = ((const struct trust_domain *)a)->name, other_name;
    if (b.kind == V_STRING) {
        return read_domain(v_str(b), &other_name) == NULL && str_eq(name, other_name);
    }
    const struct trust_domain *other = domain_of(b);
    return other != NULL ? str_eq(name, other->name) : b.kind == V_NULL ? 0 : -1;
}

/* In reverse order of the names, as in the reference. */
static int domain_compare(const struct object *a, struct value b)
{
    str name = ((const struct trust_domain *)a)->name, other_name;
    const struct trust_domain *other = domain_of(b);
    if (other != NULL) {
        other_name = other->name;
    } else if (b.kind != V_STRING || read_domain(v_str(b), &other_name) != NULL) {
        return -2;
    }
    int order = str_cmp(other_name, name);
    return (order > 0) - (order < 0);
}

static int never_equal(const struct object *a, struct value b)
{
    (void)a; /* two matchers are never the same */
    (void)b;
    return 0;
}

#define NAMED(name)                                                                                \
    {                                                                                              \
        name, sizeof(name) - 1                                                                     \
    }
#define NO_JSON(name) NAMED("unsupported native conversion from " name " to '*structpb.Value'")

static const struct object_class id_class = { .type_name = NAMED("cerbos.lib.spiffeID"),
                                              .equal = id_equal,
                                              .no_json = NO_JSON("SPIFFEID") };
static const struct object_class domain_class = { .type_name =
                                                      NAMED("cerbos.lib.spiffeTrustDomain"),
                                                  .equal = domain_equal,
                                                  .compare = domain_compare,
                                                  .no_json = NO_JSON("SPIFFETrustDomain") };
static const struct object_class matcher_class = { .type_name = NAMED("cerbos.lib.spiffeMatcher"),
                                                   .equal = never_equal,
                                                   .no_json = NO_JSON("SPIFFEMatcher") };

bool fn_spiffe_text(struct value v, str *out)
{
    const struct spiffe_id *id = id_of(v);
    const struct trust_domain *domain = domain_of(v);
    *out = id != NULL ? id->text : domain != NULL ? domain->name : STR_EMPTY;
    return id != NULL || domain != NULL;
}

/* ---- making them ---- */

static struct value bad_id(struct cel_run *run, const char *fault)
{
    return v_error(run->arena, VE_ARGUMENT, "failed to parse SPIFFE ID: %s", fault);
}

static struct value bad_domain(struct cel_run *run, const char *fault)
{
    return v_error(run->arena, VE_ARGUMENT, "failed to parse SPIFFE trust domain: %s", fault);
}

static struct value domain_new(struct arena *arena, str name)
{
    struct trust_domain *domain = new (arena, struct trust_domain, 1);
    *domain = (struct trust_domain){ .object = { &domain_class }, .name = name };
    return v_object(&domain->object);
}

static struct value matcher_new(struct arena *arena, struct matcher matcher)
{
    struct matcher *copy = new (arena, struct matcher, 1);
    *copy = matcher;
    copy->object.cls = &matcher_class;
    return v_object(&copy->object);
}

struct value fn_spiffe_id(struct cel_run *run, const struct value *args, int argc)
{
    if (argc != 1 || !is_string(args[0])) {
        return cel_no_overload(run, "spiffeID", args, argc);
    }
    if (!pay_bytes(run, args[0].len)) {
        return cel_budget_error();
    }
    struct spiffe_id *id = new (run->arena, struct spiffe_id, 1);
    const char *fault = read_id(v_str(args[0]), id);
    id->object.cls = &id_class;
    return fault != NULL ? bad_id(run, fault) : v_object(&id->object);
}

struct value fn_spiffe_trust_domain(struct cel_run *run, const struct value *args, int argc)
{
    if (argc != 1 || !is_string(args[0])) {
        return cel_no_overload(run, "spiffeTrustDomain", args, argc);
    }
    if (!pay_bytes(run, args[0].len)) {
        return cel_budget_error();
    }
    str name;
    const char *fault = read_domain(v_str(args[0]), &name);
    return fault != NULL ? bad_domain(run, fault) : domain_new(run->arena, name);
}

struct value fn_spiffe_match_any(struct cel_run *run, const struct value *args, int argc)
{
    if (argc != 0) {
        return cel_no_overload(run, "spiffeMatchAny", args, argc);
    }
    return matcher_new(run->arena, (struct matcher){ .kind = MATCH_ANY });
}

struct value fn_spiffe_match_exact(struct cel_run *run, const struct value *args, int argc)
{
    const struct spiffe_id *id = argc == 1 ? id_of(args[0]) : NULL;
    struct spiffe_id parsed;
    if (id == NULL) {
        if (argc != 1 || !is_string(args[0])) {
            return cel_no_overload(run, "spiffeMatchExact", args, argc);
        }
        if (!pay_bytes(run, args[0].len)) {
            return cel_budget_error();
        }
        const char *fault = read_id(v_str(args[0]), &parsed);
        if (fault != NULL) {
            return bad_id(run, fault);
        }
        id = &parsed;
    }
    str *text = new (run->arena, str, 1);
    *text = id->text;
    return matcher_new(run->arena,
                       (struct matcher){ .kind = MATCH_IDS, .ids = text, .id_count = 1 });
}

struct value fn_spiffe_match_one_of(struct cel_run *run, const struct value *args, int argc)
{
    if (argc != 1 || (!is_list_of(args[0], V_STRING) && !is_list_of(args[0], V_OBJECT)) ||
        (args[0].len > 0 && !is_string(args[0].items[0]) && id_of(args[0].items[0]) == NULL)) {
        return cel_no_overload(run, "spiffeMatchOneOf", args, argc);
    }
    str *texts;
    struct value error;
    if (!fn_texts(run, args[0], &texts, &error)) {
        return error.err->category == VE_LIMIT ? error : v_no_overload();
    }
    for (uint32_t i = 0; i < args[0].len; i++) {
        struct spiffe_id parsed;
        if (!pay_bytes(run, texts[i].len)) {
            return cel_budget_error();
        }
        if (read_id(texts[i], &parsed) != NULL) {
            return v_no_overload(); /* sic */
        }
    }
    return matcher_new(
        run->arena, (struct matcher){ .kind = MATCH_IDS, .ids = texts, .id_count = args[0].len });
}

struct value fn_spiffe_match_trust_domain(struct cel_run *run, const struct value *args, int argc)
{
    str name;
    const struct trust_domain *domain = argc == 1 ? domain_of(args[0]) : NULL;
    if (domain != NULL) {
        name = domain->name;
    } else if (argc == 1 && is_string(args[0])) {
        if (!pay_bytes(run, args[0].len)) {
            return cel_budget_error();
        }
        const char *fault = read_domain(v_str(args[0]), &name);
        if (fault != NULL) {
            return bad_domain(run, fault);
        }
    } else {
        return cel_no_overload(run, "spiffeMatchTrustDomain", args, argc);
    }
    return matcher_new(run->arena, (struct matcher){ .kind = MATCH_DOMAIN, .domain = name });
}

/* ---- using them ---- */

struct value fn_spiffe_path(struct cel_run *run, const struct value *args, int argc)
{
    const struct spiffe_id *id = argc == 1 ? id_of(args[0]) : NULL;
    return id != NULL ? v_string(id->path)
                      : fn_no_receiver(run, "path", argc > 0 ? args[0] : v_null());
}

struct value fn_trust_domain(struct cel_run *run, const struct value *args, int argc)
{
    const struct spiffe_id *id = argc == 1 ? id_of(args[0]) : NULL;
    return id != NULL ? domain_new(run->arena, id->domain)
                      : fn_no_receiver(run, "trustDomain", argc > 0 ? args[0] : v_null());
}

struct value fn_is_member_of(struct cel_run *run, const struct value *args, int argc)
{
    const struct spiffe_id *id = argc == 2 ? id_of(args[0]) : NULL;
    if (id == NULL) {
        return fn_no_receiver(run, "isMemberOf", argc > 0 ? args[0] : v_null());
    }
    const struct trust_domain *domain = domain_of(args[1]);
    return domain != NULL ? v_bool(str_eq(id->domain, domain->name)) : v_no_overload();
}

struct value fn_trust_domain_name(struct cel_run *run, const struct value *args, int argc)
{
    const struct trust_domain *domain = argc == 1 ? domain_of(args[0]) : NULL;
    return domain != NULL ? v_string(domain->name)
                          : fn_no_receiver(run, "name", argc > 0 ? args[0] : v_null());
}

static bool matches(const struct matcher *matcher, const struct spiffe_id *id)
{
    switch (matcher->kind) {
    case MATCH_ANY:
        return true;
    case MATCH_DOMAIN:
        return str_eq(matcher->domain, id->domain);
    case MATCH_IDS:
        break;
    }
    for (isize i = 0; i < matcher->id_count; i++) {
        if (str_eq(matcher->ids[i], id->text)) {
            return true;
        }
    }
    return false;
}

struct value fn_matches_id(struct cel_run *run, const struct value *args, int argc)
{
    const struct matcher *matcher =
        argc == 2 ? (const struct matcher *)object_of(args[0], &matcher_class) : NULL;
    if (matcher == NULL) {
        return fn_no_receiver(run, "matchesID", argc > 0 ? args[0] : v_null());
    }
    const struct spiffe_id *id = id_of(args[1]);
    if (!pay_items(run, matcher->id_count) ||
        (is_string(args[1]) && !pay_bytes(run, args[1].len))) {
        return cel_budget_error();
    }
    if (id != NULL) {
        return v_bool(matches(matcher, id));
    }
    if (!is_string(args[1])) {
        return v_no_overload();
    }
    struct spiffe_id parsed;
    const char *fault = read_id(v_str(args[1]), &parsed);
    if (fault != NULL) {
        return v_error(run->arena, VE_ARGUMENT, "invalid SPIFFE ID: %s", fault);
    }
    return v_bool(matches(matcher, &parsed));
}
