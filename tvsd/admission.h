/* Who of a worker's connections gives way when it is full: queues of those that wait, each in the order in
 * which they began to. Pure; embedded in the worker's conn_host and touched by its thread alone. A zeroed
 * struct is ready for use. */
#ifndef TVSD_ADMISSION_H
#define TVSD_ADMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order in which they give way, once they have waited so many milliseconds: first who makes others
 * wait and cost nothing yet. A crowd are the handshakes of an address that has more than
 * ADMISSION_CROWD of them under way, unless many phones are known to share it. A phone's first bytes follow
 * its last packet of the TCP handshake at once, so who is silent for long is none: he is quiet then, and
 * since nothing was made for him yet he costs as little as who is idle. Below a limit of ADMISSION_LARGE they
 * give way as much later as the limit is smaller, but for IDLE: the fewer there are, the likelier they are
 * phones. Who is silent does not give way, he becomes quiet, whatever the limit. X(constant, milliseconds) */
#define ADMISSION_QUEUES(X)                                                                                  \
    X(CROWD_QUIET, 20)     /* was silent for long; gives way for connections only */                         \
    X(CROWD_SILENT, 20)    /* connected, and not a byte came yet */                                          \
    X(CROWD_SPOKEN, 20)    /* its first bytes wait to be read; gives way for connections only */             \
    X(CROWD_BEGUN, 2000)   /* in the middle of its handshake: what that cost is lost with it */              \
    X(CROWD_GOES_ON, 2000) /* the same, and its next bytes wait to be read */                                \
    X(QUIET, 20)           /* the same as of a crowd, of addresses with few */                               \
    X(SILENT, 20)                                                                                            \
    X(BEGUN, 5000)                                                                                           \
    X(SPOKEN, INT64_MAX) /* it is we who keep it waiting; counts as a handshake */                           \
    X(IDLE, 10000)       /* after the handshake, and nothing is asked; gives way for connections only */

enum admission_queue {
    ADMISSION_NONE,
#define X(constant, milliseconds) ADMISSION_##constant,
    ADMISSION_QUEUES(X)
#undef X
        ADMISSION_QUEUE_COUNT
};

#define ADMISSION_CROWD 4
#define ADMISSION_LARGE 1024

/* Embedded in each connection; zeroed: it stands nowhere. */
struct admission_place {
    struct admission_place *older, *newer;
    enum admission_queue queue;
    bool was_quiet; /* once: it has been counted as no handshake */
    int64_t since;
};

struct admission {
    struct {
        struct admission_place *oldest, *newest;
    } queues[ADMISSION_QUEUE_COUNT];
    size_t handshakes; /* under way: see admission_counts */
    size_t limit;      /* of handshakes; 0: none */
};

/* Whether who stands there is a handshake under way: one that something was made for, or may be at once. */
bool admission_counts(enum admission_queue queue);

/* Put at the end of a queue, out of the one where it stands; NONE: out of all. since: monotonic milliseconds.
 */
void admission_put(struct admission *admission, struct admission_place *place, enum admission_queue queue,
                   int64_t since);

/* Whether as many handshakes are under way as may be; how many more than that there are: who was quiet, and
 * speaks, is not asked whether there is room. */
bool admission_is_full(const struct admission *admission);
size_t admission_excess(const struct admission *admission);

/* Look at who was silent for long: he is quiet from now on or, if has_spoken tells that bytes of his wait to
 * be read after all, has spoken. Who is quiet is looked at again when it is his turn to give way. Before
 * anybody is to give way. */
void admission_look(struct admission *admission, int64_t now,
                    bool (*has_spoken)(const struct admission_place *place));

/* Who gives way now; NULL: nobody has waited long enough. It stays where it is. for_idle: who is quiet or
 * idle may give way, too. */
struct admission_place *admission_victim(const struct admission *admission, int64_t now, bool for_idle);

/* In how many milliseconds the first one will give way or be quiet, unless it goes before; INT64_MAX: never.
 */
int64_t admission_wait(const struct admission *admission, int64_t now, bool for_idle);

#endif
