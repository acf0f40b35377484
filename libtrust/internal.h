/* What the files of libtrust share with each other and with nobody else. */
#ifndef LIBTRUST_INTERNAL_H
#define LIBTRUST_INTERNAL_H

#include "trust/cert.h"
#include "trust/digest.h"
#include "trust/error.h"
#include "trust/key.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

/* cert.c: a serial number without leading zeros. */
struct trust_bytes serial_trim(struct trust_bytes serial);

/* cert.c: whether a key's curve is spelt out somewhere in DER: trust_cert_from_der refuses that. */
bool cert_has_explicit_curve(struct trust_bytes der);

/* cert.c: OpenSSL's view of a certificate. Borrowed. */
X509 *cert_x509(const struct trust_cert *cert);

/* cert.c: the certificate's public key, borrowed; NULL if OpenSSL cannot decode it. */
EVP_PKEY *cert_pkey(const struct trust_cert *cert);

/* cert.c: a certificate of the DER encoding of x509, which stays the caller's. Errors as
 * trust_cert_from_der. */
int cert_from_x509(X509 *x509, struct trust_cert **out, struct trust_error *err) TRUST_MUST_CHECK;

/* key.c: OpenSSL's view of a private key. Borrowed. */
EVP_PKEY *key_pkey(const struct trust_key *key);

/* key.c: wrap a private key. Takes take_pkey, also when it fails. */
int key_from_pkey(EVP_PKEY *take_pkey, struct trust_key **out, struct trust_error *err) TRUST_MUST_CHECK;

/* digest.c: OpenSSL's digest for a code, static; NULL for an unknown code. */
const EVP_MD *digest_md(enum trust_digest digest);

/* crypto.c: fill *err with the text and OpenSSL's own reason behind it, and empty OpenSSL's error queue.
 * Returns code, or TRUST_ENOMEM if that is what OpenSSL ran into. */
int crypto_error(struct trust_error *err, int code, const char *format, ...) TRUST_PRINTF(3, 4);

/* crypto.c: TRUST_ENOMEM for `what`, with OpenSSL's error queue emptied. */
int crypto_no_memory(struct trust_error *err, const char *what);

/* crypto.c: PEM with that label. what names it in the error. The caller frees *out, and wipes it if it is
 * secret. */
int crypto_to_pem(const char *label, struct trust_bytes der, const char *what, char **out,
                  struct trust_error *err) TRUST_MUST_CHECK;

/* utf8.c: escape bytes of unknown origin so that they are one line of valid UTF-8: control and invalid bytes
 * become \XX, a backslash \\. Cut with "..." if out is too small (size at least 4). Returns out. For error
 * texts. */
char *utf8_escape(struct trust_bytes bytes, char *out, size_t size);

#endif
