#include "tests/check_main.h"
#include "tests/fixture.h"

#include "trust/bundle.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

/* What is in tests/data/bundles. certs: common names in order. */
static const struct {
    const char *file, *password;
    int code;
    const char *certs[3];
    bool key;
    const char *text; /* must stand in the error */
} cases[] = {
    {"leaf.pem", NULL, 0, {"node-1"}, false, NULL},
    {"leaf.der", NULL, 0, {"node-1"}, false, NULL},
    {"leaf.der", "unused", 0, {"node-1"}, false, NULL},
    {"trusted.pem", NULL, 0, {"node-1"}, false, NULL},
    {"zero-text.pem", NULL, 0, {"node-1"}, false, NULL},
    {"key-between.pem", NULL, 0, {"Example CA", "node-1"}, true, NULL},
    {"chain-p7b.pem", NULL, 0, {"node-1", "Example CA"}, false, NULL},
    {"chain.p7b", NULL, 0, {"node-1", "Example CA"}, false, NULL},
    {"modern.p12", "secret", 0, {"node-1", "Example CA"}, true, NULL},
    {"triple-des.p12", "secret", 0, {"node-1"}, true, NULL},
    {"plain-bags.p12", "secret", 0, {"node-1"}, true, NULL},
    {"no-mac.p12", "secret", 0, {"node-1"}, true, NULL},
    {"no-password.p12", NULL, 0, {"node-1", "Example CA"}, true, NULL},
    {"no-password.p12", "", 0, {"node-1", "Example CA"}, true, NULL},
    {"key.pem", NULL, 0, {NULL}, true, NULL},
    {"key.der", NULL, 0, {NULL}, true, NULL},
    {"key-sec1.der", NULL, 0, {NULL}, true, NULL},
    {"key-encrypted.pem", "secret", 0, {NULL}, true, NULL},
    {"key-encrypted.der", "secret", 0, {NULL}, true, NULL},
    {"key-traditional.pem", "secret", 0, {NULL}, true, NULL},
    {"modern.p12", NULL, TRUST_EPASSWORD, {NULL}, false, "needs a password"},
    {"modern.p12", "wrong", TRUST_EPASSWORD, {NULL}, false, "wrong"},
    {"no-mac.p12", "wrong", TRUST_EPASSWORD, {NULL}, false, "wrong password"},
    {"no-mac.p12", NULL, TRUST_EPASSWORD, {NULL}, false, NULL},
    {"no-password.p12", "wrong", TRUST_EPASSWORD, {NULL}, false, NULL},
    {"legacy-rc2.p12", "secret", TRUST_EUNSUPPORTED, {NULL}, false, "legacy PKCS#12"},
    {"legacy-rc2.p12", "wrong", TRUST_EPASSWORD, {NULL}, false, NULL},
    {"key-encrypted.pem", NULL, TRUST_EPASSWORD, {NULL}, false, "PEM block 1"},
    {"key-encrypted.pem", "wrong", TRUST_EPASSWORD, {NULL}, false, "does not open"},
    {"key-encrypted.der", NULL, TRUST_EPASSWORD, {NULL}, false, "is encrypted"},
    {"key-traditional.pem", NULL, TRUST_EPASSWORD, {NULL}, false, "is encrypted"},
    {"two-keys.pem", NULL, TRUST_EDUPLICATE, {NULL}, false, "PEM block 2: two private keys"},
    {"request.pem", NULL, TRUST_ECERT, {NULL}, false, "only CERTIFICATE REQUEST"},
    {"public.pem", NULL, TRUST_ECERT, {NULL}, false, "only PUBLIC KEY"},
    {"cut.pem", NULL, TRUST_ECERT, {NULL}, false, "PEM block 1"},
    {"damaged.pem", NULL, TRUST_ECERT, {NULL}, false, "PEM block 1"},
    {"empty.p7b", NULL, TRUST_ECERT, {NULL}, false, "without certificates"},
    {"no-content.p7b", NULL, TRUST_ECERT, {NULL}, false, "without certificates"},
    {"no-content-enveloped.p7b", NULL, TRUST_ECERT, {NULL}, false, "without certificates"},
    {"no-content.p12", "secret", TRUST_ECERT, {NULL}, false, "damaged content"},
    {"endless-mac.p12", "secret", TRUST_ETOOLARGE, {NULL}, false, "rounds"},
    {"endless-pbmac1.p12", "secret", TRUST_ETOOLARGE, {NULL}, false, "rounds"},
    {"endless-bag.p12", "secret", TRUST_ETOOLARGE, {NULL}, false, "rounds"},
    {"endless-key.pem", "secret", TRUST_ETOOLARGE, {NULL}, false, "rounds"},
    {"endless-key.der", "secret", TRUST_ETOOLARGE, {NULL}, false, "rounds"},
    {"endless-scrypt.der", "secret", TRUST_ETOOLARGE, {NULL}, false, "rounds"},
    {"trailing.der", NULL, TRUST_ETRAILING, {NULL}, false, "2 bytes"},
    {"trailing.p12", "secret", TRUST_ETRAILING, {NULL}, false, "PKCS#12"},
    {"trailing.p7b", NULL, TRUST_ETRAILING, {NULL}, false, "PKCS#7"},
    {"../odd-certs/explicit-p256.der", NULL, TRUST_ECERT, {NULL}, false, "curve without a name"},
    {"../names/text.txt", NULL, TRUST_ECERT, {NULL}, false, "PKCS#12"},
    {"../good/peer-itl-ec.tlv", NULL, TRUST_ECERT, {NULL}, false, "PKCS#12"},
};

START_TEST(containers)
{
    char path[100] = "bundles/";
    strcat(path, cases[_i].file);
    struct trust_bytes file = fixture_read(path);
    struct trust_error err = {0};
    struct trust_bundle *bundle = (struct trust_bundle *)&err;
    int code = trust_bundle_read(file, cases[_i].password, &bundle, &err);
    fixture_free(file);
    ck_assert_msg(code == cases[_i].code, "%s: %s: %s", path, trust_error_name(code), err.text);
    ck_assert_uint_eq(ERR_peek_error(), 0);
    if (code != 0) {
        ck_assert_ptr_null(bundle);
        ck_assert_int_eq(err.code, code);
        ck_assert_msg(cases[_i].text == NULL || strstr(err.text, cases[_i].text) != NULL, "%s", err.text);
        return;
    }
    size_t count = 0;
    for (; cases[_i].certs[count] != NULL; count++) {
        ck_assert_uint_lt(count, bundle->cert_count);
        ck_assert_str_eq(trust_name_common_name(trust_cert_subject(bundle->certs[count])),
                         cases[_i].certs[count]);
        if (cases[_i].key && strcmp(cases[_i].certs[count], "node-1") == 0)
            ck_assert(trust_key_matches(bundle->key, bundle->certs[count]));
    }
    ck_assert_uint_eq(bundle->cert_count, count);
    ck_assert_int_eq(bundle->key != NULL, cases[_i].key);
    trust_bundle_free(bundle);
}
END_TEST

START_TEST(limits)
{
    struct trust_error err;
    struct trust_bundle *bundle;
    ck_assert_int_eq(trust_bundle_read((struct trust_bytes){NULL, 0}, NULL, &bundle, &err), TRUST_EEMPTY);
    uint8_t *large = calloc(1, (1 << 20) + 1);
    ck_assert_int_eq(trust_bundle_read((struct trust_bytes){large, (1 << 20) + 1}, NULL, &bundle, &err),
                     TRUST_ETOOLARGE);
    struct trust_bytes pem = fixture_read("bundles/leaf.pem");
    for (size_t i = 0; i < 257; i++)
        memcpy(large + i * pem.len, pem.data, pem.len);
    ck_assert_int_eq(trust_bundle_read((struct trust_bytes){large, 257 * pem.len}, NULL, &bundle, &err),
                     TRUST_ETOOLARGE);
    ck_assert_ptr_null(bundle);
    ck_assert_int_eq(trust_bundle_read((struct trust_bytes){large, 256 * pem.len}, NULL, &bundle, &err), 0);
    ck_assert_uint_eq(bundle->cert_count, 256);
    trust_bundle_free(bundle);
    trust_bundle_free(NULL);
    fixture_free(pem);
    free(large);
    ck_assert_uint_eq(ERR_peek_error(), 0);
}
END_TEST

/* Cut after every byte, and every byte changed: no crash, no leak. */
static const char *const mutated[] = {"plain-bags.p12", "triple-des.p12", "chain.p7b", "key.der",
                                      "trusted.pem"};

START_TEST(mutations)
{
    char path[100] = "bundles/";
    strcat(path, mutated[_i]);
    struct trust_bytes file = fixture_read(path);
    uint8_t *copy = malloc(file.len);
    for (size_t i = 0; i < file.len; i++) {
        struct trust_bundle *bundle;
        if (trust_bundle_read((struct trust_bytes){file.data, i}, "secret", &bundle, NULL) == 0)
            trust_bundle_free(bundle);
        memcpy(copy, file.data, file.len);
        copy[i] ^= 0x41;
        if (trust_bundle_read((struct trust_bytes){copy, file.len}, "secret", &bundle, NULL) == 0)
            trust_bundle_free(bundle);
        ck_assert_uint_eq(ERR_peek_error(), 0);
    }
    free(copy);
    fixture_free(file);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("bundle");
    TCase *t = tcase_create("bundle");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, containers, 0, sizeof cases / sizeof cases[0]);
    tcase_add_test(t, limits);
    tcase_add_loop_test(t, mutations, 0, sizeof mutated / sizeof mutated[0]);
    suite_add_tcase(s, t);
    return s;
}
