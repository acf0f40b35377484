/* Roll-outs as lists go out: which ones a list opens, which it makes pointless, and how they are called. */
#ifndef TVSCTL_ROLLOUT_H
#define TVSCTL_ROLLOUT_H

#include "change.h"
#include "compose.h"

/* Before a list is taken over within a step: open the roll-outs that it makes, by the list of its kind that
 * phones have found so far.
 *
 * Kind signer: the one before was signed by another certificate. Kind tvs: the ITL has another TVS
 * certificate for a node that had one, or a TVS-ECDSA certificate that the one before did not have. A first
 * list has neither, but for TVS-ECDSA: phones may come from lists that were made elsewhere. No other one is
 * opened for a certificate that has one open for that list.
 *
 * A roll-out that another of the same list and kind (tvs: and unit and node) follows is closed as superseded,
 * unless its certificate stands in the list or signs it. TVS-ECDSA certificates that the list does not hold
 * are no longer rolled out, and what is open of them is superseded; so is that of a TVS certificate which the
 * list does not hold and no node has any more. */
int rollout_follow(struct change *change, enum compose_kind kind, const struct trust_list *list,
                   int64_t publication, struct trust_error *err) TRUST_MUST_CHECK;

/* "ITLFile.tlv is signed by CallManager of cucm-1 (79E26574...)". Returns out. */
#define ROLLOUT_TEXT_SIZE 640
char *rollout_text(const struct trust_rollout *rollout, char out[ROLLOUT_TEXT_SIZE]);

#endif
