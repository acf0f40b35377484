/* Counters: one set a worker, each written by that worker alone, summed on demand by the main thread. */
#ifndef TVSD_STATS_H
#define TVSD_STATS_H

#include "conn_end.h"
#include "request.h"
#include "tls.h"

#include <stdint.h>

/* X(name): adding a counter is one line. Gauges are counters that go down too. */
#define STATS_FIELDS(X)                                                                                      \
    X(accepted)                                                                                              \
    X(active)                                                                                                \
    X(handshakes)                                                                                            \
    X(tls_strict)                                                                                            \
    X(tls_rsa)                                                                                               \
    X(tls_legacy)                                                                                            \
    X(verify)                                                                                                \
    X(query)                                                                                                 \
    X(bytes_in)                                                                                              \
    X(bytes_out)                                                                                             \
    X(accept_paused)                                                                                         \
    X(snapshots_made)                                                                                        \
    X(snapshots_live)                                                                                        \
    X(sightings_lost)

struct stats {
#define X(name) uint64_t name;
    STATS_FIELDS(X)
#undef X
    uint64_t results[REQUEST_RESULT_COUNT];
    uint64_t ends[CONN_END_COUNT];
    uint64_t tls_failures[TLS_FAILURE_COUNT];
};

/* Worker: change a counter of one's own. Main reads while workers write, hence the relaxed atomics. */
static inline void stats_bump(uint64_t *counter, int64_t by)
{
    __atomic_store_n(counter, *counter + (uint64_t)by, __ATOMIC_RELAXED);
}

/* Add one set, which its worker may be writing, to another, which nobody is. */
void stats_add(struct stats *into, const struct stats *from);

/* Hand over every counter that is not zero, as event=stats names it. */
typedef void (*stats_take)(void *arg, const char *name, uint64_t value);
void stats_each(const struct stats *stats, stats_take take, void *arg);

/* Say event=stats with every counter that is not zero. Main thread. */
void stats_log(const struct stats *stats);

#endif
