#include "tests/check_main.h"
#include "tests/libtrust/helper_lists.h"

#include "internal.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

/* Time and validity are of no concern to a request. */
static const struct trust_cert_request plain = {
    .common_name = "node-1",
    .subject = "OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL",
    .days = 0,
    .digest = TRUST_DIGEST_SHA256,
    .now = -1,
};

static X509_REQ *make(const struct trust_cert_request *request, const struct trust_key *key)
{
    struct trust_error err = {0};
    char *pem;
    helper_ok(trust_csr_generate(request, key, &pem, &err), &err);
    helper_openssl_is_quiet();
    ck_assert_int_eq(strncmp(pem, "-----BEGIN CERTIFICATE REQUEST-----\n", 36), 0);
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509_REQ *csr = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
    ck_assert_ptr_nonnull(csr);
    BIO_free(bio);
    free(pem);
    return csr;
}

/* The value of an extension, decoded; NULL if it is not there. */
static void *extension_of(X509_REQ *csr, int nid)
{
    STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(csr);
    void *value = X509V3_get_d2i(extensions, nid, NULL, NULL);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    return value;
}

static void check_usages(X509_REQ *csr, enum trust_key_type type)
{
    ASN1_BIT_STRING *usage = extension_of(csr, NID_key_usage);
    ck_assert_ptr_nonnull(usage);
    ck_assert_uint_eq(ASN1_STRING_get0_data(usage)[0],
                      type == TRUST_KEY_RSA
                          ? KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT | KU_DATA_ENCIPHERMENT
                          : KU_DIGITAL_SIGNATURE | KU_KEY_AGREEMENT);
    ASN1_BIT_STRING_free(usage);
    static const int purposes[] = {NID_server_auth, NID_client_auth, NID_ipsecEndSystem};
    EXTENDED_KEY_USAGE *extended = extension_of(csr, NID_ext_key_usage);
    ck_assert_int_eq(sk_ASN1_OBJECT_num(extended), 3);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(OBJ_obj2nid(sk_ASN1_OBJECT_value(extended, i)), purposes[i]);
    EXTENDED_KEY_USAGE_free(extended);
    ck_assert_ptr_null(extension_of(csr, NID_subject_alt_name));
}

static const char *const specs[] = {"rsa:1024", "rsa:2048", "ec:P-256", "ec:P-384"};
static const struct {
    enum trust_digest digest;
    int rsa, ec;
} digests[] = {
    {TRUST_DIGEST_SHA1, NID_sha1WithRSAEncryption, NID_ecdsa_with_SHA1},
    {TRUST_DIGEST_SHA256, NID_sha256WithRSAEncryption, NID_ecdsa_with_SHA256},
    {TRUST_DIGEST_SHA512, NID_sha512WithRSAEncryption, NID_ecdsa_with_SHA512},
};

START_TEST(makes_requests)
{
    struct trust_key *key = helper_key(specs[_i / 3]);
    struct trust_cert_request request = plain;
    request.digest = digests[_i % 3].digest;
    X509_REQ *csr = make(&request, key);
    const bool rsa = trust_key_type(key) == TRUST_KEY_RSA;
    ck_assert_int_eq(X509_REQ_get_signature_nid(csr), rsa ? digests[_i % 3].rsa : digests[_i % 3].ec);
    ck_assert_int_eq(X509_REQ_verify(csr, key_pkey(key)), 1);
    ck_assert_int_eq(EVP_PKEY_eq(X509_REQ_get0_pubkey(csr), key_pkey(key)), 1);
    ck_assert_int_eq(X509_REQ_get_version(csr), X509_REQ_VERSION_1);
    check_usages(csr, trust_key_type(key));
    X509_REQ_free(csr);
    trust_key_free(key);
}
END_TEST

/* A CA that copies the subject gives the name that a self-signed certificate would have. */
START_TEST(subject_of_a_certificate)
{
    struct trust_error err = {0};
    struct trust_key *key = helper_key("ec:P-256");
    struct trust_cert_request request = plain;
    struct trust_cert *cert;
    char text[200];
    X509_REQ *csr = make(&request, key);
    X509_NAME_oneline(X509_REQ_get_subject_name(csr), text, sizeof text);
    ck_assert_str_eq(text, "/C=PL/O=Cisco/OU=TAC/CN=node-1/ST=Malopolska/L=Krakow");
    request.days = 1;
    request.now = 1402000000;
    helper_ok(trust_cert_generate(&request, key, &cert, &err), &err);
    ck_assert_int_eq(X509_NAME_cmp(X509_REQ_get_subject_name(csr), X509_get_subject_name(cert_x509(cert))),
                     0);
    trust_cert_free(cert);
    X509_REQ_free(csr);
    trust_key_free(key);
}
END_TEST

START_TEST(alternative_name)
{
    struct trust_key *key = helper_key("ec:P-256");
    struct trust_cert_request request = plain;
    request.subject = NULL;
    request.dns_name = "node-1.example.org,DNS:evil";
    X509_REQ *csr = make(&request, key);
    GENERAL_NAMES *names = extension_of(csr, NID_subject_alt_name);
    ck_assert_int_eq(sk_GENERAL_NAME_num(names), 1);
    int type;
    const ASN1_IA5STRING *name = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, 0), &type);
    ck_assert_int_eq(type, GEN_DNS);
    ck_assert_int_eq(ASN1_STRING_length(name), (int)strlen(request.dns_name));
    ck_assert_mem_eq(ASN1_STRING_get0_data(name), request.dns_name, strlen(request.dns_name));
    GENERAL_NAMES_free(names);
    X509_REQ_free(csr);
    request.dns_name = "";
    csr = make(&request, key);
    ck_assert_ptr_null(extension_of(csr, NID_subject_alt_name));
    X509_REQ_free(csr);
    trust_key_free(key);
}
END_TEST

START_TEST(public_key)
{
    struct trust_error err = {0};
    struct trust_key *key = helper_key("ec:P-256");
    struct trust_cert *cert =
        helper_cert(&(struct helper_plan){.subject = "CN=a", .serial = "01", .key = key});
    struct trust_bytes spki = trust_cert_spki(cert);
    uint8_t *found;
    size_t len;
    char *pem, name[TRUST_KEY_NAME_SIZE], staged[TRUST_KEY_NAME_SIZE], again[TRUST_KEY_NAME_SIZE];
    char *folder = fixture_folder();
    helper_ok(trust_csr_generate(&plain, key, &pem, &err), &err);
    helper_ok(trust_csr_public_key(pem, &found, &len, &err), &err);
    ck_assert_uint_eq(len, spki.len);
    ck_assert_mem_eq(found, spki.data, len);
    ck_assert_int_eq(trust_key_find_public(folder, "TVS", (struct trust_bytes){found, len}, again, &err),
                     TRUST_ENOTFOUND);
    helper_ok(trust_key_stage(folder, "TVS", key, staged, name, &err), &err);
    helper_ok(trust_key_find_public(folder, "TVS", (struct trust_bytes){found, len}, again, &err), &err);
    ck_assert_str_eq(again, staged);
    free(found);
    pem[strlen(pem) / 2] = '!';
    ck_assert_int_eq(trust_csr_public_key(pem, &found, &len, &err), TRUST_EVALUE);
    ck_assert_ptr_null(found);
    ck_assert_int_eq(trust_csr_public_key("", &found, &len, &err), TRUST_EVALUE);
    helper_openssl_is_quiet();
    free(pem);
    fixture_folder_remove(folder);
    trust_cert_free(cert);
    trust_key_free(key);
}
END_TEST

static const struct {
    const char *common_name, *subject, *dns_name;
    int digest, code;
    const char *text;
} bad_requests[] = {
    {"", NULL, NULL, TRUST_DIGEST_SHA256, TRUST_EVALUE, "common name"},
    {NULL, NULL, NULL, TRUST_DIGEST_SHA256, TRUST_EVALUE, "common name"},
    {"a", "C=Poland", NULL, TRUST_DIGEST_SHA256, TRUST_EVALUE, "C=Poland"},
    {"a", "CN=b", NULL, TRUST_DIGEST_SHA256, TRUST_EVALUE, "CN"},
    {"a", "Cisco", NULL, TRUST_DIGEST_SHA256, TRUST_ENAME, "subject"},
    {"a", NULL, "two words", TRUST_DIGEST_SHA256, TRUST_EVALUE, "two words"},
    {"a", NULL, NULL, TRUST_DIGEST_MD5, TRUST_EUNSUPPORTED, "SHA-256"},
};

START_TEST(refuses_requests)
{
    struct trust_key *key = helper_key("ec:P-256");
    struct trust_error err = {0};
    char *pem = (char *)&err;
    struct trust_cert_request request = plain;
    request.common_name = bad_requests[_i].common_name;
    request.subject = bad_requests[_i].subject;
    request.dns_name = bad_requests[_i].dns_name;
    request.digest = (enum trust_digest)bad_requests[_i].digest;
    int code = trust_csr_generate(&request, key, &pem, &err);
    ck_assert_msg(code == bad_requests[_i].code, "%s: %s", trust_error_name(code), err.text);
    ck_assert_ptr_null(pem);
    ck_assert_msg(strstr(err.text, bad_requests[_i].text) != NULL, "%s", err.text);
    helper_openssl_is_quiet();
    trust_key_free(key);
}
END_TEST

START_TEST(refuses_other_keys)
{
    struct trust_error err = {0};
    struct trust_bytes file = fixture_read("bundles/key-ed25519.pem");
    struct trust_key *key;
    char *pem;
    helper_ok(trust_key_parse(file, NULL, &key, &err), &err);
    ck_assert_int_eq(trust_csr_generate(&plain, key, &pem, &err), TRUST_EUNSUPPORTED);
    ck_assert_ptr_null(pem);
    fixture_free(file);
    trust_key_free(key);
}
END_TEST

START_TEST(public_key_of_a_request)
{
    struct trust_key *key = helper_key(specs[_i]), *other = helper_key(specs[_i]);
    struct trust_error err = {0};
    struct trust_cert *cert, *foreign;
    struct trust_cert_request request = plain;
    char *pem;
    uint8_t *spki;
    size_t len;
    request.days = 10;
    request.now = 1425667513;
    helper_ok(trust_csr_generate(&request, key, &pem, &err), &err);
    helper_ok(trust_cert_generate(&request, key, &cert, &err), &err);
    helper_ok(trust_cert_generate(&request, other, &foreign, &err), &err);
    helper_ok(trust_csr_public_key(pem, &spki, &len, &err), &err);
    const struct trust_bytes wanted = trust_cert_spki(cert), not_wanted = trust_cert_spki(foreign);
    ck_assert_uint_eq(len, wanted.len);
    ck_assert_mem_eq(spki, wanted.data, len);
    ck_assert(len != not_wanted.len || memcmp(spki, not_wanted.data, len) != 0);
    free(spki);
    static const char *const bad[] = {"", "nothing", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_int_eq(trust_csr_public_key(bad[i], &spki, &len, &err), TRUST_EVALUE);
        ck_assert_ptr_null(spki);
        ck_assert_uint_eq(len, 0);
        helper_openssl_is_quiet();
    }
    free(pem);
    trust_cert_free(cert);
    trust_cert_free(foreign);
    trust_key_free(key);
    trust_key_free(other);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("csr");
    TCase *t = tcase_create("requests");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, makes_requests, 0, 12);
    tcase_add_test(t, subject_of_a_certificate);
    tcase_add_test(t, alternative_name);
    tcase_add_test(t, public_key);
    tcase_add_loop_test(t, refuses_requests, 0, sizeof bad_requests / sizeof bad_requests[0]);
    tcase_add_test(t, refuses_other_keys);
    tcase_add_loop_test(t, public_key_of_a_request, 0, sizeof specs / sizeof specs[0]);
    suite_add_tcase(s, t);
    return s;
}
