/* What operators import: PEM, DER, PKCS#7, PKCS#12, with a password and without. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#define CERTS_MAX 256

static void check_key(const struct trust_key *key)
{
    struct trust_error err = {0};
    struct trust_key *again;
    uint8_t *der;
    size_t len;
    ck_assert_int_gt(trust_key_bits(key), 0);
    fuzz_ok(trust_key_to_der(key, &der, &len, &err), &err);
    fuzz_ok(trust_key_parse((struct trust_bytes){der, len}, NULL, &again, &err), &err);
    ck_assert_int_eq(trust_key_type(key), trust_key_type(again));
    ck_assert_int_eq(trust_key_bits(key), trust_key_bits(again));
    trust_key_free(again);
    free(der);
}

static void check(const struct trust_bundle *bundle)
{
    ck_assert(bundle->cert_count > 0 || bundle->key != NULL);
    ck_assert_uint_le(bundle->cert_count, CERTS_MAX);
    for (size_t i = 0; i < bundle->cert_count; i++) {
        struct trust_error err = {0};
        struct trust_cert *cert;
        fuzz_ok(trust_cert_from_der(trust_cert_der(bundle->certs[i]), &cert, &err), &err);
        if (bundle->key != NULL)
            (void)trust_key_matches(bundle->key, cert);
        trust_cert_free(cert);
    }
    if (bundle->key != NULL)
        check_key(bundle->key);
}

void fuzz_one(struct trust_bytes input)
{
    static const char *const passwords[] = {NULL, "secret"};
    for (size_t i = 0; i < 2; i++) {
        struct trust_error err = {0};
        struct trust_bundle *bundle;
        int rc = trust_bundle_read(input, passwords[i], &bundle, &err);
        fuzz_error(rc, &err);
        ck_assert((rc == 0) == (bundle != NULL));
        if (rc == 0)
            check(bundle);
        trust_bundle_free(bundle);
    }
}
