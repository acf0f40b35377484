/* Connections that go well: whoever gets in is answered, however the bytes arrive. One thread, with a phone.
 */
#include "helper_scene.h"
#include "tests/check_main.h"
#include "tvsd/clock.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

static const struct phone_options classes[] = {
    {.newest = TLS1_3_VERSION},
    {.newest = TLS1_2_VERSION},
    {.newest = TLS1_2_VERSION, .ciphers = "AES256-SHA:@SECLEVEL=0"},
    {.oldest = TLS1_VERSION, .newest = TLS1_VERSION},
};

START_TEST(all_classes_are_answered)
{
    struct bench bench;
    struct phone phone;
    begin_shaken(&bench, &phone, "tls: { minimum: \"1.0\" }", &classes[_i]);
    phone_send(&phone, verify);
    struct trust_response answer = expect_answer(&bench, &phone, 0x3e9);
    ck_assert_int_eq(answer.status, 0);
    ck_assert_uint_eq(answer.ttl, 86400);
    ck_assert_uint_eq(answer.roles.count, 2);
    ck_assert_ptr_null(answer.certificate.data);
    phone_send(&phone, query);
    answer = expect_answer(&bench, &phone, 0x3ea);
    ck_assert_int_eq(answer.type, TRUST_MSG_QUERY_RES);
    ck_assert_uint_eq(answer.certificate.len, trust_cert_der(pub).len);
    phone_goodbye(&phone);
    expect_end(&bench, &phone, CONN_END_PEER_CLOSED);
    BENCH_LOGGED(&bench,
                 "event=answer type=verify result=trusted roles=0,2 source=store "
                 "serial=6B1D357B6841740B078FEE4A1813D5D6 device=CP-8861-SEPB000B4BA0AEE peer=local us=");
    BENCH_LOGGED(&bench, "event=answer type=query result=trusted ");
    BENCH_LOGGED(&bench, "reason=peer-closed peer=local requests=2 ms=");
    const struct stats *stats = &bench.host.stats;
    ck_assert_uint_eq(stats->verify, 1);
    ck_assert_uint_eq(stats->query, 1);
    ck_assert_uint_eq(stats->results[REQUEST_TRUSTED], 2);
    ck_assert_uint_eq(stats->bytes_in, verify.len + query.len);
    ck_assert_uint_eq(stats->tls_strict, _i < 2);
    ck_assert_uint_eq(stats->tls_rsa, _i == 2);
    ck_assert_uint_eq(stats->tls_legacy, _i == 3);
    ck_assert_uint_eq(bench_logged(&bench, "event=tls-weak peer=local protocol="), _i >= 2);
    finish(&bench, &phone);
}
END_TEST

/* Each phone with weak settings is named once. */
START_TEST(weak_phones_are_named_once)
{
    struct bench bench;
    struct phone phone;
    begin_shaken(&bench, &phone, "", &classes[2]);
    BENCH_LOGGED(&bench,
                 "event=tls-weak peer=local protocol=TLSv1.2 cipher=AES256-SHA setting=tls.rsa_key_exchange");
    phone_fini(&phone);
    bench_connect(&bench, &phone, &classes[2]);
    BENCH_UNTIL(&bench, &phone, bench.host.stats.handshakes == 2);
    ck_assert_uint_eq(bench_logged(&bench, "event=tls-weak"), 1);
    finish(&bench, &phone);
}
END_TEST

/* ---- Boundaries of records mean nothing ---- */

START_TEST(byte_by_byte)
{
    struct bench bench;
    struct phone phone;
    begin_shaken(&bench, &phone, "", NULL);
    for (size_t i = 0; i < query.len; i++) {
        phone_send(&phone, (struct trust_bytes){query.data + i, 1});
        if (i % 50 == 0) /* some alone, some with others in one turn */
            bench_turn(&bench, &phone);
    }
    expect_answer(&bench, &phone, 0x3ea);
    finish(&bench, &phone);
}
END_TEST

START_TEST(joined_and_split)
{
    struct bench bench;
    struct phone phone;
    begin_shaken(&bench, &phone, "", NULL);
    struct trust_bytes all = many(query, 1000, 300);
    size_t piece = (size_t[]){all.len, 1, 37, 16000, 3}[_i];
    if (piece == 1)
        all.len /= 30;
    for (size_t at = 0; at < all.len; at += piece) {
        phone_send(&phone, (struct trust_bytes){all.data + at, piece < all.len - at ? piece : all.len - at});
        bench_turn(&bench, &phone);
    }
    for (uint32_t i = 0; i < all.len / query.len; i++)
        ck_assert_int_eq(expect_answer(&bench, &phone, 1000 + i).status, 0);
    ck_assert_uint_eq(phone.received, 0);
    free((void *)(uintptr_t)all.data);
    finish(&bench, &phone);
}
END_TEST

/* The longest message there is, and a certificate that is none: answered, not closed. */
START_TEST(longest_message)
{
    struct bench bench;
    struct phone phone;
    static uint8_t frame[TRUST_FRAME_MAX] = {0x57, 1, 1, 0, 0, 0, 0, 5, 0xff, 0xff, 2, 0xff, 0xfc};
    begin_shaken(&bench, &phone, "", NULL);
    for (size_t at = 0; at < sizeof frame; at += 8191) {
        size_t len = sizeof frame - at < 8191 ? sizeof frame - at : 8191;
        phone_send(&phone, (struct trust_bytes){frame + at, len});
        bench_turn(&bench, &phone);
    }
    ck_assert_int_eq(expect_answer(&bench, &phone, 5).status, 1);
    BENCH_LOGGED(&bench, "result=unusable roles=\"\" source=none serial=\"\" device=\"\" peer=local us=");
    BENCH_LOGGED(&bench, " reason=\"the certificate cannot be parsed: not an X.509 certificate in DER: ");
    BENCH_LOGGED(&bench,
                 "level=warning event=request-refused reason=\"the client at local sent a request of no "
                 "use: the certificate cannot be parsed: not an X.509");
    /* Another one is no other reason. */
    static const uint8_t other[] = {0x57, 1, 1, 0, 0, 0, 0, 6, 0, 5, 2, 0, 2, 0x30, 0x80};
    phone_send(&phone, (struct trust_bytes){other, sizeof other});
    expect_answer(&bench, &phone, 6);
    ck_assert_uint_eq(bench_logged(&bench, "event=request-refused"), 1);
    phone_send(&phone, verify);
    expect_answer(&bench, &phone, 0x3e9);
    finish(&bench, &phone);
}
END_TEST

/* ---- Many at a time ---- */

/* With 16 KiB unsent reading stops; nothing is lost, and it goes on when the phone reads. */
START_TEST(back_pressure)
{
    struct bench bench;
    struct phone phone;
    begin_shaken(&bench, &phone, "", NULL);
    struct trust_bytes all = many(query, 1, 700);
    phone_send(&phone, all);
    uint64_t before = 0;
    bench_begin();
    for (int quiet = 0; quiet < 20; quiet = bench.host.stats.query == before ? quiet + 1 : 0) {
        before = bench.host.stats.query;
        bench_turn(&bench, NULL);
    }
    ck_assert_uint_lt(before, 700);
    ck_assert_uint_gt(before, 0);
    for (uint32_t i = 1; i <= 700; i++)
        expect_answer(&bench, &phone, i);
    free((void *)(uintptr_t)all.data);
    finish(&bench, &phone);
}
END_TEST

/* Send one request more. false: it is not answered, since too much is unsent. */
static bool is_served(struct bench *bench, struct phone *phone, struct trust_bytes request, uint64_t *served)
{
    const uint64_t before = *served;
    phone_send(phone, request);
    for (int quiet = 0; quiet < 20 && *served == before; quiet++)
        bench_turn(bench, NULL);
    return *served > before;
}

static int bytes_for(const struct phone *phone)
{
    int count;
    ck_assert_int_eq(ioctl(phone->fd, FIONREAD, &count), 0);
    return count;
}

/* Small answers that have a deadline each hold more memory than their bytes, and that is what counts. */
START_TEST(back_pressure_of_small_answers)
{
    struct bench bench;
    struct phone phone;
    uint32_t queries = 0, verifies = 0;
    begin_shaken(&bench, &phone, "", NULL);
    bench_begin();
    for (int before = -1; bytes_for(&phone) > before; queries++) {
        before = bytes_for(&phone);
        ck_assert(is_served(&bench, &phone, query, &bench.host.stats.query));
    }
    while (verifies < 40 && is_served(&bench, &phone, verify, &bench.host.stats.verify)) {
        verifies++;
        const int64_t began = clock_milliseconds();
        while (clock_milliseconds() == began)
            bench_turn(&bench, NULL);
    }
    ck_assert_uint_gt(verifies, 0);
    ck_assert_uint_lt(verifies, 8);
    for (uint32_t i = 0; i < queries; i++)
        expect_answer(&bench, &phone, 0x3ea);
    for (uint32_t i = 0; i <= verifies; i++)
        expect_answer(&bench, &phone, 0x3e9);
    finish(&bench, &phone);
}
END_TEST

/* How many answers of one type the log has before the first of another. */
static size_t answers_before(struct bench *bench, const char *type, const char *other)
{
    char line[64], last[64];
    size_t count = 0;
    snprintf(line, sizeof line, "event=answer type=%s", type);
    snprintf(last, sizeof last, "event=answer type=%s", other);
    const char *at = bench_log(bench), *end = strstr(at, last);
    ck_assert_ptr_nonnull(end);
    for (; (at = strstr(at, line)) != NULL && at < end; at++)
        count++;
    return count;
}

/* Two ask a lot at once, in one record each; whoever is served first does not keep the other waiting. */
START_TEST(fair_turns)
{
    struct bench bench;
    struct phone one, other;
    const struct trust_bytes byte = {(const uint8_t *)"\x01", 1};
    begin_shaken(&bench, &one, "", NULL);
    bench_connect(&bench, &other, NULL);
    BENCH_UNTIL(&bench, &other, other.shaken && bench.host.stats.handshakes == 2);
    struct trust_bytes small[] = {phone_query(1, byte, "CN=nobody"), phone_verify(1, byte)};
    struct trust_bytes all[] = {many(small[0], 1, 100), many(small[1], 1, 100)};
    phone_send(&one, all[0]);
    phone_send(&other, all[1]);
    for (uint32_t i = 1; i <= 100; i++) {
        expect_answer(&bench, &one, i);
        expect_answer(&bench, &other, i);
    }
    ck_assert_uint_lt(answers_before(&bench, "query", "verify"), 100);
    ck_assert_uint_lt(answers_before(&bench, "verify", "query"), 100);
    for (int i = 0; i < 2; i++) {
        free((void *)(uintptr_t)small[i].data);
        free((void *)(uintptr_t)all[i].data);
    }
    phone_fini(&other);
    finish(&bench, &one);
}
END_TEST

enum { GREEDY = 8, DEAR = 12, PARTS = 250 };

/* Names of many parts, of a certificate whose number is known. */
static struct trust_bytes dear_queries(void)
{
    char issuer[PARTS * 8 + 1];
    for (int i = 0; i < PARTS; i++)
        memcpy(issuer + (ptrdiff_t)i * 8, "a=#3030;", 9);
    struct trust_bytes dear = phone_query(0x3ea, trust_cert_serial(pub), issuer);
    struct trust_bytes all = many(dear, 1, DEAR);
    free((void *)(uintptr_t)dear.data);
    return all;
}

static struct bench *served;
static uint64_t asked_at; /* how many dear questions had been answered when the modest one was asked */

/* Once all of the greedy have had a turn, in the middle of their next ones. */
static void ask_modestly(void *modest)
{
    if (asked_at == 0 && served->host.behind == GREEDY) {
        asked_at = served->host.stats.query;
        phone_send(modest, verify);
    }
}

/* Nor do some whose few questions are dear: who asks for one that is not is served before them all. */
START_TEST(dear_requests_come_last)
{
    struct bench bench;
    static struct phone greedy[GREEDY], modest;
    struct trust_bytes all = dear_queries();
    begin_shaken(&bench, &modest, "", NULL);
    for (uint64_t i = 0; i < GREEDY; i++) {
        bench_connect(&bench, &greedy[i], NULL);
        BENCH_UNTIL(&bench, &greedy[i], greedy[i].shaken && bench.host.stats.handshakes == i + 2);
    }
    served = &bench;
    bench.host.on_busy = ask_modestly;
    bench.host.arg = &modest;
    for (int i = 0; i < GREEDY; i++)
        phone_send(&greedy[i], all);
    expect_answer(&bench, &modest, 0x3e9);
    for (int i = 0; i < GREEDY; i++)
        for (uint32_t number = 1; number <= DEAR; number++)
            ck_assert_int_eq(expect_answer(&bench, &greedy[i], number).status, 1);
    ck_assert_uint_gt(asked_at, 0);
    ck_assert_uint_lt(asked_at, GREEDY * DEAR / 2); /* one, or hardly more, in a turn */
    ck_assert_uint_le(answers_before(&bench, "query", "verify"), asked_at + 3);
    for (int i = 0; i < GREEDY; i++)
        phone_fini(&greedy[i]);
    free((void *)(uintptr_t)all.data);
    finish(&bench, &modest);
}
END_TEST

static void count_call(void *arg)
{
    ++*(unsigned *)arg;
}

/* New connections come last, but they come, however busy the others are. */
START_TEST(busy_loops_accept)
{
    struct bench bench;
    struct phone phone;
    unsigned calls = 0;
    begin_shaken(&bench, &phone, "", NULL);
    bench.host.on_busy = count_call;
    bench.host.arg = &calls;
    bench.host.busy.turns = 0;
    for (uint32_t i = 0; i < 2 * CONN_TURNS; i++) {
        bench.host.busy.us = INT64_MIN / 2; /* however slow the machine is */
        phone_send(&phone, verify);
        expect_answer(&bench, &phone, 0x3e9);
        if (i == CONN_TURNS / 2)
            ck_assert_uint_eq(calls, 0);
    }
    ck_assert_uint_ge(calls, 2);

    /* A few turns will do if they are long. */
    calls = 0;
    bench.host.busy.turns = 0;
    bench.host.busy.us = CONN_BUSY_US;
    phone_send(&phone, verify);
    expect_answer(&bench, &phone, 0x3e9);
    ck_assert_uint_ge(calls, 1);
    finish(&bench, &phone);
}
END_TEST

/* A new snapshot counts from the next request on, on connections that are open. */
START_TEST(snapshots_change)
{
    struct bench bench;
    struct phone phone;
    begin_shaken(&bench, &phone, "", NULL);
    phone_send(&phone, verify);
    ck_assert_int_eq(expect_answer(&bench, &phone, 0x3e9).status, 0);
    struct snapshot next = bench.snapshot;
    struct trust_index *gone = index_make(NULL, 0);
    next.store = gone;
    bench.host.snapshot = &next;
    phone_send(&phone, verify);
    ck_assert_int_eq(expect_answer(&bench, &phone, 0x3e9).status, 1);
    bench.host.snapshot = &bench.snapshot;
    phone_send(&phone, verify);
    ck_assert_int_eq(expect_answer(&bench, &phone, 0x3e9).status, 0);
    trust_index_free(gone);
    finish(&bench, &phone);
}
END_TEST

/* ---- Stopping ---- */

START_TEST(drain_idle)
{
    struct bench bench;
    struct phone phone;
    begin_shaken(&bench, &phone, "", NULL);
    phone_send(&phone, verify);
    expect_answer(&bench, &phone, 0x3e9);
    conn_drain(&bench.host);
    expect_end(&bench, &phone, CONN_END_DRAINED);
    BENCH_UNTIL(&bench, &phone, phone.closed);
    finish(&bench, &phone);
}
END_TEST

/* Requests under way are answered: begun, or sent and not yet read. */
START_TEST(drain_during_a_request)
{
    struct bench bench;
    struct phone phone;
    begin_shaken(&bench, &phone, "", NULL);
    size_t first = _i == 0 ? 20 : verify.len;
    phone_send(&phone, (struct trust_bytes){verify.data, first});
    if (_i == 0)
        BENCH_UNTIL(&bench, &phone, bench.host.stats.bytes_in == 20);
    conn_drain(&bench.host);
    if (_i == 0) {
        bench_turn(&bench, &phone);
        ck_assert_uint_eq(bench.host.stats.active, 1);
        phone_send(&phone, (struct trust_bytes){verify.data + first, verify.len - first});
    }
    expect_answer(&bench, &phone, 0x3e9);
    expect_end(&bench, &phone, CONN_END_DRAINED);
    finish(&bench, &phone);
}
END_TEST

START_TEST(drain_during_the_handshake)
{
    struct bench bench;
    struct phone phone;
    begin(&bench, &phone, "", NULL);
    phone_step(&phone); /* its first bytes are there, if unread */
    conn_drain(&bench.host);
    BENCH_UNTIL(&bench, &phone, phone.shaken && bench.host.stats.handshakes == 1);
    phone_send(&phone, verify);
    expect_answer(&bench, &phone, 0x3e9);
    expect_end(&bench, &phone, CONN_END_DRAINED);
    finish(&bench, &phone);
}
END_TEST

/* A question comes a round trip after the handshake: it is waited for, but not long. */
START_TEST(drain_after_the_handshake)
{
    struct bench bench;
    struct phone phone;
    begin_shaken(&bench, &phone, "", NULL);
    conn_drain(&bench.host);
    bench_turn(&bench, &phone);
    ck_assert_uint_eq(bench.host.stats.active, 1);
    if (_i == 0) {
        phone_send(&phone, verify);
        expect_answer(&bench, &phone, 0x3e9);
    }
    expect_end(&bench, &phone, CONN_END_DRAINED);
    finish(&bench, &phone);
}
END_TEST

START_TEST(drain_timeout)
{
    struct bench bench;
    struct phone phone;
    begin_shaken(&bench, &phone, "", NULL);
    phone_send(&phone, (struct trust_bytes){verify.data, 20});
    BENCH_UNTIL(&bench, &phone, bench.host.stats.bytes_in == 20);
    conn_drain(&bench.host);
    bench_turn(&bench, &phone);
    conn_end_all(&bench.host, CONN_END_DRAIN_TIMEOUT);
    expect_end(&bench, &phone, CONN_END_DRAIN_TIMEOUT);
    finish(&bench, &phone);
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof(table)[0])

/* The timer of a connection is not set anew for each request: it fires in the middle of them, and ends nobody
 * who has just asked. */
START_TEST(asking_puts_off_the_end)
{
    struct bench bench;
    struct phone phone;
    begin_shaken(&bench, &phone, "server: { handshake_timeout: 10s, request_timeout: 10s, idle_timeout: 2s }",
                 NULL);
    const int64_t until = clock_milliseconds() + 2500;
    int64_t rested = 0; /* no later than the server has it */
    unsigned asked = 0;
    for (; clock_milliseconds() < until; asked++) {
        rested = clock_milliseconds();
        phone_send(&phone, verify);
        expect_answer(&bench, &phone, 0x3e9);
    }
    ck_assert_uint_gt(asked, 1);
    ck_assert_uint_eq(bench.host.stats.active, 1);
    expect_end(&bench, &phone, CONN_END_IDLE);
    ck_assert_int_ge(clock_milliseconds() - rested, 2000);
    finish(&bench, &phone);
}
END_TEST

Suite *suite(void)
{
    Suite *conn = suite_create("conn");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_unchecked_fixture(all, scene_set_up, scene_tear_down);
    tcase_add_loop_test(all, all_classes_are_answered, 0, COUNT(classes));
    tcase_add_test(all, weak_phones_are_named_once);
    tcase_add_test(all, byte_by_byte);
    tcase_add_loop_test(all, joined_and_split, 0, 5);
    tcase_add_test(all, longest_message);
    tcase_add_test(all, back_pressure);
    tcase_add_test(all, back_pressure_of_small_answers);
    tcase_add_test(all, fair_turns);
    tcase_add_test(all, dear_requests_come_last);
    tcase_add_test(all, busy_loops_accept);
    tcase_add_test(all, snapshots_change);
    tcase_add_test(all, drain_idle);
    tcase_add_loop_test(all, drain_during_a_request, 0, 2);
    tcase_add_test(all, drain_during_the_handshake);
    tcase_add_loop_test(all, drain_after_the_handshake, 0, 2);
    tcase_add_test(all, drain_timeout);
    tcase_add_test(all, asking_puts_off_the_end);
    suite_add_tcase(conn, all);
    return conn;
}
