/* Which records a trust list holds: from the store to a signed list. */
#ifndef TVSCTL_COMPOSE_H
#define TVSCTL_COMPOSE_H

#include "state.h"

/* Build and sign the tokenless CTL: the signer as SAST and, if it is CallManager, as CCM+TFTP; CAPF if there
 * is one; the other anchor as SAST; other nodes' CallManagers as CCM+TFTP. The result is verified with the
 * signer's certificate. Errors: TRUST_ENOTFOUND says which certificate is missing and how to make it; the
 * key's and trust_list_build's. The caller frees *out with trust_list_free. */
int compose_ctl(struct state *state, time_t now, struct trust_list **out,
                struct trust_error *err) TRUST_MUST_CHECK;

#endif
