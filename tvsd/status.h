/* How tvsd is, in one line for people: what `systemctl status` shows. Main thread. */
#ifndef TVSD_STATUS_H
#define TVSD_STATUS_H

#include "world.h"

#include <stdint.h>

#define STATUS_MAX 1024

/* What is in force, how many connections there are, and whatever is not as it should be: the log has said
 * why. reload_refused: the last one was. Returns out. */
char *status_text(const struct world *world, uint64_t connections, bool reload_refused,
                  char out[static STATUS_MAX]);

#endif
