/* Why phones were refused: one line a minute for each phone and reason, with the count.
 *
 * A refusal is a handshake that fails, a request that gets no answer, or an answer that is "no", of which the
 * certificate is part of the reason; a phone is the name that it gives at its address, or the address alone
 * where it gave none. The first of a minute is said at once, the others as one line when the minute ends, so
 * that the counts of the lines add up to the refusals; at most REFUSALS_MAX phones and reasons are told apart
 * in a minute, so that no crowd takes more memory or lines than that, and what comes beyond is counted in one
 * line (refused-more), and in the statistics as ever. Of one address (IPv6: of 64 bits of it)
 * REFUSALS_OF_ONE are told apart, since names and certificates are what it says they are; the others are one
 * phone without a name.
 *
 * Workers put refusals into a table of fixed size, without waiting, allocating or taking a lock; the main
 * thread says them. */
#ifndef TVSD_REFUSALS_H
#define TVSD_REFUSALS_H

#include "log_events.h"
#include "peer.h"
#include "trust.h"

#include <stdbool.h>
#include <stdint.h>

#define REFUSALS_MAX    4096
#define REFUSALS_OF_ONE 256
#define REFUSALS_EVERY  60 /* seconds */
#define REFUSALS_DEVICE 48 /* bytes of a name that are kept */

/* What a line says of the first refusal of its minute. */
struct refusal {
    enum log_event event;
    char peer[sizeof((struct peer *)NULL)->text], address[sizeof((struct peer *)NULL)->address];
    char device[REFUSALS_DEVICE]; /* its name, from the wire, cut if it is too long */
    size_t device_len;
    /* To be filled in. Empty, or NULL, where there is nothing to say; pointers to static words. */
    char does[400]; /* "offered TLS 1.0 only; …", behind who did it */
    char remedy[256];
    const char *families; /* of phones that do so */
    const char *setting, *source;
    char serial[129], issuer[512];
    size_t issuer_len;
    int64_t limit;
};

/* Any worker: count one. detail: any number that tells the reasons of one event apart. Where a line is to say
 * what it was, returns it, to be filled in and handed back with refusals_told; else NULL. */
struct refusal *refusals_note(enum log_event event, uint64_t detail, const struct peer *peer,
                              struct trust_bytes device);
void refusals_told(struct refusal *refusal);

/* Main thread, before the first worker starts: a descriptor that is readable when there is something new to
 * say, the same each time. -1: out of descriptors. */
int refusals_wakeup_fd(void);

/* Main thread: hand over what is to be said at `now` (monotonic seconds), and how often it was; at_end: all
 * that was not said. To be called each second, and when the descriptor is readable. */
typedef void (*refusals_take)(void *arg, const struct refusal *refusal, uint64_t count);
void refusals_turn(uint64_t now, bool at_end, refusals_take take, void *arg);

/* Main thread: how many more there were, since it was asked last, that found no room. */
uint64_t refusals_more(void);

#endif
