/* pages.c — documents that are part of the program
 *
 * The assembler takes the files as they are; paths count from the root of the tree, where make runs. The Makefile
 * knows that this object depends on them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/pages.h"

#define EMBED(name, path)                                                                          \
    __asm__(".pushsection .rodata\n"                                                               \
            ".global cardea_" #name "_start, cardea_" #name "_end\n"                               \
            "cardea_" #name "_start: .incbin \"" path "\"\n"                                       \
            "cardea_" #name "_end:\n"                                                              \
            ".popsection\n");                                                                      \
    extern const char cardea_##name##_start[] __attribute__((visibility("hidden")));               \
    extern const char cardea_##name##_end[] __attribute__((visibility("hidden")))

EMBED(openapi, "schemas/openapi.json");
EMBED(explorer, "pdp/server/explorer.html");

str page_openapi(void)
{
    return (str){ cardea_openapi_start, cardea_openapi_end - cardea_openapi_start };
}

str page_explorer(void)
{
    return (str){ cardea_explorer_start, cardea_explorer_end - cardea_explorer_start };
}
