/* The digests of the trust-list format, with the format's own codes, and hex. */
#ifndef TRUST_DIGEST_H
#define TRUST_DIGEST_H

#include "error.h"

#include <stdbool.h>

/* Codes of tag 8 of a header and of tag 12 of a record. MD5 is not one of them: lists are printed with it. */
enum trust_digest {
    TRUST_DIGEST_MD5 = 0,
    TRUST_DIGEST_SHA1 = 1,
    TRUST_DIGEST_SHA256 = 2,
    TRUST_DIGEST_SHA512 = 3,
};

#define TRUST_DIGEST_MAX  64
#define TRUST_SHA256_SIZE 32

/* Bytes of the digest; 0 for an unknown code. */
size_t trust_digest_size(enum trust_digest digest);

/* "SHA-1", "SHA-256", "SHA-512", "MD5", or NULL for an unknown code. Static storage. */
const char *trust_digest_name(enum trust_digest digest);

/* The code of "sha1", "sha256", "sha512" (case and '-' ignored), or -1. */
int trust_digest_by_name(const char *name);

/* Digest of `count` pieces one after the other into out (trust_digest_size bytes). Errors:
 * TRUST_EUNSUPPORTED, TRUST_ECRYPTO. */
int trust_digest_pieces(enum trust_digest digest, const struct trust_bytes *pieces, size_t count,
                        uint8_t *out, struct trust_error *err) TRUST_MUST_CHECK;

/* Hex of bytes into out, with the separator between bytes (0: none), upper or lower case. out needs
 * 2*len+1 bytes without a separator, 3*len (at least 1) with one. Returns out. */
char *trust_hex(struct trust_bytes bytes, char separator, bool upper, char *out);

/* Bytes of hex text: separators ':' '-' and blanks between bytes are skipped, either case, an odd number of
 * digits counts as if a 0 stood before it. Writes at most *len bytes and sets *len. Errors: TRUST_EVALUE,
 * TRUST_ETOOLARGE. */
int trust_unhex(const char *text, uint8_t *out, size_t *len, struct trust_error *err) TRUST_MUST_CHECK;

#endif
