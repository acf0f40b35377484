/* X.509 certificates, as far as trust lists and the TVS need them. */
#ifndef TRUST_CERT_H
#define TRUST_CERT_H

#include "error.h"
#include "name.h"

#include <stdbool.h>
#include <time.h>

/* A parsed certificate. Reference-counted without atomics: share it between threads only to read it. */
struct trust_cert;

enum trust_key_type { TRUST_KEY_RSA, TRUST_KEY_EC, TRUST_KEY_OTHER };

/* Parse one certificate that fills der exactly (trailing bytes: TRUST_ETRAILING). Errors: TRUST_ECERT,
 * TRUST_EEMPTY, TRUST_ETOOLARGE (over 65535 bytes, the most that an element can carry), TRUST_ENOMEM. A key
 * that OpenSSL cannot decode is no error: its type is TRUST_KEY_OTHER. One on an elliptic curve that has no
 * name is (TRUST_ECERT; RFC 5480 2.1.1): whoever chose the curve chose how long it takes to look at. */
int trust_cert_from_der(struct trust_bytes der, struct trust_cert **out,
                        struct trust_error *err) TRUST_MUST_CHECK;

struct trust_cert *trust_cert_ref(struct trust_cert *cert);
void trust_cert_free(struct trust_cert *cert);

/* All of these are borrowed, as long as the certificate lives. */
struct trust_bytes trust_cert_der(const struct trust_cert *cert);
struct trust_bytes trust_cert_serial(
    const struct trust_cert *cert); /* big-endian, no sign byte, no leading zeros; zero is one 00 */
const struct trust_name *trust_cert_subject(const struct trust_cert *cert);
const struct trust_name *trust_cert_issuer(const struct trust_cert *cert);
struct trust_bytes
trust_cert_signature(const struct trust_cert *cert); /* the certificate's own (tag 8 of a record) */
struct trust_bytes
trust_cert_public_key(const struct trust_cert *cert);              /* tag 7: PKCS#1 DER, or the EC point */
struct trust_bytes trust_cert_spki(const struct trust_cert *cert); /* SubjectPublicKeyInfo DER */
const uint8_t *trust_cert_sha256(const struct trust_cert *cert);   /* of the DER, 32 bytes */
enum trust_key_type trust_cert_key_type(const struct trust_cert *cert);
int trust_cert_key_bits(const struct trust_cert *cert); /* 2048 for RSA-2048, 256 for P-256; 0 if unknown */
time_t trust_cert_not_before(const struct trust_cert *cert); /* seconds since 1970, UTC */
time_t trust_cert_not_after(const struct trust_cert *cert);
bool trust_cert_is_self_signed(
    const struct trust_cert *cert); /* issuer and subject are one name and its key signed it */

/* The signature algorithm's long name ("sha256WithRSAEncryption") or its OID. Borrowed. */
const char *trust_cert_signature_algorithm(const struct trust_cert *cert);

/* PEM text of the certificate. The caller frees *out with free(). */
int trust_cert_to_pem(const struct trust_cert *cert, char **out, struct trust_error *err) TRUST_MUST_CHECK;

/* Bytes equal, which is what "the same certificate" means everywhere in this library. */
bool trust_cert_equal(const struct trust_cert *a, const struct trust_cert *b);

/* Compare serial numbers as numbers: leading zeros ignored. */
bool trust_serial_equal(struct trust_bytes a, struct trust_bytes b);

#endif
