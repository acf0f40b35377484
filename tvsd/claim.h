/* One tvsd a state folder has its control socket and its file of phones. Another one that is started with the
 * same folder answers phones, and leaves these to the first. */
#ifndef TVSD_CLAIM_H
#define TVSD_CLAIM_H

#include "config/config.h"
#include "trust.h"

/* *fd holds the claim, a lock on the folder itself, until it is closed; a process that dies has none. Errors:
 * TRUST_EEXISTS (another tvsd has it), TRUST_ENOTFOUND, TRUST_EDENIED, TRUST_ESYSTEM. */
int claim_state(const struct config *config, int *fd, struct trust_error *err) TRUST_MUST_CHECK;

#endif
