/* Whom an answer would not reach any more costs no handshake: neither when he is accepted, nor when his first
 * bytes are looked at later. */
#include "helper_scene.h"
#include "tests/check_main.h"
#include "tvsd/clock.h"
#include "tvsd/conn_internal.h"
#include "tvsd/conn_socket.h"
#include "tvsd/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* What phones do, and how they end. */
static const struct {
    const char *yaml;
    bool speaks, leaves, resets;
    enum conn_socket_state state;
    enum conn_end end;
    uint64_t tls_resets; /* counted as handshakes that were reset */
} cases[] = {
    {"server: { handshake_timeout: 400ms }", true, false, false, CONN_SOCKET_OVERDUE, CONN_END_OVERDUE, 0},
    {"", true, true, false, CONN_SOCKET_LEFT, CONN_END_OVERDUE, 0},
    {"", true, false, true, CONN_SOCKET_RESET, CONN_END_HANDSHAKE_FAILED, 1},
    {"", false, false, true, CONN_SOCKET_RESET, CONN_END_SILENT, 0},
    {"", false, true, false, CONN_SOCKET_SILENT, CONN_END_SILENT, 0},
};

#define COUNT(table) (int)(sizeof(table) / sizeof(table)[0])

struct meeting {
    struct sockaddr_in from; /* the phone's address */
    int phone, server;
};

static struct meeting meet(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at, from_len = sizeof at;
    struct meeting meeting;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    meeting.phone = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&at, len), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&at, &len), 0);
    ck_assert_int_eq(connect(meeting.phone, (struct sockaddr *)&at, len), 0);
    meeting.server = accept4(listener, (struct sockaddr *)&meeting.from, &from_len, SOCK_NONBLOCK);
    ck_assert_int_ge(meeting.server, 0);
    close(listener);
    return meeting;
}

/* The phone does what it does, and the server's kernel comes to see it so. */
static void act(struct meeting *meeting, const struct bench *bench, int which)
{
    const struct linger at_once = {.l_onoff = 1};
    const int64_t patience = bench->config->server.handshake_timeout / 2;
    struct pollfd wait = {.fd = meeting->server, .events = POLLIN};
    enum conn_socket_state state = CONN_SOCKET_WAITS;
    if (cases[which].speaks) {
        ck_assert_int_eq(send(meeting->phone, "hello", 5, 0), 5);
        ck_assert_int_eq(poll(&wait, 1, 10000), 1);
    }
    if (cases[which].resets)
        ck_assert_int_eq(setsockopt(meeting->phone, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    if (cases[which].leaves || cases[which].resets) {
        close(meeting->phone);
        meeting->phone = -1;
    }
    for (int i = 0; i < 1000 && state != cases[which].state; i++) {
        poll(NULL, 0, 10);
        state = conn_socket_state(meeting->server, patience);
    }
    ck_assert_int_eq(state, cases[which].state);
}

static void open_conn(struct bench *bench, const struct meeting *meeting)
{
    conn_open(&bench->host, meeting->server, 0, (const struct sockaddr *)&meeting->from,
              sizeof meeting->from);
}

static void expect_nobody_from(const struct sockaddr_in *from)
{
    struct peer peer;
    peer_set(&peer, (const struct sockaddr *)from, sizeof *from);
    ck_assert(peer_enter(&peer, 1));
    ck_assert_int_eq(peer_shake(&peer), 0);
    peer_leave(&peer);
    peer_shaken(&peer);
}

/* One end, counted once, and nothing is left of the connection. */
static void expect_turned_away(const struct bench *bench, const struct meeting *meeting, int which)
{
    const struct stats *stats = &bench->host.stats;
    char byte;
    ck_assert_uint_eq(stats->accepted, 1);
    ck_assert_uint_eq(stats->active, 0);
    ck_assert_ptr_null(bench->host.first);
    for (int end = 0; end < CONN_END_COUNT; end++)
        ck_assert_msg(stats->ends[end] == (end == (int)cases[which].end), "%s: %d", conn_end_name(end),
                      (int)stats->ends[end]);
    for (int failure = 0; failure < TLS_FAILURE_COUNT; failure++)
        ck_assert_uint_eq(stats->tls_failures[failure],
                          failure == TLS_FAILURE_RESET ? cases[which].tls_resets : 0);
    ck_assert_int_eq(fcntl(meeting->server, F_GETFD), -1);
    ck_assert_int_eq(errno, EBADF);
    expect_nobody_from(&meeting->from);
    if (meeting->phone >= 0) /* he is still there: he gets an end, without a byte and without a reset */
        ck_assert_int_eq(recv(meeting->phone, &byte, 1, 0), 0);
}

static void part(struct bench *bench, const struct meeting *meeting)
{
    if (meeting->phone >= 0)
        close(meeting->phone);
    bench_fini(bench);
}

/* He waited too long to be accepted. */
START_TEST(at_the_door)
{
    struct bench bench;
    struct meeting meeting = meet();
    bench_init(&bench, cases[_i].yaml, &server, store, ctl);
    act(&meeting, &bench, _i);
    open_conn(&bench, &meeting);
    expect_turned_away(&bench, &meeting, _i);
    part(&bench, &meeting);
}
END_TEST

/* He was accepted in time, and waited too long for a turn of the loop. */
START_TEST(at_his_first_bytes)
{
    struct bench bench;
    struct meeting meeting = meet();
    bench_init(&bench, cases[_i].yaml, &server, store, ctl);
    open_conn(&bench, &meeting);
    ck_assert_uint_eq(bench.host.stats.active, 1);
    act(&meeting, &bench, _i);
    BENCH_UNTIL(&bench, NULL, bench.host.stats.active == 0);
    expect_turned_away(&bench, &meeting, _i);
    part(&bench, &meeting);
}
END_TEST

static bool nobody_spoke(const struct admission_place *place)
{
    (void)place;
    return false;
}

/* Nor does anybody give way to him. */
START_TEST(in_nobodys_place)
{
    struct bench bench;
    struct meeting quiet = meet(), gone = meet();
    bench_init(&bench, "", &server, store, ctl);
    bench.host.max_connections = 1;
    open_conn(&bench, &quiet);
    admission_look(&bench.host.admission, INT64_MAX / 2, nobody_spoke);
    bench.host.admission.queues[ADMISSION_QUIET].oldest->since -= 20;
    ck_assert(conn_is_full(&bench.host) && conn_can_shed(&bench.host));
    act(&gone, &bench, COUNT(cases) - 1);
    open_conn(&bench, &gone);
    ck_assert_uint_eq(bench.host.stats.ends[CONN_END_SILENT], 1);
    ck_assert_uint_eq(bench.host.stats.ends[CONN_END_GAVE_WAY], 0);
    ck_assert_uint_eq(bench.host.stats.active, 1);
    part(&bench, &quiet);
}
END_TEST

/* The first `len` bytes of a phone's ClientHello. */
static void say_hello(const struct meeting *meeting, size_t len)
{
    static const uint16_t suites[] = {0xc02f, 0x0035};
    const struct trust_bytes hello = phone_bare_hello(0x0303, suites, 2);
    struct pollfd wait = {.fd = meeting->server, .events = POLLIN};
    len = len < hello.len ? len : hello.len;
    ck_assert_int_eq(send(meeting->phone, hello.data, len, 0), (ssize_t)len);
    ck_assert_int_eq(poll(&wait, 1, 10000), 1);
}

/* His time ends before the loop tells of his bytes, as it does when the whole process was stopped: that he
 * did not finish is not his fault. Had he said nothing, it would be. */
START_TEST(at_his_deadline)
{
    const bool has_spoken = _i == 1;
    struct bench bench;
    struct meeting meeting = meet();
    bench_init(&bench, "", &server, store, ctl);
    open_conn(&bench, &meeting);
    if (has_spoken)
        say_hello(&meeting, SIZE_MAX);
    bench.host.first->opened -= bench.config->server.handshake_timeout;
    conn_ready(meeting.server, EV_TIMEOUT, bench.host.first);
    const enum conn_end end = has_spoken ? CONN_END_OVERDUE : CONN_END_HANDSHAKE_TIMEOUT;
    ck_assert_uint_eq(bench.host.stats.ends[end], 1);
    ck_assert_uint_eq(bench.host.stats.active, 0);
    part(&bench, &meeting);
}
END_TEST

/* Until the server has had its bytes for so long. */
static void let_it_wait(const struct meeting *meeting)
{
    int64_t waited = 0;
    for (int i = 0; i < 1000 && waited < 150; i++) {
        poll(NULL, 0, 10);
        waited = conn_socket_left(meeting->server, false).waited;
    }
    ck_assert_int_ge(waited, 150);
}

static void leave(struct bench *bench, struct meeting *meeting)
{
    close(meeting->phone);
    meeting->phone = -1;
    BENCH_UNTIL(bench, NULL, bench->host.stats.active == 0);
}

/* Who leaves before anything from us has reached him knows nothing of our certificate: he waited, and it is
 * overload, which is said once for all. (The socket alone does not tell it when it is first looked at, since
 * it was no second.) */
START_TEST(after_he_waited_for_an_answer)
{
    struct bench bench;
    struct meeting meeting = meet();
    bench_init(&bench, "", &server, store, ctl);
    open_conn(&bench, &meeting);
    say_hello(&meeting, SIZE_MAX);
    let_it_wait(&meeting);
    leave(&bench, &meeting);
    const struct stats *stats = &bench.host.stats;
    ck_assert_uint_eq(stats->ends[CONN_END_OVERDUE], 1);
    ck_assert_uint_eq(stats->tls_failures[TLS_FAILURE_ABANDONED] + stats->tls_failures[TLS_FAILURE_RESET], 0);
    BENCH_NOT_LOGGED(&bench, "tls-refused reason");
    BENCH_LOGGED(&bench, "event=overload reason=\"phones waited");
    part(&bench, &meeting);
}
END_TEST

/* Without having waited, he is a client that failed, but not for our certificate's sake. */
START_TEST(at_once)
{
    struct bench bench;
    struct meeting meeting = meet();
    bench_init(&bench, "", &server, store, ctl);
    open_conn(&bench, &meeting);
    int64_t begun = clock_milliseconds();
    say_hello(&meeting, SIZE_MAX);
    leave(&bench, &meeting);
    BENCH_NOT_LOGGED(&bench, "its lists do not hold");
    if (clock_milliseconds() - begun < 20) { /* else something kept us from being quick */
        ck_assert_uint_eq(bench.host.stats.ends[CONN_END_HANDSHAKE_FAILED], 1);
        BENCH_LOGGED(&bench, "closed the connection before anything from us had reached it\"");
    }
    part(&bench, &meeting);
}
END_TEST

/* It was we who waited for the rest of his hello. */
START_TEST(in_the_middle_of_his_hello)
{
    struct bench bench;
    struct meeting meeting = meet();
    bench_init(&bench, "", &server, store, ctl);
    open_conn(&bench, &meeting);
    say_hello(&meeting, 30);
    let_it_wait(&meeting);
    leave(&bench, &meeting);
    ck_assert_uint_eq(bench.host.stats.ends[CONN_END_OVERDUE], 0);
    ck_assert_uint_eq(bench.host.stats.ends[CONN_END_HANDSHAKE_FAILED], 1);
    BENCH_LOGGED(&bench, "closed the connection during the handshake\"");
    BENCH_NOT_LOGGED(&bench, "event=overload");
    part(&bench, &meeting);
}
END_TEST

/* Who has seen our certificate may have left for its sake; had he waited for it, that is another reason. */
START_TEST(after_he_was_answered)
{
    const bool had_waited = _i == 1;
    struct bench bench;
    struct meeting meeting = meet();
    bench_init(&bench, "", &server, store, ctl);
    open_conn(&bench, &meeting);
    int64_t begun = clock_milliseconds();
    say_hello(&meeting, SIZE_MAX);
    if (had_waited)
        let_it_wait(&meeting);
    BENCH_UNTIL(&bench, NULL, !conn_socket_left(meeting.server, false).is_unheard);
    const bool is_slow = clock_milliseconds() - begun >= 100; /* whoever it is that makes it so */
    leave(&bench, &meeting);
    ck_assert_uint_eq(bench.host.stats.ends[CONN_END_OVERDUE], 0);
    ck_assert_uint_eq(bench.host.stats.ends[CONN_END_HANDSHAKE_FAILED], 1);
    BENCH_LOGGED(&bench, "its lists do not hold");
    BENCH_LOGGED(&bench, " (`tvsctl utils itl update`)\"");
    if (had_waited)
        BENCH_LOGGED(&bench, "ms for us, perhaps too long for it (server.workers); else its lists");
    else if (!is_slow)
        BENCH_LOGGED(&bench, "remedy=\"perhaps its lists");
    part(&bench, &meeting);
}
END_TEST

Suite *suite(void)
{
    Suite *away = suite_create("conn_turn_away");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_unchecked_fixture(all, scene_set_up, scene_tear_down);
    tcase_add_loop_test(all, at_the_door, 0, COUNT(cases));
    tcase_add_loop_test(all, at_his_first_bytes, 0, COUNT(cases));
    tcase_add_loop_test(all, at_his_deadline, 0, 2);
    tcase_add_test(all, in_nobodys_place);
    tcase_add_test(all, after_he_waited_for_an_answer);
    tcase_add_test(all, at_once);
    tcase_add_test(all, in_the_middle_of_his_hello);
    tcase_add_loop_test(all, after_he_was_answered, 0, 2);
    suite_add_tcase(away, all);
    return away;
}
