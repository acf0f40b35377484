/* Addresses, and connections that do not come about. */
#include "tests/check_main.h"
#include "tvsc/net.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct {
    const char *text, *host, *port, *shown;
} good[] = {
    {"10.0.0.1:2445", "10.0.0.1", "2445", "10.0.0.1:2445"},
    {"10.0.0.1", "10.0.0.1", "2445", "10.0.0.1:2445"},
    {"cucm.example.org:12445", "cucm.example.org", "12445", "cucm.example.org:12445"},
    {"[::1]:1", "::1", "1", "[::1]:1"},
    {"[fe80::1%eth0]", "fe80::1%eth0", "2445", "[fe80::1%eth0]:2445"},
};

START_TEST(test_good)
{
    struct net_target target;
    ck_assert_int_eq(net_parse(good[_i].text, &target, NULL), 0);
    ck_assert_str_eq(target.host, good[_i].host);
    ck_assert_str_eq(target.port, good[_i].port);
    ck_assert_str_eq(target.shown, good[_i].shown);
}
END_TEST

static const struct {
    const char *text, *words;
} bad[] = {
    {"", "not HOST:PORT"},
    {":2445", "not HOST:PORT"},
    {"[::1", "not HOST:PORT"},
    {"[::1]2445", "not HOST:PORT"},
    {"::1", "not HOST:PORT"},
    {"fe80::1", "in brackets"},
    {"host:", "a port is 1 to 65535"},
    {"host:0", "a port is 1 to 65535"},
    {"host:65536", "a port is 1 to 65535"},
    {"host:http", "a port is 1 to 65535"},
    {"host:-1", "a port is 1 to 65535"},
};

START_TEST(test_bad)
{
    struct net_target target;
    struct trust_error err = {0};
    ck_assert_int_eq(net_parse(bad[_i].text, &target, &err), TRUST_EARGUMENT);
    ck_assert_msg(strstr(err.text, bad[_i].words) != NULL, "%s: %s", bad[_i].text, err.text);
}
END_TEST

/* A socket that is bound but does not listen: its port is taken, and connecting to it is refused. */
START_TEST(test_nobody_there)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    struct net_target target;
    struct trust_error err = {0};
    char text[32];
    int fd, out, bound = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(bound, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(getsockname(bound, (struct sockaddr *)&address, &size), 0);
    snprintf(text, sizeof text, "127.0.0.1:%d", ntohs(address.sin_port));
    ck_assert_int_eq(net_parse(text, &target, NULL), 0);
    ck_assert_int_eq(net_connect(&target, net_now() + 5000, &fd, &err), TRUST_ESYSTEM);
    ck_assert_int_eq(fd, -1);
    ck_assert_ptr_nonnull(strstr(err.text, text));
    ck_assert_ptr_nonnull(strstr(err.text, "Connection refused"));
    ck_assert_int_eq(listen(bound, 1), 0);
    ck_assert_int_eq(net_connect(&target, net_now() + 5000, &fd, NULL), 0);
    out = accept(bound, NULL, NULL);
    ck_assert_int_eq(net_wait(fd, POLLIN, net_now() + 10), 0);
    close(out);
    ck_assert_int_eq(net_wait(fd, POLLIN, net_now() + 5000), 1);
    close(fd);
    close(bound);
}
END_TEST

START_TEST(test_no_such_name)
{
    struct net_target target;
    struct trust_error err = {0};
    int fd;
    /* Bad as an address and as a name, so that nothing is asked. */
    ck_assert_int_eq(net_parse("[::::]:1", &target, NULL), 0);
    ck_assert_int_eq(net_connect(&target, net_now() + 1000, &fd, &err), TRUST_ESYSTEM);
    ck_assert_ptr_nonnull(strstr(err.text, "[::::]:1"));
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("tvsc net");
    TCase *tests = tcase_create("net");
    tcase_add_loop_test(tests, test_good, 0, sizeof good / sizeof good[0]);
    tcase_add_loop_test(tests, test_bad, 0, sizeof bad / sizeof bad[0]);
    tcase_add_test(tests, test_nobody_there);
    tcase_add_test(tests, test_no_such_name);
    suite_add_tcase(suite, tests);
    return suite;
}
