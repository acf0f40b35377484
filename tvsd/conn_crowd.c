/* Who has to wait, and who gives way. A handshake costs as much as thousands of answers, so those of an
 * address that has many under way wait in a line, from which one at a time is served when nobody else has
 * anything. They wait off the loop's sockets: thousands that are ready would be looked at again and again. */
#include "clock.h"
#include "conn_internal.h"
#include "conn_socket.h"

static bool has_spoken(const struct admission_place *place)
{
    return conn_socket_has_bytes(((const struct conn *)place)->fd);
}

bool conn_is_full(struct conn_host *host, bool lacks_connections)
{
    if (!lacks_connections && !admission_is_full(&host->admission))
        return false;
    admission_look(&host->admission, clock_milliseconds(), has_spoken);
    return lacks_connections || admission_is_full(&host->admission);
}

static struct conn *victim(struct conn_host *host, bool for_idle)
{
    return (struct conn *)admission_victim(&host->admission, clock_milliseconds(), for_idle);
}

bool conn_can_shed(struct conn_host *host, bool for_idle)
{
    return victim(host, for_idle) != NULL;
}

void conn_shed(struct conn_host *host, bool for_idle)
{
    struct conn *conn = victim(host, for_idle);
    if (conn == NULL)
        return;
    const bool counts = conn->place.queue != ADMISSION_IDLE && conn->place.queue != ADMISSION_QUIET;
    conn_close(conn, counts ? CONN_END_SHED : CONN_END_GAVE_WAY, "");
    conn_free(conn);
}

bool conn_make_room(struct conn *conn, int64_t now)
{
    struct admission *admission = &conn->host->admission;
    admission_put(admission, &conn->place, conn->crowd ? ADMISSION_CROWD_BEGUN : ADMISSION_BEGUN, now);
    if (!admission_is_over(admission))
        return true;
    admission_look(admission, now, has_spoken);
    if (admission_is_over(admission))
        conn_shed(conn->host, false);
    return !admission_is_over(admission);
}

bool conn_line_up(struct conn *conn, short what)
{
    struct conn_host *host = conn->host;
    int64_t now = clock_milliseconds();
    if (!conn->crowd || conn->phase != CONN_HANDSHAKE || what != EV_READ || host->on_crowd == NULL ||
        host->draining || !conn_socket_has_bytes(conn->fd))
        return false;
    conn->lined_up = true;
    if (!conn_arm(conn, now)) {
        conn->lined_up = false;
        return false; /* then it goes on, and ends */
    }
    admission_put(&host->admission, &conn->place, ADMISSION_CROWD_SPOKEN, now);
    event_active(host->on_crowd, EV_TIMEOUT, 0);
    return true;
}

void conn_crowd_turn(evutil_socket_t fd, short what, void *arg)
{
    struct conn_host *host = arg;
    struct conn *conn = (struct conn *)host->admission.queues[ADMISSION_CROWD_SPOKEN].oldest;
    (void)fd, (void)what;
    if (conn == NULL)
        return;
    conn->lined_up = false;
    admission_put(&host->admission, &conn->place,
                  conn->tls != NULL ? ADMISSION_CROWD_BEGUN : ADMISSION_CROWD_SILENT, clock_milliseconds());
    conn_turn(conn, EV_READ);
    if (host->admission.queues[ADMISSION_CROWD_SPOKEN].oldest != NULL)
        event_active(host->on_crowd, EV_TIMEOUT, 0);
}
