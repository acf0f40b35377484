/* Giving out a signed list: first into the history, then into the TFTP folder. */
#ifndef TVSCTL_PUBLISH_H
#define TVSCTL_PUBLISH_H

#include "state.h"

/* Publish the list under name ("CTLFile.tlv"). First STATE/published/NNNNNN-NAME with the next number, by
 * which the daemon believes the signer; then the TFTP folder, 0644 and with the folder's owner and group. A
 * crash between the two leaves a history with a list that no phone got, which vouches for a signer of ours.
 * If the TFTP folder refuses, the history is put back, unless phones can fetch the
 * list all the same. */
int publish_list(const struct state *state, const char *name, const struct trust_list *list,
                 struct trust_error *err) TRUST_MUST_CHECK;

/* Whether there is a TFTP folder to publish into: to be asked before an operator is. TRUST_ENOTFOUND. */
int publish_check(const struct config *config, struct trust_error *err) TRUST_MUST_CHECK;

#endif
