#include "control_refusals.h"

#include "clock.h"
#include "phone_addresses.h"
#include "refusals_say.h"

#include <stdlib.h>

struct control_refusals {
    struct control_phones *phones;
    struct phone_addresses *addresses;
    struct event *fresh, *timer;
};

static void on_fresh(evutil_socket_t fd, short events, void *arg)
{
    struct control_refusals *refusals = arg;
    (void)fd, (void)events;
    control_phones_table(refusals->phones); /* with whoever was answered just before */
    refusals_say(refusals->addresses, clock_milliseconds() / 1000, false);
}

static void on_timer(evutil_socket_t fd, short events, void *arg)
{
    struct control_refusals *refusals = arg;
    (void)fd, (void)events;
    refusals_say(refusals->addresses, clock_milliseconds() / 1000, false);
}

struct control_refusals *control_refusals_new(struct event_base *base, struct control_phones *phones)
{
    static const struct timeval second = {.tv_sec = 1};
    struct control_refusals *refusals = calloc(1, sizeof *refusals);
    if (refusals == NULL)
        return NULL;
    const int fd = refusals_wakeup_fd();
    refusals->phones = phones;
    refusals->addresses = phone_addresses_new(control_phones_table(phones));
    if (fd >= 0)
        refusals->fresh = event_new(base, fd, EV_READ | EV_PERSIST, on_fresh, refusals);
    refusals->timer = event_new(base, -1, EV_PERSIST, on_timer, refusals);
    if (refusals->addresses == NULL || refusals->fresh == NULL || refusals->timer == NULL ||
        event_add(refusals->fresh, NULL) != 0 || event_add(refusals->timer, &second) != 0) {
        control_refusals_free(refusals);
        return NULL;
    }
    return refusals;
}

void control_refusals_stop(struct control_refusals *refusals)
{
    if (refusals != NULL)
        refusals_say(refusals->addresses, clock_milliseconds() / 1000, true);
}

void control_refusals_free(struct control_refusals *refusals)
{
    if (refusals == NULL)
        return;
    if (refusals->fresh != NULL)
        event_free(refusals->fresh);
    if (refusals->timer != NULL)
        event_free(refusals->timer);
    phone_addresses_free(refusals->addresses);
    free(refusals);
}
