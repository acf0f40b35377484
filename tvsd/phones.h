/* The phones that tvsd has answered, by the names that they give; one that gives none, by its address. A
 * table of at most so many: the one that has been away longest goes first. Main thread; pure: what it knows
 * of time and roll-outs is told to it. */
#ifndef TVSD_PHONES_H
#define TVSD_PHONES_H

#include "config/phone.h"
#include "sightings.h"
#include "trust.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct phones;

/* A table of at most max phones, which may be 0. Memory is taken as they come, and never more than
 * PHONES_BYTES_EACH for each. NULL: out of memory. */
struct phones *phones_new(size_t max);
void phones_free(struct phones *phones);
#define PHONES_BYTES_EACH 300

/* A request was answered. Without memory for one more, the one that has been away longest makes room. */
void phones_see(struct phones *phones, const struct sighting *sighting);

/* One as a file has it; one that is there already stays. false: there is no room. To be followed by
 * phones_sort, which finds out anew who has been away longest, after the last. */
bool phones_put(struct phones *phones, const struct phone *phone);
int phones_sort(struct phones *phones, struct trust_error *err) TRUST_MUST_CHECK;

/* The roll-outs that are open, copied. Phones forget what they know of others, and are credited with those
 * that were opened before their last request, if that was about the certificate: a list is published a moment
 * before the main thread knows of it. */
struct phones_rollout {
    int64_t number;
    enum trust_rollout_kind kind;
    int64_t opened;
    uint8_t digest[PHONE_DIGEST];
};
int phones_set_rollouts(struct phones *phones, const struct phones_rollout *rollouts, size_t count,
                        struct trust_error *err) TRUST_MUST_CHECK;

/* Phones stay in their places while they are known, and the places are filled from 0 on; NULL behind the
 * last. Borrowed until the table changes. */
const struct phone *phones_at(const struct phones *phones, size_t place);

size_t phones_count(const struct phones *phones);
size_t phones_max(const struct phones *phones);
uint64_t phones_forgotten(const struct phones *phones); /* how many had to make room */
uint64_t phones_changes(const struct phones *phones);   /* a number that grows with each change */
size_t phones_bytes(const struct phones *phones);       /* of memory */

#endif
