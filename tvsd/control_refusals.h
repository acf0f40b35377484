/* When refusals are said: a new one at once, and what a minute left when it ends. Main thread. */
#ifndef TVSD_CONTROL_REFUSALS_H
#define TVSD_CONTROL_REFUSALS_H

#include "control_phones.h"

#include <event2/event.h>

struct control_refusals;

/* Clients that do not say who they are go by the names in phones, which is borrowed. NULL: out of memory or
 * descriptors. */
struct control_refusals *control_refusals_new(struct event_base *base, struct control_phones *phones);

/* The workers have ended: say what is left. */
void control_refusals_stop(struct control_refusals *refusals);
void control_refusals_free(struct control_refusals *refusals);

#endif
