/* The control socket's place in the file system. Main thread. */
#ifndef TVSD_CONTROL_LISTEN_H
#define TVSD_CONTROL_LISTEN_H

#include "config/config.h"
#include "trust.h"

#include <sys/types.h>

struct control_listen {
    int fd; /* listening, non-blocking; -1: there is none */
    char *path, *link;
    dev_t dev; /* of the socket that we made */
    ino_t ino;
};

/* Listen where control.socket says, for owner and group alone. With auto that is STATE/control, or `control`
 * in the service's runtime folder (RUNTIME_DIRECTORY), to which STATE/control then is a link. A socket that a
 * dead tvsd left is replaced; the caller has claimed the state folder. control.socket: off leaves fd -1.
 * Errors: TRUST_EEXISTS (somebody answers there, or it is no socket), TRUST_ENOTFOUND (no folder),
 * TRUST_EDENIED, TRUST_ESYSTEM, TRUST_ETOOLARGE. */
int control_listen_open(const struct config *config, struct control_listen *out,
                        struct trust_error *err) TRUST_MUST_CHECK;

/* Embedded; legal on a zeroed one with fd -1. Takes socket and link away, if they are still ours. */
void control_listen_close(struct control_listen *listen);

#endif
