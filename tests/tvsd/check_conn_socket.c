/* What has become of a phone whose bytes have waited. */
#include "tests/check_main.h"

#include "tvsd/conn_socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE 600000

static int phone, server;

static void meet(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    phone = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&at, len), 0);
    conn_socket_set_up(listener);
    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&at, &len), 0);
    ck_assert_int_eq(connect(phone, (struct sockaddr *)&at, len), 0);
    server = accept(listener, NULL, NULL);
    ck_assert_int_ge(server, 0);
    close(listener);
}

/* The phone says something, and the server has it. */
static void speak(void)
{
    struct pollfd wait = {.fd = server, .events = POLLIN};
    ck_assert_int_eq(send(phone, "hello", 5, 0), 5);
    ck_assert_int_eq(poll(&wait, 1, 10000), 1);
}

static enum conn_socket_state becomes(enum conn_socket_state other, int64_t patience)
{
    enum conn_socket_state state = CONN_SOCKET_WAITS;
    for (int i = 0; i < 1000 && (state = conn_socket_state(server, patience)) != other; i++)
        poll(NULL, 0, 10);
    return state;
}

START_TEST(who_is_accepted_is_set_up)
{
    int on = 0;
    socklen_t len = sizeof on;
    meet();
    ck_assert_int_eq(getsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
    ck_assert_int_ne(on, 0);
    close(phone);
    close(server);
}
END_TEST

START_TEST(who_says_nothing_waits_until_he_leaves)
{
    meet();
    ck_assert_int_eq(conn_socket_state(server, 0), CONN_SOCKET_WAITS);
    close(phone);
    ck_assert_int_eq(becomes(CONN_SOCKET_SILENT, PATIENCE), CONN_SOCKET_SILENT);
    ck_assert_int_eq(conn_socket_state(server, 0), CONN_SOCKET_SILENT);
    close(server);
}
END_TEST

START_TEST(who_is_there_is_overdue)
{
    meet();
    speak();
    ck_assert_int_eq(conn_socket_state(server, PATIENCE), CONN_SOCKET_WAITS);
    ck_assert_int_eq(becomes(CONN_SOCKET_OVERDUE, 100), CONN_SOCKET_OVERDUE);
    ck_assert_int_eq(conn_socket_state(server, PATIENCE), CONN_SOCKET_WAITS);
    close(phone);
    close(server);
}
END_TEST

/* Not at once: what is sent and closed in one breath is to be heard. */
START_TEST(who_gave_up_has_left)
{
    struct timespec before, after;
    meet();
    clock_gettime(CLOCK_MONOTONIC, &before);
    speak();
    close(phone);
    enum conn_socket_state at_once = conn_socket_state(server, PATIENCE);
    clock_gettime(CLOCK_MONOTONIC, &after);
    /* If nobody kept us from looking for a second. */
    if (after.tv_sec == before.tv_sec)
        ck_assert_int_eq(at_once, CONN_SOCKET_WAITS);
    ck_assert_int_eq(becomes(CONN_SOCKET_LEFT, PATIENCE), CONN_SOCKET_LEFT);
    ck_assert_int_eq(conn_socket_state(server, 0), CONN_SOCKET_LEFT);
    ck_assert(conn_socket_has_bytes(server));
    close(server);
}
END_TEST

START_TEST(who_resets_is_gone)
{
    const struct linger at_once = {.l_onoff = 1};
    meet();
    speak();
    ck_assert_int_eq(setsockopt(phone, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    close(phone);
    ck_assert_int_eq(becomes(CONN_SOCKET_RESET, PATIENCE), CONN_SOCKET_RESET);
    close(server);
}
END_TEST

START_TEST(who_left_before_he_was_answered_heard_nothing)
{
    meet();
    speak();
    ck_assert_int_eq(becomes(CONN_SOCKET_OVERDUE, 100), CONN_SOCKET_OVERDUE);
    close(phone);
    struct conn_socket_left left = conn_socket_left(server, false);
    ck_assert(left.is_unheard);
    ck_assert_int_ge(left.waited, 100);
    ck_assert_int_eq(left.delay, 0);
    ck_assert_int_eq(send(server, "answer", 6, MSG_NOSIGNAL), 6);
    ck_assert_int_eq(becomes(CONN_SOCKET_RESET, PATIENCE), CONN_SOCKET_RESET);
    left = conn_socket_left(server, false);
    ck_assert(left.is_unheard);
    ck_assert_int_ge(left.delay, 100);
    ck_assert_int_ge(left.waited, left.delay);
    ck_assert_int_lt(left.waited, 60000);
    close(server);
}
END_TEST

START_TEST(who_left_after_it_heard_us)
{
    meet();
    speak();
    ck_assert_int_eq(send(server, "answer", 6, MSG_NOSIGNAL), 6);
    for (int i = 0; i < 1000 && conn_socket_left(server, false).is_unheard; i++)
        poll(NULL, 0, 10);
    close(phone);
    ck_assert(!conn_socket_left(server, false).is_unheard);
    close(server);
}
END_TEST

/* A reset does not tell what has come: whatever was sent may have. */
START_TEST(who_resets_may_have_heard_us)
{
    const struct linger at_once = {.l_onoff = 1};
    const int off = 0;
    for (int answered = 0; answered < 2; answered++) {
        meet();
        speak();
        /* It does not acknowledge at once. */
        ck_assert_int_eq(setsockopt(phone, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof off), 0);
        if (answered)
            ck_assert_int_eq(send(server, "answer", 6, MSG_NOSIGNAL), 6);
        ck_assert_int_eq(setsockopt(phone, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
        close(phone);
        ck_assert_int_eq(becomes(CONN_SOCKET_RESET, PATIENCE), CONN_SOCKET_RESET);
        ck_assert_int_eq(conn_socket_left(server, true).is_unheard, !answered);
        close(server);
    }
}
END_TEST

/* What is no TCP tells nothing. */
START_TEST(nobody_knows_of_other_sockets)
{
    int pair[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    const struct conn_socket_left left = conn_socket_left(pair[0], false);
    ck_assert(!left.is_unheard);
    ck_assert_int_eq(left.waited, 0);
    ck_assert_int_eq(left.delay, 0);
    close(pair[0]);
    close(pair[1]);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("conn_socket");
    TCase *tc = tcase_create("states");
    tcase_add_test(tc, who_is_accepted_is_set_up);
    tcase_add_test(tc, who_says_nothing_waits_until_he_leaves);
    tcase_add_test(tc, who_is_there_is_overdue);
    tcase_add_test(tc, who_gave_up_has_left);
    tcase_add_test(tc, who_resets_is_gone);
    tcase_add_test(tc, who_left_before_he_was_answered_heard_nothing);
    tcase_add_test(tc, who_left_after_it_heard_us);
    tcase_add_test(tc, who_resets_may_have_heard_us);
    tcase_add_test(tc, nobody_knows_of_other_sockets);
    suite_add_tcase(s, tc);
    return s;
}
