/* What the main thread does about phones: it takes what the workers saw into the table, tells that which
 * roll-outs are open, and keeps it in its file. Main thread. */
#ifndef TVSD_CONTROL_PHONES_H
#define TVSD_CONTROL_PHONES_H

#include "config/config.h"
#include "phones.h"
#include "sightings.h"
#include "trust.h"

#include <event2/event.h>
#include <stdbool.h>

struct control_phones;

/* has_file: the file of phones is ours to read and write. NULL: out of memory. */
struct control_phones *control_phones_new(struct event_base *base, const struct config *config,
                                          bool has_file);

/* Take in what comes from these from now on: borrowed until control_phones_stop. NULL: none will come. */
int control_phones_start(struct control_phones *phones, struct sightings *sightings,
                         struct trust_error *err) TRUST_MUST_CHECK;

/* The store was read: which roll-outs are open now? Those of before stay if that cannot be told. */
void control_phones_read_rollouts(struct control_phones *phones, struct trust_store *store);

/* The table, with all that the workers have noted so far. */
const struct phones *control_phones_table(struct control_phones *phones);

/* When the file was written last, 0: never, or it is not ours. */
time_t control_phones_written(const struct control_phones *phones);

/* The workers have ended: take in the last of it, and write the file. */
void control_phones_stop(struct control_phones *phones);
void control_phones_free(struct control_phones *phones);

#endif
