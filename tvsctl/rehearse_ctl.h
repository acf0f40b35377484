/* The CTL that tvsd answers from, by its rules: that of the TFTP folder if it is to be believed, else the
 * last one that was. */
#ifndef TVSCTL_REHEARSE_CTL_H
#define TVSCTL_REHEARSE_CTL_H

#include "state.h"

/* published: the CTL of the TFTP folder, or NULL. *out stays NULL if tvsd goes by none; else the caller frees
 * it with trust_index_free. Errors: TRUST_ENOMEM and the store's. */
int rehearse_ctl_read(struct state *state, const struct trust_list *published, struct trust_index **out,
                      struct trust_error *err) TRUST_MUST_CHECK;

/* Whether tvsd believes a CTL by its signature and its signer: the store vouches for him, or he signed one of
 * the last lists that were published here. Errors as above. */
int rehearse_ctl_is_believed(struct state *state, const struct trust_list *list, bool *is,
                             struct trust_error *err) TRUST_MUST_CHECK;

#endif
