/* What world.c, which builds and changes a world, and world_say.c, which tells of it, share. */
#ifndef TVSD_WORLD_PARTS_H
#define TVSD_WORLD_PARTS_H

#include "world.h"

/* Say why a CTL is refused, now. again: even if that was the last thing said of it. The world's own CTL is
 * what stays in force. */
void world_say_ctl_refused(struct world *world, const char *path, const struct trust_error *why, bool again);

/* Say why a new TVS certificate is refused, unless that was the last thing said of it. *why is completed. */
void world_say_cert_refused(const struct world *world, struct trust_error *why);

/* Either may be NULL. */
bool world_same_cert(const struct trust_cert *a, const struct trust_cert *b);

#endif
