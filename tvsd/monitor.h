/* Notices that CTLFile.tlv, the published lists or the store changed.
 *
 * Folders are watched by inotify, with a stat every two seconds as a net for file systems without events, and
 * while a folder is not there; the store by a timer. Main thread. */
#ifndef TVSD_MONITOR_H
#define TVSD_MONITOR_H

#include "sources.h"
#include "trust.h"

#include <event2/event.h>

enum monitor_what {
    MONITOR_CTL = 1 << 0,
    MONITOR_PUBLISHED = 1 << 1,
    MONITOR_STORE = 1 << 2,
};

/* what: bits of enum monitor_what. The monitor lives on until it returns. */
typedef void (*monitor_changed)(void *arg, unsigned what);

struct monitor;

/* Watch from now on. source is borrowed for the life of the monitor, NULL: no store is watched. */
int monitor_new(struct event_base *base, const struct config *config, struct store_source *source,
                monitor_changed changed, void *arg, struct monitor **out,
                struct trust_error *err) TRUST_MUST_CHECK;
void monitor_free(struct monitor *monitor);

/* For how many milliseconds the TFTP folder is left alone after a report of it that took so many, lest
 * whoever writes it keep the main thread from all else. What changes meanwhile is reported then. Pure. */
int monitor_rest_after(int64_t took_ms);

/* Something could not be read: report MONITOR_PUBLISHED at the next stat, as if it had changed. */
void monitor_retry(struct monitor *monitor);

#endif
