#include "tests/check_main.h"
#include "tests/libtrust/helper_lists.h"

#include "signer.h"

#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#define NAME "CN=signer;O=Test"

static const struct trust_bytes pieces[] = {
    {(const uint8_t *)"one ", 4}, {NULL, 0}, {(const uint8_t *)"two", 3}};
static const struct trust_bytes whole = {(const uint8_t *)"one two", 7};

static struct trust_key *key_of(int bits)
{
    char name[32];
    struct trust_error err = {0};
    struct trust_key *key;
    if (bits == 1024 || bits == 2048) {
        snprintf(name, sizeof name, "rsa:%d", bits);
        return helper_key(name);
    }
    snprintf(name, sizeof name, "keys/rsa-%d.pem", bits);
    struct trust_bytes pem = fixture_read(name);
    helper_ok(trust_key_parse(pem, NULL, &key, &err), &err);
    fixture_free(pem);
    return key;
}

static struct trust_cert *cert_of(struct trust_key *key, struct trust_key *issuer_key)
{
    return helper_cert(
        &(struct helper_plan){.subject = NAME, .serial = "01", .key = key, .issuer_key = issuer_key});
}

/* ---- Signing with a key in memory */

static void sign_and_verify(struct trust_signer *signer, enum trust_digest digest, size_t size)
{
    struct trust_error err = {0};
    uint8_t signature[TRUST_SIGNATURE_MAX];
    size_t len;
    const struct trust_cert *cert = trust_signer_cert(signer);
    helper_ok(trust_signer_sign(signer, digest, pieces, 3, signature, &len, &err), &err);
    ck_assert_uint_eq(len, size);
    helper_ok(trust_signature_verify(cert, digest, &whole, 1, (struct trust_bytes){signature, len}, &err),
              &err);
    ck_assert_int_eq(
        trust_signature_verify(cert, digest, pieces, 1, (struct trust_bytes){signature, len}, &err),
        TRUST_ESIGNATURE);
    ck_assert_int_eq(
        trust_signature_verify(cert, digest, &whole, 1, (struct trust_bytes){signature, len - 1}, &err),
        TRUST_ESIGNATURE);
    ck_assert_int_eq(trust_signature_verify(cert, digest, &whole, 1, (struct trust_bytes){NULL, 0}, &err),
                     TRUST_ESIGNATURE);
    ck_assert_ptr_nonnull(strstr(err.text, "does not verify"));
    signature[len / 2] ^= 0x10;
    ck_assert_int_eq(
        trust_signature_verify(cert, digest, &whole, 1, (struct trust_bytes){signature, len}, NULL),
        TRUST_ESIGNATURE);
    helper_openssl_is_quiet();
}

/* Foretold, done and pretended alike. */
static void check_possible(struct trust_cert *cert, struct trust_signer *signer, int bits)
{
    static const enum trust_digest digests[] = {TRUST_DIGEST_SHA1, TRUST_DIGEST_SHA256, TRUST_DIGEST_SHA512};
    for (size_t i = 0; i < sizeof digests / sizeof digests[0]; i++) {
        const bool is = trust_signature_is_possible(cert, digests[i]);
        struct trust_signer *pretended;
        struct trust_error err = {0};
        uint8_t made[TRUST_SIGNATURE_MAX];
        size_t len;
        ck_assert_int_eq(is, bits > 512 || digests[i] != TRUST_DIGEST_SHA512);
        ck_assert_int_eq(trust_signer_sign(signer, digests[i], &whole, 1, made, &len, &err) == 0, is);
        helper_ok(trust_pretend_begin(&err), &err);
        helper_ok(trust_signer_pretend(cert, &pretended, &err), &err);
        ck_assert_int_eq(trust_signer_sign(pretended, digests[i], &whole, 1, made, &len, &err) == 0, is);
        trust_signer_free(pretended);
        trust_pretend_end();
    }
    ck_assert(!trust_signature_is_possible(cert, TRUST_DIGEST_MD5));
    helper_openssl_is_quiet();
}

START_TEST(key_sizes)
{
    static const struct {
        int bits, code;
    } sizes[] = {{512, 0}, {1024, 1}, {2048, 2}, {4096, 3}};
    const int bits = sizes[_i].bits;
    struct trust_key *key = key_of(bits);
    struct trust_cert *cert = cert_of(key, NULL);
    struct trust_signer *signer = helper_signer(cert, key);
    ck_assert_int_eq(signer_modulus_code((size_t)bits / 8), sizes[_i].code);
    ck_assert_uint_eq(signer_modulus_bytes((unsigned)sizes[_i].code), (size_t)bits / 8);
    ck_assert(trust_cert_equal(trust_signer_cert(signer), cert));
    check_possible(cert, signer, bits);
    /* The signer holds references of its own. */
    trust_cert_free(cert);
    trust_key_free(key);
    sign_and_verify(signer, TRUST_DIGEST_SHA1, (size_t)bits / 8);
    if (bits > 512) { /* SHA-512 and its padding are longer than such a key */
        sign_and_verify(signer, TRUST_DIGEST_SHA256, (size_t)bits / 8);
        sign_and_verify(signer, TRUST_DIGEST_SHA512, (size_t)bits / 8);
    } else {
        uint8_t signature[TRUST_SIGNATURE_MAX];
        size_t len;
        struct trust_error err = {0};
        ck_assert_int_eq(trust_signer_sign(signer, TRUST_DIGEST_SHA512, &whole, 1, signature, &len, &err),
                         TRUST_ECRYPTO);
        ck_assert_uint_eq(len, 0);
        helper_openssl_is_quiet();
    }
    trust_signer_free(signer);
}
END_TEST

START_TEST(known_codes)
{
    ck_assert_int_eq(signer_modulus_code(384), -1);
    ck_assert_int_eq(signer_modulus_code(0), -1);
    ck_assert_uint_eq(signer_modulus_bytes(4), 0);
    ck_assert_uint_eq(signer_modulus_bytes(255), 0);
    for (unsigned digest = 0; digest < 256; digest++)
        ck_assert_int_eq(signer_digest_is_known(digest), digest >= 1 && digest <= 3);
}
END_TEST

START_TEST(refused_signers)
{
    struct trust_error err = {0};
    struct trust_key *key = helper_key("rsa:1024"), *other = helper_key("rsa:1024");
    struct trust_key *odd = key_of(3072), *ec = helper_key("ec:P-256");
    struct trust_cert *cert = cert_of(key, NULL), *odd_cert = cert_of(odd, key), *ec_cert = cert_of(ec, key);
    const struct {
        struct trust_cert *cert;
        struct trust_key *key;
        int code;
        const char *text;
    } cases[] = {
        {cert, other, TRUST_EMISMATCH, "not the one"},
        {odd_cert, odd, TRUST_EUNSUPPORTED, "3072"},
        {ec_cert, ec, TRUST_EUNSUPPORTED, "RSA"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct trust_signer *signer;
        ck_assert_int_eq(trust_signer_from_key(cases[i].cert, cases[i].key, &signer, &err), cases[i].code);
        ck_assert_ptr_null(signer);
        ck_assert_msg(strstr(err.text, cases[i].text) != NULL, "%s", err.text);
        helper_openssl_is_quiet();
    }
    trust_signer_free(NULL);
    trust_cert_free(cert);
    trust_cert_free(odd_cert);
    trust_cert_free(ec_cert);
    trust_key_free(key);
    trust_key_free(other);
    trust_key_free(odd);
    trust_key_free(ec);
}
END_TEST

START_TEST(refused_digests)
{
    static const int digests[] = {TRUST_DIGEST_MD5, 4, 255};
    struct trust_key *key = helper_key("rsa:1024");
    struct trust_cert *cert = cert_of(key, NULL), *ec = helper_cert_file("tvs-ec.crt");
    struct trust_signer *signer = helper_signer(cert, key);
    uint8_t signature[TRUST_SIGNATURE_MAX] = {0};
    struct trust_error err = {0};
    size_t len;
    for (size_t i = 0; i < 3; i++) {
        const enum trust_digest digest = (enum trust_digest)digests[i];
        ck_assert_int_eq(trust_signer_sign(signer, digest, &whole, 1, signature, &len, &err),
                         TRUST_EUNSUPPORTED);
        ck_assert_int_eq(
            trust_signature_verify(cert, digest, &whole, 1, (struct trust_bytes){signature, 128}, &err),
            TRUST_EUNSUPPORTED);
    }
    ck_assert_int_eq(
        trust_signature_verify(ec, TRUST_DIGEST_SHA1, &whole, 1, (struct trust_bytes){signature, 128}, &err),
        TRUST_EUNSUPPORTED);
    helper_openssl_is_quiet();
    trust_signer_free(signer);
    trust_cert_free(cert);
    trust_cert_free(ec);
    trust_key_free(key);
}
END_TEST

/* ---- Another kind of key */

struct fake {
    int signed_count, freed;
    enum trust_digest digest;
    size_t hash_len;
    int rc;
};

static int fake_sign(void *state, enum trust_digest digest, struct trust_bytes hash, uint8_t *out,
                     size_t *len, struct trust_error *err)
{
    struct fake *fake = state;
    fake->signed_count++;
    fake->digest = digest;
    fake->hash_len = hash.len;
    if (fake->rc != 0)
        return trust_error_set(err, fake->rc, TRUST_NO_OFFSET, "the token was pulled out");
    memset(out, 0xa5, 128);
    *len = 128;
    return 0;
}

static void fake_free(void *state)
{
    ((struct fake *)state)->freed++;
}

START_TEST(other_kind)
{
    static const struct trust_signer_ops ops = {fake_sign, fake_free, false},
                                         checked = {fake_sign, fake_free, true};
    struct trust_key *key = helper_key("rsa:1024");
    struct trust_cert *cert = cert_of(key, NULL), *ec = helper_cert_file("tvs-ec.crt");
    struct fake fake = {0};
    struct trust_signer *signer;
    struct trust_error err = {0};
    uint8_t signature[TRUST_SIGNATURE_MAX];
    size_t len;
    ck_assert_int_eq(trust_signer_new(&ops, &fake, ec, &signer, &err), TRUST_EUNSUPPORTED);
    ck_assert_int_eq(fake.freed, 1);
    helper_ok(trust_signer_new(&ops, &fake, cert, &signer, &err), &err);
    helper_ok(trust_signer_sign(signer, TRUST_DIGEST_SHA256, &whole, 1, signature, &len, &err), &err);
    ck_assert_uint_eq(len, 128);
    ck_assert_int_eq(signature[127], 0xa5);
    ck_assert_int_eq(fake.digest, TRUST_DIGEST_SHA256);
    ck_assert_uint_eq(fake.hash_len, 32);
    fake.rc = TRUST_EDENIED;
    ck_assert_int_eq(trust_signer_sign(signer, TRUST_DIGEST_SHA256, &whole, 1, signature, &len, &err),
                     TRUST_EDENIED);
    ck_assert_uint_eq(len, 0);
    trust_signer_free(signer);
    ck_assert_int_eq(fake.freed, 2);
    ck_assert_int_eq(fake.signed_count, 2);

    /* What a token signed wrongly is not given out. */
    fake.rc = 0;
    helper_ok(trust_signer_new(&checked, &fake, cert, &signer, &err), &err);
    ck_assert_int_eq(trust_signer_sign(signer, TRUST_DIGEST_SHA1, &whole, 1, signature, &len, &err),
                     TRUST_EMISMATCH);
    ck_assert_uint_eq(len, 0);
    helper_openssl_is_quiet();
    trust_signer_free(signer);
    trust_cert_free(cert);
    trust_cert_free(ec);
    trust_key_free(key);
}
END_TEST

/* What trust_signer_pretend makes with a key that is all zeros, as a wiped one is. */
static void forge(const struct trust_cert *cert, const uint8_t hash[20], uint8_t out[256])
{
    static const uint8_t zeros[32];
    uint8_t message[4 + TRUST_SHA256_SIZE + TRUST_DIGEST_MAX] = {0};
    const struct trust_bytes der = trust_cert_der(cert);
    ck_assert_int_eq(trust_digest_pieces(TRUST_DIGEST_SHA256, &der, 1, message + 4, NULL), 0);
    message[1] = TRUST_DIGEST_SHA1;
    memcpy(message + 4 + TRUST_SHA256_SIZE, hash, 20);
    for (size_t at = 0; at < 256; at += 32) {
        message[0]++;
        ck_assert_ptr_nonnull(
            HMAC(EVP_sha256(), zeros, sizeof zeros, message, sizeof message, out + at, NULL));
    }
    out[0] = 0;
}

/* Nobody can know the key: before a rehearsal and behind it there is none. */
START_TEST(pretended_by_others)
{
    struct trust_key *key = helper_key("rsa:2048");
    struct trust_cert *cert = cert_of(key, NULL);
    struct trust_error err = {0};
    uint8_t hash[TRUST_DIGEST_MAX], forged[256];
    helper_ok(trust_digest_pieces(TRUST_DIGEST_SHA1, &whole, 1, hash, &err), &err);
    forge(cert, hash, forged);
    for (int turn = 0; turn < 3; turn++) {
        if (turn == 1)
            helper_ok(trust_pretend_begin(&err), &err);
        ck_assert_int_eq(trust_signature_verify(cert, TRUST_DIGEST_SHA1, &whole, 1,
                                                (struct trust_bytes){forged, sizeof forged}, NULL),
                         TRUST_ESIGNATURE);
        if (turn == 1)
            trust_pretend_end();
    }
    trust_cert_free(cert);
    trust_key_free(key);
}
END_TEST

/* Only while something is rehearsed, only what was signed since it began, and only for that certificate. */
START_TEST(pretended)
{
    struct trust_key *key = helper_key("rsa:2048"), *other_key = helper_key("rsa:2048");
    struct trust_cert *cert = cert_of(key, NULL), *other = cert_of(other_key, NULL);
    struct trust_signer *signer;
    struct trust_error err = {0};
    uint8_t made[TRUST_SIGNATURE_MAX];
    size_t len;
    ck_assert(!trust_is_pretending());
    ck_assert_int_eq(trust_signer_pretend(cert, &signer, &err), TRUST_EARGUMENT);
    helper_ok(trust_pretend_begin(&err), &err);
    helper_ok(trust_signer_pretend(cert, &signer, &err), &err);
    sign_and_verify(signer, TRUST_DIGEST_SHA512, 256);
    helper_ok(trust_signer_sign(signer, TRUST_DIGEST_SHA1, &whole, 1, made, &len, &err), &err);
    const struct trust_bytes signature = {made, len};
    ck_assert_int_eq(trust_signature_verify(other, TRUST_DIGEST_SHA1, &whole, 1, signature, NULL),
                     TRUST_ESIGNATURE);
    ck_assert_int_eq(trust_signature_verify(cert, TRUST_DIGEST_SHA256, &whole, 1, signature, NULL),
                     TRUST_ESIGNATURE);
    helper_ok(trust_pretend_begin(&err), &err);
    trust_pretend_end();
    helper_ok(trust_signature_verify(cert, TRUST_DIGEST_SHA1, &whole, 1, signature, &err), &err);
    trust_pretend_end();
    ck_assert_int_eq(trust_signature_verify(cert, TRUST_DIGEST_SHA1, &whole, 1, signature, NULL),
                     TRUST_ESIGNATURE);
    ck_assert_int_eq(trust_signer_sign(signer, TRUST_DIGEST_SHA1, &whole, 1, made, &len, &err),
                     TRUST_ECRYPTO);
    helper_ok(trust_pretend_begin(&err), &err);
    ck_assert_int_eq(trust_signature_verify(cert, TRUST_DIGEST_SHA1, &whole, 1, signature, NULL),
                     TRUST_ESIGNATURE);
    trust_pretend_end();
    trust_signer_free(signer);
    trust_cert_free(cert);
    trust_cert_free(other);
    trust_key_free(key);
    trust_key_free(other_key);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("sign");
    TCase *tcase = tcase_create("sign");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, key_sizes, 0, 4);
    tcase_add_test(tcase, known_codes);
    tcase_add_test(tcase, refused_signers);
    tcase_add_test(tcase, refused_digests);
    tcase_add_test(tcase, other_kind);
    tcase_add_test(tcase, pretended);
    tcase_add_test(tcase, pretended_by_others);
    suite_add_tcase(suite, tcase);
    return suite;
}
