/* pages.h — documents that are part of the program
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CARDEA_SERVER_PAGES_H
#define CARDEA_SERVER_PAGES_H

#include "base/str.h"

str page_openapi(void);  /* schemas/openapi.json: the interface, as OpenAPI 2 */
str page_explorer(void); /* explorer.html: a page to try it with              */

#endif
