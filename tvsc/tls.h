/* The client's side of TLS on a non-blocking socket. The only file of tvsc that knows OpenSSL. */
#ifndef TVSC_TLS_H
#define TVSC_TLS_H

#include "options.h"
#include "trust.h"

struct tls;

struct tls_settings {
    int version;         /* enum options_tls */
    const char *ciphers; /* OpenSSL's list, TLS 1.3 suites (TLS_…) among them or not; NULL: the default */
};

/* Whether OpenSSL can make anything of the settings; errors: TRUST_EARGUMENT. */
int tls_settings_check(const struct tls_settings *settings, struct trust_error *err) TRUST_MUST_CHECK;

/* Shake hands on fd (which stays the caller's) before the deadline. The server's certificate is not judged
 * here: phones have no certificate authorities. who names the server in errors. Free with tls_free. */
int tls_connect(int fd, const char *who, const struct tls_settings *settings, int64_t deadline,
                struct tls **out, struct trust_error *err) TRUST_MUST_CHECK;
void tls_free(struct tls *tls);

int tls_send(struct tls *tls, struct trust_bytes bytes, int64_t deadline,
             struct trust_error *err) TRUST_MUST_CHECK;

/* At least one byte; *got 0: the server closed the connection. */
int tls_receive(struct tls *tls, uint8_t *into, size_t size, size_t *got, int64_t deadline,
                struct trust_error *err) TRUST_MUST_CHECK;

/* Borrowed. */
const struct trust_cert *tls_peer(const struct tls *tls);
const char *tls_protocol(const struct tls *tls); /* "TLSv1.2" */
const char *tls_cipher(const struct tls *tls);

#endif
