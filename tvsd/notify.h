/* The service manager: what it is told (sd_notify(3)), and the sockets that it hands over (sd_listen_fds(3)).
 * To a daemon that was started by hand there is none, and nothing here does anything. Main thread. */
#ifndef TVSD_NOTIFY_H
#define TVSD_NOTIFY_H

#include "trust.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The start, or a reload, is over: whatever came of it, we serve. status: one line for people. */
void notify_ready(const char *status);

/* To be the first thing when a reload begins: a manager that waits for its end must know of the beginning. */
void notify_reloading(void);

/* To be the first thing when the end begins. */
void notify_stopping(const char *status);
void notify_status(const char *status);

/* Tell that we are alive. false: that could not be said, and is to be tried again soon. */
bool notify_alive(void);

/* How often the manager wants to hear notify_alive at the latest, in microseconds; 0: it does not care. */
uint64_t notify_watchdog_us(void);

/* The sockets that the manager hands over: *count descriptors from *first on, made non-blocking and
 * close-on-exec, and the caller's from now on; 0: none. An error, in one line that names it, when one of them
 * is not a listening TCP socket. Once only. */
int notify_sockets(int *first, size_t *count, struct trust_error *err) TRUST_MUST_CHECK;

#endif
