/* What servers have used: processes of this machine, by their ids, all of their threads. */
#ifndef TVSC_BENCH_PROCESS_H
#define TVSC_BENCH_PROCESS_H

#include "trust.h"

#include <sys/types.h>

struct bench_usage {
    int64_t cpu_ns;             /* all threads, those that have ended included */
    int64_t user_ms, system_ms; /* in the system's ticks */
    int64_t rss_kb;             /* VmRSS */
    int64_t pss_kb;             /* its share of what several processes have; 0: not told */
};

/* The sum over count processes. Errors: TRUST_ESYSTEM names the one that is not there. */
int bench_process_read(const pid_t *pids, size_t count, struct bench_usage *out,
                       struct trust_error *err) TRUST_MUST_CHECK;

/* VmRSS alone, which costs little; 0 for what has gone. */
int64_t bench_process_rss(const pid_t *pids, size_t count);

/* Wait until they use the processor no more (what they still write or free belongs to the run), but 2 s at
 * most. */
void bench_process_settle(const pid_t *pids, size_t count);

#endif
