/* What keeps workers from accepting connections, and for how long: one line when a shortage begins, whichever
 * worker meets it first, and one when it is over. */
#ifndef TVSD_SHORTAGE_H
#define TVSD_SHORTAGE_H

#include <stdint.h>

/* X(constant, name, remedy) */
#define SHORTAGES(X)                                                                                         \
    X(SHARE, "a worker has its share of server.max_connections open",                                        \
      "it goes on when one of them ends; if there are that many phones, raise server.max_connections, or "   \
      "the limit of open files (LimitNOFILE, ulimit -n) if it is auto")                                      \
    X(HANDSHAKES, "a worker has its share of server.max_handshakes under way",                               \
      "it goes on when one of them ends; if there are that many phones, raise server.max_handshakes, else "  \
      "see whose they are (tls-refused, conn-closed)")                                                       \
    X(FILES, "no descriptor left",                                                                           \
      "raise the limit of open files (LimitNOFILE, ulimit -n), or lower server.max_connections")             \
    X(SYSTEM_FILES, "no descriptor left in the whole system", "raise fs.file-max (sysctl)")                  \
    X(MEMORY, "the kernel is out of memory", "add memory, or lower server.max_connections")                  \
    X(OTHER, "the kernel refuses to accept", "the system's log may say why")

enum shortage {
#define X(constant, name, remedy) SHORTAGE_##constant,
    SHORTAGES(X)
#undef X
        SHORTAGE_COUNT
};

/* Beside the errors of accept4(). */
#define SHORTAGE_BY_CONNECTIONS 0
#define SHORTAGE_BY_HANDSHAKES  (-1)

#define SHORTAGE_CALM_MS 10000 /* so long accepting must have gone well before a shortage is over */

/* Any worker: accepting is paused. Says accept-paused unless that shortage is on already. error: of
 * accept4(), or SHORTAGE_BY_…: the worker is full. now: monotonic milliseconds. */
void shortage_met(int error, int64_t now);

/* Any worker: say accept-resumed of each shortage that was not met for SHORTAGE_CALM_MS. Returns the
 * milliseconds after which to ask again; -1: there is no shortage. */
int64_t shortage_settle(int64_t now);

#endif
