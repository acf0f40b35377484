/* A bounded queue of lines from one worker to the main thread. Neither end waits for the other and neither
 * takes a lock: what does not fit is lost, and counted. */
#ifndef TVSD_LOG_RING_H
#define TVSD_LOG_RING_H

#include "log_render.h"

struct log_ring;

/* A ring of size bytes, a power of two that holds at least one line. NULL: out of memory. */
struct log_ring *log_ring_new(size_t size);
void log_ring_free(struct log_ring *ring);

/* Producer. false: there was no room, the line is lost and counted. */
bool log_ring_push(struct log_ring *ring, const struct log_line *line);

/* Consumer. How far the producer has come; log_ring_pop takes lines up to there, so a busy producer cannot
 * keep the consumer for ever. */
size_t log_ring_mark(const struct log_ring *ring);
bool log_ring_pop(struct log_ring *ring, size_t mark, struct log_line *out);

/* Consumer. The lines lost since the last call. */
uint64_t log_ring_take_lost(struct log_ring *ring);

#endif
