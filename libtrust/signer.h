/* Behind struct trust_signer: the sizes that the format knows, and what is believed in a rehearsal. */
#ifndef LIBTRUST_SIGNER_H
#define LIBTRUST_SIGNER_H

#include "trust/sign.h"

/* SIGNATUREMODULUS (tag 11): the code of a signature of that many bytes, -1 if the format has none; and back,
 * 0 for an unknown code. */
int signer_modulus_code(size_t bytes);
size_t signer_modulus_bytes(unsigned code);

/* Whether lists are signed with that digest. MD5 has a code but is only printed. */
bool signer_digest_is_known(unsigned digest);

/* pretend.c: whether trust_signer_pretend made this signature, since trust_pretend_begin. */
bool pretend_believes(const struct trust_cert *cert, enum trust_digest digest, const uint8_t *hash,
                      struct trust_bytes signature);

#endif
