/* A worker's ear on the listening sockets, which all workers share. */
#ifndef TVSD_LISTENER_H
#define TVSD_LISTENER_H

#include "conn.h"

struct event;

struct listeners {
    struct conn_host *host;
    struct event **events; /* one a socket */
    size_t count;
    struct event *resume;
    struct event *settle; /* a shortage was met: is it over? */
    bool paused;
};

/* Accept connections for the host's loop, one each time a socket is ready, so that other workers get theirs.
 * With as many connections, or handshakes under way, as the host may have, those give way that have kept
 * others waiting longest. If there are none, or no descriptors left, all sockets are left alone for a while:
 * then phones wait in the kernel's queue, or another worker takes them. false: out of memory; fini is needed
 * all the same. */
bool listeners_init(struct listeners *listeners, struct conn_host *host, const int *fds, size_t count);

/* The loop is so busy with connections that new ones have not had their turn for a while: take what waits,
 * one a socket. */
void listeners_poll(struct listeners *listeners);

/* A connection, or a handshake, has ended: if that was what we waited for, go on. */
void listeners_wake(struct listeners *listeners);

/* Accept no more. Leaves the sockets open. Legal on a zeroed struct, and twice. */
void listeners_fini(struct listeners *listeners);

#endif
