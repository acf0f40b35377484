/* A state folder that has lost its store: what lies beside it shows that there was one. A new one, made in
 * its place without a word, would have certificates that no phone of this site knows. */
#ifndef TVSCTL_LOST_STORE_H
#define TVSCTL_LOST_STORE_H

#include "state.h"
#include "tvsctl.h"

enum lost_store_how {
    LOST_STORE_GONE,
    LOST_STORE_EMPTY, /* a file without a schema, of 0 bytes say */
    LOST_STORE_BLANK, /* nothing was ever put into it: a restore that was not gone through with made it */
};

struct lost_store {
    enum lost_store_how how;
    char store[STATE_PATH_MAX];
    char shows[80]; /* a private key or a published list, as seen from the state folder */
};

/* Whether the store of a state that is open to write (or that could not be opened to read) is lost. A phrase
 * that is just making the first one does not look like it. */
bool lost_store_look(const struct state *state, struct lost_store *lost);

#define LOST_STORE_WAY "put the store back, or restore a backup: `utils restore FILE`"

/* "STORE: the store is gone, and keys/… shows that there was one". Returns out. */
char *lost_store_why(const struct lost_store *lost, char *out, size_t size);

/* For who reads: there is no store, why that may be, and what to do. how: GONE or EMPTY. Returns
 * TRUST_ENOTFOUND. */
int lost_store_none(const struct state *state, enum lost_store_how how, struct trust_error *err);

/* The same where a lost store is the reason for something that is missing; 0 if it is not. */
int lost_store_is_why(const struct state *state, struct trust_error *err);

/* Before a change makes a store: TRUST_EDENIED if one was lost, but for `utils restore` and --force. */
int lost_store_check(const struct tvsctl *ctl, const struct state *state,
                     struct trust_error *err) TRUST_MUST_CHECK;

#endif
