/* Each callback does as much as can be done without waiting, then judges the deadlines, then either arms the
 * event for what the next step needs or frees the connection: nowhere else is it freed, but where it gives
 * way to others. */
#include "conn_internal.h"

#include "clock.h"
#include "config/network.h"
#include "conn_report.h"
#include "conn_socket.h"
#include "trace.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEAR_US      250 /* of a turn: a request takes some ten */
#define BEHIND_TIMES 20
#define JUDGED_MS    10 /* for so long it counts what a socket was found to be when it was accepted */
#define PROMPT_MS    20 /* who is found gone sooner was not kept waiting */

void conn_close(struct conn *conn, enum conn_end end, const char *detail)
{
    if (conn->phase == CONN_CLOSED)
        return;
    conn->phase = CONN_CLOSED;
    conn->end = end;
    snprintf(conn->detail, sizeof conn->detail, "%.*s", (int)sizeof conn->detail - 1, detail);
}

/* The handshake is over: there is room for another. */
static void conn_shaken(struct conn *conn, int64_t now)
{
    struct conn_host *host = conn->host;
    conn_report_admitted(&host->stats, &conn->peer, conn->tls, now);
    conn->phase = CONN_OPEN;
    conn->shaken = true;
    conn->crowd = false;
    conn->idle_since = now;
    peer_shaken(&conn->peer);
    admission_put(&host->admission, &conn->place, ADMISSION_IDLE, now);
    conn_crowd_wake(host);
    if (host->on_end != NULL)
        host->on_end(host->arg);
}

/* How a connection ends that was reset before its handshake began. */
static enum conn_end end_of_reset(struct stats *stats, int fd)
{
    if (!conn_socket_has_bytes(fd))
        return CONN_END_SILENT;
    stats_bump(&stats->tls_failures[TLS_FAILURE_RESET], 1);
    return CONN_END_HANDSHAKE_FAILED;
}

/* How a connection ends whose phone an answer would not reach any more. */
struct too_late {
    enum conn_end end;
    const char *detail;
    bool is_gone; /* there is nobody to say goodbye to */
};

static bool is_too_late(struct conn_host *host, int fd, struct too_late *how)
{
    /* Who has waited for half of the time that a handshake may take would wait for it too long. */
    switch (conn_socket_state(fd, host->snapshot->config->server.handshake_timeout / 2)) {
    case CONN_SOCKET_OVERDUE:
        *how = (struct too_late){CONN_END_OVERDUE, "", false};
        return true;
    case CONN_SOCKET_LEFT:
        *how = (struct too_late){CONN_END_OVERDUE, "", true};
        return true;
    case CONN_SOCKET_RESET:
        *how = (struct too_late){end_of_reset(&host->stats, fd), tls_failure_name(TLS_FAILURE_RESET), true};
        return true;
    case CONN_SOCKET_SILENT:
        *how = (struct too_late){CONN_END_SILENT, "", true};
        return true;
    case CONN_SOCKET_WAITS:
        break;
    }
    return false;
}

/* The first bytes have come. Whom an answer would not reach any more costs no handshake: then false. */
static bool conn_begin(struct conn *conn, int64_t now)
{
    struct conn_host *host = conn->host;
    struct too_late how;
    if (now - conn->opened >= JUDGED_MS && is_too_late(host, conn->fd, &how)) {
        conn_close(conn, how.end, how.detail);
        return false;
    }
    if (!conn_make_room(conn, now)) {
        conn_close(conn, CONN_END_SHED, "");
        return false;
    }
    conn->tls = tls_new(host->snapshot->tls, conn->fd);
    if (conn->tls == NULL)
        conn_close(conn, CONN_END_NO_MEMORY, "a handshake: out of memory");
    return conn->tls != NULL;
}

/* The handshake failed. Who left because nobody answered him in time is no phone that was refused. */
static void conn_refused(struct conn *conn)
{
    const enum tls_failure failure = tls_failure(conn->tls);
    const char *name = tls_failure_name(failure);
    struct conn_socket_left left = {0};
    if (!tls_heard(conn->tls) && failure == TLS_FAILURE_RESET) {
        conn_close(conn, CONN_END_SILENT, tls_failure_detail(conn->tls));
        return;
    }
    /* Without a whole hello it was we who waited. */
    const bool has_reset = failure == TLS_FAILURE_RESET;
    if (tls_class(conn->tls) != TLS_CLASS_UNKNOWN && (failure == TLS_FAILURE_ABANDONED || has_reset))
        left = conn_socket_left(conn->fd, has_reset);
    if (left.is_unheard && left.waited >= PROMPT_MS) {
        conn_close(conn, CONN_END_OVERDUE, "");
        return;
    }
    conn_report_refused(&conn->host->stats, &conn->peer, conn->tls, &left);
    conn_close(conn, failure == TLS_FAILURE_MEMORY ? CONN_END_NO_MEMORY : CONN_END_HANDSHAKE_FAILED, name);
}

static void conn_shake(struct conn *conn, int64_t now)
{
    if (conn->tls == NULL && !conn_begin(conn, now))
        return;
    conn->want = tls_handshake(conn->tls);
    switch (conn->want) {
    case TLS_STEP_DONE:
        conn_shaken(conn, now);
        break;
    case TLS_STEP_WANT_READ:
    case TLS_STEP_WANT_WRITE:
        break;
    case TLS_STEP_CLOSED:
        conn_close(conn, CONN_END_SILENT, "");
        break;
    case TLS_STEP_FAILED:
        conn_refused(conn);
    }
}

static void conn_judge(struct conn *conn, int64_t now)
{
    enum conn_end end;
    bool idle = conn->phase == CONN_OPEN && conn->outbox.held == 0 && !conn_has_request(conn) && !conn->more;
    if (conn->phase != CONN_CLOSED && now >= conn_deadline(conn, &end)) {
        /* It was we who did not listen in time. */
        if (end == CONN_END_HANDSHAKE_TIMEOUT && conn->tls == NULL && conn_socket_has_bytes(conn->fd))
            end = CONN_END_OVERDUE;
        conn_close(conn, end, "");
    }
    /* Who has not sent a byte wants nothing yet, and can just as well connect again. */
    bool silent =
        conn->phase == CONN_HANDSHAKE && conn->host->draining && (conn->tls == NULL || !tls_heard(conn->tls));
    if (silent || (idle && conn->last_turn))
        conn_close(conn, CONN_END_DRAINED, "");
    if (conn->shaken)
        admission_put(&conn->host->admission, &conn->place, idle ? ADMISSION_IDLE : ADMISSION_NONE,
                      conn->idle_since);
}

/* A phone that knows our certificate goes on to ask; the log is to show one that did not. */
static void note_unasked(struct conn *conn)
{
    bool quiet_end = conn->end == CONN_END_PEER_CLOSED || conn->end == CONN_END_IDLE;
    size_t len = strlen(conn->detail);
    if (conn->shaken && quiet_end && conn->requests == 0 && !conn_has_request(conn))
        snprintf(conn->detail + len, sizeof conn->detail - len, "%snothing was asked after the handshake",
                 len > 0 ? "; " : "");
}

static void conn_set_behind(struct conn *conn, bool behind)
{
    conn->host->behind += behind - conn->behind;
    conn->behind = behind;
}

void conn_free(struct conn *conn)
{
    struct conn_host *host = conn->host;
    const bool began = conn->tls != NULL;
    note_unasked(conn);
    conn_set_behind(conn, false);
    conn_disarm(conn);
    tls_free(conn->tls);
    conn_socket_close(conn->fd);
    *conn->link = conn->next;
    if (conn->next != NULL)
        conn->next->link = conn->link;
    inbox_fini(&conn->inbox);
    outbox_fini(&conn->outbox);
    peer_leave(&conn->peer);
    peer_shaken(&conn->peer);
    admission_put(&host->admission, &conn->place, ADMISSION_NONE, 0);
    conn_crowd_wake(host);
    stats_bump(&host->stats.active, -1);
    int64_t now = clock_milliseconds();
    conn_report_end(&host->stats, &conn->peer,
                    &(struct conn_ending){.end = conn->end,
                                          .began = began,
                                          .shaken = conn->shaken,
                                          .requests = conn->requests,
                                          .ms = now - conn->opened,
                                          .now = now,
                                          .detail = conn->detail});
    free(conn);
    if (host->on_end != NULL)
        host->on_end(host->arg);
}

/* Who asks for what takes long stands behind all others: beside a few such connections each turn of a phone's
 * would wait for one of each of theirs. And for so long that all of them together, when their time is over,
 * have a twentieth of everybody's; but not past a deadline, since it may have been the machine that was slow.
 */
static void conn_stand(struct conn *conn, int64_t spent_us, int64_t now)
{
    struct conn_host *host = conn->host;
    const int64_t most = host->snapshot->config->server.request_timeout / 4;
    if (spent_us >= DEAR_US) {
        const int64_t time = BEHIND_TIMES * spent_us * (host->behind + 1) / 1000;
        conn->behind_until = now + (time < most ? time : most);
    }
    conn_set_behind(conn, conn->behind_until > now);
}

void conn_turn(struct conn *conn, short what)
{
    struct conn_host *host = conn->host;
    const int64_t began = clock_microseconds(), now = began / 1000;
    /* A deadline alone is no reason to begin, nor to leave the line. */
    bool goes_on = conn->tls != NULL || (what & EV_READ) != 0 || host->draining;
    conn->lined_up &= !goes_on;
    bool shakes = conn->phase == CONN_HANDSHAKE;
    if (shakes && goes_on)
        conn_shake(conn, now);
    /* Who has just shaken hands has not yet asked, unless that came along. */
    bool is_silent = shakes && conn->phase == CONN_OPEN && !host->draining && !tls_has_bytes(conn->tls);
    if ((conn->phase == CONN_OPEN || conn->phase == CONN_FINISHING) && !is_silent)
        conn_talk(conn, began);
    conn_judge(conn, now);
    const int64_t spent = clock_microseconds() - began;
    host->busy.us += spent;
    conn_stand(conn, shakes ? 0 : spent, now);
    if (conn->phase != CONN_CLOSED && !conn_arm(conn, now))
        conn_close(conn, CONN_END_NO_MEMORY, "the event loop refused a socket");
    if (conn->phase == CONN_CLOSED)
        conn_free(conn);
}

void conn_ready(evutil_socket_t fd, short what, void *arg)
{
    struct conn *conn = arg;
    struct conn_host *host = conn->host;
    (void)fd;
    if (!conn_line_up(conn, what))
        conn_turn(conn, what);
    if (++host->busy.turns >= CONN_TURNS || host->busy.us >= CONN_BUSY_US) {
        host->busy.turns = 0;
        host->busy.us = 0;
        if (host->on_busy != NULL)
            host->on_busy(host->arg);
    }
}

/* Whether it is known that many phones share the address. */
static bool is_site(const struct conn_host *host, const struct peer *peer)
{
    return network_has(&host->snapshot->config->server.unlimited_addresses, peer->address);
}

static struct conn *conn_new(struct conn_host *host, int fd, struct peer *peer, unsigned session)
{
    struct conn *conn = calloc(1, sizeof *conn);
    if (conn == NULL)
        return NULL;
    int64_t now = clock_milliseconds();
    *conn = (struct conn){.host = host,
                          .fd = fd,
                          .crowd = peer_shake(peer) >= ADMISSION_CROWD && !is_site(host, peer),
                          .phase = CONN_HANDSHAKE,
                          .want = TLS_STEP_WANT_READ,
                          .opened = now,
                          .session = session};
    conn->peer = *peer; /* as it is counted */
    if (!conn_arm(conn, now)) {
        conn_disarm(conn);
        peer_shaken(peer);
        free(conn);
        return NULL;
    }
    conn->next = host->first;
    conn->link = &host->first;
    if (host->first != NULL)
        host->first->link = &conn->next;
    host->first = conn;
    admission_put(&host->admission, &conn->place, conn->crowd ? ADMISSION_CROWD_SILENT : ADMISSION_SILENT,
                  now);
    return conn;
}

/* Most of a flood, and of a crowd that gave up while it waited to be accepted: the cheapest end. */
static bool turn_away(struct conn_host *host, int fd, const struct peer *peer, int64_t now)
{
    struct too_late how;
    if (!is_too_late(host, fd, &how))
        return false;
    if (how.is_gone)
        close(fd);
    else
        conn_socket_close(fd);
    conn_report_end(&host->stats, peer,
                    &(struct conn_ending){.end = how.end, .now = now, .detail = how.detail});
    return true;
}

void conn_open(struct conn_host *host, int fd, int listener, const struct sockaddr *address, socklen_t len)
{
    static atomic_uint accepted; /* by all workers: the trace counts sessions through */
    struct peer peer;
    assert(!host->draining);
    unsigned session = atomic_fetch_add(&accepted, 1) + 2;
    peer_set(&peer, address, len);
    stats_bump(&host->stats.accepted, 1);
    trace_accept(listener, fd, session, peer.address);
    int64_t now = clock_milliseconds();
    if (turn_away(host, fd, &peer, now))
        return;
    const struct config *config = host->snapshot->config;
    const int64_t limit = config->server.max_connections_per_address;
    bool room = peer_enter(&peer, limit) || (is_site(host, &peer) && peer_enter(&peer, 0));
    if (room)
        conn_shed(host);
    if (room && conn_new(host, fd, &peer, session) != NULL) {
        stats_bump(&host->stats.active, 1);
        return;
    }
    if (room)
        peer_leave(&peer);
    close(fd);
    if (!room)
        conn_report_crowded(&peer, limit);
    const enum conn_end end = room ? CONN_END_NO_MEMORY : CONN_END_ADDRESS_LIMIT;
    conn_report_end(&host->stats, &peer, &(struct conn_ending){.end = end, .now = now, .detail = ""});
}

struct event_base *conn_loop_new(void)
{
    struct event_base *base = NULL;
    struct event_config *config = event_config_new();
    /* Those of the last priority one at a time: whoever else has something then comes first. */
    if (config != NULL && event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0 &&
        event_config_set_max_dispatch_interval(config, NULL, 1, CONN_CROWD_PRIORITY) == 0)
        base = event_base_new_with_config(config);
    if (config != NULL)
        event_config_free(config);
    if (base != NULL && event_base_priority_init(base, CONN_PRIORITIES) != 0) {
        event_base_free(base);
        base = NULL;
    }
    return base;
}

void conn_drain(struct conn_host *host)
{
    const int64_t now = clock_milliseconds();
    host->draining = true;
    for (struct conn *conn = host->first; conn != NULL; conn = conn->next) {
        /* Who is still shaking hands, or has just done so, wants an answer: one is given. */
        bool fresh = conn->requests == 0 && now - conn->idle_since < CONN_FRESH_MS;
        conn->last_turn = conn->phase != CONN_HANDSHAKE && !fresh;
        event_active(&conn->event, EV_TIMEOUT, 0);
    }
}

void conn_end_all(struct conn_host *host, enum conn_end end)
{
    for (struct conn *conn = host->first; conn != NULL; conn = conn->next) {
        conn_close(conn, end, "");
        event_active(&conn->event, EV_TIMEOUT, 0);
    }
}

void conn_host_fini(struct conn_host *host)
{
    conn_end_all(host, CONN_END_DRAIN_TIMEOUT);
    while (host->first != NULL)
        conn_free(host->first);
    recent_certs_fini(&host->recent);
}
