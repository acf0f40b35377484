#include "tests/check_main.h"
#include "tests/fixture.h"

#include "internal.h"
#include "trust/bundle.h"
#include "trust/cert.h"
#include "trust/digest.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct trust_cert *cert_of_pem(const char *name)
{
    struct trust_bundle *bundle;
    struct trust_error err = {0};
    struct trust_bytes pem = fixture_read(name);
    ck_assert_msg(trust_bundle_read(pem, NULL, &bundle, &err) == 0, "%s: %s", name, err.text);
    fixture_free(pem);
    ck_assert_uint_eq(bundle->cert_count, 1);
    struct trust_cert *cert = trust_cert_ref(bundle->certs[0]);
    trust_bundle_free(bundle);
    ck_assert_uint_eq(ERR_peek_error(), 0);
    return cert;
}

static struct trust_cert *cert_of_der(struct trust_bytes der)
{
    struct trust_cert *cert;
    struct trust_error err = {0};
    ck_assert_msg(trust_cert_from_der(der, &cert, &err) == 0, "%s", err.text);
    ck_assert_uint_eq(ERR_peek_error(), 0);
    return cert;
}

static void check_hex(struct trust_bytes bytes, const char *hex)
{
    char text[2000];
    ck_assert_str_eq(trust_hex(bytes, '\0', false, text), hex);
}

/* What `openssl x509` says of the files. */
static const struct {
    const char *file, *serial, *subject, *issuer, *algorithm;
    enum trust_key_type type;
    int bits;
    bool self_signed;
    size_t public_key, signature, spki;
} certs[] = {
    {"certs/pub.crt", "6b1d357b6841740b078fee4a1813d5d6",
     "CN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL",
     "CN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL", "sha256WithRSAEncryption",
     TRUST_KEY_RSA, 2048, true, 270, 256, 294},
    {"certs/etoken2.crt", "83e9080000005545af31", "CN=SAST-ADN008580ef        ;OU=IPCBU;O=Cisco Systems",
     "CN=SAST-ADN008580ef        ;OU=IPCBU;O=Cisco Systems", "sha256WithRSAEncryption", TRUST_KEY_RSA, 1024,
     true, 140, 128, 162},
    {"certs/tvs-ec.crt", "76abfed3dcb05466561bcb82e7f04ae5c7ee1ab8", "CN=TVS-EC;OU=TVS;O=Asterisk",
     "CN=TVS-EC;OU=TVS;O=Asterisk", "ecdsa-with-SHA256", TRUST_KEY_EC, 384, true, 97, 102, 120},
    {"bundles/leaf.pem", "80aabb", "CN=node-1;O=Example;C=PL", "CN=Example CA;O=Example", "ecdsa-with-SHA256",
     TRUST_KEY_EC, 256, false, 65, 0, 91},
};

START_TEST(fields)
{
    struct trust_cert *cert = cert_of_pem(certs[_i].file);
    check_hex(trust_cert_serial(cert), certs[_i].serial);
    ck_assert_str_eq(trust_name_cucm(trust_cert_subject(cert)), certs[_i].subject);
    ck_assert_str_eq(trust_name_cucm(trust_cert_issuer(cert)), certs[_i].issuer);
    ck_assert_str_eq(trust_cert_signature_algorithm(cert), certs[_i].algorithm);
    ck_assert_int_eq(trust_cert_key_type(cert), certs[_i].type);
    ck_assert_int_eq(trust_cert_key_bits(cert), certs[_i].bits);
    ck_assert_int_eq(trust_cert_is_self_signed(cert), certs[_i].self_signed);
    ck_assert_uint_eq(trust_cert_public_key(cert).len, certs[_i].public_key);
    ck_assert_uint_eq(trust_cert_spki(cert).len, certs[_i].spki);
    if (certs[_i].signature != 0) /* a DER ECDSA signature varies by a byte or two */
        ck_assert_uint_eq(trust_cert_signature(cert).len, certs[_i].signature);
    ck_assert_int_gt(trust_cert_not_after(cert), trust_cert_not_before(cert));
    ck_assert_ptr_nonnull(cert_x509(cert));
    ck_assert_ptr_nonnull(cert_pkey(cert));
    ck_assert_uint_eq(ERR_peek_error(), 0);
    trust_cert_free(cert);
}
END_TEST

START_TEST(validity_and_digest)
{
    struct trust_cert *cert = cert_of_pem("certs/pub.crt");
    uint8_t digest[TRUST_SHA256_SIZE];
    struct trust_bytes der = trust_cert_der(cert);
    /* 2026-11-20 15:19:55 and 2036-11-17 15:19:55, UTC */
    ck_assert_int_eq(trust_cert_not_before(cert), 1795187995);
    ck_assert_int_eq(trust_cert_not_after(cert), 2110547995);
    ck_assert_int_eq(trust_digest_pieces(TRUST_DIGEST_SHA256, &der, 1, digest, NULL), 0);
    ck_assert_mem_eq(trust_cert_sha256(cert), digest, sizeof digest);
    trust_cert_free(cert);
}
END_TEST

START_TEST(pem_and_back)
{
    struct trust_cert *cert = cert_of_pem("certs/pub.crt"), *other = cert_of_pem("certs/sub1.crt"), *again;
    struct trust_bytes file = fixture_read("certs/pub.crt");
    char *pem;
    ck_assert_int_eq(trust_cert_to_pem(cert, &pem, NULL), 0);
    ck_assert_uint_eq(strlen(pem), file.len);
    ck_assert_mem_eq(pem, file.data, file.len);
    again = cert_of_der(trust_cert_der(cert));
    ck_assert(trust_cert_equal(cert, again));
    ck_assert(!trust_cert_equal(cert, other));
    trust_cert_free(again);
    trust_cert_free(other);
    trust_cert_free(cert);
    fixture_free(file);
    free(pem);
}
END_TEST

START_TEST(references)
{
    struct trust_cert *cert = cert_of_pem("certs/capf.crt");
    ck_assert_ptr_eq(trust_cert_ref(cert), cert);
    trust_cert_free(cert);
    check_hex(trust_cert_serial(cert), "744b499977");
    trust_cert_free(cert);
    trust_cert_free(NULL);
}
END_TEST

/* A copy of bundles/leaf.der with `from` replaced by `to`, both hex of one length. */
static struct trust_cert *patched(const char *from, const char *to, struct trust_error *err)
{
    struct trust_bytes der = fixture_read("bundles/leaf.der");
    uint8_t old[64], new[64], *copy = malloc(der.len);
    size_t old_len = sizeof old, new_len = sizeof new;
    struct trust_cert *cert;
    memcpy(copy, der.data, der.len);
    ck_assert_int_eq(trust_unhex(from, old, &old_len, NULL), 0);
    ck_assert_int_eq(trust_unhex(to, new, &new_len, NULL), 0);
    ck_assert_uint_eq(old_len, new_len);
    uint8_t *place = memmem(copy, der.len, old, old_len);
    ck_assert_ptr_nonnull(place);
    memcpy(place, new, new_len);
    int code = trust_cert_from_der((struct trust_bytes){copy, der.len}, &cert, err);
    ck_assert_int_eq(code == 0, cert != NULL);
    ck_assert_uint_eq(ERR_peek_error(), 0);
    fixture_free(der);
    free(copy);
    return cert;
}

START_TEST(odd_serial_numbers)
{
    struct trust_bytes der = fixture_read("odd-certs/serial-zero.der");
    struct trust_cert *cert = cert_of_der(der);
    check_hex(trust_cert_serial(cert), "00");
    trust_cert_free(cert);
    fixture_free(der);
    /* Without a sign byte: a negative number, printed as its bytes. */
    cert = patched("02040080aabb", "020480aabbcc", NULL);
    check_hex(trust_cert_serial(cert), "80aabbcc");
    trust_cert_free(cert);
    cert = patched("02040080aabb", "0204ff0001bb", NULL);
    check_hex(trust_cert_serial(cert), "ff0001bb");
    trust_cert_free(cert);
}
END_TEST

START_TEST(keys_that_openssl_cannot_decode)
{
    /* prime256v1's OID with another last arc: no curve of that name. */
    struct trust_cert *cert = patched("06082a8648ce3d030107", "06082a8648ce3d03017f", NULL);
    ck_assert_ptr_nonnull(cert);
    ck_assert_int_eq(trust_cert_key_type(cert), TRUST_KEY_OTHER);
    ck_assert_int_eq(trust_cert_key_bits(cert), 0);
    ck_assert_ptr_null(cert_pkey(cert));
    ck_assert_uint_eq(trust_cert_public_key(cert).len, 65);
    ck_assert(!trust_cert_is_self_signed(cert));
    trust_cert_free(cert);

    struct trust_bytes der = fixture_read("odd-certs/ed25519.der");
    cert = cert_of_der(der);
    ck_assert_int_eq(trust_cert_key_type(cert), TRUST_KEY_OTHER);
    ck_assert(trust_cert_is_self_signed(cert));
    trust_cert_free(cert);
    fixture_free(der);

    /* An RSA key whose modulus is zero. */
    der = fixture_read("odd-certs/rsa-zero.der");
    cert = cert_of_der(der);
    ck_assert_int_eq(trust_cert_key_type(cert), TRUST_KEY_OTHER);
    ck_assert_int_eq(trust_cert_key_bits(cert), 0);
    ck_assert(!trust_cert_is_self_signed(cert));
    trust_cert_free(cert);
    fixture_free(der);
}
END_TEST

/* The first is of those that take OpenSSL long, and none is decoded. */
START_TEST(curves_without_a_name)
{
    static const char *const files[] = {"odd-certs/explicit-curve.der", "odd-certs/explicit-p256.der"};
    struct trust_bytes der = fixture_read(files[_i]);
    struct trust_error err = {0};
    struct trust_cert *cert;
    ck_assert_int_eq(trust_cert_from_der(der, &cert, &err), TRUST_ECERT);
    ck_assert_msg(strstr(err.text, "curve without a name") != NULL, "%s", err.text);
    ck_assert_ptr_null(cert);
    fixture_free(der);
}
END_TEST

START_TEST(no_subject)
{
    struct trust_bytes der = fixture_read("odd-certs/no-subject.der");
    struct trust_cert *cert = cert_of_der(der);
    ck_assert_str_eq(trust_name_cucm(trust_cert_subject(cert)), "");
    trust_cert_free(cert);
    fixture_free(der);
}
END_TEST

START_TEST(bad_time)
{
    struct trust_error err;
    struct trust_bytes der = fixture_read("bundles/leaf.der");
    struct trust_cert *cert = cert_of_der(der), *broken;
    uint8_t *copy = malloc(der.len);
    memcpy(copy, der.data, der.len);
    /* The first UTCTime or GeneralizedTime is notBefore: spoil its month. */
    uint8_t *time = memmem(copy, der.len, "\x17\x0d", 2);
    ck_assert_ptr_nonnull(time);
    memcpy(time + 4, "99", 2);
    ck_assert_int_eq(trust_cert_from_der((struct trust_bytes){copy, der.len}, &broken, &err), TRUST_ECERT);
    ck_assert_ptr_nonnull(strstr(err.text, "notBefore"));
    ck_assert_ptr_null(broken);
    trust_cert_free(cert);
    fixture_free(der);
    free(copy);
}
END_TEST

START_TEST(wrong_signature_is_not_self_signed)
{
    struct trust_cert *cert = cert_of_pem("certs/pub.crt"), *broken;
    struct trust_bytes der = trust_cert_der(cert);
    uint8_t *copy = malloc(der.len);
    memcpy(copy, der.data, der.len);
    copy[der.len - 1] ^= 1;
    broken = cert_of_der((struct trust_bytes){copy, der.len});
    ck_assert(!trust_cert_is_self_signed(broken));
    ck_assert(!trust_cert_equal(cert, broken));
    ck_assert_uint_eq(ERR_peek_error(), 0);
    trust_cert_free(broken);
    trust_cert_free(cert);
    free(copy);
}
END_TEST

START_TEST(bad_input)
{
    struct trust_error err = {0};
    struct trust_cert *cert = (struct trust_cert *)&err;
    struct trust_bytes der = fixture_read("bundles/trailing.der");
    ck_assert_int_eq(trust_cert_from_der(der, &cert, &err), TRUST_ETRAILING);
    ck_assert_uint_eq(err.offset, der.len - 2);
    ck_assert_ptr_null(cert);
    ck_assert_int_eq(trust_cert_from_der((struct trust_bytes){der.data, 0}, &cert, &err), TRUST_EEMPTY);
    for (size_t len = 1; len < der.len - 2; len++)
        ck_assert_int_eq(trust_cert_from_der((struct trust_bytes){der.data, len}, &cert, &err), TRUST_ECERT);
    ck_assert_uint_eq(ERR_peek_error(), 0);
    uint8_t *large = calloc(1, 65536);
    ck_assert_int_eq(trust_cert_from_der((struct trust_bytes){large, 65536}, &cert, &err), TRUST_ETOOLARGE);
    ck_assert_int_eq(trust_cert_from_der((struct trust_bytes){large, 65535}, &cert, NULL), TRUST_ECERT);
    free(large);
    fixture_free(der);
}
END_TEST

/* Every byte changed in turn: no crash, no leak, no forgotten error of OpenSSL. */
START_TEST(mutations)
{
    struct trust_bytes der = fixture_read("bundles/leaf.der");
    uint8_t *copy = malloc(der.len);
    for (size_t i = 0; i < der.len; i++) {
        static const uint8_t flips[] = {0x01, 0x80, 0xff};
        for (size_t f = 0; f < sizeof flips; f++) {
            struct trust_cert *cert;
            struct trust_error err;
            memcpy(copy, der.data, der.len);
            copy[i] ^= flips[f];
            int code = trust_cert_from_der((struct trust_bytes){copy, der.len}, &cert, &err);
            ck_assert(code == 0 || code == TRUST_ECERT || code == TRUST_ETRAILING || code == TRUST_ENAME);
            ck_assert_uint_eq(ERR_peek_error(), 0);
            trust_cert_free(cert);
        }
    }
    free(copy);
    fixture_free(der);
}
END_TEST

static const struct {
    const char *a, *b;
    bool equal;
} serials[] = {
    {"01", "01", true},    {"0001", "01", true},    {"00", "0000", true},
    {"01", "0100", false}, {"0102", "0103", false},
};

START_TEST(serials_compare_as_numbers)
{
    uint8_t a[8], b[8];
    size_t a_len = sizeof a, b_len = sizeof b;
    ck_assert_int_eq(trust_unhex(serials[_i].a, a, &a_len, NULL), 0);
    ck_assert_int_eq(trust_unhex(serials[_i].b, b, &b_len, NULL), 0);
    struct trust_bytes first = {a, a_len}, second = {b, b_len};
    ck_assert_int_eq(trust_serial_equal(first, second), serials[_i].equal);
    ck_assert_int_eq(trust_serial_equal(second, first), serials[_i].equal);
    ck_assert(
        trust_serial_equal((struct trust_bytes){NULL, 0}, (struct trust_bytes){(const uint8_t *)"", 1}));
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("cert");
    TCase *t = tcase_create("cert");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, fields, 0, sizeof certs / sizeof certs[0]);
    tcase_add_test(t, validity_and_digest);
    tcase_add_test(t, pem_and_back);
    tcase_add_test(t, references);
    tcase_add_test(t, odd_serial_numbers);
    tcase_add_test(t, keys_that_openssl_cannot_decode);
    tcase_add_loop_test(t, curves_without_a_name, 0, 2);
    tcase_add_test(t, no_subject);
    tcase_add_test(t, bad_time);
    tcase_add_test(t, wrong_signature_is_not_self_signed);
    tcase_add_test(t, bad_input);
    tcase_add_test(t, mutations);
    tcase_add_loop_test(t, serials_compare_as_numbers, 0, sizeof serials / sizeof serials[0]);
    suite_add_tcase(s, t);
    return s;
}
