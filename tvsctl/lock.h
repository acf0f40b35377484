/* One phrase at a time changes a state folder. */
#ifndef TVSCTL_LOCK_H
#define TVSCTL_LOCK_H

#include "trust.h"

#include <stdbool.h>

/* A lock that is held: an advisory lock on the file STATE/lock, whose text says who holds it. The text is
 * taken out when all is done, so that one which is still there under a free lock tells of a phrase that died.
 */
struct lock {
    int fd;
    bool was_left; /* the phrase before this one died */
};

/* Take the lock, after waiting for up to 5 s. Errors: TRUST_ESTOREBUSY names the phrase that holds it,
 * TRUST_EDENIED, TRUST_ESYSTEM. */
int lock_take(const char *path, const char *phrase, struct lock *lock,
              struct trust_error *err) TRUST_MUST_CHECK;

/* Let go. finished false: something is left to do, which the next phrase shall see to. */
void lock_release(struct lock *lock, bool finished);

/* Whether a phrase died, or is under way (*under_way): a look that takes no lock. */
bool lock_is_left(const char *path, bool *under_way);

#endif
