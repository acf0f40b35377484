#include "monitor.h"

#include "clock.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEBOUNCE_MS 100
#define STAT_MS     2000

#define REST_TIMES   4
#define REST_MOST_MS 2000

#define WATCHED                                                                                              \
    (IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE | IN_CREATE | IN_MOVED_FROM | IN_DELETE_SELF | IN_MOVE_SELF |  \
     IN_ONLYDIR)

/* What a stat tells of a file: it changed if any of this did. */
struct stamp {
    bool there;
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec mtime, ctime;
};

/* A folder, and what is of interest in it. */
struct watch {
    unsigned what;
    char folder[SOURCES_PATH_MAX];
    const char *name;                /* of a file in it; NULL: every file */
    char path[2 * SOURCES_PATH_MAX]; /* what is compared by stat: the file, or the folder */
    int descriptor;                  /* of inotify, -1: not watched now */
    bool is_gone;                    /* the folder was not there at the last look */
    struct stamp known;              /* at the last report */
    struct stamp seen;               /* at the last tick */
};

enum { WATCH_CTL, WATCH_PUBLISHED, WATCH_COUNT };

struct monitor {
    struct event_base *base;
    monitor_changed changed;
    void *arg;
    struct store_source *source;
    struct watch watches[WATCH_COUNT];
    int inotify; /* -1: there is none, or none to be had now; the stat net does it all */
    unsigned pending;
    unsigned retry; /* to be reported at the next tick */
    struct event *readable, *debounce, *rest, *tick, *store_tick;
};

static struct stamp stamp_take(const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return (struct stamp){0};
    return (struct stamp){
        .there = true,
        .dev = info.st_dev,
        .ino = info.st_ino,
        .size = info.st_size,
        .mtime = info.st_mtim,
        .ctime = info.st_ctim,
    };
}

static bool times_equal(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool stamps_equal(const struct stamp *a, const struct stamp *b)
{
    return a->there == b->there && a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
           times_equal(a->mtime, b->mtime) && times_equal(a->ctime, b->ctime);
}

static void arm(struct event *event, int ms)
{
    const struct timeval after = {.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};
    event_add(event, &after);
}

/* What is to be reported now: the state folder is nobody else's, and does not rest. */
static unsigned due(const struct monitor *monitor)
{
    const bool rests = event_pending(monitor->rest, EV_TIMEOUT, NULL);
    return monitor->pending & (rests ? ~(unsigned)MONITOR_CTL : ~0U);
}

/* A report comes a moment after the first event of a burst, or after the rest: not later for more events, or
 * whoever can write to the folder could put it off for ever. */
static void note(struct monitor *monitor, unsigned what)
{
    monitor->pending |= what;
    if (due(monitor) != 0 && !event_pending(monitor->debounce, EV_TIMEOUT, NULL))
        arm(monitor->debounce, DEBOUNCE_MS);
}

int monitor_rest_after(int64_t took_ms)
{
    return took_ms < REST_MOST_MS / REST_TIMES ? (int)took_ms * REST_TIMES : REST_MOST_MS;
}

static void rest_ended(evutil_socket_t fd, short events, void *arg)
{
    (void)fd, (void)events;
    note(arg, 0);
}

static void report(evutil_socket_t fd, short events, void *arg)
{
    struct monitor *monitor = arg;
    (void)fd, (void)events;
    unsigned what = due(monitor);
    monitor->pending &= ~what;
    /* Before the files are read: what happens to them meanwhile is a further change. */
    for (int i = 0; i < WATCH_COUNT; i++) {
        struct watch *watch = &monitor->watches[i];
        if (what & watch->what)
            watch->known = watch->seen = stamp_take(watch->path);
    }
    const int64_t began = clock_milliseconds();
    monitor->changed(monitor->arg, what);
    if ((what & MONITOR_CTL) == 0)
        return;
    event_base_update_cache_time(monitor->base); /* or the rest would begin when the report did */
    arm(monitor->rest, monitor_rest_after(clock_milliseconds() - began));
}

/* ---- inotify ---- */

/* A file that was just created for writing is not complete before it is closed; a link is. */
static bool is_complete(const struct watch *watch, uint32_t mask)
{
    struct stat info;
    if (!(mask & IN_CREATE) || watch->name == NULL)
        return true;
    return lstat(watch->path, &info) == 0 &&
           (S_ISLNK(info.st_mode) || info.st_nlink > 1 || !S_ISREG(info.st_mode));
}

static unsigned judge_event(struct monitor *monitor, const struct inotify_event *event)
{
    unsigned what = 0;
    for (int i = 0; i < WATCH_COUNT; i++) {
        struct watch *watch = &monitor->watches[i];
        if (event->mask & IN_Q_OVERFLOW)
            what |= watch->what;
        if (event->wd != watch->descriptor)
            continue;
        if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)) {
            if (event->mask & IN_MOVE_SELF)
                inotify_rm_watch(monitor->inotify, watch->descriptor);
            watch->descriptor = -1; /* the tick watches it again once it is there */
            what |= watch->what;
        } else if (watch->name == NULL || (event->len > 0 && strcmp(event->name, watch->name) == 0)) {
            if (is_complete(watch, event->mask))
                what |= watch->what;
        }
    }
    return what;
}

static void take_events(evutil_socket_t fd, short events, void *arg)
{
    struct monitor *monitor = arg;
    (void)events;
    _Alignas(struct inotify_event) char buffer[16 * (sizeof(struct inotify_event) + NAME_MAX + 1)];
    ssize_t got = read(fd, buffer, sizeof buffer);
    unsigned what = 0;
    for (ssize_t at = 0; at < got;) {
        const struct inotify_event *event = (const struct inotify_event *)(const void *)(buffer + at);
        what |= judge_event(monitor, event);
        at += (ssize_t)(sizeof *event + event->len);
    }
    note(monitor, what);
}

static void free_event(struct event *event)
{
    if (event != NULL)
        event_free(event);
}

/* Without descriptors, or with too many watchers of this user, there is none today; tomorrow there may be. */
static void open_inotify(struct monitor *monitor)
{
    if (monitor->inotify >= 0)
        return;
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd < 0)
        return;
    struct event *readable = event_new(monitor->base, fd, EV_READ | EV_PERSIST, take_events, monitor);
    if (readable == NULL || event_add(readable, NULL) != 0) {
        free_event(readable);
        close(fd);
        return;
    }
    monitor->inotify = fd;
    monitor->readable = readable;
}

/* Watch the folder that the path names now. For one that is watched already inotify returns the same
 * descriptor, so this can be repeated; another one means that a new folder stands in its place. */
static void watch_folder(struct monitor *monitor, struct watch *watch)
{
    if (monitor->inotify < 0)
        return;
    int descriptor = inotify_add_watch(monitor->inotify, watch->folder, WATCHED);
    watch->is_gone = descriptor < 0 && errno == ENOENT;
    if (watch->descriptor >= 0 && descriptor != watch->descriptor)
        inotify_rm_watch(monitor->inotify, watch->descriptor);
    watch->descriptor = descriptor;
}

/* ---- Timers ---- */

static void tick(evutil_socket_t fd, short events, void *arg)
{
    struct monitor *monitor = arg;
    (void)fd, (void)events;
    unsigned what = monitor->retry;
    monitor->retry = 0;
    open_inotify(monitor);
    for (int i = 0; i < WATCH_COUNT; i++) {
        struct watch *watch = &monitor->watches[i];
        bool was_gone = watch->is_gone;
        watch_folder(monitor, watch);
        struct stamp now = stamp_take(watch->path);
        if (was_gone && !watch->is_gone && !now.there)
            what |= watch->what; /* the folder is back, without the file */
        /* A file that is being written changes from tick to tick: wait until it no longer does. */
        if (!stamps_equal(&now, &watch->known) && (stamps_equal(&now, &watch->seen) || !now.there))
            what |= watch->what;
        watch->seen = now;
    }
    note(monitor, what);
}

static void store_tick(evutil_socket_t fd, short events, void *arg)
{
    struct monitor *monitor = arg;
    (void)fd, (void)events;
    if (store_source_changed(monitor->source))
        monitor->changed(monitor->arg, MONITOR_STORE);
}

/* ---- Life ---- */

static int init_watch(struct watch *watch, unsigned what, const char *folder, const char *name,
                      struct trust_error *err)
{
    int folder_len = snprintf(watch->folder, sizeof watch->folder, "%s", folder);
    snprintf(watch->path, sizeof watch->path, "%s%s%s", folder, name != NULL ? "/" : "",
             name != NULL ? name : "");
    watch->what = what;
    watch->name = name;
    watch->descriptor = -1;
    if (folder_len >= (int)sizeof watch->folder)
        return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET, "%.200s…: the path is too long",
                               folder);
    return 0;
}

static int init_watches(struct monitor *monitor, const struct config *config, struct trust_error *err)
{
    char published[SOURCES_PATH_MAX];
    if (config_state_path(config, CTL_FILE_PUBLISHED, published, sizeof published) == NULL)
        return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET, "state: the path is too long");
    int rc = init_watch(&monitor->watches[WATCH_CTL], MONITOR_CTL, config->trust_lists.directory,
                        CTL_FILE_NAME, err);
    if (rc == 0)
        rc = init_watch(&monitor->watches[WATCH_PUBLISHED], MONITOR_PUBLISHED, published, NULL, err);
    for (int i = 0; rc == 0 && i < WATCH_COUNT; i++) {
        struct watch *watch = &monitor->watches[i];
        watch_folder(monitor, watch);
        watch->known = watch->seen = stamp_take(watch->path);
    }
    return rc;
}

static int init_events(struct monitor *monitor, struct event_base *base, struct trust_error *err)
{
    monitor->debounce = event_new(base, -1, 0, report, monitor);
    monitor->rest = event_new(base, -1, 0, rest_ended, monitor);
    monitor->tick = event_new(base, -1, EV_PERSIST, tick, monitor);
    monitor->store_tick = event_new(base, -1, EV_PERSIST, store_tick, monitor);
    if (monitor->debounce == NULL || monitor->rest == NULL || monitor->tick == NULL ||
        monitor->store_tick == NULL)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory");
    arm(monitor->tick, STAT_MS);
    if (monitor->source != NULL)
        arm(monitor->store_tick, STORE_POLL_MS);
    return 0;
}

int monitor_new(struct event_base *base, const struct config *config, struct store_source *source,
                monitor_changed changed, void *arg, struct monitor **out, struct trust_error *err)
{
    *out = NULL;
    struct monitor *monitor = calloc(1, sizeof *monitor);
    if (monitor == NULL)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory");
    monitor->changed = changed;
    monitor->arg = arg;
    monitor->source = source;
    monitor->base = base;
    monitor->inotify = -1;
    open_inotify(monitor);
    int rc = init_watches(monitor, config, err);
    if (rc == 0)
        rc = init_events(monitor, base, err);
    if (rc != 0) {
        monitor_free(monitor);
        return rc;
    }
    *out = monitor;
    return 0;
}

void monitor_retry(struct monitor *monitor)
{
    monitor->retry = MONITOR_PUBLISHED;
}

void monitor_free(struct monitor *monitor)
{
    if (monitor == NULL)
        return;
    free_event(monitor->readable);
    free_event(monitor->debounce);
    free_event(monitor->rest);
    free_event(monitor->tick);
    free_event(monitor->store_tick);
    if (monitor->inotify >= 0)
        close(monitor->inotify);
    free(monitor);
}
