/* A phrase that is rehearsed: the site before and after it, the phones that there can be, and what becomes of
 * them. */
#ifndef TVSCTL_REHEARSE_H
#define TVSCTL_REHEARSE_H

#include "rehearse_run.h"
#include "rehearse_words.h"
#include "rehearse_worse.h"

struct rehearsal {
    struct tvsctl *ctl;
    char said[256]; /* the phrase, as the history keeps it */
    struct rehearse_place place;
    struct rehearse_site before, after;
    struct rehearse_holders holders;
    struct rehearse_candidates candidates; /* after the phrase */
    bool has_candidates;                   /* they were read */
    struct rehearse_question question;     /* families: by who asks */
    struct rehearse_words words;
    struct rehearse_worse worse; /* empty until they were judged */
};

/* Make the place, and read the site before the phrase and who can hold what. Hold signals back first
 * (rehearse_hold_signals), and run the phrase next (rehearse_run). Errors: rehearse_place_make's and those of
 * reading. */
int rehearsal_prepare(struct rehearsal *rehearsal, struct trust_error *err) TRUST_MUST_CHECK;

/* Read the site after the phrase; then judge, and unless --family names some the real families, too. Errors:
 * those of reading, trust_anchor_judge's. */
int rehearsal_look(struct rehearsal *rehearsal, struct trust_error *err) TRUST_MUST_CHECK;
int rehearsal_judge(struct rehearsal *rehearsal, struct trust_error *err) TRUST_MUST_CHECK;

/* What could be published after the phrase, for who judges: read once. Errors: rehearse_candidates_read's. */
int rehearsal_read_candidates(struct rehearsal *rehearsal, struct trust_error *err) TRUST_MUST_CHECK;

/* What was looked at, how many follow, the table of those who do not, and what else is to be said.
 * TRUST_ENOMEM. */
int rehearsal_print(const struct rehearsal *rehearsal, FILE *out) TRUST_MUST_CHECK;

/* Embedded. The place is removed. */
void rehearsal_fini(struct rehearsal *rehearsal);

#endif
