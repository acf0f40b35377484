/* A connection's own, for the conn*.c files. */
#ifndef TVSD_CONN_INTERNAL_H
#define TVSD_CONN_INTERNAL_H

#include "conn.h"
#include "inbox.h"
#include "outbox.h"
#include "peer.h"
#include "tls.h"

#include <event2/event.h>
#include <event2/event_struct.h>

#define CONN_HELD_MAX 16384 /* with so many bytes of memory for unsent answers, reading stops */
#define CONN_FRESH_MS 1000  /* draining: so long may a phone take from its handshake to its question */

enum conn_phase {
    CONN_HANDSHAKE,
    CONN_OPEN,
    CONN_FINISHING, /* reads no more, and closes once its answers are sent */
    CONN_CLOSED,    /* to be freed at the tail of the callback */
};

struct conn {
    struct admission_place place; /* first: it stands for the connection */
    struct conn_host *host;
    struct conn *next, **link;
    struct event event, timer;
    short armed;       /* what the event waits for now; 0: it was never assigned */
    bool armed_behind; /* and with what priority */
    int64_t timer_at;  /* when the timer fires; INT64_MAX: it is not set */
    int fd;
    struct tls *tls; /* NULL until the first byte has come */
    enum conn_phase phase;
    enum conn_end end;    /* FINISHING, CLOSED: why */
    enum tls_step want;   /* what the handshake, or reading, waits for */
    bool shaken;          /* the handshake succeeded */
    bool more;            /* there may be work that no event will announce */
    bool crowd;           /* its address had many handshakes under way */
    bool lined_up;        /* has bytes to be read when the crowd's turn comes */
    bool last_turn;       /* draining: closes as soon as it is idle */
    bool behind;          /* its requests are dear: all others' come before its own … */
    int64_t behind_until; /* … until then, in monotonic milliseconds */
    struct inbox inbox;
    struct outbox outbox;
    size_t frame_len;      /* of the message at the front of the inbox; 0: not known yet */
    int64_t frame_started; /* when its first byte came */
    int64_t read_at, opened, began, idle_since;
    uint64_t requests;
    unsigned session;
    struct peer peer;
    char detail[160];
};

/* The connection ends with its callback, or when it is freed. */
void conn_close(struct conn *conn, enum conn_end end, const char *detail);
void conn_free(struct conn *conn);

/* Do what can be done without waiting, then arm the event or free the connection. what: as of an event. */
void conn_turn(struct conn *conn, short what);

/* After the handshake: send, read and answer as much as a turn allows. now_us: monotonic microseconds. */
void conn_talk(struct conn *conn, int64_t now_us);

/* A callback of the event: a turn, unless it has to wait for it. */
void conn_ready(evutil_socket_t fd, short what, void *arg);

/* Arm event and timer for what the next step needs. false: the loop refused. now: monotonic milliseconds. */
bool conn_arm(struct conn *conn, int64_t now);
void conn_disarm(struct conn *conn);

/* When it ends unless something happens, in monotonic milliseconds, and how. */
int64_t conn_deadline(const struct conn *conn, enum conn_end *end);

/* Bytes of a message are there. */
static inline bool conn_has_request(const struct conn *conn)
{
    return inbox_bytes(&conn->inbox).len > 0;
}

/* If there is one too many, close who gives way, without a word to it: that is cheap. Not from a connection's
 * own callback. */
void conn_shed(struct conn_host *host);

/* A handshake begins: others may have to give way. false: it must end itself. */
bool conn_make_room(struct conn *conn, int64_t now);

/* A handshake has ended: there may be room for one of a crowd. */
void conn_crowd_wake(struct conn_host *host);

/* A handshake of a crowd waits for its turn, off the loop's sockets. false: it need not wait. */
bool conn_line_up(struct conn *conn, short what);

#endif
