/* A further, EC certificate: who is shown it, and who never is. */
#include "helper_tls.h"
#include "tests/check_main.h"

#include <openssl/err.h>
#include <string.h>
#include <unistd.h>

static void add(struct tls_context *context, enum server further)
{
    struct trust_error err = {0};
    ck_assert_msg(tls_context_add_ecdsa(context, servers[further].cert, servers[further].key, &err) == 0,
                  "%s", err.text);
    ck_assert_uint_eq(ERR_peek_error(), 0);
}

/* The phone saw that certificate, and the server says so. */
static void expect_shown(const struct tls *tls, const struct phone *phone, enum server shown)
{
    unsigned char *der = NULL;
    X509 *peer = SSL_get1_peer_certificate(phone->ssl);
    int len = i2d_X509(peer, &der);
    const struct trust_bytes wanted = trust_cert_der(servers[shown].cert);
    ck_assert_int_eq(len, (int)wanted.len);
    ck_assert_mem_eq(der, wanted.data, wanted.len);
    ck_assert_ptr_nonnull(tls_certificate(tls));
    ck_assert_mem_eq(tls_certificate(tls), trust_cert_sha256(servers[shown].cert), TRUST_SHA256_SIZE);
    OPENSSL_free(der);
    X509_free(peer);
}

#define C10 .oldest = TLS1_VERSION, .newest = TLS1_VERSION
#define C11 .oldest = TLS1_1_VERSION, .newest = TLS1_1_VERSION
#define C12 .oldest = TLS1_2_VERSION, .newest = TLS1_2_VERSION
#define C13 .oldest = TLS1_3_VERSION, .newest = TLS1_3_VERSION
#define OLD "AES256-SHA:@SECLEVEL=0"

static const struct {
    const char *name;
    enum server first, further;
    struct phone_options phone;
    enum server shown;
    enum tls_class class;
} clients[] = {
    {"everything", ON_RSA, ON_EC, {.oldest = 0}, ON_EC, TLS_CLASS_STRICT},
    {"1.2", ON_RSA, ON_EC, {C12}, ON_EC, TLS_CLASS_STRICT},
    {"1.2, P-384", ON_RSA, ON_EC384, {C12}, ON_EC384, TLS_CLASS_STRICT},
    {"1.3, P-521", ON_RSA, ON_EC521, {C13}, ON_EC521, TLS_CLASS_STRICT},
    {"1.2, beside a small key", ON_SMALL, ON_EC, {C12}, ON_EC, TLS_CLASS_STRICT},
    {"1.2, ECDSA suites alone",
     ON_RSA,
     ON_EC,
     {C12, .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"},
     ON_EC,
     TLS_CLASS_STRICT},
    {"1.2, RSA suites alone",
     ON_RSA,
     ON_EC,
     {C12, .ciphers = "ECDHE-RSA-AES128-GCM-SHA256"},
     ON_RSA,
     TLS_CLASS_STRICT},
    {"1.2, RSA suites alone, small key",
     ON_SMALL,
     ON_EC,
     {C12, .ciphers = "ECDHE-RSA-AES128-GCM-SHA256"},
     ON_SMALL,
     TLS_CLASS_STRICT},
    {"1.2, RSA signatures alone",
     ON_RSA,
     ON_EC,
     {C12, .signatures = "RSA+SHA256:RSA-PSS+SHA256"},
     ON_RSA,
     TLS_CLASS_STRICT},
    {"1.3, RSA signatures alone",
     ON_RSA,
     ON_EC,
     {C13, .signatures = "RSA-PSS+SHA256"},
     ON_RSA,
     TLS_CLASS_STRICT},
    {"1.2, ECDSA with SHA-1 alone",
     ON_RSA,
     ON_EC,
     {C12, .signatures = "ECDSA+SHA1:RSA+SHA256"},
     ON_RSA,
     TLS_CLASS_STRICT},
    {"1.2, another curve", ON_RSA, ON_EC384, {C12, .groups = "X25519:P-256"}, ON_RSA, TLS_CLASS_STRICT},
    {"1.2, X25519 alone", ON_RSA, ON_EC, {C12, .groups = "X25519"}, ON_RSA, TLS_CLASS_STRICT},
    {"1.3, its curve's signature is missing",
     ON_RSA,
     ON_EC384,
     {C13, .signatures = "ECDSA+SHA256:RSA-PSS+SHA256"},
     ON_RSA,
     TLS_CLASS_STRICT},
    /* What it could not use leaves a client where it was. */
    {"1.2, ECDSA suites without ECDSA, RSA key exchange",
     ON_RSA,
     ON_EC,
     {C12, .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:" OLD, .signatures = "RSA+SHA256"},
     ON_RSA,
     TLS_CLASS_RSA},
    {"1.2, ECDSA suites on another curve, RSA key exchange",
     ON_RSA,
     ON_EC384,
     {C12, .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:" OLD, .groups = "X25519:P-256"},
     ON_RSA,
     TLS_CLASS_RSA},
    /* Old families. */
    {"1.2, RSA key exchange", ON_RSA, ON_EC, {C12, .ciphers = OLD}, ON_RSA, TLS_CLASS_RSA},
    {"1.1", ON_RSA, ON_EC, {C11}, ON_RSA, TLS_CLASS_LEGACY},
    {"1.0", ON_RSA, ON_EC, {C10}, ON_RSA, TLS_CLASS_LEGACY},
    {"1.0, ECDHE-ECDSA too",
     ON_RSA,
     ON_EC,
     {C10, .ciphers = "ECDHE-ECDSA-AES256-SHA:" OLD},
     ON_RSA,
     TLS_CLASS_LEGACY},
    {"1.0, small key", ON_SMALL, ON_EC384, {C10}, ON_SMALL, TLS_CLASS_LEGACY},
};

START_TEST(who_is_shown_what)
{
    struct phone phone;
    struct tls_context *context = context_make(clients[_i].first, CONFIG_TLS_1_0, true, NULL);
    add(context, clients[_i].further);
    int fd = phone_connect(&phone, &clients[_i].phone);
    struct tls *tls = tls_new(context, fd);
    tls_context_free(context); /* live connections keep what they need */
    enum tls_step step = shake(tls, &phone);
    ck_assert_msg(step == TLS_STEP_DONE && phone.shaken, "%s: %s %s", clients[_i].name,
                  tls_failure_name(tls_failure(tls)), tls_failure_detail(tls));
    ck_assert_msg(tls_class(tls) == clients[_i].class, "%s: class %d", clients[_i].name, tls_class(tls));
    expect_shown(tls, &phone, clients[_i].shown);
    tls_free(tls);
    phone_fini(&phone);
    close(fd);
}
END_TEST

/* Who can do neither is told the same as without it. */
START_TEST(refused_all_the_same)
{
    static const struct {
        struct phone_options phone;
        enum tls_failure failure;
    } refused[] = {
        {{C12, .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256", .signatures = "RSA+SHA256:ECDSA+SHA1"},
         TLS_FAILURE_CIPHER},
        {{C12, .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256", .groups = "P-521:X25519"}, TLS_FAILURE_CIPHER},
        {{C12, .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256", .signatures = "ECDSA+SHA1:RSA+SHA1"},
         TLS_FAILURE_SIGNATURE},
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct phone phone;
        struct tls_context *context = context_make(ON_RSA, CONFIG_TLS_1_2, true, NULL);
        add(context, ON_EC);
        int fd = phone_connect(&phone, &refused[i].phone);
        struct tls *tls = tls_new(context, fd);
        ck_assert_int_eq(shake(tls, &phone), TLS_STEP_FAILED);
        ck_assert_str_eq(tls_failure_name(tls_failure(tls)), tls_failure_name(refused[i].failure));
        tls_free(tls);
        tls_context_free(context);
        phone_fini(&phone);
        close(fd);
    }
}
END_TEST

START_TEST(one_certificate_alone)
{
    struct phone phone;
    struct tls_context *context = context_make(ON_RSA, CONFIG_TLS_1_2, true, NULL);
    int fd = phone_connect(&phone, &(struct phone_options){C12});
    struct tls *tls = tls_new(context, fd);
    ck_assert_int_eq(shake(tls, &phone), TLS_STEP_DONE);
    expect_shown(tls, &phone, ON_RSA);
    tls_free(tls);
    tls_context_free(context);
    phone_fini(&phone);
    close(fd);
}
END_TEST

/* One handshake; the phone keeps its session. Returns what the server says of the certificate. */
static const uint8_t *visit(struct tls_context *context, SSL_SESSION *session, SSL_SESSION **kept)
{
    static uint8_t copy[TRUST_SHA256_SIZE];
    struct phone phone;
    int fd = phone_connect(&phone, &(struct phone_options){C12, .session = session});
    struct tls *tls = tls_new(context, fd);
    ck_assert_int_eq(shake(tls, &phone), TLS_STEP_DONE);
    ck_assert_int_eq(SSL_session_reused(phone.ssl), session != NULL);
    const uint8_t *shown = tls_certificate(tls);
    if (shown != NULL)
        memcpy(copy, shown, sizeof copy);
    if (kept != NULL)
        *kept = SSL_get1_session(phone.ssl);
    phone_goodbye(&phone);
    tls_free(tls);
    phone_fini(&phone);
    close(fd);
    return shown != NULL ? copy : NULL;
}

/* A resumed session shows no certificate, and which one came before cannot be told. */
START_TEST(resumed_sessions)
{
    SSL_SESSION *session = NULL;
    struct tls_context *context = context_make(ON_RSA, CONFIG_TLS_1_2, true, NULL);
    add(context, ON_EC);
    ck_assert_mem_eq(visit(context, NULL, &session), trust_cert_sha256(servers[ON_EC].cert),
                     TRUST_SHA256_SIZE);
    ck_assert_ptr_null(visit(context, session, NULL));
    SSL_SESSION_free(session);
    tls_context_free(context);
    context = context_make(ON_RSA, CONFIG_TLS_1_2, true, NULL);
    visit(context, NULL, &session);
    ck_assert_mem_eq(visit(context, session, NULL), trust_cert_sha256(servers[ON_RSA].cert),
                     TRUST_SHA256_SIZE);
    SSL_SESSION_free(session);
    tls_context_free(context);
}
END_TEST

START_TEST(what_cannot_be_added)
{
    static const struct {
        enum server first, cert, key;
        int code;
        const char *text;
    } bad[] = {
        {ON_EC, ON_EC384, ON_EC384, TRUST_EUNSUPPORTED, "the TVS certificate is no RSA certificate"},
        {ON_RSA, ON_SMALL, ON_SMALL, TRUST_EUNSUPPORTED, "has no EC key"},
        {ON_RSA, ON_EC, ON_EC384, TRUST_EMISMATCH, "private key"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct trust_error err = {0};
        struct tls_context *context = context_make(bad[i].first, CONFIG_TLS_1_2, true, NULL);
        ck_assert_int_eq(
            tls_context_add_ecdsa(context, servers[bad[i].cert].cert, servers[bad[i].key].key, &err),
            bad[i].code);
        ck_assert_msg(strstr(err.text, bad[i].text) != NULL, "%s", err.text);
        ck_assert_int_eq(
            tls_context_add_ecdsa(context, servers[bad[i].cert].cert, servers[bad[i].key].key, NULL),
            bad[i].code);
        tls_context_free(context);
    }
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("tls: ECDSA");
    TCase *ecdsa = tcase_create("ECDSA");
    tcase_add_unchecked_fixture(ecdsa, servers_make, servers_free);
    tcase_add_loop_test(ecdsa, who_is_shown_what, 0, sizeof clients / sizeof clients[0]);
    tcase_add_test(ecdsa, refused_all_the_same);
    tcase_add_test(ecdsa, one_certificate_alone);
    tcase_add_test(ecdsa, resumed_sessions);
    tcase_add_test(ecdsa, what_cannot_be_added);
    suite_add_tcase(s, ecdsa);
    return s;
}
