/* The CTL file of a cluster that is not in mixed mode: one that it left behind, or something that others laid
 * there. */
#ifndef TVSCTL_CTL_LEFT_H
#define TVSCTL_CTL_LEFT_H

#include "state.h"

struct ctl_left {
    bool is_there; /* something of that name, whatever it is */
    /* It is there, and phones may hold a CTL of this site: one was published here, or what lies there is a
     * CTL whose signer tvsd believes, as after a migration. Not by the name alone: whoever can write into the
     * folder would have us publish the first one. */
    bool is_ours;
};

/* Errors: tftp_folder_look's, TRUST_ENOMEM and the store's. */
int ctl_left_look(struct state *state, struct ctl_left *left, struct trust_error *err) TRUST_MUST_CHECK;

/* Whether a CTL was published here, by what lies in published/. */
int ctl_left_was_published(const struct state *state, bool *was, struct trust_error *err) TRUST_MUST_CHECK;

#endif
