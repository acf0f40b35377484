/* Values of arguments, as they are on this machine: for Tab at the console. */
#ifndef TVSCTL_COMPLETE_VALUES_H
#define TVSCTL_COMPLETE_VALUES_H

#include "complete.h"

/* For struct complete_source; session is a struct session. Offers files of the TFTP folder, certificates of a
 * unit, nodes, numbers of published lists. What cannot be read is not offered, and nothing is said of it. */
bool complete_values(void *session, const struct complete_place *place, struct completion *out);

#endif
