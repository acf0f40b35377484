#include "bench_crowd.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SAMPLE_NS 100000000 /* between two looks at the server's memory */

struct crowd {
    const struct bench_plan *plan;
    struct bench_worker *workers;
    pthread_t *threads;
    unsigned started;
    atomic_bool stop;
    pthread_mutex_t lock; /* for the two below */
    pthread_cond_t changed;
    unsigned ended; /* that rest, or have failed */
    bool released;
};

/* In a worker's thread: wait until the server's memory was read. */
static void rest(void *arg)
{
    struct crowd *crowd = arg;
    pthread_mutex_lock(&crowd->lock);
    crowd->ended++;
    pthread_cond_broadcast(&crowd->changed);
    while (!crowd->released)
        pthread_cond_wait(&crowd->changed, &crowd->lock);
    pthread_mutex_unlock(&crowd->lock);
}

static void *work(void *arg)
{
    struct bench_worker *worker = arg;
    bench_worker_run(worker);
    if (worker->err.code != 0)
        rest(worker->arg); /* which it did not come to */
    return NULL;
}

static void look(const struct bench_plan *plan, struct bench_result *out)
{
    int64_t rss = plan->pid_count > 0 ? bench_process_rss(plan->pids, plan->pid_count) : 0;
    if (rss > out->rss_max_kb)
        out->rss_max_kb = rss;
}

/* Until all rest or have failed. */
static void watch(struct crowd *crowd, struct bench_result *out)
{
    struct timespec until;
    pthread_mutex_lock(&crowd->lock);
    while (crowd->ended < crowd->started) {
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += SAMPLE_NS;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&crowd->changed, &crowd->lock, &until);
        pthread_mutex_unlock(&crowd->lock);
        look(crowd->plan, out);
        pthread_mutex_lock(&crowd->lock);
    }
    pthread_mutex_unlock(&crowd->lock);
}

static void release(struct crowd *crowd)
{
    pthread_mutex_lock(&crowd->lock);
    crowd->released = true;
    pthread_cond_broadcast(&crowd->changed);
    pthread_mutex_unlock(&crowd->lock);
}

static int start_all(struct crowd *crowd, int64_t start, struct trust_error *err)
{
    for (unsigned i = 0; i < crowd->plan->threads; i++) {
        struct bench_worker *worker = &crowd->workers[i];
        *worker = (struct bench_worker){.plan = crowd->plan,
                                        .number = i,
                                        .start = start,
                                        .rest = rest,
                                        .arg = crowd,
                                        .stop = &crowd->stop};
        int problem = pthread_create(&crowd->threads[i], NULL, work, worker);
        if (problem != 0) {
            atomic_store(&crowd->stop, true);
            return trust_error_set(err, TRUST_ESYSTEM, TRUST_NO_OFFSET, "no thread can be started: %s",
                                   strerror(problem));
        }
        crowd->started++;
    }
    return 0;
}

static int read_usage(const struct bench_plan *plan, struct bench_usage *out, struct trust_error *err)
{
    return plan->pid_count > 0 ? bench_process_read(plan->pids, plan->pid_count, out, err) : 0;
}

static int64_t own_cpu(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

static int64_t own_processors(void)
{
    cpu_set_t mine;
    return sched_getaffinity(0, sizeof mine, &mine) == 0 ? CPU_COUNT(&mine) : sysconf(_SC_NPROCESSORS_ONLN);
}

/* What the threads counted; the first that failed says why. */
static int collect(const struct crowd *crowd, struct bench_result *out, struct trust_error *err)
{
    int rc = 0;
    for (unsigned i = 0; i < crowd->started; i++) {
        const struct bench_worker *worker = &crowd->workers[i];
        const struct bench_shared *shared = &worker->shared;
        bench_tally_merge(&out->tally, &worker->tally);
        if (out->protocol[0] == '\0') {
            memcpy(out->protocol, shared->protocol, sizeof out->protocol);
            memcpy(out->cipher, shared->cipher, sizeof out->cipher);
        }
        if (out->refusal[0] == '\0')
            memcpy(out->refusal, shared->refusal, sizeof out->refusal);
        if (rc == 0 && worker->err.code != 0) {
            rc = worker->err.code;
            if (err != NULL)
                *err = worker->err;
        }
        bench_worker_fini(&crowd->workers[i]);
    }
    return rc;
}

static int run(struct crowd *crowd, struct bench_result *out, struct trust_error *err)
{
    const struct bench_plan *plan = crowd->plan;
    int64_t cpu = own_cpu(), start = bench_now();
    int rc = read_usage(plan, &out->before, err);
    if (rc != 0)
        return rc;
    rc = start_all(crowd, start, err);
    watch(crowd, out);
    out->took_ns = bench_now() - start;
    out->own_cpu_ns = own_cpu() - cpu;
    out->processors = own_processors();
    if (rc == 0 && plan->hold)
        bench_process_settle(plan->pids, plan->pid_count);
    if (rc == 0)
        rc = read_usage(plan, &out->rest, err);
    release(crowd);
    for (unsigned i = 0; i < crowd->started; i++)
        pthread_join(crowd->threads[i], NULL);
    int problem = collect(crowd, out, rc == 0 ? err : NULL);
    rc = rc != 0 ? rc : problem;
    out->good_ns = out->tally.last_good > start ? out->tally.last_good - start : 0;
    if (rc != 0)
        return rc;
    bench_process_settle(plan->pids, plan->pid_count);
    look(plan, out);
    return read_usage(plan, &out->after, err);
}

int bench_crowd_run(const struct bench_plan *plan, struct bench_result *out, struct trust_error *err)
{
    struct crowd crowd = {.plan = plan};
    int rc;
    *out = (struct bench_result){0};
    crowd.workers = calloc(plan->threads, sizeof *crowd.workers);
    crowd.threads = calloc(plan->threads, sizeof *crowd.threads);
    pthread_mutex_init(&crowd.lock, NULL);
    pthread_cond_init(&crowd.changed, NULL);
    if (crowd.workers == NULL || crowd.threads == NULL)
        rc = trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory");
    else
        rc = run(&crowd, out, err);
    pthread_cond_destroy(&crowd.changed);
    pthread_mutex_destroy(&crowd.lock);
    free(crowd.threads);
    free(crowd.workers);
    return rc;
}
