/* Lines of the log in a ring (ring.h), from a worker to the main thread. */
#ifndef TVSD_LOG_RING_H
#define TVSD_LOG_RING_H

#include "log_render.h"
#include "ring.h"

/* Producer. false: there was no room, the line is lost and counted. The ring has room for one line at least.
 */
bool log_ring_push(struct ring *ring, const struct log_line *line);

/* Consumer. false: there is none before the mark. */
bool log_ring_pop(struct ring *ring, size_t mark, struct log_line *out);

#endif
