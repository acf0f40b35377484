/* Connections that go wrong: each way in which they end, and what the log says of it. */
#include "helper_scene.h"
#include "tests/check_main.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- What is refused, and how it ends ---- */

static const struct {
    const char *bytes;
    size_t len;
    enum conn_end end;
} malformed[] = {
#define BYTES(text) text, sizeof(text) - 1
    {BYTES("\x58"), CONN_END_BAD_DISCRIMINATOR},
    {BYTES("\x57\2"), CONN_END_BAD_VERSION},
    {BYTES("\x57\1\0"), CONN_END_BAD_TYPE},
    {BYTES("\x57\1\5"), CONN_END_BAD_TYPE},
    {BYTES("\x57\1\2\0\0\0\0\1\0\4\7\0\1\0"), CONN_END_BAD_TYPE},    /* an answer */
    {BYTES("\x57\1\1\0\0\0\0\1\0\4\2\0\2\0"), CONN_END_BAD_ELEMENT}, /* longer than the message */
    {BYTES("\x57\1\3\0\0\0\0\1\0\2\2\0"), CONN_END_BAD_ELEMENT},     /* a piece of an element */
};

START_TEST(malformed_messages)
{
    struct bench bench;
    struct phone phone;
    begin_shaken(&bench, &phone, "", NULL);
    phone_send(&phone, (struct trust_bytes){(const uint8_t *)malformed[_i].bytes, malformed[_i].len});
    expect_end(&bench, &phone, malformed[_i].end);
    ck_assert_uint_eq(bench.host.stats.bytes_out, 0);
    BENCH_NOT_LOGGED(&bench, "detail=\"\"");
    BENCH_LOGGED(&bench, "level=warning event=request-refused reason=\"the client at local sent what is no "
                         "request, or a garbled one: ");
    finish(&bench, &phone);
}
END_TEST

/* What was asked properly before is answered. */
START_TEST(malformed_after_good_ones)
{
    struct bench bench;
    struct phone phone;
    begin_shaken(&bench, &phone, "", NULL);
    struct trust_bytes all = many(query, 1, 10);
    uint8_t *bytes = malloc(all.len + malformed[_i].len + 5000);
    memcpy(bytes, all.data, all.len);
    memcpy(bytes + all.len, malformed[_i].bytes, malformed[_i].len);
    memset(bytes + all.len + malformed[_i].len, 0x55, 5000);
    phone_send(&phone, (struct trust_bytes){bytes, all.len + malformed[_i].len + 5000});
    for (uint32_t i = 1; i <= 10; i++)
        expect_answer(&bench, &phone, i);
    expect_end(&bench, &phone, malformed[_i].end);
    BENCH_UNTIL(&bench, &phone, phone.closed);
    free(bytes);
    free((void *)(uintptr_t)all.data);
    finish(&bench, &phone);
}
END_TEST

/* 0: says goodbye; 1: idles; 2: is reset; 3: asked something. */
START_TEST(nothing_was_asked)
{
    static const char words[] = "nothing was asked after the handshake\"\n";
    struct bench bench;
    struct phone phone;
    begin_shaken(&bench, &phone, _i == 1 ? "server: { idle_timeout: 100ms }" : "",
                 &(struct phone_options){.newest = TLS1_2_VERSION});
    if (_i == 3) {
        phone_send(&phone, verify);
        expect_answer(&bench, &phone, 0x3e9);
    }
    if (_i == 2)
        phone_hang_up(&phone);
    else if (_i != 1)
        phone_goodbye(&phone);
    expect_end(&bench, &phone, _i == 1 ? CONN_END_IDLE : CONN_END_PEER_CLOSED);
    ck_assert_uint_eq(bench_logged(&bench, words), _i < 3);
    finish(&bench, &phone);
}
END_TEST

/* We are stopping: who has not sent a byte is not waited for, who is shaking hands is. */
START_TEST(stopping)
{
    struct bench bench;
    struct phone silent, shaking;
    begin(&bench, &silent, "", NULL);
    if (_i == 1) {
        bench_connect(&bench, &shaking, NULL);
        phone_step(&shaking);
        bench_begin();
        bench_turn(&bench, NULL);
    }
    conn_drain(&bench.host);
    if (_i == 0) {
        expect_end(&bench, &silent, CONN_END_DRAINED);
    } else {
        BENCH_UNTIL(&bench, &shaking, bench.host.stats.active == 1 && shaking.shaken);
        phone_send(&shaking, verify);
        expect_answer(&bench, &shaking, 0x3e9);
        BENCH_UNTIL(&bench, &shaking, bench.host.stats.active == 0);
        ck_assert_uint_eq(bench.host.stats.ends[CONN_END_DRAINED], 2);
        phone_fini(&shaking);
    }
    finish(&bench, &silent);
}
END_TEST

/* In the middle of a request: 0 with a goodbye, 1 without; 2, 3: between requests. */
START_TEST(gone_after_the_handshake)
{
    struct bench bench;
    struct phone phone;
    begin_shaken(&bench, &phone, "", NULL);
    if (_i < 2)
        phone_send(&phone, (struct trust_bytes){query.data, query.len - 1});
    if (_i % 2 == 0)
        phone_goodbye(&phone);
    else
        phone_hang_up(&phone);
    expect_end(&bench, &phone, _i < 2 ? CONN_END_TRUNCATED : CONN_END_PEER_CLOSED);
    ck_assert_uint_eq(bench.host.stats.query, 0);
    ck_assert_uint_eq(bench_logged(&bench, "event=request-refused reason=\"the client at local closed the "
                                           "connection in the middle of a request"),
                      _i < 2);
    finish(&bench, &phone);
}
END_TEST

/* A reset, between requests and with answers unread. */
START_TEST(reset_after_the_handshake)
{
    struct bench bench;
    struct phone phone;
    begin_shaken(&bench, &phone, "", &(struct phone_options){.newest = TLS1_2_VERSION});
    phone_send(&phone, query);
    BENCH_UNTIL(&bench, NULL, bench.host.stats.query == 1);
    phone_hang_up(&phone);
    expect_end(&bench, &phone, CONN_END_PEER_CLOSED);
    BENCH_LOGGED(&bench, "detail=\"Connection reset by peer\"");
    finish(&bench, &phone);
}
END_TEST

START_TEST(garbage_after_the_handshake)
{
    struct bench bench;
    struct phone phone;
    begin_shaken(&bench, &phone, "", NULL);
    phone_send_raw(&phone, (struct trust_bytes){(const uint8_t *)"\x17\3\3\0\5abcde", 10});
    expect_end(&bench, &phone, CONN_END_TLS_FAILED);
    ck_assert_uint_eq(bench.host.stats.tls_failures[TLS_FAILURE_PROTOCOL], 1);
    finish(&bench, &phone);
}
END_TEST

/* Who says goodbye after asking still gets the answers. */
START_TEST(goodbye_before_the_answers)
{
    struct bench bench;
    struct phone phone;
    begin_shaken(&bench, &phone, "", NULL);
    struct trust_bytes all = many(query, 1, 40);
    phone_send(&phone, all);
    ck_assert_int_eq(SSL_shutdown(phone.ssl), 0);
    for (uint32_t i = 1; i <= 40; i++)
        expect_answer(&bench, &phone, i);
    expect_end(&bench, &phone, CONN_END_PEER_CLOSED);
    free((void *)(uintptr_t)all.data);
    finish(&bench, &phone);
}
END_TEST

/* Who asks, says goodbye and is gone has closed the connection: nothing failed. */
START_TEST(goodbye_without_waiting)
{
    static const struct stats none;
    struct bench bench;
    struct phone phone;
    begin_shaken(&bench, &phone, "", NULL);
    struct trust_bytes all = many(query, 1, _i == 0 ? 10 : 40); /* one turn; several */
    phone_send(&phone, all);
    phone_goodbye(&phone);
    expect_end(&bench, &phone, CONN_END_PEER_CLOSED);
    ck_assert_mem_eq(bench.host.stats.tls_failures, none.tls_failures, sizeof none.tls_failures);
    free((void *)(uintptr_t)all.data);
    finish(&bench, &phone);
}
END_TEST

/* ---- Deadlines ---- */

#define DEADLINES(handshake, request, idle)                                                                  \
    "server: { handshake_timeout: " handshake ", request_timeout: " request ", idle_timeout: " idle " }"

START_TEST(slow_handshake)
{
    struct bench bench;
    struct phone phone;
    begin(&bench, &phone, DEADLINES("100ms", "10s", "10s"), NULL);
    if (_i == 1)
        phone_send_raw(&phone, (struct trust_bytes){(const uint8_t *)"\x16\3\1\1", 4});
    expect_end(&bench, NULL, CONN_END_HANDSHAKE_TIMEOUT);
    /* Who says nothing at all is no phone that failed. */
    ck_assert_uint_eq(bench_logged(&bench,
                                   "event=tls-refused reason=\"the client at local did not finish the "
                                   "handshake in time\" peer=local "
                                   "setting=server.handshake_timeout"),
                      _i == 1);
    ck_assert_uint_eq(bench_logged(&bench, "event=tls-refused"), _i == 1);
    finish(&bench, &phone);
}
END_TEST

/* Absolute: a byte now and then buys no time. */
START_TEST(trickling_request)
{
    struct bench bench;
    struct phone phone;
    begin_shaken(&bench, &phone, DEADLINES("10s", "100ms", "10s"), NULL);
    bench_begin();
    for (size_t i = 0; i + 1 < verify.len && bench.host.stats.active == 1; i++) {
        phone_send(&phone, (struct trust_bytes){verify.data + i, 1});
        bench_turn(&bench, NULL);
    }
    expect_end(&bench, NULL, CONN_END_REQUEST_TIMEOUT);
    BENCH_LOGGED(&bench, "event=request-refused reason=\"the client at local did not finish its request, or "
                         "fetch its answer, in time\" peer=local setting=server.request_timeout");
    finish(&bench, &phone);
}
END_TEST

/* The deadline of a request holds until the socket has its answer. */
START_TEST(unread_answers)
{
    struct bench bench;
    struct phone phone;
    begin_shaken(&bench, &phone, DEADLINES("10s", "100ms", "10s"), NULL);
    struct trust_bytes all = many(query, 1, 700);
    phone_send(&phone, all);
    expect_end(&bench, NULL, CONN_END_REQUEST_TIMEOUT);
    ck_assert_uint_lt(bench.host.stats.query, 700); /* reading had stopped */
    free((void *)(uintptr_t)all.data);
    finish(&bench, &phone);
}
END_TEST

static void count_busy(void *arg)
{
    ++*(unsigned *)arg;
}

/* What is left to send when nothing more will be read waits for the socket, not in a busy loop: 0 after a
 * message that ends the connection, 1 after a goodbye. */
START_TEST(unread_answers_at_the_end)
{
    const struct sockaddr address = {.sa_family = AF_UNIX};
    const int least = 1;
    unsigned busy = 0;
    struct bench bench;
    struct phone phone;
    bench_init(&bench, DEADLINES("10s", "300ms", "10s"), &server, store, ctl);
    bench.host.on_busy = count_busy; /* each CONN_TURNS turns, or CONN_BUSY_US of them */
    bench.host.arg = &busy;
    int fd = phone_connect(&phone, NULL);
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof least), 0);
    conn_open(&bench.host, fd, 0, &address, sizeof address);
    BENCH_UNTIL(&bench, &phone, phone.shaken);
    struct trust_bytes all = many(query, 1, 10);
    phone_send(&phone, all);
    if (_i == 0)
        phone_send(&phone, (struct trust_bytes){(const uint8_t *)"X", 1});
    else
        ck_assert_int_eq(SSL_shutdown(phone.ssl), 0);
    expect_end(&bench, NULL, CONN_END_REQUEST_TIMEOUT);
    ck_assert_uint_eq(bench.host.stats.query, 10);
    ck_assert_uint_lt(busy, 20); /* by handshake and answers; in 300 ms of a busy loop, a hundred times */
    free((void *)(uintptr_t)all.data);
    finish(&bench, &phone);
}
END_TEST

START_TEST(idle)
{
    struct bench bench;
    struct phone phone;
    begin_shaken(&bench, &phone, DEADLINES("10s", "10s", "1s"), NULL);
    phone_send(&phone, verify);
    expect_answer(&bench, &phone, 0x3e9);
    expect_end(&bench, &phone, CONN_END_IDLE);
    ck_assert(phone.closed);
    finish(&bench, &phone);
}
END_TEST

/* ---- Addresses ---- */

START_TEST(address_limit)
{
    struct bench bench;
    struct phone phones[4];
    bench_init(&bench, "server: { max_connections_per_address: 2 }", &server, store, ctl);
    bench_connect_from(&bench, &phones[0], "192.0.2.7");
    bench_connect_from(&bench, &phones[1], "192.0.2.7");
    bench_connect_from(&bench, &phones[2], "192.0.2.7");
    BENCH_LOGGED(&bench, "event=conn-closed reason=address-limit peer=\"192.0.2.7:1024\" requests=0 ms=0");
    BENCH_LOGGED(&bench, "level=warning event=address-refused peer=\"192.0.2.7:1024\" connections=2 "
                         "setting=server.max_connections_per_address count=1\n");
    ck_assert_uint_eq(bench.host.stats.active, 2);
    bench_connect_from(&bench, &phones[3], "192.0.2.7");
    ck_assert_uint_eq(bench_logged(&bench, "event=address-refused"), 1); /* it is said seldom */
    phone_fini(&phones[3]);
    bench_connect_from(&bench, &phones[3], "192.0.2.8");
    ck_assert_uint_eq(bench.host.stats.active, 3);
    phone_hang_up(&phones[0]);
    BENCH_UNTIL(&bench, NULL, bench.host.stats.active == 2);
    phone_fini(&phones[2]);
    bench_connect_from(&bench, &phones[2], "192.0.2.7");
    ck_assert_uint_eq(bench.host.stats.active, 3);
    ck_assert_uint_eq(bench.host.stats.ends[CONN_END_ADDRESS_LIMIT], 2);
    ck_assert_uint_eq(bench.host.stats.accepted, 6);
    for (int i = 0; i < 4; i++)
        phone_fini(&phones[i]);
    bench_fini(&bench);
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof(table)[0])

Suite *suite(void)
{
    Suite *conn_end = suite_create("conn_end");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_unchecked_fixture(all, scene_set_up, scene_tear_down);
    tcase_add_loop_test(all, malformed_messages, 0, COUNT(malformed));
    tcase_add_loop_test(all, malformed_after_good_ones, 0, COUNT(malformed));
    tcase_add_loop_test(all, gone_after_the_handshake, 0, 4);
    tcase_add_test(all, reset_after_the_handshake);
    tcase_add_test(all, garbage_after_the_handshake);
    tcase_add_test(all, goodbye_before_the_answers);
    tcase_add_loop_test(all, goodbye_without_waiting, 0, 2);
    tcase_add_loop_test(all, slow_handshake, 0, 2);
    tcase_add_test(all, trickling_request);
    tcase_add_test(all, unread_answers);
    tcase_add_loop_test(all, unread_answers_at_the_end, 0, 2);
    tcase_add_test(all, idle);
    tcase_add_test(all, address_limit);
    tcase_add_loop_test(all, nothing_was_asked, 0, 4);
    tcase_add_loop_test(all, stopping, 0, 2);
    suite_add_tcase(conn_end, all);
    return conn_end;
}
