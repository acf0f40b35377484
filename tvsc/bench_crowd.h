/* A benchmark in several threads, and what the server used meanwhile. */
#ifndef TVSC_BENCH_CROWD_H
#define TVSC_BENCH_CROWD_H

#include "bench_process.h"
#include "bench_worker.h"

struct bench_result {
    struct bench_tally tally;
    char protocol[16], cipher[64]; /* "": there was no handshake */
    char refusal[80];              /* why a connection was refused first; "": none was */
    int64_t good_ns;               /* from the start until the last connection was answered or served */
    int64_t took_ns;               /* until all had ended */
    int64_t own_cpu_ns;            /* of this process, meanwhile */
    int64_t processors;            /* that this process may use */
    /* Of the server, if plan->pid_count is not 0: before; when nothing was under way any more and what was
     * held was open; and when it used the processor no more. */
    struct bench_usage before, rest, after;
    int64_t rss_max_kb; /* the most that was seen meanwhile */
};

int bench_crowd_run(const struct bench_plan *plan, struct bench_result *out,
                    struct trust_error *err) TRUST_MUST_CHECK;

#endif
