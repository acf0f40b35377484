#include "bench_worker.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define EVENTS     256
#define AT_A_TIME  64        /* connections that begin between two looks at those under way */
#define LONGEST    200000000 /* ns: so that `stop` is noticed */
#define ALL_EVENTS (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)

/* In the order in which patience ends: it is the same for all, so whoever begins to wait comes last. */
struct list {
    struct bench_conn *first, *last;
};

struct loop {
    struct bench_worker *worker;
    struct bench_pattern pattern;
    int epoll;
    struct list waiting, held;
    uint64_t under_way, open;
};

static void append(struct list *list, struct bench_conn *conn)
{
    conn->previous = list->last;
    conn->next = NULL;
    *(list->last != NULL ? &list->last->next : &list->first) = conn;
    list->last = conn;
}

static void take_out(struct list *list, struct bench_conn *conn)
{
    *(conn->previous != NULL ? &conn->previous->next : &list->first) = conn->next;
    *(conn->next != NULL ? &conn->next->previous : &list->last) = conn->previous;
}

static void free_all(struct list *list)
{
    struct bench_conn *conn;
    while ((conn = list->first) != NULL) {
        take_out(list, conn);
        bench_conn_free(conn);
    }
}

/* After something has happened to a connection that waits. */
static void look_at(struct loop *loop, struct bench_conn *conn, bool later)
{
    if (conn->state == BENCH_CONN_OVER) {
        take_out(&loop->waiting, conn);
        loop->under_way--;
        loop->open--;
        bench_conn_free(conn);
    } else if (conn->state == BENCH_CONN_HELD) {
        /* It is looked at no more until the end. */
        epoll_ctl(loop->epoll, EPOLL_CTL_DEL, conn->fd, NULL);
        take_out(&loop->waiting, conn);
        append(&loop->held, conn);
        loop->under_way--;
    } else if (later) {
        take_out(&loop->waiting, conn);
        append(&loop->waiting, conn);
    }
}

static bool fail(struct bench_worker *worker, const char *what)
{
    return trust_error_set(&worker->err, TRUST_ESYSTEM, TRUST_NO_OFFSET, "%s: %s", what, strerror(errno)) ==
           0;
}

static bool begin_one(struct loop *loop, int64_t due)
{
    struct bench_worker *worker = loop->worker;
    uint64_t number = loop->pattern.begun * worker->plan->threads + worker->number;
    bench_pattern_begin(&loop->pattern);
    if (loop->open >= worker->plan->descriptors) {
        worker->tally.begun++;
        worker->tally.ends[BENCH_END_SKIPPED]++;
        return true;
    }
    struct bench_conn *conn = bench_conn_new(&worker->shared, number, due);
    if (conn == NULL) {
        errno = ENOMEM;
        return fail(worker, "a connection");
    }
    append(&loop->waiting, conn);
    loop->under_way++;
    loop->open++;
    struct epoll_event event = {.events = ALL_EVENTS, .data.ptr = conn};
    if (conn->fd >= 0 && epoll_ctl(loop->epoll, EPOLL_CTL_ADD, conn->fd, &event) != 0)
        return fail(worker, "epoll");
    look_at(loop, conn, false);
    return true;
}

/* Begin what is due. *next: when the next one will be. */
static bool begin_due(struct loop *loop, int64_t now, int64_t *next)
{
    for (int i = 0; i < AT_A_TIME; i++) {
        *next = bench_pattern_due(&loop->pattern, loop->under_way, now);
        if (*next > now)
            return true;
        if (!begin_one(loop, *next))
            return false;
    }
    return true;
}

static int64_t wait_for(const struct loop *loop, int64_t now, int64_t next)
{
    int64_t until = now + LONGEST;
    if (next < until)
        until = next;
    if (loop->waiting.first != NULL && loop->waiting.first->deadline < until)
        until = loop->waiting.first->deadline;
    return until > now ? until - now : 0;
}

static void expire(struct loop *loop)
{
    int64_t now = bench_now();
    while (loop->waiting.first != NULL && loop->waiting.first->deadline <= now) {
        struct bench_conn *conn = loop->waiting.first;
        bench_conn_give_up(conn);
        look_at(loop, conn, false);
    }
}

/* For so many nanoseconds; in milliseconds where epoll_pwait2 is not there (Linux before 5.11, valgrind). */
static int wait_for_events(int epoll, struct epoll_event *events, int64_t wait)
{
    const struct timespec timeout = {.tv_sec = wait / 1000000000, .tv_nsec = wait % 1000000000};
    int count = epoll_pwait2(epoll, events, EVENTS, &timeout, NULL);
    if (count >= 0 || errno != ENOSYS)
        return count;
    int64_t ms = (wait + 999999) / 1000000;
    return epoll_wait(epoll, events, EVENTS, ms > INT_MAX ? INT_MAX : (int)ms);
}

/* One turn. False: it failed. */
static bool turn(struct loop *loop)
{
    struct epoll_event events[EVENTS];
    int64_t now = bench_now(), next;
    if (!begin_due(loop, now, &next))
        return false;
    int64_t wait = wait_for(loop, now, next);
    int count = wait_for_events(loop->epoll, events, wait);
    if (count < 0 && errno != EINTR)
        return fail(loop->worker, "epoll");
    for (int i = 0; i < count; i++) {
        struct bench_conn *conn = events[i].data.ptr;
        look_at(loop, conn, bench_conn_step(conn, bench_now()));
    }
    expire(loop);
    return loop->worker->err.code == 0;
}

static void run(struct loop *loop)
{
    struct bench_worker *worker = loop->worker;
    while (!atomic_load(worker->stop) &&
           (loop->under_way > 0 || !bench_pattern_over(&loop->pattern, bench_now()))) {
        if (!turn(loop))
            return;
    }
    worker->rest(worker->arg);
}

static bool prepare(struct bench_worker *worker)
{
    const struct bench_plan *plan = worker->plan;
    struct bench_shared *shared = &worker->shared;
    *shared = (struct bench_shared){.plan = plan, .tally = &worker->tally, .err = &worker->err};
    if (tls_many_new(&plan->tls, plan->resume, &shared->many, &worker->err) != 0)
        return false;
    if (plan->whole_every > 1) {
        uint8_t *hello;
        if (tls_many_hello(shared->many, &hello, &shared->hello.len, &worker->err) != 0)
            return false;
        shared->hello.data = hello;
    }
    if (plan->questions != NULL) {
        shared->scratch = malloc(plan->batch * bench_questions_longest(plan->questions));
        if (shared->scratch == NULL)
            return trust_error_set(&worker->err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory") == 0;
    }
    return true;
}

void bench_worker_run(struct bench_worker *worker)
{
    struct loop loop = {.worker = worker, .epoll = -1};
    if (!prepare(worker))
        goto out;
    loop.pattern = worker->plan->pattern;
    loop.pattern.start = worker->start;
    loop.pattern = bench_pattern_part(&loop.pattern, worker->number, worker->plan->threads);
    loop.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop.epoll < 0) {
        (void)fail(worker, "epoll");
        goto out;
    }
    run(&loop);
out:
    if (worker->err.code != 0)
        atomic_store(worker->stop, true);
    free_all(&loop.waiting);
    free_all(&loop.held);
    if (loop.epoll >= 0)
        close(loop.epoll);
}

void bench_worker_fini(struct bench_worker *worker)
{
    struct bench_shared *shared = &worker->shared;
    tls_many_free(shared->many);
    free((void *)(uintptr_t)shared->hello.data);
    free(shared->believed);
    free(shared->scratch);
    *shared = (struct bench_shared){0};
}
