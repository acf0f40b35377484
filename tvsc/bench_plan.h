/* What `tvsc bench` is to do: its options, understood. Constant while it runs. */
#ifndef TVSC_BENCH_PLAN_H
#define TVSC_BENCH_PLAN_H

#include "bench_pattern.h"
#include "bench_questions.h"
#include "net.h"
#include "options.h"
#include "tls_many.h"
#include "trusted.h"

#include <sys/types.h>

struct bench_plan {
    struct net_target target;
    struct sockaddr_storage address;
    socklen_t address_len;
    struct tls_settings tls;
    enum tls_resume resume;
    struct trusted *trusted;
    const char *trust_path;
    struct bench_questions *questions; /* NULL: handshakes alone */
    struct bench_pattern pattern;      /* start is set when it starts */
    unsigned requests, batch;          /* a connection; under way on it at a time */
    unsigned whole_every;              /* every so manieth goes beyond a recorded hello; 1: all */
    unsigned phones;                   /* names that they have, and addresses if from is given */
    struct sockaddr_in from;           /* the address of the first; family 0: they have none of their own */
    unsigned threads;
    unsigned descriptors; /* connections that may be open at a time, in each thread */
    int64_t patience;     /* ns */
    bool hold, json;
    pid_t pids[OPTIONS_LIST_MAX];
    unsigned pid_count;
};

/* Errors are in words of the command line. Raises the limit of open files as far as it may. Free with
 * bench_plan_fini, also after a failure. */
int bench_plan_make(const struct options *options, struct bench_plan *out,
                    struct trust_error *err) TRUST_MUST_CHECK;
/* The address of a phone; only if plan->from is given. */
struct sockaddr_in bench_plan_address(const struct bench_plan *plan, uint64_t phone);

void bench_plan_fini(struct bench_plan *plan);

#endif
