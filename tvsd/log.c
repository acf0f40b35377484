#include "log.h"

#include "log_render.h"
#include "log_ring.h"
#include "log_target.h"
#include "quiet.h"

#include <assert.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define FAILED_EVERY 60      /* seconds between lines on stderr that the target fails */
#define RING_SIZE    1048576 /* some 5000 lines: what a busy worker says while the main thread loads a store */

/* The first line of a worker is written at once, those that come so soon after it together, unless a ring is
 * half full before: to wake the main thread for each would cost several times as much as the line. Where many
 * come, more are awaited. */
#define GATHER_NS      10000000
#define GATHER_MANY_NS 50000000
#define MANY           20

/* A worker and its ring. The worker ends it, the main thread frees it. */
struct attachment {
    struct ring *ring;
    long pid;
    int wakeup_fd;
    atomic_bool has_ended;
    struct attachment *next; /* main thread, once it is in the list */
};

static atomic_int level_in_force = CONFIG_LOG_INFO, format_in_force = CONFIG_LOG_LOGFMT;

/* Main thread. */
static struct log_target *target;
static uint64_t lost;
static uint64_t lost_ever;      /* those that were said, too */
static const char *lost_reason; /* static words */
static size_t held;             /* lines that are to be flushed */
static char trouble[4400];      /* "": the target took the last line */
static bool trouble_said;

/* Under the lock: taken when a worker comes, and once a drain; never by a line. */
static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct attachment *newcomers;
static int wakeup_fd = -1;

static struct attachment *attached;  /* main thread */
static _Atomic int64_t drain_at = 1; /* the next time, in monotonic nanoseconds */

/* The descriptor, a timer, is set: once does for many lines, and once more where there is no time to lose. */
enum { WOKEN = 1, HURRIED = 2 };
static atomic_int woken;
static _Thread_local struct attachment *mine;

static struct log_stamp stamp_now(void)
{
    /* A worker has its process for life, and asks the kernel but once. */
    struct log_stamp stamp = {.pid = mine != NULL ? mine->pid : getpid()};
    clock_gettime(CLOCK_REALTIME, &stamp.when);
    return stamp;
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* What is past comes at once; 0 would be never. */
static void wake_at(const struct attachment *from, int64_t due)
{
    const struct itimerspec when = {.it_value = {.tv_sec = due / 1000000000, .tv_nsec = due % 1000000000}};
    timerfd_settime(from->wakeup_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static void wake(const struct attachment *from)
{
    const bool hurries = ring_is_filling(from->ring);
    if ((atomic_fetch_or(&woken, hurries ? WOKEN | HURRIED : WOKEN) & (hurries ? HURRIED : WOKEN)) != 0)
        return;
    wake_at(from, hurries ? 1 : atomic_load_explicit(&drain_at, memory_order_relaxed));
    /* Another may have set it meanwhile, who is in a hurry and does not set it again. */
    if (!hurries && (atomic_load(&woken) & HURRIED) != 0)
        wake_at(from, 1);
}

static void render(enum log_event event, const struct log_field *fields, size_t count, struct log_line *line)
{
    struct log_stamp stamp = stamp_now();
    log_render_event((enum config_log_format)atomic_load_explicit(&format_in_force, memory_order_relaxed),
                     &stamp, event, fields, count, line);
}

static bool is_said(enum log_event event)
{
    return (int)log_event_level(event) >= atomic_load_explicit(&level_in_force, memory_order_relaxed);
}

static struct log_target *target_in_force(void)
{
    return target != NULL ? target : log_target_default();
}

void log_say_stderr(enum log_event event, const struct log_field *fields, size_t count)
{
    struct log_line line;
    if (!is_said(event) || strcmp(log_target_name(target_in_force()), "stderr") == 0)
        return;
    render(event, fields, count, &line);
    log_target_write(log_target_default(), &line, NULL); /* there is nowhere else to go */
}

static void note_trouble(const char *why)
{
    snprintf(trouble, sizeof trouble, "log.target %s: %s", log_target_name(target_in_force()), why);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (trouble_said || !quiet_may_say(quiet_key(UINT64_MAX, 0), FAILED_EVERY, (uint64_t)now.tv_sec))
        return;
    trouble_said = true;
    LOG_SAY_STDERR(LOG_FAILED, log_text("reason", trouble),
                   log_text("remedy", "lines are lost until it takes them again"));
}

static void note_taken(void)
{
    trouble[0] = '\0';
    trouble_said = false;
}

/* false: it was not taken. */
static bool put_line(const struct log_line *line)
{
    const char *why;
    if (log_target_write(target_in_force(), line, &why)) {
        note_taken();
        return true;
    }
    lost_reason = why;
    note_trouble(why);
    return false;
}

/* Lines that are missing are said where they are missing. The line that says so may be lost itself, and then
 * the next line, or drain, says it. */
static void say_lost(void)
{
    struct log_line line;
    const struct log_field fields[] = {
        log_number("count", (int64_t)lost),
        log_text("target", log_target_name(target_in_force())),
        log_text("reason", lost_reason != NULL ? lost_reason : "tvsd could not keep up"),
    };
    if (lost == 0)
        return;
    render(LOG_EV_LOG_DROPPED, fields, sizeof fields / sizeof fields[0], &line);
    if (is_said(LOG_EV_LOG_DROPPED) && !put_line(&line))
        return;
    lost = 0;
    lost_reason = NULL;
}

static void lose(uint64_t lines)
{
    lost += lines;
    lost_ever += lines;
}

static void write_line(const struct log_line *line)
{
    say_lost();
    if (!put_line(line))
        lose(1);
}

/* Write the lines of workers that were held. */
static void write_held(void)
{
    const char *why;
    if (held == 0)
        return;
    held = 0;
    size_t missing = log_target_flush(target_in_force(), &why);
    if (missing == 0) {
        note_taken();
        return;
    }
    lose(missing);
    lost_reason = why;
    note_trouble(why);
}

static void hold_line(const struct log_line *line)
{
    struct log_target *into = target_in_force();
    if (!log_target_holds(into)) {
        write_line(line);
        return;
    }
    if (lost == 0 && log_target_hold(into, line)) {
        held++;
        return;
    }
    write_held();
    say_lost();
    held += log_target_hold(into, line);
}

static void submit(const struct log_line *line)
{
    if (mine == NULL) {
        write_line(line);
        return;
    }
    /* Also when it was lost: the count is to be said. */
    log_ring_push(mine->ring, line);
    wake(mine);
}

void log_say(enum log_event event, const struct log_field *fields, size_t count)
{
    struct log_line line;
    if (!is_said(event))
        return;
    assert(log_event_takes(event, fields, count));
    render(event, fields, count, &line);
    submit(&line);
}

bool log_traces(void)
{
    return atomic_load_explicit(&level_in_force, memory_order_relaxed) == CONFIG_LOG_DEBUG &&
           atomic_load_explicit(&format_in_force, memory_order_relaxed) == CONFIG_LOG_TRACE;
}

void log_trace(const char *format, ...)
{
    /* Longer than any line, so that the cut is made, and marked, by the rendering. */
    char text[LOG_LINE_MAX + 64];
    struct log_line line;
    va_list args;
    if (!log_traces())
        return;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (len < 0)
        return;
    struct log_stamp stamp = stamp_now();
    log_render_trace(&stamp, text, (size_t)len < sizeof text ? (size_t)len : sizeof text - 1, &line);
    submit(&line);
}

enum config_log_level log_level(void)
{
    return (enum config_log_level)atomic_load_explicit(&level_in_force, memory_order_relaxed);
}

void log_set_level(enum config_log_level level)
{
    atomic_store_explicit(&level_in_force, level, memory_order_relaxed);
}

uint64_t log_lost(void)
{
    return lost_ever;
}

static void take_target(struct log_target *take_fresh)
{
    log_target_free(target);
    target = take_fresh;
    note_taken();
}

int log_reopen(struct trust_error *err)
{
    struct log_target *fresh;
    int rc = log_target_open(log_target_name(target_in_force()), &fresh, err);
    if (rc == 0)
        take_target(fresh);
    return rc;
}

const char *log_trouble(void)
{
    return trouble[0] != '\0' ? trouble : NULL;
}

int log_open(const struct config *config, struct trust_error *err)
{
    struct log_target *fresh;
    int rc = log_target_open(config->log.target, &fresh, err);
    if (rc != 0)
        return rc;
    if (target != NULL && strcmp(log_target_name(target), log_target_name(fresh)) != 0)
        LOG_SAY(LOG_MOVED, log_text("target", log_target_name(fresh)));
    take_target(fresh);
    atomic_store_explicit(&level_in_force, config->log.level, memory_order_relaxed);
    atomic_store_explicit(&format_in_force, config->log.format, memory_order_relaxed);
    return 0;
}

int log_check(const struct config *config, struct trust_error *err)
{
    return log_target_check(config->log.target, err);
}

/* Under the lock. */
static int make_wakeup_fd(void)
{
    if (wakeup_fd < 0)
        wakeup_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    return wakeup_fd;
}

int log_wakeup_fd(void)
{
    pthread_mutex_lock(&registry_lock);
    int fd = make_wakeup_fd();
    pthread_mutex_unlock(&registry_lock);
    return fd;
}

bool log_attach(void)
{
    assert(mine == NULL);
    struct attachment *attachment = calloc(1, sizeof *attachment);
    struct ring *ring = ring_new(RING_SIZE);
    if (attachment == NULL || ring == NULL)
        goto fail;
    attachment->ring = ring;
    attachment->pid = getpid();
    atomic_init(&attachment->has_ended, false);
    pthread_mutex_lock(&registry_lock);
    attachment->wakeup_fd = make_wakeup_fd();
    if (attachment->wakeup_fd >= 0) {
        attachment->next = newcomers;
        newcomers = attachment;
    }
    pthread_mutex_unlock(&registry_lock);
    if (attachment->wakeup_fd < 0)
        goto fail;
    mine = attachment;
    return true;

fail:
    ring_free(ring);
    free(attachment);
    return false;
}

void log_detach(void)
{
    struct attachment *attachment = mine;
    if (attachment == NULL)
        return;
    mine = NULL;
    /* From here on it may be freed, so it is not woken for; whoever left a line has woken. */
    atomic_store_explicit(&attachment->has_ended, true, memory_order_release);
}

static void welcome_newcomers(void)
{
    pthread_mutex_lock(&registry_lock);
    while (newcomers != NULL) {
        struct attachment *attachment = newcomers;
        newcomers = attachment->next;
        attachment->next = attached;
        attached = attachment;
    }
    pthread_mutex_unlock(&registry_lock);
}

/* Write what one worker left, and count it. Returns whether it has ended and nothing more can come. */
static bool drain_one(struct attachment *attachment, size_t *lines)
{
    bool has_ended = atomic_load_explicit(&attachment->has_ended, memory_order_acquire);
    size_t mark = ring_mark(attachment->ring);
    struct log_line line;
    for (; log_ring_pop(attachment->ring, mark, &line); (*lines)++)
        hold_line(&line);
    write_held();
    lose(ring_take_lost(attachment->ring));
    return has_ended;
}

static void set_drain_at(size_t lines)
{
    const int64_t wait = lines < MANY ? GATHER_NS : GATHER_MANY_NS;
    atomic_store_explicit(&drain_at, now_ns() + wait, memory_order_relaxed);
}

void log_drain(void)
{
    static const struct itimerspec unset;
    size_t lines = 0;
    int fd = log_wakeup_fd();
    if (fd >= 0)
        timerfd_settime(fd, 0, &unset, NULL);
    /* For lines that come while this one goes on. */
    set_drain_at(lines);
    /* Before the rings are read, so that a line which comes later wakes again, and one for which nobody woke
     * is seen. */
    atomic_exchange(&woken, 0);
    welcome_newcomers();
    for (struct attachment **at = &attached; *at != NULL;) {
        struct attachment *attachment = *at;
        if (!drain_one(attachment, &lines)) {
            at = &attachment->next;
            continue;
        }
        *at = attachment->next;
        ring_free(attachment->ring);
        free(attachment);
    }
    say_lost();
    set_drain_at(lines);
}

void log_close(void)
{
    log_drain();
    log_target_free(target);
    target = NULL;
    lost = lost_ever = 0;
    lost_reason = NULL;
    trouble[0] = '\0';
    trouble_said = false;
    atomic_store_explicit(&level_in_force, CONFIG_LOG_INFO, memory_order_relaxed);
    atomic_store_explicit(&format_in_force, CONFIG_LOG_LOGFMT, memory_order_relaxed);
    pthread_mutex_lock(&registry_lock);
    if (attached == NULL && newcomers == NULL && wakeup_fd >= 0) {
        close(wakeup_fd);
        wakeup_fd = -1;
    }
    pthread_mutex_unlock(&registry_lock);
}
