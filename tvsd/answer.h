/* One message in, one answer out: decoded, looked up, encoded, counted, said in the log, and noted of the
 * phone. */
#ifndef TVSD_ANSWER_H
#define TVSD_ANSWER_H

#include "outbox.h"
#include "peer.h"
#include "recent_certs.h"
#include "sightings.h"
#include "snapshot.h"
#include "stats.h"
#include "tls.h"

/* Who asks, and what is known. */
struct answer_to {
    const struct snapshot *snapshot;
    struct stats *stats;         /* the worker's own */
    struct recent_certs *recent; /* the worker's own */
    const struct peer *peer;
    unsigned session;                /* for the trace */
    struct sightings_end *sightings; /* the worker's own; NULL: nobody is remembered */
    const struct tls *tls;           /* the connection's; may be NULL without sightings */
};

/* Answer a whole message, which began to arrive at `started` (monotonic milliseconds), into the outbox.
 * Errors, which end the connection: those of trust_request_decode, and TRUST_ENOMEM. */
int answer_frame(const struct answer_to *to, struct trust_bytes frame, int64_t started, struct outbox *outbox,
                 struct trust_error *err) TRUST_MUST_CHECK;

#endif
