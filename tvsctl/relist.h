/* What follows from a change of certificates: lists and signed files that are given out anew. Every phrase
 * that changes what they hold or who signs them calls one of these within its step. */
#ifndef TVSCTL_RELIST_H
#define TVSCTL_RELIST_H

#include "publish.h"

/* Build, sign and publish a list, and what follows: a second anchor that the list needs is made if there is
 * none, and signed files get the present signer and digest. */
int relist_publish(struct change *change, enum compose_kind kind, struct trust_error *err) TRUST_MUST_CHECK;

/* After a change of own certificates: the ITL, if trust_lists.itl says automatic, what it holds has changed,
 * and our node has a CallManager to sign with; and the signed files. */
int relist_follow(struct change *change, struct trust_error *err) TRUST_MUST_CHECK;

/* Which of the published lists are not what the store says, though a phrase changed it: those that are the
 * operator's to update. To be asked within the step. */
#define RELIST_NAMES_SIZE 512
struct relist_behind {
    bool ctl, itl;
    bool hollow;                       /* the CTL file is the one by which mixed mode was left */
    bool tokens;                       /* the CTL file has tokens, one of which signs it */
    char ctl_lacks[RELIST_NAMES_SIZE]; /* "CallManager of cucm-1, CAPF of cucm-1"; "" if it is not a
                                          certificate */
    char itl_lacks[RELIST_NAMES_SIZE];
};
int relist_look(struct change *change, struct relist_behind *behind,
                struct trust_error *err) TRUST_MUST_CHECK;

/* Tell the operator, when the step is done. */
void relist_say(struct tvsctl *ctl, const struct relist_behind *behind);

#endif
