/* Workers: threads, listening sockets, the mailbox. The test is the main thread, and the phones. */
#include "helper_scene.h"
#include "tests/check_main.h"
#include "tvsd/log.h"
#include "tvsd/worker.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WORKERS  3
#define PATIENCE 20 /* seconds */

struct site_of_workers {
    struct bench bench; /* for snapshot and log; its loop is not used */
    int listener, ack_fd;
    uint16_t port;
    size_t count;
    struct worker *workers[WORKERS];
};

static void start_workers(struct site_of_workers *site, const char *yaml, size_t count, int max_connections)
{
    struct trust_error err = {0};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    bench_init(&site->bench, yaml, &server, store, ctl);
    site->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(site->listener, (const struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(site->listener, 64), 0);
    ck_assert_int_eq(getsockname(site->listener, (struct sockaddr *)&address, &len), 0);
    site->port = ntohs(address.sin_port);
    site->ack_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    site->count = count;
    for (size_t i = 0; i < count; i++) {
        const struct worker_options options = {.number = (int)i,
                                               .listeners = &site->listener,
                                               .listener_count = 1,
                                               .max_connections = max_connections,
                                               .ack_fd = site->ack_fd};
        ck_assert_msg(worker_start(&options, &site->bench.snapshot, &site->workers[i], &err) == 0, "%s",
                      err.text);
        ck_assert_uint_eq(worker_generation(site->workers[i]), 1);
    }
}

static void stop_workers(struct site_of_workers *site)
{
    for (size_t i = 0; i < site->count; i++)
        worker_free(site->workers[i]);
    log_drain();
    close(site->listener);
    close(site->ack_fd);
    bench_fini(&site->bench);
}

static struct stats sum(const struct site_of_workers *site)
{
    struct stats all = {0}, one;
    for (size_t i = 0; i < site->count; i++) {
        worker_stats(site->workers[i], &one);
        stats_add(&all, &one);
    }
    return all;
}

/* Wait for the socket of the phone, or a moment. */
static void turn(struct site_of_workers *site, struct phone *phone, time_t end)
{
    log_drain();
    ck_assert_msg(time(NULL) < end, "it does not happen; the log:\n%s", bench_log(&site->bench));
    struct pollfd fd = {.fd = phone != NULL ? phone->fd : -1, .events = POLLIN};
    poll(&fd, 1, 1);
    if (phone != NULL)
        phone_step(phone);
}

#define UNTIL(site, phone, condition)                                                                        \
    for (time_t end_ = time(NULL) + PATIENCE; !(condition);)                                                 \
    turn(site, phone, end_)

static void shake(struct site_of_workers *site, struct phone *phone)
{
    phone_dial(phone, NULL, site->port);
    phone_step(phone);
    UNTIL(site, phone, phone->shaken);
}

static int ask(struct site_of_workers *site, struct phone *phone)
{
    struct trust_response answer;
    phone_send(phone, verify);
    UNTIL(site, phone, phone_answer(phone, &answer));
    return answer.status;
}

static void wait_for_acks(const struct site_of_workers *site, unsigned long generation)
{
    for (size_t i = 0; i < site->count;) {
        uint64_t count;
        struct pollfd fd = {.fd = site->ack_fd, .events = POLLIN};
        if (worker_generation(site->workers[i]) == generation) {
            i++;
            continue;
        }
        ck_assert_int_eq(poll(&fd, 1, PATIENCE * 1000), 1);
        ck_assert_int_eq(read(site->ack_fd, &count, sizeof count), sizeof count);
    }
}

START_TEST(phones_are_answered)
{
    struct site_of_workers site;
    static struct phone phones[20];
    start_workers(&site, "", WORKERS, 100);
    for (int i = 0; i < 20; i++)
        shake(&site, &phones[i]);
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(ask(&site, &phones[i]), 0);
    UNTIL(&site, NULL, sum(&site).active == 20); /* a counter may lag behind */
    ck_assert_uint_eq(sum(&site).verify, 20);
    for (int i = 0; i < 20; i++)
        phone_fini(&phones[i]);
    UNTIL(&site, NULL, sum(&site).active == 0);
    ck_assert_uint_eq(sum(&site).ends[CONN_END_PEER_CLOSED], 20);
    log_drain();
    ck_assert_uint_eq(bench_logged(&site.bench, "event=answer type=verify result=trusted"), 20);
    BENCH_LOGGED(&site.bench, " peer=\"127.0.0.1:");
    stop_workers(&site);
}
END_TEST

/* Mail reaches every worker, and connections that are open. */
START_TEST(snapshots_by_mail)
{
    struct site_of_workers site;
    struct phone phone;
    start_workers(&site, "", WORKERS, 100);
    shake(&site, &phone);
    struct trust_index *nothing = index_make(NULL, 0);
    struct snapshot *before = &site.bench.snapshot;
    for (unsigned long generation = 2; generation < 12; generation++) {
        struct snapshot *next = malloc(sizeof *next);
        *next = site.bench.snapshot;
        next->generation = generation;
        if (generation % 2 == 0)
            next->store = nothing;
        for (size_t i = 0; i < site.count; i++)
            worker_post(site.workers[i], next);
        wait_for_acks(&site, generation);
        if (before != &site.bench.snapshot)
            free(before); /* nobody touches it any more */
        before = next;
        ck_assert_int_eq(ask(&site, &phone), generation % 2 == 0);
    }
    phone_fini(&phone);
    stop_workers(&site);
    free(before);
    trust_index_free(nothing);
}
END_TEST

START_TEST(draining)
{
    struct site_of_workers site;
    struct phone idle, busy, stuck;
    start_workers(&site, "", 1, 100);
    shake(&site, &idle);
    shake(&site, &busy);
    shake(&site, &stuck);
    ask(&site, &idle);
    phone_send(&busy, (struct trust_bytes){verify.data, 20});
    phone_send(&stuck, (struct trust_bytes){verify.data, 20});
    UNTIL(&site, NULL, sum(&site).bytes_in == verify.len + 40);
    ck_assert(!worker_ended(site.workers[0]));
    worker_drain(site.workers[0], _i == 0 ? 3600 * 1000 : 100);
    UNTIL(&site, &idle, idle.closed);
    if (_i == 0) {
        struct trust_response answer;
        phone_send(&busy, (struct trust_bytes){verify.data + 20, verify.len - 20});
        UNTIL(&site, &busy, phone_answer(&busy, &answer));
        UNTIL(&site, &busy, busy.closed);
        worker_drain(site.workers[0], 0); /* on second thoughts */
    }
    UNTIL(&site, NULL, worker_ended(site.workers[0]));
    struct stats stats = sum(&site);
    ck_assert_uint_eq(stats.active, 0);
    ck_assert_uint_eq(stats.ends[CONN_END_DRAINED], _i == 0 ? 2 : 1);
    ck_assert_uint_eq(stats.ends[CONN_END_DRAIN_TIMEOUT], _i == 0 ? 1 : 2);
    phone_fini(&idle);
    phone_fini(&busy);
    phone_fini(&stuck);
    stop_workers(&site);
}
END_TEST

/* More connections end at once than there are turns until a busy loop looks for new ones. */
START_TEST(many_are_drained)
{
    enum { MANY = 2 * CONN_TURNS };
    struct site_of_workers site;
    static struct phone phones[MANY];
    start_workers(&site, "", 1, MANY);
    for (uint64_t i = 0; i < MANY; i++) {
        phone_dial(&phones[i], NULL, site.port);
        UNTIL(&site, NULL, sum(&site).active > i);
    }
    worker_drain(site.workers[0], 0);
    UNTIL(&site, NULL, worker_ended(site.workers[0]));
    ck_assert_uint_eq(sum(&site).ends[CONN_END_DRAINED], MANY);
    for (int i = 0; i < MANY; i++)
        phone_fini(&phones[i]);
    stop_workers(&site);
}
END_TEST

/* With its share open a worker waits until one of them ends; then it goes on at once. */
START_TEST(connection_limit)
{
    struct site_of_workers site;
    struct phone phones[3];
    start_workers(&site, "", 1, 2);
    shake(&site, &phones[0]);
    shake(&site, &phones[1]);
    phone_dial(&phones[2], NULL, site.port);
    UNTIL(&site, &phones[2], sum(&site).accept_paused > 0);
    ck_assert_uint_eq(sum(&site).accepted, 2);
    ck_assert_int_eq(ask(&site, &phones[0]), 0);
    log_drain();
    BENCH_LOGGED(&site.bench, "level=warning event=accept-paused reason=\"a worker has its share of "
                              "server.max_connections open\" error=none remedy=");
    phone_goodbye(&phones[0]);
    UNTIL(&site, &phones[2], phones[2].shaken);
    ck_assert_int_eq(ask(&site, &phones[2]), 0);
    for (int i = 0; i < 3; i++)
        phone_fini(&phones[i]);
    stop_workers(&site);
}
END_TEST

/* Who never stops asking does not keep others out. */
START_TEST(greedy_phone)
{
    struct site_of_workers site;
    struct phone greedy, modest;
    struct trust_response answer;
    start_workers(&site, "", 1, 100);
    shake(&site, &greedy);
    phone_dial(&modest, NULL, site.port);
    struct trust_bytes all = many(verify, 1, 40);
    for (time_t end = time(NULL) + PATIENCE; !modest.shaken;) {
        ck_assert_int_lt(time(NULL), end);
        phone_send(&greedy, all);
        for (int i = 0; i < 40;) {
            phone_step(&greedy);
            while (phone_answer(&greedy, &answer))
                i++;
        }
        phone_step(&modest);
    }
    ck_assert_int_eq(ask(&site, &modest), 0);
    free((void *)(uintptr_t)all.data);
    phone_fini(&greedy);
    phone_fini(&modest);
    stop_workers(&site);
}
END_TEST

/* At its share, busy, and with nobody waiting: there is no shortage of anything. */
START_TEST(full_is_no_shortage)
{
    struct site_of_workers site;
    struct phone phone;
    struct trust_response answer;
    start_workers(&site, "", 1, 1);
    shake(&site, &phone);
    struct trust_bytes all = many(verify, 1, 40);
    for (int round = 0; round < 3 * CONN_TURNS; round++) {
        phone_send(&phone, all);
        for (int i = 0; i < 40; i += phone_answer(&phone, &answer))
            phone_step(&phone);
    }
    ck_assert_uint_eq(sum(&site).accept_paused, 0);
    free((void *)(uintptr_t)all.data);
    phone_fini(&phone);
    stop_workers(&site);
}
END_TEST

/* Without descriptors nothing spins, one line says so, and it goes on when there are some again. */
START_TEST(no_descriptors)
{
    struct site_of_workers site;
    struct phone first, second;
    struct rlimit limit, low;
    if (getenv("TVS_UNDER_VALGRIND") != NULL) {
        puts("skipped: valgrind takes a connection for which there is no descriptor, and closes it");
        return;
    }
    start_workers(&site, "", 1, 100);
    shake(&site, &first);
    phone_dial(&second, NULL, site.port); /* is in the queue, or taken, when the limit falls */
    UNTIL(&site, &second, second.shaken);
    phone_fini(&second);
    UNTIL(&site, NULL, sum(&site).active == 1);
    bench_log(&site.bench);
    int next = dup(site.listener); /* the lowest descriptor that is free */
    close(next);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    low = (struct rlimit){.rlim_cur = (rlim_t)next + 1, .rlim_max = limit.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
    phone_dial(&second, NULL, site.port); /* takes the last one */
    for (time_t end = time(NULL) + PATIENCE; sum(&site).accept_paused < 2;) {
        ck_assert_int_lt(time(NULL), end);
        phone_step(&second);
        poll(NULL, 0, 1);
    }
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_int_eq(ask(&site, &first), 0);
    UNTIL(&site, &second, second.shaken);
    ck_assert_int_eq(ask(&site, &second), 0);
    ck_assert_uint_lt(sum(&site).accept_paused, 20);
    ck_assert_uint_eq(bench_logged(&site.bench, "event=accept-paused"), 1);
    BENCH_LOGGED(&site.bench, "LimitNOFILE");
    phone_fini(&first);
    phone_fini(&second);
    stop_workers(&site);
}
END_TEST

/* The limit for one address holds over all workers. */
START_TEST(address_limit_of_all)
{
    struct site_of_workers site;
    struct phone phones[6];
    start_workers(&site, "server: { max_connections_per_address: 4 }", WORKERS, 100);
    for (int i = 0; i < 6; i++)
        phone_dial(&phones[i], NULL, site.port);
    UNTIL(&site, NULL, sum(&site).accepted == 6);
    UNTIL(&site, NULL, sum(&site).ends[CONN_END_ADDRESS_LIMIT] == 2);
    UNTIL(&site, NULL, sum(&site).active == 4);
    for (int i = 0; i < 6; i++)
        phone_fini(&phones[i]);
    stop_workers(&site);
}
END_TEST

/* The main thread shuts the sockets down before the workers have let go of them: that is no trouble. */
START_TEST(sockets_are_shut_down)
{
    struct site_of_workers site;
    start_workers(&site, "", WORKERS, 100);
    ck_assert_int_eq(shutdown(site.listener, SHUT_RDWR), 0);
    const struct timespec moment = {.tv_nsec = 20 * 1000 * 1000};
    nanosleep(&moment, NULL);
    for (size_t i = 0; i < site.count; i++)
        worker_drain(site.workers[i], 1000);
    for (size_t i = 0; i < site.count; i++)
        UNTIL(&site, NULL, worker_ended(site.workers[i]));
    log_drain();
    BENCH_NOT_LOGGED(&site.bench, "accept-paused");
    stop_workers(&site);
}
END_TEST

/* The signals that a thread of this process blocks, by the thread's name. */
static unsigned long long blocked_by(const char *name)
{
    DIR *tasks = opendir("/proc/self/task");
    unsigned long long mask = 0;
    bool found = false;
    ck_assert_ptr_nonnull(tasks);
    for (struct dirent *task; !found && (task = readdir(tasks)) != NULL;) {
        char path[300], line[200], thread[64] = "";
        snprintf(path, sizeof path, "/proc/self/task/%s/status", task->d_name);
        FILE *status = fopen(path, "r");
        while (status != NULL && fgets(line, sizeof line, status) != NULL) {
            sscanf(line, "Name: %63s", thread);
            if (sscanf(line, "SigBlk: %llx", &mask) == 1)
                found = strcmp(thread, name) == 0;
        }
        if (status != NULL)
            fclose(status);
    }
    closedir(tasks);
    ck_assert_msg(found, "there is no thread %s", name);
    return mask;
}

/* Signals are the main thread's, whose mask stays as it was. */
START_TEST(signals_are_blocked)
{
    static const int blocked[] = {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGPIPE}, faults[] = {SIGSEGV, SIGBUS};
    struct site_of_workers site;
    sigset_t mine;
    start_workers(&site, "", 1, 100);
    unsigned long long mask = blocked_by("worker-0");
    for (size_t i = 0; i < sizeof blocked / sizeof blocked[0]; i++)
        ck_assert_msg(mask >> (blocked[i] - 1) & 1, "signal %d", blocked[i]);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        ck_assert_msg(!(mask >> (faults[i] - 1) & 1), "signal %d", faults[i]);
    ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, NULL, &mine), 0);
    ck_assert_int_eq(sigismember(&mine, SIGTERM), 0);
    stop_workers(&site);
}
END_TEST

/* Freed while phones are connected: they are hung up on, nothing is left. */
START_TEST(freed_at_once)
{
    struct site_of_workers site;
    struct phone phone;
    start_workers(&site, "", 2, 100);
    shake(&site, &phone);
    stop_workers(&site);
    phone_fini(&phone);
    worker_free(NULL);
}
END_TEST

Suite *suite(void)
{
    Suite *worker = suite_create("worker");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_unchecked_fixture(all, scene_set_up, scene_tear_down);
    tcase_add_test(all, phones_are_answered);
    tcase_add_test(all, snapshots_by_mail);
    tcase_add_loop_test(all, draining, 0, 2);
    tcase_add_test(all, many_are_drained);
    tcase_add_test(all, connection_limit);
    tcase_add_test(all, greedy_phone);
    tcase_add_test(all, full_is_no_shortage);
    tcase_add_test(all, no_descriptors);
    tcase_add_test(all, address_limit_of_all);
    tcase_add_test(all, sockets_are_shut_down);
    tcase_add_test(all, signals_are_blocked);
    tcase_add_test(all, freed_at_once);
    suite_add_tcase(worker, all);
    return worker;
}
