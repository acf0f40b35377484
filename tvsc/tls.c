#include "tls_internal.h"

#include "net.h"

#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tls {
    SSL *ssl;
    int fd;
    const char *who;
    struct trust_cert *peer;
};

/* What a 79xx offers; it has neither elliptic curves nor an extension in its hello. */
#define OLD_PHONE_CIPHERS "AES256-SHA:AES128-SHA"

static const struct {
    int min, max;
} versions[] = {
    [OPTIONS_TLS_ANY] = {TLS1_2_VERSION, TLS1_3_VERSION},
    [OPTIONS_TLS_1_0] = {TLS1_VERSION, TLS1_VERSION},
    [OPTIONS_TLS_1_1] = {TLS1_1_VERSION, TLS1_1_VERSION},
    [OPTIONS_TLS_1_2] = {TLS1_2_VERSION, TLS1_2_VERSION},
    [OPTIONS_TLS_1_3] = {TLS1_3_VERSION, TLS1_3_VERSION},
    [OPTIONS_TLS_1_0_TO_1_2] = {TLS1_VERSION, TLS1_2_VERSION},
};

/* OpenSSL keeps the suites of TLS 1.3 (TLS_…) apart from all others. Both halves hold size bytes, as many as
 * list has with its NUL. */
static void split_ciphers(const char *list, size_t size, char *old, char *new)
{
    old[0] = new[0] = '\0';
    while (*list != '\0') {
        size_t len = strcspn(list, ":, ");
        char *to = strncmp(list, "TLS_", 4) == 0 ? new : old;
        size_t used = strlen(to);
        if (len > 0)
            snprintf(to + used, size - used, "%s%.*s", used > 0 ? ":" : "", (int)len, list);
        list += len + (list[len] != '\0');
    }
}

static int bad_ciphers(const char *list, struct trust_error *err)
{
    ERR_clear_error();
    return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET,
                           "--ciphers %s: no cipher suite that this OpenSSL knows by that name", list);
}

static int set_ciphers(SSL_CTX *context, const struct tls_settings *settings, struct trust_error *err)
{
    const char *list = settings->ciphers;
    bool any = settings->version == OPTIONS_TLS_ANY;
    size_t size = strlen(list) + 1;
    int rc = 0;
    char *old = malloc(2 * size);
    if (old == NULL)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "TLS: out of memory");
    char *new = old + size;
    split_ciphers(list, size, old, new);
    if ((old[0] == '\0' && new[0] == '\0') ||
        (old[0] != '\0' && SSL_CTX_set_cipher_list(context, old) != 1) ||
        (new[0] != '\0' && SSL_CTX_set_ciphersuites(context, new) != 1))
        rc = bad_ciphers(list, err);
    /* Who lists suites means these alone, so a version without any is not offered. */
    else if (any && new[0] == '\0')
        SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    else if (any && old[0] == '\0')
        SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    free(old);
    return rc;
}

int tls_context_new(const struct tls_settings *settings, SSL_CTX **out, struct trust_error *err)
{
    *out = NULL;
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (context == NULL)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "TLS: out of memory");
    bool old = versions[settings->version].min < TLS1_2_VERSION;
    /* OpenSSL 3 has TLS 1.0 at level 0 only; level 1 lets the RSA-1024 certificates of old clusters pass. */
    SSL_CTX_set_security_level(context, old ? 0 : 1);
    SSL_CTX_set_min_proto_version(context, versions[settings->version].min);
    SSL_CTX_set_max_proto_version(context, versions[settings->version].max);
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF); /* phones do not resume */
    SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_LEGACY_SERVER_CONNECT);
    int rc = 0;
    if (settings->ciphers != NULL)
        rc = set_ciphers(context, settings, err);
    else if (old && SSL_CTX_set_cipher_list(context, OLD_PHONE_CIPHERS) != 1)
        rc = bad_ciphers(OLD_PHONE_CIPHERS, err);
    if (rc != 0) {
        SSL_CTX_free(context);
        return rc;
    }
    *out = context;
    return 0;
}

int tls_settings_check(const struct tls_settings *settings, struct trust_error *err)
{
    SSL_CTX *context;
    int rc = tls_context_new(settings, &context, err);
    SSL_CTX_free(context);
    return rc;
}

/* What an alert of the server means, in the words of who runs it. */
static const char *meaning(int reason)
{
    switch (reason) {
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
        return " (the server takes no such version of TLS: tls.minimum in its tvsd.yaml)";
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
        return " (the server takes none of these cipher suites or signatures: its log says which it does)";
    default:
        return "";
    }
}

/* After an operation that did not succeed: wait for the socket and return 1 if it is to be tried again, 0 if
 * the server closed, else a negative code. */
static int step(struct tls *tls, int rc, const char *doing, int64_t deadline, struct trust_error *err)
{
    int saved = errno, code;
    short events = POLLIN;
    switch (SSL_get_error(tls->ssl, rc)) {
    case SSL_ERROR_WANT_WRITE:
        events = POLLOUT;
        /* fall through */
    case SSL_ERROR_WANT_READ:
        if (net_wait(tls->fd, events, deadline) == 1)
            return 1;
        return trust_error_set(err, TRUST_ESYSTEM, TRUST_NO_OFFSET, "%s: no answer in time (%s)", tls->who,
                               doing);
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_SYSCALL:
        if (saved == 0)
            return 0;
        return trust_error_set(err, TRUST_ESYSTEM, TRUST_NO_OFFSET, "%s: %s: %s", tls->who, doing,
                               strerror(saved));
    default:
        break;
    }
    const unsigned long why = ERR_peek_error();
    const char *reason = ERR_reason_error_string(why);
    code = trust_error_set(err, TRUST_ECRYPTO, TRUST_NO_OFFSET, "%s: %s: %s%s", tls->who, doing,
                           reason != NULL ? reason : "TLS failed", meaning(ERR_GET_REASON(why)));
    ERR_clear_error();
    return code;
}

static int shake_hands(struct tls *tls, int64_t deadline, struct trust_error *err)
{
    for (;;) {
        ERR_clear_error();
        errno = 0;
        int rc = SSL_connect(tls->ssl);
        if (rc == 1)
            return 0;
        rc = step(tls, rc, "TLS handshake", deadline, err);
        if (rc == 0)
            return trust_error_set(err, TRUST_ESYSTEM, TRUST_NO_OFFSET,
                                   "%s: the server closed the connection during the TLS handshake", tls->who);
        if (rc < 0)
            return rc;
    }
}

static int take_peer(struct tls *tls, struct trust_error *err)
{
    uint8_t *der = NULL;
    X509 *peer = SSL_get1_peer_certificate(tls->ssl);
    int len = peer != NULL ? i2d_X509(peer, &der) : -1;
    X509_free(peer);
    if (len <= 0)
        return trust_error_set(err, TRUST_ECERT, TRUST_NO_OFFSET, "%s: the server shows no certificate",
                               tls->who);
    int rc = trust_cert_from_der((struct trust_bytes){der, (size_t)len}, &tls->peer, err);
    OPENSSL_free(der);
    return rc == 0 ? 0 : trust_error_prefix(err, rc, "%s: the server's certificate", tls->who);
}

int tls_connect(int fd, const char *who, const struct tls_settings *settings, int64_t deadline,
                struct tls **out, struct trust_error *err)
{
    SSL_CTX *context = NULL;
    *out = NULL;
    struct tls *tls = calloc(1, sizeof *tls);
    if (tls == NULL)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s: out of memory", who);
    tls->fd = fd;
    tls->who = who;
    int rc = tls_context_new(settings, &context, err);
    if (rc != 0)
        goto out;
    tls->ssl = SSL_new(context);
    if (tls->ssl == NULL || SSL_set_fd(tls->ssl, fd) != 1) {
        rc = trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s: out of memory", who);
        goto out;
    }
    if ((rc = shake_hands(tls, deadline, err)) != 0 || (rc = take_peer(tls, err)) != 0)
        goto out;
    *out = tls;
    tls = NULL;
out:
    SSL_CTX_free(context);
    tls_free(tls);
    return rc;
}

void tls_free(struct tls *tls)
{
    if (tls == NULL)
        return;
    if (tls->ssl != NULL && SSL_is_init_finished(tls->ssl))
        SSL_shutdown(tls->ssl); /* goodbye if the socket takes it at once */
    SSL_free(tls->ssl);
    ERR_clear_error();
    trust_cert_free(tls->peer);
    free(tls);
}

int tls_send(struct tls *tls, struct trust_bytes bytes, int64_t deadline, struct trust_error *err)
{
    size_t put;
    if (bytes.len == 0)
        return 0;
    for (;;) {
        ERR_clear_error();
        errno = 0;
        /* No partial writes are enabled: the call ends when all is written. */
        int rc = SSL_write_ex(tls->ssl, bytes.data, bytes.len, &put);
        if (rc == 1)
            return 0;
        rc = step(tls, rc, "sending the request", deadline, err);
        if (rc == 0)
            return trust_error_set(err, TRUST_ESYSTEM, TRUST_NO_OFFSET,
                                   "%s: the server closed the connection before it took the request",
                                   tls->who);
        if (rc < 0)
            return rc;
    }
}

int tls_receive(struct tls *tls, uint8_t *into, size_t size, size_t *got, int64_t deadline,
                struct trust_error *err)
{
    *got = 0;
    for (;;) {
        ERR_clear_error();
        errno = 0;
        int rc = SSL_read_ex(tls->ssl, into, size, got);
        if (rc == 1)
            return 0;
        *got = 0;
        rc = step(tls, rc, "waiting for the answer", deadline, err);
        if (rc <= 0)
            return rc;
    }
}

const struct trust_cert *tls_peer(const struct tls *tls)
{
    return tls->peer;
}

const char *tls_protocol(const struct tls *tls)
{
    return SSL_get_version(tls->ssl);
}

const char *tls_cipher(const struct tls *tls)
{
    return SSL_get_cipher_name(tls->ssl);
}
