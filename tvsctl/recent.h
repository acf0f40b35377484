/* CallManager and TVS vouch for each other: phones take a new one of either by the other that they know. */
#ifndef TVSCTL_RECENT_H
#define TVSCTL_RECENT_H

#include "state.h"

#define RECENT_SIZE 256

/* A sentence for who is about to change one of the two on our node, if the history says that the other
 * changed within the last week: phones that missed that would be left with neither. "" if there is nothing to
 * say. */
int recent_change(struct state *state, enum trust_unit changing, time_t now, char out[RECENT_SIZE],
                  struct trust_error *err) TRUST_MUST_CHECK;

#endif
