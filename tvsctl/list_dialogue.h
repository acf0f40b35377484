/* The dialogue of phrases that publish a list: what can be seen to be wrong, the question, the step, what was
 * done. */
#ifndef TVSCTL_LIST_DIALOGUE_H
#define TVSCTL_LIST_DIALOGUE_H

#include "change.h"
#include "compose.h"

struct list_dialogue {
    enum compose_kind kind; /* of the list */
    const char *question;   /* the sentence before it; NULL: check gives it */
    const char *begins;     /* printed before the step */
    const char *done;       /* after it, one line or several */
    bool restart;           /* CUCM's last sentence stands behind that */

    /* Look before anything is asked: TVSCTL_DONE, or said. May set question. NULL: nothing to look at. */
    int (*check)(struct tvsctl *ctl, struct state *state, struct list_dialogue *dialogue);
    /* What has to be asked besides, when the answer was yes; TVSCTL_DONE, or said. NULL: nothing. */
    int (*prepare)(struct tvsctl *ctl, struct list_dialogue *dialogue);
    change_work work;
    void *arg; /* of work; check finds it here too */
};

/* Open the state, check, ask, change. Returns enum tvsctl_exit; everything was said. */
int list_dialogue_run(struct tvsctl *ctl, struct list_dialogue *dialogue);

/* A check: our node has a CallManager certificate. */
int list_dialogue_need_call_manager(struct tvsctl *ctl, struct state *state);

#endif
