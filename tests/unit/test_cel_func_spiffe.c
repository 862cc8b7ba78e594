/* test_cel_func_spiffe.c — SPIFFE IDs, trust domains, matchers
 *
 * Answers are the reference's. spec: cel#cerbos-functions
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "support/calls.h"
#include "support/unit.h"

struct row {
    const char *call, *want;
};

#define BAD_ID     "error: failed to parse SPIFFE ID: "
#define BAD_DOMAIN "error: failed to parse SPIFFE trust domain: "
#define DOMAIN_CHARS                                                                               \
    "trust domain characters are limited to lowercase letters, numbers, dots, dashes, and "        \
    "underscores"
#define PATH_CHARS                                                                                 \
    "path segment characters are limited to letters, numbers, dots, dashes, and underscores"

static const struct row ids[] = {
    { "path(spiffeID('spiffe://cerbos.dev/a/b'))", "\"/a/b\"" },
    { "path(spiffeID('spiffe://cerbos.dev'))", "\"\"" },
    { "path(spiffeID('spiffe://a_b-c.1/A-b_c.9/...'))", "\"/A-b_c.9/...\"" },
    { "name(trustDomain(spiffeID('spiffe://cerbos.dev/a')))", "\"cerbos.dev\"" },
    { "spiffeID('')", BAD_ID "cannot be empty" },
    { "spiffeID('cerbos.dev/a')", BAD_ID "scheme is missing or invalid" },
    { "spiffeID('SPIFFE://cerbos.dev/a')", BAD_ID "scheme is missing or invalid" },
    { "spiffeID('spiffe:/a')", BAD_ID "scheme is missing or invalid" },
    { "spiffeID('spiffe://')", BAD_ID "trust domain is missing" },
    { "spiffeID('spiffe:///a')", BAD_ID "trust domain is missing" },
    { "spiffeID('spiffe://Cerbos.dev')", BAD_ID DOMAIN_CHARS },
    { "spiffeID('spiffe://cerbos.dev:80/a')", BAD_ID DOMAIN_CHARS },
    { "spiffeID('spiffe://a#b')", BAD_ID DOMAIN_CHARS },
    { "spiffeID('spiffe://a/')", BAD_ID "path cannot have a trailing slash" },
    { "spiffeID('spiffe://a/b/')", BAD_ID "path cannot have a trailing slash" },
    { "spiffeID('spiffe://a//b')", BAD_ID "path cannot contain empty segments" },
    { "spiffeID('spiffe://a//')", BAD_ID "path cannot contain empty segments" },
    { "spiffeID('spiffe://a/./b')", BAD_ID "path cannot contain dot segments" },
    { "spiffeID('spiffe://a/..')", BAD_ID "path cannot contain dot segments" },
    { "spiffeID('spiffe://a/é')", BAD_ID PATH_CHARS },
    { "spiffeID('spiffe://a/b?x=1')", BAD_ID PATH_CHARS },
    { "spiffeID('spiffe://a/%41')", BAD_ID PATH_CHARS },
    { "spiffeID(1)", "error: no such overload: spiffeID(int)" },
    { "spiffeID(spiffeID('spiffe://a/b'))",
      "error: no such overload: spiffeID(cerbos.lib.spiffeID)" },
    { "path('spiffe://a/b')", "error: no such overload" },
    { "path(spiffeTrustDomain('a'))", "error: no such overload" },
    { "path(1)", "error: no such overload: path" },
    { "trustDomain(null)", "error: no such overload: trustDomain" },
};

static const struct row domains[] = {
    { "name(spiffeTrustDomain('cerbos.dev'))", "\"cerbos.dev\"" },
    { "name(spiffeTrustDomain('spiffe://cerbos.dev/a/b'))", "\"cerbos.dev\"" },
    { "name(id(spiffeTrustDomain('a')))", "\"a\"" },
    { "spiffeTrustDomain('')", BAD_DOMAIN "trust domain is missing" },
    { "spiffeTrustDomain('cerbos.dev/path')", BAD_DOMAIN DOMAIN_CHARS },
    { "spiffeTrustDomain('a:b')", BAD_DOMAIN DOMAIN_CHARS },
    { "spiffeTrustDomain('a b')", BAD_DOMAIN DOMAIN_CHARS },
    { "spiffeTrustDomain('http://cerbos.dev')", BAD_DOMAIN "scheme is missing or invalid" },
    { "spiffeTrustDomain('a/b:/c')", BAD_DOMAIN "scheme is missing or invalid" },
    { "spiffeTrustDomain('spiffe://')", BAD_DOMAIN "trust domain is missing" },
    { "spiffeTrustDomain('spiffe://a/b/')", BAD_DOMAIN "path cannot have a trailing slash" },
    { "spiffeTrustDomain(spiffeTrustDomain('a'))",
      "error: no such overload: spiffeTrustDomain(cerbos.lib.spiffeTrustDomain)" },
    { "name('a')", "error: no such overload" },
    { "name([])", "error: no such overload: name" },
    { "isMemberOf(spiffeID('spiffe://a/b'), spiffeTrustDomain('a'))", "true" },
    { "isMemberOf(spiffeID('spiffe://a.b/c'), spiffeTrustDomain('a'))", "false" },
    { "isMemberOf(spiffeID('spiffe://a/b'), 'a')", "error: no such overload" },
    { "isMemberOf(1, spiffeTrustDomain('a'))", "error: no such overload: isMemberOf" },
};

static const struct row matchers[] = {
    { "matchesID(spiffeMatchAny(), 'spiffe://a/b')", "true" },
    { "matchesID(spiffeMatchAny(), spiffeID('spiffe://a/b'))", "true" },
    { "matchesID(spiffeMatchAny(), 'bad')",
      "error: invalid SPIFFE ID: scheme is missing or invalid" },
    { "matchesID(spiffeMatchAny(), '')", "error: invalid SPIFFE ID: cannot be empty" },
    { "matchesID(spiffeMatchAny(), 1)", "error: no such overload" },
    { "matchesID(1, 'a')", "error: no such overload: matchesID" },
    { "matchesID(spiffeMatchExact('spiffe://a/b'), 'spiffe://a/b')", "true" },
    { "matchesID(spiffeMatchExact(spiffeID('spiffe://a/b')), spiffeID('spiffe://a/c'))", "false" },
    { "spiffeMatchExact('bad')", BAD_ID "scheme is missing or invalid" },
    { "spiffeMatchExact(1)", "error: no such overload: spiffeMatchExact(int)" },
    { "matchesID(spiffeMatchOneOf(['spiffe://a/b', 'spiffe://a/c']), 'spiffe://a/c')", "true" },
    { "matchesID(spiffeMatchOneOf(['spiffe://a/b']), spiffeID('spiffe://a/d'))", "false" },
    { "matchesID(spiffeMatchOneOf([spiffeID('spiffe://a/b'), 'spiffe://a/c']), 'spiffe://a/c')",
      "true" },
    { "matchesID(spiffeMatchOneOf([]), 'spiffe://a/c')", "false" },
    { "spiffeMatchOneOf(['spiffe://a/b', 'bad'])", "error: no such overload" },
    { "spiffeMatchOneOf(['spiffe://a/b', 1])", "error: no such overload" },
    { "spiffeMatchOneOf([1])", "error: no such overload: spiffeMatchOneOf(list)" },
    { "spiffeMatchOneOf([spiffeTrustDomain('a')])",
      "error: no such overload: spiffeMatchOneOf(list)" },
    { "spiffeMatchOneOf('spiffe://a/b')", "error: no such overload: spiffeMatchOneOf(string)" },
    { "matchesID(spiffeMatchTrustDomain('a'), 'spiffe://a/b')", "true" },
    { "matchesID(spiffeMatchTrustDomain('spiffe://a/ignored'), 'spiffe://a/b')", "true" },
    { "matchesID(spiffeMatchTrustDomain(spiffeTrustDomain('a')), 'spiffe://b/b')", "false" },
    { "spiffeMatchTrustDomain('A')", BAD_DOMAIN DOMAIN_CHARS },
    { "spiffeMatchTrustDomain(spiffeID('spiffe://a/b'))",
      "error: no such overload: spiffeMatchTrustDomain(cerbos.lib.spiffeID)" },
};

START_TEST(ids_are_read)
{
    expect_call(ids[_i].call, ids[_i].want);
}
END_TEST

START_TEST(domains_are_read)
{
    expect_call(domains[_i].call, domains[_i].want);
}
END_TEST

START_TEST(matchers_match)
{
    expect_call(matchers[_i].call, matchers[_i].want);
}
END_TEST

static const struct {
    const char *a, *b;
    int equal, order;
} pairs[] = {
    { "spiffeID('spiffe://a/b')", "spiffeID('spiffe://a/b')", 1, VALUE_UNORDERED },
    { "spiffeID('spiffe://a/b')", "spiffeID('spiffe://a/c')", 0, VALUE_UNORDERED },
    { "spiffeID('spiffe://a/b')", "'spiffe://a/b'", 1, VALUE_UNORDERED },
    { "'spiffe://a/b'", "spiffeID('spiffe://a/b')", 0, VALUE_UNORDERED }, /* one-sided */
    { "spiffeID('spiffe://a/b')", "null", 0, VALUE_UNORDERED },
    { "spiffeID('spiffe://a/b')", "1", -1, VALUE_UNORDERED },
    { "spiffeTrustDomain('a')", "spiffeTrustDomain('a')", 1, 0 },
    { "spiffeTrustDomain('a')", "spiffeTrustDomain('b')", 0, 1 }, /* in reverse */
    { "spiffeTrustDomain('b')", "spiffeTrustDomain('a')", 0, -1 },
    { "spiffeTrustDomain('a')", "'spiffe://a/c'", 1, 0 },
    { "spiffeTrustDomain('a')", "'A'", 0, VALUE_UNORDERED },
    { "spiffeTrustDomain('a')", "1", -1, VALUE_UNORDERED },
    { "spiffeMatchAny()", "spiffeMatchAny()", 0, VALUE_UNORDERED },
    { "spiffeMatchAny()", "1", 0, VALUE_UNORDERED },
};

START_TEST(objects_are_compared)
{
    struct cel_run *run = unit_run_new();
    struct value a = unit_call(run, pairs[_i].a), b = unit_call(run, pairs[_i].b);
    ck_assert_int_eq(value_equal(a, b), pairs[_i].equal);
    ck_assert_int_eq(value_compare(a, b), pairs[_i].order);
}
END_TEST

START_TEST(work_is_paid_for)
{
    expect_costly("spiffeMatchOneOf(repeat(['spiffe://"
                  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/b'], 10000))",
                  5000);
    expect_costly("matchesID(spiffeMatchOneOf(repeat(['spiffe://a/b'], 10000)), 'spiffe://a/c')",
                  2000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cel_func_spiffe");
    TCase *tc = tcase_create("spiffe");
    tcase_add_loop_test(tc, ids_are_read, 0, countof(ids));
    tcase_add_loop_test(tc, domains_are_read, 0, countof(domains));
    tcase_add_loop_test(tc, matchers_match, 0, countof(matchers));
    tcase_add_loop_test(tc, objects_are_compared, 0, countof(pairs));
    tcase_add_test(tc, work_is_paid_for);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
