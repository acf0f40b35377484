#include "listener.h"

#include "log.h"
#include "quiet.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SAID_EVERY 10 /* seconds */

static const struct timeval pause_time = {.tv_usec = 500 * 1000};

static void pause_all(struct listeners *listeners, int why)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    for (size_t i = 0; i < listeners->count; i++)
        event_del(listeners->events[i]);
    event_add(listeners->resume, &pause_time);
    listeners->paused = true;
    stats_bump(&listeners->host->stats.accept_paused, 1);
    if (!quiet_may_say(quiet_key(0, (uint64_t)why), SAID_EVERY, (uint64_t)now.tv_sec))
        return;
    if (why == 0)
        LOG_SAY(ACCEPT_PAUSED, log_text("reason", "a worker has its share of server.max_connections open"));
    else if (why == EMFILE)
        LOG_SAY(ACCEPT_PAUSED,
                log_text("reason", "no descriptor left: raise the limit of open files (LimitNOFILE, "
                                   "ulimit -n), or lower server.max_connections"));
    else
        LOG_SAY(ACCEPT_PAUSED, log_text("reason", strerrordesc_np(why)));
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
    if (listeners->host->stats.active >= listeners->max_connections) {
        pause_all(listeners, 0);
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
        pause_all(listeners, errno == ENFILE ? EMFILE : errno);
    }
}

static void on_connection(evutil_socket_t fd, short what, void *arg)
{
    struct listeners *listeners = arg;
    (void)what;
    listeners->host->turns = 0;
    accept_one(listeners, fd);
}

void listeners_poll(struct listeners *listeners)
{
    for (size_t i = 0; i < listeners->count && !listeners->paused; i++)
        accept_one(listeners, event_get_fd(listeners->events[i]));
}

bool listeners_init(struct listeners *listeners, struct conn_host *host, const int *fds, size_t count,
                    uint64_t max_connections)
{
    *listeners = (struct listeners){.host = host, .max_connections = max_connections};
    listeners->resume = event_new(host->base, -1, 0, on_resume, listeners);
    listeners->events = calloc(count + 1, sizeof *listeners->events);
    if (listeners->resume == NULL || listeners->events == NULL ||
        event_priority_set(listeners->resume, CONN_PRIORITY) != 0)
        return false;
    for (; listeners->count < count; listeners->count++) {
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
    if (listeners->paused && listeners->host->stats.active < listeners->max_connections)
        resume_all(listeners);
}

void listeners_fini(struct listeners *listeners)
{
    for (size_t i = 0; i < listeners->count; i++)
        event_free(listeners->events[i]);
    free(listeners->events);
    if (listeners->resume != NULL)
        event_free(listeners->resume);
    *listeners = (struct listeners){0};
}
