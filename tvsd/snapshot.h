/* Everything that answers depend on, built whole on the main thread and constant from then on.
 *
 * A worker holds one snapshot and swaps it between callbacks (worker.h); look-ups take neither lock nor
 * atomic, and never see half a reload. The parts are counted by the snapshots that hold them, so what did not
 * change is not built again. */
#ifndef TVSD_SNAPSHOT_H
#define TVSD_SNAPSHOT_H

#include "config/config.h"
#include "tls.h"
#include "trust.h"

#include <stdint.h>

struct snapshot_part; /* owns one of the pointers below; counted, main thread only */

struct snapshot {
    const struct config *config;
    struct tls_context *tls;
    const struct trust_index *store; /* never NULL */
    const struct trust_index *ctl;   /* never NULL; empty when there is no CTL */
    unsigned long generation;        /* 1, 2, … */
    struct snapshot_part *parts[4];  /* the owners, in the order above */
};

/* Main thread. Parts take what they are given, also when they fail (NULL: out of memory, and it is freed). */
struct snapshot_part *snapshot_part_config(struct config *take_config);
struct snapshot_part *snapshot_part_tls(struct tls_context *take_tls);
struct snapshot_part *snapshot_part_index(struct trust_index *take_index);
void snapshot_part_unref(struct snapshot_part *part);

/* Main thread. A snapshot of the four parts; it takes references of its own. NULL: out of memory. */
struct snapshot *snapshot_new(struct snapshot_part *config, struct snapshot_part *tls,
                              struct snapshot_part *store, struct snapshot_part *ctl,
                              unsigned long generation);
void snapshot_free(struct snapshot *snapshot);

/* Main thread. How many were ever made, and how many of them are not freed: one while nothing changes. */
uint64_t snapshot_made(void);
uint64_t snapshot_live(void);

#endif
