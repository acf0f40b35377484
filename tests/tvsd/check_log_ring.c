/* Lines from one thread to another: in order, whole, and counted when they are lost. */
#include "tests/check_main.h"
#include "tests/fixture.h"

#include "tvsd/log.h"
#include "tvsd/log_ring.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define RING 8192

/* In the place of libc's: one worker is held before it sets the timer, until another has. */
enum { NOBODY, WILL_SET, IS_HELD, HAS_SET };
static atomic_int holding;
static _Thread_local bool is_slow;

int timerfd_settime(int fd, int flags, const struct itimerspec *new_value, struct itimerspec *old_value)
{
    if (is_slow && atomic_load(&holding) == WILL_SET) {
        atomic_store(&holding, IS_HELD);
        while (atomic_load(&holding) != HAS_SET)
            poll(NULL, 0, 1);
    }
    int result = (int)syscall(SYS_timerfd_settime, fd, flags, new_value, old_value);
    int is_held = IS_HELD;
    if (!is_slow)
        atomic_compare_exchange_strong(&holding, &is_held, HAS_SET);
    return result;
}

static void fill(struct log_line *line, unsigned long number, size_t len)
{
    line->level = (enum config_log_level)(number % 4);
    line->len = len;
    line->body = len / 2;
    memset(line->text, 'a' + (int)(number % 26), len);
    if (len >= sizeof number)
        memcpy(line->text, &number, sizeof number);
}

static unsigned long number_of(const struct log_line *line)
{
    unsigned long number;
    ck_assert_uint_ge(line->len, sizeof number);
    memcpy(&number, line->text, sizeof number);
    ck_assert_int_eq((int)line->level, (int)(number % 4));
    ck_assert_uint_eq(line->body, line->len / 2);
    for (size_t i = sizeof number; i < line->len; i++)
        ck_assert_int_eq(line->text[i], 'a' + (int)(number % 26));
    return number;
}

/* Through many turns of the ring, with lines of every length. */
START_TEST(test_wraps)
{
    struct ring *ring = ring_new(RING);
    struct log_line in, out;
    for (unsigned long i = 0; i < 5000; i++) {
        size_t len = sizeof i + i * 7 % (LOG_LINE_MAX - sizeof i + 1);
        fill(&in, i, len);
        ck_assert(log_ring_push(ring, &in));
        ck_assert(log_ring_pop(ring, ring_mark(ring), &out));
        ck_assert_uint_eq(number_of(&out), i);
        ck_assert_uint_eq(out.len, len);
        ck_assert(!log_ring_pop(ring, ring_mark(ring), &out));
    }
    ck_assert_uint_eq(ring_take_lost(ring), 0);
    ring_free(ring);
    ring_free(NULL);
}
END_TEST

START_TEST(test_full)
{
    struct ring *ring = ring_new(RING);
    struct log_line line;
    unsigned long pushed = 0;
    for (fill(&line, 0, 100); log_ring_push(ring, &line); fill(&line, pushed, 100))
        pushed++;
    ck_assert_uint_ge(pushed, RING / 120);
    ck_assert_uint_le(pushed, RING / 100);
    ck_assert(!log_ring_push(ring, &line));
    ck_assert_uint_eq(ring_take_lost(ring), 2);
    ck_assert_uint_eq(ring_take_lost(ring), 0);
    for (unsigned long i = 0; i < pushed; i++) {
        ck_assert(log_ring_pop(ring, ring_mark(ring), &line));
        ck_assert_uint_eq(number_of(&line), i);
    }
    ck_assert(!log_ring_pop(ring, ring_mark(ring), &line));
    /* There is room again. */
    fill(&line, 7, LOG_LINE_MAX);
    ck_assert(log_ring_push(ring, &line));
    ring_free(ring);
}
END_TEST

/* What comes after the mark waits for the next round. */
START_TEST(test_mark)
{
    struct ring *ring = ring_new(RING);
    struct log_line line;
    fill(&line, 1, 50);
    ck_assert(log_ring_push(ring, &line));
    size_t mark = ring_mark(ring);
    fill(&line, 2, 0);
    ck_assert(log_ring_push(ring, &line));
    ck_assert(log_ring_pop(ring, mark, &line));
    ck_assert_uint_eq(number_of(&line), 1);
    ck_assert(!log_ring_pop(ring, mark, &line));
    ck_assert(log_ring_pop(ring, ring_mark(ring), &line));
    ck_assert_uint_eq(line.len, 0);
    ring_free(ring);
}
END_TEST

#define SENT 200000UL

static void *produce(void *arg)
{
    struct ring *ring = arg;
    struct log_line line;
    for (unsigned long i = 0; i < SENT; i++) {
        fill(&line, i, sizeof i + i % 200);
        log_ring_push(ring, &line);
    }
    return NULL;
}

START_TEST(test_two_threads)
{
    struct ring *ring = ring_new(RING);
    struct log_line line;
    pthread_t thread;
    unsigned long got = 0, lost = 0, next = 0;
    ck_assert_int_eq(pthread_create(&thread, NULL, produce, ring), 0);
    /* The last lines may be lost too, so the sum tells when all is done. */
    while (got + lost < SENT) {
        size_t mark = ring_mark(ring);
        while (log_ring_pop(ring, mark, &line)) {
            ck_assert_uint_ge(number_of(&line), next);
            next = number_of(&line) + 1;
            got++;
        }
        lost += ring_take_lost(ring);
    }
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert(!log_ring_pop(ring, ring_mark(ring), &line));
    ck_assert_uint_eq(got + lost, SENT);
    ck_assert_uint_gt(got, 0);
    ring_free(ring);
}
END_TEST

/* ---- The same through the log itself. */

static void open_log(const char *path)
{
    char text[1024];
    struct config *config;
    struct trust_error err = {0};
    snprintf(text, sizeof text, "log: { target: \"%s\" }\n", path);
    ck_assert_int_eq(config_parse(text, strlen(text), "/t", &config, &err), 0);
    ck_assert_msg(log_open(config, &err) == 0, "%s", err.text);
    config_free(config);
}

/* How many lines hold the words, and the sum of the numbers behind them. */
static unsigned long lines_with(const char *path, const char *words, unsigned long *sum)
{
    FILE *file = fopen(path, "re");
    char line[LOG_LINE_MAX + 2];
    unsigned long lines = 0;
    *sum = 0;
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file) != NULL) {
        const char *at = strstr(line, words);
        if (at == NULL)
            continue;
        lines++;
        *sum += strtoul(at + strlen(words), NULL, 10);
    }
    fclose(file);
    return lines;
}

struct talk {
    unsigned long lines;
    atomic_bool is_done;
};

static void *talk(void *arg)
{
    struct talk *talk = arg;
    if (!log_attach())
        return NULL;
    for (unsigned long i = 0; i < talk->lines; i++)
        LOG_SAY(CONN_CLOSED, log_text("reason", "idle-timeout"), log_number("requests", (int64_t)i));
    log_detach();
    atomic_store(&talk->is_done, true);
    return arg;
}

static bool is_readable(int fd, int timeout)
{
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    return poll(&poller, 1, timeout) == 1;
}

/* Main drains while workers talk: each line arrives or is counted. */
START_TEST(test_workers_talk)
{
    char *folder = fixture_folder(), path[512];
    struct talk talks[3] = {{.lines = 30000}, {.lines = 20000}, {.lines = 10}};
    pthread_t threads[3];
    unsigned long sum, dropped;
    void *result;
    snprintf(path, sizeof path, "%s/tvsd.log", folder);
    open_log(path);
    int fd = log_wakeup_fd();
    ck_assert_int_ge(fd, 0);
    ck_assert(!is_readable(fd, 0));
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, talk, &talks[i]), 0);
    while (!atomic_load(&talks[0].is_done) || !atomic_load(&talks[1].is_done) ||
           !atomic_load(&talks[2].is_done))
        if (is_readable(fd, 10))
            log_drain();
    for (size_t i = 0; i < 3; i++) {
        ck_assert_int_eq(pthread_join(threads[i], &result), 0);
        ck_assert_ptr_nonnull(result);
    }
    log_drain();
    ck_assert(!is_readable(fd, 0));
    log_close();
    lines_with(path, "event=log-dropped count=", &dropped);
    ck_assert_uint_eq(lines_with(path, "event=conn-closed reason=idle-timeout requests=", &sum) + dropped,
                      50010);
    fixture_folder_remove(folder);
}
END_TEST

/* Nobody drains: the ring keeps what it holds, and the drain says once how much was lost. */
START_TEST(test_worker_overflows)
{
    char *folder = fixture_folder(), path[512];
    struct talk flood = {.lines = 100000};
    pthread_t thread;
    unsigned long sum, dropped;
    snprintf(path, sizeof path, "%s/tvsd.log", folder);
    open_log(path);
    int fd = log_wakeup_fd();
    ck_assert_int_eq(pthread_create(&thread, NULL, talk, &flood), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert(is_readable(fd, 0));
    log_drain();
    ck_assert_uint_eq(lines_with(path, "level=warning event=log-dropped count=", &dropped), 1);
    unsigned long kept = lines_with(path, " requests=", &sum);
    ck_assert_uint_gt(kept, 1000);
    ck_assert_uint_eq(kept + dropped, flood.lines);
    /* The first ones are kept, in order. */
    ck_assert_uint_eq(sum, kept * (kept - 1) / 2);
    log_drain();
    ck_assert_uint_eq(lines_with(path, "event=log-dropped", &sum), 1);
    log_close();
    fixture_folder_remove(folder);
}
END_TEST

/* What a worker says soon after a drain waits a little, that more may come with it, but comes without
 * anybody's doing; and what it said before the drain wakes nobody after it. */
START_TEST(test_worker_wakes)
{
    char *folder = fixture_folder(), path[512];
    unsigned long sum;
    snprintf(path, sizeof path, "%s/tvsd.log", folder);
    open_log(path);
    int fd = log_wakeup_fd();
    for (unsigned i = 1; i <= 20; i++) {
        struct talk one = {.lines = 1};
        pthread_t thread;
        ck_assert_int_eq(pthread_create(&thread, NULL, talk, &one), 0);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
        ck_assert(is_readable(fd, 10000));
        log_drain();
        ck_assert(!is_readable(fd, 0));
        ck_assert_uint_eq(lines_with(path, "event=conn-closed", &sum), i);
    }
    log_close();
    fixture_folder_remove(folder);
}
END_TEST

/* A ring that is half full is not left to fill until the time has come. */
START_TEST(test_worker_hurries)
{
    char *folder = fixture_folder(), path[512];
    struct talk before = {.lines = 100}, many = {.lines = 10000};
    struct talk *const talks[] = {&before, &many};
    pthread_t thread;
    snprintf(path, sizeof path, "%s/tvsd.log", folder);
    open_log(path);
    int fd = log_wakeup_fd();
    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq(pthread_create(&thread, NULL, talk, talks[i]), 0);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
        ck_assert(is_readable(fd, i == 0 ? 10000 : 0));
        log_drain();
        ck_assert(!is_readable(fd, 0));
    }
    log_close();
    fixture_folder_remove(folder);
}
END_TEST

static void *talk_slowly(void *arg)
{
    is_slow = true;
    return talk(arg);
}

/* A worker that was held up just before it set the time does not put off one that has no time. */
START_TEST(test_worker_is_held_up)
{
    char *folder = fixture_folder(), path[512];
    struct talk before = {.lines = 100}, one = {.lines = 1}, many = {.lines = 10000};
    pthread_t slow, quick;
    struct itimerspec left;
    snprintf(path, sizeof path, "%s/tvsd.log", folder);
    open_log(path);
    int fd = log_wakeup_fd();
    ck_assert_int_eq(pthread_create(&quick, NULL, talk, &before), 0);
    ck_assert_int_eq(pthread_join(quick, NULL), 0);
    ck_assert(is_readable(fd, 10000));
    log_drain();
    atomic_store(&holding, WILL_SET);
    ck_assert_int_eq(pthread_create(&slow, NULL, talk_slowly, &one), 0);
    while (atomic_load(&holding) != IS_HELD)
        poll(NULL, 0, 1);
    ck_assert_int_eq(pthread_create(&quick, NULL, talk, &many), 0);
    ck_assert_int_eq(pthread_join(quick, NULL), 0);
    ck_assert_int_eq(pthread_join(slow, NULL), 0);
    /* It has fired: nothing is left to wait for, however late we look. */
    ck_assert_int_eq(timerfd_gettime(fd, &left), 0);
    ck_assert(left.it_value.tv_sec == 0 && left.it_value.tv_nsec == 0);
    ck_assert(is_readable(fd, 0));
    log_close();
    fixture_folder_remove(folder);
}
END_TEST

/* Without any worker the log works, and may be closed and opened again. */
START_TEST(test_main_alone)
{
    char *folder = fixture_folder(), path[512];
    unsigned long sum;
    snprintf(path, sizeof path, "%s/tvsd.log", folder);
    for (int i = 0; i < 3; i++) {
        open_log(path);
        LOG_SAY(STOPPED);
        log_drain();
        log_detach();
        log_close();
    }
    ck_assert_uint_eq(lines_with(path, "event=stopped\n", &sum), 3);
    fixture_folder_remove(folder);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("log_ring");
    TCase *tc = tcase_create("ring");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_wraps);
    tcase_add_test(tc, test_full);
    tcase_add_test(tc, test_mark);
    tcase_add_test(tc, test_two_threads);
    tcase_add_test(tc, test_workers_talk);
    tcase_add_test(tc, test_worker_overflows);
    tcase_add_test(tc, test_worker_wakes);
    tcase_add_test(tc, test_worker_hurries);
    tcase_add_test(tc, test_worker_is_held_up);
    tcase_add_test(tc, test_main_alone);
    suite_add_tcase(s, tc);
    return s;
}
