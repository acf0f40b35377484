/* What the control*.c files share: all that the main thread holds. */
#ifndef TVSD_CONTROL_PARTS_H
#define TVSD_CONTROL_PARTS_H

#include "control_listen.h"
#include "control_phones.h"
#include "control_refusals.h"
#include "control_socket.h"
#include "expiry.h"
#include "monitor.h"
#include "sockets.h"
#include "status.h"
#include "watchdog.h"
#include "workers.h"
#include "world.h"

#include <event2/event.h>
#include <stdbool.h>
#include <time.h>

#define CONTROL_SIGNALS 4

struct control {
    const char *config_path;
    struct timespec started; /* monotonic */
    struct event_base *base;
    struct event *signals[CONTROL_SIGNALS], *hangup, *stats_timer, *expiry_timer, *log_lines;
    struct world world;
    struct expiry expiry;
    struct snapshot_part *start_config_part; /* NULL until the first reload: the world's own */
    const struct config *start_config;       /* options that need a restart are still as they stand in it */
    struct sockets sockets;
    struct workers *workers;
    struct watchdog watchdog;
    struct monitor *monitor;
    int claim; /* of the state folder (claim.h); -1: another tvsd has it */
    struct control_phones *phones;
    struct control_refusals *refusals;
    struct control_listen listen;
    struct control_socket *socket; /* NULL: there is none */
    bool unposted;                 /* a change is in the world, and in no snapshot yet */
    bool refused;                  /* the last reload was, and why: */
    struct trust_error refusal;
    const char *remedy;      /* static words */
    char needs_restart[512]; /* what the last reload did not take over */
    bool reloading;          /* until every worker has what was read */
    bool log_trouble;        /* as the manager was told */
    int stops;               /* how often a signal asked for the end */
};

/* Fill err. Returns TRUST_ENOMEM. */
int control_no_memory(struct trust_error *err);

/* What `systemctl status` shows, and the control socket. Returns out. */
char *control_how_it_is(const struct control *control, char out[static STATUS_MAX]);
void control_tell_status(const struct control *control);

/* ---- control_reload.c */

/* For monitor_new: what changed on disk. */
void control_on_change(void *arg, unsigned what);
void control_retry_later(const struct control *control);

/* Read everything again: all of it is taken, or nothing. control->refused says which. */
void control_reload(struct control *control);

/* ---- control_commands.c */

/* Open the control socket. That there is none is said in the log, and no error. */
void control_open_socket(struct control *control);
/* The loop runs: answer on it. */
int control_serve_socket(struct control *control, struct trust_error *err) TRUST_MUST_CHECK;
/* The reload that clients wait for is over, and in force if it was not refused. */
void control_reload_is_over(struct control *control);

#endif
