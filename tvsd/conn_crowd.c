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

bool conn_lacks_connections(const struct conn_host *host)
{
    return host->max_connections > 0 && host->stats.active >= host->max_connections;
}

bool conn_is_full(struct conn_host *host)
{
    const bool lacks = conn_lacks_connections(host);
    if (!lacks && !admission_is_full(&host->admission))
        return false;
    admission_look(&host->admission, clock_milliseconds(), has_spoken);
    return lacks || admission_is_full(&host->admission);
}

static struct conn *victim(struct conn_host *host, bool for_idle)
{
    return (struct conn *)admission_victim(&host->admission, clock_milliseconds(), for_idle);
}

bool conn_can_shed(struct conn_host *host)
{
    return victim(host, conn_lacks_connections(host)) != NULL;
}

/* false: nobody gives way. */
static bool shed(struct conn_host *host, bool for_idle)
{
    struct conn *conn = victim(host, for_idle);
    if (conn == NULL)
        return false;
    conn_close(conn, admission_counts(conn->place.queue) ? CONN_END_SHED : CONN_END_GAVE_WAY, "");
    conn_free(conn);
    return true;
}

void conn_shed(struct conn_host *host)
{
    if (conn_is_full(host))
        shed(host, conn_lacks_connections(host));
}

/* Who spoke at once was let in as a handshake, and keeps his place. Others may be one too many, since who was
 * quiet was not counted: then those give way who would to a new one. A phone that is slow to speak is served
 * all the same, unless there are twice as many as may be. */
bool conn_make_room(struct conn *conn, int64_t now)
{
    struct admission *admission = &conn->host->admission;
    const bool was_let_in = conn->place.queue == ADMISSION_SILENT;
    admission_put(admission, &conn->place, conn->crowd ? ADMISSION_CROWD_BEGUN : ADMISSION_BEGUN, now);
    if (was_let_in || conn->host->draining || admission_excess(admission) == 0)
        return true;
    admission_look(admission, now, has_spoken);
    while (admission_excess(admission) > 0 && shed(conn->host, false))
        ;
    return admission_excess(admission) <= (conn->crowd ? 0 : admission->limit);
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
