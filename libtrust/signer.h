/* Behind struct trust_signer: what a kind of key must be able to do, and the sizes that the format knows. */
#ifndef LIBTRUST_SIGNER_H
#define LIBTRUST_SIGNER_H

#include "trust/sign.h"

/* A kind of key: one in memory (sign.c), later one in a hardware token. */
struct signer_ops {
    /* PKCS#1 v1.5 signature of a finished digest, into out (TRUST_SIGNATURE_MAX bytes); *len set. */
    int (*sign)(void *state, enum trust_digest digest, struct trust_bytes hash, uint8_t *out, size_t *len,
                struct trust_error *err);
    void (*free)(void *state);
};

/* A signer of any kind. Takes a reference to cert, and take_state, which ops->free gets also if this fails.
 * Errors: TRUST_EUNSUPPORTED (a key that the format has no code for), TRUST_ENOMEM. */
int signer_new(const struct signer_ops *ops, void *take_state, struct trust_cert *cert,
               struct trust_signer **out, struct trust_error *err) TRUST_MUST_CHECK;

/* SIGNATUREMODULUS (tag 11): the code of a signature of that many bytes, -1 if the format has none; and back,
 * 0 for an unknown code. */
int signer_modulus_code(size_t bytes);
size_t signer_modulus_bytes(unsigned code);

/* Whether lists are signed with that digest. MD5 has a code but is only printed. */
bool signer_digest_is_known(unsigned digest);

#endif
