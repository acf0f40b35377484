/* Guard rails: what an operator is kept from doing to phones by mistake. They look at what a phrase would do,
 * by a rehearsal, before it asks its question; --force overrides them, which is logged.
 *
 * The promise: no phrase without --force strands a phone that follows what TVS vouches for, and that has the
 * lists of which the operator last said that all phones have them (`utils rollout close`; before that was
 * ever said: those from before the first roll-out), or newer ones. It holds for phones that can read what is
 * published: the digest and the key size that the configuration asks for are the operator's choice, which
 * warnings tell of. Phones without TVS know what their CTL names, and nothing keeps them through a change of
 * that. One phrase is never refused, and outside the promise: `utils ctl set-cluster non-secure-mode`, whose
 * question shows whom it strands. */
#ifndef TVSCTL_GUARD_H
#define TVSCTL_GUARD_H

#include "guard_view.h"
#include "rehearse.h"

/* What a guard rail has found. */
struct guard_finding {
    const char *guard; /* its name. Static storage */
    char why[640];     /* a sentence without its full stop */
    char instead[1024];
};

#define GUARD_MAX 16 /* guard rails */

struct guard_findings {
    struct guard_finding items[GUARD_MAX];
    size_t count;
};

/* What a phrase would do. */
struct guard_scene {
    const struct tvsctl *ctl;
    const struct phrase *phrase;
    struct guard_view before, after;
};

/* ---- The rows: guard_rails.c */

/* Look through every guard rail but the last. */
int guard_rails_look(const struct guard_scene *scene, struct guard_findings *findings,
                     struct trust_error *err) TRUST_MUST_CHECK;

/* ---- The last of them: guard_promise.c */

#define GUARD_STRANDED "stranded"

/* What phones cannot read, whoever signs it, is a matter of the configuration: warnings tell of it, and the
 * promise does not hold for whom it strands. */
bool guard_is_of_choice(enum trust_reason reason);

/* Whether a phone that the promise holds for would be stranded, and is not now. The rehearsal was looked at
 * (rehearsal_look). */
int guard_promise_look(const struct guard_scene *scene, struct rehearsal *rehearsal,
                       struct guard_findings *findings, struct trust_error *err) TRUST_MUST_CHECK;

/* ---- All of them: guard.c */

/* Before a phrase is run: the words are the ones by which it was found. TVSCTL_DONE: go on, and what is
 * forced is noted in ctl; TVSCTL_REFUSED: said. Where the rehearsal itself is refused, the phrase is let
 * through to say why, and gets no further (guard_seen.h). */
int guard_check(struct tvsctl *ctl, char *const *words, size_t count);

/* The phrase is done although no guard rail has looked at it. TVSCTL_DONE: said, and noted in ctl. */
int guard_force_unlooked(struct tvsctl *ctl, const struct trust_error *why);

/* For `utils rehearse`: which guard rails would refuse the phrase that was rehearsed there. before: as read
 * when the place was made. Free nothing. */
int guard_of_rehearsal(struct rehearsal *rehearsal, const struct phrase *phrase, struct guard_view *before,
                       struct guard_findings *findings, struct trust_error *err) TRUST_MUST_CHECK;

/* Write what was forced into the store, in the phrase's own step. */
struct change;
int guard_log(struct change *change, struct trust_error *err) TRUST_MUST_CHECK;

/* What a run of a phrase forces; NULL in struct tvsctl: nothing. */
void guard_free(struct guard_findings *forced);

#endif
