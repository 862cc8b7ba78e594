/* test_cel_func_net.c — IP addresses and ranges
 *
 * Answers are the reference's. spec: cel#cerbos-functions, cel#newer-additions
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cel/fn.h"
#include "cel/ip.h"
#include "support/calls.h"
#include "support/unit.h"

struct row {
    const char *call, *want;
};

static const struct row ranges[] = {
    { "inIPAddrRange('192.168.1.10', '192.168.1.0/24')", "true" },
    { "inIPAddrRange('192.168.2.10', '192.168.1.0/24')", "false" },
    { "inIPAddrRange('10.0.0.1', '10.0.0.77/8')", "true" }, /* host bits do not count */
    { "inIPAddrRange('10.0.0.128', '10.0.0.0/25')", "false" },
    { "inIPAddrRange('10.0.0.1', '0.0.0.0/0')", "true" },
    { "inIPAddrRange('10.0.0.1', '10.0.0.1/32')", "true" },
    { "inIPAddrRange('10.0.0.1', '10.0.0.0/08')", "true" },
    { "inIPAddrRange('10.0.0.1', '10.0.0.0/000000000000000000000000000008')", "true" },
    { "inIPAddrRange('2001:DB8::1', '2001:db8::/32')", "true" },
    { "inIPAddrRange('2001:db9::1', '2001:db8::/32')", "false" },
    { "inIPAddrRange('::10.0.0.1', '::/96')", "true" },
    { "inIPAddrRange('10.0.0.1', '::/0')", "false" }, /* families do not mix … */
    { "inIPAddrRange('::1', '0.0.0.0/0')", "false" },
    { "inIPAddrRange('::ffff:10.0.0.1', '10.0.0.0/8')",
      "true" }, /* … but mapped addresses are IPv4 */
    { "inIPAddrRange('::ffff:10.0.0.1', '::/0')", "false" },
    { "inIPAddrRange('10.0.0.1', '::ffff:10.0.0.0/104')", "true" },
    { "inIPAddrRange('10.0.0.1', '::ffff:0:0/96')", "true" },
    { "inIPAddrRange('10.0.0.1', '::ffff:10.0.0.0/90')", "false" },
    { "inIPAddrRange('010.0.0.1', '10.0.0.0/8')", "error: invalid IP address: 010.0.0.1" },
    { "inIPAddrRange('10.0.0.1 ', '10.0.0.0/8')", "error: invalid IP address: 10.0.0.1 " },
    { "inIPAddrRange('', '10.0.0.0/8')", "error: invalid IP address: " },
    { "inIPAddrRange('167772161', '10.0.0.0/8')", "error: invalid IP address: 167772161" },
    { "inIPAddrRange('fe80::1%eth0', 'fe80::/10')", "error: invalid IP address: fe80::1%eth0" },
    { "inIPAddrRange('10.0.0.1', '10.0.0.1')", "error: invalid CIDR address: 10.0.0.1" },
    { "inIPAddrRange('10.0.0.1', '10.0.0.0/33')", "error: invalid CIDR address: 10.0.0.0/33" },
    { "inIPAddrRange('10.0.0.1', '::/129')", "error: invalid CIDR address: ::/129" },
    { "inIPAddrRange('10.0.0.1', '10.0.0.0/-1')", "error: invalid CIDR address: 10.0.0.0/-1" },
    { "inIPAddrRange('10.0.0.1', '10.0.0.0/+8')", "error: invalid CIDR address: 10.0.0.0/+8" },
    { "inIPAddrRange('10.0.0.1', '10.0.0.0/ 8')", "error: invalid CIDR address: 10.0.0.0/ 8" },
    { "inIPAddrRange('10.0.0.1', '10.0.0.0/')", "error: invalid CIDR address: 10.0.0.0/" },
    { "inIPAddrRange('10.0.0.1', '10.0.0.0/8/8')", "error: invalid CIDR address: 10.0.0.0/8/8" },
    { "inIPAddrRange('10.0.0.1', '10.0.0.0/99999999999999999999')",
      "error: invalid CIDR address: 10.0.0.0/99999999999999999999" },
    { "inIPAddrRange('10.0.0.1', 'fe80::1%e/64')", "error: invalid CIDR address: fe80::1%e/64" },
    { "inIPAddrRange(1, '10.0.0.0/8')", "error: no such overload: inIPAddrRange(int, string)" },
};

static const struct row objects[] = {
    { "family(ip('1.2.3.4'))", "4" },
    { "family(ip('::1'))", "6" },
    { "family('::1')", "error: no such overload: family(string)" },
    { "isLoopback(ip('127.255.0.1'))", "true" },
    { "isLoopback(ip('::1'))", "true" },
    { "isLoopback(ip('::2'))", "false" },
    { "isGlobalUnicast(ip('10.0.0.1'))", "true" },
    { "isGlobalUnicast(ip('2001:db8::1'))", "true" },
    { "isGlobalUnicast(ip('255.255.255.255'))", "false" },
    { "isGlobalUnicast(ip('0.0.0.0'))", "false" },
    { "isGlobalUnicast(ip('::'))", "false" },
    { "isGlobalUnicast(ip('224.0.0.1'))", "false" },
    { "isGlobalUnicast(ip('ff02::1'))", "false" },
    { "isGlobalUnicast(ip('fe80::1'))", "false" },
    { "isGlobalUnicast(ip('127.0.0.1'))", "false" },
    { "isLinkLocalMulticast(ip('224.0.0.9'))", "true" },
    { "isLinkLocalMulticast(ip('224.0.1.1'))", "false" },
    { "isLinkLocalMulticast(ip('ff12::1'))", "true" },
    { "isLinkLocalUnicast(ip('169.254.0.1'))", "true" },
    { "isLinkLocalUnicast(ip('febf::1'))", "true" },
    { "isLinkLocalUnicast(ip('fec0::1'))", "false" },
    { "isUnspecified(ip('0.0.0.0'))", "true" },
    { "isUnspecified(ip('::'))", "true" },
    { "isUnspecified(ip('::1'))", "false" },
    { "isIP('1.2.3.4')", "true" },
    { "isIP('::ffff:1.2.3.4')", "false" },
    { "isIP('fe80::1%eth0')", "false" },
    { "isIP('::00001')", "false" },
    { "isIP(1)", "error: no such overload: isIP(int)" },
    { "isCIDR('10.0.0.0/8')", "true" },
    { "isCIDR('10.0.0.0/08')", "false" },
    { "isCIDR('10.0.0.0/8 ')", "false" },
    { "isCIDR(null)", "error: no such overload: isCIDR(null_type)" },
    { "ip.isCanonical('2001:db8::1')", "true" },
    { "ip.isCanonical('2001:DB8::1')", "false" },
    { "ip.isCanonical('2001:db8:0:0:0:0:0:1')", "false" },
    { "ip.isCanonical('x')", "error: IP Address \"x\" parse error during conversion from string: "
                             "ParseAddr(\"x\"): unable to parse IP" },
    { "containsIP(cidr('10.0.0.0/8'), ip('10.1.2.3'))", "true" },
    { "containsIP(cidr('10.0.0.0/8'), '11.1.2.3')", "false" },
    { "containsIP(cidr('0.0.0.0/0'), '::1')", "false" },
    { "containsIP(cidr('10.0.0.0/8'), '::ffff:10.0.0.1')",
      "error: IPv4-mapped IPv6 address \"::ffff:10.0.0.1\" is not allowed" },
    { "containsIP(cidr('10.0.0.0/8'), 1)", "error: no such overload: containsIP(net.CIDR, int)" },
    { "containsCIDR(cidr('10.0.0.0/8'), cidr('10.1.0.0/16'))", "true" },
    { "containsCIDR(cidr('10.0.0.0/8'), '10.0.0.0/8')", "true" },
    { "containsCIDR(cidr('10.0.0.0/9'), '10.0.0.0/8')", "false" },
    { "containsCIDR(cidr('::/0'), '0.0.0.0/0')", "false" },
    { "containsCIDR(cidr('10.0.0.0/8'), 'x')", "error: CIDR \"x\" parse error during conversion "
                                               "from string: netip.ParsePrefix(\"x\"): no '/'" },
    { "isMask(cidr('10.0.0.0/8'))", "true" },
    { "isMask(cidr('10.1.2.3/8'))", "false" },
    { "prefixLength(cidr('2001:db8::/32'))", "32" },
    { "prefixLength(ip('1.2.3.4'))", "error: no such overload: prefixLength(net.IP)" },
    { "ip(1)", "error: no such overload: ip(int)" },
    { "cidr(null)", "error: no such overload: cidr(null_type)" },
    { "cidr('fe80::1%eth0/64')",
      "error: CIDR \"fe80::1%eth0/64\" parse error during conversion from string: "
      "netip.ParsePrefix(\"fe80::1%eth0/64\"): IPv6 zones cannot be present in a prefix" },
    { "cidr('::ffff:1.2.3.4/100')",
      "error: IPv4-mapped IPv6 address \"::ffff:1.2.3.4/100\" is not allowed" },
    { "cidr('10.0.0.0/33')", "error: CIDR \"10.0.0.0/33\" parse error during conversion from "
                             "string: netip.ParsePrefix(\"10.0.0.0/33\"): "
                             "prefix length out of range" },
    { "cidr('10.0.0.0/-8')", "error: CIDR \"10.0.0.0/-8\" parse error during conversion from "
                             "string: netip.ParsePrefix(\"10.0.0.0/-8\"): bad "
                             "bits after slash: \"-8\"" },
    { "cidr('10.0.0.0/')", "error: CIDR \"10.0.0.0/\" parse error during conversion from string: "
                           "netip.ParsePrefix(\"10.0.0.0/\"): bad bits "
                           "after slash: \"\"" },
};

/* Text of an address and range, for string(). */
static const struct row texts[] = {
    { "ip('1:0:0:2:0:0:0:3')", "1:0:0:2::3" },
    { "ip('1:0:2:3:4:5:6:7')", "1:0:2:3:4:5:6:7" }, /* one zero is not shortened */
    { "ip('1:0:0:2:3:0:0:4')", "1::2:3:0:0:4" },    /* the first run of two */
    { "ip('0:0:1::')", "0:0:1::" },
    { "ip('::')", "::" },
    { "ip('::1.2.3.4')", "::102:304" },
    { "ip('FFFF:00ab::')", "ffff:ab::" },
    { "ip('255.0.10.9')", "255.0.10.9" },
    { "ip(cidr('10.1.2.3/8'))", "10.1.2.3" },
    { "masked(cidr('10.1.2.3/8'))", "10.0.0.0/8" },
    { "masked(cidr('10.1.2.3/0'))", "0.0.0.0/0" },
    { "masked(cidr('ffff:ffff::1/17'))", "ffff:8000::/17" },
    { "masked(cidr('ffff::1/128'))", "ffff::1/128" },
};

static const struct row faults[] = {
    { "1.2.3", "ParseAddr(\"1.2.3\"): IPv4 address too short" },
    { "1.2.3.4.5", "ParseAddr(\"1.2.3.4.5\"): IPv4 address too long" },
    { "1.2.3.256", "ParseAddr(\"1.2.3.256\"): IPv4 field has value >255" },
    { "01.2.3.4", "ParseAddr(\"01.2.3.4\"): IPv4 field has octet with leading zero" },
    { "1..2.3", "ParseAddr(\"1..2.3\"): IPv4 field must have at least one digit (at \".2.3\")" },
    { "1.2.3.", "ParseAddr(\"1.2.3.\"): IPv4 field must have at least one digit (at \".\")" },
    { "1.2.3.a", "ParseAddr(\"1.2.3.a\"): unexpected character (at \"a\")" },
    { "1.2.3.4%e", "ParseAddr(\"1.2.3.4%e\"): unexpected character (at \"%e\")" },
    { "", "ParseAddr(\"\"): unable to parse IP" },
    { "%eth0", "ParseAddr(\"%eth0\"): missing IPv6 address" },
    { "::%", "ParseAddr(\"::%\"): zone must be a non-empty string" },
    { "1:2:3:4:5:6:7:8:9",
      "ParseAddr(\"1:2:3:4:5:6:7:8:9\"): trailing garbage after address (at \"9\")" },
    { "1:2:3:4:5:6:7", "ParseAddr(\"1:2:3:4:5:6:7\"): address string too short" },
    { "1:2:3:4:5:6:7::8",
      "ParseAddr(\"1:2:3:4:5:6:7::8\"): the :: must expand to at least one field of zeros" },
    { "::1::2", "ParseAddr(\"::1::2\"): multiple :: in address (at \":2\")" },
    { "00000::1",
      "ParseAddr(\"00000::1\"): each group must have 4 or less digits (at \"00000::1\")" },
    { "1:", "ParseAddr(\"1:\"): colon must be followed by more characters (at \":\")" },
    { ":1",
      "ParseAddr(\":1\"): each colon-separated field must have at least one digit (at \":1\")" },
    { "1:g",
      "ParseAddr(\"1:g\"): each colon-separated field must have at least one digit (at \"g\")" },
    { "1:2g", "ParseAddr(\"1:2g\"): unexpected character, want colon (at \"g\")" },
    { "1:1.2.3.4", "ParseAddr(\"1:1.2.3.4\"): embedded IPv4 address must replace the final 2 "
                   "fields of the address (at \"1.2.3.4\")" },
    { "1::2:3:4:5:6:7:1.2.3.4", "ParseAddr(\"1::2:3:4:5:6:7:1.2.3.4\"): too many hex fields to fit "
                                "an embedded IPv4 at the end of the address (at "
                                "\"1.2.3.4\")" },
    { "::\x01\xc2\xa0\"", "ParseAddr(\"::\\x01\\u00a0\\\"\"): each colon-separated field must have "
                          "at least one digit (at "
                          "\"\\x01\\u00a0\\\"\")" },
};

START_TEST(addresses_lie_in_ranges)
{
    expect_call(ranges[_i].call, ranges[_i].want);
}
END_TEST

START_TEST(addresses_and_ranges_are_objects)
{
    expect_call(objects[_i].call, objects[_i].want);
}
END_TEST

START_TEST(objects_have_text)
{
    struct cel_run *run = unit_run_new();
    str text = STR_EMPTY;
    ck_assert(cel_net_text(run->arena, unit_call(run, texts[_i].call), &text));
    expect_str(text, texts[_i].want);
}
END_TEST

START_TEST(faults_are_told)
{
    struct cel_run *run = unit_run_new();
    struct ip ip;
    str why = STR_EMPTY;
    ck_assert(!ip_parse(run->arena, str_from_c(faults[_i].call), &ip, &why));
    expect_str(why, faults[_i].want);
}
END_TEST

START_TEST(objects_are_equal_by_content)
{
    struct cel_run *run = unit_run_new();
    struct value range = unit_call(run, "cidr('10.0.0.0/8')"),
                 ip = unit_call(run, "ip('10.0.0.0')");
    ck_assert_int_eq(value_equal(range, unit_call(run, "cidr('10.0.0.0/8')")), 1);
    ck_assert_int_eq(value_equal(range, unit_call(run, "cidr('10.0.0.0/9')")), 0);
    ck_assert_int_eq(value_equal(range, unit_call(run, "cidr('10.0.0.1/8')")), 0);
    ck_assert_int_eq(value_equal(range, ip), 0);
    ck_assert_int_eq(value_equal(ip, unit_call(run, "ip(cidr('10.0.0.0/8'))")), 1);
    ck_assert_int_eq(value_equal(ip, unit_call(run, "ip('a00::')")), 0);
    ck_assert_int_eq(value_equal(ip, v_string(S("10.0.0.0"))), 0);
    ck_assert_int_eq(value_equal(ip, v_null()), 0);
}
END_TEST

START_TEST(literals_can_be_checked)
{
    struct cel_run *run = unit_run_new();
    str why = STR_EMPTY;
    ck_assert(cel_ip_valid(run->arena, S("::1"), &why));
    ck_assert(!cel_ip_valid(run->arena, S("fe80::1%eth0"), &why));
    expect_str(why, "IP address \"fe80::1%eth0\" with zone value is not allowed");
    ck_assert(cel_cidr_valid(run->arena, S("::/0"), &why));
    ck_assert(!cel_cidr_valid(run->arena, S("::"), &why));
    expect_str(
        why,
        "CIDR \"::\" parse error during conversion from string: netip.ParsePrefix(\"::\"): no '/'");
}
END_TEST

START_TEST(work_is_paid_for)
{
    expect_costly("isIP(repeat('1', 100000))", 1000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cel_func_net");
    TCase *tc = tcase_create("network");
    tcase_add_loop_test(tc, addresses_lie_in_ranges, 0, countof(ranges));
    tcase_add_loop_test(tc, addresses_and_ranges_are_objects, 0, countof(objects));
    tcase_add_loop_test(tc, objects_have_text, 0, countof(texts));
    tcase_add_loop_test(tc, faults_are_told, 0, countof(faults));
    tcase_add_test(tc, objects_are_equal_by_content);
    tcase_add_test(tc, literals_can_be_checked);
    tcase_add_test(tc, work_is_paid_for);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
