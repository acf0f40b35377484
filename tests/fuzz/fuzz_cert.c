/* Certificates from anywhere: a phone may ask about whatever it was shown. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static void check_fields(const struct trust_cert *cert)
{
    struct trust_bytes serial = trust_cert_serial(cert);
    ck_assert_uint_gt(serial.len, 0);
    ck_assert(serial.len == 1 || serial.data[0] != 0);
    ck_assert(trust_serial_equal(serial, serial));
    ck_assert(trust_cert_key_bits(cert) >= 0);
    ck_assert(trust_cert_key_type(cert) != TRUST_KEY_RSA || trust_cert_key_bits(cert) > 0);
    ck_assert_uint_gt(trust_cert_spki(cert).len, 0);
    ck_assert_str_ne(trust_cert_signature_algorithm(cert), "");
    ck_assert(trust_name_equal(trust_cert_subject(cert), trust_cert_subject(cert)));
    uint8_t digest[TRUST_DIGEST_MAX];
    struct trust_error err = {0};
    struct trust_bytes der = trust_cert_der(cert);
    fuzz_ok(trust_digest_pieces(TRUST_DIGEST_SHA256, &der, 1, digest, &err), &err);
    ck_assert_mem_eq(digest, trust_cert_sha256(cert), TRUST_SHA256_SIZE);
}

/* It goes through PEM unchanged, and its key takes no signature of ours. */
static void check_uses(const struct trust_cert *cert)
{
    static const uint8_t none[256] = {1, 2, 3};
    const struct trust_bytes piece = {none, 20};
    struct trust_error err = {0};
    struct trust_bundle *bundle;
    char *pem;
    fuzz_ok(trust_cert_to_pem(cert, &pem, &err), &err);
    fuzz_ok(trust_bundle_read((struct trust_bytes){(const uint8_t *)pem, strlen(pem)}, NULL, &bundle, &err),
            &err);
    ck_assert(bundle->cert_count == 1 && bundle->key == NULL);
    ck_assert(trust_cert_equal(bundle->certs[0], cert));
    trust_bundle_free(bundle);
    free(pem);
    (void)trust_cert_is_self_signed(cert);
    int rc = trust_signature_verify(cert, TRUST_DIGEST_SHA1, &piece, 1,
                                    (struct trust_bytes){none, sizeof none}, &err);
    ck_assert_int_ne(rc, 0);
    fuzz_error(rc, &err);
}

void fuzz_one(struct trust_bytes input)
{
    struct trust_error err = {0};
    struct trust_cert *cert;
    int rc = trust_cert_from_der(input, &cert, &err);
    fuzz_error(rc, &err);
    ck_assert((rc == 0) == (cert != NULL));
    if (rc == 0) {
        ck_assert(fuzz_same(trust_cert_der(cert), input));
        check_fields(cert);
        check_uses(cert);
    }
    trust_cert_free(cert);
}
