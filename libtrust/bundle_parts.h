/* What the readers of trust/bundle.h's containers share. */
#ifndef LIBTRUST_BUNDLE_PARTS_H
#define LIBTRUST_BUNDLE_PARTS_H

#include "trust/bundle.h"

#include <openssl/pkcs12.h>

#define BUNDLE_MAX_BYTES (1024 * 1024)
#define BUNDLE_MAX_CERTS 256

/* Append a certificate; it stays the caller's. */
int bundle_add_x509(struct trust_bundle *bundle, X509 *x509, struct trust_error *err) TRUST_MUST_CHECK;

/* Set the key. Takes take_key, also when it fails. TRUST_EDUPLICATE if there is one. */
int bundle_add_key(struct trust_bundle *bundle, struct trust_key *take_key,
                   struct trust_error *err) TRUST_MUST_CHECK;

/* bundle_pkcs12.c */
int bundle_read_pkcs12(struct trust_bundle *bundle, PKCS12 *p12, const char *password,
                       struct trust_error *err) TRUST_MUST_CHECK;

#endif
