/* What a phrase did for phones, to be told when it is done. */
#ifndef TVSCTL_DEEDS_H
#define TVSCTL_DEEDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tvsctl;

struct deeds {
    int64_t ctl, itl;        /* numbers of the lists that were published; 0: none */
    bool anchor;             /* ITLRecovery was made */
    size_t signed_files;     /* that were signed anew */
    bool stays_empty;        /* the ITL file was to follow, and is empty for a rollback */
    size_t rollouts;         /* that were opened */
    char rollout_texts[640]; /* "3 (ITLFile.tlv is signed by CallManager of cucm-1 (79E2...)), 4 (…)" */
    const char *signs_next;  /* after a reset: who signs the list that comes next; NULL: no reset */
    bool is_note; /* the phrase has printed a dialogue that stands by itself: the error output gets it */
};

/* Note that a roll-out was opened; text: what it is about. */
void deeds_add_rollout(struct deeds *deeds, int64_t number, const char *text);

/* Tell what the phrase of this run did, and the first time in a session what that takes. */
void deeds_tell(struct tvsctl *ctl);

#endif
