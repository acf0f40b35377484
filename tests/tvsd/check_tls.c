/* Handshakes between tls.c and OpenSSL's client, over a pair of sockets in one thread. */
#include "helper_tls.h"
#include "tests/check_main.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct {
    const char *name;
    enum server server;
    int minimum;
    bool rsa_key_exchange;
    struct phone_options phone;
    enum tls_class class;     /* UNKNOWN: refused with */
    enum tls_failure failure; /* this */
    const char *protocol, *cipher;
} clients[] = {
#define V0                       CONFIG_TLS_1_0
#define V1                       CONFIG_TLS_1_1
#define V2                       CONFIG_TLS_1_2
#define V3                       CONFIG_TLS_1_3
#define C10                      .oldest = TLS1_VERSION, .newest = TLS1_VERSION
#define C11                      .oldest = TLS1_1_VERSION, .newest = TLS1_1_VERSION
#define C12                      .oldest = TLS1_2_VERSION, .newest = TLS1_2_VERSION
#define C13                      .oldest = TLS1_3_VERSION, .newest = TLS1_3_VERSION
#define ALL                      .oldest = TLS1_VERSION, .newest = TLS1_3_VERSION
#define STRICT(protocol, cipher) TLS_CLASS_STRICT, TLS_FAILURE_NONE, protocol, cipher
#define WEAK(cipher)             TLS_CLASS_RSA, TLS_FAILURE_NONE, "TLSv1.2", cipher
#define LEGACY(protocol, cipher) TLS_CLASS_LEGACY, TLS_FAILURE_NONE, protocol, cipher
#define REFUSED(why)             TLS_CLASS_UNKNOWN, TLS_FAILURE_##why, NULL, NULL
    /* Who can do better gets better. */
    {"everything", ON_RSA, V2, true, {ALL}, STRICT("TLSv1.3", "TLS_AES_128_GCM_SHA256")},
    {"everything, all allowed", ON_RSA, V0, true, {ALL}, STRICT("TLSv1.3", "TLS_AES_128_GCM_SHA256")},
    {"1.3 alone", ON_RSA, V3, true, {C13}, STRICT("TLSv1.3", "TLS_AES_128_GCM_SHA256")},
    {"1.3, EC", ON_EC, V2, true, {C13}, STRICT("TLSv1.3", "TLS_AES_128_GCM_SHA256")},
    {"1.3, EC P-384", ON_EC384, V2, true, {C13}, STRICT("TLSv1.3", "TLS_AES_128_GCM_SHA256")},
    {"1.3, small key", ON_SMALL, V2, true, {C13}, STRICT("TLSv1.3", "TLS_AES_128_GCM_SHA256")},
    {"1.3, P-256 behind another group",
     ON_RSA,
     V2,
     true,
     {C13, .groups = "P-521:P-256"},
     STRICT("TLSv1.3", "TLS_AES_128_GCM_SHA256")},
    {"1.3, no group of ours", ON_RSA, V2, true, {C13, .groups = "P-521"}, REFUSED(CIPHER)},
    {"1.2", ON_RSA, V2, true, {C12}, STRICT("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256")},
    {"1.2, EC", ON_EC, V2, true, {C12}, STRICT("TLSv1.2", "ECDHE-ECDSA-AES128-GCM-SHA256")},
    {"1.2, EC P-384",
     ON_EC384,
     V2,
     true,
     {C12, .groups = "P-384:P-256"},
     STRICT("TLSv1.2", "ECDHE-ECDSA-AES128-GCM-SHA256")},
    {"1.2, small key", ON_SMALL, V2, true, {C12}, STRICT("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256")},
    {"1.2, small key, AES-256",
     ON_SMALL,
     V2,
     true,
     {C12, .ciphers = "ECDHE-RSA-AES256-GCM-SHA384:@SECLEVEL=0"},
     STRICT("TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384")},
    {"1.2, RSA key exchange first",
     ON_RSA,
     V0,
     true,
     {C12, .ciphers = "AES256-SHA:ECDHE-RSA-AES256-GCM-SHA384:@SECLEVEL=0"},
     STRICT("TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384")},
    /* RSA key exchange. */
    {"AES256-SHA", ON_RSA, V2, true, {C12, .ciphers = "AES256-SHA:@SECLEVEL=0"}, WEAK("AES256-SHA")},
    {"AES128-SHA", ON_RSA, V0, true, {C12, .ciphers = "AES128-SHA:@SECLEVEL=0"}, WEAK("AES128-SHA")},
    {"AES256-SHA, small key",
     ON_SMALL,
     V2,
     true,
     {C12, .ciphers = "AES256-SHA:@SECLEVEL=0"},
     WEAK("AES256-SHA")},
    {"RSA and GCM",
     ON_RSA,
     V2,
     true,
     {C12, .ciphers = "AES256-SHA:AES128-GCM-SHA256:@SECLEVEL=0"},
     WEAK("AES128-GCM-SHA256")},
    {"1.3 with suites of its own, or 1.2",
     ON_RSA,
     V2,
     true,
     {.suites = "TLS_AES_128_CCM_SHA256"},
     STRICT("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256")},
    {"1.3 with suites of its own, below 1.3",
     ON_RSA,
     V3,
     true,
     {.suites = "TLS_AES_128_CCM_SHA256"},
     REFUSED(CIPHER)},
    {"ECDHE for another key",
     ON_RSA,
     V2,
     true,
     {C12, .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:AES256-SHA:@SECLEVEL=0"},
     WEAK("AES256-SHA")},
    {"ECDHE with another group",
     ON_RSA,
     V2,
     true,
     {C12, .ciphers = "ECDHE-RSA-AES128-GCM-SHA256:AES256-SHA:@SECLEVEL=0", .groups = "P-521"},
     WEAK("AES256-SHA")},
    {"1.0 to 1.2 with AES256-SHA",
     ON_RSA,
     V0,
     true,
     {.oldest = TLS1_VERSION, .newest = TLS1_2_VERSION, .ciphers = "AES256-SHA:@SECLEVEL=0"},
     WEAK("AES256-SHA")},
    {"AES256-SHA, switched off",
     ON_RSA,
     V2,
     false,
     {C12, .ciphers = "AES256-SHA:@SECLEVEL=0"},
     REFUSED(RSA_KEY_EXCHANGE)},
    {"AES256-SHA, EC", ON_EC, V2, true, {C12, .ciphers = "AES256-SHA:@SECLEVEL=0"}, REFUSED(CIPHER)},
    {"ECDHE with CBC alone",
     ON_RSA,
     V0,
     true,
     {C12, .ciphers = "ECDHE-RSA-AES256-SHA:@SECLEVEL=0"},
     REFUSED(CIPHER)},
    {"DHE alone",
     ON_RSA,
     V0,
     true,
     {C12, .ciphers = "DHE-RSA-AES256-GCM-SHA384:@SECLEVEL=0"},
     REFUSED(CIPHER)},
    /* SHA-1. */
    {"SHA-1 signatures alone",
     ON_RSA,
     V0,
     true,
     {C12, .signatures = "RSA+SHA1:ECDSA+SHA1"},
     REFUSED(SIGNATURE)},
    {"SHA-1 signatures alone, small key",
     ON_SMALL,
     V0,
     true,
     {C12, .signatures = "RSA+SHA1"},
     REFUSED(SIGNATURE)},
    {"SHA-1 signatures alone, RSA key exchange",
     ON_RSA,
     V0,
     true,
     {C12, .signatures = "RSA+SHA1", .ciphers = "AES256-SHA:@SECLEVEL=0"},
     REFUSED(SIGNATURE)},
    {"SHA-1 among others",
     ON_RSA,
     V2,
     true,
     {C12, .signatures = "RSA+SHA1:RSA+SHA512"},
     STRICT("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256")},
    /* Old phones. */
    {"1.0", ON_RSA, V0, false, {C10}, LEGACY("TLSv1", "AES256-SHA")},
    {"1.0 AES128-SHA",
     ON_RSA,
     V0,
     true,
     {C10, .ciphers = "AES128-SHA:@SECLEVEL=0"},
     LEGACY("TLSv1", "AES128-SHA")},
    {"1.0, small key", ON_SMALL, V0, true, {C10}, LEGACY("TLSv1", "AES256-SHA")},
    {"1.1", ON_RSA, V0, true, {C11}, LEGACY("TLSv1.1", "AES256-SHA")},
    {"1.1 allowed", ON_RSA, V1, true, {C11}, LEGACY("TLSv1.1", "AES256-SHA")},
    {"1.0 of 1.0 and 1.1",
     ON_RSA,
     V1,
     true,
     {.oldest = TLS1_VERSION, .newest = TLS1_1_VERSION},
     LEGACY("TLSv1.1", "AES256-SHA")},
    {"1.0 below 1.1", ON_RSA, V1, true, {C10}, REFUSED(VERSION)},
    {"1.0 below 1.2", ON_RSA, V2, true, {C10}, REFUSED(VERSION)},
    {"1.1 below 1.2", ON_RSA, V2, true, {C11}, REFUSED(VERSION)},
    {"1.2 below 1.3", ON_RSA, V3, true, {C12}, REFUSED(VERSION)},
    {"AES256-SHA below 1.3", ON_RSA, V3, true, {C12, .ciphers = "AES256-SHA:@SECLEVEL=0"}, REFUSED(VERSION)},
    {"1.0 ECDHE alone",
     ON_RSA,
     V0,
     true,
     {C10, .ciphers = "ECDHE-RSA-AES256-SHA:@SECLEVEL=0"},
     REFUSED(CIPHER)},
    {"1.0, EC", ON_EC, V0, true, {C10}, REFUSED(CIPHER)},
    /* Fallbacks (RFC 7507). */
    {"1.2 after 1.3", ON_RSA, V2, true, {C12, .fallback = true}, REFUSED(FALLBACK)},
    {"1.1 after 1.2", ON_RSA, V0, true, {C11, .fallback = true}, REFUSED(FALLBACK)},
};

START_TEST(clients_by_class)
{
    struct phone phone;
    struct tls_context *context =
        context_make(clients[_i].server, clients[_i].minimum, clients[_i].rsa_key_exchange, NULL);
    int fd = phone_connect(&phone, &clients[_i].phone);
    struct tls *tls = tls_new(context, fd);
    tls_context_free(context); /* the connection does without */
    enum tls_step step = shake(tls, &phone);
    ck_assert_msg((int)tls_failure(tls) == (int)clients[_i].failure, "%s: %s: %s", clients[_i].name,
                  tls_failure_name(tls_failure(tls)), tls_failure_detail(tls));
    if (clients[_i].class != TLS_CLASS_UNKNOWN) {
        ck_assert_msg(step == TLS_STEP_DONE, "%s", clients[_i].name);
        ck_assert_msg(tls_class(tls) == clients[_i].class, "%s: class %d", clients[_i].name,
                      (int)tls_class(tls));
        ck_assert_str_eq(tls_protocol(tls), clients[_i].protocol);
        ck_assert_str_eq(tls_cipher(tls), clients[_i].cipher);
        ck_assert(phone.shaken);
    } else {
        ck_assert_msg(step == TLS_STEP_FAILED, "%s: step %d", clients[_i].name, (int)step);
        ck_assert_msg(phone.failed, "%s", clients[_i].name);
    }
    tls_free(tls);
    phone_fini(&phone);
    close(fd);
}
END_TEST

/* A ClientHello without any extension, as the oldest phones send it. */
static const struct {
    int minimum, version;
    uint16_t suites[2];
    int suite;
    enum tls_failure failure;
} bare[] = {
    {CONFIG_TLS_1_0, 0x0301, {0x0035, 0x002f}, 0x0035, TLS_FAILURE_NONE},
    {CONFIG_TLS_1_0, 0x0301, {0x0a0a, 0x002f}, 0x002f, TLS_FAILURE_NONE},
    {CONFIG_TLS_1_0, 0x0303, {0x0035, 0x00ff}, 0x0035, TLS_FAILURE_NONE},
    {CONFIG_TLS_1_2, 0x0303, {0x1a1a, 0x0035}, 0x0035, TLS_FAILURE_NONE},
    {CONFIG_TLS_1_2, 0x0303, {0xc02f, 0x0035}, 0x0035, TLS_FAILURE_NONE}, /* ECDHE would sign with SHA-1 */
    {CONFIG_TLS_1_2, 0x0303, {0xc02f, 0xc030}, 0, TLS_FAILURE_SIGNATURE},
    {CONFIG_TLS_1_2, 0x0304, {0x0035, 0x002f}, 0x0035, TLS_FAILURE_NONE}, /* 1.3 is not said this way */
    {CONFIG_TLS_1_2, 0x0301, {0x0035, 0x002f}, 0, TLS_FAILURE_VERSION},
    {CONFIG_TLS_1_0, 0x0300, {0x0035, 0x002f}, 0, TLS_FAILURE_VERSION},
    {CONFIG_TLS_1_0, 0x0301, {0x0005, 0x000a}, 0, TLS_FAILURE_CIPHER}, /* RC4, 3DES */
};

START_TEST(bare_hellos)
{
    struct phone phone;
    struct tls_context *context = context_make(ON_RSA, bare[_i].minimum, true, NULL);
    int fd = phone_connect(&phone, NULL);
    struct tls *tls = tls_new(context, fd);
    phone_send_raw(&phone, phone_bare_hello(bare[_i].version, bare[_i].suites, 2));
    enum tls_step step = tls_handshake(tls);
    ck_assert_int_eq(phone_raw_suite(&phone), bare[_i].suite);
    ck_assert_int_eq(step, bare[_i].suite != 0 ? TLS_STEP_WANT_READ : TLS_STEP_FAILED);
    ck_assert_int_eq(tls_failure(tls), bare[_i].failure);
    tls_free(tls);
    tls_context_free(context);
    phone_fini(&phone);
    close(fd);
}
END_TEST

/* What is no TLS. */
static const struct {
    const char *text;
    size_t len;
    enum tls_failure failure;
} strangers[] = {
#define STRANGER(text) text, sizeof(text) - 1
    {STRANGER("GET / HTTP/1.0\r\n\r\n"), TLS_FAILURE_PLAIN_HTTP},
    {STRANGER("CONNECT example.org:443 HTTP/1.0\r\n\r\n"), TLS_FAILURE_PLAIN_HTTP},
    {STRANGER("\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17"), TLS_FAILURE_NOT_TLS},
    {STRANGER("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), TLS_FAILURE_NOT_TLS},
    {STRANGER("\x57\1\1\0\0\0\0\1\0\0\0\0\0"), TLS_FAILURE_NOT_TLS},
    {STRANGER("\x16\3\1\xff\xff\1\0\0\0\0\0\0"), TLS_FAILURE_NOT_TLS},
    {STRANGER("\x15\3\1\0\2\2\x28"), TLS_FAILURE_NOT_TLS}, /* an alert, but no hello before it */
    {STRANGER("\x16\3\1\0\x0a\1\0\0\6\3\3\0\0\0\0"), TLS_FAILURE_PROTOCOL},
};

START_TEST(strange_bytes)
{
    struct phone phone;
    struct tls_context *context = context_make(ON_RSA, CONFIG_TLS_1_0, true, NULL);
    int fd = phone_connect(&phone, NULL);
    struct tls *tls = tls_new(context, fd);
    ck_assert_int_eq(tls_handshake(tls), TLS_STEP_WANT_READ);
    ck_assert(!tls_heard(tls));
    phone_send_raw(&phone, (struct trust_bytes){(const uint8_t *)strangers[_i].text, strangers[_i].len});
    ck_assert_int_eq(tls_handshake(tls), TLS_STEP_FAILED);
    ck_assert(tls_heard(tls));
    ck_assert_msg(tls_failure(tls) == strangers[_i].failure, "%s (%s)", tls_failure_name(tls_failure(tls)),
                  tls_failure_detail(tls));
    ck_assert_uint_eq(ERR_peek_error(), 0);
    tls_free(tls);
    tls_context_free(context);
    phone_fini(&phone);
    close(fd);
}
END_TEST

/* A phone that goes away: before a byte, in the middle of the handshake, with a reset. */
START_TEST(gone_during_handshake)
{
    struct phone phone;
    struct tls_context *context = context_make(ON_RSA, CONFIG_TLS_1_2, true, NULL);
    int fd = phone_connect(&phone, NULL);
    struct tls *tls = tls_new(context, fd);
    if (_i > 0) {
        phone_step(&phone);
        ck_assert_int_eq(tls_handshake(tls),
                         TLS_STEP_WANT_READ); /* its hello lies in the phone's queue, unread */
    }
    if (_i == 1)
        phone_raw_suite(&phone); /* now it is read: closing does not reset */
    phone_hang_up(&phone);
    enum tls_step step = tls_handshake(tls);
    ck_assert_int_eq(step, _i == 0 ? TLS_STEP_CLOSED : TLS_STEP_FAILED);
    ck_assert_int_eq(tls_heard(tls), _i > 0);
    ck_assert_int_eq(tls_failure(tls), _i == 0   ? TLS_FAILURE_NONE
                                       : _i == 1 ? TLS_FAILURE_ABANDONED
                                                 : TLS_FAILURE_RESET);
    tls_free(tls);
    tls_context_free(context);
    phone_fini(&phone);
    close(fd);
}
END_TEST

static const struct phone_options below_tls13[] = {
    {C12}, {C12, .ciphers = "AES256-SHA:@SECLEVEL=0"}, {C11}, {C10}};

/* RFC 8446, 4.1.3: the server's random says that it could have done better. */
START_TEST(pushed_down_clients_can_tell)
{
    struct phone phone;
    uint8_t random[SSL3_RANDOM_SIZE];
    struct tls_context *context = context_make(ON_RSA, CONFIG_TLS_1_0, true, NULL);
    int fd = phone_connect(&phone, &below_tls13[_i]);
    struct tls *tls = tls_new(context, fd);
    ck_assert_int_eq(shake(tls, &phone), TLS_STEP_DONE);
    ck_assert_uint_eq(SSL_get_server_random(phone.ssl, random, sizeof random), sizeof random);
    ck_assert_mem_eq(random + sizeof random - 8, _i < 2 ? "DOWNGRD\1" : "DOWNGRD\0", 8);
    tls_free(tls);
    tls_context_free(context);
    phone_fini(&phone);
    close(fd);
}
END_TEST

START_TEST(refused_server_keys)
{
    const struct config config = {.tls = {.minimum = CONFIG_TLS_1_2}};
    struct trust_error err = {0};
    struct tls_context *context;
    ck_assert_int_eq(
        tls_context_new(&config, servers[ON_RSA].cert, servers[ON_SMALL].key, NULL, &context, &err),
        TRUST_EMISMATCH);
    ck_assert_ptr_null(context);
    ck_assert_ptr_nonnull(strstr(err.text, "private key"));
    ck_assert_int_eq(tls_context_new(&config, servers[ON_RSA].cert, servers[ON_EC].key, NULL, &context, NULL),
                     TRUST_EMISMATCH);
    tls_context_free(NULL);
    tls_free(NULL);
}
END_TEST

START_TEST(failures_are_explained)
{
    for (int i = 0; i < TLS_FAILURE_COUNT; i++) {
        ck_assert_uint_gt(strlen(tls_failure_name((enum tls_failure)i)), 0);
        ck_assert_ptr_nonnull(tls_failure_setting((enum tls_failure)i));
    }
    ck_assert_str_eq(tls_failure_setting(TLS_FAILURE_VERSION), "tls.minimum");
    ck_assert_str_eq(tls_failure_setting(TLS_FAILURE_RSA_KEY_EXCHANGE), "tls.rsa_key_exchange");
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof(table)[0])

Suite *suite(void)
{
    Suite *tls = suite_create("tls");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_unchecked_fixture(all, servers_make, servers_free);
    tcase_add_loop_test(all, clients_by_class, 0, COUNT(clients));
    tcase_add_loop_test(all, bare_hellos, 0, COUNT(bare));
    tcase_add_loop_test(all, strange_bytes, 0, COUNT(strangers));
    tcase_add_loop_test(all, gone_during_handshake, 0, 3);
    tcase_add_loop_test(all, pushed_down_clients_can_tell, 0, COUNT(below_tls13));
    tcase_add_test(all, refused_server_keys);
    tcase_add_test(all, failures_are_explained);
    suite_add_tcase(tls, all);
    return tls;
}
