/* What a connection waits for: its socket, and its deadline. */
#include "clock.h"
#include "conn_internal.h"

int64_t conn_deadline(const struct conn *conn, enum conn_end *end)
{
    const struct config *config = conn->host->snapshot->config;
    if (conn->phase == CONN_HANDSHAKE) {
        *end = CONN_END_HANDSHAKE_TIMEOUT;
        return conn->opened + config->server.handshake_timeout;
    }
    *end = CONN_END_REQUEST_TIMEOUT;
    if (conn->outbox.held > 0)
        return outbox_started(&conn->outbox) + config->server.request_timeout;
    if (conn_has_request(conn))
        return conn->frame_started + config->server.request_timeout;
    if (conn->host->draining && !conn->last_turn) {
        *end = CONN_END_DRAINED;
        return conn->idle_since + CONN_FRESH_MS;
    }
    *end = CONN_END_IDLE;
    return conn->idle_since + config->server.idle_timeout;
}

static bool has_more(const struct conn *conn)
{
    return conn->more && conn->outbox.held < CONN_HELD_MAX;
}

/* The timer is not put off whenever the deadline is, which is with every request: it may fire too early, and
 * then looks again. */
static bool arm_timer(struct conn *conn, int64_t now)
{
    enum conn_end end;
    int64_t due = conn_deadline(conn, &end);
    if (conn->behind && due > conn->behind_until)
        due = conn->behind_until;
    /* A timeout of zero comes after all that is ready now: others are not kept waiting. */
    if (due < now || (has_more(conn) && !conn->behind))
        due = now;
    if (conn->timer_at <= due)
        return true;
    const int64_t wait = due - now;
    const struct timeval timeout = {.tv_sec = wait / 1000, .tv_usec = wait % 1000 * 1000};
    if (event_add(&conn->timer, &timeout) != 0)
        return false;
    conn->timer_at = due;
    return true;
}

static void conn_due(evutil_socket_t fd, short what, void *arg)
{
    struct conn *conn = arg;
    enum conn_end end;
    int64_t now = clock_milliseconds();
    conn->timer_at = INT64_MAX;
    const bool has_turn = conn->behind ? now >= conn->behind_until : conn->more;
    if (has_turn || now >= conn_deadline(conn, &end) || !arm_timer(conn, now))
        conn_ready(fd, what, arg);
}

/* Of a connection that was never armed. */
static bool set_up_timer(struct conn *conn)
{
    conn->timer_at = INT64_MAX;
    return evtimer_assign(&conn->timer, conn->host->base, conn_due, conn) == 0 &&
           event_priority_set(&conn->timer, CONN_PRIORITY) == 0;
}

bool conn_arm(struct conn *conn, int64_t now)
{
    short want = EV_PERSIST;
    if (conn->outbox.held > 0 || conn->want == TLS_STEP_WANT_WRITE)
        want |= EV_WRITE;
    if (conn->phase == CONN_HANDSHAKE ? conn->want == TLS_STEP_WANT_READ
                                      : conn->phase == CONN_OPEN && conn->outbox.held < CONN_HELD_MAX)
        want |= EV_READ;
    if (conn->lined_up)
        want = EV_PERSIST;
    if (want != conn->armed || conn->behind != conn->armed_behind) {
        if (conn->armed != 0)
            event_del(&conn->event);
        else if (!set_up_timer(conn))
            return false;
        if (event_assign(&conn->event, conn->host->base, conn->fd, want, conn_ready, conn) != 0 ||
            event_priority_set(&conn->event, conn->behind ? CONN_BEHIND_PRIORITY : CONN_PRIORITY) != 0)
            return false;
        conn->armed = want;
        conn->armed_behind = conn->behind;
        if (want != EV_PERSIST && event_add(&conn->event, NULL) != 0)
            return false;
    }
    if (conn->behind && has_more(conn))
        event_active(&conn->event, EV_READ, 0);
    return arm_timer(conn, now);
}

void conn_disarm(struct conn *conn)
{
    if (conn->armed == 0)
        return;
    event_del(&conn->timer);
    event_del(&conn->event);
}
