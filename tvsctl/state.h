/* The state folder: the store, the keys, the history of published lists; and working in it with its owner's
 * rights. */
#ifndef TVSCTL_STATE_H
#define TVSCTL_STATE_H

#include "config/config.h"
#include "rights.h"
#include "trust.h"

#define STATE_PATH_MAX 4096

struct state {
    const struct config *config;
    struct trust_store *store;
    char keys[STATE_PATH_MAX];      /* folder of private keys; there if opened to write */
    char published[STATE_PATH_MAX]; /* folder of the lists that were given out; likewise */
    struct rights before;
};

/* Open the store. To write: makes the state folder (0750) if it is missing. To read: TRUST_ENOTFOUND says
 * that there is no store yet and how to get one. From success until state_close the process works as the
 * folder's owner: read what the operator named before, not after. */
int state_open(const struct config *config, enum trust_store_mode mode, struct state *state,
               struct trust_error *err) TRUST_MUST_CHECK;

/* Embedded. Legal on a zeroed one and after a failed state_open. A transaction that is open is rolled back.
 */
void state_close(struct state *state);

/* A certificate of ours that is in force for a unit of a node, though another unit may have retired it. *row
 * is filled and its certificate is the caller's to free. TRUST_ENOTFOUND if there is none. */
int state_own_row(struct state *state, const char *node, enum trust_unit unit, struct trust_store_row *row,
                  struct trust_error *err) TRUST_MUST_CHECK;

/* Whether there is one. */
int state_has_own(struct state *state, const char *node, enum trust_unit unit, bool *has,
                  struct trust_error *err) TRUST_MUST_CHECK;

#define STATE_PARAM_MODE "ClusterSecurityMode"

/* Whether the cluster is in mixed mode. */
int state_is_mixed(struct state *state, bool *mixed, struct trust_error *err) TRUST_MUST_CHECK;

#endif
