/* One thread's part of a benchmark: it begins connections when their pattern says so and drives them all. */
#ifndef TVSC_BENCH_WORKER_H
#define TVSC_BENCH_WORKER_H

#include "bench_conn.h"

#include <stdatomic.h>

struct bench_worker {
    const struct bench_plan *plan;
    unsigned number; /* of plan->threads */
    int64_t start;   /* CLOCK_MONOTONIC, ns: when the first connection is due; the same for all */
    /* Called once, when nothing is under way any more and what is held is open still; it may take its time.
     */
    void (*rest)(void *arg);
    void *arg;
    atomic_bool *stop; /* somebody has failed */

    struct bench_tally tally;
    struct bench_shared shared;
    struct trust_error err; /* code 0: it ran to its end */
};

/* Runs to the end; a failure sets *stop and is in err. Then bench_worker_fini. */
void bench_worker_run(struct bench_worker *worker);
void bench_worker_fini(struct bench_worker *worker);

#endif
