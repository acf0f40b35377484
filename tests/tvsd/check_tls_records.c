/* TLS records that carry nothing, and are sent all the same: a few are borne, more end the connection, and
 * what one step takes of them is bounded. */
#include "helper_scene.h"
#include "helper_seal.h"
#include "tests/check_main.h"
#include "tvsd/tls.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANY_VERSION "tls: { minimum: \"1.0\" }"

static const struct phone_options sealing_12 = {.newest = TLS1_2_VERSION,
                                                .ciphers = SEAL_SUITE_12 ":@SECLEVEL=0"};
static const struct phone_options sealing_13 = {.oldest = TLS1_3_VERSION, .suites = SEAL_SUITE_13};

/* ---- Renegotiation ---- */

static void expect_failure(struct bench *bench, enum tls_failure failure, const char *detail)
{
    char line[200];
    ck_assert_uint_eq(bench->host.stats.tls_failures[failure], 1);
    snprintf(line, sizeof line, "event=conn-closed reason=tls-failed peer=local requests=1 ms=");
    BENCH_LOGGED(bench, line);
    if (detail[0] == '\0')
        return;
    snprintf(line, sizeof line, " detail=\"%s\"\n", detail);
    BENCH_LOGGED(bench, line);
    snprintf(line, sizeof line,
             "level=warning event=request-refused reason=\"the client at local broke off TLS after the "
             "handshake: %s\"",
             detail);
    BENCH_LOGGED(bench, line);
}

/* The first attempt ends it. What was answered in an earlier turn has gone out. */
START_TEST(renegotiation)
{
    static const int versions[] = {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION};
    struct bench bench;
    struct phone phone;
    begin_shaken(&bench, &phone, ANY_VERSION,
                 &(struct phone_options){.oldest = versions[_i], .newest = versions[_i]});
    phone_send(&phone, verify);
    expect_answer(&bench, &phone, 0x3e9);
    ck_assert_int_eq(SSL_renegotiate(phone.ssl), 1);
    SSL_do_handshake(phone.ssl);
    ERR_clear_error();
    expect_end(&bench, NULL, CONN_END_TLS_FAILED);
    expect_failure(&bench, TLS_FAILURE_RENEGOTIATION, "it wanted to renegotiate");
    finish(&bench, &phone);
}
END_TEST

/* ---- Floods ---- */

#define SEAL_AS_IT_IS 0

/* How many are borne, and what more come to; "": versions of OpenSSL have different words. */
static const struct {
    const char *name;
    bool is_13;
    uint8_t type;
    struct trust_bytes text;
    int borne;
    enum tls_failure failure;
    const char *detail;
} floods[] = {
#define TEXT(text)                                                                                           \
    {                                                                                                        \
        (const uint8_t *)(text), sizeof(text) - 1                                                            \
    }
    {"warnings", false, SEAL_ALERT, TEXT("\1\x5a"), 4, TLS_FAILURE_FLOOD, "too many warn alerts"},
    {"warnings, 1.3", true, SEAL_ALERT, TEXT("\1\x5a"), 4, TLS_FAILURE_FLOOD, "too many warn alerts"},
    {"empty", false, SEAL_APPLICATION, TEXT(""), 32, TLS_FAILURE_FLOOD, "record too small"},
    {"empty, 1.3", true, SEAL_APPLICATION, TEXT(""), 32, TLS_FAILURE_FLOOD, "record too small"},
    {"hellos", false, SEAL_HANDSHAKE, TEXT("\1\0\0\0"), 0, TLS_FAILURE_RENEGOTIATION,
     "it wanted to renegotiate"},
    {"pieces of hellos", false, SEAL_HANDSHAKE, TEXT("\1"), 0, TLS_FAILURE_RENEGOTIATION,
     "it wanted to renegotiate"},
    {"CCS, 1.3", true, SEAL_AS_IT_IS, TEXT("\x14\3\3\0\1\1"), 0, TLS_FAILURE_PROTOCOL, ""},
    {"tickets", true, SEAL_HANDSHAKE, TEXT("\4\0\0\0"), 0, TLS_FAILURE_PROTOCOL, "unexpected message"},
    {"hellos, 1.3", true, SEAL_HANDSHAKE, TEXT("\1\0\0\0"), 0, TLS_FAILURE_PROTOCOL, "unexpected message"},
};

static void send_sealed(struct phone *phone, struct seal *seal, uint8_t type, struct trust_bytes text,
                        int times)
{
    static uint8_t records[160000];
    size_t len = 0;
    for (int i = 0; i < times; i++) {
        uint8_t record[SEAL_RECORD_MAX];
        size_t size = text.len;
        if (type == SEAL_AS_IT_IS)
            memcpy(record, text.data, size);
        else
            size = seal_record(seal, type, text.data, text.len, record);
        ck_assert_uint_gt(size, 0);
        ck_assert_uint_le(len + size, sizeof records);
        memcpy(records + len, record, size);
        len += size;
    }
    phone_send_raw(phone, (struct trust_bytes){records, len});
}

START_TEST(floods_end)
{
    struct bench bench;
    struct phone phone;
    struct seal seal;
    begin(&bench, &phone, ANY_VERSION, floods[_i].is_13 ? &sealing_13 : &sealing_12);
    seal_listen(phone.ctx);
    BENCH_UNTIL(&bench, &phone, phone.shaken && bench.host.stats.handshakes == 1);
    ck_assert(seal_begin(&seal, phone.ssl));
    send_sealed(&phone, &seal, floods[_i].type, floods[_i].text, floods[_i].borne);
    send_sealed(&phone, &seal, SEAL_APPLICATION, verify, 1);
    expect_answer(&bench, &phone, 0x3e9);
    send_sealed(&phone, &seal, floods[_i].type, floods[_i].text, 2000);
    expect_end(&bench, NULL, CONN_END_TLS_FAILED);
    expect_failure(&bench, floods[_i].failure, floods[_i].detail);
    finish(&bench, &phone);
}
END_TEST

/* Each is new keys for both sides. 1: the server is to change its own, too. */
START_TEST(key_updates)
{
    struct bench bench;
    struct phone phone;
    begin_shaken(&bench, &phone, "", &(struct phone_options){.oldest = TLS1_3_VERSION});
    for (int i = 0; i < 40; i++) {
        if (i == 32) {
            phone_send(&phone, verify);
            expect_answer(&bench, &phone, 0x3e9);
        }
        ck_assert_int_eq(
            SSL_key_update(phone.ssl, _i == 0 ? SSL_KEY_UPDATE_NOT_REQUESTED : SSL_KEY_UPDATE_REQUESTED), 1);
        ck_assert_int_eq(SSL_do_handshake(phone.ssl), 1);
    }
    expect_end(&bench, &phone, CONN_END_TLS_FAILED);
    expect_failure(&bench, TLS_FAILURE_FLOOD, "too many key updates");
    finish(&bench, &phone);
}
END_TEST

/* ---- What one step takes ---- */

static int waiting(int fd)
{
    int bytes = 0;
    ck_assert_int_eq(ioctl(fd, FIONREAD, &bytes), 0);
    return bytes;
}

static struct tls *accept_on(int fd, struct tls_context **context)
{
    struct trust_error err = {0};
    const struct config config = {.tls = {.minimum = CONFIG_TLS_1_2, .rsa_key_exchange = true}};
    ck_assert_msg(tls_context_new(&config, server.cert, server.key, NULL, context, &err) == 0, "%s",
                  err.text);
    struct tls *tls = tls_new(*context, fd);
    ck_assert_ptr_nonnull(tls);
    return tls;
}

/* A ClientHello of 120 000 bytes in records of one byte each: OpenSSL would read it whole. */
START_TEST(handshake_step_is_bounded)
{
    enum { BYTES = 16000, RECORD = 6 };
    struct phone phone;
    struct tls_context *context;
    static uint8_t records[BYTES * RECORD];
    int fd = phone_connect(&phone, NULL), steps = 0;
    struct tls *tls = accept_on(fd, &context);
    for (size_t i = 0; i < BYTES; i++) {
        const uint8_t hello[] = {1, 1, 0xd4, 0xc0, 3, 3};
        const uint8_t record[RECORD] = {SEAL_HANDSHAKE, 3, 1, 0, 1, i < sizeof hello ? hello[i] : 0};
        memcpy(records + i * RECORD, record, RECORD);
    }
    phone_send_raw(&phone, (struct trust_bytes){records, sizeof records});
    int before = waiting(fd);
    ck_assert_int_eq(before, sizeof records);
    while (before > 0) {
        ck_assert_int_eq(tls_handshake(tls), TLS_STEP_WANT_READ);
        ck_assert_int_gt(before - waiting(fd), 0);
        ck_assert_int_le(before - waiting(fd),
                         32768 + 17000); /* and what the last call of the system brings */
        before = waiting(fd);
        steps++;
    }
    ck_assert_int_ge(steps, 2);
    tls_free(tls);
    tls_context_free(context);
    phone_fini(&phone);
    close(fd);
}
END_TEST

static void shake(struct tls *tls, struct phone *phone)
{
    for (int i = 0; i < 10 && !phone->shaken; i++) {
        phone_step(phone);
        tls_handshake(tls);
    }
    ck_assert_int_eq(tls_handshake(tls), TLS_STEP_DONE);
}

/* Empty records, each padded to the size of the largest: OpenSSL would read 32 of them, half a megabyte. */
START_TEST(read_step_is_bounded)
{
    enum { RECORDS = 8 };
    static const struct trust_bytes nothing = {(const uint8_t *)"", 0};
    struct phone phone;
    struct seal seal;
    struct tls_context *context;
    uint8_t into[4096];
    size_t got;
    int fd = phone_connect(&phone, &sealing_13), steps = 0;
    struct tls *tls = accept_on(fd, &context);
    seal_listen(phone.ctx);
    shake(tls, &phone);
    ck_assert(seal_begin(&seal, phone.ssl));
    seal.padding = SEAL_TEXT_MAX;
    send_sealed(&phone, &seal, SEAL_APPLICATION, nothing, RECORDS);
    int before = waiting(fd);
    ck_assert_int_gt(before, RECORDS * SEAL_TEXT_MAX);
    while (before > 0) {
        ck_assert_int_eq(tls_read(tls, into, sizeof into, &got), TLS_STEP_WANT_READ);
        ck_assert_int_gt(before - waiting(fd), 0);
        ck_assert_int_le(before - waiting(fd), 32768 + SEAL_RECORD_MAX);
        before = waiting(fd);
        steps++;
    }
    ck_assert_int_ge(steps, 2);
    seal.padding = 0;
    send_sealed(&phone, &seal, SEAL_APPLICATION, verify, 1);
    ck_assert_int_eq(tls_read(tls, into, sizeof into, &got), TLS_STEP_DONE);
    ck_assert_mem_eq(into, verify.data, verify.len);
    tls_free(tls);
    tls_context_free(context);
    phone_fini(&phone);
    close(fd);
}
END_TEST

/* A flood costs no more than its first record: it is neither answered nor read on. */
START_TEST(floods_are_not_answered)
{
    struct bench bench;
    struct phone phone;
    struct seal seal;
    uint8_t bytes[4096];
    ssize_t got = 0, n;
    begin(&bench, &phone, "", &sealing_12);
    BENCH_UNTIL(&bench, &phone, phone.shaken && bench.host.stats.handshakes == 1);
    ck_assert(seal_begin(&seal, phone.ssl));
    send_sealed(&phone, &seal, SEAL_HANDSHAKE, (struct trust_bytes){(const uint8_t *)"\1\0\0\0", 4}, 3000);
    expect_end(&bench, NULL, CONN_END_TLS_FAILED);
    while ((n = recv(phone.fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
        got += n;
    ck_assert_int_eq(got, 0);
    finish(&bench, &phone);
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof(table)[0])

Suite *suite(void)
{
    Suite *records = suite_create("tls_records");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_unchecked_fixture(all, scene_set_up, scene_tear_down);
    tcase_add_loop_test(all, renegotiation, 0, 3);
    tcase_add_loop_test(all, floods_end, 0, COUNT(floods));
    tcase_add_loop_test(all, key_updates, 0, 2);
    tcase_add_test(all, handshake_step_is_bounded);
    tcase_add_test(all, read_step_is_bounded);
    tcase_add_test(all, floods_are_not_answered);
    suite_add_tcase(records, all);
    return records;
}
