/* Who signs trust lists and configuration files: a certificate, and something that can sign for it. */
#ifndef TRUST_SIGN_H
#define TRUST_SIGN_H

#include "cert.h"
#include "digest.h"
#include "key.h"

/* Behind it stands a key in memory, or another kind of key (a hardware token) with operations of its own. */
struct trust_signer;

struct trust_signer_ops {
    /* PKCS#1 v1.5 signature of a finished digest, into out (TRUST_SIGNATURE_MAX bytes); *len set. */
    int (*sign)(void *state, enum trust_digest digest, struct trust_bytes hash, uint8_t *out, size_t *len,
                struct trust_error *err);
    void (*free)(void *state);
    bool checks; /* each signature is verified by the certificate before it is given out */
};

/* A signer from a certificate and its private key. Takes references of its own. Errors: TRUST_EMISMATCH,
 * TRUST_EUNSUPPORTED (the format knows RSA keys of 512, 1024, 2048 and 4096 bits only), TRUST_ENOMEM. */
int trust_signer_from_key(struct trust_cert *cert, struct trust_key *key, struct trust_signer **out,
                          struct trust_error *err) TRUST_MUST_CHECK;

/* A signer of any kind. ops is static. Takes a reference to cert, and take_state, which ops->free gets also
 * if this fails. Errors: TRUST_EUNSUPPORTED (a key that the format has no code for), TRUST_ENOMEM. */
int trust_signer_new(const struct trust_signer_ops *ops, void *take_state, struct trust_cert *cert,
                     struct trust_signer **out, struct trust_error *err) TRUST_MUST_CHECK;

void trust_signer_free(struct trust_signer *signer);

const struct trust_cert *trust_signer_cert(const struct trust_signer *signer);

/* Whether its key can sign files with that digest: the sizes above, and room in them. 512 bits have none for
 * SHA-512 (RFC 8017, 9.2). */
bool trust_signature_is_possible(const struct trust_cert *cert, enum trust_digest digest);

/* PKCS#1 v1.5 signature of the pieces one after the other, into out (at most TRUST_SIGNATURE_MAX bytes), *len
 * set. Errors: TRUST_EUNSUPPORTED, TRUST_ECRYPTO, TRUST_EMISMATCH (a key that is not the certificate's). */
#define TRUST_SIGNATURE_MAX 512
int trust_signer_sign(struct trust_signer *signer, enum trust_digest digest, const struct trust_bytes *pieces,
                      size_t count, uint8_t out[TRUST_SIGNATURE_MAX], size_t *len,
                      struct trust_error *err) TRUST_MUST_CHECK;

/* Check a PKCS#1 v1.5 signature of the pieces with the certificate's RSA key. 0 if it verifies,
 * TRUST_ESIGNATURE if not, TRUST_EUNSUPPORTED for a key that is not RSA. */
int trust_signature_verify(const struct trust_cert *cert, enum trust_digest digest,
                           const struct trust_bytes *pieces, size_t count, struct trust_bytes signature,
                           struct trust_error *err) TRUST_MUST_CHECK;

/* A rehearsal must not ask for the PIN of a token, nor for the token. Between these two, which can be nested,
 * this process takes what trust_signer_pretend signs for signatures of the certificates; no other process
 * does, and none after the last end: a signature is a keyed hash whose key is drawn at the first beginning
 * and wiped at the last end. Not for a process with threads. Errors: TRUST_ECRYPTO (no random numbers). */
int trust_pretend_begin(struct trust_error *err) TRUST_MUST_CHECK;
void trust_pretend_end(void);
bool trust_is_pretending(void);

/* A signer that needs no key. TRUST_EARGUMENT if nothing is pretended now, and trust_signer_new's. */
int trust_signer_pretend(struct trust_cert *cert, struct trust_signer **out,
                         struct trust_error *err) TRUST_MUST_CHECK;

#endif
