/* Which phone was last seen at an address, for lines about a client that has not said its name. Main thread.
 */
#ifndef TVSD_PHONE_ADDRESSES_H
#define TVSD_PHONE_ADDRESSES_H

#include "phones.h"

#include <stdint.h>

struct phone_addresses;

/* Of that table, which is borrowed. Takes memory, 8 bytes a phone at least and 16 at most, when it is first
 * asked. NULL: out of memory. */
struct phone_addresses *phone_addresses_new(const struct phones *phones);
void phone_addresses_free(struct phone_addresses *addresses);

/* The phone that gave a name there. NULL: there is none, or there are several. What it goes by is read from
 * the table again with a change, but not within a second for every thousand phones. now: monotonic seconds.
 * Borrowed until the table changes. */
const struct phone *phone_addresses_find(struct phone_addresses *addresses, const char *address, int64_t now);

#endif
