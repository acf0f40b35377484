/* What the service manager is told. The test is the manager. */
#include "helper_scene.h"
#include "helper_site.h"
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tvsd/control.h"
#include "tvsd/log.h"
#include "tvsd/notify.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE    20 /* seconds */
#define WATCHDOG_MS 1000

static char *folder;
static int manager; /* the socket that the daemon writes to */
static char message[4096];

static void set_up(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    folder = fixture_folder();
    snprintf(address.sun_path, sizeof address.sun_path, "%s/notify", folder);
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(manager, (const struct sockaddr *)&address, sizeof address), 0);
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

static void tear_down(void)
{
    close(manager);
    unsetenv("NOTIFY_SOCKET");
    fixture_folder_remove(folder);
}

/* The next message; false: none came in that time. */
static bool hear(int ms)
{
    struct pollfd fd = {.fd = manager, .events = POLLIN};
    if (poll(&fd, 1, ms) != 1)
        return false;
    ssize_t len = recv(manager, message, sizeof message - 1, 0);
    ck_assert_int_gt(len, 0);
    message[len] = '\0';
    return true;
}

static bool starts(const char *text)
{
    return strncmp(message, text, strlen(text)) == 0;
}

/* The next message must start so; others that start with `skip` (NULL: none) may come before. */
static void expect(const char *text, const char *skip)
{
    do
        ck_assert_msg(hear(PATIENCE * 1000), "it was not said: %s", text);
    while (skip != NULL && starts(skip) && !starts(text));
    ck_assert_msg(starts(text), "not %s but %s", text, message);
}

/* ---- Messages */

START_TEST(what_is_said)
{
    struct timespec now;
    notify_ready("fine");
    ck_assert(hear(0));
    ck_assert_str_eq(message, "READY=1\nSTATUS=fine");
    notify_status("a\nREADY=1\tb");
    ck_assert(hear(0));
    ck_assert_str_eq(message, "STATUS=a READY=1 b");
    notify_stopping("bye");
    ck_assert(hear(0));
    ck_assert_str_eq(message, "STOPPING=1\nSTATUS=bye");
    ck_assert(notify_alive());
    ck_assert(hear(0));
    ck_assert_str_eq(message, "WATCHDOG=1");
    clock_gettime(CLOCK_MONOTONIC, &now);
    notify_reloading();
    ck_assert(hear(0));
    unsigned long long us;
    ck_assert_int_eq(sscanf(message, "RELOADING=1\nMONOTONIC_USEC=%llu", &us), 1);
    ck_assert_uint_ge(us, (unsigned long long)now.tv_sec * 1000000 + (unsigned long long)now.tv_nsec / 1000);
    ck_assert_uint_lt(us, ((unsigned long long)now.tv_sec + PATIENCE) * 1000000);
    char all[1000];
    memset(all, 'x', sizeof all - 1);
    all[sizeof all - 1] = '\0';
    notify_ready(all);
    ck_assert(hear(0));
    ck_assert(starts("READY=1\nSTATUS=xxxx"));
}
END_TEST

START_TEST(nobody_listens)
{
    struct bench bench;
    bench_init(&bench, "", &server, store, ctl);
    setenv("NOTIFY_SOCKET", "/nonexistent/notify", 1);
    ck_assert(!notify_alive());
    ck_assert(!notify_alive());
    notify_status("lost");
    BENCH_LOGGED(&bench, "level=warning event=notify-failed reason=\"No such file or directory\" "
                         "socket=/nonexistent/notify\n");
    ck_assert_uint_eq(bench_logged(&bench, "event=notify-failed"), 1);
    unsetenv("NOTIFY_SOCKET"); /* started by hand */
    ck_assert(notify_alive());
    notify_ready("unheard");
    ck_assert(!hear(0));
    ck_assert_uint_eq(bench_logged(&bench, "event=notify-failed"), 1);
    bench_fini(&bench);
}
END_TEST

/* Connections have all descriptors: that we are alive is said nevertheless. */
START_TEST(no_descriptors)
{
    struct rlimit limit, low;
    ck_assert(notify_alive());
    int next = dup(manager); /* the lowest descriptor that is free */
    close(next);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    low = (struct rlimit){.rlim_cur = (rlim_t)next, .rlim_max = limit.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
    ck_assert_int_eq(socket(AF_UNIX, SOCK_DGRAM, 0), -1);
    ck_assert_int_eq(errno, EMFILE);
    for (int i = 0; i < 3; i++)
        ck_assert_msg(notify_alive(), "time %d", i);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    for (int i = 0; i < 4; i++)
        expect("WATCHDOG=1", NULL);
}
END_TEST

START_TEST(watchdog_interval)
{
    char pid[24];
    ck_assert_uint_eq(notify_watchdog_us(), 0);
    setenv("WATCHDOG_USEC", "3000000", 1);
    ck_assert_uint_eq(notify_watchdog_us(), 3000000);
    snprintf(pid, sizeof pid, "%ld", (long)getpid());
    setenv("WATCHDOG_PID", pid, 1);
    ck_assert_uint_eq(notify_watchdog_us(), 3000000);
    setenv("WATCHDOG_PID", "1", 1); /* meant for another process */
    ck_assert_uint_eq(notify_watchdog_us(), 0);
    setenv("WATCHDOG_PID", pid, 1);
    setenv("WATCHDOG_USEC", "soon", 1);
    ck_assert_uint_eq(notify_watchdog_us(), 0);
}
END_TEST

/* ---- A daemon */

static struct site site;
static struct person person;
static char config_path[240], log_path[240];
static pthread_t thread;

static void write_config(const char *more)
{
    char *text;
    int len = asprintf(&text,
                       "server: { listen: \"127.0.0.1:0\", workers: 2 }\nstate: %s\n"
                       "node: { name: %s, address: 127.0.0.1 }\ntrust_lists: { directory: %s }\n"
                       "log: { target: %s }\n%s",
                       site.state, site.config->node.name, site.tftp, log_path, more);
    ck_assert_int_gt(len, 0);
    put_file(config_path, (struct trust_bytes){(const uint8_t *)text, (size_t)len});
    free(text);
}

static void *run(void *arg)
{
    static int status;
    (void)arg;
    status = control_run(config_path);
    return &status;
}

static void start_daemon(void)
{
    char us[24];
    site_init(&site);
    person_init(&person, "tvs");
    site_set_own(&site, TRUST_UNIT_TVS, &person);
    snprintf(config_path, sizeof config_path, "%s/tvsd.yaml", site.root);
    snprintf(log_path, sizeof log_path, "%s/log", site.root);
    write_config("tls: { minimum: \"1.2\" }\n");
    snprintf(us, sizeof us, "%d", WATCHDOG_MS * 1000);
    setenv("WATCHDOG_USEC", us, 1);
    ck_assert_int_eq(pthread_create(&thread, NULL, run, NULL), 0);
}

static void wait_for_end(void)
{
    void *status;
    ck_assert_int_eq(pthread_join(thread, &status), 0);
    ck_assert_int_eq(*(int *)status, EXIT_SUCCESS);
    site_fini(&site);
    person_fini(&person);
}

START_TEST(a_daemons_life)
{
    start_daemon();
    expect("READY=1\nSTATUS=Certificates: ", NULL);
    ck_assert_str_eq(message, "READY=1\nSTATUS=Certificates: 1 in the store, 0 in the CTL. Connections: 0.");
    for (int i = 0; i < 3; i++)
        expect("WATCHDOG=1", NULL);
    kill(getpid(), SIGHUP);
    expect("RELOADING=1\nMONOTONIC_USEC=", "WATCHDOG=1");
    expect("READY=1\nSTATUS=Certificates: 1 ", "WATCHDOG=1");
    write_config("tls: { minimum: \"9.9\" }\n");
    kill(getpid(), SIGHUP);
    expect("RELOADING=1\nMONOTONIC_USEC=", "WATCHDOG=1");
    expect("READY=1\nSTATUS=Certificates: 1 ", "WATCHDOG=1");
    ck_assert_ptr_nonnull(strstr(message, "refused"));
    kill(getpid(), SIGTERM);
    expect("STOPPING=1\n", "WATCHDOG=1");
    wait_for_end();
    while (hear(0))
        ck_assert_str_eq(message, "WATCHDOG=1");
}
END_TEST

/* The manager shows why the start was refused. */
START_TEST(a_refused_start)
{
    void *status;
    start_daemon();
    expect("READY=1", NULL);
    kill(getpid(), SIGTERM);
    expect("STOPPING=1\n", "WATCHDOG=1");
    ck_assert_int_eq(pthread_join(thread, &status), 0);
    while (hear(0))
        continue;
    write_config("tls: { minimum: \"9.9\" }\n");
    ck_assert_int_eq(control_run(config_path), EXIT_FAILURE);
    expect("STATUS=", NULL);
    ck_assert_ptr_nonnull(strstr(message, "tls.minimum"));
    site_fini(&site);
    person_fini(&person);
}
END_TEST

/* Whether the daemon's log, which is in a file, says it. */
static bool logged(const char *text)
{
    uint8_t *log = NULL;
    size_t len;
    ck_assert_int_eq(trust_file_read(log_path, 1 << 20, &log, &len, NULL, NULL), 0);
    bool is = memmem(log, len, text, strlen(text)) != NULL;
    free(log);
    return is;
}

static int entered[2], release[2];

/* Runs in the worker that is to hang, wherever its loop is. */
static void hang(int number)
{
    int before = errno;
    char c = 'x';
    (void)number;
    if (write(entered[1], &c, 1) == 1)
        while (read(release[0], &c, 1) < 0 && errno == EINTR)
            ;
    errno = before;
}

/* Before the daemon's threads start: a signal alone does not order what they see. */
static void prepare_hang(void)
{
    const struct sigaction action = {.sa_handler = hang, .sa_flags = SA_RESTART};
    ck_assert_int_eq(pipe(entered), 0);
    ck_assert_int_eq(pipe(release), 0);
    ck_assert_int_eq(sigaction(SIGTRAP, &action, NULL), 0); /* workers do not block it */
}

static void hang_thread(const char *name)
{
    DIR *tasks = opendir("/proc/self/task");
    bool found = false;
    char c;
    for (struct dirent *task; !found && (task = readdir(tasks)) != NULL;) {
        char path[300], thread_name[32] = "";
        snprintf(path, sizeof path, "/proc/self/task/%s/comm", task->d_name);
        FILE *comm = fopen(path, "r");
        found = comm != NULL && fscanf(comm, "%31s", thread_name) == 1 && strcmp(thread_name, name) == 0;
        if (comm != NULL)
            fclose(comm);
        if (found)
            ck_assert_int_eq(syscall(SYS_tgkill, getpid(), atoi(task->d_name), SIGTRAP), 0);
    }
    closedir(tasks);
    ck_assert_msg(found, "there is no thread %s", name);
    ck_assert_int_eq(read(entered[0], &c, 1), 1);
}

/* One worker of two hangs: the daemon says no longer that it is alive, and names it, until the worker goes
 * on.
 */
START_TEST(a_worker_hangs)
{
    int heard = 0;
    prepare_hang();
    start_daemon();
    expect("READY=1", NULL);
    expect("WATCHDOG=1", NULL);
    hang_thread(_i == 0 ? "worker-0" : "worker-1");
    while (hear(3 * WATCHDOG_MS)) { /* what the worker had answered before */
        ck_assert_str_eq(message, "WATCHDOG=1");
        ck_assert_msg(++heard <= 2, "a worker hangs, and the daemon says that it is alive");
    }
    ck_assert(logged(_i == 0 ? "level=error event=worker-hung worker=0 seconds="
                             : "level=error event=worker-hung worker=1 seconds="));
    ck_assert(!logged(_i == 0 ? "event=worker-hung worker=1" : "event=worker-hung worker=0"));
    ck_assert(!logged("event=worker-answers"));
    kill(getpid(), SIGHUP); /* the main loop turns nevertheless, but the worker has not what was read */
    expect("RELOADING=1\n", NULL);
    ck_assert(!hear(WATCHDOG_MS));
    ck_assert_int_eq(write(release[1], "x", 1), 1);
    expect("READY=1\n", NULL);
    expect("WATCHDOG=1", NULL);
    ck_assert(logged(_i == 0 ? "event=worker-answers worker=0 seconds="
                             : "event=worker-answers worker=1 seconds="));
    expect("WATCHDOG=1", NULL);
    kill(getpid(), SIGTERM);
    expect("STOPPING=1\n", "WATCHDOG=1");
    wait_for_end();
    for (int i = 0; i < 2; i++) {
        close(entered[i]);
        close(release[i]);
    }
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("notify");
    TCase *messages = tcase_create("messages"), *daemon = tcase_create("daemon");
    tcase_add_unchecked_fixture(messages, scene_set_up, scene_tear_down);
    tcase_add_checked_fixture(messages, set_up, tear_down);
    tcase_add_test(messages, what_is_said);
    tcase_add_test(messages, nobody_listens);
    tcase_add_test(messages, no_descriptors);
    tcase_add_test(messages, watchdog_interval);
    suite_add_tcase(s, messages);
    tcase_set_timeout(daemon, 60);
    tcase_add_checked_fixture(daemon, set_up, tear_down);
    tcase_add_test(daemon, a_daemons_life);
    tcase_add_test(daemon, a_refused_start);
    tcase_add_loop_test(daemon, a_worker_hangs, 0, 2);
    suite_add_tcase(s, daemon);
    return s;
}
