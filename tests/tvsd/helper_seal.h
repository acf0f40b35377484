/* A client's own TLS records, where OpenSSL's client would not send such ones: of a connection whose
 * handshake is done, with AES128-GCM and SHA-256 (ECDHE-RSA-AES128-GCM-SHA256, TLS_AES_128_GCM_SHA256). */
#ifndef TESTS_TVSD_HELPER_SEAL_H
#define TESTS_TVSD_HELPER_SEAL_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEAL_SUITE_12 "ECDHE-RSA-AES128-GCM-SHA256"
#define SEAL_SUITE_13 "TLS_AES_128_GCM_SHA256"

#define SEAL_TEXT_MAX   16384
#define SEAL_RECORD_MAX (SEAL_TEXT_MAX + 64)

#define SEAL_ALERT       21
#define SEAL_HANDSHAKE   22
#define SEAL_APPLICATION 23

struct seal {
    bool is_13;
    uint8_t key[16], iv[12]; /* 1.2: the nonce's first four bytes */
    uint64_t number;         /* of the next record */
    size_t padding; /* TLS 1.3: as many zeros are sealed into each record, too. For the caller to set */
};

/* Before the handshake, which runs in this thread: for TLS 1.3. */
void seal_listen(SSL_CTX *ctx);

/* After it, before ssl wrote anything of its own; from then on it must not write. false: OpenSSL refused. */
bool seal_begin(struct seal *seal, SSL *ssl);

/* One record. Its length; 0: OpenSSL refused, or text and padding have more than SEAL_TEXT_MAX bytes. */
size_t seal_record(struct seal *seal, uint8_t type, const void *text, size_t len,
                   uint8_t out[SEAL_RECORD_MAX]);

#endif
