/* The lines of refusals, in an operator's words. Main thread. */
#ifndef TVSD_REFUSALS_SAY_H
#define TVSD_REFUSALS_SAY_H

#include "refusals.h"

struct phone_addresses;

/* Say what is to be said at `now` (monotonic seconds); at_end: all that was not said. addresses: to name
 * clients that did not say who they are; NULL: nobody is known. */
void refusals_say(struct phone_addresses *addresses, int64_t now, bool at_end);

#endif
