/* The folder of a rehearsal, in TMPDIR, or in /tmp where we may not write there. It is locked (flock) as long
 * as its rehearsal runs: one that nobody holds was left by a rehearsal that was killed, and the next one
 * removes it. */
#ifndef TVSCTL_REHEARSE_FOLDER_H
#define TVSCTL_REHEARSE_FOLDER_H

#include "config/config.h"

#include <limits.h>

struct rehearse_folder {
    char path[PATH_MAX / 4]; /* "": there is none */
    int lock;                /* with a path: the descriptor that holds it */
};

/* Make one, 0700, and remove those of our user that were left over for a minute and more. Errors:
 * TRUST_ENOTFOUND (TMPDIR is no folder), TRUST_EARGUMENT (it leads into the state folder or the TFTP folder
 * of config), TRUST_ETOOLARGE, TRUST_EDENIED, TRUST_ESYSTEM. folder is empty after a failure. */
int rehearse_folder_make(const struct config *config, struct rehearse_folder *folder,
                         struct trust_error *err) TRUST_MUST_CHECK;

/* Remove it with all that is in it. Legal on a zeroed one. */
void rehearse_folder_remove(struct rehearse_folder *folder);

/* Set err to what could not be done ("make") with path there, by errno's number. Returns its code. */
int rehearse_folder_error(int number, const char *doing, const char *path, struct trust_error *err);

#endif
