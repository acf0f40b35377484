/* Signatures in a rehearsal, of keys that are not at hand (trust/sign.h). */
#include "internal.h"
#include "signer.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

#define SECRET_SIZE 32

static unsigned depth;
static uint8_t secret[SECRET_SIZE];

int trust_pretend_begin(struct trust_error *err)
{
    if (depth == 0 && RAND_priv_bytes(secret, sizeof secret) != 1)
        return crypto_error(err, TRUST_ECRYPTO, "no random numbers for a rehearsal");
    depth++;
    return 0;
}

void trust_pretend_end(void)
{
    assert(depth > 0);
    if (--depth == 0)
        OPENSSL_cleanse(secret, sizeof secret);
}

bool trust_is_pretending(void)
{
    return depth > 0;
}

/* As many bytes as a signature of that certificate has, from secret, certificate and digest. The first is 0,
 * as in most numbers that are smaller than their modulus. */
static bool stretch(const struct trust_cert *cert, enum trust_digest digest, const uint8_t *hash,
                    uint8_t out[TRUST_SIGNATURE_MAX], size_t *len)
{
    uint8_t message[4 + TRUST_SHA256_SIZE + TRUST_DIGEST_MAX] = {0}, block[TRUST_SHA256_SIZE];
    const struct trust_bytes der = trust_cert_der(cert);
    const size_t size = (size_t)trust_cert_key_bits(cert) / 8;
    if (size == 0 || size > TRUST_SIGNATURE_MAX ||
        trust_digest_pieces(TRUST_DIGEST_SHA256, &der, 1, message + 4, NULL) != 0)
        return false;
    message[1] = (uint8_t)digest;
    memcpy(message + 4 + TRUST_SHA256_SIZE, hash, trust_digest_size(digest));
    for (size_t at = 0; at < size; at += sizeof block) {
        message[0]++;
        if (HMAC(EVP_sha256(), secret, sizeof secret, message, sizeof message, block, NULL) == NULL)
            return false;
        memcpy(out + at, block, size - at < sizeof block ? size - at : sizeof block);
    }
    out[0] = 0;
    *len = size;
    return true;
}

bool pretend_believes(const struct trust_cert *cert, enum trust_digest digest, const uint8_t *hash,
                      struct trust_bytes signature)
{
    uint8_t made[TRUST_SIGNATURE_MAX];
    size_t len;
    return depth > 0 && stretch(cert, digest, hash, made, &len) && len == signature.len &&
           CRYPTO_memcmp(made, signature.data, len) == 0;
}

static int pretend_sign(void *state, enum trust_digest digest, struct trust_bytes hash, uint8_t *out,
                        size_t *len, struct trust_error *err)
{
    if (depth > 0 && trust_signature_is_possible(state, digest) &&
        stretch(state, digest, hash.data, out, len))
        return 0;
    return crypto_error(err, TRUST_ECRYPTO, "a signature cannot be pretended");
}

static void pretend_free(void *state)
{
    trust_cert_free(state);
}

int trust_signer_pretend(struct trust_cert *cert, struct trust_signer **out, struct trust_error *err)
{
    static const struct trust_signer_ops ops = {pretend_sign, pretend_free, false};
    *out = NULL;
    if (depth == 0)
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET, "nothing is rehearsed now");
    return trust_signer_new(&ops, trust_cert_ref(cert), cert, out, err);
}
