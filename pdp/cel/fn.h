/* fn.h — the implementations of the function library, and what the VM borrows from them
 *
 * Every implementation follows the contract of func.h: strict, pure, memory from the arena only.
 * Time and memory are paid for before they are spent: one unit of the budget for each FN_BYTES
 * bytes or FN_ITEMS elements that are read or made; a call on short arguments is free. Nothing a
 * function makes is larger than FN_SIZE_MAX. Any thread.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_CEL_FN_H
#define CARDEA_CEL_FN_H

#include "cel/func.h"
#include "cel/vm.h"

#define FN_BYTES    64               /* bytes for one unit of the budget                   */
#define FN_ITEMS    8                /* elements or comparisons for one unit of the budget */
#define FN_SIZE_MAX ((isize)1 << 30) /* most bytes or elements of one result               */

#define FAMILY(...) cel_impl __VA_ARGS__;
#include "cel/funcs.def"

/* The n items in ascending order of their keys (parallel); equal keys keep their order. For sortBy.
 * The result is a list, or the error when the keys have no common order.
 * spec: cel#list-functions */
struct value cel_sort_by_keys(struct cel_run *run, const struct value *items,
                              const struct value *keys, int n);

/* Segments of a hierarchy as a list of strings (borrowed); V_NONE when v is none. */
struct value cel_hierarchy_list(struct value v);

/* Text of an IP address or CIDR range for string(v), in the arena; false when v is neither. */
bool cel_net_text(struct arena *arena, struct value v, str *out);

/* Checks an address (a range) as the functions ip and cidr do; *why receives the reference's
 * wording without the words in front (`invalid ip argument: `). For literal arguments at compile
 * time. */
bool cel_ip_valid(struct arena *arena, str text, str *why);
bool cel_cidr_valid(struct arena *arena, str text, str *why);

#endif
