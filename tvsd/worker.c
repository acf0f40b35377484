#include "worker.h"

#include "conn.h"
#include "listener.h"
#include "log.h"
#include "peer.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define NOT_DRAINING (-1)

struct worker {
    /* Written by main before the thread starts, then const. */
    int number, ack_fd;
    pthread_t thread;
    bool started;

    /* The mailbox: the only crossing point. */
    const struct snapshot *_Atomic mail;
    _Atomic int64_t drain_ms;
    int mail_fd;
    _Atomic unsigned long generation;
    _Atomic unsigned long ping, pong; /* a question of main, and the last one that the loop has answered */
    atomic_bool ended;
    sem_t ready; /* the thread runs; attached says whether it can */
    bool attached;

    /* The thread's own. */
    struct conn_host host;
    struct listeners listeners;
    struct event *on_mail, *on_drain_timeout;
    int64_t draining_ms;
};

/* The main thread's eventfds never fill up: they would have to be left unread for ages. */
static void notify(int fd)
{
    const uint64_t one = 1;
    while (write(fd, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

static void end_if_empty(struct worker *worker)
{
    if (worker->host.draining && worker->host.stats.active == 0)
        event_base_loopbreak(worker->host.base);
}

static void connection_ended(void *arg)
{
    struct worker *worker = arg;
    if (worker->host.draining)
        end_if_empty(worker);
    else
        listeners_wake(&worker->listeners);
}

static void connections_busy(void *arg)
{
    struct worker *worker = arg;
    listeners_poll(&worker->listeners);
}

static void drain_timed_out(evutil_socket_t fd, short what, void *arg)
{
    struct worker *worker = arg;
    (void)fd, (void)what;
    conn_end_all(&worker->host, CONN_END_DRAIN_TIMEOUT);
}

static void drain(struct worker *worker, int64_t ms)
{
    const struct timeval timeout = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    worker->draining_ms = ms;
    event_add(worker->on_drain_timeout, &timeout);
    if (worker->host.draining)
        return;
    listeners_fini(&worker->listeners);
    conn_drain(&worker->host);
    end_if_empty(worker);
}

static void mail_came(evutil_socket_t fd, short what, void *arg)
{
    struct worker *worker = arg;
    uint64_t count;
    (void)what;
    if (read(fd, &count, sizeof count) != (ssize_t)sizeof count)
        return;
    const struct snapshot *snapshot = atomic_exchange(&worker->mail, NULL);
    if (snapshot != NULL) {
        worker->host.snapshot = snapshot;
        atomic_store(&worker->generation, snapshot->generation);
        notify(worker->ack_fd);
    }
    unsigned long ping = atomic_load(&worker->ping);
    if (ping != atomic_load(&worker->pong)) {
        atomic_store(&worker->pong, ping);
        notify(worker->ack_fd);
    }
    int64_t ms = atomic_load(&worker->drain_ms);
    if (ms != worker->draining_ms)
        drain(worker, ms);
}

static void *worker_main(void *arg)
{
    struct worker *worker = arg;
    char name[16];
    snprintf(name, sizeof name, "worker-%d", worker->number);
    pthread_setname_np(pthread_self(), name);
    bool attached = worker->attached = log_attach();
    sem_post(&worker->ready);
    if (attached) {
        event_base_dispatch(worker->host.base);
        conn_host_fini(&worker->host);
        log_detach();
    }
    atomic_store(&worker->ended, true);
    notify(worker->ack_fd);
    return NULL;
}

static int loop_set_up(struct worker *worker, const struct worker_options *options, struct trust_error *err)
{
    worker->mail_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (worker->mail_fd < 0)
        return trust_error_set(err, TRUST_ESYSTEM, TRUST_NO_OFFSET, "worker %d: eventfd: %s", worker->number,
                               strerrordesc_np(errno));
    worker->host.base = conn_loop_new();
    if (worker->host.base == NULL)
        return trust_error_set(err, TRUST_ESYSTEM, TRUST_NO_OFFSET,
                               "worker %d: no event loop can be made: out of memory or of descriptors",
                               worker->number);
    worker->on_mail = event_new(worker->host.base, worker->mail_fd, EV_READ | EV_PERSIST, mail_came, worker);
    worker->on_drain_timeout = event_new(worker->host.base, -1, 0, drain_timed_out, worker);
    worker->host.on_crowd = event_new(worker->host.base, -1, 0, conn_crowd_turn, &worker->host);
    if (worker->on_mail == NULL || worker->on_drain_timeout == NULL || worker->host.on_crowd == NULL ||
        event_priority_set(worker->host.on_crowd, CONN_CROWD_PRIORITY) != 0 ||
        event_priority_set(worker->on_mail, CONN_PRIORITY) != 0 ||
        event_priority_set(worker->on_drain_timeout, CONN_PRIORITY) != 0 ||
        event_add(worker->on_mail, NULL) != 0 ||
        !listeners_init(&worker->listeners, &worker->host, options->listeners, options->listener_count))
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "worker %d: its events: out of memory",
                               worker->number);
    return 0;
}

/* A thread inherits the mask of its maker. */
static int thread_create(struct worker *worker)
{
    static const int faults[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP};
    sigset_t blocked, before;
    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        sigdelset(&blocked, faults[i]);
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    int why = pthread_create(&worker->thread, NULL, worker_main, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return why;
}

static int thread_start(struct worker *worker, struct trust_error *err)
{
    int why = thread_create(worker);
    if (why != 0)
        return trust_error_set(err, TRUST_ESYSTEM, TRUST_NO_OFFSET, "worker %d: its thread: %s",
                               worker->number, strerrordesc_np(why));
    worker->started = true;
    while (sem_wait(&worker->ready) != 0)
        ;
    if (!worker->attached)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "worker %d: its log: out of memory",
                               worker->number);
    return 0;
}

int worker_start(const struct worker_options *options, const struct snapshot *first, struct worker **out,
                 struct trust_error *err)
{
    *out = NULL;
    struct worker *worker = calloc(1, sizeof *worker);
    if (worker == NULL)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "worker %d: out of memory",
                               options->number);
    peer_init();
    worker->number = options->number;
    worker->ack_fd = options->ack_fd;
    worker->mail_fd = -1;
    worker->draining_ms = NOT_DRAINING;
    atomic_init(&worker->drain_ms, NOT_DRAINING);
    atomic_init(&worker->generation, first->generation);
    atomic_init(&worker->ping, 0);
    atomic_init(&worker->pong, 0);
    worker->host.snapshot = first;
    worker->host.sightings = options->sightings;
    worker->host.admission.limit = (size_t)options->max_handshakes;
    worker->host.max_connections = (uint64_t)options->max_connections;
    worker->host.on_end = connection_ended;
    worker->host.on_busy = connections_busy;
    worker->host.arg = worker;
    sem_init(&worker->ready, 0, 0);
    int code = loop_set_up(worker, options, err);
    if (code == 0)
        code = thread_start(worker, err);
    if (code != 0) {
        worker_free(worker);
        return code;
    }
    *out = worker;
    return 0;
}

void worker_post(struct worker *worker, const struct snapshot *snapshot)
{
    atomic_store(&worker->mail, snapshot);
    notify(worker->mail_fd);
}

unsigned long worker_generation(const struct worker *worker)
{
    return atomic_load(&worker->generation);
}

void worker_drain(struct worker *worker, int64_t drain_ms)
{
    atomic_store(&worker->drain_ms, drain_ms < 0 ? 0 : drain_ms);
    notify(worker->mail_fd);
}

void worker_ping(struct worker *worker)
{
    atomic_fetch_add(&worker->ping, 1);
    notify(worker->mail_fd);
}

bool worker_turns(const struct worker *worker)
{
    return worker_ended(worker) || atomic_load(&worker->pong) == atomic_load(&worker->ping);
}

bool worker_ended(const struct worker *worker)
{
    return atomic_load(&worker->ended);
}

void worker_free(struct worker *worker)
{
    if (worker == NULL)
        return;
    if (worker->started) {
        if (atomic_load(&worker->drain_ms) == NOT_DRAINING)
            worker_drain(worker, 0);
        pthread_join(worker->thread, NULL);
    }
    listeners_fini(&worker->listeners);
    if (worker->on_mail != NULL)
        event_free(worker->on_mail);
    if (worker->on_drain_timeout != NULL)
        event_free(worker->on_drain_timeout);
    if (worker->host.on_crowd != NULL)
        event_free(worker->host.on_crowd);
    if (worker->host.base != NULL)
        event_base_free(worker->host.base);
    if (worker->mail_fd >= 0)
        close(worker->mail_fd);
    sem_destroy(&worker->ready);
    free(worker);
}

void worker_stats(const struct worker *worker, struct stats *into)
{
    *into = (struct stats){0};
    stats_add(into, &worker->host.stats);
}
