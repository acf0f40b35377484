/* STATE/work: a folder (0700) for files that may hold keys and that nobody wants when the phrase has ended.
 */
#ifndef TVSCTL_WORKPLACE_H
#define TVSCTL_WORKPLACE_H

#include "state.h"

/* Make it, empty. Under the lock only (lock.h), as the other two. */
int workplace_make(const struct state *state, struct trust_error *err) TRUST_MUST_CHECK;

/* The path of a file in it. TRUST_ETOOLARGE. */
int workplace_path(const struct state *state, const char *name, char out[STATE_PATH_MAX],
                   struct trust_error *err) TRUST_MUST_CHECK;

/* Remove it with everything in it. A step does it at its end; were it killed, the next phrase (settle.h). It
 * not being there is no error. */
int workplace_sweep(const struct state *state, struct trust_error *err) TRUST_MUST_CHECK;

#endif
