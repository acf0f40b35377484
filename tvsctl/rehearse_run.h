/* A phrase that runs at a rehearsal's place instead of the real one. */
#ifndef TVSCTL_REHEARSE_RUN_H
#define TVSCTL_REHEARSE_RUN_H

#include "rehearse_place.h"
#include "tvsctl.h"

/* Find the phrase of the words, with the options of ctl that are not the rehearsal's own, and whether it can
 * be rehearsed. TVSCTL_DONE, or said. said: it, as the history keeps it. */
int rehearse_check(struct tvsctl *ctl, char *const *words, size_t count, char *said, size_t size,
                   const struct phrase **phrase);

/* Run it there; questions are answered with yes and what it prints is dropped. Its warnings, and why it
 * refuses, are said with the real folders' names. Returns what it returned. */
int rehearse_run(struct tvsctl *ctl, struct rehearse_place *place, char *const *words, size_t count);

/* The same, and nothing is said: *said is what would have been, with the names of the place; free() it. NULL
 * if memory ran out. */
int rehearse_try(struct tvsctl *ctl, struct rehearse_place *place, char *const *words, size_t count,
                 char **said);

/* Lists that phrases could publish in place of those that phones find at a place. */
struct rehearse_candidates {
    struct trust_list **lists;
    char **phrases;
    struct trust_candidate *items; /* the mildest first, those of other nodes last; borrow both */
    size_t count;
};

/* Find out by saying each of these phrases on a copy of the place, as our own node and as each other one
 * whose CallManager has its key there. A phrase that needs another before it is named with that: "utils itl
 * update; utils itl reset localkey"; that of another node, with its name: "on NODE: utils itl update".
 * Free with rehearse_candidates_fini, after a failure too. */
int rehearse_candidates_read(struct tvsctl *ctl, const struct rehearse_place *place,
                             struct rehearse_candidates *candidates,
                             struct trust_error *err) TRUST_MUST_CHECK;
void rehearse_candidates_fini(struct rehearse_candidates *candidates);

#endif
