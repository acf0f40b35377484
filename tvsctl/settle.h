/* Finishing or undoing what a step left behind: the store says which. */
#ifndef TVSCTL_SETTLE_H
#define TVSCTL_SETTLE_H

#include "state.h"

/* Files of the state folder itself lie ready in published/: the daemon has files of its own lie ready in the
 * state folder, which nobody may sweep. */
#define SETTLE_STATE_STAGED "published/"

/* Put in place what was decided. Under the lock, outside of a transaction. 0: nothing is left to do. Errors
 * name the first file that could not be put in place; the rest was tried all the same. */
int settle_decided(struct state *state, struct trust_error *err) TRUST_MUST_CHECK;

/* The same, then remove what lies ready and was not decided: after a phrase that failed or died. */
int settle_all(struct state *state, struct trust_error *err) TRUST_MUST_CHECK;

#endif
