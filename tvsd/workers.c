#include "workers.h"

#include "log.h"
#include "worker.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define AUTO_MOST   4
#define SPARE_FILES 64 /* descriptors that are not connections: sockets, store, log, loops */

/* What the main thread knows of a worker's health. */
struct health {
    int64_t asked; /* monotonic milliseconds: the first question that it has not answered, if it owes one */
    bool hangs;    /* and was said to */
};

struct workers {
    struct worker **items;
    struct health *health; /* one an item */
    size_t count;
    int64_t max_connections;
    struct sightings *sightings;
    struct snapshot *current;  /* posted to all */
    struct snapshot *previous; /* some may still use it; NULL: nobody does */
    struct snapshot *pending;  /* to be posted when previous is gone */
    int ack_fd;
    struct event *acked;
    bool draining;
    workers_ended ended;
    void *arg;
    workers_turn turn; /* to be called when all have answered; NULL: nobody asked */
    void *turn_arg;
};

static size_t worker_count(const struct config *config)
{
    if (config->server.workers != CONFIG_AUTO)
        return (size_t)config->server.workers;
    cpu_set_t cores;
    int count = sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
    return (size_t)(count > AUTO_MOST ? AUTO_MOST : count);
}

/* How many connections there are descriptors for. *limit: how many descriptors may be open. */
static int64_t room(int64_t *limit)
{
    struct rlimit files;
    *limit = 0;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0)
        *limit = files.rlim_cur > INT_MAX ? INT_MAX : (int64_t)files.rlim_cur;
    return *limit <= 2 * SPARE_FILES ? SPARE_FILES : *limit - SPARE_FILES;
}

/* Were descriptors to run out before connections, whoever says nothing would not give way to phones. */
static int64_t most_connections(const struct config *config)
{
    int64_t limit, most = room(&limit), wanted = config->server.max_connections;
    if (wanted == CONFIG_AUTO)
        return most;
    if (wanted <= most)
        return wanted;
    LOG_SAY(CONNECTIONS_LIMITED, log_text("option", "server.max_connections"), log_number("limit", limit),
            log_number("max_connections", most),
            log_text("remedy", "raise the limit of open files (LimitNOFILE, ulimit -n), or lower "
                               "server.max_connections or have it auto"));
    return most;
}

#define HANDSHAKES_LEAST 256
#define HANDSHAKES_MOST  4096 /* by then the last one waits for seconds */

/* A worker's share of handshakes. */
static int64_t most_handshakes(const struct config *config, int64_t connections, size_t workers)
{
    int64_t most = (config->server.max_handshakes + (int64_t)workers - 1) / (int64_t)workers;
    if (config->server.max_handshakes == CONFIG_AUTO) {
        most = connections / 4;
        most = most < HANDSHAKES_LEAST ? HANDSHAKES_LEAST : most > HANDSHAKES_MOST ? HANDSHAKES_MOST : most;
    }
    return most > connections ? connections : most;
}

/* ---- Handing over ---- */

static void post_now(struct workers *workers, struct snapshot *take_snapshot)
{
    assert(workers->previous == NULL);
    workers->previous = workers->current;
    workers->current = take_snapshot;
    for (size_t i = 0; i < workers->count; i++)
        worker_post(workers->items[i], take_snapshot);
}

static bool all_changed_over(const struct workers *workers)
{
    for (size_t i = 0; i < workers->count; i++) {
        if (worker_generation(workers->items[i]) != workers->current->generation)
            return false;
    }
    return true;
}

static bool all_ended(const struct workers *workers)
{
    for (size_t i = 0; i < workers->count; i++) {
        if (!worker_ended(workers->items[i]))
            return false;
    }
    return true;
}

static bool all_turn(const struct workers *workers)
{
    for (size_t i = 0; i < workers->count; i++) {
        if (!worker_turns(workers->items[i]))
            return false;
    }
    return true;
}

static void take_pongs(struct workers *workers)
{
    workers_turn turn = workers->turn;
    if (turn == NULL)
        return;
    workers->turn = NULL;
    turn(workers->turn_arg);
}

static int64_t milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void workers_ping(struct workers *workers, workers_turn turn, void *arg)
{
    workers->turn = turn;
    workers->turn_arg = arg;
    for (size_t i = 0; i < workers->count; i++) {
        if (worker_turns(workers->items[i]) && !workers->health[i].hangs)
            workers->health[i].asked = milliseconds();
        worker_ping(workers->items[i]);
    }
}

static struct log_field field_seconds(const struct workers *workers, size_t i)
{
    return log_number("seconds", (milliseconds() - workers->health[i].asked + 999) / 1000);
}

void workers_name_hung(struct workers *workers, const char *remedy)
{
    for (size_t i = 0; i < workers->count; i++) {
        if (workers->health[i].hangs || worker_turns(workers->items[i]))
            continue;
        workers->health[i].hangs = true;
        LOG_SAY(WORKER_HUNG, log_number("worker", (int64_t)i), field_seconds(workers, i),
                log_text("remedy", remedy));
    }
}

static void name_answering(struct workers *workers)
{
    for (size_t i = 0; i < workers->count; i++) {
        if (!workers->health[i].hangs || !worker_turns(workers->items[i]))
            continue;
        workers->health[i].hangs = false;
        LOG_SAY(WORKER_ANSWERS, log_number("worker", (int64_t)i), field_seconds(workers, i));
    }
}

static void take_ack(evutil_socket_t fd, short events, void *arg)
{
    struct workers *workers = arg;
    uint64_t acks;
    (void)events;
    if (read(fd, &acks, sizeof acks) < 0 && errno != EAGAIN && errno != EINTR)
        return;
    /* Looked at but once: who answers from here on comes with the next ack, and is named then before the
     * turn. */
    const bool all_answered = all_turn(workers);
    name_answering(workers);
    if (workers->previous != NULL && all_changed_over(workers)) {
        snapshot_free(workers->previous);
        workers->previous = NULL;
    }
    if (workers->draining) {
        if (all_answered)
            take_pongs(workers);
        if (all_ended(workers))
            workers->ended(workers->arg);
        return;
    }
    if (workers->previous == NULL && workers->pending != NULL) {
        struct snapshot *pending = workers->pending;
        workers->pending = NULL;
        post_now(workers, pending);
    }
    if (all_answered && workers->previous == NULL)
        take_pongs(workers);
}

void workers_post(struct workers *workers, struct snapshot *take_snapshot)
{
    if (workers->draining) {
        snapshot_free(take_snapshot);
    } else if (workers->previous == NULL) {
        post_now(workers, take_snapshot);
    } else {
        snapshot_free(workers->pending);
        workers->pending = take_snapshot;
    }
}

void workers_drain(struct workers *workers, int64_t drain_ms)
{
    workers->draining = true;
    for (size_t i = 0; i < workers->count; i++)
        worker_drain(workers->items[i], drain_ms);
}

/* ---- Life ---- */

static int start_all(struct workers *workers, const struct config *config, const struct sockets *sockets,
                     size_t count, struct trust_error *err)
{
    int64_t connections = most_connections(config);
    if (connections < (int64_t)count)
        count = (size_t)connections; /* each takes one connection at least */
    int rc = 0;
    workers->max_connections = connections;
    for (size_t i = 0; rc == 0 && i < count; i++) {
        int64_t share = connections / (int64_t)count + ((int64_t)i < connections % (int64_t)count);
        const struct worker_options options = {
            .number = (int)i,
            .listeners = sockets->fds,
            .listener_count = sockets->count,
            .max_connections = (int)share,
            .max_handshakes = (int)most_handshakes(config, share, count),
            .sightings = workers->sightings != NULL ? sightings_end(workers->sightings, i) : NULL,
            .ack_fd = workers->ack_fd,
        };
        rc = worker_start(&options, workers->current, &workers->items[i], err);
        if (rc == 0)
            workers->count++;
    }
    return rc;
}

static int init_acks(struct workers *workers, struct event_base *base, struct trust_error *err)
{
    workers->ack_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (workers->ack_fd < 0)
        return trust_error_set(err, TRUST_ESYSTEM, TRUST_NO_OFFSET, "eventfd: %s", strerror(errno));
    workers->acked = event_new(base, workers->ack_fd, EV_READ | EV_PERSIST, take_ack, workers);
    if (workers->acked == NULL || event_add(workers->acked, NULL) != 0)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory");
    return 0;
}

int workers_start(struct event_base *base, const struct config *config, const struct sockets *sockets,
                  struct snapshot *take_first, workers_ended ended, void *arg, struct workers **out,
                  struct trust_error *err)
{
    *out = NULL;
    size_t count = worker_count(config);
    struct workers *workers = calloc(1, sizeof *workers);
    if (workers == NULL) {
        snapshot_free(take_first);
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory");
    }
    *workers = (struct workers){.current = take_first, .ack_fd = -1, .ended = ended, .arg = arg};
    workers->items = calloc(count, sizeof(struct worker *));
    workers->health = calloc(count, sizeof *workers->health);
    if (config->phones.max > 0)
        workers->sightings = sightings_new(count);
    int rc = 0;
    if (workers->items == NULL || workers->health == NULL ||
        (config->phones.max > 0 && workers->sightings == NULL))
        rc = trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory");
    if (rc == 0)
        rc = init_acks(workers, base, err);
    if (rc == 0)
        rc = start_all(workers, config, sockets, count, err);
    if (rc != 0) {
        workers_free(workers);
        return rc;
    }
    *out = workers;
    return 0;
}

size_t workers_count(const struct workers *workers)
{
    return workers->count;
}

struct sightings *workers_sightings(const struct workers *workers)
{
    return workers->sightings;
}

int64_t workers_max_connections(const struct workers *workers)
{
    return workers->max_connections;
}

void workers_stats(const struct workers *workers, struct stats *sum)
{
    memset(sum, 0, sizeof *sum);
    for (size_t i = 0; i < workers->count; i++) {
        struct stats one;
        worker_stats(workers->items[i], &one);
        stats_add(sum, &one);
    }
    sum->snapshots_made = snapshot_made();
    sum->snapshots_live = snapshot_live();
}

void workers_free(struct workers *workers)
{
    if (workers == NULL)
        return;
    if (!workers->draining)
        workers_drain(workers, 0);
    for (size_t i = 0; i < workers->count; i++)
        worker_free(workers->items[i]);
    if (workers->acked != NULL)
        event_free(workers->acked);
    if (workers->ack_fd >= 0)
        close(workers->ack_fd);
    sightings_free(workers->sightings);
    snapshot_free(workers->pending);
    snapshot_free(workers->previous);
    snapshot_free(workers->current);
    free(workers->items);
    free(workers->health);
    free(workers);
}
