/* What became of connections and questions. Each thread has its own; they are added up at the end. */
#ifndef TVSC_BENCH_TALLY_H
#define TVSC_BENCH_TALLY_H

#include "bench_histogram.h"

/* How a connection ended. X(constant, name, meaning) */
#define BENCH_ENDS(X)                                                                                        \
    X(ANSWERED, "answered", "everything was answered; or shaken hands, if nothing was to be asked")          \
    X(SERVED, "served", "a recorded hello, and the server's flight came")                                    \
    X(REFUSED, "refused", "the server closed or reset it, or sent an alert")                                 \
    X(GAVE_UP, "gave-up", "patience was over")                                                               \
    X(UNREACHABLE, "unreachable", "no connection came about")                                                \
    X(WRONG, "wrong", "what came is no answer to the question")                                              \
    X(SKIPPED, "skipped", "due, but no descriptor was left for it here")

enum bench_end {
#define X(constant, name, meaning) BENCH_END_##constant,
    BENCH_ENDS(X)
#undef X
        BENCH_END_COUNT
};

const char *bench_end_name(enum bench_end end); /* static storage */

struct bench_tally {
    uint64_t begun; /* connections */
    uint64_t ends[BENCH_END_COUNT];
    uint64_t handshakes, resumed;
    uint64_t trusted, not_trusted; /* answers */
    uint64_t dropped;              /* answered, held, and closed by the server meanwhile */
    uint64_t bytes_out, bytes_in;  /* of messages */
    int64_t last_good;     /* when a connection was answered or served last: CLOCK_MONOTONIC, ns; 0: never */
    int64_t first_trusted; /* when the first "trusted" came: CLOCK_REALTIME, ns; 0: never */
    struct bench_histogram handshake; /* from when the connection was due */
    struct bench_histogram
        answer; /* of a connection's first questions from when it was due; then from when sent */
};

void bench_tally_merge(struct bench_tally *into, const struct bench_tally *from);

/* Connections whose purpose was reached. */
uint64_t bench_tally_good(const struct bench_tally *tally);

#endif
