/* Certificates that are about to expire: those of this node's own units, and the signer of the CTL in force.
 * Each is said 90, 30 and 7 days ahead and when it has expired, once a start and threshold. Phones do not
 * look at the day; browsers, other servers and `answers.expired: refuse` do. Main thread. */
#ifndef TVSD_EXPIRY_H
#define TVSD_EXPIRY_H

#include "world.h"

#include <stdint.h>
#include <time.h>

#define EXPIRY_EVERY_S 3600 /* so often it is looked */
#define EXPIRY_PLACES  (TRUST_UNIT_TVS_ECDSA + 1)

/* What was said. Zeroed: nothing. */
struct expiry {
    struct expiry_said {
        uint8_t sha256[TRUST_SHA256_SIZE];
        int stage;
    } said[EXPIRY_PLACES]; /* by the unit's number; 0: the CTL's signer */
};

/* Say what is due at `now` (seconds since 1970) and was not said. What cannot be read now waits for the next
 * look. */
void expiry_look(struct expiry *expiry, const struct world *world, time_t now);

#endif
