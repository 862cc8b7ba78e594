/* ip.h — IP addresses as text and bits
 *
 * Strict: four decimal parts without leading zeros, or RFC 4291 text with an embedded IPv4 address
 * at the end. An address may carry a zone (`%eth0`), which is only noted: those who do not want
 * zones refuse. Nothing here allocates but the messages.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_CEL_IP_H
#define CARDEA_CEL_IP_H

#include "base/str.h"

struct ip {
    uint8_t bytes[16]; /* network order; IPv4 uses the first four, the rest is zero */
    int bits;          /* 32 or 128                                                 */
    bool zone;         /* a zone was written behind the address                      */
};

#define IP_TEXT 46 /* bytes that always suffice for ip_text */

/* Reads an address. *why (may be NULL) receives the reference's message, in the arena. */
bool ip_parse(struct arena *arena, str text, struct ip *out, str *why);

/* Writes the usual spelling, lower case, the longest run of zeros shortened; returns how many
 * bytes. */
int ip_text(char *out, const struct ip *ip);

/* IPv6 address that stands for an IPv4 address (::ffff:a.b.c.d). */
bool ip_is_mapped(const struct ip *ip);
/* A mapped address as the IPv4 address it stands for; others as they are. */
struct ip ip_unmap(struct ip ip);

/* Keeps the first `bits` bits (at most ip->bits), zeros the others. */
struct ip ip_mask(struct ip ip, int bits);

bool ip_same(const struct ip *a, const struct ip *b);

#endif
