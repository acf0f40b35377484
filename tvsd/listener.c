#include "listener.h"

#include "clock.h"
#include "conn_socket.h"
#include "shortage.h"

#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <stdlib.h>

#define PAUSE_MS 500

static void settle_in(struct listeners *listeners, int64_t ms)
{
    const struct timeval time = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    event_add(listeners->settle, &time); /* should it fail, the next shortage tells that this one is over */
}

static void on_settle(evutil_socket_t fd, short what, void *arg)
{
    struct listeners *listeners = arg;
    (void)fd, (void)what;
    int64_t again = shortage_settle(clock_milliseconds());
    if (again >= 0)
        settle_in(listeners, again);
}

/* Full, and nobody would give way. */
static bool is_full(const struct listeners *listeners)
{
    return conn_is_full(listeners->host) && !conn_can_shed(listeners->host);
}

/* error: of accept4(), or one of SHORTAGE_BY_…: this worker is full. */
static void pause_all(struct listeners *listeners, int error)
{
    stats_bump(&listeners->host->stats.accept_paused, 1);
    shortage_met(error, clock_milliseconds());
    settle_in(listeners, SHORTAGE_CALM_MS);
    int64_t wait = PAUSE_MS;
    if (error == SHORTAGE_BY_CONNECTIONS || error == SHORTAGE_BY_HANDSHAKES)
        wait = conn_shed_wait(listeners->host);
    wait = wait < 1 ? 1 : wait > PAUSE_MS ? PAUSE_MS : wait;
    const struct timeval time = {.tv_usec = wait * 1000};
    if (event_add(listeners->resume, &time) != 0)
        return; /* better to try in vain than never again */
    for (size_t i = 0; i < listeners->count; i++)
        event_del(listeners->events[i]);
    listeners->paused = true;
}

static void resume_all(struct listeners *listeners)
{
    event_del(listeners->resume);
    listeners->paused = false;
    for (size_t i = 0; i < listeners->count; i++)
        if (event_add(listeners->events[i], NULL) != 0) {
            pause_all(listeners, ENOMEM);
            return;
        }
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    resume_all(arg);
}

static void accept_one(struct listeners *listeners, int fd)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    if (is_full(listeners)) {
        pause_all(listeners,
                  conn_lacks_connections(listeners->host) ? SHORTAGE_BY_CONNECTIONS : SHORTAGE_BY_HANDSHAKES);
        return;
    }
    int accepted = accept4(fd, (struct sockaddr *)&address, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted >= 0) {
        conn_open(listeners->host, accepted, fd, (const struct sockaddr *)&address, len);
        return;
    }
    switch (errno) {
    case EINVAL: /* shut down: the mail that says that we are stopping is there */
    case EAGAIN: /* another worker was faster */
    case EINTR:
    case ECONNABORTED: /* and these are errors of that one connection, says accept(2) */
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENOPROTOOPT:
    case ENONET:
        return;
    default:
        pause_all(listeners, errno);
    }
}

static bool is_awaited(int fd)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    return poll(&wait, 1, 0) > 0;
}

static void on_connection(evutil_socket_t fd, short what, void *arg)
{
    struct listeners *listeners = arg;
    (void)what;
    listeners->host->busy.turns = 0;
    listeners->host->busy.us = 0;
    accept_one(listeners, fd);
}

void listeners_poll(struct listeners *listeners)
{
    for (size_t i = 0; i < listeners->count && !listeners->paused; i++) {
        /* Where nobody waits, a full worker must not call that a shortage, and nobody must give way. */
        if (is_awaited(event_get_fd(listeners->events[i])))
            accept_one(listeners, event_get_fd(listeners->events[i]));
    }
}

bool listeners_init(struct listeners *listeners, struct conn_host *host, const int *fds, size_t count)
{
    *listeners = (struct listeners){.host = host};
    listeners->resume = event_new(host->base, -1, 0, on_resume, listeners);
    listeners->settle = event_new(host->base, -1, 0, on_settle, listeners);
    listeners->events = calloc(count + 1, sizeof *listeners->events);
    if (listeners->resume == NULL || listeners->settle == NULL || listeners->events == NULL ||
        event_priority_set(listeners->resume, CONN_PRIORITY) != 0 ||
        event_priority_set(listeners->settle, CONN_PRIORITY) != 0)
        return false;
    for (; listeners->count < count; listeners->count++) {
        conn_socket_set_up(fds[listeners->count]);
        struct event *event =
            event_new(host->base, fds[listeners->count], EV_READ | EV_PERSIST, on_connection, listeners);
        if (event == NULL)
            return false;
        listeners->events[listeners->count] = event;
        if (event_priority_set(event, CONN_ACCEPT_PRIORITY) != 0 || event_add(event, NULL) != 0) {
            listeners->count++;
            return false;
        }
    }
    return true;
}

void listeners_wake(struct listeners *listeners)
{
    if (listeners->paused && !conn_lacks_connections(listeners->host) &&
        !admission_is_full(&listeners->host->admission))
        resume_all(listeners);
}

void listeners_fini(struct listeners *listeners)
{
    for (size_t i = 0; i < listeners->count; i++)
        event_free(listeners->events[i]);
    free(listeners->events);
    if (listeners->resume != NULL)
        event_free(listeners->resume);
    if (listeners->settle != NULL)
        event_free(listeners->settle);
    *listeners = (struct listeners){0};
}
