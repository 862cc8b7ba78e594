/* re_pcre2.h — compiling emitted patterns
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_CEL_RE_PCRE2_H
#define CARDEA_CEL_RE_PCRE2_H

#ifndef PCRE2_CODE_UNIT_WIDTH
#define PCRE2_CODE_UNIT_WIDTH 8
#endif
#include "base/str.h"

#include <pcre2.h>

/* A general context whose memory comes from the arena (freeing does nothing); it lives as long as the arena's memory. */
pcre2_general_context *re_pcre2_memory(struct arena *arena);

/* Compiles an emitted pattern with the options the dialect needs. memory NULL: the heap. NULL when PCRE2 cannot (too
 * large). */
pcre2_code *re_pcre2_compile(str pattern, pcre2_general_context *memory);

#endif
