/* A worker: one thread, one event loop, the connections that it accepted. The mailbox is the only crossing
 * point. */
#ifndef TVSD_WORKER_H
#define TVSD_WORKER_H

#include "sightings.h"
#include "snapshot.h"
#include "stats.h"
#include "trust.h"

#include <stdbool.h>

struct worker;

struct worker_options {
    int number;           /* 0, 1, … for the log */
    const int *listeners; /* listening, non-blocking; shared by all workers, not closed by them */
    size_t listener_count;
    int max_connections, max_handshakes; /* of this worker */
    struct sightings_end *sightings;     /* of this worker; NULL: nobody is remembered */
    int ack_fd; /* eventfd of the main thread, written after each mail was taken and when the worker has ended
                 */
};

/* Main thread. Start with a first snapshot. The thread blocks all signals but faults: they are the main
 * thread's. */
int worker_start(const struct worker_options *options, const struct snapshot *first, struct worker **out,
                 struct trust_error *err) TRUST_MUST_CHECK;

/* Main thread: hand over a snapshot. The one before must have been acknowledged by then (worker_generation).
 */
void worker_post(struct worker *worker, const struct snapshot *snapshot);

/* Main thread: the generation that the worker uses; the snapshots before it are no longer touched by it. */
unsigned long worker_generation(const struct worker *worker);

/* Main thread: stop listening, close idle connections now, answer requests under way, end the rest after
 * drain_ms. Does not wait. */
void worker_drain(struct worker *worker, int64_t drain_ms);

/* Main thread: whether the worker has no connection left and its loop has ended. */
bool worker_ended(const struct worker *worker);

/* Main thread: ask whether the loop turns. An answer comes by ack_fd; worker_turns tells whether the last
 * question was answered, or the loop has ended as it should. */
void worker_ping(struct worker *worker);
bool worker_turns(const struct worker *worker);

/* Main thread: join the thread and free. */
void worker_free(struct worker *worker);

/* Main thread: the counters of a worker, as they stand. */
void worker_stats(const struct worker *worker, struct stats *into);

#endif
