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

/* Who is no handshake gives way if that is enough. */
static bool is_for_connections(const struct conn_host *host)
{
    return conn_lacks_connections(host) && !admission_is_full(&host->admission);
}

bool conn_can_shed(struct conn_host *host)
{
    return victim(host, is_for_connections(host)) != NULL;
}

int64_t conn_shed_wait(const struct conn_host *host)
{
    return admission_wait(&host->admission, clock_milliseconds(), is_for_connections(host));
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
        shed(host, is_for_connections(host));
}

/* Who spoke at once was let in as a handshake, and keeps his place; a crowd's was asked for room already. Who
 * was quiet was not counted, and may be one too many: then those give way who would to a new one. A phone
 * that is slow to speak is served all the same, unless there are far too many. */
bool conn_make_room(struct conn *conn, int64_t now)
{
    struct admission *admission = &conn->host->admission;
    const bool was_let_in = !conn->crowd && !conn->place.was_quiet;
    const size_t bearable = admission->limit < ADMISSION_LARGE ? ADMISSION_LARGE : admission->limit;
    conn->began = now;
    admission_put(admission, &conn->place, conn->crowd ? ADMISSION_CROWD_BEGUN : ADMISSION_BEGUN, now);
    if (was_let_in || admission_excess(admission) == 0)
        return true;
    if (!conn->host->draining)
        admission_look(admission, now, has_spoken);
    while (!conn->host->draining && admission_excess(admission) > 0 && shed(conn->host, false))
        ;
    return admission_excess(admission) <= bearable;
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
    if (conn->tls != NULL)
        admission_put(&host->admission, &conn->place, ADMISSION_CROWD_GOES_ON, conn->began);
    else
        admission_put(&host->admission, &conn->place, ADMISSION_CROWD_SPOKEN, now);
    event_active(host->on_crowd, EV_TIMEOUT, 0);
    return true;
}

/* Look again when somebody will give way; a handshake that ends before wakes it. */
static void wait_for_room(struct conn_host *host)
{
    const int64_t ms = admission_wait(&host->admission, clock_milliseconds(), false);
    const struct timeval time = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    if (ms < INT64_MAX)
        event_add(host->on_crowd, &time);
}

/* Who has begun goes on first: then there is room for others, who wait for it. */
static struct conn *next_of_crowd(struct conn_host *host)
{
    struct admission *admission = &host->admission;
    if (admission->queues[ADMISSION_CROWD_GOES_ON].oldest != NULL)
        return (struct conn *)admission->queues[ADMISSION_CROWD_GOES_ON].oldest;
    if (admission->queues[ADMISSION_CROWD_SPOKEN].oldest == NULL)
        return NULL;
    if (admission_is_full(admission))
        admission_look(admission, clock_milliseconds(), has_spoken);
    if (admission_is_full(admission) && !shed(host, false)) {
        wait_for_room(host);
        return NULL;
    }
    return (struct conn *)admission->queues[ADMISSION_CROWD_SPOKEN].oldest;
}

void conn_crowd_wake(struct conn_host *host)
{
    const struct admission *admission = &host->admission;
    if (host->on_crowd != NULL && admission->queues[ADMISSION_CROWD_SPOKEN].oldest != NULL &&
        !admission_is_full(admission))
        event_active(host->on_crowd, EV_TIMEOUT, 0);
}

void conn_crowd_turn(evutil_socket_t fd, short what, void *arg)
{
    struct conn_host *host = arg;
    struct conn *conn = next_of_crowd(host);
    (void)fd, (void)what;
    if (conn == NULL)
        return;
    conn->lined_up = false;
    if (conn->tls != NULL)
        admission_put(&host->admission, &conn->place, ADMISSION_CROWD_BEGUN, conn->began);
    else
        admission_put(&host->admission, &conn->place, ADMISSION_CROWD_SILENT, clock_milliseconds());
    conn_turn(conn, EV_READ);
    if (host->admission.queues[ADMISSION_CROWD_GOES_ON].oldest != NULL ||
        host->admission.queues[ADMISSION_CROWD_SPOKEN].oldest != NULL)
        event_active(host->on_crowd, EV_TIMEOUT, 0);
}
