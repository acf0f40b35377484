/* The state folder: the store, the keys, the history of published lists; and working in it with its owner's
 * rights. */
#ifndef TVSCTL_STATE_H
#define TVSCTL_STATE_H

#include "config/config.h"
#include "rights.h"
#include "trust.h"

#define STATE_PATH_MAX 4096

struct token_keys;

struct state {
    const struct config *config;
    struct token_keys *tokens; /* who opens keys that are in security tokens (token_keys.h); NULL: nobody */
    struct trust_store *store;
    char keys[STATE_PATH_MAX];       /* folder of private keys; there from state_make on */
    char published[STATE_PATH_MAX];  /* folder of the lists that were given out; likewise */
    char lock[STATE_PATH_MAX];       /* file of the lock (lock.h) */
    char node[TRUST_NODE_NAME_SIZE]; /* our own: node.name of the configuration, or what it was renamed to */
    struct rights before;
    bool is_new;  /* there is no store yet, or nothing in its file, and store is empty and in no file */
    bool entered; /* the process works as the folder's owner; before says as what it did until then */
};

/* Open the store. To read: TRUST_ENOTFOUND says that there is no store yet and how to get one. To write: if
 * there is none, it answers as an empty one would, and nothing is made before state_make; TRUST_EDENIED if
 * that would be refused. Either way TRUST_EDENIED if everybody may write what lies there (state_mode_check).
 * From success until state_close the process works as the owner of the state folder, if that is there: read
 * what the operator named before, not after. */
int state_open(const struct config *config, enum trust_store_mode mode, struct state *state,
               struct trust_error *err) TRUST_MUST_CHECK;

/* Make what is missing of a state that is open to write: its folder (0750), the store, keys (0700), published
 * (0750). A change begins with it (change.h), so that what is refused before leaves nothing behind. */
int state_make(struct state *state, struct trust_error *err) TRUST_MUST_CHECK;

/* Embedded. Legal on a zeroed one and after a failed state_open. A transaction that is open is rolled back.
 */
void state_close(struct state *state);

/* A certificate of ours that is in force for a unit of a node, though another unit may have retired it. *row
 * is filled and its certificate is the caller's to free. TRUST_ENOTFOUND if there is none; it names a node
 * that ours may have been taken for (state_other_node). ITLRecovery is the cluster's (own_cert.h): one that
 * stands under another node's name is found as well. */
int state_own_row(struct state *state, const char *node, enum trust_unit unit, struct trust_store_row *row,
                  struct trust_error *err) TRUST_MUST_CHECK;

/* Whether our node has no certificate of its own at all, though another has one for that unit, and its key is
 * here: *other is its name then, else "". So it looks where node.name is wrong, and where a node is new. */
int state_other_node(struct state *state, enum trust_unit unit, char other[TRUST_NODE_NAME_SIZE],
                     struct trust_error *err) TRUST_MUST_CHECK;

/* Whether there is one. */
int state_has_own(struct state *state, const char *node, enum trust_unit unit, bool *has,
                  struct trust_error *err) TRUST_MUST_CHECK;

#define STATE_LOCK           "lock" /* in the state folder */
#define STATE_PARAM_MODE     "ClusterSecurityMode"
#define STATE_PARAM_ROLLBACK "PrepareClusterForRollback" /* to releases before 8.0: the ITL is empty */

/* Whether the cluster is in mixed mode; whether it is prepared for rollback. */
int state_is_mixed(struct state *state, bool *mixed, struct trust_error *err) TRUST_MUST_CHECK;
int state_is_rollback(struct state *state, bool *rollback, struct trust_error *err) TRUST_MUST_CHECK;

/* A node that the operator named: NULL means our own, a former name the node that had it. *node is ready for
 * trust_store_set_own: its address is the configuration's for our own, else the store's; it points into name
 * and ipv4. TRUST_ENOTFOUND names the nodes that there are. */
struct state_node {
    struct trust_node node;
    char name[TRUST_NODE_NAME_SIZE];
    char ipv4[16];
    bool is_ours;
};
int state_find_node(struct state *state, const char *name, struct state_node *out,
                    struct trust_error *err) TRUST_MUST_CHECK;

#endif
