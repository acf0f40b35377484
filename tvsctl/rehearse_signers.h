/* Who can sign lists and files with the keys of a state folder: its nodes share them. */
#ifndef TVSCTL_REHEARSE_SIGNERS_H
#define TVSCTL_REHEARSE_SIGNERS_H

#include "state.h"

/* A node whose CallManager has its key there. */
struct rehearse_signer {
    char name[TRUST_NODE_NAME_SIZE], ipv4[16]; /* ipv4 "": unknown */
    struct trust_cert *cert;
};

struct rehearse_signers {
    struct rehearse_signer *items; /* our own node first, if it is one */
    size_t count;
};

/* Read them. Errors: trust_store_each's. Free with rehearse_signers_fini, after a failure too. */
int rehearse_signers_read(struct state *state, struct rehearse_signers *signers,
                          struct trust_error *err) TRUST_MUST_CHECK;
void rehearse_signers_fini(struct rehearse_signers *signers);

#endif
