/* Records from one producer (a worker) to one consumer (the main thread), in bounded memory. Neither waits
 * and neither takes a lock: what does not fit is lost, and counted. */
#ifndef TVSD_RING_H
#define TVSD_RING_H

#include "trust.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring;

/* A ring of size bytes, a power of two. NULL: out of memory. */
struct ring *ring_new(size_t size);
void ring_free(struct ring *ring);

/* Producer: put in a record of two parts, all of it or nothing. false: there was no room; it is lost and
 * counted.
 */
bool ring_push(struct ring *ring, struct trust_bytes head, struct trust_bytes tail);

/* Producer. Whether it is more than half full. */
bool ring_is_filling(const struct ring *ring);

/* Consumer. How far the producer has come; records are to be taken up to there, so that a busy producer
 * cannot keep the consumer for ever. */
size_t ring_mark(const struct ring *ring);

/* Consumer: whether there is a record before the mark. Then ring_take copies out the next bytes of it, as
 * many as the consumer knows it to have, and ring_release gives its room back. */
bool ring_has(const struct ring *ring, size_t mark);
void ring_take(struct ring *ring, void *out, size_t len);
void ring_release(struct ring *ring);

/* Consumer. The records lost since the last call. */
uint64_t ring_take_lost(struct ring *ring);

#endif
