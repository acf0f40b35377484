#include "watchdog.h"

#include "notify.h"

#include <event2/event.h>
#include <stdint.h>

#define USUAL_US  (30 * 1000 * 1000) /* without a manager that has an interval of its own */
#define ASK_PART  2                  /* that part of the interval after the last answer … */
#define NAME_PART 4                  /* … and that part later who has not answered is named */
#define RETRY     10                 /* that part of the usual time, when the manager could not be told */

static uint64_t interval_us(void)
{
    uint64_t us = notify_watchdog_us();
    return us > 0 ? us : USUAL_US;
}

static void set_timer(struct watchdog *watchdog, uint64_t us)
{
    const struct timeval time = {.tv_sec = (time_t)(us / 1000000), .tv_usec = (suseconds_t)(us % 1000000)};
    event_add(watchdog->timer, &time);
}

/* Every loop turns: the workers have answered, and this is the main one. */
static void on_turn(void *arg)
{
    struct watchdog *watchdog = arg;
    uint64_t pause = interval_us() / ASK_PART;
    watchdog->is_asked = false;
    watchdog->turned(watchdog->arg);
    if (notify_watchdog_us() > 0 && !notify_alive())
        pause /= RETRY;
    set_timer(watchdog, pause);
}

void watchdog_ask(struct watchdog *watchdog)
{
    if (!watchdog->is_asked)
        set_timer(watchdog, interval_us() / NAME_PART);
    watchdog->is_asked = true;
    workers_ping(watchdog->workers, on_turn, watchdog);
}

static void on_timer(evutil_socket_t fd, short events, void *arg)
{
    struct watchdog *watchdog = arg;
    (void)fd, (void)events;
    if (!watchdog->is_asked) {
        watchdog_ask(watchdog);
        return;
    }
    workers_name_hung(watchdog->workers, notify_watchdog_us() > 0
                                             ? "the service manager ends tvsd if that goes on"
                                             : "restart tvsd if it does not answer again");
    set_timer(watchdog, interval_us() / NAME_PART);
}

int watchdog_start(struct watchdog *watchdog, struct event_base *base, struct workers *workers,
                   workers_turn turned, void *arg, struct trust_error *err)
{
    *watchdog = (struct watchdog){.workers = workers, .turned = turned, .arg = arg};
    watchdog->timer = event_new(base, -1, 0, on_timer, watchdog);
    if (watchdog->timer == NULL)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory");
    set_timer(watchdog, 0);
    return 0;
}

void watchdog_fini(struct watchdog *watchdog)
{
    if (watchdog->timer != NULL)
        event_free(watchdog->timer);
    *watchdog = (struct watchdog){0};
}
