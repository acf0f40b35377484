/* Listening sockets, on ports that the kernel chooses, and those that the service manager hands over. */
#include "tests/check_main.h"

#include "tvsd/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct trust_error err;

static int open_these(struct sockets *out, const char *a, const char *b)
{
    char *items[2] = {(char *)(uintptr_t)a, (char *)(uintptr_t)b};
    const struct config_strings listen = {.items = items, .count = (a != NULL) + (size_t)(b != NULL)};
    err = (struct trust_error){0};
    return sockets_open(&listen, out, &err);
}

static bool has_ipv6(void)
{
    const struct sockaddr_in6 local = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    bool has = fd >= 0 && bind(fd, (const struct sockaddr *)&local, sizeof local) == 0;
    if (fd >= 0)
        close(fd);
    return has;
}

static int port_of(int fd)
{
    char name[128];
    sockets_name(fd, name, sizeof name);
    const char *colon = strrchr(name, ':');
    ck_assert_ptr_nonnull(colon);
    return atoi(colon + 1);
}

static int connect_to(int port)
{
    const struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    int rc = connect(fd, (const struct sockaddr *)&to, sizeof to) == 0 ? 0 : errno;
    close(fd);
    return rc;
}

START_TEST(a_port_of_the_kernels_choice)
{
    struct sockets sockets;
    char name[128], expected[128];
    ck_assert_msg(open_these(&sockets, "127.0.0.1:0", NULL) == 0, "%s", err.text);
    ck_assert_uint_eq(sockets.count, 1);
    int port = port_of(sockets.fds[0]);
    ck_assert_int_gt(port, 0);
    snprintf(expected, sizeof expected, "127.0.0.1:%d", port);
    ck_assert_str_eq(sockets_name(sockets.fds[0], name, sizeof name), expected);
    ck_assert_int_eq(connect_to(port), 0);
    sockets_stop(&sockets);
    ck_assert_int_eq(connect_to(port), ECONNREFUSED);
    sockets_close(&sockets);
    ck_assert_uint_eq(sockets.count, 0);
}
END_TEST

START_TEST(sockets_do_not_block_and_are_not_inherited)
{
    struct sockets sockets;
    ck_assert_int_eq(open_these(&sockets, "127.0.0.1:0", NULL), 0);
    ck_assert_int_eq(accept(sockets.fds[0], NULL, NULL), -1);
    ck_assert(errno == EAGAIN || errno == EWOULDBLOCK);
    sockets_close(&sockets);
}
END_TEST

START_TEST(both_wildcards_share_a_port)
{
    struct sockets v4, both;
    char six[32], name[128];
    if (!has_ipv6())
        return;
    ck_assert_int_eq(open_these(&v4, "0.0.0.0:0", NULL), 0);
    snprintf(six, sizeof six, "[::]:%d", port_of(v4.fds[0]));
    ck_assert_msg(open_these(&both, six, NULL) == 0, "%s", err.text);
    ck_assert_str_eq(sockets_name(both.fds[0], name, sizeof name), six);
    sockets_close(&both);
    sockets_close(&v4);
}
END_TEST

START_TEST(a_port_in_use_is_one_clear_line)
{
    struct sockets first, second;
    char name[128];
    ck_assert_int_eq(open_these(&first, "127.0.0.1:0", NULL), 0);
    sockets_name(first.fds[0], name, sizeof name);
    ck_assert_int_eq(open_these(&second, "127.0.0.1:0", name), TRUST_ESYSTEM);
    ck_assert_ptr_nonnull(strstr(err.text, name));
    ck_assert_ptr_nonnull(strstr(err.text, "another program"));
    ck_assert_ptr_null(strchr(err.text, '\n'));
    ck_assert_uint_eq(second.count, 0);
    ck_assert_ptr_null(second.fds);
    sockets_close(&first);
}
END_TEST

/* 192.0.2.0/24 is for documentation (RFC 5737): no host has it. */
static const struct {
    const char *entry, *word;
    int code;
} refused[] = {
    {"192.0.2.77:0", "does not have the address", TRUST_ESYSTEM},
    {"tvs.example:2445", "numeric", TRUST_EVALUE},
    {"[fe80::1%nosuch0]:0", "an interface that `ip address` shows", TRUST_EVALUE},
    {"127.0.0.1", "ADDRESS:PORT", TRUST_EVALUE},
    {"127.0.0.1:70000", "ADDRESS:PORT", TRUST_EVALUE},
    {NULL, "no entry gives a socket", TRUST_EVALUE},
};

START_TEST(entries_that_are_refused)
{
    struct sockets sockets;
    int rc = open_these(&sockets, refused[_i].entry, NULL);
    ck_assert_msg(rc == refused[_i].code, "%d: %s", rc, err.text);
    ck_assert_msg(strstr(err.text, refused[_i].word) != NULL, "%s", err.text);
    ck_assert_ptr_nonnull(strstr(err.text, "server.listen"));
    ck_assert_ptr_null(sockets.fds);
}
END_TEST

/* The kernel says no more than "Invalid argument". */
START_TEST(a_link_local_address_has_an_interface)
{
    struct sockets sockets;
    if (!has_ipv6())
        return;
    ck_assert_int_eq(open_these(&sockets, "[fe80::1]:0", NULL), TRUST_ESYSTEM);
    ck_assert_msg(strstr(err.text, "needs its interface, as in [fe80::1%eth0]:2445") != NULL, "%s", err.text);
}
END_TEST

START_TEST(a_name_for_what_is_no_socket)
{
    char name[16];
    ck_assert_str_eq(sockets_name(-1, name, sizeof name), "?");
}
END_TEST

/* ---- Sockets that are handed over */

enum kind { NONE, TCP4, TCP6, TCP_DEAF, UDP, UNIX };

/* What became of them in a process of its own, where they can be descriptors 3 and 4. */
struct outcome {
    int rc, flags[2];
    size_t count;
    bool inherited;
    char text[400];
};

static int make_socket(enum kind kind)
{
    const struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    const struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    const struct sockaddr_un local = {.sun_family = AF_UNIX};
    int fd = socket(kind == TCP6   ? AF_INET6
                    : kind == UNIX ? AF_UNIX
                                   : AF_INET,
                    kind == UDP ? SOCK_DGRAM : SOCK_STREAM, 0);
    if (fd < 0 && kind == TCP6)
        return make_socket(TCP4); /* a kernel without IPv6 */
    int rc = kind == TCP6   ? bind(fd, (const struct sockaddr *)&v6, sizeof v6)
             : kind == UNIX ? bind(fd, (const struct sockaddr *)&local, sizeof local.sun_family)
                            : bind(fd, (const struct sockaddr *)&v4, sizeof v4);
    if (rc != 0 && kind == TCP6) {
        close(fd);
        return make_socket(TCP4);
    }
    ck_assert_int_eq(rc, 0);
    if (kind != UDP && kind != TCP_DEAF)
        ck_assert_int_eq(listen(fd, 8), 0);
    return fd;
}

/* In the child. */
static void inherit(const int fds[2], int handed, const char *listen_fds, bool ours, struct outcome *outcome)
{
    struct sockets sockets;
    char pid[24];
    int high[2];
    err = (struct trust_error){0};
    for (int i = 0; i < handed; i++)
        high[i] = fcntl(fds[i], F_DUPFD, 30);
    for (int i = 0; i < handed; i++)
        dup2(high[i], 3 + i);
    snprintf(pid, sizeof pid, "%ld", ours ? (long)getpid() : 1L);
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", listen_fds, 1);
    outcome->rc = sockets_inherit(&sockets, &err);
    outcome->count = sockets.count;
    outcome->inherited = sockets.inherited;
    memcpy(outcome->text, err.text, sizeof outcome->text);
    for (size_t i = 0; i < sockets.count && i < 2; i++)
        outcome->flags[i] = (fcntl(sockets.fds[i], F_GETFL) & O_NONBLOCK) != 0 &&
                            (fcntl(sockets.fds[i], F_GETFD) & FD_CLOEXEC) != 0 &&
                            sockets.fds[i] == 3 + (int)i;
    sockets_stop(&sockets);
    sockets_close(&sockets);
}

static bool still_listens(int fd)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    int client = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is = connect(client, (const struct sockaddr *)&address, len) == 0;
    close(client);
    return is;
}

static const struct {
    enum kind kinds[2];
    const char *listen_fds;
    bool ours;
    size_t count;
    const char *words[2]; /* of the refusal */
} handed_over[] = {
    {{TCP4, TCP6}, "2", true, 2, {NULL, NULL}},
    {{TCP4, NONE}, "1", true, 1, {NULL, NULL}},
    {{TCP4, NONE}, "1", false, 0, {NULL, NULL}},
    {{TCP4, UDP}, "2", true, 0, {"socket 2 of 2", "127.0.0.1:"}},
    {{TCP_DEAF, TCP4}, "2", true, 0, {"socket 1 of 2", "127.0.0.1:"}},
    {{UNIX, NONE}, "1", true, 0, {"socket 1 of 1", "not a listening TCP"}},
    {{TCP4, NONE}, "x", true, 0, {"LISTEN_FDS", "wrong"}},
};

START_TEST(sockets_are_handed_over)
{
    const enum kind *kinds = handed_over[_i].kinds;
    struct outcome *outcome =
        mmap(NULL, sizeof *outcome, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int fds[2] = {-1, -1}, handed = 0, status;
    for (; handed < 2 && kinds[handed] != NONE; handed++)
        fds[handed] = make_socket(kinds[handed]);
    pid_t child = fork();
    if (child == 0) {
        inherit(fds, handed, handed_over[_i].listen_fds, handed_over[_i].ours, outcome);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_msg((outcome->rc == 0) == (handed_over[_i].words[0] == NULL), "%d: %s", outcome->rc,
                  outcome->text);
    for (size_t i = 0; i < 2 && handed_over[_i].words[i] != NULL; i++)
        ck_assert_msg(strstr(outcome->text, handed_over[_i].words[i]) != NULL, "%s", outcome->text);
    ck_assert_uint_eq(outcome->count, handed_over[_i].count);
    ck_assert(outcome->inherited == (outcome->count > 0));
    for (size_t i = 0; i < outcome->count; i++) {
        ck_assert_int_eq(outcome->flags[i], 1);
        ck_assert(still_listens(fds[i])); /* who connects now waits for the successor */
    }
    for (int i = 0; i < handed; i++)
        close(fds[i]);
    munmap(outcome, sizeof *outcome);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("sockets");
    TCase *c = tcase_create("sockets");
    tcase_add_test(c, a_port_of_the_kernels_choice);
    tcase_add_test(c, sockets_do_not_block_and_are_not_inherited);
    tcase_add_test(c, both_wildcards_share_a_port);
    tcase_add_test(c, a_port_in_use_is_one_clear_line);
    tcase_add_loop_test(c, entries_that_are_refused, 0, (int)(sizeof refused / sizeof refused[0]));
    tcase_add_test(c, a_link_local_address_has_an_interface);
    tcase_add_test(c, a_name_for_what_is_no_socket);
    tcase_add_loop_test(c, sockets_are_handed_over, 0, (int)(sizeof handed_over / sizeof handed_over[0]));
    suite_add_tcase(s, c);
    return s;
}
