/* What the files that know OpenSSL share. */
#ifndef TVSC_TLS_INTERNAL_H
#define TVSC_TLS_INTERNAL_H

#include "tls.h"

#include <openssl/ssl.h>

/* A client's context of these settings. Free with SSL_CTX_free. */
int tls_context_new(const struct tls_settings *settings, SSL_CTX **out,
                    struct trust_error *err) TRUST_MUST_CHECK;

#endif
