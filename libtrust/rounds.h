/* How much work a file asks for before its password opens it. Whoever wrote the file chose that: without a
 * bound, a file of a hundred bytes keeps its reader busy for years. */
#ifndef LIBTRUST_ROUNDS_H
#define LIBTRUST_ROUNDS_H

#include "trust/error.h"

#include <openssl/x509.h>

/* A file's whole allowance, in rounds of PBKDF2 or the like: a second or two. Writers use 1 to 600 000. */
#define ROUNDS_MAX 4000000

/* Take n rounds off what is left. TRUST_ETOOLARGE if that is too little; what: the container. */
int rounds_take(uint64_t *left, const ASN1_INTEGER *n, const char *what,
                struct trust_error *err) TRUST_MUST_CHECK;

/* The same with the rounds that a password-based encryption or integrity check asks for. An algorithm that is
 * none, or that cannot be decoded, takes nothing: OpenSSL refuses it later. Errors also TRUST_ENOMEM. */
int rounds_take_algorithm(uint64_t *left, const X509_ALGOR *algorithm, const char *what,
                          struct trust_error *err) TRUST_MUST_CHECK;

/* Check the DER of a key: PKCS#8, if it is encrypted. Anything else takes nothing. */
int rounds_check_key(struct trust_bytes der, struct trust_error *err) TRUST_MUST_CHECK;

#endif
