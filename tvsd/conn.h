/* A connection: handshake, requests, answers, end. It belongs to the worker that accepted it and is driven by
 * one event of that worker's loop. */
#ifndef TVSD_CONN_H
#define TVSD_CONN_H

#include "admission.h"
#include "conn_end.h"
#include "recent_certs.h"
#include "sightings.h"
#include "snapshot.h"
#include "stats.h"

#include <stdbool.h>
#include <sys/socket.h>

struct conn;
struct event_base;
struct event;

#define CONN_PRIORITIES      3 /* of the loop: connections come before new ones, … */
#define CONN_PRIORITY        0
#define CONN_ACCEPT_PRIORITY 1
#define CONN_CROWD_PRIORITY  2  /* … and those before handshakes of an address with many of them, … */
#define CONN_BEHIND_PRIORITY 2  /* … and before whose requests are dear, which come one at a time */
#define CONN_TURNS           64 /* new ones get theirs all the same after so many turns, or so long: on_busy */
#define CONN_BUSY_US         2000

/* What the connections of one worker share. Embedded in the worker and touched by its thread alone, except
 * for the counters, which others may read. */
struct conn_host {
    struct event_base *base;         /* with CONN_PRIORITIES */
    const struct snapshot *snapshot; /* to be changed between callbacks only */
    struct stats stats;
    struct recent_certs recent;
    struct sightings_end *sightings; /* NULL: nobody is remembered */
    struct event *on_crowd;     /* calls conn_crowd_turn; of CONN_CROWD_PRIORITY. NULL: crowds do not wait */
    struct admission admission; /* its limit is the worker's to set */
    uint64_t max_connections;   /* 0: no limit */
    void (*on_end)(void *arg);  /* called after each end of a connection or handshake; NULL: nobody cares */
    void (*on_busy)(void *arg); /* called after CONN_TURNS turns of connections, or CONN_BUSY_US of them,
                                 * without `busy` being reset */
    void *arg;
    struct {
        unsigned turns;
        int64_t us;
    } busy;
    struct conn *first; /* all connections; private to conn.c, as is what follows */
    int64_t behind;     /* how many of them stand behind the others */
    bool draining;
};

/* A loop with these priorities, for one thread. NULL: out of memory. The caller frees it with
 * event_base_free. */
struct event_base *conn_loop_new(void);

/* Serve a socket that was accepted, and is non-blocking; if there is one too many, somebody else is closed
 * for it. It is closed when the connection ends, which may be at once; log and counters say why. listener:
 * the socket that it came from, for the trace. */
void conn_open(struct conn_host *host, int fd, int listener, const struct sockaddr *address, socklen_t len);

/* Of on_crowd: one handshake of a crowd has its turn. arg: the host. */
void conn_crowd_turn(int fd, short what, void *arg);

/* Whether all connections are in use; whether another one would be one too many, for connections or, when who
 * has long been silent is counted out, for handshakes; whether then somebody would give way to it: a
 * handshake or, if it is connections that there are too many of, who is quiet or idle. */
bool conn_lacks_connections(const struct conn_host *host);
bool conn_is_full(struct conn_host *host);
bool conn_can_shed(struct conn_host *host);

/* In how many milliseconds somebody would who does not now, unless he goes before; INT64_MAX: never. */
int64_t conn_shed_wait(const struct conn_host *host);

/* We are stopping: idle connections, and those that have sent no byte, end with the next turn of the loop,
 * the others once they have their answers; who has just shaken hands has a second to ask. Open no more. */
void conn_drain(struct conn_host *host);

/* End all connections with the next turn of the loop. */
void conn_end_all(struct conn_host *host, enum conn_end end);

/* After the loop: free connections that are left, if any, and what was remembered. */
void conn_host_fini(struct conn_host *host);

#endif
