/* Do all threads turn? The workers are asked every so often, and whenever a reload is to be known to be in
 * force; when all have answered the service manager is told that we are alive. A worker that does not answer
 * is named in the log, in time before the manager ends us. Main thread. */
#ifndef TVSD_WATCHDOG_H
#define TVSD_WATCHDOG_H

#include "trust.h"
#include "workers.h"

#include <stdbool.h>

struct watchdog {
    struct workers *workers;
    struct event *timer;
    bool is_asked; /* and not all have answered */
    workers_turn turned;
    void *arg;
};

/* Ask from the first turn of the loop on. workers are borrowed; turned is called each time all have answered,
 * before the manager is told. watchdog_fini is needed on failure, too. */
int watchdog_start(struct watchdog *watchdog, struct event_base *base, struct workers *workers,
                   workers_turn turned, void *arg, struct trust_error *err) TRUST_MUST_CHECK;

/* Ask now: the next call of turned answers this. */
void watchdog_ask(struct watchdog *watchdog);

/* Legal on a zeroed struct. */
void watchdog_fini(struct watchdog *watchdog);

#endif
