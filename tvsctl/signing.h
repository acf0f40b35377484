/* Who signs: the anchors that our node has. */
#ifndef TVSCTL_SIGNING_H
#define TVSCTL_SIGNING_H

#include "state.h"

/* The signer of a unit of our node: its certificate and its key, in the folder of keys or in a security
 * token, whose PIN is asked for then. Errors: TRUST_ENOTFOUND says which certificate is missing and how to
 * make it; the key's, trust_signer_from_key's and token_keys_signer's. The caller frees *out with
 * trust_signer_free before the run ends. */
int signing_open(struct state *state, enum trust_unit unit, struct trust_signer **out,
                 struct trust_error *err) TRUST_MUST_CHECK;

/* Whether the key of a unit of our node is in a security token. */
bool signing_is_in_token(struct state *state, enum trust_unit unit);

/* The unit whose key signs lists as the configuration says, and the other anchor. Configuration files are
 * signed by CallManager, whoever signs the lists: phones take them from CCM+TFTP. */
enum trust_unit signing_unit(const struct config *config);
enum trust_unit signing_other_unit(const struct config *config);

#endif
