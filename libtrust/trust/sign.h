/* Who signs trust lists and configuration files: a certificate, and something that can sign for it. */
#ifndef TRUST_SIGN_H
#define TRUST_SIGN_H

#include "cert.h"
#include "digest.h"
#include "key.h"

/* Behind it stands a key in memory; other kinds (a hardware token) implement struct signer_ops. */
struct trust_signer;

/* A signer from a certificate and its private key. Takes references of its own. Errors: TRUST_EMISMATCH,
 * TRUST_EUNSUPPORTED (the format knows RSA keys of 512, 1024, 2048 and 4096 bits only), TRUST_ENOMEM. */
int trust_signer_from_key(struct trust_cert *cert, struct trust_key *key, struct trust_signer **out,
                          struct trust_error *err) TRUST_MUST_CHECK;

void trust_signer_free(struct trust_signer *signer);

const struct trust_cert *trust_signer_cert(const struct trust_signer *signer);

/* PKCS#1 v1.5 signature of the pieces one after the other, into out (at most TRUST_SIGNATURE_MAX bytes), *len
 * set. Errors: TRUST_EUNSUPPORTED, TRUST_ECRYPTO. */
#define TRUST_SIGNATURE_MAX 512
int trust_signer_sign(struct trust_signer *signer, enum trust_digest digest, const struct trust_bytes *pieces,
                      size_t count, uint8_t out[TRUST_SIGNATURE_MAX], size_t *len,
                      struct trust_error *err) TRUST_MUST_CHECK;

/* Check a PKCS#1 v1.5 signature of the pieces with the certificate's RSA key. 0 if it verifies,
 * TRUST_ESIGNATURE if not, TRUST_EUNSUPPORTED for a key that is not RSA. */
int trust_signature_verify(const struct trust_cert *cert, enum trust_digest digest,
                           const struct trust_bytes *pieces, size_t count, struct trust_bytes signature,
                           struct trust_error *err) TRUST_MUST_CHECK;

#endif
