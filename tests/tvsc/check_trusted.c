/* The phone's rule: which servers may be believed. */
#include "helper.h"
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tvsc/trusted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct trust_cert *read_cert(const char *name)
{
    struct trust_bytes file = fixture_read(name);
    struct trust_bundle *bundle;
    ck_assert_int_eq(trust_bundle_read(file, NULL, &bundle, NULL), 0);
    struct trust_cert *cert = trust_cert_ref(bundle->certs[0]);
    trust_bundle_free(bundle);
    fixture_free(file);
    return cert;
}

static bool has(const char *file, const char *cert_name)
{
    struct trusted *trusted;
    struct trust_error err = {0};
    ck_assert_msg(trusted_read(fixture_path(file), &trusted, &err) == 0, "%s", err.text);
    struct trust_cert *cert = read_cert(cert_name);
    bool found = trusted_has(trusted, cert);
    trust_cert_free(cert);
    trusted_free(trusted);
    return found;
}

START_TEST(test_certificates)
{
    ck_assert(has("certs/pub.crt", "certs/pub.crt"));
    /* The same name, another certificate. */
    ck_assert(!has("certs/pub.crt", "certs/pub-old.crt"));
}
END_TEST

START_TEST(test_list_of_another_program)
{
    ck_assert(has("good/peer-itl-ec.tlv", "certs/tvs-ec.crt"));
    /* It stands in the list, but not as TVS. */
    ck_assert(!has("good/peer-itl-ec.tlv", "certs/pub.crt"));
    ck_assert(!has("good/peer-itl-ec.tlv", "certs/sub1.crt"));
}
END_TEST

static const struct {
    const char *what;
    enum trust_record_form form;
    enum trust_digest hash;
    uint16_t function;
    const char *issuer; /* NULL: the certificate's */
    const char *serial; /* NULL: the certificate's */
    bool other;         /* the record holds another certificate under these names */
    bool expected;
} records[] = {
    {"whole", TRUST_RECORD_WHOLE, 0, TRUST_ROLE_TVS, NULL, NULL, false, true},
    {"SHA-1", TRUST_RECORD_HASH, TRUST_DIGEST_SHA1, TRUST_ROLE_TVS, NULL, NULL, false, true},
    {"SHA-256", TRUST_RECORD_HASH, TRUST_DIGEST_SHA256, TRUST_ROLE_TVS, NULL, NULL, false, true},
    {"SHA-512", TRUST_RECORD_HASH, TRUST_DIGEST_SHA512, TRUST_ROLE_TVS, NULL, NULL, false, true},
    {"another spelling", TRUST_RECORD_WHOLE, 0, TRUST_ROLE_TVS, "cn=\"tvs\"", NULL, false, true},
    {"another issuer", TRUST_RECORD_WHOLE, 0, TRUST_ROLE_TVS, "CN=somebody", NULL, false, false},
    {"another serial number", TRUST_RECORD_HASH, TRUST_DIGEST_SHA1, TRUST_ROLE_TVS, NULL, "\1\2", false,
     false},
    {"another certificate", TRUST_RECORD_WHOLE, 0, TRUST_ROLE_TVS, NULL, NULL, true, false},
    {"another's hash", TRUST_RECORD_HASH, TRUST_DIGEST_SHA1, TRUST_ROLE_TVS, NULL, NULL, true, false},
};

static void write_list(const char *path, struct trust_cert *cert, struct trust_key *key,
                       const struct trust_record_spec *spec)
{
    struct trust_header_spec header = {
        .filename = "ITLFile.tlv", .timestamp = 1, .digest = TRUST_DIGEST_SHA1, .minor = 2};
    struct trust_signer *signer;
    struct trust_list *list;
    struct trust_error err = {0};
    ck_assert_int_eq(trust_signer_from_key(cert, key, &signer, NULL), 0);
    ck_assert_msg(trust_list_build(&header, spec, 1, signer, &list, &err) == 0, "%s", err.text);
    ck_assert_int_eq(trust_file_replace(path, list->file, 0644, (uid_t)-1, (gid_t)-1, NULL), 0);
    trust_list_free(list);
    trust_signer_free(signer);
}

START_TEST(test_records)
{
    struct trust_key *key, *other_key;
    struct trust_cert *cert = helper_cert("tvs", &key), *other = helper_cert("tvs", &other_key);
    struct trusted *trusted;
    char *folder = fixture_folder(), path[1024];
    struct trust_record_spec spec = {
        .form = records[_i].form,
        .function = records[_i].function,
        .cert = records[_i].other ? other : cert,
        .hash = records[_i].hash,
        .issuer = records[_i].issuer,
        .serial = trust_cert_serial(cert),
    };
    if (records[_i].serial != NULL)
        spec.serial = (struct trust_bytes){(const uint8_t *)records[_i].serial, strlen(records[_i].serial)};
    snprintf(path, sizeof path, "%s/list.tlv", folder);
    write_list(path, cert, key, &spec);
    ck_assert_int_eq(trusted_read(path, &trusted, NULL), 0);
    ck_assert_msg(trusted_has(trusted, cert) == records[_i].expected, "%s", records[_i].what);
    trusted_free(trusted);
    fixture_folder_remove(folder);
    trust_cert_free(cert);
    trust_cert_free(other);
    trust_key_free(key);
    trust_key_free(other_key);
}
END_TEST

static const struct {
    const char *file;
    int code;
    const char *words;
} bad[] = {
    {"missing.pem", TRUST_ENOTFOUND, "missing.pem"},
    {"query-request.hex", TRUST_ECERT, "query-request.hex: "},
    {"good/peer-ctl-sha1.tlv", TRUST_ENOTFOUND, "no TVS record in the list"},
};

START_TEST(test_bad)
{
    struct trusted *trusted;
    struct trust_error err = {0};
    int rc = trusted_read(fixture_path(bad[_i].file), &trusted, &err);
    ck_assert_msg(rc == bad[_i].code, "%s: %d (%s)", bad[_i].file, rc, err.text);
    ck_assert_ptr_null(trusted);
    ck_assert_msg(strstr(err.text, bad[_i].words) != NULL, "%s", err.text);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("tvsc trusted");
    TCase *tests = tcase_create("trusted");
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, test_certificates);
    tcase_add_test(tests, test_list_of_another_program);
    tcase_add_loop_test(tests, test_records, 0, sizeof records / sizeof records[0]);
    tcase_add_loop_test(tests, test_bad, 0, sizeof bad / sizeof bad[0]);
    suite_add_tcase(suite, tests);
    return suite;
}
