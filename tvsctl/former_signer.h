/* The signer of a list that is published again: phones that do not know him ask tvsd, and take the list only
 * if the answer has role 0. */
#ifndef TVSCTL_FORMER_SIGNER_H
#define TVSCTL_FORMER_SIGNER_H

#include "compose.h"
#include "state.h"

/* *out is the signer of the list if tvsd would not answer for him with role 0, else NULL. ctl is the CTL that
 * phones will find beside it, or that is the list itself; NULL if there is none. It counts only if it is what
 * was published last. The caller frees *out. Errors: TRUST_ESIGNER (neither the list nor the store has his
 * certificate), the store's. */
int former_signer_find(struct state *state, const struct trust_list *list, const struct trust_list *ctl,
                       struct trust_cert **out, struct trust_error *err) TRUST_MUST_CHECK;

/* Take him into the store as imported with role 0, beside what he had there. Within a step. */
int former_signer_vouch(struct state *state, const struct trust_cert *cert,
                        struct trust_error *err) TRUST_MUST_CHECK;

#endif
