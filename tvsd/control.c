#include "control.h"

#include "claim.h"
#include "confined.h"
#include "control_parts.h"
#include "log.h"
#include "notify.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#ifdef NDEBUG
#error "asserts are part of this program: build it without NDEBUG"
#endif

#define STATS_EVERY_S 60

static const int signals_taken[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
_Static_assert(sizeof signals_taken / sizeof signals_taken[0] == CONTROL_SIGNALS, "an event for each");

int control_no_memory(struct trust_error *err)
{
    return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory");
}

static void say_stats(const struct control *control)
{
    struct stats sum;
    workers_stats(control->workers, &sum);
    stats_log(&sum);
}

/* ---- The service manager ---- */

char *control_how_it_is(const struct control *control, char out[static STATUS_MAX])
{
    struct stats sum;
    workers_stats(control->workers, &sum);
    return status_text(&control->world, sum.active, control->refused, out);
}

void control_tell_status(const struct control *control)
{
    char status[STATUS_MAX];
    if (control->stops == 0)
        notify_status(control_how_it_is(control, status));
}

static void tell_ready(const struct control *control)
{
    char status[STATUS_MAX];
    notify_ready(control_how_it_is(control, status));
}

static void drain_log(struct control *control)
{
    bool had_trouble = control->log_trouble;
    log_drain();
    control->log_trouble = log_trouble() != NULL;
    if (control->log_trouble != had_trouble)
        control_tell_status(control);
}

/* The workers have what was read. */
static void on_workers_turn(void *arg)
{
    struct control *control = arg;
    if (control->reloading && control->stops == 0) {
        tell_ready(control);
        control_reload_is_over(control);
    }
    control->reloading = false;
    if (log_trouble() != NULL)
        drain_log(control); /* there may be no other line that tries whether the log's target works again */
}

/* ---- The end ---- */

static void stop_at_once(struct control *control)
{
    workers_drain(control->workers, 0);
    if (control->stops > 2) { /* a third signal: something must be wrong with the workers */
        log_drain();
        say_stats(control);
        LOG_SAY(STOPPED);
        log_close();
        _exit(EXIT_SUCCESS);
    }
}

static void stop(struct control *control, const char *signal_name)
{
    struct stats sum;
    if (control->stops++ > 0) { /* whoever asks twice does not want to wait for phones */
        stop_at_once(control);
        return;
    }
    notify_stopping("Ending: the requests under way are answered.");
    workers_stats(control->workers, &sum);
    LOG_SAY(STOPPING, log_text("signal", signal_name), log_number("connections", (int64_t)sum.active));
    monitor_free(control->monitor);
    control->monitor = NULL;
    control_socket_free(control->socket);
    control->socket = NULL;
    control_listen_close(&control->listen);
    workers_drain(control->workers, control->world.config->server.drain_timeout);
    sockets_stop(&control->sockets);
}

static void on_workers_ended(void *arg)
{
    struct control *control = arg;
    event_base_loopbreak(control->base);
}

/* ---- Events ---- */

/* However many signals came while the last reload ran, they are one here: libevent hands over each of them
 * before it looks at anything else, and the workers could not say that they have let go of the old world. */
static void on_hangup(evutil_socket_t fd, short events, void *arg)
{
    struct control *control = arg;
    (void)fd, (void)events;
    if (control->stops > 0)
        return;
    notify_reloading();
    control_reload(control);
    control->reloading = true;
    watchdog_ask(&control->watchdog);
}

static void on_signal(evutil_socket_t number, short events, void *arg)
{
    struct control *control = arg;
    (void)events;
    switch (number) {
    case SIGTERM:
        stop(control, "SIGTERM");
        break;
    case SIGINT:
        stop(control, "SIGINT");
        break;
    case SIGHUP:
        event_active(control->hangup, EV_TIMEOUT, 0);
        break;
    case SIGUSR1:
        say_stats(control);
        break;
    default:
        assert(!"a signal that was not asked for");
    }
}

static void on_stats_timer(evutil_socket_t fd, short events, void *arg)
{
    (void)fd, (void)events;
    say_stats(arg);
    control_tell_status(arg);
}

static void on_expiry_timer(evutil_socket_t fd, short events, void *arg)
{
    struct control *control = arg;
    (void)fd, (void)events;
    expiry_look(&control->expiry, &control->world, time(NULL));
}

static void on_log_lines(evutil_socket_t fd, short events, void *arg)
{
    (void)fd, (void)events;
    drain_log(arg);
}

static int add_signals(struct control *control, struct trust_error *err)
{
    signal(SIGPIPE, SIG_IGN);
    control->hangup = event_new(control->base, -1, 0, on_hangup, control);
    if (control->hangup == NULL)
        return control_no_memory(err);
    for (size_t i = 0; i < CONTROL_SIGNALS; i++) {
        control->signals[i] = evsignal_new(control->base, signals_taken[i], on_signal, control);
        if (control->signals[i] == NULL || evsignal_add(control->signals[i], NULL) != 0)
            return control_no_memory(err);
    }
    return 0;
}

static int add_timers(struct control *control, struct trust_error *err)
{
    const struct timeval minute = {.tv_sec = STATS_EVERY_S}, hour = {.tv_sec = EXPIRY_EVERY_S};
    control->expiry_timer = event_new(control->base, -1, EV_PERSIST, on_expiry_timer, control);
    control->stats_timer = event_new(control->base, -1, EV_PERSIST, on_stats_timer, control);
    control->log_lines =
        event_new(control->base, log_wakeup_fd(), EV_READ | EV_PERSIST, on_log_lines, control);
    if (control->stats_timer == NULL || event_add(control->stats_timer, &minute) != 0 ||
        control->expiry_timer == NULL || event_add(control->expiry_timer, &hour) != 0 ||
        control->log_lines == NULL || event_add(control->log_lines, NULL) != 0)
        return control_no_memory(err);
    return watchdog_start(&control->watchdog, control->base, control->workers, on_workers_turn, control, err);
}

/* ---- Start ---- */

/* The base has no locks: it is the main thread's alone. */
static int make_base(struct control *control, struct trust_error *err)
{
    struct event_config *how = event_config_new();
    if (how == NULL)
        return control_no_memory(err);
    event_config_set_flag(how, EVENT_BASE_FLAG_NOLOCK);
    control->base = event_base_new_with_config(how);
    event_config_free(how);
    return control->base != NULL ? 0 : control_no_memory(err);
}

static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit); /* fewer connections are no reason not to start */
    }
}

/* Sockets that the service manager hands over replace server.listen. */
static int open_sockets(struct control *control, struct trust_error *err)
{
    struct sockets *sockets = &control->sockets;
    int rc = sockets_inherit(sockets, err);
    if (rc != 0)
        return rc;
    if (sockets->count == 0)
        return sockets_open(&control->world.config->server.listen, sockets, err);
    LOG_SAY(SOCKETS_INHERITED, log_number("count", (int64_t)sockets->count),
            log_text("instead-of", "server.listen"));
    return 0;
}

/* What nobody but one tvsd of the state folder has. Phones are answered without it, too. */
static int open_own_places(struct control *control, struct trust_error *err)
{
    struct world *world = &control->world;
    struct trust_error why = {0};
    if (claim_state(world->config, &control->claim, &why) == 0)
        control_open_socket(control);
    else
        LOG_SAY(
            CONTROL_REFUSED, log_text("socket", world->config->control.socket), log_text("reason", why.text),
            log_text("remedy", "phones are answered; tvsctl cannot ask this tvsd, and no phones are kept"));
    control->phones = control_phones_new(control->base, world->config, control->claim >= 0);
    if (control->phones == NULL)
        return control_no_memory(err);
    control_phones_read_rollouts(control->phones, world->store.db);
    control->refusals = control_refusals_new(control->base, control->phones);
    return control->refusals != NULL ? 0 : control_no_memory(err);
}

static int start_workers(struct control *control, struct trust_error *err)
{
    struct snapshot *first = world_snapshot(&control->world);
    if (first == NULL)
        return control_no_memory(err);
    return workers_start(control->base, control->world.config, &control->sockets, first, on_workers_ended,
                         control, &control->workers, err);
}

static void say_started(const struct control *control)
{
    const struct world *world = &control->world;
    LOG_SAY(STARTED, log_text("version", TVS_VERSION), log_text("node", world->config->node.name),
            log_number("workers", (int64_t)workers_count(control->workers)),
            log_number("store", (int64_t)trust_index_count(world->store_index)),
            log_number("ctl", world->ctl.list != NULL ? (int64_t)trust_index_count(world->ctl.index) : 0),
            log_number("max_connections", workers_max_connections(control->workers)));
    for (size_t i = 0; i < control->sockets.count; i++) {
        char name[128];
        LOG_SAY(READY, log_text("listen", sockets_name(control->sockets.fds[i], name, sizeof name)));
    }
}

static int start(struct control *control, struct trust_error *err)
{
    struct world *world = &control->world;
    int rc = make_base(control, err);
    if (rc == 0)
        rc = add_signals(control, err);
    if (rc == 0)
        rc = world_read_config(world, control->config_path, err);
    if (rc == 0)
        rc = log_open(world->config, err);
    if (rc != 0)
        return rc;
    control->start_config = world->config;
    raise_file_limit();
    /* It watches before anything is read, so that no change falls between. */
    rc = monitor_new(control->base, world->config, &world->store, control_on_change, control,
                     &control->monitor, err);
    if (rc == 0)
        rc = world_build(world, NULL, err);
    if (rc == 0)
        rc = open_sockets(control, err);
    if (rc == 0)
        rc = open_own_places(control, err);
    if (rc == 0)
        rc = start_workers(control, err);
    if (rc == 0)
        rc = control_phones_start(control->phones, workers_sightings(control->workers), err);
    if (rc == 0)
        rc = control_serve_socket(control, err);
    if (rc == 0)
        rc = add_timers(control, err);
    if (rc != 0)
        return rc;
    world_say(world);
    world_remember_ctl(world);
    control_retry_later(control);
    say_started(control);
    expiry_look(&control->expiry, world, time(NULL));
    tell_ready(control);
    return 0;
}

/* A refused start is said in the log, and to whoever typed the command if the log goes elsewhere: there is a
 * start_config once it is open. */
static void say_refused(const struct control *control, struct trust_error *err)
{
    confined_explain(CONFINED_LABEL, CONFINED_SELINUX, err);
    const struct config *config = control->start_config;
    LOG_SAY(START_REFUSED, log_text("reason", err->text));
    notify_status(err->text);
    if (config != NULL && strcmp(config->log.target, "stderr") != 0)
        fprintf(stderr, "tvsd: %s\n", err->text);
}

static void free_event(struct event *event)
{
    if (event != NULL)
        event_free(event);
}

static void fini(struct control *control)
{
    control_socket_free(control->socket);
    control_listen_close(&control->listen);
    monitor_free(control->monitor);
    watchdog_fini(&control->watchdog);
    control_phones_stop(control->phones);
    control_refusals_stop(control->refusals);
    control_refusals_free(control->refusals);
    control_phones_free(control->phones);
    if (control->claim >= 0)
        close(control->claim);
    workers_free(control->workers);
    sockets_close(&control->sockets);
    free_event(control->hangup);
    free_event(control->stats_timer);
    free_event(control->expiry_timer);
    free_event(control->log_lines);
    for (size_t i = 0; i < CONTROL_SIGNALS; i++)
        free_event(control->signals[i]);
    world_fini(&control->world);
    snapshot_part_unref(control->start_config_part);
    if (control->base != NULL)
        event_base_free(control->base);
}

int control_run(const char *config_path)
{
    struct control control = {.config_path = config_path, .claim = -1, .listen = {.fd = -1}};
    struct trust_error err = {0};
    clock_gettime(CLOCK_MONOTONIC, &control.started);
    int rc = start(&control, &err);
    if (rc == 0) {
        event_base_dispatch(control.base);
        log_drain();
        say_stats(&control);
    } else {
        say_refused(&control, &err);
    }
    fini(&control);
    log_drain();
    if (rc == 0)
        LOG_SAY(STOPPED);
    log_close();
    return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
