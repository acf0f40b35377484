/* The control socket's clients, well-behaved and not. */
#include "helper_bench.h"
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tvsd/control_listen.h"
#include "tvsd/control_socket.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LINES_OF_LONG 100000

/* A server with the commands say, long, no, wait, release and drop. */
static struct place {
    char *folder, path[200];
    struct config *config;
    struct control_listen listen;
    struct event_base *base;
    struct control_socket *socket;
    size_t commands, made; /* chunks of an answer */
} place;

static size_t make_one(void *arg, size_t *at, char out[static CONTROL_CHUNK])
{
    (void)arg;
    return (*at)++ == 0 ? (size_t)snprintf(out, CONTROL_CHUNK, "a=1\n") : 0;
}

static size_t make_long(void *arg, size_t *at, char out[static CONTROL_CHUNK])
{
    size_t len = 0;
    (void)arg;
    place.made++;
    while (*at < LINES_OF_LONG && CONTROL_CHUNK - len > 200)
        len += (size_t)snprintf(out + len, CONTROL_CHUNK - len, "number=%zu padding=%0100d\n", (*at)++, 0);
    return len;
}

static void on_command(void *arg, struct control_client *client, char *command)
{
    int64_t uid, pid;
    ck_assert_ptr_eq(arg, &place);
    place.commands++;
    control_client_who(client, &uid, &pid);
    ck_assert_int_eq(uid, geteuid());
    ck_assert_int_eq(pid, getpid());
    if (strcmp(command, "say") == 0)
        control_answer(client, make_one, NULL);
    else if (strcmp(command, "long") == 0)
        control_answer(client, make_long, NULL);
    else if (strcmp(command, "wait") == 0)
        control_wait(client);
    else
        control_refuse(client, "no such \"thing\"", command[0] == '\0' ? "" : "say something else");
}

static void open_place(const struct control_times *times)
{
    char yaml[300];
    struct trust_error err = {0};
    place = (struct place){.folder = fixture_folder()};
    snprintf(yaml, sizeof yaml, "state: %s\n", place.folder);
    snprintf(place.path, sizeof place.path, "%s/control", place.folder);
    unsetenv("RUNTIME_DIRECTORY");
    place.config = config_make(yaml);
    ck_assert_msg(control_listen_open(place.config, &place.listen, &err) == 0, "%s", err.text);
    place.base = event_base_new();
    place.socket = control_socket_new(place.base, place.listen.fd, times, on_command, &place);
    ck_assert_ptr_nonnull(place.socket);
}

static void close_place(void)
{
    control_socket_free(place.socket);
    control_listen_close(&place.listen);
    event_base_free(place.base);
    config_free(place.config);
    fixture_folder_remove(place.folder);
}

static int try_connect(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_uint_lt(strlen(place.path), sizeof address.sun_path);
    strcpy(address.sun_path, place.path);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

static int client_of(const char *words)
{
    int fd = try_connect();
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(send(fd, words, strlen(words), MSG_NOSIGNAL), (ssize_t)strlen(words));
    return fd;
}

static void turn(void)
{
    event_base_loop(place.base, EVLOOP_NONBLOCK);
    poll(NULL, 0, 1);
}

/* What comes until the server closes; the loop turns meanwhile. true: it closed in good order. */
static bool hear(int fd, char *out, size_t size)
{
    size_t used = 0;
    for (int turns = 0; turns < 20000; turns++) {
        ssize_t n = recv(fd, out + used, size - used - 1, 0);
        if (n > 0)
            used += (size_t)n;
        out[used] = '\0';
        if (n == 0 || (n < 0 && errno != EAGAIN)) {
            close(fd);
            return n == 0;
        }
        if (n < 0)
            turn();
    }
    ck_abort_msg("no end of it: %s", out);
}

static void expect_answer_at(int line, int fd, const char *want)
{
    char out[1024];
    bool good = hear(fd, out, sizeof out);
    ck_assert_msg(good && strcmp(out, want) == 0, "line %d: %s", line, out);
}
#define expect_answer(fd, want) expect_answer_at(__LINE__, fd, want)

START_TEST(commands_are_answered)
{
    open_place(NULL);
    expect_answer(client_of("say\n"), "a=1\ndone\n");
    expect_answer(client_of("sing\n"),
                  "refused reason=\"no such \\\"thing\\\"\" remedy=\"say something else\"\n");
    expect_answer(client_of("\n"), "refused reason=\"no such \\\"thing\\\"\"\n");
    /* One command each; the rest is let go without taking the answer away. */
    expect_answer(client_of("say\nsay\nsay\n"), "a=1\ndone\n");
    ck_assert_uint_eq(place.commands, 4);
    /* In pieces. */
    int fd = client_of("s");
    turn();
    ck_assert_int_eq(send(fd, "ay\n", 3, 0), 3);
    expect_answer(fd, "a=1\ndone\n");
    /* A half-closed one, as `nc` leaves it. */
    fd = client_of("say\n");
    shutdown(fd, SHUT_WR);
    expect_answer(fd, "a=1\ndone\n");
    close_place();
}
END_TEST

START_TEST(commands_that_are_none)
{
    char words[2 * CONTROL_COMMAND_MAX + 1];
    open_place(NULL);
    memset(words, 'x', sizeof words - 1);
    words[sizeof words - 1] = '\0';
    expect_answer(client_of(words), "refused reason=\"the command is too long\"\n");
    int fd = try_connect();
    ck_assert_int_eq(send(fd, "sa\0y\n", 5, 0), 5);
    expect_answer(fd, "refused reason=\"the command holds a NUL\"\n");
    fd = client_of("say"); /* and gone */
    shutdown(fd, SHUT_WR);
    expect_answer(fd, "");
    ck_assert_uint_eq(place.commands, 0);
    close_place();
}
END_TEST

/* An answer is made as it is read, and a reader that stops holds nobody up. */
START_TEST(a_slow_reader)
{
    open_place(NULL);
    int slow = client_of("long\n");
    for (int i = 0; i < 200; i++)
        turn();
    size_t made = place.made;
    ck_assert_uint_gt(made, 0);
    ck_assert_uint_lt(made, 100);
    expect_answer(client_of("say\n"), "a=1\ndone\n");
    ck_assert_uint_eq(place.made, made);
    static char out[LINES_OF_LONG * 130];
    ck_assert(hear(slow, out, sizeof out));
    size_t len = strlen(out), lines = 0;
    for (const char *at = out; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    ck_assert_uint_eq(lines, LINES_OF_LONG + 1);
    ck_assert_str_eq(out + len - 6, "\ndone\n");
    close_place();
}
END_TEST

/* Who goes in the middle of its answer, or without reading any of it. */
START_TEST(clients_that_go)
{
    open_place(NULL);
    for (int i = 0; i < 3 * CONTROL_CLIENTS_MAX; i++) {
        int fd = client_of(i % 3 == 0 ? "long\n" : i % 3 == 1 ? "wait\n" : "sa");
        for (int j = 0; j < i % 5; j++)
            turn();
        close(fd);
    }
    for (int i = 0; i < 50; i++)
        turn();
    control_refuse_waiting(place.socket, "gone", "");
    expect_answer(client_of("say\n"), "a=1\ndone\n");
    close_place();
}
END_TEST

/* More than are served at a time wait for their turn, and silent ones do not keep it for ever. */
START_TEST(a_hundred_at_once)
{
    static const struct control_times times = {.command = 200, .silence = 200, .whole = 60000};
    enum { SILENT = 2 * CONTROL_CLIENTS_MAX, ASKING = 60 };
    int silent[SILENT], asking[ASKING];
    open_place(&times);
    for (int i = 0; i < SILENT; i++)
        silent[i] = client_of(i % 2 == 0 ? "" : "long\n");
    for (int i = 0; i < ASKING; i++)
        asking[i] = client_of("say\n");
    for (int i = 0; i < ASKING; i++)
        expect_answer(asking[i], "a=1\ndone\n");
    for (int i = 0; i < SILENT; i++)
        close(silent[i]);
    close_place();
}
END_TEST

/* Without a descriptor for a client the loop rests, and tries again. */
START_TEST(no_descriptors)
{
    int taken[200];
    size_t count = 0;
    int turns = 0;
    struct rlimit few;
    if (getenv("TVS_UNDER_VALGRIND") != NULL) {
        puts("skipped: valgrind takes a connection for which there is no descriptor, and closes it");
        return;
    }
    open_place(NULL);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &few), 0);
    few.rlim_cur = 200;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
    int fd = client_of("say\n");
    while ((taken[count] = dup(fd)) >= 0)
        count++;
    ck_assert_int_eq(errno, EMFILE);
    const struct timeval while_it = {.tv_usec = 300000};
    event_base_loopexit(place.base, &while_it);
    while (!event_base_got_exit(place.base) && ++turns < 1000)
        event_base_loop(place.base, EVLOOP_ONCE);
    ck_assert_int_lt(turns, 20);
    ck_assert_uint_eq(place.commands, 0);
    while (count > 0)
        close(taken[--count]);
    expect_answer(fd, "a=1\ndone\n");
    close_place();
}
END_TEST

START_TEST(those_who_wait)
{
    static const struct control_times times = {.command = 200, .silence = 200, .whole = 60000};
    char out[100];
    open_place(&times);
    int one = client_of("wait\n"), two = client_of("wait\n"), half = client_of("wait\nmore");
    shutdown(half, SHUT_WR);
    for (int i = 0; i < 300; i++) /* longer than a command may take */
        turn();
    ck_assert_uint_eq(place.commands, 3);
    ck_assert(recv(one, out, sizeof out, 0) < 0 && errno == EAGAIN);
    control_answer_waiting(place.socket, make_one, NULL);
    expect_answer(one, "a=1\ndone\n");
    expect_answer(two, "a=1\ndone\n");
    expect_answer(half, "a=1\ndone\n");
    one = client_of("wait\n");
    while (place.commands < 4)
        turn();
    control_refuse_waiting(place.socket, "it is bad", "mend it");
    expect_answer(one, "refused reason=\"it is bad\" remedy=\"mend it\"\n");
    close_place();
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("control socket");
    TCase *all = tcase_create("clients");
    tcase_add_test(all, commands_are_answered);
    tcase_add_test(all, commands_that_are_none);
    tcase_add_test(all, a_slow_reader);
    tcase_add_test(all, clients_that_go);
    tcase_add_test(all, a_hundred_at_once);
    tcase_add_test(all, no_descriptors);
    tcase_add_test(all, those_who_wait);
    suite_add_tcase(suite, all);
    return suite;
}
