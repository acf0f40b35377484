/* The list that phones have found so far, when another one goes out. */
#ifndef TVSCTL_ROLLOUT_BEFORE_H
#define TVSCTL_ROLLOUT_BEFORE_H

#include "change.h"
#include "compose.h"

struct rollout_before {
    const struct state *state;
    const char *filename;
    const struct trust_list *present; /* of the TFTP folder */
    bool is_any, is_ours;             /* a list was published; the present one is one of them */
    struct trust_list *last, *full;   /* of the history: the last, the last that is not empty */
    const struct trust_list *list;    /* that phones have found so far; NULL: none */
    const struct trust_list *content; /* the same, or the last before it that is not empty */
};

/* Others may write into the TFTP folder: what lies there counts if it was published here, or if nothing ever
 * was; else the list counts that was published last. Free with rollout_before_fini, after a failure too. */
int rollout_before_find(struct change *change, enum compose_kind kind, struct rollout_before *before,
                        struct trust_error *err) TRUST_MUST_CHECK;
void rollout_before_fini(struct rollout_before *before);

#endif
