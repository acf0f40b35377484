/* What self-signed certificates and requests for certificates have in common (trust_cert_request). */
#ifndef LIBTRUST_CERT_PARTS_H
#define LIBTRUST_CERT_PARTS_H

#include "trust/key.h"

#include <openssl/x509v3.h>

/* cert_make.c has all of these. Check name, key and digest; the time is not looked at. Errors: TRUST_EVALUE,
 * TRUST_EUNSUPPORTED. */
int cert_check_request(const struct trust_cert_request *request, const struct trust_key *key,
                       struct trust_error *err) TRUST_MUST_CHECK;

/* Put the subject into an empty name, in CUCM's DER order. */
int cert_put_subject(X509_NAME *name, const struct trust_cert_request *request,
                     struct trust_error *err) TRUST_MUST_CHECK;

/* Add key usage and extended key usage of a server. *extensions may be NULL before the first; the caller
 * frees it with its members, also after a failure. */
int cert_add_usages(STACK_OF(X509_EXTENSION) * *extensions, enum trust_key_type type,
                    struct trust_error *err) TRUST_MUST_CHECK;

/* Add the alternative name; nothing for NULL or "". */
int cert_add_dns_name(STACK_OF(X509_EXTENSION) * *extensions, const char *dns_name,
                      struct trust_error *err) TRUST_MUST_CHECK;

#endif
