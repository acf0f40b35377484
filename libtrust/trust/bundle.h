/* Certificates and a key out of the containers that people have: PEM (any order, text around it), DER, PKCS#7
 * (PEM or DER), PKCS#12. */
#ifndef TRUST_BUNDLE_H
#define TRUST_BUNDLE_H

#include "cert.h"
#include "key.h"

struct trust_bundle {
    struct trust_cert **certs; /* in the order of the file */
    size_t cert_count;
    struct trust_key *key; /* NULL if there was none */
};

/* Read everything in bytes. password (NULL: none) opens a PKCS#12 or an encrypted key. Errors: TRUST_EEMPTY,
 * TRUST_ECERT (nothing recognisable; the text says which containers were tried), TRUST_EKEY, TRUST_EPASSWORD,
 * TRUST_EDUPLICATE (two keys), TRUST_ETOOLARGE (over 1 MiB or 256 certificates, or a
 * password that would take too long to check), TRUST_ETRAILING (bytes
 * behind a DER container), TRUST_EUNSUPPORTED (a PKCS#12 with ciphers that OpenSSL has given up),
 * TRUST_ENOMEM. Free with trust_bundle_free. */
int trust_bundle_read(struct trust_bytes bytes, const char *password, struct trust_bundle **out,
                      struct trust_error *err) TRUST_MUST_CHECK;

void trust_bundle_free(struct trust_bundle *bundle);

#endif
