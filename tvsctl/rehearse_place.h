/* Where a phrase is rehearsed: a folder of its own in TMPDIR with a copy of the state folder and of what
 * phones find in the TFTP folder, and a configuration that points there. Private keys are links to the real
 * files: none is copied, and what a phrase replaces or removes there is the link. What `utils restore` brings
 * out of a backup is there until the end, keys too: 0600 in a folder of mode 0700. */
#ifndef TVSCTL_REHEARSE_PLACE_H
#define TVSCTL_REHEARSE_PLACE_H

#include "rehearse_folder.h"

#include <signal.h>

enum rehearse_extent {
    REHEARSE_WHOLE, /* with the lists that were published, and every name of the TFTP folder */
    REHEARSE_LISTS, /* of all these, the two lists that phones find alone: enough to sign others */
};

struct rehearse_place {
    struct rehearse_folder folder;
    char state[PATH_MAX / 2], tftp[PATH_MAX / 2];
    struct config config; /* the one it was made from, but for these two; borrows the rest */
    bool pretends;        /* trust_pretend_begin, as long as it is there: no token is asked for its PIN */
};

/* Make one, as the owner of the state folder. What is copied is of one moment: no phrase changed it
 * meanwhile. Errors: TRUST_ENOTFOUND (no store; TMPDIR is no folder), TRUST_EARGUMENT (TMPDIR leads into the
 * state folder or the TFTP folder), TRUST_ESTOREBUSY (another phrase was at it all the time), TRUST_EDENIED,
 * TRUST_ESYSTEM. place is empty after a failure. */
int rehearse_place_make(const struct config *from, enum rehearse_extent extent, struct rehearse_place *place,
                        struct trust_error *err) TRUST_MUST_CHECK;

/* Remove it with all that is in it. Legal on a zeroed one. */
void rehearse_place_remove(struct rehearse_place *place);

/* A key or a signal that would end the program waits until sigprocmask() takes before back, so that no place
 * is left over. */
void rehearse_hold_signals(sigset_t *before);

/* text with the real folders in place of those of the rehearsal: a new string, which the caller frees; NULL
 * if memory ran out. real: what the place was made from. */
char *rehearse_place_real_names(const struct rehearse_place *place, const struct config *real,
                                const char *text);

#endif
