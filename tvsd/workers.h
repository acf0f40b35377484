/* All workers together: starting them, handing snapshots round, draining, summing their counters. Main
 * thread. */
#ifndef TVSD_WORKERS_H
#define TVSD_WORKERS_H

#include "config/config.h"
#include "sightings.h"
#include "snapshot.h"
#include "sockets.h"
#include "stats.h"
#include "trust.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

struct workers;

/* Called from the loop once every worker has ended (after workers_drain). */
typedef void (*workers_ended)(void *arg);

/* Called from the loop when every worker has answered workers_ping. */
typedef void (*workers_turn)(void *arg);

/* Start as many as the configuration says. take_first is used up, also on failure. */
int workers_start(struct event_base *base, const struct config *config, const struct sockets *sockets,
                  struct snapshot *take_first, workers_ended ended, void *arg, struct workers **out,
                  struct trust_error *err) TRUST_MUST_CHECK;

/* Hand a snapshot to every worker; the one before is freed when the last has let go of it. While workers
 * still change over to the one before, it waits, and a newer one takes its place. */
void workers_post(struct workers *workers, struct snapshot *take_snapshot);

/* Stop taking connections; see worker_drain. Nothing is posted after that. */
void workers_drain(struct workers *workers, int64_t drain_ms);

/* Ask every worker whether its loop turns. turn is called once all have answered, and use the snapshot that
 * was posted last; not as long as one hangs. A worker that has ended is none that hangs. Asking again before
 * that replaces the question. */
void workers_ping(struct workers *workers, workers_turn turn, void *arg);

/* Say worker-hung, once, of each worker that owes an answer to workers_ping; worker-answers follows when it
 * gives it. remedy: what becomes of it, or is to be done. */
void workers_name_hung(struct workers *workers, const char *remedy);

size_t workers_count(const struct workers *workers);

/* How many connections they take at a time, all together. */
int64_t workers_max_connections(const struct workers *workers);

void workers_stats(const struct workers *workers, struct stats *sum);

/* What they saw of phones; lives as long as they do. NULL: phones.max is 0. */
struct sightings *workers_sightings(const struct workers *workers);

/* Join and free. To be called when they have ended, or before the loop runs (they are drained at once then).
 */
void workers_free(struct workers *workers);

#endif
