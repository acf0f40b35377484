/* Handshakes that fail: why, and what the log says that can be done. */
#include "helper_scene.h"
#include "tests/check_main.h"

#include <stdio.h>
#include <string.h>

START_TEST(gone_before_a_byte)
{
    struct bench bench;
    struct phone phone;
    begin(&bench, &phone, "", NULL);
    phone_hang_up(&phone);
    expect_end(&bench, &phone, CONN_END_SILENT);
    BENCH_NOT_LOGGED(&bench, "tls-refused");
    finish(&bench, &phone);
}
END_TEST

START_TEST(gone_during_the_handshake)
{
    struct bench bench;
    struct phone phone;
    begin(&bench, &phone, "", NULL);
    phone_step(&phone);
    bench_begin();
    bench_turn(&bench, NULL);
    phone_raw_suite(&phone);
    phone_hang_up(&phone);
    expect_end(&bench, &phone, CONN_END_HANDSHAKE_FAILED);
    BENCH_LOGGED(
        &bench,
        "event=tls-refused reason=\"the client at local closed the connection during the handshake\"");
    BENCH_LOGGED(&bench, "detail=abandoned");
    finish(&bench, &phone);
}
END_TEST

/* Bytes of ours lie unread when it goes, so that it is a reset. It has either only seen our certificate, or
 * sent its key, which no phone does for a certificate that it does not take. */
START_TEST(reset_during_the_handshake)
{
    const bool has_taken_it = _i == 1;
    struct bench bench;
    struct phone phone;
    begin(&bench, &phone, "", &(struct phone_options){.newest = TLS1_2_VERSION});
    phone_step(&phone);
    bench_begin();
    bench_turn(&bench, NULL);
    if (has_taken_it)
        phone_step(&phone);
    phone_hang_up(&phone);
    expect_end(&bench, &phone, CONN_END_HANDSHAKE_FAILED);
    BENCH_LOGGED(&bench, "detail=reset");
    ck_assert_int_eq(strstr(bench_log(&bench), "its lists do not hold") == NULL, has_taken_it);
    finish(&bench, &phone);
}
END_TEST

/* The commonest trouble: our certificate is not in the phone's lists. */
START_TEST(our_certificate_is_unknown)
{
    static const int newest[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    struct bench bench;
    struct phone phone;
    char serial[2 * 20 + 1], words[300];
    begin(&bench, &phone, "", &(struct phone_options){.newest = newest[_i]});
    SSL_set_verify(phone.ssl, SSL_VERIFY_PEER, NULL);
    expect_end(&bench, &phone, CONN_END_HANDSHAKE_FAILED);
    BENCH_LOGGED(&bench, "event=tls-refused reason=\"the client at local refused us with an alert: ");
    snprintf(
        words, sizeof words,
        " remedy=\"its lists do not hold the TVS certificate with serial number %s: give it an ITL that does "
        "(`tvsctl utils itl update`)\" device=\"\" count=1\n",
        trust_hex(trust_cert_serial(server.cert), 0, true, serial));
    BENCH_LOGGED(&bench, words);
    finish(&bench, &phone);
}
END_TEST

static const struct {
    const char *yaml;
    struct phone_options phone;
    const char *line;
} refused[] = {
    {"",
     {.oldest = TLS1_VERSION, .newest = TLS1_VERSION},
     "event=tls-refused reason=\"the client at local (if it is a phone: 79xx, 69xx, 89xx or 99xx) offered "
     "TLS "
     "1.0 only; tls.minimum is 1.2: the phone shows 'Host not found'\" peer=local setting=tls.minimum "
     "remedy=\"if it is one of yours: tls.minimum: 1.0 in tvsd.yaml, and `tvsctl utils service "
     "reload`\" device=\"\" count=1\n"},
    {"tls: { minimum: \"1.3\" }",
     {.newest = TLS1_2_VERSION},
     "event=tls-refused reason=\"the client at local offered TLS 1.2 only; tls.minimum is 1.3: the phone "
     "shows "
     "'Host not found'\" peer=local setting=tls.minimum"},
    {"tls: { rsa_key_exchange: false }",
     {.newest = TLS1_2_VERSION, .ciphers = "AES128-SHA:@SECLEVEL=0"},
     "event=tls-refused reason=\"the client at local can only do RSA key exchange, which is switched off\" "
     "peer=local setting=tls.rsa_key_exchange remedy=\"if it is one of yours: tls.rsa_key_exchange: true in "
     "tvsd.yaml, and `tvsctl utils service reload`\""},
    {"",
     {.newest = TLS1_2_VERSION, .ciphers = "ECDHE-RSA-AES128-SHA:@SECLEVEL=0"},
     "event=tls-refused reason=\"the client at local offered no cipher suite that is allowed here: "},
    {"",
     {.newest = TLS1_2_VERSION, .ciphers = "ECDHE-RSA-AES128-GCM-SHA256", .groups = "X448:P-521"},
     "event=tls-refused reason=\"the client at local offered no cipher suite that is allowed here: ECDHE, "
     "but on neither of the "
     "curves X25519 and P-256\""},
    {"",
     {.newest = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"},
     "event=tls-refused reason=\"the client at local offered no cipher suite that is allowed here: ECDHE for "
     "an EC certificate "
     "alone, and the server has none for it\""},
    {"",
     {.newest = TLS1_2_VERSION, .signatures = "RSA+SHA1"},
     "event=tls-refused reason=\"the client at local accepts no signature algorithm that is allowed here: "
     "nothing stronger "
     "than SHA-1\" peer=local setting=\"\""},
    {"",
     {.oldest = TLS1_3_VERSION, .signatures = "ECDSA+SHA256"}, /* for a key that the server has not */
     "event=tls-refused reason=\"the client at local accepts no signature algorithm that is allowed here: no "
     "s"},
    {"",
     {.oldest = TLS1_2_VERSION, .newest = TLS1_2_VERSION, .fallback = true},
     "event=tls-refused reason=\"the client at local says that it fell back from a newer version, which is "
     "allowed here\" "
     "peer=local setting=\"\""},
};

START_TEST(refusals_are_explained)
{
    struct bench bench;
    struct phone phone;
    begin(&bench, &phone, refused[_i].yaml, &refused[_i].phone);
    expect_end(&bench, &phone, CONN_END_HANDSHAKE_FAILED);
    BENCH_LOGGED(&bench, refused[_i].line);
    BENCH_UNTIL(&bench, &phone, phone.failed);
    phone_fini(&phone);
    /* The same from the same address is not said again within a minute; something else is. */
    bench_connect(&bench, &phone, &refused[_i].phone);
    BENCH_UNTIL(&bench, &phone, bench.host.stats.active == 0);
    phone_fini(&phone);
    bench_connect(&bench, &phone, NULL);
    phone_send_raw(&phone, (struct trust_bytes){(const uint8_t *)"GET / HTTP/1.1\r\n\r\n", 18});
    BENCH_UNTIL(&bench, NULL, bench.host.stats.active == 0);
    ck_assert_uint_eq(bench_logged(&bench, refused[_i].line), 1);
    BENCH_LOGGED(&bench, "event=tls-refused reason=\"the client at local spoke HTTP without TLS: ");
    BENCH_LOGGED(&bench, "setting=\"\" remedy=\"no phone does that: see what runs at that address\"");
    ck_assert_uint_eq(bench.host.stats.ends[CONN_END_HANDSHAKE_FAILED], 3);
    finish(&bench, &phone);
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof(table)[0])

Suite *suite(void)
{
    Suite *handshake = suite_create("conn_handshake");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_unchecked_fixture(all, scene_set_up, scene_tear_down);
    tcase_add_test(all, gone_before_a_byte);
    tcase_add_test(all, gone_during_the_handshake);
    tcase_add_loop_test(all, reset_during_the_handshake, 0, 2);
    tcase_add_loop_test(all, our_certificate_is_unknown, 0, 2);
    tcase_add_loop_test(all, refusals_are_explained, 0, COUNT(refused));
    suite_add_tcase(handshake, all);
    return handshake;
}
