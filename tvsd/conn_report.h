/* What is said and counted about a connection as such: how it was admitted, why it was refused, how it ended.
 */
#ifndef TVSD_CONN_REPORT_H
#define TVSD_CONN_REPORT_H

#include "conn_end.h"
#include "conn_socket.h"
#include "peer.h"
#include "stats.h"
#include "tls.h"

/* now and ms: monotonic milliseconds, and how many of them it lasted. */
void conn_report_admitted(struct stats *stats, const struct peer *peer, const struct tls *tls, int64_t now);

/* left: how it went, if it did; all 0 else. No remedy would have kept whom nothing of ours had reached. */
void conn_report_refused(struct stats *stats, const struct peer *peer, const struct tls *tls,
                         const struct conn_socket_left *left);

/* One that server.max_connections_per_address refused. */
void conn_report_crowded(const struct peer *peer, int64_t limit);

struct conn_ending {
    enum conn_end end;
    uint64_t requests;
    int64_t ms, now;
    bool began, shaken; /* its handshake did; it came to a good end */
    const char *detail; /* "" if there is none */
};

/* Those that end because there are too many at once have no line each: overload says so once a minute. Of
 * those that end without a handshake as many lines a second and address are said as anybody would read. */
void conn_report_end(struct stats *stats, const struct peer *peer, const struct conn_ending *ending);

#endif
