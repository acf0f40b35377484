/* From what the guard rails looked at to the step in which the phrase does it: whether it still is that. */
#ifndef TVSCTL_GUARD_SEEN_H
#define TVSCTL_GUARD_SEEN_H

#include "change.h"
#include "guard_view.h"

struct guard_seen {
    struct guard_view view; /* the state that was looked at */
    bool has_view;
    bool was_refused; /* by the phrase itself, where it was rehearsed: no guard rail has looked at it */
    char why[180];    /* if so: what it said there */
    bool is_done;     /* a step of the phrase is decided: from then on the state is another */
};

/* Note it. said: the lines that it said there, or NULL. */
void guard_seen_refused(struct guard_seen *seen, const char *said);

/* When a step begins, under its lock: the operator thinks as long as he likes, and others say phrases
 * meanwhile. TRUST_ESTOREBUSY: the state is not the one that was looked at; and guard_view_read's. */
int guard_seen_check(const struct change *change, struct trust_error *err) TRUST_MUST_CHECK;

/* Before a step is decided: a phrase that was refused where it was rehearsed, and is not here, gets no
 * further. TRUST_EDENIED; with --force it is noted as forced, TRUST_ENOMEM. */
int guard_seen_pass(const struct change *change, struct trust_error *err) TRUST_MUST_CHECK;

void guard_seen_free(struct guard_seen *seen);

#endif
