#include "signer.h"

#include "internal.h"

#include <assert.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <stdlib.h>

struct trust_signer {
    const struct trust_signer_ops *ops;
    void *state;
    struct trust_cert *cert;
};

/* ---- What the format knows */

/* By the code of tag 11. */
static const uint16_t modulus_bytes[] = {64, 128, 256, 512};
#define MODULUS_CODES (sizeof modulus_bytes / sizeof modulus_bytes[0])
#define KEY_BITS_MAX  4096

int signer_modulus_code(size_t bytes)
{
    for (size_t i = 0; i < MODULUS_CODES; i++) {
        if (modulus_bytes[i] == bytes)
            return (int)i;
    }
    return -1;
}

size_t signer_modulus_bytes(unsigned code)
{
    return code < MODULUS_CODES ? modulus_bytes[code] : 0;
}

bool signer_digest_is_known(unsigned digest)
{
    return digest == TRUST_DIGEST_SHA1 || digest == TRUST_DIGEST_SHA256 || digest == TRUST_DIGEST_SHA512;
}

static int check_digest(enum trust_digest digest, struct trust_error *err)
{
    if (signer_digest_is_known(digest))
        return 0;
    return trust_error_set(
        err, TRUST_EUNSUPPORTED, TRUST_NO_OFFSET,
        "digest %d is none that files are signed with; SHA-1 (1), SHA-256 (2), SHA-512 (3) are", (int)digest);
}

bool trust_signature_is_possible(const struct trust_cert *cert, enum trust_digest digest)
{
    /* DigestInfo has this much before the digest, and the padding is 11 bytes at least. */
    const size_t before = digest == TRUST_DIGEST_SHA1 ? 15 : 19, padding = 11;
    const int bits = trust_cert_key_bits(cert);
    return signer_digest_is_known(digest) && trust_cert_key_type(cert) == TRUST_KEY_RSA && bits % 8 == 0 &&
           signer_modulus_code((size_t)bits / 8) >= 0 &&
           (size_t)bits / 8 >= before + trust_digest_size(digest) + padding;
}

/* ---- Signers */

/* A context for PKCS#1 v1.5 over a finished digest, to sign or to verify. NULL: OpenSSL's queue says why. */
static EVP_PKEY_CTX *pkcs1_context(EVP_PKEY *pkey, enum trust_digest digest, int (*init)(EVP_PKEY_CTX *))
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pkey, NULL);
    if (context != NULL && init(context) > 0 &&
        EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) > 0 &&
        EVP_PKEY_CTX_set_signature_md(context, digest_md(digest)) > 0)
        return context;
    EVP_PKEY_CTX_free(context);
    return NULL;
}

int trust_signer_new(const struct trust_signer_ops *ops, void *take_state, struct trust_cert *cert,
                     struct trust_signer **out, struct trust_error *err)
{
    int rc;
    struct trust_signer *signer = NULL;
    const int bits = trust_cert_key_bits(cert);
    *out = NULL;
    if (trust_cert_key_type(cert) != TRUST_KEY_RSA) {
        rc = trust_error_set(
            err, TRUST_EUNSUPPORTED, TRUST_NO_OFFSET,
            "only RSA keys sign trust lists and configuration files; this certificate's is none");
        goto out;
    }
    if (bits % 8 != 0 || signer_modulus_code((size_t)bits / 8) < 0) {
        rc = trust_error_set(err, TRUST_EUNSUPPORTED, TRUST_NO_OFFSET,
                             "an RSA key of %d bits cannot sign: the format knows 512, 1024, 2048 and 4096",
                             bits);
        goto out;
    }
    signer = calloc(1, sizeof *signer);
    if (signer == NULL) {
        rc = trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory: a signer");
        goto out;
    }
    *signer = (struct trust_signer){ops, take_state, trust_cert_ref(cert)};
    take_state = NULL;
    *out = signer;
    rc = 0;
out:
    if (take_state != NULL)
        ops->free(take_state);
    return rc;
}

void trust_signer_free(struct trust_signer *signer)
{
    if (signer == NULL)
        return;
    signer->ops->free(signer->state);
    trust_cert_free(signer->cert);
    free(signer);
}

const struct trust_cert *trust_signer_cert(const struct trust_signer *signer)
{
    return signer->cert;
}

/* The same check as trust_signature_verify's, of a digest that is made already. */
static int check_made(const struct trust_cert *cert, enum trust_digest digest, const uint8_t *hash,
                      struct trust_bytes signature, struct trust_error *err)
{
    EVP_PKEY_CTX *context = pkcs1_context(cert_pkey(cert), digest, EVP_PKEY_verify_init);
    const bool is_good = context != NULL && EVP_PKEY_verify(context, signature.data, signature.len, hash,
                                                            trust_digest_size(digest)) == 1;
    EVP_PKEY_CTX_free(context);
    if (is_good)
        return 0;
    return crypto_error(err, TRUST_EMISMATCH,
                        "what the key of %.150s signed is not verified by its certificate",
                        trust_name_cucm(trust_cert_subject(cert)));
}

int trust_signer_sign(struct trust_signer *signer, enum trust_digest digest, const struct trust_bytes *pieces,
                      size_t count, uint8_t out[TRUST_SIGNATURE_MAX], size_t *len, struct trust_error *err)
{
    uint8_t hash[TRUST_DIGEST_MAX];
    *len = 0;
    int rc = check_digest(digest, err);
    if (rc == 0)
        rc = trust_digest_pieces(digest, pieces, count, hash, err);
    if (rc == 0)
        rc = signer->ops->sign(signer->state, digest, (struct trust_bytes){hash, trust_digest_size(digest)},
                               out, len, err);
    if (rc == 0 && signer->ops->checks)
        rc = check_made(signer->cert, digest, hash, (struct trust_bytes){out, *len}, err);
    if (rc != 0)
        *len = 0;
    assert(rc != 0 || *len == (size_t)trust_cert_key_bits(signer->cert) / 8);
    return rc;
}

/* ---- Keys in memory */

static int memory_sign(void *state, enum trust_digest digest, struct trust_bytes hash, uint8_t *out,
                       size_t *len, struct trust_error *err)
{
    int rc = 0;
    size_t size = TRUST_SIGNATURE_MAX;
    EVP_PKEY_CTX *context = pkcs1_context(key_pkey(state), digest, EVP_PKEY_sign_init);
    if (context == NULL || EVP_PKEY_sign(context, out, &size, hash.data, hash.len) <= 0)
        rc = crypto_error(err, TRUST_ECRYPTO, "signing with %s failed", trust_digest_name(digest));
    else
        *len = size;
    EVP_PKEY_CTX_free(context);
    return rc;
}

static void memory_free(void *state)
{
    trust_key_free(state);
}

int trust_signer_from_key(struct trust_cert *cert, struct trust_key *key, struct trust_signer **out,
                          struct trust_error *err)
{
    static const struct trust_signer_ops ops = {memory_sign, memory_free, false};
    *out = NULL;
    if (!trust_key_matches(key, cert))
        return trust_error_set(err, TRUST_EMISMATCH, TRUST_NO_OFFSET,
                               "the private key is not the one that the certificate certifies");
    return trust_signer_new(&ops, trust_key_ref(key), cert, out, err);
}

/* ---- Checking */

int trust_signature_verify(const struct trust_cert *cert, enum trust_digest digest,
                           const struct trust_bytes *pieces, size_t count, struct trust_bytes signature,
                           struct trust_error *err)
{
    uint8_t hash[TRUST_DIGEST_MAX];
    int rc = check_digest(digest, err);
    if (rc != 0)
        return rc;
    /* The upper bound keeps a certificate that a stranger made from costing seconds. */
    if (trust_cert_key_type(cert) != TRUST_KEY_RSA || trust_cert_key_bits(cert) > KEY_BITS_MAX)
        return trust_error_set(err, TRUST_EUNSUPPORTED, TRUST_NO_OFFSET,
                               "the signer's key is no RSA key of at most %d bits", KEY_BITS_MAX);
    if ((rc = trust_digest_pieces(digest, pieces, count, hash, err)) != 0)
        return rc;
    EVP_PKEY_CTX *context = pkcs1_context(cert_pkey(cert), digest, EVP_PKEY_verify_init);
    if (context == NULL)
        rc = crypto_error(err, TRUST_ECRYPTO, "%s signatures cannot be checked", trust_digest_name(digest));
    else if (EVP_PKEY_verify(context, signature.data, signature.len, hash, trust_digest_size(digest)) != 1)
        rc = crypto_error(err, TRUST_ESIGNATURE, "the signature cannot be checked");
    if (rc == TRUST_ESIGNATURE && pretend_believes(cert, digest, hash, signature))
        rc = 0;
    /* OpenSSL's reason says no more than this. */
    if (rc == TRUST_ESIGNATURE)
        trust_error_set(
            err, rc, TRUST_NO_OFFSET,
            "the signature does not verify: what it covers was changed, or another key signed it");
    EVP_PKEY_CTX_free(context);
    return rc;
}
