#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tests/libtrust/helper_lists.h"

#include "internal.h"
#include "trust/key.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

static struct trust_key *key_of(const char *name)
{
    struct trust_key *key;
    struct trust_error err = {0};
    struct trust_bytes bytes = fixture_read(name);
    ck_assert_msg(trust_key_parse(bytes, NULL, &key, &err) == 0, "%s", err.text);
    fixture_free(bytes);
    return key;
}

static const char *const cert_specs[] = {"rsa:1024", "rsa:2048", "ec:P-256", "ec:P-384"};
static const enum trust_digest cert_digests[] = {TRUST_DIGEST_SHA1, TRUST_DIGEST_SHA256, TRUST_DIGEST_SHA512};
static const char *const cert_algorithms[][3] = {
    {"sha1WithRSAEncryption", "sha256WithRSAEncryption", "sha512WithRSAEncryption"},
    {"ecdsa-with-SHA1", "ecdsa-with-SHA256", "ecdsa-with-SHA512"},
};

START_TEST(makes_certificates)
{
    struct trust_key *key = helper_key(cert_specs[_i / 3]);
    struct trust_cert_request request = helper_cert_plain;
    request.digest = cert_digests[_i % 3];
    struct trust_cert *cert = helper_cert_generate(&request, key);
    ck_assert_str_eq(trust_cert_signature_algorithm(cert),
                     cert_algorithms[trust_key_type(key) == TRUST_KEY_EC][_i % 3]);
    ck_assert(trust_cert_is_self_signed(cert));
    ck_assert(trust_key_matches(key, cert));
    ck_assert_uint_eq(trust_cert_serial(cert).len, 16);
    ck_assert_uint_lt(trust_cert_serial(cert).data[0], 0x80);
    ck_assert_int_eq(trust_cert_not_before(cert), HELPER_NOW);
    ck_assert_int_eq(trust_cert_not_after(cert), HELPER_NOW + 1825 * 86400 - 1);
    ck_assert_str_eq(trust_name_cucm(trust_cert_subject(cert)),
                     "CN=node-1;OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL");
    ck_assert_uint_eq(X509_get_key_usage(cert_x509(cert)),
                      trust_key_type(key) == TRUST_KEY_RSA
                          ? KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT | KU_DATA_ENCIPHERMENT
                          : KU_DIGITAL_SIGNATURE | KU_KEY_AGREEMENT);
    ck_assert_uint_eq(X509_get_extended_key_usage(cert_x509(cert)) & (XKU_SSL_SERVER | XKU_SSL_CLIENT),
                      XKU_SSL_SERVER | XKU_SSL_CLIENT);
    trust_cert_free(cert);
    trust_key_free(key);
}
END_TEST

START_TEST(der_order_of_the_subject)
{
    struct trust_key *key = helper_key("ec:P-256");
    struct trust_cert_request request = helper_cert_plain;
    static const int order[] = {
        NID_countryName,   NID_organizationName,    NID_organizationalUnitName, NID_organizationalUnitName,
        NID_commonName,    NID_stateOrProvinceName, NID_localityName,           NID_domainComponent,
        NID_streetAddress, NID_pkcs9_emailAddress};
    request.subject =
        "dc=example, street=Main, emailAddress=a@b.c, L=Krak\\C3\\B3w; ST=Ma\xc5\x82opolska; OU=one; OU=two; "
        "O=\"Cisco Systems, Inc.\"; C=PL";
    struct trust_cert *cert = helper_cert_generate(&request, key);
    const X509_NAME *name = X509_get_subject_name(cert_x509(cert));
    ck_assert_int_eq(X509_NAME_entry_count(name), sizeof order / sizeof order[0]);
    for (int i = 0; i < X509_NAME_entry_count(name); i++)
        ck_assert_int_eq(OBJ_obj2nid(X509_NAME_ENTRY_get_object(X509_NAME_get_entry(name, i))), order[i]);
    ck_assert_str_eq(
        trust_name_cucm(trust_cert_subject(cert)),
        "CN=node-1;OU=one;OU=two;O=Cisco Systems\\, Inc.;L=Krak\xc3\xb3w;ST=Ma\xc5\x82opolska;C=PL;"
        "STREET=Main;1.2.840.113549.1.9.1=a@b.c");
    trust_cert_free(cert);
    trust_key_free(key);
}
END_TEST

START_TEST(alternative_name)
{
    struct trust_key *key = helper_key("ec:P-256");
    struct trust_cert_request request = helper_cert_plain;
    request.subject = NULL;
    request.dns_name = "node-1.example.org,DNS:evil";
    struct trust_cert *cert = helper_cert_generate(&request, key);
    ck_assert_int_eq(X509_check_host(cert_x509(cert), "evil", 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL),
                     0);
    trust_cert_free(cert);
    request.dns_name = "node-1.example.org";
    cert = helper_cert_generate(&request, key);
    ck_assert_str_eq(trust_name_cucm(trust_cert_subject(cert)), "CN=node-1");
    ck_assert_int_eq(
        X509_check_host(cert_x509(cert), "node-1.example.org", 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL),
        1);
    trust_cert_free(cert);
    trust_key_free(key);
}
END_TEST

START_TEST(serial_numbers_differ)
{
    struct trust_key *key = helper_key("ec:P-256");
    struct trust_cert *a = helper_cert_generate(&helper_cert_plain, key),
                      *b = helper_cert_generate(&helper_cert_plain, key);
    ck_assert(!trust_serial_equal(trust_cert_serial(a), trust_cert_serial(b)));
    trust_cert_free(a);
    trust_cert_free(b);
    trust_key_free(key);
}
END_TEST

#define LONG "0123456789012345678901234567890123456789012345678901234567890123456789"
static const struct {
    const char *common_name, *subject, *dns_name;
    int days;
    int digest, code;
    const char *text;
} bad_requests[] = {
    {"", NULL, NULL, 1, TRUST_DIGEST_SHA256, TRUST_EVALUE, "common name"},
    {NULL, NULL, NULL, 1, TRUST_DIGEST_SHA256, TRUST_EVALUE, "common name"},
    {LONG, NULL, NULL, 1, TRUST_DIGEST_SHA256, TRUST_EVALUE, "CN=0123"},
    {"a", "OU=" LONG, NULL, 1, TRUST_DIGEST_SHA256, TRUST_EVALUE, "OU=0123"},
    {"a", "C=Poland", NULL, 1, TRUST_DIGEST_SHA256, TRUST_EVALUE, "C=Poland"},
    {"a", "CN=b", NULL, 1, TRUST_DIGEST_SHA256, TRUST_EVALUE, "CN"},
    {"a", "FOO=b", NULL, 1, TRUST_DIGEST_SHA256, TRUST_EVALUE, "FOO"},
    {"a", "O=#0101FF", NULL, 1, TRUST_DIGEST_SHA256, TRUST_EVALUE, "O"},
    {"a", "Cisco", NULL, 1, TRUST_DIGEST_SHA256, TRUST_ENAME, "subject"},
    {"a", NULL, "two words", 1, TRUST_DIGEST_SHA256, TRUST_EVALUE, "two words"},
    {"a", NULL, "\xc3\xab", 1, TRUST_DIGEST_SHA256, TRUST_EVALUE, "DNS"},
    {"a", NULL, NULL, 0, TRUST_DIGEST_SHA256, TRUST_EVALUE, "36500"},
    {"a", NULL, NULL, 36501, TRUST_DIGEST_SHA256, TRUST_EVALUE, "36500"},
    {"a", NULL, NULL, 1, TRUST_DIGEST_MD5, TRUST_EUNSUPPORTED, "SHA-256"},
    {"a", NULL, NULL, 1, 9, TRUST_EUNSUPPORTED, "SHA-256"},
};

START_TEST(refuses_requests)
{
    struct trust_key *key = helper_key("ec:P-256");
    struct trust_error err = {0};
    struct trust_cert *cert = (struct trust_cert *)&err;
    struct trust_cert_request request = {
        .common_name = bad_requests[_i].common_name,
        .subject = bad_requests[_i].subject,
        .dns_name = bad_requests[_i].dns_name,
        .days = bad_requests[_i].days,
        .digest = (enum trust_digest)bad_requests[_i].digest,
        .now = HELPER_NOW,
    };
    int code = trust_cert_generate(&request, key, &cert, &err);
    ck_assert_msg(code == bad_requests[_i].code, "%s: %s", trust_error_name(code), err.text);
    ck_assert_ptr_null(cert);
    ck_assert_msg(strstr(err.text, bad_requests[_i].text) != NULL, "%s", err.text);
    ck_assert_uint_eq(ERR_peek_error(), 0);
    trust_key_free(key);
}
END_TEST

START_TEST(refuses_other_keys)
{
    struct trust_key *key = key_of("bundles/key-ed25519.pem");
    struct trust_cert *cert;
    struct trust_error err;
    ck_assert_int_eq(trust_cert_generate(&helper_cert_plain, key, &cert, &err), TRUST_EUNSUPPORTED);
    trust_key_free(key);
}
END_TEST

START_TEST(refuses_impossible_times)
{
    struct trust_key *key = helper_key("ec:P-256");
    struct trust_cert_request request = helper_cert_plain;
    struct trust_cert *cert;
    struct trust_error err;
    static const time_t times[] = {-1, 253402300799 - 86400, 253402300800, INT64_MAX};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        request.now = times[i];
        ck_assert_int_eq(trust_cert_generate(&request, key, &cert, &err), TRUST_EVALUE);
    }
    request.now = 253402300799 - 86400; /* the last day there is */
    request.days = 1;
    cert = helper_cert_generate(&request, key);
    ck_assert_int_eq(trust_cert_not_after(cert), 253402300799 - 1);
    trust_cert_free(cert);
    ck_assert_uint_eq(ERR_peek_error(), 0);
    trust_key_free(key);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("cert_make");
    TCase *t = tcase_create("certificates");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, makes_certificates, 0, 12);
    tcase_add_test(t, der_order_of_the_subject);
    tcase_add_test(t, alternative_name);
    tcase_add_test(t, serial_numbers_differ);
    tcase_add_loop_test(t, refuses_requests, 0, sizeof bad_requests / sizeof bad_requests[0]);
    tcase_add_test(t, refuses_other_keys);
    tcase_add_test(t, refuses_impossible_times);
    suite_add_tcase(s, t);
    return s;
}
