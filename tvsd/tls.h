/* TLS. The tls*.c files are the only ones of the daemon that know OpenSSL.
 *
 * One context serves every client; by its ClientHello a client falls into one of three classes, and only a
 * client that can do no better gets weaker settings, on its own connection. */
#ifndef TVSD_TLS_H
#define TVSD_TLS_H

#include "config/config.h"
#include "trust.h"

#include <stdbool.h>

struct tls_context;
struct tls;

/* What a step came to. */
enum tls_step {
    TLS_STEP_DONE,       /* the operation was carried out */
    TLS_STEP_WANT_READ,  /* again when the socket is readable */
    TLS_STEP_WANT_WRITE, /* again when it is writable */
    TLS_STEP_CLOSED,     /* the peer said goodbye (close_notify) or closed the socket */
    TLS_STEP_FAILED,     /* see tls_failure */
};

/* Why a connection's TLS failed: one closed enum for log, counters and tests. X(constant, name, sentence,
 * setting) */
#define TLS_FAILURES(X)                                                                                      \
    X(NONE, "none", "did nothing wrong", "")                                                                 \
    X(NOT_TLS, "not-tls", "did not speak TLS", "")                                                           \
    X(PLAIN_HTTP, "plain-http", "spoke HTTP without TLS", "")                                                \
    X(VERSION, "tls-version", "offered no TLS version that is allowed here", "tls.minimum")                  \
    X(CIPHER, "no-shared-cipher", "offered no cipher suite that is allowed here", "")                        \
    X(RSA_KEY_EXCHANGE, "rsa-key-exchange", "can only do RSA key exchange, which is switched off",           \
      "tls.rsa_key_exchange")                                                                                \
    X(FALLBACK, "fallback", "says that it fell back from a newer version, which is allowed here", "")        \
    X(SIGNATURE, "signature-algorithm", "accepts no signature algorithm that is allowed here", "")           \
    X(ALERT, "peer-alert", "refused us with an alert", "")                                                   \
    X(ABANDONED, "abandoned", "closed the connection during the handshake", "")                              \
    X(RESET, "reset", "reset the connection during the handshake", "")                                       \
    X(PROTOCOL, "tls-protocol", "broke the TLS protocol", "")                                                \
    X(RENEGOTIATION, "renegotiation", "wanted to renegotiate, which is for nobody here", "")                 \
    X(FLOOD, "tls-flood", "sent TLS records without end that carry nothing", "")                             \
    X(MEMORY, "no-memory", "could not be served: out of memory", "")

enum tls_failure {
#define X(constant, name, sentence, setting) TLS_FAILURE_##constant,
    TLS_FAILURES(X)
#undef X
        TLS_FAILURE_COUNT
};

/* How a client was admitted. */
enum tls_class {
    TLS_CLASS_UNKNOWN, /* no ClientHello yet */
    TLS_CLASS_STRICT,  /* 1.2 or 1.3 with an ECDHE-AEAD suite */
    TLS_CLASS_RSA,     /* 1.2, RSA key exchange only */
    TLS_CLASS_LEGACY,  /* 1.0 or 1.1 only */
};

/* Main thread. A context from the server's certificate and key (any RSA size: level 0 for loading alone).
 * previous (may be NULL) hands down its ticket keys if certificate and key are the same. Errors:
 * TRUST_EMISMATCH, TRUST_ECRYPTO, TRUST_EUNSUPPORTED. Freed with tls_context_free; live connections keep what
 * they need. */
int tls_context_new(const struct config *config, const struct trust_cert *cert, const struct trust_key *key,
                    const struct tls_context *previous, struct tls_context **out,
                    struct trust_error *err) TRUST_MUST_CHECK;
void tls_context_free(struct tls_context *context);

/* Main thread, before the context is in use. Show strict clients that take ECDSA, on a curve that they know,
 * this certificate instead; all others go on with the first one, which must be an RSA certificate. Errors:
 * TRUST_EUNSUPPORTED (the first is no RSA certificate, or this one is on no curve that phones know),
 * TRUST_EMISMATCH, TRUST_ECRYPTO; then the context is good for nothing but to be freed. */
int tls_context_add_ecdsa(struct tls_context *context, const struct trust_cert *cert,
                          const struct trust_key *key, struct trust_error *err) TRUST_MUST_CHECK;

/* Worker. A server-side connection on fd (non-blocking; not closed by tls_free). NULL: out of memory. */
struct tls *tls_new(struct tls_context *context, int fd);
void tls_free(struct tls *tls); /* sends close_notify if it can be sent without waiting */

enum tls_step tls_handshake(struct tls *tls);
enum tls_step tls_read(struct tls *tls, uint8_t *into, size_t size, size_t *got);
enum tls_step tls_write(struct tls *tls, const uint8_t *from, size_t len, size_t *put);

/* Whether bytes were taken from the socket that tls_read has not handed out yet, so that the socket may not
 * become readable for their sake. */
bool tls_has_bytes(const struct tls *tls);

/* After TLS_STEP_FAILED. detail: OpenSSL's or the system's words, "" if there are none; borrowed until the
 * next step. */
enum tls_failure tls_failure(const struct tls *tls);
const char *tls_failure_detail(const struct tls *tls);
const char *tls_failure_name(enum tls_failure failure);

/* In an operator's words, behind who it is: "offered TLS 1.0 only; …". Returns out. */
char *tls_failure_sentence(const struct tls *tls, char *out, size_t size);

/* The phones that fail so, if it is a phone: "79xx, 69xx"; NULL: any. Static storage. */
const char *tls_failure_families(const struct tls *tls);
const char *
tls_failure_setting(enum tls_failure failure); /* the option that would let the client in; "" if none would */

/* What the operator can do for this client, which waited delay milliseconds for our answer to its
 * ClientHello;
 * "" if nothing is known. Returns out. */
char *tls_failure_remedy(const struct tls *tls, int64_t delay, char *out, size_t size);

/* Once a whole ClientHello was seen; TLS_CLASS_UNKNOWN before. */
enum tls_class tls_class(const struct tls *tls);

/* After the handshake. Static or borrowed. */
const char *tls_protocol(const struct tls *tls); /* "TLSv1.2" */
const char *tls_cipher(const struct tls *tls);   /* "AES256-SHA" */

/* "OpenSSL 3.0.15 3 Sep 2024", what is in use. Static storage. */
const char *tls_library(void);

/* SHA-256 (TRUST_SHA256_SIZE bytes) of the certificate that the client was shown in this handshake or, if it
 * resumed a session, before it; NULL if that is not known. Borrowed. */
const uint8_t *tls_certificate(const struct tls *tls);

/* Whether the peer sent any byte at all yet: tells a port scan from a failed handshake. */
bool tls_heard(const struct tls *tls);

#endif
